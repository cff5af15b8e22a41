"""Sharing: what a unit lets each partner nation have of its picture, batch by batch.

    sharing = with_standings(sharing, standings, sensors)     # after an act, or when they are over
    sharing, released = share(sharing, tracker, tracks, now_ns)

Composes two rooms that do not know each other: `agreement` decides, `track` fuses again without
what may not go. Pure. Standings that are over let nothing go, and what waits then is dropped; so
new ones are to be given before the tracks of that instant.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from jointsky.agreement.compiled import Rules, compile_rules
from jointsky.agreement.decide import Decision, decide
from jointsky.agreement.delays import DelayLine
from jointsky.agreement.explain import Explanation, explain
from jointsky.agreement.release import Partial, Released, release
from jointsky.agreement.standing import Standings
from jointsky.model.batch import I64, U64
from jointsky.model.schema import TrackBatch
from jointsky.model.sensor import Sensor
from jointsky.model.world import World
from jointsky.track.partial import PartialTracks, partial_tracks
from jointsky.track.sources import sources_of
from jointsky.track.state import TrackerState

DATA_OF = {World.EXERCISE: "exercise"}


@dataclass
class Sharing:
    """What sharing remembers between batches.

    nation: the unit's; standings: how agreements stand, None until that is known; rules: made of
    them; lines: what waits for each recipient. A checkpoint keeps `lean` of it.
    """

    nation: str
    standings: Standings | None = None
    rules: Rules | None = None
    lines: dict[str, DelayLine] = field(default_factory=dict)


def lean(sharing: Sharing) -> Sharing:
    """What of it is kept in a checkpoint: standings are the register's, rules are made of them."""
    return replace(sharing, standings=None, rules=None)


def partners_of(standings: Standings, nation: str) -> tuple[str, ...]:
    """The nations with which a nation has an agreement, in force or not, by name."""
    bound = [one.document.instrument.nations for one in standings.in_force]
    bound += [one.parties for one in standings.closed]
    return tuple(sorted({party for parties in bound if nation in parties
                         for party in parties} - {nation}))


def with_standings(sharing: Sharing, standings: Standings, sensors: tuple[Sensor, ...],
                   world: World) -> Sharing:
    """The same under other standings. sensors: the unit's; world: that of its picture."""
    rules = compile_rules(standings, sharing.nation, partners_of(standings, sharing.nation),
                          sensors, DATA_OF.get(world, "tracks"))
    return replace(sharing, standings=standings, rules=rules)


def share(sharing: Sharing, state: TrackerState, tracks: TrackBatch,
          now_ns: int) -> tuple[Sharing, tuple[Released, ...]]:
    """What leaves at now_ns, for each partner, of the unit's own tracks, which are those of the
    tracker. Without standings nothing does, to nobody; what waited is dropped."""
    if sharing.standings is None or sharing.rules is None:
        return replace(sharing, lines={}), ()
    if sharing.rules.sensors != state.sensors:
        sharing = with_standings(sharing, sharing.standings, state.sensors, state.world)
    rules = sharing.rules
    assert rules is not None, "made from standings"
    contributions = sources_of(state, tracks.system_track_number)
    decision = decide(rules, tracks, contributions, now_ns)
    partials = _fused_again(state, tracks, decision, now_ns)
    lines, released = {}, []
    for place, recipient in enumerate(rules.recipients):
        line = sharing.lines.get(recipient.nation, DelayLine())
        made, lines[recipient.nation] = release(rules, recipient.nation, tracks, contributions,
                                                decision, partials[place], line)
        released.append(made)
    return replace(sharing, lines=lines), tuple(released)


def _fused_again(state: TrackerState, tracks: TrackBatch, decision: Decision,
                 now_ns: int) -> list[Partial]:
    """The tracks that each recipient gets only without some sensors, fused again: each pair of
    track and sensors once."""
    wanted = [np.flatnonzero(decision.mixed(place)) for place in range(len(decision.cause))]
    pairs = [np.stack([rows.astype(np.uint64), decision.excluded[place, rows]], 1)
             for place, rows in enumerate(wanted)]
    every, which = np.unique(np.concatenate([np.empty((0, 2), np.uint64), *pairs]), axis=0,
                             return_inverse=True)
    parts = partial_tracks(state, tracks.system_track_number[every[:, 0].astype(np.int64)],
                           every[:, 1], now_ns)
    ends = np.cumsum([len(rows) for rows in wanted])
    return [_partial(parts, rows, which.reshape(-1)[end - len(rows):end])
            for rows, end in zip(wanted, ends.tolist(), strict=True)]


def _partial(parts: PartialTracks, rows: I64, which: I64) -> Partial:
    """Of rows of a batch, whose partial tracks are `which`, those that could be made."""
    there = parts.there[which]
    place = (np.cumsum(parts.there) - 1)[which[there]]
    sources: U64 = parts.sources[place]
    return Partial(rows[there], parts.tracks.take(place), sources)


def explain_track(sharing: Sharing, state: TrackerState, track: TrackBatch, nation: str,
                  now_ns: int) -> Explanation:
    """Why a nation gets one track (a batch of one row) of the picture, or why not. Raises
    `KeyError` for one that is no partner."""
    rules = sharing.rules
    if rules is None:
        raise KeyError(nation)
    contributors = int(sources_of(state, track.system_track_number)[0])
    excluded = contributors & ~rules.to(nation).releasable
    parts = partial_tracks(state, track.system_track_number,
                           np.array([excluded], np.uint64), now_ns)
    if not (excluded and parts.there[0]):
        return explain(rules, nation, track, contributors, now_ns)
    return explain(rules, nation, track, contributors, now_ns, parts.tracks, int(parts.sources[0]))

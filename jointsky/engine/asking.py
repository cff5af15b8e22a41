"""Questions about what partners get of a state, and why: they change nothing.

    released, lines = released_at(state, lines)          # what would leave at this instant
    explanations = explanations_of(state, number)        # why a track does, or does not, by partner

A journal is played in the world REPLAY, from which nothing ever leaves. What is asked there is what
was decided then; so the questions are put as for the world that the unit itself was in. The answers
are for people: nothing that is made here is given to a sender.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from jointsky.agreement.compiled import Rules
from jointsky.agreement.delays import DelayLine
from jointsky.agreement.explain import Explanation, explain
from jointsky.agreement.release import Released
from jointsky.agreement.standing import Standings
from jointsky.engine.foreign import NUMBERS_PER_SYSTEM
from jointsky.engine.law import standings_of
from jointsky.engine.sharing import Sharing, partners_of, share, with_standings
from jointsky.engine.state import PictureState
from jointsky.model.batch import I32, U64
from jointsky.model.world import World
from jointsky.track import tracker
from jointsky.track.partial import partial_tracks
from jointsky.track.sources import sources_of

Lines = Mapping[str, DelayLine]


def partners_at(state: PictureState) -> tuple[str, ...]:
    """The nations with which the unit's has an agreement, in force or not."""
    return partners_of(standings_of(state.law, state.now_ns), state.unit.nation)


def released_at(state: PictureState, lines: Lines, standings: Standings | None = None
                ) -> tuple[tuple[Released, ...], dict[str, DelayLine]]:
    """What would leave for each partner at the time of a state, and what waits afterwards.

    lines: what waited before. standings: other ones than those of the state's law.
    """
    world = World(state.own_world)
    own = replace(state.tracker, world=world)
    sharing = with_standings(Sharing(state.unit.nation, lines=lines_in(world, lines)),
                             standings or standings_of(state.law, state.now_ns), own.sensors,
                             world)
    sharing, released = share(sharing, own, tracker.picture(own, state.now_ns), state.now_ns)
    return released, sharing.lines


def rules_at(state: PictureState, standings: Standings) -> Rules:
    """The rules for what the unit lets its partners have, as agreements stand."""
    sharing = with_standings(Sharing(state.unit.nation), standings, state.tracker.sensors,
                             World(state.own_world))
    assert sharing.rules is not None, "made from standings"
    return sharing.rules


def lines_in(world: World, lines: Lines) -> dict[str, DelayLine]:
    """The same in a world; what is in it already stays as it is."""
    return {nation: DelayLine(tuple(
        part if part.tracks.world is world else
        replace(part, tracks=replace(part.tracks, world=world),
                full=replace(part.full, world=world)) for part in line.parts))
        for nation, line in lines.items()}


def own_number(state: PictureState, number: int) -> int | None:
    """The tracker's number of a track of the unit's picture, None for one that is not its own."""
    own_id = state.unit.unit_id
    raised = NUMBERS_PER_SYSTEM * state.systems.index(own_id) if own_id in state.systems else 0
    own = number - raised
    known = tracker.picture(state.tracker, state.now_ns).system_track_number
    return own if bool((known == own).any()) else None


def explanations_of(state: PictureState, number: int) -> tuple[Explanation, ...]:
    """Why each partner gets a track at the time of the state, or why not. number: the tracker's.

    Raises `KeyError` for a track that there is not.
    """
    world = World(state.own_world)
    own = replace(state.tracker, world=world)
    tracks = tracker.picture(own, state.now_ns)
    rows = np.flatnonzero(tracks.system_track_number == number)
    if not len(rows):
        raise KeyError(number)
    track = tracks.take(rows[:1])
    rules = rules_at(state, standings_of(state.law, state.now_ns))
    numbers: I32 = track.system_track_number
    contributors = sources_of(own, numbers)
    found = []
    for nation in partners_at(state):
        barred: U64 = contributors & ~np.uint64(rules.to(nation).releasable)
        parts = partial_tracks(own, numbers, barred, state.now_ns)
        left = int(parts.sources[0]) if len(parts.sources) else 0
        found.append(explain(rules, nation, track, int(contributors[0]), state.now_ns,
                             parts.tracks if len(parts.tracks) else None, left))
    return tuple(found)

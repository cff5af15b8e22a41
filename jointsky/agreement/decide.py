"""Decide which tracks of a batch may go to whom. Whatever goes wrong, nothing goes.

    decision = decide(rules, tracks, contributions, now_ns)

docs/agreements.md has the rules in words, in the order in which they are tried here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jointsky.agreement.compiled import DATA_OF, Recipient, Rules
from jointsky.agreement.judge import FACT, NONE, Cause, Facts, facts_of, judge
from jointsky.model.batch import I32, U8, U64, Bool
from jointsky.model.schema import TrackBatch
from jointsky.model.world import World


@dataclass(frozen=True, eq=False)
class Decision:
    """What becomes of each track (n,) for each recipient (r,) at now_ns.

    which (r, n): row of `Rules.rules` that lets it go, or that got furthest, -1 for none;
    cause (r, n): `Cause`, 0 if a grant fits; excluded (r, n): bits of the sensors whose
    contributions may not go there: if any, the track goes only when fused again without them;
    fault: what went wrong, in words, if the cause is that.
    """

    now_ns: int
    which: I32
    cause: U8
    excluded: U64
    fault: str = ""

    def goes(self, place: int) -> Bool:
        """Which tracks (n,) go to a recipient as they are."""
        found: Bool = (self.cause[place] == Cause.ALLOWED) & (self.excluded[place] == 0)
        return found

    def waits(self, place: int) -> Bool:
        """Which tracks (n,) go to a recipient as they are once they are old enough."""
        found: Bool = (self.cause[place] == Cause.DELAY) & (self.excluded[place] == 0)
        return found

    def mixed(self, place: int) -> Bool:
        """Which tracks (n,) some grant would let go, now or later, were they not made of what may
        not go to the recipient."""
        fits = np.isin(self.cause[place], (Cause.ALLOWED, Cause.DELAY))
        found: Bool = fits & (self.excluded[place] != 0)
        return found


def decide(rules: Rules, tracks: TrackBatch, contributions: U64, now_ns: int) -> Decision:
    """Decide about tracks for every recipient of the rules. contributions (n,): bits of the
    sensors that have ever contributed to each track."""
    try:
        return _decide(rules, tracks, contributions, now_ns)
    except Exception as error:  # a rule that fails lets nothing go
        shape = (len(rules.recipients), len(tracks))
        return Decision(now_ns, np.full(shape, NONE, np.int32),
                        np.full(shape, Cause.FAULT, np.uint8), np.zeros(shape, np.uint64),
                        repr(error))


def _decide(rules: Rules, tracks: TrackBatch, contributions: U64, now_ns: int) -> Decision:
    if contributions.shape != (len(tracks),) or contributions.dtype != np.uint64:
        raise ValueError(f"contributions {contributions.shape} of {len(tracks)} tracks")
    shape = (len(rules.recipients), len(tracks))
    which, cause = np.full(shape, NONE, np.int32), np.empty(shape, np.uint8)
    excluded = np.empty(shape, np.uint64)
    states = Judged.of(rules, tracks)
    for place, recipient in enumerate(rules.recipients):
        excluded[place] = contributions & ~np.uint64(recipient.releasable)
        closed = closed_by(rules, recipient, tracks.world, now_ns)
        if closed:
            cause[place] = closed
        else:
            states.judge(rules, recipient, now_ns, which[place], cause[place])
    return Decision(now_ns, which, cause, excluded)


def decide_again(rules: Rules, recipient: Recipient, tracks: TrackBatch, full: TrackBatch,
                 contributors: U64, now_ns: int) -> tuple[I32, U8]:
    """Grants and causes (n,), as in `Decision`, of tracks as they are to leave, together with what
    the unit sees of them, if that is another batch: both must fit. contributors (n,): bits of the
    sensors in the first."""
    which, cause = np.full(len(tracks), NONE, np.int32), np.empty(len(tracks), np.uint8)
    closed = closed_by(rules, recipient, tracks.world, now_ns)
    if closed:
        cause[:] = closed
        return which, cause
    states = Judged.of(rules, full, tracks if tracks is not full else None)
    states.judge(rules, recipient, now_ns, which, cause)
    foreign = contributors & ~np.uint64(recipient.releasable)
    cause[np.isin(cause, (Cause.ALLOWED, Cause.DELAY)) & (foreign != 0)] = Cause.PROVENANCE
    return which, cause


def closed_by(rules: Rules, recipient: Recipient, world: World, now_ns: int) -> Cause:
    """Why nothing at all goes to a recipient now; ALLOWED if something may."""
    if not rules.trusted or now_ns < rules.since_ns:
        return Cause.CLOCK
    if DATA_OF.get(world) != rules.data:
        return Cause.WORLD
    if not any(begin_ns <= now_ns < end_ns for begin_ns, end_ns in recipient.between):
        return Cause.NO_AGREEMENT
    if now_ns >= rules.until_ns:
        return Cause.STALE
    return Cause.ALLOWED


@dataclass(frozen=True, eq=False)
class Judged:
    """States (n,) with what grants ask of them, and maybe others that must fit as well."""

    facts: Facts
    inside: U8
    also: Facts
    also_inside: U8

    @classmethod
    def of(cls, rules: Rules, tracks: TrackBatch, also: TrackBatch | None = None) -> Judged:
        """Of a batch. also: a second state of each of its tracks."""
        facts = facts_of(tracks)
        inside = rules.places.holding(tracks.latitude_rad, tracks.longitude_rad)
        if also is None:
            return cls(facts, inside, np.empty(0, FACT), np.empty((0, 0), np.uint8))
        if len(also) != len(tracks):
            raise ValueError(f"{len(also)} second states of {len(tracks)} tracks")
        return cls(facts, inside, facts_of(also),
                   rules.places.holding(also.latitude_rad, also.longitude_rad))

    def judge(self, rules: Rules, recipient: Recipient, now_ns: int, which: I32,
              cause: U8) -> None:
        """Fill the grants and causes (n,) for one recipient."""
        judge(self.facts, self.inside, self.also, self.also_inside, rules.grants,
              recipient.usable, now_ns, which, cause)

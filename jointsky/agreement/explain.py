"""Why a nation gets a track, or why not: every grant that was looked at, in words and numbers.

The verdict is that of `decide`; the words are worked out here, condition by condition, from the
grant as it is written. Both are compared in the tests.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from jointsky.agreement.compiled import Recipient, Rule, Rules, Source, delay_ns_of
from jointsky.agreement.decide import closed_by, decide_again
from jointsky.agreement.instrument import Grant
from jointsky.agreement.judge import CATEGORY_NAMES, NONE, Cause, facts_of
from jointsky.agreement.leaving import GUARDED_COLUMNS
from jointsky.agreement.periods import text_of
from jointsky.model.schema import Identity, TrackBatch
from jointsky.model.sensor import Sensor

CLOSED = {
    Cause.CLOCK: "the clock cannot be trusted, so everything is closed",
    Cause.WORLD: "tracks of this world are not shared under these rules",
    Cause.STALE: "these rules are over; how agreements stand must be found anew"}
SIDES = (("N", "S"), ("E", "W"))


@dataclass(frozen=True)
class Condition:
    """One thing that a grant asks of a track: `Cause` if it does not hold, and why in words."""

    cause: Cause
    holds: bool
    text: str


@dataclass(frozen=True)
class Looked:
    """A grant that was looked at, with every condition of it, in order."""

    rule: Rule
    conditions: tuple[Condition, ...]

    @property
    def failed(self) -> Condition | None:
        """The first condition that does not hold."""
        return next((one for one in self.conditions if not one.holds), None)


@dataclass(frozen=True)
class Contribution:
    """A sensor that is in the track, whose it is, and whether and why that may go on."""

    sensor: Sensor
    nation: str
    source: Source


@dataclass(frozen=True)
class Explanation:
    """Why a nation gets a track at now_ns, or why not.

    cause: ALLOWED if it does; why: in one sentence; rule: the grant that lets it go, or that got
    furthest; closed: agreements with this nation that are not in force, and why; faults: grants
    that could not be made ready, so that they let nothing go; grants: all that were looked at;
    contributions: who is in the track; unknown: whether others may be as well; refused: it goes
    fused again; held_back: fields that do not go, and why; changed: coarsening and delay;
    not_after_ns: how long it may be sent.
    """

    sender: str
    recipient: str
    number: int
    now_ns: int
    cause: Cause
    why: str
    rule: Rule | None
    closed: tuple[str, ...]
    faults: tuple[str, ...]
    grants: tuple[Looked, ...]
    contributions: tuple[Contribution, ...]
    unknown: bool
    refused: bool
    held_back: tuple[tuple[str, str], ...]
    changed: tuple[str, ...]
    not_after_ns: int | None

    @property
    def allowed(self) -> bool:
        """Whether the nation gets it now."""
        return self.cause == Cause.ALLOWED


def explain(rules: Rules, nation: str, track: TrackBatch, contributors: int, now_ns: int,
            partial: TrackBatch | None = None, left: int = 0) -> Explanation:
    """Explain the decision about one track (a batch of one row). contributors: bits of the sensors
    in it; partial: the track fused again without those that may not go to the nation, None if
    that cannot be; left: bits of the sensors in that. Raises `KeyError` for a nation that the
    rules were not made for."""
    recipient = rules.to(nation)
    excluded = contributors & ~recipient.releasable
    refused = bool(excluded) and partial is not None
    leaves, bits = (partial, left) if refused and partial is not None else (track, contributors)
    which, cause = decide_again(rules, recipient, leaves, track,
                                np.array([bits], np.uint64), now_ns)
    found = Cause(int(cause[0]))
    rule = rules.rules[int(which[0])] if which[0] != NONE else None
    open_ = not closed_by(rules, recipient, track.world, now_ns)
    grants = tuple(_looked(rules, row, track, leaves, now_ns)
                   for row in recipient.usable.tolist()) if open_ else ()
    contributions = tuple(_contribution(rules, recipient, bit) for bit in range(len(rules.sensors))
                          if contributors >> bit & 1)
    return Explanation(
        rules.sender, nation, int(track.system_track_number[0]), now_ns, found,
        _why(rules, recipient, found, rule, grants, contributions), rule,
        tuple(f"{one.agreement}, version {one.version}: {one.why}" for one in recipient.closed),
        rules.faults, grants, contributions, bool(contributors >> len(rules.sensors)), refused,
        _held_back(rule.grant) if rule else (), _changed(rule.grant) if rule else (),
        min([rule.end_ns, *(one.source.until_ns for one in contributions
                            if one.source.until_ns is not None)])
        if rule and found == Cause.ALLOWED else None)


def _looked(rules: Rules, row: int, track: TrackBatch, leaves: TrackBatch, now_ns: int) -> Looked:
    """Every condition of a grant, of the track and, if that is another, of how it leaves."""
    found = _conditions(rules, row, track, now_ns)
    if leaves is not track:
        again = _conditions(rules, row, leaves, now_ns)
        found = [mine if not mine.holds or other.holds else
                 Condition(other.cause, False, f"fused again: {other.text}")
                 for mine, other in zip(found, again, strict=True)]
    return Looked(rules.rules[row], tuple(found))


def _conditions(rules: Rules, row: int, track: TrackBatch, now_ns: int) -> list[Condition]:
    rule = rules.rules[row]
    return [_area(rules, row, track), _height(rule.grant, track), _identity(rule.grant, track),
            _category(rule.grant, track), _before_force(rule, track),
            _delay(rule.grant, track, now_ns)]


def _area(rules: Rules, row: int, track: TrackBatch) -> Condition:
    grant, column = rules.rules[row].grant, int(rules.grants["area"][row])
    placed = bool(facts_of(track)["placed"][0])
    where = _position(track) if placed else "no position"
    if grant.area is None:
        return Condition(Cause.AREA, placed, f"{where}; the grant holds everywhere")
    inside = bool(rules.places.holding(track.latitude_rad, track.longitude_rad)[0, column])
    holds = placed and inside
    return Condition(Cause.AREA, holds,
                     f"{where}, {'inside' if holds else 'outside'} area {grant.area}")


def _position(track: TrackBatch) -> str:
    return " ".join(f"{abs(degrees):.4f} {side[degrees < 0]}" for degrees, side in zip(
        (math.degrees(track.latitude_rad[0]), math.degrees(track.longitude_rad[0])), SIDES,
        strict=True))


def _height(grant: Grant, track: TrackBatch) -> Condition:
    known = [(words, float(getattr(track, name)[0])) for name, words in
             (("mode_c_m", "pressure altitude"), ("height_m", "height")) if track.has(name)[0]]
    said = ", ".join(f"{words} {value:,.0f} m" for words, value in known) or "no height"
    if grant.floor_m is None and grant.ceiling_m is None:
        return Condition(Cause.HEIGHT, True, f"{said}; the grant holds at any height")
    low = -math.inf if grant.floor_m is None else grant.floor_m
    high = math.inf if grant.ceiling_m is None else grant.ceiling_m
    holds = bool(known) and all(low <= value <= high for _, value in known)
    ends = [f"begins at {low:,.0f} m" if grant.floor_m is not None else "",
            f"ends at {high:,.0f} m" if grant.ceiling_m is not None else ""]
    return Condition(Cause.HEIGHT, holds,
                     f"{said}; the grant {' and '.join(end for end in ends if end)}")


def _identity(grant: Grant, track: TrackBatch) -> Condition:
    number = int(track.identity[0])
    known = number < len(Identity)
    name = Identity(number).name.lower() if known else f"identity {number}, which there is not"
    holds = known and (grant.identities == "any" or name in grant.identities)
    return Condition(Cause.IDENTITY, holds, f"{_words(name)}; the grant lets go "
                     f"{_names(grant.identities)}")


def _category(grant: Grant, track: TrackBatch) -> Condition:
    bits = int(facts_of(track)["categories"][0])
    names = [name for bit, name in enumerate(CATEGORY_NAMES) if bits >> bit & 1]
    holds = grant.categories == "any" or set(names) <= set(grant.categories)
    return Condition(Cause.CATEGORY, holds, f"{_names(names)}; the grant lets go "
                     f"{_names(grant.categories)}")


def _before_force(rule: Rule, track: TrackBatch) -> Condition:
    time_ns = int(track.time_ns[0])
    return Condition(Cause.BEFORE_FORCE, time_ns >= rule.begin_ns,
                     f"state of {text_of(time_ns)}; {rule.agreement} is in force without a break "
                     f"since {text_of(rule.begin_ns)}")


def _delay(grant: Grant, track: TrackBatch, now_ns: int) -> Condition:
    due_ns = int(track.time_ns[0]) + delay_ns_of(grant)
    if due_ns <= now_ns:
        return Condition(Cause.DELAY, True, f"old enough since {text_of(due_ns)}")
    return Condition(Cause.DELAY, False, f"may leave at {text_of(due_ns)}: the grant lets nothing "
                     f"go that is less than {grant.delay_s:g} s old")


def _names(names: Any) -> str:
    if names == "any":
        return "any"
    return ", ".join(_words(name) for name in names) or "none"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _contribution(rules: Rules, recipient: Recipient, bit: int) -> Contribution:
    sensor = rules.sensors[bit]
    return Contribution(sensor, sensor.nation or rules.sender, recipient.sources[bit])


def _why(rules: Rules, recipient: Recipient, cause: Cause, rule: Rule | None,
         grants: tuple[Looked, ...], contributions: tuple[Contribution, ...]) -> str:
    if cause in CLOSED:
        return CLOSED[cause]
    if cause == Cause.NO_AGREEMENT:
        return f"no agreement in force binds {rules.sender} and {recipient.nation}"
    if rule is None:
        return (f"no grant of {rules.sender} to {recipient.nation} for {rules.data} is in any "
                "agreement in force")
    if cause == Cause.ALLOWED:
        return (f"article {rule.grant.article} of {rule.agreement}, version {rule.version}, "
                f"grant {rule.grant.id}")
    if cause == Cause.PROVENANCE:
        barred = [f"{one.sensor.name} ({one.nation}): {one.source.why}" for one in contributions
                  if not one.source.allowed]
        return ("it is made of what may not go there, and too little is left without that: "
                + ("; ".join(barred) or "nobody knows who contributed"))
    failed = next((one.failed for one in grants if one.rule is rule), None)
    assert failed is not None, "a grant that does not fit fails a condition"
    return f"grant {rule.grant.id} of {rule.agreement}: {failed.text}"


def _held_back(grant: Grant) -> tuple[tuple[str, str], ...]:
    """Fields that do not go under a grant, and why."""
    article = f"article {grant.article}, grant {grant.id}, withholds it"
    return (*((name, article) for name in grant.withheld),
            *((kind, "goes only where a grant names it") for kind in GUARDED_COLUMNS
              if kind not in grant.guarded))


def _changed(grant: Grant) -> tuple[str, ...]:
    found = []
    if grant.quantum_m > 0:
        found.append(f"position in the middle of a cell of {grant.quantum_m:,.0f} m")
    if grant.accuracy_m > 0:
        found.append(f"position told no better than {grant.accuracy_m:,.0f} m")
    if grant.delay_s > 0:
        found.append(f"leaves when {grant.delay_s:g} s old")
    return tuple(found)

"""Release: the only door through which anything leaves.

    released, line = release(rules, nation, tracks, contributions, decision, partial, line)

`Released` is the one type that senders take, and only this module makes one. Rows and fields that
no grant lets go are not in it; its arrays cannot be written to. Whatever goes wrong here, nothing
leaves, and what waited is dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import InitVar, dataclass

import numpy as np

from jointsky.agreement.compiled import Recipient, Rule, Rules
from jointsky.agreement.decide import Decision, decide_again
from jointsky.agreement.delays import (
    ROWS_MAX,
    DelayLine,
    Waiting,
    due_after,
    standing_keys,
    still_under,
    usable_under,
)
from jointsky.agreement.judge import Cause
from jointsky.agreement.leaving import leaving
from jointsky.model.batch import I32, I64, U8, U64, Bool
from jointsky.model.schema import TrackBatch

_TOKEN = object()
# In place of a cause: it is decided of the track as fused again.
ELSEWHERE = np.uint8(255)


@dataclass(frozen=True, eq=False)
class Partial:
    """States of some tracks, fused again without what may not go to a recipient.

    rows (k,): which tracks of the batch; tracks (k,): their states; contributors (k,): bits of the
    sensors that are in them.
    """

    rows: I64
    tracks: TrackBatch
    contributors: U64


@dataclass(frozen=True, eq=False)
class Denial:
    """Tracks that did not go, for one cause: their numbers (n,), ascending, each once."""

    cause: Cause
    numbers: I32


@dataclass(frozen=True, eq=False)
class Released:
    """What leaves for one recipient at now_ns.

    not_after_ns: from then on nobody may send it any more; tracks (n,): as they leave; reasons:
    the grants used; reason_of (n,): place of each track's; contributors (n,): bits of the sensors
    in it; refused (n,): fused again for this recipient; denials: what did not go, by cause;
    fault: what went wrong, in words, where nothing goes because of that.
    """

    sender: str
    recipient: str
    data: str
    now_ns: int
    not_after_ns: int
    tracks: TrackBatch
    reasons: tuple[Rule, ...]
    reason_of: I32
    contributors: U64
    refused: Bool
    denials: tuple[Denial, ...]
    fault: str
    token: InitVar[object]

    def __post_init__(self, token: object) -> None:
        if token is not _TOKEN:
            raise PermissionError("only jointsky.agreement.release makes what may leave")
        for cells in (self.reason_of, self.contributors, self.refused):
            cells.setflags(write=False)

    def __len__(self) -> int:
        return len(self.tracks)


@dataclass(frozen=True, eq=False)
class _Lot:
    """Tracks with their full states (the same batch, if they were not fused again), and what was
    decided: all (n,)."""

    tracks: TrackBatch
    full: TrackBatch
    contributors: U64
    which: I32
    cause: U8

    def take(self, rows: Bool) -> _Lot:
        if rows.all():
            return self
        tracks = self.tracks.take(rows)
        full = tracks if self.full is self.tracks else self.full.take(rows)
        return _Lot(tracks, full, self.contributors[rows], self.which[rows], self.cause[rows])


def release(rules: Rules, nation: str, tracks: TrackBatch, contributions: U64,
            decision: Decision, partial: Partial, line: DelayLine) -> tuple[Released, DelayLine]:
    """What leaves for a nation, as was decided, and its delay line afterwards.

    partial: the tracks of `Decision.mixed` as far as they could be fused again. The rules must be
    those that the decision was made by.
    """
    try:
        return _release(rules, nation, tracks, contributions, decision, partial, line)
    except Exception as error:  # whatever failed, nothing leaves
        denials = _denials([(Cause.FAULT, tracks.system_track_number),
                            *((Cause.FAULT, part.tracks.system_track_number)
                              for part in line.parts)])
        return _made(rules, nation, decision.now_ns, [], TrackBatch.empty(tracks.world),
                     denials, repr(error)), DelayLine()


def _release(rules: Rules, nation: str, tracks: TrackBatch, contributions: U64,
             decision: Decision, partial: Partial, line: DelayLine) -> tuple[Released, DelayLine]:
    now_ns, recipient = decision.now_ns, rules.to(nation)
    place = rules.recipients.index(recipient)
    if decision.cause.shape != (len(rules.recipients), len(tracks)):
        raise ValueError(f"a decision about {decision.cause.shape[1]} of {len(tracks)} tracks")
    cause = np.where(decision.mixed(place), ELSEWHERE, decision.cause[place])
    lots = [_Lot(tracks, tracks, contributions, decision.which[place], cause),
            _fused_again(rules, recipient, tracks, decision, partial)]
    waited, kept = _waited(rules, recipient, line, tracks, now_ns)
    going = [lot.take(lot.cause == Cause.ALLOWED) for lot in (*waited, *lots)]
    denied = list(_causes([*waited, *lots]))
    denied += _unfused(tracks, decision, place, partial)
    line, late = _queued(rules, recipient, kept, lots, now_ns)
    denied += late
    return _made(rules, nation, now_ns, [lot for lot in going if len(lot.which)],
                 TrackBatch.empty(tracks.world), _denials(denied), decision.fault), line


def _fused_again(rules: Rules, recipient: Recipient, tracks: TrackBatch, decision: Decision,
                 partial: Partial) -> _Lot:
    """What was decided of tracks that were fused again: both states must fit."""
    place = rules.recipients.index(recipient)
    full = tracks.take(partial.rows)
    if not decision.mixed(place)[partial.rows].all() or not np.array_equal(
            full.system_track_number, partial.tracks.system_track_number):
        raise ValueError("tracks fused again that were not to be")
    return _judged(rules, recipient, partial.tracks, full, partial.contributors,
                         decision.now_ns)


def _judged(rules: Rules, recipient: Recipient, tracks: TrackBatch, full: TrackBatch,
            contributors: U64, now_ns: int) -> _Lot:
    which, cause = decide_again(rules, recipient, tracks, full, contributors, now_ns)
    return _Lot(tracks, full, contributors, which, cause)


def _unfused(tracks: TrackBatch, decision: Decision, place: int,
             partial: Partial) -> list[tuple[Cause, I32]]:
    left = decision.mixed(place)
    left[partial.rows] = False
    return [(Cause.PROVENANCE, tracks.system_track_number[left])]


def _waited(rules: Rules, recipient: Recipient, line: DelayLine, tracks: TrackBatch,
            now_ns: int) -> tuple[list[_Lot], list[Waiting]]:
    """What is decided of tracks in the line whose time has come, and what waits on."""
    keys = standing_keys(rules, recipient, now_ns)
    lots, kept = [], []
    for whole in line.parts:
        part = still_under(whole, keys)
        if part.under and now_ns < part.due_ns and part.tracks.world is tracks.world:
            kept.append(part)
            continue
        lot = _judged(rules, usable_under(part, rules, recipient), part.tracks, part.full,
                            part.contributors, now_ns)
        lots.append(lot)
        kept += _parts(rules, recipient, lot, part.under, now_ns)
    return lots, kept


def _parts(rules: Rules, recipient: Recipient, lot: _Lot, under: tuple[tuple[str, str, int], ...],
           now_ns: int) -> list[Waiting]:
    """The tracks of a lot that are too young, as a part of a line; none if there are none."""
    young = lot.take(lot.cause == Cause.DELAY)
    if not len(young.which):
        return []
    return [Waiting(young.tracks, young.full, young.contributors, under,
                    due_after(young.tracks, rules, recipient, now_ns))]


def _queued(rules: Rules, recipient: Recipient, kept: list[Waiting], lots: list[_Lot],
            now_ns: int) -> tuple[DelayLine, list[tuple[Cause, I32]]]:
    """The line with the tracks of lots that are too young behind; and those that found no room."""
    keys = standing_keys(rules, recipient, now_ns)
    line, late = DelayLine(tuple(kept)), []
    for lot in lots:
        for part in _parts(rules, recipient, lot, keys, now_ns):
            if len(line) + len(part.tracks) > ROWS_MAX:
                late.append((Cause.OVERFLOW, part.tracks.system_track_number))
            else:
                line = DelayLine((*line.parts, part))
    return line, late


def _causes(lots: list[_Lot]) -> Iterator[tuple[Cause, I32]]:
    """Each cause in lots with the numbers of its tracks."""
    for lot in lots:
        count = np.bincount(lot.cause, minlength=ELSEWHERE)
        for cause in Cause:
            if cause != Cause.ALLOWED and count[cause]:
                yield cause, lot.tracks.system_track_number[lot.cause == cause]


def _denials(causes: list[tuple[Cause, I32]]) -> tuple[Denial, ...]:
    found = []
    for cause in sorted({cause for cause, numbers in causes if len(numbers)}):
        numbers = np.concatenate([some for one, some in causes if one == cause])
        if (np.diff(numbers) <= 0).any():
            numbers = np.unique(numbers)
        numbers.setflags(write=False)
        found.append(Denial(cause, numbers))
    return tuple(found)


def _made(rules: Rules, nation: str, now_ns: int, lots: list[_Lot], none: TrackBatch,
          denials: tuple[Denial, ...], fault: str) -> Released:
    """What leaves of lots all of whose tracks go, in order of time and number; none (0,)."""
    full = TrackBatch.join([lot.tracks for lot in lots], none.world) if lots else none
    which = np.concatenate([np.empty(0, np.int32), *(lot.which for lot in lots)])
    contributors = np.concatenate([np.empty(0, np.uint64), *(lot.contributors for lot in lots)])
    refused = np.concatenate([np.zeros(0, np.bool_), *(
        np.full(len(lot.which), lot.tracks is not lot.full) for lot in lots)])
    order = np.lexsort((full.system_track_number, full.time_ns))
    if (np.diff(order) != 1).any():
        full = full.take(order)
    rows, reason_of = np.unique(which[order], return_inverse=True)
    reasons = tuple(rules.rules[row] for row in rows.tolist())
    grants = tuple(rule.grant for rule in reasons)
    tracks = leaving(full, grants, reason_of) if lots else none
    return Released(
        rules.sender, nation, rules.data, now_ns,
        _not_after(rules, nation, reasons, contributors, now_ns), tracks, reasons,
        reason_of.astype(np.int32), contributors[order], refused[order], denials, fault,
        token=_TOKEN)


def _not_after(rules: Rules, nation: str, reasons: tuple[Rule, ...], contributors: U64,
               now_ns: int) -> int:
    """The earliest end of the agreements that let something go; now, if nothing goes."""
    ends = [rule.end_ns for rule in reasons]
    if not ends:
        return now_ns
    used = int(np.bitwise_or.reduce(contributors))
    ends += [source.until_ns for bit, source in enumerate(rules.to(nation).sources)
             if used >> bit & 1 and source.until_ns is not None]
    return min(ends)

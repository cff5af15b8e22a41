"""Examination of a recording: what fits, what was refused and why, who sends, what its clock does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np

from jointsky.codec.asterix.columns import RecordTable
from jointsky.codec.asterix.decode import detect_editions
from jointsky.codec.asterix.editions import EditionReport
from jointsky.codec.asterix.pieces import PIECE_OCTETS, Piece, decode_pieces
from jointsky.codec.asterix.summary import Summary
from jointsky.codec.recordings.recording import Recording
from jointsky.codec.recordings.timed import TIMES
from jointsky.model.batch import F64, I64

REJECTS_SHOWN: Final = 20
DAY_S: Final = 86_400.0
# A step of the clock beyond these is told: back more than a scan of plots may be out of order, or
# ahead by more than any rotation.
BACK_S, AHEAD_S = 15.0, 30.0
# How far apart two reports of one aircraft may be to tell the scan period.
SCAN_S: Final = (0.3, 30.0)
# Where the address or track number that marks an aircraft stands, by category.
MARKS: Final[Mapping[int, tuple[str, ...]]] = {
    1: ("161",), 10: ("220", "161/TRK"), 20: ("220", "161/TRN"), 21: ("080", "161/TRNUM"),
    48: ("220", "161/TRN"), 62: ("040",)}


@dataclass(frozen=True)
class RejectRow:
    """One refusal, its byte offset in the file."""

    offset: int
    category: int
    reason: str
    item: str
    expected: str
    found: str


@dataclass(frozen=True)
class SourceReport:
    """What one source sent in one category.

    first_s, last_s: first and last time of day; span_s: between them, over midnights; rate_hz:
    records a second; aircraft: different addresses (or track
    numbers); period_s: time between reports of one aircraft, or between north marks;
    backwards, ahead: steps of the clock by more than BACK_S back or AHEAD_S ahead;
    midnights: passages of midnight; beyond_day: times of 24 hours or more. None: not to be told.
    """

    category: int
    sac: int
    sic: int
    records: int
    first_s: float | None = None
    last_s: float | None = None
    span_s: float | None = None
    rate_hz: float | None = None
    period_s: float | None = None
    aircraft: int | None = None
    backwards: int = 0
    ahead: int = 0
    midnights: int = 0
    beyond_day: int = 0


@dataclass
class Diagnosis:
    """All that is found of a recording; `more_rejects`: refusals beyond the rows given."""

    path: str
    form: str
    octets: int
    frames: int
    faults: list[tuple[int, str]]
    editions: dict[int, EditionReport] = field(default_factory=dict)
    summary: Summary = field(default_factory=Summary)
    rejects: list[RejectRow] = field(default_factory=list)
    sources: list[SourceReport] = field(default_factory=list)

    @property
    def more_rejects(self) -> int:
        """Refusals beyond the rows given."""
        return self.summary.rejected - len(self.rejects)

    def as_json(self) -> dict[str, Any]:
        """For other programs."""
        summary = self.summary
        return {
            "file": self.path, "form": self.form, "octets": self.octets, "frames": self.frames,
            "faults": [{"offset": offset, "text": text} for offset, text in self.faults],
            "editions": {f"{category:03d}": {
                "edition": summary.editions.get(category, report.edition),
                "tried": [asdict(score) | {"penalty": score.penalty} for score in report.scores]}
                for category, report in self.editions.items()},
            "records": {f"{category:03d}": n for category, n in sorted(summary.records.items())},
            "rejected": summary.rejected, "reasons": dict(sorted(summary.reasons.items())),
            "rejects": [asdict(row) for row in self.rejects], "more_rejects": self.more_rejects,
            "sources": [asdict(source) for source in self.sources]}


def examine(recording: Recording, editions: Mapping[int, str] | None = None,
            report: Callable[[int], None] = lambda octets: None) -> Diagnosis:
    """Examine a recording. report: told how many octets are done, now and then."""
    found = Diagnosis(recording.path, recording.form, len(recording.buffer), len(recording),
                      [(fault.offset, fault.text) for fault in recording.faults])
    head = int(np.searchsorted(recording.start + recording.length, PIECE_OCTETS, side="right"))
    head = max(head, 1)
    found.editions = detect_editions(
        recording.buffer[:int((recording.start + recording.length)[:head].max(initial=0))],
        spans=(recording.start[:head], recording.length[:head]), every=True)
    series: dict[tuple[int, int, int], _Series] = {}
    for piece in decode_pieces(recording, editions):
        found.summary.add(piece.decoded)
        _note_rejects(found, recording, piece)
        for table in piece.decoded.tables:
            _note_sources(series, table)
        report(piece.octets)
    found.sources = [told.report(*key) for key, told in sorted(series.items())]
    return found


def _note_rejects(found: Diagnosis, recording: Recording, piece: Piece) -> None:
    rejects = piece.decoded.rejects
    room = min(REJECTS_SHOWN - len(found.rejects), rejects.n)
    if room <= 0:
        return
    places = piece.place_in_file(recording, rejects.frame, rejects.offset)
    for row in range(room):
        found.rejects.append(RejectRow(
            int(places[row]), int(rejects.category[row]), rejects.reason[row].decode(),
            rejects.item[row].decode(), rejects.expected[row].decode(),
            rejects.found[row].decode()))


class _Series:
    """Times, aircraft and north marks of one source in one category, in recorded order."""

    def __init__(self) -> None:
        self.times: list[F64] = []
        self.marks: list[I64] = []
        self.north: list[F64] = []
        self.records = 0

    def report(self, category: int, sac: int, sic: int) -> SourceReport:
        times = np.concatenate(self.times) if self.times else np.zeros(0)
        marks = np.concatenate(self.marks) if self.marks else np.zeros(0, np.int64)
        known = ~np.isnan(times)
        if not known.any():
            return SourceReport(category, sac, sic, self.records)
        step = np.diff(times[known])
        over = step < -DAY_S / 2
        back_over = step > DAY_S / 2
        since = np.concatenate([[0.0], np.cumsum(step + DAY_S * over - DAY_S * back_over)])
        real = np.diff(since)
        span = float(since.max() - since.min())
        marks = marks[known] if len(marks) == len(known) else np.zeros(0, np.int64)
        north = np.concatenate(self.north) if self.north else np.zeros(0)
        # Plots come in the order of their sectors: only a step beyond the latest time is ahead.
        latest = np.maximum.accumulate(since)
        return SourceReport(
            category, sac, sic, self.records, float(times[known][0]), float(times[known][-1]),
            span, self.records / span if span > 0 else None,
            _period(north) if len(north) > 1 else _revisit(marks, since),
            _aircraft(marks),
            int((real < -BACK_S).sum()), int((np.diff(latest) > AHEAD_S).sum()),
            int(over.sum()), int((times[known] >= DAY_S).sum()))


def _note_sources(series: dict[tuple[int, int, int], _Series], table: RecordTable) -> None:
    """Put the records of a table to the sources they are of; those without one under 0/0."""
    if "010/SAC" in table.leaves:
        sac, sic = table.raw("010/SAC"), table.raw("010/SIC")
    else:
        sac = sic = np.zeros(table.n, np.uint64)
    key = (sac << np.uint64(8) | sic).astype(np.int64)
    times, marks = _times_of(table), _marks_of(table)
    north = (table.raw("000") == 1) if table.category in {2, 34} else None
    for source in np.unique(key).tolist():
        rows = np.flatnonzero(key == source)
        told = series.setdefault((table.category, source >> 8, source & 0xFF), _Series())
        told.records += len(rows)
        told.times.append(times[rows])
        told.marks.append(marks[rows])
        if north is not None:
            told.north.append(times[rows][north[rows]])


def _times_of(table: RecordTable) -> F64:
    """Time of day of each record, s, NaN if it has none."""
    times = np.full(table.n, np.nan)
    for name in TIMES.get(table.category, ()):
        if name in table.leaves and not table.leaves[name].repeated:
            times = np.where(np.isnan(times), table.column(name)[0], times)
    return times


def _marks_of(table: RecordTable) -> I64:
    """What marks the aircraft of each record, -1 if nothing does."""
    marks = np.full(table.n, -1, np.int64)
    for place, name in enumerate(MARKS.get(table.category, ())):
        if name in table.leaves:
            _, there = table.column(name)
            value = table.raw(name).astype(np.int64) + (place << 32)
            marks = np.where((marks < 0) & there, value, marks)
    return marks


def _aircraft(marks: I64) -> int | None:
    """How many addresses there are, or track numbers where nothing has an address."""
    for place in range(2):
        mine = marks[marks >> 32 == place]
        if len(mine):
            return len(np.unique(mine))
    return None


def _period(times: F64) -> float | None:
    """Usual time between events, s."""
    step = np.diff(times)
    step = step[(step > SCAN_S[0]) & (step < SCAN_S[1])]
    return round(float(np.median(step)), 3) if len(step) else None


def _revisit(marks: I64, since: F64) -> float | None:
    """Usual time between two reports of one aircraft, s."""
    known = np.flatnonzero(marks >= 0)
    order = known[np.lexsort((since[known], marks[known]))]
    step = np.diff(since[order])[np.diff(marks[order]) == 0]
    step = step[(step > SCAN_S[0]) & (step < SCAN_S[1])]
    return round(float(np.median(step)), 3) if len(step) else None


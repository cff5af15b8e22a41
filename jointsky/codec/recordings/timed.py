"""When each frame of a recording came in: from the file, else from the times inside its records."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np

from jointsky.codec.asterix.decode import Decoded
from jointsky.codec.asterix.time_of_day import unwrapped
from jointsky.codec.recordings.recording import Recording
from jointsky.model.batch import I32, I64, U8
from jointsky.model.clock import NS_PER_DAY, NS_PER_S
from jointsky.model.frame import Frame

# Time-of-day items of each category, that nearest to transmission first.
TIMES = {2: ("030",), 4: ("020",), 7: ("140",), 8: ("090",), 9: ("070",), 10: ("140",),
         11: ("140",), 15: ("145",), 16: ("140",), 17: ("140",), 18: ("002",), 19: ("140",),
         20: ("140",), 21: ("077", "075", "073", "030", "072", "071"), 23: ("070",),
         25: ("070",), 32: ("020",), 34: ("030",), 48: ("140",), 62: ("070",), 63: ("030",),
         65: ("030",), 205: ("030",), 240: ("140",), 247: ("140",)}
# Where no record of a recording says more: the time of CAT001, which starts again every 512 s.
TRUNCATED = {1: ("141",)}
TRUNCATED_WRAP_NS = 512 * NS_PER_S
EPOCH = date(1970, 1, 1)
DATE_IN_NAME = re.compile(r"(?<!\d)((?:19|20)\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?!\d)")
# A time that is this far from those around it is a fault of its record, not of the clock.
OUTLIER_NS = 30 * NS_PER_S
NEIGHBOURS = 101


@dataclass(frozen=True, eq=False)
class TimedFrames:
    """Frames of a recording (n,), in the order of the file, with UTC ns of reception, which never
    goes back.

    buffer, start, length: as in `Recording`; source: index into `sources` per frame; said: where
    the times are from, a sentence for the user.
    """

    buffer: U8
    start: I64
    length: I64
    received_ns: I64
    source: I32
    sources: tuple[str, ...]
    said: str

    def __len__(self) -> int:
        return len(self.start)

    def frames(self, first: int = 0, last: int | None = None) -> list[Frame]:
        """Frames `first` to `last` (not in) as objects."""
        rows = slice(first, last)
        return [Frame(self.sources[source], received, self.buffer[at:at + size].tobytes())
                for source, received, at, size in zip(
                    self.source[rows].tolist(), self.received_ns[rows].tolist(),
                    self.start[rows].tolist(), self.length[rows].tolist(), strict=True)]


def frames_of(recording: Recording, decoded: Decoded,
              date_utc: date | None = None) -> TimedFrames:
    """The frames of a recording with their times of reception.

    decoded: the recording decoded with its frames as spans. Captures know when each frame came in.
    Where the file does not say, it is the time of day of the records in the frame, on `date_utc`,
    else the date in the file name (eight digits YYYYMMDD), else 1970-01-01. Times go on over
    midnight.
    """
    received, said = _times_of(recording, decoded, date_utc)
    if recording.source is None:
        source = np.zeros(len(recording), np.int32)
        sources: tuple[str, ...] = (Path(recording.path).name,)
    else:
        source, sources = recording.source, recording.sources
    if len(received):
        received = np.maximum.accumulate(received)
    return TimedFrames(recording.buffer, recording.start, recording.length, received, source,
                       sources, said)


def _times_of(recording: Recording, decoded: Decoded, given: date | None) -> tuple[I64, str]:
    if recording.received_ns is not None:
        return recording.received_ns, "times are those of the capture"
    day, whence = date_of(Path(recording.path), given)
    midnight = (day - EPOCH).days * NS_PER_DAY
    inside = _times_inside(decoded, len(recording))
    if inside is None:
        elapsed = recording.elapsed_ns
        if elapsed is None:
            elapsed = np.zeros(len(recording), np.int64)
        return midnight + elapsed, f"no record has a time; the day is {day}, {whence}"
    if recording.elapsed_ns is not None:
        # The recorder's clock may be on local time, or start at 0: it counts from the moment at
        # which its frames are no older than what is in them.
        late = np.percentile((inside - recording.elapsed_ns).astype(np.float64), 99)
        inside = recording.elapsed_ns + np.int64(late)
    return midnight + inside, f"times are those in the records; the day is {day}, {whence}"


def date_of(path: Path, given: date | None = None) -> tuple[date, str]:
    """(UTC date of the start of a recording, where it is from)."""
    if given is not None:
        return given, "as given"
    for year, month, day in DATE_IN_NAME.findall(path.name):
        try:
            return datetime(int(year), int(month), int(day), tzinfo=UTC).date(), "from its name"
        except ValueError:
            continue
    return EPOCH, "for want of a better (no date given, none in its name)"


def _times_inside(decoded: Decoded, frames: int) -> I64 | None:
    """Ns since midnight of the first day, per frame, from the latest time in each; None if no
    record of any frame has one. Frames without one, and outliers, take that of their neighbours."""
    wrap_ns = NS_PER_DAY
    latest = _latest(decoded, frames, TIMES)
    if (latest < 0).all():
        wrap_ns = TRUNCATED_WRAP_NS
        latest = _latest(decoded, frames, TRUNCATED)
    rows = np.flatnonzero(latest >= 0)
    if not len(rows):
        return None
    times = unwrapped(latest[rows], wrap_ns)
    usual = _running_median(times)
    times = np.where(np.abs(times - usual) > OUTLIER_NS, usual, times)
    before = np.maximum(np.searchsorted(rows, np.arange(frames), side="right") - 1, 0)
    return times[before]


def _latest(decoded: Decoded, frames: int, items: Mapping[int, tuple[str, ...]]) -> I64:
    """The latest time of day in each frame, ns; -1 where there is none."""
    latest = np.full(frames, -1, np.int64)
    for table in decoded.tables:
        for name in items.get(table.category, ()):
            if name in table.leaves and table.has(name).any():
                seconds, there = table.column(name)
                there = there & (seconds < 86_400)
                np.maximum.at(latest, table.frame[there],
                              np.rint(seconds[there] * NS_PER_S).astype(np.int64))
                break
    return latest


def _running_median(times: I64) -> I64:
    """Median of the NEIGHBOURS around each value."""
    half = NEIGHBOURS // 2
    padded = np.concatenate([np.full(half, times[0]), times, np.full(half, times[-1])])
    around = np.lib.stride_tricks.sliding_window_view(padded, NEIGHBOURS)
    out = np.empty_like(times)
    for first in range(0, len(times), 65_536):
        out[first:first + 65_536] = np.median(around[first:first + 65_536], axis=1)
    return out

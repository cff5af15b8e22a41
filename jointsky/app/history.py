"""Where tracks were: one bounded ring of positions, from which trails are drawn."""

from __future__ import annotations

from threading import Lock
from typing import NamedTuple

import numpy as np

from jointsky.model.batch import F64, I32, I64, Bool
from jointsky.model.clock import NS_PER_S
from jointsky.model.schema import TrackBatch, TrackState

SAMPLE_NS = 5 * NS_PER_S
SPAN_NS = 3600 * NS_PER_S
POINTS_MAX = 1_000_000
SENT_MAX = 100_000


class Trails(NamedTuple):
    """Past positions (k,): track number, UTC ns, latitude and longitude rad."""

    number: I32
    time_ns: I64
    latitude_rad: F64
    longitude_rad: F64


class History:
    """The last POINTS_MAX positions, one of each track every SAMPLE_NS. Any thread may call.

    Players of one log share it: a time that has been noted once is not noted again.
    """

    def __init__(self, points_max: int = POINTS_MAX):
        self._number = np.zeros(points_max, np.int32)
        self._time_ns = np.zeros(points_max, np.int64)
        self._latitude_rad, self._longitude_rad = np.zeros((2, points_max))
        self._next = 0
        self._count = 0
        self._noted: set[int] = set()
        self._lock = Lock()

    def __len__(self) -> int:
        return self._count

    def wants(self, now_ns: int) -> bool:
        """Whether it is time for a sample."""
        return now_ns // SAMPLE_NS not in self._noted

    def note(self, picture: TrackBatch, now_ns: int) -> None:
        """Take a sample if it is time for one."""
        if not self.wants(now_ns):
            return
        slot = now_ns // SAMPLE_NS
        rows = picture.take(picture.state != TrackState.DROPPED)
        size = len(self._number)
        rows = rows.take(np.arange(min(len(rows), size)))
        with self._lock:
            self._noted.add(slot)
            at = (self._next + np.arange(len(rows))) % size
            self._number[at] = rows.system_track_number
            self._time_ns[at] = now_ns
            self._latitude_rad[at] = rows.latitude_rad
            self._longitude_rad[at] = rows.longitude_rad
            self._next = (self._next + len(rows)) % size
            self._count = min(self._count + len(rows), size)
            if len(self._noted) > size:
                self._noted = {slot}

    def trails(self, picture: TrackBatch, until_ns: int, sent_max: int = SENT_MAX) -> Trails:
        """Positions of these tracks in the hour before `until_ns`, thinned to `sent_max`."""
        order = np.argsort(picture.system_track_number)
        numbers, started_ns = picture.system_track_number[order], picture.started_ns[order]
        with self._lock:
            time_ns = self._time_ns[:self._count]
            near: Bool = (time_ns <= until_ns) & (time_ns > until_ns - SPAN_NS)
            rows = np.flatnonzero(near & np.isin(self._number[:self._count], numbers))
            # A number is given out again one day: an older track of it is another aircraft.
            born_ns = started_ns[np.searchsorted(numbers, self._number[rows])]
            rows = rows[time_ns[rows] >= born_ns]
            if len(rows) > sent_max:
                every = -(-len(rows) // sent_max)
                rows = rows[time_ns[rows] // SAMPLE_NS % every == 0][:sent_max]
            return Trails(self._number[rows], time_ns[rows], self._latitude_rad[rows],
                          self._longitude_rad[rows])

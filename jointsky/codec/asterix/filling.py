"""Filling a batch from a table of decoded records: optional columns, validity, refusals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from jointsky.codec.asterix.columns import RecordTable
from jointsky.codec.asterix.decode import Decoded
from jointsky.codec.asterix.time_of_day import utc_of
from jointsky.model.batch import F64, I64, Array, Bool, columns_of
from jointsky.model.clock import NS_PER_S
from jointsky.model.reject import Reason
from jointsky.model.schema import PlotBatch, RejectBatch, SensorStatusBatch, TrackBatch
from jointsky.model.world import World

B = TypeVar("B", PlotBatch, TrackBatch, SensorStatusBatch)
Framed = TypeVar("Framed", PlotBatch, SensorStatusBatch)

M_PER_NM = 1_852.0
M_PER_FT = 0.3048
M_PER_FL = 100 * M_PER_FT
MS_PER_NM_S = M_PER_NM
MS_PER_FT_MIN = M_PER_FT / 60
DAY_S = 86_400.0


@dataclass(frozen=True, eq=False)
class Arrival:
    """The frames that were decoded together, per frame (k,): where each starts in the buffer, UTC
    ns of its reception, its sequence number; and their world."""

    start: I64
    received_ns: I64
    sequence: I64
    world: World


def arrival_of(decoded: Decoded, received_ns: I64, frame_seq: I64, world: World) -> Arrival:
    """The frames of `decoded`. A frame starts at its first block, or where it was refused."""
    first = np.full(len(received_ns), np.iinfo(np.int64).max)
    np.minimum.at(first, decoded.blocks[:, 3], decoded.blocks[:, 0] - 3)
    np.minimum.at(first, decoded.rejects.frame, decoded.rejects.offset)
    return Arrival(first, received_ns, frame_seq, world)


class Filling(Generic[B]):
    """A batch in the making: one row for each record of a table, columns put in one by one.

    Rows that are refused become rows of a `RejectBatch`, each for the first reason given.
    """

    def __init__(self, kind: type[B], table: RecordTable, arrival: Arrival):
        self.table, self.n = table, table.n
        self._kind: type[B] = kind
        self._arrival = arrival
        blank = kind.blank(table.n, arrival.world)
        self._cells: dict[str, Any] = {col.name: getattr(blank, col.name)
                                       for col in columns_of(kind)}
        self._good = np.ones(table.n, np.bool_)
        self._rejects: list[RejectBatch] = []
        self.received_ns = arrival.received_ns[table.frame]
        self._offset = table.offset - arrival.start[table.frame]
        self._frame = arrival.sequence[table.frame]
        if kind is not TrackBatch:
            self.put_needed("frame", self._frame)
            self.put_needed("offset", self._offset)

    def read(self, name: str) -> tuple[Array, Bool]:
        """Values of a leaf and where it stands; in none if the edition does not have it."""
        if name in self.table.leaves:
            return self.table.column(name)
        return np.zeros(self.n), np.zeros(self.n, np.bool_)

    def raw(self, name: str) -> tuple[Array, Bool]:
        """As `read`, the bits as unsigned numbers."""
        if name in self.table.leaves:
            return self.table.raw(name), self.table.column(name)[1]
        return np.zeros(self.n, np.uint64), np.zeros(self.n, np.bool_)

    def is_set(self, name: str, *values: int) -> Bool:
        """Rows whose leaf stands and has one of the values (1 if none is given)."""
        found, there = self.read(name)
        if not there.any():
            return there
        among: Bool = found == (values[0] if values else 1)
        for value in values[1:]:
            among |= found == value
        return there & among

    def first_of(self, *names: str) -> tuple[F64, Bool]:
        """For each row the value of the first of these leaves that stands."""
        values, there = np.full(self.n, np.nan), np.zeros(self.n, np.bool_)
        for name in names:
            more, stands = self.read(name)
            values = np.where(stands & ~there, more, values)
            there |= stands
        return values, there

    def put(self, name: str, values: Array, there: Bool) -> None:
        """Set the cells of a nullable column where there is a value; what was put before stays."""
        if not there.any():
            return
        there = there & ~self.has(name)
        cells = self._cells[name]
        cells[there] = values[there]
        self._cells["present"][there] |= self._kind.bit(name)

    def put_needed(self, name: str, values: Array) -> None:
        """Set every cell of a column that is never absent."""
        self._cells[name][:] = values

    def flag(self, rows: Bool, flag: int) -> None:
        """Set a bit of the column `flags` in these rows."""
        if rows.any():
            self._cells["flags"][rows] |= np.uint16(flag)

    def refuse(self, rows: Bool, reason: Reason, item: str, expected: str,
               found: Array | str = "") -> None:
        """Refuse rows that have not been refused before."""
        places = np.flatnonzero(rows & self._good)
        self._good[places] = False
        if not len(places):
            return
        words = RejectBatch.blank(len(places), self._arrival.world)
        words.received_ns[:], words.offset[:] = self.received_ns[places], self._offset[places]
        words.frame[:] = self._frame[places]
        words.category[:], words.reason[:] = self.table.category, reason.value
        words.item[:], words.expected[:] = item, expected
        words.found[:] = found if isinstance(found, str) else [
            f"{value:.12g}" for value in found[places].tolist()]
        self._rejects.append(words)

    def keep(self, rows: Bool) -> None:
        """Keep only these rows: the others are messages of another kind, which is no fault."""
        self._good &= rows

    def source(self, item: str = "010") -> None:
        """Set `sensor_id` (`unit_id` of tracks) from a data source identifier; refuse rows
        without one."""
        sac, there = self.raw(f"{item}/SAC")
        sic, _ = self.raw(f"{item}/SIC")
        self.put_needed("unit_id" if self._kind is TrackBatch else "sensor_id",
                        (sac << np.uint64(8) | sic).astype(np.int32))
        self.refuse(~there, Reason.NO_SOURCE, item, "a data source identifier")

    def time(self, *names: str) -> None:
        """Set `time_ns` from the first time of day that stands; refuse rows without one."""
        seconds, there = self.first_of(*names)
        self.refuse(~there, Reason.NO_TIME, names[0], "a time of day")
        self.refuse(there & ~(seconds < DAY_S), Reason.BAD_VALUE, names[0],
                    "a time of day below 86400 s", seconds)
        self.put_needed("time_ns", utc_of(
            np.rint(np.where(there, seconds, 0) * NS_PER_S).astype(np.int64), self.received_ns))

    def position(self, *items: str) -> None:
        """Set latitude and longitude from the first of these items that stands."""
        for item in items:
            latitude, there = self.read(f"{item}/LAT")
            longitude, _ = self.read(f"{item}/LON")
            there &= ~self.has("latitude_rad")
            bad = there & ~((np.abs(latitude) <= 90) & (np.abs(longitude) <= 180))
            self.refuse(bad, Reason.BAD_VALUE, item, "a latitude of at most 90 degrees", latitude)
            self.put("latitude_rad", np.radians(latitude), there)
            self.put("longitude_rad", np.radians(longitude), there)

    def values(self, name: str) -> Array:
        """The cells of a column as they are by now."""
        cells: Array = self._cells[name]
        return cells

    def has(self, name: str) -> Bool:
        """Rows that have a value in a nullable column by now."""
        there: Bool = (self._cells["present"] & self._kind.bit(name)) != 0
        return there

    def finish(self) -> tuple[B, RejectBatch]:
        """The rows that were not refused, and the refusals."""
        batch = self._kind(world=self._arrival.world, **self._cells)
        rejects = RejectBatch.join(self._rejects, self._arrival.world)
        return (batch if self._good.all() else batch.take(self._good)), rejects


def in_order(kind: type[Framed], parts: list[tuple[Framed, RejectBatch]],
             world: World) -> tuple[Framed, RejectBatch]:
    """Rows of all parts in the order in which they stood in the frames."""
    rows = kind.join([part for part, _ in parts], world)
    rejects = RejectBatch.join([part for _, part in parts], world)
    if len(parts) > 1:
        rows = rows.take(np.lexsort((rows.offset, rows.frame)))
    if len(rejects) > 1:
        rejects = rejects.take(np.lexsort((rejects.offset, rejects.frame)))
    return rows, rejects


def rejects_of(decoded: Decoded, received_ns: I64, frame_seq: I64, world: World) -> RejectBatch:
    """What the decoder refused, as a batch; offsets are from the start of the frame."""
    found = decoded.rejects
    if not found.n:
        return RejectBatch.empty(world)
    arrival = arrival_of(decoded, received_ns, frame_seq, world)
    batch = RejectBatch.blank(found.n, world)
    batch.received_ns[:] = received_ns[found.frame]
    batch.frame[:] = frame_seq[found.frame]
    batch.offset[:] = found.offset - arrival.start[found.frame]
    batch.category[:], batch.reason[:], batch.item[:] = found.category, found.reason, found.item
    batch.expected[:], batch.found[:] = found.expected, found.found
    return batch



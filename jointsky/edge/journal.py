"""The journal: the whole input history of a unit, in one sequence, durable before it is used.

One SQLite file, WAL, synchronous=FULL. Frames, ticks, operator commands and configuration are
appended and then committed together (one fsync for all of them); what `commit` has returned for
is acknowledged and survives the loss of the process or of power. Checkpoints (the state of the
engine after a tick) are there for seeking only: without them the same picture comes out, later.
They are written in slices, one with each commit, for a commit is what a report waits for.
"""

from __future__ import annotations

import sqlite3
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

from jointsky.edge.sqlite import Kind, limit_size, transaction
from jointsky.model.errors import FileProblem, ResourceProblem
from jointsky.model.frame import Frame

# "JSKJ"; without `tidy` a commit brings the write-ahead log in by itself beyond so many pages.
JOURNAL = Kind("journal", 0x4A534B4A, version=2, wal_pages_max=50_000)
PENDING_LIMIT = 1_000_000
PAYLOAD_LIMIT = 16 << 20
READ_CHUNK = 4_096
END = (1 << 63) - 1
TRIM_SLICE = 50_000
STATE_SLICE = 256 << 10
TABLES = (
    "CREATE TABLE entries (sequence INTEGER PRIMARY KEY, kind INTEGER NOT NULL,"
    " time_ns INTEGER NOT NULL, source INTEGER NOT NULL, payload BLOB NOT NULL,"
    " checksum INTEGER NOT NULL)",
    "CREATE INDEX ticks ON entries (time_ns) WHERE kind = 2",
    "CREATE TABLE sources (source INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
    "CREATE TABLE checkpoints (sequence INTEGER PRIMARY KEY, time_ns INTEGER NOT NULL)",
    "CREATE TABLE states (sequence INTEGER NOT NULL, part INTEGER NOT NULL, octets BLOB NOT NULL,"
    " PRIMARY KEY (sequence, part))",
    "CREATE TABLE forgotten (entries INTEGER NOT NULL)",
    "INSERT INTO forgotten VALUES (0)",
)


class EntryKind(IntEnum):
    """What an entry holds."""

    FRAME = 1
    TICK = 2
    COMMAND = 3
    CONFIG = 4


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. time_ns: reception of a frame, `now_ns` of a tick, time of a command; source: the
    input of a frame, who gave a command; payload: bytes as they came."""

    sequence: int
    kind: EntryKind
    time_ns: int
    source: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The engine's state once the entries up to and with `sequence` had been worked off."""

    sequence: int
    time_ns: int
    state: bytes


@dataclass(frozen=True, slots=True)
class Limits:
    """What a journal may take: bytes on disk, age of entries, number of checkpoints.

    `trim` forgets the oldest entries beyond these; `bytes_max` and a tenth is where the file stops
    growing whatever happens, with a `ResourceProblem`.
    """

    bytes_max: int = 64 << 30
    keep_ns: int = 31 * 86_400 * 1_000_000_000
    checkpoints_max: int = 2_000


@dataclass(frozen=True, slots=True)
class Extent:
    """What a journal covers: first and last sequence, times of its first and last tick (0 if it
    has none), number of entries ever forgotten."""

    first: int
    last: int
    start_ns: int
    end_ns: int
    forgotten: int


class _Saving(NamedTuple):
    """A checkpoint under way; done: octets of it that are durable."""

    sequence: int
    time_ns: int
    state: bytes
    done: int = 0


class JournalWriter:
    """Appends to a journal; makes the file if it is not there. One caller at a time."""

    def __init__(self, path: Path, limits: Limits = Limits()):
        """Open for appending; entries follow the last one in the file.

        Raises `FileProblem` for a file that is no journal or is damaged, `ResourceProblem` where
        the place cannot be written.
        """
        self._path, self._limits = path, limits
        self._db = JOURNAL.open_to_write(path, TABLES)
        with JOURNAL.said_clearly(path):
            limit_size(self._db, limits.bytes_max + limits.bytes_max // 10)
            self._last: int = self._db.execute(
                "SELECT coalesce(max(sequence), 0) FROM entries").fetchone()[0]
            self._sources = {name: number for number, name in
                             self._db.execute("SELECT source, name FROM sources")}
            self._tidier = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._saving: _Saving | None = None
        self._acknowledged: int = self._last
        self._pending: list[tuple[int, int, int, int, bytes, int]] = []
        self._new_sources: list[tuple[int, str]] = []

    @property
    def acknowledged(self) -> int:
        """The last sequence number that is safe on disk, 0 if none is."""
        return self._acknowledged

    def append(self, kind: EntryKind, time_ns: int, payload: bytes = b"", source: str = "") -> int:
        """Line an entry up for the next commit; returns its sequence number."""
        if len(self._pending) >= PENDING_LIMIT:
            raise ResourceProblem(f"{self._path}: {PENDING_LIMIT} entries wait for a commit")
        if len(payload) > PAYLOAD_LIMIT:
            raise ResourceProblem(f"{self._path}: an entry of {len(payload)} bytes; "
                                  f"expected at most {PAYLOAD_LIMIT}")
        number = self._sources.get(source)
        if number is None:
            number = self._sources[source] = len(self._sources) + 1
            self._new_sources.append((number, source))
        self._last += 1
        self._pending.append((self._last, int(kind), time_ns, number, payload,
                              _checksum(self._last, kind, time_ns, number, payload)))
        return self._last

    def append_frames(self, frames: Iterable[Frame]) -> None:
        """Line frames up for the next commit, in their order."""
        for frame in frames:
            self.append(EntryKind.FRAME, frame.received_ns, frame.payload, frame.source)

    def append_tick(self, now_ns: int) -> int:
        """Line a tick up for the next commit; returns its sequence number."""
        return self.append(EntryKind.TICK, now_ns)

    def commit(self) -> int:
        """Make everything appended so far durable, in one transaction; returns `acknowledged`.

        Raises `ResourceProblem` (disk full, for one): the entries then still wait, and the next
        commit tries them again.
        """
        if self._pending or self._saving:
            with JOURNAL.said_clearly(self._path), transaction(self._db):
                self._db.executemany("INSERT INTO sources VALUES (?, ?)", self._new_sources)
                self._db.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)",
                                     self._pending)
                after = self._saved_further()
            self._saving = after
            if self._pending:
                self._acknowledged = self._pending[-1][0]
            self._pending.clear()
            self._new_sources.clear()
        return self._acknowledged

    @property
    def saving(self) -> bool:
        """Whether slices of a checkpoint still wait for commits."""
        return self._saving is not None

    def save_checkpoint(self, sequence: int, time_ns: int, state: bytes) -> None:
        """Keep the engine's state as it was after the tick entry `sequence` at `time_ns`.

        Each commit writes STATE_SLICE octets of it, this call the first; it is there when all are.
        One that is not finished when the next is saved, or the journal is closed, is given up.
        """
        self._saving = _Saving(sequence, time_ns, state)
        self.commit()

    def _saved_further(self) -> _Saving | None:
        """Write the next slice of the checkpoint; what is left to do. Within a transaction."""
        if self._saving is None:
            return None
        sequence, time_ns, state, done = self._saving
        if done == 0:
            self._db.execute("DELETE FROM states WHERE sequence NOT IN"
                             " (SELECT sequence FROM checkpoints) OR sequence = ?", (sequence,))
        part = state[done:done + STATE_SLICE]
        self._db.execute("INSERT INTO states VALUES (?, ?, ?)",
                         (sequence, done // STATE_SLICE, part))
        done += STATE_SLICE
        if done < len(state):
            return _Saving(sequence, time_ns, state, done)
        self._db.execute("INSERT OR REPLACE INTO checkpoints VALUES (?, ?)", (sequence, time_ns))
        beyond = self._db.execute("SELECT sequence FROM checkpoints ORDER BY sequence DESC"
                                  " LIMIT 1 OFFSET ?", (self._limits.checkpoints_max,)).fetchone()
        if beyond:
            self._forget_checkpoints(beyond[0] + 1)
        return None

    def _forget_checkpoints(self, before: int) -> None:
        """Forget checkpoints of earlier sequences. Within a transaction."""
        for table in ("checkpoints", "states"):
            self._db.execute(f"DELETE FROM {table} WHERE sequence < ?", (before,))

    def tidy(self) -> None:
        """Bring what is durable in the write-ahead log into the file itself. Any thread may call,
        beside the one that writes: commits go on meanwhile."""
        with JOURNAL.said_clearly(self._path):
            self._tidier.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def trim(self, now_ns: int) -> int:
        """Forget the oldest entries beyond the limits, at most TRIM_SLICE of them; returns how
        many went. Configuration stays, and the cut falls on a checkpoint where there is one, so
        that what remains can be replayed to the same picture."""
        with JOURNAL.said_clearly(self._path):
            cut = self._cut(now_ns)
            if cut == 0:
                return 0
            with transaction(self._db):
                gone = self._db.execute(
                    "DELETE FROM entries WHERE sequence IN (SELECT sequence FROM entries WHERE"
                    " sequence <= ? AND kind <> 4 ORDER BY sequence LIMIT ?)",
                    (cut, TRIM_SLICE)).rowcount
                self._forget_checkpoints(cut)
                self._db.execute("UPDATE forgotten SET entries = entries + ?",
                                 (gone,))
            return gone

    def _cut(self, now_ns: int) -> int:
        """The last sequence to forget, 0 for none."""
        execute = self._db.execute
        cut = int(execute("SELECT coalesce(max(sequence), 0) FROM entries WHERE kind = 2 AND"
                      " time_ns < ?", (now_ns - self._limits.keep_ns,)).fetchone()[0])
        pages, free, page = (execute(f"PRAGMA {name}").fetchone()[0]
                             for name in ("page_count", "freelist_count", "page_size"))
        over = (pages - free) * page - self._limits.bytes_max
        if over > 0:
            first = execute("SELECT min(sequence) FROM entries WHERE kind <> 4").fetchone()[0] or 0
            share = over / ((pages - free) * page) + 0.05
            cut = max(cut, first + int((self._last - first) * share))
        if cut == 0:
            return 0
        at: int | None = execute("SELECT max(sequence) FROM checkpoints WHERE sequence <= ?",
                     (cut,)).fetchone()[0]
        return at if at is not None else (cut if over > 0 else 0)

    def close(self) -> None:
        """Commit what waits and close the file."""
        try:
            self.commit()
        finally:
            self._tidier.close()
            self._db.close()


class JournalReader:
    """Reads a journal, also while it is being written."""

    def __init__(self, path: Path):
        """Open for reading. Raises `FileProblem` for a file that is missing, none or damaged."""
        self._path = path
        self._db = JOURNAL.open_to_read(path)
        self._sources: dict[int, str] = {}

    def extent(self) -> Extent:
        """What the journal covers now."""
        with JOURNAL.said_clearly(self._path):
            first, last = self._db.execute(
                "SELECT coalesce(min(sequence), 0), coalesce(max(sequence), 0) FROM entries"
            ).fetchone()
            start, end = self._db.execute(
                "SELECT coalesce(min(time_ns), 0), coalesce(max(time_ns), 0) FROM entries"
                " WHERE kind = 2").fetchone()
            forgotten = self._db.execute("SELECT entries FROM forgotten").fetchone()[0]
        return Extent(first, last, start, end, forgotten)

    def entries(self, first: int = 0, last: int = END) -> Iterator[Entry]:
        """Entries in order from sequence `first` to `last` (both in), or to the end as it stands
        when the end is reached. Damage raises `FileProblem` after the entries before it."""
        at = first
        while True:
            rows: list[tuple[int, int, int, int, bytes, int]] = []
            try:
                top = self._fetch(at, last, rows)
            except FileProblem as damage:
                for row in rows:
                    yield self._entry_of(*row)
                    at = row[0] + 1
                raise FileProblem(self._path, damage.problem, place=f"entry {at}",
                                  expected=JOURNAL.expected) from None
            for row in rows:
                yield self._entry_of(*row)
                at = row[0] + 1
            if top >= at and len(rows) < READ_CHUNK:
                raise FileProblem(self._path, "damaged: the entries from here on are lost",
                                  place=f"entry {at}", expected=f"entries up to {top}")
            if len(rows) < READ_CHUNK:
                return

    def _fetch(self, at: int, last: int,
               rows: list[tuple[int, int, int, int, bytes, int]]) -> int:
        """Append the next rows as far as they can be read; the last sequence there should be."""
        with JOURNAL.said_clearly(self._path):
            top = self._db.execute(
                "SELECT max(sequence) FROM entries WHERE sequence BETWEEN ? AND ?",
                (at, last)).fetchone()[0]
            self._sources = dict(self._db.execute("SELECT source, name FROM sources"))
            for row in self._db.execute(
                    "SELECT sequence, kind, time_ns, source, payload, checksum FROM entries WHERE"
                    " sequence BETWEEN ? AND ? ORDER BY sequence LIMIT ?",
                    (at, last, READ_CHUNK)):
                rows.append(row)
        return -1 if top is None else int(top)

    def _entry_of(self, sequence: int, kind: int, time_ns: int, source: int, payload: bytes,
                  checksum: int) -> Entry:
        if checksum != _checksum(sequence, kind, time_ns, source, payload):
            raise FileProblem(self._path, "damaged: its checksum does not fit",
                              place=f"entry {sequence}", expected="what was written")
        return Entry(sequence, EntryKind(kind), time_ns, self._sources[source], payload)

    def checkpoint_before(self, time_ns: int) -> Checkpoint | None:
        """The last checkpoint at or before a time, None if there is none."""
        with JOURNAL.said_clearly(self._path):
            rows = self._db.execute(
                "SELECT sequence, time_ns, octets FROM states JOIN checkpoints USING (sequence)"
                " WHERE sequence = (SELECT sequence FROM checkpoints WHERE time_ns <= ?"
                " ORDER BY time_ns DESC, sequence DESC LIMIT 1) ORDER BY part",
                (time_ns,)).fetchall()
        if not rows:
            return None
        return Checkpoint(rows[0][0], rows[0][1], b"".join(octets for _, _, octets in rows))

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def _checksum(sequence: int, kind: int, time_ns: int, source: int, payload: bytes) -> int:
    """CRC-32 of an entry: SQLite does not notice a changed byte inside a payload."""
    return zlib.crc32(payload, zlib.crc32(struct.pack("<qiqi", sequence, kind, time_ns, source)))


"""The audit of a ledger: everything is computed anew, and what does not fit is located.

Each record is vouched for three times: by the hash beside it, by the next record, which holds that
hash too, and by the signed checkpoints, which hold the root of all before them. Where two of them
agree, the third is the one that was changed. A single changed byte is searched for: the one that
gives the hash back.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from jointsky.agreement.ledger import (
    ActTaken,
    Entry,
    Opening,
    Release,
    Withheld,
    Witness,
    read_entry,
)
from jointsky.agreement.merkle import Frontier, leaf_hash
from jointsky.agreement.notes import Checkpoint, Verifier, read_checkpoint, read_note, signers
from jointsky.edge.ledger import KEPT_LEVELS, LedgerReader
from jointsky.model.errors import FileProblem, InputError

FAULTS_MAX = 1_000
SEARCHED_BYTES_MAX = 2_000
SEARCHES_MAX = 5
_KEY = re.compile(rb'(?<!\\)"([a-z_]+)":')


@dataclass(frozen=True, slots=True)
class Fault:
    """What does not fit, and where: the record, the byte or field in it, the table."""

    place: str
    problem: str

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}"


@dataclass(frozen=True, slots=True)
class Vouched:
    """A checkpoint in the ledger: how many records, by whose known keys it is signed, and how many
    signatures are by keys that are not known."""

    size: int
    signers: tuple[str, ...]
    unknown: int


@dataclass(slots=True)
class Audit:
    """What an audit found. more: faults beyond FAULTS_MAX, counted only."""

    origin: str = ""
    size: int = 0
    root: bytes = b""
    faults: list[Fault] = field(default_factory=list)
    more: int = 0
    checkpoints: list[Vouched] = field(default_factory=list)

    def add(self, place: str, problem: str) -> None:
        """Note a fault."""
        if len(self.faults) < FAULTS_MAX:
            self.faults.append(Fault(place, problem))
        else:
            self.more += 1


@dataclass(slots=True)
class _Row:
    """A row of `entries`: as it is stored, and what its bytes give; fault: why they are none."""

    number: int
    body: bytes
    leaf: bytes
    found: bytes
    entry: Entry | None = None
    fault: InputError | None = None

    @property
    def changed(self) -> bool:
        return self.found != self.leaf


def audit(reader: LedgerReader, verifiers: Sequence[Verifier] = (),
          progress: Callable[[int], None] = lambda _: None) -> Audit:
    """Check a ledger whole. verifiers: known keys beside the ledger's own; progress is told how
    many records are done. Raises `FileProblem` where nothing of the file can be read."""
    with reader.standing_still():
        return _Auditor(reader, verifiers).run(progress)


class _Auditor:
    """One audit under way."""

    def __init__(self, reader: LedgerReader, verifiers: Sequence[Verifier]):
        self.reader, self.db, self.audit = reader, reader.db, Audit()
        self.verifiers = list(verifiers)
        # sound: the tree over what was read is that of the ledger; holes: records are not known.
        self.tree, self.sound, self.holes = Frontier(), True, False
        self.expected, self.before = 0, None
        self.searches, self.shift, self.good, self.unread = 0, 0, 0, False
        self.roots: dict[int, bytes] = {}
        self.nodes: dict[tuple[int, int], bytes] = {}
        self.witnesses: list[tuple[int, Witness]] = []
        self.made: dict[str, int] = {}
        self.acts: dict[str, int] = {}
        self.withheld: set[tuple[str, int]] = set()
        self.wanted = {int(size) for size, in self._all("SELECT size FROM checkpoints",
                                                        "checkpoints")}
        head = self._all("SELECT size, root FROM head", "head")
        self.head: tuple[Any, Any] = head[0] if len(head) == 1 else (None, None)

    before: _Row | None

    def run(self, progress: Callable[[int], None]) -> Audit:
        held: _Row | None = None
        for row in self._rows():
            if held is not None:
                self._check(held, row)
                progress(self.expected)
            held = row
        if held is not None:
            self._check(held, None)
        self._check_end()
        self._check_nodes()
        self._check_checkpoints()
        self._check_acts()
        self._check_outbox()
        self._check_file()
        self.audit.size, self.audit.root = self.expected, self.tree.root()
        return self.audit

    def _all(self, query: str, table: str) -> list[tuple[Any, ...]]:
        """All rows of a small table; none, and a fault, where it cannot be read."""
        try:
            return self.db.execute(query).fetchall()
        except sqlite3.DatabaseError as error:
            self.audit.add(f"table {table}", f"cannot be read: {error}")
            return []

    def _rows(self) -> Iterator[_Row]:
        """The rows as they lie; where pages are damaged, those behind them."""
        query, values = "SELECT number, body, leaf FROM entries ORDER BY number", ()
        for _ in range(FAULTS_MAX):
            last = None
            try:
                for number, body, leaf in self.db.execute(query, values):
                    last = number
                    yield self._row_of(number, body, leaf)
                return
            except sqlite3.DatabaseError as error:
                self.unread = self.holes = True
                begin = max(self.expected, -1 if last is None else last + 1)
                at = self._behind(begin)
                self.audit.add(f"records {begin} to {'the end' if at is None else at - 1}",
                               f"the file is damaged there: {error}")
                if at is None:
                    return
                query, values = ("SELECT number, body, leaf FROM entries WHERE number >= ?"
                                 " ORDER BY number"), (at,)  # type: ignore[assignment]

    def _behind(self, begin: int) -> int | None:
        """The first number from `begin` on from which rows can be read again."""
        def readable(number: int) -> bool:
            try:
                return self.db.execute("SELECT number, body, leaf FROM entries WHERE number >= ?"
                                       " ORDER BY number LIMIT 1", (number,)).fetchone() is not None
            except sqlite3.DatabaseError:
                return False

        low, step = begin, 1
        while not readable(begin + step):
            low, step = begin + step, step * 2
            if step > 1 << 40:
                return None
        high = begin + step
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if readable(middle) else (middle, high)
        return high

    def _row_of(self, number: int, body: object, leaf: object) -> _Row:
        if not isinstance(body, bytes) or not isinstance(leaf, bytes):
            self.audit.add(f"record {number}", "its row holds something else than bytes")
            body = body if isinstance(body, bytes) else b""
            leaf = leaf if isinstance(leaf, bytes) else b""
        row = _Row(number, body, leaf, leaf_hash(body))
        try:
            row.entry = read_entry(body)
        except InputError as fault:
            row.fault = fault
        return row

    def _check(self, row: _Row, after: _Row | None) -> None:
        """One row: its place, its hash, its link to the one before."""
        claimed = row.entry.number if row.entry else row.number
        if row.number < self.expected or (row.number > self.expected == claimed
                                          and not row.changed):
            self.audit.add(f"record {claimed}", f"it lies in the place of record {row.number}")
            if claimed != self.expected:
                return
        elif row.number > self.expected:
            if not self.unread:
                self._missing(self.expected, row.number - 1)
            self.sound, self.holes, self.before = False, True, None
            self.expected = row.number
        self.unread = False
        believed, entry = self._believed(row, after)
        moved = claimed - self.expected if row.entry and not row.changed else 0
        if moved != self.shift:
            self._moved(row, moved)
        if row.fault is not None and not row.changed:
            self.audit.add(f"record {self.expected}", f"{row.fault}")
        if row.entry and not row.changed and not moved:
            self._check_link(row)
        if entry and not moved:
            self._note(entry)
        else:
            self.holes = True
        self.before = row if not row.changed and not moved else None
        if believed is None or moved:
            self.sound = False
        if self.sound and believed is not None:
            self._grow(believed)
        self.expected += 1

    def _missing(self, first: int, last: int) -> None:
        self.audit.add(f"record {first}" if first == last else f"records {first} to {last}",
                       "removed: not there")

    def _moved(self, row: _Row, moved: int) -> None:
        """Numbers inside the records no longer go with those of the rows, or do so again."""
        if moved > self.shift and self.shift == 0:
            what = (f"removed: the record numbered {self.expected + moved} lies here, and those "
                    "behind it follow")
        else:
            what = f"inserted or moved: the record numbered {self.expected + moved} lies here"
        if moved:
            self.audit.add(f"record {self.expected}", what)
        self.shift = moved

    def _believed(self, row: _Row, after: _Row | None) -> tuple[bytes | None, Entry | None]:
        """The hash that counts for a record, and the record as it was; says what was changed where
        two do not agree. None for what cannot be told any more."""
        if not row.changed:
            return row.found, row.entry
        place = f"record {self.expected}"
        vouched = self._vouched(row, after)
        if vouched == row.found:
            self.audit.add(f"{place}, column leaf", "the stored hash was changed: the record "
                           "itself is what it was")
            return row.found, row.entry
        found = self._searched(row)
        if found is not None:
            at, was = found
            original = row.body[:at] + bytes([was]) + row.body[at + 1:]
            self.audit.add(f"{place}, byte {at}, field {_field_at(original, at)}",
                           f"changed: it was {bytes([was])!r}, it is {row.body[at:at + 1]!r}")
            return row.leaf, _entry_of(original)
        if vouched == row.leaf:
            tail = f": {row.fault}" if row.fault else ""
            self.audit.add(place, f"changed in more than one byte, or too long to search{tail}")
            return row.leaf, None
        self.audit.add(place, "changed: neither its bytes nor the stored hash fit the rest")
        return None, None

    def _vouched(self, row: _Row, after: _Row | None) -> bytes | None:
        """What the next record, or the root for the last one, says the hash is."""
        if after is not None:
            if after.entry and not after.changed and after.entry.number == self.expected + 1:
                return bytes.fromhex(after.entry.previous)
            return None
        for candidate in (row.found, row.leaf):
            tree = self.tree.copy()
            tree.append(candidate)
            if self.sound and (tree.size, tree.root()) == self.head:
                return candidate
        return None

    def _searched(self, row: _Row) -> tuple[int, int] | None:
        if self.searches >= SEARCHES_MAX or len(row.body) > SEARCHED_BYTES_MAX:
            return None
        self.searches += 1
        return find_changed_byte(row.body, row.leaf)

    def _check_link(self, row: _Row) -> None:
        """The record before this one is the one that this one was written after."""
        assert row.entry is not None
        if self.before is not None and row.entry.previous != self.before.leaf.hex():
            self.audit.add(f"record {self.expected - 1}", "rewritten together with its hash: the "
                           "record after it holds another hash of it")
            self.sound = False
        if (self.expected == 0) != isinstance(row.entry.record, Opening):
            self.audit.add(f"record {self.expected}", f"a record of kind {row.entry.record.kind}; "
                           "expected the opening first, and there only")

    def _note(self, entry: Entry) -> None:
        """Keep what later checks need of a record."""
        record = entry.record
        if isinstance(record, Opening) and entry.number == 0:
            self.audit.origin = record.origin
            self.verifiers.insert(0, Verifier(record.origin, bytes.fromhex(record.key)))
        elif isinstance(record, Witness):
            self.witnesses.append((entry.number, record))
        elif isinstance(record, ActTaken):
            self.acts.setdefault(record.id, entry.number)
        elif isinstance(record, Withheld):
            self.withheld.add((record.recipient, record.sequence))
        elif isinstance(record, Release):
            last = self.made.get(record.recipient, 0)
            if record.sequence != last + 1 and not self.holes:
                self.audit.add(f"record {entry.number}, field sequence",
                               f"message {record.sequence} for {record.recipient} follows {last}")
            self.made[record.recipient] = record.sequence

    def _grow(self, leaf: bytes) -> None:
        for level, position, found in self.tree.append(leaf):
            if level and level % KEPT_LEVELS == 0:
                self.nodes[level, position] = found
        if self.tree.size in self.wanted:
            self.roots[self.tree.size] = self.tree.root()

    def _check_end(self) -> None:
        size, root = self.head
        if isinstance(size, int) and size > self.expected and not self.unread:
            self._missing(self.expected, size - 1)
        elif size != self.expected and not self.unread:
            self.audit.add("table head", f"it says {size} records; there are {self.expected}")
        elif self.sound and self.expected and root != self.tree.root():
            self.audit.add("table head", "the root was changed, or the last record was rewritten "
                           "together with its hash")
        if not self.expected:
            self.audit.add("record 0", "removed: there is no record at all")

    def _check_nodes(self) -> None:
        stored = {(level, position): found for level, position, found in self._all(
            "SELECT level, position, hash FROM nodes", "nodes")}
        for place, found in self.nodes.items():
            if stored.pop(place, None) != found:
                self.audit.add(f"table nodes, level {place[0]}, position {place[1]}",
                               "the kept hash of these records was changed")
        if self.sound and stored:
            self.audit.add("table nodes", f"{len(stored)} hashes of no records, the first of "
                           f"level and position {min(stored)}")

    def _check_checkpoints(self) -> None:
        index = set()
        for number, record in self.witnesses:
            place = f"record {number}, field note"
            try:
                note = read_note(record.note)
                found = read_checkpoint(note.text)
                known = signers(note, self.verifiers)
            except InputError as fault:
                self.audit.add(place, f"{fault}")
                continue
            if found.origin == self.audit.origin:
                index.add((found.size, number))
                self.audit.checkpoints.append(Vouched(found.size, tuple(
                    one.name for one in known), len(note.signatures) - len(known)))
                self._check_root(place, found, number)
        stored = set(self._all("SELECT size, entry FROM checkpoints", "checkpoints"))
        if stored != index and not self.holes:
            odd = min(stored ^ index, key=str)
            self.audit.add("table checkpoints", f"size and record {odd} is in it or in the records "
                           "alone")

    def _check_acts(self) -> None:
        stored = set(self._all("SELECT id, entry FROM acts", "acts"))
        if stored != set(self.acts.items()) and not self.holes:
            odd = min(stored ^ set(self.acts.items()), key=str)
            self.audit.add("table acts", f"act and record {odd} is in it or in the records alone")

    def _check_root(self, place: str, found: Checkpoint, number: int) -> None:
        root = Frontier().root() if found.size == 0 else self.roots.get(found.size)
        if found.size > number:
            self.audit.add(place, f"of {found.size} records, before they were there")
        elif root == found.root:
            self.good = max(self.good, found.size)
        elif root is not None:
            self.audit.add(f"records {self.good} to {found.size - 1}", "rewritten with all that "
                           f"hangs on them: the checkpoint in record {number} was signed over "
                           "another root")

    def _check_outbox(self) -> None:
        query = "SELECT name, made, acknowledged FROM partners ORDER BY name"
        partners = {name: (made, done) for name, made, done in self._all(query, "partners")}
        if not self.holes and {name: made for name, (made, _) in partners.items()} != self.made:
            self.audit.add("table partners", f"it says {[*partners.items()]!r:.200}; the records "
                           f"say {self.made!r:.200}")
        rows: dict[str, list[object]] = {name: [] for name in partners}
        try:
            for recipient, sequence, number, body in self.db.execute(
                    "SELECT recipient, sequence, entry, body FROM outbox ORDER BY id"):
                rows.setdefault(recipient, []).append(sequence)
                problem = self._outbox_problem(recipient, sequence, number, body)
                if problem:
                    self.audit.add(f"table outbox, message {sequence} for {recipient}", problem)
        except sqlite3.DatabaseError as error:
            self.audit.add("table outbox", f"cannot be read: {error}")
            return
        for recipient, found in rows.items():
            made, done = partners.get(recipient, (0, 0))
            if not (isinstance(done, int) and isinstance(made, int) and 0 <= done <= made):
                self.audit.add(f"table partners, {recipient}",
                               f"made {made!r}, acknowledged {done!r}")
            elif found != [*range(done + 1, done + 1 + len(found))] or len(found) != made - done:
                odd = next((i for i, one in enumerate(found) if one != done + 1 + i), len(found))
                self.audit.add(f"table outbox, messages for {recipient}",
                               f"not those from {done + 1} to {made}, from {done + 1 + odd} on")

    def _outbox_problem(self, recipient: str, sequence: int, number: int, body: object) -> str:
        """What is wrong with a message that waits, "" if nothing is."""
        row = self.db.execute("SELECT body FROM entries WHERE number = ?", (number,)).fetchone()
        entry = _entry_of(row[0]) if row and isinstance(row[0], bytes) else None
        if entry is None or not isinstance(entry.record, Release) or (
                entry.record.recipient, entry.record.sequence) != (recipient, sequence):
            return f"record {number} is not its release"
        if (body is None) != ((recipient, sequence) in self.withheld) and not self.holes:
            return "withheld here or in the records alone"
        if body is not None and (not isinstance(body, bytes)
                                 or hashlib.sha256(body).hexdigest() != entry.record.digest):
            return f"its bytes are not those that record {number} released"
        return ""

    def _check_file(self) -> None:
        for text, in self._all("PRAGMA integrity_check(20)", "of contents"):
            if text != "ok":
                for line in str(text).splitlines():
                    self.audit.add("the file", line)
        if not self.audit.size and not self.expected and not self.audit.faults:
            raise FileProblem(self.reader.path, "it holds nothing", expected="a ledger")


def find_changed_byte(body: bytes, leaf: bytes) -> tuple[int, int] | None:
    """Place and former value of the one byte whose change made a record miss its leaf hash; None
    where it is not one byte. About 250 hashes for each byte of the record."""
    before = hashlib.sha256(b"\0")
    for at, now in enumerate(body):
        tail = body[at + 1:]
        for octet in range(256):
            if octet != now:
                one = before.copy()
                one.update(bytes([octet]) + tail)
                if one.digest() == leaf:
                    return at, octet
        before.update(body[at:at + 1])
    return None


def _entry_of(body: bytes) -> Entry | None:
    try:
        return read_entry(body)
    except InputError:
        return None


def _field_at(body: bytes, at: int) -> str:
    """The name of the field that a byte of a record belongs to."""
    names = [found[1].decode() for found in _KEY.finditer(body) if found.start() <= at]
    return names[-1] if names else "none"

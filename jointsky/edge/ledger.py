"""The ledger on disk, and the outbox that is written with it in one transaction.

One SQLite file. `entries` holds the records (`agreement/ledger.py`), each in its canonical bytes
with its leaf hash; every eighth level of the tree over them is kept, so that a proof reads a few
hundred hashes and an append writes none but its own, most of the time. A message for a partner
lies in `outbox` until the partner has acknowledged it; it is there only if its release is a record.
Whatever is asked of the outbox is asked again of the gate at the moment of sending.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jointsky.agreement.ledger import (
    NOWHERE,
    ActTaken,
    Entry,
    Opening,
    Record,
    Release,
    Withheld,
    Witness,
    canonical,
    read_entry,
)
from jointsky.agreement.merkle import Frontier, leaf_hash, node_hash, peaks_of, root_at
from jointsky.agreement.notes import Checkpoint, Note, Verifier, read_checkpoint, read_note, signers
from jointsky.edge.sqlite import Kind, limit_size, transaction
from jointsky.model.errors import FileProblem, InputError, ResourceProblem

LEDGER = Kind("ledger", 0x4A534B4C, version=1, wal_pages_max=10_000)  # "JSKL"
TABLES = (
    "CREATE TABLE entries (number INTEGER PRIMARY KEY, body BLOB NOT NULL, leaf BLOB NOT NULL)",
    "CREATE TABLE nodes (level INTEGER NOT NULL, position INTEGER NOT NULL, hash BLOB NOT NULL,"
    " PRIMARY KEY (level, position)) WITHOUT ROWID",
    "CREATE TABLE head (size INTEGER NOT NULL, root BLOB NOT NULL)",
    "CREATE TABLE checkpoints (size INTEGER NOT NULL, entry INTEGER NOT NULL,"
    " PRIMARY KEY (size, entry)) WITHOUT ROWID",
    "CREATE TABLE acts (id TEXT PRIMARY KEY, entry INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE partners (name TEXT PRIMARY KEY, made INTEGER NOT NULL,"
    " acknowledged INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE outbox (id INTEGER PRIMARY KEY, recipient TEXT NOT NULL,"
    " sequence INTEGER NOT NULL, entry INTEGER NOT NULL, body BLOB, UNIQUE (recipient, sequence))",
    "INSERT INTO head VALUES (0, x'" + Frontier().root().hex() + "')",
)
KEPT_LEVELS = 8  # of the tree, levels 8, 16, 24 ... are kept
MESSAGE_BYTES_MAX = 16 << 20
READ_CHUNK = 1_024
END = (1 << 63) - 1
NOT_AFTER = "its time is over"
NOT_ITS_BYTES = "its bytes are not those that were released"

Gate = Callable[[Release, int], str]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a ledger may take: bytes of its file, messages that wait for one recipient. A ledger
    forgets nothing: beyond these it says so, and what was to be released stays."""

    bytes_max: int = 1 << 40
    waiting_max: int = 100_000


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to be lined up: its record, and its bytes as they will leave."""

    release: Release
    body: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be sent under a sequence number: the message, or (body None) the notice that it
    is withheld, so that the recipient misses no number."""

    release: Release
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """The outbox of a recipient: last sequence lined up, last acknowledged."""

    made: int = 0
    acknowledged: int = 0


class LedgerWriter:
    """Writes a ledger; makes the file if it is not there. One caller at a time."""

    def __init__(self, path: Path, opening: Opening, limits: Limits = Limits()):
        """Open for writing; a new file begins with `opening`, whose unit and world an old one must
        be of.

        Raises `FileProblem` for a file that is no ledger, another's or damaged, `ResourceProblem`
        where the place cannot be written.
        """
        self._path, self._limits = path, limits
        self._db = LEDGER.open_to_write(path, TABLES)
        with LEDGER.said_clearly(path):
            limit_size(self._db, limits.bytes_max)
            size, root = self._db.execute("SELECT size, root FROM head").fetchone()
            self._tree = Frontier(size, [_node(self._db, *place) for place in peaks_of(size)])
        if self._tree.root() != root:
            raise FileProblem(path, "damaged: its records do not fit its root",
                              expected="what `jointsky ledger verify` finds whole")
        if size == 0:
            self._previous = NOWHERE
            self._append([opening])
        else:
            self._previous = _node(self._db, 0, size - 1).hex()
        with LEDGER.said_clearly(path):
            self.opening = _opening(self._db, path)
        if self.opening.origin != opening.origin:
            raise FileProblem(path, f"the ledger of {self.opening.origin}",
                              expected=f"that of {opening.origin}")

    @property
    def size(self) -> int:
        """How many records there are, all of them safe on disk."""
        return self._tree.size

    @property
    def checkpoint(self) -> Checkpoint:
        """The ledger as it stands."""
        return Checkpoint(self.opening.origin, self._tree.size, self._tree.root())

    def write(self, items: Sequence[Record | Outgoing]) -> range:
        """Append records, and messages to the outbox with theirs, in one transaction: when this
        returns, all of them are safe on disk; when it raises, none is there. Returns their numbers.

        Raises `ResourceProblem` (disk full, too many messages wait) and `InputError` (a record that
        is too long, a note that is none). `ValueError` for our own mistakes: a release without its
        bytes, a digest that is not theirs, a sequence that leaves a gap, an opening.
        """
        odd = next((one for one in items if isinstance(one, Opening | Release | Withheld)), None)
        if odd is not None:
            raise ValueError(f"{odd.kind}: not written by itself")
        return self._append(items)

    def _append(self, items: Sequence[Record | Outgoing],
                erased: Sequence[tuple[str, int]] = ()) -> range:
        """Append in one transaction; erased: messages (recipient, sequence) that never leave."""
        tree, previous = self._tree.copy(), self._previous
        entries, nodes, checkpoints, acts = [], [], [], []
        for item in items:
            record = item.release if isinstance(item, Outgoing) else item
            body = canonical(Entry(number=tree.size, previous=previous, record=record))
            leaf = leaf_hash(body)
            entries.append((tree.size, body, leaf))
            if isinstance(record, Witness):
                found = read_checkpoint(read_note(record.note).text)
                if found.origin == self.opening.origin:
                    checkpoints.append((found.size, tree.size))
            if isinstance(record, ActTaken):
                acts.append((record.id, tree.size))
            nodes += [one for one in tree.append(leaf) if one[0] and one[0] % KEPT_LEVELS == 0]
            previous = leaf.hex()
        first = self._tree.size
        with LEDGER.said_clearly(self._path), transaction(self._db):
            # First the entries: their numbers keep a second writer from going any further.
            self._db.executemany("INSERT INTO entries VALUES (?, ?, ?)", entries)
            self._db.executemany("INSERT INTO nodes VALUES (?, ?, ?)", nodes)
            self._db.executemany("INSERT INTO checkpoints VALUES (?, ?)", checkpoints)
            self._db.executemany("INSERT OR IGNORE INTO acts VALUES (?, ?)", acts)
            self._line_up([(number, item) for number, item in enumerate(items, first)
                           if isinstance(item, Outgoing)])
            self._db.executemany("UPDATE outbox SET body = NULL WHERE recipient = ?"
                                 " AND sequence = ?", erased)
            self._db.execute("UPDATE head SET size = ?, root = ?", (tree.size, tree.root()))
        self._tree, self._previous = tree, previous
        return range(first, tree.size)

    def _line_up(self, messages: Sequence[tuple[int, Outgoing]]) -> None:
        """Put messages into the outbox. Within a transaction."""
        standing: dict[str, Waiting] = {}
        rows = []
        for number, message in messages:
            release, body = message.release, message.body
            waiting = standing.get(release.recipient) or self.waiting(release.recipient)
            if release.sequence != waiting.made + 1:
                raise ValueError(f"message {release.sequence} for {release.recipient} follows "
                                 f"{waiting.made}")
            if hashlib.sha256(body).hexdigest() != release.digest:
                raise ValueError(f"message {release.sequence} for {release.recipient}: its digest "
                                 "is another's")
            if len(body) > MESSAGE_BYTES_MAX:
                raise ResourceProblem(f"{self._path}: a message of {len(body)} bytes; expected at "
                                      f"most {MESSAGE_BYTES_MAX}")
            if release.sequence - waiting.acknowledged > self._limits.waiting_max:
                raise ResourceProblem(
                    f"{self._path}: {self._limits.waiting_max} messages wait for "
                    f"{release.recipient}; bring the link up or raise the limit")
            standing[release.recipient] = Waiting(release.sequence, waiting.acknowledged)
            rows.append((release.recipient, release.sequence, number, body))
        self._db.executemany("INSERT INTO outbox (recipient, sequence, entry, body)"
                             " VALUES (?, ?, ?, ?)", rows)
        self._db.executemany("INSERT OR REPLACE INTO partners VALUES (?, ?, ?)", [
            (name, one.made, one.acknowledged) for name, one in standing.items()])

    def has_act(self, act: str) -> bool:
        """Whether an act (its id) is in the ledger."""
        with LEDGER.said_clearly(self._path):
            found = self._db.execute("SELECT 1 FROM acts WHERE id = ?", (act,)).fetchone()
        return found is not None

    def waiting(self, recipient: str) -> Waiting:
        """How far the outbox of a recipient is. The next message has sequence `made` + 1."""
        row = self._db.execute("SELECT made, acknowledged FROM partners WHERE name = ?",
                               (recipient,)).fetchone()
        return Waiting(*row) if row else Waiting()

    def take(self, recipient: str, now_ns: int, gate: Gate, *, after: int = 0,
             limit: int = 64) -> list[Message]:
        """Messages to be sent now, in order from sequence `after` + 1, at most `limit`.

        now_ns: UTC ns at the moment of sending. gate: given the release and now_ns, "" if it may
        leave, else the rule it breaks. What it refuses, what is past its `not_after_ns` and what is
        damaged is withheld for ever: that is a record, its bytes are erased in the same
        transaction, and its notice is returned in its place. A message from after now_ns and all
        behind it stay, for that clock cannot be trusted.

        Raises `FileProblem` where a release cannot be read, `ResourceProblem` where a record cannot
        be written; whatever the gate raises passes through. Nothing leaves then.
        """
        with LEDGER.said_clearly(self._path):
            rows = self._db.execute(
                "SELECT sequence, entry, outbox.body, entries.body, leaf FROM outbox LEFT JOIN"
                " entries ON number = entry WHERE recipient = ? AND sequence > ?"
                " ORDER BY sequence LIMIT ?", (recipient, after, limit)).fetchall()
        found: list[Message] = []
        withheld: list[Withheld] = []
        for sequence, number, body, entry, leaf in rows:
            release = self._release(recipient, sequence, number, entry, leaf)
            if body is None:
                found.append(Message(release, None))
                continue
            if now_ns < release.time_ns:
                break
            rule = _rule_against(release, body, now_ns, gate)
            found.append(Message(release, None if rule else body))
            if rule:
                withheld.append(Withheld(time_ns=now_ns, recipient=recipient, sequence=sequence,
                                         digest=release.digest, rule=rule[:200]))
        if withheld:
            self._append(withheld, [(recipient, one.sequence) for one in withheld])
        return found

    def _release(self, recipient: str, sequence: int, number: int, entry: bytes | None,
                 leaf: bytes | None) -> Release:
        """The release of a message in the outbox: sound, and of this very message."""
        what = f"message {sequence} for {recipient}"
        if entry is None or leaf_hash(entry) != leaf:
            raise FileProblem(self._path, f"record {number} is damaged", place=what,
                              expected="its release")
        record = read_entry(entry, f"record {number}").record
        if not isinstance(record, Release) or (record.recipient, record.sequence) != (
                recipient, sequence):
            raise FileProblem(self._path, f"record {number} is of something else", place=what,
                              expected="its release")
        return record

    def acknowledge(self, recipient: str, sequence: int) -> int:
        """A recipient has committed all up to a sequence number: they are delivered, and leave the
        outbox. Returns how many did.

        Raises `InputError` for a number that was never made.
        """
        waiting = self.waiting(recipient)
        if not 0 <= sequence <= waiting.made:
            raise InputError(recipient, f"acknowledges message {sequence}",
                             expected=f"at most {waiting.made}, the last there is")
        if sequence <= waiting.acknowledged:
            return 0
        with LEDGER.said_clearly(self._path), transaction(self._db):
            self._db.execute("UPDATE partners SET acknowledged = ? WHERE name = ?",
                             (sequence, recipient))
            return self._db.execute("DELETE FROM outbox WHERE recipient = ? AND sequence <= ?",
                                    (recipient, sequence)).rowcount

    def sign_checkpoint(self, private: bytes, now_ns: int) -> Note:
        """Sign the ledger as it stands with the unit's key, and record that. Returns the note, for
        partners to co-sign."""
        note = Note(self.checkpoint.text).signed_by(self.opening.origin, private)
        self.write([Witness(time_ns=now_ns, partner=self.opening.unit, note=str(note))])
        return note

    def witness(self, verifier: Verifier, partner: str, text: str, now_ns: int) -> int:
        """Record a checkpoint that a partner signed: a co-signature of this ledger's, or its own
        ledger's. Returns the record's number.

        Raises `InputError` unless the partner's key signed it, and for one of this ledger that it
        never was.
        """
        note = read_note(text)
        found = read_checkpoint(note.text)
        if not signers(note, [verifier]):
            raise InputError("checkpoint", f"{verifier.name} did not sign it",
                             expected=f"a signature by {verifier.text}")
        if found.origin == self.opening.origin:
            with LEDGER.said_clearly(self._path):
                fits = found.size <= self.size and found.root == root_at(
                    found.size, lambda level, position: _node(self._db, level, position))
            if not fits:
                raise InputError("checkpoint", f"{found.origin} never was {found.size} records "
                                 "with this root", expected="one that this ledger signed")
        return self.write([Witness(time_ns=now_ns, partner=partner, note=text)])[0]

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def _rule_against(release: Release, body: bytes, now_ns: int, gate: Gate) -> str:
    """The rule that keeps a message from leaving at this moment, "" if none does."""
    if now_ns >= release.not_after_ns:
        return NOT_AFTER
    if hashlib.sha256(body).hexdigest() != release.digest:
        return NOT_ITS_BYTES
    return gate(release, now_ns)


class LedgerReader:
    """Reads a ledger, also while it is being written."""

    def __init__(self, path: Path):
        """Open for reading. Raises `FileProblem` for a file that is missing, none or damaged."""
        self.path = path
        self.db = LEDGER.open_to_read(path)

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """What is read inside is the ledger at one moment, whatever is appended meanwhile."""
        with LEDGER.said_clearly(self.path):
            self.db.execute("BEGIN")
        try:
            yield
        finally:
            self.db.execute("ROLLBACK")

    @property
    def opening(self) -> Opening:
        """Whose ledger it is. Raises `FileProblem` where entry 0 is damaged."""
        with LEDGER.said_clearly(self.path):
            return _opening(self.db, self.path)

    @property
    def size(self) -> int:
        """How many records there are. Raises `FileProblem` where the head is damaged."""
        with LEDGER.said_clearly(self.path):
            row = self.db.execute("SELECT size FROM head").fetchone()
        if row is None or not isinstance(row[0], int):
            raise FileProblem(self.path, "damaged: it does not say how many records there are",
                              place="table head", expected=LEDGER.expected)
        return row[0]

    def node(self, level: int, position: int) -> bytes:
        """Hash of a complete subtree (`agreement/merkle.py`)."""
        with LEDGER.said_clearly(self.path):
            return _node(self.db, level, position)

    def entries(self, first: int = 0, last: int = END) -> Iterator[tuple[Entry, bytes]]:
        """Entries from number `first` to `last` (both in) with their bytes, to the end as it
        stands when it is reached. One that is missing or damaged raises `FileProblem`, after those
        before it."""
        at = first
        while at <= last:
            with LEDGER.said_clearly(self.path):
                rows = self.db.execute(
                    "SELECT number, body, leaf FROM entries WHERE number BETWEEN ? AND ?"
                    " ORDER BY number LIMIT ?", (at, last, READ_CHUNK)).fetchall()
            for number, body, leaf in rows:
                if number != at or leaf_hash(body) != leaf:
                    raise FileProblem(self.path, "damaged: it is missing or changed",
                                      place=f"record {at}",
                                      expected="what `jointsky ledger verify` finds whole")
                yield read_entry(body, f"{self.path}, record {at}"), body
                at += 1
            if len(rows) < READ_CHUNK:
                return

    def checkpoints(self) -> list[tuple[Checkpoint, Note]]:
        """Checkpoints of this ledger in order of size, each with all who signed it."""
        with LEDGER.said_clearly(self.path):
            numbers = [number for _, number in self.db.execute(
                "SELECT size, entry FROM checkpoints ORDER BY size, entry")]
        found: dict[str, Note] = {}
        for number in numbers:
            for entry, _ in self.entries(number, number):
                if isinstance(entry.record, Witness):
                    note = read_note(entry.record.note)
                    found[note.text] = found[note.text].joined(note) if note.text in found else note
        return [(read_checkpoint(text), note) for text, note in found.items()]

    def close(self) -> None:
        """Close the file."""
        self.db.close()


def _opening(db: sqlite3.Connection, path: Path) -> Opening:
    row = db.execute("SELECT body, leaf FROM entries WHERE number = 0").fetchone()
    if row is None or leaf_hash(row[0]) != row[1]:
        raise FileProblem(path, "damaged: it is missing or changed", place="record 0",
                          expected="the opening of a ledger")
    record = read_entry(row[0], f"{path}, record 0").record
    if not isinstance(record, Opening):
        raise FileProblem(path, f"a record of kind {record.kind}", place="record 0",
                          expected="the opening of a ledger")
    return record


def _node(db: sqlite3.Connection, level: int, position: int) -> bytes:
    """Hash of a complete subtree, from the kept level at or below it."""
    above = level % KEPT_LEVELS
    first, count, kept = position << above, 1 << above, level - above
    if kept == 0:
        rows = db.execute("SELECT leaf FROM entries WHERE number >= ? AND number < ?"
                          " ORDER BY number", (first, first + count)).fetchall()
    else:
        rows = db.execute("SELECT hash FROM nodes WHERE level = ? AND position >= ? AND"
                          " position < ? ORDER BY position",
                          (kept, first, first + count)).fetchall()
    if len(rows) != count:
        raise sqlite3.DatabaseError(f"hashes of level {kept} from {first} on are missing")
    hashes = [row[0] for row in rows]
    while len(hashes) > 1:
        hashes = [node_hash(*hashes[i:i + 2]) for i in range(0, len(hashes), 2)]
    return bytes(hashes[0])

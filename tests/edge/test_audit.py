"""The audit: each changed byte, each removed, inserted or moved record is found, and located."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from jointsky.agreement.ledger import ActTaken, Alarm, Witness, canonical, read_entry
from jointsky.agreement.merkle import Frontier, leaf_hash
from jointsky.agreement.notes import Checkpoint, Note
from jointsky.edge.audit import Audit, audit, find_changed_byte
from jointsky.edge.ledger import KEPT_LEVELS, LedgerReader
from jointsky.model.errors import JointskyError
from tests.edge.ledgers import KANT, SOUTH, START_NS, exchange, message, verifier, writer

KNOWN = [verifier(KANT), verifier(SOUTH)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of about 330 records, with messages that wait and one withheld."""
    folder = tmp_path_factory.mktemp("whole")
    path, _ = exchange(folder, 110)
    ledger = writer(path)
    ledger.write([message("KAZ.Almaty", i) for i in (1, 2, 3)])
    ledger.take("KAZ.Almaty", START_NS, lambda release, _: "x" if release.sequence == 2 else "")
    ledger.write([ActTaken(time_ns=START_NS, agreement="kgz-rus", version=1, act="suspend",
                           party="KGZ", id=f"{number}a" * 32, text="{}") for number in (1, 2, 1)])
    ledger.close()
    return path


@pytest.fixture
def path(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(whole, tmp_path / "unit.ledger"))


def audited(path: Path) -> Audit:
    reader = LedgerReader(path)
    try:
        return audit(reader, KNOWN)
    finally:
        reader.close()


def said(path: Path) -> list[str]:
    return [str(fault) for fault in audited(path).faults]


def change(path: Path, *queries: tuple[str, tuple[object, ...]]) -> None:
    db = sqlite3.connect(path)
    for query, values in queries:
        db.execute(query, values)
    db.commit()
    db.close()


def bodies(path: Path) -> list[bytes]:
    return [body for body, in sqlite3.connect(path).execute(
        "SELECT body FROM entries ORDER BY number")]


def test_a_whole_ledger_has_no_fault(path: Path) -> None:
    found = audited(path)
    assert not found.faults and found.origin == "KGZ.Kant/live"
    assert found.size == len(bodies(path)) > 330
    assert {one.signers for one in found.checkpoints} == {
        ("KGZ.Kant/live",), ("KGZ.Kant/live", "RUS.South/live")}


def places(path: Path, step: int) -> list[tuple[int, int]]:
    """Every step-th byte of all records, counted through: record and byte in it."""
    found = [(number, at) for number, body in enumerate(bodies(path)) for at in range(len(body))]
    return found[::step]


def check_changed_byte(path: Path, number: int, at: int) -> None:
    """Change a byte of a record, see it named with record and byte, and put it back."""
    body = bodies(path)[number]
    other = body[:at] + bytes([body[at] ^ 1]) + body[at + 1:]
    change(path, ("UPDATE entries SET body = ? WHERE number = ?", (other, number)))
    faults = said(path)
    assert faults[0].startswith(f"record {number}, byte {at}, field "), faults
    assert f"it was {body[at:at + 1]!r}, it is {other[at:at + 1]!r}" in faults[0]
    # Beside it only what hangs on the record: the outbox's message, an index.
    assert all(fault.startswith("table ") for fault in faults[1:]), faults
    change(path, ("UPDATE entries SET body = ? WHERE number = ?", (body, number)))


def test_a_changed_byte_of_any_record_is_located(path: Path) -> None:
    for number, at in places(path, 1_999):
        check_changed_byte(path, number, at)
    assert not said(path)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_many_changed_bytes_are_located(path: Path) -> None:
    for number, at in places(path, 97):
        check_changed_byte(path, number, at)


def test_a_changed_byte_of_any_stored_hash_is_located(path: Path) -> None:
    leaves = [leaf for leaf, in sqlite3.connect(path).execute(
        "SELECT leaf FROM entries ORDER BY number")]
    for number in [0, 1, *range(2, len(leaves), 23), len(leaves) - 1]:
        leaf = leaves[number]
        at = number % 32
        other = leaf[:at] + bytes([leaf[at] ^ 0x80]) + leaf[at + 1:]
        change(path, ("UPDATE entries SET leaf = ? WHERE number = ?", (other, number)))
        faults = said(path)
        assert faults == [f"record {number}, column leaf: the stored hash was changed: the record "
                          "itself is what it was"]
        change(path, ("UPDATE entries SET leaf = ? WHERE number = ?", (leaf, number)))


def test_a_record_removed_anywhere_is_located(path: Path, tmp_path: Path) -> None:
    count = len(bodies(path))
    for number in [0, 1, *range(2, count, 13), count - 2, count - 1]:
        copy = Path(shutil.copy(path, tmp_path / "copy.ledger"))
        change(copy, ("DELETE FROM entries WHERE number = ?", (number,)))
        assert said(copy)[0] == f"record {number}: removed: not there"


def test_a_record_removed_and_the_rest_moved_up_is_located(path: Path, tmp_path: Path) -> None:
    count = len(bodies(path))
    for number in [0, 1, *range(2, count, 29), count - 2]:
        copy = Path(shutil.copy(path, tmp_path / "copy.ledger"))
        moved = [("UPDATE entries SET number = ? WHERE number = ?", (i - 1, i))
                 for i in range(number + 1, count)]
        change(copy, ("DELETE FROM entries WHERE number = ?", (number,)), *moved,
               ("UPDATE head SET size = size - 1", ()))
        assert said(copy)[0] == (f"record {number}: removed: the record numbered {number + 1} lies "
                                 "here, and those behind it follow")


def test_a_record_inserted_or_moved_is_located(path: Path, tmp_path: Path) -> None:
    count = len(bodies(path))
    for number in (1, 57, count - 2):
        copy = Path(shutil.copy(path, tmp_path / "copy.ledger"))
        down = [("UPDATE entries SET number = ? WHERE number = ?", (i + 1, i))
                for i in reversed(range(number, count))]
        body = canonical(read_entry(bodies(path)[number]))
        change(copy, *down, ("INSERT INTO entries VALUES (?, ?, ?)",
                             (number, body, leaf_hash(body))))
        assert said(copy)[0].startswith(f"record {number + 1}: inserted or moved: the record "
                                        f"numbered {number} lies here")
        copy = Path(shutil.copy(path, tmp_path / "copy.ledger"))
        change(copy, ("UPDATE entries SET number = -5 WHERE number = ?", (number,)),
               ("UPDATE entries SET number = ? WHERE number = ?", (number, number + 1)),
               ("UPDATE entries SET number = ? WHERE number = -5", (number + 1,)))
        faults = said(copy)
        assert f"the record numbered {number + 1} lies here" in faults[0]
        assert faults[1].startswith(f"record {number + 1}: inserted or moved: the record numbered "
                                    f"{number} lies here")
        copy = Path(shutil.copy(path, tmp_path / "copy.ledger"))
        change(copy, ("UPDATE entries SET number = -5 WHERE number = ?", (number,)))
        faults = said(copy)
        assert faults[0] == f"record {number}: it lies in the place of record -5"
        assert faults[1] == f"record {number}: removed: not there"


def rewrite(path: Path, first: int, *, all_after: bool) -> None:
    """Forge an alarm in a record, with its hash, and all that hangs on it if all_after."""
    found = [read_entry(body) for body in bodies(path)]
    tree, previous, queries = Frontier(), found[0].previous, []
    for number, entry in enumerate(found):
        record = Alarm(time_ns=1, name="forged", text="") if number == first else entry.record
        if number < first or (number > first and not all_after):
            previous = leaf_hash(canonical(entry)).hex()
        else:
            body = canonical(entry.model_copy(update={"record": record, "previous": previous}))
            previous = leaf_hash(body).hex()
            queries.append(("UPDATE entries SET body = ?, leaf = ? WHERE number = ?",
                            (body, leaf_hash(body), number)))
        for level, position, value in tree.append(bytes.fromhex(previous)):
            if level and level % KEPT_LEVELS == 0:
                queries.append(("UPDATE nodes SET hash = ? WHERE level = ? AND position = ?",
                                (value, level, position)))
    change(path, *queries, ("UPDATE head SET root = ?", (tree.root(),)))


@pytest.mark.parametrize("number", [1, 100, 254, 255, 256, 300])
def test_a_record_rewritten_with_its_hash_is_located_by_the_next(path: Path, number: int) -> None:
    rewrite(path, number, all_after=False)
    assert said(path)[0] == (f"record {number}: rewritten together with its hash: the record after "
                             "it holds another hash of it")


def test_everything_rewritten_is_located_between_checkpoints(path: Path) -> None:
    reader = LedgerReader(path)
    sizes = [checkpoint.size for checkpoint, _ in reader.checkpoints()]
    reader.close()
    assert len(sizes) == 2
    rewrite(path, sizes[0] + 30, all_after=True)
    faults = said(path)
    place = f"records {sizes[0]} to {sizes[1] - 1}: rewritten with all that hangs on them"
    assert any(fault.startswith(place) for fault in faults), faults
    # Whoever also forges the checkpoint needs the key: its signature does not verify.
    number, record = next((i, entry.record) for i, entry in enumerate(map(read_entry, bodies(path)))
                          if isinstance(entry.record, Witness) and f"\n{sizes[1]}\n" in
                          entry.record.note)
    forged = Note(Checkpoint("KGZ.Kant/live", sizes[1], bytes(32)).text).signed_by(
        "KGZ.Kant/live", b"x" * 32)
    assert record.note != str(forged)
    entry = read_entry(bodies(path)[number])
    body = canonical(entry.model_copy(update={"record": entry.record.model_copy(
        update={"note": str(forged)})}))
    change(path, ("UPDATE entries SET body = ?, leaf = ? WHERE number = ?",
                  (body, leaf_hash(body), number)))
    assert said(path)


def test_the_last_record_rewritten_is_found(path: Path) -> None:
    last = len(bodies(path)) - 1
    entry = read_entry(bodies(path)[last])
    body = canonical(entry.model_copy(update={"record": Alarm(time_ns=1, name="x", text="")}))
    change(path, ("UPDATE entries SET body = ?, leaf = ? WHERE number = ?",
                  (body, leaf_hash(body), last)))
    assert any("the last record was rewritten" in fault for fault in said(path))


@pytest.mark.parametrize(("query", "says"), [
    ("UPDATE head SET size = size + 2", "removed: not there"),
    ("UPDATE head SET size = size - 1", "table head: it says"),
    ("UPDATE head SET root = x'00'", "table head: the root was changed"),
    ("DELETE FROM head", "table head: it says None records"),
    ("UPDATE nodes SET hash = x'00'", "table nodes, level 8, position 0"),
    ("DELETE FROM nodes", "table nodes, level 8, position 0"),
    ("INSERT INTO nodes VALUES (8, 7, x'00')", "table nodes: 1 hashes of no records"),
    ("DELETE FROM checkpoints WHERE size > 200", "table checkpoints: size and record"),
    ("UPDATE checkpoints SET size = size + 1", "table checkpoints: size and record"),
    ("UPDATE acts SET entry = entry - 1", "table acts: act and record ('1a"),
    ("DELETE FROM acts WHERE id < '2'", "table acts: act and record ('1a"),
    ("UPDATE acts SET id = 'x' WHERE id > '2'", "table acts: act and record ('2a"),
    ("UPDATE partners SET made = made + 1 WHERE name = 'KAZ.Almaty'", "table partners: it says"),
    ("UPDATE partners SET acknowledged = 1 WHERE name = 'KAZ.Almaty'",
     "messages for KAZ.Almaty: not those from 2 to 3, from 2 on"),
    ("UPDATE partners SET acknowledged = 'x' WHERE name = 'KAZ.Almaty'", "KAZ.Almaty"),
    ("DELETE FROM outbox WHERE sequence = 3", "messages for KAZ.Almaty"),
    ("UPDATE outbox SET body = x'00' WHERE sequence = 3 AND body IS NOT NULL",
     "message 3 for KAZ.Almaty: its bytes are not those"),
    ("UPDATE outbox SET body = x'00' WHERE sequence = 2", "message 2 for KAZ.Almaty: withheld"),
    ("UPDATE outbox SET body = NULL WHERE sequence = 3", "message 3 for KAZ.Almaty: withheld"),
    ("UPDATE outbox SET recipient = 'BLR.Minsk' WHERE sequence = 3", "is not its release"),
    ("UPDATE outbox SET entry = 1 WHERE sequence = 3", "record 1 is not its release"),
    ("UPDATE entries SET body = 'text' WHERE number = 9", "record 9: its row holds something"),
    ("UPDATE entries SET leaf = 7 WHERE number = 9", "record 9: its row holds something"),
    ("DELETE FROM entries", "removed"),
    ("DROP TABLE outbox", "table outbox: cannot be read"),
    ("DROP TABLE nodes", "table nodes: cannot be read"),
])
def test_a_change_of_any_other_table_is_said(path: Path, query: str, says: str) -> None:
    change(path, (query, ()))
    faults = said(path)
    assert any(says in fault for fault in faults), faults


def contents(path: Path) -> list[str] | None:
    """All that SQLite reads of a file, None where it does not."""
    try:
        db = sqlite3.connect(path)
        tables = ("entries", "nodes", "head", "checkpoints", "acts", "partners", "outbox")
        found = [repr(row) for table in tables for row in db.execute(f"SELECT * FROM {table}")]
        db.close()
    except sqlite3.Error:
        return None
    return found


def test_a_changed_byte_anywhere_in_the_file_is_found(path: Path, whole: Path) -> None:
    octets, before = whole.read_bytes(), contents(whole)
    found = 0
    for at in [*range(0, 100, 11), *range(100, len(octets), 2_311)]:
        path.write_bytes(octets[:at] + bytes([octets[at] ^ 0x55]) + octets[at + 1:])
        try:
            told = bool(said(path))
        except JointskyError as problem:
            told = "unit.ledger" in str(problem)
        # Unused space may change: nothing of what the file holds may, unless it is said.
        assert told or contents(path) == before, f"byte {at}"
        found += told
    assert found > 40


@pytest.mark.parametrize("length", [512, 20_000])
def test_damaged_pages_are_said_with_the_records_they_held(path: Path, length: int) -> None:
    octets = bytearray(path.read_bytes())
    begin = len(octets) // 3
    octets[begin:begin + length] = b"\xa7" * length
    path.write_bytes(octets)
    faults = said(path)
    assert faults and len(faults) < 60
    if length > 4096:
        assert any("the file is damaged there" in fault for fault in faults), faults


def test_a_file_cut_short_is_said(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:60_000])
    try:
        assert said(path)
    except JointskyError as problem:
        assert "damaged" in str(problem)


def test_the_changed_byte_is_searched_for() -> None:
    body = b'{"kind":"alarm"}'
    leaf = leaf_hash(body)
    assert find_changed_byte(body.replace(b"l", b"L"), leaf) == (10, ord("l"))
    assert find_changed_byte(b"[" + body[1:], leaf) == (0, ord("{"))
    assert find_changed_byte(b"[" + body[1:-1] + b"]", leaf) is None


def test_progress_is_told(path: Path) -> None:
    told: list[int] = []
    reader = LedgerReader(path)
    tell: Callable[[int], None] = told.append
    audit(reader, KNOWN, tell)
    reader.close()
    assert told == list(range(1, len(bodies(path))))

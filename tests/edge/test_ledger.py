"""The ledger and its outbox: one transaction, the gate at the moment of sending, real faults."""

from __future__ import annotations

import hashlib
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from jointsky.agreement.ledger import Alarm, Denial, Opening, Record, Release, Withheld, Witness
from jointsky.agreement.merkle import (
    consistency_proof,
    includes,
    inclusion_proof,
    is_consistent,
    leaf_hash,
    root_at,
)
from jointsky.agreement.notes import Checkpoint, Note
from jointsky.edge.audit import audit
from jointsky.edge.ledger import NOT_AFTER, LedgerReader, LedgerWriter, Limits, Message, Outgoing
from jointsky.model.errors import FileProblem, InputError, ResourceProblem
from tests.edge.ledgers import (
    END_NS,
    KANT,
    PRIVATE,
    SOUTH,
    START_NS,
    denial,
    exchange,
    message,
    opening,
    verifier,
    writer,
)
from tests.oracles import merkle as slow

ROOT = Path(__file__).resolve().parents[2]
CHILD = Path(__file__).with_name("ledger_child.py")


def allow(release: Release, now_ns: int) -> str:
    return ""


def records_of(path: Path) -> list[Record]:
    reader = LedgerReader(path)
    try:
        assert not audit(reader).faults
        return [entry.record for entry, _ in reader.entries()]
    finally:
        reader.close()


def alarm(number: int) -> Alarm:
    return Alarm(time_ns=START_NS + number, name="test", text=f"alarm {number}")


def test_records_are_read_back_in_order_and_their_tree_is_the_standards(tmp_path: Path) -> None:
    path = tmp_path / "unit.ledger"
    given: list[Record] = [alarm(i) for i in range(700)]
    ledger = writer(path)
    reader = LedgerReader(path)
    assert reader.size == 1 and reader.opening == opening(KANT)
    assert ledger.write(given[:300]) == range(1, 301)
    ledger.close()
    ledger = writer(path)
    assert ledger.write(given[300:]) == range(301, 701)
    assert ledger.write([]) == range(701, 701)
    assert records_of(path) == [opening(KANT), *given]
    bodies = [body for _, body in reader.entries()]
    assert ledger.checkpoint == Checkpoint("KGZ.Kant/live", 701, slow.mth(bodies))
    for size in (1, 2, 255, 256, 257, 511, 512, 701):
        root = slow.mth(bodies[:size])
        assert root_at(size, reader.node) == root
        for number in (0, size // 2, size - 1):
            proof = inclusion_proof(number, size, reader.node)
            assert proof == slow.path(number, bodies[:size])
            assert includes(number, size, leaf_hash(bodies[number]), proof, root)
        proof = consistency_proof(size, 701, reader.node)
        assert is_consistent(size, 701, root, ledger.checkpoint.root, proof)
    assert [entry.number for entry, _ in reader.entries(255, 258)] == [255, 256, 257, 258]
    reader.close()
    ledger.close()


def test_a_message_is_there_with_its_record_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "unit.ledger"
    ledger = writer(path)
    one, two, three = (message(SOUTH, i) for i in (1, 2, 3))
    other = message("KAZ.Almaty", 1)
    ledger.write([one, denial(START_NS, SOUTH), other, two])
    assert ledger.take(SOUTH, START_NS, allow) == [
        Message(one.release, one.body), Message(two.release, two.body)]
    assert ledger.take("KAZ.Almaty", START_NS, allow) == [Message(other.release, other.body)]
    assert ledger.take("TJK", START_NS, allow) == []
    # Our own mistakes: a gap, a repetition, another's digest, a release by itself.
    wrong = Outgoing(three.release, b"else")
    for items in ([message(SOUTH, 4)], [message(SOUTH, 2)], [alarm(1), wrong],
                  [three, message(SOUTH, 5)], [three.release], [opening(KANT)],
                  [Withheld(time_ns=1, recipient=SOUTH, sequence=1, digest="00" * 32, rule="x")]):
        with pytest.raises(ValueError, match=r"message|written"):
            ledger.write(items)
    assert ledger.size == 5 and ledger.waiting(SOUTH).made == 2
    ledger.write([three])
    assert [m.release.sequence for m in ledger.take(SOUTH, START_NS, allow, after=1)] == [2, 3]
    assert [m.release.sequence for m in ledger.take(SOUTH, START_NS, allow, limit=2)] == [1, 2]
    ledger.close()
    assert [record.kind for record in records_of(path)] == [
        "opening", "release", "denial", "release", "release", "release"]


def test_what_is_acknowledged_is_delivered(tmp_path: Path) -> None:
    path = tmp_path / "unit.ledger"
    ledger = writer(path)
    ledger.write([message(SOUTH, i) for i in range(1, 6)])
    assert ledger.acknowledge(SOUTH, 3) == 3
    assert ledger.acknowledge(SOUTH, 2) == 0
    assert [m.release.sequence for m in ledger.take(SOUTH, START_NS, allow)] == [4, 5]
    for sequence in (6, -1):
        with pytest.raises(InputError, match="at most 5"):
            ledger.acknowledge(SOUTH, sequence)
    with pytest.raises(InputError, match="at most 0"):
        ledger.acknowledge("TJK", 1)
    ledger.close()
    ledger = writer(path)
    waiting = ledger.waiting(SOUTH)
    assert (waiting.made, waiting.acknowledged) == (5, 3)
    assert ledger.acknowledge(SOUTH, 5) == 2
    assert ledger.take(SOUTH, START_NS, allow) == []
    ledger.close()
    assert len(records_of(path)) == 6


def test_nothing_leaves_after_its_end_and_nothing_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "unit.ledger"
    ledger = writer(path)
    early, late = message(SOUTH, 1, not_after_ns=END_NS), message(SOUTH, 2, not_after_ns=END_NS + 5)
    ledger.write([early, late])
    assert all(m.body for m in ledger.take(SOUTH, END_NS - 1, allow))
    found = ledger.take(SOUTH, END_NS, allow)
    assert found == [Message(early.release, None), Message(late.release, late.body)]
    # The clock goes back, the agreement is renewed: it stays withheld, and its bytes are gone.
    for now_ns in (END_NS - 1, START_NS):
        assert ledger.take(SOUTH, now_ns, allow) == found
    ledger.close()
    assert early.body not in path.read_bytes()
    ledger = writer(path)
    assert ledger.take(SOUTH, START_NS, allow) == found
    assert ledger.acknowledge(SOUTH, 2) == 2, "the notice of it is delivered as a message is"
    ledger.close()
    assert records_of(path)[3:] == [Withheld(time_ns=END_NS, recipient=SOUTH, sequence=1,
                                             digest=early.release.digest, rule=NOT_AFTER)]


def test_the_gate_is_asked_at_the_moment_of_sending(tmp_path: Path) -> None:
    path = tmp_path / "unit.ledger"
    ledger = writer(path)
    ledger.write([message(SOUTH, i) for i in range(1, 5)])
    asked = []

    def gate(release: Release, now_ns: int) -> str:
        asked.append((release.sequence, now_ns, release.grants[0].grant))
        return "grant tracks was revoked" if release.sequence == 2 else ""

    found = ledger.take(SOUTH, START_NS + 5, gate)
    assert asked == [(i, START_NS + 5, "tracks") for i in range(1, 5)]
    assert [m.body is None for m in found] == [False, True, False, False]
    asked.clear()
    ledger.take(SOUTH, START_NS + 6, gate)
    assert [sequence for sequence, _, _ in asked] == [1, 3, 4], "each time anew, withheld once"

    def broken(release: Release, now_ns: int) -> str:
        raise RuntimeError("no agreement can be read")

    with pytest.raises(RuntimeError):
        ledger.take(SOUTH, START_NS + 7, broken)
    assert len(ledger.take(SOUTH, START_NS + 8, gate)) == 4, "an error withholds nothing for ever"
    ledger.close()
    kept = records_of(path)[5:]
    assert [(r.sequence, r.rule) for r in kept if isinstance(r, Withheld)] == [
        (2, "grant tracks was revoked")]


def test_a_clock_before_the_release_lets_nothing_go(tmp_path: Path) -> None:
    path = tmp_path / "unit.ledger"
    ledger = writer(path)
    ledger.write([message(SOUTH, 1, START_NS), message(SOUTH, 2, START_NS + 9),
                  message(SOUTH, 3, START_NS)])
    hour_ns = 3_600 * 10**9
    assert ledger.take(SOUTH, START_NS - hour_ns, allow) == []
    assert [m.release.sequence for m in ledger.take(SOUTH, START_NS + 8, allow)] == [1]
    assert all(m.body for m in ledger.take(SOUTH, START_NS + 9, allow))
    ledger.close()
    assert len(records_of(path)) == 4, "it is no reason to withhold for ever"


def test_a_changed_message_never_leaves(tmp_path: Path) -> None:
    path = tmp_path / "unit.ledger"
    ledger = writer(path)
    one = message(SOUTH, 1)
    ledger.write([one, message(SOUTH, 2)])
    ledger.close()
    change(path, "UPDATE outbox SET body = ? WHERE sequence = 1", one.body[:-1] + b"x")
    ledger = writer(path)
    assert [m.body is None for m in ledger.take(SOUTH, START_NS, allow)] == [True, False]
    ledger.close()
    change(path, "UPDATE outbox SET entry = 1 WHERE sequence = 2")
    ledger = writer(path)
    with pytest.raises(FileProblem, match=r"message 2 for RUS\.South: record 1 is of something"):
        ledger.take(SOUTH, START_NS, allow)
    ledger.close()
    # A release whose end was moved in the file.
    change(path, "UPDATE outbox SET entry = 2 WHERE sequence = 2")
    body = sqlite3.connect(path).execute("SELECT body FROM entries WHERE number = 2").fetchone()[0]
    change(path, "UPDATE entries SET body = ? WHERE number = 2",
           body.replace(str(END_NS).encode(), str(END_NS + 1).encode()))
    ledger = writer(path)
    with pytest.raises(FileProblem, match="record 2 is damaged"):
        ledger.take(SOUTH, START_NS, allow)
    ledger.close()


def change(path: Path, query: str, *values: object) -> None:
    db = sqlite3.connect(path)
    assert db.execute(query, values).rowcount == 1
    db.commit()
    db.close()


def test_killed_without_warning_it_loses_nothing_and_halves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "unit.ledger"
    size = 0
    for round_ in range(3):
        child = subprocess.Popen([sys.executable, str(CHILD), str(path), str(ROOT)],
                                 stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        lines = []
        for line in child.stdout:
            lines.append(line)
            if len(lines) == 20 + 13 * round_:
                child.send_signal(signal.SIGKILL)
                break
        lines += [line for line in child.stdout if line.endswith("\n")]
        child.stdout.close()
        assert child.wait() == -signal.SIGKILL
        safe, sequence = (int(word) for word in lines[-1].split())
        assert int(lines[0].split()[0]) > size, "it goes on after what was there"
        records = records_of(path)
        size = len(records)
        assert size >= safe
        releases = [r for r in records if isinstance(r, Release)]
        assert len(releases) >= sequence
        assert [r.sequence for r in releases] == list(range(1, len(releases) + 1))
        assert len([r for r in records if isinstance(r, Denial)]) * 2 == len(releases)
        ledger = writer(path)
        done = ledger.waiting(SOUTH).acknowledged
        waiting = ledger.take(SOUTH, START_NS, allow, limit=10_000)
        assert [m.release.sequence for m in waiting] == list(range(done + 1, len(releases) + 1))
        kept = {r.sequence for r in records if isinstance(r, Withheld)}
        assert {m.release.sequence for m in waiting if m.body is None} == {
            number for number in kept if number > done}
        ledger.close()


def test_a_full_disk_is_said_and_nothing_is_half_written(tmp_path: Path) -> None:
    path = tmp_path / "unit.ledger"
    ledger = writer(path, limits=Limits(bytes_max=1 << 18))
    ledger.write([message(SOUTH, 1, not_after_ns=END_NS)])
    long = Alarm(time_ns=1, name="long", text="x" * 2_000)
    with pytest.raises(ResourceProblem, match=r"unit\.ledger: the disk.*full; make room"):
        ledger.write([message(SOUTH, 2), *[long] * 200])
    assert ledger.size == 2 and ledger.waiting(SOUTH).made == 1
    number = 0
    with pytest.raises(ResourceProblem):
        for number in range(1_000):  # noqa: B007 - how far it got is the point
            ledger.write([long])
    assert ledger.size == 2 + number
    # What may no longer leave does not, even where that cannot be written down.
    with pytest.raises(ResourceProblem):
        for _ in range(1_000):
            ledger.take(SOUTH, END_NS, allow)
            ledger.write([alarm(1)])
    ledger.close()
    roomier = writer(path)
    assert [m.body for m in roomier.take(SOUTH, END_NS, allow)] == [None]
    roomier.close()
    assert len(records_of(path)) >= 2 + number


def test_only_so_many_messages_wait(tmp_path: Path) -> None:
    ledger = writer(tmp_path / "unit.ledger", limits=Limits(waiting_max=3))
    ledger.write([message(SOUTH, i) for i in (1, 2)])
    with pytest.raises(ResourceProblem, match=r"3 messages wait for RUS\.South"):
        ledger.write([message(SOUTH, 3), message(SOUTH, 4)])
    ledger.write([message(SOUTH, 3), message("KAZ.Almaty", 1)])
    ledger.acknowledge(SOUTH, 1)
    ledger.write([message(SOUTH, 4)])
    ledger.close()


def test_two_writers_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "unit.ledger"
    one, two = writer(path), writer(path)
    one.write([alarm(1)])
    with pytest.raises(ResourceProblem, match="another program writes this ledger"):
        two.write([alarm(2), alarm(3)])
    one.write([alarm(4)])
    assert records_of(path)[1:] == [alarm(1), alarm(4)]
    one.close()
    two.close()


def test_checkpoints_are_signed_and_co_signed(tmp_path: Path) -> None:
    path = tmp_path / "unit.ledger"
    ledger = writer(path)
    ledger.write([alarm(i) for i in range(9)])
    note = ledger.sign_checkpoint(PRIVATE[KANT], START_NS)
    ledger.write([alarm(10)])
    both = note.signed_by("RUS.South/live", PRIVATE[SOUTH])
    assert ledger.witness(verifier(SOUTH), SOUTH, str(both), START_NS) == 12
    # Not signed by who is said to; of a ledger that never was so; of one that is not yet so long.
    with pytest.raises(InputError, match=r"RUS\.South/live did not sign it"):
        ledger.witness(verifier(SOUTH), SOUTH, str(note), START_NS)
    for size in (9, 10, 99):
        false = Note(Checkpoint("KGZ.Kant/live", size, bytes(32)).text).signed_by(
            "RUS.South/live", PRIVATE[SOUTH])
        with pytest.raises(InputError, match=f"never was {size} records"):
            ledger.witness(verifier(SOUTH), SOUTH, str(false), START_NS)
    theirs = Note(Checkpoint("RUS.South/live", 5, bytes(32)).text).signed_by(
        "RUS.South/live", PRIVATE[SOUTH])
    ledger.witness(verifier(SOUTH), SOUTH, str(theirs), START_NS)
    with pytest.raises(InputError, match="note"):
        ledger.write([Witness(time_ns=1, partner=SOUTH, note="no note")])
    ledger.close()
    reader = LedgerReader(path)
    (checkpoint, found), = reader.checkpoints()
    assert checkpoint.size == 10 and found == both
    result = audit(reader, [verifier(SOUTH)])
    assert not result.faults
    assert [one.signers for one in result.checkpoints] == [
        ("KGZ.Kant/live",), ("KGZ.Kant/live", "RUS.South/live")]
    assert audit(reader).checkpoints[1].unknown == 1
    reader.close()


def test_an_exchange_is_whole_on_both_sides(tmp_path: Path) -> None:
    for path in exchange(tmp_path, 50):
        reader = LedgerReader(path)
        found = audit(reader, [verifier(KANT), verifier(SOUTH)])
        assert not found.faults
        assert found.size == reader.size >= 150
        assert found.root == root_at(found.size, reader.node)
        reader.close()


@pytest.mark.parametrize(("content", "says"), [
    (b"hello", "not a ledger"), (b"SQLite format 3\0" + bytes(200), "not a ledger")])
def test_a_file_that_is_no_ledger_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "other.file"
    path.write_bytes(content)
    with pytest.raises(FileProblem, match=says):
        LedgerReader(path)
    with pytest.raises(FileProblem, match=says):
        writer(path)
    assert path.read_bytes() == content
    with pytest.raises(FileProblem, match="no such file"):
        LedgerReader(tmp_path / "none.ledger")
    with pytest.raises(ResourceProblem, match="expected a folder that can be written to"):
        writer(tmp_path / "no" / "unit.ledger")


def test_another_units_and_another_worlds_ledger_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "unit.ledger"
    writer(path).close()
    with pytest.raises(FileProblem, match=r"of KGZ\.Kant/live; expected that of RUS\.South/live"):
        writer(path, SOUTH)
    other = Opening(time_ns=1, unit=KANT, world="exercise", key="00" * 32)
    with pytest.raises(FileProblem, match=r"expected that of KGZ\.Kant/exercise"):
        LedgerWriter(path, other)
    assert len(records_of(path)) == 1


def test_a_ledger_that_does_not_fit_its_root_is_not_written_on(tmp_path: Path) -> None:
    path = tmp_path / "unit.ledger"
    ledger = writer(path)
    ledger.write([alarm(i) for i in range(5)])
    ledger.close()
    change(path, "UPDATE entries SET leaf = ? WHERE number = 3", hashlib.sha256(b"x").digest())
    with pytest.raises(FileProblem, match="its records do not fit its root"):
        writer(path)
    change(path, "DELETE FROM entries WHERE number = 3")
    with pytest.raises(FileProblem, match=r"damaged: hashes of level 0 .* are missing"):
        writer(path)

"""The journal: order, seeking, limits, and faults with real processes and real files."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jointsky.edge.journal import (
    END,
    JOURNAL,
    STATE_SLICE,
    Entry,
    EntryKind,
    JournalReader,
    JournalWriter,
    Limits,
)
from jointsky.model.errors import FileProblem, ResourceProblem
from jointsky.model.frame import Frame

CHILD = Path(__file__).with_name("journal_child.py")


def entries_of(path: Path, first: int = 0, last: int = END) -> list[Entry]:
    reader = JournalReader(path)
    try:
        return list(reader.entries(first, last))
    finally:
        reader.close()


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(st.tuples(
    st.sampled_from(list(EntryKind)), st.integers(-2**63, 2**63 - 1), st.binary(max_size=60),
    st.sampled_from(["", "radar", "ads-b", "оператор"])), max_size=30),
    cut=st.integers(0, 30))
def test_what_is_appended_is_read_back_in_order(
        tmp_path_factory: pytest.TempPathFactory,
        rows: list[tuple[EntryKind, int, bytes, str]], cut: int) -> None:
    path = tmp_path_factory.mktemp("journal") / "unit.journal"
    for part in (rows[:cut], rows[cut:]):
        journal = JournalWriter(path)
        for kind, time_ns, payload, source in part:
            journal.append(kind, time_ns, payload, source)
        journal.close()
    written = [Entry(number, kind, time_ns, source, payload) for number, (kind, time_ns, payload,
               source) in enumerate(rows, 1)]
    assert entries_of(path) == written
    assert entries_of(path, 5, 9) == written[4:9]


def test_long_journals_are_read_while_they_grow(tmp_path: Path) -> None:
    path = tmp_path / "unit.journal"
    journal = JournalWriter(path)
    journal.append_frames(Frame("radar", i, b"x") for i in range(10_000))
    reader = JournalReader(path)
    assert reader.extent().last == 0, "nothing is there before the commit"
    assert journal.commit() == 10_000
    entries = reader.entries()
    assert next(entries).sequence == 1
    journal.append_tick(77)
    journal.commit()
    assert [entry.sequence for entry in entries] == list(range(2, 10_002))
    journal.append_frames([Frame("new source", 78, b"y")])
    journal.commit()
    assert [entry.source for entry in reader.entries(10_002)] == ["new source"]
    extent = reader.extent()
    assert (extent.first, extent.last, extent.start_ns, extent.end_ns) == (1, 10_002, 77, 77)
    reader.close()
    journal.close()


def test_killed_without_warning_it_loses_nothing_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "unit.journal"
    said = 0
    for round_ in range(3):
        child = subprocess.Popen([sys.executable, str(CHILD), str(path)],
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
        assert int(lines[0]) > said, "it goes on after what was there"
        said = int(lines[-1])
        entries = entries_of(path)
        assert len(entries) >= said
        assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
        assert len(entries) % 38 == 0, "a commit is there whole or not at all"
        for entry in entries:
            assert entry.time_ns == entry.sequence * 7
            if entry.kind is EntryKind.FRAME:
                assert entry.payload == entry.sequence.to_bytes(8, "big") * 9


def test_checkpoints_are_found_by_time(tmp_path: Path) -> None:
    path = tmp_path / "unit.journal"
    journal = JournalWriter(path, Limits(checkpoints_max=3))
    for tick in range(1, 6):
        sequence = journal.append_tick(tick * 100)
        journal.commit()
        journal.save_checkpoint(sequence, tick * 100, bytes([tick]))
    reader = JournalReader(path)
    found = reader.checkpoint_before(450)
    assert found is not None
    assert (found.sequence, found.time_ns, found.state) == (4, 400, b"\x04")
    assert reader.checkpoint_before(299) is None, "only the last three are kept"
    reader.close()
    journal.close()


def test_a_large_checkpoint_is_written_with_several_commits(tmp_path: Path) -> None:
    path = tmp_path / "unit.journal"
    journal, reader = JournalWriter(path), JournalReader(path)
    state = bytes(range(256)) * (3 * STATE_SLICE // 256) + b"end"
    sequence = journal.append_tick(100)
    journal.save_checkpoint(sequence, 100, state)
    commits = 0
    while journal.saving:
        assert reader.checkpoint_before(200) is None, "not before all of it is there"
        journal.append_tick(101 + commits)
        journal.commit()
        commits += 1
    assert commits == 3
    found = reader.checkpoint_before(200)
    assert found is not None and (found.sequence, found.state) == (sequence, state)
    # One that is given up leaves nothing behind.
    journal.save_checkpoint(journal.append_tick(300), 300, state)
    journal.save_checkpoint(journal.append_tick(400), 400, b"small")
    found = reader.checkpoint_before(500)
    assert found is not None and (found.time_ns, found.state) == (400, b"small")
    journal.tidy()
    reader.close()
    journal.close()
    assert sqlite3.connect(path).execute("SELECT count(*) FROM states").fetchone() == (5,)


def test_old_entries_go_at_a_checkpoint_and_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "unit.journal"
    journal = JournalWriter(path, Limits(keep_ns=1_000))
    journal.append(EntryKind.CONFIG, 0, b"configuration")
    for tick in range(1, 101):
        journal.append_frames([Frame("radar", tick * 100, b"x")])
        sequence = journal.append_tick(tick * 100)
        if tick in {50, 95}:
            journal.commit()
            journal.save_checkpoint(sequence, tick * 100, b"state")
    journal.commit()
    assert journal.trim(10_000) == 100, "the newest checkpoint that is old enough is tick 50"
    assert journal.trim(10_000) == 0
    entries = entries_of(path)
    assert entries[0].kind is EntryKind.CONFIG
    assert [entry.time_ns for entry in entries[1:]] == [
        time for tick in range(51, 101) for time in (tick * 100, tick * 100)]
    reader = JournalReader(path)
    assert reader.extent().forgotten == 100
    assert reader.checkpoint_before(5_000) is not None
    reader.close()
    journal.close()


def test_a_journal_over_its_size_forgets_the_oldest_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "unit.journal"
    journal = JournalWriter(path, Limits(bytes_max=1 << 20))
    for tick in range(300):
        journal.append_frames(Frame("radar", tick, bytes(1_000)) for _ in range(20))
        journal.append_tick(tick)
        journal.commit()
        journal.trim(tick)
    journal.close()
    assert path.stat().st_size <= (1 << 20) * 1.1
    entries = entries_of(path)
    assert entries[-1].sequence == 300 * 21
    assert entries[0].sequence > 1
    assert [entry.sequence for entry in entries] == list(
        range(entries[0].sequence, 300 * 21 + 1))


def test_a_full_disk_is_said_and_the_entries_wait(tmp_path: Path) -> None:
    path = tmp_path / "unit.journal"
    journal = JournalWriter(path, Limits(bytes_max=1 << 18))
    journal.append_frames(Frame("radar", 1, bytes(10_000)) for _ in range(10))
    assert journal.commit() == 10
    journal.append_frames(Frame("radar", 2, bytes(10_000)) for _ in range(40))
    with pytest.raises(ResourceProblem, match=r"unit\.journal: the disk.*full; make room"):
        journal.commit()
    assert journal.acknowledged == 10
    with pytest.raises(ResourceProblem):
        journal.close()
    roomier = JournalWriter(path, Limits(bytes_max=1 << 22))
    assert roomier.acknowledged == 10
    roomier.close()


def test_two_writers_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "unit.journal"
    one, two = JournalWriter(path), JournalWriter(path)
    one.append_tick(1)
    two.append_tick(1)
    one.commit()
    with pytest.raises(ResourceProblem, match="another program writes this journal"):
        two.commit()
    one.close()


def test_commit_may_run_on_another_thread(tmp_path: Path) -> None:
    journal = JournalWriter(tmp_path / "unit.journal")
    journal.append_tick(1)
    thread = threading.Thread(target=journal.commit)
    thread.start()
    thread.join()
    assert journal.acknowledged == 1
    journal.close()


def test_a_damaged_journal_is_said_with_the_place(tmp_path: Path) -> None:
    path = tmp_path / "unit.journal"
    journal = JournalWriter(path)
    journal.append_frames(Frame("radar", i, bytes(500)) for i in range(5_000))
    journal.close()
    content = bytearray(path.read_bytes())
    content[1_000_000:1_500_000] = b"\xa7" * 500_000
    path.write_bytes(content)
    got = []
    reader = JournalReader(path)
    with pytest.raises(FileProblem, match=r"unit\.journal, entry \d+: damaged"):
        for entry in reader.entries():
            got.append(entry)
    assert [entry.time_ns for entry in got] == list(range(len(got)))
    assert 0 < len(got) < 5_000
    reader.close()


def test_one_changed_byte_in_a_payload_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "unit.journal"
    journal = JournalWriter(path)
    journal.append_frames(Frame("radar", i, b"payload %d" % i) for i in range(9))
    journal.close()
    content = path.read_bytes()
    path.write_bytes(content.replace(b"payload 5", b"payload 6"))
    with pytest.raises(FileProblem, match="entry 6: damaged: its checksum"):
        entries_of(path)


@pytest.mark.parametrize(("content", "says"), [
    (b"", "not a journal"), (b"hello", "not a journal"), (b"SQLite format 3\0" + bytes(200),
                                                         "not a journal")])
def test_a_file_that_is_no_journal_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "other.file"
    path.write_bytes(content)
    assert not JOURNAL.is_in(path)
    with pytest.raises(FileProblem, match=says):
        JournalReader(path)
    if content:
        with pytest.raises(FileProblem, match=says):
            JournalWriter(path)
        assert path.read_bytes() == content


def test_another_database_and_another_version_are_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    db = sqlite3.connect(other)
    db.execute("CREATE TABLE t (x)")
    db.commit()
    db.close()
    with pytest.raises(FileProblem, match="not a journal"):
        JournalWriter(other)
    newer = tmp_path / "newer.journal"
    JournalWriter(newer).close()
    assert JOURNAL.is_in(newer)
    db = sqlite3.connect(newer)
    db.execute("PRAGMA user_version = 9")
    db.close()
    with pytest.raises(FileProblem, match="version 9; expected version 2"):
        JournalReader(newer)


def test_missing_places_are_said(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="no such file"):
        JournalReader(tmp_path / "none.journal")
    with pytest.raises(ResourceProblem, match="expected a folder that can be written to"):
        JournalWriter(tmp_path / "no" / "folder" / "unit.journal")


def test_a_closed_journal_is_read_from_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    folder.mkdir()
    path = folder / "unit.journal"
    journal = JournalWriter(path)
    journal.append_tick(5)
    journal.close()
    folder.chmod(0o555)
    try:
        assert [entry.time_ns for entry in entries_of(path)] == [5]
    finally:
        folder.chmod(0o755)

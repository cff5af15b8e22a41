"""The folder of acts: whole files only, moved once, read again at the next start."""

from __future__ import annotations

from pathlib import Path

import pytest

from jointsky.edge.acts import ActsFolder
from jointsky.model.errors import FileProblem


def test_a_file_is_taken_once_it_is_whole(tmp_path: Path) -> None:
    folder = ActsFolder(tmp_path)
    (tmp_path / "a.json").write_text("{")
    assert folder.waiting() == []
    (tmp_path / "a.json").write_text("{}")
    assert folder.waiting() == []
    (command,) = folder.waiting()
    assert (command.kind, command.source, command.text) == ("act", "a.json", "{}")


def test_accepted_ones_come_back_in_order_and_once(tmp_path: Path) -> None:
    folder = ActsFolder(tmp_path)
    for number in range(12):
        (tmp_path / f"{number}.json").write_text(f"act {number}")
    folder.waiting()
    commands = sorted(folder.waiting(), key=lambda one: int(one.source[:-5]))
    for number, command in enumerate(commands):
        act = f"{number:016x}".ljust(64, "0")
        folder.settle(command, 1000 + number, act, "")
        folder.settle(command, 2000 + number, act, "again")
    assert [(ns, text) for ns, _, text in ActsFolder(tmp_path).accepted()] == [
        (1000 + number, f"act {number}") for number in range(12)]


def test_refused_ones_lie_beside_the_reason(tmp_path: Path) -> None:
    folder = ActsFolder(tmp_path)
    (tmp_path / "bad.json").write_bytes(b"\xff")
    folder.waiting()
    (command,) = folder.waiting()
    folder.settle(command, None, "", "it is no act")
    assert (tmp_path / "refused" / "bad.json").read_bytes() == b"\xff"
    assert (tmp_path / "refused" / "bad.json.why.txt").read_text() == "it is no act\n"
    assert folder.waiting() == []


def test_a_damaged_accepted_act_is_said(tmp_path: Path) -> None:
    (tmp_path / "accepted").mkdir()
    (tmp_path / "accepted" / "000001-ab.json").write_text("[]")
    with pytest.raises(FileProblem, match="an act as this unit accepted it"):
        list(ActsFolder(tmp_path).accepted())


def test_an_empty_folder_gives_nothing_and_is_not_made(tmp_path: Path) -> None:
    folder = ActsFolder(tmp_path / "none")
    assert folder.waiting() == [] and list(folder.accepted()) == []
    assert not (tmp_path / "none").exists()

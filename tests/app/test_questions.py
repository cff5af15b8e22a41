"""Questions to a journal by the command line: why, what a partner had, what an end would cost."""

from __future__ import annotations

import csv
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from jointsky.agreement.judge import Cause
from jointsky.agreement.periods import text_of
from jointsky.app.cli import main
from jointsky.app.views import tracks_of
from jointsky.model.world import World
from tests.app.lawful import Written, write_journal
from tests.app.test_replay import journal_of_demo


@dataclass(frozen=True)
class Journal:
    path: Path
    turns: dict[int, Written]


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Journal:
    path = tmp_path_factory.mktemp("questions") / "unit.journal"
    return Journal(path, write_journal(path, 36, "kgz-rus", "cis"))


def said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: object,
         status: int = 0) -> tuple[str, str]:
    monkeypatch.setattr(sys, "argv", ["jointsky", "agreement", *map(str, words)])
    capsys.readouterr()
    try:
        main()
    except SystemExit as end:
        assert (end.code or 0) == status, capsys.readouterr()
    else:
        assert status == 0
    out, err = capsys.readouterr()
    return out, err


def test_explain_says_what_was_decided(journal: Journal, capsys: pytest.CaptureFixture[str],
                                       monkeypatch: pytest.MonkeyPatch) -> None:
    at_ns = max(one for one, turn in journal.turns.items() if turn.released)
    (rus,) = (one for one in journal.turns[at_ns].released if one.recipient == "RUS")
    at = ("--to", "RUS", "--at", text_of(at_ns))
    gets = int(rus.tracks.system_track_number[0])
    out, _ = said(capsys, monkeypatch, "explain", journal.path, "--track", gets, *at)
    assert out.startswith(f"RUS gets track {gets} of KGZ at {text_of(at_ns)}: article ")
    lost = int(next(one for one in rus.denials if one.cause == Cause.HEIGHT).numbers[0])
    out, _ = said(capsys, monkeypatch, "explain", journal.path, "--track", lost, *at)
    assert out.startswith(f"RUS does not get track {lost} of KGZ") and "ends at 9,000 m" in out


def test_preview_is_what_was_released(journal: Journal, tmp_path: Path,
                                      capsys: pytest.CaptureFixture[str],
                                      monkeypatch: pytest.MonkeyPatch) -> None:
    at_ns = sorted(journal.turns)[-5]
    expected = tracks_of(journal.turns[at_ns].views["KAZ"], World.REPLAY)
    assert len(expected)
    words = ("preview", journal.path, "--as", "KAZ", "--at", text_of(at_ns))
    _, err = said(capsys, monkeypatch, *words, "-o", tmp_path / "kaz.csv")
    assert err.startswith(f"{len(expected)} tracks for KAZ, ")
    with (tmp_path / "kaz.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["number"]) for row in rows] == expected.system_track_number.tolist()
    assert np.allclose([float(row["latitude"]) for row in rows],
                       np.degrees(expected.latitude_rad), atol=1e-9)
    assert {row["started_ms"] for row in rows} == {""}
    said(capsys, monkeypatch, *words, "-o", tmp_path / "kaz.geojson")
    told = json.loads((tmp_path / "kaz.geojson").read_text())
    assert [one["id"] for one in told["features"]] == expected.system_track_number.tolist()
    out, _ = said(capsys, monkeypatch, *words)
    assert len(out.splitlines()) == len(expected) + 1


def test_rehearsal_of_an_end(journal: Journal, capsys: pytest.CaptureFixture[str],
                             monkeypatch: pytest.MonkeyPatch) -> None:
    out, _ = said(capsys, monkeypatch, "rehearse", journal.path, "--end", "2027-06-01",
                  "--agreement", "kgz-rus")
    assert out.startswith("kgz-rus ends on 2027-06-01: ")
    rus = out[out.index("RUS from KGZ"):]
    had = re.search(r"tracks: (\d+) -> 0, (\d+) lost", rus)
    assert had and had[1] == had[2] and int(had[1]) > 0
    assert re.search(r"areas granted: [1-9][\d,]+ km2 -> 0 km2", rus)
    assert re.search(r"ground with tracks: [1-9][\d,]* km2 -> 0 km2", rus)
    assert "deployment lapses: Kant radar (200/11) of RUS" in out
    assert "kept with fewer sensors" in out


@pytest.mark.parametrize(("words", "problem"), [
    (("explain", "--track", 64_000, "--to", "RUS"), "--track 64000: the unit has no such track"),
    (("explain", "--track", 1, "--to", "USA"), "expected one of ARM, BLR, KAZ, RUS, TJK"),
    (("preview", "--as", "rus"), "--as rus: KGZ has no agreement with it"),
    (("preview", "--as", "RUS", "--at", "2031-01-01"), "expected 2026-"),
    (("preview", "--as", "RUS", "--at", "noon"), "--at: 'noon'; expected a date such as"),
    (("preview", "--as", "RUS", "-o", "p.xlsx"), "expected .csv or .geojson"),
    (("preview", "--as", "RUS", "-o", "no/where.csv"), "no/where.csv: cannot be written"),
    (("rehearse", "--end", "2027-01-01", "--agreement", "nato"), "expected one of cis, kgz-rus"),
    (("rehearse", "--end", "2035-01-01", "--agreement", "kgz-rus"), ""),
    (("rehearse", "--end", "2020-01-01", "--agreement", "kgz-rus"), "not in force before"),
])
def test_bad_questions_are_one_clear_message(
        words: tuple[object, ...], problem: str, journal: Journal,
        capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    status = 2 if problem else 0
    _, err = said(capsys, monkeypatch, words[0], journal.path, *words[1:], status=status)
    assert problem in err and "Traceback" not in err


def test_a_unit_without_agreements_has_no_answers(tmp_path: Path,
                                                  capsys: pytest.CaptureFixture[str],
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lawless.journal"
    journal_of_demo(path, 4)
    _, err = said(capsys, monkeypatch, "preview", path, "--as", "RUS", status=2)
    assert "expected a journal of a unit that has activated an agreement" in err
    _, err = said(capsys, monkeypatch, "rehearse", path, "--end", "2027-01-01", status=2)
    assert "the unit holds no agreement" in err

"""`jointsky decode` and `jointsky doctor` as a user runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from jointsky.app.cli import main


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """The program in a process of its own."""
    return subprocess.run([sys.executable, "-m", "jointsky", *map(str, words)],
                          capture_output=True, text=True, check=False, timeout=240)


def test_the_summary_is_exactly_this(shared: Path, tmp_path: Path) -> None:
    file = shared / "asterix" / "jahorina_radar_cat034_cat048.ast"
    done = run("decode", file, "-o", tmp_path / "out.parquet", "--summary", "json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary.pop("seconds") > 0
    assert summary == {"records": {"034": 20, "048": 2_099}, "rejected": 0, "reasons": {}}
    assert pq.read_table(tmp_path / "out.parquet").num_rows == 2_119


def test_a_cut_recording_is_decoded_written_and_reported(shared: Path, tmp_path: Path) -> None:
    whole = (shared / "asterix" / "jahorina_radar_cat034_cat048.ast").read_bytes()
    cut = tmp_path / "cut.ast"
    cut.write_bytes(whole[:100_000])
    done = run("decode", cut, "-o", tmp_path / "out.csv", "--summary", "json")
    assert done.returncode == 2
    summary = json.loads(done.stdout)
    assert summary["records"] == {"034": 20, "048": 2_080}
    assert summary["rejected"] == 1 and summary["reasons"] == {"block_truncated": 1}
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 2_101
    assert f"{cut}, byte 99871" in done.stderr and "expected a whole raw recording" in done.stderr


@pytest.mark.parametrize(("words", "said"), [
    (["none.ast"], "none.ast: there is no such file; expected"),
    (["{file}", "--edition", "021=9.9"], "category 021: no table reads edition 9.9; expected one"),
    (["{file}", "--edition", "099=1.0"], "category 099: no table for it; expected one of 001"),
    (["{file}", "--edition", "21"], "--edition: '21' is no category and edition; expected"),
    (["{file}", "-o", "out.xls"], "no form of export is called '.xls'; expected"),
    (["{file}", "-o", "no/such/folder/out.csv"], "there is no folder"),
    (["{file}", "--summary", "xml"], "'xml' is no form of summary; expected json")])
def test_bad_input_ends_in_one_clear_line(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
        words: list[str], said: str) -> None:
    file = tmp_path / "a.ast"
    file.write_bytes(b"\x30\x00\x09\xc0\x14\x01\x41\x6d\xec" * 4)
    monkeypatch.setattr(sys, "argv", ["jointsky", "decode",
                                      *(word.format(file=file) for word in words)])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    assert ended.value.code == 2 and out == ""
    assert said in err and "Traceback" not in err


def test_the_doctor_says_what_a_recording_is(shared: Path) -> None:
    file = shared / "asterix" / "jahorina_radar_cat034_cat048.ast"
    done = run("doctor", file, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["records"] == {"034": 20, "048": 2_099}
    assert found["sources"][1]["aircraft"] == 106

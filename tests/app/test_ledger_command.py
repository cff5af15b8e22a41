"""`jointsky ledger`: whole and broken ledgers, proofs that others check, what auditors get."""

from __future__ import annotations

import csv
import json
import sqlite3
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from jointsky.agreement.ledger import Alarm
from jointsky.agreement.notes import read_checkpoint, read_note
from jointsky.app.cli import build
from jointsky.edge.ledger import LedgerReader
from tests.edge.ledgers import (
    KANT,
    PRIVATE,
    SOUTH,
    START_NS,
    exchange,
    message,
    receipt,
    verifier,
    writer,
)

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "docs" / "scripts"
KEYS = [verifier(KANT).text, verifier(SOUTH).text]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    exchange(tmp_path, 25, signed_each=10)
    (tmp_path / "keys.txt").write_text("\n".join(KEYS) + "\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(command: str, exit_code: int = 0) -> str:
    result: Result = CliRunner().invoke(build(), ["ledger", *command.split()])
    assert result.exit_code == exit_code, result.output
    return result.output


def change(path: str, query: str, *values: object) -> None:
    db = sqlite3.connect(path)
    assert db.execute(query, values).rowcount == 1
    db.commit()
    db.close()


def checked(script: str, proof: dict[str, Any] | Path,
            *keys: str) -> subprocess.CompletedProcess[str]:
    """What an independent script says of a proof; it finds no jointsky to import."""
    path = Path("changed.json") if isinstance(proof, dict) else proof
    if isinstance(proof, dict):
        path.write_text(json.dumps(proof, ensure_ascii=False))
    return subprocess.run([sys.executable, "-I", "-c", (
        "import runpy, sys; sys.path.insert(0, sys.argv[1]); sys.modules['jointsky'] = None;"
        "sys.argv = sys.argv[2:]; runpy.run_path(sys.argv[0], run_name='__main__')"),
        str(SCRIPTS), str(SCRIPTS / script), str(path), *keys], capture_output=True, text=True,
        check=False)


def test_a_whole_ledger_and_a_changed_one(desk: Path) -> None:
    said = run("verify kant.ledger --keys keys.txt")
    assert "KGZ.Kant/live: " in said
    assert "2 checkpoints; the last is of" in said and "KGZ.Kant/live, RUS.South/live" in said
    assert said.endswith("whole: every record, hash and checkpoint fits\n")
    assert "2 signatures by keys that are not known" in run("verify kant.ledger")
    body = sqlite3.connect("kant.ledger").execute(
        "SELECT body FROM entries WHERE number = 7").fetchone()[0]
    at = body.index(b'"rows":') + 7
    change("kant.ledger", "UPDATE entries SET body = ? WHERE number = 7",
           body[:at] + b"8" + body[at + 1:])
    said = run("verify kant.ledger --keys keys.txt", 1)
    assert f"record 7, byte {at}, field rows: changed: it was b'" in said
    assert said.endswith("1 faults\n")
    change("kant.ledger", "DELETE FROM entries WHERE number = 7")
    assert "record 7: removed: not there" in run("verify kant.ledger", 1)
    db = sqlite3.connect("kant.ledger")
    db.execute("DELETE FROM head")
    db.commit()
    assert "table head" in run("verify kant.ledger", 1)


def test_a_ledger_that_nobody_signed(tmp_path: Path) -> None:
    ledger = writer(tmp_path / "unit.ledger")
    ledger.write([Alarm(time_ns=1, name="test", text="")])
    ledger.close()
    assert "nobody vouches for the whole" in run(f"verify {tmp_path}/unit.ledger")


def test_a_proof_is_checked_by_others(desk: Path) -> None:
    run("prove kant.ledger 12 -o proof.json")
    found = checked("verify_proof.py", desk / "proof.json", *KEYS)
    assert found.returncode == 0, found.stderr
    assert found.stdout.startswith("proved: record 12 of ")
    assert run("prove kant.ledger 12") == (desk / "proof.json").read_text()
    assert len((SCRIPTS / "verify_proof.py").read_text().splitlines()) <= 50
    reader = LedgerReader(desk / "kant.ledger")
    last = reader.checkpoints()[-1][0].size
    reader.close()
    for number in (0, 1, last // 2, last - 1):
        run(f"prove kant.ledger {number} -o proof.json")
        assert checked("verify_proof.py", desk / "proof.json", *KEYS).returncode == 0
    with pytest.raises(AssertionError):
        run(f"prove kant.ledger {last}")


def changes_of(proof: dict[str, Any]) -> list[dict[str, Any]]:
    """A proof with one thing changed in each of many ways."""
    record, note, path = proof["record"], proof["checkpoint"], proof["path"]
    lines = note.split("\n")
    changed = [proof | {"record": record[:at] + ("1" if record[at] != "1" else "2")
                        + record[at + 1:]} for at in range(0, len(record), 29)]
    changed += [proof | {"path": [*path[:i], "00" * 32, *path[i + 1:]]} for i in range(len(path))]
    changed += [proof | {"path": path[:-1]}, proof | {"path": [*path, "00" * 32]},
                proof | {"path": path[::-1]}, proof | {"path": []}]
    for i, other in ((0, "RUS.South/live"), (1, str(int(lines[1]) - 1)), (2, "A" * 43 + "="),
                     (4, lines[5]), (5, lines[4]), (5, lines[5][:-9] + "AAAAAAA=")):
        changed.append(proof | {"checkpoint": "\n".join([*lines[:i], other, *lines[i + 1:]])})
    return changed


def test_a_changed_proof_is_refused(desk: Path) -> None:
    proof = json.loads(run("prove kant.ledger 12"))
    assert checked("verify_proof.py", proof, *KEYS).returncode == 0
    for one in changes_of(proof)[::3]:
        found = checked("verify_proof.py", one, *KEYS)
        assert found.returncode == 1 and found.stderr.startswith("NOT PROVED"), (one, found)
    for keys in ((), (KEYS[0], "KAZ.Almaty/live+00000000+" + KEYS[0].split("+", 2)[2])):
        assert checked("verify_proof.py", proof, *keys).stderr.startswith("NOT PROVED")


@pytest.mark.slow
def test_every_changed_proof_is_refused(desk: Path) -> None:
    for number in (0, 12, 33):
        proof = json.loads(run(f"prove kant.ledger {number}"))
        for one in changes_of(proof):
            found = checked("verify_proof.py", one, *KEYS)
            assert found.returncode == 1 and found.stderr.startswith("NOT PROVED"), (one, found)


def test_growth_is_checked_by_others(desk: Path) -> None:
    reader = LedgerReader(desk / "kant.ledger")
    first, second = (checkpoint.size for checkpoint, _ in reader.checkpoints())
    reader.close()
    proof = json.loads(run(f"prove kant.ledger --between {first} {second}"))
    found = checked("verify_consistency.py", proof, *KEYS)
    assert found.returncode == 0, found.stderr
    assert f"of {first} records is the beginning of that of {second}" in found.stdout
    path = proof["path"]
    for other in ({"path": path[:-1]}, {"path": [*path, "00" * 32]},
                  {"path": ["00" * 32, *path[1:]]}, {"second": proof["first"]},
                  {"first": proof["second"], "second": proof["first"]}):
        said = checked("verify_consistency.py", proof | other, *KEYS)
        assert said.returncode == 1 and said.stderr.startswith("NOT PROVED")


def test_the_examples_of_the_page_are_what_the_program_makes(desk: Path) -> None:
    reader = LedgerReader(desk / "kant.ledger")
    first, second = (checkpoint.size for checkpoint, _ in reader.checkpoints())
    reader.close()
    for name, command in (("proof", "prove kant.ledger 12"),
                          ("growth", f"prove kant.ledger --between {first} {second}")):
        assert (SCRIPTS / f"{name}.json").read_text() == run(command)


def test_two_ledgers_of_one_exchange(desk: Path) -> None:
    said = run("compare kant.ledger south.ledger")
    assert "KGZ.Kant to RUS.South: 25 messages, 24 taken in, 1 under way" in said
    assert "RUS.South to KGZ.Kant: 25 messages" in said
    assert "2 checkpoints of KGZ.Kant seen by RUS.South" in said
    assert said.endswith("both ledgers agree\n")


def test_the_first_difference_is_told(desk: Path) -> None:
    kant, south = writer(desk / "kant.ledger"), writer(desk / "south.ledger", SOUTH)
    now_ns = START_NS + 10**12
    other = message("TJK.Dushanbe", 26, now_ns)
    south.write([receipt(KANT, message(SOUTH, 25), now_ns), receipt(KANT, other, now_ns),
                 receipt("TJK.Dushanbe", message(SOUTH, 1), now_ns)])
    said = run("compare kant.ledger south.ledger", 1)
    assert "first difference: message 26: RUS.South took it in, KGZ.Kant never released it" in said
    assert f"(record {south.size - 2} of RUS.South)" in said
    kant.write([message(SOUTH, 26, now_ns)])
    said = run("compare south.ledger kant.ledger", 1)
    assert "message 26: not the same bytes: KGZ.Kant released" in said
    assert f"(record {kant.size - 1} of KGZ.Kant, record {south.size - 2} of RUS.South)" in said
    assert said.endswith("1 differences\n")
    kant.write([message(SOUTH, i, now_ns) for i in (27, 28)])
    south.write([receipt(KANT, message(SOUTH, 28), now_ns)])
    assert "2 differences" in run("compare south.ledger kant.ledger", 1)
    kant.close()
    south.close()


def test_what_was_withheld_agrees_or_not(desk: Path) -> None:
    kant, south = writer(desk / "kant.ledger"), writer(desk / "south.ledger", SOUTH)
    now_ns = START_NS + 10**12
    given = [message(SOUTH, i, now_ns, now_ns + 5) for i in (26, 27)]
    kant.write(given)
    south.write([receipt(KANT, one, now_ns) for one in (message(SOUTH, 25), given[0])])
    assert [one.body for one in kant.take(SOUTH, now_ns + 5, lambda *_: "", after=25)] == [None] * 2
    notice = receipt(KANT, given[1], now_ns).model_copy(update={"withheld": True})
    south.write([notice])
    said = run("compare kant.ledger south.ledger")
    assert "1 withheld after they had left" in said and "both ledgers agree" in said
    kant.write([message(SOUTH, 28, now_ns)])
    south.write([notice.model_copy(update={"sequence": 28})])
    assert "message 28: RUS.South was told that it is withheld, KGZ.Kant withheld nothing" in run(
        "compare kant.ledger south.ledger", 1)
    kant.close()
    south.close()


def test_a_ledger_cut_back_does_not_fit_what_the_partner_saw(desk: Path) -> None:
    (desk / "kant.ledger").unlink()
    kant = writer(desk / "kant.ledger")
    for turn in range(1, 26):
        kant.write([message(SOUTH, turn)])
        kant.acknowledge(SOUTH, turn)
    said = run("compare kant.ledger south.ledger", 1)
    assert "KGZ.Kant signed a checkpoint of" in said
    kant.write([Alarm(time_ns=START_NS, name="x", text="") for _ in range(100)])
    said = run("compare kant.ledger south.ledger", 1)
    assert "signed a checkpoint of 31 records with another root" in said
    kant.close()


def test_copies_of_one_ledger(desk: Path) -> None:
    (desk / "copy.ledger").write_bytes((desk / "kant.ledger").read_bytes())
    assert "two copies of KGZ.Kant/live: the same" in run("compare kant.ledger copy.ledger")
    for path, text in (("kant.ledger", "one"), ("copy.ledger", "two")):
        ledger = writer(desk / path)
        ledger.write([Alarm(time_ns=1, name="x", text="same"), Alarm(time_ns=1, name="x",
                                                                      text=text)])
        size = ledger.size
        ledger.sign_checkpoint(PRIVATE[KANT], START_NS)
        ledger.close()
    assert f"first difference: record {size - 1}" in run("compare kant.ledger copy.ledger", 1)


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(path.read_text())))


def test_auditors_get_records_by_time_and_partner(desk: Path) -> None:
    reader = LedgerReader(desk / "kant.ledger")
    bodies = [body.decode() for _, body in reader.entries()]
    reader.close()
    run("export kant.ledger -o all.jsonl")
    assert (desk / "all.jsonl").read_text().splitlines() == bodies
    run("export kant.ledger -o some.csv --since 2023-11-14T22:13:25Z "
        "--until 2023-11-14T22:13:27Z --partner RUS.South")
    rows = table(desk / "some.csv")
    assert [(row["time"], row["kind"], row["partner"], row["sequence"]) for row in rows] == [
        ("2023-11-14T22:13:25Z", "release", "RUS.South", "5"),
        ("2023-11-14T22:13:25Z", "denial", "RUS.South", ""),
        ("2023-11-14T22:13:25Z", "receipt", "RUS.South", "5"),
        ("2023-11-14T22:13:26Z", "release", "RUS.South", "6"),
        ("2023-11-14T22:13:26Z", "denial", "RUS.South", ""),
        ("2023-11-14T22:13:26Z", "receipt", "RUS.South", "6")]
    assert rows[0]["agreement"] == "kgz-rus" and rows[0]["tracks"] == "5-6,12"
    assert rows[1]["rule"] == "outside the area" and rows[1]["rows"] == "2"
    run("export kant.ledger -o all.txt --form csv")
    assert {row["kind"] for row in table(desk / "all.txt")} == {
        "opening", "release", "denial", "receipt", "checkpoint", "alarm"}
    ledger = writer(desk / "kant.ledger")
    ledger.write([Alarm(time_ns=1, name="=SUM(A1)", text="no formula")])
    ledger.close()
    run("export kant.ledger -o all.csv --until 1970-01-02")
    assert [row["text"] for row in table(desk / "all.csv")] == ["'=SUM(A1); no formula"]


def test_the_note_in_a_proof_is_the_co_signed_checkpoint(desk: Path) -> None:
    note = read_note(json.loads(run("prove kant.ledger 3"))["checkpoint"])
    assert len(note.signatures) == 2
    assert read_checkpoint(note.text).origin == "KGZ.Kant/live"

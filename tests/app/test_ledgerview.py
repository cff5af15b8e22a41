"""What consoles are told of the ledger: records in words, its head, what an audit says."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from jointsky.app.ledgerview import RECORDS_MAX, ledger_of, verdict_on
from tests.edge.ledgers import KANT, PRIVATE, SOUTH, START_NS, denial, message, verifier, writer


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "unit.ledger"
    made = writer(path)
    for number in range(1, 4):
        made.write([message(SOUTH, number), denial(START_NS + number, SOUTH)])
    note = made.sign_checkpoint(PRIVATE[KANT], START_NS)
    co_signed = note.signed_by(f"{SOUTH}/live", PRIVATE[SOUTH])
    made.witness(verifier(SOUTH), SOUTH, str(co_signed), START_NS)
    made.close()
    return path


def test_records_come_in_words_the_newest_first(ledger: Path) -> None:
    told = json.loads(json.dumps(ledger_of(ledger, None, 50)))
    assert told["origin"] == f"{KANT}/live" and told["size"] == 9 and len(told["root"]) == 64
    numbers = [row["number"] for row in told["records"]]
    assert numbers == list(range(8, -1, -1)) and (told["first"], told["end"]) == (0, 9)
    by = {row["number"]: row for row in told["records"]}
    assert (by[1]["kind"], by[1]["partner"]) == ("release", SOUTH)
    assert "message 1, 3 rows: tracks (kgz-rus) 3" in by[1]["text"]
    assert by[2]["text"] == "2 rows did not go: outside the area 2 (tracks)"
    assert by[8]["kind"] == "checkpoint" and by[8]["partner"] == SOUTH
    assert told["checkpoint"]["signed_by"] == [f"{KANT}/live", f"{SOUTH}/live"]
    assert told["checkpoint"]["size"] == 7


def test_older_records_come_page_by_page(ledger: Path) -> None:
    first = ledger_of(ledger, None, 4)
    assert [row["number"] for row in first["records"]] == [8, 7, 6, 5]
    second = ledger_of(ledger, first["first"], 4)
    assert [row["number"] for row in second["records"]] == [4, 3, 2, 1]
    assert ledger_of(ledger, 0, 4)["records"] == []
    assert len(ledger_of(ledger, 10**9, 10**9)["records"]) == 9 <= RECORDS_MAX
    assert len(ledger_of(ledger, None, -5)["records"]) == 1


def test_an_audit_says_what_was_changed(ledger: Path) -> None:
    good = verdict_on(ledger)
    assert good["sound"] and good["size"] == 9 and good["faults"] == []
    with sqlite3.connect(ledger) as db:
        db.execute("UPDATE entries SET body = replace(body, '\"rows\":2', '\"rows\":3')"
                   " WHERE number = 2")
    bad = verdict_on(ledger)
    assert not bad["sound"] and "record 2" in bad["faults"][0]

"""The unit's ledger as its consoles show it: the latest records in words, its head, who signed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jointsky.agreement.ledger import (
    ActTaken,
    Alarm,
    Denial,
    Entry,
    Opening,
    Receipt,
    Record,
    Refusal,
    Release,
    Withheld,
    Witness,
)
from jointsky.agreement.merkle import root_at
from jointsky.agreement.notes import read_checkpoint, read_note
from jointsky.edge.audit import audit
from jointsky.edge.ledger import LedgerReader

RECORDS_MAX = 200
FAULTS_SHOWN = 20


def ledger_of(path: Path, before: int | None, limit: int) -> dict[str, Any]:
    """The ledger's head, who has signed it last, and its records before a number (None: the
    latest), at most `limit`, the newest first. Raises `FileProblem`."""
    reader = LedgerReader(path)
    try:
        with reader.standing_still():
            size = reader.size
            end = size if before is None else min(max(before, 0), size)
            first = max(0, end - min(max(limit, 1), RECORDS_MAX))
            rows = [] if first == end else [
                _row(entry) for entry, _ in reader.entries(first, end - 1)]
            signed = reader.checkpoints()
            return {
                "origin": reader.opening.origin, "size": size,
                "root": root_at(size, reader.node).hex(), "first": first, "end": end,
                "checkpoint": {
                    "size": signed[-1][0].size,
                    "signed_by": [one.name for one in signed[-1][1].signatures]}
                if signed else None,
                "records": rows[::-1]}
    finally:
        reader.close()


def verdict_on(path: Path) -> dict[str, Any]:
    """What an audit of the whole ledger says. Raises `FileProblem` where nothing can be read."""
    reader = LedgerReader(path)
    try:
        found = audit(reader)
    finally:
        reader.close()
    return {"size": found.size, "root": found.root.hex(), "sound": not found.faults,
            "faults": [str(fault) for fault in found.faults[:FAULTS_SHOWN]],
            "more": found.more + max(0, len(found.faults) - FAULTS_SHOWN),
            "checkpoints": len(found.checkpoints)}


def _row(entry: Entry) -> dict[str, Any]:
    record = entry.record
    return {"number": entry.number, "time_ms": record.time_ns / 1e6, "kind": record.kind,
            "partner": _partner(record), "text": _text(record)}


def _partner(record: Record) -> str:
    match record:
        case Release() | Denial() | Withheld() | Refusal():
            return record.recipient
        case Receipt():
            return record.sender
        case Witness():
            return record.partner
        case ActTaken():
            return record.party
        case _:
            return ""


def _text(record: Record) -> str:
    match record:
        case Opening():
            return f"{record.origin} begins"
        case Release():
            uses = ", ".join(f"{one.grant} ({one.agreement}) {one.rows}" for one in record.grants)
            return f"message {record.sequence}, {_tracks(record.rows)}: {uses}"
        case Denial():
            causes = ", ".join(_cause(one.rule, one.grant, one.rows) for one in record.causes)
            return f"{_tracks(record.rows)} did not go: {causes}"
        case Withheld():
            return f"message {record.sequence} did not leave: {record.rule}"
        case Receipt():
            return f"message {record.sequence} " + ("withheld" if record.withheld else "taken in")
        case ActTaken():
            return f"{record.act} {record.agreement}, version {record.version}"
        case Witness():
            point = read_checkpoint(read_note(record.note).text)
            return f"checkpoint of {point.origin} at {point.size} records"
        case Refusal():
            return f"{_tracks(record.rows)} stopped by the egress verifier: {record.reason}"
        case Alarm():
            return f"{record.name}: {record.text}"


def _tracks(rows: int) -> str:
    return f"{rows} row" if rows == 1 else f"{rows} rows"


def _cause(rule: str, grant: str, rows: int) -> str:
    return f"{rule.replace('_', ' ')} {rows}" + (f" ({grant})" if grant else "")

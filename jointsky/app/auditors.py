"""A ledger for auditors: its records in a span of time, as JSON lines or as a table (CSV)."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Any

from jointsky.agreement.ledger import Entry
from jointsky.agreement.periods import text_of

COLUMNS = ("number", "time", "kind", "partner", "sequence", "rows", "agreement", "version", "grant",
           "rule", "tracks", "not_after", "digest", "text")
PARTNER = ("recipient", "sender", "partner", "party", "unit")


@dataclass(frozen=True, slots=True)
class Span:
    """Which records: of [since_ns, until_ns), and of one partner unless partner is ""."""

    since_ns: int = 0
    until_ns: int = 1 << 63
    partner: str = ""

    def holds(self, entry: Entry) -> bool:
        """Whether a record is of it."""
        partners = {getattr(entry.record, name, None) for name in PARTNER}
        return (self.since_ns <= entry.record.time_ns < self.until_ns
                and (not self.partner or self.partner in partners))


def as_json(found: Iterable[tuple[Entry, bytes]], span: Span) -> Iterator[str]:
    """One line per record: its canonical form, as it is hashed."""
    for entry, body in found:
        if span.holds(entry):
            yield body.decode() + "\n"


def as_csv(found: Iterable[tuple[Entry, bytes]], span: Span) -> Iterator[str]:
    """One line per record, and per grant of a release or cause of a denial, under a head."""
    yield _line(COLUMNS)
    for entry, _ in found:
        if span.holds(entry):
            for cells in _rows(entry):
                yield _line([_cell(cells.get(name, "")) for name in COLUMNS])


def _rows(entry: Entry) -> Iterator[dict[str, Any]]:
    record = entry.record.model_dump()
    common = record | {"number": entry.number, "time": text_of(record["time_ns"]),
                       "partner": next((record[name] for name in PARTNER if name in record), "")}
    if "not_after_ns" in record:
        common["not_after"] = text_of(record["not_after_ns"])
    words = {name: record[name] for name in ("reason", "note", "name", "act", "world")
             if name in record}
    common["text"] = "; ".join([*words.values(), *([record["text"]] if "text" in record else ())])
    parts: tuple[dict[str, Any], ...] = record.get("grants") or record.get("causes") or ({},)
    for part in parts:
        yield common | part


def _line(cells: Iterable[object]) -> str:
    buffer = StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue()


def _cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = value if isinstance(value, str) else json.dumps(value)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text

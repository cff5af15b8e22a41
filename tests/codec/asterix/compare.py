"""Comparison of the decoder with its slow twin, block by block."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import numpy as np

from jointsky.codec.asterix.columns import RecordTable
from jointsky.codec.asterix.decode import decode
from jointsky.codec.asterix.editions import tables_of
from jointsky.codec.asterix.tables import FOLDER, Table, build_table
from jointsky.codec.asterix.walk import walk
from jointsky.kernels import asterix as kernel
from jointsky.model.reject import Reason
from tests.oracles.asterix import Node, Record, read_records


@cache
def source_of(category: int) -> Node:
    """The table file of a category."""
    node: Node = json.loads((FOLDER / f"cat{category:03d}.json").read_text(encoding="utf-8"))
    return node


def records_of(table: RecordTable) -> list[Record]:
    """Ours as the twin gives them."""
    rows = [Record(int(at), table.uap, {}, {}) for at in table.offset]
    for name in table.names():
        values, there = table.column(name)
        raw = table.raw(name) if table.leaves[name].bits <= 64 else values
        for row in np.flatnonzero(there):
            rows[row].value[name] = plain(values[row])
            octets = values[row:row + 1].tobytes()
            rows[row].raw[name] = (int.from_bytes(octets, "big") if raw is values
                                   else int(raw[row]))
    for name in table.repeated_names():
        if name == "RFS":
            continue
        values, start = table.repeated(name)
        leaf = table.leaves.get(name)
        slot = table.slots[name] if leaf is None else leaf.slot
        for row in np.flatnonzero(table.at[slot] > 0):
            part = slice(start[row], start[row + 1])
            if leaf is None:
                rows[row].raw[name] = rows[row].value[name] = values[part].tobytes()
                continue
            rows[row].value[name] = [plain(cell) for cell in values[part]]
            rows[row].raw[name] = ([int(cell) for cell in table.repeated_raw(name)[0][part]]
                                   if leaf.bits <= 64 else
                                   [int.from_bytes(cell.tobytes(), "big") for cell in values[part]])
    return rows


def plain(cell: Any) -> Any:
    """A cell as a Python value."""
    return cell.tobytes() if isinstance(cell, np.ndarray) else cell.item()


def compare_block(source: Node, table: Table, block: bytes) -> tuple[int, str | None]:
    """Read one data block both ways; (records, reason it ended early)."""
    theirs, reason, stop = read_records(source, table.edition, block[3:])
    whole = np.array([[3, len(block), block[0], 0, 1]], np.int64)
    walked = walk(np.frombuffer(block, np.uint8), whole, table, 16)
    ours = sorted((record for part in tables_of(np.frombuffer(block, np.uint8), table, walked)
                   for record in records_of(part)), key=lambda record: record.offset)
    assert [record.offset - 3 for record in ours] == [record.offset for record in theirs]
    for mine, other in zip(ours, theirs, strict=True):
        assert (mine.uap, mine.raw, mine.value) == (other.uap, other.raw, other.value), table.name
    refused = walked.rejects[walked.rejects[:, kernel.FAULT] != kernel.EMPTY]
    assert len(refused) == (reason is not None)
    if reason is not None:
        assert refused[0, kernel.OFFSET] - 3 == stop
        assert REASONS[int(refused[0, kernel.FAULT])] == reason
    return len(ours), reason


REASONS = {kernel.FSPEC_CUT: Reason.FSPEC_TRUNCATED.value,
           kernel.FSPEC_LONG: Reason.UNKNOWN_ITEM.value,
           kernel.NO_ITEM: Reason.UNKNOWN_ITEM.value,
           kernel.ITEM_CUT: Reason.ITEM_TRUNCATED.value,
           kernel.NO_LENGTH: Reason.BAD_LENGTH.value}


def imaginary(*items: Node, expansions: tuple[Node, ...] = (), **edition: Any) -> Node:
    """A category of its own whose one profile has these items, one after the other."""
    return {"category": 200, "items": list(items), "expansions": list(expansions),
            "editions": {"1.0": {"uaps": {"": list(range(len(items)))}, **edition}}}


def table_from(source: Node) -> Table:
    """Its table."""
    return build_table(source, next(iter(source["editions"])))


def drain(octets: bytes, editions: dict[int, str] | None = None) -> tuple[int, int]:
    """Decode anything and read every column and reject; (records, rejects)."""
    decoded = decode(octets, editions=editions)
    count = 0
    for table in decoded.tables:
        count += table.n
        for name in table.names():
            values, there = table.column(name)
            assert len(values) == len(there) == table.n
        for name in table.repeated_names():
            values, start = table.repeated(name)
            assert start[0] == 0 and start[-1] == len(values) and (np.diff(start) >= 0).all()
        assert (table.at.max(axis=0) < len(octets)).all()
        assert ((table.offset > 0) & (table.offset < len(octets))).all()
    rejects = decoded.rejects
    assert len(rejects.item) == len(rejects.expected) == len(rejects.found) == rejects.n
    assert {reason.decode() for reason in rejects.reason} <= {reason.value for reason in Reason}
    assert sum(rejects.counts().values()) == rejects.total
    return count, rejects.total

"""ASTERIX bytes to columns: any bytes at all, never an exception, never a record lost in silence.

`decode` takes one frame or many, each a span of one buffer that holds data blocks one after the
other. A record that cannot be read rejects the rest of its block, since nothing tells where the
next one starts; the next block goes on. A block header that cannot be right ends its span.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from jointsky.codec.asterix.columns import RecordTable
from jointsky.codec.asterix.editions import (
    Blocks,
    EditionReport,
    choose_edition,
    named_edition,
    report_edition,
    tables_of,
)
from jointsky.codec.asterix.rejects import RejectTable
from jointsky.codec.asterix.tables import Table, categories, table_of
from jointsky.codec.asterix.walk import split_blocks, walk
from jointsky.kernels import asterix as kernel
from jointsky.model.batch import I64, U8

Spans = tuple[I64, I64]

REJECTS_MAX: Final = 65_536


@dataclass(frozen=True, eq=False)
class Decoded:
    """What a buffer held: a table per (category, profile), in rising order, and what was refused.

    blocks (b, 5): offset of the first record, end, category, span, 1 if whole, of every block.
    """

    tables: tuple[RecordTable, ...]
    rejects: RejectTable
    blocks: I64

    def of(self, category: int) -> tuple[RecordTable, ...]:
        """The tables of one category."""
        return tuple(table for table in self.tables if table.category == category)

    def counts(self) -> dict[int, int]:
        """Number of records by category."""
        found: dict[int, int] = {}
        for table in self.tables:
            found[table.category] = found.get(table.category, 0) + table.n
        return found


def decode(buffer: bytes | U8, *, spans: Spans | None = None,
           editions: Mapping[int, str] | None = None) -> Decoded:
    """Every record of a buffer as columns.

    buffer: one frame or many joined, up to 2 GiB; spans: (start, length) int64 (k,) of the frames
    in it, None for one frame of all. editions: category -> edition, e.g. {21: "0.23"}; a category
    that is not in it gets the edition that fits best (see `editions.py`).
    Raises `UsageProblem` for an edition that has no table; nothing for what the bytes hold.
    """
    octets = _octets_of(buffer)
    if spans is None:
        spans = np.zeros(1, np.int64), np.array([len(octets)], np.int64)
    blocks, rows, more = split_blocks(octets, *spans, REJECTS_MAX)
    tables: list[RecordTable] = []
    used: dict[int, Table] = {}
    reject_rows = [rows]
    for category in np.flatnonzero(np.bincount(blocks[:, 2])).tolist():
        mine = blocks[blocks[:, 2] == category]
        if category not in categories():
            reject_rows.append(_unknown(mine))
            continue
        given = (editions or {}).get(category)
        edition = (named_edition(category, given) if given is not None
                   else choose_edition(Blocks(octets, mine), category))
        used[category] = table_of(category, edition)
        walked = walk(octets, mine, used[category], REJECTS_MAX)
        reject_rows.append(walked.rejects)
        more += walked.more
        tables.extend(tables_of(octets, used[category], walked))
    joined = np.concatenate(reject_rows)
    joined = joined[np.argsort(joined[:, kernel.OFFSET], kind="stable")]
    rejects = RejectTable(joined[:REJECTS_MAX], used, more + max(0, len(joined) - REJECTS_MAX))
    return Decoded(tuple(tables), rejects, blocks)


def detect_editions(buffer: bytes | U8, *, spans: Spans | None = None,
                    every: bool = False) -> dict[int, EditionReport]:
    """Which edition each category follows, with the scores of those tried (`every`: of all)."""
    octets = _octets_of(buffer)
    if spans is None:
        spans = np.zeros(1, np.int64), np.array([len(octets)], np.int64)
    blocks, _, _ = split_blocks(octets, *spans, REJECTS_MAX)
    return {category: report_edition(Blocks(octets, blocks[blocks[:, 2] == category]), category,
                                     every=every)
            for category in np.flatnonzero(np.bincount(blocks[:, 2])).tolist()
            if category in categories()}


def _octets_of(buffer: bytes | U8) -> U8:
    """The bytes as an array that cannot be written to: the one kind that kernels are compiled for,
    whatever the bytes come in."""
    octets = np.frombuffer(buffer, np.uint8)
    octets.flags.writeable = False
    return octets


def _unknown(blocks: I64) -> I64:
    """A reject for each block of a category that has no table."""
    whole = blocks[blocks[:, 4] == 1]
    rows = np.zeros((len(whole), kernel.REJECT_COLUMNS), np.int64)
    rows[:, kernel.OFFSET], rows[:, kernel.FRAME] = whole[:, 0] - 3, whole[:, 3]
    rows[:, kernel.CATEGORY] = rows[:, kernel.FOUND] = whole[:, 2]
    rows[:, kernel.FAULT], rows[:, kernel.SLOT] = kernel.NO_CATEGORY, -1
    return rows

"""Which edition of a category the bytes follow.

An edition is given by the user, or found: a sample of the records is read by each edition, the
newest first, and what does not fit is counted: records that cannot be read, spare bits that are
set, values that a table does not name, parts of extended items that the edition does not know,
times beyond a day, places off the globe. The least counts win; of those alike, the newest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from jointsky.codec.asterix.columns import RecordTable
from jointsky.codec.asterix.tables import Kind, Table, editions_of, table_of
from jointsky.codec.asterix.walk import Walked, walk
from jointsky.kernels.asterix import EXTENDED
from jointsky.model.batch import I64, U8
from jointsky.model.errors import UsageProblem

SAMPLE_BLOCKS: Final = 400
SAMPLE_OCTETS: Final = 1 << 20
SAMPLE_REJECTS: Final = 1024

# The oldest edition that the oldest table of a category still reads: items were added to the end
# of it since, as the public vectors of these editions show.
OLDEST_READ: Final[Mapping[int, str]] = {
    1: "1.1", 4: "1.4", 10: "0.31", 20: "1.5", 34: "1.26", 48: "1.15", 62: "1.12", 63: "1.0",
    65: "1.3"}


@dataclass(frozen=True, slots=True)
class EditionScore:
    """How one edition fits a sample: records read, blocks refused, and what was odd in how many
    records, by item ("020: value not in its table")."""

    edition: str
    records: int
    rejects: int
    odd: dict[str, int]

    @property
    def penalty(self) -> float:
        """0 fits; a refused block weighs as much as ten odd values."""
        return (10.0 * self.rejects + sum(self.odd.values())) / max(1, self.records + self.rejects)


@dataclass(frozen=True, slots=True)
class EditionReport:
    """The edition found for a category, and the scores of those that were tried, newest first."""

    category: int
    edition: str
    scores: tuple[EditionScore, ...]


@dataclass(frozen=True, eq=False)
class Blocks:
    """Blocks of one category (rows of `kernels.asterix.find_blocks`) in a buffer."""

    buffer: U8
    rows: I64


def named_edition(category: int, edition: str) -> str:
    """The table that reads an edition that a user names: itself, or the nearest for older ones.

    Raises `UsageProblem` for a category without table or an edition that none reads.
    """
    known = editions_of(category)
    if edition in known:
        return edition
    carried = [name for name in known if _number(name)]
    oldest = OLDEST_READ.get(category)
    if oldest and _number(edition) and _number(oldest) <= _number(edition) < _number(carried[0]):
        return carried[0]
    older = f" (older ones from {oldest})" if oldest else ""
    raise UsageProblem(f"category {category:03d}", f"no table reads edition {edition}",
                       expected="one of " + ", ".join(known) + older)


def parse_editions(options: Sequence[str]) -> dict[int, str]:
    """Editions by category of options like `021=0.23`. Raises `UsageProblem`, which says which."""
    found: dict[int, str] = {}
    for option in options:
        match = re.fullmatch(r"(?:[Cc][Aa][Tt])?(\d{1,3})=(\S+)", option)
        if match is None:
            raise UsageProblem("--edition", f"'{option}' is no category and edition",
                               expected="CATEGORY=EDITION, for example 021=0.23")
        category = int(match[1])
        found[category] = named_edition(category, match[2])
    return found


def choose_edition(blocks: Blocks, category: int) -> str:
    """The edition that fits best."""
    return report_edition(blocks, category).edition


def report_edition(blocks: Blocks, category: int, *, every: bool = False) -> EditionReport:
    """Try editions on a sample until one fits without fault, or `every` one of them."""
    sample = _sampled(blocks.rows)
    scores: list[EditionScore] = []
    for edition in reversed(editions_of(category)):
        scores.append(score_edition(blocks.buffer, sample, table_of(category, edition)))
        if scores[-1].penalty == 0 and not every:
            break
    best = min(scores, key=lambda score: score.penalty)
    return EditionReport(category, best.edition, tuple(scores))


def score_edition(buffer: U8, blocks: I64, table: Table) -> EditionScore:
    """How well one table fits blocks."""
    walked = walk(buffer, blocks, table, SAMPLE_REJECTS)
    odd: dict[str, int] = {}
    for records in tables_of(buffer, table, walked):
        for what, count in oddities(records).items():
            odd[what] = odd.get(what, 0) + count
    return EditionScore(table.edition, len(walked.offset), len(walked.rejects) + walked.more, odd)


def tables_of(buffer: U8, table: Table, walked: Walked) -> list[RecordTable]:
    """Walked records as a table for each profile that any of them has."""
    every = RecordTable(table, next(iter(table.uaps)), buffer, walked.offset, walked.frame,
                        walked.at, walked.length)
    if len(table.uaps) == 1:
        return [every] if every.n else []
    parts = []
    for place, uap in enumerate(table.uaps):
        rows = np.flatnonzero(walked.uap == place)
        if len(rows):
            part = every.take(rows)
            parts.append(RecordTable(table, uap, buffer, part.offset, part.frame, part.at,
                                     part.length))
    return parts


def oddities(records: RecordTable) -> dict[str, int]:
    """In how many records something does not fit the edition, by item and what it is."""
    found: dict[str, int] = {}

    def note(name: str, what: str, count: int) -> None:
        if count:
            found[f"{name}: {what}"] = found.get(f"{name}: {what}", 0) + count

    for index, slot in enumerate(records.table.slots):
        if slot.op == EXTENDED and not slot.ends and records.stands(index):
            surplus = records.length[slot.length_row] > sum(slot.parts)
            note(slot.name, "parts that the edition does not know", int(surplus.sum()))
    for leaf in records.table.leaves:
        if leaf.selector or not records.stands(leaf.slot):
            continue
        name = leaf.name or records.table.slots[leaf.slot].name
        if leaf.kind is Kind.SPARE:
            note(name, "spare bits set", int((records.bits_of(leaf) != 0).sum()))
        elif leaf.kind is Kind.TABLE and len(leaf.values) < 1 << leaf.bits:
            named = np.zeros(1 << leaf.bits, np.bool_)
            # Zero often stands for "nothing said", whether the table lists it or not.
            named[[0, *leaf.values]] = True
            note(name, "value not in its table", int((~named[records.bits_of(leaf)]).sum()))
        elif leaf.kind is Kind.QUANTITY:
            limit = _limit_of(leaf.unit, leaf.bits, name)
            if limit:
                size = records.bits_of(leaf).astype(np.int64)
                if leaf.signed:
                    size = np.abs((size ^ 1 << (leaf.bits - 1)) - (1 << (leaf.bits - 1)))
                note(name, f"beyond {limit:g} {leaf.unit}", int((size * leaf.scale > limit).sum()))
    return found


def _limit_of(unit: str, bits: int, name: str) -> float:
    """The largest value that makes sense, 0 for none: seconds of a day, degrees of latitude."""
    if unit == "s" and bits == 24:
        return 86_400.0
    if unit == "°" and name.rsplit("/", 1)[-1] == "LAT":
        return 90.0
    return 0.0


def _number(edition: str) -> tuple[int, ...]:
    """(1, 15) of "1.15"; nothing of a name that is no number."""
    return tuple(map(int, edition.split("."))) if re.fullmatch(r"\d+\.\d+", edition) else ()


def _sampled(rows: I64) -> I64:
    """Up to SAMPLE_BLOCKS blocks, spread evenly, of SAMPLE_OCTETS together; at least one."""
    if len(rows) > SAMPLE_BLOCKS:
        rows = rows[np.linspace(0, len(rows) - 1, SAMPLE_BLOCKS).astype(np.int64)]
    return rows[:1 + int(np.searchsorted(np.cumsum(rows[:, 1] - rows[:, 0]), SAMPLE_OCTETS))]

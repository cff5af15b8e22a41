"""Columns to ASTERIX records and blocks: the inverse of decoding, from the same tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np

from jointsky.codec.asterix.columns import RecordTable
from jointsky.codec.asterix.tables import (
    BITS_PER_CHARACTER,
    SPARE_FRN,
    Kind,
    Leaf,
    Slot,
    Table,
    table_of,
)
from jointsky.kernels.asterix import (
    COMPOUND,
    EXPANSION,
    EXPLICIT,
    EXTENDED,
    FIXED,
    REPEAT,
    REPEAT_FX,
)
from jointsky.kernels.asterix_encode import (
    cut_blocks,
    lay_records,
    mark_extensions,
    mark_repetitions,
    put_numbers,
    put_octets,
    put_spans,
)
from jointsky.model.batch import I32, I64, U8, U64, Array, Bool
from jointsky.model.errors import UsageProblem

BLOCK_LIMIT: Final = 1_400
BYTES_OPS: Final = (EXPLICIT, EXPANSION)
RECORD_SPEC: Final = ""


@dataclass(frozen=True, eq=False)
class Columns:
    """What is to be encoded: columns of n records, by the names of leaves.

    values: leaf -> (values (n,), in which records it stands). Quantities in the unit of the
    specification as floats, rounded to the nearest step and held within the range, or in steps as
    integers; numbers and raw bits as integers; text as bytes, or as the integer of all its bits;
    more than 64 raw bits as uint8 (n, octets).
    repeated: leaf of a repetitive item -> (all values, start (n + 1,)); "SP" or "RE" -> octets
    behind the length; an item stands where it has repetitions, and where `present` says so.
    present: slot -> records in which it stands even if empty (no repetition, no sub-item).
    spares: index of a spare leaf in the table -> its bits (n,), or one for each repetition; 0 if
    not given.
    least: compound, or "" for the record -> least number of octets of the field specification;
    extended item -> least number of octets of it.
    tails: extended item -> octets behind the parts that the edition knows, start (n + 1,).
    """

    n: int
    values: Mapping[str, tuple[Array, Bool]] = field(default_factory=dict)
    repeated: Mapping[str, tuple[Array, I64]] = field(default_factory=dict)
    present: Mapping[str, Bool] = field(default_factory=dict)
    spares: Mapping[int, U64] = field(default_factory=dict)
    least: Mapping[str, I32] = field(default_factory=dict)
    tails: Mapping[str, tuple[U8, I64]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Encoded:
    """Records one behind the other: record i is `octets[start[i]:start[i + 1]]`."""

    category: int
    octets: U8
    start: I64


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the bits of a leaf go: first octet, number of them, shift to the left."""

    first: int
    octets: int
    shift: int
    mask: np.uint64


def encode(category: int, edition: str, columns: Columns, *, uap: str = "",
           limit: int = BLOCK_LIMIT) -> list[bytes]:
    """Data blocks of at most `limit` octets (one record may be longer), records in their order.

    Raises `UsageProblem` for an edition without table, KeyError for a leaf that it does not have.
    """
    return blocks_of(encode_records(table_of(category, edition), columns, uap=uap), limit)


def encode_records(table: Table, columns: Columns, *, uap: str = "") -> Encoded:
    """Records without blocks around them."""
    return _Encoder(table, uap, columns).run()


def blocks_of(encoded: Encoded, limit: int = BLOCK_LIMIT,
              group: Array | None = None) -> list[bytes]:
    """Records in as few data blocks of at most `limit` octets as their order allows.

    group (n,): a block holds records of one group only, e.g. of one sensor.
    """
    n = len(encoded.start) - 1
    keys = np.zeros(n, np.int64) if group is None else group.astype(np.int64)
    first = np.empty(n + 1, np.int64)
    count = cut_blocks(encoded.start, keys, min(limit, 65_535), first)
    edges = encoded.start[np.append(first[:count], n)].tolist()
    return [bytes([encoded.category]) + (end - begin + 3).to_bytes(2, "big")
            + encoded.octets[begin:end].tobytes()
            for begin, end in pairwise(edges)]


def columns_of(table: RecordTable) -> Columns:
    """Everything that decoded records say, and how they said it, so that encoding it gives the
    same octets: also spare bits that are set and field specifications longer than need be.

    Random field sequencing (CAT001, 002, 008) is not encoded: raises `UsageProblem`.
    """
    leaves = table.leaves
    if "RFS" in table.repeated_names():
        raise UsageProblem(table.table.name, "records with random field sequencing",
                           expected="records without, to encode them")
    values: dict[str, tuple[Array, Bool]] = {}
    for name in table.names():
        leaf = leaves[name]
        if not leaf.selector and not name.startswith("RE/"):
            column, there = table.column(name)
            values[name] = (table.raw(name) if leaf.kind in BITS_PER_CHARACTER and leaf.bits <= 64
                            else column, there)
    repeated = {}
    for name in table.repeated_names():
        if name in leaves and not leaves[name].selector and not name.startswith("RE/"):
            raw = leaves[name].bits <= 64 and leaves[name].kind in BITS_PER_CHARACTER
            repeated[name] = table.repeated_raw(name) if raw else table.repeated(name)
        elif name in table.slots and table.table.slots[table.slots[name]].parent < 0:
            repeated[name] = table.repeated(name)
    present = {name: table.at[slot] > 0 for name, slot in table.slots.items()
               if table.table.slots[slot].op != FIXED and table.at[slot].any()}
    return Columns(table.n, values, repeated, present, _spares_of(table), _least_of(table),
                   _tails_of(table))


def canonical(columns: Columns) -> Columns:
    """The same values said in the shortest way: no spare bits, no needless octets, no parts that
    the edition does not know. Empty items stay."""
    return Columns(columns.n, columns.values, columns.repeated, columns.present)


def _spares_of(table: RecordTable) -> dict[int, U64]:
    """Spare bits that are set in any record, by leaf; but of expansions, which go as bytes."""
    found: dict[int, U64] = {}
    plain = {index for name, index in table.slots.items() if not name.startswith("RE/")
             and table.stands(index)}
    for index, leaf in enumerate(table.table.leaves):
        if leaf.kind is not Kind.SPARE or leaf.slot not in plain:
            continue
        bits = table.bits_of(leaf)
        if bits.any():
            found[index] = bits
    return found


def _least_of(table: RecordTable) -> dict[str, I32]:
    """Octets of the field specifications of records and compounds, and of extended items."""
    found = {RECORD_SPEC: _octets_at(table.buffer, table.offset)}
    for name, index in table.slots.items():
        slot = table.table.slots[index]
        if name.startswith("RE/") or not table.stands(index):
            continue
        if slot.op == EXTENDED:
            found[name] = table.length[slot.length_row]
        elif slot.op == COMPOUND:
            rows = np.flatnonzero(table.at[index])
            octets = np.zeros(table.n, np.int32)
            octets[rows] = _octets_at(table.buffer, table.at[index, rows].astype(np.int64))
            found[name] = octets
    return found


def _tails_of(table: RecordTable) -> dict[str, tuple[U8, I64]]:
    """Octets of extended items that the edition does not know."""
    found = {}
    for name, index in table.slots.items():
        slot = table.table.slots[index]
        if slot.op == EXTENDED and not name.startswith("RE/") and table.stands(index):
            known = sum(slot.parts)
            octets = np.maximum(table.length[slot.length_row].astype(np.int64) - known, 0)
            if octets.any():
                start = np.concatenate([[0], np.cumsum(octets)])
                found[name] = table.buffer[_each(table.at[index] + known, start)], start
    return found


def _each(at: Array, start: I64) -> I64:
    """Places of all octets of spans that begin at `at` (n,) and have running lengths `start`."""
    octets = np.diff(start)
    places: I64 = np.repeat(at - start[:-1], octets) + np.arange(start[-1])
    return places


def _octets_at(buffer: U8, at: I64) -> I32:
    """How many octets until the first with no FX bit, from each place on."""
    octets, going = np.ones(len(at), np.int32), np.arange(len(at))
    while len(going := going[buffer[at[going] + octets[going] - 1] & 1 == 1]):
        octets[going] += 1
    return octets


def _place_of(leaf: Leaf) -> _Place:
    first, inside = leaf.bit >> 3, leaf.bit & 7
    octets = (inside + leaf.bits + 7) // 8
    assert octets <= 8, f"{leaf.name}: more than 64 bits to write at once"
    return _Place(first, octets, octets * 8 - inside - leaf.bits,
                  np.uint64((1 << leaf.bits) - 1))


class _Encoder:
    """Encodes one set of columns: sizes of items first, then their bits, then the records."""

    def __init__(self, table: Table, uap: str, columns: Columns):
        self.table, self.columns, self.n = table, columns, columns.n
        self.slots = table.slots_of(uap)
        self.order = np.array(table.uaps[uap], np.int32)
        self.leaves = table.leaves_of(uap)
        shape = (len(table.slots), self.n)
        self.size = np.zeros(shape, np.int32)
        self.octets = np.zeros(shape, np.int32)
        self.count: dict[int, I64] = {}
        self.by_slot: dict[int, list[tuple[Leaf, Array, Bool]]] = {}
        self.repeats: dict[int, list[tuple[Leaf, Array]]] = {}
        self.spans: dict[int, tuple[Array, I64]] = {}
        self.spares: dict[int, list[tuple[Leaf, U64]]] = {}

    def run(self) -> Encoded:
        """Encode."""
        self._sort()
        for index in self.slots.values():
            self._measure(index, self.table.slots[index])
        for name, index in self.slots.items():
            if self.table.slots[index].op == COMPOUND:
                inside = self.table.slots[index].children
                octets = self.octets[index] = self._spec_of(inside, name)
                for child in inside:
                    if child != SPARE_FRN:
                        self.size[index] += self.size[child]
                self.size[index] = np.where(octets > 0, octets + self.size[index], 0)
        tops = self.order[self.order != SPARE_FRN]
        spec = np.maximum(self._spec_of(tuple(self.order.tolist()), RECORD_SPEC), 1)
        start = np.zeros(self.n + 1, np.int64)
        np.cumsum(self.size[tops].sum(axis=0, dtype=np.int64) + spec, out=start[1:])
        at, content = self._fill()
        out = np.empty(start[-1], np.uint8)
        first, children = self._children()
        lay_records(self.order, first, children, content, at, self.size, self.octets, spec,
                    start[:-1], out)
        return Encoded(self.table.category, out, start)

    def _sort(self) -> None:
        """Columns by the slot they go into."""
        for name, (values, there) in self.columns.values.items():
            leaf = self.leaves[name]
            assert not leaf.repeated and not leaf.selector, f"{name} is no plain leaf"
            assert not name.startswith("RE/"), f"{name}: expansions are given as octets of RE"
            self.by_slot.setdefault(leaf.slot, []).append((leaf, values, there))
        for name, (values, start) in self.columns.repeated.items():
            if name in self.slots and self.table.slots[self.slots[name]].op in BYTES_OPS:
                self.spans[self.slots[name]] = (values, start)
                continue
            leaf = self.leaves[name]
            self.count[leaf.slot] = np.diff(start)
            self.repeats.setdefault(leaf.slot, []).append((leaf, values))
        for spare, bits in self.columns.spares.items():
            leaf = self.table.leaves[spare]
            self.spares.setdefault(leaf.slot, []).append((leaf, bits))

    def _measure(self, index: int, slot: Slot) -> None:
        """Octets of one slot in each record."""
        size, stands = self.size[index], self.columns.present.get(slot.name)
        if slot.op == FIXED:
            for _, _, there in self.by_slot.get(index, ()):
                size[there] = slot.size
        elif slot.op == EXTENDED:
            size[:] = self.columns.least.get(slot.name, 0)
            for leaf, _, there in self.by_slot.get(index, ()):
                size[there] = np.maximum(size[there], leaf.extent)
        elif slot.op in BYTES_OPS and index in self.spans:
            octets = np.diff(self.spans[index][1])
            size[:] = np.where((octets > 0) | (False if stands is None else stands),
                               octets + 1, 0)
        elif slot.op in {REPEAT, REPEAT_FX}:
            count = self.count.get(index, np.zeros(self.n, np.int64))
            there = (count > 0) | (False if stands is None else stands)
            size[:] = np.where(there, count * slot.size + (slot.op == REPEAT), 0)

    def _spec_of(self, slots: tuple[int, ...], name: str) -> I32:
        """Octets of a field specification: of what stands, and not less than was asked for."""
        octets = self.columns.least.get(name, np.zeros(self.n, np.int32)).copy()
        for place, slot in enumerate(slots):
            if slot != SPARE_FRN:
                there = self.size[slot] > 0
                octets[there] = np.maximum(octets[there], place // 7 + 1)
        return octets

    def _children(self) -> tuple[I32, I32]:
        """Field specifications of compounds as the kernel wants them."""
        inside = [slot.children if slot.op == COMPOUND else () for slot in self.table.slots]
        first = np.cumsum([0, *map(len, inside)], dtype=np.int32)
        return first, np.array([child for children in inside for child in children], np.int32)

    def _fill(self) -> tuple[I64, U8]:
        """Octets of all items, and where those of each slot and record are."""
        at = np.zeros(self.size.shape, np.int64)
        end = 0
        for index in self.slots.values():
            if self.table.slots[index].op != COMPOUND and self.size[index].any():
                after = end + np.cumsum(self.size[index], dtype=np.int64)
                at[index], end = after - self.size[index], int(after[-1])
        content = np.zeros(end, np.uint8)
        for index in self.slots.values():
            slot = self.table.slots[index]
            if slot.op == COMPOUND or not self.size[index].any():
                continue
            size = self.size[index].astype(np.int64)
            gone = np.where(size > 0, at[index], -1)
            if index in self.spans:
                put_spans(content, gone, *self.spans[index])
            elif slot.op in {REPEAT, REPEAT_FX}:
                self._fill_repeated(content, gone, index, slot)
            for leaf, values, there in self.by_slot.get(index, ()):
                _put(content, at[index], there.astype(np.int64), 1, leaf, values)
            if slot.op == EXTENDED:
                mark_extensions(content, at[index], size,
                                np.cumsum(slot.parts, dtype=np.int64))
                if slot.name in self.columns.tails:
                    octets, start = self.columns.tails[slot.name]
                    content[_each(at[index] + sum(slot.parts), start)] = octets
            for leaf, bits in self.spares.get(index, ()):
                if not leaf.repeated:
                    _put(content, at[index], size, max(leaf.extent, 1), leaf, bits)
        return at, content

    def _fill_repeated(self, content: U8, at: I64, index: int, slot: Slot) -> None:
        count = self.count.get(index, np.zeros(self.n, np.int64))
        each = np.empty(int(count.sum()), np.int64)
        mark_repetitions(content, at, count, int(slot.op == REPEAT), slot.size,
                         slot.op == REPEAT_FX, each)
        spares = [pair for pair in self.spares.get(index, ()) if pair[0].repeated]
        for leaf, values in (*self.repeats.get(index, ()), *spares):
            _put(content, each, np.ones(len(each), np.int64), 1, leaf, values)


def _put(content: U8, at: I64, gate: I64, need: int, leaf: Leaf, values: Array) -> None:
    if values.ndim == 2:
        put_octets(content, at, gate, need, leaf.bit >> 3, values)
        return
    place = _place_of(leaf)
    put_numbers(content, at, gate, need, place.first, place.octets, place.shift, place.mask,
                bits_of(leaf, values))


def bits_of(leaf: Leaf, values: Array) -> U64:
    """The bits of a leaf for values (n,) in any of the types that `Columns` takes."""
    if values.dtype.kind == "S":
        return _bits_of_text(leaf, values)
    if leaf.kind is Kind.QUANTITY and values.dtype.kind == "f":
        low, high = (-(1 << leaf.bits - 1), (1 << leaf.bits - 1) - 1) if leaf.signed else (
            0, (1 << leaf.bits) - 1)
        steps = np.rint(np.nan_to_num(values / leaf.scale, posinf=high, neginf=low))
        return np.clip(steps, low, high).astype(np.int64).view(np.uint64)
    if values.dtype == np.uint64:
        return np.ascontiguousarray(values)
    return values.astype(np.int64).view(np.uint64)


def _alphabets() -> dict[Kind, U64]:
    """Code of each character; small letters as capitals; one the alphabet does not have becomes
    a blank (octal: 0)."""
    characters = np.arange(256, dtype=np.uint64)
    icao = np.full(256, 32, np.uint64)
    icao[ord("A"):ord("Z") + 1] = np.arange(1, 27)
    icao[ord("a"):ord("z") + 1] = np.arange(1, 27)
    icao[ord("0"):ord("9") + 1] = np.arange(48, 58)
    octal = np.zeros(256, np.uint64)
    octal[ord("0"):ord("8")] = np.arange(8)
    characters[0] = ord(" ")
    return {Kind.ASCII: characters, Kind.ICAO: icao, Kind.OCTAL: octal}


_ALPHABETS: Final = _alphabets()


def _bits_of_text(leaf: Leaf, values: Array) -> U64:
    """Text as bits, filled up with blanks and cut to the width of the leaf."""
    width = BITS_PER_CHARACTER[leaf.kind]
    length = leaf.bits // width
    text = np.ascontiguousarray(values.astype(f"S{length}")).view(np.uint8).reshape(-1, length)
    bits = np.zeros(len(values), np.uint64)
    for place in range(length):
        bits = bits << np.uint64(width) | _ALPHABETS[leaf.kind][text[:, place]]
    return bits

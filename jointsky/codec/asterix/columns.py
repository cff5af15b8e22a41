"""Records of one category as columns, each read from the bytes when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Final

import numpy as np

from jointsky.codec.asterix.tables import BITS_PER_CHARACTER, Kind, Leaf, Table
from jointsky.kernels.asterix import (
    EXPANSION,
    EXPLICIT,
    EXTENDED,
    REPEAT,
    REPEAT_FX,
    RFS,
    find_standing,
    spread,
    take_numbers,
    take_octets,
    take_quantities,
    take_text,
)
from jointsky.model.batch import I32, I64, U8, U64, Array, Bool

BYTES_OPS: Final = frozenset({EXPLICIT, EXPANSION, RFS})


def _alphabets() -> dict[Kind, U8]:
    """Character of each code. ICAO: Annex 10 volume IV, table 3-8; its other codes mean nothing."""
    icao = np.zeros(64, np.uint8)
    icao[1:27] = np.arange(ord("A"), ord("Z") + 1)
    icao[32] = ord(" ")
    icao[48:58] = np.arange(ord("0"), ord("9") + 1)
    return {Kind.ASCII: np.arange(256, dtype=np.uint8), Kind.ICAO: icao,
            Kind.OCTAL: np.arange(ord("0"), ord("8"), dtype=np.uint8)}


_ALPHABETS: Final = _alphabets()


@dataclass(frozen=True, slots=True)
class _Field:
    """Where the octets of a leaf stand: first octet, number of them, shift, mask, sign bit."""

    first: int
    octets: int
    shift: int
    mask: int
    sign: int


@dataclass(frozen=True, eq=False)
class RecordTable:
    """Records of one category, edition and user application profile, in the order they came.

    offset (n,): byte offset of each record in `buffer`; frame (n,): index of the span it came in;
    at (slots, n), length (length rows, n): as the walk left them (see `kernels/asterix.py`).
    """

    table: Table
    uap: str
    buffer: U8
    offset: I64
    frame: I64
    at: I32
    length: I32

    @property
    def category(self) -> int:
        """ASTERIX category."""
        return self.table.category

    @property
    def edition(self) -> str:
        """Edition it was read by, e.g. "1.32"."""
        return self.table.edition

    @property
    def n(self) -> int:
        """Number of records."""
        return len(self.offset)

    @cached_property
    def leaves(self) -> dict[str, Leaf]:
        """Every leaf that the profile has, by name."""
        return self.table.leaves_of(self.uap)

    @cached_property
    def slots(self) -> dict[str, int]:
        """Index of every slot that the profile has, by name."""
        return self.table.slots_of(self.uap)

    @cached_property
    def _there(self) -> Bool:
        """Which slots stand in any record."""
        standing = np.zeros(len(self.at), np.uint8)
        find_standing(self.at, standing)
        there: Bool = standing == 1
        return there

    @cached_property
    def _longest(self) -> I32:
        """Octets of the longest of each slot whose size varies."""
        longest: I32 = self.length.max(axis=1, initial=0)
        return longest

    def stands(self, slot: int) -> bool:
        """Whether a slot, by its index, stands in any record."""
        return bool(self._there[slot])

    def _stands(self, leaf: Leaf) -> bool:
        """Whether a leaf stands in any record."""
        slot = self.table.slots[leaf.slot]
        return bool(self._there[leaf.slot]) and (
            slot.op != EXTENDED or int(self._longest[slot.length_row]) >= leaf.extent)

    def names(self) -> tuple[str, ...]:
        """Leaves with one value a record, that stand in any record (see `column`)."""
        return tuple(name for name, leaf in self.leaves.items()
                     if not leaf.repeated and self._stands(leaf))

    def repeated_names(self) -> tuple[str, ...]:
        """Leaves of repetitive items, and items given as bytes, that stand in any record."""
        fields = [name for name, leaf in self.leaves.items()
                  if self._there[leaf.slot] and leaf.repeated]
        spans = [name for name, slot in self.slots.items()
                 if self._there[slot] and self.table.slots[slot].op in BYTES_OPS]
        return (*fields, *spans)

    def has(self, item: str) -> Bool:
        """Which records have an item or sub-item, e.g. "040", "380/ADR": bool (n,).

        An item that the edition does not have is in none.
        """
        slot = self.slots.get(item)
        if slot is None:
            return np.zeros(self.n, np.bool_)
        there: Bool = self.at[slot] > 0
        return there

    def column(self, name: str) -> tuple[Array, Bool]:
        """Values of a leaf, e.g. "040/RHO", and in which records it stands.

        Quantities: float64 in the unit of the specification (`leaves[name].unit`), NaN if absent;
        numbers, tables and raw bits: u1 up to 8 bits, i4 up to 31 bits and when signed, u8 above,
        0 if absent; more than 64 raw bits: u1 (n, octets); text: bytes, blanks as they stand,
        characters without meaning left out. A leaf that the edition does not have is a KeyError.
        """
        leaf = self.leaves[name]
        assert not leaf.repeated, f"{name} repeats: use repeated()"
        at, gate, need = self.at[leaf.slot], *self._gate(leaf)
        there: Bool = gate >= need
        if leaf.selector:
            there = there & (self.column(leaf.selector)[0] == leaf.case)
            gate, need = there.astype(np.int32), 1
        return self._take(leaf, at, gate, need), there

    def raw(self, name: str) -> U64:
        """The bits of a leaf (up to 64 of them) as unsigned numbers, 0 if absent: uint64 (n,)."""
        leaf = self.leaves[name]
        assert not leaf.repeated, f"{name} repeats: use repeated_raw()"
        return self.bits_of(leaf)

    def bits_of(self, leaf: Leaf) -> U64:
        """The bits of any leaf of the table (spare ones too) as they stand in the records, 0 where
        absent: uint64 (n,), or one for each repetition."""
        if leaf.repeated:
            at, _ = self._repetitions(leaf.slot)
            return self._bits(leaf, at, at, 1)
        gate, need = self._gate(leaf)
        return self._bits(leaf, self.at[leaf.slot], gate, need)

    def repeated(self, name: str) -> tuple[Array, I64]:
        """All values of a leaf of a repetitive item, and where those of each record start.

        Values of record i: `values[start[i]:start[i + 1]]`, of the type that `column` gives.
        An item given as bytes ("SP", "RE"): its octets behind the length, as uint8.
        """
        if name not in self.leaves and self.table.slots[self.slots[name]].op in BYTES_OPS:
            each, start = self._repetitions(self.slots[name])
            octets = np.zeros((len(each), 1), np.uint8)
            take_octets(self.buffer, each, each, 1, 0, octets)
            return octets[:, 0], start
        leaf = self.leaves[name]
        assert leaf.repeated, f"{name} does not repeat: use column()"
        each, start = self._repetitions(leaf.slot)
        return self._take(leaf, each, each, 1), start

    def repeated_raw(self, name: str) -> tuple[U64, I64]:
        """As `repeated`, the bits as unsigned numbers."""
        leaf = self.leaves[name]
        assert leaf.repeated, f"{name} does not repeat: use raw()"
        return self.bits_of(leaf), self._repetitions(leaf.slot)[1]

    def bytes_of(self, row: int, item: str) -> bytes:
        """The octets of a slot of variable size in one record, its head with it; b"" if absent."""
        slot = self.slots[item]
        start, spec = int(self.at[slot, row]), self.table.slots[slot]
        size = spec.size if spec.length_row < 0 else int(self.length[spec.length_row, row])
        return self.buffer[start:start + size].tobytes() if start else b""

    def take(self, rows: Array) -> RecordTable:
        """The records picked by an index or boolean array."""
        return RecordTable(self.table, self.uap, self.buffer, self.offset[rows], self.frame[rows],
                           np.ascontiguousarray(self.at[:, rows]),
                           np.ascontiguousarray(self.length[:, rows]))

    def _gate(self, leaf: Leaf) -> tuple[I32, int]:
        """(array, need): the leaf stands where array >= need."""
        slot = self.table.slots[leaf.slot]
        if slot.op == EXTENDED:
            return self.length[slot.length_row], leaf.extent
        return self.at[leaf.slot], 1

    @cached_property
    def _known_repetitions(self) -> dict[int, tuple[I32, I64]]:
        return {}

    def _repetitions(self, index: int) -> tuple[I32, I64]:
        """Where each repetition of a slot starts (for bytes: each octet), and running counts."""
        if index not in self._known_repetitions:
            self._known_repetitions[index] = self._find_repetitions(index)
        return self._known_repetitions[index]

    def _find_repetitions(self, index: int) -> tuple[I32, I64]:
        slot = self.table.slots[index]
        head, size = {REPEAT: (1, slot.size), REPEAT_FX: (0, slot.size)}.get(slot.op, (1, 1))
        start = np.zeros(self.n + 1, np.int64)
        length = self.length[slot.length_row]
        spread(self.at[index], length, head, size, start, np.zeros(0, np.int32))
        each = np.zeros(start[-1], np.int32)
        spread(self.at[index], length, head, size, start, each)
        return each, start

    def _bits(self, leaf: Leaf, at: I32, gate: I32, need: int) -> U64:
        field = _field_of(leaf.bit, leaf.bits, leaf.signed)
        out = np.empty(len(at), np.uint64)
        take_numbers(self.buffer, at, gate, need, field.first, field.octets, field.shift,
                     field.mask, 0, out)
        return out

    def _take(self, leaf: Leaf, at: I32, gate: I32, need: int) -> Array:
        n = len(at)
        if leaf.kind in BITS_PER_CHARACTER:
            width = BITS_PER_CHARACTER[leaf.kind]
            text = np.zeros((n, leaf.bits // width), np.uint8)
            none = 0 if leaf.kind is Kind.ICAO else -1
            take_text(self.buffer, at, gate, need, leaf.bit, width, _ALPHABETS[leaf.kind], none,
                      text)
            return text.view(f"S{text.shape[1]}")[:, 0]
        if leaf.bits > 64:
            octets = np.zeros((n, leaf.bits // 8), np.uint8)
            take_octets(self.buffer, at, gate, need, leaf.bit // 8, octets)
            return octets
        field = _field_of(leaf.bit, leaf.bits, leaf.signed)
        if leaf.kind is Kind.QUANTITY:
            out = np.empty(n, np.float64)
            take_quantities(self.buffer, at, gate, need, field.first, field.octets, field.shift,
                            field.mask, field.sign, leaf.scale, np.nan, out)
            return out
        number = np.empty(n, dtype_of(leaf))
        take_numbers(self.buffer, at, gate, need, field.first, field.octets, field.shift,
                     field.mask, field.sign, number)
        return number


def dtype_of(leaf: Leaf) -> np.dtype[np.generic]:
    """Type of the values of a leaf (of each octet, for more than 64 raw bits)."""
    if leaf.kind in BITS_PER_CHARACTER:
        return np.dtype(f"S{leaf.bits // BITS_PER_CHARACTER[leaf.kind]}")
    if leaf.kind is Kind.QUANTITY:
        return np.dtype(np.float64)
    if leaf.bits > 64 or (leaf.bits <= 8 and not leaf.signed):
        return np.dtype(np.uint8)
    return np.dtype(np.int32 if leaf.bits <= 31 or leaf.signed else np.uint64)


@cache
def _field_of(bit: int, bits: int, signed: bool) -> _Field:
    """The octets of a leaf of so many bits that begins at a bit of its slot."""
    first, inside = bit >> 3, bit & 7
    octets = (inside + bits + 7) // 8
    assert octets <= 8, f"{bits} bits from bit {bit}: more than 64 bits to read at once"
    mask = -1 if bits == 64 else (1 << bits) - 1
    return _Field(first, octets, octets * 8 - inside - bits, mask,
                  1 << (bits - 1) if signed else 0)

"""Random ASTERIX records, octet by octet from the structure in the tables; no kernel is used.

Clean records are as short as can be and have no spare bit set. Odd ones are still valid, but
have longer field specifications, spare bits, empty compounds, and parts that the edition does not
know.
"""

from __future__ import annotations

from random import Random

from jointsky.codec.asterix.tables import SPARE_FRN, Kind, Table
from jointsky.kernels.asterix import (
    COMPOUND,
    EXPANSION,
    EXPLICIT,
    EXTENDED,
    FIXED,
    REPEAT,
    REPEAT_FX,
    RFS,
)


def record(table: Table, uap: str, chance: Random, odd: bool) -> bytes:
    """One record with at least one item; random field sequencing is never among them."""
    order = table.uaps[uap]
    can = [frn for frn, slot in enumerate(order)
           if slot != SPARE_FRN and table.slots[slot].op != RFS]
    chosen = sorted(chance.sample(can, chance.randint(1, min(len(can), 12))))
    items = b"".join(item(table, order[frn], chance, odd) for frn in chosen)
    return fspec(chosen, len(order), chance, odd) + items


def fspec(chosen: list[int], places: int, chance: Random, odd: bool) -> bytes:
    """A field specification with an FX bit in each octet but the last."""
    octets = max(chosen, default=0) // 7 + 1
    if odd:
        octets = chance.randint(octets, (places + 6) // 7)
    flags = [1] * (octets - 1) + [0]
    for frn in chosen:
        flags[frn // 7] |= 1 << 7 - frn % 7
    return bytes(flags)


def item(table: Table, index: int, chance: Random, odd: bool) -> bytes:
    """One item, whatever its structure."""
    slot = table.slots[index]
    if slot.op == COMPOUND:
        can = [place for place, child in enumerate(slot.children) if child != SPARE_FRN]
        chosen = sorted(chance.sample(can, chance.randint(0 if odd else 1, len(can))))
        inside = b"".join(item(table, slot.children[place], chance, odd) for place in chosen)
        return fspec(chosen, len(slot.children), chance, odd) + inside
    if slot.op == FIXED:
        return bytes(bare(table, index, bytearray(chance.randbytes(slot.size)), odd))
    if slot.op in {EXPLICIT, EXPANSION}:
        octets = chance.randint(1, 7)
        return bytes([octets + 1]) + chance.randbytes(octets)
    if slot.op in {REPEAT, REPEAT_FX}:
        count = chance.randint(0 if slot.op == REPEAT and odd else 1, 4)
        each = [bare(table, index, bytearray(chance.randbytes(slot.size)), odd)
                for _ in range(count)]
        if slot.op == REPEAT:
            return bytes([count]) + b"".join(each)
        for octets in each:
            octets[-1] |= 1
        each[-1][-1] &= 0xFE
        return b"".join(each)
    assert slot.op == EXTENDED
    return extended(table, index, chance, odd)


def extended(table: Table, index: int, chance: Random, odd: bool) -> bytes:
    """Some parts of an extended item, the first always; now and then parts beyond the last."""
    slot = table.slots[index]
    count = chance.randint(1, len(slot.parts))
    octets = bare(table, index, bytearray(chance.randbytes(sum(slot.parts[:count]))), odd)
    end = 0
    for place, size in enumerate(slot.parts[:count]):
        end += size
        if slot.ends and place == len(slot.parts) - 1:
            break
        octets[end - 1] = octets[end - 1] | 1 if place < count - 1 else octets[end - 1] & 0xFE
    return bytes(octets)


def bare(table: Table, index: int, octets: bytearray, odd: bool) -> bytearray:
    """The octets with the spare bits of the slot cleared, but in odd records."""
    for leaf in table.leaves:
        if leaf.slot == index and leaf.kind is Kind.SPARE and not odd:
            for bit in range(leaf.bit, min(leaf.bit + leaf.bits, 8 * len(octets))):
                octets[bit >> 3] &= ~(128 >> (bit & 7)) & 0xFF
    return octets

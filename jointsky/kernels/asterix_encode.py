"""Columns to ASTERIX octets: bits into items, items into records."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from jointsky.kernels.jit import inlined, kernel

Array = npt.NDArray[Any]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]
U64 = npt.NDArray[np.uint64]


@kernel
def put_numbers(content: U8, at: I64, gate: I64, need: int, first: int, octets: int, shift: int,
                mask: np.uint64, values: U64) -> None:
    """Put the low bits of values (n,) into items, where gate (n,) >= need.

    at (n,): where the item starts in content; first: octet of the item; the value, masked, shifted
    left, fills `octets` of them. What stands there is kept (bits are or-ed in).
    """
    for i in range(at.shape[0]):
        if gate[i] < need:
            continue
        value = values[i] & mask
        for j in range(octets):
            place = 8 * (octets - 1 - j) - shift
            part = value >> np.uint64(place) if place >= 0 else value << np.uint64(-place)
            content[at[i] + first + j] |= np.uint8(part & np.uint64(255))


@kernel
def put_octets(content: U8, at: I64, gate: I64, need: int, first: int, values: U8) -> None:
    """Put octets (n, k) into items, where gate (n,) >= need."""
    for i in range(at.shape[0]):
        if gate[i] >= need:
            for j in range(values.shape[1]):
                content[at[i] + first + j] |= values[i, j]


@kernel
def put_spans(content: U8, at: I64, values: U8, start: I64) -> None:
    """Put the octets `values[start[i]:start[i + 1]]` behind the first octet of item i, which gives
    the length of the whole. at (n,): below 0 where there is no item."""
    for i in range(at.shape[0]):
        if at[i] >= 0:
            content[at[i]] = np.uint8(start[i + 1] - start[i] + 1)
            for j in range(start[i], start[i + 1]):
                content[at[i] + 1 + j - start[i]] = values[j]


@kernel
def mark_extensions(content: U8, at: I64, length: I64, ends: I64) -> None:
    """Set the FX bit of each part but the last of extended items; ends: running octets of parts."""
    for i in range(at.shape[0]):
        for j in range(ends.shape[0]):
            if ends[j] < length[i]:
                content[at[i] + ends[j] - 1] |= np.uint8(1)


@kernel
def mark_repetitions(content: U8, at: I64, count: I64, head: int, size: int, by_fx: bool,
                     each: I64) -> None:
    """Write the count of each repetitive item, or the FX bit of each repetition but its last.

    at (n,), below 0 where there is no item; head: octets of the count. Out: each, the place of
    every repetition in content.
    """
    k = 0
    for i in range(at.shape[0]):
        if at[i] < 0:
            continue
        if head == 1:
            content[at[i]] = np.uint8(count[i])
        for j in range(count[i]):
            each[k] = at[i] + head + j * size
            if by_fx and j < count[i] - 1:
                content[each[k] + size - 1] |= np.uint8(1)
            k += 1


@inlined
def _put_fspec(out: U8, to: int, octets: int, slots: I32, size: I32, row: int) -> int:
    for octet in range(octets):
        flags = 1 if octet < octets - 1 else 0
        for bit in range(7):
            place = octet * 7 + bit
            if place < slots.shape[0] and slots[place] >= 0 and size[slots[place], row] > 0:
                flags |= 1 << (7 - bit)
        out[to + octet] = np.uint8(flags)
    return to + octets


@inlined
def _put_item(out: U8, to: int, content: U8, at: int, size: int) -> int:
    for j in range(size):
        out[to + j] = content[at + j]
    return to + size


@kernel
def lay_records(order: I32, first: I32, children: I32, content: U8, at: I64, size: I32,
                octets: I32, fspec: I32, start: I64, out: U8) -> None:
    """Write records (n,): field specification, then items in the order of the profile.

    order (FRN,): slot at each place, -1 for none; children[first[s]:first[s + 1]]: the same for
    the field specification of a compound s (empty: it is none); content: octets of items, those
    of slot s and record i from at[s, i], size[s, i] of them (0: not there; compounds: the whole
    size); octets (slots, n): of the field specification of compounds; fspec (n,): of the record;
    start (n,): where each record goes in out.
    """
    for i in range(start.shape[0]):
        to = _put_fspec(out, start[i], fspec[i], order, size, i)
        for frn in range(order.shape[0]):
            slot = order[frn]
            if slot < 0 or size[slot, i] == 0:
                continue
            if first[slot] == first[slot + 1]:
                to = _put_item(out, to, content, at[slot, i], size[slot, i])
                continue
            inside = children[first[slot]:first[slot + 1]]
            to = _put_fspec(out, to, octets[slot, i], inside, size, i)
            for child in inside:
                if child >= 0 and size[child, i] > 0:
                    to = _put_item(out, to, content, at[child, i], size[child, i])


@kernel
def cut_blocks(start: I64, group: I64, limit: int, first: I64) -> int:
    """Group records into blocks of at most `limit` octets with their header, at least one each.

    start (n + 1,): running octets of the records; group (n,): a block holds records of one group
    only. Out: first record of each block; returns how many blocks.
    """
    blocks, begun = 0, 0
    for i in range(start.shape[0] - 1):
        if i == 0 or start[i + 1] - start[begun] + 3 > limit or group[i] != group[begun]:
            first[blocks] = begun = i
            blocks += 1
    return blocks

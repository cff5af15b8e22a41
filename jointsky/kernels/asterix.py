"""ASTERIX: find blocks, walk records, take bits out of them.

Two passes. The walk reads field specifications and writes for every record where each *slot* (a
top-level item or a sub-item of a compound) starts, slot by slot: `cells[slot, row]` is a byte
offset in the buffer, 0 where the slot is absent (no item can start at 0: a block has a header),
and `cells[length row of slot, row]` the octets of slots whose size varies. The extraction then
reads one column at a time from where its slot starts. EUROCONTROL SPEC-0149 part 1 is the source.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from jointsky.kernels.jit import inlined, kernel

Array = npt.NDArray[Any]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]

# A table as the kernels want it is one array of int32, the plan. Its head says where in it stand
# the operations, the slot of a known expansion (-1: none), octets of the longest FSPEC, profiles
# (first and number of the slots of each), the leaf that tells profiles apart (slot, octet, shift,
# mask), the profile for each of its values, and the first and last + 1 slot in the expansion.
PLAN_OPS, PLAN_EXPANSION, PLAN_OCTETS, PLAN_PROFILES, PLAN_SELECTOR = range(5)
PLAN_CASES, PLAN_INSIDE, PLAN_LEAD, PLAN_HEAD = 8, 9, 11, 267

# An operation is five numbers for each slot: what it is, first child or part, number of them,
# octets (of one repetition) or 1 for "the last part has no FX", row of its length or -1.
OP_COLUMNS = 5
FIXED, EXTENDED, REPEAT, REPEAT_FX, EXPLICIT, COMPOUND, EXPANSION, RFS = range(8)

# Columns of a reject row.
OFFSET, FRAME, CATEGORY, FAULT, SLOT, EXPECTED, FOUND = range(7)
REJECT_COLUMNS = 7

# What went wrong; `found` and `expected` of the row are numbers of the unit named here.
BLOCK_SHORT, BLOCK_CUT, FSPEC_CUT, FSPEC_LONG, NO_ITEM, ITEM_CUT, NO_LENGTH, EMPTY, FULL, \
    NO_CATEGORY = range(1, 11)

# Where a walk stands, to go on when its caller has made room: records and rejects written,
# rejects not written for want of room, block, and byte offset of the next record (-1: its first).
RECORDS, REJECTS, UNWRITTEN, BLOCK, NEXT = range(5)
STATE_COLUMNS = 5

# What a walk of one record says: fault, its slot, expected, found; profile of the record.
FAULT_KIND, PROFILE, TASK_COLUMNS = 0, 4, 5


@inlined
def put_reject(rejects: I64, state: I64, offset: int, frame: int, category: int, fault: int,
               slot: int, expected: int, found: int) -> None:
    """Write a reject row, or count it if there is no room."""
    row = state[REJECTS]
    if row >= rejects.shape[0]:
        state[UNWRITTEN] += 1
        return
    rejects[row, OFFSET], rejects[row, FRAME] = offset, frame
    rejects[row, CATEGORY], rejects[row, FAULT] = category, fault
    rejects[row, SLOT], rejects[row, EXPECTED] = slot, expected
    rejects[row, FOUND] = found
    state[REJECTS] = row + 1


@kernel
def find_blocks(buffer: U8, start: I64, length: I64, blocks: I64, rejects: I64,
                state: I64) -> int:
    """Data blocks of every span of the buffer: category octet, two octets of length, records.

    start, length (k,): the spans. Out: blocks (n, 5): offset of the first record, end, category,
    span, 1 if the whole block is there; the number of blocks, which may be more than there is
    room for (call again with room). A block that says it is shorter than its header ends its
    span, since nothing tells where the next starts; of a block cut short by the end of the span
    what is there counts.
    """
    rows = 0
    state[:] = 0
    for span in range(start.shape[0]):
        at, end = start[span], start[span] + length[span]
        while at < end:
            if end - at < 3:
                put_reject(rejects, state, at, span, int(buffer[at]), BLOCK_CUT, -1, 3, end - at)
                break
            category = int(buffer[at])
            size = int(buffer[at + 1]) << 8 | int(buffer[at + 2])
            if size < 3:
                put_reject(rejects, state, at, span, category, BLOCK_SHORT, -1, 3, size)
                break
            whole = at + size <= end
            if not whole:
                put_reject(rejects, state, at, span, category, BLOCK_CUT, -1, size, end - at)
            if rows < blocks.shape[0]:
                blocks[rows, 0], blocks[rows, 1] = at + 3, min(at + size, end)
                blocks[rows, 2], blocks[rows, 3] = category, span
                blocks[rows, 4] = 1 if whole else 0
            rows += 1
            at += size
    return rows


@inlined
def _fail(task: I64, fault: int, slot: int, expected: int, found: int) -> int:
    task[0], task[1], task[2], task[3] = fault, slot, expected, found
    return -1


@inlined
def _fail_item(task: I64, slot: int, pos: int, stop: int, end: int) -> int:
    if stop == pos:
        return _fail(task, NO_LENGTH, slot, 1, 0)
    return _fail(task, ITEM_CUT, slot, stop - pos, end - pos)


@inlined
def _fspec_end(buffer: U8, pos: int, end: int) -> int:
    """Where a field specification ends: behind the first octet without FX; -1 if there is none."""
    while pos < end:
        pos += 1
        if buffer[pos - 1] & 1 == 0:
            return pos
    return -1


@inlined
def _plain_end(buffer: U8, plan: I32, op: int, pos: int, end: int) -> int:
    """Where a slot ends that is no compound, by its operation; beyond `end` if it is cut short,
    `pos` if its length is impossible.

    An extended item goes on as long as FX says. Parts that the edition does not know are of one
    octet, as in every edition so far; they are stepped over, for the rest of the block is good.
    """
    first, count, size, stop = plan[op + 1], plan[op + 2], plan[op + 3], pos
    if plan[op] == FIXED:
        stop += size
    elif plan[op] == EXTENDED:
        part = 0
        while True:
            stop += plan[first + part] if part < count else 1
            part += 1
            if stop > end or (part == count and size == 1) or buffer[stop - 1] & 1 == 0:
                break
    elif plan[op] == REPEAT_FX:
        while True:
            stop += size
            if stop > end or buffer[stop - 1] & 1 == 0:
                break
    elif pos >= end:
        stop += 1
    elif plan[op] == REPEAT:
        stop += 1 + int(buffer[pos]) * size
    else:
        stop += int(buffer[pos])
    return stop


@inlined
def _walk_rfs(buffer: U8, plan: I32, cells: I32, row: int, slot: int, first: int, count: int,
              pos: int, end: int, task: I64) -> int:
    """Random field sequencing: a count, then items each behind its FRN; where it ends, or -1.

    The first of a kind stands. No category has both this and compounds.
    """
    stop = pos + 1
    if stop > end:
        return _fail(task, ITEM_CUT, slot, 1, 0)
    for _ in range(int(buffer[pos])):
        if stop >= end:
            return _fail(task, ITEM_CUT, slot, stop - pos + 1, end - pos)
        frn = int(buffer[stop])
        item = plan[first + frn - 1] if 0 < frn <= count else -1
        if item < 0 or plan[plan[PLAN_OPS] + OP_COLUMNS * item] in (COMPOUND, EXPANSION, RFS):
            return _fail(task, NO_ITEM, slot, count, frn)
        op, begun = plan[PLAN_OPS] + OP_COLUMNS * item, stop + 1
        stop = _plain_end(buffer, plan, op, begun, end)
        if stop > end or stop == begun:
            return _fail_item(task, item, begun, stop, end)
        if cells[item, row] == 0:
            cells[item, row] = begun
            if plan[op + 4] >= 0:
                cells[plan[op + 4], row] = stop - begun
    return stop


@inlined
def _walk_list(buffer: U8, plan: I32, cells: I32, row: int, begin: int, fspec_end: int,
               bits: int, first: int, count: int, pos: int, end: int, task: I64) -> int:
    """Items that a field specification says are there, from `pos` on; where they end, or -1.

    bits: 0xFE, or 0xFF if its octets have no FX; plan[first:first + count]: slot of each place.
    All in one loop, and the commonest items in it, since to hand arrays to a callee costs more
    than an item does.
    """
    octet, frn, inside, owner, ops = begin, 0, False, -1, plan[PLAN_OPS]
    flags = int(buffer[octet]) & bits
    up_begin, up_octet, up_end, up_bits, up_flags, up_first, up_count = 0, 0, 0, 0, 0, 0, 0
    up_frn = 0
    while True:
        if flags == 0:
            octet += 1
            if octet < fspec_end:
                flags, frn = int(buffer[octet]) & bits, 7 * (octet - begin)
            elif inside:
                begin, octet, fspec_end, bits, flags = up_begin, up_octet, up_end, up_bits, up_flags
                first, count, inside, owner = up_first, up_count, False, -1
                frn = up_frn
            else:
                return pos
            continue
        lead = plan[PLAN_LEAD + flags]
        frn += lead
        flags = flags << (lead + 1) & 0xFF
        slot = plan[first + frn] if frn < count else -1
        frn += 1
        if slot < 0:
            return _fail(task, NO_ITEM, owner, count, frn)
        op, begun = ops + OP_COLUMNS * slot, pos
        cells[slot, row] = pos
        if plan[op] == FIXED:
            pos += plan[op + 3]
            if pos > end:
                return _fail_item(task, slot, begun, pos, end)
        elif plan[op] == COMPOUND:
            pos = _fspec_end(buffer, pos, end)
            if pos < 0:
                return _fail(task, FSPEC_CUT, slot, end - begun + 1, end - begun)
            if pos - begun > (plan[op + 2] + 6) // 7:
                return _fail(task, FSPEC_LONG, slot, (plan[op + 2] + 6) // 7, pos - begun)
            up_begin, up_octet, up_end, up_bits, up_flags = begin, octet, fspec_end, bits, flags
            up_first, up_count, up_frn, inside, owner = first, count, frn, True, slot
            begin, octet, fspec_end, bits, frn = begun, begun, pos, 0xFE, 0
            first, count, flags = plan[op + 1], plan[op + 2], int(buffer[begun]) & 0xFE
        else:
            if plan[op] == REPEAT and pos < end:
                pos += 1 + int(buffer[pos]) * plan[op + 3]
            elif plan[op] == EXTENDED and pos < end and buffer[pos] & 1 == 0 and (
                    plan[plan[op + 1]] == 1):
                pos += 1
            elif plan[op] == RFS:
                pos = _walk_rfs(buffer, plan, cells, row, slot, first, count, pos, end, task)
                if pos < 0:
                    return -1
            else:
                pos = _plain_end(buffer, plan, op, pos, end)
            if pos > end or pos == begun:
                return _fail_item(task, slot, begun, pos, end)
            cells[plan[op + 4], row] = pos - begun
        if slot == plan[PLAN_SELECTOR]:
            value = int(buffer[begun + plan[PLAN_SELECTOR + 1]]) >> plan[PLAN_SELECTOR + 2]
            task[PROFILE] = plan[plan[PLAN_CASES] + (value & plan[PLAN_SELECTOR + 3])]
            profile = plan[PLAN_PROFILES] + 2 * task[PROFILE]
            first, count = plan[profile], plan[profile + 1]


@inlined
def _walk_expansion(buffer: U8, plan: I32, cells: I32, row: int, slot: int, task: I64) -> None:
    """Inside an explicit item: a field specification of one octet without FX, then items.

    They count only if they fill the item to its last octet; else its bytes alone stand.
    """
    op = plan[PLAN_OPS] + OP_COLUMNS * slot
    pos = int(cells[slot, row])
    end, stop = pos + int(cells[plan[op + 4], row]), -1
    if end > pos + 1:
        stop = _walk_list(buffer, plan, cells, row, pos + 1, pos + 2, 0xFF, plan[op + 1],
                          plan[op + 2], pos + 2, end, task)
    task[FAULT_KIND] = 0
    if stop != end:
        for inner in range(plan[PLAN_INSIDE], plan[PLAN_INSIDE + 1]):
            cells[inner, row] = 0
            length_row = plan[plan[PLAN_OPS] + OP_COLUMNS * inner + 4]
            if length_row >= 0:
                cells[length_row, row] = 0


@inlined
def _walk_record(buffer: U8, plan: I32, cells: I32, row: int, pos: int, end: int,
                 task: I64) -> int:
    """One record: where it ends, or -1 with the fault told in `task`."""
    task[FAULT_KIND], task[PROFILE] = 0, 0
    fspec_end = _fspec_end(buffer, pos, end)
    if fspec_end < 0:
        return _fail(task, FSPEC_CUT, -1, end - pos + 1, end - pos)
    if fspec_end - pos > plan[PLAN_OCTETS]:
        return _fail(task, FSPEC_LONG, -1, plan[PLAN_OCTETS], fspec_end - pos)
    profile = plan[PLAN_PROFILES]
    stop = _walk_list(buffer, plan, cells, row, pos, fspec_end, 0xFE, plan[profile],
                      plan[profile + 1], fspec_end, end, task)
    if stop < 0:
        return -1
    limit = (plan[profile + 2 * task[PROFILE] + 1] + 6) // 7
    if fspec_end - pos > limit:
        return _fail(task, FSPEC_LONG, -1, limit, fspec_end - pos)
    if stop == fspec_end:
        task[FAULT_KIND] = EMPTY
    expansion = plan[PLAN_EXPANSION]
    if expansion >= 0 and cells[expansion, row] > 0:
        _walk_expansion(buffer, plan, cells, row, expansion, task)
    return stop


@kernel
def walk_records(buffer: U8, blocks: I64, plan: I32, cells: I32, place: I64, uap: U8,
                 rejects: I64, state: I64) -> None:
    """Walk the records of blocks of one category, until done or out of room for records.

    blocks (b, 5): as from `find_blocks`; plan: the table (see the head of this module).
    Out: cells (slots + length rows, room), zeros at first: where each slot starts, then octets of
    those whose size varies; place (2, room): offset and span of each record; uap (room,);
    rejects; state (STATE_COLUMNS,): zeros at first.
    A record that cannot be read rejects the rest of its block.
    """
    task, room = np.zeros(TASK_COLUMNS, np.int64), place.shape[1]
    while state[BLOCK] < blocks.shape[0]:
        block = state[BLOCK]
        end, category, span = blocks[block, 1], blocks[block, 2], blocks[block, 3]
        pos = state[NEXT] if state[NEXT] > 0 else blocks[block, 0]
        empty = False
        while pos < end:
            row = state[RECORDS]
            if row >= room:
                state[NEXT] = pos
                return
            stop = _walk_record(buffer, plan, cells, row, pos, end, task)
            if stop < 0:
                cells[:, row] = 0
                if blocks[block, 4] == 1:
                    put_reject(rejects, state, pos, span, category, task[FAULT_KIND], task[1],
                               task[2], task[3])
                break
            if task[FAULT_KIND] != EMPTY:
                place[0, row], place[1, row], uap[row] = pos, span, task[PROFILE]
                state[RECORDS] = row + 1
            elif not empty:
                put_reject(rejects, state, pos, span, category, EMPTY, -1, 1, 0)
                empty = True
            pos = stop
        state[BLOCK] += 1
        state[NEXT] = 0


@kernel
def find_standing(at: I32, out: U8) -> None:
    """Which slots stand in any record: at (slots, n); out (slots,) 1 or 0."""
    for slot in range(at.shape[0]):
        out[slot] = 0
        for i in range(at.shape[1]):
            if at[slot, i] != 0:
                out[slot] = 1
                break


@inlined
def _bits(buffer: U8, at: int, octets: int) -> int:
    value = int(buffer[at])
    for i in range(1, octets):
        value = value << 8 | int(buffer[at + i])
    return value


@kernel
def take_numbers(buffer: U8, at: I32, gate: I32, need: int, first: int, octets: int, shift: int,
                 mask: int, sign: int, out: Array) -> None:
    """Whole numbers of one column: unsigned, or two's complement if sign is its highest bit.

    at (n,): where the slot starts; gate (n,): there only where gate >= need; first: octet of the
    slot; then `octets` of them, shifted right and masked. out (n,): 0 where absent.
    """
    if octets == 1:
        for i in range(at.shape[0]):
            value = int(buffer[at[i] + first]) >> shift & mask if gate[i] >= need else 0
            out[i] = (value ^ sign) - sign if gate[i] >= need else 0
        return
    for i in range(at.shape[0]):
        if gate[i] >= need:
            value = _bits(buffer, at[i] + first, octets) >> shift & mask
            out[i] = (value ^ sign) - sign
        else:
            out[i] = 0


@kernel
def take_quantities(buffer: U8, at: I32, gate: I32, need: int, first: int, octets: int,
                    shift: int, mask: int, sign: int, scale: float, absent: float,
                    out: Array) -> None:
    """The same times scale: physical values of one column; `absent` where there is none."""
    for i in range(at.shape[0]):
        if gate[i] >= need:
            value = _bits(buffer, at[i] + first, octets) >> shift & mask
            out[i] = ((value ^ sign) - sign) * scale
        else:
            out[i] = absent


@kernel
def take_text(buffer: U8, at: I32, gate: I32, need: int, bit: int, width: int, alphabet: U8,
              none: int, out: U8) -> None:
    """Characters of `width` bits from `bit` of the slot on; out (n, characters), zeros at first.

    alphabet (2 ** width,): character of each code. The character `none` (-1 if there is no such)
    stands for no character: it is left out, and what follows moves up.
    """
    for i in range(at.shape[0]):
        if gate[i] < need:
            continue
        to = 0
        for j in range(out.shape[1]):
            from_bit = at[i] * 8 + bit + j * width
            octet, shift = from_bit >> 3, 16 - width - (from_bit & 7)
            pair = int(buffer[octet]) << 8
            if shift < 8:
                pair |= int(buffer[octet + 1])
            character = alphabet[pair >> shift & (1 << width) - 1]
            if character != none:
                out[i, to] = character
                to += 1


@kernel
def take_octets(buffer: U8, at: I32, gate: I32, need: int, first: int, out: U8) -> None:
    """Octets as they stand; out (n, octets), zeros at first."""
    for i in range(at.shape[0]):
        if gate[i] >= need:
            for j in range(out.shape[1]):
                out[i, j] = buffer[at[i] + first + j]


@kernel
def spread(at: I32, length: I32, head: int, size: int, start: I64, out: I32) -> None:
    """Where each repetition of a slot starts: start (n + 1,) is the running count of them.

    head: octets before the first repetition; size: octets of one. Out is filled only if it has
    room for all; so call with no room first, then again.
    """
    total = 0
    for i in range(at.shape[0]):
        start[i] = total
        count = (length[i] - head) // size if length[i] > 0 else 0
        if out.shape[0] > 0:
            for j in range(count):
                out[total + j] = at[i] + head + j * size
        total += count
    start[at.shape[0]] = total

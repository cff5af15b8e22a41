"""ASTERIX: find blocks, walk records, take bits out of them.

Two passes. The walk reads field specifications and writes for every record where each *slot* (a
top-level item or a sub-item of a compound) starts, slot by slot: `at[slot, row]` is a byte offset
in the buffer, 0 where the slot is absent (no item can start at 0: a block has a header), and
`length[row of slot, row]` the octets of slots whose size varies. The extraction then reads one
column at a time from where its slot starts. EUROCONTROL SPEC-0149 part 1 is the source.
"""

from __future__ import annotations

from jointsky.kernels.jit import inlined, kernel
from jointsky.model.batch import I32, I64, U8, Array

# What a slot is; column 0 of `ops`. Columns 1..4: first child or part, number of them,
# octets (of one repetition) or "the last part has no FX", row of `length` or -1.
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
def _fail(fault: I64, kind: int, slot: int, expected: int, found: int) -> int:
    fault[0], fault[1], fault[2], fault[3] = kind, slot, expected, found
    return -1


@inlined
def _walk_extended(buffer: U8, pos: int, end: int, slot: int, ops: I32, parts: I32,
                   fault: I64) -> int:
    """An item that goes on as long as FX says. Parts that the edition does not know are of one
    octet, as in every edition so far; they are stepped over, for the rest of the block is good."""
    first, count, at, part = ops[slot, 1], ops[slot, 2], pos, 0
    while True:
        at += int(parts[first + part]) if part < count else 1
        if at > end:
            return _fail(fault, ITEM_CUT, slot, at - pos, end - pos)
        if (part == count - 1 and ops[slot, 3] == 1) or buffer[at - 1] & 1 == 0:
            return at
        part += 1


@inlined
def _walk_plain(buffer: U8, pos: int, end: int, slot: int, row: int, ops: I32, parts: I32,
                at: I32, length: I32, fault: I64) -> int:
    """Any slot but a compound: where it ends, or -1."""
    op, stop = ops[slot, 0], pos
    if op == FIXED:
        stop = pos + int(ops[slot, 3])
        if stop > end:
            return _fail(fault, ITEM_CUT, slot, stop - pos, end - pos)
        at[slot, row] = pos
        return stop
    if op == EXTENDED:
        stop = _walk_extended(buffer, pos, end, slot, ops, parts, fault)
        if stop < 0:
            return -1
    elif op == REPEAT_FX:
        while True:
            stop += int(ops[slot, 3])
            if stop > end:
                return _fail(fault, ITEM_CUT, slot, stop - pos, end - pos)
            if buffer[stop - 1] & 1 == 0:
                break
    else:
        if pos >= end:
            return _fail(fault, ITEM_CUT, slot, 1, 0)
        if op == REPEAT:
            stop = pos + 1 + int(buffer[pos]) * int(ops[slot, 3])
        else:
            stop = pos + int(buffer[pos])
            if stop == pos:
                return _fail(fault, NO_LENGTH, slot, 1, 0)
        if stop > end:
            return _fail(fault, ITEM_CUT, slot, stop - pos, end - pos)
    at[slot, row] = pos
    length[ops[slot, 4], row] = stop - pos
    return stop


@inlined
def _fspec_end(buffer: U8, pos: int, end: int, slot: int, limit: int, fault: I64) -> int:
    """Where a field specification ends, or -1."""
    stop = pos
    while True:
        if stop >= end:
            return _fail(fault, FSPEC_CUT, slot, stop - pos + 1, end - pos)
        stop += 1
        if buffer[stop - 1] & 1 == 0:
            break
    if stop - pos > limit:
        return _fail(fault, FSPEC_LONG, slot, limit, stop - pos)
    return stop


@inlined
def _walk_compound(buffer: U8, pos: int, end: int, slot: int, row: int, ops: I32, parts: I32,
                   children: I32, at: I32, length: I32, fault: I64) -> int:
    first, count = ops[slot, 1], ops[slot, 2]
    stop = _fspec_end(buffer, pos, end, slot, (count + 6) // 7, fault)
    if stop < 0:
        return -1
    at[slot, row] = pos
    frn, octets = 0, stop - pos
    for octet in range(octets):
        flags = int(buffer[pos + octet])
        for bit in range(7, 0, -1):
            if flags >> bit & 1:
                if frn >= count or children[first + frn] < 0:
                    return _fail(fault, NO_ITEM, slot, count, frn + 1)
                stop = _walk_plain(buffer, stop, end, children[first + frn], row, ops, parts, at,
                                   length, fault)
                if stop < 0:
                    return -1
            frn += 1
    return stop


@inlined
def _clear(slot: int, row: int, ops: I32, children: I32, at: I32, length: I32) -> None:
    """Forget a slot that turned out not to be there, and what stands in it."""
    at[slot, row] = 0
    if ops[slot, 4] >= 0:
        length[ops[slot, 4], row] = 0
    if ops[slot, 0] in {COMPOUND, EXPANSION}:
        for place in range(ops[slot, 1], ops[slot, 1] + ops[slot, 2]):
            child = children[place]
            if child < 0:
                continue
            at[child, row] = 0
            if ops[child, 4] >= 0:
                length[ops[child, 4], row] = 0
            if ops[child, 0] == COMPOUND:
                for deep in range(ops[child, 1], ops[child, 1] + ops[child, 2]):
                    leaf = children[deep]
                    if leaf >= 0:
                        at[leaf, row] = 0
                        if ops[leaf, 4] >= 0:
                            length[ops[leaf, 4], row] = 0


@inlined
def _walk_expansion(buffer: U8, pos: int, end: int, slot: int, row: int, ops: I32, parts: I32,
                    children: I32, at: I32, length: I32, fault: I64) -> int:
    """An explicit item whose inside is known: a one-octet field specification, then items.

    What is inside counts only if it fills the item to its last octet; else the bytes alone stand.
    """
    stop = _walk_plain(buffer, pos, end, slot, row, ops, parts, at, length, fault)
    if stop < 0:
        return -1
    first, count, inner, good = ops[slot, 1], ops[slot, 2], pos + 2, stop > pos + 1
    flags = int(buffer[pos + 1]) if good else 0
    for frn in range(8):
        if not good or not flags >> (7 - frn) & 1:
            continue
        child = children[first + frn] if frn < count else -1
        if child < 0:
            good = False
        elif ops[child, 0] == COMPOUND:
            inner = _walk_compound(buffer, inner, stop, child, row, ops, parts, children, at,
                                   length, fault)
        else:
            inner = _walk_plain(buffer, inner, stop, child, row, ops, parts, at, length, fault)
        good = good and inner >= 0
    if not good or inner != stop:
        _clear(slot, row, ops, children, at, length)
        at[slot, row] = pos
        length[ops[slot, 4], row] = stop - pos
    return stop


@inlined
def _walk_item(buffer: U8, pos: int, end: int, slot: int, row: int, ops: I32, parts: I32,
               children: I32, at: I32, length: I32, fault: I64) -> int:
    op = ops[slot, 0]
    if op == COMPOUND:
        return _walk_compound(buffer, pos, end, slot, row, ops, parts, children, at, length, fault)
    if op == EXPANSION:
        return _walk_expansion(buffer, pos, end, slot, row, ops, parts, children, at, length,
                               fault)
    return _walk_plain(buffer, pos, end, slot, row, ops, parts, at, length, fault)


@inlined
def _walk_rfs(buffer: U8, pos: int, end: int, slot: int, row: int, frns: I32, ops: I32,
              parts: I32, at: I32, length: I32, fault: I64) -> int:
    """Random field sequencing: a count, then items each behind its FRN.

    The first of a kind stands. No category has both this and compounds.
    """
    if pos >= end:
        return _fail(fault, ITEM_CUT, slot, 1, 0)
    stop = pos + 1
    for _ in range(int(buffer[pos])):
        if stop >= end:
            return _fail(fault, ITEM_CUT, slot, stop - pos + 1, end - pos)
        frn = int(buffer[stop])
        item = frns[frn - 1] if 0 < frn <= frns.shape[0] else -1
        if item < 0 or ops[item, 0] in {COMPOUND, EXPANSION, RFS}:
            return _fail(fault, NO_ITEM, slot, frns.shape[0], frn)
        before = at[item, row]
        octets = length[ops[item, 4], row] if ops[item, 4] >= 0 else 0
        stop = _walk_plain(buffer, stop + 1, end, item, row, ops, parts, at, length, fault)
        if stop < 0:
            return -1
        if before > 0:
            at[item, row] = before
            if ops[item, 4] >= 0:
                length[ops[item, 4], row] = octets
    at[slot, row] = pos
    length[ops[slot, 4], row] = stop - pos
    return stop


@inlined
def _walk_record(buffer: U8, pos: int, end: int, row: int, order: I32, frns: I32, selector: I64,
                 cases: I32, ops: I32, parts: I32, children: I32, at: I32, length: I32, uap: U8,
                 fault: I64) -> int:
    """One record: where it ends, or -1 with the fault told. A profile is picked on the way."""
    profile, frn, items = 0, 0, 0
    fspec_end = _fspec_end(buffer, pos, end, -1, (order.shape[1] + 6) // 7, fault)
    if fspec_end < 0:
        return -1
    stop = fspec_end
    for octet in range(pos, fspec_end):
        flags = int(buffer[octet])
        if flags < 2:
            frn += 7
            continue
        for bit in range(7, 0, -1):
            if flags >> bit & 1:
                slot = order[profile, frn] if frn < frns[profile] else -1
                if slot < 0:
                    return _fail(fault, NO_ITEM, -1, frns[profile], frn + 1)
                begun = stop
                if ops[slot, 0] == RFS:
                    stop = _walk_rfs(buffer, begun, end, slot, row, order[profile, :frns[profile]],
                                     ops, parts, at, length, fault)
                else:
                    stop = _walk_item(buffer, begun, end, slot, row, ops, parts, children, at,
                                      length, fault)
                if stop < 0:
                    return -1
                items += 1
                if slot == selector[0]:
                    value = int(buffer[begun + selector[1]]) >> selector[2] & selector[3]
                    profile = cases[value]
            frn += 1
    if fspec_end - pos > (frns[profile] + 6) // 7:
        return _fail(fault, FSPEC_LONG, -1, (frns[profile] + 6) // 7, fspec_end - pos)
    if items == 0:
        fault[0] = EMPTY
    uap[row] = profile
    return stop


@kernel
def walk_records(buffer: U8, blocks: I64, order: I32, frns: I32, selector: I64, cases: I32,
                 ops: I32, parts: I32, children: I32, at: I32, length: I32, place: I64, uap: U8,
                 rejects: I64, state: I64) -> None:
    """Walk the records of blocks of one category, until done or out of room for records.

    blocks (b, 5): as from `find_blocks`; order, frns, cases, ops, parts, children: the table;
    selector (4,): slot that tells profiles apart (-1: none), octet, shift and mask in it.
    Out: at (slots, room), length (length rows, room), place (2, room): offset and span of each
    record; uap (room,); rejects; state (5,): zeros at first. at and length must be zeros.
    A record that cannot be read rejects the rest of its block.
    """
    fault, room = state[:4].copy(), place.shape[1]
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
            fault[0] = 0
            stop = _walk_record(buffer, pos, end, row, order, frns, selector, cases, ops, parts,
                                children, at, length, uap, fault)
            if stop < 0:
                at[:, row] = 0
                length[:, row] = 0
                if blocks[block, 4] == 1:
                    put_reject(rejects, state, pos, span, category, fault[0], fault[1], fault[2],
                               fault[3])
                break
            if fault[0] != EMPTY:
                place[0, row], place[1, row] = pos, span
                state[RECORDS] = row + 1
            elif not empty:
                put_reject(rejects, state, pos, span, category, EMPTY, -1, 1, 0)
                empty = True
            pos = stop
        state[BLOCK] += 1
        state[NEXT] = 0


@inlined
def _bits(buffer: U8, at: int, octets: int, shift: int, mask: int) -> int:
    value = int(buffer[at])
    for i in range(1, octets):
        value = value << 8 | int(buffer[at + i])
    return value >> shift & mask


@kernel
def take_numbers(buffer: U8, at: I32, gate: I32, need: int, first: int, octets: int, shift: int,
                 mask: int, sign: int, out: Array) -> None:
    """Whole numbers of one column: unsigned, or two's complement if sign is its highest bit.

    at (n,): where the slot starts; gate (n,): there only where gate >= need; first: octet of the
    slot; then `octets` of them, shifted right and masked. out (n,): 0 where absent.
    """
    for i in range(at.shape[0]):
        if gate[i] >= need:
            value = _bits(buffer, at[i] + first, octets, shift, mask)
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
            value = _bits(buffer, at[i] + first, octets, shift, mask)
            out[i] = ((value ^ sign) - sign) * scale
        else:
            out[i] = absent


@kernel
def take_text(buffer: U8, at: I32, gate: I32, need: int, bit: int, width: int, alphabet: U8,
              out: U8) -> None:
    """Characters of `width` bits from `bit` of the slot on; out (n, characters), zeros at first.

    alphabet (2 ** width,): character of each code, 0 for a code that stands for none: it is left
    out, and what follows moves up.
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
            if character != 0:
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

"""Room for the kernels: blocks of a buffer, and the records of blocks by one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from jointsky.codec.asterix.tables import Table
from jointsky.kernels import asterix as kernel
from jointsky.model.batch import I32, I64, U8

Arrays = tuple[I32, I64, U8]

BUFFER_MAX: Final = 2**31 - 1
RECORDS_MAX: Final = 2**25
RECORDS_FIRST: Final = 1024


@dataclass(frozen=True, slots=True)
class Walked:
    """Records of blocks, as `kernel.walk_records` wrote them; rejects, and how many had no room."""

    at: I32
    length: I32
    offset: I64
    frame: I64
    uap: U8
    rejects: I64
    more: int


def split_blocks(buffer: U8, start: I64, length: I64, rejects_max: int) -> tuple[I64, I64, int]:
    """Blocks of the spans (see `kernel.find_blocks`), reject rows, number of rejects without one.

    """
    assert len(buffer) <= BUFFER_MAX, "offsets are 32 bits: decode a longer buffer in pieces"
    state = np.zeros(kernel.STATE_COLUMNS, np.int64)
    room = len(buffer) // 64 + len(start) + 16
    while True:
        blocks = np.zeros((room, 5), np.int64)
        rejects = np.zeros((min(rejects_max, 2 * len(start)), kernel.REJECT_COLUMNS), np.int64)
        found = kernel.find_blocks(buffer, start, length, blocks, rejects, state)
        if found <= room:
            return blocks[:found], rejects[:state[kernel.REJECTS]], int(state[kernel.UNWRITTEN])
        room = found


def walk(buffer: U8, blocks: I64, table: Table, rejects_max: int,
         records_max: int = RECORDS_MAX) -> Walked:
    """Every record of blocks of the table's category. Beyond `records_max`: one LIMIT reject."""
    octets = int((blocks[:, 1] - blocks[:, 0]).sum())
    state = np.zeros(kernel.STATE_COLUMNS, np.int64)
    rejects = np.zeros((min(rejects_max, 2 * len(blocks) + 1), kernel.REJECT_COLUMNS), np.int64)
    room = min(octets // 2 + 1, RECORDS_FIRST, records_max)
    cells, place, uap = _arrays(table, room)
    while True:
        kernel.walk_records(buffer, blocks, table.plan, cells, place, uap, rejects, state)
        n = int(state[kernel.RECORDS])
        if state[kernel.BLOCK] >= len(blocks):
            break
        if room >= records_max:
            _refuse_rest(blocks, rejects, state, records_max)
            break
        done = _octets_done(blocks, state)
        room = min(int(n * octets / done * 1.1) + RECORDS_FIRST, records_max)
        cells, place, uap = _moved((cells, place, uap), n, _arrays(table, room))
    slots = len(table.slots)
    return Walked(cells[:slots, :n], cells[slots:, :n], place[0, :n], place[1, :n], uap[:n],
                  rejects[:state[kernel.REJECTS]], int(state[kernel.UNWRITTEN]))


def _moved(old: Arrays, n: int, new: Arrays) -> Arrays:
    """The new arrays with the first n records of the old ones in them.

    Slots that no record has are left alone, so that the system need not give them memory.
    """
    there = np.flatnonzero(old[0].any(axis=1))
    new[0][there, :n] = old[0][there, :n]
    new[1][:, :n], new[2][:n] = old[1][:, :n], old[2][:n]
    return new


def _arrays(table: Table, room: int) -> Arrays:
    return (np.zeros((len(table.slots) + table.length_rows, room), np.int32),
            np.zeros((2, room), np.int64), np.zeros(room, np.uint8))


def _octets_done(blocks: I64, state: I64) -> int:
    """Octets of records walked so far; at least one."""
    block = int(state[kernel.BLOCK])
    before = int((blocks[:block, 1] - blocks[:block, 0]).sum())
    return max(1, before + int(state[kernel.NEXT] - blocks[block, 0]))


def _refuse_rest(blocks: I64, rejects: I64, state: I64, records_max: int) -> None:
    """A reject where the walk stopped, and the blocks behind it counted."""
    block = int(state[kernel.BLOCK])
    kernel.put_reject(rejects, state, int(state[kernel.NEXT]), int(blocks[block, 3]),
                      int(blocks[block, 2]), kernel.FULL, -1, records_max, 0)
    state[kernel.UNWRITTEN] += len(blocks) - block - 1

"""Raw recordings: ASTERIX data blocks one behind the other, nothing between them."""

from __future__ import annotations

import numpy as np

from jointsky.codec.recordings.recording import Fault, Recording, capped
from jointsky.kernels.recordings import chain_at, walk_blocks
from jointsky.model.batch import U8

# Categories that EUROCONTROL or a known maker has given out; a lost chain of blocks is taken up
# again only at one of these.
CATEGORIES = (1, 2, 3, 4, 7, 8, 9, 10, 11, 15, 16, 17, 18, 19, 20, 21, 23, 25, 30, 31, 32, 34, 48,
              62, 63, 65, 128, 129, 150, 204, 205, 240, 247, 252, 253)
KNOWN: U8 = np.isin(np.arange(256), CATEGORIES).astype(np.uint8)
CHAIN = 4


def fits(buffer: U8) -> bool:
    """Whether the bytes begin with a chain of blocks of known categories."""
    return chain_at(buffer, 0, KNOWN, CHAIN)


def fits_loosely(buffer: U8) -> bool:
    """Whether the bytes may begin a cut or damaged chain of blocks (given a fitting suffix)."""
    return (len(buffer) >= 3 and bool(KNOWN[buffer[0]])
            and int(buffer[1]) << 8 | int(buffer[2]) >= 4)


def read(path: str, buffer: U8) -> Recording:
    """Cut raw bytes into blocks; bytes in no block become frames of their own, with a fault."""
    start, length = np.empty((2, len(buffer) // 2 + 2), np.int64)
    whole = np.empty(len(start), np.uint8)
    rows = walk_blocks(buffer, KNOWN, CHAIN, start, length, whole)
    begin = start[:rows].copy()
    kept, left_off = capped([Fault(int(at), _why(buffer, int(at)))
                             for at in begin[whole[:rows] == 0]])
    return Recording(path, "raw", buffer, begin, length[:rows].copy(), begin, faults=kept,
                     faults_left_off=left_off)


def _why(buffer: U8, at: int) -> str:
    remain = len(buffer) - at
    if remain < 3:
        return f"truncated: {remain} bytes left, a block header has 3"
    size = int(buffer[at + 1]) << 8 | int(buffer[at + 2])
    if size < 3:
        return f"a block says it is {size} bytes long, shorter than its own header of 3"
    return f"truncated: a block of category {buffer[at]:03d} says {size} bytes, {remain} are left"


def write(blocks: list[bytes]) -> bytes:
    """A raw recording of data blocks."""
    return b"".join(blocks)

"""Rply recordings (RAPS): u32 length, u32 milliseconds since the record before, payload.

Both words little-endian.
"""

from __future__ import annotations

import struct

import numpy as np

from jointsky.codec.recordings.raw import fits as fits_raw
from jointsky.codec.recordings.recording import Fault, Recording
from jointsky.kernels.recordings import walk_replies
from jointsky.model.batch import I64, U8

NS_PER_MS = 1_000_000


def fits(buffer: U8) -> bool:
    """Whether the bytes begin with a complete record that holds ASTERIX data blocks."""
    rows, _, start, length, _ = _walk(buffer[:65_536 + 8], 1)
    return rows == 1 and length[0] >= 4 and fits_raw(buffer[start[0]:start[0] + length[0]])


def read(path: str, buffer: U8) -> Recording:
    """Cut an rply recording; what follows a broken record is a fault."""
    _, stop, start, length, delta = _walk(buffer, len(buffer) // 8 + 1)
    faults = () if stop == len(buffer) else (Fault(stop, (
        f"truncated or damaged: {len(buffer) - stop} bytes left that are no record"
        " (u32 length, u32 milliseconds, payload)")),)
    elapsed = np.cumsum(delta) - (delta[0] if len(delta) else 0)
    return Recording(path, "rply", buffer, start, length, start,
                     elapsed_ns=elapsed * NS_PER_MS, faults=faults)


def _walk(buffer: U8, limit: int) -> tuple[int, int, I64, I64, I64]:
    start, length, delta = np.empty((3, limit), np.int64)
    rows, stop = walk_replies(buffer, start, length, delta)
    return rows, stop, start[:rows].copy(), length[:rows].copy(), delta[:rows].copy()


def write(payloads: list[bytes], time_ns: list[int]) -> bytes:
    """An rply recording of payloads received at `time_ns` (any zero, ascending)."""
    out, before = [], time_ns[0] // NS_PER_MS if time_ns else 0
    for payload, time in zip(payloads, time_ns, strict=True):
        if len(payload) > 65_535:
            raise ValueError(f"an rply record holds at most 65535 bytes, not {len(payload)}")
        now = time // NS_PER_MS
        out += [struct.pack("<II", len(payload), now - before), payload]
        before = now
    return b"".join(out)

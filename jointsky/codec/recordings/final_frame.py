"""Final-frame recordings (IOSS, as COMSOFT recorders write them).

Each record: u16 length of the whole record, u8 error code, u8 line, u8 recording
day, 3-byte time of day in 10 ms, payload, 4 x A5. All big-endian.
"""

from __future__ import annotations

import numpy as np

from jointsky.codec.recordings.recording import Fault, Recording
from jointsky.kernels.recordings import walk_final_frames
from jointsky.model.batch import I64, U8
from jointsky.model.clock import NS_PER_DAY

NS_PER_10MS = 10_000_000
OVERHEAD = 12


def fits(buffer: U8) -> bool:
    """Whether the bytes begin with a complete final-frame record."""
    return _walk(buffer[:65_536], 1)[0] == 1


def read(path: str, buffer: U8) -> Recording:
    """Cut a final-frame recording; what follows a broken record is a fault."""
    _, stop, start, length, time = _walk(buffer, len(buffer) // OVERHEAD + 1)
    faults = () if stop == len(buffer) else (Fault(stop, (
        f"truncated or damaged: {len(buffer) - stop} bytes left that are no final-frame record"
        " (u16 length, 6 bytes, payload, A5A5A5A5)")),)
    day = np.cumsum(np.diff(time, prepend=time[:1]) < -43_200 * 100)
    return Recording(path, "final-frame", buffer, start, length, start,
                     elapsed_ns=time * NS_PER_10MS + day * NS_PER_DAY, faults=faults)


def _walk(buffer: U8, limit: int) -> tuple[int, int, I64, I64, I64]:
    start, length, time = np.empty((3, limit), np.int64)
    rows, stop = walk_final_frames(buffer, start, length, time)
    return rows, stop, start[:rows].copy(), length[:rows].copy(), time[:rows].copy()


def write(payloads: list[bytes], time_of_day_ns: list[int]) -> bytes:
    """A final-frame recording. Raises ValueError for a payload over 65,523 bytes."""
    out = []
    for payload, time in zip(payloads, time_of_day_ns, strict=True):
        if len(payload) > 65_523:
            raise ValueError(f"a final frame holds at most 65523 bytes, not {len(payload)}")
        ticks = time % NS_PER_DAY // NS_PER_10MS
        out += [(len(payload) + OVERHEAD).to_bytes(2, "big"), bytes(3), ticks.to_bytes(3, "big"),
                payload, b"\xa5\xa5\xa5\xa5"]
    return b"".join(out)

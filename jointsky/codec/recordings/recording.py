"""What every form of recording becomes: payload bytes, and where and when each frame came in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from jointsky.model.batch import I32, I64, U8

FAULT_LIMIT = 1_000


class Fault(NamedTuple):
    """Something wrong with the file itself: where (byte offset) and what, for a person."""

    offset: int
    text: str


@dataclass(frozen=True, eq=False)
class Recording:
    """A recording cut into frames (n,): datagrams, or ASTERIX data blocks in a raw file.

    path, form: the file and its form ("raw", "pcap", "pcapng", "final-frame", "rply").
    buffer: payload bytes; frame i is `buffer[start[i]:start[i] + length[i]]`.
    file_offset: where frame i's payload stands in the file.
    received_ns: UTC ns of reception where the file knows the date (pcap, pcapng), else None.
    elapsed_ns: ns on the recorder's clock where that is all it wrote, else None: since midnight
    of the first day (final-frame), since the first frame (rply).
    source: index into `sources` (UDP destinations, as `239.1.1.1:8600`) per frame, or None.
    faults: what is wrong with the file, at most FAULT_LIMIT of them; `faults_left_off` more.
    skipped: captured packets that carry no UDP.
    """

    path: str
    form: str
    buffer: U8
    start: I64
    length: I64
    file_offset: I64
    received_ns: I64 | None = None
    elapsed_ns: I64 | None = None
    source: I32 | None = None
    sources: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    faults_left_off: int = 0
    skipped: int = 0

    def __len__(self) -> int:
        return len(self.start)

    def place_in_file(self, frame: I64, offset: I64) -> I64:
        """Offset in the file of a byte given by frame number and offset in `buffer`."""
        if len(self) == 0:
            return offset
        return self.file_offset[frame] + (offset - self.start[frame])


def capped(faults: list[Fault]) -> tuple[tuple[Fault, ...], int]:
    """The first FAULT_LIMIT faults in file order, and how many more there were."""
    faults = sorted(faults)
    return tuple(faults[:FAULT_LIMIT]), max(0, len(faults) - FAULT_LIMIT)


def as_u8(content: bytes) -> U8:
    """Bytes as an array, not copied."""
    return np.frombuffer(content, np.uint8)

"""PCAPNG captures: sections of typed blocks. https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcapng/"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from jointsky.codec.recordings.packets import recording_of
from jointsky.codec.recordings.recording import Fault, Recording
from jointsky.model.batch import U8

SECTION, INTERFACE, SIMPLE_PACKET, ENHANCED_PACKET, OLD_PACKET = 0x0A0D0D0A, 1, 3, 6, 2
OPTION_TSRESOL, OPTION_TSOFFSET = 9, 14
NS_PER_S = 1_000_000_000
Order = Literal["big", "little"]


@dataclass
class _Capture:
    """What has been read so far; interfaces are those of the section at hand."""

    content: bytes
    order: Order = "little"
    interfaces: list[tuple[int, int, int, int]] = field(default_factory=list)
    packets: list[tuple[int, int, int, int]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def number(self, at: int, size: int) -> int:
        return int.from_bytes(self.content[at:at + size], self.order)


def fits(buffer: U8) -> bool:
    """Whether the bytes begin with a section header block."""
    return bytes(buffer[:4]) == b"\x0a\x0d\x0d\x0a" and bytes(buffer[8:12]) in {
        b"\x1a\x2b\x3c\x4d", b"\x4d\x3c\x2b\x1a"}


def read(path: str, buffer: U8) -> Recording:
    """The UDP payloads of a PCAPNG capture; one cut short keeps what came before the cut."""
    capture = _Capture(buffer.tobytes())
    at, end = 0, len(buffer)
    while at < end:
        if at + 12 > end:
            capture.faults.append(Fault(at, f"truncated: {end - at} bytes left, a block has 12"))
            break
        if capture.content[at:at + 4] == b"\x0a\x0d\x0d\x0a":
            capture.order = "big" if capture.content[at + 8:at + 9] == b"\x1a" else "little"
            capture.interfaces.clear()
        kind, size = capture.number(at, 4), capture.number(at + 4, 4)
        if size < 12 or size % 4 or at + size > end:
            capture.faults.append(Fault(at, (
                f"truncated or damaged: a block says {size} bytes, {end - at} are left")))
            break
        _note(capture, kind, at, at + size - 4)
        at += size
    rows = np.array(capture.packets, np.int64).reshape(-1, 4).T
    start, length, time_ns, link = np.ascontiguousarray(rows)
    return recording_of(path, "pcapng", buffer, start, length, time_ns, link, capture.faults)


def _note(capture: _Capture, kind: int, at: int, end: int) -> None:
    """Take in one block whose body ends at `end`."""
    number = capture.number
    if kind == INTERFACE and at + 16 <= end:
        capture.interfaces.append((number(at + 8, 2), number(at + 12, 4),
                                   *_clock_of(capture, at + 16, end)))
    elif kind in {ENHANCED_PACKET, OLD_PACKET} and at + 28 <= end:
        which = number(at + 8, 4 if kind == ENHANCED_PACKET else 2)
        size = number(at + 20, 4)
        if which >= len(capture.interfaces) or at + 28 + size > end:
            capture.faults.append(Fault(at, (
                f"a packet of {size} bytes on interface {which}; expected one that fits its block"
                f" and one of {len(capture.interfaces)} interfaces")))
            return
        link, _, ticks_per_s, offset_s = capture.interfaces[which]
        ticks = number(at + 12, 4) << 32 | number(at + 16, 4)
        time_ns = ticks * NS_PER_S // ticks_per_s + offset_s * NS_PER_S
        if time_ns >= 1 << 63:
            capture.faults.append(Fault(at, f"a packet at {ticks} ticks, past the year 2262"))
            return
        capture.packets.append((at + 28, size, time_ns, link))
    elif kind == SIMPLE_PACKET and capture.interfaces:
        capture.faults.append(Fault(at, "a simple packet block: it has no time and is left out"))


def _clock_of(capture: _Capture, at: int, end: int) -> tuple[int, int]:
    """(ticks per second, offset in seconds) from the options of an interface."""
    ticks_per_s, offset_s = 1_000_000, 0
    while at + 4 <= end:
        code, size = capture.number(at, 2), capture.number(at + 2, 2)
        if code == 0:
            break
        if code == OPTION_TSRESOL and size == 1:
            said = capture.number(at + 4, 1)
            ticks_per_s = 1 << (said & 0x7F) if said & 0x80 else 10 ** (said & 0x7F)
        elif code == OPTION_TSOFFSET and size == 8:
            offset_s = int.from_bytes(capture.content[at + 4:at + 12], capture.order, signed=True)
        at += 4 + (size + 3) // 4 * 4
    return ticks_per_s, offset_s

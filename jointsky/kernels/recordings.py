"""Framing of recordings: where each frame lies in the bytes of a file.

Most walks fill their arrays with one row per frame, up to their length, and return (rows filled,
offset where they stopped); a stop before the end of the buffer is a fault of the file.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from jointsky.kernels.jit import inlined, kernel

I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]

# What `find_datagrams` says of a packet.
PACKET_UDP = 0
PACKET_OTHER = 1
PACKET_FRAGMENT = 2
PACKET_CUT = 3

LINK_NULL, LINK_ETHERNET, LINK_RAW, LINK_RAW_BSD = 0, 1, 101, 12
LINK_COOKED, LINK_COOKED_2, LINK_IPV4, LINK_IPV6 = 113, 276, 228, 229


@inlined
def u16_be(buffer: U8, at: int) -> int:
    """Two bytes, high one first."""
    return int(np.int64(buffer[at]) << 8 | np.int64(buffer[at + 1]))


@inlined
def u32_be(buffer: U8, at: int) -> int:
    """Four bytes, high one first."""
    return u16_be(buffer, at) << 16 | u16_be(buffer, at + 2)


@inlined
def u32_le(buffer: U8, at: int) -> int:
    """Four bytes, low one first."""
    return int(np.int64(buffer[at]) | np.int64(buffer[at + 1]) << 8
               | np.int64(buffer[at + 2]) << 16 | np.int64(buffer[at + 3]) << 24)


@inlined
def _chain_at(buffer: U8, at: int, known: U8, wanted: int) -> bool:
    """Whether `wanted` blocks of known categories, or fewer up to the very end, begin here."""
    rows, end = 0, buffer.shape[0]
    while rows < wanted and at + 3 <= end and known[buffer[at]] == 1:
        size = u16_be(buffer, at + 1)
        if size < 4 or at + size > end:
            return False
        at += size
        rows += 1
    return rows == wanted or (rows > 0 and at == end)


@kernel
def chain_at(buffer: U8, at: int, known: U8, wanted: int) -> bool:
    """Whether a chain of ASTERIX data blocks begins at `at`.

    known (256,): 1 for a category that may open a block. A chain is `wanted` blocks of known
    categories one after the other, or fewer that end with the buffer.
    """
    return _chain_at(buffer, at, known, wanted)


@kernel
def walk_blocks(buffer: U8, known: U8, wanted: int, start: I64, length: I64, whole: U8) -> int:
    """ASTERIX data blocks one after the other: category, u16 length of the whole. Returns rows.

    Bytes that are no block become a row of their own, `whole` 0, up to where a chain (see
    `chain_at`) begins again. The arrays hold at least half as many rows as the buffer bytes.
    """
    at, rows, end = 0, 0, buffer.shape[0]
    while at < end:
        size = u16_be(buffer, at + 1) if at + 3 <= end else 0
        start[rows], whole[rows] = at, 1
        if size >= 3 and at + size <= end:
            at += size
        else:
            whole[rows] = 0
            at += 1
            while at < end and not _chain_at(buffer, at, known, wanted):
                at += 1
        length[rows] = at - start[rows]
        rows += 1
    return rows


@kernel
def walk_final_frames(buffer: U8, start: I64, length: I64, time_10ms: I64) -> tuple[int, int]:
    """Final-frame records: u16 length of all, 3 bytes, 3-byte time, payload, 4 x A5."""
    at, rows, end = 0, 0, buffer.shape[0]
    while rows < start.shape[0] and at + 12 <= end:
        size = u16_be(buffer, at)
        if size < 12 or at + size > end:
            break
        if u32_be(buffer, at + size - 4) != 0xA5A5A5A5:
            break
        time_10ms[rows] = np.int64(buffer[at + 5]) << 16 | u16_be(buffer, at + 6)
        start[rows], length[rows] = at + 8, size - 12
        at += size
        rows += 1
    return rows, at


@kernel
def walk_replies(buffer: U8, start: I64, length: I64, delta_ms: I64) -> tuple[int, int]:
    """Rply records: u32 length, u32 milliseconds since the record before, payload."""
    at, rows, end = 0, 0, buffer.shape[0]
    while rows < start.shape[0] and at + 8 <= end:
        size = u32_le(buffer, at)
        if size > 65_535 or at + 8 + size > end:
            break
        start[rows], length[rows], delta_ms[rows] = at + 8, size, u32_le(buffer, at + 4)
        at += 8 + size
        rows += 1
    return rows, at


@kernel
def walk_packets(buffer: U8, big: bool, fraction_ns: int, start: I64, length: I64,
                 time_ns: I64) -> tuple[int, int]:
    """PCAP packet records after the 24-byte header; fraction_ns is the worth of the second word."""
    at, rows, end = 24, 0, buffer.shape[0]
    while rows < start.shape[0] and at + 16 <= end:
        if big:
            seconds, fraction = u32_be(buffer, at), u32_be(buffer, at + 4)
            size = u32_be(buffer, at + 8)
        else:
            seconds, fraction = u32_le(buffer, at), u32_le(buffer, at + 4)
            size = u32_le(buffer, at + 8)
        if at + 16 + size > end:
            break
        start[rows], length[rows] = at + 16, size
        time_ns[rows] = seconds * 1_000_000_000 + fraction * fraction_ns
        at += 16 + size
        rows += 1
    return rows, at


@inlined
def _ip_of(buffer: U8, at: int, end: int, link: int) -> int:
    """Where the IP header of a packet starts, -1 if it carries none, -2 if it is cut short."""
    kind = 0
    if link == LINK_ETHERNET:
        at += 12
        if at + 2 > end:
            return -2
        kind = u16_be(buffer, at)
        at += 2
        while kind in (0x8100, 0x88A8, 0x9100):
            if at + 4 > end:
                return -2
            kind = u16_be(buffer, at + 2)
            at += 4
    elif link == LINK_COOKED:
        if at + 16 > end:
            return -2
        kind = u16_be(buffer, at + 14)
        at += 16
    elif link == LINK_COOKED_2:
        if at + 20 > end:
            return -2
        kind = u16_be(buffer, at)
        at += 20
    elif link == LINK_NULL:
        at += 4
    if at >= end:
        return -2
    version = buffer[at] >> 4
    if link in (LINK_ETHERNET, LINK_COOKED, LINK_COOKED_2):
        fits = (kind == 0x0800 and version == 4) or (kind == 0x86DD and version == 6)
    else:
        fits = version in (4, 6)
    return at if fits else -1


@inlined
def _udp_of(buffer: U8, ip: int, end: int, endpoint: U8) -> tuple[int, int]:
    """(what it is, where the UDP header starts); fills the destination address."""
    if buffer[ip] >> 4 == 4:
        if ip + 20 > end:
            return PACKET_CUT, 0
        udp = ip + int(np.int64(buffer[ip]) & 15) * 4
        endpoint[0] = 4
        for i in range(4):
            endpoint[1 + i] = buffer[ip + 16 + i]
        if buffer[ip + 9] != 17:
            return PACKET_OTHER, 0
        fragment = u16_be(buffer, ip + 6) & 0x3FFF
        return (PACKET_FRAGMENT if fragment else PACKET_UDP), udp
    if ip + 40 > end:
        return PACKET_CUT, 0
    endpoint[0] = 6
    for i in range(16):
        endpoint[1 + i] = buffer[ip + 24 + i]
    following, udp = int(np.int64(buffer[ip + 6])), ip + 40
    while following in (0, 43, 44, 60):
        if udp + 8 > end:
            return PACKET_CUT, 0
        if following == 44 and (u16_be(buffer, udp + 2) & 0xFFF9) != 0:
            return (PACKET_FRAGMENT if buffer[udp] == 17 else PACKET_OTHER), 0
        size = 8 if following == 44 else int(np.int64(buffer[udp + 1]) + 1) * 8
        following = int(np.int64(buffer[udp]))
        udp += size
    return (PACKET_UDP if following == 17 else PACKET_OTHER), udp


@kernel
def find_datagrams(buffer: U8, start: I64, length: I64, link: I64, kind: U8, payload: I64,
                   size: I64, endpoint: U8) -> None:
    """UDP payload of each captured packet (n,).

    link: link-layer type per packet (LINKTYPE values of the tcpdump project). Out: kind PACKET_*;
    payload and size, in bytes of the buffer; endpoint (n, 19): IP version, destination address
    (4 or 16 bytes), port high and low. A PACKET_CUT payload is what the capture kept of it.
    RFC 768, 791, 8200; https://www.tcpdump.org/linktypes.html.
    """
    for i in range(start.shape[0]):
        end = start[i] + length[i]
        payload[i], size[i] = start[i], 0
        ip = _ip_of(buffer, start[i], end, link[i])
        if ip < 0:
            kind[i] = PACKET_CUT if ip == -2 else PACKET_OTHER
            continue
        kind[i], udp = _udp_of(buffer, ip, end, endpoint[i])
        if kind[i] != PACKET_UDP:
            continue
        if udp + 8 > end:
            kind[i] = PACKET_CUT
            continue
        endpoint[i, 17], endpoint[i, 18] = buffer[udp + 2], buffer[udp + 3]
        said = u16_be(buffer, udp + 4) - 8
        payload[i] = udp + 8
        size[i] = min(said, end - udp - 8)
        if said < 0:
            kind[i], size[i] = PACKET_CUT, 0
        elif said > size[i]:
            kind[i] = PACKET_CUT


@kernel
def gather(buffer: U8, start: I64, length: I64, out: U8) -> None:
    """Copy the spans of the buffer one behind the other into `out`."""
    to = 0
    for i in range(start.shape[0]):
        for j in range(length[i]):
            out[to + j] = buffer[start[i] + j]
        to += length[i]

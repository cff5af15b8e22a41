"""Slow twins of `jointsky.kernels.recordings`, written from the descriptions of the forms."""

from __future__ import annotations

import ipaddress
import struct


def blocks_of(content: bytes, known: set[int], wanted: int) -> list[tuple[int, int, bool]]:
    """(start, length, whole) of each ASTERIX block, junk between blocks as one row not whole."""
    rows, at = [], 0
    while at < len(content):
        size = int.from_bytes(content[at + 1:at + 3], "big") if at + 3 <= len(content) else 0
        if 3 <= size <= len(content) - at:
            rows.append((at, size, True))
            at += size
            continue
        after = next((i for i in range(at + 1, len(content))
                      if is_chain(content[i:], known, wanted)), len(content))
        rows.append((at, after - at, False))
        at = after
    return rows


def is_chain(content: bytes, known: set[int], wanted: int) -> bool:
    """Whether `wanted` blocks of known categories, or fewer up to the end, stand at the start."""
    for count in range(wanted):
        if not content:
            return count > 0
        size = int.from_bytes(content[1:3], "big")
        if len(content) < 3:
            return False
        if content[0] not in known or not 4 <= size <= len(content):
            return False
        content = content[size:]
    return True


def datagram_of(packet: bytes, link: int) -> tuple[str, str, bytes]:
    """(what, destination, payload) of a captured packet: what is udp, other, fragment or cut."""
    try:
        ip = _network_of(packet, link)
        if ip is None:
            return "other", "", b""
        return _payload_of(ip)
    except (struct.error, IndexError):
        return "cut", "", b""


def _network_of(packet: bytes, link: int) -> bytes | None:
    kinds = {0x0800: 4, 0x86DD: 6}
    if link == 1:
        kind, packet = struct.unpack_from(">H", packet, 12)[0], packet[14:]
        while kind in {0x8100, 0x88A8, 0x9100}:
            kind, packet = struct.unpack_from(">H", packet, 2)[0], packet[4:]
    elif link == 113:
        kind, packet = struct.unpack_from(">H", packet, 14)[0], packet[16:]
    elif link == 276:
        kind = struct.unpack_from(">H", packet, 0)[0]
        _, packet = packet[19], packet[20:]
    else:
        packet = packet[4:] if link == 0 else packet
        return packet if packet[0] >> 4 in {4, 6} else None
    return packet if packet[0] >> 4 == kinds.get(kind) else None


def _payload_of(ip: bytes) -> tuple[str, str, bytes]:
    if ip[0] >> 4 == 4:
        head = struct.unpack_from(">BBHHHBBH4s4s", ip)
        destination, protocol = str(ipaddress.IPv4Address(head[9])), head[6]
        fragmented, rest = bool(head[4] & 0x3FFF), ip[(head[0] & 15) * 4:]
    else:
        head = struct.unpack_from(">IHBB16s16s", ip)
        destination, protocol, rest = f"[{ipaddress.IPv6Address(head[5])}]", head[2], ip[40:]
        fragmented = False
        while protocol in {0, 43, 44, 60}:
            after, size = rest[0], (8 if protocol == 44 else (rest[1] + 1) * 8)
            _ = rest[7]
            if protocol == 44 and struct.unpack_from(">H", rest, 2)[0] & 0xFFF9:
                return ("fragment" if after == 17 else "other"), "", b""
            protocol, rest = after, rest[size:]
    if protocol != 17:
        return "other", "", b""
    if fragmented:
        return "fragment", "", b""
    _, port, size, _ = struct.unpack_from(">HHHH", rest)
    if size < 8:
        return "cut", "", b""
    payload = rest[8:size]
    return ("udp" if len(payload) == size - 8 else "cut"), f"{destination}:{port}", payload


def final_frames_of(content: bytes) -> tuple[list[tuple[int, int, int]], int]:
    """(payload start, payload length, time in 10 ms) of each record, and where it stops."""
    rows, at = [], 0
    while len(content) - at >= 12:
        size, _, _, _, time = struct.unpack_from(">H3B3s", content, at)
        whole = content[at:at + size]
        if size < 12 or len(whole) < size or whole[-4:] != b"\xa5" * 4:
            break
        rows.append((at + 8, size - 12, int.from_bytes(time, "big")))
        at += size
    return rows, at


def replies_of(content: bytes) -> tuple[list[tuple[int, int, int]], int]:
    """(payload start, payload length, milliseconds) of each record, and where it stops."""
    rows, at = [], 0
    while len(content) - at >= 8:
        size, delta = struct.unpack_from("<II", content, at)
        if size > 65_535 or size > len(content) - at - 8:
            break
        rows.append((at + 8, size, delta))
        at += 8 + size
    return rows, at


def packets_of(content: bytes, order: str, unit: int) -> tuple[list[tuple[int, int, int]], int]:
    """(start, length, ns) of each captured packet, and where it stops."""
    rows, at = [], 24
    while len(content) - at >= 16:
        seconds, fraction, size, _ = struct.unpack_from(order + "IIII", content, at)
        if size > len(content) - at - 16:
            break
        rows.append((at + 16, size, seconds * 10**9 + fraction * unit))
        at += 16 + size
    return rows, at

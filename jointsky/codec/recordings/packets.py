"""Captured packets to UDP payloads, common to PCAP and PCAPNG."""

from __future__ import annotations

import ipaddress
import struct

import numpy as np

from jointsky.codec.recordings.recording import Fault, Recording, capped
from jointsky.kernels.recordings import (
    LINK_COOKED,
    LINK_COOKED_2,
    LINK_ETHERNET,
    LINK_IPV4,
    LINK_IPV6,
    LINK_NULL,
    LINK_RAW,
    LINK_RAW_BSD,
    PACKET_CUT,
    PACKET_FRAGMENT,
    PACKET_OTHER,
    find_datagrams,
    gather,
)
from jointsky.model.batch import I32, I64, U8

LINKS = (LINK_NULL, LINK_ETHERNET, LINK_RAW, LINK_RAW_BSD, LINK_COOKED, LINK_COOKED_2, LINK_IPV4,
         LINK_IPV6)
LINKS_TEXT = "Ethernet (1), Linux cooked (113, 276), raw IP (101, 228, 229), loopback (0)"


def recording_of(path: str, form: str, buffer: U8, start: I64, length: I64, time_ns: I64,
                 link: I64, faults: list[Fault]) -> Recording:
    """The recording of captured packets (n,): their UDP payloads joined.

    IP fragments, packets cut by the capture and unread link-layer types become faults; packets of
    other protocols are counted in `skipped`.
    """
    n = len(start)
    kind, endpoint = np.zeros(n, np.uint8), np.zeros((n, 19), np.uint8)
    payload, size = np.zeros((2, n), np.int64)
    find_datagrams(buffer, start, length, link, kind, payload, size, endpoint)
    kind[~np.isin(link, LINKS)] = PACKET_OTHER
    faults = [*faults, *_faults_of(start, link, kind)]
    rows = np.flatnonzero(size > 0)
    joined = np.empty(int(size[rows].sum()), np.uint8)
    gather(buffer, payload[rows], size[rows], joined)
    source, sources = _sources_of(endpoint[rows])
    kept, left_off = capped(faults)
    return Recording(
        path, form, joined, np.cumsum(size[rows]) - size[rows], size[rows], payload[rows],
        received_ns=time_ns[rows], source=source, sources=sources, faults=kept,
        faults_left_off=left_off, skipped=int((kind == PACKET_OTHER).sum()))


def _faults_of(start: I64, link: I64, kind: U8) -> list[Fault]:
    faults = [Fault(int(start[i]), "an IP fragment: fragmented datagrams are not put together")
              for i in np.flatnonzero(kind == PACKET_FRAGMENT)]
    faults += [Fault(int(start[i]), "a packet that the capture cut short (snapshot length)")
               for i in np.flatnonzero(kind == PACKET_CUT)]
    for unread in np.setdiff1d(link, LINKS):
        rows = np.flatnonzero(link == unread)
        faults.append(Fault(int(start[rows[0]]), (
            f"{len(rows)} packets of link-layer type {unread}; expected {LINKS_TEXT}")))
    return faults


def _sources_of(endpoint: U8) -> tuple[I32, tuple[str, ...]]:
    if not len(endpoint):
        return np.empty(0, np.int32), ()
    keys = np.ascontiguousarray(endpoint).view("V19").ravel()
    unique, inverse = np.unique(keys, return_inverse=True)
    return inverse.astype(np.int32), tuple(_text_of(bytes(key)) for key in unique)


def _text_of(key: bytes) -> str:
    port = key[17] << 8 | key[18]
    if key[0] == 4:
        return f"{ipaddress.IPv4Address(key[1:5])}:{port}"
    return f"[{ipaddress.IPv6Address(key[1:17])}]:{port}"


def datagram(payload: bytes, destination: str, port: int) -> bytes:
    """An Ethernet packet with IP and UDP around the payload, as a capture holds it."""
    address = ipaddress.ip_address(destination)
    udp = struct.pack(">HHHH", port, port, len(payload) + 8, 0) + payload
    if address.version == 4:
        head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0x4000, 1, 17, 0,
                           bytes(4), address.packed)
        words = sum(struct.unpack(">10H", head))
        words = (words & 0xFFFF) + (words >> 16)
        words = (words & 0xFFFF) + (words >> 16)
        head = head[:10] + (words ^ 0xFFFF).to_bytes(2, "big") + head[12:]
        kind = 0x0800
    else:
        head = struct.pack(">IHBB16s16s", 6 << 28, len(udp), 17, 1, bytes(16), address.packed)
        kind = 0x86DD
    return bytes(12) + kind.to_bytes(2, "big") + head + udp

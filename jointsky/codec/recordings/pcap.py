"""PCAP captures: a 24-byte header, then packets. https://wiki.wireshark.org/Development/LibpcapFileFormat"""

from __future__ import annotations

import struct

import numpy as np

from jointsky.codec.recordings.packets import datagram, recording_of
from jointsky.codec.recordings.recording import Fault, Recording
from jointsky.kernels.recordings import walk_packets
from jointsky.model.batch import U8

# Magic -> (big-endian, nanoseconds in one unit of the second time word).
MAGICS = {b"\xa1\xb2\xc3\xd4": (True, 1_000), b"\xd4\xc3\xb2\xa1": (False, 1_000),
          b"\xa1\xb2\x3c\x4d": (True, 1), b"\x4d\x3c\xb2\xa1": (False, 1)}


def fits(buffer: U8) -> bool:
    """Whether the bytes begin with a PCAP magic."""
    return bytes(buffer[:4]) in MAGICS


def read(path: str, buffer: U8) -> Recording:
    """The UDP payloads of a PCAP capture; a capture cut short keeps what came before the cut."""
    big, fraction_ns = MAGICS[bytes(buffer[:4])]
    empty = np.empty(0, np.int64)
    if len(buffer) < 24:
        return recording_of(path, "pcap", buffer, empty, empty, empty, empty, [
            Fault(0, f"truncated: {len(buffer)} bytes, the header of a capture has 24")])
    start, length, time_ns = np.empty((3, (len(buffer) - 24) // 16 + 1), np.int64)
    rows, stop = walk_packets(buffer, big, fraction_ns, start, length, time_ns)
    faults = [] if stop == len(buffer) else [Fault(stop, (
        f"truncated: {len(buffer) - stop} bytes left that are no complete packet"))]
    link = int.from_bytes(bytes(buffer[20:24]), "big" if big else "little") & 0xFFFF
    return recording_of(path, "pcap", buffer, start[:rows].copy(), length[:rows].copy(),
                        time_ns[:rows].copy(), np.full(rows, link), faults)


def write(payloads: list[bytes], time_ns: list[int], destination: str = "239.255.0.1",
          port: int = 8600) -> bytes:
    """A PCAP capture (nanosecond form, Ethernet) of datagrams sent to one destination."""
    out = [struct.pack("<IHHIIII", 0xA1B23C4D, 2, 4, 0, 0, 262_144, 1)]
    for payload, time in zip(payloads, time_ns, strict=True):
        packet = datagram(payload, destination, port)
        out += [struct.pack("<IIII", time // 10**9, time % 10**9, len(packet), len(packet)), packet]
    return b"".join(out)

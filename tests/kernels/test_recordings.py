"""Framing kernels against their slow twins."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from jointsky.kernels.recordings import (
    find_datagrams,
    gather,
    walk_blocks,
    walk_final_frames,
    walk_packets,
    walk_replies,
)
from tests.oracles import recordings as oracle

KNOWN = {1, 34, 48, 62}
TABLE = np.isin(np.arange(256), list(KNOWN)).astype(np.uint8)
PIECES = st.lists(st.one_of(
    st.binary(min_size=1, max_size=6),
    st.builds(lambda category, body: bytes([category, 0, len(body) + 3]) + body,
              st.sampled_from(sorted(KNOWN | {99})), st.binary(max_size=5))), max_size=20)


@settings(max_examples=300, deadline=None)
@given(pieces=PIECES)
def test_blocks(pieces: list[bytes]) -> None:
    content = b"".join(pieces)
    start, length = np.empty((2, len(content) // 2 + 2), np.int64)
    whole = np.empty(len(start), np.uint8)
    rows = walk_blocks(np.frombuffer(content, np.uint8), TABLE, 3, start, length, whole)
    got = list(zip(start[:rows].tolist(), length[:rows].tolist(), whole[:rows] == 1, strict=True))
    assert got == oracle.blocks_of(content, KNOWN, 3)


HEADS = st.sampled_from([
    bytes(12) + b"\x08\x00\x45" + bytes(8) + b"\x11", bytes(12) + b"\x86\xdd\x60" + bytes(5),
    bytes(12) + b"\x81\x00\x00\x01\x08\x00", b"\x45" + bytes(8) + b"\x11", b"\x60" + bytes(5),
    b"\x60" + bytes(5) + b"\x2c" + bytes(33) + b"\x11\x00\x00\x00", bytes(14) + b"\x08\x00\x45",
    b"\x08\x00" + bytes(18) + b"\x46", bytes(4) + b"\x46" + bytes(8) + b"\x11", b""])
REST = st.one_of(st.binary(max_size=80), st.integers(0, 80).map(bytes), st.builds(
    lambda zeros, size: bytes(zeros) + bytes([0, size]) + bytes(size),
    st.integers(0, 40), st.integers(0, 40)))


@settings(max_examples=600, deadline=None)
@given(head=HEADS, rest=REST, link=st.sampled_from([0, 1, 12, 101, 113, 276, 228, 229]))
def test_datagrams(head: bytes, rest: bytes, link: int) -> None:
    packet = head + rest
    kind, endpoint = np.zeros(1, np.uint8), np.zeros((1, 19), np.uint8)
    payload, size = np.zeros((2, 1), np.int64)
    padded = np.frombuffer(b"\xff" * 7 + packet + b"\xff" * 9, np.uint8)
    find_datagrams(padded, np.array([7]), np.array([len(packet)]), np.array([link]), kind,
                   payload, size, endpoint)
    what, _, held = oracle.datagram_of(packet, link)
    assert ["udp", "other", "fragment", "cut"][kind[0]] == what
    assert padded[payload[0]:payload[0] + size[0]].tobytes() == held


def record(order: str, head: list[int], body: bytes, tail: bytes, lie: int) -> bytes:
    """A record whose length is told wrongly by `lie`."""
    return struct.pack(order, *(value + lie if place == 0 else value
                                for place, value in enumerate(head))) + body + tail


LIES = st.sampled_from([0, 0, 0, 0, 1, -1, 200])
BODIES = st.binary(max_size=20)
FRAMES = st.lists(st.builds(
    lambda body, time, lie: record(">HBBBHB", [len(body) + 12, 0, 0, 0, time, 7], body,
                                   b"\xa5" * 4, lie),
    BODIES, st.integers(0, 65_535), LIES), max_size=8)
REPLIES = st.lists(st.builds(
    lambda body, delta, lie: record("<II", [max(len(body), 1), delta], body or b"x", b"", lie),
    BODIES, st.integers(0, 2**32 - 1), LIES), max_size=8)


def walked(walk: Any, content: bytes, *more: Any) -> tuple[list[tuple[int, int, int]], int]:
    arrays = np.empty((3, len(content) + 1), np.int64)
    rows, stop = walk(np.frombuffer(content, np.uint8), *more, *arrays)
    return list(zip(*arrays[:, :rows].tolist(), strict=True)), stop


@settings(max_examples=200, deadline=None)
@given(frames=FRAMES, rest=BODIES)
def test_final_frames(frames: list[bytes], rest: bytes) -> None:
    content = b"".join(frames) + rest
    assert walked(walk_final_frames, content) == oracle.final_frames_of(content)


@settings(max_examples=200, deadline=None)
@given(replies=REPLIES, rest=BODIES)
def test_replies(replies: list[bytes], rest: bytes) -> None:
    content = b"".join(replies) + rest
    assert walked(walk_replies, content) == oracle.replies_of(content)


@settings(max_examples=200, deadline=None)
@given(big=st.booleans(), unit=st.sampled_from([1, 1_000]), rest=BODIES, packets=st.lists(
    st.tuples(BODIES, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), LIES), max_size=8))
def test_packets(big: bool, unit: int, rest: bytes,
                 packets: list[tuple[bytes, int, int, int]]) -> None:
    order = ">" if big else "<"
    content = bytes(24) + b"".join(
        struct.pack(order + "IIII", seconds, fraction, max(len(body) + lie, 0), 0) + body
        for body, seconds, fraction, lie in packets) + rest
    assert walked(walk_packets, content, big, unit) == oracle.packets_of(content, order, unit)


@given(content=st.binary(max_size=50), spans=st.lists(st.tuples(
    st.integers(0, 50), st.integers(0, 50)), max_size=6))
def test_gather(content: bytes, spans: list[tuple[int, int]]) -> None:
    inside = [(start, min(length, max(len(content) - start, 0))) for start, length in spans]
    start, length = np.array(inside, np.int64).reshape(-1, 2).T.copy()
    out = np.empty(int(length.sum()), np.uint8)
    gather(np.frombuffer(content, np.uint8), start, length, out)
    assert out.tobytes() == b"".join(content[a:a + size] for a, size in inside)

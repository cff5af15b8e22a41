"""Encoding kernels against plain Python; whole records are in tests/codec/asterix/test_encode."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from jointsky.kernels.asterix_encode import cut_blocks, put_numbers


@settings(max_examples=200, deadline=None)
@given(bit=st.integers(0, 20), bits=st.integers(1, 56), value=st.integers(0, 2**64 - 1),
       gate=st.integers(0, 2))
def test_bits_go_where_they_belong(bit: int, bits: int, value: int, gate: int) -> None:
    first, inside = bit >> 3, bit & 7
    octets = (inside + bits + 7) // 8
    content = np.zeros(16, np.uint8)
    put_numbers(content, np.array([3]), np.array([gate]), 1, first, octets,
                octets * 8 - inside - bits, np.uint64((1 << bits) - 1),
                np.array([value], np.uint64))
    place = 8 * 16 - 8 * 3 - bit - bits
    expected = (value & (1 << bits) - 1) << place if gate >= 1 else 0
    assert int.from_bytes(content.tobytes(), "big") == expected


@settings(max_examples=200, deadline=None)
@given(sizes=st.lists(st.integers(1, 60), max_size=40), limit=st.integers(3, 120),
       groups=st.lists(st.integers(0, 2), min_size=40, max_size=40))
def test_blocks_are_cut_as_late_as_can_be(sizes: list[int], limit: int,
                                          groups: list[int]) -> None:
    expected: list[list[int]] = []
    for i, size in enumerate(sizes):
        last = expected[-1] if expected else []
        room = limit - 3 - sum(sizes[j] for j in last)
        if last and size <= room and groups[i] == groups[last[0]]:
            last.append(i)
        else:
            expected.append([i])
    first = np.empty(len(sizes) + 1, np.int64)
    start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    count = cut_blocks(start, np.array(groups[:len(sizes)], np.int64), limit, first)
    assert first[:count].tolist() == [block[0] for block in expected]

"""Records copied whole: what NumPy gives field by field."""

from __future__ import annotations

import numpy as np
import pytest

from jointsky.track.arrays import PLOT, track_type
from jointsky.track.records import cloned, joined, padded, taken


@pytest.mark.parametrize("kind", [PLOT, track_type(3)])
def test_records_are_those_that_numpy_gives(kind: np.dtype[np.void]) -> None:
    rng = np.random.default_rng(1)
    records = np.frombuffer(rng.bytes(20 * kind.itemsize), kind).copy()
    rows, mask = np.array([3, 3, 0, 19]), rng.random(20) < 0.5
    for mine, theirs in ((taken(records, rows), records[rows]),
                         (taken(records, mask), records[mask]),
                         (joined([records[:4], records[9:], records[:0]]),
                          np.concatenate([records[:4], records[9:], records[:0]])),
                         (cloned(records[2:5]), records[2:5].copy())):
        assert mine.dtype == theirs.dtype
        assert mine.tobytes() == theirs.tobytes()
        assert not np.shares_memory(mine, records)
    whole = padded(records[:7], 9)
    assert whole.dtype == kind
    assert whole[:7].tobytes() == records[:7].tobytes()
    assert whole[7:].tobytes() == bytes(2 * kind.itemsize)


def test_other_arrays_are_copied_too() -> None:
    cells = np.arange(6.0).reshape(3, 2)
    copy = cloned(cells)
    copy[0] = 9
    assert cells[0, 0] == 0
    np.testing.assert_array_equal(padded(cells, 4), [[0, 1], [2, 3], [4, 5], [0, 0]])

"""The gating grid against looking at every pair."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from jointsky.kernels.gating import pairs_within
from jointsky.kernels.geodesy import geodetic_to_ecef


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 2 ** 32 - 1), n=st.integers(0, 60), m=st.integers(0, 60),
       place=st.sampled_from([(0.8, 0.1), (0.3, np.pi), (1.5707, 0.0), (-1.5707, 2.0), (0.0, 0.0)]),
       reach_m=st.floats(500, 20_000))
def test_all_pairs_within_reach_and_no_others(seed: int, n: int, m: int,
                                              place: tuple[float, float],
                                              reach_m: float) -> None:
    """Anywhere: over the poles and across the date line too."""
    rng = np.random.default_rng(seed)
    def points(k: int) -> np.ndarray:
        return geodetic_to_ecef(place[0] + rng.normal(0, 0.004, k),
                                place[1] + rng.normal(0, 0.004, k), rng.uniform(0, 15_000, k))
    a, b = points(n), points(m)
    expected = set(zip(*np.nonzero(cdist(a, b) <= reach_m), strict=True)) if n and m else set()
    found = pairs_within(a, b, reach_m)
    assert len(found) == len(expected)
    assert {(int(i), int(j)) for i, j in found} == {(int(i), int(j)) for i, j in expected}


def test_what_is_looked_at_does_not_grow_with_the_world() -> None:
    """Ten times the tracks at the same density: the pairs per point stay the same."""
    rng = np.random.default_rng(1)
    per_point = []
    for n in (2000, 20_000):
        side = 6e5 * np.sqrt(n / 2000)
        flat = np.column_stack([rng.uniform(0, side, (n, 2)), np.zeros(n)]) + 4e6
        per_point.append(len(pairs_within(flat, flat, 12_000.0)) / n)
    assert per_point[1] == pytest.approx(per_point[0], rel=0.2)

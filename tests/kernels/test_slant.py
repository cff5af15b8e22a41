"""Height from slant ranges: the filter against matrices, and against geometry."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jointsky.kernels import slant
from tests.oracles import tracking as twin


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 2 ** 32 - 1), dt_s=st.floats(0, 30))
def test_as_the_matrices_of_the_textbook_say(seed: int, dt_s: float) -> None:
    rng = np.random.default_rng(seed)
    scale = np.diag([300.0, 300.0, 40.0, 40.0, 2000.0])
    root = scale @ rng.standard_normal((5, 5))
    p, x = root @ root.T + scale ** 2 / 100, rng.normal(0, [3000, 3000, 200, 200, 5000])
    half = rng.standard_normal((2, 2)) * 200
    r, g = half @ half.T + np.eye(2) * 100, rng.normal(0, 0.3, 2)
    f, q = np.eye(5), np.zeros((5, 5))
    f[:4, :4], q[:4, :4] = twin.transition(0.0, dt_s), twin.white_noise(3.0, dt_s)
    q[4, 4] = 500 * dt_s
    found_x, found_p = x.copy(), p.copy()
    slant.predict_slant(found_x, found_p, dt_s, 3.0, 500.0)
    x, p = f @ x, f @ p @ f.T + q
    np.testing.assert_allclose(found_x, x, rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(found_p, p, rtol=1e-9, atol=1e-9 * np.abs(p).max())
    z = x[:2] + rng.normal(0, 100, 2)
    h = np.hstack([np.eye(2), np.zeros((2, 2)), -g[:, None]])
    slant.update_slant(found_x, found_p, *z, r[0, 0], r[0, 1], r[1, 1], *g, 1e9)
    x, p, _ = twin.kalman(x, p, z + h[:, 4] * x[4], h, r)
    np.testing.assert_allclose(found_x, x, rtol=1e-7, atol=1e-4)
    np.testing.assert_allclose(found_p, p, rtol=1e-6, atol=1e-8 * np.abs(p).max())
    turn = np.eye(5)
    turn[:4, :4] = np.kron(np.eye(2), np.array([[0.8, 0.6], [-0.6, 0.8]]))
    slant.turn_slant(found_x, found_p, 1000.0, -500.0, 0.8, 0.6)
    np.testing.assert_allclose(found_x, turn @ (x - [1000, -500, 0, 0, 0]), rtol=1e-7, atol=1e-4)
    np.testing.assert_allclose(found_p, turn @ p @ turn.T, rtol=1e-6,
                               atol=1e-8 * np.abs(p).max())


def test_two_radars_on_either_side_tell_the_height() -> None:
    """Closed form: plots placed too low by d lie apart by 2 d tan(elevation); of a sum of noises r
    each, the height is known to sqrt(2 r) / (2 tan), beside what was known before."""
    x, p, slope, r, before = np.zeros(5), np.zeros((5, 5)), 0.2, 40.0 ** 2, 3000.0 ** 2
    low = 2500.0
    slant.start_slant(x, p, slope * low, 0.0, r, 0.0, r, -slope, 0.0, 5000.0, before, 1.0)
    slant.update_slant(x, p, -slope * low, 0.0, r, 0.0, r, slope, 0.0, 1e9)
    known = 1 / (1 / before + (2 * slope) ** 2 / (2 * r))
    assert p[4, 4] == pytest.approx(known, rel=1e-9)
    assert x[4] == pytest.approx(5000 + low * (1 - known / before), rel=1e-6)
    assert x[0] == pytest.approx(0.0, abs=1.0)


def test_a_plot_too_far_off_is_left() -> None:
    x, p = np.zeros(5), np.diag([100.0, 100.0, 1.0, 1.0, 1e6])
    slant.update_slant(x, p, 1000.0, 0.0, 100.0, 0.0, 100.0, 0.0, 0.0, 25.0)
    assert not x.any() and p[0, 0] == 100

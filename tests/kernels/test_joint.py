"""Joint association against brute force, closed forms, and moments written out as matrices."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jointsky.kernels.filter import BLOCK, LANES, MU, load, store
from jointsky.kernels.jit import kernel
from jointsky.kernels.joint import (
    KEPT,
    PLOTS_MAX,
    TRACKS_MAX,
    betas,
    gather,
    hold,
    make_joint,
    mixed,
    predicted,
)
from tests.oracles import joint as slow
from tests.oracles.tracking import UPPER, full, mixture

JOINT = make_joint()


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), tracks=st.integers(1, TRACKS_MAX),
       plots=st.integers(1, PLOTS_MAX), spread=st.sampled_from([0.3, 3.0, 30.0]))
def test_the_same_as_every_hypothesis_written_out(seed: int, tracks: int, plots: int,
                                                  spread: float) -> None:
    rng = np.random.default_rng(seed)
    score = np.abs(rng.normal(0, spread, (tracks, plots)))
    score[rng.random((tracks, plots)) < 0.4] = -np.inf
    found = betas(score, JOINT)
    np.testing.assert_allclose(found, slow.betas(score), atol=1e-12)
    np.testing.assert_allclose(found.sum(1), 1.0, atol=1e-12)
    assert (found[:, 1:].sum(0) <= 1 + 1e-12).all()
    assert (found[:, 1:][np.isinf(score)] == 0).all()


def test_one_plot_of_two_tracks() -> None:
    a, b = math.exp(2.0), math.exp(1.0)
    found = betas(np.array([[2.0], [1.0]]), JOINT)
    np.testing.assert_allclose(found[:, 1], np.array([a, b]) / (1 + a + b), atol=1e-15)


def test_two_tracks_as_near_to_both_plots() -> None:
    """The swapped hypothesis is as likely, and left out: each track keeps a plot to itself."""
    a = math.exp(3.0)
    found = betas(np.full((2, 2), 3.0), JOINT)
    own, other = (a + a * a) / (1 + 4 * a + a * a), a / (1 + 4 * a + a * a)
    np.testing.assert_allclose(np.sort(found[:, 1:], axis=1), [[other, own]] * 2, atol=1e-15)
    assert found[0, 1:].argmax() != found[1, 1:].argmax()


@kernel
def mix_of(block: np.ndarray, kept: np.ndarray, x: np.ndarray, p: np.ndarray, mu: np.ndarray,
           beta: np.ndarray) -> None:
    """What the mixture of alternatives x (n, m, 4), p (n, m, 10), mu (n, m) is, into the first."""
    zeros = np.zeros(mu.shape[1])
    for n in range(len(beta)):
        if n == 1:
            predicted(block, kept)
        load(block, x[n], p[n], mu[n], zeros, zeros, zeros)
        if n == 0:
            hold(block, kept)
        gather(block, kept, beta[n])
    mixed(block, kept)
    store(block, x[0], p[0], mu[0])


@pytest.mark.parametrize("models", [1, 3, LANES])
def test_the_mixture_has_the_moments_of_all_that_may_be(models: int) -> None:
    rng = np.random.default_rng(models)
    x = rng.normal(0, 300, (3, models, 4))
    root = rng.normal(0, 100, (3, models, 4, 4))
    p = np.array([[(one @ one.T)[UPPER] for one in some] for some in root])
    mu, beta = rng.dirichlet(np.ones(models), 3), rng.dirichlet(np.ones(3))
    joint, block = np.array(beta[:, None] * mu), np.zeros(BLOCK)
    wanted = [mixture(x[:, m], [full(one) for one in p[:, m]], joint[:, m] / joint[:, m].sum())
              for m in range(models)]
    mix_of(block, np.zeros(KEPT), x, p, mu, beta)
    assert block[MU:MU + LANES].sum() == pytest.approx(1.0)
    np.testing.assert_allclose(mu[0], joint.sum(0), atol=1e-12)
    for m, (mean, spread) in enumerate(wanted):
        np.testing.assert_allclose(x[0, m], mean, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(p[0, m], spread[UPPER], rtol=1e-9, atol=1e-6)

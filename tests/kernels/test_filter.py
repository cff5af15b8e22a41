"""The filter against its slow twin: matrices written from the textbook."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jointsky.kernels import filter as kalman
from jointsky.track.arrays import settings_of
from jointsky.track.tuning import Model, Tuning
from tests.oracles import tracking as twin

MODELS = (Model(0.0, 0.5, 0.6), Model(1.6, 10.0, 0.3), Model(-3.0, 2.0, 0.3))
rates = st.sampled_from([0.0, 0.02, -0.05, 0.3, 1e-12])
times = st.floats(0.0, 40.0)
seeds = st.integers(0, 2 ** 32 - 1)


def state_of(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A random state and covariance, as numbers like a track's."""
    scale = np.diag([300.0, 300.0, 40.0, 40.0])
    root = scale @ rng.standard_normal((4, 4))
    return rng.normal(0, [3000, 3000, 200, 200]), root @ root.T + scale ** 2 / 100


def pack(xs: list[np.ndarray], ps: list[np.ndarray], mu: np.ndarray | None = None,
         models: tuple[Model, ...] | None = None) -> np.ndarray:
    """A block of models."""
    block, n = np.zeros(kalman.BLOCK), len(xs)
    models = models or (Model(0.0, 1.0, 1.0),) * n
    kalman.load(block, np.array(xs), np.array([one[twin.UPPER] for one in ps]),
                np.full(n, 1 / n) if mu is None else mu,
                np.radians([model.turn_deg_s for model in models]),
                np.array([model.noise for model in models]),
                np.array([model.share for model in models]))
    return block


def unpack(block: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x, p, mu = np.empty((n, 4)), np.empty((n, 10)), np.empty(n)
    kalman.store(block, x, p, mu)
    return x, p, mu


def logs_of(block: np.ndarray, n: int) -> np.ndarray:
    """Log likelihoods that an update left in a block."""
    return (np.log(block[kalman.ROOT:kalman.ROOT + n]) - block[kalman.FAR:kalman.FAR + n]
            - np.log(2 * np.pi))


@settings(max_examples=150, deadline=None)
@given(seed=seeds, rate=rates, dt_s=times, noise=st.floats(0.1, 1000))
def test_predict(seed: int, rate: float, dt_s: float, noise: float) -> None:
    rng = np.random.default_rng(seed)
    models = (Model(np.degrees(rate), noise, 1.0), Model(0.0, 2.0, 1.0), Model(-7.0, 5.0, 1.0))
    several = [state_of(rng) for _ in models]
    block = pack([x for x, _ in several], [p for _, p in several], None, models)
    kalman.predict(block, dt_s, max(abs(rate), np.radians(7.0)))
    found_x, found_p, _ = unpack(block, 3)
    for m, (x, p) in enumerate(several):
        f = twin.transition(np.radians(models[m].turn_deg_s), dt_s)
        expected = f @ p @ f.T + twin.white_noise(models[m].noise, dt_s)
        np.testing.assert_allclose(found_x[m], f @ x, rtol=1e-9, atol=1e-6)
        np.testing.assert_allclose(twin.full(found_p[m]), expected, rtol=1e-9,
                                   atol=1e-9 * np.abs(expected).max())
        one_x, one_p = x.copy(), p[twin.UPPER].copy()
        kalman.predict_model(one_x, one_p, np.radians(models[m].turn_deg_s), models[m].noise, dt_s)
        np.testing.assert_allclose(one_x, found_x[m], rtol=1e-9, atol=1e-6)
        np.testing.assert_allclose(one_p, found_p[m], rtol=1e-9,
                                   atol=1e-9 * np.abs(expected).max())


@settings(max_examples=150, deadline=None)
@given(seed=seeds, late_s=st.floats(-1, 0))
def test_update_with_a_plot_of_now_or_just_before(seed: int, late_s: float) -> None:
    rng = np.random.default_rng(seed)
    several = [state_of(rng) for _ in range(3)]
    root = rng.standard_normal((2, 2)) * 200
    r, z = root @ root.T + np.eye(2) * 100, several[0][0][:2] + rng.normal(0, 500, 2)
    h = twin.transition(0.0, late_s)[:2]
    block = pack([x for x, _ in several], [p for _, p in several])
    kalman.update_position(block, z[0], z[1], r[0, 0], r[0, 1], r[1, 1], late_s)
    compare(block, [twin.kalman(x, p, z, h, r) for x, p in several])


@settings(max_examples=100, deadline=None)
@given(seed=seeds, sigma=st.floats(0.5, 30))
def test_update_with_a_velocity(seed: int, sigma: float) -> None:
    rng = np.random.default_rng(seed)
    several = [state_of(rng) for _ in range(3)]
    v = several[0][0][2:] + rng.normal(0, 20, 2)
    h = np.hstack([np.zeros((2, 2)), np.eye(2)])
    block = pack([x for x, _ in several], [p for _, p in several])
    kalman.update_velocity(block, v[0], v[1], sigma ** 2)
    compare(block, [twin.kalman(x, p, v, h, np.eye(2) * sigma ** 2) for x, p in several])


def compare(block: np.ndarray, expected: list) -> None:
    """A block after an update and what the twin makes of each model."""
    found_x, found_p, _ = unpack(block, len(expected))
    logs = logs_of(block, len(expected))
    for m, (x, p, log) in enumerate(expected):
        assert logs[m] == pytest.approx(log, rel=1e-8, abs=1e-8)
        np.testing.assert_allclose(found_x[m], x, rtol=1e-7, atol=1e-5)
        np.testing.assert_allclose(twin.full(found_p[m]), p, rtol=1e-6,
                                   atol=1e-7 * np.abs(p).max())


@given(seed=seeds, dt_s=st.floats(0.01, 60), switch_s=st.floats(3, 200))
def test_the_slope_of_the_likelihood_in_the_rate_of_switching(seed: int, dt_s: float,
                                                              switch_s: float) -> None:
    rng, tuning = np.random.default_rng(seed), Tuning(models=MODELS, switch_s=switch_s)
    before, after = rng.dirichlet(np.ones(len(MODELS)), 2)
    block, numbers = np.zeros(kalman.BLOCK), settings_of(tuning)[0]
    block[kalman.MU:kalman.MU + len(MODELS)] = after
    block[kalman.SHARE:kalman.SHARE + len(MODELS)] = numbers["share"]
    found = kalman.rate_slope(block, before, dt_s, numbers["switch_rate"])
    assert found == pytest.approx(twin.rate_slope(before, after, tuning, dt_s), rel=1e-5, abs=1e-7)


@settings(max_examples=60, deadline=None)
@given(seed=seeds, dt_s=st.floats(0.01, 20))
def test_a_whole_step_of_the_imm(seed: int, dt_s: float) -> None:
    rng, tuning = np.random.default_rng(seed), Tuning(models=MODELS, switch_s=25.0)
    several = [state_of(rng) for _ in MODELS]
    xs, ps = [x for x, _ in several], [p for _, p in several]
    mu = rng.dirichlet(np.ones(len(MODELS)))
    z, r = rng.normal(0, 3000, 2), np.array([400.0, 50.0, 900.0])
    x, p = np.array(xs), np.array([one[twin.UPPER] for one in ps])
    found_mu, numbers = mu.copy(), settings_of(tuning)[0]
    log = kalman.imm_step(x, p, found_mu, dt_s, z, r, numbers["turn_rad_s"], numbers["noise"],
                          numbers["share"], numbers["switch_rate"])

    xs, ps, mu = twin.interact(xs, ps, mu, tuning, dt_s)
    logs = []
    for m, model in enumerate(MODELS):
        f = twin.transition(np.radians(model.turn_deg_s), dt_s)
        xs[m], ps[m], one = twin.kalman(
            f @ xs[m], f @ ps[m] @ f.T + twin.white_noise(model.noise, dt_s), z,
            np.eye(2, 4), np.array([[r[0], r[1]], [r[1], r[2]]]))
        logs.append(one)
    mu, expected = twin.reweigh(mu, logs)
    assert log == pytest.approx(expected, rel=1e-6, abs=1e-6)
    np.testing.assert_allclose(found_mu, mu, atol=1e-6)
    np.testing.assert_allclose(x, xs, rtol=1e-6, atol=1e-3)
    mean, spread = np.empty(4), np.empty(10)
    kalman.combine(pack(list(x), [twin.full(one) for one in p], found_mu, MODELS), mean, spread)
    expected_mean, expected_spread = twin.mixture(
        list(x), [twin.full(one) for one in p], found_mu)
    np.testing.assert_allclose(mean, expected_mean, rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(twin.full(spread), expected_spread, rtol=1e-9,
                               atol=1e-9 * np.abs(expected_spread).max())


def test_no_model_dies_out_and_none_that_is_not_there_comes_to_life() -> None:
    """However far off a measurement: no NaN, and what was all but excluded can come back."""
    block = pack([np.zeros(4)] * 3, [np.eye(4)] * 3, np.array([0.5, 0.5, 0.0]))
    block[kalman.ROOT:kalman.ROOT + 8] = 1.0
    for far in ([0.0, 2000.0, 3000.0], [3000.0, 2000.0, 0.0],
                [3000.0, 2000.0, 0.0]):
        block[kalman.FAR:kalman.FAR + 8] = far[2]
        block[kalman.FAR:kalman.FAR + 3] = far
        kalman.weigh(block)
    mu = block[kalman.MU:kalman.MU + 8]
    assert mu.sum() == pytest.approx(1)
    assert mu[:3].min() > 0 and mu[2] > 0.99 and (mu[3:] == 0).all()


@settings(max_examples=60, deadline=None)
@given(seed=seeds, dt_s=st.floats(0, 30))
def test_height(seed: int, dt_s: float) -> None:
    rng = np.random.default_rng(seed)
    height, root = rng.normal(5000, 3000, 2) * [1, 0.003], rng.standard_normal((2, 2)) * 30
    p, q, measured = root @ root.T + np.eye(2), 20.0, 5100.0
    f = np.array([[1, dt_s], [0, 1]])
    noise = q * np.array([[dt_s ** 3 / 3, dt_s ** 2 / 2], [dt_s ** 2 / 2, dt_s]])
    expected, expected_p, _ = twin.kalman(f @ height, f @ p @ f.T + noise, np.array([measured]),
                                          np.array([[1.0, 0.0]]), np.array([[100.0]]))
    found, found_p = height.copy(), p[np.triu_indices(2)].copy()
    kalman.predict_height(found, found_p, q, dt_s)
    kalman.update_height(found, found_p, measured, 100.0)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-6)
    np.testing.assert_allclose(found_p, expected_p[np.triu_indices(2)], rtol=1e-6, atol=1e-5)

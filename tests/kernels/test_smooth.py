"""Smoothing against closed forms and its slow twin."""

from __future__ import annotations

import numpy as np
import pytest

from jointsky.kernels.smooth import smooth_back, smooth_heights
from jointsky.track.tuning import Model, Tuning
from tests.oracles import smoothing as twin
from tests.oracles.tracking import (
    UPPER,
    full,
    interact,
    kalman,
    reweigh,
    switch_table,
    transition,
    white_noise,
)

MODELS = (Model(0.0, 0.5, 8.0), Model(2.0, 10.0, 2.0), Model(-4.0, 300.0, 1.0))
RATES = np.radians([model.turn_deg_s for model in MODELS])
NOISES = np.array([model.noise for model in MODELS])
H, R = np.eye(4)[:2], np.array([[3600.0, 500.0], [500.0, 1600.0]])
FIRST_P = np.diag([1e4, 1e4, 4e4, 4e4])


def flight(seed: int, models: int):
    """Times, plots and a filtered run over a straight leg and a turn."""
    rng, tuning = np.random.default_rng(seed), Tuning(models=MODELS[:models])
    times = np.cumsum(rng.uniform(0.3, 6, 25))
    course = np.where(times < 40, 0.0, 0.05 * (times - 40))
    path = np.cumsum(220 * np.column_stack([np.sin(course), np.cos(course)])
                     * np.diff(times, prepend=times[0])[:, None], 0)
    plots = path + rng.multivariate_normal([0, 0], R, len(times))
    chances = [switch_table(tuning, dt) for dt in np.diff(times)]
    xs, ps = [np.zeros(4)] * models, [FIRST_P] * models
    mu, out = np.full(models, 1 / models), ([], [], [])
    for k, z in enumerate(plots):
        if k:
            dt = times[k] - times[k - 1]
            xs, ps, mu = interact(xs, ps, mu, tuning, dt)
            f = [transition(rate, dt) for rate in RATES[:models]]
            xs = [f[j] @ xs[j] for j in range(models)]
            ps = [f[j] @ ps[j] @ f[j].T + white_noise(NOISES[j], dt) for j in range(models)]
        found = [kalman(x, p, z, H, R) for x, p in zip(xs, ps, strict=True)]
        xs, ps = [one[0] for one in found], [one[1] for one in found]
        mu, _ = reweigh(mu, [one[2] for one in found])
        for kept, now in zip(out, (xs, ps, mu), strict=True):
            kept.append(now)
    return times, plots, chances, *out


def smoothed(times, chances, xs, ps, mus):
    models = len(mus[0])
    x = np.array(xs)
    p = np.array([[one[UPPER] for one in now] for now in ps])
    mu = np.array(mus)
    smooth_back(times, x, p, mu, np.array(chances), RATES[:models], NOISES[:models])
    return x, p, mu


@pytest.mark.parametrize("seed", range(3))
def test_one_model_is_the_least_squares_of_all_plots_at_once(seed: int) -> None:
    times, plots, chances, *run = flight(seed, 1)
    steps = [(transition(0.0, dt), white_noise(NOISES[0], dt)) for dt in np.diff(times)]
    means, spreads = twin.posterior(np.zeros(4), FIRST_P, steps, [(z, H, R) for z in plots])
    x, p, mu = smoothed(times, chances, *run)
    assert (mu == 1).all()
    np.testing.assert_allclose(x[:, 0], means, rtol=1e-7, atol=1e-4)
    for k, spread in enumerate(spreads):
        np.testing.assert_allclose(full(p[k, 0]), spread, rtol=1e-6,
                                   atol=1e-8 * np.abs(spread).max())


@pytest.mark.parametrize("seed", range(3))
def test_models_as_in_the_slow_twin(seed: int) -> None:
    times, _, chances, *run = flight(seed, 3)
    x, p, mu = smoothed(times, chances, *run)
    slow_x, slow_p, slow_mu = twin.smooth_back(times, *run, chances, RATES, NOISES)
    np.testing.assert_allclose(mu, slow_mu, atol=2e-5)
    np.testing.assert_allclose(mu.sum(1), 1.0)
    sure = mu > 0.01
    np.testing.assert_allclose(x[sure], np.array(slow_x)[sure], atol=0.05)
    for k, j in np.argwhere(sure):
        expected = slow_p[k][j]
        np.testing.assert_allclose(full(p[k, j]), expected, rtol=1e-3,
                                   atol=1e-4 * np.abs(expected).max())
        assert (np.linalg.eigvalsh(full(p[k, j])) > 0).all()


def test_heights_are_the_least_squares_of_each_stretch() -> None:
    rng = np.random.default_rng(5)
    times, noise, variance = np.cumsum(rng.uniform(0.5, 8, 20)), 20.0, 100.0
    measured = 8000 - 10 * times + rng.normal(0, 10, 20)
    begins = np.zeros(20, np.uint8)
    begins[[0, 12]] = 1
    h, r = np.array([[1.0, 0.0]]), np.array([[variance]])

    def step(dt: float) -> tuple[np.ndarray, np.ndarray]:
        return (np.array([[1, dt], [0, 1]]),
                noise * np.array([[dt ** 3 / 3, dt ** 2 / 2], [dt ** 2 / 2, dt]]))
    heights, spreads, expected = [], [], []
    first_p = np.diag([1e4, 400.0])
    for first, end in ((0, 12), (12, 20)):
        x, p = np.array([measured[first] + 50, 0.0]), first_p
        means, _ = twin.posterior(x, p, [step(dt) for dt in np.diff(times[first:end])],
                                  [(measured[k:k + 1], h, r) for k in range(first, end)])
        expected += means
        for k in range(first, end):
            if k > first:
                f, q = step(times[k] - times[k - 1])
                x, p = f @ x, f @ p @ f.T + q
            x, p, _ = kalman(x, p, measured[k:k + 1], h, r)
            heights.append(x)
            spreads.append(p[np.triu_indices(2)])
    found, found_p = np.array(heights), np.array(spreads)
    smooth_heights(times, found, found_p, begins, noise)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-6)
    assert (found_p[:-1, 0] <= np.array(spreads)[:-1, 0] + 1e-9).all()

"""Registration's kernels against dense least squares."""

from __future__ import annotations

import numpy as np
import pytest

from jointsky.kernels.registration import eliminate, estimate, explained
from tests.oracles.registration import dense


def window_of(rng: np.random.Generator, rows: int, sensors: int):
    residual = rng.normal(0, 2, rows)
    nuisance, bias = rng.normal(0, 1, (rows, 7)), rng.normal(0, 1, (rows, 3))
    return residual, nuisance, bias, rng.integers(0, sensors, rows), rng.uniform(0.01, 2, 7)


@pytest.mark.parametrize(("rows", "sensors", "seed"), [(12, 2, 1), (60, 5, 2), (96, 8, 3),
                                                       (4, 2, 4)])
def test_eliminated_windows_know_what_the_whole_problem_knows(rows: int, sensors: int,
                                                              seed: int) -> None:
    window = window_of(np.random.default_rng(seed), rows, sensors)
    information, towards = np.empty((3 * sensors, 3 * sensors)), np.empty(3 * sensors)
    guess = np.empty(7)
    squares = eliminate(*window, information, towards, guess)
    a, b, rest = dense(*window, sensors)
    np.testing.assert_allclose(information, a, atol=1e-9)
    np.testing.assert_allclose(towards, b, atol=1e-9)
    assert squares == pytest.approx(rest, abs=1e-9)
    residual, nuisance, _, _, prior = window
    normal = nuisance.T @ nuisance + np.diag(prior)
    np.testing.assert_allclose(guess, np.linalg.solve(normal, nuisance.T @ residual), atol=1e-9)


def test_nuisances_that_nothing_tells_are_refused() -> None:
    residual, nuisance, bias, sensor, _ = window_of(np.random.default_rng(5), 10, 2)
    nuisance[:, 3] = 0.0
    assert eliminate(residual, nuisance, bias, sensor, np.zeros(7), np.empty((6, 6)), np.empty(6),
                     np.empty(7)) == -1.0


def test_what_biases_explain() -> None:
    rng = np.random.default_rng(6)
    root = rng.normal(0, 1, (9, 6))
    information, towards, variance = root.T @ root, rng.normal(0, 1, 6), rng.uniform(0.1, 3, 6)
    expected = towards @ np.linalg.solve(information + np.diag(1 / variance), towards)
    assert explained(information, towards, variance) == pytest.approx(expected)


def test_estimate_is_the_least_squares_answer_with_its_covariance() -> None:
    rng = np.random.default_rng(7)
    root, truth = rng.normal(0, 1, (30, 6)), rng.normal(0, 0.5, 6)
    information = root.T @ root
    towards = information @ truth
    mean, covariance = np.empty(6), np.empty((6, 6))
    assert estimate(information, towards, np.ones(6), 4.0, 6, mean, covariance)
    expected = information + np.eye(6)
    np.testing.assert_allclose(covariance, np.linalg.inv(expected), atol=1e-12)
    np.testing.assert_allclose(mean, np.linalg.solve(expected, towards), atol=1e-12)


def test_a_value_far_beyond_what_was_expected_is_believed() -> None:
    # Measured 100 with sigma 1, expected 0 with sigma 1: halfway by the book, near it here.
    mean, covariance = np.empty(1), np.empty((1, 1))
    assert estimate(np.eye(1), np.array([100.0]), np.ones(1), 2.0, 8, mean, covariance)
    assert 99 < mean[0] < 100
    assert not estimate(-np.eye(1) * 9, np.zeros(1), np.ones(1), 2.0, 8, mean, covariance)

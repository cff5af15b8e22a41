"""Registration: what aircraft seen by several sensors say of the sensors' systematic errors.

In a window of steady flight an aircraft is where p + v t + a t2 / 2 says, at a height h: seven
numbers that belong to the window alone, its nuisances u. A measurement in one direction, divided
by its sigma, is

    residual = nuisance . u + bias . b + noise of 1

with b three errors of the sensor that made it. The nuisances are eliminated exactly (Schur
complement of the normal equations), so that a window leaves an information matrix of the biases of
its sensors and nothing else has to be kept. N. Okello, B. Ristic, "Maximum likelihood registration
for multiple dissimilar sensors", IEEE Trans. AES 39 (2003), has the model for two radars.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from jointsky.kernels.jit import inlined, kernel

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

NUISANCES = 7
BIASES = 3


@inlined
def factor(a: F64, n: int) -> bool:
    """Cholesky: the lower triangle of a[:n, :n], symmetric, becomes L with L L' = a.

    False (and a spoilt) where it is not positive definite."""
    for j in range(n):
        total = a[j, j]
        for k in range(j):
            total -= a[j, k] * a[j, k]
        if not total > 0:
            return False
        a[j, j] = math.sqrt(total)
        for i in range(j + 1, n):
            total = a[i, j]
            for k in range(j):
                total -= a[i, k] * a[j, k]
            a[i, j] = total / a[j, j]
    return True


@inlined
def solve_lower(low: F64, n: int, x: F64) -> None:
    """x (n,) becomes L^-1 x."""
    for i in range(n):
        total = x[i]
        for k in range(i):
            total -= low[i, k] * x[k]
        x[i] = total / low[i, i]


@inlined
def solve_upper(low: F64, n: int, x: F64) -> None:
    """x (n,) becomes L'^-1 x."""
    for i in range(n - 1, -1, -1):
        total = x[i]
        for k in range(i + 1, n):
            total -= low[k, i] * x[k]
        x[i] = total / low[i, i]


@kernel
def eliminate(residual: F64, nuisance: F64, bias: F64, sensor: I64, prior: F64, information: F64,
              towards: F64, guess: F64) -> float:
    """Information of one window about the biases of its k sensors, its nuisances eliminated.

    residual (m,), nuisance (m, 7), bias (m, 3): the equations above; sensor (m,): whose, 0 to
    k - 1; prior (7,): information that is known of the nuisances beforehand, about 0.
    Fills information (3 k, 3 k), towards (3 k,): the normal equations `information b = towards`,
    and guess (7,): the nuisances if all biases are 0. Returns the sum of squares that remains
    then; -1 where the nuisances are not determined, and nothing is to be used.
    """
    rows, size = residual.shape[0], towards.shape[0]
    normal, right = np.zeros((NUISANCES, NUISANCES)), np.zeros(NUISANCES)
    cross = np.zeros((size, NUISANCES))
    information[:], towards[:] = 0.0, 0.0
    squares = 0.0
    for c in range(NUISANCES):
        normal[c, c] = prior[c]
    for r in range(rows):
        squares += residual[r] * residual[r]
        at = BIASES * sensor[r]
        for c in range(NUISANCES):
            for d in range(c + 1):
                normal[c, d] += nuisance[r, c] * nuisance[r, d]
            right[c] += nuisance[r, c] * residual[r]
            for d in range(BIASES):
                cross[at + d, c] += bias[r, d] * nuisance[r, c]
        for c in range(BIASES):
            for d in range(BIASES):
                information[at + c, at + d] += bias[r, c] * bias[r, d]
            towards[at + c] += bias[r, c] * residual[r]
    if not factor(normal, NUISANCES):
        return -1.0
    solve_lower(normal, NUISANCES, right)
    for c in range(size):
        solve_lower(normal, NUISANCES, cross[c])
    for c in range(NUISANCES):
        squares -= right[c] * right[c]
        guess[c] = right[c]
    solve_upper(normal, NUISANCES, guess)
    for c in range(size):
        for e in range(NUISANCES):
            towards[c] -= cross[c, e] * right[e]
        for d in range(size):
            for e in range(NUISANCES):
                information[c, d] -= cross[c, e] * cross[d, e]
    return max(squares, 0.0)


@kernel
def explained(information: F64, towards: F64, variance: F64) -> float:
    """How much of a window's sum of squares biases of these variances (n,) can explain."""
    n = towards.shape[0]
    left, right = information.copy(), towards.copy()
    for c in range(n):
        left[c, c] += 1 / variance[c]
    if not factor(left, n):
        return 0.0
    solve_lower(left, n, right)
    total = 0.0
    for c in range(n):
        total += right[c] * right[c]
    return total


@kernel
def estimate(information: F64, towards: F64, sigma: F64, heavy: float, rounds: int,
             mean: F64, covariance: F64) -> bool:
    """The most likely values of n numbers and their covariance, with a prior that gives way.

    information (n, n), towards (n,): normal equations of what was measured; sigma (n,): what is
    expected of each beforehand. A value beyond `heavy` sigmas is not drawn back further than from
    there: its sigma is taken as |value| / heavy, found in so many rounds. Fills mean (n,) and
    covariance (n, n). False where the equations are no such thing (then nothing is filled).
    """
    n = mean.shape[0]
    left, x = np.empty((n, n)), np.zeros(n)
    for _ in range(rounds):
        for c in range(n):
            for d in range(c + 1):
                left[c, d] = information[c, d]
            wide = max(sigma[c], abs(x[c]) / heavy)
            left[c, c] += 1 / (wide * wide)
        if not factor(left, n):
            return False
        for c in range(n):
            x[c] = towards[c]
        solve_lower(left, n, x)
        solve_upper(left, n, x)
    mean[:] = x
    covariance[:] = 0.0
    for c in range(n):
        covariance[c, c] = 1.0
        solve_lower(left, n, covariance[c])
        solve_upper(left, n, covariance[c])
    return True

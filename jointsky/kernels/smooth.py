"""Fixed-interval smoothing of interacting multiple models, backwards after the filter.

State, covariance and models as in `kernels.filter`. At a time k the filter left, for each model i,
x_i, p_i and its probability mu_i. What is known of time k + 1 from all plots, later ones too, is
s_j, q_j and probability nu_j for each model j. For each pair "i now, j until k + 1"

    s_ij = x_i + a (s_j - f x_i),   q_ij = p_i + a (q_j - c) a',   a = p_i f' inv(c)
    c = f p_i f' + noise            (Rauch, Tung, Striebel 1965), and
    nu_ij = nu_j w_ij / sum over i of w_ij,   w_ij = mu_i t_ij N(s_j; f x_i, c)

with t_ij the chance to go from i to j and f, noise those of model j. The pairs of each i are joined
to one Gaussian of the same mean and covariance. Sources: C.-J. Kim, "Dynamic linear models with
Markov-switching", J. Econometrics 60 (1994); D. Barber, "Expectation correction for smoothed
inference in switching linear dynamical systems", JMLR 7 (2006), for N in w_ij. With one model this
is the Rauch-Tung-Striebel smoother.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from jointsky.kernels.filter import predict_model, spread_into, turn_of
from jointsky.kernels.jit import inlined, kernel

F64 = npt.NDArray[np.float64]
U8 = npt.NDArray[np.uint8]

# A model of less than this probability, and a pair of less than the other, is left out, for speed.
NU_MIN, BOTH_MIN = 1e-6, 1e-12
# Scratch of `smooth_step`: four matrices (4, 4), side by side a predicted state and covariance.
SCRATCH = (5, 4, 16)


@inlined
def _unpack(p: F64, out: F64) -> None:
    """An upper triangle (10,) as a full matrix (4, 4)."""
    k = 0
    for i in range(4):
        for j in range(i, 4):
            out[i, j] = out[j, i] = p[k]
            k += 1


@inlined
def _factor(p: F64) -> float:
    """Cholesky factor of p (4, 4), in place in its lower triangle; returns log det p."""
    log_det = 0.0
    for j in range(4):
        total = p[j, j]
        for k in range(j):
            total -= p[j, k] * p[j, k]
        # Rounding must not make a root of a negative number.
        root = math.sqrt(max(total, 1e-12))
        p[j, j] = root
        log_det += 2 * math.log(root)
        for i in range(j + 1, 4):
            total = p[i, j]
            for k in range(j):
                total -= p[i, k] * p[j, k]
            p[i, j] = total / root
    return log_det


@inlined
def _cross(p: F64, a: float, b: float, c: float, d: float, out: F64) -> None:
    """p f' (4, 4) of a full covariance and the turn a, b, c, d (see `kernels.filter`)."""
    for i in range(4):
        out[i, 0] = p[i, 0] + a * p[i, 2] - b * p[i, 3]
        out[i, 1] = p[i, 1] + b * p[i, 2] + a * p[i, 3]
        out[i, 2] = c * p[i, 2] - d * p[i, 3]
        out[i, 3] = d * p[i, 2] + c * p[i, 3]


@inlined
def _solve_rows(factor: F64, rows: F64) -> None:
    """rows (4, 4) times the inverse of the matrix whose Cholesky factor is given, in place."""
    for r in range(4):
        row = rows[r]
        for i in range(4):
            total = row[i]
            for k in range(i):
                total -= factor[i, k] * row[k]
            row[i] = total / factor[i, i]
        for i in range(3, -1, -1):
            total = row[i]
            for k in range(i + 1, 4):
                total -= factor[k, i] * row[k]
            row[i] = total / factor[i, i]


@inlined
def smooth_pair(x: F64, p: F64, s: F64, q: F64, rate_rad_s: float, noise: float, dt_s: float,
                x_out: F64, p_out: F64, work: F64) -> float:
    """A Rauch-Tung-Striebel step of one model; returns log N(s; f x, c).

    x, p: filtered at k; s, q: smoothed at k + 1, dt_s > 0 later; x_out (4,), p_out (10,): smoothed
    at k. Scratch: work (SCRATCH).
    """
    full, factor, gain, change = work[0], work[1], work[2], work[3]
    ahead, spread = work[4, 0], work[4, 1]
    for k in range(4):
        ahead[k] = x[k]
    for k in range(10):
        spread[k] = p[k]
    predict_model(ahead, spread, rate_rad_s, noise, dt_s)
    _unpack(p, full)
    a, b, c, d = turn_of(rate_rad_s, dt_s)
    _cross(full, a, b, c, d, gain)
    _unpack(spread, factor)
    log_det = _factor(factor)
    _solve_rows(factor, gain)
    for k in range(4):
        ahead[k] = s[k] - ahead[k]
    for i in range(4):
        total = x[i]
        for k in range(4):
            total += gain[i, k] * ahead[k]
        x_out[i] = total
    for k in range(10):
        spread[k] = q[k] - spread[k]
    _unpack(spread, change)
    at = 0
    for i in range(4):
        for j in range(i, 4):
            total = full[i, j]
            for k in range(4):
                for m in range(4):
                    total += gain[i, k] * change[k, m] * gain[j, m]
            p_out[at] = total
            at += 1
    # The distance by forward substitution.
    distance2 = 0.0
    for i in range(4):
        total = ahead[i]
        for k in range(i):
            total -= factor[i, k] * ahead[k]
        ahead[i] = total / factor[i, i]
        distance2 += ahead[i] * ahead[i]
    return -0.5 * (distance2 + log_det) - 2 * math.log(2 * math.pi)


@inlined
def smooth_step(x: F64, p: F64, mu: F64, s: F64, q: F64, nu: F64, dt_s: float, chance: F64,
                turn_rad_s: F64, noise: F64, x_pair: F64, p_pair: F64, weight: F64,
                work: F64) -> None:
    """One step back: s (m, 4), q (m, 10), nu (m,) of k + 1 become those of k, in place.

    x, p, mu: filtered at k; dt_s > 0 between them; chance (m, m): to go from the model of the row
    to that of the column in that time; turn_rad_s, noise (m,): of the models. Scratch: x_pair
    (m, m, 4), p_pair (m, m, 10), weight (m, m), work (SCRATCH).
    """
    models = mu.shape[0]
    for j in range(models):
        best = -math.inf
        for i in range(models):
            both = mu[i] * chance[i, j]
            weight[i, j] = -math.inf
            if nu[j] > NU_MIN and both > BOTH_MIN:
                weight[i, j] = math.log(both) + smooth_pair(
                    x[i], p[i], s[j], q[j], turn_rad_s[j], noise[j], dt_s, x_pair[i, j],
                    p_pair[i, j], work)
                best = max(best, weight[i, j])
        total = 0.0
        for i in range(models):
            weight[i, j] = math.exp(weight[i, j] - best) if weight[i, j] > -math.inf else 0.0
            total += weight[i, j]
        for i in range(models):
            weight[i, j] *= nu[j] / total if total > 0 else 0.0
    whole = 0.0
    for i in range(models):
        nu[i] = join(x_pair[i], p_pair[i], weight[i], x[i], p[i], s[i], q[i])
        whole += nu[i]
    for i in range(models):
        nu[i] /= whole


@inlined
def _average(cells: F64, weight: F64, whole: float, otherwise: F64, out: F64) -> None:
    """Weighted mean (k,) of rows (m, k); `otherwise` where the whole weight is 0."""
    for k in range(out.shape[0]):
        total = otherwise[k] if whole <= 0 else 0.0
        for j in range(weight.shape[0]):
            if weight[j] > 0:
                total += weight[j] / whole * cells[j, k]
        out[k] = total


@inlined
def join(x: F64, p: F64, weight: F64, x_else: F64, p_else: F64, x_out: F64,
         p_out: F64) -> float:
    """Mean and covariance of weighted Gaussians x (m, 4), p (m, 10); returns their whole weight.

    Where all weights are 0, those of x_else, p_else.
    """
    whole = 0.0
    for j in range(weight.shape[0]):
        whole += weight[j]
    _average(x, weight, whole, x_else, x_out)
    _average(p, weight, whole, p_else, p_out)
    for j in range(weight.shape[0]):
        if weight[j] > 0:
            spread_into(p_out, weight[j] / whole, x[j, 0] - x_out[0], x[j, 1] - x_out[1],
                        x[j, 2] - x_out[2], x[j, 3] - x_out[3])
    return whole


@inlined
def lay_models(x: F64, p: F64, mu: F64, x_out: F64, p_out: F64, mu_out: F64) -> None:
    """Copy the state of all models."""
    for m in range(mu.shape[0]):
        mu_out[m] = mu[m]
        for k in range(4):
            x_out[m, k] = x[m, k]
        for k in range(10):
            p_out[m, k] = p[m, k]


@inlined
def predict_models(x: F64, p: F64, mu: F64, dt_s: float, chance: F64, turn_rad_s: F64, noise: F64,
                   x_out: F64, p_out: F64, mu_out: F64, weight: F64) -> None:
    """Models (m, 4), (m, 10), (m,) ahead by dt_s, as the filter does: mixed, then predicted.

    chance, turn_rad_s, noise as in `smooth_step`. Scratch: weight (m, m).
    """
    for j in range(mu.shape[0]):
        for i in range(mu.shape[0]):
            weight[j, i] = mu[i] * chance[i, j]
        mu_out[j] = join(x, p, weight[j], x[j], p[j], x_out[j], p_out[j])
        predict_model(x_out[j], p_out[j], turn_rad_s[j], noise[j], dt_s)


@inlined
def smooth_height(height: F64, p: F64, later: F64, later_p: F64, noise: float,
                  dt_s: float) -> None:
    """A Rauch-Tung-Striebel step of height and climb: `later` of k + 1 becomes that of k, in place.

    height (2,), p (3,): filtered at k, noise as in `kernels.filter.predict_height`; dt_s >= 0.
    """
    f0, f1 = height[0] + dt_s * height[1], height[1]
    s0 = p[0] + dt_s * (2 * p[1] + dt_s * p[2]) + noise * dt_s * dt_s * dt_s / 3
    s1 = p[1] + dt_s * p[2] + noise * dt_s * dt_s / 2
    s2 = p[2] + noise * dt_s
    # p f' times the inverse of the predicted covariance.
    det = s0 * s2 - s1 * s1
    c00, c01, c10, c11 = p[0] + dt_s * p[1], p[1], p[1] + dt_s * p[2], p[2]
    g00, g01 = (c00 * s2 - c01 * s1) / det, (c01 * s0 - c00 * s1) / det
    g10, g11 = (c10 * s2 - c11 * s1) / det, (c11 * s0 - c10 * s1) / det
    y0, y1 = later[0] - f0, later[1] - f1
    d0, d1, d2 = later_p[0] - s0, later_p[1] - s1, later_p[2] - s2
    later[0] = height[0] + g00 * y0 + g01 * y1
    later[1] = height[1] + g10 * y0 + g11 * y1
    later_p[0] = p[0] + g00 * (g00 * d0 + g01 * d1) + g01 * (g00 * d1 + g01 * d2)
    later_p[1] = p[1] + g00 * (g10 * d0 + g11 * d1) + g01 * (g10 * d1 + g11 * d2)
    later_p[2] = p[2] + g10 * (g10 * d0 + g11 * d1) + g11 * (g10 * d1 + g11 * d2)


@kernel
def smooth_back(time_s: F64, x: F64, p: F64, mu: F64, chance: F64, turn_rad_s: F64,
                noise: F64) -> None:
    """A whole filtered run on one plane becomes the smoothed one, in place.

    time_s (n,) increasing; x (n, m, 4), p (n, m, 10), mu (n, m); chance (n - 1, m, m) of each step.
    """
    n, models = mu.shape
    x_pair, p_pair = np.empty((models, models, 4)), np.empty((models, models, 10))
    weight, work = np.empty((models, models)), np.empty(SCRATCH)
    s, q, nu = x[n - 1].copy(), p[n - 1].copy(), mu[n - 1].copy()
    for k in range(n - 2, -1, -1):
        smooth_step(x[k], p[k], mu[k], s, q, nu, time_s[k + 1] - time_s[k], chance[k], turn_rad_s,
                    noise, x_pair, p_pair, weight, work)
        x[k], p[k], mu[k] = s, q, nu


@kernel
def smooth_heights(time_s: F64, height: F64, p: F64, begins: U8, noise: float) -> None:
    """A whole filtered run of heights (n, 2), p (n, 3) becomes the smoothed one, in place.

    begins (n,): 1 where the filter began anew, so that nothing later tells of what was before.
    """
    later, later_p = np.empty(2), np.empty(3)
    for k in range(time_s.shape[0] - 2, -1, -1):
        if not begins[k + 1]:
            later[:], later_p[:] = height[k + 1], p[k + 1]
            smooth_height(height[k], p[k], later, later_p, noise, time_s[k + 1] - time_s[k])
            height[k], p[k] = later, later_p

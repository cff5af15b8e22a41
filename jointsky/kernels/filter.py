"""Kalman filter and interacting multiple models (IMM) on a plane, and a filter for height.

A model's state is x (4,): east, north m, velocity east, north m/s, on the tangent plane of its
track. Its covariance is p (10,): the upper triangle, row by row. Every model is a turn at a fixed
rate (0 for straight flight) with white acceleration noise:

    position += s v,  velocity = r v,  s = [[a, -b], [b, a]],  r = [[c, -d], [d, c]]

with a = sin(wt)/w, b = (1 - cos(wt))/w, c = cos(wt), d = sin(wt). Source: Bar-Shalom, Li,
Kirubarajan, "Estimation with Applications to Tracking and Navigation", 2001, 11.6 (IMM), 11.7.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from jointsky.kernels.jit import inlined, kernel

F64 = npt.NDArray[np.float64]

LOG_2PI = math.log(2 * math.pi)
WEIGHT_MIN = 1e-5


@inlined
def turn_of(rate_rad_s: float, dt_s: float) -> tuple[float, float, float, float]:
    """The numbers a, b, c, d of a turn (see the module) over a time."""
    angle = rate_rad_s * dt_s
    if abs(angle) < 1e-9:
        return dt_s, 0.0, 1.0, 0.0
    c, d = math.cos(angle), math.sin(angle)
    return d / rate_rad_s, (1 - c) / rate_rad_s, c, d


@inlined
def predict_model(x: F64, p: F64, rate_rad_s: float, noise: float, dt_s: float) -> None:
    """One model ahead by dt_s >= 0, in place. noise: acceleration spectral density, m2/s3."""
    a, b, c, d = turn_of(rate_rad_s, dt_s)
    ve, vn = x[2], x[3]
    x[0] += a * ve - b * vn
    x[1] += b * ve + a * vn
    x[2], x[3] = c * ve - d * vn, d * ve + c * vn
    # k = cov(position, velocity) + s cov(velocity)
    k00 = p[2] + a * p[7] - b * p[8]
    k01 = p[3] + a * p[8] - b * p[9]
    k10 = p[5] + b * p[7] + a * p[8]
    k11 = p[6] + b * p[8] + a * p[9]
    third, half, whole = noise * dt_s * dt_s * dt_s / 3, noise * dt_s * dt_s / 2, noise * dt_s
    p0 = p[0] + a * p[2] - b * p[3] + a * k00 - b * k01 + third
    p1 = p[1] + a * p[5] - b * p[6] + b * k00 + a * k01
    p4 = p[4] + b * p[5] + a * p[6] + b * k10 + a * k11 + third
    # Turned velocity: r cov r'.
    e0, e1 = c * p[7] - d * p[8], c * p[8] - d * p[9]
    f0, f1 = d * p[7] + c * p[8], d * p[8] + c * p[9]
    p[0], p[1], p[4] = p0, p1, p4
    p[2], p[3] = c * k00 - d * k01 + half, d * k00 + c * k01
    p[5], p[6] = c * k10 - d * k11, d * k10 + c * k11 + half
    p[7], p[8], p[9] = c * e0 - d * e1 + whole, d * e0 + c * e1, d * f0 + c * f1 + whole


@inlined
def update_model(x: F64, p: F64, z0: float, z1: float, r00: float, r01: float, r11: float,
                 late_s: float) -> float:
    """A position measured, in place; returns the log likelihood (1/m2).

    z: east, north m; r: its covariance. late_s <= 0: the measurement is of position + late_s
    velocity: of a moment before the state's time; 0 for one of the same time.
    """
    a = late_s
    g00, g01 = p[0] + a * p[2], p[1] + a * p[3]
    g10, g11 = p[1] + a * p[5], p[4] + a * p[6]
    g20, g21 = p[2] + a * p[7], p[5] + a * p[8]
    g30, g31 = p[3] + a * p[8], p[6] + a * p[9]
    s00 = g00 + a * g20 + r00
    s01 = g01 + a * g21 + r01
    s11 = g11 + a * g31 + r11
    det = s00 * s11 - s01 * s01
    y0 = z0 - (x[0] + a * x[2])
    y1 = z1 - (x[1] + a * x[3])
    i00, i01, i11 = s11 / det, -s01 / det, s00 / det
    k00, k01 = g00 * i00 + g01 * i01, g00 * i01 + g01 * i11
    k10, k11 = g10 * i00 + g11 * i01, g10 * i01 + g11 * i11
    k20, k21 = g20 * i00 + g21 * i01, g20 * i01 + g21 * i11
    k30, k31 = g30 * i00 + g31 * i01, g30 * i01 + g31 * i11
    x[0] += k00 * y0 + k01 * y1
    x[1] += k10 * y0 + k11 * y1
    x[2] += k20 * y0 + k21 * y1
    x[3] += k30 * y0 + k31 * y1
    p[0] -= k00 * g00 + k01 * g01
    p[1] -= k00 * g10 + k01 * g11
    p[2] -= k00 * g20 + k01 * g21
    p[3] -= k00 * g30 + k01 * g31
    p[4] -= k10 * g10 + k11 * g11
    p[5] -= k10 * g20 + k11 * g21
    p[6] -= k10 * g30 + k11 * g31
    p[7] -= k20 * g20 + k21 * g21
    p[8] -= k20 * g30 + k21 * g31
    p[9] -= k30 * g30 + k31 * g31
    distance2 = y0 * (i00 * y0 + i01 * y1) + y1 * (i01 * y0 + i11 * y1)
    return float(-0.5 * (distance2 + math.log(det)) - LOG_2PI)


@inlined
def update_velocity(x: F64, p: F64, v0: float, v1: float, variance: float) -> float:
    """A velocity measured (ADS-B), in place; returns the log likelihood (s2/m2)."""
    s00, s01, s11 = p[7] + variance, p[8], p[9] + variance
    det = s00 * s11 - s01 * s01
    i00, i01, i11 = s11 / det, -s01 / det, s00 / det
    y0, y1 = v0 - x[2], v1 - x[3]
    w0, w1 = i00 * y0 + i01 * y1, i01 * y0 + i11 * y1
    distance2 = y0 * w0 + y1 * w1
    g20, g21, g31 = p[7], p[8], p[9]
    x[0] += p[2] * w0 + p[3] * w1
    x[1] += p[5] * w0 + p[6] * w1
    x[2] += g20 * w0 + g21 * w1
    x[3] += g21 * w0 + g31 * w1
    k00, k01 = p[2] * i00 + p[3] * i01, p[2] * i01 + p[3] * i11
    k10, k11 = p[5] * i00 + p[6] * i01, p[5] * i01 + p[6] * i11
    k20, k21 = g20 * i00 + g21 * i01, g20 * i01 + g21 * i11
    k30, k31 = g21 * i00 + g31 * i01, g21 * i01 + g31 * i11
    p[0] -= k00 * p[2] + k01 * p[3]
    p[1] -= k00 * p[5] + k01 * p[6]
    p[4] -= k10 * p[5] + k11 * p[6]
    p[2], p[3] = p[2] - k00 * g20 - k01 * g21, p[3] - k00 * g21 - k01 * g31
    p[5], p[6] = p[5] - k10 * g20 - k11 * g21, p[6] - k10 * g21 - k11 * g31
    p[7] = g20 - k20 * g20 - k21 * g21
    p[8] = g21 - k20 * g21 - k21 * g31
    p[9] = g31 - k30 * g21 - k31 * g31
    return float(-0.5 * (distance2 + math.log(det)) - LOG_2PI)


@inlined
def spread_into(p: F64, weight: float, d0: float, d1: float, d2: float, d3: float) -> None:
    """Add weight * d d' to a covariance: the spread of means in a mixture."""
    p[0] += weight * d0 * d0
    p[1] += weight * d0 * d1
    p[2] += weight * d0 * d2
    p[3] += weight * d0 * d3
    p[4] += weight * d1 * d1
    p[5] += weight * d1 * d2
    p[6] += weight * d1 * d3
    p[7] += weight * d2 * d2
    p[8] += weight * d2 * d3
    p[9] += weight * d3 * d3


@inlined
def combine(x: F64, p: F64, mu: F64, x_out: F64, p_out: F64) -> None:
    """Mean and covariance of a mixture of models: x (m, 4), p (m, 10), mu (m,) summing to 1."""
    models = mu.shape[0]
    for k in range(4):
        total = 0.0
        for j in range(models):
            total += mu[j] * x[j, k]
        x_out[k] = total
    for k in range(10):
        total = 0.0
        for j in range(models):
            total += mu[j] * p[j, k]
        p_out[k] = total
    for j in range(models):
        spread_into(p_out, mu[j], x[j, 0] - x_out[0], x[j, 1] - x_out[1], x[j, 2] - x_out[2],
                    x[j, 3] - x_out[3])


@inlined
def mix(x: F64, p: F64, mu: F64, dt_s: float, leave_rate: F64, goes_to: F64, x_work: F64,
        p_work: F64, mu_work: F64) -> None:
    """The interaction step of an IMM, in place: models exchange state as an aircraft may switch.

    leave_rate (m,): switches per second out of each model; goes_to (m, m): where to, rows summing
    to 1, diagonal 0. The chance to switch in dt_s is 1 - exp(-rate dt). Scratch: x_work (m, 4),
    p_work (m, 10), mu_work (2, m).
    """
    models = mu.shape[0]
    stay, after = mu_work[0], mu_work[1]
    for j in range(models):
        stay[j] = mu[j] * math.exp(-leave_rate[j] * dt_s)
    for j in range(models):
        after[j] = stay[j]
        for i in range(models):
            if i != j:
                after[j] += (mu[i] - stay[i]) * goes_to[i, j]
        _mix_into(x, p, mu, stay, goes_to, j, after[j], x_work[j], p_work[j])
    for j in range(models):
        mu[j] = after[j]
        for k in range(4):
            x[j, k] = x_work[j, k]
        for k in range(10):
            p[j, k] = p_work[j, k]


@inlined
def _mix_into(x: F64, p: F64, mu: F64, stay: F64, goes_to: F64, j: int, total: float,
              x_out: F64, p_out: F64) -> None:
    """Mixed state of model j. A model of a share below WEIGHT_MIN is left out, for speed."""
    models = mu.shape[0]
    own = stay[j]
    for i in range(models):
        weight = (mu[i] - stay[i]) * goes_to[i, j]
        if i != j and weight < WEIGHT_MIN * total:
            own += weight
    own /= total
    for k in range(4):
        x_out[k] = own * x[j, k]
    for k in range(10):
        p_out[k] = own * p[j, k]
    for i in range(models):
        weight = (mu[i] - stay[i]) * goes_to[i, j] / total
        if i != j and weight >= WEIGHT_MIN:
            for k in range(4):
                x_out[k] += weight * x[i, k]
            for k in range(10):
                p_out[k] += weight * p[i, k]
    spread_into(p_out, own, x[j, 0] - x_out[0], x[j, 1] - x_out[1], x[j, 2] - x_out[2],
                x[j, 3] - x_out[3])
    for i in range(models):
        weight = (mu[i] - stay[i]) * goes_to[i, j] / total
        if i != j and weight >= WEIGHT_MIN:
            spread_into(p_out, weight, x[i, 0] - x_out[0], x[i, 1] - x_out[1],
                        x[i, 2] - x_out[2], x[i, 3] - x_out[3])


@inlined
def weigh(mu: F64, log_likelihood: F64, floor: float) -> float:
    """Model probabilities after a measurement, in place; returns its log likelihood in the mixture.

    No model falls below `floor`, so that each can come back.
    """
    models = mu.shape[0]
    best = log_likelihood[0]
    for j in range(1, models):
        best = max(best, log_likelihood[j])
    total = 0.0
    for j in range(models):
        mu[j] *= math.exp(log_likelihood[j] - best)
        total += mu[j]
    kept = 0.0
    for j in range(models):
        mu[j] = max(mu[j] / total, floor)
        kept += mu[j]
    for j in range(models):
        mu[j] /= kept
    return float(best + math.log(total))


@inlined
def predict_height(height: F64, p: F64, noise: float, dt_s: float) -> None:
    """Height and climb rate ahead by dt_s, in place: height (2,), p (3,) upper triangle."""
    height[0] += dt_s * height[1]
    p[0] += dt_s * (2 * p[1] + dt_s * p[2]) + noise * dt_s * dt_s * dt_s / 3
    p[1] += dt_s * p[2] + noise * dt_s * dt_s / 2
    p[2] += noise * dt_s


@inlined
def update_height(height: F64, p: F64, measured: float, variance: float) -> None:
    """A height measured, in place."""
    s = p[0] + variance
    k0, k1 = p[0] / s, p[1] / s
    y = measured - height[0]
    height[0] += k0 * y
    height[1] += k1 * y
    p[2] -= k1 * p[1]
    p[1] -= k0 * p[1]
    p[0] -= k0 * p[0]


@kernel
def imm_step(x: F64, p: F64, mu: F64, dt_s: float, z: F64, r: F64, turn_rad_s: F64, noise: F64,
             leave_rate: F64, goes_to: F64) -> float:
    """One whole step of an IMM, in place: mix, predict by dt_s, update with z (2,), r (3,).

    x (m, 4), p (m, 10), mu (m,). Returns the log likelihood of the measurement.
    """
    models = mu.shape[0]
    log_likelihood = np.empty(models)
    mix(x, p, mu, dt_s, leave_rate, goes_to, np.empty((models, 4)), np.empty((models, 10)),
        np.empty((2, models)))
    for j in range(models):
        predict_model(x[j], p[j], turn_rad_s[j], noise[j], dt_s)
        log_likelihood[j] = update_model(x[j], p[j], z[0], z[1], r[0], r[1], r[2], 0.0)
    return weigh(mu, log_likelihood, 0.0)

"""Kalman filter and interacting multiple models (IMM) on a plane, and a filter for height.

A model's state is east, north m, velocity east, north m/s, on the tangent plane of its track; its
covariance is kept as the upper triangle, row by row, ten numbers. Every model is a turn at a fixed
rate (0 for straight flight) with white acceleration noise:

    position += s v,  velocity = r v,  s = [[a, -b], [b, a]],  r = [[c, -d], [d, c]]

with a = sin(wt)/w, b = (1 - cos(wt))/w, c = cos(wt), d = sin(wt). Source: Bar-Shalom, Li,
Kirubarajan, "Estimation with Applications to Tracking and Navigation", 2001, 11.6 (IMM), 11.7.

How models switch: over a time t nothing happens with probability exp(-rate t); else the way of
flying is drawn anew, model j with probability share_j, whatever it was. What flows into each model
is then the mixture of all of them, which the step before has left behind, and interaction costs as
much as there are models, not its square.

For speed all models of a track are worked on side by side: a block is one array of ROWS rows of
LANES numbers, so that the compiler turns each loop over lanes into a few wide instructions. It does
so only for one array with rows of a length that it knows; models that are not there have weight 0.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from jointsky.kernels.jit import inlined, kernel

F64 = npt.NDArray[np.float64]

LOG_2PI = math.log(2 * math.pi)
# Rows of a block: probability, state, covariance; a, b, c, d of the turn; what the models are;
# squared distance of a measurement, and the root of the inverse determinant of its covariance.
LANES = 8
MU, X, P = 0, 1 * LANES, 5 * LANES
TURN_A, TURN_B, TURN_C, TURN_D = 15 * LANES, 16 * LANES, 17 * LANES, 18 * LANES
RATE, NOISE, SHARE, FAR, ROOT = 19 * LANES, 20 * LANES, 21 * LANES, 22 * LANES, 23 * LANES
PART = 24 * LANES  # ten rows of scratch
BLOCK = 34 * LANES
X0, X1, X2, X3 = X, X + LANES, X + 2 * LANES, X + 3 * LANES
P0, P1, P2, P3, P4, P5, P6, P7, P8, P9 = (
    P, P + LANES, P + 2 * LANES, P + 3 * LANES, P + 4 * LANES, P + 5 * LANES, P + 6 * LANES,
    P + 7 * LANES, P + 8 * LANES, P + 9 * LANES)
TINY = 1e-300
MU_MIN = 1e-30
# Half a squared distance beyond which a model's weight is as good as none.
DISTANCE_MAX = 60.0
# Angles up to here have their sine and cosine from six terms of the series, to the last bit.
ANGLE_MAX = 0.5
S3, S5, S7, S9, S11, S13 = ((-1.0) ** k / math.factorial(2 * k + 1) for k in range(1, 7))
C2, C4, C6, C8, C10, C12 = ((-1.0) ** (k + 1) / math.factorial(2 * k) for k in range(1, 7))


@inlined
def load(block: F64, x: F64, p: F64, mu: F64, turn_rad_s: F64, noise: F64, share: F64) -> None:
    """Fill a block: x (m, 4), p (m, 10), mu (m,), m <= LANES; turn rates, noises m2/s3, shares."""
    models = mu.shape[0]
    for j in range(LANES):
        m = min(j, models - 1)
        there = 1.0 if j < models else 0.0
        block[MU + j], block[SHARE + j] = there * mu[m], there * share[m]
        block[RATE + j], block[NOISE + j] = turn_rad_s[m], noise[m]
        for k in range(4):
            block[X + k * LANES + j] = x[m, k]
        for k in range(10):
            block[P + k * LANES + j] = p[m, k]


@inlined
def store(block: F64, x: F64, p: F64, mu: F64) -> None:
    """Take state, covariance and probability of the models out of a block."""
    for j in range(mu.shape[0]):
        mu[j] = block[MU + j]
        for k in range(4):
            x[j, k] = block[X + k * LANES + j]
        for k in range(10):
            p[j, k] = block[P + k * LANES + j]


@inlined
def mix(b: F64, mean: F64, spread: F64, dt_s: float, switch_rate: float) -> None:
    """The interaction step of an IMM over dt_s: what flows in has the mean and spread of all."""
    stay = math.exp(-switch_rate * dt_s)
    m0, m1, m2, m3 = mean[0], mean[1], mean[2], mean[3]
    q0, q1, q2, q3, q4 = spread[0], spread[1], spread[2], spread[3], spread[4]
    q5, q6, q7, q8, q9 = spread[5], spread[6], spread[7], spread[8], spread[9]
    for j in range(LANES):
        fresh = (1 - stay) * b[SHARE + j]
        after = stay * b[MU + j] + fresh
        w = fresh / (after + TINY)
        v = 1 - w
        d0, d1, d2, d3 = m0 - b[X0 + j], m1 - b[X1 + j], m2 - b[X2 + j], m3 - b[X3 + j]
        b[MU + j] = after
        b[X0 + j] += w * d0
        b[X1 + j] += w * d1
        b[X2 + j] += w * d2
        b[X3 + j] += w * d3
        b[P0 + j] += w * (q0 - b[P0 + j] + v * d0 * d0)
        b[P1 + j] += w * (q1 - b[P1 + j] + v * d0 * d1)
        b[P2 + j] += w * (q2 - b[P2 + j] + v * d0 * d2)
        b[P3 + j] += w * (q3 - b[P3 + j] + v * d0 * d3)
        b[P4 + j] += w * (q4 - b[P4 + j] + v * d1 * d1)
        b[P5 + j] += w * (q5 - b[P5 + j] + v * d1 * d2)
        b[P6 + j] += w * (q6 - b[P6 + j] + v * d1 * d3)
        b[P7 + j] += w * (q7 - b[P7 + j] + v * d2 * d2)
        b[P8 + j] += w * (q8 - b[P8 + j] + v * d2 * d3)
        b[P9 + j] += w * (q9 - b[P9 + j] + v * d3 * d3)


@inlined
def turn(b: F64, dt_s: float, rate_max_rad_s: float) -> None:
    """The numbers a, b, c, d of each model's turn over a time; no rate is beyond rate_max_rad_s.

    Series for sin(x)/x and (1 - cos(x))/x, of an angle halved until it is small, then doubled.
    """
    part_s, halvings = dt_s, 0
    while part_s * rate_max_rad_s > ANGLE_MAX:
        part_s, halvings = part_s / 2, halvings + 1
    for j in range(LANES):
        x = b[RATE + j] * part_s
        y = x * x
        b[TURN_C + j] = x
        b[TURN_A + j] = 1 + y * (S3 + y * (S5 + y * (S7 + y * (S9 + y * (S11 + y * S13)))))
        b[TURN_B + j] = x * (C2 + y * (C4 + y * (C6 + y * (C8 + y * (C10 + y * C12)))))
    for _ in range(halvings):
        for j in range(LANES):
            x, sine = b[TURN_C + j], b[TURN_A + j]
            b[TURN_A + j] = sine * (1 - x * b[TURN_B + j])
            b[TURN_B + j] = sine * sine * x
            b[TURN_C + j] = 2 * x
    for j in range(LANES):
        x = b[TURN_C + j]
        b[TURN_C + j], b[TURN_D + j] = 1 - x * b[TURN_B + j], x * b[TURN_A + j]
        b[TURN_A + j] *= dt_s
        b[TURN_B + j] *= dt_s


@inlined
def predict(b: F64, dt_s: float, rate_max_rad_s: float) -> None:
    """All models ahead by dt_s >= 0; none turns faster than rate_max_rad_s."""
    turn(b, dt_s, rate_max_rad_s)
    whole_s, half_s, third_s = dt_s, dt_s * dt_s / 2, dt_s * dt_s * dt_s / 3
    for j in range(LANES):
        s, u, c, d = b[TURN_A + j], b[TURN_B + j], b[TURN_C + j], b[TURN_D + j]
        q = b[NOISE + j]
        ve, vn = b[X2 + j], b[X3 + j]
        p2, p3, p5, p6 = b[P2 + j], b[P3 + j], b[P5 + j], b[P6 + j]
        p7, p8, p9 = b[P7 + j], b[P8 + j], b[P9 + j]
        # k = cov(position, velocity) + s cov(velocity)
        k00, k01 = p2 + s * p7 - u * p8, p3 + s * p8 - u * p9
        k10, k11 = p5 + u * p7 + s * p8, p6 + u * p8 + s * p9
        # Turned velocity: r cov r'.
        e0, e1 = c * p7 - d * p8, c * p8 - d * p9
        f0, f1 = d * p7 + c * p8, d * p8 + c * p9
        b[X0 + j] += s * ve - u * vn
        b[X1 + j] += u * ve + s * vn
        b[X2 + j], b[X3 + j] = c * ve - d * vn, d * ve + c * vn
        b[P0 + j] += s * (p2 + k00) - u * (p3 + k01) + third_s * q
        b[P1 + j] += s * (p5 + k01) - u * (p6 - k00)
        b[P4 + j] += u * (p5 + k10) + s * (p6 + k11) + third_s * q
        b[P2 + j], b[P3 + j] = c * k00 - d * k01 + half_s * q, d * k00 + c * k01
        b[P5 + j], b[P6 + j] = c * k10 - d * k11, d * k10 + c * k11 + half_s * q
        b[P7 + j], b[P8 + j] = c * e0 - d * e1 + whole_s * q, d * e0 + c * e1
        b[P9 + j] = d * f0 + c * f1 + whole_s * q


@inlined
def update_position(b: F64, z0: float, z1: float, r00: float, r01: float, r11: float,
                    late_s: float) -> None:
    """A position measured, into all models; fills FAR and ROOT.

    z: east, north m; r: its covariance. late_s <= 0: the measurement is of position + late_s
    velocity: of a moment before the state's time; 0 for one of the same time.
    """
    a = late_s
    for j in range(LANES):
        p0, p1, p2, p3, p4 = b[P0 + j], b[P1 + j], b[P2 + j], b[P3 + j], b[P4 + j]
        p5, p6, p7, p8, p9 = b[P5 + j], b[P6 + j], b[P7 + j], b[P8 + j], b[P9 + j]
        g00, g01, g10, g11 = p0 + a * p2, p1 + a * p3, p1 + a * p5, p4 + a * p6
        g20, g21, g30, g31 = p2 + a * p7, p5 + a * p8, p3 + a * p8, p6 + a * p9
        s00, s01, s11 = g00 + a * g20 + r00, g01 + a * g21 + r01, g11 + a * g31 + r11
        inverse = 1 / (s00 * s11 - s01 * s01)
        i00, i01, i11 = s11 * inverse, -s01 * inverse, s00 * inverse
        y0 = z0 - (b[X0 + j] + a * b[X2 + j])
        y1 = z1 - (b[X1 + j] + a * b[X3 + j])
        w0, w1 = i00 * y0 + i01 * y1, i01 * y0 + i11 * y1
        k00, k01 = g00 * i00 + g01 * i01, g00 * i01 + g01 * i11
        k10, k11 = g10 * i00 + g11 * i01, g10 * i01 + g11 * i11
        k20, k21 = g20 * i00 + g21 * i01, g20 * i01 + g21 * i11
        k30, k31 = g30 * i00 + g31 * i01, g30 * i01 + g31 * i11
        b[X0 + j] += g00 * w0 + g01 * w1
        b[X1 + j] += g10 * w0 + g11 * w1
        b[X2 + j] += g20 * w0 + g21 * w1
        b[X3 + j] += g30 * w0 + g31 * w1
        b[P0 + j] = p0 - (k00 * g00 + k01 * g01)
        b[P1 + j] = p1 - (k00 * g10 + k01 * g11)
        b[P2 + j] = p2 - (k00 * g20 + k01 * g21)
        b[P3 + j] = p3 - (k00 * g30 + k01 * g31)
        b[P4 + j] = p4 - (k10 * g10 + k11 * g11)
        b[P5 + j] = p5 - (k10 * g20 + k11 * g21)
        b[P6 + j] = p6 - (k10 * g30 + k11 * g31)
        b[P7 + j] = p7 - (k20 * g20 + k21 * g21)
        b[P8 + j] = p8 - (k20 * g30 + k21 * g31)
        b[P9 + j] = p9 - (k30 * g30 + k31 * g31)
        b[FAR + j] = (y0 * w0 + y1 * w1) / 2
        b[ROOT + j] = math.sqrt(inverse)


@inlined
def update_velocity(b: F64, v0: float, v1: float, variance: float) -> None:
    """A velocity measured (ADS-B), into all models; fills FAR and ROOT."""
    for j in range(LANES):
        p2, p3, p5, p6 = b[P2 + j], b[P3 + j], b[P5 + j], b[P6 + j]
        p7, p8, p9 = b[P7 + j], b[P8 + j], b[P9 + j]
        s00, s11 = p7 + variance, p9 + variance
        inverse = 1 / (s00 * s11 - p8 * p8)
        i00, i01, i11 = s11 * inverse, -p8 * inverse, s00 * inverse
        y0, y1 = v0 - b[X2 + j], v1 - b[X3 + j]
        w0, w1 = i00 * y0 + i01 * y1, i01 * y0 + i11 * y1
        k00, k01 = p2 * i00 + p3 * i01, p2 * i01 + p3 * i11
        k10, k11 = p5 * i00 + p6 * i01, p5 * i01 + p6 * i11
        k20, k21 = p7 * i00 + p8 * i01, p7 * i01 + p8 * i11
        k30, k31 = p8 * i00 + p9 * i01, p8 * i01 + p9 * i11
        b[X0 + j] += p2 * w0 + p3 * w1
        b[X1 + j] += p5 * w0 + p6 * w1
        b[X2 + j] += p7 * w0 + p8 * w1
        b[X3 + j] += p8 * w0 + p9 * w1
        b[P0 + j] -= k00 * p2 + k01 * p3
        b[P1 + j] -= k00 * p5 + k01 * p6
        b[P4 + j] -= k10 * p5 + k11 * p6
        b[P2 + j], b[P3 + j] = p2 - k00 * p7 - k01 * p8, p3 - k00 * p8 - k01 * p9
        b[P5 + j], b[P6 + j] = p5 - k10 * p7 - k11 * p8, p6 - k10 * p8 - k11 * p9
        b[P7 + j], b[P8 + j] = p7 - k20 * p7 - k21 * p8, p8 - k20 * p8 - k21 * p9
        b[P9 + j] = p9 - k30 * p8 - k31 * p9
        b[FAR + j] = (y0 * w0 + y1 * w1) / 2
        b[ROOT + j] = math.sqrt(inverse)


@inlined
def weigh(b: F64) -> float:
    """Model probabilities after an update; returns its log likelihood in the mixture (1/m2)."""
    best = _least(b, FAR)
    total = 0.0
    for j in range(LANES):
        further = min(b[FAR + j] - best, DISTANCE_MAX)
        # A probability of nothing would be for ever, and with all others far away no sum.
        b[MU + j] = max(b[MU + j], MU_MIN * b[SHARE + j]) * math.exp(-further) * b[ROOT + j]
        total += b[MU + j]
    inverse = 1 / total
    for j in range(LANES):
        b[MU + j] *= inverse
    return math.log(total) - best - LOG_2PI


@inlined
def rate_slope(b: F64, mu: F64, dt_s: float, switch_rate: float) -> float:
    """By how much the log likelihood of what the models were just weighed with grows with the log
    of the rate at which they switch. mu: their probabilities before `mix` over dt_s.

    A model's probability before it was weighed is a = s mu + (1 - s) share, s = exp(-rate t), and
    after it in proportion to a times its likelihood. That the states mixed hang on the rate too is
    left out.
    """
    stay, slope = math.exp(-switch_rate * dt_s), 0.0
    for j in range(mu.shape[0]):
        share = b[SHARE + j]
        slope += (share - mu[j]) * b[MU + j] / (stay * mu[j] + (1 - stay) * share + TINY)
    return switch_rate * dt_s * stay * slope


@inlined
def _least(b: F64, at: int) -> float:
    left = min(b[at], b[at + 1], b[at + 2], b[at + 3])
    right = min(b[at + 4], b[at + 5], b[at + 6], b[at + 7])
    return float(min(left, right))


@inlined
def combine(b: F64, mean: F64, spread: F64) -> None:
    """Mean (4,) and covariance (10,) of the mixture of all models."""
    for j in range(LANES):
        mu = b[MU + j]
        b[PART + j], b[PART + LANES + j] = mu * b[X0 + j], mu * b[X1 + j]
        b[PART + 2 * LANES + j], b[PART + 3 * LANES + j] = mu * b[X2 + j], mu * b[X3 + j]
    for k in range(4):
        mean[k] = _sum(b, PART + k * LANES)
    m0, m1, m2, m3 = mean[0], mean[1], mean[2], mean[3]
    for j in range(LANES):
        mu = b[MU + j]
        d0, d1, d2, d3 = b[X0 + j] - m0, b[X1 + j] - m1, b[X2 + j] - m2, b[X3 + j] - m3
        b[PART + j] = mu * (b[P0 + j] + d0 * d0)
        b[PART + LANES + j] = mu * (b[P1 + j] + d0 * d1)
        b[PART + 2 * LANES + j] = mu * (b[P2 + j] + d0 * d2)
        b[PART + 3 * LANES + j] = mu * (b[P3 + j] + d0 * d3)
        b[PART + 4 * LANES + j] = mu * (b[P4 + j] + d1 * d1)
        b[PART + 5 * LANES + j] = mu * (b[P5 + j] + d1 * d2)
        b[PART + 6 * LANES + j] = mu * (b[P6 + j] + d1 * d3)
        b[PART + 7 * LANES + j] = mu * (b[P7 + j] + d2 * d2)
        b[PART + 8 * LANES + j] = mu * (b[P8 + j] + d2 * d3)
        b[PART + 9 * LANES + j] = mu * (b[P9 + j] + d3 * d3)
    for k in range(10):
        spread[k] = _sum(b, PART + k * LANES)


@inlined
def _sum(b: F64, at: int) -> float:
    return float(((b[at] + b[at + 1]) + (b[at + 2] + b[at + 3]))
                 + ((b[at + 4] + b[at + 5]) + (b[at + 6] + b[at + 7])))


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
             share: F64, switch_rate: float) -> float:
    """One whole step of an IMM, in place: mix, predict by dt_s, update with z (2,), r (3,).

    x (m, 4), p (m, 10), mu (m,). Returns the log likelihood of the measurement.
    """
    block, mean, spread = np.empty(BLOCK), np.empty(4), np.empty(10)
    load(block, x, p, mu, turn_rad_s, noise, share)
    combine(block, mean, spread)
    mix(block, mean, spread, dt_s, switch_rate)
    predict(block, dt_s, np.abs(turn_rad_s).max())
    update_position(block, z[0], z[1], r[0], r[1], r[2], 0.0)
    log_likelihood = weigh(block)
    store(block, x, p, mu)
    return log_likelihood

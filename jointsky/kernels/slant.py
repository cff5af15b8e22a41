"""Height from geometry: a Kalman filter of position, velocity and height, fed by slant ranges.

The same slant range lies nearer to its radar the higher the aircraft is. One radar cannot tell;
two that see it from different sides put it in one place only at the right height. The state is x
(5,): east, north m, velocity east, north m/s, height m; p (5, 5) its covariance. A plot placed at
the state's own height lies at z; were the aircraft d higher, it would lie at z + g d. So z measures
position - g (height - own height).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from jointsky.kernels.jit import inlined

F64 = npt.NDArray[np.float64]


@inlined
def start_slant(x: F64, p: F64, z0: float, z1: float, r00: float, r01: float, r11: float,
                g0: float, g1: float, height_m: float, variance: float,
                speed_variance: float) -> None:
    """Begin with one plot at a height of which that much is known."""
    x[0], x[1], x[2], x[3], x[4] = z0, z1, 0.0, 0.0, height_m
    for i in range(5):
        for j in range(5):
            p[i, j] = 0.0
    p[0, 0], p[1, 1] = r00 + g0 * g0 * variance, r11 + g1 * g1 * variance
    p[0, 1] = p[1, 0] = r01 + g0 * g1 * variance
    p[2, 2] = p[3, 3] = speed_variance
    p[4, 4] = variance
    p[0, 4] = p[4, 0] = g0 * variance
    p[1, 4] = p[4, 1] = g1 * variance


@inlined
def predict_slant(x: F64, p: F64, dt_s: float, noise: float, wander: float) -> None:
    """Ahead by dt_s >= 0. noise: acceleration spectral density, m2/s3; wander of height, m2/s."""
    x[0] += dt_s * x[2]
    x[1] += dt_s * x[3]
    for j in range(5):
        p[0, j] += dt_s * p[2, j]
        p[1, j] += dt_s * p[3, j]
    for j in range(5):
        p[j, 0] += dt_s * p[j, 2]
        p[j, 1] += dt_s * p[j, 3]
    for k in range(2):
        p[k, k] += noise * dt_s * dt_s * dt_s / 3
        p[k, k + 2] += noise * dt_s * dt_s / 2
        p[k + 2, k] += noise * dt_s * dt_s / 2
        p[k + 2, k + 2] += noise * dt_s
    p[4, 4] += wander * dt_s


@inlined
def update_slant(x: F64, p: F64, z0: float, z1: float, r00: float, r01: float, r11: float,
                 g0: float, g1: float, gate: float) -> None:
    """A plot placed at the state's height; one further off than gate (squared sigmas) is left."""
    s00 = p[0, 0] - 2 * g0 * p[0, 4] + g0 * g0 * p[4, 4] + r00
    s01 = p[0, 1] - g1 * p[0, 4] - g0 * p[1, 4] + g0 * g1 * p[4, 4] + r01
    s11 = p[1, 1] - 2 * g1 * p[1, 4] + g1 * g1 * p[4, 4] + r11
    inverse = 1 / (s00 * s11 - s01 * s01)
    y0, y1 = z0 - x[0], z1 - x[1]
    w0, w1 = (s11 * y0 - s01 * y1) * inverse, (s00 * y1 - s01 * y0) * inverse
    if y0 * w0 + y1 * w1 > gate:
        return
    # Columns of p h', which the covariance must keep whole until all rows are done.
    a0, b0 = p[0, 0] - g0 * p[0, 4], p[0, 1] - g1 * p[0, 4]
    a1, b1 = p[1, 0] - g0 * p[1, 4], p[1, 1] - g1 * p[1, 4]
    a2, b2 = p[2, 0] - g0 * p[2, 4], p[2, 1] - g1 * p[2, 4]
    a3, b3 = p[3, 0] - g0 * p[3, 4], p[3, 1] - g1 * p[3, 4]
    a4, b4 = p[4, 0] - g0 * p[4, 4], p[4, 1] - g1 * p[4, 4]
    a, b = (a0, a1, a2, a3, a4), (b0, b1, b2, b3, b4)
    for i in range(5):
        x[i] += a[i] * w0 + b[i] * w1
        k0 = (a[i] * s11 - b[i] * s01) * inverse
        k1 = (b[i] * s00 - a[i] * s01) * inverse
        for j in range(5):
            p[i, j] -= k0 * a[j] + k1 * b[j]


@inlined
def turn_slant(x: F64, p: F64, east: float, north: float, c: float, s: float) -> None:
    """The state on a plane that is moved by east, north and turned: new = [[c, s], [-s, c]] old."""
    x[0], x[1] = c * (x[0] - east) + s * (x[1] - north), c * (x[1] - north) - s * (x[0] - east)
    x[2], x[3] = c * x[2] + s * x[3], c * x[3] - s * x[2]
    for k in (0, 2):
        for j in range(5):
            p[k, j], p[k + 1, j] = c * p[k, j] + s * p[k + 1, j], c * p[k + 1, j] - s * p[k, j]
    for k in (0, 2):
        for j in range(5):
            p[j, k], p[j, k + 1] = c * p[j, k] + s * p[j, k + 1], c * p[j, k + 1] - s * p[j, k]

"""Gate: which tracks cannot have made a plot, told from the little that stands first in a track.

A bound and no more: it lets through every pair that `associate.score_of` would take, and keeps
most others from being looked at closely. Distances here are horizontal, for the height at which a
plot is drawn may be a guess, and between any two points that a sensor's errors and the track's
allow: the largest standard deviations of both in any direction, times the gate.
"""

from __future__ import annotations

import math

from jointsky.kernels.jit import inlined
from jointsky.track.arrays import NEVER, POLAR, Plot, SensorRow, Settings, Track
from jointsky.track.measure import EVEN, height_at

# Above this sine of elevation a height shifts a plot so far that nothing is ruled out.
SINE_MAX = 0.6
TANGENT_PER_SINE = 1.25  # at SINE_MAX; less below
EARTH_LEAST_M = 6_335_000.0
# Planes that touch the earth elsewhere, verticals that are not quite those of the ellipsoid.
SLACK_M = 150.0


@inlined
def renew(t: Track, now_ns: int, settings: Settings) -> None:
    """Say how far from its point, which is of now_ns, track t can take plots until it is renewed:
    at the sweep after next at the latest."""
    own, common = settings[t.area], settings[0]
    ahead_s = (common.sweep_ns + common.bucket_ns) * 1e-9
    dt_s = ahead_s + abs(now_ns - t.time_ns) * 1e-9
    p, mean = t.spread, t.mean
    sigma = math.sqrt(_largest(p[0], p[1], p[4])) + dt_s * math.sqrt(_largest(p[7], p[8], p[9]))
    sigma += math.sqrt(own.noise_max * dt_s * dt_s * dt_s / 3)
    reach = (math.sqrt(own.gate) * sigma
             + ahead_s * math.sqrt(mean[2] * mean[2] + mean[3] * mean[3]))
    t.level_m = math.nan
    if t.height_ns != NEVER:
        t.level_m, _ = height_at(t, now_ns, own)
        reach += TANGENT_PER_SINE * SINE_MAX * ahead_s * abs(t.height[1])
    t.reach_m = reach + SLACK_M


@inlined
def _largest(a: float, b: float, c: float) -> float:
    """The larger eigenvalue of [[a, b], [b, c]]."""
    half = 0.5 * (a - c)
    return 0.5 * (a + c) + math.sqrt(half * half + b * b)


@inlined
def sine_of(plot: Plot, sensor: SensorRow) -> float:
    """Sine of the elevation at which a plot is drawn; 0 of one that is placed."""
    if plot.form != POLAR:
        return 0.0
    point, antenna, axes = plot.point, sensor.origin, sensor.axes
    return float((axes[6] * (point[0] - antenna[0]) + axes[7] * (point[1] - antenna[1])
                  + axes[8] * (point[2] - antenna[2])) / plot.range_m)


@inlined
def is_out(t: Track, plot: Plot, sensor: SensorRow, sine: float, flat2: float,
           settings: Settings) -> bool:
    """Whether a plot cannot be of track t. sine: see `sine_of`; flat2: squared horizontal distance
    of the two, m2; settings: those of the track."""
    mean = t.mean
    moved = abs(sensor.time_bias_s) * math.sqrt(mean[2] * mean[2] + mean[3] * mean[3])
    if plot.form != POLAR:
        bound = t.reach_m + moved + math.sqrt(settings.gate) * plot.sigma_m
        return bool(flat2 > bound * bound)
    range_m, steepest = plot.range_m, abs(sine)
    higher = 0.0
    if not math.isnan(t.level_m):
        drawn = plot.assumed[0] if math.isnan(plot.height_m) else plot.height_m
        higher = abs(t.level_m - drawn)
    elif math.isnan(plot.height_m):
        # The track may know a height from slant ranges, within what is assumed.
        higher = EVEN * plot.assumed[1]
    steepest += 1.01 * higher / range_m
    shift = TANGENT_PER_SINE * steepest * higher
    if steepest > SINE_MAX:
        return False
    up = steepest + range_m / EARTH_LEAST_M
    sigma_r, sigma_a = sensor.sigma_range_m, sensor.sigma_azimuth_rad
    unsure = max(plot.assumed[1] * plot.assumed[1], settings.height_variance)
    left_r, left_a = sensor.sigma_bias_range_m, sensor.sigma_bias_azimuth_rad
    radial = (sigma_r * sigma_r + left_r * left_r + up * up * unsure) / (1 - up * up)
    across = range_m * range_m * (sigma_a * sigma_a + left_a * left_a)
    bound = t.reach_m + shift + moved + math.sqrt(settings.gate * max(radial, across))
    return bool(flat2 > bound * bound)

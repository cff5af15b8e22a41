"""A plot as a track sees it: on the track's own plane, at the track's height, with covariance.

Slant range becomes ground range only once a height is known, so the same plot lies elsewhere for
each track that might own it. The height is the track's; else the plot's Mode C; else what several
slant ranges say of it (`kernels.slant`); else anything between the horizon and the ceiling, with
the error that this makes along the range. Pressure
altitude stands for height above the ellipsoid, which is right to some hundred metres; the range
error of that is below the noise except near the cone of silence, where its covariance grows.
"""

from __future__ import annotations

import math

from jointsky.kernels.geodesy import fill_axes, geodetic_of, sin_elevation, slant_to_ecef
from jointsky.kernels.jit import inlined
from jointsky.kernels.slant import turn_slant
from jointsky.model.batch import F64
from jointsky.track.arrays import NEVER, POLAR, Plot, SensorRow, Settings, Track

# Straight overhead a slant range says nothing of the ground range; keep its covariance finite.
COS2_MIN = 0.03
# A track's plane is laid anew when the aircraft is this far from where it touches the earth.
PLANE_REACH_M = 5_000.0
CLIMB_S_MAX = 20.0
# How the height of an aircraft that does not tell it may change, m2/s: 200 m in a minute, or more.
WANDER = 500.0
# An even spread reaches so many of its sigmas to either side.
EVEN = math.sqrt(3.0)


@inlined
def height_at(t: Track, time_ns: int, settings: Settings) -> tuple[float, float]:
    """Height of track t, which has one, and its variance; no climb is trusted for CLIMB_S_MAX."""
    dt_s = (time_ns - t.height_ns) * 1e-9
    age_s, p = abs(dt_s), t.height_p
    return (t.height[0] + min(dt_s, CLIMB_S_MAX) * t.height[1],
            p[0] + age_s * (2 * abs(p[1]) + age_s * p[2])
            + settings.height_noise * age_s * age_s * age_s / 3)


@inlined
def height_for(t: Track, plot: Plot, settings: Settings) -> tuple[float, float]:
    """Height and its variance to use for a plot as one of track t."""
    height, variance = plot.assumed[0], plot.assumed[1] * plot.assumed[1]
    if not math.isnan(plot.height_m):
        height, variance = plot.height_m, settings.height_variance
    if t.height_ns != NEVER:
        own, own_variance = height_at(t, plot.time_ns, settings)
        # Garbled Mode C is kept out by the track's height, until that is stale.
        if own_variance < plot.assumed[1] * plot.assumed[1]:
            return own, own_variance
    elif t.guess_ns != NEVER and math.isnan(plot.height_m):
        own_variance = t.guess_p[4, 4] + WANDER * abs(plot.time_ns - t.guess_ns) * 1e-9
        if own_variance < variance:
            # Not below the radio horizon, nor above the ceiling, of this plot.
            reach = EVEN * plot.assumed[1]
            return min(max(t.guess[4], height - reach), height + reach), own_variance
    return height, variance


@inlined
def measure(t: Track, plot: Plot, sensor: SensorRow,
            settings: Settings) -> tuple[float, float, float, float, float]:
    """East, north m of a plot on the plane of track t, and its covariance (ee, en, nn) m2."""
    height, variance = height_for(t, plot, settings)
    origin, axes = t.origin, t.axes
    # A clock that is ahead by its time bias: the aircraft has moved on since the true time.
    since_e, since_n = t.mean[2] * sensor.time_bias_s, t.mean[3] * sensor.time_bias_s
    if plot.form != POLAR:
        point = plot.point
        # Lift the point to the track's height along its own vertical.
        lift = 0.0 if math.isnan(plot.height_m) else height - plot.height_m
        dx = point[0] + lift * axes[6] - origin[0]
        dy = point[1] + lift * axes[7] - origin[1]
        dz = point[2] + lift * axes[8] - origin[2]
        own = plot.sigma_m * plot.sigma_m
        return (axes[0] * dx + axes[1] * dy + axes[2] * dz + since_e,
                axes[3] * dx + axes[4] * dy + axes[5] * dz + since_n, own, 0.0, own)
    z0, z1, r00, r01, r11, _, _ = seen_at(t, plot, sensor, height, variance)
    return z0 + since_e, z1 + since_n, r00, r01, r11


@inlined
def seen_at(t: Track, plot: Plot, sensor: SensorRow, height: float, variance: float
            ) -> tuple[float, float, float, float, float, float, float]:
    """East, north m of a polar plot at a height on the plane of track t, its covariance, and by
    how much it moves east and north for each metre of height."""
    origin, axes = t.origin, t.axes
    range_m = plot.range_m
    sin_el = sin_elevation(range_m, height, sensor.height_m, plot.radius_m)
    x, y, z = slant_to_ecef(range_m, plot.sin_az, plot.cos_az, sin_el, sensor.origin,
                            sensor.axes)
    antenna = sensor.origin
    lx, ly, lz = x - antenna[0], y - antenna[1], z - antenna[2]
    along_e = axes[0] * lx + axes[1] * ly + axes[2] * lz
    along_n = axes[3] * lx + axes[4] * ly + axes[5] * lz
    sin_up = (axes[6] * lx + axes[7] * ly + axes[8] * lz) / range_m
    flat = max(math.sqrt(along_e * along_e + along_n * along_n), 1.0)
    along_e, along_n = along_e / flat, along_n / flat
    sigma_r, sigma_a = sensor.sigma_range_m, sensor.sigma_azimuth_rad
    left_r, left_a = sensor.sigma_bias_range_m, sensor.sigma_bias_azimuth_rad
    radial = (sigma_r * sigma_r + left_r * left_r
              + sin_up * sin_up * variance) / max(1 - sin_up * sin_up, COS2_MIN)
    across = flat * flat * (sigma_a * sigma_a + left_a * left_a)
    dx, dy, dz = x - origin[0], y - origin[1], z - origin[2]
    slope = -sin_up / math.sqrt(max(1 - sin_up * sin_up, COS2_MIN))
    return (axes[0] * dx + axes[1] * dy + axes[2] * dz,
            axes[3] * dx + axes[4] * dy + axes[5] * dz,
            radial * along_e * along_e + across * along_n * along_n,
            (radial - across) * along_e * along_n,
            radial * along_n * along_n + across * along_e * along_e,
            slope * along_e, slope * along_n)


@inlined
def lay_plane(t: Track, latitude_rad: float, longitude_rad: float, height_m: float, x: float,
              y: float, z: float) -> None:
    """Lay the plane of track t at a geodetic point whose ECEF is x, y, z."""
    plane, origin = t.plane, t.origin
    plane[0], plane[1], plane[2] = latitude_rad, longitude_rad, height_m
    origin[0], origin[1], origin[2] = x, y, z
    fill_axes(latitude_rad, longitude_rad, t.axes)


@inlined
def point_at(t: Track, east: float, north: float) -> tuple[float, float, float]:
    """ECEF of a point of the plane of track t, let down to the height the plane touches."""
    origin, axes = t.origin, t.axes
    down = -(east * east + north * north) / 12_756_000.0
    return (origin[0] + east * axes[0] + north * axes[3] + down * axes[6],
            origin[1] + east * axes[1] + north * axes[4] + down * axes[7],
            origin[2] + east * axes[2] + north * axes[5] + down * axes[8])


@inlined
def follow(t: Track) -> None:
    """Keep the ECEF point of track t, and lay its plane anew when it has come too far."""
    mean, point = t.mean, t.point
    point[0], point[1], point[2] = point_at(t, mean[0], mean[1])
    if max(abs(mean[0]), abs(mean[1])) < PLANE_REACH_M:
        return
    old = t.axes
    e0, e1, e2, n0, n1, n2 = old[0], old[1], old[2], old[3], old[4], old[5]
    x, y, z = point[0], point[1], point[2]
    latitude, longitude, height = geodetic_of(x, y, z)
    east, north = mean[0], mean[1]
    lay_plane(t, latitude, longitude, height, x, y, z)
    new = t.axes
    # The old axes seen on the new plane: meridians converge.
    ee = new[0] * e0 + new[1] * e1 + new[2] * e2
    en = new[0] * n0 + new[1] * n1 + new[2] * n2
    norm = math.sqrt(ee * ee + en * en)
    ee, en = ee / norm, en / norm
    for m in range(t.mu.shape[0]):
        turn_state(t.x[m], t.p[m], east, north, ee, en)
    turn_state(mean, t.spread, east, north, ee, en)
    turn_slant(t.guess, t.guess_p, east, north, ee, en)


@inlined
def turn_state(x: F64, p: F64, east: float, north: float, c: float, s: float) -> None:
    """A state on a plane that is moved by east, north and turned: new = [[c, s], [-s, c]] old."""
    de, dn = x[0] - east, x[1] - north
    x[0], x[1] = c * de + s * dn, c * dn - s * de
    x[2], x[3] = c * x[2] + s * x[3], c * x[3] - s * x[2]
    cc, cs, ss = c * c, c * s, s * s
    p[0], p[1], p[4] = (cc * p[0] + 2 * cs * p[1] + ss * p[4],
                        (cc - ss) * p[1] + cs * (p[4] - p[0]),
                        cc * p[4] - 2 * cs * p[1] + ss * p[0])
    p[7], p[8], p[9] = (cc * p[7] + 2 * cs * p[8] + ss * p[9],
                        (cc - ss) * p[8] + cs * (p[9] - p[7]),
                        cc * p[9] - 2 * cs * p[8] + ss * p[7])
    p[2], p[3], p[5], p[6] = (cc * p[2] + cs * (p[3] + p[5]) + ss * p[6],
                              cc * p[3] + cs * (p[6] - p[2]) - ss * p[5],
                              cc * p[5] + cs * (p[6] - p[2]) - ss * p[3],
                              cc * p[6] - cs * (p[3] + p[5]) + ss * p[2])

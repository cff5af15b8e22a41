"""WGS-84: geodetic to earth-centred (ECEF) and back, local east-north-up, slant range to a point.

Scalar helpers for other kernels, and kernels over arrays. Lengths in metres, angles in radians,
height above the ellipsoid. Sources: NIMA TR8350.2 (constants), H. Vermeille, "An analytical method
to transform geocentric into geodetic coordinates", J. Geodesy 85 (2011), EUROCONTROL
SUR.ET1.ST01.1000-STD-01-01 (slant-range correction).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from jointsky.kernels.jit import inlined, kernel

F64 = npt.NDArray[np.float64]

A_M = 6_378_137.0
F = 1 / 298.257223563
E2 = F * (2 - F)
B_M = A_M * (1 - F)
# Where a radio ray bends as if straight over an earth of this many radii.
REFRACTION = 4.0 / 3.0


@inlined
def ecef_of(latitude_rad: float, longitude_rad: float,
            height_m: float) -> tuple[float, float, float]:
    """ECEF of a geodetic point."""
    sin_lat, cos_lat = math.sin(latitude_rad), math.cos(latitude_rad)
    n = A_M / math.sqrt(1 - E2 * sin_lat * sin_lat)
    reach = (n + height_m) * cos_lat
    return (reach * math.cos(longitude_rad), reach * math.sin(longitude_rad),
            (n * (1 - E2) + height_m) * sin_lat)


@inlined
def geodetic_of(x: float, y: float, z: float) -> tuple[float, float, float]:
    """Latitude, longitude, height of an ECEF point within some 50 km of the ellipsoid.

    Bowring's formula from the parametric latitude, twice: exact to a micrometre there.
    """
    reach = math.sqrt(x * x + y * y)
    sin_u, cos_u = z * A_M, reach * B_M
    sin_lat, cos_lat = 0.0, 1.0
    for _ in range(2):
        norm = math.sqrt(sin_u * sin_u + cos_u * cos_u)
        sin_u, cos_u = sin_u / norm, cos_u / norm
        sin_lat = z + E2 / (1 - E2) * B_M * sin_u * sin_u * sin_u
        cos_lat = reach - E2 * A_M * cos_u * cos_u * cos_u
        sin_u, cos_u = sin_lat * B_M, cos_lat * A_M
    norm = math.sqrt(sin_lat * sin_lat + cos_lat * cos_lat)
    sin_lat, cos_lat = sin_lat / norm, cos_lat / norm
    n = A_M / math.sqrt(1 - E2 * sin_lat * sin_lat)
    height = reach * cos_lat + z * sin_lat - A_M * A_M / n
    return math.atan2(sin_lat, cos_lat), math.atan2(y, x), height


@inlined
def fill_axes(latitude_rad: float, longitude_rad: float, axes: F64) -> None:
    """East, north, up at a point as ECEF unit vectors: axes (9,), three after three."""
    sin_lat, cos_lat = math.sin(latitude_rad), math.cos(latitude_rad)
    sin_lon, cos_lon = math.sin(longitude_rad), math.cos(longitude_rad)
    axes[0], axes[1], axes[2] = -sin_lon, cos_lon, 0.0
    axes[3], axes[4], axes[5] = -sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat
    axes[6], axes[7], axes[8] = cos_lat * cos_lon, cos_lat * sin_lon, sin_lat


@inlined
def radius_towards(latitude_rad: float, azimuth_rad: float) -> float:
    """Radius of curvature of the ellipsoid in the direction of an azimuth (Euler), m."""
    sin_lat = math.sin(latitude_rad)
    w2 = 1 - E2 * sin_lat * sin_lat
    n = A_M / math.sqrt(w2)
    m = n * (1 - E2) / w2
    cos_az = math.cos(azimuth_rad)
    return 1 / (cos_az * cos_az / m + (1 - cos_az * cos_az) / n)


@inlined
def sin_elevation(range_m: float, height_m: float, antenna_m: float, radius_m: float) -> float:
    """Sine of the elevation at the antenna of a point at a height, by the law of cosines.

    A slant range shorter than the height difference gives straight up (or down).
    """
    inner, outer = radius_m + antenna_m, radius_m + height_m
    sine = ((outer - inner) * (outer + inner) - range_m * range_m) / (2 * range_m * inner)
    return min(1.0, max(-1.0, sine))


@inlined
def slant_to_ecef(range_m: float, sin_az: float, cos_az: float, sin_el: float, origin: F64,
                  axes: F64) -> tuple[float, float, float]:
    """ECEF of a point at slant range, azimuth and elevation from a sensor.

    origin (3,) and axes (9,): the antenna and its east, north, up in ECEF.
    """
    flat = range_m * math.sqrt(1 - sin_el * sin_el)
    e, n, u = flat * sin_az, flat * cos_az, range_m * sin_el
    return (origin[0] + e * axes[0] + n * axes[3] + u * axes[6],
            origin[1] + e * axes[1] + n * axes[4] + u * axes[7],
            origin[2] + e * axes[2] + n * axes[5] + u * axes[8])


@inlined
def horizon_height(range_m: float, antenna_m: float, radius_m: float) -> float:
    """Height of the radio horizon (4/3 earth) at a distance from an antenna: below it, unseen."""
    bent = REFRACTION * radius_m
    beyond = max(0.0, range_m - math.sqrt(2 * bent * max(antenna_m, 0.0)))
    return beyond * beyond / (2 * bent)


@kernel
def geodetic_to_ecef(latitude_rad: F64, longitude_rad: F64, height_m: F64) -> F64:
    """ECEF (n, 3) of geodetic points (n,)."""
    out = np.empty((latitude_rad.shape[0], 3))
    for i in range(latitude_rad.shape[0]):
        out[i, 0], out[i, 1], out[i, 2] = ecef_of(latitude_rad[i], longitude_rad[i], height_m[i])
    return out


@kernel
def ecef_to_geodetic(points: F64) -> F64:
    """Latitude, longitude, height (n, 3) of ECEF points (n, 3)."""
    out = np.empty((points.shape[0], 3))
    for i in range(points.shape[0]):
        out[i, 0], out[i, 1], out[i, 2] = geodetic_of(points[i, 0], points[i, 1], points[i, 2])
    return out


@kernel
def slant_to_geodetic(range_m: F64, azimuth_rad: F64, height_m: F64, latitude_rad: float,
                      longitude_rad: float, antenna_m: float) -> F64:
    """Latitude, longitude, height (n, 3) of plots (n,) of one radar, at given heights.

    The elevation comes from a sphere that touches the ellipsoid in the direction of the azimuth;
    the rest is exact. Horizontally right to 0.5 m within 470 km.
    """
    origin, axes = np.empty(3), np.empty(9)
    origin[0], origin[1], origin[2] = ecef_of(latitude_rad, longitude_rad, antenna_m)
    fill_axes(latitude_rad, longitude_rad, axes)
    out = np.empty((range_m.shape[0], 3))
    for i in range(range_m.shape[0]):
        radius = radius_towards(latitude_rad, azimuth_rad[i])
        sin_el = sin_elevation(range_m[i], height_m[i], antenna_m, radius)
        x, y, z = slant_to_ecef(range_m[i], math.sin(azimuth_rad[i]), math.cos(azimuth_rad[i]),
                                sin_el, origin, axes)
        out[i, 0], out[i, 1], out[i, 2] = geodetic_of(x, y, z)
    return out

"""The earth that simulated aircraft fly over and simulated sensors look from: WGS-84.

Written apart from the tracker's geodesy on purpose: a fault shared by both would hide itself.
"""

from __future__ import annotations

import math

import numpy as np

from jointsky.model.batch import F64, Bool

A_M = 6_378_137.0
F = 1 / 298.257223563
E2 = F * (2 - F)
RADIUS_M = 6_371_000.0
# Radio waves bend: the usual 4/3 of the earth's radius (ITU-R P.310).
RADIO_RADIUS_M = RADIUS_M * 4 / 3


def ecef_of(latitude_rad: F64, longitude_rad: F64, height_m: F64) -> F64:
    """Earth-centred earth-fixed coordinates, (3, n) m, of points over the ellipsoid."""
    sin_lat, cos_lat = np.sin(latitude_rad), np.cos(latitude_rad)
    n = A_M / np.sqrt(1 - E2 * sin_lat**2)
    return np.stack([(n + height_m) * cos_lat * np.cos(longitude_rad),
                     (n + height_m) * cos_lat * np.sin(longitude_rad),
                     (n * (1 - E2) + height_m) * sin_lat])


def look(latitude_rad: float, longitude_rad: float, height_m: float,
         points: F64) -> tuple[F64, F64]:
    """Slant range (n,) m and azimuth (n,) rad from true north, [0, 2 pi), from a place to ECEF
    points (3, n)."""
    here = ecef_of(np.array([latitude_rad]), np.array([longitude_rad]), np.array([height_m]))
    x, y, z = points - here
    sin_lat, cos_lat = math.sin(latitude_rad), math.cos(latitude_rad)
    sin_lon, cos_lon = math.sin(longitude_rad), math.cos(longitude_rad)
    east = -sin_lon * x + cos_lon * y
    north = -sin_lat * (cos_lon * x + sin_lon * y) + cos_lat * z
    return np.sqrt(x * x + y * y + z * z), np.arctan2(east, north) % (2 * np.pi)


def above_horizon(range_m: F64, antenna_m: float, height_m: F64) -> Bool:
    """Whether points at these ranges and heights stand over the radio horizon of an antenna."""
    sight = (math.sqrt(2 * RADIO_RADIUS_M * max(antenna_m, 0.0))
             + np.sqrt(2 * RADIO_RADIUS_M * np.maximum(height_m, 0.0)))
    over: Bool = range_m <= sight
    return over


def bearing_and_distance(latitude_rad: F64, longitude_rad: F64, to_latitude_rad: F64,
                         to_longitude_rad: F64) -> tuple[F64, F64]:
    """Initial great-circle bearing rad and distance m on the sphere: enough to steer by."""
    d_lon = to_longitude_rad - longitude_rad
    sin_1, cos_1 = np.sin(latitude_rad), np.cos(latitude_rad)
    sin_2, cos_2 = np.sin(to_latitude_rad), np.cos(to_latitude_rad)
    y = np.sin(d_lon) * cos_2
    x = cos_1 * sin_2 - sin_1 * cos_2 * np.cos(d_lon)
    cos_arc = sin_1 * sin_2 + cos_1 * cos_2 * np.cos(d_lon)
    return np.arctan2(y, x), RADIUS_M * np.arctan2(np.hypot(x, y), cos_arc)


def between(latitude_rad: F64, longitude_rad: F64, bearing_rad: F64,
            distance_m: F64) -> tuple[F64, F64]:
    """Where one comes to on the sphere from a place, along a bearing, after a distance."""
    arc = distance_m / RADIUS_M
    sin_lat = (np.sin(latitude_rad) * np.cos(arc)
               + np.cos(latitude_rad) * np.sin(arc) * np.cos(bearing_rad))
    y = np.sin(bearing_rad) * np.sin(arc) * np.cos(latitude_rad)
    x = np.cos(arc) - np.sin(latitude_rad) * sin_lat
    return np.arcsin(np.clip(sin_lat, -1, 1)), longitude_rad + np.arctan2(y, x)


def travel(latitude_rad: F64, longitude_rad: F64, height_m: F64, east_m: F64,
           north_m: F64) -> tuple[F64, F64]:
    """Where a short way east and north leads on the ellipsoid, by its radii of curvature."""
    w2 = 1 - E2 * np.sin(latitude_rad)**2
    prime = A_M / np.sqrt(w2)
    meridian = prime * (1 - E2) / w2
    latitude = latitude_rad + north_m / (meridian + height_m)
    cos_lat = np.maximum(np.cos(0.5 * (latitude + latitude_rad)), 1e-3)
    longitude = longitude_rad + east_m / ((prime + height_m) * cos_lat)
    return latitude, (longitude + np.pi) % (2 * np.pi) - np.pi

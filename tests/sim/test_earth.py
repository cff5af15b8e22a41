"""The simulator's earth against pyproj and closed forms."""

from __future__ import annotations

import numpy as np
from pyproj import Geod, Transformer

from jointsky.sim.earth import (
    above_horizon,
    bearing_and_distance,
    between,
    ecef_of,
    look,
    travel,
)

GEOD = Geod(ellps="WGS84")
RNG = np.random.default_rng(3)
LAT = np.radians(RNG.uniform(-80, 80, 200))
LON = np.radians(RNG.uniform(-180, 180, 200))
HEIGHT = RNG.uniform(-100, 15_000, 200)


def test_ecef_is_that_of_pyproj() -> None:
    to_ecef = Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
    expected = to_ecef.transform(np.degrees(LON), np.degrees(LAT), HEIGHT)
    assert np.allclose(ecef_of(LAT, LON, HEIGHT), expected, atol=1e-6)


def test_azimuth_and_range_of_a_low_point_are_those_of_the_geodesic() -> None:
    azimuth_deg, distance_m = 57.0, 40_000.0
    lon, lat, _ = GEOD.fwd(74.846, 42.853, azimuth_deg, distance_m)
    point = ecef_of(np.radians([lat]), np.radians([lon]), np.array([0.0]))
    range_m, azimuth = look(np.radians(42.853), np.radians(74.846), 0.0, point)
    assert abs(np.degrees(azimuth[0]) - azimuth_deg) < 1e-3
    assert abs(range_m[0] - distance_m) < 0.1  # the chord of 40 km is 7 cm shorter than its arc


def test_straight_up_is_no_range_but_height() -> None:
    point = ecef_of(np.array([0.7]), np.array([1.2]), np.array([9_000.0]))
    range_m, _ = look(0.7, 1.2, 600.0, point)
    assert abs(range_m[0] - 8_400.0) < 1e-6


def test_travel_goes_as_far_and_in_the_direction_it_was_told() -> None:
    bearing = RNG.uniform(-np.pi, np.pi, 200)
    way = 75.0
    to_lat, to_lon = travel(LAT, LON, np.zeros(200), way * np.sin(bearing), way * np.cos(bearing))
    azimuth, _, distance = GEOD.inv(np.degrees(LON), np.degrees(LAT), np.degrees(to_lon),
                                    np.degrees(to_lat))
    off = (np.radians(azimuth) - bearing + np.pi) % (2 * np.pi) - np.pi
    assert np.abs(distance - way).max() < 1e-3
    assert np.abs(off).max() < 1e-4


def test_there_and_back_on_the_sphere() -> None:
    bearing, distance = RNG.uniform(-np.pi, np.pi, 200), RNG.uniform(1_000, 900_000, 200)
    to_lat, to_lon = between(LAT, LON, bearing, distance)
    again, length = bearing_and_distance(LAT, LON, to_lat, to_lon)
    assert np.allclose(length, distance, rtol=1e-9)
    assert np.abs((again - bearing + np.pi) % (2 * np.pi) - np.pi).max() < 1e-6


def test_the_radio_horizon_is_the_usual_four_point_one_two_rule() -> None:
    # d[km] = 4.12 (sqrt(h1[m]) + sqrt(h2[m])), the textbook form of the 4/3 earth.
    expected_m = 4_120 * (np.sqrt(640) + np.sqrt(3_000))
    heights = np.full(2, 3_000.0)
    seen = above_horizon(np.array([0.995, 1.005]) * expected_m, 640.0, heights)
    assert seen.tolist() == [True, False]

"""Geodesy against PROJ (pyproj): the world over, the poles and the date line among it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pyproj import Geod, Transformer

from jointsky.kernels.geodesy import (
    A_M,
    B_M,
    E2,
    ecef_to_geodetic,
    geodetic_to_ecef,
    horizon_height,
    radius_towards,
    slant_to_geodetic,
)

TO_ECEF = Transformer.from_crs(4979, 4978, always_xy=True)
GEOD = Geod(ellps="WGS84")


def world(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Latitudes, longitudes, heights: random ones, and the corners of the map."""
    rng = np.random.default_rng(7)
    latitude = np.concatenate([rng.uniform(-1.57, 1.57, n), [-math.pi / 2, math.pi / 2, 0, 0, 0]])
    longitude = np.concatenate([rng.uniform(-math.pi, math.pi, n), [0, 0, math.pi, -math.pi, 0]])
    return latitude, longitude, np.concatenate([rng.uniform(-400, 40_000, n), [0, 9e3, 0, 0, 0]])


def test_geodetic_and_ecef_agree_with_proj() -> None:
    latitude, longitude, height = world(5000)
    expected = np.column_stack(TO_ECEF.transform(np.degrees(longitude), np.degrees(latitude),
                                                 height))
    found = geodetic_to_ecef(latitude, longitude, height)
    assert np.abs(found - expected).max() < 1e-6
    back = ecef_to_geodetic(expected)
    assert np.abs(back[:, 0] - latitude).max() * A_M < 1e-5
    assert np.abs(back[:, 2] - height).max() < 1e-5
    off = np.angle(np.exp(1j * (back[:, 1] - longitude)))
    assert np.abs(off * np.cos(latitude)).max() * A_M < 1e-5


@pytest.mark.parametrize(("place", "antenna_m"), [
    ((48.0, 9.0), 600.0), ((-33.0, 151.0), 30.0), ((69.0, 179.5), 100.0), ((0.0, -180.0), 10.0),
    ((88.5, 40.0), 50.0)])
def test_a_plot_lands_where_the_aircraft_is(place: tuple[float, float], antenna_m: float) -> None:
    """Exact slant range and azimuth of an aircraft give back its place to half a metre."""
    rng = np.random.default_rng(3)
    n, latitude0, longitude0 = 4000, math.radians(place[0]), math.radians(place[1])
    longitude, latitude, _ = GEOD.fwd(np.full(n, place[1]), np.full(n, place[0]),
                                      rng.uniform(0, 360, n), rng.uniform(2e3, 460e3, n))
    height = rng.uniform(0, 15_000, n)
    ray = (np.column_stack(TO_ECEF.transform(longitude, latitude, height))
           - np.array(TO_ECEF.transform(place[1], place[0], antenna_m)))
    sa, ca, so, co = (math.sin(latitude0), math.cos(latitude0), math.sin(longitude0),
                      math.cos(longitude0))
    local = ray @ np.array([[-so, co, 0], [-sa * co, -sa * so, ca], [ca * co, ca * so, sa]]).T
    range_m = np.linalg.norm(ray, axis=1)
    good = local[:, 2] < range_m * math.sin(math.radians(60))
    found = slant_to_geodetic(range_m, np.arctan2(local[:, 0], local[:, 1]), height, latitude0,
                              longitude0, antenna_m)
    _, _, off_m = GEOD.inv(longitude, latitude, np.degrees(found[:, 1]), np.degrees(found[:, 0]))
    assert good.sum() > 0.9 * n
    assert off_m[good].max() < 0.5
    flat_m = np.hypot(local[:, 0], local[:, 1])
    assert np.abs(flat_m - range_m).max() > 1000, "the correction is not for nothing"


def test_overhead_and_impossible_ranges_stay_finite() -> None:
    found = slant_to_geodetic(np.array([9_000.0, 100.0, 1e-3]), np.array([0.0, 1.0, 2.0]),
                              np.array([9_000.0, 9_000.0, -400.0]), 0.8, 0.2, 0.0)
    assert np.isfinite(found).all()
    assert np.abs(found[:2, 0] - 0.8).max() * A_M < 2


def test_radius_of_curvature_by_its_definition() -> None:
    """Meridian and prime vertical radii (Euler): against a chord of the geodesic."""
    for latitude in (-1.2, 0.0, 0.4, 1.0):
        w = math.sqrt(1 - E2 * math.sin(latitude) ** 2)
        assert radius_towards(latitude, 0.0) == pytest.approx(B_M ** 2 / A_M / w ** 3, rel=1e-12)
        assert radius_towards(latitude, math.pi / 2) == pytest.approx(A_M / w, rel=1e-12)


def test_radio_horizon_is_where_the_bent_earth_hides_an_aircraft() -> None:
    bent = 4 / 3 * A_M
    for range_m, antenna_m in ((250e3, 0.0), (250e3, 500.0), (40e3, 500.0)):
        height = horizon_height(range_m, antenna_m, A_M)
        sight = math.sqrt(2 * bent * antenna_m) + math.sqrt(2 * bent * height)
        assert height >= 0
        assert sight == pytest.approx(range_m, rel=1e-12) or (height == 0 and sight > range_m)

"""The verifier's geometry: against closed forms, the ellipsoid-free great circles of pyproj, and
what the judge of the differential test says of random shapes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pyproj import Geod

from jointsky.edge.egress_places import SPHERE_M, Polygon, distance_m, read_place, vectors
from tests.agreement.scenes import CENTRES, moved, random_shape
from tests.oracles.cedar_policies import are_inside

SPHERE = Geod(a=SPHERE_M, b=SPHERE_M)
MM = 0.001 / SPHERE_M


def around(rng: np.random.Generator, centre: tuple[float, float], n: int) -> np.ndarray:
    return np.array([moved(*centre, rng.uniform(0, 2 * math.pi), rng.uniform(0, 700e3))
                     for _ in range(n)])


def test_distances_are_those_of_pyproj() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.uniform(-1.5, 1.5, (2, 500)), rng.uniform(-3.1, 3.1, (2, 500))
    _, _, expected = SPHERE.inv(np.degrees(b[0]), np.degrees(a[0]), np.degrees(b[1]),
                                np.degrees(a[1]))
    assert np.allclose(distance_m(a[0], b[0], a[1], b[1]), expected, rtol=1e-9, atol=1e-6)


def test_inside_is_what_the_judge_calls_inside() -> None:
    rng, sides = np.random.default_rng(2), np.zeros(2, int)
    for turn in range(200):
        centre = tuple(map(math.radians, CENTRES[turn % len(CENTRES)]))
        shape = random_shape(rng, centre)
        if "box" in shape:
            continue
        places = around(rng, centre, 100)
        expected = are_inside(shape, places)
        place = read_place(shape)
        assert (place.contains(*places.T) == expected).all(), shape
        assert ((place.clearance_m(*places.T) > 0) == expected).all(), shape
        sides += [int((~expected).sum()), int(expected.sum())]
    assert sides.min() > 2000


@pytest.mark.parametrize(("west", "east"), [(10.0, 30.0), (170.0, -175.0), (-180.0, -170.0),
                                            (170.0, 180.0)])
def test_a_box_holds_its_edges(west: float, east: float) -> None:
    box = read_place({"box": {"south": 40.0, "north": 50.0, "west": west, "east": east}})
    middle = math.radians(45.0)
    for longitude, inwards in ((west, 1), (east, -1)):
        edge = math.radians(longitude)
        at = np.array([edge, edge + inwards * 1000 * MM, edge - inwards * 1000 * MM,
                       edge + 2 * math.pi, edge - 2 * math.pi])
        clearance = box.clearance_m(np.full(5, middle), at)
        assert np.allclose(clearance, np.array([0, 1, -1, 0, 0]) * math.cos(middle), atol=1e-6)
    for latitude, inwards in ((40.0, 1), (50.0, -1)):
        at = math.radians(latitude) + inwards * np.array([0, 1000 * MM, -1000 * MM])
        longitude = math.radians(west) + 0.05
        assert np.allclose(box.clearance_m(at, np.full(3, longitude)), [0, 1, -1], atol=1e-6)


def test_clearance_is_the_way_to_the_edge() -> None:
    corners = [(42.0, 73.0), (42.0, 76.0), (44.0, 76.0), (44.0, 73.0)]
    polygon = read_place({"polygon": corners})
    rng = np.random.default_rng(3)
    for at in range(4):
        (south, west), (north, east) = corners[at], corners[(at + 1) % 4]
        azimuth, _, length = SPHERE.inv(west, south, east, north)
        for _ in range(20):
            along = rng.uniform(0.2, 0.8) * length
            longitude, latitude, back = SPHERE.fwd(west, south, azimuth, along)
            # The corners go round eastwards, then north: the inside is on the left.
            for metres in (0.01, 5.0, 3000.0):
                for side, sign in ((-90, 1), (90, -1)):
                    there = SPHERE.fwd(longitude, latitude, back + 180 + side, metres)
                    found = polygon.clearance_m(np.radians([there[1]]), np.radians([there[0]]))[0]
                    assert found == pytest.approx(sign * metres, abs=1e-4)


def test_a_corridor_is_round_at_its_ends() -> None:
    corridor = read_place({"corridor": {"line": [[0, 10], [0, 20]], "width_km": 100}})
    degree = SPHERE_M * math.pi / 180
    latitude = np.radians([0.0, 0.5, 0.0, 0.0, 0.0])
    longitude = np.radians([15.0, 15.0, 9.5, 21.0, 20.0])
    assert np.allclose(corridor.clearance_m(latitude, longitude),
                       1e5 - degree * np.array([0, 0.5, 0.5, 1, 0]), atol=1e-4)


def test_a_polygon_knows_the_other_side_of_the_earth() -> None:
    polygon = read_place({"polygon": [[60, 0], [60, 120], [60, -120], [60, 0]]})
    assert isinstance(polygon, Polygon) and len(polygon.corners) == 3
    latitude, longitude = np.radians([90.0, 80, -90, -80, 10]), np.zeros(5)
    assert polygon.contains(latitude, longitude).tolist() == [True, True, False, False, False]
    assert np.allclose(np.linalg.norm(vectors(latitude, longitude), axis=1), 1)


@pytest.mark.parametrize("shape", [
    {}, {"circle": {"centre": [0, 0], "radius_km": 1}, "box": {}}, {"ring": {}},
    {"circle": {"centre": [0, 0]}}, {"circle": {"centre": [0, 0], "radius_km": math.inf}},
    {"circle": {"centre": [0], "radius_km": 1}}, {"box": {"south": 1, "north": 2, "west": True,
                                                         "east": 3}},
    {"polygon": [[0, 0], [0, 90], [0, -90]]},
    {"corridor": {"line": [[0, 0], [0, 1]], "width_km": 1, "height_m": 5}}])
def test_what_is_no_shape_is_none(shape: dict[str, object]) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        read_place(shape)

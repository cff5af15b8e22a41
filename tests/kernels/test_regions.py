"""Regions against their slow twins and PROJ, where they are degenerate above all."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pyproj import Geod

from jointsky.agreement.places import EARTH_M, Shape, fault_of_polygon
from jointsky.agreement.regions import places_of
from tests.oracles import regions as slow

SPHERE = Geod(a=EARTH_M, b=EARTH_M)
PLACES = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


def inside(shape: dict, places: list | np.ndarray) -> list[bool]:
    """Which places in degrees are in a shape as an instrument writes it."""
    found = places_of([Shape.model_validate(shape)])
    latitude, longitude = np.radians(np.array(places, float)).T
    return found.holding(latitude, longitude)[:, 0].astype(bool).tolist()


def around(middle, bearings, far_m) -> np.ndarray:
    n = len(bearings)
    lon, lat, _ = SPHERE.fwd(np.full(n, middle[1]), np.full(n, middle[0]), bearings, far_m)
    return np.stack([lat, lon], 1)


@settings(max_examples=80, deadline=None)
@given(middle=PLACES, seed=st.integers(0, 10_000), size_km=st.floats(0.2, 5000),
       count=st.integers(3, 14))
def test_a_polygon_holds_what_its_outline_goes_round(middle, seed, size_km, count) -> None:
    """Ragged stars anywhere, poles and date line among them, and their antipodes."""
    rng = np.random.default_rng(seed)
    bearing = np.sort(rng.uniform(0, 360, count))
    assume(np.diff(bearing, append=bearing[0] + 360).max() < 170)
    corners = [tuple(one) for one in
               around(middle, bearing, size_km * 1000 * rng.uniform(0.3, 1, count)).tolist()]
    assume(not fault_of_polygon(tuple(corners)))
    places = around(middle, rng.uniform(0, 360, 60), size_km * 1300 * np.sqrt(rng.random(60)))
    places = np.concatenate([places, places * [-1, 1] + [0, 180]])
    sure = [k for k, one in enumerate(places.tolist())
            if slow.distance_to_line_m(one, [*corners, corners[0]]) > 1e-3]
    expected = [slow.in_polygon(places[k].tolist(), corners) for k in sure]
    assert inside({"polygon": corners}, places[sure]) == expected


@pytest.mark.parametrize("corners", [
    [(0, 0), (0, 10), (10, 10), (10, 0)], [(50, 170), (50, -170), (60, -170), (60, 170)],
    [(80, 0), (80, 90), (80, 180), (80, -90)], [(42, 73), (42, 76), (44, 76), (44, 73)]])
def test_a_ray_through_a_corner_is_counted_once(corners: list) -> None:
    """Places level with corners on the plane of the polygon, which is where counting goes wrong."""
    found = places_of([Shape.model_validate({"polygon": corners})])
    row, lines = found.rows[0], found.lines
    centre, east, north = row["centre"], row["axes"][:3], row["axes"][3:]
    for v in lines[:, 1]:
        for u in np.linspace(-1.5, 1.5, 31) * np.abs(lines[:, 0]).max():
            p = centre + u * east + v * north
            p /= np.linalg.norm(p)
            place = (math.degrees(math.asin(p[2])), math.degrees(math.atan2(p[1], p[0])))
            if slow.distance_to_line_m(place, [*corners, corners[0]]) > 1.0:
                assert inside({"polygon": corners}, [place]) == [slow.in_polygon(place, corners)]


def test_two_polygons_with_an_edge_in_common_leave_no_gap_between_and_share_nothing() -> None:
    """Up to the rounding of the edge itself: a hair to each side a place is in just one."""
    west = {"polygon": [(40, 70), (40, 75), (45, 75), (45, 70)]}
    east = {"polygon": [(40, 75), (40, 80), (45, 80), (45, 75)]}
    rng = np.random.default_rng(5)
    places = np.stack([rng.uniform(40.5, 44.5, 200), 75 + rng.choice([-1e-11, 1e-11], 200)], 1)
    assert [a + b for a, b in zip(inside(west, places), inside(east, places),
                                  strict=True)] == [1] * 200


@settings(max_examples=80, deadline=None)
@given(centre=PLACES, radius_km=st.floats(0.05, 8000), bearing=st.floats(0, 360))
def test_a_circle_ends_at_its_radius(centre, radius_km, bearing) -> None:
    circle = {"circle": {"centre": centre, "radius_km": radius_km}}
    near, far = radius_km * 1000 - 0.01, radius_km * 1000 + 0.01
    places = around(centre, [bearing, bearing], [near, far])
    assert inside(circle, places) == [True, False]
    assert slow.distance_m(centre, places[0]) == pytest.approx(near, abs=0.005)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), begin=PLACES, width_km=st.floats(0.1, 1500),
       count=st.integers(2, 6), step_km=st.floats(10, 3000))
def test_a_corridor_holds_what_is_near_its_line(seed, begin, width_km, count, step_km) -> None:
    rng = np.random.default_rng(seed)
    line = [begin]
    while len(line) < count:
        line.append(tuple(around(line[-1], [rng.uniform(0, 360)], [step_km * 1000])[0].tolist()))
    corridor = {"corridor": {"line": line, "width_km": width_km}}
    places = np.concatenate([around(end, rng.uniform(0, 360, 20),
                                    width_km * 1500 * rng.random(20)) for end in line])
    places = np.concatenate([places, places * [-1, 1] + [0, 180], np.array(line)])
    far = [slow.distance_to_line_m(one, line) / 1000 for one in places.tolist()]
    sure = [k for k, one in enumerate(far) if abs(one - width_km) > 1e-6]
    assert inside(corridor, places[sure]) == [far[k] <= width_km for k in sure]


@settings(max_examples=100, deadline=None)
@given(south=st.integers(-90, 89), tall=st.integers(1, 180), west=st.integers(-180, 180),
       east=st.integers(-180, 180), place=st.tuples(st.integers(-90, 90),
                                                    st.integers(-180, 180)))
def test_a_box_holds_its_edges_and_crosses_the_date_line(south, tall, west, east, place) -> None:
    """Whole degrees, so that many places lie on an edge."""
    assume(west != east)
    north = min(south + tall, 90)
    box = {"box": {"south": south, "north": north, "west": west, "east": east}}
    assert inside(box, [place]) == [slow.in_box(place, south, north, west, east)]


def test_poles_and_the_date_line_are_nothing_special() -> None:
    cap = {"polygon": [(80, 0), (80, 90), (80, 180), (80, -90)]}
    assert inside(cap, [(90, 0), (90, 77), (-90, 0), (79, 45)]) == [True, True, False, False]
    across = {"polygon": [(50, 170), (50, -170), (60, -170), (60, 170)]}
    assert inside(across, [(55, 180), (55, -180), (55, 0), (55, 169)]) == [True, True, False, False]
    assert inside({"circle": {"centre": (0, 180), "radius_km": 1}}, [(0, -180)]) == [True]
    box = {"box": {"south": -1, "north": 90, "west": 170, "east": 180}}
    assert inside(box, [(0, -180), (0, 180), (90, 170), (0, 169.999)]) == [True, True, True, False]


@pytest.mark.parametrize("shape", [
    {"polygon": [(42, 73), (42, 76), (44, 76), (44, 73)]},
    {"box": {"south": 42, "north": 44, "west": 73, "east": 76}},
    {"circle": {"centre": (43, 74), "radius_km": 100}},
    {"corridor": {"line": [(43, 73), (43, 76)], "width_km": 100}}])
def test_what_is_no_position_is_in_no_region(shape: dict) -> None:
    nan, inf = math.nan, math.inf
    assert inside(shape, [(43, 74)]) == [True]
    assert not any(inside(shape, [(nan, 74), (43, nan), (nan, nan), (inf, 74), (43, -inf)]))

"""How large shapes are, against pyproj; which lies in which."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import Geod

from jointsky.agreement.extents import area_m2, lies_in
from jointsky.agreement.places import Shape

WGS84 = Geod(ellps="WGS84")


def shape(**form: object) -> Shape:
    return Shape.model_validate(form)


@pytest.mark.parametrize("corners", [
    [(42.85247, 74.84418), (42.85181, 74.8471), (42.85353, 74.84782), (42.85419, 74.8449)],
    [(42, 73), (42, 76), (44, 76), (44, 73)],
    [(-5, 179), (-5, -179), (5, -179), (5, 179)],
    [(60, 10), (70, 40), (55, 30), (58, 12)],
])
def test_areas_of_polygons_are_those_of_pyproj(corners: list[tuple[float, float]]) -> None:
    latitudes, longitudes = zip(*corners, strict=True)
    expected, _ = WGS84.polygon_area_perimeter(longitudes, latitudes)
    assert area_m2(shape(polygon=corners)) == pytest.approx(abs(expected), rel=1e-3)
    assert area_m2(shape(polygon=corners[::-1])) == pytest.approx(abs(expected), rel=1e-3)


def test_areas_of_the_other_forms() -> None:
    parallel = np.linspace(73, 76, 4000)
    outline = [*[(one, 42.0) for one in parallel], *[(one, 44.0) for one in parallel[::-1]]]
    expected, _ = WGS84.polygon_area_perimeter(*zip(*outline, strict=True))
    box = {"south": 42, "north": 44, "west": 73, "east": 76}
    assert area_m2(shape(box=box)) == pytest.approx(abs(expected), rel=1e-6)
    longitudes, latitudes, _ = WGS84.fwd(*(np.full(720, one) for one in (74.0, 42.0)),
                                         np.arange(720) / 2, np.full(720, 50_000.0))
    expected, _ = WGS84.polygon_area_perimeter(longitudes, latitudes)
    circle = {"centre": (42, 74), "radius_km": 50}
    assert area_m2(shape(circle=circle)) == pytest.approx(abs(expected), rel=2e-3)
    corridor = {"line": [(42, 73), (42, 74)], "width_km": 10}
    _, _, length_m = WGS84.inv(73, 42, 74, 42)
    assert area_m2(shape(corridor=corridor)) == pytest.approx(
        2e4 * length_m + np.pi * 1e8, rel=5e-3)


SQUARE = {"polygon": [(42, 73), (42, 76), (44, 76), (44, 73)]}
LARGER = {"polygon": [(42, 73), (42, 76), (45, 77), (44, 73)]}
NOTCHED = {"polygon": [(42, 73), (42, 76), (44, 76), (43, 74.5), (44, 73)]}
SMALL_BOX = {"box": {"south": 42.5, "north": 43.5, "west": 73.5, "east": 75.5}}
WIDE_BOX = {"box": {"south": 41, "north": 46, "west": 72, "east": 78}}
ROUND = {"circle": {"centre": (43, 74.5), "radius_km": 40}}
ROUNDER = {"circle": {"centre": (43, 74.6), "radius_km": 60}}
BORDER = {"corridor": {"line": [(42.8, 73.5), (43, 75)], "width_km": 20}}
BROAD = {"corridor": {"line": [(42.8, 73.5), (43, 75)], "width_km": 30}}


@pytest.mark.parametrize(("inner", "outer", "expected"), [
    (SQUARE, SQUARE, True), (SQUARE, LARGER, True), (LARGER, SQUARE, False),
    (NOTCHED, SQUARE, True), (SQUARE, NOTCHED, False),
    (SMALL_BOX, SQUARE, True), (SMALL_BOX, WIDE_BOX, True), (WIDE_BOX, SMALL_BOX, False),
    (ROUND, ROUNDER, True), (ROUNDER, ROUND, False), (ROUND, SQUARE, True), (SQUARE, ROUND, False),
    (BORDER, BROAD, True), (BROAD, BORDER, False), (BORDER, SQUARE, True), (ROUND, BORDER, False),
    ({"box": {"south": -1, "north": 1, "west": 179.5, "east": -179.5}},
     {"box": {"south": -2, "north": 2, "west": 179, "east": -179}}, True),
    # What lies on the far side of the earth does not lie in it.
    ({"circle": {"centre": (-43, -105.5), "radius_km": 40}}, SQUARE, False),
])
def test_what_lies_in_what(inner: dict[str, object], outer: dict[str, object],
                           expected: bool) -> None:
    assert lies_in(shape(**inner), shape(**outer)) is expected

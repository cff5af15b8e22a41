"""Outlines for maps lie on the edges they stand for."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import Geod

from jointsky.agreement.outlines import outline_of
from jointsky.agreement.places import EARTH_M, Shape

SPHERE = Geod(a=EARTH_M, b=EARTH_M)


def ring(**shape: object) -> np.ndarray:
    places, width_m = outline_of(Shape.model_validate(shape))
    assert width_m == 0 and np.allclose(places[0] % 360, places[-1] % 360)
    return places


def test_a_circle_is_round() -> None:
    for centre in ((42.0, 74.0), (89.0, 10.0), (0.0, 180.0)):
        places = ring(circle={"centre": centre, "radius_km": 100})
        _, _, away_m = SPHERE.inv(np.full(len(places), centre[1]), np.full(len(places), centre[0]),
                                  places[:, 0], places[:, 1])
        assert np.allclose(away_m, 100_000, atol=1)


def test_an_edge_follows_the_great_circle() -> None:
    places = ring(polygon=[[60, 0], [60, 60], [40, 30]])
    assert places[:, 1].max() > 62  # the great circle between two places on a parallel
    _, _, step_m = SPHERE.inv(places[:-1, 0], places[:-1, 1], places[1:, 0], places[1:, 1])
    assert step_m.max() < 60_000


def test_longitudes_run_on_beyond_the_date_line() -> None:
    places = ring(polygon=[[-5, 175], [-5, -175], [5, -175], [5, 175]])
    assert np.ptp(places[:, 0]) == pytest.approx(10)
    places = ring(box={"south": -5, "north": 5, "west": 175, "east": -175})
    assert np.ptp(places[:, 0]) == pytest.approx(10) and np.ptp(places[:, 1]) == 10


def test_a_corridor_is_its_line_and_width() -> None:
    places, width_m = outline_of(Shape.model_validate(
        {"corridor": {"line": [[42, 70], [43, 75]], "width_km": 30}}))
    assert width_m == 30_000
    assert np.allclose(places[[0, -1]], [[70, 42], [75, 43]])

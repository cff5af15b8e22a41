"""Tuning areas: where they are, and that their settings are in force there and nowhere else."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pyproj import Geod

from jointsky.kernels.areas import fill_inside
from jointsky.model.errors import ConfigProblem
from jointsky.model.world import World
from jointsky.track import tracker
from jointsky.track.areas import Area, shape_of, unit_vectors
from jointsky.track.tuning import Model, Tuning, within
from tests.oracles.areas import is_inside
from tests.track.scenes import BEGIN_NS, S, course, join, looks, radar

SPHERE = Geod(a=6_371_000.0, b=6_371_000.0)


def inside(area: Area, places: np.ndarray) -> np.ndarray:
    """Which places (n, 2) degrees are in an area."""
    corners, centre, cos_reach = shape_of(area)
    out = np.empty(len(places))
    fill_inside(unit_vectors(*np.radians(places).T), corners, centre, cos_reach, out)
    return out.astype(bool)


@settings(max_examples=120, deadline=None)
@given(middle=st.tuples(st.floats(-90, 90), st.floats(-180, 180)), seed=st.integers(0, 10_000),
       size_km=st.floats(5, 4000), count=st.integers(3, 12))
def test_a_polygon_holds_the_places_that_its_slow_twin_says(
        middle: tuple[float, float], seed: int, size_km: float, count: int) -> None:
    """Ragged stars anywhere on the globe, poles and date line among them."""
    rng = np.random.default_rng(seed)
    bearing = np.sort(rng.uniform(0, 360, count))
    assume(np.diff(bearing, append=bearing[0] + 360).max() < 170)

    def around(bearings: np.ndarray, far_m: np.ndarray) -> np.ndarray:
        n = len(bearings)
        lon, lat, _ = SPHERE.fwd(np.full(n, middle[1]), np.full(n, middle[0]), bearings, far_m)
        return np.stack([lat, lon], 1)

    corners = around(bearing, size_km * 1000 * rng.uniform(0.3, 1, count))
    places = around(rng.uniform(0, 360, 60), size_km * 1300 * np.sqrt(rng.random(60)))
    places = np.concatenate([places, places * [-1, 1] + [0, 180]])  # and the antipodes
    area = Area("star", tuple((float(a), float(o)) for a, o in np.radians(corners)))
    expected = [is_inside(tuple(place), area.corners) for place in np.radians(places)]
    assume(any(expected))
    assert inside(area, places).tolist() == expected
    assert not any(expected[60:])


@pytest.mark.parametrize("corners", [
    [(60, 170), (60, -170), (50, -170), (50, 170)], [(80, 0), (80, 90), (80, 180), (80, -90)],
    [(-80, 0), (-75, 120), (-75, -120)], [(10, -10), (10, 10), (-10, 10), (-10, -10)]])
def test_the_middle_is_inside_whichever_way_round_it_is_drawn(corners: list) -> None:
    area = Area("a", tuple((math.radians(a), math.radians(o)) for a, o in corners))
    middle = shape_of(area)[1]
    place = np.degrees([[math.asin(middle[2]), math.atan2(middle[1], middle[0])]])
    for one in (area, replace(area, corners=area.corners[::-1])):
        assert inside(one, place).all()
        assert not inside(one, -place).any() or place[0, 0] == 0
        assert not inside(one, place + np.array([[0, 180]])).any() or abs(place[0, 0]) > 70


def test_a_circle_holds_what_is_within_its_radius() -> None:
    area = Area("c", centre=(math.radians(89.9), math.radians(10)), radius_m=50_000)
    lon, lat, _ = SPHERE.fwd([10.0] * 4, [89.9] * 4, [0, 90, 180, 270], [49_900] * 4)
    assert inside(area, np.stack([lat, lon], 1)).all()
    lon, lat, _ = SPHERE.fwd([10.0] * 4, [89.9] * 4, [0, 90, 180, 270], [50_100] * 4)
    assert not inside(area, np.stack([lat, lon], 1)).any()


# South of the radar, and high up there nothing is other.
SOUTH = Area("south", tuple((math.radians(a), math.radians(o)) for a, o in
                            [(47.9, 7.0), (47.9, 11.0), (46.0, 11.0), (46.0, 7.0)]),
             ceiling_m=10_000.0, changes=(("births", 0.1), ("hits_confirm", 6.0)))


def first_shown(latitude: float, height: float, tuning: Tuning, heading: float = 90.0) -> int:
    """After how many plots an aircraft is shown; 0 for never."""
    sensor = radar()
    times = np.arange(0.5, 60.0, 4.0)
    plots = looks(sensor, *course(latitude, 8.5, heading, 200.0, times),
                  np.full(len(times), height), times)
    state = tracker.start(World.STUDY, 1, (sensor,), tuning)
    for k in range(len(times)):
        now_ns = int(plots.time_ns[k]) + S
        state = tracker.advance(state, plots.take(slice(k, k + 1)), now_ns)
        if len(tracker.picture(state, now_ns)):
            return k + 1
    return 0


def test_starts_are_other_in_an_area_and_only_there() -> None:
    tuning = Tuning(areas=(SOUTH,))
    usual = first_shown(48.5, 9000, Tuning())
    assert usual <= 3
    assert first_shown(48.5, 9000, tuning) == usual
    assert first_shown(47.0, 11_000, tuning) == first_shown(47.0, 11_000, Tuning())
    assert first_shown(47.0, 9000, tuning) >= 6


def test_the_last_area_of_the_list_counts_and_tracks_go_from_one_to_another() -> None:
    inner = Area("inner", centre=(math.radians(47.0), math.radians(8.6)), radius_m=40_000,
                 changes=(("hits_confirm", 2.0),))
    assert first_shown(47.0, 9000, Tuning(areas=(SOUTH, inner))) <= 3
    assert first_shown(47.0, 9000, Tuning(areas=(inner, SOUTH))) >= 6
    sensor, times = radar(), np.arange(0.5, 240.0, 4.0)
    plots = looks(sensor, *course(48.2, 9.5, 180.0, 250.0, times), np.full(60, 9000.0), times)
    state = tracker.start(World.STUDY, 1, (sensor,), Tuning(areas=(SOUTH,)))
    seen = []
    for k in range(len(times)):
        state = tracker.advance(state, plots.take(slice(k, k + 1)), int(plots.time_ns[k]) + 2 * S)
        seen.append(int(state.tracks["area"][state.tracks["state"] == 2].max(initial=0)))
    assert seen[0] == 0 and seen[-1] == 1 and sorted(seen) == seen


def test_an_area_that_is_nowhere_changes_no_byte() -> None:
    far = Area("far", centre=(0.0, 0.0), radius_m=1000, changes=(("confirm", 0.5),))
    sensor, times = radar(), np.arange(0.5, 60.0, 4.0)
    plots = join(*(looks(sensor, *course(48.0 + 0.1 * k, 8.5, 90.0, 200.0, times),
                         np.full(len(times), 9000.0), times, np.random.default_rng(k))
                   for k in range(4)))
    one, two = (tracker.advance(tracker.start(World.STUDY, 1, (sensor,), tuning), plots,
                                BEGIN_NS + 60 * S) for tuning in (Tuning(), Tuning(areas=(far,))))
    assert one.tracks.tobytes() == two.tracks.tobytes()


def test_settings_may_change_while_tracks_go_on() -> None:
    sensor, times = radar(), np.arange(0.5, 60.0, 4.0)
    plots = looks(sensor, *course(47.0, 8.5, 90.0, 200.0, times), np.full(15, 9000.0), times)
    early, late = plots.take(slice(0, 10)), plots.take(slice(10, 15))
    state = tracker.start(World.STUDY, 1, (sensor,), Tuning(areas=(SOUTH,)))
    state = tracker.advance(state, early, BEGIN_NS + 40 * S)
    number = tracker.picture(state, state.now_ns).system_track_number.tolist()
    assert len(number) == 1
    for other in (Tuning(), Tuning(coast_s_max=50.0, areas=(SOUTH, SOUTH)), Tuning()):
        state = tracker.with_tuning(state, other)
        state = tracker.advance(state, early.take(slice(0, 0)), state.now_ns + S // 2)
        assert (state.tracks["area"] < len(state.settings)).all()
    state = tracker.advance(state, late, BEGIN_NS + 60 * S)
    assert tracker.picture(state, state.now_ns).system_track_number.tolist() == number
    state = tracker.with_tuning(state, Tuning(models=(Model(0.0, 50.0, 60.0),)))
    assert len(tracker.picture(state, state.now_ns)) == 0
    more = replace(plots, time_ns=plots.time_ns + 60 * S, received_ns=plots.received_ns + 60 * S)
    state = tracker.advance(state, more, BEGIN_NS + 120 * S)
    assert tracker.picture(state, state.now_ns).system_track_number.min() > number[0]


@pytest.mark.parametrize(("area", "fault"), [
    (Area("a"), "radius"), (Area("a", ((0.0, 0.0), (0.1, 0.0))), "corners"),
    (Area("a", ((0.0, 0.0), (0.0, 2.1), (0.0, -2.1))), "within 80 degrees"),
    (Area("a", centre=(2.0, 0.0), radius_m=5.0), "latitudes"),
    (Area("a", radius_m=5.0, floor_m=100.0, ceiling_m=50.0), "floor"),
    (Area("a", radius_m=5.0, changes=(("bucket_s", 1.0),)), "setting of a track"),
    (Area("a", radius_m=5.0, changes=(("confirm", 2.0),)), "below 1")])
def test_an_area_that_makes_no_sense_is_refused(area: Area, fault: str) -> None:
    with pytest.raises(ConfigProblem, match=fault):
        Tuning(areas=(area,))


def test_what_is_said_of_an_area_is_in_force_in_it() -> None:
    assert within(Tuning(areas=(SOUTH,)), SOUTH) == Tuning(births=0.1, hits_confirm=6)

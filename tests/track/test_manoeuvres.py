"""How the filter follows flight that is not straight: the errors an operator would see."""

from __future__ import annotations

import math

import numpy as np
import pytest

from jointsky.model.world import World
from jointsky.track import tracker
from tests.track.scenes import BEGIN_NS, GEOD, S, looks, off_m, radar

SENSOR = radar(1, 48.0, 9.0)


def flown(speed_ms: np.ndarray, turn_deg_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places (degrees) and headings (degrees) at every second, from speeds and turns in each."""
    heading = 60.0 + np.concatenate([[0.0], np.cumsum(turn_deg_s)])
    places = [(9.6, 48.5)]
    for k, speed in enumerate(speed_ms):
        lon, lat, _ = GEOD.fwd(*places[-1], heading[k] + turn_deg_s[k] / 2, speed)
        places.append((lon, lat))
    return np.array(places), heading


def followed(speed_ms: np.ndarray, turn_deg_s: np.ndarray, seed: int,
             height_m: np.ndarray | None = None) -> np.ndarray:
    """Time, position error m, velocity error m/s, height error m, climb m/s, after each plot."""
    places, heading = flown(speed_ms, turn_deg_s)
    times = np.arange(0, len(speed_ms), 4)
    height = np.full(len(places), 9000.0) if height_m is None else height_m
    plots = looks(SENSOR, places[times, 1], places[times, 0], height[times], times.astype(float),
                  np.random.default_rng(seed), address=0x4B0001)
    state, rows = tracker.start(World.STUDY, 1, (SENSOR,)), []
    for k, time in enumerate(times.tolist()):
        state = tracker.advance(state, plots.take(slice(k, k + 1)), BEGIN_NS + time * S + S // 2)
        shown = tracker.picture(state, BEGIN_NS + time * S)
        if len(shown):
            assert len(shown) == 1 and shown.system_track_number[0] == 1
            course = math.radians(heading[time])
            rows.append((time, off_m(shown.latitude_rad[0], shown.longitude_rad[0],
                                     places[time, 1], places[time, 0]),
                         math.hypot(shown.velocity_east_ms[0] - speed_ms[time] * math.sin(course),
                                    shown.velocity_north_ms[0] - speed_ms[time] * math.cos(course)),
                         shown.mode_c_m[0] - height[time], shown.vertical_rate_ms[0]))
    return np.array(rows)


def legs(*parts: tuple[int, float]) -> np.ndarray:
    return np.concatenate([np.full(seconds, value) for seconds, value in parts])


@pytest.mark.parametrize(("speed_ms", "turn_deg_s", "turn_s", "lag_m", "lag_ms"), [
    (230.0, 1.5, 60, 150.0, 25.0),   # an airliner at rate one and a half
    (230.0, -1.5, 60, 150.0, 25.0),
    (250.0, 4.0, 40, 170.0, 60.0),   # a fast aircraft at 1.8 g across its path
    (60.0, 3.0, 50, 100.0, 25.0),    # a light aircraft
])
def test_no_lag_in_a_turn(speed_ms: float, turn_deg_s: float, turn_s: int, lag_m: float,
                          lag_ms: float) -> None:
    turn = legs((80, 0.0), (turn_s, turn_deg_s), (60, 0.0))
    rows = np.concatenate([followed(np.full(len(turn), speed_ms), turn, seed)
                           for seed in range(4)])
    settled = (rows[:, 0] >= 80 + turn_s / 2) & (rows[:, 0] < 80 + turn_s)
    assert np.sqrt(np.mean(rows[settled, 1] ** 2)) < lag_m
    assert np.sqrt(np.mean(rows[settled, 2] ** 2)) < lag_ms
    after = rows[:, 0] > 80 + turn_s + 40
    assert np.sqrt(np.mean(rows[after, 2] ** 2)) < 15


def test_a_helicopter_that_stops_and_goes_on() -> None:
    speed = legs((60, 50.0), (10, 25.0), (40, 0.0), (10, 25.0), (60, 50.0))
    rows = np.concatenate([followed(speed, np.zeros(len(speed)), seed) for seed in range(4)])
    hover = (rows[:, 0] > 90) & (rows[:, 0] < 110)
    assert np.sqrt(np.mean(rows[hover, 1] ** 2)) < 100
    assert np.sqrt(np.mean(rows[hover, 2] ** 2)) < 15


def test_a_climb_that_levels_off() -> None:
    height = 5000 + np.concatenate([[0.0], np.cumsum(legs((60, 0.0), (100, 12.0), (80, 0.0)))])
    n = len(height) - 1
    rows = followed(np.full(n, 200.0), np.zeros(n), 1, height)
    climb, level = (rows[:, 0] > 90) & (rows[:, 0] < 160), rows[:, 0] > 190
    assert np.abs(rows[climb, 3]).max() < 25 and np.abs(rows[climb, 4] - 12).max() < 4
    assert np.abs(rows[level, 3]).max() < 20 and np.abs(rows[level, 4]).max() < 3

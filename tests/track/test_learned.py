"""What the tracker learns of its sensors: false plots where they are, coverage as it is."""

from __future__ import annotations

import math

import numpy as np
import pytest

from jointsky.model.schema import PlotBatch
from jointsky.model.sensor import Sensor, SensorKind
from jointsky.model.world import World
from jointsky.track import tracker
from jointsky.track.learned import (
    CELLS,
    EXPECTED,
    HITS,
    INFORMATION,
    LOG_FACTOR,
    RINGS,
    SECTORS,
)
from jointsky.track.tuning import Model, Tuning
from tests.track.scenes import BEGIN_NS, S, clutter, course, join, looks, radar, say

PSR = radar(2, kind=SensorKind.PSR, max_range_m=200_000.0, clutter=20.0, sigma_azimuth_rad=0.002)


def run(sensor, plots: PlotBatch, seconds: float) -> tracker.TrackerState:
    return tracker.advance(tracker.start(World.STUDY, 1, (sensor,)), plots,
                           int(BEGIN_NS + seconds * S))


def patch(seed: int, seconds: float, per_scan: float = 4.0) -> PlotBatch:
    """False plots in one place, two cells in the north-east (a wind farm)."""
    rng = np.random.default_rng(seed)
    plots = clutter(PSR, per_scan, seconds, rng)
    say(plots, "range_m", rng.uniform(62.5e3, 87.5e3, len(plots)))
    say(plots, "azimuth_rad", rng.uniform(0.785, 0.982, len(plots)))
    return plots


@pytest.mark.parametrize("seed", [1, 2])
def test_the_map_of_false_plots_is_that_of_the_false_plots(seed: int) -> None:
    even = clutter(PSR, 20.0, 400, np.random.default_rng(seed))
    state = run(PSR, join(even, patch(seed, 400)), 400)
    area_m2 = math.pi * 200e3 ** 2 / CELLS * (2 * np.arange(RINGS)[:, None] + 1) / RINGS
    per_scan = np.exp(state.density_log[0, 1].reshape(RINGS, SECTORS)) * area_m2
    there = (slice(5, 7), 4)
    # Four per scan fall there, and as good as none without the patch.
    assert 2 < per_scan[there].sum() < 6
    per_scan[there] = 0
    assert per_scan.sum() == pytest.approx(20, rel=0.3)
    # Aircraft are no clutter: of a radar that is told one, 1 is left.
    times = np.arange(1.0, 400, 4)
    place = course(48.5, 9.2, 80.0, 150.0, times)
    one = looks(PSR, *place, np.full(len(times), 5000.0), times, np.random.default_rng(seed))
    assert run(PSR, one, 400).false_count.sum() < 0.5


def test_false_tracks_in_a_patch_of_clutter_die_out() -> None:
    """Ten minutes of a wind farm: once it is learned, it makes no new tracks."""
    early, late = 0, 0
    for seed in range(4):
        state, plots = tracker.start(World.STUDY, 1, (PSR,)), patch(seed, 600)
        held = []
        for second in range(10, 601, 10):
            now = BEGIN_NS + second * S
            part = plots.take((plots.time_ns > now - 10 * S) & (plots.time_ns <= now))
            state = tracker.advance(state, part, now)
            held.append(len(tracker.picture(state, now)))
        early, late = early + max(held[:18]), late + max(held[30:])
    assert early > 0, "unlearned, the patch makes tracks"
    assert late == 0


def through_the_north(first, second, seconds: float, blocked: bool) -> PlotBatch:
    """Aircraft that two radars see, the first of them not in its north if that is blocked."""
    rng, parts = np.random.default_rng(3), []
    for number in range(12):
        start = (48.9 + 0.05 * number, 6.5 + rng.uniform(0, 3), 90.0, 220.0)
        for sensor in (first, second):
            times = np.arange(rng.uniform(0, 4), seconds, 4)
            latitude, longitude = course(*start, times)
            plots = looks(sensor, latitude, longitude, np.full(len(times), 8000.0), times, rng,
                          mode_3a=number)
            seen = rng.random(len(times)) < 0.9
            if blocked and sensor is first:
                seen &= np.cos(plots.azimuth_rad) < math.cos(0.3)
            parts.append(plots.take(seen))
    return join(*parts)


@pytest.mark.parametrize("blocked", [False, True])
def test_coverage_is_learned_from_what_others_see(blocked: bool) -> None:
    first, second = radar(), radar(2, 47.6, 9.4)
    state = tracker.advance(tracker.start(World.STUDY, 1, (first, second)),
                            through_the_north(first, second, 400, blocked), BEGIN_NS + 400 * S)
    north = state.seen[0].reshape(-1, RINGS, SECTORS, 3)[:, :, [0, SECTORS - 1]].sum((0, 1, 2))
    assert north[EXPECTED] > 50
    if blocked:
        assert north[HITS] < 0.2 * north[EXPECTED]
    else:
        assert north[HITS] == pytest.approx(north[EXPECTED], rel=0.15)


def test_a_lone_radar_learns_what_it_sees_of_what_comes_back() -> None:
    """Nobody vouches for a miss but the next hit: an aircraft that vanishes proves no gap."""
    rng, parts = np.random.default_rng(4), []
    for number in range(20):
        times = np.arange(rng.uniform(0, 4), 100, 4)
        latitude, longitude = course(48.0 + rng.uniform(0.2, 1), 9.0 + rng.uniform(-1, 1),
                                     rng.uniform(0, 360), 220.0, times)
        plots = looks(radar(), latitude, longitude, np.full(len(times), 8000.0), times, rng,
                      mode_3a=number)
        parts.append(plots.take(rng.random(len(times)) < 0.6))
    state = tracker.advance(tracker.start(World.STUDY, 1, (radar(),)), join(*parts),
                            BEGIN_NS + 200 * S)
    seen = state.seen[0].sum((0, 1))
    # 0.6 seen of 0.9 expected.
    assert seen[HITS] / seen[EXPECTED] == pytest.approx(0.6 / 0.9, rel=0.1)


def test_what_was_learned_goes_with_the_state() -> None:
    plots = patch(1, 100)
    state = run(PSR, plots, 100)
    kept = tracker.copy(state)
    wider = tracker.with_sensors(tracker.copy(state), (radar(7),))
    assert wider.density_log.shape[0] == 2
    np.testing.assert_array_equal(wider.density_log[0], state.density_log[0])
    more = plots.take(slice(None))
    more.time_ns[:] += 100 * S
    more.received_ns[:] = more.time_ns
    state = tracker.advance(state, more, BEGIN_NS + 300 * S)
    assert (state.false_count != kept.false_count).any()
    np.testing.assert_array_equal(wider.false_count[0], kept.false_count[0])


@pytest.mark.parametrize("true_s", [11.0, 44.0])
def test_the_rate_of_switching_is_that_of_the_traffic(true_s: float) -> None:
    """Aircraft that draw their way of flying as the models say, but at another rate; what is
    learned of airliners says nothing of light aircraft or fast ones."""
    models = (Model(0.0, 0.1, 0.6), *[Model(3.0, 0.1, 0.1)] * 2, *[Model(-3.0, 0.1, 0.05)] * 4)
    adsb = Sensor(9, "ADS-B", SensorKind.ADSB, 0.0, 0.0, 0.0, 2.0, 0.0, 20.0, 0.0)
    rng = np.random.default_rng(round(true_s))
    times = np.arange(0.0, 600.0, 2.0)
    parts = []
    for number in range(40):
        drawn = rng.random(len(times)) < 1 - math.exp(-2.0 / true_s)
        drawn[0] = True
        turn = rng.choice([0.0, 3.0, -3.0], len(times), p=[0.6, 0.2, 0.2])[
            np.maximum.accumulate(np.where(drawn, np.arange(len(times)), 0))]
        heading = rng.uniform(0, 2 * np.pi) + np.radians(np.cumsum(2 * turn) - turn)
        north, east = (np.cumsum(400 * part(heading)) for part in (np.cos, np.sin))
        latitude = 45.0 + number % 5 + north / 111_200
        longitude = 5.0 + number // 5 + east / 111_200 / np.cos(np.radians(45 + number % 5))
        parts.append(looks(adsb, latitude, longitude, np.full(len(times), 5000.0), times, rng,
                           address=0x400000 + number))
    state = tracker.advance(
        tracker.start(World.STUDY, 1, (adsb,), Tuning(models=models, registration_s=0.0)),
        join(*parts), int(BEGIN_NS + 600 * S))
    assert state.switching[1, INFORMATION] > 30
    assert 22.0 / math.exp(state.switching[1, LOG_FACTOR]) == pytest.approx(true_s, rel=0.3)
    assert not state.switching[[0, 2], INFORMATION].any()

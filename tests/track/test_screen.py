"""Bad input to the tracker: refused, isolated or capped by sensor, counted and named."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jointsky.model.batch import columns_of
from jointsky.model.schema import PlotBatch, TrackBatch, TrackState
from jointsky.model.sensor import Sensor, SensorKind
from jointsky.model.world import World
from jointsky.track import tracker
from jointsky.track.screen import REASONS, counts_of, floods
from jointsky.track.state import TrackerState
from jointsky.track.tuning import Tuning
from tests.oracles.screen import SlowScreen
from tests.track.scenes import BEGIN_NS, S, course, crowd, join, looks, radar, say

ADSB = Sensor(9, "ADS-B", SensorKind.ADSB, 0.0, 0.0, 0.0, 2.0, 0.0, 20.0, 0.0)
TWO = (radar(), radar(2, 47.4, 9.9, SensorKind.PSR, clutter=5.0))
NAMES = ("used", *(reason.value for reason in REASONS))


def run(sensors, plots: PlotBatch, seconds: float, tuning: Tuning | None = None,
        step_s: float = 4.0) -> TrackerState:
    """A tracker that got these plots as they came, every few seconds."""
    state = tracker.start(World.STUDY, 77, sensors, tuning)
    for now_s in np.arange(step_s, seconds + step_s, step_s):
        now_ns = int(BEGIN_NS + now_s * S)
        come = (plots.received_ns > now_ns - round(step_s * S)) & (plots.received_ns <= now_ns)
        state = tracker.advance(state, plots.take(come), now_ns)
    return state


def picture(state: TrackerState) -> TrackBatch:
    return tracker.picture(state, state.now_ns)


def bytes_of(tracks: TrackBatch) -> bytes:
    return b"".join(getattr(tracks, col.name).tobytes() for col in columns_of(TrackBatch))


def told(state: TrackerState, sensor_id: int) -> dict[str, int]:
    return counts_of(state.screen, int(state.row_of[sensor_id]))


@settings(max_examples=10, deadline=None)
@given(later_s=st.floats(0, 3), share=st.sampled_from([1.0, 0.5]), seed=st.integers(0, 99))
def test_the_same_reports_by_two_routes_count_once(later_s: float, share: float,
                                                   seed: int) -> None:
    """All of the stream, or half of it, again and later: the same tracks to the byte."""
    plots = crowd(TWO, 6, 40, seed=4)
    again = plots.take(np.random.default_rng(seed).random(len(plots)) < share)
    again = replace(again, received_ns=again.received_ns + round(later_s * S))
    alone, both = run(TWO, plots, 44), run(TWO, join(plots, again), 44)
    assert bytes_of(picture(both)) == bytes_of(picture(alone))
    assert len(picture(both)) >= 5
    assert both.counts["duplicate"] == len(again) and alone.counts["duplicate"] == 0
    assert told(both, 1)["duplicate"] == int((again.sensor_id == 1).sum())


def day_off(plots: PlotBatch, off_s: float) -> PlotBatch:
    return replace(plots, time_ns=plots.time_ns + round(off_s * S))


@pytest.mark.parametrize("off_s", [86_400.0, -86_400.0, 3600.0, -61.0, 61.0])
def test_a_sensor_with_a_wrong_clock_is_left_out_and_comes_back(off_s: float) -> None:
    plots = crowd(TWO, 6, 80, seed=5)
    mine = plots.sensor_id == 2
    wrong = mine & (plots.time_ns <= BEGIN_NS + 40 * S)
    state = run(TWO, join(plots.take(~mine), day_off(plots.take(wrong), off_s)), 40)
    alone = run(TWO, plots.take(~mine), 40)
    assert told(state, 2) == {"clock": int(wrong.sum())} and told(state, 1) == {}
    assert state.screen.clock_ns.tolist() == [0, round(off_s * S)]
    assert bytes_of(picture(state)) == bytes_of(picture(alone))
    rest = plots.take(plots.time_ns > BEGIN_NS + 40 * S)
    state = tracker.advance(state, rest, BEGIN_NS + 80 * S)
    assert state.screen.clock_ns.tolist() == [0, 0]
    assert (picture(state).sensors == 0b11).any()


def test_without_a_time_of_reception_now_judges_the_clock() -> None:
    plots = crowd(TWO[:1], 4, 40, seed=6)
    plots = replace(plots, received_ns=np.zeros_like(plots.time_ns))
    ahead, behind = day_off(plots, 86_400.0), day_off(plots, -86_400.0)
    state = tracker.start(World.STUDY, 77, TWO[:1])
    state = tracker.advance(state, join(plots, ahead), BEGIN_NS + 40 * S)
    assert state.counts["clock"] == len(ahead) and len(picture(state)) == 4
    state = tracker.advance(state, behind, BEGIN_NS + 41 * S)
    assert state.counts["clock"] == len(ahead) + len(behind)
    assert state.screen.clock_ns[0] < -86_000 * S and len(picture(state)) == 4


def storm(sensor: Sensor, per_turn: int, begin_s: float, end_s: float, seed: int) -> PlotBatch:
    """False plots without end."""
    rng = np.random.default_rng(seed)
    n = round(per_turn * (end_s - begin_s) / sensor.period_s)
    plots = PlotBatch.blank(n, World.STUDY)
    plots.time_ns[:] = BEGIN_NS + np.rint(np.sort(rng.uniform(begin_s, end_s, n)) * S)
    plots.received_ns[:] = plots.time_ns
    plots.sensor_id[:], plots.kind[:] = sensor.sensor_id, 1
    say(plots, "range_m", 1000 + 290_000 * np.sqrt(rng.random(n)))
    say(plots, "azimuth_rad", rng.uniform(0, 2 * np.pi, n))
    return plots


def test_a_sensor_that_floods_is_cut_and_the_picture_of_the_others_stays() -> None:
    sensors = (radar(), radar(3, 48.6, 8.1), TWO[1])
    plots = crowd(sensors, 10, 80, seed=7)
    flood = storm(sensors[2], 60_000, 40.0, 80.0, seed=1)
    state = run(sensors, join(plots, flood), 80)
    without = run(sensors, plots.take(plots.sensor_id != 2), 80)
    cap = 2_000
    turns = 40 / sensors[2].period_s
    assert told(state, 2)["flood"] >= len(flood) - cap * (turns + 1)
    assert set(told(state, 1)) | set(told(state, 3)) == set()
    assert floods(state.screen, 2) and not floods(state.screen, 0)
    # Nothing that the flood brought has started a track; all else is where it was.
    ours, theirs = picture(state), picture(without)
    assert len(theirs) >= 9 and abs(len(ours) - len(theirs)) <= 1
    near = 0
    for row in range(len(theirs)):
        off = np.hypot((ours.latitude_rad - theirs.latitude_rad[row]) * 6.37e6,
                       (ours.longitude_rad - theirs.longitude_rad[row]) * 4.2e6)
        near += bool(off.min() < 500)
    assert near >= len(theirs) - 1


def test_a_flood_ends_when_it_ends() -> None:
    plots = crowd(TWO, 6, 120, seed=8)
    flood = storm(TWO[1], 60_000, 40.0, 50.0, seed=2)
    state = run(TWO, join(plots, flood), 120)
    assert not floods(state.screen, 1)
    cut = told(state, 2)["flood"]
    later = tracker.advance(state, day_off(plots.take(plots.time_ns > BEGIN_NS + 100 * S), 20),
                            BEGIN_NS + 140 * S)
    assert told(later, 2)["flood"] == cut


def test_ten_times_the_usual_is_no_flood() -> None:
    plots = crowd(TWO[:1], 20, 40, seed=9)
    busy = crowd(TWO[:1], 200, 40, seed=10)
    busy = replace(busy, time_ns=busy.time_ns + 40 * S, received_ns=busy.received_ns + 40 * S)
    state = run(TWO[:1], join(plots, busy), 80)
    assert state.counts["flood"] == 0 and len(picture(state)) > 190


def test_what_a_sensor_says_against_itself_is_counted() -> None:
    """One address at two places in every turn; another whose code is never the same."""
    times = np.arange(0.5, 60.0, 4.0)
    here = looks(TWO[0], *course(48.4, 8.0, 60.0, 230.0, times), np.full(15, 9000.0), times,
                 address=1, mode_3a=0o1000)
    there = looks(TWO[0], *course(48.9, 9.0, 60.0, 230.0, times + 1.0), np.full(15, 9000.0),
                  times + 1.0, address=1, mode_3a=0o1000)
    flips = looks(TWO[0], *course(47.5, 9.5, 60.0, 230.0, times), np.full(15, 9000.0), times,
                  address=2, mode_3a=0)
    flips.mode_3a[:] = np.arange(15) % 2 + 1
    quiet = looks(TWO[0], *course(47.2, 8.5, 60.0, 230.0, times), np.full(15, 9000.0), times,
                  address=3, mode_3a=0o7000)
    quiet.mode_3a[7:] = 0o2000  # a new code, once
    state = run(TWO[:1], join(here, there, flips, quiet), 60)
    assert told(state, 1) == {"contradictory": 29 + 12}
    assert len(picture(state)) >= 3


ANY = st.floats(width=64)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(
    st.integers(-(1 << 63), (1 << 63) - 1) | st.integers(0, 40 * S).map(lambda ns: BEGIN_NS + ns),
    st.sampled_from([0, 0, BEGIN_NS + 10 * S, -(1 << 63)]), st.integers(0, (1 << 64) - 1),
    st.sampled_from([-(1 << 31), -1, 1, 2, 9, 300, 70_000, (1 << 31) - 1]), st.integers(0, 255),
    st.integers(0, 0xFFFF), ANY, ANY, ANY, ANY, st.integers(0, 0xFFFF), ANY, ANY,
    st.integers(0, (1 << 32) - 1), st.binary(max_size=8), ANY, ANY, ANY), max_size=12))
def test_no_number_in_any_column_poisons_the_picture(rows: list[tuple]) -> None:
    names = ("time_ns", "received_ns", "present", "sensor_id", "kind", "flags", "range_m",
             "azimuth_rad", "latitude_rad", "longitude_rad", "mode_3a", "mode_c_m", "height_m",
             "icao_address", "callsign", "velocity_east_ms", "velocity_north_ms", "sigma_m")
    bad = PlotBatch.blank(len(rows), World.STUDY)
    for name, cells in zip(names, zip(*rows, strict=True), strict=False):
        getattr(bad, name)[:] = cells
    good = crowd((*TWO, ADSB), 3, 40, seed=3)
    together = PlotBatch.join([good, bad], World.STUDY)
    together = together.take(np.random.default_rng(len(rows)).permutation(len(together)))
    state = tracker.advance(tracker.start(World.STUDY, 77, (*TWO, ADSB)), together,
                            BEGIN_NS + 40 * S)
    tracks = picture(state)
    live = tracks.take(tracks.state != TrackState.DROPPED)
    assert len(live) >= 3
    for name in ("latitude_rad", "longitude_rad", "velocity_east_ms", "velocity_north_ms",
                 "covariance", "manoeuvre"):
        assert np.isfinite(getattr(tracks, name)).all(), name
    for name in ("mode_c_m", "vertical_rate_ms"):
        assert np.isfinite(getattr(tracks, name)[tracks.has(name)]).all(), name
    fate = state.screen.fate
    assert len(fate) == len(together) and fate.max(initial=0) <= len(REASONS)


def test_the_same_verdicts_as_the_slow_twin() -> None:
    sensors = (*TWO, ADSB)
    tuning = Tuning(flood_least=16, flood_most=400, flood_factor=3.0)
    plots = join(crowd(sensors, 12, 60, seed=11), storm(TWO[1], 200, 30.0, 45.0, 3))
    plots = join(plots, plots.take(np.random.default_rng(1).random(len(plots)) < 0.1))
    state = tracker.start(World.STUDY, 1, sensors, tuning)
    state = tracker.advance(state, plots, BEGIN_NS + 60 * S)
    slow = SlowScreen({one.sensor_id: round(one.period_s * S) for one in sensors}, tuning)
    verdicts = slow.judge(plots)
    assert [NAMES[one] for one in state.screen.fate.tolist()] == verdicts
    assert verdicts.count("duplicate") > 50 and verdicts.count("flood") > 50
    assert math.isclose(state.screen.rates["mean"][0], slow.mean[1])

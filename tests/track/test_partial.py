"""Who is in a track, and tracks fused again without some of their sensors."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from jointsky.model.batch import columns_of
from jointsky.model.schema import PlotBatch, TrackBatch, TrackState
from jointsky.model.sensor import SensorKind
from jointsky.model.world import World
from jointsky.track import tracker
from jointsky.track.arrays import CONFIRMED, SEEN
from jointsky.track.partial import partial_tracks
from jointsky.track.sources import ANYBODY, sources_of, with_source
from jointsky.track.state import TrackerState
from tests.track.scenes import BEGIN_NS, S, course, crowd, join, looks, off_m, radar

ONE, TWO = radar(1), radar(2, latitude=48.6, longitude=9.9)
SECONDS = 90


def tracked(plots: PlotBatch, sensors=(ONE, TWO), until: float = SECONDS) -> TrackerState:
    """The tracker after these plots, told each 10 s of them."""
    state = tracker.start(World.STUDY, 1, sensors)
    for begin in np.arange(0, until, 10):
        now_ns = BEGIN_NS + int(min(begin + 10, until) * S)
        since = BEGIN_NS + int(begin * S)
        state = tracker.advance(state, plots.take((plots.time_ns > since)
                                                  & (plots.time_ns <= now_ns)), now_ns)
    return state


def flight(sensor, seed: int | None, *, code: int | None = 0o1234, since: float = 1.0,
           until: float = SECONDS, height: float = 9000.0) -> PlotBatch:
    """Plots of one aircraft by a radar."""
    times = np.arange(since, until, sensor.period_s)
    latitude, longitude = course(48.2, 8.0, 80.0, 220.0, times)
    rng = None if seed is None else np.random.default_rng(seed)
    return looks(sensor, latitude, longitude, np.full(len(times), height), times, rng,
                 mode_3a=code)


def cells_of(tracks: TrackBatch) -> dict[str, bytes]:
    return {col.name: getattr(tracks, col.name).tobytes() for col in columns_of(TrackBatch)}


def without(state: TrackerState, bits: int):
    """Every track of the picture, without the sensors of these bits."""
    numbers = tracker.picture(state, state.now_ns).system_track_number
    return partial_tracks(state, numbers, np.full(len(numbers), bits, np.uint64), state.now_ns)


def test_a_sensor_is_in_a_track_for_ever_once_it_has_told_it_anything() -> None:
    plots = join(flight(ONE, 1), flight(TWO, 2, since=2.0, until=20.0))
    state = tracked(plots)
    (number,) = tracker.picture(state, state.now_ns).system_track_number
    assert tracker.picture(state, state.now_ns).sensors.tolist() == [0b01], "lately one alone"
    assert sources_of(state, np.array([number, 999], np.int32)).tolist() == [0b11, int(ANYBODY)]
    alone = tracked(flight(ONE, 1))
    assert sources_of(alone, np.array([1], np.int32)).tolist() == [0b01]


def test_a_plot_that_two_tracks_share_is_in_both() -> None:
    """A primary plot between two aircraft: the track that does not own it takes a part of it, and
    has that radar in it as well, though the radar never counts as one that saw it."""
    primary = replace(TWO, kind=SensorKind.PSR)
    station = radar(3, kind=SensorKind.ADSB, period_s=1.0)
    times = np.arange(1.0, 40.0, 1.0)
    parts = []
    for place, north in enumerate((48.200, 48.204)):
        parts.append(looks(station, *course(north, 8.0, 90.0, 220.0, times),
                           np.full(len(times), 9000.0), times, np.random.default_rng(place),
                           address=0x400001 + place))
    at = np.array([30.5])
    parts.append(looks(primary, *course(48.202, 8.0, 90.0, 220.0, at), np.array([9000.0]), at))
    state = tracked(join(*parts), (station, primary), 42)
    live = np.flatnonzero(state.tracks["state"] == CONFIRMED)
    assert len(live) == 2
    assert sorted(state.looks[live, 1, SEEN] > 0) == [False, True]
    assert sources_of(state, state.tracks["number"][live]).tolist() == [0b11, 0b11]


def test_nothing_of_an_excluded_sensor_is_in_a_partial_track() -> None:
    """Other noise, other codes, other heights: not a byte differs."""
    first = tracked(join(flight(ONE, 1), flight(TWO, 2, since=2.0)))
    parts = without(first, 0b10)
    assert parts.there.all() and parts.sources.tolist() == [0b01]
    for seed, code, height in ((3, 0o1234, 9000.0), (4, 0o4321, 9030.0), (5, None, 8970.0)):
        other = tracked(join(flight(ONE, 1), flight(TWO, seed, since=2.0, code=code,
                                                    height=height)))
        assert cells_of(tracker.picture(first, first.now_ns)) != cells_of(
            tracker.picture(other, other.now_ns)), "while the whole track is another"
        assert cells_of(without(other, 0b10).tracks) == cells_of(parts.tracks)


def test_biases_learned_from_an_excluded_sensor_are_not_in_it_either() -> None:
    plots = crowd((ONE, TWO), 12, SECONDS, 3)
    state = tracked(plots)
    before = cells_of(without(state, 0b10).tracks)
    state.table["range_bias_m"][0], state.table["azimuth_bias_rad"][0] = 250.0, 0.01
    state.registration.mean[0, 0] = 250.0, 0.01, 0.3
    assert cells_of(without(state, 0b10).tracks) == before


def test_late_plots_of_an_excluded_sensor_do_not_show_in_how_far_back_it_goes() -> None:
    mine, other = flight(ONE, 1), flight(TWO, 2, since=2.0)
    held = (other.time_ns > BEGIN_NS + 58 * S) & (other.time_ns < BEGIN_NS + 64 * S)
    state = tracked(join(mine, other.take(~held)), until=88)
    expected = without(state, 0b10)
    state = tracker.advance(state, other.take(held), state.now_ns)
    assert len(state.held), "some wait to be used"
    assert cells_of(without(state, 0b10).tracks) == cells_of(expected.tracks)


def test_a_partial_track_is_nearly_what_the_sensors_left_would_have_made_of_it() -> None:
    plots = crowd((ONE, TWO), 8, SECONDS, 11)
    parts = without(tracked(plots), 0b10)
    alone = tracked(plots.take(plots.sensor_id == 1), (ONE,))
    expected = tracker.picture(alone, alone.now_ns)
    assert parts.there.sum() >= 7
    made = parts.tracks
    for row in range(len(made)):
        same = np.flatnonzero(expected.mode_3a == made.mode_3a[row])
        assert len(same) == 1
        far = off_m(made.latitude_rad[row], made.longitude_rad[row],
                    math.degrees(expected.latitude_rad[same[0]]),
                    math.degrees(expected.longitude_rad[same[0]]))
        sigma = math.sqrt(made.covariance[row, 0] + made.covariance[row, 4])
        assert far < 2 * sigma
        assert abs(made.mode_c_m[row] - expected.mode_c_m[same[0]]) < 20
        assert made.update_count[row] < expected.update_count[same[0]] <= 24


def test_a_partial_track_is_what_the_tracker_makes_of_the_same_plots() -> None:
    """A tracker that begins where the kept plots begin and knows of one radar alone."""
    known = replace(ONE, bias_known=True)
    mine = flight(known, 1)
    state = tracked(join(mine, flight(TWO, 2, since=2.0)), (known, TWO))
    parts = without(state, 0b10)
    kept = mine.take(mine.time_ns > state.now_ns - 30 * S)
    alone = tracker.start(World.STUDY, 1, (known,))
    alone = tracker.advance(alone, kept, state.now_ns)
    expected, made = tracker.picture(alone, state.now_ns), parts.tracks
    assert made.update_count.tolist() == expected.update_count.tolist() == [len(kept)]
    assert (made.started_ns, made.updated_ns) == (expected.started_ns, expected.updated_ns)
    assert off_m(made.latitude_rad[0], made.longitude_rad[0],
                 *np.degrees([expected.latitude_rad[0], expected.longitude_rad[0]])) < 1.0
    for name in ("velocity_east_ms", "velocity_north_ms", "mode_c_m", "vertical_rate_ms"):
        assert getattr(made, name)[0] == pytest.approx(getattr(expected, name)[0], abs=0.05)
    assert made.covariance[0] == pytest.approx(expected.covariance[0], rel=0.02)
    assert made.mode_3a.tolist() == expected.mode_3a.tolist() == [0o1234]


@pytest.mark.parametrize("bits", [0b01, 0b11, int(ANYBODY)])
def test_where_too_little_is_left_there_is_no_partial_track(bits: int) -> None:
    """Of the second radar one plot is kept; with neither, none."""
    times = flight(TWO, 2, since=2.0)
    few = times.take(times.time_ns == times.time_ns[-1])
    parts = without(tracked(join(flight(ONE, 1), few)), bits)
    assert parts.there.tolist() == [False] and len(parts.tracks) == 0


def test_one_track_may_be_asked_for_in_several_ways_at_once_and_unknown_ones_too() -> None:
    state = tracked(join(flight(ONE, 1), flight(TWO, 2, since=2.0)))
    parts = partial_tracks(state, np.array([1, 77, 1, 1], np.int32),
                           np.array([0b10, 0, 0b01, 0b11], np.uint64), state.now_ns)
    assert parts.there.tolist() == [True, False, True, False]
    assert parts.sources.tolist() == [0b01, 0b10]
    assert parts.tracks.system_track_number.tolist() == [1, 1]
    assert cells_of(parts.tracks.take(np.array([0]))) == cells_of(without(state, 0b10).tracks)


def test_a_track_just_dropped_is_told_as_dropped() -> None:
    plots = join(flight(ONE, 1, until=30), flight(TWO, 2, since=2.0, until=30))
    state = tracked(plots, until=30)
    while True:
        state = tracker.advance(state, PlotBatch.empty(World.STUDY), state.now_ns + S)
        shown = tracker.picture(state, state.now_ns)
        if shown.state[0] == TrackState.DROPPED:
            break
    parts = without(state, 0b10)
    assert parts.there.tolist() == [True] and parts.tracks.state.tolist() == [TrackState.DROPPED]


def test_a_sensor_without_a_bit_might_be_anybody() -> None:
    assert int(with_source(np.uint64(1), 63)) == 1 | 1 << 63
    assert int(with_source(np.uint64(1), 64)) == int(ANYBODY)

"""Plots that come late, out of order, or too late."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jointsky.engine.checkpoint import pack, unpack
from jointsky.model.batch import columns_of
from jointsky.model.schema import PlotBatch, TrackBatch, TrackState
from jointsky.model.sensor import SensorKind
from jointsky.model.world import World
from jointsky.track import tracker
from jointsky.track.arrays import CONFIRMED, DROPPED, PLOT, make_tracks
from jointsky.track.history import keep_numbers, lean
from jointsky.track.state import TrackerState
from jointsky.track.tuning import Tuning
from tests.track.scenes import BEGIN_NS, S, course, crowd, join, looks, off_m, radar

TWO = (radar(), radar(2, 47.4, 9.9, SensorKind.PSR, clutter=20.0))
# How long the tracker may put off going back, beyond the latest plot.
SETTLED_S = 5


def end_of(plots: PlotBatch) -> int:
    return int(plots.time_ns.max()) + 36 * S


def in_order(plots: PlotBatch, calls: int = 1) -> TrackerState:
    """A tracker that gets every plot in time."""
    state = tracker.start(World.STUDY, 77, TWO)
    last_ns = end_of(plots)
    for now_ns in np.linspace(BEGIN_NS, last_ns, calls + 1)[1:].astype(np.int64).tolist():
        part = plots.take((plots.time_ns > state.now_ns) & (plots.time_ns <= now_ns))
        state = tracker.advance(state, part, now_ns)
    return state


def delayed(plots: PlotBatch, delay_s: np.ndarray, step_s: float,
            until_ns: int) -> TrackerState:
    """A tracker that gets each plot so much later."""
    state = tracker.start(World.STUDY, 77, TWO)
    arrival_ns = plots.time_ns + (delay_s * S).astype(np.int64)
    order = np.argsort(arrival_ns, kind="stable")
    arrival_ns, plots = arrival_ns[order], plots.take(order)
    begin = 0
    for now_ns in [*range(BEGIN_NS, until_ns, int(step_s * S)), until_ns]:
        end = int(np.searchsorted(arrival_ns, now_ns, side="right"))
        state = tracker.advance(state, plots.take(slice(begin, end)), now_ns)
        begin = end
    return state


def same_tracks(one: TrackerState, other: TrackerState) -> None:
    """The same to the byte, but for the numbers, which tell who was shown first."""
    def kept(state: TrackerState) -> np.ndarray:
        live = state.tracks[np.isin(state.tracks["state"], (1, 2))]
        live["number"] = 0
        return live[np.argsort(live["serial"])]

    assert len(kept(one))
    assert kept(one).tobytes() == kept(other).tobytes()


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 99), most_s=st.floats(0.2, 29.0), step_s=st.sampled_from([0.5, 1.3, 4]))
def test_the_order_of_arrival_does_not_matter(seed: int, most_s: float, step_s: float) -> None:
    """Every plot up to 29 s late, each by its own time: the same tracks as in order.

    Looked at when the last have come, while the aircraft still fly.
    """
    plots = crowd(TWO, 8, 50, seed=4)
    early = plots.take(plots.time_ns <= BEGIN_NS + 44 * S)
    delay_s = np.random.default_rng(seed).uniform(0, most_s, len(early))
    rest = plots.take(plots.time_ns > BEGIN_NS + 44 * S)
    whole = join(early, rest)
    until_ns = int(plots.time_ns.max()) + int((most_s * 1.1 + SETTLED_S) * S)
    lag = np.concatenate([delay_s, np.zeros(len(rest))])
    late = delayed(whole, lag, step_s, until_ns)
    assert late.counts["late"] == 0
    straight = delayed(whole, np.zeros(len(whole)), step_s, until_ns)
    assert not len(late.held) and late.now_ns == straight.now_ns
    same = [one.tracks[np.isin(one.tracks["state"], (1, 2))] for one in (late, straight)]
    assert len(same[0]) == len(same[1])
    for tracks in same:
        tracks["number"] = 0
    first, second = (tracks[np.argsort(tracks["serial"])] for tracks in same)
    assert first.tobytes() == second.tobytes()


def test_a_radar_that_is_always_late_costs_nothing_in_accuracy() -> None:
    """One of two radars 20 s behind; the tracks are those of both in time."""
    plots = crowd(TWO, 10, 90, seed=11)
    lag = np.where(plots.sensor_id == 2, 20.0, 0.0)
    late = delayed(plots, lag, 0.5, BEGIN_NS + 112 * S)
    straight = delayed(plots, np.zeros(len(plots)), 0.5, BEGIN_NS + 112 * S)
    same_tracks(late, straight)


def test_a_track_keeps_its_number_when_late_plots_come() -> None:
    """Each aircraft is shown under one number all the time, however often the tracker goes back."""
    plots = crowd(TWO, 10, 90, seed=5)
    lag = np.random.default_rng(1).uniform(0, 15, len(plots))
    state = tracker.start(World.STUDY, 77, TWO)
    arrival_ns = plots.time_ns + (lag * S).astype(np.int64)
    shown: dict[int, set[int]] = {}
    gone: set[int] = set()
    seen: set[int] = set()
    for now_ns in range(BEGIN_NS, BEGIN_NS + 95 * S, S):
        state = tracker.advance(state, plots.take(
            (arrival_ns > now_ns - S) & (arrival_ns <= now_ns)), now_ns)
        tracks = tracker.picture(state, now_ns)
        live = tracks.take(tracks.state != TrackState.DROPPED)
        numbers = live.system_track_number.tolist()
        assert len(set(numbers)) == len(numbers) and min(numbers, default=1) > 0
        # Whoever was shown is there again, or told as dropped.
        dropped = set(tracks.system_track_number[tracks.state == TrackState.DROPPED].tolist())
        assert seen <= set(numbers) | dropped
        gone |= dropped
        seen = set(numbers)
        coded = live.has("mode_3a") & (live.update_count > 3)
        for number, code in zip(live.system_track_number[coded].tolist(),
                                live.mode_3a[coded].tolist(), strict=True):
            shown.setdefault(code, set()).add(number)
    assert len(shown) >= 8
    assert all(len(numbers) == 1 for numbers in shown.values()), shown


def test_two_tracks_that_prove_to_be_one_keep_the_number_on_the_screens() -> None:
    """An aircraft that was lost and found again is one track when what lay between arrives."""
    latitude, longitude = course(48.4, 8.0, 60.0, 230.0, np.arange(0, 60, 4.0))
    height = np.full(15, 9000.0)
    plots = looks(TWO[0], latitude, longitude, height, np.arange(0, 60, 4.0), mode_3a=1)
    # What came in time looks like an aircraft that was there for 8 s and 30 s later again.
    state = tracker.start(World.STUDY, 77, TWO)
    state = tracker.advance(state, plots.take(slice(0, 3)), BEGIN_NS + 10 * S)
    first = tracker.picture(state, state.now_ns).system_track_number.tolist()
    state = tracker.advance(state, plots.take(slice(10, 13)), BEGIN_NS + 49 * S)
    apart = tracker.picture(state, state.now_ns)
    second = apart.system_track_number[apart.state != TrackState.DROPPED].tolist()
    assert len(first) == 1 and len(second) == 1 and first != second
    state = tracker.advance(state, plots.take(slice(5, 10)), BEGIN_NS + 50 * S)
    state = tracker.advance(state, plots.take(slice(0, 0)), BEGIN_NS + 53 * S)
    after = tracker.picture(state, state.now_ns)
    assert after.take(after.state != TrackState.DROPPED).update_count.tolist() == [11]
    assert after.system_track_number[after.state != TrackState.DROPPED].tolist() == second


def test_who_keeps_a_number() -> None:
    """Shown before: 1 (serial 10), 2 (11) and 3 (12), and 4 (13) had been dropped. Tracked again,
    the plots of 10 and 11 are of one track, those of 12 of nobody; a new track has number 2."""
    state = tracker.start(World.STUDY, 77, TWO)
    old = make_tracks(4, len(state.tuning.models))
    old["state"], old["serial"], old["number"] = (2, 2, 2, 4), (10, 11, 12, 13), (1, 2, 3, 4)
    old["started_ns"] = (50, 40, 60, 10)
    plots = np.zeros(6, PLOT)
    plots["before"] = (10, 11, 12, 13, -1, 11)
    plots["serial"] = (20, 21, -1, 22, 23, 20)
    state.tracks["state"][:3] = CONFIRMED
    state.tracks["serial"][:3], state.tracks["number"][:3] = (20, 22, 23), (1, 3, 2)
    state.now_ns = 100
    keep_numbers(old, 4, state, plots)
    # 11 is the elder of two that are one; 22 had been shown as 4; 23 was never shown.
    assert state.tracks["number"][:3].tolist() == [2, 4, 5]
    assert state.gone["number"].tolist() == [1, 3]
    assert (state.gone["state"] == DROPPED).all() and (state.gone["dropped_ns"] == 100).all()
    told = tracker.picture(state, 100)
    assert told.system_track_number.tolist() == [1, 2, 3, 4, 5]
    assert [state != TrackState.DROPPED for state in told.state] == [False, True, False, True, True]


def test_a_late_plot_is_used_and_one_too_late_is_counted() -> None:
    times = np.arange(0.5, 100, 4.0)
    latitude, longitude = course(48.4, 8.0, 60.0, 230.0, times)
    plots = looks(TWO[0], latitude, longitude, np.full(len(times), 9000.0), times, mode_3a=1)
    missing = plots.take(np.arange(len(plots)) != 20)
    state = tracker.advance(tracker.start(World.STUDY, 77, TWO), missing, BEGIN_NS + 99 * S)
    before = tracker.picture(state, state.now_ns).update_count[0]
    state = tracker.advance(state, plots.take(slice(20, 21)), BEGIN_NS + 99 * S)
    state = tracker.advance(state, plots.take(slice(4, 5)), BEGIN_NS + 102 * S)
    tracks = tracker.picture(state, state.now_ns)
    assert tracks.update_count[0] == before + 1
    assert state.counts["late"] == 1
    end = course(48.4, 8.0, 60.0, 230.0, np.array([102.0]))
    assert off_m(tracks.latitude_rad[0], tracks.longitude_rad[0], end[0][0], end[1][0]) < 100


def test_with_no_patience_for_late_plots_nothing_is_kept() -> None:
    plots = crowd(TWO, 5, 40, seed=3)
    quick = tracker.start(World.STUDY, 77, TWO, Tuning(late_s_max=0.0))
    half = plots.time_ns <= BEGIN_NS + 20 * S
    quick = tracker.advance(quick, plots.take(half), BEGIN_NS + 20 * S)
    quick = tracker.advance(quick, plots.take(~half), BEGIN_NS + 40 * S)
    assert not quick.moments and quick.counts["late"] == 0
    assert len(quick.settled) == int((~half).sum()) - len(quick.pending)
    usual = in_order(plots.take(plots.time_ns <= BEGIN_NS + 40 * S))
    assert quick.counts["started"] == usual.counts["started"]
    quick = tracker.advance(quick, plots.take(half), BEGIN_NS + 41 * S)
    assert quick.counts["late"] == int(half.sum())


def test_every_plot_settles_once() -> None:
    """What registration and smoothing feed on: each plot, in order of time, with its last track."""
    plots = crowd(TWO, 6, 60, seed=8)
    lag = np.random.default_rng(2).uniform(0, 10, len(plots))
    arrival_ns = plots.time_ns + (lag * S).astype(np.int64)
    state, settled = tracker.start(World.STUDY, 77, TWO), []
    for now_ns in range(BEGIN_NS, BEGIN_NS + 130 * S, S):
        state = tracker.advance(state, plots.take(
            (arrival_ns > now_ns - S) & (arrival_ns <= now_ns)), now_ns)
        settled.append(state.settled)
    times = np.concatenate([part["time_ns"] for part in settled])
    assert (np.diff(times) >= 0).all()
    assert times.tolist() == sorted(plots.time_ns.tolist())


def test_a_lean_copy_goes_on_alike() -> None:
    """A checkpoint keeps one moment; what follows is the same to the byte."""
    plots = crowd(TWO, 6, 80, seed=9)
    lag = np.random.default_rng(3).uniform(0, 12, len(plots))
    arrival_ns = plots.time_ns + (lag * S).astype(np.int64)

    def fed(state: TrackerState, first_s: int, last_s: int) -> TrackerState:
        for now_ns in range(BEGIN_NS + first_s * S, BEGIN_NS + last_s * S, S):
            state = tracker.advance(state, plots.take(
                (arrival_ns > now_ns - S) & (arrival_ns <= now_ns)), now_ns)
        return state

    def bytes_of(state: TrackerState) -> bytes:
        tracks = tracker.picture(state, state.now_ns)
        return b"".join(getattr(tracks, col.name).tobytes() for col in columns_of(TrackBatch))

    state = fed(tracker.start(World.STUDY, 77, TWO), 0, 50)
    assert len(state.moments) > 6
    again = unpack(TrackerState, pack(lean(state)))
    assert len(again.moments) == 1
    assert bytes_of(fed(again, 50, 80)) == bytes_of(fed(tracker.copy(state), 50, 80))


def test_moments_are_few_and_reach_back_far_enough() -> None:
    plots = crowd(TWO, 3, 100, seed=2)
    state = tracker.start(World.STUDY, 77, TWO)
    for now_ns in range(BEGIN_NS, BEGIN_NS + 100 * S, S // 2):
        state = tracker.advance(state, plots.take(
            (plots.time_ns > now_ns - S // 2) & (plots.time_ns <= now_ns)), now_ns)
        ages_s = [(now_ns - moment.time_ns) / S for moment in state.moments]
        if now_ns >= BEGIN_NS + 40 * S:
            assert 30 <= ages_s[0] <= 46
        assert len(ages_s) <= 14
        assert ages_s[-1] < 1


@pytest.mark.parametrize("late_s_max", [-1.0, float("nan")])
def test_a_patience_must_be_a_number(late_s_max: float) -> None:
    with pytest.raises(Exception, match="late_s_max"):
        replace(Tuning(), late_s_max=late_s_max)

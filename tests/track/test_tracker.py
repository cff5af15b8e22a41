"""What a user of the tracker would notice."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jointsky.model.batch import columns_of
from jointsky.model.errors import ConfigProblem, WorldMismatch
from jointsky.model.schema import PlotBatch, PlotFlag, TrackBatch, TrackState
from jointsky.model.sensor import Sensor, SensorKind
from jointsky.model.world import World
from jointsky.track import tracker
from jointsky.track.arrays import CONFIRMED, PLOT
from jointsky.track.plots import in_order
from jointsky.track.tuning import Model, Tuning
from tests.track.scenes import BEGIN_NS, S, clutter, course, crowd, join, looks, off_m, radar, say

ADSB = Sensor(9, "ADS-B", SensorKind.ADSB, 0.0, 0.0, 0.0, 2.0, 0.0, 20.0, 0.0)
TWO = (radar(), radar(2, 47.4, 9.9, SensorKind.PSR, clutter=20.0))


def run(sensors, plots: PlotBatch, seconds: float, tuning: Tuning | None = None):
    """A tracker after all these plots."""
    return tracker.advance(tracker.start(World.STUDY, 77, sensors, tuning), plots,
                           int(BEGIN_NS + seconds * S))


def picture(state) -> TrackBatch:
    return tracker.picture(state, state.now_ns)


def bytes_of(tracks: TrackBatch) -> bytes:
    return b"".join(getattr(tracks, col.name).tobytes() for col in columns_of(TrackBatch))


def one_aircraft(sensor: Sensor, seconds: float, *, heading: float = 60.0, speed: float = 230.0,
                 place: tuple[float, float] = (48.4, 8.0), height: float = 9000.0, seed: int = 1,
                 noisy: bool = True, **more):
    """Its plots, one per period, and where it is at the end (degrees)."""
    times = np.arange(0.5, seconds, sensor.period_s)
    latitude, longitude = course(*place, heading, speed, times)
    plots = looks(sensor, latitude, longitude, np.full(len(times), height), times,
                  np.random.default_rng(seed) if noisy else None, **more)
    end = course(*place, heading, speed, np.array([seconds]))
    return plots, (float(end[0][0]), float(end[1][0]))


def test_an_aircraft_is_followed() -> None:
    plots, end = one_aircraft(TWO[0], 120, mode_3a=0o1234, address=0x4B1234)
    tracks = picture(run(TWO[:1], plots, 120))
    assert len(tracks) == 1
    assert off_m(tracks.latitude_rad[0], tracks.longitude_rad[0], *end) < 120
    assert math.hypot(tracks.velocity_east_ms[0], tracks.velocity_north_ms[0]) == pytest.approx(
        230, abs=6)
    assert abs(tracks.mode_c_m[0] - 9000) < 10 and abs(tracks.vertical_rate_ms[0]) < 1
    assert (tracks.mode_3a[0], tracks.icao_address[0]) == (0o1234, 0x4B1234)
    assert tracks.unit_id[0] == 77 and tracks.state[0] == TrackState.CONFIRMED
    assert tracks.update_count[0] == len(plots)
    assert tracks.sensors[0] == 1
    assert tracks.started_ns[0] == plots.time_ns[0] and tracks.updated_ns[0] == plots.time_ns[-1]
    assert tracks.manoeuvre[0] < 0.3


@pytest.mark.parametrize("place", [(51.0, 179.9), (-20.0, -179.95), (89.0, 30.0), (-0.01, 0.0)])
def test_nothing_breaks_at_the_date_line_the_pole_or_the_equator(
        place: tuple[float, float]) -> None:
    """Flying over it, for 100 km: no loss, no number change, the right place."""
    sensor = radar(1, place[0] + (0.5 if place[0] < 88 else -0.5), place[1])
    times = np.arange(0, 480, 4.0)
    latitude, longitude = course(*place, 80.0, 240.0, times)
    plots = looks(sensor, latitude, longitude, np.full(len(times), 10_000.0), times)
    state = tracker.start(World.STUDY, 1, (sensor,))
    for k in range(len(times)):
        now_ns = int(plots.time_ns[k]) + S
        state = tracker.advance(state, plots.take(slice(k, k + 1)), now_ns)
        tracks = tracker.picture(state, int(plots.time_ns[k]))
        if k > 5:
            assert len(tracks) == 1 and tracks.system_track_number[0] == 1
            assert off_m(tracks.latitude_rad[0], tracks.longitude_rad[0], latitude[k],
                         longitude[k]) < 30


def test_the_same_input_gives_the_same_bytes() -> None:
    plots = crowd(TWO, 15, 60, seed=4)
    one, two = run(TWO, plots, 60), run(TWO, plots, 60)
    assert one.tracks.tobytes() == two.tracks.tobytes()
    assert one.counters.tobytes() == two.counters.tobytes()
    assert bytes_of(picture(one)) == bytes_of(picture(two))


@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.floats(0, 60), max_size=12), shuffled=st.integers(0, 9))
def test_how_plots_are_dealt_out_to_calls_does_not_matter(cuts: list[float],
                                                          shuffled: int) -> None:
    """One call or many, in or out of order within a call: the same bytes."""
    plots = crowd(TWO, 10, 60, seed=4)
    whole = run(TWO, plots, 60)
    state, begin = tracker.start(World.STUDY, 77, TWO), 0
    rng = np.random.default_rng(shuffled)
    for now_s in [*sorted(cuts), 60.0]:
        end = int(np.searchsorted(plots.time_ns, BEGIN_NS + now_s * S, side="right"))
        part = plots.take(rng.permutation(np.arange(begin, end)))
        state, begin = tracker.advance(state, part, int(BEGIN_NS + now_s * S)), end
    assert state.tracks.tobytes() == whole.tracks.tobytes()
    assert bytes_of(tracker.picture(state, whole.now_ns)) == bytes_of(picture(whole))


def test_the_picture_uses_no_plot_of_its_future() -> None:
    plots = crowd(TWO, 10, 60, seed=8)
    early = plots.take(plots.time_ns <= BEGIN_NS + 30 * S)
    state = run(TWO, early, 30)
    alone = bytes_of(picture(state))
    assert len(picture(state)) >= 9
    state = tracker.advance(tracker.start(World.STUDY, 77, TWO), plots, BEGIN_NS + 30 * S)
    assert bytes_of(picture(state)) == alone


def test_a_copy_goes_its_own_way() -> None:
    plots = crowd(TWO, 5, 60, seed=2)
    early, rest = (plots.take(plots.time_ns <= BEGIN_NS + 30 * S),
                   plots.take(plots.time_ns > BEGIN_NS + 30 * S))
    state = run(TWO, early, 30)
    kept = tracker.copy(state)
    before = bytes_of(picture(kept))
    tracker.advance(state, rest, BEGIN_NS + 60 * S)
    assert bytes_of(picture(kept)) == before
    again = tracker.advance(kept, rest, BEGIN_NS + 60 * S)
    assert bytes_of(picture(again)) == bytes_of(picture(run(TWO, plots, 60)))


def test_settled_plots_tell_whose_they_are() -> None:
    """Serial and system track number of the track that took each; 0 while it was tentative."""
    state = run(TWO[:1], one_aircraft(TWO[0], 60)[0], 60)
    track = state.tracks[state.tracks["state"] == 2][0]
    assert (state.settled["serial"] == track["serial"]).all()
    confirmed = state.settled["number"] > 0
    assert 0 < np.argmax(confirmed) < 5 and confirmed[np.argmax(confirmed):].all()
    assert (state.settled["number"][confirmed] == track["number"]).all()


def test_one_aircraft_seen_by_many_is_one_track() -> None:
    """Three radars, a primary one among them, and ADS-B."""
    sensors = (*TWO, radar(3, 48.9, 7.1, period_s=6.0), ADSB)
    parts = [one_aircraft(one, 180, seed=one.sensor_id, mode_3a=None
                          if one.kind == SensorKind.PSR else 0o4321)[0] for one in sensors]
    tracks = picture(run(sensors, join(*parts), 180))
    assert len(tracks) == 1
    assert tracks.sensors[0] == 0b1111


def test_primary_alone_is_followed_through_clutter() -> None:
    sensor = radar(2, kind=SensorKind.PSR, clutter=40.0, max_range_m=220_000.0)
    plots, end = one_aircraft(sensor, 120)
    state = run((sensor,), join(plots, clutter(sensor, 40.0, 120, np.random.default_rng(3))), 120)
    tracks = picture(state)
    near = [off_m(a, o, *end) < 800
            for a, o in zip(tracks.latitude_rad, tracks.longitude_rad, strict=True)]
    assert sum(near) == 1
    assert not tracks.has("mode_c_m").any() and not tracks.has("mode_3a").any()


def test_clutter_alone_makes_no_lasting_track() -> None:
    sensor = radar(2, kind=SensorKind.PSR, clutter=40.0, max_range_m=220_000.0)
    plots = clutter(sensor, 40.0, 600, np.random.default_rng(5))
    state = tracker.start(World.STUDY, 1, (sensor,))
    shown = 0
    for k in range(1, 151):
        now_ns = BEGIN_NS + 4 * k * S
        inside = (plots.time_ns > now_ns - 4 * S) & (plots.time_ns <= now_ns)
        state = tracker.advance(state, plots.take(inside), now_ns)
        shown += int((tracker.picture(state, now_ns).state != TrackState.DROPPED).sum())
    assert len(plots) > 5000
    assert shown / 150 < 0.4


def test_a_miss_counts_only_where_the_radar_could_see() -> None:
    """In full view a lost aircraft is soon given up; below the horizon it is held for long."""
    sensor = radar(height_m=100.0)
    in_view = dropped_after(sensor, height=9000.0)
    hidden = dropped_after(sensor, height=300.0)
    assert in_view < 25
    assert hidden > 2 * in_view


def dropped_after(sensor: Sensor, height: float) -> float:
    """Seconds from the last plot of an aircraft 150 km away to the drop of its track. Another
    aircraft is seen all along, so the radar is known to turn."""
    plots, _ = one_aircraft(sensor, 80, place=(48.0, 11.0), heading=0.0, speed=100,
                            height=height, mode_3a=1)
    other, _ = one_aircraft(sensor, 300, place=(48.8, 8.4), mode_3a=2, seed=9)
    together, state = join(plots, other), tracker.start(World.STUDY, 1, (sensor,))
    last = None
    for k in range(1, 300):
        now_ns = BEGIN_NS + k * S
        inside = (together.time_ns > now_ns - S) & (together.time_ns <= now_ns)
        state = tracker.advance(state, together.take(inside), now_ns)
        shown = tracker.picture(state, now_ns)
        if ((shown.state != TrackState.DROPPED) & (shown.mode_3a == 1)).any():
            last = k
    assert last is not None and last > 79
    return last - 80.0


def test_a_sensor_that_falls_silent_takes_no_track_with_it() -> None:
    """No plot from anyone: the radar is down, and its tracks coast instead of being disproved."""
    plots, _ = one_aircraft(TWO[0], 100, mode_3a=1)
    state = run(TWO[:1], plots, 100)
    state = tracker.advance(state, PlotBatch.empty(World.STUDY), BEGIN_NS + 130 * S)
    tracks = picture(state)
    assert len(tracks) == 1 and tracks.state[0] == TrackState.COASTING
    state = tracker.advance(state, PlotBatch.empty(World.STUDY), BEGIN_NS + 400 * S)
    assert not (picture(state).state != TrackState.DROPPED).any()


def test_a_dropped_track_is_told_once() -> None:
    plots, _ = one_aircraft(TWO[0], 100, mode_3a=1)
    state = run(TWO[:1], plots, 100)
    told = []
    for k in range(1, 100):
        now_ns = BEGIN_NS + (100 + k) * S
        state = tracker.advance(state, PlotBatch.empty(World.STUDY), now_ns)
        told += tracker.picture(state, now_ns).state.tolist()
    assert told.count(TrackState.DROPPED) == 1 and told[-1] == TrackState.DROPPED


def test_a_garbled_code_or_height_neither_loses_nor_changes_the_track() -> None:
    plots, end = one_aircraft(TWO[0], 160, mode_3a=0o1234)
    plots.mode_3a[20] = 0o7777
    plots.mode_c_m[25] = 400.0
    tracks = picture(run(TWO[:1], plots, 160))
    assert len(tracks) == 1
    assert tracks.mode_3a[0] == 0o1234
    assert abs(tracks.mode_c_m[0] - 9000) < 10
    assert off_m(tracks.latitude_rad[0], tracks.longitude_rad[0], *end) < 150


def test_a_changed_code_is_taken_over() -> None:
    plots, _ = one_aircraft(TWO[0], 200, mode_3a=0o1234)
    plots.mode_3a[25:] = 0o4567
    tracks = picture(run(TWO[:1], plots, 200))
    assert len(tracks) == 1 and tracks.mode_3a[0] == 0o4567


def test_two_aircraft_of_one_code_are_two_tracks() -> None:
    """Crossing at one height, 1.5 km apart at the closest."""
    first, end_1 = one_aircraft(TWO[0], 200, place=(48.3, 9.5), heading=90.0, mode_3a=0o2000)
    second, end_2 = one_aircraft(TWO[0], 200, place=(48.3135, 10.10), heading=270.0,
                                 mode_3a=0o2000, seed=6)
    tracks = picture(run(TWO[:1], join(first, second), 200))
    assert len(tracks) == 2
    for end in (end_1, end_2):
        assert min(off_m(a, o, *end) for a, o in zip(
            tracks.latitude_rad, tracks.longitude_rad, strict=True)) < 200


def test_addresses_keep_close_aircraft_apart() -> None:
    """Side by side, 400 m apart, inside each other's gate all the time: no number changes."""
    first, _ = one_aircraft(ADSB, 200, place=(48.3, 9.5), heading=90.0, address=0x111111)
    second, _ = one_aircraft(ADSB, 200, place=(48.3036, 9.5), heading=90.0, address=0x222222,
                             seed=6)
    tracks = picture(run((ADSB,), join(first, second), 200))
    assert sorted(tracks.icao_address.tolist()) == [0x111111, 0x222222]
    assert tracks.update_count.tolist() == [len(first), len(second)]


def test_ads_b_needs_no_configured_sensor_and_gives_velocity_at_once() -> None:
    plots, end = one_aircraft(ADSB, 6, address=0xABCDEF)
    say(plots, "velocity_east_ms", 230 * math.sin(math.radians(60)))
    say(plots, "velocity_north_ms", 230 * math.cos(math.radians(60)))
    state = run((), plots, 6)
    tracks = picture(state)
    assert [sensor.kind for sensor in state.sensors] == [SensorKind.ADSB]
    assert len(tracks) == 1
    assert math.hypot(tracks.velocity_east_ms[0], tracks.velocity_north_ms[0]) == pytest.approx(
        230, abs=5)
    assert off_m(tracks.latitude_rad[0], tracks.longitude_rad[0], *end) < 60


def test_known_bias_is_taken_off() -> None:
    plots, end = one_aircraft(TWO[0], 120, noisy=False)
    plots.range_m[:] += 400.0
    plots.azimuth_rad[:] += math.radians(0.3)
    told = replace(TWO[0], range_bias_m=400.0, azimuth_bias_rad=math.radians(0.3))
    wrong, right = (picture(run((one,), plots, 120)) for one in (TWO[0], told))
    assert off_m(wrong.latitude_rad[0], wrong.longitude_rad[0], *end) > 300
    assert off_m(right.latitude_rad[0], right.longitude_rad[0], *end) < 30


def test_rows_that_cannot_be_used_are_counted_and_hurt_no_others() -> None:
    good, end = one_aircraft(TWO[0], 60, mode_3a=1)
    bad = good.take(np.arange(8))
    bad.sensor_id[0] = 999
    bad.range_m[1] = np.nan
    bad.range_m[2] = -5.0
    bad.range_m[3] = 0.0
    bad.azimuth_rad[4] = np.inf
    bad.present[5] &= ~PlotBatch.bit("range_m")
    bad.flags[6] |= PlotFlag.TEST
    bad.time_ns[7] += 86_400 * S
    state = run(TWO[:1], join(good, bad), 60)
    assert {name: count for name, count in state.counts.items() if count} == {
        "unknown_sensor": 1, "bad_value": 4, "no_position": 1, "not_aircraft": 1, "clock": 1,
        "started": 1}
    alone = run(TWO[:1], good, 60)
    assert bytes_of(picture(state)) == bytes_of(picture(alone))
    assert off_m(picture(state).latitude_rad[0], picture(state).longitude_rad[0], *end) < 200


def test_worlds_do_not_mix() -> None:
    state = tracker.start(World.LIVE, 1, TWO)
    with pytest.raises(WorldMismatch):
        tracker.advance(state, PlotBatch.empty(World.EXERCISE), BEGIN_NS)


def test_a_sensor_may_come_later_and_better_known() -> None:
    plots, _ = one_aircraft(TWO[0], 60, mode_3a=1)
    state = run(TWO[1:], plots, 30)
    assert state.counts["unknown_sensor"] == len(plots)
    state = tracker.with_sensors(state, TWO[:1])
    assert [one.sensor_id for one in state.sensors] == [2, 1]
    state = tracker.advance(state, plots, BEGIN_NS + 60 * S)
    assert len(picture(state)) == 1 and picture(state).sensors[0] == 0b10
    better = replace(TWO[0], sigma_range_m=20.0)
    state = tracker.with_sensors(state, (better,))
    assert state.sensors == (TWO[1], better)
    assert state.table["sigma_range_m"].tolist() == [TWO[1].sigma_range_m, 20.0]
    assert len(picture(state)) == 1


def test_more_tracks_than_room_at_first() -> None:
    """The store grows: 600 aircraft in one scan or two."""
    rng = np.random.default_rng(2)
    times = np.array([1.0, 3.0, 5.0, 7.0])
    parts = []
    for number in range(600):
        latitude, longitude = course(46.5 + 3 * rng.random(), 7 + 4 * rng.random(), 0, 200, times)
        parts.append(looks(ADSB, latitude, longitude, np.full(4, 9000.0), times, None,
                           address=number + 1))
    state = run((ADSB,), join(*parts), 8)
    tracks = picture(state)
    assert len(tracks) == 600
    assert len(set(tracks.system_track_number.tolist())) == 600
    assert state.counts["overflow"] == 0 and len(state.tracks) > tracker.SLOTS_FIRST


def test_a_track_knows_nothing_of_the_one_before_it_in_its_slot() -> None:
    """Free slots full of rubbish, as a long day leaves them, give the same tracks to the byte."""
    plots = crowd(TWO, 5, 60, seed=4)
    clean, used = (tracker.start(World.STUDY, 77, TWO) for _ in range(2))
    for name in used.tracks.dtype.names:
        if name != "state":
            used.tracks[name] = 77
    for state in (clean, used):
        tracker.advance(state, plots, int(BEGIN_NS + 60 * S))
    live = clean.tracks["state"] == CONFIRMED
    assert live.sum() >= 4
    assert used.tracks[live].tobytes() == clean.tracks[live].tobytes()


def test_the_limit_of_tracks_is_kept_and_counted() -> None:
    sensor = radar(2, kind=SensorKind.PSR)
    plots = clutter(sensor, 3000.0, 8, np.random.default_rng(1))
    state = run((sensor,), plots, 8, Tuning(tracks_max=500))
    assert len(state.tracks) == 500
    assert state.counts["overflow"] > 1000
    assert state.counts["started"] + state.counts["overflow"] <= len(plots)


def test_position_and_velocity_errors_are_what_the_covariance_says() -> None:
    """Mean NEES of straight flights lies within the 95 % bounds for its mean, widened by the
    process noise that straight flight does not use (the filter may be careful, not bold)."""
    total, n = 0.0, 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        place, heading = (47.6 + rng.random(), 8 + 2 * rng.random()), rng.uniform(0, 360)
        plots, end = one_aircraft(TWO[0], 150, place=place, heading=heading, seed=seed)
        tracks = picture(run(TWO[:1], plots, 150))
        assert len(tracks) == 1
        error = np.array([
            (tracks.longitude_rad[0] - math.radians(end[1])) * math.cos(math.radians(end[0])),
            tracks.latitude_rad[0] - math.radians(end[0])]) * 6.378e6
        ee, en, _, _, nn = tracks.covariance[0, :5]
        total += float(error @ np.linalg.solve(np.array([[ee, en], [en, nn]]), error))
        n += 1
    # Mean of n chi-square of 2 degrees of freedom: 2 +- 1.96 * 2 / sqrt(n).
    assert total / n < 2 + 1.96 * 2 / math.sqrt(n)
    assert total / n > 0.5


def test_a_tuning_that_makes_no_sense_is_refused_with_all_its_faults() -> None:
    with pytest.raises(ConfigProblem) as refused:
        Tuning(models=(Model(0, -1, 60),), confirm=1.5, gate_sigma=0, bucket_s=0.3)
    assert len(refused.value.faults) == 4


def test_every_setting_stands_on_the_page_with_its_default() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "tracking.md").read_text()
    absent = [item.name for item in fields(Tuning) if item.name != "models"
              and f"| `{item.name}` | {getattr(Tuning(), item.name)} |" not in page]
    assert not absent
    for model in Tuning().models:
        assert f"{abs(model.turn_deg_s):g}, {model.noise:g}, {model.share:g})" in page


@pytest.mark.parametrize("shuffled", [0, 3, 400])
def test_ready_plots_are_in_order_however_they_come(shuffled: int) -> None:
    rng = np.random.default_rng(shuffled)
    plots = np.zeros(400, PLOT)
    plots["time_ns"] = np.sort(rng.integers(0, 80, 400))
    plots["sensor"], plots["point"] = rng.integers(0, 3, 400), rng.integers(0, 2, (400, 3))
    plots["code"] = np.arange(400)
    if shuffled:
        rows = rng.choice(400, shuffled, replace=False)
        plots[np.sort(rows)] = plots[rows]
    point = plots["point"]
    expected = plots[np.lexsort((point[:, 2], point[:, 1], point[:, 0], plots["sensor"],
                                 plots["time_ns"]))]["code"].tolist()
    assert in_order(plots)["code"].tolist() == expected

"""Smoothed tracks: what a reader of a recording would notice."""

from __future__ import annotations

import numpy as np
import pytest

from jointsky.model.schema import PlotBatch, TrackState
from jointsky.model.sensor import SensorKind
from jointsky.model.world import World
from jointsky.track import tracker
from jointsky.track.smooth import History, Smoothed
from tests.track.scenes import BEGIN_NS, GEOD, S, crowd, join, looks, radar

SSR, PSR = radar(), radar(2, 47.4, 9.9, SensorKind.PSR, max_range_m=200_000.0, clutter=20.0)


def follow(sensors, plots: PlotBatch, seconds: float, step_s: float = 4.0,
           ) -> tuple[Smoothed, list]:
    """Smoothed rows, and (time s, tracks) of every picture, of a tracker fed step by step."""
    state, history, pictures = tracker.start(World.STUDY, 7, sensors), History(), []
    grid = BEGIN_NS + np.arange(0, seconds + step_s / 2, step_s) * S
    before_ns = 0
    for now_ns in grid.astype(np.int64).tolist():
        due = plots.take((plots.time_ns > before_ns) & (plots.time_ns <= now_ns))
        state, before_ns = tracker.advance(state, due, now_ns), now_ns
        history.add(state)
        pictures.append(((now_ns - BEGIN_NS) / S, tracker.picture(state, now_ns)))
    return history.smoothed(grid.astype(np.int64)), pictures


def path(times: np.ndarray, turn_deg_s: float = 3.0, place=(48.6, 8.2),
         height: float = 8000.0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Straight on, a turn from 60 to 100 s, straight on, climbing from 80 s: degrees, m, deg."""
    fine = np.arange(0, times.max() + 0.05, 0.05)
    course = 40 + turn_deg_s * np.clip(fine - 60, 0, 40)
    way = 220 * 0.05
    east = np.concatenate([[0], np.cumsum(way * np.sin(np.radians(course)))[:-1]])
    north = np.concatenate([[0], np.cumsum(way * np.cos(np.radians(course)))[:-1]])
    lon, lat, _ = GEOD.fwd(np.full(len(fine), place[1]), np.full(len(fine), place[0]),
                           np.degrees(np.arctan2(east, north)), np.hypot(east, north))
    at = np.rint(times / 0.05).astype(int)
    # Azimuthal coordinates at the start: right in place; course turns with the meridian.
    return (np.asarray(lat)[at], np.asarray(lon)[at],
            height + 10 * np.clip(times - 80, 0, None), course[at])


def turning(sensor, seconds: float, seed: int, **more) -> PlotBatch:
    times = np.round(np.arange(0.5 + sensor.sensor_id, seconds, sensor.period_s), 2)
    latitude, longitude, height, _ = path(times)
    return looks(sensor, latitude, longitude, height, times, np.random.default_rng(seed), **more)


def errors(time_s, latitude_rad, longitude_rad) -> np.ndarray:
    latitude, longitude, _, _ = path(np.asarray(time_s, float))
    return np.asarray(GEOD.inv(np.degrees(longitude_rad), np.degrees(latitude_rad), longitude,
                               latitude)[2])


@pytest.fixture(scope="module")
def scene():
    """One aircraft in a turn before two radars, 160 s, twelve times."""
    found = []
    for seed in range(12):
        plots = join(turning(SSR, 160, seed, mode_3a=1), turning(PSR, 160, seed + 100))
        found.append(follow((SSR, PSR), plots, 160))
    return found


def test_smoothed_is_nearer_to_the_truth_than_live(scene) -> None:
    live, smooth, speed_live, speed_smooth = [], [], [], []
    for rows, pictures in scene:
        for time_s, tracks in pictures:
            if time_s >= 24 and len(tracks):
                live.append(errors([time_s], tracks.latitude_rad[:1], tracks.longitude_rad[:1])[0])
                speed_live.append(np.hypot(tracks.velocity_east_ms[0],
                                           tracks.velocity_north_ms[0]) - 220)
        time_s = (rows.time_ns - BEGIN_NS) / S
        kept = time_s >= 24
        smooth += errors(time_s, rows.latitude_rad, rows.longitude_rad)[kept].tolist()
        speed_smooth += (np.hypot(rows.east_ms, rows.north_ms) - 220)[kept].tolist()
    def rms(values) -> float:
        return float(np.sqrt(np.mean(np.square(values))))
    assert len(smooth) >= len(live)
    assert rms(smooth) < 0.75 * rms(live)
    assert rms(speed_smooth) < 0.6 * rms(speed_live)


def test_rows_lie_within_the_life_of_a_track(scene) -> None:
    for rows, pictures in scene:
        time_s = (rows.time_ns - BEGIN_NS) / S
        assert len(set(rows.number.tolist())) == 1
        assert rows.number[0] == pictures[-1][1].system_track_number[0]
        # From the first plot, long before it was confirmed, without a gap, to the end.
        first = min(1.5, 2.5)
        np.testing.assert_array_equal(time_s, np.arange(np.ceil(first / 4) * 4, 161, 4))


def test_a_track_ends_with_its_last_plot() -> None:
    """The live track coasts on for many seconds; the smoothed one knows that nothing came."""
    plots = turning(SSR, 100, 3)
    rows, pictures = follow((SSR,), plots, 200)
    last_s = (plots.time_ns[-1] - BEGIN_NS) / S
    coasting = [time_s for time_s, tracks in pictures
                if len(tracks) and tracks.state[0] != TrackState.DROPPED]
    assert max(coasting) > last_s + 4
    assert (rows.time_ns <= plots.time_ns[-1]).all()
    assert (rows.time_ns[-1] - BEGIN_NS) / S > last_s - 4


def test_heights_are_smoothed_and_known_from_the_start() -> None:
    """Primary plots before the transponder answers get the height said later; a climb is met."""
    ssr = turning(SSR, 160, 5)
    late = ssr.take(ssr.time_ns > BEGIN_NS + 20 * S)
    rows, _ = follow((SSR, PSR), join(late, turning(PSR, 160, 6)), 160)
    time_s = (rows.time_ns - BEGIN_NS) / S
    height = path(time_s)[2]
    assert time_s[0] <= 8 and np.isfinite(rows.height_m).all()
    assert np.sqrt(np.mean((rows.height_m - height) ** 2)) < 12
    # The same without any transponder: nobody knows.
    rows, _ = follow((PSR,), turning(PSR, 160, 6), 160)
    assert len(rows.height_m) and np.isnan(rows.height_m).all()


def test_another_grid_gives_the_same_states() -> None:
    plots = turning(SSR, 120, 9)
    whole, _ = follow((SSR,), plots, 120, 4.0)
    fine, _ = follow((SSR,), plots, 120, 1.0)
    place = np.searchsorted(fine.time_ns, whole.time_ns)
    for name in ("time_ns", "latitude_rad", "longitude_rad", "height_m", "north_ms", "east_ms"):
        np.testing.assert_array_equal(getattr(fine, name)[place], getattr(whole, name))


@pytest.mark.parametrize("place", [(51.0, 179.9), (-20.0, -179.95), (89.0, 30.0), (0.0, 0.0)])
def test_nothing_breaks_at_the_date_line_the_pole_or_the_equator(
        place: tuple[float, float]) -> None:
    sensor = radar(1, place[0] - 0.4, place[1])
    times = np.round(np.arange(0.5, 140, 4.0), 2)
    latitude, longitude, height, _ = path(times, place=place)
    plots = looks(sensor, latitude, longitude, height, times, np.random.default_rng(2))
    rows, _ = follow((sensor,), plots, 140)
    latitude, longitude, _, _ = path((rows.time_ns - BEGIN_NS) / S, place=place)
    off = GEOD.inv(np.degrees(rows.longitude_rad), np.degrees(rows.latitude_rad), longitude,
                   latitude)[2]
    assert len(rows.time_ns) >= 34 and np.max(off) < 250


def test_a_crowd_is_smoothed_track_by_track_the_same_every_time() -> None:
    sensors = (SSR, PSR)
    plots = crowd(sensors, 8, 100, seed=4)
    rows, pictures = follow(sensors, plots, 100)
    shown = {number for _, tracks in pictures for number in tracks.system_track_number.tolist()}
    assert set(rows.number.tolist()) == shown
    order = np.lexsort((rows.number, rows.time_ns))
    np.testing.assert_array_equal(order, np.arange(len(order)))
    again, _ = follow(sensors, plots, 100)
    assert all(getattr(rows, name).tobytes() == getattr(again, name).tobytes()
               for name in Smoothed.__dataclass_fields__)


def test_no_plots_give_no_rows() -> None:
    rows, _ = follow((SSR,), PlotBatch.empty(World.STUDY), 20)
    assert all(len(getattr(rows, name)) == 0 for name in Smoothed.__dataclass_fields__)

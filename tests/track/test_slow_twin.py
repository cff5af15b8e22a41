"""The compiled tracker and its slow twin give the same tracks."""

from __future__ import annotations

import numpy as np
import pytest

from jointsky.model.schema import PlotFlag, TrackState
from jointsky.model.sensor import Sensor, SensorKind
from jointsky.model.world import World
from jointsky.track import tracker
from jointsky.track.learned import INFORMATION, LOG_FACTOR
from jointsky.track.state import TrackerState
from jointsky.track.tuning import Tuning
from tests.oracles.tracking import SlowTracker, geodetic
from tests.track.scenes import BEGIN_NS, S, crowd, radar
from tests.track.test_scenes import Flight, crossing, seen_by

ADSB = Sensor(9, "ADS-B", SensorKind.ADSB, 0.0, 0.0, 0.0, 2.0, 0.0, 20.0, 0.0)
SCENES = {
    "one SSR": (radar(),),
    "SSR and PSR": (radar(clutter=8.0), radar(2, 47.4, 9.9, SensorKind.PSR, max_range_m=200_000.0,
                                              clutter=20.0, sigma_azimuth_rad=0.003)),
    "SSR, PSR and ADS-B": (radar(), radar(2, 48.3, 8.2, SensorKind.PSR, period_s=6.0), ADSB),
}


@pytest.mark.parametrize("name", SCENES)
def test_the_same_tracks_as_the_slow_twin(name: str) -> None:
    sensors, seconds = SCENES[name], 60.0
    plots = crowd(sensors, 8, seconds, seed=len(name))
    plots.flags[plots.has("mode_3a") & (plots.mode_3a == 65)] |= np.uint16(PlotFlag.ON_GROUND)
    tuning = Tuning(bucket_s=0.5, registration_s=0.0)
    now_ns = int(BEGIN_NS + seconds * S)
    state = tracker.advance(tracker.start(World.STUDY, 1, sensors, tuning), plots, now_ns)
    slow = SlowTracker(sensors, tuning)
    slow.run(plots, now_ns)
    assert (state.tracks["state"] == 2).sum() >= 7, "the scene is worth tracking"
    compare(state, slow, now_ns)


def test_the_same_where_tracks_are_close() -> None:
    """Pairs side by side and a crossing, primary radars that miss one in four: shared plots."""
    near = [Flight((48.3 + 0.1 * (k // 2) + 0.002 * (k % 2), 8.0), 80.0) for k in range(8)]
    sensors = tuple(radar(k, 48.0 - 0.3 * k, 9.0, SensorKind.PSR, period_s=3.0 + k,
                          max_range_m=200_000.0, sigma_azimuth_rad=0.003) for k in (1, 2))
    plots = seen_by(sensors, near + crossing(10.0, False), 120, 3, 0.75)
    tuning = Tuning(bucket_s=0.5, registration_s=0.0, joint_sure=0.99)
    now_ns = int(BEGIN_NS + 120 * S)
    state = tracker.advance(tracker.start(World.STUDY, 1, sensors, tuning), plots, now_ns)
    slow = SlowTracker(sensors, tuning)
    slow.run(plots, now_ns)
    assert slow.shared >= 5, "the scene is worth tracking"
    compare(state, slow, now_ns)


def compare(state: TrackerState, slow: SlowTracker, now_ns: int) -> None:
    assert (slow.restless_known > 0).any()
    np.testing.assert_allclose(state.switching[:, LOG_FACTOR], slow.restless, rtol=1e-4, atol=1e-9)
    np.testing.assert_allclose(state.switching[:, INFORMATION], slow.restless_known, rtol=1e-4)
    fast = state.tracks[np.isin(state.tracks["state"], (1, 2))]
    assert len(fast) == len(slow.tracks)
    by_start = {(one.started_ns, one.hits): one for one in slow.tracks}
    assert len(by_start) == len(slow.tracks)
    for one in fast:
        other = by_start[int(one["started_ns"]), int(one["hits"])]
        assert one["number"] == other.number
        assert one["odds"] == pytest.approx(other.odds, abs=1e-5)
        assert np.linalg.norm(one["origin"] - other.origin) < 1e-3
        np.testing.assert_allclose(one["mean"], other.mean, atol=1e-3)
        np.testing.assert_allclose(one["mu"], other.mu, atol=1e-6)
        if other.guess is not None:
            np.testing.assert_allclose(one["guess"], other.guess[0], atol=1e-2)
            np.testing.assert_allclose(one["guess_p"], other.guess[1], rtol=1e-5, atol=1e-2)
        if other.height is not None:
            np.testing.assert_allclose(one["height"], other.height, atol=1e-6)

    picture = tracker.picture(state, now_ns)
    picture = picture.take(picture.state != TrackState.DROPPED)
    for row, number in enumerate(picture.system_track_number.tolist()):
        other = next(one for one in slow.tracks if one.number == number)
        latitude, longitude, _ = geodetic(other.point((now_ns - other.time_ns) * 1e-9))
        # The picture turns each model on; the twin goes straight on with the mean.
        assert abs(picture.latitude_rad[row] - latitude) * 6.37e6 < 100
        assert abs(picture.longitude_rad[row] - longitude) * 6.37e6 < 100

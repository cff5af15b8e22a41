"""Aircraft that do not tell their height: primary radars only."""

from __future__ import annotations

import math

import numpy as np

from jointsky.model.sensor import SensorKind
from jointsky.model.world import World
from jointsky.track import tracker
from tests.track.scenes import BEGIN_NS, S, course, join, looks, off_m, radar

AROUND = tuple(radar(number, latitude, longitude, SensorKind.PSR, period_s=period)
               for number, latitude, longitude, period in (
                   (1, 48.0, 9.0, 4.0), (2, 48.9, 9.3, 5.0), (3, 48.3, 10.3, 6.0)))
HEIGHT_M, SECONDS = 11_500.0, 160.0


def followed(sensors, seed: int):
    """The one track of a silent aircraft between the radars, and how far off it is shown."""
    parts, rng = [], np.random.default_rng(seed)
    for sensor in sensors:
        times = np.arange(rng.uniform(0, 3), SECONDS, sensor.period_s)
        latitude, longitude = course(48.25, 9.2, 60.0, 200.0, times)
        parts.append(looks(sensor, latitude, longitude, np.full(len(times), HEIGHT_M), times, rng))
    now_ns = int(BEGIN_NS + SECONDS * S)
    state = tracker.advance(tracker.start(World.STUDY, 1, sensors), join(*parts), now_ns)
    shown = tracker.picture(state, now_ns)
    assert len(shown) == 1
    end = course(48.25, 9.2, 60.0, 200.0, np.array([SECONDS]))
    track = state.tracks[state.tracks["state"] == 2][0]
    return track, off_m(shown.latitude_rad[0], shown.longitude_rad[0], float(end[0][0]),
                        float(end[1][0]))


def test_three_radars_tell_height_and_place_and_know_how_well() -> None:
    off_sigmas, errors = [], []
    for seed in range(12):
        track, error_m = followed(AROUND, seed)
        sigma = math.sqrt(track["guess_p"][4, 4])
        assert sigma < 700
        off_sigmas.append((track["guess"][4] - HEIGHT_M) / sigma)
        errors.append(error_m)
    # 12 normal deviates: mean square below the 99.9 % point of chi-square.
    assert np.mean(np.square(off_sigmas)) < 2.75
    assert np.sqrt(np.mean(np.square(errors))) < 90


def test_one_radar_alone_claims_nothing() -> None:
    track, _ = followed(AROUND[:1], 1)
    assert math.sqrt(track["guess_p"][4, 4]) > 2000

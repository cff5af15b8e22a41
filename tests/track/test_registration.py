"""Registration: biases of sensors from the aircraft that they see in common."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from jointsky.model.schema import PlotBatch
from jointsky.model.sensor import Sensor, SensorKind
from jointsky.model.world import World
from jointsky.track import registration, tracker
from jointsky.track.estimates import estimates_of
from jointsky.track.registration import Registration, sigmas_of
from jointsky.track.tuning import Tuning
from jointsky.track.windows import GIVEN, PRIOR
from tests.oracles.registration import registered
from tests.track.scenes import BEGIN_NS, S, course, join, looks, off_m, radar

ONE, TWO = radar(), radar(2, 48.6, 10.6, period_s=5.0)
THREE = radar(3, 47.3, 9.9, period_s=6.0)
ADSB = Sensor(9, "ADS-B", SensorKind.ADSB, 0.0, 0.0, 0.0, 2.0, 0.0, 15.0, 0.0)
ORDERED = Tuning(late_s_max=0.0)
Biases = dict[int, tuple[float, float, float]]


def sky(sensors: tuple[Sensor, ...], biases: Biases, *, aircraft: int = 12, seconds: float = 120.0,
        seed: int | None = None, drift: Biases | None = None) -> PlotBatch:
    """Aircraft on straight courses between the radars; biases: range m, azimuth rad, time s,
    drift: likewise per hour. No noise without a seed."""
    rng = np.random.default_rng(seed if seed is not None else 4)
    noise = None if seed is None else rng
    parts = []
    for number in range(aircraft):
        start = (48.1 + rng.uniform(-0.7, 0.7), 9.8 + rng.uniform(-1.0, 1.0),
                 rng.uniform(0, 360), rng.uniform(120, 260))
        height = rng.uniform(5000, 11_000)
        for sensor in sensors:
            times = np.arange(rng.uniform(0, sensor.period_s), seconds, sensor.period_s)
            latitude, longitude = course(*start, times)
            seen = looks(sensor, latitude, longitude, np.full(len(times), height), times, noise,
                         mode_3a=512 + number)
            off = np.array(biases.get(sensor.sensor_id, (0, 0, 0)))[:, None] + np.array(
                (drift or {}).get(sensor.sensor_id, (0, 0, 0)))[:, None] * times / 3600
            if sensor.kind not in (SensorKind.ADSB, SensorKind.MLAT):
                seen.range_m[:] += off[0]
                seen.azimuth_rad[:] += off[1]
            seen.time_ns[:] += np.rint(off[2] * S).astype(np.int64)
            parts.append(seen)
    return join(*parts)


def learned(sensors: tuple[Sensor, ...], plots: PlotBatch, seconds: float,
            tuning: Tuning | None = None) -> Registration:
    """Registration after tracking these plots, in steps of 20 s."""
    state = tracker.start(World.STUDY, 1, sensors, tuning or ORDERED)
    since = BEGIN_NS - 5 * S
    for until in np.arange(20.0, seconds + 20.0, 20.0):
        now_ns = int(BEGIN_NS + until * S)
        due = plots.take((plots.time_ns > since) & (plots.time_ns <= now_ns))
        state, since = tracker.advance(state, due, now_ns), now_ns
    registration.finish(state.registration, state.table, [])
    return state.registration


def true_of(known: Registration, sensors: tuple[Sensor, ...], biases: Biases) -> np.ndarray:
    return np.array([biases.get(sensor.sensor_id, (0.0, 0.0, 0.0)) for sensor in sensors])


def test_without_noise_the_biases_come_out_exactly() -> None:
    biases = {1: (120.0, math.radians(0.1), 0.0), 2: (-80.0, math.radians(-0.06), 0.15)}
    sensors = (ONE, TWO, ADSB)
    known = learned(sensors, sky(sensors, biases), 120)
    off = np.abs(known.mean[0] - true_of(known, sensors, biases))
    # What is left is what was expected beforehand against what was measured.
    assert off[:2, 0].max() < 3.0
    assert np.degrees(off[:2, 1]).max() < 0.002
    assert off[:2, 2].max() < 0.05
    assert abs(known.mean[0, 1, 2] - known.mean[0, 0, 2] - 0.15) < 0.01
    assert (known.tally[:, 1] > 10).all()


def test_the_same_as_least_squares_over_everything() -> None:
    """Windows cut here by hand, one per aircraft, against the twin that eliminates nothing."""
    biases = {1: (60.0, 0.001, 0.0), 2: (-40.0, -0.0008, 0.0)}
    sensors, tuning = (ONE, TWO), ORDERED
    plots = sky(sensors, biases, aircraft=6, seconds=30.0, seed=12)
    state = tracker.advance(tracker.start(World.STUDY, 1, sensors, tuning), plots,
                            int(BEGIN_NS + 40 * S))
    used = state.settled
    confirmed = used[(used["number"] > 0) & (used["straight"] >= 0.4)]
    windows = []
    for serial in np.unique(confirmed["serial"]):
        own = confirmed[confirmed["serial"] == serial]
        height = float(np.median(own["height_m"]))
        windows.append([{"sensor": int(one["sensor"]), "range": float(one["raw"][0]),
                         "azimuth": float(one["raw"][1]), "height": height,
                         "t": (int(one["time_ns"]) - int(own["time_ns"][0])) / S} for one in own])
    known = state.registration
    registration.finish(known, state.table, [])
    assert known.tally[:, 1].tolist() == [6, 6] and len(windows) == 6, "all windows were used"
    assert known.tally[:, 0].sum() == sum(map(len, windows)), "and all plots"
    expected, covariance = registered(windows, sensors, known.sigma, PRIOR)
    sigma = np.sqrt(np.diag(covariance)).reshape(-1, 3)
    np.testing.assert_allclose(sigmas_of(known)[0], sigma, rtol=0.02)
    assert (np.abs(known.mean[0] - expected) < 0.1 * sigma).all()


def test_estimates_are_unbiased_and_know_how_good_they_are() -> None:
    rng = np.random.default_rng(1)
    sensors, tuning = (ONE, TWO, THREE), Tuning()
    errors, nees = [], []
    for seed in range(20):
        drawn = rng.normal(0, 1, (3, 3)) * [tuning.sigma_bias_range_m,
                                            tuning.sigma_bias_azimuth_rad,
                                            tuning.sigma_bias_time_s]
        biases = {sensor.sensor_id: tuple(drawn[row]) for row, sensor in enumerate(sensors)}
        known = learned(sensors, sky(sensors, biases, aircraft=8, seconds=60.0, seed=seed), 60)
        off = (known.mean[0] - drawn).ravel()
        covariance = known.covariance[:9, :9]
        errors.append(off / np.sqrt(np.diag(covariance)))
        nees.append(off @ np.linalg.solve(covariance, off))
    # chi2 of 180 degrees of freedom, 99.9 %: it would see sigmas wrong by a sixth.
    assert 120 < sum(nees) < 248
    assert np.abs(np.mean(errors, 0)).max() < 3.3 / math.sqrt(20)
    assert sigmas_of(known)[0, :, 0].max() < 60, "and it knows more than before"


def test_adsb_is_the_reference() -> None:
    biases = {1: (200.0, math.radians(0.15), 0.0)}
    known = learned((ONE, ADSB), sky((ONE, ADSB), biases, seed=3), 120)
    sigma = sigmas_of(known)[0, 0]
    assert sigma[0] < 15 and np.degrees(sigma[1]) < 0.01
    assert abs(known.mean[0, 0, 0] - 200) < 4 * sigma[0]
    assert abs(known.mean[0, 0, 1] - math.radians(0.15)) < 4 * sigma[1]
    assert known.mean[0, 1, :2].tolist() == pytest.approx([0, 0], abs=1e-2)


def test_a_clock_that_is_ahead_is_found_and_allowed_for() -> None:
    sensors = (ONE, TWO, ADSB)
    late = {2: (0.0, 0.0, 0.4)}
    plots = sky(sensors, late, seed=5)
    known = learned(sensors, plots, 120)
    assert known.mean[0, 1, 2] == pytest.approx(0.4, abs=0.1)
    assert abs(known.mean[0, 0, 2]) < 0.1


def test_a_drift_is_followed() -> None:
    sensors = (ONE, ADSB)
    drift = {1: (600.0, math.radians(0.3), 0.0)}
    known = learned(sensors, sky(sensors, {}, aircraft=10, seconds=900.0, seed=6, drift=drift), 900)
    sigma = sigmas_of(known)
    assert known.mean[0, 0, 0] == pytest.approx(150.0, abs=4 * sigma[0, 0, 0] + 10)
    assert known.mean[1, 0, 0] > 3 * sigma[1, 0, 0], "it says that the range drifts"
    assert known.mean[1, 0, 0] == pytest.approx(600.0, abs=250)


def test_a_sensor_without_company_is_not_observable() -> None:
    far = radar(7, 41.0, 0.0)
    sensors = (ONE, TWO, far)
    known = learned(sensors, sky((ONE, TWO), {}, seed=2), 120)
    said = estimates_of(known, sensors)[2]
    assert said.warning == "not observable: no aircraft in common"
    assert said.sigma == pytest.approx(known.sigma[2])
    assert known.mean[0, 2].tolist() == pytest.approx([0, 0, 0], abs=1e-9)


def test_at_first_nothing_is_observed_yet_and_that_is_no_fault() -> None:
    for sensors, warning in (((ONE, TWO), "not observed yet"),
                             ((ONE,), "not observable: no aircraft in common")):
        state = tracker.start(World.STUDY, 1, sensors, ORDERED)
        plots = sky(sensors, {}, seed=2, seconds=20.0)
        known = tracker.advance(state, plots, BEGIN_NS + 20 * S).registration
        assert {one.warning for one in estimates_of(known, sensors)} == {warning}


def test_one_aircraft_says_little_and_the_warning_says_so() -> None:
    plots = sky((ONE, TWO), {1: (100.0, 0.0, 0.0)}, aircraft=1, seconds=60.0, seed=8)
    known = learned((ONE, TWO), plots, 60)
    said = estimates_of(known, (ONE, TWO))
    assert "weakly observed" in said[0].warning and "range" in said[0].warning
    assert said[0].sigma[0] > 75


def test_a_wildly_wrong_radar_is_flagged_or_recovered() -> None:
    sensors = (ONE, TWO, ADSB)
    wild = {2: (2000.0, math.radians(2.0), 0.0)}
    known = learned(sensors, sky(sensors, wild, seed=9, seconds=200.0), 200)
    said = estimates_of(known, sensors)[1]
    assert said.warning
    assert abs(known.mean[0, 0, 0]) < 5 * sigmas_of(known)[0, 0, 0], "the others stay right"


def test_given_biases_stay_as_they_are() -> None:
    told = replace(ONE, range_bias_m=100.0)
    sensors = (told, TWO)
    known = learned(sensors, sky(sensors, {1: (100.0, 0.0, 0.0), 2: (150.0, 0.0, 0.0)}, seed=10),
                    120)
    assert known.roles[0] == GIVEN and known.mean[0, 0].tolist() == [100.0, 0.0, 0.0]
    assert known.mean[0, 1, 0] == pytest.approx(150.0, abs=4 * sigmas_of(known)[0, 1, 0])
    assert estimates_of(known, sensors)[0].role == "given"


def test_tracks_are_better_with_what_was_learned() -> None:
    sensors = (ONE, TWO, THREE)
    biases = {1: (250.0, math.radians(0.2), 0.0), 2: (-250.0, math.radians(-0.2), 0.0)}
    plots = sky(sensors, biases, seed=12)
    off = {}
    for name, tuning in (("off", Tuning(registration_s=0.0, late_s_max=0.0)), ("on", ORDERED)):
        state = tracker.advance(tracker.start(World.STUDY, 1, sensors, tuning), plots,
                                int(BEGIN_NS + 119 * S))
        off[name] = spread_of(tracker.picture(state, int(BEGIN_NS + 119 * S)))
    assert off["on"] < 0.6 * off["off"]


def spread_of(tracks) -> float:
    """Root mean square distance of tracks from the aircraft of `sky(seed=12)` at 119 s."""
    rng, total = np.random.default_rng(12), []
    truth = []
    for _ in range(12):
        start = (48.1 + rng.uniform(-0.7, 0.7), 9.8 + rng.uniform(-1.0, 1.0),
                 rng.uniform(0, 360), rng.uniform(120, 260))
        rng.uniform(5000, 11_000)
        for sensor in (ONE, TWO, THREE):
            times = np.arange(rng.uniform(0, sensor.period_s), 120.0, sensor.period_s)
            rng.standard_normal((2, len(times)))
        truth.append([one[0] for one in course(*start, np.array([119.0]))])
    for latitude, longitude in truth:
        total.append(min(off_m(a, b, latitude, longitude) for a, b in zip(
            tracks.latitude_rad, tracks.longitude_rad, strict=True)))
    return float(np.sqrt(np.mean(np.square(total))))


def test_how_plots_are_dealt_out_does_not_matter() -> None:
    sensors = (ONE, TWO)
    plots = sky(sensors, {1: (200.0, 0.0, 0.0)}, seed=13, seconds=120.0)
    now_ns = int(BEGIN_NS + 130 * S)
    together = tracker.advance(tracker.start(World.STUDY, 1, sensors), plots, now_ns)
    state = tracker.start(World.STUDY, 1, sensors)
    for until_s in np.arange(0.7, 130.0, 0.7):
        until = int(BEGIN_NS + until_s * S)
        due = (plots.time_ns <= until) & (plots.time_ns > state.now_ns)
        state = tracker.advance(state, plots.take(due), until)
    due = plots.time_ns > state.now_ns
    state = tracker.advance(state, plots.take(due), now_ns)
    assert state.tracks.tobytes() == together.tracks.tobytes()
    assert state.registration.mean.tobytes() == together.registration.mean.tobytes()
    assert np.abs(state.registration.mean[0, 0, 0]) > 10, "there was something to learn"

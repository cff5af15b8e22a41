"""The simulator: repeatable, and its sensors report what the traffic does."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from pyproj import Geod

from jointsky.model.batch import columns_of
from jointsky.model.clock import NS_PER_S
from jointsky.model.schema import PlotBatch, PlotFlag, PlotKind, StatusKind
from jointsky.model.world import World
from jointsky.sim.earth import ecef_of, look
from jointsky.sim.scenario import Scenario, parse_scenario
from jointsky.sim.simulate import Observed, simulate, start

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "scenarios" / "kyrgyzstan.yaml"
BEGIN_NS = 1_780_000_000 * NS_PER_S
GEOD = Geod(ellps="WGS84")


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return parse_scenario(EXAMPLE.read_text(), "kyrgyzstan")


@pytest.fixture(scope="module")
def minutes(scenario: Scenario) -> Observed:
    return simulate(start(scenario, BEGIN_NS), BEGIN_NS + 180 * NS_PER_S)


def same(one: PlotBatch, other: PlotBatch) -> bool:
    return all(getattr(one, col.name).tobytes() == getattr(other, col.name).tobytes()
               for col in columns_of(PlotBatch))


def test_a_seed_gives_one_history_however_it_is_cut(scenario: Scenario) -> None:
    whole = simulate(start(scenario, BEGIN_NS), BEGIN_NS + 20 * NS_PER_S)
    simulation = start(scenario, BEGIN_NS)
    cut = [simulate(simulation, BEGIN_NS + round(at_s * NS_PER_S))
           for at_s in (0.1, 0.6, 7.77, 7.78, 20)]
    assert same(whole.plots, PlotBatch.join([part.plots for part in cut], World.EXERCISE))
    other = simulate(start(scenario.with_seed(21), BEGIN_NS), BEGIN_NS + 20 * NS_PER_S)
    assert not same(whole.plots, other.plots)


def test_everything_says_that_it_is_simulated(minutes: Observed) -> None:
    assert minutes.plots.world is World.EXERCISE
    assert (minutes.plots.flags & PlotFlag.SIMULATED != 0).all()


def test_radars_turn_at_their_pace_and_say_so(scenario: Scenario, minutes: Observed) -> None:
    for sensor in scenario.sensors[:2]:
        mine = minutes.statuses.take(minutes.statuses.sensor_id == sensor.sensor_id)
        north = mine.take(mine.kind == StatusKind.NORTH_MARK)
        assert np.abs(np.diff(north.time_ns) / NS_PER_S - sensor.period_s).max() < 1e-6
        between = (mine.time_ns >= north.time_ns[0]) & (mine.time_ns < north.time_ns[1])
        sectors = mine.take(between & (mine.kind == StatusKind.SECTOR_CROSSING))
        assert len(sectors) == 31
        assert np.allclose(np.degrees(sectors.azimuth_rad), np.arange(1, 32) * 11.25)
        assert np.allclose(np.degrees(north.latitude_rad), sensor.latitude_deg)
        # A plot comes when the beam points at it.
        plots = minutes.plots.take(minutes.plots.sensor_id == sensor.sensor_id)
        since_s = (plots.time_ns - north.time_ns[0]) / NS_PER_S
        beam = since_s / sensor.period_s * 2 * np.pi
        off = (plots.azimuth_rad - beam + np.pi) % (2 * np.pi) - np.pi
        assert np.abs(off).max() < np.radians(1.5)


def test_plots_are_of_aircraft_with_the_noise_they_should_have(scenario: Scenario,
                                                               minutes: Observed) -> None:
    sensor = scenario.sensors[0]
    plots = minutes.plots.take((minutes.plots.sensor_id == sensor.sensor_id)
                               & minutes.plots.has("mode_3a"))
    truth = minutes.truth
    misses = []
    for row in range(0, len(plots), 3):
        after_ns = truth.time_ns - plots.time_ns[row]
        at = np.flatnonzero((after_ns >= 0) & (after_ns < NS_PER_S))
        back_s = (plots.time_ns[row] - truth.time_ns[at]) / NS_PER_S
        lat = truth.latitude_rad[at] + truth.velocity_north_ms[at] * back_s / 6_371_000
        lon = truth.longitude_rad[at] + truth.velocity_east_ms[at] * back_s / (
            6_371_000 * np.cos(lat))
        range_m, azimuth = look(np.radians(sensor.latitude_deg), np.radians(sensor.longitude_deg),
                                sensor.height_m, ecef_of(lat, lon, truth.height_m[at]))
        d_range = plots.range_m[row] - range_m
        d_cross = ((plots.azimuth_rad[row] - azimuth + np.pi) % (2 * np.pi) - np.pi) * range_m
        best = np.argmin(np.hypot(d_range, d_cross))
        misses.append((d_range[best], d_cross[best] / range_m[best]))
    d_range, d_azimuth = np.array(misses).T
    assert len(misses) > 100
    assert 0.7 * sensor.sigma_range_m < np.std(d_range) < 1.4 * sensor.sigma_range_m
    assert 0.6 < np.degrees(np.std(d_azimuth)) / sensor.sigma_azimuth_deg < 1.5


def test_kinds_of_aircraft_give_kinds_of_plots(minutes: Observed) -> None:
    plots = minutes.plots
    present = set(plots.kind.tolist())
    assert present >= {PlotKind.PSR, PlotKind.SSR, PlotKind.PSR_SSR, PlotKind.MODE_S,
                       PlotKind.PSR_MODE_S, PlotKind.ADSB}
    primary = plots.take(plots.kind == PlotKind.PSR)
    assert not primary.has("mode_3a").any() and not primary.has("icao_address").any()
    secondary = plots.take(np.isin(plots.kind, (PlotKind.SSR, PlotKind.PSR_SSR)))
    assert secondary.has("mode_3a").all() and not secondary.has("icao_address").any()
    adsb = plots.take(plots.kind == PlotKind.ADSB)
    assert adsb.has("latitude_rad").all() and not adsb.has("range_m").any()


def test_aircraft_fly_as_they_say(minutes: Observed) -> None:
    truth = minutes.truth
    count = len(np.unique(truth.number))
    lat = np.degrees(truth.latitude_rad).reshape(-1, count)
    lon = np.degrees(truth.longitude_rad).reshape(-1, count)
    speed = np.hypot(truth.velocity_east_ms, truth.velocity_north_ms).reshape(-1, count)
    height = truth.height_m.reshape(-1, count)
    _, _, flown = GEOD.inv(lon[:-1], lat[:-1], lon[1:], lat[1:])
    over_ground = flown * (1 + 0.5 * (height[:-1] + height[1:]) / 6_371_000)
    mean = 0.5 * (speed[:-1] + speed[1:])
    jumped = over_ground > 5_000  # a flight that ended, and the next one that began
    assert jumped.sum() <= 3
    assert np.abs((over_ground - mean) / mean)[~jumped].max() < 0.05
    assert height.min() > 300 and height.max() < 13_000


def test_clutter_is_as_much_as_asked(scenario: Scenario) -> None:
    noisy = scenario.sensors[0].model_copy(update={"clutter": 60.0})
    quiet = noisy.model_copy(update={"clutter": 0.0})
    counts = []
    for sensor in (noisy, quiet):
        lonely = scenario.model_copy(update={"sensors": (sensor,)}).with_aircraft(1)
        seen = simulate(start(lonely, BEGIN_NS), BEGIN_NS + 100 * NS_PER_S).plots
        counts.append(int((seen.kind == PlotKind.PSR).sum()))
    assert abs(counts[0] - counts[1] - 20 * 60) < 4 * np.sqrt(20 * 60)


def test_nothing_is_seen_out_of_range_or_below_the_horizon(scenario: Scenario,
                                                           minutes: Observed) -> None:
    for sensor in scenario.sensors[:2]:
        plots = minutes.plots.take(minutes.plots.sensor_id == sensor.sensor_id)
        assert plots.range_m.max() < sensor.range_km * 1000 + 6 * sensor.sigma_range_m
        level = plots.take(plots.has("mode_c_m"))
        sight_m = 4_130 * (np.sqrt(sensor.height_m) + np.sqrt(level.mode_c_m))
        assert (level.range_m < sight_m + 1_000).all()


def test_the_observed_has_every_column_of_its_class(minutes: Observed) -> None:
    assert {item.name for item in fields(minutes)} == {"plots", "statuses", "truth"}
    assert len(minutes.plots) > 3_000
    assert (np.diff(minutes.plots.time_ns) >= 0).all()

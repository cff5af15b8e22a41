"""Fresh plot folders with truth, from a seed.

Aircraft of three kinds (airliners, slow ones, fast manoeuvring ones), one in seven without a
transponder, in a square of 600 km; radars in turn SSR and PSR, with biases, each with clutter;
optionally ADS-B from half of the aircraft. Made by jointsky's own simulator.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from jointsky.model.batch import F64, I64
from jointsky.model.clock import NS_PER_S
from jointsky.model.errors import FileProblem, UsageProblem
from jointsky.model.schema import PlotBatch, PlotKind
from jointsky.sim.earth import above_horizon, ecef_of, look
from jointsky.sim.scenario import (
    AIRCRAFT_MAX,
    SENSORS_MAX,
    Area,
    Group,
    Scenario,
    SimulatedSensor,
)
from jointsky.sim.simulate import Simulation, Truth, simulate, start

LATITUDE, LONGITUDE, HALF_M = 48.5, 9.0, 300_000.0
STEP_S, DURATION_S = 4, 600
BEGIN_NS = 100_000 * NS_PER_S
SECONDS_MAX = 86_400


def _radar(place: int, rng: np.random.Generator) -> SimulatedSensor:
    """One radar: even places SSR, odd ones PSR."""
    ssr = place % 2 == 0
    return SimulatedSensor(
        name=f"radar {place + 1}", sac=0, sic=place + 1, kind="ssr" if ssr else "psr",
        latitude_deg=LATITUDE + rng.uniform(-2.2, 2.2),
        longitude_deg=LONGITUDE + rng.uniform(-3.3, 3.3), height_m=rng.uniform(100, 900),
        period_s=float(rng.choice([4.0, 4.8, 6.0, 8.0, 10.0, 12.0])),
        range_km=rng.uniform(320, 410) if ssr else rng.uniform(200, 260),
        sigma_range_m=rng.uniform(30, 70) if ssr else rng.uniform(60, 105),
        sigma_azimuth_deg=rng.uniform(0.06, 0.1) if ssr else rng.uniform(0.12, 0.2),
        p_detection=0.9, clutter=8.0 if ssr else 40.0, range_bias_m=rng.normal(0, 80),
        azimuth_bias_deg=rng.normal(0, 0.05))


def _scenario_of(seed: int, aircraft: int, radars: int, *, adsb: bool) -> Scenario:
    """The scenario of a folder."""
    rng = np.random.default_rng(seed)
    area = Area(latitude_deg=LATITUDE, longitude_deg=LONGITUDE, radius_km=HALF_M / 1000)
    transponders: tuple[Literal["mode_s", "none"], ...] = ("mode_s", "none")
    kinds = [("airliner", 0.6, (180, 255), (6000, 13000), 1.5, 10, 90),
             ("slow", 0.15, (40, 90), (300, 3000), 3.0, 4, 60),
             ("fast", 0.25, (200, 440), (3000, 14000), 5.0, 60, 30)]
    groups = []
    for name, share, speed, height, turn, climb, decide in kinds:
        count = max(2, round(aircraft * share))
        silent = max(1, count // 7)
        for suffix, part, transponder in zip(("", " silent"), (count - silent, silent),
                                             transponders, strict=True):
            groups.append(Group(
                name=name + suffix, count=part, area=area, speed_ms=speed, height_m=height,
                turn_deg_s=turn, climb_ms=climb, decide_s=decide, transponder=transponder,
                adsb_share=0.5 if adsb and transponder == "mode_s" else 0))
    sensors = [_radar(place, rng) for place in range(radars)]
    if adsb:
        sensors.append(SimulatedSensor(
            name="ADS-B", sac=0, sic=0, kind="adsb", latitude_deg=LATITUDE,
            longitude_deg=LONGITUDE, height_m=600, period_s=2, range_km=600))
    return Scenario(name=f"seed {seed}", seed=seed, sensors=tuple(sensors), traffic=tuple(groups))


def write_folder(folder: Path, seed: int, aircraft: int, radars: int, *,
                 adsb: bool = False, biased: bool = True, seconds: int = DURATION_S) -> None:
    """Simulate and write a plot folder with truth and biases (0 if not biased).

    aircraft: about how many, at least six. The same seed and numbers give the same bytes. Raises
    `UsageProblem` for a number out of its limits, `FileProblem` if it cannot be written.
    """
    for name, value, least, most in (
            ("seed", seed, 0, 2**63 - 1), ("aircraft", aircraft, 1, AIRCRAFT_MAX // 2),
            ("radars", radars, 1, SENSORS_MAX - 1), ("seconds", seconds, 1, SECONDS_MAX)):
        if not least <= value <= most:
            raise UsageProblem(name, f"is {value}", expected=f"{least} to {most}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _simulate_into(folder, seed, aircraft, radars, adsb=adsb, biased=biased, seconds=seconds)
    except OSError as error:
        raise FileProblem(folder, f"cannot be written: {error.strerror or error}") from None


def _simulate_into(folder: Path, seed: int, aircraft: int, radars: int, *, adsb: bool,
                   biased: bool, seconds: int) -> None:
    scenario = _scenario_of(seed, aircraft, radars, adsb=adsb)
    if not biased:
        scenario = scenario.model_copy(update={"sensors": tuple(
            one.model_copy(update={"range_bias_m": 0.0, "azimuth_bias_deg": 0.0})
            for one in scenario.sensors)})
    simulation = start(scenario, BEGIN_NS)
    observed = simulate(simulation, BEGIN_NS + seconds * NS_PER_S)
    plots = observed.plots
    _write(folder / "plots.csv", _plot_columns(plots))
    _write(folder / "truth.csv", _truth_columns(observed.truth, simulation))
    turning = [one for one in scenario.sensors if one.kind != "adsb"]
    _write(folder / "sensors.csv", {
        "sensor": [one.sensor_id for one in turning],
        "kind": [one.kind.upper() for one in turning],
        "lat": [one.latitude_deg for one in turning], "lon": [one.longitude_deg for one in turning],
        "alt": [one.height_m for one in turning], "period": [one.period_s for one in turning],
        "max_range": [one.range_km * 1000 for one in turning],
        "sig_rng": [one.sigma_range_m for one in turning],
        "sig_az": [one.sigma_azimuth_deg for one in turning],
        "pd": [one.p_detection for one in turning], "clutter": [one.clutter for one in turning]})
    _write(folder / "bias.csv", {
        "sensor": [one.sensor_id for one in turning],
        "rng_bias": [one.range_bias_m for one in turning],
        "az_bias": [one.azimuth_bias_deg for one in turning]})
    (folder / "scenario.json").write_text(json.dumps({
        "lat": LATITUDE, "lon": LONGITUDE, "half": HALF_M, "step": float(STEP_S),
        "duration": float(seconds), "plots": len(plots)}))


def _write(path: Path, columns: dict[str, Any]) -> None:
    """Write columns as CSV, NaN as blank."""
    pacsv.write_csv(pa.table({
        name: pa.array(values, from_pandas=True) for name, values in columns.items()}), path)


def _plot_columns(plots: PlotBatch) -> dict[str, Any]:
    """Plots in the form of a plot folder."""
    kind = np.where(plots.kind == PlotKind.ADSB, "ADSB",
                    np.where(plots.kind == PlotKind.PSR, "PSR", "SSR"))

    def given(name: str) -> F64:
        return np.where(plots.has(name), getattr(plots, name).astype(np.float64), np.nan)
    return {
        "time": np.round((plots.time_ns - BEGIN_NS) / NS_PER_S, 4), "sensor": plots.sensor_id,
        "kind": kind, "rng": np.round(given("range_m"), 1),
        "az": np.round(np.degrees(given("azimuth_rad")), 4), "mode_a": _whole(given("mode_3a")),
        "alt": given("mode_c_m"), "lat": np.round(np.degrees(given("latitude_rad")), 7),
        "lon": np.round(np.degrees(given("longitude_rad")), 7), "vn": given("velocity_north_ms"),
        "ve": given("velocity_east_ms"), "icao": _whole(given("icao_address"))}


def _whole(values: F64) -> pa.Array:
    """Whole numbers, null where NaN."""
    absent = np.isnan(values)
    return pa.array(np.where(absent, 0, values).astype(np.int64), mask=absent)


def _truth_columns(truth: Truth, simulation: Simulation) -> dict[str, Any]:
    """Truth at the steps of the grid; `man` from its motion, `cov` from range and horizon."""
    seconds = np.rint((truth.time_ns - BEGIN_NS) / NS_PER_S).astype(np.int64)
    order = np.lexsort((seconds, truth.number))
    course = np.arctan2(truth.velocity_east_ms, truth.velocity_north_ms)[order]
    speed = np.hypot(truth.velocity_east_ms, truth.velocity_north_ms)[order]
    same = np.diff(truth.number[order], prepend=-1) == 0
    turn = np.abs((np.diff(course, prepend=0) + math.pi) % (2 * math.pi) - math.pi)
    turning = np.zeros(len(order), bool)
    turning[order] = same & ((turn > math.radians(0.3)) | (np.abs(np.diff(speed, prepend=0)) > 0.5))
    rows = np.flatnonzero(seconds % STEP_S == 0)
    climb = np.full(len(seconds), np.nan)
    climb[order] = np.where(same, np.diff(truth.height_m[order], prepend=0), 0.0)
    return {
        "time": seconds[rows].astype(float), "target": truth.number[rows] + 1,
        "lat": np.degrees(truth.latitude_rad[rows]), "lon": np.degrees(truth.longitude_rad[rows]),
        "alt": truth.height_m[rows], "vn": truth.velocity_north_ms[rows],
        "ve": truth.velocity_east_ms[rows], "vu": climb[rows],
        "man": turning[rows].astype(np.int64), "cov": _coverage(truth, rows, simulation)}


def _coverage(truth: Truth, rows: I64, simulation: Simulation) -> I64:
    """How many sensors could see each row."""
    answers = simulation.traffic.transponder[truth.number[rows]] > 0
    broadcasts = simulation.traffic.adsb[truth.number[rows]]
    points = ecef_of(truth.latitude_rad[rows], truth.longitude_rad[rows], truth.height_m[rows])
    seen = np.zeros(len(rows), np.int64)
    for sensor in simulation.scenario.sensors:
        range_m, _ = look(math.radians(sensor.latitude_deg), math.radians(sensor.longitude_deg),
                          sensor.height_m, points)
        able = {"ssr": answers, "psr": np.ones(len(rows), bool), "adsb": broadcasts}[sensor.kind]
        seen += able & (range_m <= sensor.range_km * 1000) & above_horizon(
            range_m, sensor.height_m, truth.height_m[rows])
    return seen

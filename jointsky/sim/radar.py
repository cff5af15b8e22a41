"""Simulated sensors: what a turning radar and an ADS-B station report of the traffic in one step.

A radar reports an aircraft when its beam passes it, if the aircraft is in range, over the horizon
and detected; noise, false primary plots, north marks and 32 sector crossings come with it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from jointsky.model.batch import F64, Array
from jointsky.model.clock import NS_PER_S
from jointsky.model.schema import (
    PlotBatch,
    PlotFlag,
    PlotKind,
    SensorStatusBatch,
    StatusKind,
)
from jointsky.model.world import World
from jointsky.sim.earth import above_horizon, ecef_of, look, travel
from jointsky.sim.scenario import SimulatedSensor
from jointsky.sim.traffic import MODE_S, NONE, Traffic

SECTORS = 32
SECTOR_RAD = 2 * math.pi / SECTORS
# Antennas see this far up; over it is the cone of silence.
ELEVATION_MAX_RAD = math.radians(45)
PRIMARY_SHARE = 0.92  # of the detections of the transponder that the primary channel also makes
ADSB_SIGMA_M = 15.0
ADSB_VELOCITY_SIGMA_MS = 0.5
MODE_C_STEP_M = 7.62  # 25 ft


@dataclass
class Antenna:
    """Where the beam of a radar points now."""

    azimuth_rad: float
    sector: int  # the next crossing to report; sector 0 is the north mark


def points_of(traffic: Traffic) -> F64:
    """ECEF coordinates (3, n) of the aircraft."""
    return ecef_of(traffic.latitude_rad, traffic.longitude_rad, traffic.height_m)


def watch(sensor: SimulatedSensor, antenna: Antenna, traffic: Traffic, points: F64,
          from_ns: int, dt_s: float,
          rng: np.random.Generator) -> tuple[PlotBatch, SensorStatusBatch]:
    """What a radar reports between from_ns and from_ns + dt_s; the antenna turns on.

    points (3, n): ECEF of the traffic at from_ns.
    """
    latitude, longitude = math.radians(sensor.latitude_deg), math.radians(sensor.longitude_deg)
    turn_rad_s = 2 * math.pi / sensor.period_s
    swept = turn_rad_s * dt_s
    range_m, azimuth = look(latitude, longitude, sensor.height_m, points)
    ahead = (azimuth - antenna.azimuth_rad) % (2 * math.pi)
    rows = np.flatnonzero((ahead < swept) & (range_m <= sensor.range_km * 1000)
                          & above_horizon(range_m, sensor.height_m, traffic.height_m))
    passed_s = ahead[rows] / turn_rad_s
    range_m, azimuth, height = _at_beam(sensor, traffic, rows, passed_s)
    low = np.arcsin(np.clip((height - sensor.height_m) / range_m, -1, 1)) < ELEVATION_MAX_RAD
    rows, passed_s, range_m, azimuth = rows[low], passed_s[low], range_m[low], azimuth[low]
    kind = _detect(sensor, traffic.transponder[rows], range_m, rng)
    seen = kind > 0
    plots = _plots_of(sensor, traffic, rows[seen], kind[seen], passed_s[seen], range_m[seen],
                      azimuth[seen], from_ns, rng)
    clutter = _clutter(sensor, antenna.azimuth_rad, dt_s, from_ns, rng)
    statuses = _turn(sensor, antenna, swept, turn_rad_s, from_ns)
    return PlotBatch.join([plots, clutter], World.EXERCISE), statuses


def _at_beam(sensor: SimulatedSensor, traffic: Traffic, rows: Array,
             passed_s: F64) -> tuple[F64, F64, F64]:
    """Slant range, azimuth and height of aircraft when the beam passes them."""
    east_ms, north_ms = traffic.velocity_ms()
    height = traffic.height_m[rows] + traffic.climb_ms[rows] * passed_s
    latitude, longitude = travel(traffic.latitude_rad[rows], traffic.longitude_rad[rows],
                                 height, east_ms[rows] * passed_s, north_ms[rows] * passed_s)
    range_m, azimuth = look(math.radians(sensor.latitude_deg), math.radians(sensor.longitude_deg),
                            sensor.height_m, ecef_of(latitude, longitude, height))
    return np.maximum(range_m, 1.0), azimuth, height


def _detect(sensor: SimulatedSensor, transponder: Array, range_m: F64,
            rng: np.random.Generator) -> Array:
    """PlotKind of each aircraft the beam passes, 0 where it is missed."""
    n = len(transponder)
    by_primary = np.zeros(n, bool)
    draw = rng.uniform(0, 1, (2, n))
    answers = np.zeros(n, bool)
    if sensor.kind != "psr":
        answers = (transponder != NONE) & (draw[0] < sensor.p_detection)
    if sensor.kind != "ssr":
        reach = (sensor.primary_range_km or sensor.range_km) * 1000
        by_primary = (range_m <= reach) & (draw[1] < sensor.p_detection * PRIMARY_SHARE)
    mode_s = answers & (transponder == MODE_S) & sensor.mode_s
    return np.select(
        [mode_s & by_primary, mode_s, answers & by_primary, answers, by_primary],
        [PlotKind.PSR_MODE_S, PlotKind.MODE_S, PlotKind.PSR_SSR, PlotKind.SSR, PlotKind.PSR],
        0).astype(np.uint8)


def _plots_of(sensor: SimulatedSensor, traffic: Traffic, rows: Array, kind: Array, passed_s: F64,
              range_m: F64, azimuth_rad: F64, from_ns: int,
              rng: np.random.Generator) -> PlotBatch:
    n = len(rows)
    plots = PlotBatch.blank(n, World.EXERCISE)
    plots.time_ns[:] = from_ns + np.rint(passed_s * NS_PER_S).astype(np.int64)
    plots.received_ns[:] = plots.time_ns
    plots.sensor_id[:] = sensor.sensor_id
    plots.kind[:] = kind
    plots.flags[:] = PlotFlag.SIMULATED
    noise = rng.standard_normal((2, n))
    plots.range_m[:] = np.maximum(
        range_m + sensor.range_bias_m + sensor.sigma_range_m * noise[0], 1.0)
    plots.azimuth_rad[:] = (azimuth_rad + math.radians(sensor.azimuth_bias_deg)
                            + math.radians(sensor.sigma_azimuth_deg) * noise[1]) % (2 * np.pi)
    _say(plots, "range_m", np.ones(n, bool))
    _say(plots, "azimuth_rad", np.ones(n, bool))
    _answer(plots, traffic, rows, kind)
    return plots


def _answer(plots: PlotBatch, traffic: Traffic, rows: Array, kind: Array) -> None:
    """Codes, height and address of those whose transponder answered."""
    mode_s = np.isin(kind, (PlotKind.MODE_S, PlotKind.PSR_MODE_S))
    answered = mode_s | np.isin(kind, (PlotKind.SSR, PlotKind.PSR_SSR))
    plots.mode_3a[:] = np.where(answered, traffic.mode_3a[rows], 0)
    steps = np.rint(traffic.height_m[rows] / MODE_C_STEP_M)
    plots.mode_c_m[:] = np.where(answered, steps * MODE_C_STEP_M, np.nan)
    _say(plots, "mode_3a", answered)
    _say(plots, "mode_c_m", answered)
    plots.icao_address[:] = np.where(mode_s, traffic.icao_address[rows], 0)
    _say(plots, "icao_address", mode_s)
    named = mode_s & (traffic.callsign[rows] != b"")
    plots.callsign[:] = np.where(named, traffic.callsign[rows], b"")
    _say(plots, "callsign", named)


def _clutter(sensor: SimulatedSensor, azimuth_rad: float, dt_s: float, from_ns: int,
             rng: np.random.Generator) -> PlotBatch:
    """False primary plots, evenly spread over the area that the beam swept."""
    n = int(rng.poisson(sensor.clutter * dt_s / sensor.period_s)) if sensor.clutter else 0
    plots = PlotBatch.blank(n, World.EXERCISE)
    if not n:
        return plots
    passed_s = np.sort(rng.uniform(0, dt_s, n))
    reach = (sensor.primary_range_km or sensor.range_km) * 1000
    plots.time_ns[:] = from_ns + np.rint(passed_s * NS_PER_S).astype(np.int64)
    plots.received_ns[:] = plots.time_ns
    plots.sensor_id[:] = sensor.sensor_id
    plots.kind[:] = PlotKind.PSR
    plots.flags[:] = PlotFlag.SIMULATED
    plots.range_m[:] = 2000 + (reach - 2000) * np.sqrt(rng.uniform(0, 1, n))
    plots.azimuth_rad[:] = (azimuth_rad + 2 * np.pi * passed_s / sensor.period_s) % (2 * np.pi)
    _say(plots, "range_m", np.ones(n, bool))
    _say(plots, "azimuth_rad", np.ones(n, bool))
    return plots


def _turn(sensor: SimulatedSensor, antenna: Antenna, swept_rad: float, turn_rad_s: float,
          from_ns: int) -> SensorStatusBatch:
    """Turn the antenna on; north mark and sector crossings that it passed."""
    to_rad = antenna.azimuth_rad + swept_rad
    times, sectors = [], []
    while antenna.sector * SECTOR_RAD <= to_rad:
        passed_s = (antenna.sector * SECTOR_RAD - antenna.azimuth_rad) / turn_rad_s
        times.append(from_ns + round(passed_s * NS_PER_S))
        sectors.append(antenna.sector % SECTORS)
        antenna.sector += 1
    antenna.azimuth_rad = to_rad
    if antenna.azimuth_rad >= 2 * math.pi:
        antenna.azimuth_rad -= 2 * math.pi
        antenna.sector -= SECTORS
    status = SensorStatusBatch.blank(len(times), World.EXERCISE)
    status.time_ns[:] = status.received_ns[:] = times
    status.sensor_id[:] = sensor.sensor_id
    at = np.array(sectors, np.int64)
    north = at == 0
    status.kind[:] = np.where(north, StatusKind.NORTH_MARK, StatusKind.SECTOR_CROSSING)
    status.azimuth_rad[:] = at * SECTOR_RAD
    _say(status, "azimuth_rad", ~north)
    for name, value in (("period_s", sensor.period_s), ("height_m", sensor.height_m),
                        ("latitude_rad", math.radians(sensor.latitude_deg)),
                        ("longitude_rad", math.radians(sensor.longitude_deg))):
        getattr(status, name)[:] = np.where(north, value, np.nan)
        _say(status, name, north)
    status.operational[:] = north
    _say(status, "operational", north)
    return status


def listen(sensor: SimulatedSensor, traffic: Traffic, points: F64, from_ns: int, dt_s: float,
           rng: np.random.Generator) -> PlotBatch:
    """What an ADS-B station reports: each aircraft that broadcasts, once every `period_s`."""
    range_m, _ = look(math.radians(sensor.latitude_deg), math.radians(sensor.longitude_deg),
                      sensor.height_m, points)
    clock_s = from_ns / NS_PER_S % sensor.period_s
    ahead_s = (traffic.phase * sensor.period_s - clock_s) % sensor.period_s
    rows = np.flatnonzero(traffic.adsb & (ahead_s < dt_s) & (range_m <= sensor.range_km * 1000)
                          & above_horizon(range_m, sensor.height_m, traffic.height_m))
    rows = rows[rng.uniform(0, 1, len(rows)) < sensor.p_detection]
    n = len(rows)
    east_ms, north_ms = (part[rows] for part in traffic.velocity_ms())
    after_s = ahead_s[rows]
    height = traffic.height_m[rows] + traffic.climb_ms[rows] * after_s
    noise = rng.standard_normal((4, n))
    plots = PlotBatch.blank(n, World.EXERCISE)
    plots.time_ns[:] = from_ns + np.rint(after_s * NS_PER_S).astype(np.int64)
    plots.received_ns[:] = plots.time_ns
    plots.sensor_id[:] = sensor.sensor_id
    plots.kind[:] = PlotKind.ADSB
    plots.flags[:] = PlotFlag.SIMULATED
    plots.latitude_rad[:], plots.longitude_rad[:] = travel(
        traffic.latitude_rad[rows], traffic.longitude_rad[rows], height,
        east_ms * after_s + ADSB_SIGMA_M * noise[0], north_ms * after_s + ADSB_SIGMA_M * noise[1])
    plots.mode_3a[:] = traffic.mode_3a[rows]
    plots.mode_c_m[:] = np.rint(height / MODE_C_STEP_M) * MODE_C_STEP_M
    plots.height_m[:] = height
    plots.icao_address[:] = traffic.icao_address[rows]
    plots.callsign[:] = traffic.callsign[rows]
    plots.velocity_east_ms[:] = east_ms + ADSB_VELOCITY_SIGMA_MS * noise[2]
    plots.velocity_north_ms[:] = north_ms + ADSB_VELOCITY_SIGMA_MS * noise[3]
    plots.vertical_rate_ms[:] = traffic.climb_ms[rows]
    plots.sigma_m[:], plots.velocity_sigma_ms[:] = ADSB_SIGMA_M, ADSB_VELOCITY_SIGMA_MS
    for name in ("sigma_m", "velocity_sigma_ms", "latitude_rad", "longitude_rad", "mode_3a",
                 "mode_c_m", "height_m", "icao_address", "velocity_east_ms", "velocity_north_ms",
                 "vertical_rate_ms"):
        _say(plots, name, np.ones(n, bool))
    _say(plots, "callsign", plots.callsign != b"")
    return plots


def _say(batch: PlotBatch | SensorStatusBatch, name: str, there: Array) -> None:
    """Mark where a nullable column has a value."""
    batch.present[there] |= type(batch).bit(name)

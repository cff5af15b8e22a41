"""Small scenes for the tracker's tests: exact aircraft, seeded sensors, no simulator."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from pyproj import Geod, Transformer

from jointsky.model.schema import PlotBatch, PlotKind
from jointsky.model.sensor import Sensor, SensorKind
from jointsky.model.world import World

GEOD = Geod(ellps="WGS84")
TO_ECEF = Transformer.from_crs(4979, 4978, always_xy=True)
BEGIN_NS = 1_700_000_000_000_000_000
S = 1_000_000_000


def radar(sensor_id: int = 1, latitude: float = 48.0, longitude: float = 9.0,
          kind: SensorKind = SensorKind.SSR, **more) -> Sensor:
    """A radar of usual quality."""
    return replace(Sensor(sensor_id, f"radar {sensor_id}", kind, math.radians(latitude),
                          math.radians(longitude), 300.0, 4.0, 300_000.0, 50.0,
                          math.radians(0.08), 0.9, 5.0), **more)


def course(latitude: float, longitude: float, heading: float, speed: float,
           seconds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Degrees of an aircraft on the geodesic that starts there."""
    n = len(seconds)
    lon, lat, _ = GEOD.fwd(np.full(n, longitude), np.full(n, latitude), np.full(n, heading),
                           speed * seconds)
    return np.asarray(lat), np.asarray(lon)


def looks(sensor: Sensor, latitude: np.ndarray, longitude: np.ndarray, height: np.ndarray,
          seconds: np.ndarray, rng: np.random.Generator | None = None, *,
          mode_3a: int | None = None, address: int | None = None) -> PlotBatch:
    """Plots of one aircraft at these times (degrees, m, s): by radar, or placed. No noise without
    a generator."""
    n = len(seconds)
    plots = PlotBatch.blank(n, World.STUDY)
    plots.time_ns[:] = BEGIN_NS + np.rint(seconds * S).astype(np.int64)
    plots.received_ns[:] = plots.time_ns
    plots.sensor_id[:] = sensor.sensor_id
    noise = np.zeros((2, n)) if rng is None else rng.standard_normal((2, n))
    if sensor.kind in (SensorKind.ADSB, SensorKind.MLAT):
        plots.kind[:] = PlotKind.ADSB
        say(plots, "latitude_rad", np.radians(latitude) + noise[0] * sensor.sigma_range_m / 6.37e6)
        say(plots, "longitude_rad", np.radians(longitude)
            + noise[1] * sensor.sigma_range_m / 6.37e6 / np.cos(np.radians(latitude)))
    else:
        range_m, azimuth = sight(sensor, latitude, longitude, height)
        plots.kind[:] = PlotKind.PSR if sensor.kind == SensorKind.PSR else PlotKind.SSR
        say(plots, "range_m", range_m + noise[0] * sensor.sigma_range_m)
        say(plots, "azimuth_rad", azimuth + noise[1] * sensor.sigma_azimuth_rad)
    if sensor.kind != SensorKind.PSR:
        say(plots, "mode_c_m", np.rint(height / 7.62) * 7.62)
    if mode_3a is not None:
        say(plots, "mode_3a", np.full(n, mode_3a))
    if address is not None:
        say(plots, "icao_address", np.full(n, address))
    return plots


def sight(sensor: Sensor, latitude, longitude, height) -> tuple[np.ndarray, np.ndarray]:
    """Slant range and azimuth from a sensor, by PROJ."""
    here = np.array(TO_ECEF.transform(math.degrees(sensor.longitude_rad),
                                      math.degrees(sensor.latitude_rad), sensor.height_m))
    ray = np.column_stack(TO_ECEF.transform(longitude, latitude, height)) - here
    a, o = sensor.latitude_rad, sensor.longitude_rad
    east = ray @ np.array([-math.sin(o), math.cos(o), 0])
    north = ray @ np.array([-math.sin(a) * math.cos(o), -math.sin(a) * math.sin(o), math.cos(a)])
    return np.linalg.norm(ray, axis=1), np.arctan2(east, north) % (2 * np.pi)


def say(plots: PlotBatch, name: str, values) -> None:
    """Fill a nullable column."""
    getattr(plots, name)[:] = values
    plots.present[:] |= PlotBatch.bit(name)


def join(*parts: PlotBatch) -> PlotBatch:
    """Plots of several looks in order of time and sensor."""
    together = PlotBatch.join(list(parts), World.STUDY)
    return together.take(np.lexsort((together.sensor_id, together.time_ns)))


def clutter(sensor: Sensor, per_scan: float, seconds: float,
            rng: np.random.Generator) -> PlotBatch:
    """False plots, evenly spread over the radar's area."""
    n = rng.poisson(per_scan * seconds / sensor.period_s)
    plots = PlotBatch.blank(n, World.STUDY)
    plots.time_ns[:] = BEGIN_NS + np.rint(np.sort(rng.uniform(0, seconds, n)) * S).astype(np.int64)
    plots.received_ns[:] = plots.time_ns
    plots.sensor_id[:] = sensor.sensor_id
    plots.kind[:] = PlotKind.PSR if sensor.kind == SensorKind.PSR else PlotKind.SSR
    say(plots, "range_m", 1000 + (sensor.max_range_m - 1000) * np.sqrt(rng.uniform(0, 1, n)))
    say(plots, "azimuth_rad", rng.uniform(0, 2 * np.pi, n))
    if sensor.kind != SensorKind.PSR and n:
        say(plots, "mode_c_m", rng.uniform(0, 12_000, n))
        say(plots, "mode_3a", rng.integers(0, 4096, n))
    return plots


def crowd(sensors: tuple[Sensor, ...], aircraft: int, seconds: float, seed: int) -> PlotBatch:
    """Aircraft on straight courses with noise, misses, garbled codes and clutter."""
    rng = np.random.default_rng(seed)
    parts = [clutter(sensor, sensor.clutter, seconds, rng) for sensor in sensors]
    for number in range(aircraft):
        start = (48.0 + rng.uniform(-1.2, 1.2), 9.0 + rng.uniform(-1.8, 1.8),
                 rng.uniform(0, 360), rng.uniform(60, 300))
        height, climb = rng.uniform(2000, 11_000), rng.choice([0.0, 0.0, 8.0, -10.0])
        for sensor in sensors:
            times = np.arange(rng.uniform(0, sensor.period_s), seconds, sensor.period_s)
            times = times[rng.random(len(times)) < 0.9]
            latitude, longitude = course(*start, times)
            seen = looks(sensor, latitude, longitude, height + climb * times, times, rng,
                         mode_3a=None if sensor.kind == SensorKind.PSR else 64 + number,
                         address=0x400000 + number if sensor.kind == SensorKind.ADSB else None)
            if sensor.kind == SensorKind.SSR:
                garbled = rng.random(len(times)) < 0.02
                seen.mode_3a[garbled] ^= 0o37
            parts.append(seen)
    return join(*parts)


def off_m(latitude_rad: float, longitude_rad: float, latitude: float, longitude: float) -> float:
    """Distance in m of a place in radians from one in degrees."""
    return GEOD.inv(math.degrees(longitude_rad), math.degrees(latitude_rad), longitude,
                    latitude)[2]

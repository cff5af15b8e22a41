"""The sensor table of a tracker, made from `Sensor`s."""

from __future__ import annotations

import math

import numpy as np

from jointsky.kernels.geodesy import geodetic_to_ecef
from jointsky.model.batch import F64, I32
from jointsky.model.schema import PlotKind
from jointsky.model.sensor import Sensor, SensorKind, sensor_id_text
from jointsky.track.arrays import (
    BOTH,
    NEVER,
    NONE,
    PLACED,
    POLAR,
    PRIMARY,
    SECONDARY,
    SENSOR,
    Sensors,
)
from jointsky.track.tuning import Tuning

SENSORS_MAX = 1024
IDS = 1 << 16
SEES = {SensorKind.PSR: PRIMARY, SensorKind.SSR: SECONDARY, SensorKind.PSR_SSR: BOTH}
# False plots of a sensor that places aircraft by itself are not spread by chance over its area:
# reports with an address are checked, so a start from one is likely true.
PLACED_FALSE = 0.2
PLACED_REACH_M = 400_000.0
# A combined radar's false plots are nearly all primary.
ANSWERED_FALSE = 0.1


def table_of(sensors: tuple[Sensor, ...], tuning: Tuning) -> Sensors:
    """The sensor table: one row per sensor, in order. At most SENSORS_MAX."""
    assert len(sensors) <= SENSORS_MAX, "the caller keeps to the limit"

    def column(name: str) -> F64:
        return np.array([getattr(sensor, name) for sensor in sensors], np.float64)

    latitude, longitude, height = (column("latitude_rad"), column("longitude_rad"),
                                   column("height_m"))
    polar = np.array([sensor.kind in SEES for sensor in sensors], bool)
    sees = np.array([SEES.get(sensor.kind, SECONDARY) for sensor in sensors], np.uint8)
    reach = np.where(polar, column("max_range_m"), PLACED_REACH_M)
    false = np.where(polar, np.maximum(column("clutter"), tuning.clutter_min), PLACED_FALSE)
    answered = np.where(sees == BOTH, false * ANSWERED_FALSE, false)
    table = np.zeros(len(sensors), SENSOR)
    for name in ("latitude_rad", "height_m", "sigma_range_m", "sigma_azimuth_rad",
                 "range_bias_m", "azimuth_bias_rad", "time_bias_s"):
        table[name] = column(name)
    table["sensor_id"] = [sensor.sensor_id for sensor in sensors]
    table["form"], table["sees"] = np.where(polar, POLAR, PLACED), sees
    table["origin"] = geodetic_to_ecef(latitude, longitude, height)
    table["axes"] = axes_of(latitude, longitude)
    table["period_ns"] = np.rint(column("period_s") * 1e9)
    table["max_range_m"] = reach
    table["p_detection"] = np.clip(column("p_detection"), 0.1, 0.99)
    area_m2 = math.pi * reach**2
    table["false_per_m2"] = np.stack([answered, false], 1).reshape(-1, 2) / area_m2[:, None]
    table["birth_log"] = np.log(tuning.births / area_m2)
    table["last_ns"] = NEVER
    return table


def axes_of(latitude_rad: F64, longitude_rad: F64) -> F64:
    """East, north, up as ECEF unit vectors at points (n,): (n, 9)."""
    sin_lat, cos_lat = np.sin(latitude_rad), np.cos(latitude_rad)
    sin_lon, cos_lon = np.sin(longitude_rad), np.cos(longitude_rad)
    return np.ascontiguousarray(np.stack([
        -sin_lon, cos_lon, np.zeros_like(sin_lon), -sin_lat * cos_lon, -sin_lat * sin_lon,
        cos_lat, cos_lat * cos_lon, cos_lat * sin_lon, sin_lat], 1).reshape(-1, 9))


def rows_of(sensors: tuple[Sensor, ...]) -> I32:
    """Sensor id -> row of the table, -1 for none, as far as the greatest id."""
    rows = np.full(max((sensor.sensor_id + 1 for sensor in sensors), default=0), NONE, np.int32)
    for row, sensor in enumerate(sensors):
        rows[sensor.sensor_id] = row
    return rows


def placed_sensor(sensor_id: int, kind: int, tuning: Tuning) -> Sensor:
    """A source of positions (ADS-B, multilateration) that nobody configured: it needs no place."""
    what = SensorKind.MLAT if kind == PlotKind.MLAT else SensorKind.ADSB
    return Sensor(
        sensor_id=sensor_id, name=f"{what.name} {sensor_id_text(sensor_id)}", kind=what,
        latitude_rad=0.0, longitude_rad=0.0, height_m=0.0, period_s=1.0 if what ==
        SensorKind.MLAT else 5.0, max_range_m=PLACED_REACH_M,
        sigma_range_m=tuning.sigma_position_m, sigma_azimuth_rad=0.0, p_detection=0.9)

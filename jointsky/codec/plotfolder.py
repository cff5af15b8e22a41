"""Plot folders: the open exchange form of plots, sensors and a scenario.

`plots` (.csv, .csv.gz, .parquet), time-ordered: time s, sensor, kind PSR|SSR|ADSB, rng slant m,
az degrees from true north, mode_a, alt m, lat, lon degrees, vn, ve m/s, icao; blank = absent.
`sensors.csv`: sensor, kind, lat, lon, alt, period, max_range, sig_rng, sig_az, pd, clutter.
`scenario.json`: lat, lon of the centre, half side m, step of the output grid s, duration s.
`bias.csv`, for who is given it: sensor, rng_bias, az_bias.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from jointsky.codec.csvtable import CHUNK, Columns, count_rows, find_table, read_chunks, read_table
from jointsky.model.batch import Bool
from jointsky.model.clock import NS_PER_S
from jointsky.model.errors import FileProblem
from jointsky.model.schema import PlotBatch, PlotKind
from jointsky.model.sensor import Sensor, SensorKind
from jointsky.model.world import World

PLOT_TYPES = {"time": "f", "sensor": "i", "kind": "s", "rng": "f", "az": "f", "mode_a": "i",
              "alt": "f", "lat": "f", "lon": "f", "vn": "f", "ve": "f", "icao": "i"}
SENSOR_TYPES = {"sensor": "i", "kind": "s", "lat": "f", "lon": "f", "alt": "f", "period": "f",
                "max_range": "f", "sig_rng": "f", "sig_az": "f", "pd": "f", "clutter": "f"}
BIAS_TYPES = {"sensor": "i", "rng_bias": "f", "az_bias": "f"}
KIND_WORDS = ("PSR", "SSR", "ADSB")
KIND_VALUES = np.array([PlotKind.PSR, PlotKind.SSR, PlotKind.ADSB, 0], np.uint8)  # last: none
SENSOR_KINDS = {"PSR": SensorKind.PSR, "SSR": SensorKind.SSR, "ADSB": SensorKind.ADSB}
MEASURES = {"rng": "range_m", "az": "azimuth_rad", "mode_a": "mode_3a", "alt": "mode_c_m",
            "lat": "latitude_rad", "lon": "longitude_rad", "vn": "velocity_north_ms",
            "ve": "velocity_east_ms", "icao": "icao_address"}
DEGREES = {"az", "lat", "lon"}
# Sensor 0 is ADS-B and need not be listed. What a position is worth there is not part of the form:
# 15 m, one second, is this project's assumption.
ADSB = Sensor(0, "ADS-B", SensorKind.ADSB, 0.0, 0.0, 0.0, 1.0, 0.0, 15.0, 0.0)


@dataclass(frozen=True)
class Scenario:
    """The frame of a plot folder: centre, half side m, step of the output grid and duration s."""

    latitude_rad: float
    longitude_rad: float
    half_m: float
    step_s: float
    duration_s: float


@dataclass(frozen=True)
class PlotFolder:
    """A plot folder: time 0 of the scenario is 1970-01-01T00:00 UTC."""

    scenario: Scenario
    sensors: tuple[Sensor, ...]
    plots: PlotBatch


@dataclass(frozen=True)
class OpenedFolder:
    """A plot folder of which the plots are still to be read. rows: how many there are; parts:
    those plots in order, once; it raises `FileProblem` where they are bad."""

    scenario: Scenario
    sensors: tuple[Sensor, ...]
    rows: int
    parts: Iterator[PlotBatch]


def read_plot_folder(folder: Path, world: World, bias: Path | None = None) -> PlotFolder:
    """Read a folder; bias: a file of known biases, which the sensors then carry.

    Raises `FileProblem` with file, row and column.
    """
    opened = open_plot_folder(folder, world, bias)
    return PlotFolder(opened.scenario, opened.sensors, PlotBatch.join(list(opened.parts), world))


def open_plot_folder(folder: Path, world: World, bias: Path | None = None) -> OpenedFolder:
    """`read_plot_folder`, but plots in Parquet are read only as they are asked for."""
    scenario = read_scenario(folder)
    sensors = read_sensors(find_table(folder, "sensors"))
    if bias is not None:
        sensors = _with_bias(sensors, bias)
    path = find_table(folder, "plots")
    parts = _of_sensors(folder, read_plots_in_parts(path, world), sensors)
    rows = count_rows(path)
    if rows is None:
        read = list(parts)
        rows, parts = sum(map(len, read)), iter(read)
    return OpenedFolder(scenario, sensors, rows, parts)


def _of_sensors(folder: Path, parts: Iterator[PlotBatch],
                sensors: tuple[Sensor, ...]) -> Iterator[PlotBatch]:
    known = [sensor.sensor_id for sensor in sensors]
    for part in parts:
        unknown = np.setdiff1d(part.sensor_id, known).tolist()
        if unknown:
            raise FileProblem(folder, f"plots of sensor {', '.join(map(str, unknown))}",
                              expected="a row in sensors.csv for each sensor")
        yield part


def read_scenario(folder: Path) -> Scenario:
    """Read scenario.json. Raises `FileProblem`."""
    path = folder / "scenario.json"
    expected = '{"lat": , "lon": , "half": , "step": , "duration": } with numbers'
    if not path.is_file():
        raise FileProblem(path, "there is no such file", expected=expected)
    try:
        content = json.loads(path.read_text())
        lat, lon, half, step, duration = (float(content[name]) for name in (
            "lat", "lon", "half", "step", "duration"))
    except json.JSONDecodeError as error:
        raise FileProblem(path, error.msg, place=f"line {error.lineno}",
                          expected=expected) from None
    except (KeyError, TypeError, ValueError) as error:
        raise FileProblem(path, f"missing or no number: {error}", expected=expected) from None
    if not (step > 0 and duration > 0):
        raise FileProblem(path, f"step {step}, duration {duration}", expected="more than 0 each")
    return Scenario(math.radians(lat), math.radians(lon), half, step, duration)


def read_sensors(path: Path) -> tuple[Sensor, ...]:
    """Read sensors.csv, in order of their number, ADS-B among them. Raises `FileProblem`."""
    table = read_table(path, SENSOR_TYPES)
    cells = {name: table.values(name) for name in SENSOR_TYPES}
    for name in SENSOR_TYPES:
        _refuse(path, ~table.has(name), f"no {name}", "a value in every column")
    _refuse(path, ~np.isin(cells["kind"], list(SENSOR_KINDS)), "an unknown kind", "PSR, SSR, ADSB")
    _refuse(path, (cells["sensor"] < 0) | (cells["sensor"] > 0xFFFF), "a sensor out of range",
            "0 to 65535")
    _refuse(path, cells["period"] <= 0, "a period of 0 or less", "seconds")
    sensors = {int(cells["sensor"][row]): Sensor(
        sensor_id=int(cells["sensor"][row]), name=f"{cells['kind'][row]} {cells['sensor'][row]}",
        kind=SENSOR_KINDS[str(cells["kind"][row])],
        latitude_rad=math.radians(cells["lat"][row]),
        longitude_rad=math.radians(cells["lon"][row]), height_m=float(cells["alt"][row]),
        period_s=float(cells["period"][row]), max_range_m=float(cells["max_range"][row]),
        sigma_range_m=float(cells["sig_rng"][row]),
        sigma_azimuth_rad=math.radians(cells["sig_az"][row]),
        p_detection=float(cells["pd"][row]), clutter=float(cells["clutter"][row]),
    ) for row in range(len(table))}
    sensors.setdefault(0, ADSB)
    return tuple(sensors[number] for number in sorted(sensors))


def read_plots(path: Path, world: World) -> PlotBatch:
    """Read plots. Raises `FileProblem`."""
    return PlotBatch.join(list(read_plots_in_parts(path, world)), world)


def read_plots_in_parts(path: Path, world: World, rows: int = CHUNK) -> Iterator[PlotBatch]:
    """`read_plots` in parts of at most so many rows, in order, read as they are asked for."""
    first, latest_ns = 0, None
    for table in read_chunks(path, PLOT_TYPES, rows):
        part = _plots_of(path, table, world, first, latest_ns)
        first += len(part)
        latest_ns = part.time_ns[-1] if len(part) else latest_ns
        yield part


def _plots_of(path: Path, table: Columns, world: World, first: int,
              latest_ns: np.int64 | None) -> PlotBatch:
    """One part. first: how many rows came before it, latest_ns: the time of the last of them."""
    there = {name: table.has(name) for name in PLOT_TYPES}
    for name in ("time", "sensor", "kind"):
        _refuse(path, ~there[name], f"no {name}", "a value in every row", first)
    kind = KIND_VALUES[table.places("kind", KIND_WORDS)]
    _refuse(path, kind == 0, "an unknown kind", ", ".join(KIND_WORDS), first)
    time_ns = np.rint(table.values("time") * NS_PER_S).astype(np.int64)
    before = time_ns[:1] if latest_ns is None else latest_ns
    _refuse(path, np.diff(time_ns, prepend=before) < 0, "time going backwards", "time order", first)
    adsb = kind == PlotKind.ADSB
    _refuse(path, ~adsb & ~(there["rng"] & there["az"]), "no rng or az",
            "both in every radar plot", first)
    _refuse(path, adsb & ~(there["lat"] & there["lon"]), "no lat or lon",
            "both in every ADSB plot", first)
    blank = PlotBatch.blank(len(table), world)
    present = blank.present
    cells: dict[str, Any] = {}
    for column, name in MEASURES.items():
        if there[column].any():
            present |= there[column] * PlotBatch.bit(name)
            values = table.values(column).astype(getattr(blank, name).dtype, copy=False)
            cells[name] = np.radians(values) if column in DEGREES else values
    return replace(
        blank, time_ns=time_ns, received_ns=time_ns, present=present, kind=kind,
        sensor_id=table.values("sensor").astype(np.int32),
        frame=np.arange(first, first + len(table), dtype=np.int64), **cells)


def _refuse(path: Path, wrong: Bool, problem: str, expected: str, first: int = 0) -> None:
    """Raises `FileProblem` at the first wrong row, counted as a person counts below the head, with
    the rows of the file that came `first`."""
    if wrong.any():
        raise FileProblem(path, problem, place=f"row {first + int(np.argmax(wrong)) + 1}",
                          expected=expected)


def read_biases(path: Path) -> dict[int, tuple[float, float]]:
    """Range m and azimuth rad of bias.csv, by sensor. Raises `FileProblem`."""
    table = read_table(path, BIAS_TYPES)
    return {int(sensor): (float(range_m), math.radians(azimuth)) for sensor, range_m, azimuth in
            zip(*(table.values(name) for name in BIAS_TYPES), strict=True)}


def _with_bias(sensors: tuple[Sensor, ...], path: Path) -> tuple[Sensor, ...]:
    known = read_biases(path)
    return tuple(
        replace(sensor, range_bias_m=known[sensor.sensor_id][0],
                azimuth_bias_rad=known[sensor.sensor_id][1], bias_known=True)
        if sensor.sensor_id in known else sensor for sensor in sensors)

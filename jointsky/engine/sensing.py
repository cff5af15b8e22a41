"""Which sensors there are: those configured, those that need no place, those that said theirs."""

from __future__ import annotations

import numpy as np

from jointsky.engine.state import PictureState, add_sensors
from jointsky.model.batch import Bool
from jointsky.model.clock import NS_PER_S
from jointsky.model.reject import Reason
from jointsky.model.schema import (
    PlotBatch,
    PlotFlag,
    PlotKind,
    RejectBatch,
    SensorStatusBatch,
    StatusKind,
)
from jointsky.model.sensor import Sensor, SensorKind, sensor_id_text
from jointsky.model.world import World
from jointsky.track.screen import NOT_AIRCRAFT, REASONS, USED

TABLE_MAX = 64  # one bit of TrackBatch.sensors each
# What is taken for granted of a sensor that nobody has described: an en-route radar, a station.
RADAR_PERIOD_S, RADAR_RANGE_M = 10.0, 470_000.0
RADAR_SIGMA_M, RADAR_SIGMA_RAD = 80.0, 0.0016
STATION_PERIOD_S, STATION_RANGE_M, STATION_SIGMA_M = 1.0, 600_000.0, 60.0
# Item at fault and what was expected there, of what the tracker refuses; `found` tells the sensor
# and how far its time is from reception.
EXPECTED = {
    Reason.UNKNOWN_SENSOR: (b"010", b"a sensor whose place is known"),
    Reason.BAD_VALUE: (b"", b"values that can be"),
    Reason.NO_POSITION: (b"", b"a position of the kind of this sensor"),
    Reason.CLOCK: (b"140", b"a time near that of reception"),
    Reason.LATE: (b"140", b"a time not yet settled"),
    Reason.FUTURE: (b"140", b"a time not ahead of now"),
    Reason.DUPLICATE: (b"", b"a report that has not come before"),
    Reason.FLOOD: (b"", b"no more reports than the history explains")}
PLACELESS = {PlotKind.ADSB: SensorKind.ADSB, PlotKind.MLAT: SensorKind.MLAT}


def add_found_sensors(state: PictureState, plots: PlotBatch,
                      statuses: SensorStatusBatch) -> PictureState:
    """The state with sensors that these reports made known: ADS-B and MLAT stations by their
    first report, radars by a service message that gives the antenna's place (I034/120)."""
    table = state.sensors
    known = {sensor.sensor_id for sensor in table}
    placeless = np.isin(plots.kind, list(PLACELESS))
    found = {int(one): PLACELESS[PlotKind(int(plots.kind[placeless
                                                         & (plots.sensor_id == one)][0]))]
             for one in np.unique(plots.sensor_id[placeless])}
    for sensor_id, kind in sorted(found.items()):
        if sensor_id not in known and len(table) < TABLE_MAX:
            table = (*table, station(sensor_id, kind))
            known.add(sensor_id)
    turning = np.isin(statuses.kind, (StatusKind.NORTH_MARK, StatusKind.SECTOR_CROSSING))
    placed = turning & statuses.has("latitude_rad") & statuses.has("longitude_rad")
    for row in np.flatnonzero(placed):
        sensor_id = int(statuses.sensor_id[row])
        if sensor_id not in known and len(table) < TABLE_MAX:
            height = statuses.height_m[row] if statuses.has("height_m")[row] else 0.0
            period = (statuses.period_s[row] if statuses.has("period_s")[row]
                      else RADAR_PERIOD_S)
            table = (*table, radar(sensor_id, float(statuses.latitude_rad[row]),
                                   float(statuses.longitude_rad[row]), float(height),
                                   float(period)))
            known.add(sensor_id)
    return add_sensors(state, table)


def radar(sensor_id: int, latitude_rad: float, longitude_rad: float, height_m: float,
          period_s: float = RADAR_PERIOD_S) -> Sensor:
    """A radar of which only the place is known."""
    return Sensor(sensor_id, f"radar {sensor_id_text(sensor_id)}", SensorKind.PSR_SSR,
                  latitude_rad, longitude_rad, height_m, period_s, RADAR_RANGE_M, RADAR_SIGMA_M,
                  RADAR_SIGMA_RAD)


def station(sensor_id: int, kind: SensorKind) -> Sensor:
    """An ADS-B or MLAT station of which nothing is known; its place does not matter."""
    name = "ADS-B" if kind == SensorKind.ADSB else "MLAT"
    return Sensor(sensor_id, f"{name} {sensor_id_text(sensor_id)}", kind, 0.0, 0.0, 0.0,
                  STATION_PERIOD_S, STATION_RANGE_M, STATION_SIGMA_M, RADAR_SIGMA_RAD)


def split_known(state: PictureState, plots: PlotBatch) -> tuple[PlotBatch, RejectBatch]:
    """Plots of sensors in the table, and a reject for each plot of another."""
    known: Bool = np.isin(plots.sensor_id, [sensor.sensor_id for sensor in state.sensors])
    if known.all():
        return plots, RejectBatch.empty(state.world)
    strange = plots.take(~known)
    rejects = _rejects_of(strange, Reason.UNKNOWN_SENSOR, b"010", b"a sensor whose place is known")
    rejects.found[:] = [sensor_id_text(one).encode() for one in strange.sensor_id.tolist()]
    return plots.take(known), rejects


def split_worlds(state: PictureState, plots: PlotBatch) -> tuple[PlotBatch, RejectBatch]:
    """In a live picture: plots that are neither simulated nor a test, and a reject for each of
    the others, for nobody may take an exercise for the world. Elsewhere all plots."""
    made: Bool = (plots.flags & (PlotFlag.SIMULATED | PlotFlag.TEST)) != 0
    if state.world is not World.LIVE or not made.any():
        return plots, RejectBatch.empty(state.world)
    rejects = _rejects_of(plots.take(made), Reason.OTHER_WORLD, b"020", b"a report of the world")
    rejects.found[:] = b"the SIM or TST bit"
    return plots.take(~made), rejects


def split_unfit(state: PictureState, plots: PlotBatch) -> tuple[PlotBatch, RejectBatch]:
    """Plots that the tracker took in its last `advance`, and a reject for each that it refused;
    reports of the sensors' own equipment are neither."""
    fate = state.tracker.screen.fate
    if len(fate) != len(plots) or not fate.any():
        return plots, RejectBatch.empty(state.world)
    parts = []
    for place in np.unique(fate[(fate != USED) & (fate != NOT_AIRCRAFT)]).tolist():
        reason = REASONS[place - 1]
        item, expected = EXPECTED[reason]
        refused = plots.take(fate == place)
        rejects = _rejects_of(refused, reason, item, expected)
        rejects.found[:] = [
            f"sensor {sensor_id_text(sensor_id)}, {off_ns / NS_PER_S:+.3f} s".encode()
            for sensor_id, off_ns in zip(refused.sensor_id.tolist(),
                                         (refused.time_ns - refused.received_ns).tolist(),
                                         strict=True)]
        parts.append(rejects)
    rejects = RejectBatch.join(parts, state.world)
    return plots.take(fate == USED), rejects.take(np.lexsort((rejects.offset, rejects.frame)))


def _rejects_of(plots: PlotBatch, reason: Reason, item: bytes, expected: bytes) -> RejectBatch:
    """A reject for each plot, that lacks only what was found."""
    rejects = RejectBatch.blank(len(plots), plots.world)
    rejects.received_ns[:] = plots.received_ns
    rejects.frame[:] = plots.frame
    rejects.offset[:] = plots.offset
    rejects.reason[:] = reason.value.encode()
    rejects.item[:] = item
    rejects.expected[:] = expected
    return rejects

"""How each sensor and input is doing: counted as reports come in, told as rows for people."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from jointsky.engine.state import PictureState, SensorHealth
from jointsky.model.batch import I32
from jointsky.model.clock import NS_PER_S
from jointsky.model.reject import Reason
from jointsky.model.schema import (
    PlotBatch,
    PlotKind,
    SensorStatusBatch,
    StatusKind,
    TrackBatch,
)
from jointsky.model.sensor import SensorKind, sensor_id_text
from jointsky.track.estimates import BiasEstimate, estimates_of
from jointsky.track.screen import counts_of, floods

MEAN_S = 10.0
LATE_S = 2.0
LOST_PERIODS, LOST_S = 3.0, 10.0
# Counted, but no fault of the report: the sensor's own equipment, and what contradicts itself.
NO_REFUSAL = (Reason.NOT_AIRCRAFT.value, Reason.CONTRADICTORY.value)
HEARD_MAX = 1024  # a stream of made-up identifiers must not fill the memory
KIND_OF_PLOT = {PlotKind.PSR: SensorKind.PSR, PlotKind.SSR: SensorKind.SSR,
                PlotKind.PSR_SSR: SensorKind.PSR_SSR, PlotKind.MODE_S: SensorKind.SSR,
                PlotKind.PSR_MODE_S: SensorKind.PSR_SSR, PlotKind.ADSB: SensorKind.ADSB,
                PlotKind.MLAT: SensorKind.MLAT, PlotKind.TRACK: SensorKind.TRACKER}


@dataclass(frozen=True)
class SensorRow:
    """One line of the sensor page. state: "ok", "late", "lost" or "silent" (never heard); refused:
    reports by `Reason`; note: what is wrong with it now, in words, or ""; bias: what registration
    knows of it, None if it is none of the tracker's."""

    sensor_id: int
    name: str
    kind: str
    nation: str
    known: bool
    state: str
    rate_hz: float
    latency_s: float
    last_ns: int
    reports: int
    rejects: int
    plots_per_scan: int
    operational: bool
    refused: dict[str, int]
    note: str
    bias: BiasEstimate | None = None


def count_plots(state: PictureState, plots: PlotBatch, used: PlotBatch, known: set[int]) -> None:
    """Note the plots (n,) of a step by sensor. used: those that came to the tracker; of the others,
    sensors not `known` are told from plots of another world."""
    for sensor_id in np.unique(plots.sensor_id).tolist():
        rows = plots.sensor_id == sensor_id
        kind = KIND_OF_PLOT[PlotKind(int(plots.kind[rows][0]))]
        health = _heard(state, sensor_id, kind, int(plots.received_ns[rows].max()))
        if health is None:
            continue
        count = int(rows.sum())
        health.reports += count
        health.scan_plots += count
        left_out = count - int((used.sensor_id == sensor_id).sum())
        if left_out:
            why = (Reason.OTHER_WORLD if sensor_id in known else Reason.UNKNOWN_SENSOR).value
            health.refused[why] = health.refused.get(why, 0) + left_out
        late_s = float(np.mean(plots.received_ns[rows] - plots.time_ns[rows])) / NS_PER_S
        weight = count / (count + 50)
        health.latency_s += (late_s - health.latency_s) * (1 if health.reports == count else weight)


def count_statuses(state: PictureState, statuses: SensorStatusBatch) -> None:
    """Note the service messages of a step: north marks close a scan, NOGO is remembered."""
    says = statuses.has("operational")
    has_period = statuses.has("period_s")
    for row in range(len(statuses)):
        kind = (SensorKind.TRACKER if statuses.kind[row] == StatusKind.SYSTEM_STATUS
                else SensorKind.PSR_SSR)
        health = _heard(state, int(statuses.sensor_id[row]), kind, int(statuses.received_ns[row]))
        if health is None:
            continue
        health.messages += 1
        if statuses.kind[row] == StatusKind.NORTH_MARK:
            health.plots_per_scan, health.scan_plots = health.scan_plots, 0
        if says[row]:
            health.operational = bool(statuses.operational[row])
        if has_period[row]:
            health.period_s = float(statuses.period_s[row])


def count_foreign(state: PictureState, tracks: TrackBatch, received_ns: int) -> None:
    """Note the tracks that other systems sent in a step."""
    ids: I32 = tracks.unit_id
    for unit_id, count in zip(*(part.tolist() for part in np.unique(ids, return_counts=True)),
                              strict=True):
        health = _heard(state, unit_id, SensorKind.TRACKER, received_ns)
        if health is not None:
            health.kind, health.known = SensorKind.TRACKER, True
            health.reports += count
            health.scan_plots += count


def settle(state: PictureState, before: dict[int, int], now_ns: int) -> None:
    """Update the running rates. before: reports of each sensor at the end of the step before."""
    dt_s = (now_ns - state.now_ns) / NS_PER_S if state.now_ns else MEAN_S
    if dt_s <= 0:
        return
    weight = 1 - math.exp(-dt_s / MEAN_S)
    for sensor_id, health in state.health.items():
        rate_hz = (health.reports - before.get(sensor_id, 0)) / dt_s
        # A mean over the time since it was first heard, until that is the longer one.
        since_s = (now_ns - health.first_ns) / NS_PER_S if health.first_ns else math.inf
        health.rate_hz += (rate_hz - health.rate_hz) * max(weight, min(1.0, dt_s / max(since_s,
                                                                                     dt_s)))


def _heard(state: PictureState, sensor_id: int, kind: SensorKind,
           received_ns: int) -> SensorHealth | None:
    health = state.health.get(sensor_id)
    if health is None:
        if len(state.health) >= HEARD_MAX:
            return None
        health = state.health[sensor_id] = SensorHealth(sensor_id, kind, known=False)
    health.first_ns = health.first_ns or received_ns
    health.last_ns = max(health.last_ns, received_ns)
    return health


def sensor_rows(state: PictureState) -> list[SensorRow]:
    """A line for each sensor and system heard or expected: the table's own first."""
    order = {sensor.sensor_id: place for place, sensor in enumerate(state.sensors)}
    named = {sensor.sensor_id: sensor for sensor in state.sensors}
    biases = {one.sensor_id: one for one in estimates_of(state.tracker.registration,
                                                         state.tracker.sensors)}
    rows = []
    for sensor_id in sorted(state.health, key=lambda one: (order.get(one, 1 << 20), one)):
        health = state.health[sensor_id]
        sensor = named.get(sensor_id)
        name = sensor.name if sensor else (
            f"{'system' if health.kind == SensorKind.TRACKER else 'sensor'} "
            f"{sensor_id_text(sensor_id)}")
        refused = {**health.refused, **_refused_by_tracker(state, sensor_id)}
        rows.append(SensorRow(
            sensor_id, name, health.kind.name, sensor.nation if sensor else "", health.known,
            _state_of(health, state.now_ns), round(health.rate_hz, 3),
            round(health.latency_s, 4), health.last_ns, health.reports,
            sum(count for why, count in refused.items() if why not in NO_REFUSAL),
            health.plots_per_scan, health.operational, refused, _note_of(state, sensor_id),
            biases.get(sensor_id)))
    return rows


def _row_in_tracker(state: PictureState, sensor_id: int) -> int:
    """The row of a sensor in the tracker's table, -1 for none."""
    rows = state.tracker.row_of
    return int(rows[sensor_id]) if 0 <= sensor_id < len(rows) else -1


def _refused_by_tracker(state: PictureState, sensor_id: int) -> dict[str, int]:
    row = _row_in_tracker(state, sensor_id)
    return counts_of(state.tracker.screen, row) if row >= 0 else {}


def _note_of(state: PictureState, sensor_id: int) -> str:
    """What is wrong with a sensor at present: its clock, or that it sends too much."""
    row = _row_in_tracker(state, sensor_id)
    if row < 0:
        return ""
    off_s = int(state.tracker.screen.clock_ns[row]) / NS_PER_S
    notes = [f"clock off {duration_text(off_s)}"] if off_s else []
    notes += ["floods"] if floods(state.tracker.screen, row) else []
    return ", ".join(notes)


def duration_text(seconds: float) -> str:
    """A signed time as a person says it: "+24 h", "-90 s"."""
    for unit, size in (("h", 3600.0), ("min", 60.0)):
        if abs(seconds) >= 2 * size:
            return f"{seconds / size:+.3g} {unit}"
    return f"{seconds:+.3g} s"


def _state_of(health: SensorHealth, now_ns: int) -> str:
    if not health.last_ns:
        return "silent"
    if (now_ns - health.last_ns) / NS_PER_S > max(LOST_PERIODS * health.period_s, LOST_S):
        return "lost"
    return "late" if health.latency_s > LATE_S else "ok"

"""The state of a unit's picture: all that one step needs to know of the steps before."""

from __future__ import annotations

import copy as copies
from dataclasses import dataclass, field, replace

import numpy as np

from jointsky.agreement.delays import DelayLine
from jointsky.engine.law import Law, law_of
from jointsky.model.batch import I64, U8
from jointsky.model.schema import TrackBatch
from jointsky.model.sensor import Sensor, SensorKind
from jointsky.model.unit import Unit
from jointsky.model.world import World
from jointsky.track import history, tracker
from jointsky.track.state import TrackerState
from jointsky.track.tuning import Tuning

Editions = dict[str, dict[int, str]]
# Live, a plot waits for its bucket to end: half as long as in a recording, at a cost in GOSPA of
# 0 to 1 % on the project's own seeds.
TUNING = Tuning(bucket_s=0.05)


@dataclass
class SensorHealth:
    """What has been heard of one sensor or system, known or not.

    Times are UTC ns, 0 for never; refused: reports by `Reason` that never came to the tracker
    (which counts what it refuses itself); rate_hz and latency_s are running means over some 10 s;
    scan_plots counts plots since the last north mark, plots_per_scan those of the turn before.
    """

    sensor_id: int
    kind: SensorKind
    known: bool
    first_ns: int = 0
    last_ns: int = 0
    reports: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    messages: int = 0
    rate_hz: float = 0.0
    latency_s: float = 0.0
    period_s: float = 0.0
    scan_plots: int = 0
    plots_per_scan: int = 0
    operational: bool = True


@dataclass
class SourceHealth:
    """What has come in through one input. Times UTC ns.

    editions: those found for the categories of this input; sample, sample_lengths: its first
    frames, joined, from which they are found until there are enough of them.
    """

    frames: int = 0
    octets: int = 0
    records: int = 0
    rejects: int = 0
    last_ns: int = 0
    editions: dict[int, str] = field(default_factory=dict)
    sample: U8 = field(default_factory=lambda: np.empty(0, np.uint8))
    sample_lengths: I64 = field(default_factory=lambda: np.empty(0, np.int64))


@dataclass
class PictureState:
    """All that a unit knows. A step takes it and gives the next one; who needs both copies first.

    sensors: the unit's sensor table: place i is bit i of `TrackBatch.sensors`; only ever appended
    to. health: by sensor id, the unknown ones among them. foreign: the latest state of each track
    of other systems; systems: their unit ids (and this unit's), in the order they first brought a
    track; fused: see `jointsky.engine.fusion`; law: the agreements it holds; lines: what waits to
    leave for each partner nation; share_ns: time between two batches for partners, 0 for none;
    shared_ns: when the last one was made; own_world: word of the `World` that the unit itself is
    in, whichever its journal is played again in. frames: how many have ever come; now_ns: time of
    the last step.
    """

    world: World
    unit: Unit
    sensors: tuple[Sensor, ...]
    editions: Editions
    tracker: TrackerState
    foreign: TrackBatch
    law: Law
    systems: tuple[int, ...] = ()
    fused: dict[int, tuple[int, int]] = field(default_factory=dict)
    health: dict[int, SensorHealth] = field(default_factory=dict)
    sources: dict[str, SourceHealth] = field(default_factory=dict)
    lines: dict[str, DelayLine] = field(default_factory=dict)
    share_ns: int = 0
    shared_ns: int = 0
    own_world: str = World.REPLAY.value
    frames: int = 0
    plots: int = 0
    rejects: int = 0
    steps: int = 0
    now_ns: int = 0


def start(world: World, unit: Unit, sensors: tuple[Sensor, ...],
          editions: Editions | None = None, tuning: Tuning | None = None) -> PictureState:
    """The state of a unit that has heard nothing yet."""
    return PictureState(
        world=world, unit=unit, sensors=sensors, editions=editions or {},
        tracker=tracker.start(world, unit.unit_id, sensors, tuning or TUNING),
        foreign=TrackBatch.empty(world), law=law_of(unit.nation),
        health={sensor.sensor_id: SensorHealth(sensor.sensor_id, sensor.kind, known=True,
                                               period_s=sensor.period_s) for sensor in sensors})


def copy(state: PictureState) -> PictureState:
    """A copy that shares nothing that a step changes."""
    return replace(state, tracker=tracker.copy(state.tracker),
                   health=copies.deepcopy(state.health), fused=dict(state.fused),
                   lines=dict(state.lines),
                   sources=copies.deepcopy(state.sources))


def lean(state: PictureState) -> PictureState:
    """A smaller state that goes on alike: what a checkpoint keeps."""
    return replace(state, tracker=history.lean(state.tracker))


def configure(state: PictureState, unit: Unit, sensors: tuple[Sensor, ...],
              editions: Editions, tuning: Tuning | None = None) -> PictureState:
    """The state under a new configuration: sensors are added or better known, none forgotten,
    for tracks remember by place in the table which of them contributed."""
    given = {sensor.sensor_id: sensor for sensor in sensors}
    kept = tuple(given.pop(old.sensor_id, old) for old in state.sensors)
    tuned = tracker.with_tuning(state.tracker, tuning or TUNING)
    state = replace(state, unit=unit, editions=editions, tracker=tuned)
    return add_sensors(state, kept + tuple(given.values()))


def add_sensors(state: PictureState, table: tuple[Sensor, ...]) -> PictureState:
    """The state with a new sensor table, whose first rows are those of the old one."""
    if table == state.sensors:
        return state
    for sensor in table:
        health = state.health.setdefault(
            sensor.sensor_id, SensorHealth(sensor.sensor_id, sensor.kind, known=True))
        health.known, health.kind = True, sensor.kind
        health.period_s = health.period_s or sensor.period_s
    return replace(state, sensors=table, tracker=tracker.with_sensors(state.tracker, table))

"""Biases of the sensors of plot folders and recordings: what `jointsky registration` does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from jointsky.app.pipeline import IN_ORDER, UNIT_ID, deal
from jointsky.app.tracking import check_steps, steps_of
from jointsky.codec.plotfolder import open_plot_folder
from jointsky.model.batch import I64
from jointsky.model.clock import NS_PER_S
from jointsky.model.sensor import Sensor
from jointsky.model.world import World
from jointsky.track import tracker
from jointsky.track.arrays import NEVER
from jointsky.track.estimates import BiasEstimate, estimates_of
from jointsky.track.registration import finish
from jointsky.track.state import TrackerState

STEP_S = 10.0


@dataclass(frozen=True)
class Course:
    """What was known of all sensors at a time. reporting: names of those whose plots came."""

    now_ns: int
    sensors: tuple[Sensor, ...]
    estimates: list[BiasEstimate]
    reporting: tuple[str, ...]


@dataclass(frozen=True)
class Registering:
    """Registration that is about to be done.

    steps: how many times there are; courses: what is known at each, when asked for, the last one
    from all there is; inputs: how many plots or frames (`what`) go in; notes: for the user.
    """

    steps: int
    courses: Iterator[Course]
    inputs: int
    what: str
    notes: list[str]


def register_folder(folder: Path) -> Registering:
    """Registration of a plot folder, no bias given. Raises `FileProblem`, `UsageProblem`."""
    opened = open_plot_folder(folder, World.STUDY)
    steps = int(opened.scenario.duration_s / STEP_S) + 1
    check_steps(steps, folder)
    grid: I64 = np.arange(1, steps + 1, dtype=np.int64) * round(STEP_S * NS_PER_S)

    def states() -> Iterator[TrackerState]:
        state = tracker.start(World.STUDY, UNIT_ID, opened.sensors, IN_ORDER)
        for now_ns, plots in deal(opened.parts, grid, World.STUDY):
            state = tracker.advance(state, plots, now_ns)
            yield state

    return Registering(steps, _courses(states()), opened.rows, "plots", [])


def register_recordings(paths: Sequence[Path], sensors: tuple[Sensor, ...],
                        editions: Mapping[int, str] | None = None,
                        date_utc: date | None = None) -> Registering:
    """Registration of recordings of one time. Raises `FileProblem`, `UsageProblem`."""
    grid, results, frames, notes = steps_of(paths, sensors, STEP_S, editions, date_utc)
    states = (result.state.tracker for result in results)
    return Registering(len(grid), _courses(states), frames, "frames", notes)


def _courses(states: Iterator[TrackerState]) -> Iterator[Course]:
    state = None
    for state in states:
        yield _course(state)
    if state is not None:
        finish(state.registration, state.table, [moment.plots for moment in state.moments])
        yield _course(state)


def _course(state: TrackerState) -> Course:
    reporting = tuple(sensor.name for sensor, last_ns in zip(
        state.sensors, state.table["last_ns"].tolist(), strict=True) if last_ns != NEVER)
    return Course(state.now_ns, state.sensors, estimates_of(state.registration, state.sensors),
                  reporting)


def heard(course: Course) -> list[tuple[Sensor, BiasEstimate]]:
    """Sensors with their estimates, without ADS-B that never came."""
    return [(sensor, one) for sensor, one in zip(course.sensors, course.estimates, strict=False)
            if one.role != "reference" or one.windows]


def why_nothing(course: Course) -> str:
    """Why no bias could be learned, in words; empty if one was."""
    learning = [one for one in course.estimates if one.role == "learned"]
    if any(one.windows for one in learning):
        return ""
    if not course.reporting:
        return "nothing learned: there was no plot of a known sensor"
    if len(course.reporting) == 1:
        return (f"nothing learned: all plots come from one sensor, {course.reporting[0]}; biases "
                "show where two sensors see the same aircraft")
    if not learning:
        return "nothing learned: the biases of all sensors are given, or those of references"
    return ("nothing learned: no aircraft flew straight for long enough where two sensors "
            "saw it")


def table_of(course: Course) -> list[dict[str, Any]]:
    """A plain row for each sensor: names, numbers in SI units and radians, the warning."""
    return [{"name": sensor.name, "kind": sensor.kind.name, **asdict(one)}
            for sensor, one in heard(course)]

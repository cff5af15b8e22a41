"""Plots in order of time to pictures, on two threads: one tracks, the other reads ahead, makes
plots ready and draws.

Each thread does what one alone would do, in the same order, so the pictures are the same to the
byte. It pays because compiled kernels and the reader of Parquet run side by side.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

import numpy as np

from jointsky.engine.health import duration_text
from jointsky.model.batch import I64
from jointsky.model.clock import NS_PER_S
from jointsky.model.schema import PlotBatch, TrackBatch
from jointsky.model.sensor import Sensor
from jointsky.model.world import World
from jointsky.track import tracker
from jointsky.track.arrays import Plots
from jointsky.track.screen import counts_of
from jointsky.track.state import TrackerState
from jointsky.track.tuning import Tuning

In = TypeVar("In")
Out = TypeVar("Out")

UNIT_ID = 0  # SAC/SIC 0/0: tracks of nobody's unit
# Steps that are under way at once: what is read and not yet drawn.
AHEAD = 4
# Plot folders are in order of time: nothing comes late.
IN_ORDER = Tuning(late_s_max=0.0)


def pictures(parts: Iterator[PlotBatch], sensors: tuple[Sensor, ...], grid_ns: I64, world: World,
             threads: int = 2, tuning: Tuning | None = None, notes: list[str] | None = None,
             hear: Callable[[TrackerState], None] | None = None,
             ) -> Iterator[tuple[int, TrackBatch]]:
    """(now_ns, tracks) at each time of a grid, from the plots of the parts up to it.

    parts: in order of time, of these sensors and no others; read as far as the grid needs, then
    to their end. threads: 1 or 2. notes: gets at the end a line for each sensor whose plots were
    left out. hear: is told the tracker's state after every step, in order, on the thread that
    tracks. Raises what the parts raise, and what it raises.
    """
    tuning = replace(tuning or IN_ORDER, late_s_max=IN_ORDER.late_s_max)
    notes = [] if notes is None else notes
    parts = within_time(parts, grid_ns, tuning, notes)
    reader = tracker.start(world, UNIT_ID, sensors, tuning)
    state = tracker.start(world, UNIT_ID, sensors, tuning)

    def ready() -> Iterator[tuple[int, Plots]]:
        nonlocal reader
        for now_ns, plots in deal(parts, grid_ns, world):
            reader, made = tracker.make_ready(reader, plots, now_ns)
            yield now_ns, made

    def advance(step: tuple[int, Plots]) -> tuple[int, TrackerState]:
        nonlocal state
        now_ns, plots = step
        state = tracker.run(state, plots, now_ns)
        if hear is not None:
            hear(state)
        return now_ns, tracker.seen(state)

    for now_ns, seen in (map(advance, ready()) if threads == 1 else _beside(advance, ready())):
        yield now_ns, tracker.picture(seen, now_ns)
    for _ in parts:
        pass
    notes += refusal_notes(reader)


def within_time(parts: Iterator[PlotBatch], grid_ns: I64, tuning: Tuning,
                notes: list[str]) -> Iterator[PlotBatch]:
    """The parts without plots further than a clock may be off from the time of the grid; at the
    end a note for each sensor that had such."""
    limit_ns = round(tuning.clock_s_max * NS_PER_S)
    first_ns, last_ns = (int(grid_ns[0]), int(grid_ns[-1])) if len(grid_ns) else (0, 0)
    count, total_ns = Counter[int](), Counter[int]()
    for part in parts:
        outside = (part.time_ns < first_ns - limit_ns) | (part.time_ns > last_ns + limit_ns)
        for sensor_id in np.unique(part.sensor_id[outside]).tolist():
            mine = outside & (part.sensor_id == sensor_id)
            count[sensor_id] += int(mine.sum())
            total_ns[sensor_id] += int(part.time_ns[mine].astype(np.float64).sum())
        yield part.take(~outside) if outside.any() else part
    for sensor_id in sorted(count):
        off_s = (total_ns[sensor_id] / count[sensor_id] - (first_ns + last_ns) / 2) / NS_PER_S
        notes.append(f"sensor {sensor_id}: {count[sensor_id]} plots outside of the scenario's "
                     f"time left out, clock off {duration_text(off_s)}")


def refusal_notes(state: TrackerState) -> list[str]:
    """A line for each sensor that had reports refused, by reason."""
    return [f"{sensor.name}: refused " + ", ".join(
                f"{count} {why}" for why, count in counts.items())
            for row, sensor in enumerate(state.sensors)
            if (counts := counts_of(state.screen, row))]


def deal(parts: Iterator[PlotBatch], grid_ns: I64,
         world: World) -> Iterator[tuple[int, PlotBatch]]:
    """(now_ns, plots after the time before and up to this one) for each time of a grid."""
    here, at = PlotBatch.empty(world), 0
    for now_ns in grid_ns.tolist():
        mine: list[PlotBatch] = []
        while True:
            end = int(np.searchsorted(here.time_ns, now_ns, side="right"))
            mine.append(here.take(slice(at, end)))
            at = end
            if end < len(here) or (part := next(parts, None)) is None:
                break
            here, at = part, 0
        yield now_ns, PlotBatch.join(mine, world)


def _beside(function: Callable[[In], Out], items: Iterator[In]) -> Iterator[Out]:
    """`map` on another thread, in order, at most AHEAD items at a time."""
    waiting = deque[Future[Out]]()
    with ThreadPoolExecutor(1, "tracking") as other:
        for item in items:
            waiting.append(other.submit(function, item))
            if len(waiting) == AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

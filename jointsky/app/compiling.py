"""Every kernel that a unit uses, compiled by using it, with a progress bar on stderr."""

from __future__ import annotations

import math

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from jointsky.app.feed import LITTLE, datagrams_of
from jointsky.codec.asterix.from_batches import encode_tracks
from jointsky.engine.checkpoint import pack
from jointsky.engine.state import start
from jointsky.engine.step import step
from jointsky.model.clock import NS_PER_S
from jointsky.model.frame import Frame
from jointsky.model.unit import Unit
from jointsky.model.world import World
from jointsky.sim.simulate import simulate
from jointsky.sim.simulate import start as start_simulation
from jointsky.track.changes import changed_since, make_marks

SECONDS = 10


def compile_all() -> None:
    """Run the whole path once on a few simulated seconds."""
    begin_ns = 1_000_000 * NS_PER_S
    unit = Unit("warm-up", "", 0, 1, math.radians(43), math.radians(75))
    sensors = tuple(sensor.as_sensor() for sensor in LITTLE.sensors)
    state = start(World.EXERCISE, unit, sensors)
    simulation = start_simulation(LITTLE, begin_ns)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("compiling, once", total=2 * SECONDS)
        for half_s in range(1, 2 * SECONDS + 1):
            now_ns = begin_ns + half_s * NS_PER_S // 2
            observed = simulate(simulation, now_ns)
            frames = [Frame("warm-up", now_ns, payload) for sensor in LITTLE.sensors
                      for payload in datagrams_of(observed, sensor.sensor_id)]
            result = step(state, frames, now_ns)
            encode_tracks(result.picture)
            state = result.state
            bar.advance(task)
    changed_since(state.tracker, make_marks(0), now_ns, 0)
    pack(state)

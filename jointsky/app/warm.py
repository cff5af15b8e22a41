"""Kernels made ready before anything is timed: compiled at the first start, then loaded."""

from __future__ import annotations

import math

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from jointsky.app.feed import LITTLE, datagrams_of
from jointsky.engine.checkpoint import pack
from jointsky.engine.state import start
from jointsky.engine.step import step
from jointsky.model.clock import NS_PER_S
from jointsky.model.frame import Frame
from jointsky.model.unit import Unit
from jointsky.model.world import World
from jointsky.sim.simulate import simulate
from jointsky.sim.simulate import start as start_simulation

SECONDS = 10
BEGIN_NS = 1_000_000 * NS_PER_S


def warm_up() -> None:
    """Run the whole path once on a few simulated seconds, with a progress bar on stderr while
    kernels compile (the first start after an installation; their code is kept on disk)."""
    unit = Unit("warm-up", "", 0, 1, math.radians(43), math.radians(75))
    sensors = tuple(sensor.as_sensor() for sensor in LITTLE.sensors)
    state = start(World.EXERCISE, unit, sensors)
    simulation = start_simulation(LITTLE, BEGIN_NS)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("making the engine ready", total=2 * SECONDS)
        for half_s in range(1, 2 * SECONDS + 1):
            now_ns = BEGIN_NS + half_s * NS_PER_S // 2
            observed = simulate(simulation, now_ns)
            frames = [Frame("warm-up", now_ns, payload) for sensor in LITTLE.sensors
                      for payload in datagrams_of(observed, sensor.sensor_id)]
            state = step(state, frames, now_ns).state
            bar.advance(task)
    pack(state)

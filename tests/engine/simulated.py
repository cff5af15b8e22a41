"""Frames of a small simulated network, as they would come over UDP, for the tests of the engine."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

from jointsky.app.demo import SCENARIO
from jointsky.app.feed import datagrams_of
from jointsky.engine.step import StepResult
from jointsky.model.batch import columns_of
from jointsky.model.clock import NS_PER_S
from jointsky.model.frame import Frame
from jointsky.model.schema import TrackBatch
from jointsky.model.sensor import Sensor
from jointsky.model.unit import Unit
from jointsky.sim.scenario import Scenario, parse_scenario
from jointsky.sim.simulate import simulate, start

BEGIN_NS = 1_780_000_000 * NS_PER_S
TICK_NS = NS_PER_S // 2
UNIT = Unit("test", "KGZ", 200, 1, 0.748, 1.306)


def scenario_of_demo() -> Scenario:
    return parse_scenario(Path(SCENARIO).read_text(), "demo")


def sensors_of_demo() -> tuple[Sensor, ...]:
    return tuple(replace(sensor.as_sensor()) for sensor in scenario_of_demo().sensors)


@cache
def turns(seconds: int, seed: int = 20) -> tuple[tuple[int, tuple[Frame, ...]], ...]:
    """(now_ns, frames) of each half second of the demo."""
    scenario = scenario_of_demo().with_seed(seed)
    simulation = start(scenario, BEGIN_NS)
    made = []
    for tick in range(1, 2 * seconds + 1):
        now_ns = BEGIN_NS + tick * TICK_NS
        observed = simulate(simulation, now_ns)
        made.append((now_ns, tuple(
            Frame(sensor.name, now_ns - 1_000_000, payload) for sensor in scenario.sensors
            for payload in datagrams_of(observed, sensor.sensor_id))))
    return tuple(made)


def with_picture(result: StepResult) -> StepResult:
    """The same, its picture made while its state has not gone on."""
    assert result.picture.world is result.state.world
    return result


def columns_bytes(tracks: TrackBatch) -> dict[str, bytes]:
    """Every column of a batch as its bytes."""
    return {col.name: getattr(tracks, col.name).tobytes() for col in columns_of(TrackBatch)}

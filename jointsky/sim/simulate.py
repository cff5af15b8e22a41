"""The simulator: a scenario, run on in fixed steps, gives plots, status messages and the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jointsky.model.batch import F64, I32, I64
from jointsky.model.clock import NS_PER_S
from jointsky.model.schema import PlotBatch, SensorStatusBatch
from jointsky.model.world import World
from jointsky.sim.radar import Antenna, listen, points_of, watch
from jointsky.sim.scenario import Scenario
from jointsky.sim.traffic import Habits, Traffic, habits_of, move, populate

STEP_NS = NS_PER_S // 4
STEP_S = STEP_NS / NS_PER_S


@dataclass
class Simulation:
    """A scenario under way. `now_ns` is how far it has run."""

    scenario: Scenario
    habits: Habits
    traffic: Traffic
    antennas: list[Antenna]
    rng: np.random.Generator
    now_ns: int


@dataclass(frozen=True)
class Truth:
    """Where the aircraft truly were: rows (k,) of all aircraft at the end of each whole second."""

    time_ns: I64
    number: I32
    latitude_rad: F64
    longitude_rad: F64
    height_m: F64
    velocity_east_ms: F64
    velocity_north_ms: F64


@dataclass(frozen=True)
class Observed:
    """What the sensors reported in a stretch of time, ordered by time; and the truth."""

    plots: PlotBatch
    statuses: SensorStatusBatch
    truth: Truth


def start(scenario: Scenario, at_ns: int) -> Simulation:
    """A scenario with its aircraft under way at `at_ns`; chance comes from the scenario's seed."""
    rng = np.random.default_rng(scenario.seed)
    habits = habits_of(scenario)
    traffic = populate(habits, rng)
    antennas = [Antenna(azimuth, int(azimuth / (2 * np.pi) * 32) + 1)
                for azimuth in rng.uniform(0, 2 * np.pi, len(scenario.sensors))]
    return Simulation(scenario, habits, traffic, antennas, rng, at_ns)


def simulate(simulation: Simulation, to_ns: int) -> Observed:
    """Run on in whole steps of 0.25 s as far as `to_ns`; the same however often one calls."""
    plots: list[PlotBatch] = []
    statuses: list[SensorStatusBatch] = []
    truths: list[Truth] = []
    while simulation.now_ns + STEP_NS <= to_ns:
        traffic = simulation.traffic
        points = points_of(traffic)
        for sensor, antenna in zip(simulation.scenario.sensors, simulation.antennas, strict=True):
            if sensor.kind == "adsb":
                plots.append(listen(sensor, traffic, points, simulation.now_ns, STEP_S,
                                    simulation.rng))
            else:
                seen, said = watch(sensor, antenna, traffic, points, simulation.now_ns, STEP_S,
                                   simulation.rng)
                plots.append(seen)
                statuses.append(said)
        move(traffic, simulation.habits, STEP_S, simulation.rng)
        simulation.now_ns += STEP_NS
        if simulation.now_ns // NS_PER_S != (simulation.now_ns - STEP_NS) // NS_PER_S:
            truths.append(_truth_of(traffic, simulation.now_ns))
    seen = PlotBatch.join(plots, World.EXERCISE)
    said = SensorStatusBatch.join(statuses, World.EXERCISE)
    return Observed(
        seen.take(np.lexsort((seen.sensor_id, seen.time_ns))),
        said.take(np.lexsort((said.sensor_id, said.time_ns))), _join(truths))


def _truth_of(traffic: Traffic, now_ns: int) -> Truth:
    east_ms, north_ms = traffic.velocity_ms()
    return Truth(np.full(len(traffic), now_ns, np.int64), traffic.number.copy(),
                 traffic.latitude_rad.copy(), traffic.longitude_rad.copy(),
                 traffic.height_m.copy(), east_ms, north_ms)


def _join(parts: list[Truth]) -> Truth:
    if not parts:
        none = np.empty(0)
        return Truth(np.empty(0, np.int64), np.empty(0, np.int32), none, none, none, none, none)
    return Truth(*(np.concatenate([getattr(part, name) for part in parts])
                   for name in Truth.__dataclass_fields__))

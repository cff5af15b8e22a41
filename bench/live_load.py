"""The load of the live bench: 30 radars, 4,000 aircraft, 2,000 reports a second, as datagrams.

Made before it is sent, so that the sender has nothing to do but to keep time. A radar sends what
it saw of a sector (1/32 of a turn) in one go once its beam has left it, as radars do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jointsky.app.feed import datagrams_of
from jointsky.model.batch import I64, U32
from jointsky.model.clock import NS_PER_S
from jointsky.sim.scenario import Area, Group, Scenario, SimulatedSensor
from jointsky.sim.simulate import Observed, simulate, start

AIRCRAFT = 4_000
ROWS, COLUMNS = 5, 6
LATITUDE_DEG, LONGITUDE_DEG, RADIUS_KM = 43.0, 75.0, 500.0
PERIOD_S, SECTORS = 10.0, 32
SECTOR_NS = round(PERIOD_S / SECTORS * NS_PER_S)


def _radars() -> tuple[SimulatedSensor, ...]:
    """Thirty en-route radars on a grid over the area; each aircraft is seen by about five."""
    made = []
    for row in range(ROWS):
        for column in range(COLUMNS):
            number = row * COLUMNS + column
            made.append(SimulatedSensor(
                name=f"radar {number + 1}", sac=200, sic=30 + number, kind="psr+ssr", mode_s=True,
                latitude_deg=LATITUDE_DEG + (row - (ROWS - 1) / 2) * 1.7,
                longitude_deg=LONGITUDE_DEG + (column - (COLUMNS - 1) / 2) * 2.0,
                height_m=900, period_s=PERIOD_S, range_km=231, primary_range_km=120,
                p_detection=0.98, clutter=5, nation="KGZ"))
    return tuple(made)


SCENARIO = Scenario(
    name="load", seed=4, sensors=_radars(),
    traffic=(Group(name="many", count=AIRCRAFT, area=Area(
        latitude_deg=LATITUDE_DEG, longitude_deg=LONGITUDE_DEG, radius_km=RADIUS_KM),
        speed_ms=(190, 260), height_m=(7_000, 12_500), turn_deg_s=1.5, decide_s=120,
        callsigns=("LOA",)),))


@dataclass(frozen=True)
class Sending:
    """What one radar sends at once. due_ns: when; address, time_ns (k,): of its reports that have
    an address."""

    due_ns: int
    datagrams: list[bytes]
    address: U32
    time_ns: I64


def sendings(begin_ns: int, seconds: float) -> list[Sending]:
    """The load from a time on, in order."""
    simulation = start(SCENARIO, begin_ns)
    observed = simulate(simulation, begin_ns + round(seconds * NS_PER_S))
    made = []
    phases = np.arange(len(SCENARIO.sensors)) * SECTOR_NS // len(SCENARIO.sensors)
    for sensor, phase_ns in zip(SCENARIO.sensors, phases.tolist(), strict=True):
        made += _of_sensor(observed, sensor.sensor_id, begin_ns - phase_ns)
    return sorted(made, key=lambda one: one.due_ns)


def _of_sensor(observed: Observed, sensor_id: int, first_ns: int) -> list[Sending]:
    plots = observed.plots.take(observed.plots.sensor_id == sensor_id)
    statuses = observed.statuses.take(observed.statuses.sensor_id == sensor_id)
    made = []
    for sector in np.unique((plots.time_ns - first_ns) // SECTOR_NS).tolist():
        due_ns = first_ns + (sector + 1) * SECTOR_NS
        mine = plots.take((plots.time_ns >= due_ns - SECTOR_NS) & (plots.time_ns < due_ns))
        said = statuses.take((statuses.time_ns >= due_ns - SECTOR_NS)
                             & (statuses.time_ns < due_ns))
        known = mine.has("icao_address")
        made.append(Sending(due_ns, datagrams_of(Observed(mine, said, observed.truth), sensor_id),
                            mine.icao_address[known], mine.time_ns[known]))
    return made


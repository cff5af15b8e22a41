"""The simulator as a process of its own: a scenario sent as ASTERIX over UDP, in real time.

Started by `jointsky demo`: its standard input gives one line of JSON (an `Order`); when standard
input ends, so does the process, so that it never outlives the one who started it.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable

import numpy as np
from pydantic import BaseModel

from jointsky.codec.asterix.from_batches import encode_plots, encode_statuses
from jointsky.edge.clock import WallClock
from jointsky.edge.udp import UdpSender
from jointsky.model.clock import NS_PER_S
from jointsky.sim.scenario import Area, Group, Scenario, SimulatedSensor
from jointsky.sim.simulate import STEP_NS, Observed, simulate, start

# After a pause of the machine the simulator goes on from now, not through all that was missed.
BEHIND_NS_MAX = 5 * NS_PER_S

LATITUDE_DEG, LONGITUDE_DEG = 43.0, 75.0
AREA = Area(latitude_deg=LATITUDE_DEG, longitude_deg=LONGITUDE_DEG, radius_km=80)
# A little of everything that the path knows: radar and ADS-B, with transponder and without.
LITTLE = Scenario(
    name="warm-up", seed=1,
    sensors=(SimulatedSensor(name="radar", sac=0, sic=2, kind="psr+ssr", height_m=600, period_s=2,
                             range_km=200, mode_s=True, clutter=5, latitude_deg=LATITUDE_DEG,
                             longitude_deg=LONGITUDE_DEG),
             SimulatedSensor(name="station", sac=0, sic=3, kind="adsb", height_m=600, period_s=1,
                             range_km=200, latitude_deg=LATITUDE_DEG,
                             longitude_deg=LONGITUDE_DEG)),
    traffic=(Group(name="seen", count=8, area=AREA, speed_ms=(100, 250), height_m=(3000, 9000),
                   adsb_share=0.5),
             Group(name="silent", count=4, area=AREA, speed_ms=(60, 90), height_m=(3000, 4000),
                   transponder="none")))



class Order(BaseModel):
    """What to simulate, and where each sensor's datagrams go: sensor id -> (address, port)."""

    scenario: Scenario
    to: dict[int, tuple[str, int]]


async def feed(scenario: Scenario, send: Callable[[int, list[bytes], Observed], None],
               stop: Callable[[], bool]) -> None:
    """Simulate in real time; `send` gets the datagrams of each sensor as they come about."""
    clock = WallClock()
    simulation = start(scenario, clock.now_ns() // STEP_NS * STEP_NS)
    while not stop():
        await clock.sleep_until(simulation.now_ns + STEP_NS)
        now_ns = clock.now_ns()
        if now_ns - simulation.now_ns > BEHIND_NS_MAX:
            simulation.now_ns = now_ns // STEP_NS * STEP_NS - STEP_NS
        observed = simulate(simulation, now_ns)
        for sensor in scenario.sensors:
            send(sensor.sensor_id, datagrams_of(observed, sensor.sensor_id), observed)


def datagrams_of(observed: Observed, sensor_id: int) -> list[bytes]:
    """What one sensor says of a stretch of time: its service messages and its plots."""
    statuses = observed.statuses.take(np.flatnonzero(observed.statuses.sensor_id == sensor_id))
    plots = observed.plots.take(np.flatnonzero(observed.plots.sensor_id == sensor_id))
    return [*encode_statuses(statuses), *encode_plots(plots)]


def main() -> None:
    """Make the encoder ready, read the order, feed until standard input ends."""
    observed = simulate(start(LITTLE, 0), 8 * NS_PER_S)
    for sensor in LITTLE.sensors:
        datagrams_of(observed, sensor.sensor_id)
    line = sys.stdin.readline()
    if not line:
        return
    order = Order.model_validate_json(line)
    ended = threading.Event()

    def wait_for_end() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait_for_end, daemon=True).start()
    senders = {sensor_id: UdpSender(f"sensor {sensor_id}", host, port)
               for sensor_id, (host, port) in order.to.items()}

    def send(sensor_id: int, datagrams: list[bytes], _: Observed) -> None:
        senders[sensor_id].send(datagrams)

    asyncio.run(feed(order.scenario, send, ended.is_set))


if __name__ == "__main__":
    main()

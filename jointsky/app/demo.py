"""The demo: a unit at Kant with three sensors and seeded traffic, simulated next door."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from jointsky.app.config import (
    ConsoleSection,
    InputSection,
    JournalSection,
    SensorSection,
    UnitConfig,
    load_config,
)
from jointsky.app.demolaw import lay_down, partner_sink
from jointsky.app.feed import Order
from jointsky.app.summary import announce
from jointsky.app.toml import read_text
from jointsky.app.unit import Ready, Summary, run_unit
from jointsky.app.warm import warm_up
from jointsky.edge.clock import WallClock
from jointsky.edge.tcp import listen
from jointsky.sim.scenario import Scenario, parse_scenario

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
UNIT = EXAMPLES / "units" / "kant.toml"
AGREEMENTS = tuple(EXAMPLES / "agreements" / name
                   for name in ("kgz-rus-2022.yaml", "cis-1995.yaml"))
SCENARIO = EXAMPLES / "scenarios" / "kyrgyzstan.yaml"
FEED_END_S = 3.0


@dataclass(frozen=True)
class DemoOptions:
    """What the command line asks for. seed, tracks: None for those of the scenario."""

    headless: bool = False
    duration_s: float | None = None
    port: int = 8470
    seed: int | None = None
    tracks: int | None = None
    scenario: Path = SCENARIO
    journal: Path | None = None


def run_demo(options: DemoOptions) -> Summary:
    """Run the demo until it is stopped or its time is over. Raises as `run_unit` does."""
    scenario = _scenario_of(options)
    with listen(ConsoleSection().host, options.port) as sock:
        return _run_on(sock, scenario, options)


def _run_on(sock: socket.socket, scenario: Scenario, options: DemoOptions) -> Summary:
    feed = subprocess.Popen([sys.executable, "-m", "jointsky.app.feed"], stdin=subprocess.PIPE,
                            text=True, start_new_session=True)
    try:
        warm_up()
        with tempfile.TemporaryDirectory(prefix="jointsky-") as folder, partner_sink() as partner:
            journal = options.journal or Path(folder) / "demo.journal"
            law = lay_down(Path(folder) / "law", load_config(UNIT).unit.nation, AGREEMENTS,
                           WallClock().now_ns())
            config = config_of(scenario, journal, options.port).model_copy(
                update={"agreements": law, "partner": (partner,)})

            async def when_ready(ready: Ready) -> None:
                _start_feed(feed, scenario, ready)
                announce(ready.url, "the demo runs: simulated traffic, an exercise",
                         options.headless)

            return asyncio.run(run_unit(config, sock, when_ready, options.duration_s))
    finally:
        _end(feed)


def _scenario_of(options: DemoOptions) -> Scenario:
    scenario = load_scenario(options.scenario)
    if options.tracks is not None:
        scenario = scenario.with_aircraft(options.tracks)
    return scenario if options.seed is None else scenario.with_seed(options.seed)


def load_scenario(path: Path) -> Scenario:
    """Read a scenario. Raises `FileProblem`, or `ConfigProblem` with every fault of it."""
    return parse_scenario(read_text(path, "a scenario in YAML"), str(path))


def config_of(scenario: Scenario, journal: Path, port: int) -> UnitConfig:
    """The unit at Kant with the sensors of a scenario, each on a UDP port of its own."""
    kant = load_config(UNIT)
    sensors = tuple(SensorSection(
        name=sensor.name, sac=sensor.sac, sic=sensor.sic, kind=sensor.kind,
        latitude_deg=sensor.latitude_deg, longitude_deg=sensor.longitude_deg,
        height_m=sensor.height_m, period_s=sensor.period_s, range_km=sensor.range_km,
        sigma_range_m=sensor.sigma_range_m, sigma_azimuth_deg=sensor.sigma_azimuth_deg,
        p_detection=sensor.p_detection, clutter=sensor.clutter, nation=sensor.nation)
        for sensor in scenario.sensors)
    return kant.model_copy(update={
        "unit": kant.unit.model_copy(update={"world": "exercise"}), "sensor": sensors,
        "input": tuple(InputSection(name=sensor.name, udp="127.0.0.1:0") for sensor in sensors),
        "output": (), "journal": JournalSection(path=str(journal)),
        "console": ConsoleSection(port=port)})


def _start_feed(feed: subprocess.Popen[str], scenario: Scenario, ready: Ready) -> None:
    to = {sensor.sensor_id: ("127.0.0.1", ready.ports[sensor.name])
          for sensor in scenario.sensors}
    assert feed.stdin is not None
    feed.stdin.write(Order(scenario=scenario, to=to).model_dump_json() + "\n")
    feed.stdin.flush()


def _end(feed: subprocess.Popen[str]) -> None:
    assert feed.stdin is not None
    with suppress(OSError):
        feed.stdin.close()
    try:
        feed.wait(FEED_END_S)
    except subprocess.TimeoutExpired:
        feed.kill()
        feed.wait()

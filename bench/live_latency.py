"""Live: 4,000 simulated tracks at 2,000 reports a second, from the datagram to the console.

A unit runs as a process of its own, with journal and consoles. The simulator sends it real ASTERIX
over loopback UDP; a console without a screen notes when a message shows each report (or a later
one) of its aircraft. There is no peer to measure: the claims are p99 under 1 s, and the first
picture of a warm demo within 10 s.

    python -m bench live_latency          # LIVE_SECONDS=60 unless set otherwise
"""

from __future__ import annotations

import asyncio
import os
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx
import numpy as np
from websockets.sync.client import connect

from jointsky.app.feed import feed
from jointsky.codec.console import ConsoleTracks, MessageKind
from jointsky.edge.udp import UdpSender
from jointsky.model.batch import columns_of
from jointsky.sim.scenario import Area, Group, Scenario, SimulatedSensor
from jointsky.sim.simulate import Observed

SECONDS = float(os.environ.get("LIVE_SECONDS", "60"))
SETTLE_S = 40.0
AIRCRAFT = 4_000
PORT = 8_990
STARTS = 3
# Five en-route radars around Kant that all see nearly all aircraft once in 9.8 s.
PLACES = ((42.85, 74.85), (43.3, 75.6), (42.4, 74.2), (43.2, 74.1), (42.5, 75.6))
SCENARIO = Scenario(
    name="load", seed=4,
    sensors=tuple(SimulatedSensor(
        name=f"radar {place}", sac=200, sic=30 + place, kind="psr+ssr", mode_s=True,
        latitude_deg=latitude, longitude_deg=longitude, height_m=900, period_s=9.8, range_km=470,
        primary_range_km=150, p_detection=0.98, clutter=5, nation="KGZ")
        for place, (latitude, longitude) in enumerate(PLACES)),
    traffic=(Group(name="many", count=AIRCRAFT, area=Area(latitude_deg=42.85, longitude_deg=74.85,
                                                          radius_km=330),
                   speed_ms=(190, 260), height_m=(7_000, 12_500), turn_deg_s=1.5, decide_s=120,
                   callsigns=("LOA",)),))


def config_of(folder: Path) -> str:
    """The configuration of a unit with the sensors of the load."""
    parts = [f"""[unit]
name = "load"
nation = "KGZ"
sac = 200
sic = 1
latitude_deg = 42.853
longitude_deg = 74.846
world = "exercise"
[journal]
path = "{folder / 'load.journal'}"
[console]
port = {PORT}
[[input]]
name = "all"
udp = "127.0.0.1:{PORT + 1}"
"""]
    parts += [f"""[[sensor]]
name = "{one.name}"
sac = {one.sac}
sic = {one.sic}
kind = "{one.kind}"
latitude_deg = {one.latitude_deg}
longitude_deg = {one.longitude_deg}
height_m = {one.height_m}
period_s = {one.period_s}
range_km = {one.range_km}
p_detection = {one.p_detection}
clutter = {one.clutter}
""" for one in SCENARIO.sensors]
    return "\n".join(parts)


class Log:
    """What was sent and what was shown: (address, time of measurement in 1/128 s, wall clock s)."""

    def __init__(self) -> None:
        self.sent: list[tuple[np.ndarray, np.ndarray, float]] = []
        self.shown: list[tuple[np.ndarray, np.ndarray, float]] = []
        self.tracks = 0
        self.octets = 0

    def delays_s(self, since_s: float, until_s: float) -> np.ndarray:
        """For each report sent in a stretch of time: until its aircraft was shown as of then or
        later; infinite if it never was."""
        address = np.concatenate([part for part, _, _ in self.shown])
        unit = np.concatenate([part for _, part, _ in self.shown])
        arrived = np.concatenate([np.full(len(part), at) for part, _, at in self.shown])
        delays = []
        key = address.astype(np.int64) << 34 | unit
        order = np.argsort(key, kind="stable")
        key, address, arrived = key[order], address[order], arrived[order]
        for sent_address, sent_unit, at in self.sent:
            if since_s <= at < until_s:
                place = np.searchsorted(key, sent_address.astype(np.int64) << 34 | sent_unit)
                inside = np.minimum(place, len(key) - 1)
                same = (place < len(key)) & (address[inside] == sent_address)
                delays.append(np.where(same, arrived[inside] - at, np.inf))
        return np.concatenate(delays)


def unit_of_day(time_ns: np.ndarray) -> np.ndarray:
    """ASTERIX time of day of UTC ns: 1/128 s."""
    return np.rint(time_ns % 86_400_000_000_000 / 1e9 * 128).astype(np.int64)


def send_load(log: Log, stop: threading.Event) -> None:
    """Simulate and send until told to stop."""
    sender = UdpSender("load", "127.0.0.1", PORT + 1)

    def send(sensor_id: int, datagrams: list[bytes], observed: Observed) -> None:
        sender.send(datagrams)
        plots = observed.plots
        rows = (plots.sensor_id == sensor_id) & plots.has("icao_address")
        log.sent.append((plots.icao_address[rows], unit_of_day(plots.time_ns[rows]), time.time()))

    asyncio.run(feed(SCENARIO, send, stop.is_set))
    sender.close()


def watch(log: Log, until_s: float) -> None:
    """Be a console until a time of the wall clock."""
    with connect(f"ws://127.0.0.1:{PORT}/ws", max_size=None) as socket:
        while time.time() < until_s:
            message = socket.recv(timeout=10)
            if isinstance(message, str):
                continue
            _, kind, _, _, rows, removed, _, _, total = struct.unpack_from("<IBBHIIdQQ", message)
            if kind == MessageKind.TRAILS:
                continue
            log.octets += len(message)
            log.tracks = total
            at = 40 + removed * 4 + -removed * 4 % 8
            cells = {}
            for col in columns_of(ConsoleTracks):
                size = rows * col.width * col.dtype.itemsize
                cells[col.name] = np.frombuffer(message, col.dtype, rows * col.width, at)
                at += size + -size % 8
            there = cells["icao_address"] != 0xFFFFFFFF
            updated_ns = (cells["updated_ms"][there] * 1e6).astype(np.int64)
            log.shown.append((cells["icao_address"][there], unit_of_day(updated_ns), time.time()))


def run_load(folder: Path) -> None:
    """One run of the load; prints what came of it."""
    (folder / "load.toml").write_text(config_of(folder))
    process = subprocess.Popen([sys.executable, "-m", "jointsky", "unit",
                                str(folder / "load.toml")], stdout=subprocess.PIPE, text=True)
    log, stop = Log(), threading.Event()
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("console:"):
                break
        sending = threading.Thread(target=send_load, args=(log, stop))
        sending.start()
        since_s = time.time() + SETTLE_S
        watch(log, since_s + SECONDS)
        health = httpx.get(f"http://127.0.0.1:{PORT}/api/health").json()
        stop.set()
        sending.join()
    finally:
        process.terminate()
        out = process.communicate()[0]
    delays = log.delays_s(since_s, since_s + SECONDS - 5)
    rate = len(delays) / (SECONDS - 5)
    p50, p90, p99 = np.quantile(delays, [0.5, 0.9, 0.99], method="lower")
    print(f"{log.tracks} tracks, {rate:.0f} reports/s for {SECONDS:.0f} s: datagram to console "
          f"p50 {p50:.3f} s, p90 {p90:.3f} s, p99 {p99:.3f} s; never shown "
          f"{np.isinf(delays).mean():.4%}; {log.octets / (SETTLE_S + SECONDS) / 1000:.0f} kB/s")
    print(f"the node: {health['late_ticks']} late ticks of {health['ticks']}, "
          f"{health['queue_dropped']} dropped; {out.strip().splitlines()[-1]}")


def first_picture_s() -> float:
    """Seconds from the command to the first message with a track."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "jointsky", "demo", "--headless", "--port",
                                "0"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = next(line.split()[1] for line in process.stdout if line.startswith("console:"))
        with connect(url.replace("http", "ws") + "ws", max_size=None) as socket:
            while True:
                message = socket.recv(timeout=30)
                if isinstance(message, bytes) and struct.unpack_from("<Q", message, 32)[0] > 0:
                    return time.perf_counter() - began
    finally:
        process.terminate()
        process.communicate()


def main() -> None:
    """Print both claims."""
    with tempfile.TemporaryDirectory() as folder:
        run_load(Path(folder))
    starts = [first_picture_s() for _ in range(STARTS + 1)][1:]
    print(f"first picture of a warm demo: median {np.median(starts):.1f} s "
          f"(of {STARTS}: {min(starts):.1f} to {max(starts):.1f} s)")


if __name__ == "__main__":
    main()

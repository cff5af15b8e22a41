"""Live: 30 radars, 4,000 tracks, 2,000 reports a second, on one core, from datagram to track.

A unit runs as a process of its own, held to one core, with its journal, its web server and one
console. The load (`bench.live_load`) comes from another core as real ASTERIX over loopback UDP.

Plot to track: from the moment a datagram was sent until the unit's CAT062 has told of the track
that its plot updated (an output with `mode = "updates"`), seen by a receiver. Plot to console:
until a console's message has it; consoles get at most two pictures a second. A plot that the
tracker keeps out of its aircraft's track (noise put it outside of the gate) is told of by nothing
but the aircraft's next plot, seconds later; that is no delay. Such are known by that they took
longer than anything took the unit by its own clock, from reception to telling; they are counted
apart. First plot: from the
start of the process of a unit until it had worked off a report, with reports coming already, on a
machine where kernels and byte code are compiled (`jointsky warm`). There is no peer to measure.

    python -m bench live_latency          # LIVE_SECONDS=60 unless set otherwise
"""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from websockets.sync.client import connect

from bench.live_load import AIRCRAFT, SCENARIO, Sending, sendings
from jointsky.codec.asterix.decode import decode
from jointsky.codec.asterix.time_of_day import time_of_day_of
from jointsky.codec.console import ConsoleTracks, MessageKind
from jointsky.edge.udp import UdpSender
from jointsky.model.batch import columns_of
from jointsky.model.clock import NS_PER_S

SECONDS = float(os.environ.get("LIVE_SECONDS", "60"))
SETTLE_S = float(os.environ.get("LIVE_SETTLE", "30"))
TRIAL_S, START_S = 4.0, 10.0
SLACK_S, PICTURE_S = 0.05, 0.6  # sending and hearing; between pictures for a console
TAIL_S = 3.0  # reports of the last seconds may still be under way
CORE, OTHER_CORE = 0, 1
PORT = 8_990
STARTS = 5
DAY_UNITS = 86_400 * 128
AGE_UNITS = 16 + 1  # CAT062 gives the age of the last plot in quarters of a second, rounded
SENSOR = """[[sensor]]
name = "{name}"
sac = {sac}
sic = {sic}
kind = "{kind}"
latitude_deg = {latitude_deg}
longitude_deg = {longitude_deg}
height_m = {height_m}
period_s = {period_s}
range_km = {range_km}
p_detection = {p_detection}
clutter = {clutter}
"""


def config_of(folder: Path) -> str:
    """The configuration of a unit with the sensors of the load."""
    return f"""[unit]
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
[[output]]
name = "tracks"
udp = "127.0.0.1:{PORT + 2}"
mode = "updates"
period_s = 4
""" + "\n".join(SENSOR.format(**one.model_dump()) for one in SCENARIO.sensors)


@dataclass
class Log:
    """What was sent and what came back: addresses, times of measurement in 1/128 s of the day,
    and the wall clock."""

    sent: list[tuple[np.ndarray, np.ndarray, float]] = field(default_factory=list)
    told: list[tuple[float, bytes]] = field(default_factory=list)
    shown: list[tuple[np.ndarray, np.ndarray, float]] = field(default_factory=list)
    late_s: float = 0.0
    tracks: int = 0


def load_of(seconds: float) -> tuple[int, list[Sending]]:
    """A load, and when it begins: late enough for all of it to be made before."""
    began_s = time.perf_counter()
    sendings(time.time_ns(), TRIAL_S)
    making_s = 1.5 * (time.perf_counter() - began_s) / TRIAL_S * seconds + START_S
    begin_ns = (time.time_ns() // NS_PER_S + round(making_s)) * NS_PER_S
    return begin_ns, sendings(begin_ns, seconds)


def send_load(load: list[Sending], log: Log, stop: threading.Event) -> None:
    """Send everything when it is due."""
    sender = UdpSender("load", "127.0.0.1", PORT + 1)
    for one in load:
        while (wait_s := (one.due_ns - time.time_ns()) / NS_PER_S) > 0:
            if stop.wait(wait_s):
                break
        if stop.is_set():
            break
        at = time.time()
        sender.send(one.datagrams)
        log.late_s = max(log.late_s, at - one.due_ns / NS_PER_S)
        log.sent.append((one.address, time_of_day_of(one.time_ns), at))
    sender.close()


def hear(log: Log, stop: threading.Event) -> None:
    """Receive CAT062 until told to stop."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        sock.bind(("127.0.0.1", PORT + 2))
        sock.settimeout(0.5)
        while not stop.is_set():
            with suppress(TimeoutError):
                payload = sock.recv(65_536)
                log.told.append((time.time(), payload))


def watch(log: Log, stop: threading.Event) -> None:
    """Be a console."""
    with connect(f"ws://127.0.0.1:{PORT}/ws", max_size=None) as console:
        while not stop.is_set():
            try:
                message = console.recv(timeout=0.5)
            except TimeoutError:
                continue
            if isinstance(message, str):
                continue
            _, kind, _, _, rows, removed, _, _, total = struct.unpack_from("<IBBHIIdQQ", message)
            if kind == MessageKind.TRAILS:
                continue
            log.tracks = total
            at = 40 + removed * 4 + -removed * 4 % 8
            cells = {}
            for col in columns_of(ConsoleTracks):
                size = rows * col.width * col.dtype.itemsize
                cells[col.name] = np.frombuffer(message, col.dtype, rows * col.width, at)
                at += size + -size % 8
            there = cells["icao_address"] != 0xFFFFFFFF
            updated_ns = (cells["updated_ms"][there] * 1e6).astype(np.int64)
            log.shown.append((cells["icao_address"][there], time_of_day_of(updated_ns),
                              time.time()))


def told_of(log: Log) -> list[tuple[np.ndarray, np.ndarray, float]]:
    """Addresses, latest possible time of the last plot, and arrival, of the CAT062 heard."""
    parts = []
    for at, payload in log.told:
        for table in decode(payload, editions={62: "1.21"}).of(62):
            address, there = table.column("380/ADR")
            when, _ = table.column("070")
            age, _ = table.column("290/MDS")
            there = there & np.isfinite(age)
            units = np.rint((when - age)[there] * 128).astype(np.int64) + AGE_UNITS
            parts.append((address[there], units % DAY_UNITS, at))
    return parts


def delays_s(sent: list[Any], heard: list[Any], since_s: float, until_s: float) -> np.ndarray:
    """For each report sent in a stretch of time: until the first message after it that tells of
    its aircraft as of then or later; infinite if none does."""
    address = np.concatenate([part for part, _, _ in heard])
    unit = np.concatenate([part for _, part, _ in heard])
    at = np.concatenate([np.full(len(part), when) for part, _, when in heard])
    order = np.lexsort((at, address))
    address, unit, at = address[order].astype(np.int64), unit[order], at[order]
    first = np.searchsorted(address, np.arange(1 << 24))
    delays = []
    for its_address, its_unit, when in sent:
        if not since_s <= when < until_s:
            continue
        for one, measured in zip(its_address.tolist(), its_unit.tolist(), strict=True):
            begin, end = first[one], first[min(one + 1, len(first) - 1)]
            begin += int(np.searchsorted(at[begin:end], when))
            good = np.flatnonzero(unit[begin:end] >= measured)
            delays.append(at[begin + good[0]] - when if len(good) else np.inf)
    return np.array(delays)


def quantiles(delays: np.ndarray, most_s: float) -> str:
    """A line of figures in ms. most_s: what takes longer waited for the aircraft's next plot."""
    p50, p90, p99 = np.quantile(delays, [0.5, 0.9, 0.99], method="lower") * 1000
    own = delays[delays <= most_s]
    later = delays[np.isfinite(delays) & (delays > most_s)]
    return (f"p50 {p50:.0f} ms, p90 {p90:.0f} ms, p99 {p99:.0f} ms, greatest "
            f"{own.max(initial=0) * 1000:.0f} ms; with the aircraft's next plot only "
            f"{len(later) / len(delays):.3%}, up to {later.max(initial=0):.1f} s; never told "
            f"{np.isinf(delays).mean():.3%}")


def start_unit(folder: Path, **where: Any) -> subprocess.Popen[str]:
    """A unit on its core."""
    return subprocess.Popen(["taskset", "-c", str(CORE), sys.executable, "-m", "jointsky", "unit",
                             str(folder / "load.toml")], stdout=subprocess.PIPE, text=True, **where)


def cpu_s(pid: int) -> float:
    """CPU time that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run_load(folder: Path) -> None:
    """One run of the load; prints what came of it."""
    seconds = SETTLE_S + SECONDS
    begin_ns, load = load_of(seconds)
    log, stop = Log(), threading.Event()
    process = start_unit(folder)
    assert process.stdout is not None
    next(line for line in process.stdout if line.startswith("console:"))
    threads = [threading.Thread(target=send_load, args=(load, log, stop)),
               threading.Thread(target=hear, args=(log, stop)),
               threading.Thread(target=watch, args=(log, stop))]
    try:
        for thread in threads:
            thread.start()
        since_s = begin_ns / NS_PER_S + SETTLE_S
        time.sleep(max(0.0, since_s - time.time()))
        cpu = cpu_s(process.pid)
        before = httpx.get(f"http://127.0.0.1:{PORT}/api/health").json()
        time.sleep(max(0.0, since_s + SECONDS - time.time()))
        cpu = cpu_s(process.pid) - cpu
        health = httpx.get(f"http://127.0.0.1:{PORT}/api/health").json()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        process.terminate()
        out = process.communicate()[0]
    until_s = since_s + SECONDS - TAIL_S
    to_track = delays_s(log.sent, told_of(log), since_s, until_s)
    to_console = delays_s(log.sent, log.shown, since_s, until_s)
    print(f"{log.tracks} tracks of {AIRCRAFT} aircraft, {len(SCENARIO.sensors)} sensors, "
          f"{len(to_track) / (SECONDS - TAIL_S):.0f} reports/s for {SECONDS:.0f} s on one core, "
          f"{cpu / SECONDS:.0%} busy; {(health['ticks'] - before['ticks']) / SECONDS:.0f} steps/s, "
          f"{health['late_ticks']} late, {health['queue_dropped']} dropped; the sender was late by "
          f"{log.late_s * 1000:.0f} ms at most")
    most_s = health["delay_most_ms"] / 1000 + SLACK_S
    print(f"plot to track: {quantiles(to_track, most_s)}")
    print(f"plot to console: {quantiles(to_console, most_s + PICTURE_S)}")
    print(f"from reception to telling, by the unit's own clock: {health['delay_most_ms']:.0f} ms "
          "at most since its start")
    print(f"the unit itself: {out.strip().splitlines()[-1]}")


def first_plots_s(folder: Path) -> list[float]:
    """Seconds from the start of a unit's process until it had worked off its first report, of
    several starts; reports come all the while, the journal is new each time."""
    seconds = 10.0 * STARTS
    begin_ns, load = load_of(seconds)
    log, stop = Log(), threading.Event()
    sending = threading.Thread(target=send_load, args=(load, log, stop))
    sending.start()
    firsts = []
    try:
        time.sleep(max(0.0, begin_ns / NS_PER_S + 1 - time.time()))
        for _ in range(STARTS):
            for path in folder.glob("load.journal*"):
                path.unlink()
            began = time.time()
            process = start_unit(folder)
            try:
                firsts.append(first_report_s(process) - began)
            finally:
                process.terminate()
                process.communicate()
    finally:
        stop.set()
        sending.join()
    return firsts


def first_report_s(process: subprocess.Popen[str]) -> float:
    """When a unit had worked off its first report, UTC s."""
    assert process.stdout is not None
    next(line for line in process.stdout if line.startswith("console:"))
    while True:
        first_ms = httpx.get(f"http://127.0.0.1:{PORT}/api/health").json()["first_report_ms"]
        if first_ms is not None:
            return float(first_ms) / 1000
        time.sleep(0.05)


def main() -> None:
    """Print the claims."""
    os.sched_setaffinity(0, {OTHER_CORE})
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "load.toml").write_text(config_of(Path(folder)))
        run_load(Path(folder))
        firsts = first_plots_s(Path(folder))
    print(f"first plot of a warm start: median {np.median(firsts):.2f} s "
          f"(of {STARTS}: {min(firsts):.2f} to {max(firsts):.2f} s)")


if __name__ == "__main__":
    main()

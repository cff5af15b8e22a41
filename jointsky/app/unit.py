"""A unit from its configuration: inputs, journal, node, console, outputs, until it is stopped."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit

from jointsky.app.config import ConsoleSection, JournalSection, UnitConfig, unit_of
from jointsky.app.desk import CommandDesk
from jointsky.app.framelog import JournalLog
from jointsky.app.history import History
from jointsky.app.hub import Hub
from jointsky.app.inputs import clock_of, open_inputs
from jointsky.app.node import Counters, Node, recover
from jointsky.app.outputs import Outputs
from jointsky.app.player import Player
from jointsky.app.sharing import Sharer
from jointsky.edge.journal import JournalWriter, Limits
from jointsky.edge.udp import FrameQueue
from jointsky.model.clock import NS_PER_S
from jointsky.model.world import World


@dataclass(frozen=True)
class Ready:
    """What is open once a unit runs: the console's address, the port of each UDP input."""

    url: str
    ports: dict[str, int]


@dataclass(frozen=True)
class Summary:
    """What a unit did."""

    seconds: float
    frames: int
    plots: int
    rejects: int
    tracks: int
    tracks_ever: int
    counters: Counters


LOOPBACK = ("127.0.0.1", "localhost", "::1")
FIRST_S = 0.3
WhenReady = Callable[[Ready], Awaitable[None]]


async def run_unit(config: UnitConfig, sock: socket.socket, when_ready: WhenReady,
                   duration_s: float | None = None) -> Summary:
    """Run a unit until SIGINT or SIGTERM, or for `duration_s` from when it was ready.

    sock: where consoles are served, listening already. Raises `InputError` or `ResourceProblem`
    if something of it cannot be had.
    """
    async with AsyncExitStack() as stack:
        clock = clock_of(config)
        journal = _open_journal(config.journal)
        stack.callback(journal.close)
        hub = _hub_of(config)
        stack.callback(hub.close)
        log = JournalLog(Path(config.journal.path), hub.world)
        try:
            state = recover(log, hub)
        finally:
            log.close()
        queue = FrameQueue(config.engine.queue_frames)
        outputs = Outputs(config)
        stack.callback(outputs.close)
        desk = CommandDesk(config, state.law if state else None, state.now_ns if state else 0)
        sharer = Sharer(config, clock.now_ns()) if config.agreements else None
        if sharer is not None:
            stack.callback(lambda: sharer.close(clock.now_ns()))
        node = Node(config, clock, queue, journal, hub, outputs, desk, sharer, state)
        hub.ask = node.ask
        ports = await open_inputs(config, queue, clock, stack)
        stop = await stack.enter_async_context(stopped_by_signals())
        began_ns = clock.now_ns()
        running = asyncio.ensure_future(node.run(stop))
        stack.push_async_callback(_ended, running, stop)
        # The picture first: what serves it takes a while to load.
        with suppress(TimeoutError):
            await asyncio.wait_for(node.first.wait(), FIRST_S)
        web = await asyncio.to_thread(import_module, "jointsky.app.web")
        app = web.build_app(hub, hosts_of(config.console), config.console.origins,
                            lambda: _counters_of(node, queue, outputs, sharer))
        await stack.enter_async_context(web.serving(app, sock))
        await when_ready(Ready(url_of(config.console.host, sock.getsockname()[1]), ports))
        await _until_stopped(running, stop, duration_s)
        hub.close()
        latest = hub.latest.picture if hub.latest else None
        return Summary((clock.now_ns() - began_ns) / NS_PER_S, latest.frames if latest else 0,
                       latest.plots if latest else 0, latest.rejects if latest else 0,
                       node.live_tracks(), node.counters.tracks_ever, node.counters)


async def _ended(running: asyncio.Future[None], stop: asyncio.Event) -> None:
    """Stop the node, if that has not been done, before what it uses is closed."""
    stop.set()
    await running


async def _until_stopped(running: asyncio.Future[None], stop: asyncio.Event,
                         duration_s: float | None) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(running), duration_s)
    stop.set()
    await running


def _open_journal(section: JournalSection) -> JournalWriter:
    path = Path(section.path)
    path.parent.mkdir(parents=True, exist_ok=True)
    return JournalWriter(path, Limits(
        bytes_max=round(section.size_gb * 1e9), keep_ns=round(section.keep_h * 3600 * NS_PER_S),
        checkpoints_max=section.checkpoints))


def _hub_of(config: UnitConfig) -> Hub:
    history = History()
    path = Path(config.journal.path)

    def open_player() -> Player:
        return Player(JournalLog(path, World.REPLAY), World.REPLAY, history)

    return Hub(unit_of(config), config.world, live=True, history=history,
               open_player=open_player, consoles_max=config.console.consoles,
               ledger=Path(config.agreements.ledger) if config.agreements else None)


def _counters_of(node: Node, queue: FrameQueue, outputs: Outputs,
                 sharer: Sharer | None) -> dict[str, object]:
    counters = node.counters
    return {"ticks": counters.ticks, "late_ticks": counters.late_ticks,
            "first_report_ms": counters.first_ns / 1e6 if counters.first_ns else None,
            "journal_faults": counters.journal_faults, "queue": len(queue),
            "queue_dropped": queue.dropped, "sent": outputs.sent, "refused": outputs.refused,
            "shared": sharer.sent if sharer else 0,
            "kept_back": sharer.refused if sharer else 0,
            "shared_late": sharer.late if sharer else 0,
            "delay_p99_ms": round(counters.delay_ms(0.99), 1) if counters.delays_ms else None,
            "delay_most_ms": round(counters.delay_ms(1.0), 1) if counters.delays_ms else None}


def hosts_of(console: ConsoleSection) -> tuple[str, ...]:
    """Names under which a console may be asked for."""
    named = tuple(urlsplit(origin).hostname or "" for origin in console.origins)
    return (*LOOPBACK, console.host, *named)


def url_of(host: str, port: int) -> str:
    """The address to type."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


@asynccontextmanager
async def stopped_by_signals() -> AsyncIterator[asyncio.Event]:
    """An event that SIGINT and SIGTERM set while the block runs."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)

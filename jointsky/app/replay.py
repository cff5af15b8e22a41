"""Replay: a recording or a journal in the console, each console at its own time and speed."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from jointsky.app.config import ConsoleSection
from jointsky.app.framelog import FrameLog, JournalLog, RecordingLog
from jointsky.app.history import History
from jointsky.app.hub import Hub
from jointsky.app.player import Player
from jointsky.app.recordings import open_recording
from jointsky.app.session import Session
from jointsky.app.unit import Ready, hosts_of, stopped_by_signals, url_of
from jointsky.app.web import build_app, serving
from jointsky.edge.journal import JOURNAL
from jointsky.engine.state import PictureState
from jointsky.model.errors import FileProblem
from jointsky.model.schema import TrackState
from jointsky.model.sensor import Sensor
from jointsky.model.unit import Unit
from jointsky.model.world import World


@dataclass(frozen=True)
class ReplayOptions:
    """What the command line asks for."""

    path: Path
    speed: float = 1.0
    duration_s: float | None = None
    sensors: tuple[Sensor, ...] = ()
    editions: dict[int, str] | None = None
    date_utc: date | None = None


@dataclass(frozen=True)
class Replayed:
    """What a replay showed in its own session (not those of consoles). Times UTC ns."""

    from_ns: int
    to_ns: int
    plots: int
    rejects: int
    tracks_seen: int


@dataclass(frozen=True)
class Opened:
    """Something to replay: whose picture it is, how to open its log, what to tell about it."""

    unit: Unit
    open_log: Callable[[], FrameLog]
    notes: list[str]


def open_log(options: ReplayOptions) -> Opened:
    """Open a recording or a journal. Raises `InputError` for what cannot be replayed."""
    if JOURNAL.is_in(options.path):
        log = JournalLog(options.path, World.REPLAY)
        try:
            unit = _unit_of(log, options.path)
        finally:
            log.close()
        return Opened(unit, lambda: JournalLog(options.path, World.REPLAY), [])
    opened = open_recording(options.path, options.sensors, options.editions, options.date_utc)
    recording = RecordingLog(options.path.name, opened.frames, opened.first)
    return Opened(opened.first.unit, lambda: recording, opened.notes)


def _unit_of(log: JournalLog, path: Path) -> Unit:
    state: PictureState | None = None
    if mark := log.mark_before(log.extent()[1]):
        state = mark.state
    else:
        player = Player(log, World.REPLAY, History())
        player.seek(0)
        state = player.state
    if state is None:
        raise FileProblem(path, "a journal without any turn", expected="at least one tick")
    return state.unit


async def run_replay(options: ReplayOptions, opened: Opened, sock: socket.socket,
                     when_ready: Callable[[Ready], Awaitable[None]]) -> Replayed:
    """Serve a replay until SIGINT or SIGTERM, or for `duration_s`. sock: as for `run_unit`."""
    history = History()
    async with AsyncExitStack() as stack:
        console = ConsoleSection()
        hub = Hub(opened.unit, World.REPLAY, live=False, history=history,
                  open_player=lambda: Player(opened.open_log(), World.REPLAY, history),
                  speed=options.speed)
        stack.callback(hub.close)
        stop = await stack.enter_async_context(stopped_by_signals())
        app = build_app(hub, hosts_of(console), (), dict)
        await stack.enter_async_context(serving(app, sock))
        await when_ready(Ready(url_of(console.host, sock.getsockname()[1]), {}))
        if options.duration_s is None:
            await stop.wait()
            hub.close()
            return Replayed(0, 0, 0, 0, 0)
        watching = asyncio.ensure_future(_watch(Session(hub), hub))
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), options.duration_s)
        hub.close()
        return await watching


async def _watch(session: Session, hub: Hub) -> Replayed:
    """Look on without a console, and say what was seen."""
    from_ns = plots = rejects = to_ns = 0
    seen: set[int] = set()
    while not hub.closed:
        shown = await session.next()
        if shown is None:
            continue
        picture = shown.picture
        from_ns, to_ns = from_ns or picture.now_ns, picture.now_ns
        plots, rejects = picture.plots, picture.rejects
        live = picture.tracks.state != TrackState.DROPPED
        seen.update(picture.tracks.system_track_number[live].tolist())
    session.close()
    return Replayed(from_ns, to_ns, plots, rejects, len(seen))

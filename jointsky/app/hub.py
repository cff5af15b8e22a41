"""The hub: where the node puts its pictures and every console finds the newest one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jointsky.app.history import History
from jointsky.app.picture import Picture
from jointsky.app.player import Player
from jointsky.codec.console import changes, encode_picture
from jointsky.engine.state import PictureState
from jointsky.model.schema import TrackState
from jointsky.model.unit import Unit
from jointsky.model.world import World

REPLAY_THREADS = 2
Question = Callable[[PictureState], Any]


@dataclass(frozen=True)
class Published:
    """A picture with its number."""

    sequence: int
    picture: Picture


@dataclass
class Hub:
    """What consoles share. One event loop.

    world: that of the live pictures, or of the replay where there is nothing live; live: whether
    a node publishes here; open_player: makes a player on the unit's log, None where there is
    none; speed: that of a replay at its start; alarm: what is wrong with the node itself; ask: puts
    a question to the live state; ledger: the unit's ledger, if it keeps one.
    """

    unit: Unit
    world: World
    live: bool
    history: History
    open_player: Callable[[], Player] | None
    speed: float = 1.0
    consoles_max: int = 32
    alarm: str = ""
    ask: Callable[[Question], Awaitable[Any]] | None = None
    ledger: Path | None = None
    latest: Published | None = None
    closed: bool = False
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(
        REPLAY_THREADS, thread_name_prefix="replay"))
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _encoded: dict[int | None, bytes] = field(default_factory=dict)

    def publish(self, picture: Picture) -> None:
        """Make a picture the newest; consoles that still send an older one will skip to it."""
        sequence = self.latest.sequence + 1 if self.latest else 1
        self.latest = Published(sequence, picture)
        self._encoded.clear()
        self.history.note(picture.tracks, picture.now_ns)
        self._wake()

    def close(self) -> None:
        """Send every console away and let the replay threads end."""
        self.closed = True
        self._wake()
        self.pool.shutdown(wait=False, cancel_futures=True)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def changed(self) -> None:
        """Return at the next picture, or when the hub closes."""
        await self._changed.wait()

    def encoded(self, before: Published | None, after: Published) -> bytes:
        """The message that leads a console from one published picture to another, made once for
        all consoles that need it. before: None for a snapshot."""
        key = before.sequence if before else None
        if after is not self.latest:
            return encode_step(before.picture if before else None, after.picture, after.sequence)
        if key not in self._encoded:
            self._encoded[key] = encode_step(before.picture if before else None, after.picture,
                                             after.sequence)
        return self._encoded[key]


def encode_step(before: Picture | None, after: Picture, sequence: int) -> bytes:
    """A delta from one picture to another, or a snapshot where there is none before."""
    rows, removed = changes(before.tracks if before else None, after.tracks)
    if after.preview is not None:
        # What tells changed rows from others may be withheld from a partner: it gets all of them.
        rows = after.tracks
    total = int((after.tracks.state != TrackState.DROPPED).sum())
    return encode_picture(rows, after.now_ns, sequence, before is None, removed, total)

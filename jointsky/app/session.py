"""A session: what one console looks at. Live, paused, or a replay of its own at its own speed."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from jointsky.app.hub import Hub, Published, Question
from jointsky.app.lawview import alarms_of
from jointsky.app.picture import Picture, preview_of
from jointsky.app.player import Player
from jointsky.edge.clock import PacedClock
from jointsky.engine.law import standings_of
from jointsky.engine.sharing import partners_of
from jointsky.model.clock import NS_PER_S

T = TypeVar("T")
Mode = Literal["live", "paused", "replay"]
SPEED_MIN, SPEED_MAX = 0.5, 60.0
BEAT_S = 0.5
# A replay that this many beats cannot keep up with is played as fast as it goes instead.
BEHIND_BEATS = 4


@dataclass(frozen=True)
class Shown:
    """What to show next. jumped: nothing that was shown before leads to it."""

    published: Published
    jumped: bool

    @property
    def picture(self) -> Picture:
        """The picture itself."""
        return self.published.picture


class BadOrder(Exception):
    """A console asked for something that there is not; the text is for its operator."""


class Session:
    """The state of one console's time bar. All calls on the event loop."""

    def __init__(self, hub: Hub):
        self._hub = hub
        self.mode: Mode = "live" if hub.live else "replay"
        self.speed = hub.speed
        self.shown: Published | None = None
        self.preview: str | None = None
        # What `shown` was made of: another picture while that of a partner is shown.
        self._source: Published | None = None
        self._again = False
        self._seeking = False
        self._player: Player | None = None
        self._clock: PacedClock | None = None
        self._seek_ns: int | None = None if hub.live else 0
        self._ordered = asyncio.Event()
        self._jump = True
        self._extent_ns = (0, 0)

    def order(self, order: dict[str, Any]) -> None:
        """Take an order of the console: {"do": "pause" | "play" | "live" | "speed" | "seek" |
        "preview"}. Raises `BadOrder`."""
        match order.get("do"):
            case "pause":
                self._pause()
            case "play":
                self._play()
            case "live":
                self._go_live()
            case "speed":
                self._set_speed(_number(order, "speed"))
            case "seek":
                # Microseconds are exact in a float of this size, nanoseconds are not.
                self._seek(round(_number(order, "time_ms") * 1000) * 1000)
            case "preview":
                self._preview(order.get("as"))
            case other:
                raise BadOrder(f"no such order: {other!r:.40}")
        self._ordered.set()

    def _pause(self) -> None:
        if self.mode != "paused":
            self.mode = "paused"
            if self._clock is not None:
                self._clock.pause()

    def _play(self) -> None:
        if self.mode != "paused":
            return
        self._need_log()
        self.mode = "replay"
        if self._player is None or self._clock is None:
            self._seek_ns = self.shown.picture.now_ns if self.shown else 0
        else:
            self._clock.play()

    def _go_live(self) -> None:
        if not self._hub.live:
            raise BadOrder("there is nothing live here, only a recording")
        if self.mode != "live":
            self.mode, self._jump = "live", True
            self._let_go()

    def _set_speed(self, speed: float) -> None:
        if not SPEED_MIN <= speed <= SPEED_MAX:
            raise BadOrder(f"speed {speed:g}; expected {SPEED_MIN:g} to {SPEED_MAX:g}")
        self.speed = speed
        if self._clock is not None:
            self._clock.set_speed(speed)

    def _seek(self, time_ns: int) -> None:
        self._need_log()
        self._seek_ns = time_ns
        if self.mode == "live":
            self.mode = "replay"

    def _preview(self, nation: Any) -> None:
        """Show the picture as a partner nation has it, or (None) as the unit has it."""
        if nation is not None:
            law = self._source.picture.law if self._source else None
            now_ns = self._source.picture.now_ns if self._source else 0
            known = partners_of(standings_of(law, now_ns), law.register.own) if law else ()
            if nation not in known:
                raise BadOrder(f"{nation!r:.40} is no partner; expected one of: "
                               f"{', '.join(known) or 'there is none'}")
        self.preview, self._jump = nation, True
        if self._player is not None:
            self._seek_ns = self._player.now_ns
        elif self.mode == "paused":
            self._again = True

    def _need_log(self) -> None:
        if self._hub.open_player is None:
            raise BadOrder("this unit keeps no journal, so there is nothing to replay")

    async def next(self) -> Shown | None:
        """The next thing to show: at once after an order, else when there is something newer.
        None when an order changed the time bar alone, or the hub has closed."""
        self._ordered.clear()
        if self._seek_ns is not None:
            await self._do_seek()
            return self._show_player()
        if self._again and self._source is not None:
            self._again = False
            return self._show(self._source)
        if self.mode == "live":
            return await self._next_live()
        if self.mode == "paused":
            await self._first_of(self._hub_closed())
            return None
        return await self._next_of_replay()

    async def _next_live(self) -> Shown | None:
        latest = self._hub.latest
        if latest is None or (latest is self._source and not self._jump):
            await self._first_of(self._hub.changed())
            latest = self._hub.latest
        if (latest is None or self.mode != "live"
                or (latest is self._source and not self._jump)):
            return None
        return self._show(latest)

    async def _next_of_replay(self) -> Shown | None:
        await self._first_of(asyncio.sleep(BEAT_S))
        if self._ordered.is_set() or self._hub.closed:
            return None
        player, clock = self._player, self._clock
        assert player is not None and clock is not None
        self._extent_ns = await self._work(player.extent)
        wanted_ns = clock.now_ns()
        before = player.picture
        done = await self._work(lambda: player.advance(wanted_ns))
        if not done or wanted_ns > self._extent_ns[1]:
            clock.set_time(player.now_ns)
        elif clock.now_ns() - wanted_ns > BEHIND_BEATS * BEAT_S * self.speed * NS_PER_S:
            clock.set_time(wanted_ns)
        if wanted_ns > self._extent_ns[1] and not self._hub.live:
            self._pause()
        return self._show_player() if player.picture is not before else None

    async def _do_seek(self) -> None:
        """Bring the player to where the operator wants it; a later wish replaces this one."""
        self._seeking = True
        try:
            await self._bring_player()
        finally:
            self._seeking = False

    async def _bring_player(self) -> None:
        assert self._hub.open_player is not None
        wanted_ns, self._seek_ns = self._seek_ns or 0, None
        if self._player is None:
            self._player = await self._work(self._hub.open_player)
        player = self._player
        self._extent_ns = await self._work(player.extent)
        wanted_ns = min(max(wanted_ns, self._extent_ns[0]), self._extent_ns[1])
        shares = self.preview is not None
        done = await self._work(lambda: player.seek(wanted_ns, shares))
        while not (done or self._overtaken()):
            done = await self._work(lambda: player.advance(wanted_ns))
        if self.mode == "live":
            return
        self._clock = PacedClock(max(wanted_ns, player.now_ns), self.speed)
        if self.mode == "paused":
            self._clock.pause()
        self._jump = True

    def _overtaken(self) -> bool:
        """Whether the operator, or the end of the node, has made a seek pointless."""
        return self._seek_ns is not None or self.mode == "live" or self._hub.closed

    def _show_player(self) -> Shown | None:
        picture = self._player.picture if self._player else None
        if picture is None or self.mode == "live":
            return None
        sequence = self.shown.sequence + 1 if self.shown else 1
        return self._show(Published(sequence, picture))

    def _show(self, source: Published) -> Shown:
        published = source if self.preview is None else Published(
            source.sequence, preview_of(source.picture, self.preview))
        shown = Shown(published, self._jump or self.shown is None)
        self._source, self.shown, self._jump = source, published, False
        return shown

    async def ask(self, question: Question) -> Any:
        """Put a question to the state behind what is shown; None while it is being found.

        Live, that is the present state; else the player's, which a pause gets only now.
        """
        if self.mode == "live":
            return await self._hub.ask(question) if self._hub.ask else None
        player = self._player
        if player is not None and not self._seeking and self._seek_ns is None:
            return await self._work(lambda: player.ask(question))
        if player is None and self._seek_ns is None and not self._seeking:
            self._need_log()
            self._seek_ns = self.shown.picture.now_ns if self.shown else 0
            self._ordered.set()
        return None

    def status(self) -> dict[str, Any]:
        """The message that sets the console's time bar."""
        start_ns, end_ns = self._extent_ns
        time_ns = self.shown.picture.now_ns if self.shown else start_ns
        if self._hub.live and self._hub.latest is not None:
            end_ns = self._hub.latest.picture.now_ns
        picture = self.shown.picture if self.shown else None
        preview = picture.preview if picture else None
        return {"kind": "session", "mode": self.mode, "speed": self.speed,
                "time_ms": time_ns / 1e6, "start_ms": (start_ns or time_ns) / 1e6,
                "end_ms": max(end_ns, time_ns) / 1e6, "live": self._hub.live,
                "alarms": alarms_of(picture.law, picture.now_ns) if picture else [],
                "preview": {"as": preview.nation, "withheld": preview.withheld}
                if preview else None}

    async def learn_extent(self) -> None:
        """Find out how far back the log goes, if that is not known yet."""
        if self._hub.open_player is not None and self._extent_ns[0] == 0:
            player = await self._work(self._hub.open_player)
            try:
                self._extent_ns = await self._work(player.extent)
            finally:
                player.close()

    async def _work(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._hub.pool, call)

    async def _first_of(self, other: Awaitable[Any]) -> None:
        """Wait for something, or for an order."""
        tasks = [asyncio.ensure_future(other), asyncio.ensure_future(self._ordered.wait())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def _hub_closed(self) -> None:
        while not self._hub.closed:
            await self._hub.changed()
            if not self._hub.closed:
                await asyncio.sleep(BEAT_S)

    def _let_go(self) -> None:
        """Close the player; a call under way in another thread ends first."""
        player, self._player, self._clock, self._seek_ns = self._player, None, None, None
        if player is not None:
            with suppress(RuntimeError):  # the pool is shut down: the process ends anyway
                self._hub.pool.submit(player.close)

    def close(self) -> None:
        """Let go of the log."""
        self._let_go()


def _number(order: dict[str, Any], key: str) -> float:
    value = order.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise BadOrder(f"{key}: {value!r:.40}; expected a number")
    return float(value)

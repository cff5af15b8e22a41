"""One console on its websocket: orders in, pictures out, never more than the newest one waiting.

Each message is made from what this console was sent last, so one that reads slowly gets fewer and
larger steps; nothing piles up behind it.
"""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
from fastapi import WebSocket, WebSocketDisconnect

from jointsky.app.cards import hello_of, sensors_message
from jointsky.app.hub import Hub, Published, encode_step
from jointsky.app.picture import Picture
from jointsky.app.session import BadOrder, Session, Shown
from jointsky.codec.console import encode_trails
from jointsky.model.errors import JointskyError
from jointsky.model.sensor import Sensor

SEND_S_MAX = 30.0
STATUS_S = 1.0
ORDER_CHARACTERS_MAX = 1_000
GOING_AWAY, TRY_LATER, TOO_BIG = 1001, 1013, 1009


class Console:
    """A console that is connected."""

    def __init__(self, hub: Hub, socket: WebSocket, session: Session, name: str):
        self._hub, self._socket, self._session, self._name = hub, socket, session, name
        self._sent: Published | None = None
        self._status_s = -STATUS_S
        self._mode = session.mode
        self._table: tuple[Sensor, ...] = ()

    async def serve(self) -> None:
        """Serve it until it goes, or the hub closes."""
        await self._greet(self._hub.latest.picture if self._hub.latest else None)
        reader = asyncio.ensure_future(self._read())
        writer = asyncio.ensure_future(self._write())
        try:
            await asyncio.wait([reader, writer], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (reader, writer):
                task.cancel()
                with suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError,
                              TimeoutError):
                    await task
            self._session.close()
        if self._hub.closed:
            with suppress(RuntimeError, WebSocketDisconnect):
                await self._socket.close(GOING_AWAY)

    async def _greet(self, picture: Picture | None) -> None:
        """Say who the unit is and where its sensors stand; again when one more is found."""
        self._table = picture.table if picture else ()
        await self._say(hello_of(self._hub, picture, self._name))

    async def _read(self) -> None:
        while True:
            text = await self._socket.receive_text()
            try:
                if len(text) > ORDER_CHARACTERS_MAX:
                    raise BadOrder(f"an order of {len(text)} characters")
                order = json.loads(text)
                if not isinstance(order, dict):
                    raise BadOrder("an order is a JSON object")
                self._session.order(order)
                self._status_s = -STATUS_S
            except (BadOrder, json.JSONDecodeError, RecursionError) as problem:
                await self._say({"kind": "error", "text": str(problem)})

    async def _write(self) -> None:
        while not self._hub.closed:
            try:
                shown = await self._session.next()
            except JointskyError as problem:
                await self._say({"kind": "error", "text": str(problem)})
                await asyncio.sleep(STATUS_S)
                continue
            if shown is not None:
                await self._show(shown)
            await self._tell(shown)

    async def _show(self, shown: Shown) -> None:
        if shown.picture.table != self._table:
            await self._greet(shown.picture)
        before = None if shown.jumped else self._sent
        if shown.published is self._hub.latest:
            message = self._hub.encoded(before, shown.published)
        else:
            message = encode_step(before.picture if before else None, shown.picture,
                                  shown.published.sequence)
        await self._send(message)
        self._sent = shown.published
        if before is None:
            await self._send(self._trails(shown))

    def _trails(self, shown: Shown) -> bytes:
        picture = shown.picture
        if picture.preview is not None:  # the history is that of the unit's own picture
            picture = replace(picture, tracks=picture.tracks.take(slice(0, 0)))
        trails = self._hub.history.trails(picture.tracks, picture.now_ns)
        return encode_trails(picture.tracks.world, trails.number, trails.time_ns / 1e6,
                             np.degrees(trails.latitude_rad), np.degrees(trails.longitude_rad),
                             picture.now_ns, shown.published.sequence)

    async def _tell(self, shown: Shown | None) -> None:
        """The time bar and the sensors, now and then or after an order."""
        now_s, mode = time.monotonic(), self._session.mode
        news = shown is None or shown.jumped or mode != self._mode
        if news or now_s - self._status_s >= STATUS_S:
            self._status_s, self._mode = now_s, mode
            await self._session.learn_extent()
            await self._say(self._session.status())
            if self._session.shown is not None:
                await self._say(sensors_message(self._session.shown.picture))
            if self._hub.alarm:
                await self._say({"kind": "error", "text": self._hub.alarm})

    async def _say(self, message: dict[str, Any]) -> None:
        await asyncio.wait_for(self._socket.send_text(json.dumps(message)), SEND_S_MAX)

    async def _send(self, message: bytes) -> None:
        await asyncio.wait_for(self._socket.send_bytes(message), SEND_S_MAX)

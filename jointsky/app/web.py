"""The web server of a unit: the console's page, its websocket, and a small API to read from."""

from __future__ import annotations

import asyncio
import itertools
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response, WebSocket
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

from jointsky.app.cards import VERSION, card_of, geojson_of, health_of, row_of
from jointsky.app.consoles import TRY_LATER, Console
from jointsky.app.hub import Hub, Question
from jointsky.app.lawview import agreements_of
from jointsky.app.ledgerview import ledger_of, verdict_on
from jointsky.app.picture import Picture
from jointsky.app.releaseview import release_of
from jointsky.app.session import BadOrder, Session
from jointsky.model.errors import JointskyError

STATIC = Path(__file__).parent / "static"
POLICY_VIOLATION = 1008
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
        "worker-src 'self' blob:; connect-src 'self' ws: wss:; frame-ancestors 'none'"),
    "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin"}
UNBUILT = ("<!doctype html><title>jointsky</title><p>The node runs, but its console has not been "
           "built. <code>make demo</code> builds it; the API is at <code>/api/health</code>.")


class Server(uvicorn.Server):
    """uvicorn, with the signals left to the node."""

    @contextmanager
    def capture_signals(self) -> Any:
        """Take none."""
        yield


class Desk:
    """The consoles that are connected, and what each of them looks at."""

    def __init__(self, hub: Hub):
        self.hub = hub
        self.sessions: dict[str, Session] = {}
        self._names = itertools.count(1)

    def open_session(self) -> str:
        """A new session; its name."""
        name = f"c{next(self._names)}"
        self.sessions[name] = Session(self.hub)
        return name

    def session_of(self, name: str) -> Session:
        """A session by its name."""
        if name not in self.sessions:
            raise HTTPException(404, f"no session {name!r:.40}")
        return self.sessions[name]

    async def ask(self, session: str | None, question: Question) -> Any:
        """The answer of the state behind a session; of none: of the live one, in a replay that
        of the last console."""
        if session is None and not self.hub.live and self.sessions:
            session = list(self.sessions)[-1]
        try:
            if session is not None:
                found = await self.session_of(session).ask(question)
            else:
                found = await self.hub.ask(question) if self.hub.ask else None
        except (BadOrder, RuntimeError) as problem:
            raise HTTPException(503, str(problem)) from None
        if found is None:
            raise HTTPException(503, "not known yet: ask again")
        return found

    def picture_of(self, session: str | None) -> Picture:
        """The picture of a session; of none: the live one, in a replay that of the last console."""
        shown = None
        if session is not None:
            shown = self.session_of(session).shown
        elif self.hub.live:
            shown = self.hub.latest
        elif self.sessions:
            shown = list(self.sessions.values())[-1].shown
        if shown is None:
            raise HTTPException(503, "there is no picture yet")
        return shown.picture


def build_app(hub: Hub, hosts: tuple[str, ...], origins: tuple[str, ...],
              counters: Callable[[], dict[str, Any]]) -> FastAPI:
    """The application. hosts: names under which it may be asked for; origins: pages from elsewhere
    that may connect; counters: what the node counts, for /api/health."""
    app = FastAPI(title="jointsky", version=VERSION, docs_url=None, redoc_url=None,
                  description="The picture of one unit, to read.")
    desk = Desk(hub)

    @app.middleware("http")
    async def guard(request: Request,
                    go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        # A page of another site must not reach a node through a name of its own (DNS rebinding).
        if not _is_host(request.headers.get("host", ""), hosts):
            return Response("this node does not go by that name", 421)
        response = await go_on(request)
        response.headers.update(HEADERS)
        return response

    _add_api(app, desk, counters)
    _add_console(app, desk, hosts, origins)
    if (STATIC / "index.html").is_file():
        app.mount("/", StaticFiles(directory=STATIC, html=True))
    else:
        @app.get("/", response_class=HTMLResponse)
        async def unbuilt() -> str:
            return UNBUILT
    return app


def _add_api(app: FastAPI, desk: Desk, counters: Callable[[], dict[str, Any]]) -> None:
    """What can be read. Small JSON objects, made of the newest picture."""

    @app.get("/api/health")
    async def health() -> dict[str, Any]:
        latest = desk.hub.latest
        return health_of(desk.hub, latest.picture if latest else None,
                         {"consoles": len(desk.sessions), **counters()})

    @app.get("/api/tracks/{number}")
    async def track(number: int, session: str | None = None) -> dict[str, Any]:
        picture = desk.picture_of(session)
        row = row_of(picture, number)
        if row is None:
            raise HTTPException(404, f"no track {number} in the picture")
        return card_of(picture, row)

    @app.get("/api/tracks/{number}/release")
    async def release(number: int, session: str | None = None) -> dict[str, Any]:
        picture = desk.picture_of(session)
        if row_of(picture, number) is None:
            raise HTTPException(404, f"no track {number} in the picture")
        if picture.preview is not None:
            raise HTTPException(404, "a preview shows what a partner has, and it is not told why")
        found: dict[str, Any] = await desk.ask(session, lambda state: release_of(state, number))
        return found

    @app.get("/api/ledger")
    async def ledger(before: int | None = None, limit: int = 50) -> dict[str, Any]:
        return await _of_ledger(desk.hub, lambda path: ledger_of(path, before, limit))

    @app.get("/api/ledger/verify")
    async def verify() -> dict[str, Any]:
        return await _of_ledger(desk.hub, verdict_on)

    @app.get("/api/agreements")
    async def agreements(session: str | None = None) -> dict[str, Any]:
        picture = desk.picture_of(session)
        return agreements_of(picture.law, picture.now_ns)

    @app.get("/api/picture.geojson")
    async def picture(session: str | None = None) -> dict[str, Any]:
        return geojson_of(desk.picture_of(session))


async def _of_ledger(hub: Hub, look: Callable[[Path], dict[str, Any]]) -> dict[str, Any]:
    """What there is to say of the unit's ledger; its file is read beside the event loop."""
    if hub.ledger is None or not hub.ledger.is_file():
        raise HTTPException(404, "this unit keeps no ledger")
    path = hub.ledger
    try:
        return await asyncio.get_running_loop().run_in_executor(hub.pool, lambda: look(path))
    except JointskyError as problem:
        raise HTTPException(500, str(problem)) from None
    except RuntimeError as problem:  # the pool is shut down
        raise HTTPException(503, str(problem)) from None


def _add_console(app: FastAPI, desk: Desk, hosts: tuple[str, ...],
                 origins: tuple[str, ...]) -> None:
    """The websocket of consoles, for pages that may connect."""

    @app.websocket("/ws")
    async def console(ws: WebSocket) -> None:
        origin, host = ws.headers.get("origin"), ws.headers.get("host", "")
        ours = origin is None or origin in origins or urlsplit(origin).netloc == host
        if not (_is_host(host, hosts) and ours):
            await ws.close(POLICY_VIOLATION, "this page may not connect")
            return
        await ws.accept()
        if len(desk.sessions) >= desk.hub.consoles_max or desk.hub.closed:
            await ws.close(TRY_LATER, f"{len(desk.sessions)} consoles are connected, all there are")
            return
        name = desk.open_session()
        try:
            await Console(desk.hub, ws, desk.sessions[name], name).serve()
        finally:
            del desk.sessions[name]


def _is_host(header: str, hosts: tuple[str, ...]) -> bool:
    return urlsplit(f"//{header}").hostname in hosts


@asynccontextmanager
async def serving(app: FastAPI, sock: socket.socket) -> AsyncIterator[Server]:
    """Serve while the block runs."""
    config = uvicorn.Config(app, log_level="warning", lifespan="off", ws="websockets-sansio",
                            ws_max_size=65_536, ws_max_queue=8, timeout_graceful_shutdown=2,
                            access_log=False, server_header=False)
    server = Server(config)
    task = asyncio.ensure_future(server.serve(sockets=[sock]))
    try:
        yield server
    finally:
        server.should_exit = True
        await task

"""A real node and a real browser: each test drives the console as an operator would."""

from __future__ import annotations

import os
import queue
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"
# Software rendering: frames are slow, so waits are long and nothing here is about speed.
FLAGS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
         "--disable-background-networking"]
START_S = 150
PAGE_MS = 120_000


def absent(what: str) -> None:
    """Skip on a user's machine; in CI it must be there."""
    if os.environ.get("CI"):
        pytest.fail(f"{what}, but CI must have it")
    pytest.skip(what)


@dataclass
class Node:
    """A node that runs: where its console is, what it has said."""

    url: str
    process: subprocess.Popen[str]
    said: list[str]

    def stop(self) -> None:
        """End it as Ctrl-C would, and by force if it will not."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(20)


def start_node(arguments: list[str]) -> Node:
    """Run the program and wait until it says where its console is."""
    process = subprocess.Popen(
        [sys.executable, "-m", "jointsky", *arguments], cwd=ROOT, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    lines: queue.Queue[str] = queue.Queue()
    said: list[str] = []

    def listen() -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                said.append(line)
                lines.put(line)

    threading.Thread(target=listen, daemon=True).start()
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        try:
            line = lines.get(timeout=0.5)
        except queue.Empty:
            if process.poll() is not None:
                break
            continue
        found = re.search(r"https?://127\.0\.0\.1:\d+/", line)
        if found:
            return Node(found.group(), process, said)
    process.kill()
    pytest.fail("no console address from " + " ".join(arguments) + ":\n" + "".join(said))


@pytest.fixture
def node() -> Iterator[Callable[..., Node]]:
    """Starts nodes, and ends them after the test."""
    if not (ROOT / "jointsky" / "app" / "static" / "index.html").is_file():
        absent("the console has not been built (make test builds it)")
    started: list[Node] = []

    def start(*arguments: str) -> Node:
        started.append(start_node(list(arguments)))
        return started[-1]

    yield start
    for each in started:
        each.stop()


# Of a module, not of the session: while Playwright runs, its event loop stands in the way of every
# test of this process that runs one of its own.
@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Playwright itself, once."""
    try:
        running = sync_playwright().start()
    except Exception as problem:  # its driver says no more than that it has gone
        absent(f"Playwright's driver does not start ({problem}); it needs libatomic1")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """The system's Chromium, once."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        absent("Chromium is not installed")
    running = playwright.chromium.launch(executable_path=path, args=FLAGS)
    yield running
    running.close()


@dataclass
class Desk:
    """The console in a browser page, and all that it complained of or asked for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def probe(self, name: str) -> Any:
        """One value of `window.__jointsky`."""
        return self.page.evaluate(f"window.__jointsky.{name}")

    def wait(self, condition: str) -> None:
        """Wait for a condition on `j`, which is `window.__jointsky`. (Playwright's own waiting
        would evaluate text inside the page, which the node's policy forbids.)"""
        until = time.monotonic() + PAGE_MS / 1000
        while not self.page.evaluate(f"(() => {{ const j = window.__jointsky; return {condition};"
                                     " })()"):
            if time.monotonic() > until:
                state = self.page.evaluate("JSON.stringify({...window.__jointsky})")
                pytest.fail(f"waited in vain for {condition}: {state}\n{self.complaints}")
            self.page.wait_for_timeout(200)

    def shoot(self, name: str) -> Path:
        """Save a picture of the screen under build/screenshots."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        self.page.screenshot(path=path, timeout=PAGE_MS)
        return path

    def click_track(self) -> int:
        """Click the symbol of the track in the open that stands most alone; its number."""
        places = self.probe("places()")
        free = [p for p in places if 200 < p["x"] < 1100 and 130 < p["y"] < 700]
        assert free, f"no track in the open among {len(places)}"

        def room(place: dict[str, float]) -> float:
            return min(((place["x"] - other["x"]) ** 2 + (place["y"] - other["y"]) ** 2
                        for other in places if other is not place), default=1e9)

        best = max(free, key=room)
        self.page.mouse.click(best["x"], best["y"])
        return int(best["number"])


@pytest.fixture
def desk(browser: Browser) -> Iterator[Callable[[str], Desk]]:
    """Opens consoles; afterwards none may have complained or asked anyone but its node."""
    opened: list[tuple[str, Desk]] = []
    context = browser.new_context(viewport={"width": 1600, "height": 900})
    context.set_default_timeout(PAGE_MS)

    def open_at(url: str) -> Desk:
        here = Desk(context.new_page())
        here.page.on("pageerror", lambda error: here.complaints.append(str(error)))
        # A track may end between the picture and the question for its card: 404 is no fault then.
        here.page.on("console", lambda message: here.complaints.append(message.text)
                     if message.type == "error" and "/api/tracks/" not in message.location["url"]
                     else None)
        here.page.on("request", lambda request: here.requests.append(request.url))
        opened.append((url, here))
        here.page.goto(url, timeout=PAGE_MS)
        here.wait("j && j.ready && j.tracks > 0")
        return here

    yield open_at
    context.close()
    for url, here in opened:
        base = url.split("?")[0]
        foreign = [request for request in here.requests
                   if not request.startswith((base, "data:", f"blob:{base}"))]
        assert not foreign
        assert not [text for text in here.complaints
                    if "ERR_CONNECTION_REFUSED" not in text and "WebSocket" not in text]

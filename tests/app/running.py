"""The program as a process of its own, and a console without a screen, for the tests of the app."""

from __future__ import annotations

import itertools
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from websockets.sync.client import ClientConnection, connect

from jointsky.codec.console import ConsoleTracks, MessageKind
from jointsky.model.batch import columns_of

ROOT = Path(__file__).resolve().parents[2]
READY_S = 120.0


class Program:
    """`jointsky ARGS` under way."""

    def __init__(self, *args: str):
        self.process = subprocess.Popen([sys.executable, "-m", "jointsky", *args], cwd=ROOT,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.url = ""

    def wait_ready(self) -> str:
        """The address of its console, once it is served."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("console: "):
                self.url = line.split()[1]
                return self.url
        raise AssertionError(f"it ended: {self.process.communicate()[1]}")

    def get(self, path: str) -> Any:
        """A JSON answer of its API."""
        answer = httpx.get(self.url + path.lstrip("/"), timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def wait_for(self, path: str, good: Callable[[Any], bool], seconds: float = 120.0) -> Any:
        """The first answer that is good."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            answer = httpx.get(self.url + path.lstrip("/"), timeout=60)
            if answer.status_code == 200 and good(answer.json()):
                return answer.json()
            time.sleep(0.2)
        raise AssertionError(f"{path} never became good: {answer.text[:500]}")

    def end(self) -> tuple[int, str, str]:
        """Stop it as Ctrl-C would; its exit status and output."""
        self.process.send_signal(signal.SIGINT)
        return self.finish()

    def finish(self) -> tuple[int, str, str]:
        """Wait until it ends by itself; its exit status and output."""
        out, err = self.process.communicate(timeout=READY_S)
        return self.process.returncode, out, err


@contextmanager
def running(*args: str) -> Iterator[Program]:
    """A program that serves a console; killed at the end if it still runs."""
    program = Program(*args)
    try:
        program.wait_ready()
        yield program
    finally:
        if program.process.poll() is None:
            program.process.kill()
        program.process.communicate()


class Screen:
    """A console without a screen: keeps the tracks as the binary messages say."""

    def __init__(self, connection: ClientConnection):
        self._connection = connection
        self.tracks: dict[int, dict[str, Any]] = {}
        self.said: dict[str, dict[str, Any]] = {}
        self.world = -1
        self.now_ms = 0.0
        self.kinds: list[int] = []
        self.trail_points = 0

    def order(self, **order: Any) -> None:
        self._connection.send(json.dumps(order))

    def read(self, seconds: float = 60.0) -> str:
        """Take one message in; its kind."""
        message = self._connection.recv(timeout=seconds)
        if isinstance(message, str):
            content = json.loads(message)
            self.said[content["kind"]] = content
            return str(content["kind"])
        return self._take(message)

    def until(self, good: Callable[[], bool], seconds: float = 120.0) -> None:
        """Read on until something holds."""
        end = time.monotonic() + seconds
        while not good():
            assert time.monotonic() < end, (self.said, len(self.tracks), self.kinds[-5:])
            self.read()

    def _take(self, message: bytes) -> str:
        _, kind, self.world, _, rows, removed, now_ms, _, total = struct.unpack_from(
            "<IBBHIIdQQ", message)
        self.kinds.append(kind)
        if kind == MessageKind.TRAILS:
            self.trail_points = rows
            return "trails"
        self.now_ms = now_ms
        at = 40
        gone = np.frombuffer(message, "<i4", removed, at).tolist()
        at += removed * 4 + -removed * 4 % 8
        cells: dict[str, Any] = {}
        for col in columns_of(ConsoleTracks):
            cells[col.name] = np.frombuffer(message, col.dtype.newbyteorder("<"),
                                            rows * col.width, at).reshape(rows, col.width)
            size = rows * col.width * col.dtype.itemsize
            at += size + -size % 8
        assert at == len(message)
        if kind == MessageKind.SNAPSHOT:
            self.tracks.clear()
        for number in gone:
            self.tracks.pop(number, None)
        for row in range(rows):
            self.tracks[int(cells["system_track_number"][row, 0])] = {
                name: values[row, 0].item() for name, values in cells.items()}
        assert len(self.tracks) == total
        return "picture"


@contextmanager
def screen(url: str, origin: str | None = None) -> Iterator[Screen]:
    """A console connected to a program."""
    with connect(url.replace("http", "ws", 1) + "ws", max_size=None,
                 origin=origin) as connection:  # type: ignore[arg-type]
        yield Screen(connection)


# Below the ports that the system hands out by itself, which anybody's socket may take meanwhile;
# each process of the tests begins somewhere else, and no port is given twice.
PORTS = itertools.count(15_000 + os.getpid() * 97 % 15_000)


def free_udp_port() -> int:
    """A UDP port of the loopback address that nobody has now."""
    for port in PORTS:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")

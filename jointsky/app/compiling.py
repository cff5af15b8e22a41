"""Every kernel that a unit uses, compiled by using it, with a progress bar on stderr.

Two processes share the work, for the compiler keeps to one core: one tracks, one decodes, encodes
and learns biases. What they made lies on disk; then the whole path is run once here, which
compiles what they may have left out.
"""

from __future__ import annotations

import gc
import math
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import numpy as np
from numba import typeof
from numba.core import event
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from jointsky.agreement.reading import parse_instrument
from jointsky.agreement.standing import Standing, Standings
from jointsky.app.feed import LITTLE, datagrams_of
from jointsky.codec.asterix.from_batches import encode_tracks
from jointsky.engine.checkpoint import pack
from jointsky.engine.intake import read_frames
from jointsky.engine.sharing import Sharing, share, with_standings
from jointsky.engine.state import PictureState
from jointsky.engine.state import start as start_picture
from jointsky.engine.step import step
from jointsky.kernels.jit import PACKAGE
from jointsky.model.clock import NS_PER_S
from jointsky.model.frame import Frame
from jointsky.model.unit import Unit
from jointsky.model.world import World
from jointsky.sim.simulate import Observed, simulate
from jointsky.sim.simulate import start as start_simulation
from jointsky.track import joint, tracker
from jointsky.track.arrays import PLOT
from jointsky.track.associate import make_work
from jointsky.track.changes import changed_since, make_marks
from jointsky.track.grid import make_grid
from jointsky.track.registration import learn, take

SECONDS = 10
BEGIN_NS = 1_000_000 * NS_PER_S
FLOORS = ("kernels", "track", "agreement")
PACT = """\
{id: warm-up, title: Warm-up, version: 1, kind: bilateral, life: {term: P1D},
 parties: [{nation: AAA, name: A}, {nation: BBB, name: B}],
 grants: [{id: all, from: AAA, to: [BBB], data: exercise, purpose: warm-up, article: "1"}]}
"""
COMPILED = re.compile(r"^@(?:kernel|inlined)$", re.MULTILINE)
# The compiler keeps millions of small objects, and to look through them for what can go takes a
# fifth of its time; so seldom, it needs no memory to speak of beyond what it needs anyway.
GC_EVERY = (100_000, 50, 50)


def compile_all() -> None:
    """Run the whole path once on a few simulated seconds."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        functions = sum(len(COMPILED.findall(path.read_text()))
                        for floor in FLOORS for path in (PACKAGE / floor).glob("*.py"))
        task = bar.add_task("compiling, once", total=functions)
        for _ in _compiled_elsewhere():
            bar.advance(task)
        run_path()


def run_path() -> None:
    """The whole path, from frames to tracks, messages and checkpoints."""
    state = _state()
    for now_ns, _, frames in _halves():
        result = step(state, frames, now_ns)
        encode_tracks(result.picture)
        state = result.state
    changed_since(state.tracker, make_marks(0), state.now_ns, 0)
    share_once(state)
    pack(state)


def share_once(state: PictureState) -> None:
    """Sharing with a nation that does not exist, under an agreement that says so."""
    now_ns = state.now_ns
    pact = Standing(parse_instrument(PACT, "warm-up"), now_ns, now_ns + 1)
    sharing = with_standings(Sharing("AAA"), Standings(now_ns, now_ns + 1, (pact,), ()),
                             state.sensors, state.world)
    share(sharing, state.tracker, tracker.picture(state.tracker, now_ns), now_ns)


def _compiled_elsewhere() -> Iterator[str]:
    """The functions that the two processes compile, as they do. What one of them could not do is
    done again by who asked, where its error is seen."""
    read, write = os.pipe()
    with ExitStack() as stack:
        lines = stack.enter_context(os.fdopen(read))
        for part in PARTS:
            child = stack.enter_context(subprocess.Popen(
                [sys.executable, "-m", "jointsky.app.compiling", part], stdout=write,
                stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL))
            stack.callback(child.terminate)
        os.close(write)
        yield from lines


def _state() -> PictureState:
    unit = Unit("warm-up", "", 0, 1, math.radians(43), math.radians(75))
    sensors = tuple(sensor.as_sensor() for sensor in LITTLE.sensors)
    return start_picture(World.EXERCISE, unit, sensors)


def _halves() -> Iterator[tuple[int, Observed, list[Frame]]]:
    """Half seconds: when they end, what was observed, and as what frames it comes."""
    simulation = start_simulation(LITTLE, BEGIN_NS)
    for half_s in range(1, 2 * SECONDS + 1):
        now_ns = BEGIN_NS + half_s * NS_PER_S // 2
        observed = simulate(simulation, now_ns)
        yield now_ns, observed, [
            Frame("warm-up", now_ns, payload) for sensor in LITTLE.sensors
            for payload in datagrams_of(observed, sensor.sensor_id)]


def _track() -> None:
    """The tracker, which takes as long as everything else together."""
    simulation, state = start_simulation(LITTLE, BEGIN_NS), _state().tracker
    for now_ns in range(BEGIN_NS + NS_PER_S, BEGIN_NS + SECONDS * NS_PER_S, NS_PER_S):
        state = tracker.advance(state, simulate(simulation, now_ns).plots, now_ns)


def _decode() -> None:
    """Everything else, and before it a large part of the tracker's loop, which the other process
    finds on disk when it comes to it."""
    shared: Any = joint.share
    shared.compile(types_of_share())
    state = _state()
    for _, _, frames in _halves():
        read_frames(state, frames)
    known = state.tracker
    take(known.registration, known.table, [], BEGIN_NS, known.tuning)
    learn(known.registration, known.table, BEGIN_NS, known.tuning)
    encode_tracks(tracker.picture(known, BEGIN_NS))
    changed_since(known, make_marks(0), BEGIN_NS, 0)


def types_of_share() -> tuple[Any, ...]:
    """The types with which the tracker's loop calls `jointsky.track.joint.share`."""
    known, plots = _state().tracker, np.empty(0, PLOT)
    work = make_work(len(plots), len(known.tracks), len(known.sensors))
    of: Any = typeof
    return tuple(of(one) for one in (known.tracks, plots, 0, 0, known.table, known.looks,
                                     make_grid(len(known.tracks)), known.settings,
                                     known.counters, work))


class _Telling(event.Listener):
    """Prints a line for each function of ours that has been compiled."""

    def on_start(self, event: Any) -> None:
        pass

    def on_end(self, event: Any) -> None:
        function = event.data["dispatcher"].py_func
        if function.__module__.startswith(PACKAGE.name):
            print(function.__qualname__, flush=True)  # noqa: T201 - to who counts them


PARTS: dict[str, Callable[[], None]] = {"track": _track, "decode": _decode}


def main(part: str) -> None:
    """Compile one part, and say so function by function on standard output."""
    gc.set_threshold(*GC_EVERY)
    event.register("numba:compile", _Telling())  # type: ignore[no-untyped-call]
    PARTS[part]()


if __name__ == "__main__":
    main(sys.argv[1])

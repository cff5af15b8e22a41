"""The node: the only main loop. Drain, write down, step, show, send; again at the next tick.

    frames = drain the queue
    journal the frames and the tick, and wait until they are on disk
    state, picture = step(state, frames, now)
    publish the picture to the consoles, send CAT062 and CAT065 to the outputs

What is written down before it is used can be replayed; what was shown can be shown again.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from jointsky.app.config import UnitConfig
from jointsky.app.framelog import JournalLog, Turn, take_turn
from jointsky.app.hub import Hub
from jointsky.app.outputs import Outputs
from jointsky.app.picture import picture_of
from jointsky.edge.journal import EntryKind, JournalWriter
from jointsky.edge.udp import FrameQueue
from jointsky.engine.checkpoint import pack
from jointsky.engine.state import PictureState, lean
from jointsky.engine.step import StepResult
from jointsky.model.clock import NS_PER_S, Clock
from jointsky.model.errors import ResourceProblem
from jointsky.model.frame import Frame
from jointsky.model.schema import TrackState

PUBLISH_S = 0.5  # consoles get at most two pictures a second
NS_PER_MS = NS_PER_S // 1000
DELAYS_KEPT = 50_000


@dataclass
class Counters:
    """What the node counts beside the engine's own counts. delays_ms: from the reception of a
    frame to the picture that has it, of the latest frames."""

    ticks: int = 0
    late_ticks: int = 0
    journal_faults: int = 0
    tracks_ever: int = 0
    busy_s: float = 0.0
    delays_ms: list[float] = field(default_factory=list)

    def delay_ms(self, share: float) -> float:
        """A quantile of the delays, NaN before there is one."""
        return float(np.quantile(self.delays_ms, share)) if self.delays_ms else float("nan")


def recover(log: JournalLog, hub: Hub) -> PictureState | None:
    """The state at the end of a journal: its last checkpoint and every turn after it."""
    _, end_ns = log.extent()
    mark = log.mark_before(end_ns)
    state = mark.state if mark else None
    for turn in log.turns(mark.sequence if mark else 0):
        result = take_turn(state, turn, hub.world)
        state = result.state
        hub.history.note(result.picture, turn.now_ns)
    return state


class Node:
    """A unit at work. `run` is the loop; everything else is one of its verbs."""

    def __init__(self, config: UnitConfig, clock: Clock, queue: FrameQueue,
                 journal: JournalWriter, hub: Hub, outputs: Outputs,
                 state: PictureState | None):
        """state: what `recover` found, None for a new unit."""
        self._config, self._clock, self._queue = config, clock, queue
        self._journal, self._hub, self._outputs = journal, hub, outputs
        self._state = state
        self._now_ns = state.now_ns if state else 0
        self._news: UnitConfig | None = config
        self._checkpoint_ns = 0
        self._published_ns = 0
        self.counters = Counters()

    async def run(self, stop: asyncio.Event) -> None:
        """Tick until told to stop; then what has come in is worked off once more."""
        tick_ns = round(self._config.engine.tick_s * NS_PER_S)
        due_ns = self._clock.now_ns()
        with ThreadPoolExecutor(1, thread_name_prefix="engine") as engine:
            loop = asyncio.get_running_loop()
            while not stop.is_set():
                due_ns += tick_ns
                if due_ns < self._clock.now_ns():
                    self.counters.late_ticks += 1
                    due_ns = self._clock.now_ns()
                await self._wait(due_ns, stop)
                frames = self._queue.drain()
                began_ns = self._clock.now_ns()
                result = await loop.run_in_executor(engine, self._turn, frames, began_ns)
                self._show(result, frames)
                self.counters.busy_s += (self._clock.now_ns() - began_ns) / NS_PER_S

    async def _wait(self, due_ns: int, stop: asyncio.Event) -> None:
        tasks = [asyncio.ensure_future(self._clock.sleep_until(due_ns)),
                 asyncio.ensure_future(stop.wait())]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()

    def _turn(self, frames: list[Frame], now_ns: int) -> StepResult:
        """One turn, on the engine's thread: the journal first."""
        # Whole milliseconds, so that a console's time names a turn exactly.
        self._now_ns = now_ns = max(now_ns - now_ns % NS_PER_MS, self._now_ns + NS_PER_MS)
        news, self._news = self._news, None
        sequence = self._write_down(news, frames, now_ns)
        result = take_turn(self._state, Turn(sequence, now_ns, frames, news), self._hub.world)
        self._state = result.state
        if now_ns - self._checkpoint_ns >= self._config.journal.checkpoint_s * NS_PER_S:
            self._checkpoint_ns = now_ns
            self._save(sequence, now_ns, result.state)
        return result

    def _write_down(self, news: UnitConfig | None, frames: list[Frame], now_ns: int) -> int:
        """Journal a turn and wait until it is safe. A disk that fails does not end the picture:
        it is counted and shown, and what waits is tried again at the next tick."""
        try:
            if news is not None:
                self._journal.append(EntryKind.CONFIG, now_ns, news.model_dump_json().encode())
            self._journal.append_frames(frames)
            sequence = self._journal.append_tick(now_ns)
            self._journal.commit()
            self._hub.alarm = ""
            return sequence
        except ResourceProblem as problem:
            self.counters.journal_faults += 1
            self._hub.alarm = f"the journal cannot be written: {problem}"
            return 0

    def _save(self, sequence: int, now_ns: int, state: PictureState) -> None:
        """Keep a checkpoint, and let the journal forget what is beyond its limits."""
        if sequence == 0 or sequence != self._journal.acknowledged:
            return
        try:
            self._journal.save_checkpoint(sequence, now_ns, pack(lean(state)))
            self._journal.trim(now_ns)
        except ResourceProblem as problem:
            self.counters.journal_faults += 1
            self._hub.alarm = f"the journal cannot be written: {problem}"

    def _show(self, result: StepResult, frames: list[Frame]) -> None:
        """Publish to the consoles, send to the outputs, count."""
        self.counters.ticks += 1
        self.counters.tracks_ever = max(
            self.counters.tracks_ever,
            int(result.tracks.system_track_number.max(initial=0)))
        self._outputs.send(result)
        if result.now_ns - self._published_ns >= 0.9 * PUBLISH_S * NS_PER_S:
            self._published_ns = result.now_ns
            self._hub.publish(picture_of(result.state, result.picture))
        shown_ns = self._clock.now_ns()
        delays = self.counters.delays_ms
        delays.extend((shown_ns - frame.received_ns) / 1e6 for frame in frames)
        del delays[:-DELAYS_KEPT]

    def live_tracks(self) -> int:
        """How many tracks there are now."""
        latest = self._hub.latest
        if latest is None:
            return 0
        return int((latest.picture.tracks.state != TrackState.DROPPED).sum())

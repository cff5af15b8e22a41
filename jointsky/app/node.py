"""The node: the only main loop. Wait for reports, write down, step, send, show; again.

    wait until a report has come and `gather_s` has passed, or for `tick_s` in silence
    frames = drain the queue
    journal the frames and the tick, and wait until they are on disk
    state, picture = step(state, frames, now)
    send CAT062 and CAT065 to the outputs; twice a second publish the picture to the consoles

What is written down before it is used can be replayed; what was shown can be shown again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from jointsky.app.config import UnitConfig
from jointsky.app.desk import CommandDesk
from jointsky.app.framelog import JournalLog, Turn, take_turn
from jointsky.app.hub import Hub
from jointsky.app.outputs import Outputs
from jointsky.app.picture import picture_of
from jointsky.app.sharing import Sharer
from jointsky.app.views import NO_VIEWS, Views, taken
from jointsky.edge.journal import EntryKind, JournalWriter
from jointsky.edge.udp import FrameQueue
from jointsky.engine.checkpoint import pack
from jointsky.engine.state import PictureState, copy, lean
from jointsky.engine.step import StepResult, due_ns_of, tracks_ever
from jointsky.model.clock import NS_PER_S, Clock
from jointsky.model.command import Command
from jointsky.model.errors import ResourceProblem
from jointsky.model.frame import Frame
from jointsky.model.schema import TrackState

T = TypeVar("T")
PUBLISH_S = 0.5  # consoles get at most two pictures a second
NS_PER_MS = NS_PER_S // 1000
DELAYS_KEPT = 50_000
TIDY_S = 5.0


@dataclass
class Counters:
    """What the node counts beside the engine's own counts. first_ns: UTC of when the first plot
    had been worked off and told to the outputs, 0 before; late_ticks: steps that began more than
    a tick after their time; busy_s: in steps and what follows them; delays_ms: from the reception
    of a frame until it was worked off and told to the outputs, of the latest frames."""

    first_ns: int = 0
    ticks: int = 0
    late_ticks: int = 0
    journal_faults: int = 0
    tracks_ever: int = 0
    busy_s: float = 0.0
    delays_ms: list[float] = field(default_factory=list)

    def told(self, result: StepResult, frames: list[Frame], now_ns: int) -> None:
        """Note the delays of frames that have been worked off."""
        if not self.first_ns and len(result.plots):
            self.first_ns = now_ns
        self.delays_ms.extend((now_ns - frame.received_ns) / 1e6 for frame in frames)
        del self.delays_ms[:-DELAYS_KEPT]

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
        if hub.history.wants(turn.now_ns):
            hub.history.note(result.picture, turn.now_ns)
    return state


class Node:
    """A unit at work. `run` is the loop; everything else is one of its verbs."""

    def __init__(self, config: UnitConfig, clock: Clock, queue: FrameQueue,
                 journal: JournalWriter, hub: Hub, outputs: Outputs, desk: CommandDesk,
                 sharer: Sharer | None, state: PictureState | None):
        """sharer: None for a unit without agreements; state: what `recover` found, None for a new
        unit."""
        self._config, self._clock, self._queue = config, clock, queue
        self._journal, self._hub, self._outputs, self._desk = journal, hub, outputs, desk
        self._sharer, self._fault = sharer, ""
        self._state = state
        self._now_ns = state.now_ns if state else 0
        self._news: UnitConfig | None = config
        self._checkpoint_ns = 0
        self._tidied_ns = 0
        self._published_ns = 0
        self._keeper = ThreadPoolExecutor(1, thread_name_prefix="keeper")
        self._packed: Future[tuple[int, int, bytes]] | None = None
        self._views: Views = NO_VIEWS
        self._engine = ThreadPoolExecutor(1, thread_name_prefix="engine")
        self.counters = Counters()
        self.first = asyncio.Event()  # set once a step has worked off a report

    async def run(self, stop: asyncio.Event) -> None:
        """Step until told to stop; then what has come in is worked off once more."""
        tick_ns = round(self._config.engine.tick_s * NS_PER_S)
        with self._engine as engine:
            loop = asyncio.get_running_loop()
            while not stop.is_set():
                due_ns = await self._wait(stop)
                began_ns = self._clock.now_ns()
                self.counters.late_ticks += began_ns - due_ns > tick_ns
                frames = self._queue.drain()
                result = await loop.run_in_executor(engine, self._turn, frames, began_ns)
                self._show(result)
                self.counters.busy_s += (self._clock.now_ns() - began_ns) / NS_PER_S
        self._keeper.shutdown()
        self._keep_last()

    async def ask(self, question: Callable[[PictureState], T]) -> T | None:
        """Put a question to the state between two turns, which it must leave as it is; None before
        there is one. Raises `RuntimeError` once the node has ended."""
        def answer() -> T | None:
            return None if self._state is None else question(self._state)

        return await asyncio.get_running_loop().run_in_executor(self._engine, answer)

    async def _wait(self, stop: asyncio.Event) -> int:
        """Wait until it is time for a step; returns when it was time.

        A report waits `gather_s` for others, so that one step works them off; without any the
        picture goes on every `tick_s`, and when plots that wait in the tracker may be used.
        """
        engine = self._config.engine
        quiet_ns = self._clock.now_ns() + round(engine.tick_s * NS_PER_S)
        if self._state is not None and (waiting_ns := due_ns_of(self._state)) is not None:
            quiet_ns = min(quiet_ns, waiting_ns)
        await self._until(stop, quiet_ns, self._queue.wait())
        oldest_ns = self._queue.oldest_ns
        if oldest_ns is None or stop.is_set():
            return quiet_ns
        due_ns = min(oldest_ns + round(engine.gather_s * NS_PER_S), quiet_ns)
        if due_ns > self._clock.now_ns():
            await self._until(stop, due_ns)
        return due_ns

    async def _until(self, stop: asyncio.Event, time_ns: int,
                     *others: Coroutine[Any, Any, None]) -> None:
        """Return at a time, or when the node is to stop, or when one of the others has come."""
        tasks = [asyncio.ensure_future(one) for one in (
            *others, self._clock.sleep_until(time_ns), stop.wait())]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()

    def _turn(self, frames: list[Frame], now_ns: int) -> StepResult:
        """One turn, on the engine's thread: the journal first."""
        # Whole milliseconds, so that a console's time names a turn exactly.
        self._now_ns = now_ns = max(now_ns - now_ns % NS_PER_MS, self._now_ns + NS_PER_MS)
        news, self._news = self._news, None
        commands = self._desk.waiting(self._clock.now_ns())
        sequence = self._write_down(news, frames, commands, now_ns)
        turn = Turn(sequence, now_ns, frames, news, commands)
        result = take_turn(self._state, turn, self._hub.world)
        self._state = result.state
        self._desk.settle(commands, result.outcomes, result.state.law)
        self._outputs.send(result)
        if self._sharer is not None:
            self._sharer.take(result, commands, self._clock)
        self._tell_faults()
        self.counters.told(result, frames, self._clock.now_ns())
        self._keep(sequence, now_ns, result.state)
        return result

    def _write_down(self, news: UnitConfig | None, frames: list[Frame], commands: list[Command],
                    now_ns: int) -> int:
        """Journal a turn and wait until it is safe. A disk that fails does not end the picture:
        it is counted and shown, and what waits is tried again at the next tick."""
        try:
            if news is not None:
                self._journal.append(EntryKind.CONFIG, now_ns, news.model_dump_json().encode())
            for command in commands:
                self._journal.append(EntryKind.COMMAND, now_ns, command.to_bytes(), command.source)
            self._journal.append_frames(frames)
            sequence = self._journal.append_tick(now_ns)
            self._journal.commit()
            self._fault = ""
            return sequence
        except ResourceProblem as problem:
            self._note_fault(problem)
            return 0

    def _keep(self, sequence: int, now_ns: int, state: PictureState) -> None:
        """Keep a checkpoint now and then, and let the journal forget what is beyond its limits.

        What takes long is done by the keeper, on a copy of the state: no report waits for it.
        """
        try:
            if self._packed is not None and self._packed.done():
                packed, self._packed = self._packed.result(), None
                self._journal.save_checkpoint(*packed)
                self._journal.trim(now_ns)
            elif (now_ns - self._checkpoint_ns >= self._config.journal.checkpoint_s * NS_PER_S
                  and self._packed is None and not self._journal.saving
                  and 0 < sequence == self._journal.acknowledged):
                self._checkpoint_ns = now_ns
                self._packed = self._keeper.submit(_packed, sequence, now_ns, copy(state))
            if now_ns - self._tidied_ns >= TIDY_S * NS_PER_S:
                self._tidied_ns = now_ns
                self._keeper.submit(self._tidy)
        except ResourceProblem as problem:
            self._note_fault(problem)

    def _keep_last(self) -> None:
        """Keep the state at the end, so that the next start need not go through the journal."""
        if self._state is None or self.counters.ticks == 0:
            return
        try:
            sequence = self._journal.commit()
            self._journal.save_checkpoint(sequence, self._now_ns, pack(lean(self._state)))
            while self._journal.saving:
                self._journal.commit()
        except ResourceProblem as problem:
            self._note_fault(problem)

    def _tidy(self) -> None:
        try:
            self._journal.tidy()
        except ResourceProblem as problem:
            self._note_fault(problem)

    def _note_fault(self, problem: ResourceProblem) -> None:
        self.counters.journal_faults += 1
        self._fault = f"the journal cannot be written: {problem}"

    def _tell_faults(self) -> None:
        """Tell consoles what is wrong with the node itself."""
        self._hub.alarm = (self._fault or self._desk.alarm
                           or (self._sharer.alarm if self._sharer else ""))

    def _show(self, result: StepResult) -> None:
        """Count, and publish to the consoles."""
        self.counters.ticks += 1
        if self.counters.first_ns:
            self.first.set()
        self.counters.tracks_ever = tracks_ever(result.state)
        self._views = taken(self._views, result.released)
        if result.now_ns - self._published_ns >= 0.9 * PUBLISH_S * NS_PER_S:
            self._published_ns = result.now_ns
            self._hub.publish(picture_of(result.state, result.picture, self._views))

    def live_tracks(self) -> int:
        """How many tracks there are now."""
        latest = self._hub.latest
        if latest is None:
            return 0
        return int((latest.picture.tracks.state != TrackState.DROPPED).sum())


def _packed(sequence: int, time_ns: int, state: PictureState) -> tuple[int, int, bytes]:
    return sequence, time_ns, pack(lean(state))

"""A log of turns that can be played again: a journal, or a recording. One seam for both.

A turn is what the engine worked off in one step: the frames that had come, and the time. Playing
the turns of a log from its start, or from a checkpoint, gives the picture that there was.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import NamedTuple, Protocol

from jointsky.app.config import UnitConfig, editions_of, sensors_of, tuning_of, unit_of
from jointsky.app.law import with_law
from jointsky.edge.journal import EntryKind, JournalReader
from jointsky.engine.checkpoint import pack, unpack
from jointsky.engine.state import PictureState, configure, start
from jointsky.engine.step import StepResult, step
from jointsky.model.clock import NS_PER_S
from jointsky.model.command import Command
from jointsky.model.errors import FileProblem, SchemaMismatch
from jointsky.model.frame import Frame
from jointsky.model.world import World

RECORDING_TICK_NS = NS_PER_S // 2
QUIET_NS = 120 * NS_PER_S  # after this long without a frame every track is gone
CHECKPOINT_NS = 30 * NS_PER_S
CHECKPOINTS_MAX = 512


class Turn(NamedTuple):
    """One step to take. sequence: rising, of the log; config: what the unit was set to before
    it, None for as before; commands: given before it."""

    sequence: int
    now_ns: int
    frames: Sequence[Frame]
    config: UnitConfig | None = None
    commands: Sequence[Command] = ()


class Mark(NamedTuple):
    """A state kept: after the turn `sequence`, at `time_ns`."""

    sequence: int
    time_ns: int
    state: PictureState


class FrameLog(Protocol):
    """Something to play."""

    name: str

    def extent(self) -> tuple[int, int]:
        """Times of the first and the last turn, UTC ns; both 0 when there is none."""
        ...

    def first(self) -> PictureState | None:
        """The state before the first turn, None if the first turn brings the configuration."""
        ...

    def turns(self, after: int) -> Iterator[Turn]:
        """The turns behind the one of sequence `after` (0: all), to the end as it is then."""
        ...

    def mark_before(self, time_ns: int) -> Mark | None:
        """The last state kept at or before a time."""
        ...

    def keep(self, sequence: int, time_ns: int, state: PictureState) -> None:
        """Offer a state to be kept."""
        ...

    def close(self) -> None:
        """Let go of what it holds."""
        ...


def take_turn(state: PictureState | None, turn: Turn, world: World) -> StepResult:
    """The one way a turn is taken, live or again: configuration first, then the step.

    Takes ownership of `state`. A log without any configuration before its frames asserts.
    """
    if turn.config is not None:
        unit, sensors = unit_of(turn.config), sensors_of(turn.config)
        editions, tuning = editions_of(turn.config), tuning_of(turn.config)
        state = (start(world, unit, sensors, editions, tuning) if state is None
                 else configure(state, unit, sensors, editions, tuning))
        state = with_law(state, turn.config)
    assert state is not None
    return step(state, turn.frames, turn.now_ns, turn.commands)


class JournalLog:
    """A journal, also while it is being written. One caller at a time."""

    def __init__(self, path: Path, world: World):
        """Raises `FileProblem`. world: that of the states it gives."""
        self.name = str(path)
        self._world = world
        self._reader = JournalReader(path)

    def extent(self) -> tuple[int, int]:
        """See `FrameLog`."""
        extent = self._reader.extent()
        return extent.start_ns, extent.end_ns

    def first(self) -> PictureState | None:
        """None: a journal begins with a configuration."""
        return None

    def turns(self, after: int) -> Iterator[Turn]:
        """See `FrameLog`; sequence is that of the journal's tick entry."""
        frames: list[Frame] = []
        commands: list[Command] = []
        config: UnitConfig | None = None
        started = after > 0
        for entry in self._reader.entries(after + 1):
            if entry.kind == EntryKind.FRAME:
                frames.append(Frame(entry.source, entry.time_ns, entry.payload))
            elif entry.kind == EntryKind.CONFIG:
                config = UnitConfig.model_validate_json(entry.payload)
            elif entry.kind == EntryKind.COMMAND:
                commands.append(Command.from_bytes(entry.payload, entry.source))
            elif entry.kind == EntryKind.TICK:
                if not started and config is None:
                    raise FileProblem(self.name, "a tick before any configuration",
                                      place=f"entry {entry.sequence}",
                                      expected="a configuration entry first")
                started = True
                yield Turn(entry.sequence, entry.time_ns, frames, config, commands)
                frames, config, commands = [], None, []

    def mark_before(self, time_ns: int) -> Mark | None:
        """See `FrameLog`; a checkpoint that does not fit this program counts as none."""
        found = self._reader.checkpoint_before(time_ns)
        if found is None:
            return None
        try:
            state = unpack(PictureState, found.state, self._world)
        except SchemaMismatch:
            return None
        return Mark(found.sequence, found.time_ns, state)

    def keep(self, sequence: int, time_ns: int, state: PictureState) -> None:
        """Nothing: the node that writes the journal keeps its checkpoints."""

    def close(self) -> None:
        """Close the file."""
        self._reader.close()


@dataclass(frozen=True)
class _Kept:
    sequence: int
    time_ns: int
    state: bytes


class RecordingLog:
    """Frames of a recording, cut into turns of half a second; shared by all who watch it."""

    def __init__(self, name: str, frames: Sequence[Frame], first: PictureState):
        """frames: in order of reception, at least one; first: a state that has heard nothing."""
        self.name = name
        self._frames = frames
        self._first = pack(first)
        self._received = [frame.received_ns for frame in frames]
        self._begin = self._received[0] // RECORDING_TICK_NS
        self._kept: list[_Kept] = []
        self._every_ns = CHECKPOINT_NS
        self._lock = Lock()

    def extent(self) -> tuple[int, int]:
        """See `FrameLog`."""
        return self._time_of(1), self._time_of(self._sequence_of(self._received[-1]))

    def _time_of(self, sequence: int) -> int:
        return (self._begin + sequence) * RECORDING_TICK_NS

    def _sequence_of(self, time_ns: int) -> int:
        """The turn that works a frame of this time off: the first tick after it."""
        return time_ns // RECORDING_TICK_NS - self._begin + 1

    def first(self) -> PictureState | None:
        """A copy of the state that has heard nothing."""
        return unpack(PictureState, self._first)

    def turns(self, after: int) -> Iterator[Turn]:
        """See `FrameLog`; turns in which nothing can happen any more are left out."""
        last = self._sequence_of(self._received[-1])
        sequence = after + 1
        at = bisect.bisect_left(self._received, self._time_of(sequence - 1)) if after else 0
        while sequence <= last:
            end = bisect.bisect_left(self._received, self._time_of(sequence), at)
            yield Turn(sequence, self._time_of(sequence), self._frames[at:end])
            at = end
            sequence += 1
            if (at < len(self._frames) and self._received[at] - self._time_of(sequence) > QUIET_NS
                    and self._time_of(sequence) - self._received[at - 1] > QUIET_NS):
                sequence = self._sequence_of(self._received[at])

    def mark_before(self, time_ns: int) -> Mark | None:
        """See `FrameLog`."""
        with self._lock:
            place = bisect.bisect_right(self._kept, time_ns, key=lambda kept: kept.time_ns)
            if place == 0:
                return None
            kept = self._kept[place - 1]
        return Mark(kept.sequence, kept.time_ns, unpack(PictureState, kept.state))

    def keep(self, sequence: int, time_ns: int, state: PictureState) -> None:
        """Keep a state if none is near; when there are too many, every second one goes."""
        with self._lock:
            place = bisect.bisect_right(self._kept, time_ns, key=lambda kept: kept.time_ns)
            if place and time_ns - self._kept[place - 1].time_ns < self._every_ns:
                return
            if place < len(self._kept) and self._kept[place].time_ns - time_ns < self._every_ns:
                return
            self._kept.insert(place, _Kept(sequence, time_ns, pack(state)))
            if len(self._kept) > CHECKPOINTS_MAX:
                self._kept = self._kept[::2]
                self._every_ns *= 2

    def close(self) -> None:
        """Nothing to let go of."""


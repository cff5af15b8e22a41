"""A player: its own engine on a log, for one console. Its calls may take long: not for the loop.

Seeking restores the last state kept before the wanted time and plays on to it; since a log
replayed gives the same picture, so does a seek.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Lock
from typing import TypeVar

from jointsky.app.framelog import FrameLog, Turn, take_turn
from jointsky.app.history import History
from jointsky.app.picture import Picture, picture_of
from jointsky.app.views import NO_VIEWS, Views, taken
from jointsky.engine.asking import Lines, released_at
from jointsky.engine.state import PictureState
from jointsky.engine.step import StepResult, picture_at
from jointsky.model.clock import NS_PER_S
from jointsky.model.world import World

T = TypeVar("T")
KEEP_NS = 30 * NS_PER_S
# So many batches make what partners have.
BATCHES = 2
# Turns of one call, so that one who has changed his mind need not wait for the end of a long way.
TURNS_MAX = 1_000


class Player:
    """Plays a log. Calls from several threads wait for each other."""

    def __init__(self, log: FrameLog, world: World, history: History):
        self._lock = Lock()
        self._log, self._world, self._history = log, world, history
        self._state = log.first()
        self._sequence = 0
        self._turns: Iterator[Turn] = iter(())
        self._ahead: Turn | None = None
        self._shares = False
        self._lines: Lines = {}
        self._views: Views = NO_VIEWS
        self.picture: Picture | None = None

    @property
    def state(self) -> PictureState | None:
        """The state of its engine, to be read only; None before the first turn of a journal."""
        return self._state

    @property
    def now_ns(self) -> int:
        """Time of the picture, 0 before there is one."""
        return self.picture.now_ns if self.picture else 0

    def extent(self) -> tuple[int, int]:
        """Times of the first and the last turn of the log."""
        with self._lock:
            return self._log.extent()

    def seek(self, time_ns: int, shares: bool = False) -> bool:
        """Go to the last turn at or before a time (the first turn, if it is before that).
        False if the way is not done yet: `advance` to the same time goes on. shares: from then on
        find out what partners have as well; where that has not been done so far, the way there
        begins early enough."""
        with self._lock:
            start_ns, end_ns = self._log.extent()
            time_ns = min(max(time_ns, start_ns), end_ns)
            self._set_out(time_ns, anew=shares and not self._shares)
            self._shares = shares
            return self._go_on(time_ns)

    def ask(self, question: Callable[[PictureState], T]) -> T | None:
        """Put a question to the state, which it must leave as it is; None before there is one."""
        with self._lock:
            return None if self._state is None else question(self._state)

    def _set_out(self, time_ns: int, *, anew: bool) -> None:
        """Stand where the way to a time is shortest: here, or at a state that was kept. anew: not
        here, and so early that partners have got something on the way."""
        mark = self._log.mark_before(time_ns)
        if mark is not None and anew and time_ns - mark.time_ns < BATCHES * mark.state.share_ns:
            mark = self._log.mark_before(time_ns - BATCHES * mark.state.share_ns)
        near = self.picture is not None and self.now_ns <= time_ns and (
            mark is None or mark.time_ns <= self.now_ns)
        if anew or not near:
            self._turns, self._ahead = iter(()), None
            self._views, self._lines = NO_VIEWS, mark.state.lines if mark else {}
            if mark is None:
                self._state, self._sequence, self.picture = self._log.first(), 0, None
            else:
                self._state, self._sequence = mark.state, mark.sequence
                self.picture = picture_of(mark.state, picture_at(mark.state))

    def advance(self, time_ns: int) -> bool:
        """Take the turns up to a time, at most TURNS_MAX; whether that was all of them."""
        with self._lock:
            return self._go_on(time_ns)

    def _go_on(self, time_ns: int) -> bool:
        result: StepResult | None = None
        try:
            for _ in range(TURNS_MAX):
                turn = self._peek()
                if turn is None or turn.now_ns > time_ns:
                    return True
                self._ahead = None
                result = take_turn(self._state, turn, self._world)
                self._state, self._sequence = result.state, turn.sequence
                if self._shares and result.state.shared_ns == turn.now_ns:
                    released, self._lines = released_at(result.state, self._lines)
                    self._views = taken(self._views, released)
                if self._history.wants(turn.now_ns):
                    self._history.note(result.picture, turn.now_ns)
                if turn.now_ns // KEEP_NS != (turn.now_ns - NS_PER_S // 2) // KEEP_NS:
                    self._log.keep(turn.sequence, turn.now_ns, result.state)
            return False
        finally:
            if result is not None:
                self.picture = picture_of(result.state, result.picture, self._views)

    def _peek(self) -> Turn | None:
        """The next turn, not yet taken; None at the end of the log as it is now."""
        if self._ahead is None:
            self._ahead = next(self._turns, None)
        if self._ahead is None:
            self._turns = self._log.turns(self._sequence)
            self._ahead = next(self._turns, None)
        return self._ahead

    def close(self) -> None:
        """Let go of the log, once nobody uses it."""
        with self._lock:
            self._log.close()

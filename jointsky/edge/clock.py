"""The clocks that tell time to the node: the machine's, one at any speed, one that never waits; and
the watch over the first.

The clocks follow `jointsky.model.clock.Clock`.
"""

from __future__ import annotations

import asyncio
import time

from jointsky.model.clock import NS_PER_S

NAP_S_MAX = 1.0
# A time service slews a clock by at most 500 millionths; twice that is followed.
SLEW_SHARE = 1000
STEP_S_MAX = 1.0


class WallClock:
    """UTC of the machine."""

    def now_ns(self) -> int:
        """UTC now, ns."""
        return time.time_ns()

    async def sleep_until(self, time_ns: int) -> None:
        """Return once `now_ns()` is at least `time_ns`; naps are short, for clocks are set."""
        while (left := time_ns - self.now_ns()) > 0:
            await asyncio.sleep(min(left / NS_PER_S, NAP_S_MAX))


class ClockWatch:
    """Tells whether the machine's UTC may be trusted: it must run as the machine's steady clock
    does, but for the slow corrections of a time service."""

    def __init__(self, last_ns: int = 0):
        """last_ns: UTC that has been before, as a journal knows it; 0 for none."""
        self._last_ns = last_ns
        self._steady_ns: int | None = None
        self._offset_ns = 0

    def why_not(self, now_ns: int, steady_ns: int) -> str:
        """Why the time is not to be trusted, "" if it is. now_ns: UTC; steady_ns: of a clock that
        nobody sets, such as `time.monotonic_ns()`."""
        offset_ns = now_ns - steady_ns
        if self._steady_ns is None:
            self._offset_ns = max(offset_ns, self._last_ns - steady_ns)
        else:
            slew_ns = (steady_ns - self._steady_ns) // SLEW_SHARE
            apart_ns = offset_ns - self._offset_ns
            self._offset_ns += min(max(apart_ns, -slew_ns), slew_ns)
        self._steady_ns = steady_ns
        apart_s = (offset_ns - self._offset_ns) / NS_PER_S
        if abs(apart_s) <= STEP_S_MAX:
            return ""
        return f"it was set {'forward' if apart_s > 0 else 'back'} by {abs(apart_s):.1f} s"


class PacedClock:
    """A clock that runs at a given speed from a given time; can be paused and set. For replay."""

    def __init__(self, start_ns: int, speed: float = 1.0):
        self._base_ns = start_ns
        self._since_ns = time.monotonic_ns()
        self._speed = speed
        self._running = True
        self._changed = asyncio.Event()

    @property
    def speed(self) -> float:
        """Seconds of this clock per second."""
        return self._speed

    @property
    def running(self) -> bool:
        """Whether it is not paused."""
        return self._running

    def now_ns(self) -> int:
        """The time it shows, UTC ns."""
        if not self._running:
            return self._base_ns
        return self._base_ns + int((time.monotonic_ns() - self._since_ns) * self._speed)

    def pause(self) -> None:
        """Stand still."""
        self._rebase(self.now_ns())
        self._running = False

    def play(self) -> None:
        """Go on from where it stands."""
        self._rebase(self.now_ns())
        self._running = True

    def set_speed(self, speed: float) -> None:
        """Run at another speed (> 0) from now on."""
        if not speed > 0:
            raise ValueError(f"the speed of a clock is above 0, not {speed}")
        self._rebase(self.now_ns())
        self._speed = speed

    def set_time(self, time_ns: int) -> None:
        """Show another time; it keeps running, or standing."""
        self._rebase(time_ns)

    def _rebase(self, time_ns: int) -> None:
        self._base_ns, self._since_ns = time_ns, time.monotonic_ns()
        self._changed.set()
        self._changed = asyncio.Event()

    async def sleep_until(self, time_ns: int) -> None:
        """Return once `now_ns()` is at least `time_ns`, through pauses and changes of speed."""
        while (left := time_ns - self.now_ns()) > 0:
            nap_s = left / NS_PER_S / self._speed if self._running else None
            try:
                await asyncio.wait_for(self._changed.wait(), nap_s)
            except TimeoutError:
                continue


class SimulatedClock:
    """A clock that jumps to whatever time is waited for: as fast as the work goes."""

    def __init__(self, start_ns: int):
        self._now_ns = start_ns

    def now_ns(self) -> int:
        """The time it shows, UTC ns."""
        return self._now_ns

    async def sleep_until(self, time_ns: int) -> None:
        """Show `time_ns` (it never goes back), and let others run."""
        self._now_ns = max(self._now_ns, time_ns)
        await asyncio.sleep(0)

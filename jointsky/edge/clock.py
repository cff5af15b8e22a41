"""The clocks that tell time to the node: the machine's, one at any speed, one that never waits.

All follow `jointsky.model.clock.Clock`.
"""

from __future__ import annotations

import asyncio
import time

from jointsky.model.clock import NS_PER_S

NAP_S_MAX = 1.0


class WallClock:
    """UTC of the machine."""

    def now_ns(self) -> int:
        """UTC now, ns."""
        return time.time_ns()

    async def sleep_until(self, time_ns: int) -> None:
        """Return once `now_ns()` is at least `time_ns`; naps are short, for clocks are set."""
        while (left := time_ns - self.now_ns()) > 0:
            await asyncio.sleep(min(left / NS_PER_S, NAP_S_MAX))


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

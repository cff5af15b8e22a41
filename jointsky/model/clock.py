"""The clock protocol. Only `edge` and `app` hold one; below them time is the argument `now_ns`."""

from __future__ import annotations

from typing import Final, Protocol

NS_PER_S: Final = 1_000_000_000
NS_PER_DAY: Final = 86_400 * NS_PER_S


class Clock(Protocol):
    """Tells UTC time in nanoseconds since 1970-01-01 and waits."""

    def now_ns(self) -> int:
        """UTC now, int64 nanoseconds since 1970-01-01T00:00:00."""
        ...

    async def sleep_until(self, time_ns: int) -> None:
        """Return once `now_ns()` is at least `time_ns`."""
        ...

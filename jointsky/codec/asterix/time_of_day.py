"""Time of day to UTC and back. ASTERIX gives seconds since the last UTC midnight, no date."""

from __future__ import annotations

import numpy as np

from jointsky.model.batch import I64
from jointsky.model.clock import NS_PER_DAY


def utc_of(time_of_day_ns: I64, near_ns: I64, wrap_ns: int = NS_PER_DAY) -> I64:
    """UTC ns of times of day (n,): of the days that fit, the one nearest to `near_ns` (n,).

    wrap_ns: after how long the time starts again; 512 s for the truncated time of I001/141.
    """
    late = near_ns - time_of_day_ns + wrap_ns // 2
    return time_of_day_ns + late // wrap_ns * wrap_ns


def unwrapped(time_of_day_ns: I64, wrap_ns: int = NS_PER_DAY) -> I64:
    """Times of day (n,) in the order of a recording as ns since midnight of its first day.

    Each is put on the day that is nearest to the one before, so a recording may cross any number
    of midnights as long as it has no gap of half a day. wrap_ns: as in `utc_of`.
    """
    if not len(time_of_day_ns):
        return time_of_day_ns
    step = np.diff(time_of_day_ns)
    days = -((step + wrap_ns // 2) // wrap_ns)
    since: I64 = time_of_day_ns + np.concatenate([[0], np.cumsum(days)]) * wrap_ns
    return since


def time_of_day_of(time_ns: I64, unit_per_s: int = 128) -> I64:
    """UTC ns as time of day in units of 1/128 s (or another), rounded: int64 (n,)."""
    units = time_ns % NS_PER_DAY * unit_per_s
    day = 86_400 * unit_per_s
    return (units + 500_000_000) // 1_000_000_000 % day

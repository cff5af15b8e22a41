"""Track numbers as a person reads them: `1-50,53`."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

_RANGE = r"[0-9]{1,18}(?:-[0-9]{1,18})?"
RANGES = re.compile(f"{_RANGE}(?:,{_RANGE})*")


def ranges_of(numbers: npt.NDArray[np.integer] | Iterable[int]) -> str:
    """Numbers (0 and above, any order, each counted once) as ascending ranges, "" for none."""
    given = numbers if isinstance(numbers, np.ndarray) else np.fromiter(numbers, np.int64)
    held = np.unique(given.astype(np.int64))
    if not len(held):
        return ""
    if held[0] < 0:
        raise ValueError(f"a track number is {held[0]}")
    breaks = np.flatnonzero(np.diff(held) != 1)
    first = held[np.append(0, breaks + 1)].tolist()
    last = held[np.append(breaks, len(held) - 1)].tolist()
    return ",".join(str(low) if low == high else f"{low}-{high}"
                    for low, high in zip(first, last, strict=True))


def pairs_of(text: str) -> tuple[tuple[int, int], ...]:
    """First and last number of each range, ascending. Raises `ValueError` for any other text than
    `ranges_of` makes."""
    if not text:
        return ()
    if not RANGES.fullmatch(text):
        raise ValueError("expected ranges such as 1-50,53")
    pairs = []
    above = -2
    for part in text.split(","):
        low, _, high = part.partition("-")
        first, last = int(low), int(high or low)
        plain = str(first) if first == last else f"{first}-{last}"
        if part != plain or first > last or first <= above + 1:
            raise ValueError(f"expected ascending ranges that do not touch, such as 1-50,53; "
                             f"found {part}")
        pairs.append((first, last))
        above = last
    return tuple(pairs)


def holds(text: str, number: int) -> bool:
    """Whether a number is in the ranges. Raises `ValueError` as `pairs_of`."""
    return any(low <= number <= high for low, high in pairs_of(text))

"""System track numbers: each is given once, until they have all been given."""

from __future__ import annotations

from jointsky.kernels.jit import kernel
from jointsky.model.batch import I64
from jointsky.track.arrays import NEXT_NUMBER, Tracks

NUMBERS = 65_535  # I062/040 has 16 bits, and 0 means none


@kernel
def next_number(tracks: Tracks, counters: I64) -> int:
    """The next system track number that no remembered track has."""
    for _ in range(NUMBERS):
        number = int(counters[NEXT_NUMBER]) % NUMBERS + 1
        counters[NEXT_NUMBER] += 1
        if counters[NEXT_NUMBER] <= NUMBERS:
            return number
        taken = False
        for i in range(tracks.shape[0]):
            if tracks[i].number == number:
                taken = True
        if not taken:
            return number
    return 0

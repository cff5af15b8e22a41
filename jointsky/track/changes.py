"""Which tracks have something new to tell, since they were told last. For plot-driven outputs."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from jointsky.kernels.jit import kernel
from jointsky.model.batch import I64
from jointsky.track.arrays import CONFIRMED, DROPPED, Tracks
from jointsky.track.state import TrackerState

# What was told of the track in a slot, and when: serial, state, number of plots, time and place of
# its state then.
MARK = np.dtype([("serial", "i8"), ("told_ns", "i8"), ("time_ns", "i8"), ("east", "f8"),
                 ("hits", "i4"), ("state", "u1"), ("spare", "u1", (3,))])
Marks: TypeAlias = npt.NDArray[np.void]


def make_marks(slots: int) -> Marks:
    """Nothing told yet of so many slots."""
    return np.zeros(slots, MARK)


def changed_since(state: TrackerState, marks: Marks, now_ns: int,
                  again_ns: int) -> tuple[I64, Marks]:
    """Slots of tracks to tell now, and the marks that this makes. Takes ownership of `marks`.

    To be told are confirmed tracks that are new, have a new plot or were tracked again with late
    ones, those last told at or before again_ns, and those that were told and are dropped now.
    """
    if len(marks) < len(state.tracks):
        wider = make_marks(len(state.tracks))
        wider[:len(marks)] = marks
        marks = wider
    rows = np.empty(len(state.tracks), np.int64)
    return rows[:find_changed(state.tracks, marks, now_ns, again_ns, rows)], marks


@kernel
def find_changed(tracks: Tracks, marks: Marks, now_ns: int, again_ns: int, rows: I64) -> int:
    """Fill `rows` with the slots to tell, as in `changed_since`, and mark them; how many."""
    found = 0
    for i in range(tracks.shape[0]):
        t, mark = tracks[i], marks[i]
        same = mark.state == CONFIRMED and mark.serial == t.serial
        if t.state == CONFIRMED:
            if (same and mark.hits == t.hits and mark.time_ns == t.time_ns
                    and mark.east == t.mean[0] and mark.told_ns > again_ns):
                continue
        elif not (t.state == DROPPED and same):
            continue
        mark.serial, mark.state, mark.hits = t.serial, t.state, t.hits
        mark.time_ns, mark.east, mark.told_ns = t.time_ns, t.mean[0], now_ns
        rows[found] = i
        found += 1
    return found

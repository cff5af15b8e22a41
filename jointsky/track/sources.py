"""Which sensors are in a track: every one of which a plot has ever moved it or told it something.

That is stricter than who saw it lately: what a filter has once been told never leaves its state
altogether. A plot that several tracks share (`joint`) is in each of them; a track that goes on as
another (`ghosts`) has the sensors of both.

What the tracker learns over all aircraft (biases of sensors, clutter, how restless the traffic is)
is no contribution to a track: it tells nothing of where any one aircraft is.
"""

from __future__ import annotations

import numpy as np

from jointsky.kernels.jit import inlined
from jointsky.model.batch import I32, U64
from jointsky.track.arrays import CONFIRMED, DROPPED
from jointsky.track.state import TrackerState

BITS = 64
# Of a track of which it is not known who is in it, everybody may be.
ANYBODY = np.uint64(2**BITS - 1)


@inlined
def with_source(sources: np.uint64, sensor: int) -> np.uint64:
    """Bits of sensors with that of one more; with all of them if it has none."""
    if sensor >= BITS:
        return ANYBODY
    return sources | np.uint64(1) << np.uint64(sensor)


def sources_of(state: TrackerState, numbers: I32) -> U64:
    """Bits of the sensors that are in the tracks of these system track numbers: (n,). Bit i for
    sensor i of `state.sensors`; all bits of a number that is not known."""
    live = state.tracks[np.isin(state.tracks["state"], (CONFIRMED, DROPPED))]
    tracks = np.concatenate([live, state.gone])
    known, which = np.unique(tracks["number"], return_inverse=True)
    found = np.zeros(len(known) + 1, np.uint64)
    found[-1] = ANYBODY
    np.bitwise_or.at(found, which, tracks["sources"])
    place = np.searchsorted(known, numbers)
    there = np.append(known, -1)[place] == numbers
    return found[np.where(there, place, -1)]

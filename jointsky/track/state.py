"""The state of a tracker: arrays and numbers, nothing else, so that it can be copied and kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jointsky.model.batch import I32, I64
from jointsky.model.sensor import Sensor
from jointsky.model.world import World
from jointsky.track.arrays import (
    BAD_VALUE,
    CROWDED,
    FUTURE,
    IGNORED,
    LATE,
    MERGED,
    OVERFLOW,
    STARTED,
    UNKNOWN_SENSOR,
    Plots,
    Sensors,
    Tracks,
)
from jointsky.track.tuning import Tuning

COUNTED = {"unknown_sensor": UNKNOWN_SENSOR, "bad_value": BAD_VALUE, "late": LATE,
           "future": FUTURE, "not_aircraft": IGNORED, "crowded": CROWDED, "started": STARTED,
           "merged": MERGED,
           "overflow": OVERFLOW}


@dataclass
class TrackerState:
    """All that the tracker knows.

    table: the sensors as records, row_of: sensor id -> row of it; tracks, looks, free, pending,
    counters: see `jointsky.track.arrays`; settled: plots that the last advance used for good, each
    with the serial of its track; head, following: the gating grid; now_ns: how far it
    was advanced, before_ns: and before that.
    """

    world: World
    unit_id: int
    sensors: tuple[Sensor, ...]
    tuning: Tuning
    settings: npt.NDArray[np.void]
    table: Sensors
    row_of: I32
    tracks: Tracks
    looks: I64
    head: I32
    following: I32
    free: I32
    pending: Plots
    settled: Plots
    counters: I64
    now_ns: int
    before_ns: int

    @property
    def counts(self) -> dict[str, int]:
        """What happened to plots and tracks since the start, by name."""
        return {name: int(self.counters[place]) for name, place in COUNTED.items()}

"""The state of a tracker: arrays and numbers, nothing else, so that it can be copied and kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jointsky.model.batch import I32, I64
from jointsky.model.sensor import Sensor
from jointsky.model.world import World
from jointsky.track.arrays import (
    CROWDED,
    LATE,
    MERGED,
    OVERFLOW,
    QUIET,
    STARTED,
    UNKNOWN_SENSOR,
    Plots,
    Sensors,
    Tracks,
)
from jointsky.track.screen import REASONS, Screen
from jointsky.track.tuning import Tuning

COUNTED = {"unknown_sensor": UNKNOWN_SENSOR, "late": LATE, "crowded": CROWDED,
           "started": STARTED, "merged": MERGED, "overflow": OVERFLOW, "quiet": QUIET}


@dataclass
class TrackerState:
    """All that the tracker knows.

    table: the sensors as records, row_of: sensor id -> row of it; tracks, looks, free, pending,
    counters: see `jointsky.track.arrays`; settled: plots that the last advance used for good, each
    with the serial of its track; screen: which reports are
    refused, by sensor; head, following: the gating grid; now_ns: how far it
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
    screen: Screen
    counters: I64
    now_ns: int
    before_ns: int

    @property
    def counts(self) -> dict[str, int]:
        """What happened to reports and tracks since the start, by name: refusals of all sensors
        (`Reason`), and what the loop counts; quiet: plots of a flooding sensor that nobody
        claimed."""
        tally = self.screen.tally.sum(0)
        found = {reason.value: int(tally[place]) for place, reason in enumerate(REASONS, 1)}
        for name, place in COUNTED.items():
            found[name] = found.get(name, 0) + int(self.counters[place])
        return found

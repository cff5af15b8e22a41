"""The state of a tracker: arrays and numbers, nothing else, so that it can be copied and kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from jointsky.model.batch import F64, I32, I64, Array
from jointsky.model.sensor import Sensor
from jointsky.model.world import World
from jointsky.track.arrays import (
    CROWDED,
    LARGE,
    MERGED,
    OVERFLOW,
    QUIET,
    STARTED,
    UNKNOWN_SENSOR,
    Plots,
    Sensors,
    Tracks,
)
from jointsky.track.grid import Grid
from jointsky.track.learned import Learned
from jointsky.track.registration import Registration
from jointsky.track.screen import REASONS, Screen
from jointsky.track.tuning import Tuning

# What tracking changes: kept at moments, gone back to, copied. Arrays, each by its name.
MEMORY = ("table", "tracks", "looks", "free", "counters", *Learned._fields, *Grid._fields)

COUNTED = {"unknown_sensor": UNKNOWN_SENSOR, "crowded": CROWDED, "started": STARTED,
           "merged": MERGED, "overflow": OVERFLOW, "quiet": QUIET, "large": LARGE}


@dataclass(frozen=True)
class Moment:
    """What was known at time_ns, after every plot and sweep not later; plots: those used since, as
    far as the next moment, in order. Its arrays are never changed."""

    time_ns: int
    plots: Plots
    memory: dict[str, Array]


@dataclass
class TrackerState:
    """All that the tracker knows.

    table: the sensors as records, row_of: sensor id -> row of it; screen: which reports are
    refused, by sensor; tracks, looks, free, counters: see `jointsky.track.arrays`;
    false_count, density_log, scans, due_ns, seen, switching: see `jointsky.track.learned`; head,
    following, begin, filed, place, spot: see `jointsky.track.grid`; pending: plots whose bucket has
    not ended; held: late ones, the first since held_ns; moments: see `jointsky.track.history`;
    settled: plots that were used for good when the tracker was last advanced, each with the serial
    of its track; gone: tracks that were found then never to have been; registration: biases of
    sensors, learned; now_ns: how far it was advanced, before_ns: and before that.
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
    false_count: F64
    density_log: F64
    scans: F64
    due_ns: I64
    seen: F64
    switching: F64
    head: I32
    following: I32
    begin: I32
    filed: I32
    place: I32
    spot: F64
    free: I32
    screen: Screen
    counters: I64
    pending: Plots
    held: Plots
    held_ns: int
    moments: tuple[Moment, ...]
    settled: Plots
    gone: Tracks
    registration: Registration
    now_ns: int
    before_ns: int

    def memory(self) -> dict[str, Array]:
        """The arrays that tracking changes, by name."""
        return {name: getattr(self, name) for name in MEMORY}

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


def with_memory(state: TrackerState, memory: Mapping[str, Array]) -> TrackerState:
    """The same state with other arrays in place of those of the same name."""
    changed = replace(state)
    for name, cells in memory.items():
        setattr(changed, name, cells)
    return changed

"""Do tracks follow one aircraft each? Measured on a recording whose addresses are taken away.

The tracker gets the plots without Mode 3/A, aircraft address and callsign (Mode C stays); the
addresses are kept aside as the truth. No position of truth is needed, so this works on what real
radars recorded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from jointsky.model.batch import I64, Bool
from jointsky.model.clock import NS_PER_S
from jointsky.model.schema import PlotBatch
from jointsky.model.sensor import Sensor
from jointsky.track import tracker
from jointsky.track.arrays import CONFIRMED
from jointsky.track.tuning import Tuning

IDENTITIES = ("mode_3a", "icao_address", "callsign")
STEP_S = 4.0
NONE = -1


@dataclass(frozen=True)
class Purity:
    """Shares from 0 to 1, over plots that have an address.

    plots, addresses, tracks: how many there are (tracks that hold such a plot). purity: share of
    the plots in tracks that are of their track's main address (the one most of its plots have).
    completeness: share of an address's plots in tracks of which it is the main address, mean
    over addresses; longest: share in the one that holds most, likewise.
    """

    plots: int
    addresses: int
    tracks: int
    purity: float
    completeness: float
    longest: float


def measure_purity(address: I64, serial: I64) -> Purity:
    """Measure plots (n,): the address each has in truth and the serial of the track that took it
    (NONE: no track, or one that was never confirmed)."""
    addresses, of_address = np.unique(address, return_inverse=True)
    held = serial != NONE
    serials, of_track = np.unique(serial[held], return_inverse=True)
    table = np.zeros((len(serials), len(addresses)), np.int64)
    np.add.at(table, (of_track, of_address[held]), 1)
    own = np.zeros_like(table)
    if len(serials):
        main = (np.arange(len(serials)), table.argmax(1))
        own[main] = table[main]
    count = np.bincount(of_address, minlength=len(addresses))

    def mean(values: I64) -> float:
        return float((values / count).mean()) if len(count) else float("nan")

    return Purity(
        plots=len(address), addresses=len(addresses), tracks=len(serials),
        purity=float(own.sum() / table.sum()) if held.any() else float("nan"),
        completeness=mean(own.sum(0)), longest=mean(own.max(0, initial=0)))


def without_identities(plots: PlotBatch) -> PlotBatch:
    """The same plots with no Mode 3/A, address or callsign."""
    bare = plots.take(np.arange(len(plots)))
    for name in IDENTITIES:
        bare.present[:] &= ~PlotBatch.bit(name)
    return bare


def track_purity(plots: PlotBatch, sensors: tuple[Sensor, ...],
                 tuning: Tuning | None = None, counted: Bool | None = None, *,
                 bare: bool = True) -> Purity:
    """Track plots, in order of time, without their identities, and measure against these.

    counted (n,): which plots are measured, all of them if it is not given; bare: False leaves the
    tracker the identities, for comparison.
    """
    heard = without_identities(plots) if bare else plots
    # In order of time nothing is late, and every plot is settled at once.
    tuning = replace(tuning or Tuning(), late_s_max=0.0)
    state = tracker.start(plots.world, 0, sensors, tuning)
    serial = np.full(len(plots), NONE, np.int64)
    place = {key: row for row, key in enumerate(_keys(
        plots.sensor_id, plots.time_ns, plots.range_m, plots.azimuth_rad))}
    confirmed = set[int]()
    end_ns = int(plots.time_ns[-1]) + 2 * NS_PER_S if len(plots) else 0
    step_ns, begin = round(STEP_S * NS_PER_S), 0
    grid = np.arange(int(plots.time_ns[0]) if len(plots) else 0, end_ns + step_ns, step_ns)
    for now_ns in grid.tolist():
        end = int(np.searchsorted(plots.time_ns, now_ns, side="right"))
        state = tracker.advance(state, heard.take(slice(begin, end)), now_ns)
        begin = end
        used = state.settled
        for key, taken in zip(_keys(state.table["sensor_id"][used["sensor"]], used["time_ns"],
                                    used["raw"][:, 0], used["raw"][:, 1]),
                              used["serial"].tolist(), strict=True):
            serial[place[key]] = taken
        confirmed |= set(state.tracks["serial"][state.tracks["state"] == CONFIRMED].tolist())
    serial[~np.isin(serial, sorted(confirmed))] = NONE
    known = plots.has("icao_address")
    if counted is not None:
        known &= counted
    return measure_purity(plots.icao_address[known].astype(np.int64), serial[known])


def _keys(*columns: np.ndarray) -> list[tuple[float, ...]]:
    return list(zip(*(column.tolist() for column in columns), strict=True))

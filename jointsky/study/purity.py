"""Do tracks follow one aircraft each? Measured on a recording whose addresses are taken away.

The tracker gets the plots without Mode 3/A, aircraft address and callsign (Mode C stays); the
addresses are kept aside as the truth. No position of truth is needed, so this works on what real
radars recorded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from jointsky.model.batch import F64, I64, Bool
from jointsky.model.clock import NS_PER_S
from jointsky.model.schema import PlotBatch, PlotFlag
from jointsky.model.sensor import Sensor
from jointsky.track import tracker
from jointsky.track.arrays import CONFIRMED
from jointsky.track.tuning import Tuning

IDENTITIES = ("mode_3a", "icao_address", "callsign")
STEP_S = 4.0
NONE = -1
# An aircraft that reports itself on the ground is not so far from where it was a turn ago.
MISPLACED_M, MISPLACED_MS = 100.0, 90.0
# Later than so many turns after the last plot, a track was silent.
SILENT_TURNS = 1.5


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


class Cause(Enum):
    """Where a track went from one aircraft to another."""

    MISPLACED = "a plot on the ground where its aircraft cannot be: a reflection"
    GROUND = "on the ground"
    BETWEEN = "between the ground and flight"
    FLIGHT = "in flight"
    UNHELD = "in no confirmed track"


@dataclass(frozen=True)
class Loss:
    """Plots that are not in a track of their own aircraft, by what brought them there.

    silent: the track had missed a turn or more; changes: how often it happened; plots: how many
    it cost; addresses: of how many aircraft.
    """

    cause: Cause
    silent: bool
    changes: int
    plots: int
    addresses: int


def losses_of(plots: PlotBatch, serial: I64, period_s: float) -> list[Loss]:
    """Why plots (all with an address, in order of time) are not in a track of their own aircraft.

    serial (n,): as `follow` gives it; period_s: of a turn. A run of plots of others in a track
    is put down to the change that it began with, or, where a track began with it, ended with.
    """
    address = plots.icao_address.astype(np.int64)
    count: dict[tuple[Cause, bool], list[int]] = {}
    lost: dict[tuple[Cause, bool], list[int]] = {}
    before = _before(address)
    for one in np.unique(serial):
        rows = np.flatnonzero(serial == one)
        if one == NONE:
            runs = [(rows, (Cause.UNHELD, False))]
        else:
            cuts = np.flatnonzero(np.diff(address[rows])) + 1
            values, counts = np.unique(address[rows], return_counts=True)
            main = values[counts.argmax()]
            runs = [(rows[begin:end], _cause(plots, before, rows, begin or end, period_s))
                    for begin, end in zip([0, *cuts], [*cuts, len(rows)], strict=True)
                    if address[rows[begin]] != main]
        for run, why in runs:
            count.setdefault(why, []).append(len(run))
            lost.setdefault(why, []).extend(address[run].tolist())
    return [Loss(cause, silent, len(count[cause, silent]), sum(count[cause, silent]),
                 len(set(lost[cause, silent])))
            for cause in Cause for silent in (False, True) if (cause, silent) in count]


def _cause(plots: PlotBatch, before: I64, rows: I64, at: int, period_s: float
           ) -> tuple[Cause, bool]:
    """What kind of change is between rows[at - 1] and rows[at]."""
    old, new = int(rows[at - 1]), int(rows[at])
    silent = _seconds(plots, old, new) > SILENT_TURNS * period_s
    ground = (plots.flags[[old, new]] & PlotFlag.ON_GROUND) > 0
    for row, was in ((new, before[new]), (old, before[old])):
        dt_s = _seconds(plots, int(was), row)
        if (was != NONE and dt_s < SILENT_TURNS * period_s and ground.all()
                and _apart_m(plots, int(was), row) > MISPLACED_M + MISPLACED_MS * dt_s):
            return Cause.MISPLACED, silent
    cause = Cause.GROUND if ground.all() else Cause.BETWEEN if ground.any() else Cause.FLIGHT
    return cause, silent


def _before(address: I64) -> I64:
    """The row of the last plot before each of the same address, NONE for the first."""
    order = np.argsort(address, kind="stable")
    before = np.full(len(address), NONE, np.int64)
    same = address[order[1:]] == address[order[:-1]]
    before[order[1:][same]] = order[:-1][same]
    return before


def _seconds(plots: PlotBatch, old: int, new: int) -> float:
    return float(plots.time_ns[new] - plots.time_ns[old]) / NS_PER_S


def _apart_m(plots: PlotBatch, old: int, new: int) -> float:
    """How far apart two plots of a radar lie, on its plane; 0 where there is no range."""
    if not plots.has("range_m")[[old, new]].all():
        return 0.0
    r: F64 = plots.range_m[[old, new]]
    a: F64 = plots.azimuth_rad[[old, new]]
    return math.hypot(float(np.diff(r * np.sin(a))[0]), float(np.diff(r * np.cos(a))[0]))


def without_identities(plots: PlotBatch) -> PlotBatch:
    """The same plots with no Mode 3/A, address or callsign."""
    bare = plots.take(np.arange(len(plots)))
    for name in IDENTITIES:
        bare.present[:] &= ~PlotBatch.bit(name)
    return bare


def track_purity(plots: PlotBatch, sensors: tuple[Sensor, ...],
                 tuning: Tuning | None = None, counted: Bool | None = None, *,
                 bare: bool = True) -> Purity:
    """`follow` plots and measure against their addresses. counted (n,): which plots are measured,
    all of them if it is not given."""
    serial = follow(plots, sensors, tuning, bare=bare)
    known = plots.has("icao_address")
    if counted is not None:
        known &= counted
    return measure_purity(plots.icao_address[known].astype(np.int64), serial[known])


def follow(plots: PlotBatch, sensors: tuple[Sensor, ...], tuning: Tuning | None = None, *,
           bare: bool = True) -> I64:
    """Track plots (n,), in order of time, without their identities; bare: False leaves these to
    the tracker, for comparison. Returns the serial of the track that took each, NONE if there is
    none or it was never confirmed.
    """
    heard = without_identities(plots) if bare else plots
    # In order of time nothing is late, and every plot is settled at once.
    tuning = replace(tuning or Tuning(), late_s_max=0.0)
    state = tracker.start(plots.world, 0, sensors, tuning)
    serial = np.full(len(plots), NONE, np.int64)
    polar = plots.has("range_m")
    place = {key: row for row, key in enumerate(_keys(
        plots.sensor_id, plots.time_ns, np.where(polar, plots.range_m, plots.latitude_rad),
        np.where(polar, plots.azimuth_rad, plots.longitude_rad)))}
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
    return serial


def _keys(*columns: np.ndarray) -> list[tuple[float, ...]]:
    return list(zip(*(column.tolist() for column in columns), strict=True))

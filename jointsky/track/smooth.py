"""Smoothing of recordings: each track once more, alone, with the plots that were still to come.

The tracker says which plots are whose (`TrackerState.settled`); `History` keeps them. Afterwards
each track is filtered again from its first plot to its last, as it was live, and then smoothed
backwards (`jointsky.kernels.smooth`): first its height, then, with heights so known, its motion.
Its rows lie between its first and its last plot; only a track that is still there at the end goes
on to the end. Rows do not depend on each other: another grid gives the same states where the times
are the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from jointsky.kernels.filter import BLOCK
from jointsky.kernels.geodesy import geodetic_of
from jointsky.kernels.jit import inlined, kernel
from jointsky.kernels.smooth import (
    SCRATCH,
    join,
    lay_models,
    predict_models,
    smooth_heights,
    smooth_step,
)
from jointsky.model.batch import F64, I64, U8
from jointsky.model.errors import UsageProblem
from jointsky.track.arrays import (
    CONFIRMED,
    COUNTERS,
    NONE,
    PLOT,
    Plots,
    Sensors,
    Settings,
    Track,
    Tracks,
    make_looks,
    make_tracks,
)
from jointsky.track.initiate import initiate
from jointsky.track.learned import rate_for
from jointsky.track.measure import CLIMB_S_MAX, follow, point_at, turn_state
from jointsky.track.state import TrackerState
from jointsky.track.update import HEARD_ONCE, hear_height, move

PLOTS_MAX = 20_000_000
# A height heard longer ago, or only later than that, is not said of a row.
HEIGHT_REACH_NS = 60_000_000_000
# A smoothed height this sure stands in for the Mode C of every plot.
SURE_HEIGHT = 25.0
(LATITUDE, LONGITUDE, HEIGHT, NORTH, EAST, SPREAD) = range(6)
CELLS = SPREAD + 10


@dataclass(frozen=True, eq=False)
class Smoothed:
    """Smoothed states, in order of time, then number: all (n,).

    time_ns: on the output grid; number: system track number; radians, metres, m/s; height_m NaN
    if unknown; covariance (n, 10): upper triangle, of east, north m, velocity east, north m/s.
    """

    time_ns: I64
    number: I64
    latitude_rad: F64
    longitude_rad: F64
    height_m: F64
    north_ms: F64
    east_ms: F64
    covariance: F64


@dataclass
class History:
    """The plots that a tracker used, as long as it runs. Feed it after every `advance`."""

    parts: list[Plots] = field(default_factory=list)
    held: int = 0
    last: TrackerState | None = None

    def add(self, state: TrackerState) -> None:
        """Keep what the last advance of this tracker settled. Raises `UsageProblem`."""
        used = state.settled[state.settled["serial"] != NONE]
        self.parts.append(used)
        self.held += len(used)
        self.last = state
        if self.held > PLOTS_MAX:
            raise UsageProblem("smoothing", f"more than {PLOTS_MAX:,} plots",
                               expected="a shorter recording")

    def smoothed(self, grid_ns: I64) -> Smoothed:
        """All tracks that were ever confirmed, at the times of the grid (ascending) within their
        lives. At least one state must have been added."""
        state = self.last
        assert state is not None, "a history of something"
        # Plots that could still be joined by late ones are as good as settled now.
        unsettled = [moment.plots[moment.plots["serial"] != NONE] for moment in state.moments]
        plots = np.concatenate([np.empty(0, PLOT), *self.parts, *unsettled])
        plots = plots[np.lexsort((plots["sensor"], plots["time_ns"], plots["serial"]))]
        _, begin = np.unique(plots["serial"], return_index=True)
        end = np.append(begin[1:], len(plots)).astype(np.int64)[:len(begin)]
        number = plots["number"][end - 1].astype(np.int64)
        begin, end, number = begin[number > 0], end[number > 0], number[number > 0]
        again = np.ones(len(number), bool)
        again[np.unique(number, return_index=True)[1]] = False
        # Numbers are given again once all are used up; here each track has its own.
        number[again] = number.max(initial=0) + 1 + np.arange(again.sum())
        alive = np.isin(plots["serial"][begin],
                        state.tracks["serial"][state.tracks["state"] == CONFIRMED])
        last_ns = np.where(alive, state.now_ns, plots["time_ns"][end - 1])
        low = np.searchsorted(grid_ns, plots["time_ns"][begin], side="left")
        high = np.searchsorted(grid_ns, last_ns, side="right")
        first_row = np.concatenate([[0], np.cumsum(high - low)])
        which = np.repeat(np.arange(len(begin)), high - low)
        row_ns = grid_ns[np.arange(len(which)) - first_row[which] + low[which]]
        cells = smooth_tracks(
            plots, begin, end, row_ns, first_row, state.table, state.settings, state.switching,
            make_tracks(1, len(state.tuning.models)), make_looks(1, len(state.table)),
            np.zeros(COUNTERS, np.int64),
            _make_nodes(int((end - begin).max(initial=0)), len(state.tuning.models)))
        rows = np.lexsort((number[which], row_ns))
        found = cells[rows]
        return Smoothed(row_ns[rows], number[which][rows], found[:, LATITUDE], found[:, LONGITUDE],
                        found[:, HEIGHT], found[:, NORTH], found[:, EAST], found[:, SPREAD:])


class Nodes(NamedTuple):
    """What the filter left at each time of a plot of one track, and the scratch of smoothing.

    time_ns (n,), rate (n,) of switching, x (n, m, 4), p (n, m, 10), mu (n, m): the IMM on the plane
    of origin (n, 3), axes (n, 9). tall_ns (n,), height (n, 2), height_p (n, 3): where a height was
    heard; begins (n,): 1 where the filter of height began anew.
    """

    time_ns: I64
    rate: F64
    x: F64
    p: F64
    mu: F64
    origin: F64
    axes: F64
    tall_ns: I64
    height: F64
    height_p: F64
    begins: U8
    s: F64
    q: F64
    nu: F64
    row_x: F64
    row_p: F64
    row_mu: F64
    ahead_x: F64
    ahead_p: F64
    ahead_mu: F64
    chance: F64
    x_pair: F64
    p_pair: F64
    weight: F64
    work: F64
    block: F64


def _make_nodes(n: int, m: int) -> Nodes:
    return Nodes(
        np.empty(n, np.int64), np.empty(n), np.empty((n, m, 4)), np.empty((n, m, 10)),
        np.empty((n, m)),
        np.empty((n, 3)), np.empty((n, 9)), np.empty(n, np.int64), np.empty((n, 2)),
        np.empty((n, 3)), np.empty(n, np.uint8), np.empty((m, 4)), np.empty((m, 10)), np.empty(m),
        np.empty((m, 4)), np.empty((m, 10)), np.empty(m), np.empty((m, 4)), np.empty((m, 10)),
        np.empty(m), np.empty((m, m)), np.empty((m, m, 4)), np.empty((m, m, 10)), np.empty((m, m)),
        np.empty(SCRATCH), np.zeros(BLOCK))


@kernel
def smooth_tracks(plots: Plots, begin: I64, end: I64, row_ns: I64, first_row: I64,
                  sensors: Sensors, settings: Settings, switching: F64, tracks: Tracks, looks: I64,
                  counters: I64, nodes: Nodes) -> F64:
    """Cells (rows, CELLS) of the rows of each track, whose plots are plots[begin:end], ordered by
    time, and whose rows are row_ns[first_row[k]:first_row[k + 1]]. Changes plots. switching:
    see `learned`. tracks (1,), looks, counters, nodes: scratch."""
    out = np.empty((row_ns.shape[0], CELLS))
    t = tracks[0]
    for k in range(begin.shape[0]):
        rows, cells = row_ns[first_row[k]:first_row[k + 1]], out[first_row[k]:first_row[k + 1]]
        own = plots[begin[k]:end[k]]
        _, tall = _filter(own, sensors, settings, switching, tracks, looks, counters, nodes)
        smooth_heights((nodes.tall_ns[:tall] - own[0].time_ns) * 1e-9, nodes.height[:tall],
                       nodes.height_p[:tall], nodes.begins[:tall], settings[t.area].height_noise)
        for r in range(rows.shape[0]):
            cells[r, HEIGHT], _ = _height(rows[r], tall, nodes)
        for j in range(own.shape[0]):
            height, variance = _height(own[j].time_ns, tall, nodes)
            if variance < SURE_HEIGHT * settings[t.area].height_variance:
                own[j].height_m = height
        count, _ = _filter(own, sensors, settings, switching, tracks, looks, counters, nodes)
        _smooth_motion(count, rows, settings[t.area], t, nodes, cells)
    return out


@inlined
def _filter(plots: Plots, sensors: Sensors, settings: Settings, switching: F64, tracks: Tracks,
            looks: I64, counters: I64, nodes: Nodes) -> tuple[int, int]:
    """Filter the plots of one track; returns how many nodes there are, and of height."""
    t, count, tall = tracks[0], 0, 0
    for j in range(plots.shape[0]):
        plot = plots[j]
        sensor = sensors[plot.sensor]
        if j == 0:
            initiate(tracks, 0, plot, False, sensor, looks, settings, counters)
        else:
            move(t, plot, sensor, settings[t.area], nodes.block)
            t.switch_rate = rate_for(t, switching, settings[t.area])
            hear_height(t, plot, settings[t.area])
            follow(t)
        if count == 0 or nodes.time_ns[count - 1] != t.time_ns:
            count += 1
        k = count - 1
        nodes.time_ns[k], nodes.rate[k] = t.time_ns, t.switch_rate
        lay_models(t.x, t.p, t.mu, nodes.x[k], nodes.p[k], nodes.mu[k])
        for c in range(3):
            nodes.origin[k, c] = t.origin[c]
        for c in range(9):
            nodes.axes[k, c] = t.axes[c]
        if t.height_ns == plot.time_ns:
            again = tall > 0 and nodes.tall_ns[tall - 1] == t.height_ns
            # After so long a silence the heights on its two sides say little of each other.
            silent = tall > 0 and t.height_ns - nodes.tall_ns[tall - 1] > HEIGHT_REACH_NS
            begins = t.height_odd == HEARD_ONCE or silent
            if not again:
                tall += 1
                nodes.begins[tall - 1] = 0
            h = tall - 1
            nodes.tall_ns[h] = t.height_ns
            nodes.begins[h] = 1 if begins or nodes.begins[h] else 0
            for c in range(2):
                nodes.height[h, c] = t.height[c]
            for c in range(3):
                nodes.height_p[h, c] = t.height_p[c]
    return count, tall


@inlined
def _height(time_ns: int, tall: int, nodes: Nodes) -> tuple[float, float]:
    """Height of a track at a time and its variance; NaN where none was heard in reach.

    Between two nodes of one stretch: a cubic with their heights and climbs at its ends, which is
    the mean of the filter's model (white acceleration) given both.
    """
    before, after = NONE, tall
    while after - before > 1:
        middle = (before + after) // 2
        if nodes.tall_ns[middle] <= time_ns:
            before = middle
        else:
            after = middle
    if before >= 0 and after < tall and nodes.begins[after] == 0:
        span = (nodes.tall_ns[after] - nodes.tall_ns[before]) * 1e-9
        u = (time_ns - nodes.tall_ns[before]) * 1e-9 / span
        a, b = nodes.height[before], nodes.height[after]
        height = (a[0] + u * u * (3 - 2 * u) * (b[0] - a[0])
                  + span * u * (1 - u) * ((1 - u) * a[1] - u * b[1]))
        return height, max(nodes.height_p[before, 0], nodes.height_p[after, 0])
    h, least_ns = NONE, HEIGHT_REACH_NS
    for near in range(max(before, 0), min(after + 1, tall)):
        apart_ns = abs(time_ns - nodes.tall_ns[near])
        # One that nobody said again may be a false answer that fell on a silent aircraft.
        alone = nodes.begins[near] and (near + 1 == tall or nodes.begins[near + 1])
        if not alone and apart_ns <= least_ns:
            h, least_ns = near, apart_ns
    if h == NONE:
        return np.nan, np.inf
    dt_s = (time_ns - nodes.tall_ns[h]) * 1e-9
    ahead = nodes.height[h, 0] + min(max(dt_s, -CLIMB_S_MAX), CLIMB_S_MAX) * nodes.height[h, 1]
    variance = nodes.height_p[h, 0] + dt_s * dt_s * nodes.height_p[h, 2]
    return ahead, variance


@inlined
def _smooth_motion(count: int, row_ns: I64, settings: Settings, t: Track, nodes: Nodes,
                   cells: F64) -> None:
    """Fill position and velocity of the rows of one track from its filtered nodes, backwards."""
    s, q, nu = nodes.s, nodes.q, nodes.nu
    r = row_ns.shape[0] - 1
    for k in range(count - 1, -1, -1):
        last = k == count - 1
        if not last:
            _to_plane(k + 1, k, nodes)
        while r >= 0 and row_ns[r] > nodes.time_ns[k]:
            x, p, mu = nodes.row_x, nodes.row_p, nodes.row_mu
            ahead_s = (row_ns[r] - nodes.time_ns[k]) * 1e-9
            _fill_chances(settings, nodes.rate[k], ahead_s, nodes.chance)
            predict_models(nodes.x[k], nodes.p[k], nodes.mu[k], ahead_s, nodes.chance,
                           settings.turn_rad_s, settings.noise, nodes.ahead_x, nodes.ahead_p,
                           nodes.ahead_mu, nodes.weight)
            if last:
                x, p, mu = nodes.ahead_x, nodes.ahead_p, nodes.ahead_mu
            else:
                lay_models(s, q, nu, x, p, mu)
                _step((nodes.time_ns[k + 1] - row_ns[r]) * 1e-9, nodes.ahead_x, nodes.ahead_p,
                      nodes.ahead_mu, x, p, mu, nodes.rate[k], settings, nodes)
            _say(k, x, p, mu, t, nodes, cells[r])
            r -= 1
        if last:
            lay_models(nodes.x[k], nodes.p[k], nodes.mu[k], s, q, nu)
        else:
            _step((nodes.time_ns[k + 1] - nodes.time_ns[k]) * 1e-9, nodes.x[k], nodes.p[k],
                  nodes.mu[k], s, q, nu, nodes.rate[k], settings, nodes)
        while r >= 0 and row_ns[r] == nodes.time_ns[k]:
            _say(k, s, q, nu, t, nodes, cells[r])
            r -= 1


@inlined
def _step(dt_s: float, x: F64, p: F64, mu: F64, s: F64, q: F64, nu: F64, rate: float,
          settings: Settings, nodes: Nodes) -> None:
    """`smooth_step` with the models of these settings."""
    _fill_chances(settings, rate, dt_s, nodes.chance)
    smooth_step(x, p, mu, s, q, nu, dt_s, nodes.chance, settings.turn_rad_s, settings.noise,
                nodes.x_pair, nodes.p_pair, nodes.weight, nodes.work)


@inlined
def _fill_chances(settings: Settings, rate: float, dt_s: float, chance: F64) -> None:
    """Chance (m, m) that an aircraft goes from one model to another within a time."""
    stay = math.exp(-rate * dt_s)
    for i in range(chance.shape[0]):
        for j in range(chance.shape[0]):
            chance[i, j] = (1 - stay) * settings.share[j] + (stay if i == j else 0.0)


@inlined
def _to_plane(old: int, new: int, nodes: Nodes) -> None:
    """The smoothed state from the plane of one node to that of another."""
    e, f, a, b = nodes.axes[old], nodes.axes[new], nodes.origin[old], nodes.origin[new]
    dx, dy, dz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    if dx == 0 and dy == 0 and dz == 0:
        return
    east = e[0] * dx + e[1] * dy + e[2] * dz
    north = e[3] * dx + e[4] * dy + e[5] * dz
    ee = f[0] * e[0] + f[1] * e[1] + f[2] * e[2]
    en = f[0] * e[3] + f[1] * e[4] + f[2] * e[5]
    norm = math.sqrt(ee * ee + en * en)
    for m in range(nodes.nu.shape[0]):
        turn_state(nodes.s[m], nodes.q[m], east, north, ee / norm, en / norm)


@inlined
def _say(k: int, x: F64, p: F64, mu: F64, t: Track, nodes: Nodes, cells: F64) -> None:
    """Cells of a row from a state on the plane of node k. Track t lends its plane."""
    for c in range(3):
        t.origin[c] = nodes.origin[k, c]
    for c in range(9):
        t.axes[c] = nodes.axes[k, c]
    join(x, p, mu, x[0], p[0], t.mean, t.spread)
    px, py, pz = point_at(t, t.mean[0], t.mean[1])
    cells[LATITUDE], cells[LONGITUDE], _ = geodetic_of(px, py, pz)
    cells[EAST], cells[NORTH] = t.mean[2], t.mean[3]
    for c in range(10):
        cells[SPREAD + c] = t.spread[c]

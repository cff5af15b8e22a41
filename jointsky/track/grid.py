"""The grid of tracks: which ones may have made a plot, at a cost that hardly grows with them.

Cubes of space are hashed to slots (`kernels.gating`). At each sweep the tracks are filed by slot,
eight to a group, and what a first look needs of them is laid beside it, column by column, so that
the compiler looks at eight tracks at once. A group belongs to one slot. Tracks that start between
two sweeps hang in lists until the next one.

What is told of a track here follows it wherever it goes (`refresh`), its slot only at a sweep: a
slot is looked through with half a cube to spare.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from jointsky.kernels.gating import fill_near, insert, slot_at
from jointsky.kernels.jit import inlined, kernel
from jointsky.model.batch import F64, I32
from jointsky.track.arrays import (
    CONFIRMED,
    NONE,
    POLAR,
    TENTATIVE,
    Plot,
    SensorRow,
    Track,
    Tracks,
)
from jointsky.track.gate import EARTH_LEAST_M, SINE_MAX, TANGENT_PER_SINE, sine_of
from jointsky.track.measure import EVEN

LANES = 8
# Rows of a group: ECEF point, reach and level as in `gate`, speed m/s.
X, Y, Z, REACH, LEVEL, SPEED = (row * LANES for row in range(6))
GROUP = 6 * LANES
# Nothing is ruled out by a bound like this.
ANYWHERE_M = 1e9
# Rounding.
LITTLE_M = 1.0
STEEPER = 1.01


class Grid(NamedTuple):
    """head (h,), following (slots,): lists of tracks that started since the last sweep, by grid
    slot; begin (h + 1,): the first group of each grid slot; filed (groups * LANES,): the tracks
    of the groups; spot (groups * GROUP,): what is told of them, REACH not a number where there is
    none; place (slots,): where in spot a track's column begins, NONE if it is in a list."""

    head: I32
    following: I32
    begin: I32
    filed: I32
    place: I32
    spot: F64


def make_grid(slots: int) -> Grid:
    """An empty grid for so many track slots.

    filed is a power of two and at least twice as long as there are slots: `ghosts` uses it as a
    table before it is laid anew.
    """
    whole = 1 << max(8, (slots - 1).bit_length())
    groups = -(-slots // LANES) + whole // 4
    return Grid(head=np.full(whole // 4, NONE, np.int32), following=np.full(slots, NONE, np.int32),
                begin=np.zeros(whole // 4 + 1, np.int32), filed=np.full(4 * whole, NONE, np.int32),
                place=np.full(slots, NONE, np.int32), spot=np.full(groups * GROUP, np.nan))


@kernel
def lay_anew(tracks: Tracks, cube_m: float, grid: Grid) -> None:
    """`lay`, from outside of the loop."""
    lay(tracks, cube_m, grid)


@inlined
def lay(tracks: Tracks, cube_m: float, grid: Grid) -> None:
    """File the tracks that live, in order of slots and of their own."""
    head, following, begin, filed, place = (grid.head, grid.following, grid.begin, grid.filed,
                                            grid.place)
    for k in range(head.shape[0]):
        head[k] = 0
    for i in range(tracks.shape[0]):
        t = tracks[i]
        place[i] = NONE
        if t.state in (TENTATIVE, CONFIRMED):
            following[i] = slot_at(t.point[0], t.point[1], t.point[2], cube_m, head.shape[0])
            head[following[i]] += 1
    groups = 0
    for k in range(head.shape[0]):
        begin[k] = groups
        groups += (head[k] + LANES - 1) // LANES
        head[k] = begin[k] * LANES
    begin[head.shape[0]] = groups
    for at in range(groups):
        for j in range(LANES):
            filed[at * LANES + j] = NONE
            grid.spot[at * GROUP + REACH + j] = np.nan
    for i in range(tracks.shape[0]):
        t = tracks[i]
        if t.state in (TENTATIVE, CONFIRMED):
            at = head[following[i]]
            head[following[i]] = at + 1
            filed[at], following[i] = i, NONE
            place[i] = at // LANES * GROUP + at % LANES
            refresh(i, t, grid)
    for k in range(head.shape[0]):
        head[k] = NONE


@inlined
def start_in(i: int, t: Track, cube_m: float, grid: Grid) -> None:
    """Put a track that has just started into its list."""
    grid.place[i] = NONE
    insert(i, t.point[0], t.point[1], t.point[2], cube_m, grid.head, grid.following)


@inlined
def refresh(i: int, t: Track, grid: Grid) -> None:
    """Tell of track i what it says of itself now; it has moved."""
    at = grid.place[i]
    if at != NONE:
        spot, mean = grid.spot, t.mean
        spot[at + X], spot[at + Y], spot[at + Z] = t.point[0], t.point[1], t.point[2]
        spot[at + REACH], spot[at + LEVEL] = t.reach_m, t.level_m
        spot[at + SPEED] = math.sqrt(mean[2] * mean[2] + mean[3] * mean[3])


@inlined
def fill_close(plot: Plot, sensor: SensorRow, cube_m: float, gate: float, height_variance: float,
               grid: Grid, near: I32, close: I32) -> int:
    """Tracks that may be close enough to a plot to have made it: close, in the order of slots, in
    each those that started last first. Returns how many.

    It is `gate.is_out` with two liberties, so that eight tracks can be looked at at once: the
    largest gate and height variance of all areas, and for the errors of the plot, which grow with
    the height between it and a track, a chord of that (convex) function.
    """
    x, y, z = plot.point[0], plot.point[1], plot.point[2]
    far2 = 1 / (x * x + y * y + z * z)
    base, drawn, unknown, steepest, per_m, tilt = _bound_of(plot, sensor, gate, height_variance)
    late_s = abs(sensor.time_bias_s)
    found = 0
    for c in range(fill_near(x, y, z, cube_m, grid.head.shape[0], near)):
        slot = near[c]
        i = grid.head[slot]
        while i != NONE:
            close[found] = i
            found += 1
            i = grid.following[i]
        for at in range(grid.begin[slot], grid.begin[slot + 1]):
            g = grid.spot[at * GROUP:(at + 1) * GROUP]
            open_ = 0
            for j in range(LANES):
                dx, dy, dz = x - g[X + j], y - g[Y + j], z - g[Z + j]
                rise = dx * x + dy * y + dz * z
                flat2 = dx * dx + dy * dy + dz * dz - rise * rise * far2
                higher = abs(g[LEVEL + j] - drawn)
                higher = higher if higher >= 0 else unknown
                steep = steepest + per_m * higher
                bound = (g[REACH + j] + late_s * g[SPEED + j] + base
                         + higher * (TANGENT_PER_SINE * steep + tilt))
                bound += ANYWHERE_M if steep > SINE_MAX else 0.0
                open_ += 1 << j if flat2 <= bound * bound else 0
            j = at * LANES
            while open_ != 0:
                if open_ & 1:
                    close[found] = grid.filed[j]
                    found += 1
                open_, j = open_ >> 1, j + 1
    return found


@inlined
def _bound_of(plot: Plot, sensor: SensorRow, gate: float, height_variance: float
              ) -> tuple[float, float, float, float, float, float]:
    """What of the bound hangs on the plot alone: how far its errors take it at the height it is
    drawn at, that height, how much higher a track of unknown height may be, sine of its elevation
    and how that and the reach of its errors grow with each metre of height."""
    if plot.form != POLAR:
        return math.sqrt(gate) * plot.sigma_m + LITTLE_M, 0.0, 0.0, 0.0, 0.0, 0.0
    range_m, steepest, silent = plot.range_m, abs(sine_of(plot, sensor)), math.isnan(plot.height_m)
    per_m = STEEPER / range_m
    drawn = plot.assumed[0] if silent else plot.height_m
    unknown = EVEN * plot.assumed[1] if silent else 0.0
    if steepest > SINE_MAX:
        return ANYWHERE_M, drawn, unknown, steepest, per_m, 0.0
    unsure = max(plot.assumed[1] * plot.assumed[1], height_variance)
    least, bend = steepest + range_m / EARTH_LEAST_M, SINE_MAX - steepest
    low = _errors(plot, sensor, gate, unsure, least)
    high = _errors(plot, sensor, gate, unsure, least + bend)
    tilt = (high - low) / bend * per_m if bend > 0 else 0.0
    return low + LITTLE_M, drawn, unknown, steepest, per_m, tilt


@inlined
def _errors(plot: Plot, sensor: SensorRow, gate: float, unsure: float, up: float) -> float:
    """How far a radar's errors take a plot seen at a sine of elevation, as in `gate.is_out`."""
    sigma_r, sigma_a = sensor.sigma_range_m, sensor.sigma_azimuth_rad
    left_r, left_a = sensor.sigma_bias_range_m, sensor.sigma_bias_azimuth_rad
    radial = (sigma_r * sigma_r + left_r * left_r + up * up * unsure) / (1 - up * up)
    across = plot.range_m * plot.range_m * (sigma_a * sigma_a + left_a * left_a)
    return math.sqrt(gate * max(radial, across))

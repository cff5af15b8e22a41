"""Joint: where several tracks and plots contest one another, and it is not sure whose is whose.

The plots of one sensor and bucket and the tracks that may have made them fall into clusters. A
pair that nobody contests is taken as it is. In a small contested cluster the probability of each
pair follows from all joint hypotheses (`jointsky.kernels.joint`). A track whose assignment is sure
takes its plot as ever; one that is not sure takes a little of each plot that may be its: its state
is the mixture of what the plots, or none of them, would make of it. Who owns a plot, and so its
codes, its height and that the aircraft exists, stays with the best assignment of all.
"""

from __future__ import annotations

import numpy as np

from jointsky.kernels.jit import inlined
from jointsky.kernels.joint import (
    PLOTS_MAX,
    TRACKS_MAX,
    WIDTH,
    fill_beta,
    gather,
    hold,
    mixed,
    predicted,
)
from jointsky.model.batch import I32, I64
from jointsky.track.arrays import LARGE, NONE, Plots, SensorRow, Sensors, Settings, Tracks
from jointsky.track.associate import Work
from jointsky.track.existence import told_apart
from jointsky.track.gate import renew
from jointsky.track.grid import Grid, refresh
from jointsky.track.measure import follow
from jointsky.track.sources import with_source
from jointsky.track.update import go_to, settle, take_position


@inlined
def share(tracks: Tracks, plots: Plots, n: int, s: int, sensors: Sensors, looks: I64,
          grid: Grid, settings: Settings, counters: I64, work: Work) -> None:
    """After `associate`, of plots work.rows[:n] of sensor s: move tracks not sure of theirs.

    work.said[k] becomes the log likelihood of the position of a plot whose track, work.track_of[k],
    has been moved so; it stays not a number where `update` has yet to move it.
    """
    start, first, after = work.start, work.first, work.after
    if start[n] < 2 or settings[0].joint_sure == 0:
        return
    _join(n, work)
    for k in range(n):
        if first[k] == k and (after[k] != NONE or start[k + 1] - start[k] > 1):
            _share_out(tracks, plots, k, s, sensors, looks, grid, settings, counters, work)


@inlined
def _join(n: int, work: Work) -> None:
    """Clusters: rows with a track in common. work.first: the first row of each row's cluster;
    work.after: the next row of it."""
    start, column, first, after, row_of = (work.start, work.track, work.first, work.after,
                                           work.ints[0])
    for k in range(n):
        first[k], after[k] = k, NONE
        for at in range(start[k], start[k + 1]):
            other = row_of[column[at]]
            if other == NONE:
                row_of[column[at]] = k
                continue
            a, b = _root(first, k), _root(first, other)
            first[max(a, b)] = min(a, b)
    for at in range(start[n]):
        row_of[column[at]] = NONE
    for k in range(n - 1, -1, -1):
        root = _root(first, k)
        first[k] = root
        if root != k:
            after[k], after[root] = after[root], k


@inlined
def _root(first: I32, k: int) -> int:
    while first[k] != k:
        k = first[k]
    return k


@inlined
def _share_out(tracks: Tracks, plots: Plots, root: int, s: int, sensors: Sensors, looks: I64,
               grid: Grid, settings: Settings, counters: I64, work: Work) -> None:
    """Weigh the cluster that begins with a row, and move its tracks that are not sure."""
    start, joint, members = work.start, work.joint, work.members
    m, count, row = 0, 0, root
    while row != NONE:
        for at in range(start[row], start[row + 1]):
            i = 0
            while i < count and members[i] != work.track[at]:
                i += 1
            if i == TRACKS_MAX or m == PLOTS_MAX:
                counters[LARGE] += 1
                return
            if i == count:
                members[i], count = work.track[at], count + 1
                for k in range(PLOTS_MAX):
                    joint.score[i * PLOTS_MAX + k] = -np.inf
            joint.score[i * PLOTS_MAX + m] = work.score[at]
        row, m = work.after[row], m + 1
    fill_beta(count, m, joint)
    for i in range(count):
        own, k, row = 0, 0, root
        while row != NONE:
            k += 1
            if work.track_of[row] == members[i]:
                own = k
            row = work.after[row]
        apart = False
        for j in range(count):
            apart = apart or (i != j and told_apart(
                looks[members[i]], looks[members[j]], sensors, settings[0],
                plots[work.rows[root]].time_ns))
        if joint.beta[i * WIDTH + own] < settings[0].joint_sure and not apart:
            _move(tracks, i, own, plots, root, sensors[s], grid, settings, work)


@inlined
def _move(tracks: Tracks, i: int, own: int, plots: Plots, root: int, sensor: SensorRow,
          grid: Grid, settings: Settings, work: Work) -> None:
    """The motion of member i of a cluster: the mixture of what may have happened. own: which of
    its plots it owns, from 1; 0 for none."""
    t, joint, block = tracks[work.members[i]], work.joint, work.block
    kept, here = joint.kept, settings[t.area]
    time_ns, k, row = t.time_ns, 0, root
    while row != NONE:
        if joint.score[i * PLOTS_MAX + k] > 0:
            time_ns = max(time_ns, plots[work.rows[row]].time_ns)
        row, k = work.after[row], k + 1
    go_to(t, time_ns, here, block)
    hold(block, kept)
    gather(block, kept, joint.beta[i * WIDTH])
    k, row = 0, root
    while row != NONE:
        if joint.score[i * PLOTS_MAX + k] > 0:
            predicted(block, kept)
            said = take_position(t, plots[work.rows[row]], sensor, here, block)
            gather(block, kept, joint.beta[i * WIDTH + 1 + k])
            if own == k + 1:
                work.said[row] = said
        row, k = work.after[row], k + 1
    mixed(block, kept)
    settle(t, block)
    t.sources = with_source(t.sources, plots[work.rows[root]].sensor)
    if own == 0:
        follow(t)
        renew(t, t.time_ns, settings)
        refresh(work.members[i], t, grid)

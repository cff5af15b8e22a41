"""The tracker's loop, compiled: associate, share, update, delete, initiate."""

from __future__ import annotations

from jointsky.kernels.jit import inlined, kernel
from jointsky.model.batch import I32, I64
from jointsky.track.arrays import (
    CONFIRMED,
    DONE_NS,
    FREE,
    FREE_COUNT,
    NEVER,
    NEXT_SWEEP_NS,
    NONE,
    OVERFLOW,
    QUIET,
    TENTATIVE,
    Plots,
    Sensors,
    Settings,
    Tracks,
)
from jointsky.track.associate import ROWS_MAX, Work, associate
from jointsky.track.existence import delete
from jointsky.track.grid import Grid, refresh, start_in
from jointsky.track.initiate import initiate
from jointsky.track.joint import share
from jointsky.track.learned import Learned
from jointsky.track.update import update


@kernel
def track(tracks: Tracks, looks: I64, learned: Learned, plots: Plots, at: int, now_ns: int,
          sensors: Sensors, grid: Grid, settings: Settings, counters: I64, free: I32,
           may_grow: bool, next_row: I32, work: Work) -> tuple[int, bool]:
    """Track plots[at:] as far as buckets of time that end by now_ns.

    A bucket is the time after a whole multiple of bucket_ns as far as the next one and with it,
    so that what is done does not depend on how the plots were dealt out to calls. Returns (at,
    whether it stopped short because free slots may not be enough for the next bucket: give more,
    and call again). settings: a row for each tuning area, the first for everywhere else; where
    something is of no single track, the first counts. free: stack of free slots.
    """
    common = settings[0]
    bucket_ns, n = common.bucket_ns, plots.shape[0]
    while True:
        end_ns, until = now_ns, at
        if at < n:
            end_ns = -(-plots[at].time_ns // bucket_ns) * bucket_ns
        due = at < n and end_ns <= now_ns
        while due and until < n and plots[until].time_ns <= end_ns:
            until += 1
        if may_grow and counters[FREE_COUNT] < until - at:
            return at, True
        if due and counters[NEXT_SWEEP_NS] == NEVER:
            counters[NEXT_SWEEP_NS] = -(-end_ns // common.sweep_ns) * common.sweep_ns
        sweep_ns = end_ns - bucket_ns if due else now_ns
        while NEVER < counters[NEXT_SWEEP_NS] <= sweep_ns:
            delete(tracks, sensors, looks, learned, grid, settings, counters[NEXT_SWEEP_NS],
                   counters, work.near)
            _tidy(tracks, common.sweep_ns, sweep_ns, counters, free)
        if not due:
            return at, False
        _file_by_sensor(plots, at, until, next_row, work)
        for s in range(sensors.shape[0]):
            row = work.first_row[s]
            while row != NONE:
                n_rows = 0
                while row != NONE and n_rows < ROWS_MAX:
                    work.rows[n_rows] = row
                    n_rows += 1
                    row = next_row[row]
                sensor = sensors[s]
                sensor.last_ns = max(sensor.last_ns, plots[work.rows[n_rows - 1]].time_ns)
                associate(tracks, plots, n_rows, sensors, looks, learned, grid, settings,
                          counters, work)
                share(tracks, plots, n_rows, s, sensors, looks, grid, settings, counters, work)
                for k in range(n_rows):
                    plot = plots[work.rows[k]]
                    taken_by = work.track_of[k]
                    if plot.quiet == 1 and (taken_by == NONE
                                            or tracks[taken_by].state == TENTATIVE):
                        # A flood may go on with tracks; it must not make any.
                        counters[QUIET] += 1
                    elif taken_by != NONE:
                        update(tracks, taken_by, plot, sensor, looks, learned, settings,
                               counters, work.block, work.said[k])
                        refresh(taken_by, tracks[taken_by], grid)
                    elif counters[FREE_COUNT] > 0:
                        counters[FREE_COUNT] -= 1
                        i = free[counters[FREE_COUNT]]
                        initiate(tracks, i, plot, work.by_track[k] == 1, sensor, looks, settings,
                                 counters)
                        start_in(i, tracks[i], 2 * common.reach_m, grid)
                    else:
                        counters[OVERFLOW] += 1
                        learned.false_count[s, plot.primary, plot.cell] += 1
        counters[DONE_NS] = end_ns
        at = until


@inlined
def _file_by_sensor(plots: Plots, at: int, until: int, next_row: I32, work: Work) -> None:
    """Lists of the plots of a bucket: work.first_row of each sensor, next_row of each plot."""
    for s in range(work.first_row.shape[0]):
        work.first_row[s] = NONE
    for j in range(until - 1, at - 1, -1):
        s = plots[j].sensor
        next_row[j] = work.first_row[s]
        work.first_row[s] = j


@inlined
def _tidy(tracks: Tracks, step_ns: int, until_ns: int, counters: I64, free: I32) -> None:
    """After a sweep: collect free slots; with no track alive go on where there is work again."""
    live, count = 0, 0
    for i in range(tracks.shape[0] - 1, -1, -1):
        if tracks[i].state == FREE:
            free[count] = i
            count += 1
        elif tracks[i].state in (TENTATIVE, CONFIRMED):
            live += 1
    counters[FREE_COUNT] = count
    counters[NEXT_SWEEP_NS] += step_ns
    if live == 0:
        counters[NEXT_SWEEP_NS] = max(counters[NEXT_SWEEP_NS], until_ns // step_ns * step_ns)

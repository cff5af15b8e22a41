"""Associate: which plot is of which track.

For the plots of one sensor in one short bucket of time: find the tracks near each (a grid in
space), gate, weigh position, height, code and address as log likelihood ratios against clutter,
and assign the whole bucket at once. Codes and addresses are evidence: a wrong one costs, a right
one helps, neither decides.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from jointsky.kernels.assignment import assign
from jointsky.kernels.filter import BLOCK
from jointsky.kernels.jit import inlined
from jointsky.kernels.joint import TRACKS_MAX, Joint, make_joint
from jointsky.model.batch import F64, I32, I64
from jointsky.model.schema import PlotFlag
from jointsky.track.arrays import (
    CONFIRMED,
    CROWDED,
    NEVER,
    NONE,
    POLAR,
    SEEN,
    TENTATIVE,
    Plot,
    Plots,
    SensorRow,
    Sensors,
    Settings,
    Track,
    Tracks,
)
from jointsky.track.gate import is_out, sine_of
from jointsky.track.grid import Grid, fill_close
from jointsky.track.learned import Learned
from jointsky.track.measure import height_at, measure

# Limits of one bucket of one sensor: more plots are taken in turn; of more candidates the best
# are kept, counted in CROWDED.
ROWS_MAX = 4096
CANDIDATES_MAX = 12
HEIGHT_SPAN_M = 12_000.0
# A code heard again counts twice against another one.
ESTABLISHED = 2
LOG_2PI = math.log(2 * math.pi)
# The chance that an aircraft has just begun the hardest manoeuvre there is a model for.
SURPRISE = 0.05
# On the ground nobody accelerates like that: m2/s3, for the gate and the weight of a plot. Who
# leaves the ground or comes down, or begins its take-off run if its address vouches for it, does
# so with the acceleration of a take-off.
GROUND_NOISE, TAKE_OFF_NOISE = 0.5, 20.0
# Log of how many aircraft appear on an airport in each scan per m2: one on 10 km2. A plot there is
# sooner of one that has just switched on than a false one, or of one that taxied far unseen.
APPEAR_LOG = math.log(1e-7)
ON_GROUND = int(PlotFlag.ON_GROUND)


class Work(NamedTuple):
    """Scratch of `associate` and `assign`.

    rows, start, track_of, u: by row of a bucket; by_track: 1 where the
    plot lies by a track that already has a plot of this scan; track, score: candidates; ints
    (3, slots), reals (3, slots): see `make_work`; near (8,); first_row (sensors,); block (BLOCK,):
    the filter's. first, after, said by row, members, joint: see `jointsky.track.joint`.
    """

    rows: I32
    start: I32
    track_of: I32
    by_track: I32
    u: F64
    track: I32
    score: F64
    ints: I32
    reals: F64
    near: I32
    first_row: I32
    block: F64
    first: I32
    after: I32
    said: F64
    members: I32
    joint: Joint


def make_work(plots: int, slots: int, sensors: int) -> Work:
    """Scratch for so many plots, track slots and sensors."""
    most = min(plots, ROWS_MAX)
    cells = most * CANDIDATES_MAX
    ints, reals = np.zeros((3, slots), np.int32), np.zeros((3, slots))
    ints[0], reals[1] = NONE, np.inf  # row_of; v is 0; distance
    by_row = np.zeros((6, most + 1), np.int32)
    return Work(
        rows=by_row[0], start=by_row[1], track_of=by_row[2], by_track=by_row[3],
        first=by_row[4], after=by_row[5], said=np.zeros(most), u=np.zeros(most),
        track=np.zeros(cells, np.int32), score=np.zeros(cells), ints=ints, reals=reals,
        near=np.zeros(8, np.int32), first_row=np.zeros(sensors, np.int32), block=np.zeros(BLOCK),
        members=np.zeros(TRACKS_MAX, np.int32), joint=make_joint())


@inlined
def associate(tracks: Tracks, plots: Plots, n: int, sensors: Sensors, looks: I64, learned: Learned,
              grid: Grid, settings: Settings, counters: I64, work: Work) -> None:
    """Fill work.track_of[:n]: the track of plots work.rows[:n] (one sensor, one bucket) or -1."""
    rows, start, track_of, by_track, said = (work.rows, work.start, work.track_of,
                                              work.by_track, work.said)
    candidate, scores, close, filled = work.track, work.score, work.ints[2], 0
    common, gate, height_variance = settings[0], 0.0, 0.0
    for row in range(settings.shape[0]):
        gate = max(gate, settings[row].gate)
        height_variance = max(height_variance, settings[row].height_variance)
    reach2 = common.reach_m * common.reach_m
    for k in range(n):
        plot = plots[rows[k]]
        sensor = sensors[plot.sensor]
        recent_ns = int(common.scan_share * sensor.period_ns) if sensor.form == POLAR else 0
        start[k], by_track[k], track_of[k], said[k] = filled, 0, NONE, np.nan
        plot.density_log = learned.density_log[plot.sensor, plot.primary, plot.cell]
        x, y, z = plot.point[0], plot.point[1], plot.point[2]
        sine, far2 = sine_of(plot, sensor), 1 / (x * x + y * y + z * z)
        for c in range(fill_close(plot, sensor, 2 * common.reach_m, gate, height_variance, grid,
                                  work.near, close)):
            i, t = close[c], tracks[close[c]]
            dx, dy, dz = x - t.point[0], y - t.point[1], z - t.point[2]
            apart2, rise = dx * dx + dy * dy + dz * dz, dx * x + dy * y + dz * z
            own = settings[t.area]
            if (apart2 > reach2 or t.state not in (CONFIRMED, TENTATIVE)
                    or is_out(t, plot, sensor, sine, apart2 - rise * rise * far2, own)):
                continue
            score = score_of(t, plot, sensor, own)
            if score <= 0:
                continue
            if abs(plot.time_ns - looks[i, plot.sensor, SEEN]) < recent_ns:
                by_track[k] = 1
            elif filled - start[k] < CANDIDATES_MAX:
                candidate[filled], scores[filled] = i, score
                filled += 1
            else:
                _replace_worst(candidate, scores, filled, i, score)
                counters[CROWDED] += 1
    start[n] = filled
    if n == 1:
        _take_best(track_of, candidate, scores, filled)
    else:
        assign(n, start, candidate, scores, work.ints[0], track_of, work.u, work.reals[0],
               work.reals[1], work.reals[2], work.ints[1], work.ints[2])
    for k in range(n):
        if track_of[k] == NONE and start[k + 1] > start[k]:
            by_track[k] = 1


@inlined
def _replace_worst(candidate: I32, scores: F64, filled: int, i: int, score: float) -> None:
    """Put a track in place of the worst of the last CANDIDATES_MAX, if it is better."""
    worst = filled - CANDIDATES_MAX
    for k in range(worst + 1, filled):
        if scores[k] < scores[worst]:
            worst = k
    if scores[worst] < score:
        candidate[worst], scores[worst] = i, score


@inlined
def _take_best(track_of: I32, candidate: I32, scores: F64, filled: int) -> None:
    """`assign` for one plot: the first of the best tracks."""
    best = 0.0
    for k in range(filled):
        if scores[k] > best:
            best, track_of[0] = scores[k], candidate[k]


@inlined
def score_of(t: Track, plot: Plot, sensor: SensorRow, settings: Settings) -> float:
    """Log likelihood ratio that a plot is of track t rather than clutter; below 0 if not gated."""
    dt_s = (plot.time_ns - t.time_ns) * 1e-9
    mean, p = t.mean, t.spread
    z0, z1, r00, r01, r11 = measure(t, plot, sensor, settings)
    y0, y1 = z0 - mean[0] - dt_s * mean[2], z1 - mean[1] - dt_s * mean[3]
    s00 = p[0] + dt_s * (2 * p[2] + dt_s * p[7]) + r00
    s01 = p[1] + dt_s * (p[3] + p[5] + dt_s * p[8]) + r01
    s11 = p[4] + dt_s * (2 * p[6] + dt_s * p[9]) + r11
    grown = abs(dt_s * dt_s * dt_s) / 3
    usual, most = 0.0, settings.noise_max
    for m in range(settings.noise.shape[0]):
        usual += t.mu[m] * settings.noise[m]
    others_log = plot.density_log
    if (t.flags | plot.flags) & ON_GROUND:
        if _flies_over(t, plot, settings):
            return -1.0
        taxis = t.flags & plot.flags & ON_GROUND
        named = t.address_weight > 0 and t.address == plot.address
        usual = min(usual, GROUND_NOISE if taxis else TAKE_OFF_NOISE)
        most = min(most, GROUND_NOISE if taxis and not named else TAKE_OFF_NOISE)
        if plot.flags & ON_GROUND:
            others_log = max(others_log, APPEAR_LOG)
    wide = most * grown
    det = (s00 + wide) * (s11 + wide) - s01 * s01
    distance2 = ((s11 + wide) * y0 * y0 - 2 * s01 * y0 * y1 + (s00 + wide) * y1 * y1) / det
    if distance2 > settings.gate:
        return -1.0
    likelihood = SURPRISE * math.exp(-0.5 * distance2) / math.sqrt(det)
    tight = usual * grown
    det = (s00 + tight) * (s11 + tight) - s01 * s01
    distance2 = ((s11 + tight) * y0 * y0 - 2 * s01 * y0 * y1 + (s00 + tight) * y1 * y1) / det
    likelihood += (1 - SURPRISE) * math.exp(-0.5 * distance2) / math.sqrt(det)
    pd = sensor.p_detection
    exists = -math.log1p(math.exp(-t.odds))
    return float(math.log(likelihood) - LOG_2PI - others_log
                 + math.log(pd / (1 - pd)) + exists + evidence_of(t, plot, settings))


@inlined
def _flies_over(t: Track, plot: Plot, settings: Settings) -> bool:
    """Whether of a track and a plot one is on the ground and the other at another height: a
    garbled Mode C does not come with a garbled report of the ground."""
    if not (t.flags ^ plot.flags) & ON_GROUND or t.height_ns == NEVER or math.isnan(plot.height_m):
        return False
    height, variance = height_at(t, plot.time_ns, settings)
    off = plot.height_m - height
    return bool(off * off > settings.gate * (variance + settings.height_variance))


@inlined
def evidence_of(t: Track, plot: Plot, settings: Settings) -> float:
    """Log likelihood ratio of height, code and address, against those of any other aircraft."""
    ratio = 0.0
    if t.height_ns != NEVER and not math.isnan(plot.height_m):
        height, variance = height_at(t, plot.time_ns, settings)
        variance += settings.height_variance
        off = plot.height_m - height
        likelihood = math.exp(-0.5 * off * off / variance) / math.sqrt(2 * math.pi * variance)
        ratio += math.log((1 - settings.garble_height) * likelihood * HEIGHT_SPAN_M
                          + settings.garble_height)
    if t.code_weight > 0 and plot.code >= 0:
        ratio += (settings.code_match if t.code == plot.code
                  else settings.code_mismatch * min(t.code_weight, ESTABLISHED))
    if t.address_weight > 0 and plot.address >= 0:
        ratio += (settings.address_match if t.address == plot.address
                  else settings.address_mismatch * min(t.address_weight, ESTABLISHED))
    if plot.source >= 0 and t.source >= 0 and t.source >> 32 == plot.source >> 32:
        # Another system's track number is evidence as a code is: it may be given anew.
        ratio += settings.code_match if t.source == plot.source else settings.code_mismatch
    return float(ratio)

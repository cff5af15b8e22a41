"""What the tracker learns while it runs: false plots and coverage of each sensor, cell by cell; and
how restless the traffic is.

Cells are polar, RINGS by SECTORS, rings of equal width out to the sensor's range. The arrays are
part of the tracker's state: copied and kept with it, and the same plots give the same bytes.

How often aircraft change their way of flying differs between traffics by more than any tuning can
suit, and decides how careful tracks must be. It is the rate with the greatest likelihood, found by
recursive steps along the slope of each plot's log likelihood, over the information so far (Ljung,
Soderstrom, "Theory and Practice of Recursive Identification", 1983, 3.4; of switching models:
Jilkov, Li, "Online Bayesian estimation of transition probabilities", 2004).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from jointsky.kernels.jit import inlined
from jointsky.model.batch import F64, I64
from jointsky.track.arrays import NEVER, POLAR, SensorRow, Sensors, Settings, Track

RINGS, SECTORS = 16, 32
CELLS = RINGS * SECTORS
# Height bands of the coverage map: below each of these, above all, height unknown.
BAND_TOPS_M = (2000.0, 6000.0)
BANDS = len(BAND_TOPS_M) + 2
HITS, EXPECTED, MISSED = 0, 1, 2
# Scans until what is counted weighs a third, in the map of false plots.
SCANS_KEPT = 50.0
SILENT_PERIODS = 2.5
# The tuning's rate of switching counts like so much information (it is right to a third or so);
# what was learned, never like more than that. Not further off than by this factor.
RATE_PRIOR, RATE_MOST, RATE_FACTOR_MAX = 10.0, 200.0, 3.0
LOG_FACTOR, INFORMATION = 0, 1
# Light aircraft, airliners and fast jets differ: each has a rate of its own, by ground speed.
PACE_TOPS_MS = (110.0, 260.0)
PACES = len(PACE_TOPS_MS) + 1


class Learned(NamedTuple):
    """Arrays by sensor row, but for the last.

    false_count (sensors, 2, CELLS): false plots of late, [answered, primary]; density_log alike:
    log of false plots per m2 and scan; scans (sensors,): scans of late; due_ns (sensors,): end of
    the scan that is running; seen (sensors, BANDS, CELLS, 3): HITS of confirmed tracks
    of late, how many were EXPECTED by geometry, and MISSED: those expected in vain in this scan;
    switching (PACES, 2): LOG_FACTOR of the rate of switching over the tuning's, and INFORMATION
    about it.
    """

    false_count: F64
    density_log: F64
    scans: F64
    due_ns: I64
    seen: F64
    switching: F64


def learned_of(table: Sensors, old: Learned | None = None) -> Learned:
    """Nothing learned yet of the sensors of a table, but for its first rows what `old` holds."""
    n = len(table)
    new = Learned(
        false_count=np.zeros((n, 2, CELLS)),
        density_log=np.repeat(np.log(table["false_per_m2"])[:, :, None], CELLS, 2),
        scans=np.zeros(n), due_ns=np.full(n, NEVER), seen=np.zeros((n, BANDS, CELLS, 3)),
        switching=np.zeros((PACES, 2)))
    for before, after in zip(old or (), new, strict=old is not None):
        after[:len(before)] = before
    return new


@inlined
def cell_of(range_m: float, azimuth_rad: float, max_range_m: float) -> int:
    """The cell of a place as the sensor sees it; beyond its range that of the last ring."""
    ring = min(int(range_m * RINGS / max_range_m), RINGS - 1)
    return ring * SECTORS + math.floor(azimuth_rad * (SECTORS / (2 * math.pi))) % SECTORS


@inlined
def ends_scan(s: int, sensor: SensorRow, learned: Learned, now_ns: int) -> bool:
    """Whether a scan of radar s, which is heard, has ended: then it is counted."""
    if sensor.form != POLAR or now_ns < learned.due_ns[s]:
        return False
    heard = now_ns - sensor.last_ns < SILENT_PERIODS * sensor.period_ns
    fresh = learned.due_ns[s] == NEVER or not heard
    learned.due_ns[s] = (now_ns if fresh else learned.due_ns[s]) + sensor.period_ns
    if not fresh:
        learned.scans[s] = learned.scans[s] * (1 - 1 / SCANS_KEPT) + 1
    return not fresh


@inlined
def pace_of(t: Track) -> int:
    """Which of the PACES a track has."""
    speed2, pace = t.mean[2] * t.mean[2] + t.mean[3] * t.mean[3], 0
    for top in PACE_TOPS_MS:
        pace += 1 if speed2 > top * top else 0
    return pace


@inlined
def learn_switching(learned: Learned, pace: int, slope: float) -> None:
    """The slope of a plot's log likelihood in the log of the rate, see `kernels.filter`."""
    known, limit = learned.switching[pace], math.log(RATE_FACTOR_MAX)
    known[INFORMATION] = min(known[INFORMATION] + slope * slope, RATE_MOST - RATE_PRIOR)
    known[LOG_FACTOR] += slope / (RATE_PRIOR + known[INFORMATION])
    known[LOG_FACTOR] = min(max(known[LOG_FACTOR], -limit), limit)


@inlined
def rate_for(t: Track, switching: F64, settings: Settings) -> float:
    """How often a track of this speed changes its way of flying, 1/s."""
    return float(settings.switch_rate * math.exp(switching[pace_of(t), LOG_FACTOR]))

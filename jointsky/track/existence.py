"""Delete: misses that know coverage, aircraft no longer believed in, two tracks of one aircraft.

A miss counts only where the sensor could have seen: in its range, above its horizon, below its
cone of silence, with a transponder if it needs one, and while the sensor itself is heard.
"""

from __future__ import annotations

import math

from jointsky.kernels.gating import fill_near
from jointsky.kernels.jit import inlined
from jointsky.model.batch import I32, I64
from jointsky.track.arrays import (
    CONFIRMED,
    DROPPED,
    FREE,
    LOOK,
    MERGED,
    NEVER,
    NONE,
    POLAR,
    SEEN,
    TENTATIVE,
    SensorRow,
    Sensors,
    Settings,
    Track,
    Tracks,
)
from jointsky.track.clutter import count_false, lay_map
from jointsky.track.coverage import learn_misses, miss
from jointsky.track.gate import renew
from jointsky.track.ghosts import NO_RIVAL, drop, heights_agree, sort_out
from jointsky.track.grid import GROUP, LANES, REACH, Grid, X, Y, Z, lay
from jointsky.track.learned import SILENT_PERIODS, Learned, ends_scan
from jointsky.track.locate import area_of
from jointsky.track.measure import point_at

TRUSTED_SCANS, SILENCE_LEAST_NS = 2, 4_000_000_000
TENTATIVE_LOG_ODDS_MIN = -7.5
# Doubles are looked for at every so many sweeps.
MERGE_EVERY = 4


@inlined
def delete(tracks: Tracks, sensors: Sensors, looks: I64, learned: Learned, grid: Grid,
           settings: Settings, now_ns: int, counters: I64, near: I32) -> None:
    """Count misses, drop what is no longer believed, lay the grid anew, merge doubles."""
    for i in range(tracks.shape[0]):
        t = tracks[i]
        if t.state == DROPPED and now_ns - t.dropped_ns > settings[0].dropped_ns:
            t.state, t.number = FREE, 0
        if t.state not in (TENTATIVE, CONFIRMED):
            continue
        ahead_s = (now_ns - t.time_ns) * 1e-9
        t.point[0], t.point[1], t.point[2] = point_at(
            t, t.mean[0] + ahead_s * t.mean[2], t.mean[1] + ahead_s * t.mean[3])
        t.area = area_of(t, settings)
        own = settings[t.area]
        renew(t, now_ns, settings)
        slowest_ns = SILENCE_LEAST_NS
        for s in range(sensors.shape[0]):
            sensor = sensors[s]
            if looks[i, s, SEEN] != NEVER:
                slowest_ns = max(slowest_ns, sensor.period_ns)
            waited_ns = now_ns - looks[i, s, LOOK]
            if sensor.form == POLAR and waited_ns >= (1 + own.look_slack) * sensor.period_ns:
                missed = _miss(t, s, looks[i, s, LOOK] + sensor.period_ns, sensor, own, learned,
                               now_ns)
                looks[i, s, LOOK] = looks[i, s, LOOK] + sensor.period_ns if missed else now_ns
        if _is_over(t, slowest_ns, own, now_ns, ahead_s):
            count_false(t, learned)
            drop(t, now_ns)
    for s in range(sensors.shape[0]):
        if ends_scan(s, sensors[s], learned, now_ns):
            lay_map(s, 0, sensors[s], learned)
            lay_map(s, 1, sensors[s], learned)
            learn_misses(s, learned)
    sort_out(tracks, sensors, looks, grid.filed, now_ns, counters)
    common = settings[0]
    lay(tracks, 2 * common.reach_m, grid)
    if now_ns // common.sweep_ns % MERGE_EVERY == 0:
        gate = common.gate
        for row in range(1, settings.shape[0]):
            gate = min(gate, settings[row].gate)
        for i in range(tracks.shape[0]):
            if tracks[i].state == CONFIRMED:
                _merge(tracks, i, sensors, looks, grid, settings[tracks[i].area], gate, now_ns,
                       counters, near)


@inlined
def _miss(t: Track, s: int, due_ns: int, sensor: SensorRow, settings: Settings,
          learned: Learned, now_ns: int) -> bool:
    """A radar that should have reported by now: lower the odds; whether it could have seen."""
    if now_ns - sensor.last_ns > SILENT_PERIODS * sensor.period_ns:
        return False
    chance = miss(t, s, due_ns, sensor, settings, learned) * t.share
    if chance == 0:
        return False
    t.odds += math.log(1 - chance)
    # Only once it is seen again do we know that it was there to be missed.
    t.missed += 1
    return True


@inlined
def _is_over(t: Track, slowest_ns: int, settings: Settings, now_ns: int, ahead_s: float) -> bool:
    """Whether a track is no longer believed, or no longer of use. slowest_ns: the longest period
    of the sensors that saw it."""
    if t.state == TENTATIVE:
        # One that must bring more than others may take as long as it is seen.
        since_ns = t.started_ns if t.rival == NO_RIVAL else t.updated_ns
        return bool(t.odds < TENTATIVE_LOG_ODDS_MIN or now_ns - since_ns > settings.tentative_ns)
    # Silence of as many scans as there were plots, and two: a young track is not kept for long.
    silent_ns = now_ns - t.updated_ns
    if (t.odds < settings.drop or silent_ns > settings.coast_ns
            or silent_ns > (t.hits + TRUSTED_SCANS) * slowest_ns):
        return True
    p = t.spread
    variance = (p[0] + p[4] + ahead_s * (2 * (p[2] + p[6]) + ahead_s * (p[7] + p[9]))) / 2
    return bool(variance > settings.variance_max)


@inlined
def _merge(tracks: Tracks, i: int, sensors: Sensors, looks: I64, grid: Grid,
           settings: Settings, gate: float, now_ns: int, counters: I64, near: I32) -> None:
    """Drop the younger of two confirmed tracks that are one aircraft. The grid is fresh; gate: the
    least of all areas."""
    t, spot = tracks[i], grid.spot
    x, y, z = t.point[0], t.point[1], t.point[2]
    far2 = 1 / (x * x + y * y + z * z)
    # A reach is at least the gate times the largest sigma of position.
    sigmas = max(math.sqrt(settings.merge / gate), 1.0)
    for c in range(fill_near(x, y, z, 2 * settings.reach_m, grid.head.shape[0], near)):
        slot = near[c]
        for at in range(LANES * grid.begin[slot], LANES * grid.begin[slot + 1]):
            j, g = grid.filed[at], at // LANES * GROUP + at % LANES
            dx, dy, dz = x - spot[g + X], y - spot[g + Y], z - spot[g + Z]
            rise, bound = dx * x + dy * y + dz * z, sigmas * (t.reach_m + spot[g + REACH])
            if j == NONE or dx * dx + dy * dy + dz * dz - rise * rise * far2 > bound * bound:
                continue
            other = tracks[j]
            younger = t.started_ns < other.started_ns or (t.started_ns == other.started_ns
                                                          and i < j)
            if (other.state == CONFIRMED and younger
                    and now_ns - other.started_ns >= settings.merge_ns
                    and _are_one(t, other, settings)
                    and not told_apart(looks[i], looks[j], sensors, settings, now_ns)):
                drop(other, now_ns)
                counters[MERGED] += 1


@inlined
def _are_one(t: Track, other: Track, settings: Settings) -> bool:
    """Whether two tracks agree in address, code, height, position and velocity, where known.

    Both were brought to one time; the axes of neighbouring planes differ by far less than the
    doubt.
    """
    if ((t.address_weight > 1 and other.address_weight > 1 and t.address != other.address)
            or (t.code_weight > 1 and other.code_weight > 1 and t.code != other.code)
            or not heights_agree(t, other)):
        return False
    axes, p, q = t.axes, t.spread, other.spread
    dx, dy = other.point[0] - t.point[0], other.point[1] - t.point[1]
    dz = other.point[2] - t.point[2]
    return bool(_distance2(axes[0] * dx + axes[1] * dy + axes[2] * dz,
                       axes[3] * dx + axes[4] * dy + axes[5] * dz,
                       p[0] + q[0], p[1] + q[1], p[4] + q[4]) <= settings.merge
            and _distance2(other.mean[2] - t.mean[2], other.mean[3] - t.mean[3],
                           p[7] + q[7], p[8] + q[8], p[9] + q[9]) <= settings.merge)


@inlined
def _distance2(y0: float, y1: float, s00: float, s01: float, s11: float) -> float:
    """Squared distance in units of a covariance."""
    return float((s11 * y0 * y0 - 2 * s01 * y0 * y1 + s00 * y1 * y1) / (s00 * s11 - s01 * s01))


@inlined
def told_apart(look: I64, other: I64, sensors: Sensors, settings: Settings,
                now_ns: int) -> bool:
    """Whether a radar saw both tracks in its last scan: then they are two."""
    for s in range(sensors.shape[0]):
        scan_ns, a, b = sensors[s].period_ns, look[s, SEEN], other[s, SEEN]
        if (sensors[s].form == POLAR and min(a, b) > now_ns - 2 * scan_ns
                and abs(a - b) < settings.scan_share * scan_ns):
            return True
    return False

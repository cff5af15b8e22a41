"""Windows of steady flight: the plots of one track, from which registration learns.

The plots that the tracker used for good are collected by track until a window is over, its track
turns, or it is full. Then the window says what it knows of the biases of its sensors
(`kernels.registration`), once: no plot is in two windows, so their information adds up.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from jointsky.kernels.geodesy import (
    fill_axes,
    geodetic_of,
    radius_towards,
    sin_elevation,
    slant_to_ecef,
)
from jointsky.kernels.jit import inlined, kernel
from jointsky.kernels.registration import BIASES, NUISANCES, eliminate, explained
from jointsky.model.batch import F64, I64, U8
from jointsky.track.arrays import NONE, POLAR, Plot, Plots, Sensors

# A slot for a window is found by the track's serial; while another track has it, its plots are
# left out: a sample of the sky is enough, and the cost has a limit.
SLOTS, PLOTS_MAX, SENSORS_EACH = 1024, 48, 8
WINDOW_NS, SILENT_NS = 40_000_000_000, 15_000_000_000
PLOTS_MIN, SPAN_S_MIN, STRAIGHT_MIN = 6, 8.0, 0.15
# What is expected of a window beforehand: position and velocity may be anything, acceleration and
# the difference of pressure altitude and height are small.
PRIOR = 1 / np.array([1e5, 1e5, 1e3, 1e3, 0.1, 0.1, 50.0])**2
# Higher up, ranges hang on the height, which pressure altitude does not give to the metre.
ELEVATION_SIN_MAX = 0.35
HEIGHT_OFF_M, HEIGHT_ROUNDS = 75.0, 6
OUTLIER = 16.0
# A window may be worse than chance by so many sigmas of its sum of squares; a sum that is common
# to all (noise misstated) is learned, slowly, from one part in FIT_STEP of each.
WORSE, FIT_STEP, FIT_MAX = 4.0, 0.01, 4.0

# What a sensor's numbers mean: range and azimuth; nothing of its own (bias given); time only
# (reference); east and north.
ROTATING, GIVEN, REFERENCE, PLACE, OUTSIDE = range(5)

# A plot kept for a window.
KEPT = np.dtype([("time_ns", "i8"), ("sensor", "i4"), ("form", "i4"), ("raw", "f8", (2,)),
                 ("point", "f8", (3,)), ("height_m", "f8"), ("sigma_m", "f8")])
# A window: its track, first and last plot, how many.
WINDOW = np.dtype([("serial", "i8"), ("first_ns", "i8"), ("last_ns", "i8"), ("count", "i8")])

Array = npt.NDArray[np.void]


@kernel
def collect(plots: Plots, windows: Array, kept: Array, sensors: Sensors, roles: U8, biases: F64,
            variances: F64, information: F64, towards: F64, tally: I64, fit: F64) -> None:
    """Put plots that were used for good into windows, and take out what full ones know.

    roles (s,), biases, variances (s, 3): what is known of each sensor, see `registration`;
    information (n, n), towards (n,) are added to, number 3 s + c of them is bias c of sensor s;
    tally (s, 3): plots used, windows used, windows refused; fit (1,): mean square of residuals.
    """
    for j in range(plots.shape[0]):
        plot = plots[j]
        s = plot.sensor
        # Only of confirmed tracks: a false plot starts a track, too.
        if plot.number <= 0 or s >= roles.shape[0] or roles[s] == OUTSIDE:
            continue
        at = plot.serial % SLOTS
        window = windows[at]
        mine = window.count > 0 and window.serial == plot.serial
        if window.count > 0 and not mine and plot.time_ns - window.last_ns < SILENT_NS:
            continue
        straight = plot.straight >= STRAIGHT_MIN
        over = (plot.time_ns - window.first_ns > WINDOW_NS or window.count == PLOTS_MAX
                or not straight)
        if window.count > 0 and (over or not mine):
            weigh_window(kept[at][:window.count], sensors, roles, biases, variances, information,
                         towards, tally, fit)
            window.count = 0
        if straight:
            if window.count == 0:
                window.serial, window.first_ns = plot.serial, plot.time_ns
            _keep(kept[at, window.count], plot)
            window.last_ns = plot.time_ns
            window.count += 1


@kernel
def close_old(windows: Array, kept: Array, before_ns: int, sensors: Sensors, roles: U8,
              biases: F64, variances: F64, information: F64, towards: F64, tally: I64,
              fit: F64) -> None:
    """Take out what windows know that began before a time; see `collect`."""
    for at in range(windows.shape[0]):
        window = windows[at]
        if window.count > 0 and window.first_ns < before_ns:
            weigh_window(kept[at][:window.count], sensors, roles, biases, variances, information,
                         towards, tally, fit)
            window.count = 0


@inlined
def _keep(kept: Plot, plot: Plot) -> None:
    kept.time_ns, kept.sensor, kept.form = plot.time_ns, plot.sensor, plot.form
    kept.raw[0], kept.raw[1] = plot.raw[0], plot.raw[1]
    for c in range(3):
        kept.point[c] = plot.point[c]
    kept.height_m, kept.sigma_m = plot.height_m, plot.sigma_m


@kernel
def weigh_window(plots: Array, sensors: Sensors, roles: U8, biases: F64, variances: F64,
                 information: F64, towards: F64, tally: I64, fit: F64) -> None:
    """Add what one window knows to the information about biases; see `collect`."""
    n = plots.shape[0]
    if n < PLOTS_MIN or (plots[n - 1].time_ns - plots[0].time_ns) * 1e-9 < SPAN_S_MIN:
        return
    height, climb, known = _height_line(plots)
    origin, axes = plots[0].point, np.empty(9)
    latitude, longitude, _ = geodetic_of(origin[0], origin[1], origin[2])
    fill_axes(latitude, longitude, axes)
    local = np.full(n, NONE, np.int64)
    whose = np.empty(SENSORS_EACH, np.int64)
    rows = np.zeros((2 * n, 2 + NUISANCES + BIASES))
    count = 0
    for j in range(n):
        s = plots[j].sensor
        if plots[j].form == POLAR and not known:
            continue
        k = 0
        while k < count and whose[k] != s:
            k += 1
        if k == SENSORS_EACH:
            continue
        if _equations(plots[j], plots[0], axes, sensors, roles[s], biases[s], height, climb,
                      rows[2 * j], rows[2 * j + 1]):
            local[j] = k
            if k == count:
                whose[k] = s
                count += 1
    if count < 2:
        return
    _weigh(rows, local, whose[:count], roles, biases, variances, information, towards, tally, fit)


@kernel
def _weigh(rows: F64, local: I64, whose: I64, roles: U8, biases: F64, variances: F64,
           information: F64, towards: F64, tally: I64, fit: F64) -> None:
    """The equations of a window (see `_equations`), less odd ones, into the information."""
    count = whose.shape[0]
    size = BIASES * count
    own, right, guess = np.empty((size, size)), np.empty(size), np.empty(NUISANCES)
    residual, nuisance, bias, sensor = _chosen(rows, local)
    if eliminate(residual, nuisance, bias, sensor, PRIOR, own, right, guess) < 0:
        return
    # With a first velocity the equations know what time means; and odd plots show.
    for j in range(local.shape[0]):
        if local[j] == NONE:
            continue
        s = whose[local[j]]
        worst = 0.0
        for row in rows[2 * j:2 * j + 2]:
            speed, off, spread = 0.0, row[0], 1.0
            for c in range(NUISANCES):
                off -= row[2 + c] * guess[c]
            for c in range(2):
                speed += row[2 + c] * (guess[2 + c] + row[1] * guess[4 + c])
            # A stamp too late by b shows where the aircraft was b earlier.
            row[2 + NUISANCES + 2] = -speed if roles[s] != GIVEN else 0.0
            row[0] += speed * biases[s, 2]
            off += speed * biases[s, 2]
            for c in range(BIASES):
                spread += row[2 + NUISANCES + c]**2 * variances[s, c]
            worst = max(worst, off * off / spread)
        if worst > OUTLIER * fit[0]:
            local[j] = NONE
    residual, nuisance, bias, sensor = _chosen(rows, local)
    free = residual.shape[0] - 4
    squares = eliminate(residual, nuisance, bias, sensor, PRIOR, own, right, guess)
    if free < 2 * PLOTS_MIN - 4 or squares < 0:
        return
    variance = np.empty(size)
    for k in range(count):
        for c in range(BIASES):
            variance[BIASES * k + c] = variances[whose[k], c]
    ratio = max(squares - explained(own, right, variance), 0.0) / free
    fit[0] += FIT_STEP * (min(ratio, FIT_MAX * fit[0]) - fit[0])
    good = ratio <= fit[0] * (1 + WORSE * math.sqrt(2 / free))
    for k in range(count):
        tally[whose[k], 1 if good else 2] += 1
    if good:
        for j in range(local.shape[0]):
            if local[j] != NONE:
                tally[whose[local[j]], 0] += 1
        _add(own, right, whose, biases, 1 / max(fit[0], 1.0), information, towards)


@inlined
def _add(own: F64, right: F64, whose: I64, biases: F64, weight: float, information: F64,
         towards: F64) -> None:
    """A window's normal equations, about what biases taken off leave, into those of biases."""
    for a in range(own.shape[0]):
        i = BIASES * whose[a // BIASES] + a % BIASES
        towards[i] += weight * right[a]
        for b in range(own.shape[0]):
            s, c = whose[b // BIASES], b % BIASES
            towards[i] += weight * own[a, b] * biases[s, c]
            information[i, BIASES * s + c] += weight * own[a, b]


@kernel
def _chosen(rows: F64, local: I64) -> tuple[F64, F64, F64, I64]:
    """Residuals, nuisances, biases and sensors of the equations of plots that have a sensor."""
    n = 0
    for j in range(local.shape[0]):
        n += 2 if local[j] != NONE else 0
    residual, nuisance = np.empty(n), np.empty((n, NUISANCES))
    bias, sensor = np.empty((n, BIASES)), np.empty(n, np.int64)
    at = 0
    for r in range(rows.shape[0]):
        if local[r // 2] != NONE:
            residual[at], sensor[at] = rows[r, 0], local[r // 2]
            # Cell by cell: to assign a slice costs two seconds of compiling, for its message alone.
            for c in range(NUISANCES):
                nuisance[at, c] = rows[r, 2 + c]
            for c in range(BIASES):
                bias[at, c] = rows[r, 2 + NUISANCES + c]
            at += 1
    return residual, nuisance, bias, sensor


@inlined
def _equations(plot: Plot, first: Plot, axes: F64, sensors: Sensors, role: int, biases: F64,
               height: float, climb: float, one: F64, two: F64) -> bool:
    """The two equations of a plot, each in units of its sigma: residual, seconds since the first
    plot, nuisances (east, north, their rates, accelerations, height), biases (that of time is
    filled later). Positions on the plane that touches where the window began; axes (9,) of it."""
    sensor, t = sensors[plot.sensor], (plot.time_ns - first.time_ns) * 1e-9
    origin = first.point
    x, y, z = plot.point[0], plot.point[1], plot.point[2]
    ue, un, tilt, flat = 1.0, 0.0, 0.0, 1.0
    sigma_1 = sigma_2 = plot.sigma_m
    if plot.form == POLAR:
        range_m, azimuth = plot.raw[0] - biases[0], plot.raw[1] - biases[1]
        range_m *= math.exp(0.5 * sensor.sigma_azimuth_rad * sensor.sigma_azimuth_rad)
        radius = radius_towards(sensor.latitude_rad, azimuth)
        if not range_m > 0:
            return False
        sin_el = sin_elevation(range_m, height + climb * t, sensor.height_m, radius)
        x, y, z = slant_to_ecef(range_m, math.sin(azimuth), math.cos(azimuth), sin_el,
                                sensor.origin, sensor.axes)
        lx, ly, lz = x - sensor.origin[0], y - sensor.origin[1], z - sensor.origin[2]
        ue = (axes[0] * lx + axes[1] * ly + axes[2] * lz) / range_m
        un = (axes[3] * lx + axes[4] * ly + axes[5] * lz) / range_m
        cos_el = math.sqrt(ue * ue + un * un)
        up = (axes[6] * lx + axes[7] * ly + axes[8] * lz) / range_m
        if not (cos_el > 0.5 and abs(sin_el) < ELEVATION_SIN_MAX):
            return False
        ue, un, tilt, flat = ue / cos_el, un / cos_el, up / cos_el, range_m * cos_el
        sigma_1, sigma_2 = sensor.sigma_range_m / cos_el, flat * sensor.sigma_azimuth_rad
        if role == ROTATING:
            one[2 + NUISANCES] = 1 / (cos_el * sigma_1)
            two[2 + NUISANCES + 1] = flat / sigma_2
    dx, dy, dz = x - origin[0], y - origin[1], z - origin[2]
    east = axes[0] * dx + axes[1] * dy + axes[2] * dz
    north = axes[3] * dx + axes[4] * dy + axes[5] * dz
    if role == PLACE:
        east, north = east - biases[0], north - biases[1]
        one[2 + NUISANCES], two[2 + NUISANCES + 1] = 1 / sigma_1, 1 / sigma_2
    # Along the line of sight and, clockwise seen from above, across it.
    _fill(one, ue, un, -tilt, sigma_1, t, east, north)
    turn = 1.0 if plot.form == POLAR else -1.0
    _fill(two, turn * un, -turn * ue, 0.0, sigma_2, t, east, north)
    return True


@inlined
def _fill(row: F64, ue: float, un: float, tilt: float, sigma: float, t: float, east: float,
          north: float) -> None:
    """Residual, time and nuisances of an equation in the direction (ue, un)."""
    row[0], row[1] = (ue * east + un * north) / sigma, t
    row[2], row[3] = ue / sigma, un / sigma
    row[4], row[5] = ue * t / sigma, un * t / sigma
    row[6], row[7] = ue * t * t / 2 / sigma, un * t * t / 2 / sigma
    row[8] = tilt / sigma


@kernel
def _height_line(plots: Array) -> tuple[float, float, bool]:
    """Height at the first plot and climb of a window from its Mode C; garbled ones left out.

    False where fewer than two plots agree on it."""
    n = plots.shape[0]
    used = np.empty(n, np.bool_)
    for j in range(n):
        used[j] = not math.isnan(plots[j].height_m)
    height, climb = 0.0, 0.0
    for _ in range(HEIGHT_ROUNDS):
        count, st, sh, stt, sth = 0, 0.0, 0.0, 0.0, 0.0
        for j in range(n):
            if used[j]:
                t = (plots[j].time_ns - plots[0].time_ns) * 1e-9
                count += 1
                st, sh, stt, sth = (st + t, sh + plots[j].height_m, stt + t * t,
                                    sth + t * plots[j].height_m)
        if count < 2:
            return 0.0, 0.0, False
        spread = stt - st * st / count
        climb = (sth - st * sh / count) / spread if spread > 1.0 else 0.0
        height = (sh - climb * st) / count
        worst, odd = HEIGHT_OFF_M, NONE
        for j in range(n):
            if used[j]:
                t = (plots[j].time_ns - plots[0].time_ns) * 1e-9
                off = abs(plots[j].height_m - height - climb * t)
                if off > worst:
                    worst, odd = off, j
        if odd == NONE:
            return height, climb, True
        used[odd] = False
    return 0.0, 0.0, False

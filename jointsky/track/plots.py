"""Plots made ready for tracking: bias off, sines and sensor rows once, bad rows counted."""

from __future__ import annotations

import math

import numpy as np

from jointsky.kernels.geodesy import (
    A_M,
    ecef_of,
    horizon_height,
    radius_towards,
    sin_elevation,
    slant_to_ecef,
)
from jointsky.kernels.jit import inlined, kernel
from jointsky.model.batch import F64, I32, I64, U8, U16, U32, U64
from jointsky.model.schema import PlotBatch, PlotFlag, PlotKind
from jointsky.track.arrays import (
    NONE,
    PLACED,
    PLOT,
    POLAR,
    Plot,
    Plots,
    SensorRow,
    Sensors,
    Settings,
)
from jointsky.track.learned import cell_of
from jointsky.track.screen import (
    BAD_VALUE,
    CLOCK,
    FUTURE,
    LATE,
    NO_POSITION,
    NOT_AIRCRAFT,
    UNKNOWN_SENSOR,
    USED,
    Screen,
    sift,
)

# Reports of the sensor's own test equipment are no aircraft.
EQUIPMENT = int(PlotFlag.TEST | PlotFlag.FIXED_TRANSPONDER)
UNPROVEN, TRACK_KIND = int(PlotFlag.UNPROVEN), int(PlotKind.TRACK)
GARBLED_CODE, GARBLED_HEIGHT = int(PlotFlag.CODE_GARBLED), int(PlotFlag.HEIGHT_GARBLED)
PRIMARY_KIND = int(PlotKind.PSR)
NULLS = ("range_m", "azimuth_rad", "latitude_rad", "longitude_rad", "mode_3a", "mode_c_m",
         "height_m", "icao_address", "callsign", "velocity_east_ms", "velocity_north_ms",
         "sigma_m", "velocity_sigma_ms", "sensor_track")
BITS = np.array([PlotBatch.bit(name) for name in NULLS], np.uint64)
(RANGE, AZIMUTH, LATITUDE, LONGITUDE, CODE, MODE_C, HEIGHT, ADDRESS, CALLSIGN, EAST, NORTH,
 SIGMA, VELOCITY_SIGMA, NUMBER) = range(14)
HEIGHT_MIN_M, HEIGHT_MAX_M = -500.0, 40_000.0
SPEED_MAX_MS = 1500.0
# No better is believed of a reported velocity.
SPEED_SIGMA_MIN_MS = 0.5
SIGMA_MIN_M, SIGMA_MAX_M = 5.0, 100_000.0
AZIMUTH_MAX_RAD = 100.0
ELEVATION_MAX_SIN = 0.75
RANGE_MAX_M = 1_000_000.0
CODE_MAX, ADDRESS_MAX = 0o7777, 0xFFFFFF
# More out of order than this, plots are sorted as a whole.
MOVES_PER_PLOT = 4
# Beyond this a difference of two times has no 64 bits.
TIME_MAX_NS = 1 << 62


def prepare(batch: PlotBatch, row_of: I32, sensors: Sensors, settings: Settings,
            span_ns: tuple[int, int, int], screen: Screen) -> tuple[Plots, Screen]:
    """The usable plots of a batch, ordered (see `in_order`), and the screen, in which the others
    are counted; its `fate` says what became of each row.

    row_of: sensor id -> row (see `sensors.rows_of`); span_ns: no plot may be older than the first,
    nor later than the last; the one between is now.
    """
    n = len(batch)
    plots, rows, fate = np.empty(n, PLOT), np.empty(n, np.int32), np.zeros(n, np.uint8)
    callsign = np.ascontiguousarray(batch.callsign).view(np.uint8).reshape(-1, 8)
    kept = fill(plots, rows, BITS, batch.time_ns, batch.received_ns, batch.present,
                batch.sensor_id, batch.kind, batch.flags, batch.range_m, batch.azimuth_rad,
                batch.latitude_rad, batch.longitude_rad, batch.mode_3a, batch.mode_c_m,
                batch.height_m, batch.icao_address, callsign, batch.velocity_east_ms,
                batch.velocity_north_ms, batch.sigma_m, batch.velocity_sigma_ms,
                batch.sensor_track, row_of, sensors, settings[0], span_ns,
                fate, screen.tally, screen.clock_ns)
    kept = sift(plots, rows[:kept], batch.present, batch.kind, batch.range_m, batch.azimuth_rad,
                batch.latitude_rad, batch.longitude_rad, batch.mode_3a, batch.mode_c_m,
                batch.icao_address, sensors, settings[0], fate, screen.tally, screen.rates,
                screen.heard, screen.spots)
    return in_order(plots[:kept]), screen._replace(fate=fate)


def in_order(plots: Plots) -> Plots:
    """Plots ordered by time and sensor, and of one time of one sensor by place, so that the order
    of arrival means nothing. Takes ownership."""
    if settle(plots, np.empty(1, PLOT)):
        return plots
    point = plots["point"]
    return plots[np.lexsort((point[:, 2], point[:, 1], point[:, 0], plots["sensor"],
                             plots["time_ns"]))]


@kernel
def settle(plots: Plots, spare: Plots) -> bool:
    """Put nearly ordered plots in order, in place, by insertion; whether that was all. spare (1,):
    scratch."""
    n = plots.shape[0]
    moves = 0
    for j in range(1, n):
        k = j
        while k > 0 and _is_before(plots[j], plots[k - 1]):
            k -= 1
        if k < j:
            moves += j - k
            if moves > MOVES_PER_PLOT * n:
                return False
            spare[0] = plots[j]
            for i in range(j, k, -1):
                plots[i] = plots[i - 1]
            plots[k] = spare[0]
    return True


@inlined
def _is_before(a: Plot, b: Plot) -> bool:
    if a.time_ns != b.time_ns:
        return bool(a.time_ns < b.time_ns)
    if a.sensor != b.sensor:
        return bool(a.sensor < b.sensor)
    if a.point[0] != b.point[0]:
        return bool(a.point[0] < b.point[0])
    if a.point[1] != b.point[1]:
        return bool(a.point[1] < b.point[1])
    return bool(a.point[2] < b.point[2])


@kernel
def refit(plots: Plots, sensors: Sensors, settings: Settings) -> None:
    """Lay plots of radars anew, by the biases that the sensor table has now."""
    for j in range(plots.shape[0]):
        plot = plots[j]
        if plot.form == POLAR:
            _fill_polar(plot, sensors[plot.sensor], plot.raw[0], plot.raw[1], settings)


@inlined
def assumed_height(range_m: float, antenna_m: float, height_max_m: float) -> tuple[float, float]:
    """Mean and sigma of a height of which only the slant range is known.

    Even between the radio horizon there (or the ground) and the ceiling or the cone of silence.
    """
    low = horizon_height(range_m, antenna_m, A_M)
    high = min(height_max_m, antenna_m + ELEVATION_MAX_SIN * range_m + low)
    low = min(low, high - 500.0)
    return (low + high) / 2, (high - low) / math.sqrt(12.0)


@kernel
def fill(plots: Plots, rows: I32, bits: U64, time_ns: I64, received_ns: I64, present: U64,
         sensor_id: I32, kind: U8, flags: U16, range_m: F64, azimuth_rad: F64, latitude_rad: F64,
         longitude_rad: F64, mode_3a: U16, mode_c_m: F64, height_m: F64, icao_address: U32,
         callsign: U8, velocity_east_ms: F64, velocity_north_ms: F64, sigma_m: F64,
         velocity_sigma_ms: F64, sensor_track: I32, row_of: I32,
         sensors: Sensors, settings: Settings, span_ns: tuple[int, int, int], fate: U8, tally: I64,
         clock_ns: I64) -> int:
    """Fill `plots`, and `rows` where they stood, from the columns of a `PlotBatch`; returns how
    many are usable. fate: why a row is not; refusals are tallied by sensor."""
    kept = 0
    for i in range(time_ns.shape[0]):
        s = row_of[sensor_id[i]] if 0 <= sensor_id[i] < row_of.shape[0] else NONE
        if s == NONE:
            fate[i] = UNKNOWN_SENSOR
            continue
        plot, sensor, said = plots[kept], sensors[s], present[i]
        why, off_ns = _timely(time_ns[i], received_ns[i], span_ns, settings)
        if flags[i] & EQUIPMENT:
            why = NOT_AIRCRAFT
        if why == USED:
            plot.time_ns, plot.sensor, plot.flags, plot.quiet = time_ns[i], s, flags[i], 0
            if flags[i] & UNPROVEN:
                plot.quiet = 1
            numbered = kind[i] == TRACK_KIND and said & bits[NUMBER]
            plot.source = s << 32 | sensor_track[i] & 0xFFFF if numbered else NONE
            plot.number, plot.cell, plot.density_log = 0, 0, np.nan
            plot.primary = 1 if kind[i] == PRIMARY_KIND else 0
            plot.serial, plot.before, plot.straight = NONE, NONE, np.nan
            height = np.nan
            if said & bits[MODE_C] and not flags[i] & GARBLED_HEIGHT:
                height = mode_c_m[i]
            elif said & bits[HEIGHT]:
                height = height_m[i]
            plot.height_m = height if HEIGHT_MIN_M <= height <= HEIGHT_MAX_M else np.nan
            heard = said & bits[CODE] and not flags[i] & GARBLED_CODE and mode_3a[i] <= CODE_MAX
            plot.code = mode_3a[i] if heard else NONE
            heard = said & bits[ADDRESS] and icao_address[i] <= ADDRESS_MAX
            plot.address = icao_address[i] if heard else NONE
            for c in range(8):
                plot.callsign[c] = callsign[i, c] if said & bits[CALLSIGN] else 0
            moves = (said & bits[EAST] and said & bits[NORTH] and sensor.form == PLACED
                     and abs(velocity_east_ms[i]) < SPEED_MAX_MS
                     and abs(velocity_north_ms[i]) < SPEED_MAX_MS)
            plot.velocity[0] = velocity_east_ms[i] if moves else np.nan
            plot.velocity[1] = velocity_north_ms[i] if moves else np.nan
            sigma = velocity_sigma_ms[i] if said & bits[VELOCITY_SIGMA] else np.nan
            plot.velocity_variance = (sigma * sigma if SPEED_SIGMA_MIN_MS <= sigma < SPEED_MAX_MS
                                      else settings.velocity_variance)
            why = NO_POSITION
            if sensor.form == POLAR:
                if said & bits[RANGE] and said & bits[AZIMUTH]:
                    why = _fill_polar(plot, sensor, range_m[i], azimuth_rad[i], settings)
            elif said & bits[LATITUDE] and said & bits[LONGITUDE]:
                sigma = sigma_m[i] if said & bits[SIGMA] else sensor.sigma_range_m
                why = _fill_placed(plot, latitude_rad[i], longitude_rad[i], sigma, settings)
        fate[i] = why
        if why == USED:
            rows[kept], clock_ns[s] = i, 0
            kept += 1
        else:
            tally[s, why] += 1
            clock_ns[s] = off_ns if why == CLOCK else clock_ns[s]
    return kept


@inlined
def _timely(time_ns: int, received_ns: int, span_ns: tuple[int, int, int],
            settings: Settings) -> tuple[int, int]:
    """What speaks against the time of a report (`USED`: nothing), and how far it is off.

    A clock is judged by reception where that is known, else by now.
    """
    oldest_ns, now_ns, latest_ns = span_ns
    if not (abs(time_ns) < TIME_MAX_NS and abs(received_ns) < TIME_MAX_NS):
        return BAD_VALUE, 0
    off_ns = time_ns - (received_ns if received_ns > 0 else now_ns)
    if ((received_ns > 0 or time_ns > latest_ns or time_ns < oldest_ns)
            and abs(off_ns) > settings.clock_ns):
        return CLOCK, off_ns
    if time_ns > latest_ns:
        return FUTURE, off_ns
    return LATE if time_ns < oldest_ns else USED, off_ns


@inlined
def _fill_polar(plot: Plot, sensor: SensorRow, range_m: float, azimuth_rad: float,
                settings: Settings) -> int:
    plot.raw[0], plot.raw[1] = range_m, azimuth_rad
    range_m -= sensor.range_bias_m
    azimuth = azimuth_rad - sensor.azimuth_bias_rad
    if not (0 < range_m <= RANGE_MAX_M and abs(azimuth) < AZIMUTH_MAX_RAD):
        return BAD_VALUE
    # The mean of a noisy direction falls short of the arc by this (Lerro, Bar-Shalom 1993).
    range_m *= math.exp(0.5 * sensor.sigma_azimuth_rad * sensor.sigma_azimuth_rad)
    plot.form, plot.sigma_m, plot.range_m = POLAR, 0.0, range_m
    plot.sin_az, plot.cos_az = math.sin(azimuth), math.cos(azimuth)
    plot.cell = cell_of(plot.raw[0], azimuth_rad, sensor.max_range_m)
    plot.radius_m = radius_towards(sensor.latitude_rad, azimuth)
    plot.assumed[0], plot.assumed[1] = assumed_height(range_m, sensor.height_m,
                                                      settings.height_max_m)
    height = plot.assumed[0] if math.isnan(plot.height_m) else plot.height_m
    sin_el = sin_elevation(range_m, height, sensor.height_m, plot.radius_m)
    plot.point[0], plot.point[1], plot.point[2] = slant_to_ecef(
        range_m, plot.sin_az, plot.cos_az, sin_el, sensor.origin, sensor.axes)
    return USED


@inlined
def _fill_placed(plot: Plot, latitude_rad: float, longitude_rad: float, sigma_m: float,
                 settings: Settings) -> int:
    if not (abs(latitude_rad) <= math.pi / 2 and abs(longitude_rad) <= 2 * math.pi
            and 0 <= sigma_m < SIGMA_MAX_M):
        return BAD_VALUE
    plot.form, plot.sigma_m = PLACED, max(sigma_m, SIGMA_MIN_M)
    plot.raw[0], plot.raw[1] = latitude_rad, longitude_rad
    plot.range_m, plot.sin_az, plot.cos_az, plot.radius_m = 0.0, 0.0, 0.0, 0.0
    plot.assumed[0], plot.assumed[1] = settings.height_max_m / 2, settings.height_max_m / 4
    height = 0.0 if math.isnan(plot.height_m) else plot.height_m
    plot.point[0], plot.point[1], plot.point[2] = ecef_of(latitude_rad, longitude_rad, height)
    return USED

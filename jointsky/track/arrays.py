"""The tracker's memory: arrays whose rows are records (NumPy structured arrays). Plain data only.

A track's numbers lie side by side, for the compiled roles work on one track at a time; and a
record goes to a function as one pointer, which compiles several times faster than thirty arrays.
Times are UTC ns (int64), lengths m, angles rad; ECEF points and axes as in `kernels.geodesy`.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from jointsky.track.areas import CORNERS_MAX, Area, shape_of
from jointsky.track.tuning import Tuning, within

# An array of records, and one record of it (what numba calls a Record).
Tracks: TypeAlias = npt.NDArray[np.void]
Plots: TypeAlias = npt.NDArray[np.void]
Sensors: TypeAlias = npt.NDArray[np.void]
Track: TypeAlias = Any
Plot: TypeAlias = Any
SensorRow: TypeAlias = Any
Settings: TypeAlias = Any

FREE, TENTATIVE, CONFIRMED, DROPPED = 0, 1, 2, 4
NEVER = -(1 << 62)
NONE = -1

# What a sensor's plots are, and what it sees.
POLAR, PLACED = 0, 1
PRIMARY, SECONDARY, BOTH = 1, 2, 3

# Last plot and last look of each sensor: the third axis of `looks` (tracks, sensors, 2), ns.
SEEN, LOOK = 0, 1

# Places in the counters, an int64 array.
(NEXT_NUMBER, NEXT_SWEEP_NS, DONE_NS, FREE_COUNT, UNKNOWN_SENSOR, CROWDED, STARTED, MERGED,
 OVERFLOW, QUIET, NEXT_SERIAL, LARGE, COUNTERS) = range(13)


def track_type(models: int) -> np.dtype[np.void]:
    """A track. What is asked of every track near a plot stands first, in 64 bytes.

    state FREE..DROPPED; number: system track number, 0 while tentative; serial: which of all
    tracks ever started; area: row of the settings in force where it is; plane: latitude,
    longitude, height where its own tangent plane touches, origin and axes of that plane in ECEF;
    x, p, mu: the IMM at time_ns; mean, spread: its mixture; point: ECEF of it, or where it was at
    the last sweep if that is newer; reach_m, level_m: see `gate`; height, height_p:
    height and climb rate at height_ns (NEVER: no height heard); guess, guess_p at guess_ns: as in
    `kernels.slant` while no height is heard (NEVER: no radar saw it so), guess_sensor: who saw it
    last, guess_other_ns: when another one did; height_odd: heights refused one after the other, -1
    while only one was heard; odds: log odds of existence; share: in how much of the looks due
    radars saw it of late, missed: looks in vain since the last plot; switch_rate: how
    often it changes its way of flying, 1/s; rival: see `ghosts`;
    co_operative: a transponder answered a radar; first_sensor, first_cell: where its first plot
    lies in the map of false plots; sources: bits of the sensors of which anything is in it (see
    `with_source`); code, address: the established ones, weight how
    well, 0 for none.
    """
    return np.dtype([
        ("state", "u1"), ("co_operative", "u1"), ("flags", "u2"), ("area", "i4"),
        ("point", "f8", (3,)), ("reach_m", "f8"), ("level_m", "f8"), ("time_ns", "i8"),
        ("started_ns", "i8"),
        ("number", "i4"), ("hits", "i4"), ("height_odd", "i4"), ("code", "i4"),
        ("code_weight", "i4"), ("address_weight", "i4"), ("missed", "i4"), ("rival", "i4"),
        ("first_sensor", "i4"), ("first_cell", "i4"),
        ("serial", "i8"), ("sources", "u8"), ("source", "i8"), ("address", "i8"),
        ("callsign", "u1", (8,)), ("updated_ns", "i8"),
        ("dropped_ns", "i8"), ("height_ns", "i8"), ("odds", "f8"), ("share", "f8"),
        ("switch_rate", "f8"),
        ("mean", "f8", (4,)), ("spread", "f8", (10,)), ("height", "f8", (2,)),
        ("height_p", "f8", (3,)), ("plane", "f8", (3,)), ("origin", "f8", (3,)),
        ("axes", "f8", (9,)), ("mu", "f8", (models,)), ("x", "f8", (models, 4)),
        ("p", "f8", (models, 10)), ("guess_ns", "i8"),
        ("guess_other_ns", "i8"), ("guess_sensor", "i8"), ("guess", "f8", (5,)),
        ("guess_p", "f8", (5, 5))])


# A plot made ready. sensor: row of the sensor table; form POLAR or PLACED; raw: range and azimuth
# (of a placed plot latitude and longitude) as they came; range without bias,
# sine and cosine of azimuth without bias, radius of the earth that way; point: ECEF at its own or
# an assumed height; height_m (NaN: none), code, address (-1: none); assumed: mean and sigma of
# the height if none is known; velocity east, north (NaN: none); sigma_m of a placed plot;
# primary: 1 if no transponder answered; quiet: 1 if it may not start a track; source: sensor and
# number of the track as which another system reported it (NONE: none); velocity_variance: of each
# component; cell: of the sensor's maps (`learned`); density_log: of false plots there when used.
# Once used, serial: of the track that took it (NONE: of none), number: its system track number by
# then (0: tentative), straight: its probability of straight flight by then; before: whose it was
# when it was used before (see `history`).
PLOT = np.dtype([
    ("time_ns", "i8"), ("sensor", "i4"), ("code", "i4"), ("address", "i8"), ("form", "u1"),
    ("primary", "u1"), ("flags", "u2"), ("number", "i4"), ("callsign", "u1", (8,)),
    ("serial", "i8"), ("before", "i8"), ("quiet", "i8"), ("straight", "f8"), ("raw", "f8", (2,)),
    ("range_m", "f8"), ("sin_az", "f8"), ("cos_az", "f8"), ("radius_m", "f8"),
    ("point", "f8", (3,)), ("source", "i8"), ("velocity_variance", "f8"),
    ("height_m", "f8"), ("assumed", "f8", (2,)),
    ("cell", "i8"), ("density_log", "f8"), ("velocity", "f8", (2,)), ("sigma_m", "f8")])

# A sensor: see `jointsky.model.sensor.Sensor`. sees PRIMARY | SECONDARY; false_per_m2: false
# plots per m2 and scan as configured, [answered, primary]; birth_log: log of new aircraft per m2
# and scan; biases: taken off its plots, sigma_bias: what is not known of them; last_ns: its newest
# plot.
SENSOR = np.dtype([
    ("sensor_id", "i4"), ("form", "u1"), ("sees", "u1"), ("spare", "u2"), ("latitude_rad", "f8"),
    ("height_m", "f8"), ("origin", "f8", (3,)), ("axes", "f8", (9,)), ("period_ns", "i8"),
    ("max_range_m", "f8"), ("sigma_range_m", "f8"), ("sigma_azimuth_rad", "f8"),
    ("p_detection", "f8"), ("false_per_m2", "f8", (2,)), ("birth_log", "f8"),
    ("range_bias_m", "f8"), ("azimuth_bias_rad", "f8"), ("time_bias_s", "f8"),
    ("sigma_bias_range_m", "f8"), ("sigma_bias_azimuth_rad", "f8"), ("last_ns", "i8")])

# `Tuning` as numbers for kernels, in the units of the arrays; models side by side.
NUMBERS = ("turn_max_rad_s", "noise_max", "switch_rate", "gate", "reach_m", "speed_variance",
           "near_penalty", "confirm", "drop", "odds_max", "variance_max", "scan_share",
           "look_slack", "height_noise", "height_variance", "height_max_m", "code_match",
           "code_mismatch", "address_match", "address_mismatch", "garble_height",
           "velocity_variance", "merge", "flood_factor", "flood_least", "flood_most",
           "birth_shift", "floor_m", "ceiling_m", "cos_reach", "joint_sure")
TIMES = ("bucket_ns", "sweep_ns", "coast_ns", "tentative_ns", "merge_ns", "dropped_ns", "clock_ns")


def make_tracks(slots: int, models: int) -> Tracks:
    """Free slots."""
    return np.zeros(slots, track_type(models))


def make_looks(slots: int, sensors: int) -> npt.NDArray[np.int64]:
    """No sensor ever looked: (slots, sensors, 2) ns."""
    return np.full((slots, sensors, 2), NEVER, np.int64)


def settings_of(tuning: Tuning) -> npt.NDArray[np.void]:
    """A tuning in the units of the arrays: a record for everywhere, then one for each area."""
    rows = [_record_of(tuning)]
    for area in tuning.areas:
        other = within(tuning, area)
        row = _record_of(other)
        row["birth_shift"] = np.log(other.births / tuning.births)
        _lay_area(row, area)
        rows.append(row)
    return np.concatenate(rows)


def _lay_area(row: npt.NDArray[np.void], area: Area) -> None:
    corners, centre, cos_reach = shape_of(area)
    row["corners"][0, :len(corners)], row["corners_count"] = corners, len(corners)
    row["centre"], row["cos_reach"] = centre, cos_reach
    row["floor_m"], row["ceiling_m"] = area.floor_m, area.ceiling_m


def _record_of(tuning: Tuning) -> npt.NDArray[np.void]:
    """The settings of one place: one record."""
    models = tuning.models
    count = len(models)
    share = np.array([model.share for model in models])
    turn_rad_s = np.radians([model.turn_deg_s for model in models])

    def log_odds(probability: float) -> float:
        return float(np.log(probability / (1 - probability)))

    values: dict[str, Any] = {
        "turn_rad_s": turn_rad_s, "turn_max_rad_s": np.abs(turn_rad_s).max(),
        "noise": [model.noise for model in models],
        "noise_max": max(model.noise for model in models), "share": share / share.sum(),
        "switch_rate": 1 / tuning.switch_s, "gate": tuning.gate_sigma**2,
        "reach_m": tuning.reach_m, "speed_variance": tuning.speed_sigma_ms**2,
        "near_penalty": tuning.near_penalty, "confirm": log_odds(tuning.confirm),
        "drop": log_odds(tuning.drop), "hits_confirm": tuning.hits_confirm,
        "odds_max": tuning.odds_max, "variance_max": tuning.error_m_max**2,
        "scan_share": tuning.scan_share, "look_slack": tuning.look_slack,
        "height_noise": tuning.height_noise, "height_variance": tuning.sigma_mode_c_m**2,
        "height_max_m": tuning.height_max_m, "code_match": tuning.code_match,
        "code_mismatch": tuning.code_mismatch, "address_match": tuning.address_match,
        "address_mismatch": tuning.address_mismatch, "garble_height": tuning.garble_height,
        "velocity_variance": tuning.sigma_velocity_ms**2, "merge": tuning.merge_sigma**2,
        "flood_factor": tuning.flood_factor, "flood_least": tuning.flood_least,
        "flood_most": tuning.flood_most, "joint_sure": tuning.joint_sure}
    seconds = {"bucket_ns": tuning.bucket_s, "sweep_ns": tuning.sweep_s,
               "coast_ns": tuning.coast_s_max,
               "tentative_ns": tuning.tentative_s_max, "merge_ns": tuning.merge_s_min,
               "dropped_ns": tuning.dropped_s, "clock_ns": tuning.clock_s_max}
    values |= {name: round(value * 1e9) for name, value in seconds.items()}
    record = np.zeros(1, np.dtype([
        *((name, "f8") for name in NUMBERS), *((name, "i8") for name in TIMES),
        ("corners", "f8", (CORNERS_MAX, 3)), ("centre", "f8", (3,)), ("corners_count", "i8"),
        ("hits_confirm", "i8"), ("turn_rad_s", "f8", (count,)), ("noise", "f8", (count,)),
        ("share", "f8", (count,))]))
    for name, value in values.items():
        record[name] = value
    return record

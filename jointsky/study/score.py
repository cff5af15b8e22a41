"""Tracks against truth: GOSPA, OSPA, SIAP and what an operator would notice.

All distances are horizontal (straight between points of the ellipsoid, which within the cut-off of
5 km is the ground distance to a millimetre). Every measure is over the steps after the first 60 s.
Truth that no sensor can see is optional: a track on it is not false, its absence no miss.

Sources: Rahmathullah, Garcia-Fernandez, Svensson, "Generalized optimal sub-pattern assignment
metric", 2017; Schuhmacher, Vo, Vo, "A consistent metric for performance evaluation of multi-object
filters", 2008; Votruba, Nisley, Rothrock, Zombro, "Single Integrated Air Picture (SIAP) metrics
implementation", 2001.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jointsky.codec.trackfile import TrackRows, Truth
from jointsky.kernels.geodesy import geodetic_to_ecef
from jointsky.model.batch import F64, I64, Bool
from jointsky.study.consistency import measure_consistency
from jointsky.study.continuity import Continuity, measure_continuity
from jointsky.study.matching import match, near_pairs

CUTOFF_M = 5_000.0
SETTLING_S = 60.0


@dataclass(frozen=True)
class Score:
    """The measures. Means over steps; NaN where there is nothing to measure.

    gospa_m and its three parts (localisation, missed, false; their squares add up to the square of
    gospa only step by step, so each is given as its own mean); missed, false: aircraft and tracks
    per step; completeness: matched share of truth that can be seen; rms errors over matched pairs:
    position (all, straight, manoeuvring), velocity, height; consistency: see there.
    """

    steps: int
    gospa_m: float
    gospa_localisation_m: float
    gospa_missed_m: float
    gospa_false_m: float
    ospa_m: float
    missed: float
    false: float
    completeness: float
    position_rms_m: float
    position_straight_rms_m: float
    position_manoeuvre_rms_m: float
    velocity_rms_ms: float
    height_rms_m: float
    continuity: Continuity
    consistency: dict[str, float]


def score(truth: Truth, tracks: TrackRows, step_s: float) -> Score:
    """Measure tracks against truth on the output grid of step_s seconds."""
    truth_step, track_step = _grid(truth.time_s, step_s), _grid(tracks.time_s, step_s)
    steps = _settled_steps(truth_step, step_s)
    optional = truth.sensors == 0
    pairs, mate, apart = _match(truth, tracks, step_s)
    matched = mate >= 0
    counted = matched.copy()
    counted[matched] = ~optional[mate[matched]]
    squares = _per_step(steps, track_step[counted], apart[counted] ** 2)
    hits = _per_step(steps, track_step[counted])
    missed = _per_step(steps, truth_step[~optional]) - hits
    false = _per_step(steps, track_step[~matched])
    settled = counted & (tracks.time_s > SETTLING_S)
    row, pair = np.flatnonzero(settled), mate[settled]
    turning = truth.manoeuvring[pair]
    error = apart[row]
    velocity = _velocity_error(truth, tracks, row, pair)
    height = tracks.height_m[row] - truth.height_m[pair]
    half = CUTOFF_M ** 2 / 2
    gospa = np.sqrt(squares + half * (missed + false))
    return Score(
        steps=len(steps), gospa_m=_mean(gospa), gospa_localisation_m=_mean(np.sqrt(squares)),
        gospa_missed_m=_mean(np.sqrt(half * missed)), gospa_false_m=_mean(np.sqrt(half * false)),
        ospa_m=_mean(_ospa(squares, hits, missed, false)),
        missed=_mean(missed), false=_mean(false),
        completeness=float(hits.sum() / max((hits + missed).sum(), 1)),
        position_rms_m=_rms(error), position_straight_rms_m=_rms(error[~turning]),
        position_manoeuvre_rms_m=_rms(error[turning]), velocity_rms_ms=_rms(velocity),
        height_rms_m=_rms(height[np.isfinite(height)]),
        continuity=measure_continuity(truth, tracks, truth_step, track_step, mate, pairs,
                                      step_s, SETTLING_S),
        consistency=measure_consistency(truth, tracks, row, pair, track_step[row]))


@dataclass(frozen=True)
class Paired:
    """Errors of two trackers on the aircraft and steps that both follow, so that neither gains by
    leaving out the hard ones; each (2,), rms: position m straight and manoeuvring, velocity m/s.

    share: of the aircraft-steps that either follows.
    """

    share: float
    straight_rms_m: tuple[float, float]
    manoeuvre_rms_m: tuple[float, float]
    velocity_rms_ms: tuple[float, float]


def score_paired(truth: Truth, ours: TrackRows, theirs: TrackRows, step_s: float) -> Paired:
    """Measure two trackers against truth where both follow it."""
    errors = []
    for tracks in (ours, theirs):
        _, mate, apart = _match(truth, tracks, step_s)
        row = np.flatnonzero((mate >= 0) & (tracks.time_s > SETTLING_S))
        row = row[truth.sensors[mate[row]] > 0]
        both = np.full((2, len(truth.time_s)), np.nan)
        both[0, mate[row]], both[1, mate[row]] = apart[row], _velocity_error(
            truth, tracks, row, mate[row])
        errors.append(both)
    followed = [np.isfinite(position) for position, _ in errors]
    common, any_of = followed[0] & followed[1], followed[0] | followed[1]
    straight, turning = common & ~truth.manoeuvring, common & truth.manoeuvring

    def of(which: int, chosen: Bool) -> tuple[float, float]:
        return _rms(errors[0][which, chosen]), _rms(errors[1][which, chosen])
    return Paired(float(common.sum() / max(any_of.sum(), 1)), of(0, straight), of(0, turning),
                  of(1, common))


def _match(truth: Truth, tracks: TrackRows,
           step_s: float) -> tuple[tuple[I64, I64, F64], I64, F64]:
    """Pairs within the cut-off, and which truth is whose track's and how far off; see there."""
    truth_step, track_step = _grid(truth.time_s, step_s), _grid(tracks.time_s, step_s)
    pairs = near_pairs(truth_step, _ground(truth.latitude_rad, truth.longitude_rad),
                       track_step, _ground(tracks.latitude_rad, tracks.longitude_rad), CUTOFF_M)
    return (pairs, *match(len(track_step), len(truth_step), pairs, truth.sensors == 0, CUTOFF_M))


def _velocity_error(truth: Truth, tracks: TrackRows, row: I64, pair: I64) -> F64:
    return np.asarray(np.hypot(tracks.north_ms[row] - truth.north_ms[pair],
                               tracks.east_ms[row] - truth.east_ms[pair]))


def _ospa(squares: F64, hits: F64, missed: F64, false: F64) -> F64:
    """OSPA of order 2 at each step; of two empty sets it is 0."""
    aircraft, tracks = hits + missed, hits + false
    size = np.maximum(aircraft, tracks)
    value = np.sqrt((squares + CUTOFF_M ** 2 * (size - hits)) / np.maximum(size, 1))
    return np.asarray(value, np.float64)


def _grid(time_s: F64, step_s: float) -> I64:
    return np.rint(time_s / step_s).astype(np.int64)


def _settled_steps(truth_step: I64, step_s: float) -> I64:
    """Every step of the run after the settling time, also those without any aircraft."""
    if not len(truth_step):
        return np.zeros(0, np.int64)
    steps = np.arange(truth_step.min(), truth_step.max() + 1)
    return steps[steps * step_s > SETTLING_S]


def _ground(latitude_rad: F64, longitude_rad: F64) -> F64:
    """Points of the ellipsoid in ECEF m: (n, 3)."""
    return geodetic_to_ecef(latitude_rad, longitude_rad, np.zeros(len(latitude_rad)))


def _per_step(steps: I64, step: I64, weight: F64 | None = None) -> F64:
    """Sums (or counts) of rows by step, for the steps given: (len(steps),) in their order."""
    place = np.searchsorted(steps, step)
    inside = (place < len(steps)) & (steps[np.minimum(place, len(steps) - 1)] == step) \
        if len(steps) else np.zeros(len(step), bool)
    return np.bincount(place[inside], None if weight is None else weight[inside],
                       minlength=len(steps)).astype(np.float64)


def _mean(values: F64) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _rms(values: F64) -> float:
    return float(np.sqrt(np.mean(values ** 2))) if len(values) else float("nan")

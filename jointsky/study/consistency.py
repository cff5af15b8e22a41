"""Whether tracks know how good they are: normalised estimation errors squared (NEES).

The error of a pair in units of the covariance that the track gives, e' inv(P) e, is chi-square of
as many degrees of freedom as e has numbers, if the covariance tells the truth and errors are
Gaussian: 2 for position and for velocity, 4 for both. Above that a track is too sure, below it too
careful. Source: Bar-Shalom, Li, Kirubarajan, "Estimation with Applications to Tracking and
Navigation", 2001, 5.4.

Of several ways of flying a track says one mean and covariance, but its error has longer tails than
a Gaussian: small as long as it guessed right, large at the beginning of a turn. The mean of NEES is
still 2 (or 4) if the covariance is right, but it varies more than chi-square does, so that fewer
steps than 95 % lie within the bounds of chi-square however right the covariance is. So the mean has
bounds of its own, by how it differs from aircraft to aircraft (Liang, Zeger, "Longitudinal data
analysis using generalized linear models", 1986), and steps are also held against bounds with the
variance that NEES really has.
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaincinv, stdtrit

from jointsky.codec.trackfile import TrackRows, Truth
from jointsky.kernels.geodesy import geodetic_to_ecef
from jointsky.model.batch import F64, I64, Bool

TAIL = 0.025
NORMAL = 1.959964  # where a normal variable leaves so much on either side
PARTS = {"position": slice(0, 2), "velocity": slice(2, 4), "state": slice(0, 4)}
# A manoeuvre that began, straight flight that has lasted, a track shown for so long.
ONSET_S, STEADY_S, YOUNG_S = 10.0, 30.0, 60.0
PHASES = {"all": "all flight", "straight": "straight flight", "manoeuvre": "manoeuvres",
          "onset": f"first {ONSET_S:.0f} s of manoeuvres",
          "steady": f"straight for {STEADY_S:.0f} s",
          "young": f"first {YOUNG_S:.0f} s of tracks", "no_height": "height unknown"}
WHATS = ("", "_margin", "_inside", "_steps", "_fair", "_tails", "_common")
MEASURES = tuple(f"nees_{part}_{phase}{what}"
                 for part in PARTS for phase in PHASES for what in WHATS)


def measure_consistency(truth: Truth, tracks: TrackRows, row: I64, pair: I64,
                        step: I64) -> dict[str, float]:
    """MEASURES of pairs: track rows, their truth rows and their steps, all (n,).

    nees_(part)_(phase): the mean; .._margin: half of its own 95 % interval, aircraft taken as
    independent; .._inside: share of pairs within the two-sided 95 % interval of chi-square;
    .._steps: share of steps whose mean lies within the 95 % bounds of the mean of so many
    independent chi-squares, .._fair: of so many independent ones of the variance that these have;
    .._tails: their variance over that of chi-square; .._common: that of the means of steps over
    what independence would make it, above 1 if aircraft err together. NaN without covariance or
    pairs.
    """
    result = dict.fromkeys(MEASURES, float("nan"))
    if tracks.covariance is None or not len(row):
        return result
    error = errors_of(truth, tracks, row, pair)
    covariance = np.empty((len(row), 4, 4))
    upper = np.triu_indices(4)
    covariance[:, upper[0], upper[1]] = tracks.covariance[row]
    covariance[:, upper[1], upper[0]] = tracks.covariance[row]
    chosen = _phases(truth, tracks, row, pair)
    for part, cells in PARTS.items():
        e = error[:, cells]
        nees = np.einsum("ni,ni->n", e, np.linalg.solve(
            covariance[:, cells, cells], e[:, :, None])[:, :, 0])
        for phase, mine in chosen.items():
            if mine.any():
                found = _measure(nees[mine], step[mine], truth.target[pair][mine], e.shape[1])
                result |= {f"nees_{part}_{phase}{what}": value
                           for what, value in zip(WHATS, found, strict=True)}
    return result


def errors_of(truth: Truth, tracks: TrackRows, row: I64, pair: I64) -> F64:
    """Errors east, north m, velocity east, north m/s at the true place: (n, 4)."""
    latitude, longitude = truth.latitude_rad[pair], truth.longitude_rad[pair]
    level = np.zeros(len(row))
    off = (geodetic_to_ecef(tracks.latitude_rad[row], tracks.longitude_rad[row], level)
           - geodetic_to_ecef(latitude, longitude, level))
    sin_lat, cos_lat = np.sin(latitude), np.cos(latitude)
    sin_lon, cos_lon = np.sin(longitude), np.cos(longitude)
    return np.column_stack([
        cos_lon * off[:, 1] - sin_lon * off[:, 0],
        cos_lat * off[:, 2] - sin_lat * (cos_lon * off[:, 0] + sin_lon * off[:, 1]),
        tracks.east_ms[row] - truth.east_ms[pair], tracks.north_ms[row] - truth.north_ms[pair]])


def _phases(truth: Truth, tracks: TrackRows, row: I64, pair: I64) -> dict[str, Bool]:
    """Which pairs (n,) are of which of PHASES."""
    turning, since_s = truth.manoeuvring[pair], _since_change(truth)[pair]
    _, first, number = np.unique(tracks.track_id, return_index=True, return_inverse=True)
    born_s = np.full(len(first), np.inf)
    np.minimum.at(born_s, number, tracks.time_s)
    age_s = (tracks.time_s - born_s[number])[row]
    return dict(zip(PHASES, (
        turning | True, ~turning, turning, turning & (since_s <= ONSET_S),
        ~turning & (since_s >= STEADY_S), age_s < YOUNG_S, np.isnan(tracks.height_m[row])),
        strict=True))


def _since_change(truth: Truth) -> F64:
    """Seconds since the aircraft of each truth row began, or ended, a manoeuvre: since the last row
    before that; since its first row if it did neither."""
    order = np.lexsort((truth.time_s, truth.target))
    target, turning, time_s = (cells[order] for cells in (truth.target, truth.manoeuvring,
                                                          truth.time_s))
    fresh = np.diff(target, prepend=target[:1] - 1) != 0
    changed = ~fresh & (np.diff(turning.astype(np.int64), prepend=0) != 0)
    # The place of the latest change: of it counts the row before.
    last = np.maximum.accumulate(np.where(fresh | changed, np.arange(len(order)), 0))
    since = np.empty(len(order))
    since[order] = time_s - time_s[last - changed[last]]
    return since


def _measure(nees: F64, step: I64, aircraft: I64, numbers: int) -> tuple[float, ...]:
    """WHATS of pairs of one kind, of so many numbers each."""
    mean, n = float(nees.mean()), len(nees)
    _, who = np.unique(aircraft, return_inverse=True)
    clusters = int(who.max()) + 1
    margin = float("nan")
    if clusters > 1:
        off = np.bincount(who, nees - mean)
        error = np.sqrt(clusters / (clusters - 1) * (off @ off)) / n
        margin = float(stdtrit(clusters - 1, 1 - TAIL) * error)
    _, place, count = np.unique(step, return_inverse=True, return_counts=True)
    means = np.bincount(place, nees) / count
    variance = float(nees.var())
    fair = np.abs(means - numbers) <= NORMAL * np.sqrt(variance / count)
    common = (float(np.mean(count * (means - mean) ** 2)) / variance
              if len(count) > 1 and variance > 0 else float("nan"))
    return (mean, margin, float(_within(nees, np.ones(n, np.int64), numbers).mean()),
            float(_within(means, count, numbers).mean()), float(fair.mean()),
            variance / (2 * numbers), common)


def _within(mean: F64, count: I64, numbers: int) -> Bool:
    """Whether means of so many chi-squares lie between their 2.5 and 97.5 % points."""
    half = count * numbers / 2
    low, high = 2 * gammaincinv(half, TAIL) / count, 2 * gammaincinv(half, 1 - TAIL) / count
    return np.asarray((low <= mean) & (mean <= high))

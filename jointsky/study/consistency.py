"""Whether tracks know how good they are: normalised estimation errors squared (NEES).

The error of a pair in units of the covariance that the track gives, e' inv(P) e, is chi-square of
as many degrees of freedom as e has numbers, if the covariance tells the truth: 2 for position and
for velocity, 4 for both. Above that a track is too sure, below it too careful. Source: Bar-Shalom,
Li, Kirubarajan, "Estimation with Applications to Tracking and Navigation", 2001, 5.4.
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaincinv

from jointsky.codec.trackfile import TrackRows, Truth
from jointsky.kernels.geodesy import geodetic_to_ecef
from jointsky.model.batch import F64, I64, Bool

TAIL = 0.025
PARTS = {"position": slice(0, 2), "velocity": slice(2, 4), "state": slice(0, 4)}
FLIGHT = ("all", "straight", "manoeuvre")
UPPER = np.triu_indices(4)
MEASURES = tuple(f"nees_{part}_{when}{what}" for part in PARTS
                 for when in FLIGHT for what in ("", "_inside", "_steps"))


def measure_consistency(truth: Truth, tracks: TrackRows, row: I64, pair: I64,
                        step: I64) -> dict[str, float]:
    """MEASURES of pairs: track rows, their truth rows and their steps, all (n,).

    nees_(part)_(when): the mean; .._inside: share of pairs within the two-sided 95 % interval of
    chi-square; .._steps: share of steps whose mean lies within the 95 % bounds of the mean of so
    many pairs (of pairs that do not depend on each other). NaN without covariance or pairs.
    """
    result = dict.fromkeys(MEASURES, float("nan"))
    if tracks.covariance is None or not len(row):
        return result
    error = errors_of(truth, tracks, row, pair)
    covariance = np.empty((len(row), 4, 4))
    covariance[:, UPPER[0], UPPER[1]] = tracks.covariance[row]
    covariance[:, UPPER[1], UPPER[0]] = tracks.covariance[row]
    turning = truth.manoeuvring[pair]
    for part, cells in PARTS.items():
        e = error[:, cells]
        nees = np.einsum("ni,ni->n", e, np.linalg.solve(
            covariance[:, cells, cells], e[:, :, None])[:, :, 0])
        for when, chosen in zip(FLIGHT, (turning | True, ~turning, turning), strict=True):
            if chosen.any():
                name = f"nees_{part}_{when}"
                result |= _shares(name, nees[chosen], step[chosen], e.shape[1])
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


def _shares(name: str, nees: F64, step: I64, numbers: int) -> dict[str, float]:
    """The mean, and the two shares, of pairs of one kind."""
    _, place, count = np.unique(step, return_inverse=True, return_counts=True)
    mean = np.bincount(place, nees) / count
    one = np.ones(len(nees), np.int64)
    return {name: float(nees.mean()), f"{name}_inside": float(_within(nees, one, numbers).mean()),
            f"{name}_steps": float(_within(mean, count, numbers).mean())}


def _within(mean: F64, count: I64, numbers: int) -> Bool:
    """Whether means of so many chi-squares lie between their 2.5 and 97.5 % points."""
    half = count * numbers / 2
    low, high = 2 * gammaincinv(half, TAIL) / count, 2 * gammaincinv(half, 1 - TAIL) / count
    return np.asarray((low <= mean) & (mean <= high))

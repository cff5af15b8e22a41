"""How well do two sources of positions agree? Measured on aircraft that both report.

One is the reference. Its reports of an aircraft, known by its 24-bit address, are interpolated to
the times of the other's; what is left is the difference of the two at that time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from jointsky.kernels.geodesy import radius_towards
from jointsky.model.batch import F64, I64, Bool
from jointsky.model.clock import NS_PER_S
from jointsky.model.schema import PlotBatch

GAP_S = 3.0


@dataclass(frozen=True)
class Differences:
    """Differences of n pairs, measured less reference.

    row (n,): the plot of the measured source; address (n,): 24-bit; east_m, north_m (n,): in the
    horizontal plane there; along_m (n,): the part of it in the direction of flight of the
    reference, NaN where that stood; speed_ms (n,): of the reference.
    """

    row: I64
    address: I64
    east_m: F64
    north_m: F64
    along_m: F64
    speed_ms: F64

    @property
    def distance_m(self) -> F64:
        """Horizontal distances (n,)."""
        return np.hypot(self.east_m, self.north_m)

    @property
    def across_m(self) -> F64:
        """Size of the part across the direction of flight (n,)."""
        return np.sqrt(np.maximum(self.distance_m**2 - self.along_m**2, 0))

    @property
    def own_delay_s(self) -> F64:
        """For each pair the median over its aircraft of how far the measured source is ahead in
        time, (n,): positive if it is, NaN where the aircraft always stood."""
        found = np.full(len(self.row), np.nan)
        ahead_s = np.divide(self.along_m, self.speed_ms, where=self.speed_ms > 0,
                            out=np.full(len(self.row), np.nan))
        for address in np.unique(self.address).tolist():
            own = np.flatnonzero((self.address == address) & ~np.isnan(ahead_s))
            if len(own):
                found[self.address == address] = np.median(ahead_s[own])
        return found

    def take(self, which: Bool) -> Differences:
        """Some of the pairs, which (n,)."""
        return Differences(**{name: getattr(self, name)[which]
                              for name in Differences.__dataclass_fields__})


def differences(measured: PlotBatch, reference: PlotBatch, gap_s: float = GAP_S) -> Differences:
    """Pairs of reports with address and position, in order of address and time.

    A measured report has a pair if it lies between two reports of the reference at most `gap_s`
    apart. Between these the aircraft is taken to fly straight on.
    """
    rows, others = _usable(measured), _usable(reference)
    addresses = np.intersect1d(measured.icao_address[rows], reference.icao_address[others])
    found = []
    for address in addresses.tolist():
        own = rows[measured.icao_address[rows] == address]
        known = others[reference.icao_address[others] == address]
        # Of reports of one time the first counts.
        known = known[np.diff(reference.time_ns[known], prepend=-1) > 0]
        found.append(_of_one(measured, own, reference, known, gap_s))
    return Differences(**{
        name: np.concatenate([np.empty(0, np.int64 if name in ("row", "address") else np.float64),
                              *(getattr(one, name) for one in found)])
        for name in Differences.__dataclass_fields__})


def _usable(plots: PlotBatch) -> I64:
    """Rows with address and position, in order of time."""
    rows = np.flatnonzero(plots.has("icao_address") & plots.has("latitude_rad")
                          & plots.has("longitude_rad"))
    return rows[np.argsort(plots.time_ns[rows], kind="stable")]


def _of_one(measured: PlotBatch, own: I64, reference: PlotBatch, known: I64,
            gap_s: float) -> Differences:
    """Pairs of one aircraft; its rows of both, in order of time."""
    after = np.searchsorted(reference.time_ns[known], measured.time_ns[own], side="right")
    inside = (after > 0) & (after < len(known))
    own, after = own[inside], after[inside]
    left, right = known[after - 1], known[after]
    step_s = (reference.time_ns[right] - reference.time_ns[left]) / NS_PER_S
    near = step_s <= gap_s
    own, left, right, step_s = own[near], left[near], right[near], step_s[near]
    part = (measured.time_ns[own] - reference.time_ns[left]) / NS_PER_S / step_s
    from_m = _offset_m(reference, left, measured, own)
    to_m = _offset_m(reference, right, measured, own)
    flown = to_m - from_m
    offset = -(from_m + part * flown)
    length = np.hypot(*flown)
    along = np.divide((offset * flown).sum(0), length, where=length > 0,
                      out=np.full(len(own), np.nan))
    return Differences(own, measured.icao_address[own].astype(np.int64), offset[0], offset[1],
                       along, length / step_s)


def _offset_m(there: PlotBatch, rows: I64, origin: PlotBatch, own: I64) -> F64:
    """East and north (2, n) of reports, seen from others close by."""
    latitude = origin.latitude_rad[own]
    meridian, across = _radii(latitude)
    turn = there.longitude_rad[rows] - origin.longitude_rad[own]
    turn = (turn + math.pi) % (2 * math.pi) - math.pi
    return np.stack([turn * across * np.cos(latitude),
                     (there.latitude_rad[rows] - latitude) * meridian])


def _radii(latitude_rad: F64) -> tuple[F64, F64]:
    """Radii of curvature of the ellipsoid, along the meridian and across it, m."""
    ways = [np.array([radius_towards(one, azimuth) for one in latitude_rad.tolist()])
            for azimuth in (0.0, math.pi / 2)]
    return ways[0], ways[1]


def corrected(plots: PlotBatch, east_m: float, north_m: float, time_s: float) -> PlotBatch:
    """Positions and times with biases (measured minus true) taken off."""
    meridian, across = _radii(plots.latitude_rad)
    return replace(
        plots, time_ns=plots.time_ns - round(time_s * NS_PER_S),
        latitude_rad=plots.latitude_rad - north_m / meridian,
        longitude_rad=plots.longitude_rad - east_m / (across * np.cos(plots.latitude_rad)))

"""Tuning areas: where other settings are in force than elsewhere. Data only.

A track has the settings of the last area of the list that it is in; it is looked up when a track
starts and at every sweep. What is of no single track (buckets, sweeps, the grid, the screen) is the
same everywhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from jointsky.model.batch import F64

# Room in the settings, which have one size so that kernels are compiled once.
AREAS_MAX, CORNERS_MAX = 32, 64
# An area must fit into a cap of this radius: it is smaller than a hemisphere.
REACH_MAX_RAD = math.radians(80.0)
EARTH_M = 6_371_000.0
# Settings that belong to a track, and so may differ from place to place.
OF_A_TRACK = frozenset({
    "gate_sigma", "speed_sigma_ms", "births", "near_penalty", "confirm", "drop", "hits_confirm",
    "odds_max", "coast_s_max", "error_m_max", "tentative_s_max", "look_slack",
    "height_noise", "sigma_mode_c_m",
    "code_match", "code_mismatch", "address_match", "address_mismatch", "garble_height",
    "sigma_velocity_ms", "merge_sigma", "merge_s_min"})


@dataclass(frozen=True, slots=True)
class Area:
    """One area: a polygon of corners (latitude, longitude rad), else a circle around centre.

    radius_m: of the circle, on a sphere; floor_m, ceiling_m: heights between which it counts, for
    tracks whose height is known; changes: (name, value) of the settings that are other in it.
    """

    name: str
    corners: tuple[tuple[float, float], ...] = ()
    centre: tuple[float, float] = (0.0, 0.0)
    radius_m: float = 0.0
    floor_m: float = -math.inf
    ceiling_m: float = math.inf
    changes: tuple[tuple[str, float], ...] = ()


def unit_vectors(latitude_rad: F64, longitude_rad: F64) -> F64:
    """Unit vectors (n, 3) of places (n,)."""
    return np.stack([np.cos(latitude_rad) * np.cos(longitude_rad),
                     np.cos(latitude_rad) * np.sin(longitude_rad), np.sin(latitude_rad)], -1)


def shape_of(area: Area) -> tuple[F64, F64, float]:
    """Corners (k, 3), centre (3,), cosine of the reach of an area; NaN centre if it has none."""
    if not area.corners:
        centre = unit_vectors(np.array(area.centre[0]), np.array(area.centre[1]))
        return np.zeros((0, 3)), centre, math.cos(area.radius_m / EARTH_M)
    places = np.array(area.corners)
    corners = unit_vectors(places[:, 0], places[:, 1])
    middle = corners.sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = middle / np.linalg.norm(middle)
    # A cap smaller than a hemisphere holds the great circle between any two of its places.
    return corners, centre, float((corners @ centre).min()) - 1e-12

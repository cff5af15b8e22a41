"""Areas as the egress verifier sees them: how far inside or outside of one a position is.

Written for the verifier alone, from the text of the rules: great-circle edges become straight lines
in the plane that touches the sphere in the middle of the polygon, distances to arcs come from the
arc's own axes. Nothing here is shared with what decides on releases, so that a fault in either
shows as a disagreement.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jointsky.model.batch import F64, Bool

SPHERE_M = 6_371_008.8
# Polygons fit into a cap of 80 degrees; a little more, for rounding.
CAP_COSINE = math.cos(math.radians(80.5))
NEVER_M = 4 * SPHERE_M


@dataclass(frozen=True)
class Box:
    """Between two parallels and two meridians, radians; the width runs eastwards from west."""

    south: float
    north: float
    west: float
    width: float

    def contains(self, latitude: F64, longitude: F64) -> Bool:
        """Which positions (n,) lie in it or on its edges."""
        inside: Bool = self.clearance_m(latitude, longitude) >= 0
        return inside

    def clearance_m(self, latitude: F64, longitude: F64) -> F64:
        """Metres to the nearest edge, negative outside: (n,)."""
        east_of_west = np.mod(longitude - self.west, 2 * math.pi)
        # On the western edge, rounding may give a whole turn instead of none.
        beyond = np.minimum(east_of_west - self.width, 2 * math.pi - east_of_west)
        sideways = np.where(east_of_west <= self.width,
                            np.minimum(east_of_west, self.width - east_of_west), -beyond)
        upright = np.minimum(latitude - self.south, self.north - latitude)
        metres: F64 = SPHERE_M * np.minimum(upright, sideways * np.cos(latitude))
        return metres


@dataclass(frozen=True)
class Circle:
    """Within a distance of a place: radians and metres."""

    latitude: float
    longitude: float
    radius_m: float

    def contains(self, latitude: F64, longitude: F64) -> Bool:
        """Which positions (n,) lie in it."""
        inside: Bool = self.clearance_m(latitude, longitude) >= 0
        return inside

    def clearance_m(self, latitude: F64, longitude: F64) -> F64:
        """Metres to its edge, negative outside: (n,)."""
        return self.radius_m - distance_m(latitude, longitude, np.float64(self.latitude),
                                          np.float64(self.longitude))


@dataclass(frozen=True)
class Corridor:
    """Within a distance of great circles from place to place: unit vectors (n, 3) and metres."""

    line: F64
    width_m: float

    def contains(self, latitude: F64, longitude: F64) -> Bool:
        """Which positions (n,) lie in it."""
        inside: Bool = self.clearance_m(latitude, longitude) >= 0
        return inside

    def clearance_m(self, latitude: F64, longitude: F64) -> F64:
        """Metres to its edge, negative outside: (n,)."""
        return self.width_m - _to_arcs_m(vectors(latitude, longitude), self.line[:-1],
                                         self.line[1:])


@dataclass(frozen=True)
class Polygon:
    """Within great circles from corner to corner: unit vectors (n, 3), each once; the axes of its
    middle (3, 3): east, north, up; the corners in the plane that touches there (n, 2)."""

    corners: F64
    axes: F64
    flat: F64

    def contains(self, latitude: F64, longitude: F64) -> Bool:
        """Which positions (n,) lie in it; on an edge, either. A line from the place eastwards
        crosses the outline an odd number of times."""
        east, north, up = self.axes @ vectors(latitude, longitude).T
        inside: Bool = up > CAP_COSINE
        x, y = east[inside] / up[inside], north[inside] / up[inside]
        odd = np.zeros(len(x), bool)
        ends = np.roll(self.flat, -1, 0)
        for (from_x, from_y), (to_x, to_y) in zip(self.flat.tolist(), ends.tolist(), strict=True):
            if from_y != to_y:
                slope = (to_x - from_x) / (to_y - from_y)
                odd ^= ((y >= from_y) != (y >= to_y)) & (x < from_x + (y - from_y) * slope)
        inside[inside] = odd
        return inside

    def clearance_m(self, latitude: F64, longitude: F64) -> F64:
        """Metres to the nearest edge, negative outside: (n,)."""
        away = _to_arcs_m(vectors(latitude, longitude), self.corners,
                          np.roll(self.corners, -1, 0))
        return np.where(self.contains(latitude, longitude), away, -away)


Place = Box | Circle | Corridor | Polygon


def read_place(shape: Mapping[str, Any]) -> Place:
    """A place from the `shape` of an area. Raises `ValueError`, `KeyError` or `TypeError`."""
    (kind, form), = shape.items()
    if kind == "polygon":
        return _polygon([_place(corner) for corner in form])
    known = {"box": {"south", "north", "west", "east"}, "circle": {"centre", "radius_km"},
             "corridor": {"line", "width_km"}}[kind]
    if set(form) != known:
        raise ValueError(f"{kind} with {', '.join(sorted(form))}")
    if kind == "box":
        south, north, west, east = (_finite(form[key]) for key in ("south", "north", "west",
                                                                   "east"))
        width = east - west if east > west else east - west + 360
        return Box(math.radians(south), math.radians(north), math.radians(west),
                   math.radians(width))
    if kind == "circle":
        latitude, longitude = _place(form["centre"])
        return Circle(latitude, longitude, 1000 * _finite(form["radius_km"]))
    latitudes, longitudes = np.array([_place(one) for one in form["line"]]).T
    return Corridor(vectors(latitudes, longitudes), 1000 * _finite(form["width_km"]))


def _finite(value: Any) -> float:
    number = float(value)
    if isinstance(value, bool) or not math.isfinite(number):
        raise ValueError(f"{value!r} is no number")
    return number


def _place(pair: Sequence[Any]) -> tuple[float, float]:
    latitude, longitude = pair
    return math.radians(_finite(latitude)), math.radians(_finite(longitude))


def _polygon(places: list[tuple[float, float]]) -> Polygon:
    if places[0] == places[-1]:
        places = places[:-1]
    corners = vectors(*np.array(places).T)
    up = corners.sum(0)
    up /= np.linalg.norm(up)
    # Any direction that is not that of the middle will do for the first axis.
    east = np.cross(np.eye(3)[np.argmin(np.abs(up))], up)
    east /= np.linalg.norm(east)
    axes = np.stack([east, np.cross(up, east), up])
    turned = corners @ axes.T
    if turned[:, 2].min() <= CAP_COSINE:
        raise ValueError("a polygon larger than a cap of 80 degrees")
    return Polygon(corners, axes, turned[:, :2] / turned[:, 2:])


def vectors(latitude: F64, longitude: F64) -> F64:
    """Unit vectors (n, 3) of positions in radians."""
    return np.stack([np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude),
                     np.sin(latitude)], -1)


def distance_m(latitude: F64, longitude: F64, to_latitude: F64 | np.float64,
               to_longitude: F64 | np.float64) -> F64:
    """Great-circle distance between positions in radians (n,), metres, by haversines."""
    half = (np.sin((to_latitude - latitude) / 2) ** 2
            + np.cos(latitude) * np.cos(to_latitude)
            * np.sin((to_longitude - longitude) / 2) ** 2)
    metres: F64 = 2 * SPHERE_M * np.arcsin(np.sqrt(np.clip(half, 0, 1)))
    return metres


def _to_arcs_m(places: F64, starts: F64, ends: F64) -> F64:
    """Distance of places (n, 3) to the nearest of arcs from starts to ends (k, 3), metres."""
    nearest = np.full(len(places), NEVER_M)
    for start, end in zip(starts, ends, strict=True):
        pole = np.cross(start, end)
        pole /= np.linalg.norm(pole)
        along, across = places @ start, places @ np.cross(pole, start)
        angle = np.arctan2(across, along)  # from start towards end, seen from the pole
        beside = (angle >= 0) & (angle <= math.atan2(float(np.cross(start, end) @ pole),
                                                     float(start @ end)))
        height = np.abs(np.arctan2(places @ pole, np.hypot(along, across)))
        to_ends = 2 * np.arcsin(np.minimum(1, 0.5 * np.minimum(
            np.linalg.norm(places - start, axis=1), np.linalg.norm(places - end, axis=1))))
        nearest = np.minimum(nearest, SPHERE_M * np.where(beside, height, to_ends))
    return nearest

"""Shapes of instruments as the numbers that `jointsky.kernels.regions` works with."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from jointsky.agreement.places import CLOSE, EARTH_M, Box, Circle, Place, Shape, opened, vectors_of
from jointsky.kernels.regions import (
    BOX,
    CIRCLE,
    CORRIDOR,
    POLYGON,
    REGION,
    TURN,
    WIDTH,
    Regions,
    fill_regions,
)
from jointsky.model.batch import F64, U8

# Of a cap that is no narrower than this nothing is left out by it.
EVERYWHERE = -2.0


@dataclass(frozen=True, eq=False)
class Places:
    """Shapes made ready: see `jointsky.kernels.regions` for rows and lines."""

    rows: Regions
    lines: F64

    def holding(self, latitude_rad: F64, longitude_rad: F64) -> U8:
        """Whether positions (n,) are in shapes (k,): 1 or 0, (n, k)."""
        out = np.empty((len(latitude_rad), len(self.rows)), np.uint8)
        fill_regions(latitude_rad, longitude_rad, self.rows, self.lines, out)
        return out


def places_of(shapes: list[Shape]) -> Places:
    """Shapes, as read from an instrument, made ready."""
    rows, parts, first = np.zeros(len(shapes), REGION), [np.empty((0, WIDTH))], 0
    for row, shape in zip(rows, shapes, strict=True):
        lines = _lay(row, shape)
        row["first"], row["count"] = first, len(lines)
        first += len(lines)
        parts.append(lines)
    return Places(rows, np.concatenate(parts))


def _lay(row: np.void, shape: Shape) -> F64:
    """Fill the row of a shape; returns its lines."""
    if shape.box is not None:
        return _lay_box(row, shape.box)
    if shape.circle is not None:
        return _lay_circle(row, shape.circle)
    if shape.corridor is not None:
        return _lay_corridor(row, shape.corridor.line, shape.corridor.width_km * 1000)
    assert shape.polygon is not None, "a shape has one form"
    return _lay_polygon(row, shape.polygon)


def _lay_box(row: np.void, box: Box) -> F64:
    row["kind"] = BOX
    row["south"], row["north"] = math.radians(box.south), math.radians(box.north)
    row["west"] = math.radians(box.west)
    row["east"] = math.radians(box.east) + (TURN if box.east < box.west else 0.0)
    return np.empty((0, WIDTH))


def _lay_circle(row: np.void, circle: Circle) -> F64:
    row["kind"], row["cos_reach"] = CIRCLE, EVERYWHERE
    row["centre"] = vectors_of((circle.centre,))[0]
    row["chord2"] = _chord(circle.radius_km * 1000)**2
    return np.empty((0, WIDTH))


def _chord(distance_m: float) -> float:
    return 2 * math.sin(distance_m / EARTH_M / 2)


def _lay_corridor(row: np.void, places: tuple[Place, ...], width_m: float) -> F64:
    ends = vectors_of(places)
    row["kind"], row["chord2"] = CORRIDOR, _chord(width_m)**2
    row["sine"] = math.sin(width_m / EARTH_M)
    centre, cosine = _middle(ends)
    reach = math.acos(min(cosine, 1.0)) + width_m / EARTH_M
    row["centre"] = centre
    # Arcs stay within the cap around their ends as long as that is less than a hemisphere.
    row["cos_reach"] = math.cos(reach) - CLOSE if reach < math.pi / 2 else EVERYWHERE
    lines = np.full((len(ends), WIDTH), np.nan)
    lines[:, :3] = ends
    normals = np.cross(ends[:-1], ends[1:])
    normals /= np.linalg.norm(normals, axis=1)[:, None]
    lines[:-1, 3:6] = normals
    lines[:-1, 6:9] = np.cross(normals, ends[:-1])
    lines[:-1, 9:] = np.cross(ends[1:], normals)
    return lines


def _middle(vectors: F64) -> tuple[F64, float]:
    """The middle of unit vectors, and the cosine of the angle to the furthest of them."""
    middle = vectors.sum(0)
    norm = float(np.linalg.norm(middle))
    if norm < CLOSE:
        return np.array([0.0, 0.0, 1.0]), -1.0
    middle /= norm
    return middle, float((vectors @ middle).min())


def _lay_polygon(row: np.void, places: tuple[Place, ...]) -> F64:
    corners = vectors_of(opened(places))
    centre, cosine = _middle(corners)
    least = np.zeros(3)
    least[np.argmin(np.abs(centre))] = 1.0
    east = np.cross(least, centre)
    east /= np.linalg.norm(east)
    north = np.cross(centre, east)
    row["kind"], row["centre"], row["cos_reach"] = POLYGON, centre, cosine - CLOSE
    row["axes"] = np.concatenate([east, north])
    depth = corners @ centre
    u, v = corners @ east / depth, corners @ north / depth
    after_u, after_v = np.roll(u, -1), np.roll(v, -1)
    rise = after_v - v
    lines = np.zeros((len(corners), WIDTH))
    lines[:, 0], lines[:, 1], lines[:, 2] = u, v, after_v
    # A level edge is never crossed.
    lines[:, 3] = np.divide(after_u - u, rise, out=np.zeros(len(u)), where=rise != 0)
    return lines

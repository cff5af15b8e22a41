"""Outlines of shapes for maps: rings of places close enough together that straight lines between
them look like the edges they stand for."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from jointsky.agreement.places import EARTH_M, Box, Circle, Corridor, Shape, opened, vectors_of
from jointsky.model.batch import F64

STEP_RAD = math.radians(0.5)
CIRCLE_STEPS = 90


def outline_of(shape: Shape) -> tuple[F64, float]:
    """Places (n, 2) as (longitude, latitude) in degrees, and 0: a closed ring; or, for a corridor,
    its middle line and its width to each side in m. Longitudes run on beyond 180 degrees rather
    than jump."""
    if shape.corridor is not None:
        return _unwrapped(_line_of(shape.corridor)), shape.corridor.width_km * 1000
    if shape.box is not None:
        return _ring_of_box(shape.box), 0.0
    if shape.circle is not None:
        return _unwrapped(_ring_of_circle(shape.circle)), 0.0
    assert shape.polygon is not None
    corners = opened(shape.polygon)
    return _unwrapped(_degrees(_arcs(vectors_of((*corners, corners[0]))))), 0.0


def _line_of(corridor: Corridor) -> F64:
    return _degrees(_arcs(vectors_of(corridor.line)))


def _arcs(ends: F64) -> F64:
    """Unit vectors along the great circles from each end to the next."""
    parts = []
    for a, b in pairwise(ends):
        angle = math.atan2(float(np.linalg.norm(np.cross(a, b))), float(a @ b))
        steps = max(1, math.ceil(angle / STEP_RAD))
        shares = np.arange(steps)[:, None] / steps
        parts.append((np.sin((1 - shares) * angle) * a + np.sin(shares * angle) * b)
                     / math.sin(angle) if angle > 0 else a[None])
    return np.concatenate([*parts, ends[-1:]])


def _ring_of_box(box: Box) -> F64:
    width = (box.east - box.west) % 360 or 360.0
    steps = max(2, math.ceil(math.radians(width) / STEP_RAD) + 1)
    longitude = box.west + np.linspace(0, width, steps)
    south = np.stack([longitude, np.full(steps, box.south)], -1)
    north = np.stack([longitude[::-1], np.full(steps, box.north)], -1)
    return np.concatenate([south, north, south[:1]])


def _ring_of_circle(circle: Circle) -> F64:
    centre = vectors_of((circle.centre,))[0]
    aside = np.cross(centre, np.eye(3)[np.argmin(np.abs(centre))])
    aside /= np.linalg.norm(aside)
    across, reach = np.cross(centre, aside), circle.radius_km * 1000 / EARTH_M
    turn = np.linspace(0, 2 * math.pi, CIRCLE_STEPS + 1)[:, None]
    return _degrees(math.cos(reach) * centre
                    + math.sin(reach) * (np.cos(turn) * aside + np.sin(turn) * across))


def _degrees(vectors: F64) -> F64:
    longitude = np.degrees(np.arctan2(vectors[:, 1], vectors[:, 0]))
    latitude = np.degrees(np.arctan2(vectors[:, 2], np.hypot(vectors[:, 0], vectors[:, 1])))
    return np.stack([longitude, latitude], -1)


def _unwrapped(places: F64) -> F64:
    longitude: F64 = np.unwrap(places[:, 0], period=360.0)
    return np.stack([longitude, places[:, 1]], -1)


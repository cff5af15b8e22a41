"""How large a shape is, and whether one lies in another."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise

import numpy as np

from jointsky.agreement.places import EARTH_M, Place, Shape, opened, vectors_of
from jointsky.model.batch import F64, Bool

# WGS-84: eccentricity, and the radius of the sphere with the ellipsoid's surface.
ECCENTRICITY = 0.0818191908426215
AUTHALIC_M = 6_371_007.180918474
# Places on an outline between two corners, or around a circle, and in all, unless it has more
# corners; how near an edge counts as on it.
STEPS, PLACES_MAX = 33, 400
CLOSE_M = 1.0


@lru_cache(maxsize=4096)
def area_m2(shape: Shape) -> float:
    """Area of a shape on the WGS-84 ellipsoid, m2: exact for boxes, within a millionth for sites,
    within 0.1 % for polygons of a thousand kilometres; a corridor as a strip with round ends."""
    if shape.polygon is not None:
        return _polygon_m2(opened(shape.polygon))
    if shape.box is not None:
        box = shape.box
        width = (box.east - box.west) % 360
        south, north = (math.sin(float(_authalic(np.radians(one)))) for one in (box.south,
                                                                              box.north))
        return AUTHALIC_M ** 2 * math.radians(width) * (north - south)
    if shape.circle is not None:
        return 2 * math.pi * EARTH_M ** 2 * (1 - math.cos(shape.circle.radius_km * 1000 / EARTH_M))
    assert shape.corridor is not None
    line = vectors_of(shape.corridor.line)
    length_m = EARTH_M * float(np.arccos(np.clip((line[1:] * line[:-1]).sum(1), -1, 1)).sum())
    width_m = shape.corridor.width_km * 1000
    return 2 * width_m * length_m + math.pi * width_m ** 2


@lru_cache(maxsize=4096)
def lies_in(inner: Shape, outer: Shape) -> bool:
    """Whether a shape lies in another, to a metre or so: every place of its outline does."""
    if inner == outer:
        return True
    outline = _outline(inner)
    # Most do not, and a few places tell.
    return all(_held(some, outer).all() for some in (outline[::len(outline) // 8 + 1], outline))


def _outline(shape: Shape) -> F64:
    """Places along the edge of a shape, unit vectors (n, 3): its corners and some between them."""
    if shape.polygon is not None:
        corners = vectors_of(opened(shape.polygon))
        return _between(np.vstack([corners, corners[:1]]))
    if shape.box is not None:
        box = shape.box
        part = np.linspace(0, 1, STEPS)
        latitude = box.south + (box.north - box.south) * part
        longitude = box.west + (box.east - box.west) % 360 * part
        sides = [np.stack(np.broadcast_arrays(*side), -1) for side in (
            (latitude, longitude[0]), (latitude, longitude[-1]),
            (latitude[0], longitude), (latitude[-1], longitude))]
        return vectors_of(np.vstack(sides))
    if shape.circle is not None:
        return _ring(vectors_of((shape.circle.centre,)), shape.circle.radius_km * 1000)
    assert shape.corridor is not None
    line = _between(vectors_of(shape.corridor.line))
    return _ring(line, shape.corridor.width_km * 1000)


def _between(ends: F64) -> F64:
    """Places on the arcs from each of ends (n, 3) to the next."""
    steps = int(np.clip(PLACES_MAX // len(ends), 2, STEPS))
    part = np.linspace(0, 1, steps)[:, None]
    found = np.vstack([one * (1 - part) + two * part
                       for one, two in pairwise(ends)])
    return np.asarray(found / np.linalg.norm(found, axis=1)[:, None], np.float64)


def _ring(centres: F64, radius_m: float) -> F64:
    """Places at a distance of each of centres (n, 3), all round."""
    steps = int(np.clip(PLACES_MAX // len(centres), 8, STEPS))
    turn = np.linspace(0, 2 * math.pi, steps, endpoint=False)[:, None]
    found = []
    for centre in centres:
        one = np.cross(centre, np.eye(3)[np.argmin(np.abs(centre))])
        one /= np.linalg.norm(one)
        two = np.cross(centre, one)
        angle = radius_m / EARTH_M
        found.append(math.cos(angle) * centre
                     + math.sin(angle) * (np.cos(turn) * one + np.sin(turn) * two))
    return np.vstack(found)


def _held(points: F64, shape: Shape) -> Bool:
    """Which of points (n, 3) lie in a shape, or within CLOSE_M of it."""
    if shape.box is not None:
        box = shape.box
        slack = math.degrees(CLOSE_M / EARTH_M)
        latitude = np.degrees(np.arcsin(np.clip(points[:, 2], -1, 1)))
        longitude = np.degrees(np.arctan2(points[:, 1], points[:, 0]))
        beyond = (longitude - box.west + slack) % 360
        return ((latitude >= box.south - slack) & (latitude <= box.north + slack)
                & (beyond <= (box.east - box.west) % 360 + 2 * slack))
    if shape.circle is not None:
        away_m = _away_m(points, vectors_of((shape.circle.centre,) * 2))
        return away_m <= shape.circle.radius_km * 1000 + CLOSE_M
    if shape.corridor is not None:
        away_m = _away_m(points, vectors_of(shape.corridor.line))
        return away_m <= shape.corridor.width_km * 1000 + CLOSE_M
    assert shape.polygon is not None
    corners = vectors_of(opened(shape.polygon))
    edge = np.vstack([corners, corners[:1]])
    # Seen from the far side of the earth the edges turn once around as well.
    inside = (np.abs(_turns(points, edge)) > math.pi) & (points @ corners.sum(0) > 0)
    found: Bool = inside | (_away_m(points, edge) <= CLOSE_M)
    return found


def _turns(points: F64, edge: F64) -> F64:
    """Sum of the angles under which points (n, 3) see the arcs of edge (k, 3), rad."""
    sides = np.cross(points[:, None], edge)
    first, second = sides[:, :-1], sides[:, 1:]
    turned = np.arctan2((np.cross(first, second) * points[:, None]).sum(2),
                        (first * second).sum(2))
    return np.asarray(turned.sum(1), np.float64)


def _away_m(points: F64, line: F64) -> F64:
    """Distance of points (n, 3) to the nearest of the arcs of a line (k, 3), m."""
    ends = np.linalg.norm(np.cross(points[:, None], line), axis=2)
    away = np.arctan2(ends, points @ line.T).min(1)
    poles = np.cross(line[:-1], line[1:])
    lengths = np.linalg.norm(poles, axis=1)
    real = lengths > 0  # a circle is a line of one place
    poles = poles[real] / lengths[real, None]
    beside = ((points @ np.cross(poles, line[:-1][real]).T >= 0)
              & (points @ np.cross(line[1:][real], poles).T >= 0))
    across = np.where(beside, np.abs(np.arcsin(np.clip(points @ poles.T, -1, 1))), np.inf)
    return np.asarray(np.minimum(away, across.min(1, initial=np.inf)) * EARTH_M, np.float64)


def _polygon_m2(corners: tuple[Place, ...]) -> float:
    latitude, longitude = np.radians(np.array(corners, np.float64)).T
    half = np.tan(_authalic(latitude) / 2)
    after = np.roll(half, -1)
    step = (np.roll(longitude, -1) - longitude + math.pi) % (2 * math.pi) - math.pi
    excess = 2 * np.arctan2(np.tan(step / 2) * (half + after), 1 + half * after)
    return AUTHALIC_M ** 2 * abs(float(excess.sum()))


def _authalic(latitude: F64 | float) -> F64:
    """Authalic latitude: on the sphere of equal surface, areas are true. Snyder, Map Projections,
    equations 3-11 and 3-12."""
    def q_of(sine: F64) -> F64:
        e = ECCENTRICITY
        found: F64 = (1 - e * e) * (sine / (1 - (e * sine) ** 2)
                                    - np.log((1 - e * sine) / (1 + e * sine)) / (2 * e))
        return found
    sine = np.sin(np.asarray(latitude, np.float64))
    return np.asarray(np.arcsin(np.clip(q_of(sine) / q_of(np.ones(())), -1, 1)), np.float64)

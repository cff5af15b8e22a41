"""Slow twins of regions, from the words of docs/agreements.md: plain Python, no plane anywhere."""

from __future__ import annotations

import math
from itertools import pairwise

from tests.oracles.areas import cross, direction, dot

EARTH_M = 6_371_008.8


def in_box(place, south, north, west, east) -> bool:
    """Degrees all round: going east from the western edge the place comes before the eastern."""
    latitude, longitude = place
    span = (east - west) % 360 or 360.0
    return south <= latitude <= north and (longitude - west) % 360 <= span


def distance_m(a, b) -> float:
    """Great-circle distance of two places in degrees, by haversines."""
    (p, q), (r, s) = (map(math.radians, one) for one in (a, b))
    half = (math.sin((r - p) / 2)**2 + math.cos(p) * math.cos(r) * math.sin((s - q) / 2)**2)
    return 2 * EARTH_M * math.asin(math.sqrt(min(half, 1.0)))


def distance_to_line_m(place, line) -> float:
    """Distance to the nearest arc of a line: to an end, or across where the foot is between."""
    found = min(distance_m(place, end) for end in line)
    p = direction(*map(math.radians, place))
    for one, other in pairwise(line):
        a, b = (direction(*map(math.radians, end)) for end in (one, other))
        normal = cross(a, b)
        size = math.sqrt(dot(normal, normal))
        foot = [x - dot(p, normal) / size * y / size for x, y in zip(p, normal, strict=True)]
        if dot(cross(a, foot), normal) >= 0 and dot(cross(foot, b), normal) >= 0:
            found = min(found, EARTH_M * math.asin(min(abs(dot(p, normal)) / size, 1.0)))
    return found


def turns(place, corners) -> float:
    """How often the outline of a polygon, seen from a place, goes round it; places in degrees.

    The bearing to a point that moves along an edge changes by less than half a turn.
    """
    p = direction(*map(math.radians, place))
    total = 0.0
    vectors = [direction(*map(math.radians, one)) for one in corners]
    for a, b in zip(vectors, vectors[1:] + vectors[:1], strict=True):
        total += math.atan2(dot(p, cross(a, b)), dot(a, b) - dot(p, a) * dot(p, b))
    return total / (2 * math.pi)


def in_polygon(place, corners) -> bool:
    """Whether the outline goes round a place, on the side of the globe where the polygon is."""
    p = direction(*map(math.radians, place))
    middle = [sum(part) for part in zip(*(direction(*map(math.radians, one)) for one in corners),
                                        strict=True)]
    return dot(p, middle) > 0 and round(abs(turns(place, corners))) == 1

"""Slow twin of areas: the gnomonic plane, where great circles are straight; even-odd crossing."""

from __future__ import annotations

import math


def direction(latitude: float, longitude: float) -> tuple[float, float, float]:
    """Unit vector of a place in radians."""
    return (math.cos(latitude) * math.cos(longitude), math.cos(latitude) * math.sin(longitude),
            math.sin(latitude))


def is_inside(place, corners) -> bool:
    """Whether a place (latitude, longitude) lies in a polygon of such places."""
    vectors = [direction(*one) for one in corners]
    middle = [sum(part) for part in zip(*vectors, strict=True)]
    norm = math.sqrt(sum(one * one for one in middle))
    up = [one / norm for one in middle]
    helper = (1.0, 0.0, 0.0) if abs(up[0]) < 0.6 else (0.0, 1.0, 0.0)
    right = cross(helper, up)
    norm = math.sqrt(sum(one * one for one in right))
    right = [one / norm for one in right]
    ahead = cross(up, right)

    def flat(vector):
        depth = dot(vector, up)
        return dot(vector, right) / depth, dot(vector, ahead) / depth

    vector = direction(*place)
    if dot(vector, up) <= 0:
        return False
    x, y = flat(vector)
    points, inside = [flat(one) for one in vectors], False
    for (x0, y0), (x1, y1) in zip(points, points[1:] + points[:1], strict=True):
        if (y0 > y) != (y1 > y) and x < x0 + (y - y0) / (y1 - y0) * (x1 - x0):
            inside = not inside
    return inside


def dot(a, b) -> float:
    return sum(one * other for one, other in zip(a, b, strict=True))


def cross(a, b) -> list[float]:
    return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]

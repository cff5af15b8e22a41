"""Shapes on the globe as an instrument writes them, in degrees; edges of polygons and middle lines
of corridors are great circles of a sphere on which geodetic co-ordinates are taken as they are.

A shape is checked when it is read: a polygon that crosses itself, touches itself or does not fit
into less than a hemisphere is refused. Poles and the date line are nothing special.
"""

from __future__ import annotations

import math
from typing import Annotated, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from jointsky.model.batch import F64, Bool

CORNERS_MAX = 500
EARTH_M = 6_371_008.8
# A polygon fits into a cap of this radius.
REACH_MAX_RAD = math.radians(80.0)
CLOSE = 1e-12
# (latitude, longitude), degrees.
Place = tuple[Annotated[float, Field(ge=-90, le=90)], Annotated[float, Field(ge=-180, le=180)]]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Box(_Form):
    """Between two parallels and two meridians, ends in it; west > east crosses the date line."""

    south: float = Field(ge=-90, le=90)
    north: float = Field(ge=-90, le=90)
    west: float = Field(ge=-180, le=180)
    east: float = Field(ge=-180, le=180)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.north <= self.south:
            raise ValueError(f"north: {self.north:g}, not beyond south {self.south:g}")
        if self.west == self.east:
            raise ValueError("west and east are one meridian")
        return self


class Circle(_Form):
    """Within a distance of a place, on a sphere of the mean radius."""

    centre: Place
    radius_km: float = Field(gt=0, le=8000)


class Corridor(_Form):
    """Within a distance of a line of great circles, such as a border."""

    line: tuple[Place, ...] = Field(min_length=2, max_length=CORNERS_MAX)
    width_km: float = Field(gt=0, le=2000)

    @model_validator(mode="after")
    def _check(self) -> Self:
        ends = vectors_of(self.line)
        steps = (ends[1:] * ends[:-1]).sum(1)
        for at, cosine in enumerate(steps):
            if cosine > 1 - CLOSE or cosine < math.cos(REACH_MAX_RAD):
                raise ValueError(f"line: places {at + 1} and {at + 2} are one, or too far apart")
        return self


class Shape(_Form):
    """One of four forms. width_km of a corridor is to each side."""

    polygon: tuple[Place, ...] | None = Field(default=None, min_length=3, max_length=CORNERS_MAX)
    box: Box | None = None
    circle: Circle | None = None
    corridor: Corridor | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        given = [one for one in (self.polygon, self.box, self.circle, self.corridor)
                 if one is not None]
        if len(given) != 1:
            raise ValueError(f"{len(given)} forms; expected one of polygon, box, circle, corridor")
        if self.polygon is not None and (fault := fault_of_polygon(self.polygon)):
            raise ValueError(f"polygon: {fault}")
        return self


def vectors_of(places: tuple[Place, ...] | F64) -> F64:
    """Unit vectors (n, 3) of places (n, 2) in degrees."""
    latitude, longitude = np.radians(np.array(places, np.float64)).T
    return np.stack([np.cos(latitude) * np.cos(longitude),
                     np.cos(latitude) * np.sin(longitude), np.sin(latitude)], -1)


def fault_of_polygon(places: tuple[Place, ...]) -> str:
    """What is wrong with a polygon, "" for nothing: corners that are one place, edges that cross or
    touch, too large. The first corner may be repeated at the end."""
    corners = vectors_of(opened(places))
    n = len(corners)
    if n < 3:
        return "two corners; expected at least three"
    middle = corners.sum(0)
    norm = float(np.linalg.norm(middle))
    if norm < 1e-9 or (corners @ middle / norm).min() < math.cos(REACH_MAX_RAD):
        return "larger than a cap of 80 degrees; expected it smaller than a hemisphere"
    after = np.roll(corners, -1, 0)
    same = np.flatnonzero(np.linalg.norm(corners - after, axis=1) < CLOSE)
    if len(same):
        return f"corners {same[0] + 1} and {(same[0] + 1) % n + 1} are one place"
    for first in range(n - 1):
        met = np.flatnonzero(_meets(corners[first], after[first], corners[first + 1:],
                                    after[first + 1:]))
        for second in met + first + 1:
            if second not in (first + 1, first - 1 + n):  # neighbours share a corner
                return (f"crosses or touches itself: the edge from corner {first + 1} and that "
                        f"from corner {second + 1}")
    back = np.cross(corners, after)
    ahead = np.roll(back, -1, 0)
    folded = ((np.linalg.norm(np.cross(back, ahead), axis=1) < CLOSE)
              & ((back * ahead).sum(1) < 0))
    if folded.any():
        return f"folds back on itself at corner {(int(np.argmax(folded)) + 1) % n + 1}"
    return "" if abs(_turning(corners)) > CLOSE else "has no inside: its corners are on one line"


def opened(places: tuple[Place, ...]) -> tuple[Place, ...]:
    """Corners of a polygon, each once."""
    return places[:-1] if len(places) > 1 and places[0] == places[-1] else places


def _meets(a: F64, b: F64, c: F64, d: F64) -> Bool:
    """Whether the arc from a to b (3,) has a place in common with each of those from c to d (n, 3),
    all shorter than half a circle."""
    ab, cd = np.cross(a, b), np.cross(c, d)
    sides = np.stack([c @ ab, d @ ab, cd @ a, cd @ b])
    apart: Bool = (sides[0] * sides[1] > 0) | (sides[2] * sides[3] > 0)
    # The circles cross at two places on opposite sides of the earth; both arcs hold the same one.
    crossing: Bool = ~apart & ((c + d) @ (a + b) > 0)
    one_circle: Bool = np.abs(sides).max(0) < CLOSE
    cos_ab, cos_cd = a @ b, (c * d).sum(1)
    overlap: Bool = (((c @ a >= cos_ab) & (c @ b >= cos_ab))
                     | ((d @ a >= cos_ab) & (d @ b >= cos_ab))
                     | ((c @ a >= cos_cd) & (d @ a >= cos_cd)))
    return np.where(one_circle, overlap, crossing)


def _turning(corners: F64) -> float:
    """Twice the signed area that corners enclose in the plane that touches at their middle."""
    middle = corners.sum(0)
    middle /= np.linalg.norm(middle)
    flat = corners / (corners @ middle)[:, None] - middle
    return float((np.cross(flat, np.roll(flat, -1, 0)) @ middle).sum())

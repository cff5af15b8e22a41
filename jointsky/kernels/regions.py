"""Regions on the globe: which positions lie in a box, circle, corridor or polygon.

Made for many positions at once. Geodetic co-ordinates are taken as they are as those of a sphere;
edges of polygons and middle lines of corridors are its great circles. A polygon is looked at on the
plane that touches the sphere at its middle, where great circles are straight lines: its edges are
laid there once, and a position is inside if a ray from it crosses an odd number of them. An edge
counts with its lower end and without its upper one, so that a ray through a corner crosses once.

Whatever is not a number is in no region.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from jointsky.kernels.jit import inlined, kernel

F64 = npt.NDArray[np.float64]
U8 = npt.NDArray[np.uint8]

BOX, CIRCLE, CORRIDOR, POLYGON = range(4)
# Rows of lines of a polygon, of an edge on the plane: where it begins (u, v), v of its end, du/dv.
# Of a corridor: an end, and of the arc from it to the next its normal and the normals of the two
# planes that it ends at, square to it; of the last end the normals are not numbers.
WIDTH = 12
TURN = 2 * math.pi

# kind BOX..POLYGON; first, count: its rows of the lines; centre, cos_reach: a cap around it all;
# east, north: axes of the plane of a polygon. south, north, west, east_rad of a box, east beyond
# west; chord2: squared chord of the radius of a circle or the width of a corridor, sine of that.
REGION = np.dtype([
    ("kind", "i8"), ("first", "i8"), ("count", "i8"), ("cos_reach", "f8"), ("chord2", "f8"),
    ("sine", "f8"), ("south", "f8"), ("north", "f8"), ("west", "f8"), ("east", "f8"),
    ("centre", "f8", (3,)), ("axes", "f8", (6,))])
Regions = npt.NDArray[np.void]


@kernel
def fill_regions(latitude_rad: F64, longitude_rad: F64, regions: Regions, lines: F64,
                 out: U8) -> None:
    """Whether positions (n,) are in regions (k,): 1 or 0 into out (n, k). lines (m, WIDTH)."""
    for i in range(latitude_rad.shape[0]):
        latitude, longitude = latitude_rad[i], longitude_rad[i]
        flat = math.cos(latitude)
        x, y, z = flat * math.cos(longitude), flat * math.sin(longitude), math.sin(latitude)
        for k in range(regions.shape[0]):
            region = regions[k]
            own = lines[region.first:region.first + region.count]
            if region.kind == BOX:
                inside = in_box(latitude, longitude, region.south, region.north, region.west,
                                region.east)
            elif not _along(region.centre, x, y, z) >= region.cos_reach:
                inside = False
            elif region.kind == CIRCLE:
                inside = in_circle(x, y, z, region.centre, region.chord2)
            elif region.kind == CORRIDOR:
                inside = in_corridor(x, y, z, own, region.chord2, region.sine)
            else:
                inside = in_polygon(x, y, z, region.centre, region.axes, own)
            out[i, k] = 1 if inside else 0


@inlined
def _along(axis: F64, x: float, y: float, z: float) -> float:
    return float(axis[0] * x + axis[1] * y + axis[2] * z)


@inlined
def in_box(latitude: float, longitude: float, south: float, north: float, west: float,
           east: float) -> bool:
    """Whether a position is between two parallels and two meridians, west < east < west + 2 pi,
    whichever way its longitude counts."""
    if not south <= latitude <= north:
        return False
    return (west <= longitude <= east or west <= longitude + TURN <= east
            or west <= longitude - TURN <= east)


@inlined
def in_circle(x: float, y: float, z: float, centre: F64, chord2: float) -> bool:
    """Whether a unit vector is so near a centre; chords tell small angles better than cosines."""
    dx, dy, dz = x - centre[0], y - centre[1], z - centre[2]
    return bool(dx * dx + dy * dy + dz * dz <= chord2)


@inlined
def in_corridor(x: float, y: float, z: float, lines: F64, chord2: float, sine: float) -> bool:
    """Whether a unit vector is so near one of the arcs: near an end, or beside the arc, between
    the planes at its ends."""
    for k in range(lines.shape[0]):
        row = lines[k]
        if (in_circle(x, y, z, row[0:3], chord2)
                or (abs(_along(row[3:6], x, y, z)) <= sine and _along(row[6:9], x, y, z) >= 0
                    and _along(row[9:12], x, y, z) >= 0)):
            return True
    return False


@inlined
def in_polygon(x: float, y: float, z: float, centre: F64, axes: F64, lines: F64) -> bool:
    """Whether a unit vector, less than a right angle from the centre, is in a polygon."""
    depth = _along(centre, x, y, z)
    u = (axes[0] * x + axes[1] * y + axes[2] * z) / depth
    v = (axes[3] * x + axes[4] * y + axes[5] * z) / depth
    inside = False
    for k in range(lines.shape[0]):
        v0 = lines[k, 1]
        if (v0 > v) != (lines[k, 2] > v) and u < lines[k, 0] + (v - v0) * lines[k, 3]:
            inside = not inside
    return inside

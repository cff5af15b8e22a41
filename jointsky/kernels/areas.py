"""Areas on the globe: whether a direction from the earth's centre lies inside one.

Corners and places are unit vectors: (cos latitude cos longitude, cos latitude sin longitude, sin
latitude) of geodetic co-ordinates. Edges are great circles of that sphere. No pole, date line or
projection is special. An area is smaller than a hemisphere and lies within a cap around its centre.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from jointsky.kernels.jit import inlined, kernel

F64 = npt.NDArray[np.float64]


@inlined
def is_inside(x: float, y: float, z: float, corners: F64, count: int, centre: F64,
              cos_reach: float) -> bool:
    """Whether a unit vector lies in an area: in the cap around centre (3,) whose radius has the
    cosine cos_reach and, unless count is 0, in the polygon of corners[:count] (k, 3).

    In the polygon if its edges, seen from the place, turn once around it: the sum of the angles
    from each corner to the next is a whole turn, and 0 outside. A point on an edge is either.
    """
    if x * centre[0] + y * centre[1] + z * centre[2] < cos_reach:
        return False
    if count == 0:
        return True
    # Two axes square to the place, beginning with the co-ordinate that it has least of.
    if abs(z) < 0.7:
        norm = math.sqrt(x * x + y * y)
        ux, uy, uz = -y / norm, x / norm, 0.0
    else:
        norm = math.sqrt(y * y + z * z)
        ux, uy, uz = 0.0, -z / norm, y / norm
    vx, vy, vz = y * uz - z * uy, z * ux - x * uz, x * uy - y * ux
    last = corners[count - 1]
    a0 = ux * last[0] + uy * last[1] + uz * last[2]
    a1 = vx * last[0] + vy * last[1] + vz * last[2]
    turned = 0.0
    for k in range(count):
        corner = corners[k]
        b0 = ux * corner[0] + uy * corner[1] + uz * corner[2]
        b1 = vx * corner[0] + vy * corner[1] + vz * corner[2]
        turned += math.atan2(a0 * b1 - a1 * b0, a0 * b0 + a1 * b1)
        a0, a1 = b0, b1
    return abs(turned) > math.pi


@kernel
def fill_inside(places: F64, corners: F64, centre: F64, cos_reach: float, out: F64) -> None:
    """`is_inside` of unit vectors (n, 3): 1 or 0 into out (n,)."""
    for i in range(places.shape[0]):
        out[i] = 1.0 if is_inside(places[i, 0], places[i, 1], places[i, 2], corners,
                                  corners.shape[0], centre, cos_reach) else 0.0

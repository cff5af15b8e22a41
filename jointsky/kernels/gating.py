"""A grid of cubes in space: which tracks are near a point, at a cost that does not grow with them.

Cubes of ECEF space have no poles, no date line and no projection. The table is a hash of lists:
head (h,) holds the first entry of each slot or -1, h a power of two; following (n,) the next one.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from jointsky.kernels.jit import inlined, kernel

F64 = npt.NDArray[np.float64]
I32 = npt.NDArray[np.int32]

NONE = -1


@inlined
def slot_of(ix: int, iy: int, iz: int, slots: int) -> int:
    """The slot of a cube: its three whole numbers, hashed (Teschner et al. 2003)."""
    return ((ix * 73_856_093) ^ (iy * 19_349_663) ^ (iz * 83_492_791)) & (slots - 1)


@inlined
def slot_at(x: float, y: float, z: float, cube_m: float, slots: int) -> int:
    """The slot of the cube around an ECEF point."""
    return slot_of(math.floor(x / cube_m), math.floor(y / cube_m), math.floor(z / cube_m), slots)


@inlined
def insert(i: int, x: float, y: float, z: float, cube_m: float, head: I32, following: I32) -> None:
    """Put entry i, at an ECEF point, into the grid."""
    slot = slot_at(x, y, z, cube_m, head.shape[0])
    following[i] = head[slot]
    head[slot] = i


@inlined
def fill_near(x: float, y: float, z: float, cube_m: float, slots: int, near: I32) -> int:
    """The distinct slots, at most 8, of all cubes within half a cube of a point: near (8,).

    Returns how many.
    """
    jx, jy, jz = x / cube_m - 0.5, y / cube_m - 0.5, z / cube_m - 0.5
    ix, iy, iz = math.floor(jx), math.floor(jy), math.floor(jz)
    found = 0
    for corner in range(8):
        slot = slot_of(ix + (corner & 1), iy + (corner >> 1 & 1), iz + (corner >> 2), slots)
        fresh = True
        for k in range(found):
            if near[k] == slot:
                fresh = False
        if fresh:
            near[found] = slot
            found += 1
    return found


@kernel
def pairs_within(points: F64, others: F64, reach_m: float) -> I32:
    """All pairs (k, 2) of rows of points (n, 3) and others (m, 3) no further apart than reach_m."""
    slots = 16
    while slots < 2 * others.shape[0]:
        slots *= 2
    head, following = np.full(slots, NONE, np.int32), np.empty(others.shape[0], np.int32)
    near, cube_m = np.empty(8, np.int32), 2 * reach_m
    for i in range(others.shape[0] - 1, -1, -1):
        insert(i, others[i, 0], others[i, 1], others[i, 2], cube_m, head, following)
    out, found = np.empty((64, 2), np.int32), 0
    for i in range(points.shape[0]):
        for k in range(fill_near(points[i, 0], points[i, 1], points[i, 2], cube_m, slots, near)):
            j = head[near[k]]
            while j != NONE:
                dx, dy = points[i, 0] - others[j, 0], points[i, 1] - others[j, 1]
                dz = points[i, 2] - others[j, 2]
                if dx * dx + dy * dy + dz * dz <= reach_m * reach_m:
                    if found == out.shape[0]:
                        grown = np.empty((2 * found, 2), np.int32)
                        grown[:found] = out
                        out = grown
                    out[found, 0], out[found, 1] = i, j
                    found += 1
                j = following[j]
    return out[:found]

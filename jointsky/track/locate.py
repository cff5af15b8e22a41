"""Locate: which tuning area a track is in."""

from __future__ import annotations

import math

from jointsky.kernels.areas import is_inside
from jointsky.kernels.geodesy import geodetic_of
from jointsky.kernels.jit import inlined
from jointsky.track.arrays import NEVER, Settings, Track


@inlined
def area_of(t: Track, settings: Settings) -> int:
    """The row of the settings in force where track t is: that of the last area it is in, else
    0."""
    found = 0
    if settings.shape[0] > 1:
        latitude, longitude, _ = geodetic_of(t.point[0], t.point[1], t.point[2])
        x = math.cos(latitude) * math.cos(longitude)
        y = math.cos(latitude) * math.sin(longitude)
        z = math.sin(latitude)
        for row in range(settings.shape[0] - 1, 0, -1):
            area = settings[row]
            level = t.height_ns == NEVER or area.floor_m <= t.height[0] <= area.ceiling_m
            if found == 0 and level and is_inside(x, y, z, area.corners, area.corners_count,
                                                  area.centre, area.cos_reach):
                found = row
    return found

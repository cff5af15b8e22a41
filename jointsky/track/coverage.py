"""Coverage: how likely a sensor sees an aircraft where it is.

Geometry says what may be seen: range, radio horizon, cone of silence, a transponder where one is
needed. What confirmed tracks were seen and missed says the rest (terrain, a blocked sector, a
weak beam): the probability of detection in a cell of range, azimuth and height is the mean of a
beta law whose prior is the geometry at the track's place.
"""

from __future__ import annotations

import math

from jointsky.kernels.geodesy import A_M, horizon_height
from jointsky.kernels.jit import inlined
from jointsky.track.arrays import CONFIRMED, NEVER, SECONDARY, Plot, SensorRow, Settings, Track
from jointsky.track.learned import (
    BAND_TOPS_M,
    BANDS,
    CELLS,
    EXPECTED,
    HITS,
    MISSED,
    Learned,
    cell_of,
)

SIN_CONE = math.sin(math.radians(45))
# How sharp the edges of coverage are known, where nothing better is.
EDGE_RANGE_M = 500.0
EDGE_HEIGHT_M = 100.0
# Below this a look is none.
CHANCE_MIN = 0.02
# Geometry weighs as much as so many looks; a cell remembers at most so many.
PRIOR_LOOKS = 10.0
LOOKS_KEPT = 100.0
# Longer than so many turns unseen, an aircraft was elsewhere.
TURNS_MAX = 10


@inlined
def chance_visible(t: Track, sensor: SensorRow, settings: Settings) -> float:
    """Probability that a track is where a radar could see it, before anything is learned: the
    prior of the map. Terrain belongs here."""
    if sensor.sees == SECONDARY and t.co_operative == 0:
        return 0.0
    point, antenna, axes = t.point, sensor.origin, sensor.axes
    dx, dy, dz = point[0] - antenna[0], point[1] - antenna[1], point[2] - antenna[2]
    range_m = math.sqrt(dx * dx + dy * dy + dz * dz)
    inside = (sensor.max_range_m - range_m) / EDGE_RANGE_M
    if inside < -3:
        return 0.0
    if axes[6] * dx + axes[7] * dy + axes[8] * dz > SIN_CONE * range_m:
        return 0.0
    if t.height_ns == NEVER:
        height, sigma = settings.height_max_m / 2, settings.height_max_m / 4
    else:
        height, sigma = t.height[0], EDGE_HEIGHT_M
    above = (height - horizon_height(range_m, sensor.height_m, A_M)) / sigma
    return 1 / ((1 + math.exp(-1.7 * inside)) * (1 + math.exp(-1.7 * above)))


@inlined
def miss(t: Track, s: int, due_ns: int, sensor: SensorRow, settings: Settings,
         learned: Learned) -> float:
    """Probability that a track which sensor s did not report when it was due would have been
    reported, 0 where it could not.

    The miss is learned if another sensor saw the track about then; one that nobody else can vouch
    for is learned with the next hit, or never, for the aircraft may have gone.
    """
    prior = chance_visible(t, sensor, settings) * sensor.p_detection
    if prior < CHANCE_MIN:
        return 0.0
    point, antenna, axes = t.point, sensor.origin, sensor.axes
    dx, dy, dz = point[0] - antenna[0], point[1] - antenna[1], point[2] - antenna[2]
    azimuth = math.atan2(axes[0] * dx + axes[1] * dy + axes[2] * dz,
                         axes[3] * dx + axes[4] * dy + axes[5] * dz)
    cell = cell_of(math.sqrt(dx * dx + dy * dy + dz * dz), azimuth, sensor.max_range_m)
    seen = learned.seen[s, band_of(t), cell]
    if t.state == CONFIRMED and t.updated_ns > due_ns - sensor.period_ns // 2:
        seen[MISSED] += prior
    chance = prior * (PRIOR_LOOKS + seen[HITS]) / (PRIOR_LOOKS + seen[EXPECTED])
    return float(min(chance, sensor.p_detection))


@inlined
def hit(t: Track, plot: Plot, seen_ns: int, sensor: SensorRow, learned: Learned) -> None:
    """A confirmed track was seen where a radar's plot is; seen_ns: when by this radar before."""
    looks = 1
    if seen_ns >= t.updated_ns:
        turns = (plot.time_ns - seen_ns + sensor.period_ns // 2) // sensor.period_ns
        looks = min(max(turns, 1), TURNS_MAX)
    seen = learned.seen[plot.sensor, band_of(t), plot.cell]
    seen[HITS] += 1
    seen[EXPECTED] += looks * sensor.p_detection


@inlined
def band_of(t: Track) -> int:
    """The height band of a track; the last one if nothing is known of its height."""
    if t.height_ns == NEVER:
        return BANDS - 1
    band = 0
    for top_m in BAND_TOPS_M:
        if t.height[0] > top_m:
            band += 1
    return band


@inlined
def learn_misses(s: int, learned: Learned) -> None:
    """At the end of a scan of sensor s: its misses count from now on, and old looks weigh less.

    Not at once, or a miss would depend on which track was looked at first.
    """
    for band in range(BANDS):
        for cell in range(CELLS):
            seen = learned.seen[s, band, cell]
            seen[EXPECTED] += seen[MISSED]
            seen[MISSED] = 0.0
            if seen[EXPECTED] > LOOKS_KEPT:
                seen[HITS] *= LOOKS_KEPT / seen[EXPECTED]
                seen[EXPECTED] = LOOKS_KEPT

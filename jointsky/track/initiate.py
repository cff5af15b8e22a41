"""Initiate: a plot that no track explains starts a tentative one.

One plot is enough to start: its position, a velocity that may be anything an aircraft flies (or
the one it reports), and the odds of a new aircraft against a false plot of that sensor. The next
plots do the rest: only one within reach of an aircraft's speed raises the odds.
"""

from __future__ import annotations

import math

import numpy as np

from jointsky.kernels.geodesy import geodetic_of
from jointsky.kernels.jit import inlined
from jointsky.model.batch import F64, I64
from jointsky.track.arrays import (
    LOOK,
    NEVER,
    NEXT_SERIAL,
    NONE,
    POLAR,
    SEEN,
    STARTED,
    TENTATIVE,
    Plot,
    SensorRow,
    Settings,
    Track,
    Tracks,
)
from jointsky.track.associate import ON_GROUND
from jointsky.track.clutter import remember_start
from jointsky.track.gate import renew
from jointsky.track.ghosts import NO_RIVAL
from jointsky.track.locate import area_of
from jointsky.track.measure import lay_plane, measure
from jointsky.track.sources import with_source
from jointsky.track.update import CLIMB_VARIANCE, HEARD_ONCE, guess_height

# Spread of the velocity of what reports itself on the ground, each axis: it taxis, or takes off.
GROUND_SPEED_MS = 30.0


@inlined
def initiate(tracks: Tracks, i: int, plot: Plot, by_track: bool, sensor: SensorRow, looks: I64,
             settings: Settings, counters: I64) -> None:
    """Start a track from a plot in free slot i. by_track: it lies by a track of this scan."""
    t, time_ns = tracks[i], plot.time_ns
    x, y, z = plot.point[0], plot.point[1], plot.point[2]
    latitude, longitude, height = geodetic_of(x, y, z)
    lay_plane(t, latitude, longitude, height, x, y, z)
    t.point[0], t.point[1], t.point[2] = x, y, z
    t.state, t.number, t.hits, t.flags = TENTATIVE, 0, 1, plot.flags
    t.serial = counters[NEXT_SERIAL]
    counters[NEXT_SERIAL] += 1
    t.started_ns, t.updated_ns, t.time_ns = time_ns, time_ns, time_ns
    _forget(t)
    if not math.isnan(plot.height_m):
        t.height_ns, t.height[0] = time_ns, plot.height_m
    t.area = area_of(t, settings)
    own = settings[t.area]
    t.odds = sensor.birth_log + own.birth_shift - plot.density_log
    t.odds -= own.near_penalty if by_track else 0.0
    t.co_operative = 1 if plot.primary == 0 and plot.form == POLAR else 0
    t.share, t.missed, t.rival = 1.0, 0, NO_RIVAL
    t.switch_rate = own.switch_rate
    t.height_odd = HEARD_ONCE
    if not math.isnan(plot.height_m):
        t.height_p[0], t.height_p[1], t.height_p[2] = own.height_variance, 0.0, CLIMB_VARIANCE
    t.code, t.code_weight = plot.code, 1 if plot.code >= 0 else 0
    t.source, t.sources = plot.source, with_source(np.uint64(0), plot.sensor)
    t.address, t.address_weight = plot.address, 1 if plot.address >= 0 else 0
    for k in range(8):
        t.callsign[k] = plot.callsign[k]
    for s in range(looks.shape[1]):
        looks[i, s, SEEN], looks[i, s, LOOK] = NEVER, time_ns
    looks[i, plot.sensor, SEEN] = time_ns
    remember_start(t, plot)
    _spread(t, plot, sensor, own)
    if plot.form == POLAR and math.isnan(plot.height_m):
        guess_height(t, plot, sensor, own)
    renew(t, time_ns, settings)
    plot.serial, plot.straight = t.serial, t.mu[0]
    counters[STARTED] += 1


@inlined
def _forget(t: Track) -> None:
    """What a track does not know yet is not what the track before it in this slot knew, so that
    the bytes of a track hang on its own plots alone."""
    t.height_ns, t.guess_ns, t.guess_other_ns, t.dropped_ns = NEVER, NEVER, NEVER, NEVER
    t.guess_sensor = NONE
    t.mean[2], t.mean[3] = 0.0, 0.0
    t.height[0], t.height[1] = 0.0, 0.0
    for k in range(3):
        t.height_p[k] = 0.0
    for k in range(5):
        t.guess[k] = 0.0
        for c in range(5):
            t.guess_p[k, c] = 0.0


@inlined
def _spread(t: Track, plot: Plot, sensor: SensorRow, settings: Settings) -> None:
    """The first state and covariance of every model, and so of their mixture."""
    z0, z1, r00, r01, r11 = measure(t, plot, sensor, settings)
    for m in range(t.mu.shape[0]):
        t.mu[m] = settings.share[m]
        _fill(t.x[m], t.p[m], plot, z0, z1, r00, r01, r11, settings)
    _fill(t.mean, t.spread, plot, z0, z1, r00, r01, r11, settings)


@inlined
def _fill(x: F64, p: F64, plot: Plot, z0: float, z1: float, r00: float, r01: float, r11: float,
          settings: Settings) -> None:
    told = not math.isnan(plot.velocity[0])
    variance = plot.velocity_variance if told else settings.speed_variance
    if plot.flags & ON_GROUND:
        variance = min(variance, GROUND_SPEED_MS * GROUND_SPEED_MS)
    x[0], x[1] = z0, z1
    x[2] = plot.velocity[0] if told else 0.0
    x[3] = plot.velocity[1] if told else 0.0
    p[0], p[1], p[2], p[3], p[4] = r00, r01, 0.0, 0.0, r11
    p[5], p[6], p[7], p[8], p[9] = 0.0, 0.0, variance, 0.0, variance

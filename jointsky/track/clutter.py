"""Clutter: where a sensor's false plots fall, learned on line.

A plot is false when the track that it started is given up before it amounts to something: what
belongs to an aircraft, new or not, is not counted. Each cell holds the false plots of the last
scans, older ones forgotten. Its density is the posterior mean of a gamma law whose prior is the
mean density of the sensor, so that a cell differs from the rest only as far as its own plots say;
the sensor's mean is likewise learned, but never below what is configured, nor a cell below the
mean: a quiet hour proves little, for what false tracks take is not counted. False starts beside
aircraft are no part of the map.
"""

from __future__ import annotations

import math

from jointsky.kernels.jit import inlined
from jointsky.track.arrays import CONFIRMED, Plot, SensorRow, Track
from jointsky.track.learned import CELLS, RINGS, SCANS_KEPT, SECTORS, Learned

# What is configured weighs as much as so many scans.
SCANS_PRIOR = 20.0
# The sensor's mean weighs as much in a cell as so many false plots.
PLOTS_PRIOR = 6.0
# What a cell proves by itself, by so many sigma, needs no prior.
PROVEN_SIGMA = 3.0
# Plots of a confirmed track that was none, at most.
SHORT_LIFE = 10


@inlined
def remember_start(t: Track, plot: Plot) -> None:
    """Keep with a new track where its first plot lies, for the day it proves false."""
    t.first_sensor, t.first_cell = plot.sensor, plot.primary * CELLS + plot.cell


@inlined
def count_false(t: Track, learned: Learned) -> None:
    """A track is given up: its plots were false, as likely as it was no aircraft, or if it was
    confirmed and did not live long."""
    weight = t.hits / (1 + math.exp(t.odds))
    if t.state == CONFIRMED:
        weight = t.hits if t.hits <= SHORT_LIFE else 0.0
    learned.false_count[t.first_sensor, t.first_cell // CELLS, t.first_cell % CELLS] += weight


@inlined
def lay_map(s: int, layer: int, sensor: SensorRow, learned: Learned) -> None:
    """At the end of a scan of sensor s: forget a little, and lay the map of densities anew."""
    count, density_log = learned.false_count[s, layer], learned.density_log[s, layer]
    scans = learned.scans[s]
    total, whole_m2 = 0.0, math.pi * sensor.max_range_m * sensor.max_range_m
    for cell in range(CELLS):
        count[cell] *= 1 - 1 / SCANS_KEPT
        total += count[cell]
    configured = sensor.false_per_m2[layer] * whole_m2
    mean = max((SCANS_PRIOR * configured + total) / (SCANS_PRIOR + scans), configured)
    for cell in range(CELLS):
        # A ring of equal width has an area that grows with its odd number.
        share = (2 * (cell // SECTORS) + 1) / (RINGS * RINGS * SECTORS)
        per_scan = (mean * share * (PLOTS_PRIOR + count[cell])
                    / (PLOTS_PRIOR + total * share))
        proven = (count[cell] - PROVEN_SIGMA * math.sqrt(count[cell])) / scans
        per_scan = max(per_scan, proven, mean * share)
        density_log[cell] = math.log(per_scan / (share * whole_m2))

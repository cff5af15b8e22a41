"""The gate lets through all that the score would take, and keeps most of the rest out."""

from __future__ import annotations

import numpy as np
import pytest

from jointsky.kernels.jit import kernel
from jointsky.model.batch import I64
from jointsky.model.sensor import Sensor, SensorKind
from jointsky.model.world import World
from jointsky.track import tracker
from jointsky.track.arrays import CONFIRMED, TENTATIVE, Plots, Sensors, Settings, Tracks
from jointsky.track.associate import score_of
from jointsky.track.gate import is_out, sine_of
from jointsky.track.grid import Grid, fill_close
from jointsky.track.tuning import Tuning
from tests.track.scenes import BEGIN_NS, S, crowd, radar

ADSB = Sensor(9, "ADS-B", SensorKind.ADSB, 0.0, 0.0, 0.0, 2.0, 0.0, 20.0, 0.0)
SCENES = {
    "far radars": (radar(clutter=8.0), radar(2, 47.4, 9.9, SensorKind.PSR, max_range_m=300_000.0,
                                             clutter=30.0, sigma_azimuth_rad=0.003)),
    "over the antenna": (radar(2, 47.9, 9.1, SensorKind.PSR, max_range_m=120_000.0, clutter=20.0),
                         radar(3, 48.1, 8.9)),
    "ADS-B": (radar(), ADSB),
}


@kernel
def count(tracks: Tracks, plots: Plots, sensors: Sensors, settings: Settings, grid: Grid) -> I64:
    """Pairs of tracks and plots; those let through; taken by the score; taken but kept out; let
    through by the grid; let through and within reach but kept out by the grid."""
    found = np.zeros(6, np.int64)
    close, near = np.zeros(tracks.shape[0], np.int32), np.zeros(8, np.int32)
    is_close, reach_m = np.zeros(tracks.shape[0], np.bool_), settings[0].reach_m
    for k in range(plots.shape[0]):
        plot = plots[k]
        sensor, point = sensors[plot.sensor], plot.point
        sine = sine_of(plot, sensor)
        far2 = point[0] * point[0] + point[1] * point[1] + point[2] * point[2]
        is_close[:] = False
        for c in range(fill_close(plot, sensor, 2 * reach_m, settings[0].gate,
                                  settings[0].height_variance, grid, near, close)):
            is_close[close[c]] = True
        for i in range(tracks.shape[0]):
            t = tracks[i]
            if t.state in (TENTATIVE, CONFIRMED):
                dx, dy, dz = point[0] - t.point[0], point[1] - t.point[1], point[2] - t.point[2]
                rise = dx * point[0] + dy * point[1] + dz * point[2]
                apart2 = dx * dx + dy * dy + dz * dz
                flat2 = apart2 - rise * rise / far2
                out = is_out(t, plot, sensor, sine, flat2, settings[t.area])
                taken = score_of(t, plot, sensor, settings[t.area]) > 0
                found[0] += 1
                found[1] += 0 if out else 1
                found[2] += 1 if taken else 0
                found[3] += 1 if taken and out else 0
                found[4] += 1 if is_close[i] else 0
                reached = apart2 <= reach_m * reach_m and not out
                found[5] += 1 if reached and not is_close[i] else 0
    return found


@pytest.mark.parametrize("name", SCENES)
def test_nothing_is_kept_out_that_the_score_would_take(name: str) -> None:
    sensors, seconds = SCENES[name], 60
    plots = crowd(sensors, 60, float(seconds), seed=len(name))
    state = tracker.start(World.STUDY, 1, sensors, Tuning(late_s_max=0.0))
    found, begin = np.zeros(6, np.int64), 0
    for second in range(1, seconds):
        now_ns = BEGIN_NS + second * S
        end = int(np.searchsorted(plots.time_ns, now_ns, side="right"))
        before = tracker.copy(state)
        state = tracker.advance(state, plots.take(slice(begin, end)), now_ns)
        begin = end
        used = state.settled
        grid = Grid(*(getattr(before, name) for name in Grid._fields))
        found += count(before.tracks, used, before.table, before.settings, grid)
    pairs, through, taken, wrong, close, lost = found.tolist()
    assert taken > 300, "the scene is worth it"
    assert wrong == 0
    assert through < 0.5 * pairs, "the gate keeps something out"
    assert taken < through
    assert lost == 0, "the grid lets through what the gate does"
    assert close < 0.7 * pairs

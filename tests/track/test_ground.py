"""Aircraft on the ground that tell neither code nor address: tracks do not pass to others."""

from __future__ import annotations

import numpy as np
import pytest

from jointsky.model.schema import PlotBatch, PlotFlag
from jointsky.model.sensor import SensorKind
from jointsky.model.world import World
from jointsky.study.purity import track_purity, without_identities
from jointsky.track import tracker
from jointsky.track.tuning import Tuning
from tests.oracles.tracking import SlowTracker
from tests.track.scenes import BEGIN_NS, S, course, join, looks, radar
from tests.track.test_slow_twin import compare

HERE = radar(kind=SensorKind.PSR_SSR, height_m=300.0, sigma_range_m=80.0, sigma_azimuth_rad=0.0016,
             clutter=0.0)
ELEVATION_M = 290.0


def seen(address: int, seconds: np.ndarray, north: float, east_m: np.ndarray | float, *,
         height_m: np.ndarray | float = ELEVATION_M, seed: int = 0) -> PlotBatch:
    """Plots of an aircraft so far east of the meridian of the radar, at a latitude; on the ground
    where it is not higher."""
    east_m, height_m = (np.broadcast_to(one, seconds.shape) for one in (east_m, height_m))
    plots = looks(HERE, *course(north, 9.0, 90.0, 1.0, east_m), height_m, seconds,
                  np.random.default_rng(1000 * address + seed), address=address)
    plots.flags[height_m <= ELEVATION_M] |= np.uint16(PlotFlag.ON_GROUND)
    return plots


def landing(seed: int) -> PlotBatch:
    """One stands beside the runway and is heard at a third of the turns; one takes off 800 m off,
    after some of its run was not seen, and flies."""
    seconds = np.arange(1.0, 200.0, 4.0)
    stands = seconds[(seconds < 20) | (np.arange(len(seconds)) % 3 == 0)]
    runs = seconds[(seconds > 100) & ~((seconds > 108) & (seconds < 126))]
    run_s = np.minimum(runs - 100, 25.0)
    east_m = 1.5 * run_s**2 + 75 * (runs - 100 - run_s)
    return join(seen(1, stands, 48.02, 900.0, seed=seed),
                seen(2, runs + 0.05, 48.027, east_m,
                     height_m=ELEVATION_M + np.maximum(runs - 125, 0) * 10, seed=seed))


def switched_off(seed: int) -> PlotBatch:
    """One is heard now and then and no more; 24 s later another one is heard, 400 m away."""
    return join(seen(1, np.arange(1.0, 60.0, 12.0), 48.02, 300.0, seed=seed),
                seen(2, np.arange(73.0, 130.0, 4.0), 48.02, 700.0, seed=seed))


def overhead(seed: int) -> PlotBatch:
    """One at 10 km flies into the cone of silence of a radar that stands beside an apron, where
    another one is heard for the first time just then."""
    seconds = np.arange(1.0, 120.0, 4.0)
    return join(seen(1, seconds[:20], 48.02, -26_000.0 + 230.0 * seconds[:20], height_m=10_000.0,
                     seed=seed),
                seen(2, seconds[26:] + 0.3, 48.02, 230.0 * (seconds[26] - 113), seed=seed))


@pytest.mark.parametrize("scene", [landing, switched_off, overhead])
def test_a_track_does_not_pass_to_another_aircraft(scene) -> None:
    pure = [track_purity(scene(seed), (HERE,)).purity for seed in range(4)]
    assert np.mean(pure) > 0.99, pure


def test_the_ground_as_the_slow_twin() -> None:
    tuning, now_ns = Tuning(registration_s=0.0), BEGIN_NS + 200 * S
    for scene in (landing, switched_off, overhead):
        plots = without_identities(scene(1))
        state = tracker.advance(tracker.start(World.STUDY, 1, (HERE,), tuning), plots, now_ns)
        slow = SlowTracker((HERE,), tuning)
        slow.run(plots, now_ns)
        compare(state, slow, now_ns)

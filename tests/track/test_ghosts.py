"""Several tracks under one aircraft address: reflections, true doubles, aircraft lost and found."""

from __future__ import annotations

import math

import numpy as np

from jointsky.model.schema import PlotBatch, PlotFlag
from jointsky.model.sensor import Sensor, SensorKind
from jointsky.model.world import World
from jointsky.track import tracker
from jointsky.track.tuning import Tuning
from tests.oracles.tracking import SlowTracker
from tests.track.scenes import BEGIN_NS, S, course, join, looks, radar, say
from tests.track.test_scenes import Flight, numbers_over_time, seen_by, swaps

ADDRESS = 0x3C6444
HERE = radar(height_m=300.0)
FLIGHT = Flight((48.4, 8.6), 80.0, code=0o2001, address=ADDRESS)


def reflected(plots: PlotBatch, wall: float, detour_m: float, share: float,
              rng: np.random.Generator) -> PlotBatch:
    """Some of a radar's plots, heard by way of a wall at an azimuth (degrees): mirrored, from
    further away, when the beam looks at the wall; code, address, height are the aircraft's."""
    ghost = plots.take(rng.random(len(plots)) < share)
    azimuth = (2 * math.radians(wall) - ghost.azimuth_rad) % (2 * np.pi)
    late_s = (azimuth - ghost.azimuth_rad) / (2 * np.pi) * HERE.period_s
    ghost.time_ns[:] += np.rint(late_s * S).astype(np.int64)
    ghost.received_ns[:] = ghost.time_ns
    say(ghost, "azimuth_rad", azimuth)
    say(ghost, "range_m", ghost.range_m + detour_m)
    return ghost.take(ghost.time_ns > BEGIN_NS)


def test_a_reflection_is_not_shown() -> None:
    """Heard at a third to a half of the looks, over five minutes, it never is a second symbol
    for long, and the aircraft keeps its number."""
    shown = 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        plots = seen_by((HERE,), [FLIGHT], 300, seed)
        ghost = reflected(plots, 60.0 + 15 * seed, 3000.0 + 2000 * seed, 0.3 + 0.04 * seed, rng)
        held, count = numbers_over_time((HERE,), [FLIGHT], join(plots, ghost), 300)
        assert len(ghost) > 15
        assert swaps(held) == 0 and (held[5:] > 0).all()
        shown += int((count[5:] > 1).sum())
    assert shown <= 4, "steps with two symbols, of 414"


def test_two_aircraft_of_one_address_are_shown() -> None:
    """All else alike, even code and height: after a minute both are there, and stay."""
    other = Flight((48.9, 9.8), 250.0, code=0o2001, address=ADDRESS)
    for seed in range(6):
        plots = seen_by((HERE,), [FLIGHT, other], 240, seed)
        held, count = numbers_over_time((HERE,), [FLIGHT, other], plots, 240)
        assert (count[3:10] >= 1).all() and (held[20:] > 0).mean() > 0.9
        assert count.max() == 2 and count[-10:].min() == 2


def on_ground(sensor: Sensor, east_m: np.ndarray, seconds: np.ndarray, seed: int) -> PlotBatch:
    """An aircraft on the ground 3 km from the radar, so far east of where it stood."""
    at = course(48.027, 9.0, 90.0, 1.0, east_m)
    plots = looks(sensor, *at, np.full(len(seconds), 290.0), seconds, np.random.default_rng(seed),
                  mode_3a=0o1000, address=ADDRESS)
    plots.flags[:] |= np.uint16(PlotFlag.ON_GROUND)
    return plots


EXACT = radar(sigma_range_m=20.0, sigma_azimuth_rad=0.0005)


def numbers_of(plots: PlotBatch, seconds: float) -> list[list[int]]:
    """The numbers of the live tracks, every 4 s."""
    state, begin, shown = tracker.start(World.STUDY, 1, (EXACT,)), 0, []
    for second in np.arange(4.0, seconds, 4.0):
        now_ns = int(BEGIN_NS + second * S)
        end = int(np.searchsorted(plots.time_ns, now_ns, side="right"))
        state, begin = tracker.advance(state, plots.take(slice(begin, end)), now_ns), end
        live = state.tracks["state"] == 2
        shown.append(state.tracks["number"][live].tolist())
    return shown


def test_a_take_off_run_is_one_track() -> None:
    """It stands for two minutes, then accelerates at 3 m/s2 across the beam."""
    seconds = np.arange(1.0, 160.0, 4.0)
    run = np.maximum(seconds - 120, 0)
    for seed in range(4):
        shown = numbers_of(on_ground(EXACT, 1.5 * run**2, seconds, seed), 160)
        assert shown[5:] == [shown[5]] * len(shown[5:]) and len(shown[5]) == 1


def test_lost_and_found_elsewhere() -> None:
    """Unseen for 20 s, it is found 4 km away: the same number, one symbol at every moment."""
    seconds = np.arange(1.0, 160.0, 4.0)
    seconds = seconds[(seconds < 80) | (seconds > 100)]
    for seed in range(4):
        east_m = np.where(seconds < 90, 0.0, 4000.0 + 15 * (seconds - 100))
        shown = numbers_of(on_ground(EXACT, east_m, seconds, seed), 160)
        assert shown[5:] == [shown[5]] * len(shown[5:]) and len(shown[5]) == 1


def test_parked_with_reflections() -> None:
    """A parked aircraft that is heard by way of buildings too, all around and further away."""
    seconds = np.arange(1.0, 240.0, 4.0)
    doubles = 0
    for seed in range(4):
        rng = np.random.default_rng(100 + seed)
        plots = on_ground(EXACT, np.zeros(len(seconds)), seconds, seed)
        ghost = plots.take(rng.random(len(plots)) < 0.4)
        say(ghost, "range_m", ghost.range_m + rng.uniform(400, 2000, len(ghost)))
        turn = rng.uniform(0.3, 1.5, len(ghost))
        say(ghost, "azimuth_rad", (ghost.azimuth_rad + turn) % (2 * np.pi))
        ghost.time_ns[:] += np.rint(turn / (2 * np.pi) * 4 * S).astype(np.int64)
        shown = numbers_of(join(plots, ghost), 240)
        true = shown[5][0]
        assert all(true in numbers for numbers in shown[5:])
        doubles += sum(len(numbers) > 1 for numbers in shown[5:])
    assert doubles <= 4, "steps with two symbols, of 212"


def test_ghosts_as_the_slow_twin() -> None:
    """A reflection, and an aircraft lost and found: the same tracks as the slow twin's."""
    seconds = np.arange(1.0, 120.0, 4.0)
    seconds = seconds[(seconds < 60) | (seconds > 66)]
    jump = on_ground(HERE, np.where(seconds < 65, 0.0, 4000.0), seconds, 1)
    say(jump, "icao_address", np.full(len(jump), 0x400001))
    seen = seen_by((HERE,), [FLIGHT], 120, 5)
    plots = join(jump, seen, reflected(seen, 70.0, 5000.0, 0.5, np.random.default_rng(5)))
    assert HERE.kind == SensorKind.SSR
    tuning, now_ns = Tuning(registration_s=0.0), BEGIN_NS + 120 * S
    state = tracker.advance(tracker.start(World.STUDY, 1, (HERE,), tuning), plots, now_ns)
    slow = SlowTracker((HERE,), tuning)
    slow.run(plots, now_ns)
    fast = state.tracks[np.isin(state.tracks["state"], (1, 2))]
    assert state.counts["merged"] > 0 and (fast["rival"] > 0).any()
    twins = {(one.started_ns, one.hits): one for one in slow.tracks}
    assert set(twins) == {(int(one["started_ns"]), int(one["hits"])) for one in fast}
    for one in fast:
        other = twins[int(one["started_ns"]), int(one["hits"])]
        assert one["number"] == other.number
        np.testing.assert_allclose(one["mean"], other.mean, atol=1e-3)

"""Scenes in which association is hard: what an operator would see, over several seeds each."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from jointsky.model.schema import PlotBatch, TrackState
from jointsky.model.sensor import Sensor, SensorKind
from jointsky.model.world import World
from jointsky.track import tracker
from jointsky.track.tuning import Tuning
from tests.track.scenes import BEGIN_NS, GEOD, S, course, join, looks, radar

SEEDS = range(6)
NEAR_M = 3000.0
PAIR = (radar(), radar(2, 47.6, 9.6, period_s=5.0))


@dataclass(frozen=True)
class Flight:
    """An aircraft in straight flight; legs: (from second, heading) that it turns to."""

    place: tuple[float, float]
    heading: float
    speed: float = 220.0
    height: float = 9000.0
    code: int | None = None
    address: int | None = None
    turn_s: float = math.inf
    turn_to: float = 0.0

    def at(self, seconds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Degrees at these times."""
        latitude, longitude = course(*self.place, self.heading, self.speed, seconds)
        late = seconds > self.turn_s
        if late.any():
            corner = course(*self.place, self.heading, self.speed, np.array([self.turn_s]))
            latitude[late], longitude[late] = course(
                corner[0][0], corner[1][0], self.turn_to, self.speed, seconds[late] - self.turn_s)
        return latitude, longitude


def seen_by(sensors: tuple[Sensor, ...], flights: list[Flight], seconds: float, seed: int,
            p_seen: float = 0.95) -> PlotBatch:
    """Plots of these flights; a turning beam passes aircraft at the same azimuth together."""
    rng, parts = np.random.default_rng(seed), []
    for sensor in sensors:
        begin = rng.uniform(0, sensor.period_s)
        for flight in flights:
            times = np.arange(begin, seconds, sensor.period_s)
            at = flight.at(times)
            heights = np.full(len(times), flight.height)
            plain = looks(sensor, *at, heights, times)
            times = times + (plain.azimuth_rad / (2 * np.pi)) * sensor.period_s * 0.999
            plots = looks(sensor, *flight.at(times), heights, times, rng, mode_3a=flight.code,
                          address=flight.address)
            kept = (rng.random(len(times)) < p_seen) & (plots.range_m < sensor.max_range_m)
            parts.append(plots.take(kept))
    return join(*parts)


def numbers_over_time(sensors: tuple[Sensor, ...], flights: list[Flight], plots: PlotBatch,
                      seconds: float, tuning: Tuning | None = None
                      ) -> tuple[np.ndarray, np.ndarray]:
    """At every 4 s: the track number that holds each flight, 0 for none (steps, flights); and how
    many tracks there are (steps,)."""
    state = tracker.start(World.STUDY, 1, sensors, tuning)
    held, count, begin = [], [], 0
    for second in np.arange(4.0, seconds, 4.0):
        now_ns = int(BEGIN_NS + second * S)
        end = int(np.searchsorted(plots.time_ns, now_ns, side="right"))
        state = tracker.advance(state, plots.take(slice(begin, end)), now_ns)
        begin = end
        tracks = tracker.picture(state, now_ns)
        tracks = tracks.take(tracks.state != TrackState.DROPPED)
        apart = np.full((len(flights), len(tracks)), 1e6)
        for row, flight in enumerate(flights):
            latitude, longitude = (one[0] for one in flight.at(np.array([second])))
            for column in range(len(tracks)):
                apart[row, column] = GEOD.inv(
                    longitude, latitude, math.degrees(tracks.longitude_rad[column]),
                    math.degrees(tracks.latitude_rad[column]))[2]
        numbers = np.zeros(len(flights), np.int64)
        for row, column in zip(*linear_sum_assignment(apart), strict=True):
            if apart[row, column] < NEAR_M:
                numbers[row] = tracks.system_track_number[column]
        held.append(numbers)
        count.append(len(tracks))
    return np.array(held), np.array(count)


def swaps(held: np.ndarray) -> int:
    """How often a flight got another number, from the first it had."""
    total = 0
    for column in held.T:
        own = column[column > 0]
        total += int((np.diff(own) != 0).sum())
    return total


def crossing(angle: float, named: bool) -> list[Flight]:
    """Two at one height that meet after 100 s."""
    lat, lon = course(48.6, 9.0, 270.0, 22_000.0, np.array([1.0]))
    latitude, longitude = course(48.6, 9.0, 270.0 + angle, 22_000.0, np.array([1.0]))
    return [Flight((float(lat[0]), float(lon[0])), 90.0, code=0o1234 if named else None),
            Flight((float(latitude[0]), float(longitude[0])), 90.0 + angle,
                   code=0o4321 if named else None)]


@pytest.mark.parametrize("angle", [15.0, 30.0, 90.0])
@pytest.mark.parametrize("named", [True, False])
def test_crossing(angle: float, named: bool) -> None:
    """With codes nobody is ever mistaken; without, seldom even at a small angle."""
    bad, right = 0, []
    for seed in SEEDS:
        flights = crossing(angle, named)
        held, count = numbers_over_time(PAIR, flights, seen_by(PAIR, flights, 200, seed), 200)
        assert (held[12] > 0).all() and (held[-1] > 0).all()
        # Where they meet, nobody can say which of two tracks is nearer to whom.
        bad += (held[12] != held[-1]).any()
        right.append((count[8:] == 2).mean())
    assert np.mean(right) > 0.95
    assert bad <= (0 if named or angle > 15 else 1)


@pytest.mark.parametrize("angle", [10.0, 30.0])
def test_crossing_seen_by_primary_radars_alone(angle: float) -> None:
    """Radars that miss one plot in five and tell no height: a few are mistaken, none is lost."""
    primary = tuple(replace(one, kind=SensorKind.PSR, sigma_azimuth_rad=0.0025) for one in PAIR)
    bad, right = 0, []
    for seed in SEEDS:
        flights = crossing(angle, False)
        held, count = numbers_over_time(primary, flights,
                                        seen_by(primary, flights, 240, seed, 0.8), 240)
        bad += (held[12] != held[-1]).any()
        right.append((count[10:] == 2).mean())
    assert np.mean(right) > 0.95
    assert bad <= (2 if angle < 30 else 0)


@pytest.mark.parametrize("apart_m", [500.0, 1000.0, 2000.0])
def test_formation(apart_m: float) -> None:
    """Side by side for four minutes, no code: two tracks all the time, that stay who they are."""
    bad = 0
    for seed in SEEDS:
        lat, lon = course(48.5, 8.0, 0.0, apart_m, np.array([1.0]))
        flights = [Flight((48.5, 8.0), 80.0), Flight((float(lat[0]), float(lon[0])), 80.0)]
        held, count = numbers_over_time(PAIR, flights, seen_by(PAIR, flights, 240, seed), 240)
        assert (count[10:] == 2).mean() > 0.9
        bad += swaps(held) > 0
    assert bad <= (1 if apart_m < 1000 else 0)


def test_split() -> None:
    """Two that fly as one plot until one turns away: the one track goes on, another is born."""
    for seed in SEEDS:
        leader = Flight((48.5, 8.0), 80.0)
        leaves = replace(leader, turn_s=80.0, turn_to=110.0)
        alone = seen_by(PAIR, [leader], 200, seed)
        other = seen_by(PAIR, [leaves], 200, seed + 100)
        plots = join(alone, other.take(other.time_ns > BEGIN_NS + 84 * S))
        held, count = numbers_over_time(PAIR, [leader, leaves], plots, 200)
        assert (count[8:20] == 1).all()
        assert count[-1] == 2 and (held[-1] > 0).all()
        assert len(set(held[8:20].max(1)) & set(held[-1])) == 1


def joining(seed: int, seconds: float, p_seen: float = 0.95) -> tuple[list[Flight], PlotBatch]:
    """Two that join after 100 s and are one plot from then on."""
    leader = Flight((48.5, 8.0), 80.0)
    at = leader.at(np.array([100.0]))
    lat, lon = course(float(at[0][0]), float(at[1][0]), 280.0, 22_000.0, np.array([1.0]))
    joins = Flight((float(lat[0]), float(lon[0])), 99.0, turn_s=100.0, turn_to=80.6)
    both = seen_by(PAIR, [leader], seconds, seed, p_seen)
    other = seen_by(PAIR, [joins], seconds, seed + 100, p_seen)
    return [leader, joins], join(both, other.take(other.time_ns < BEGIN_NS + 98 * S))


def test_merge() -> None:
    """Two that join and then are one plot: one track is left after a minute, and no third."""
    for seed in SEEDS:
        flights, plots = joining(seed, 200)
        held, count = numbers_over_time(PAIR, flights, plots, 200)
        assert (count[10:22] == 2).all()
        assert count.max() <= 2 and (count[40:] == 1).all()
        assert held[-1].max() in held[15]


def test_joint_association_merges_sooner() -> None:
    """Two that join and then are one plot, many times: when each takes its part of what they
    contest, fewer pictures show both than when one of them takes it all."""
    shown = {}
    for sure in (0.0, Tuning().joint_sure, 0.9):
        shown[sure] = 0
        for seed in range(24):
            _, plots = joining(seed, 240, 0.9)
            _, count = numbers_over_time(PAIR, [], plots, 240, Tuning(joint_sure=sure))
            shown[sure] += int((count[25:] > 1).sum())
    assert shown[0.9] < shown[Tuning().joint_sure] <= shown[0.0]


def test_one_address_twice() -> None:
    """Two aircraft that send the same address, far apart and crossing: two steady tracks."""
    for seed in SEEDS:
        flights = [replace(one, code=None, address=0x3C6444, height=9000.0 + 600 * k)
                   for k, one in enumerate(crossing(60.0, False))]
        held, count = numbers_over_time(PAIR, flights, seen_by(PAIR, flights, 200, seed), 200)
        assert swaps(held) == 0
        assert (count[10:] == 2).all()


def test_garbled_codes() -> None:
    """One code in ten is wrong: each aircraft is one track all the same."""
    for seed in SEEDS:
        flights = [Flight((48.3 + 0.1 * k, 8.0), 80.0, code=0o2001 + k) for k in range(4)]
        plots = seen_by(PAIR, flights, 200, seed)
        rng = np.random.default_rng(seed)
        garbled = rng.random(len(plots)) < 0.1
        plots.mode_3a[garbled] ^= rng.integers(1, 4096, int(garbled.sum())).astype(np.uint16)
        held, count = numbers_over_time(PAIR, flights, plots, 200)
        assert swaps(held) == 0
        assert (count[10:] == 4).all()


def test_the_edge_of_a_sensor() -> None:
    """Out of the range of one radar: without another the track ends soon, with one it goes on."""
    small = radar(max_range_m=80_000.0)
    out = Flight((48.0, 9.6), 90.0)
    leaves_s = next(s for s in range(400) if GEOD.inv(9.0, 48.0, *[
        one[0] for one in out.at(np.array([float(s)]))][::-1])[2] > 79_500)
    for seed in SEEDS:
        plots = seen_by((small,), [out], 300, seed)
        held, count = numbers_over_time((small,), [out], plots, 300)
        end = 4.0 * (np.flatnonzero(count)[-1] + 1)
        assert leaves_s - 12 < end <= leaves_s + 44
        both = (small, PAIR[1])
        held, count = numbers_over_time(both, [out], seen_by(both, [out], 300, seed), 300)
        assert swaps(held) == 0 and (count[5:] == 1).all()


def test_the_cone_of_silence() -> None:
    """Right over a radar that does not see straight up: another one holds the track."""
    over = Flight((48.0, 8.6), 90.0)
    for seed in SEEDS:
        seen = seen_by((PAIR[0],), [over], 300, seed)
        high = seen.range_m < 9000 * math.sqrt(2)
        assert 10 < high.sum() < 30
        plots = join(seen.take(~high), seen_by(PAIR[1:], [over], 300, seed))
        held, count = numbers_over_time(PAIR, [over], plots, 300)
        assert swaps(held) == 0 and (count[5:] == 1).all()


def test_a_sensor_that_falls_silent() -> None:
    """One of two radars stops for a minute: nothing is lost, no number changes."""
    flights = [Flight((48.3 + 0.2 * k, 8.0), 80.0, code=0o2001 + k) for k in range(3)]
    for seed in SEEDS:
        plots = seen_by(PAIR, flights, 240, seed)
        second = (plots.time_ns - BEGIN_NS) / S
        plots = plots.take((plots.sensor_id == 2) | (second < 80) | (second > 140))
        held, count = numbers_over_time(PAIR, flights, plots, 240)
        assert swaps(held) == 0 and (count[8:] == 3).all()

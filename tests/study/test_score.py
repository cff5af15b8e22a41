"""Scores against brute force on small cases, and against what can be said by hand."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jointsky.codec.trackfile import TrackRows, Truth
from jointsky.study.matching import match, near_pairs
from jointsky.study.score import CUTOFF_M, Score, score, score_paired

STEP_S = 4.0
NORTH_M = 1 / 6_335_439.0  # radians of latitude for a metre at the equator (meridian radius there)
CUT2 = CUTOFF_M ** 2


def truth_of(rows: list[tuple[float, int, float, int, int]]) -> Truth:
    """(time, aircraft, metres north of 0 N 0 E, manoeuvring, sensors) for each row."""
    time, target, north, turning, sensors = (np.array(column) for column in zip(*rows, strict=True))
    return Truth(time.astype(float), target.astype(np.int64), north * NORTH_M,
                 np.zeros(len(rows)), np.full(len(rows), 1000.0), np.full(len(rows), 100.0),
                 np.zeros(len(rows)), turning.astype(bool), sensors.astype(np.int64))


def tracks_of(rows: list[tuple[float, int, float]]) -> TrackRows:
    """(time, track, metres north) for each row; 103 m/s north, 4 east, height 1010 m."""
    time, number, north = (np.array(column) for column in zip(*rows, strict=True)) if rows else (
        np.zeros(0), np.zeros(0), np.zeros(0))
    return TrackRows(time.astype(float), number.astype(np.int64), north * NORTH_M,
                     np.zeros(len(rows)), np.full(len(rows), 1010.0), np.full(len(rows), 103.0),
                     np.full(len(rows), 4.0))


def brute_force(truths: list[tuple[float, bool]], tracks: list[float]) -> float:
    """Least GOSPA squared over every way to pair, written from its definition."""
    best = math.inf
    for ways in itertools.product(range(-1, len(truths)), repeat=len(tracks)):
        used = [way for way in ways if way >= 0]
        if len(used) != len(set(used)):
            continue
        cost = 0.0
        for place, way in zip(tracks, ways, strict=True):
            if way < 0:
                cost += CUT2 / 2
            elif abs(place - truths[way][0]) >= CUTOFF_M:
                cost = math.inf
            elif not truths[way][1]:
                cost += (place - truths[way][0]) ** 2
        cost += sum(CUT2 / 2 for row, (_, optional) in enumerate(truths)
                    if not optional and row not in used)
        best = min(best, cost)
    return best


places = st.floats(-8000, 8000).map(lambda x: round(x, 1))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(places, st.booleans()), max_size=4), st.lists(places, max_size=4))
def test_the_assignment_is_the_cheapest(truths: list[tuple[float, bool]],
                                        tracks: list[float]) -> None:
    xyz = np.array([(place, 0, 0) for place, _ in truths]).reshape(-1, 3)
    xyz_tracks = np.array([(place, 0, 0) for place in tracks]).reshape(-1, 3)
    optional = np.array([flag for _, flag in truths], bool)
    pairs = near_pairs(np.zeros(len(truths), np.int64), xyz, np.zeros(len(tracks), np.int64),
                       xyz_tracks, CUTOFF_M)
    mate, apart = match(len(tracks), len(truths), pairs, optional, CUTOFF_M)
    held = mate[mate >= 0]
    assert len(set(held.tolist())) == len(held)
    cost = CUT2 / 2 * ((mate < 0).sum() + (~np.isin(np.flatnonzero(~optional), held)).sum())
    cost += sum(apart[row] ** 2 for row in np.flatnonzero(mate >= 0) if not optional[mate[row]])
    # Nearer optional truth is preferred by a thousandth of its distance squared, which may cost
    # that much elsewhere.
    assert cost <= brute_force(truths, tracks) + 1 + 4 * CUT2 / 1000


def scored(truths: list[tuple[float, int, float, int, int]],
           tracks: list[tuple[float, int, float]]) -> Score:
    return score(truth_of(truths), tracks_of(tracks), STEP_S)


TIMES = [64.0 + STEP_S * step for step in range(10)]


def test_one_aircraft_held_ten_metres_off() -> None:
    result = scored([(time, 7, 0.0, step < 4, 2) for step, time in enumerate(TIMES)],
                    [(time, 1, 10.0) for time in TIMES])
    assert result.gospa_m == pytest.approx(10, abs=1e-3)
    assert result.ospa_m == pytest.approx(10, abs=1e-3)
    assert result.position_straight_rms_m == pytest.approx(10, abs=1e-3)
    assert result.position_manoeuvre_rms_m == pytest.approx(10, abs=1e-3)
    assert result.velocity_rms_ms == pytest.approx(5)
    assert result.height_rms_m == pytest.approx(10)
    assert (result.steps, result.missed, result.false, result.completeness) == (10, 0, 0, 1)
    assert result.continuity.longest_track_fraction == 1
    assert result.continuity.siap_ambiguity == 1


def test_a_miss_and_a_false_track_cost_half_the_cutoff_squared_each() -> None:
    result = scored([(time, 7, 0.0, 0, 1) for time in TIMES],
                    [(time, 1, 20_000.0) for time in TIMES])
    assert result.gospa_m == pytest.approx(CUTOFF_M)
    assert result.ospa_m == pytest.approx(CUTOFF_M)
    assert (result.missed, result.false, result.completeness) == (1, 1, 0)
    assert result.continuity.false_minutes == pytest.approx(10 * STEP_S / 60)
    assert result.continuity.duplicate_minutes == 0
    assert result.continuity.never_tracked == 1
    assert result.continuity.siap_spuriousness == 1


def test_unseen_truth_is_optional() -> None:
    unseen = [(time, 7, 0.0, 0, 0) for time in TIMES]
    assert scored(unseen, [(time, 1, 30.0) for time in TIMES]).gospa_m == 0
    assert scored(unseen, [(TIMES[0], 1, 90_000.0)]).gospa_m == pytest.approx(
        CUTOFF_M / math.sqrt(2) / 10)


def test_a_double_is_told_from_a_false_track() -> None:
    result = scored([(time, 7, 0.0, 0, 1) for time in TIMES],
                    [(time, number, 10.0 * number) for time in TIMES for number in (1, 2)])
    assert result.false == 1
    assert result.continuity.duplicate_minutes == pytest.approx(10 * STEP_S / 60)
    assert result.continuity.false_minutes == 0
    assert result.continuity.siap_ambiguity == 2


def test_switches_breaks_stretches_and_delay() -> None:
    numbers = [None, None, 1, 1, 1, None, 1, 2, 2, 2]
    result = scored([(time, 7, 0.0, 0, 1) for time in TIMES],
                    [(time, number, 0.0) for time, number in zip(TIMES, numbers, strict=True)
                     if number is not None])
    hours = 10 * STEP_S / 3600
    held = result.continuity
    assert held.aircraft_hours == pytest.approx(hours)
    assert held.switches_per_hour == pytest.approx(1 / hours)
    assert held.breaks_per_hour == pytest.approx(1 / hours)
    assert held.longest_track_fraction == pytest.approx(0.3)
    assert held.delay_s == pytest.approx(2 * STEP_S)
    assert result.completeness == pytest.approx(0.7)


def test_the_first_minute_does_not_count_for_errors() -> None:
    early = [(STEP_S * step, 7, 0.0, 0, 1) for step in range(10)]
    result = scored([*early, (64.0, 7, 0.0, 0, 1)], [(64.0, 1, 3.0)])
    assert result.steps == 1 and result.gospa_m == pytest.approx(3, abs=1e-3)


def test_nothing_at_all_scores_nothing() -> None:
    empty = tracks_of([])
    result = score(truth_of([(64.0, 1, 0.0, 0, 1)]), empty, STEP_S)
    assert result.missed == 1 and math.isnan(result.position_rms_m)


def test_a_linear_filter_that_knows_its_noise_has_the_nees_of_chi_square() -> None:
    """Kalman filters on 400 aircraft of white acceleration noise, each with its own truth."""
    rng, n, steps, q, r = np.random.default_rng(3), 400, 60, 2.0, 100.0
    f, one = np.eye(4), np.eye(2)
    f[:2, 2:] = STEP_S * one
    noise = q * np.block([[STEP_S ** 3 / 3 * one, STEP_S ** 2 / 2 * one],
                          [STEP_S ** 2 / 2 * one, STEP_S * one]])
    h = np.eye(2, 4)
    p = np.diag([r ** 2, r ** 2, 400.0, 400.0])
    true = rng.normal(0, 1, (n, 4)) * np.sqrt(np.diag(p))
    found = np.zeros((n, 4))
    place = 0.02 * np.arange(n)
    columns: list[list[np.ndarray]] = [[], [], []]
    for _ in range(steps):
        true = true @ f.T + rng.multivariate_normal(np.zeros(4), noise, n)
        found, p = found @ f.T, f @ p @ f.T + noise
        gain = p @ h.T @ np.linalg.inv(h @ p @ h.T + r ** 2 * one)
        found += (true[:, :2] + rng.normal(0, r, (n, 2)) - found[:, :2]) @ gain.T
        p = p - gain @ h @ p
        columns[0].append(true)
        columns[1].append(found)
        columns[2].append(np.tile(p[np.triu_indices(4)], (n, 1)))
    at, est, cov = (np.concatenate(column) for column in columns)
    time, number = 60 + STEP_S * (1 + np.repeat(np.arange(steps), n)), np.tile(np.arange(n), steps)
    base, east_m = np.tile(place, steps), 1 / 6_378_137.0
    truth = Truth(time, number, at[:, 1] * NORTH_M, base + at[:, 0] * east_m, np.zeros(len(at)),
                  at[:, 3], at[:, 2], number % 2 == 1, np.ones(len(at), np.int64))
    tracks = TrackRows(time, number, est[:, 1] * NORTH_M, base + est[:, 0] * east_m,
                       np.zeros(len(at)), est[:, 3], est[:, 2], cov)
    result = score(truth, tracks, STEP_S).consistency
    for part, mean in (("position", 2.0), ("velocity", 2.0), ("state", 4.0)):
        for when in ("all", "straight", "manoeuvre"):
            # 200 aircraft whose errors last for some steps: a share of 0.95, give or take.
            assert result[f"nees_{part}_{when}"] == pytest.approx(mean, rel=0.05)
            assert result[f"nees_{part}_{when}_inside"] == pytest.approx(0.95, abs=0.012)
            assert result[f"nees_{part}_{when}_steps"] > 0.8
            assert result[f"nees_{part}_{when}_fair"] > 0.8
            assert result[f"nees_{part}_{when}_margin"] == pytest.approx(0.1, abs=0.07)
            assert result[f"nees_{part}_{when}_tails"] == pytest.approx(1, abs=0.12)
    bold = score(truth, replace(tracks, covariance=cov / 4), STEP_S).consistency
    assert bold["nees_state_straight"] == pytest.approx(4 * result["nees_state_straight"])
    assert bold["nees_state_straight_steps"] == 0
    assert np.isnan(score(truth, replace(tracks, covariance=None),
                          STEP_S).consistency["nees_state_straight"])


def test_what_the_mean_of_nees_may_be_is_what_it_is_from_seed_to_seed() -> None:
    """The margin is 1.96 standard deviations of the mean over fresh truths: also of aircraft whose
    errors last, some of which are known worse than they say."""
    means, margins = [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        lasting = rng.normal(0, 100, (50, 2)) * rng.choice([1, 2], (50, 1))
        truth, tracks = scattered(np.repeat(lasting[None], 20, 0))
        found = score(truth, tracks, STEP_S).consistency
        means.append(found["nees_position_all"])
        margins.append(found["nees_position_all_margin"])
    assert np.mean(margins) == pytest.approx(2.01 * np.std(means), rel=0.25)


def test_errors_that_aircraft_have_in_common_show() -> None:
    rng = np.random.default_rng(1)
    apart, together = rng.normal(0, 100, (200, 50, 2)), rng.normal(0, 100, (200, 1, 2))
    for off, low, high in ((apart, 0.7, 1.3), (apart * 0.7 + together * 0.7, 8, 20)):
        found = score(*scattered(off), STEP_S).consistency
        assert low < found["nees_position_all_common"] < high
    heavy = apart * rng.choice([0.5, 2], (200, 50, 1))
    found = score(*scattered(heavy / np.sqrt(2.125)), STEP_S).consistency
    assert found["nees_position_all"] == pytest.approx(2, rel=0.05)
    assert found["nees_position_all_tails"] == pytest.approx(2.6, abs=0.3)
    assert found["nees_position_all_steps"] < 0.9 < found["nees_position_all_fair"]


def test_phases_of_flight_are_told_apart() -> None:
    """Manoeuvres in steps 20 to 29: where tracks are wrong is found out."""
    for rows, bad in (((20, 21), "onset"), ((*range(8, 20), *range(37, 60)), "steady"),
                      (range(15), "young")):
        off = np.full((60, 50, 2), 100.0)
        off[list(rows)] *= 3
        truth, tracks = scattered(off)
        turning = np.repeat((np.arange(60) >= 20) & (np.arange(60) < 30), 50)
        found = score(replace(truth, manoeuvring=turning), tracks, STEP_S).consistency
        assert found[f"nees_position_{bad}"] == pytest.approx(18, rel=1e-3)
        for other in {"onset", "steady", "young"} - {bad}:
            assert found[f"nees_position_{other}"] < 16
    assert math.isnan(found["nees_position_no_height"])


def scattered(off_m: np.ndarray) -> tuple[Truth, TrackRows]:
    """Aircraft that stand still, and tracks that are off by (steps, aircraft, 2) m and say that
    they are known to 100 m."""
    steps, n, _ = off_m.shape
    time, number = 60 + STEP_S * (1 + np.repeat(np.arange(steps), n)), np.tile(np.arange(n), steps)
    longitude, level = 0.02 * number, np.zeros(steps * n)
    truth = Truth(time, number, level, longitude, level, level, level, level > 0,
                  np.ones(steps * n, np.int64))
    covariance = np.zeros((steps * n, 10))
    covariance[:, [0, 4]], covariance[:, [7, 9]] = 1e4, 1.0
    east, north = off_m.reshape(-1, 2).T
    return truth, TrackRows(time, number, north * NORTH_M, longitude + east / 6_378_137.0, level,
                            level, level, covariance)


def test_two_trackers_are_compared_on_the_aircraft_that_both_follow() -> None:
    """One is 100 m off everywhere; the other 50 m, and misses the aircraft that it finds hard."""
    off = np.zeros((10, 4, 2))
    off[..., 0] = 100.0
    truth, ours = scattered(off)
    truth = replace(truth, manoeuvring=np.tile([False, False, True, True], 10))
    _, theirs = scattered(off / 2)
    easy = theirs.track_id != 1
    theirs = TrackRows(**{name: getattr(theirs, name)[easy] for name in (
        "time_s", "track_id", "latitude_rad", "longitude_rad", "height_m", "north_ms", "east_ms")})
    ours = replace(ours, east_ms=np.where(ours.track_id == 1, 30.0, 3.0))
    paired = score_paired(truth, ours, theirs, STEP_S)
    assert paired.share == 0.75
    assert paired.straight_rms_m == pytest.approx((100, 50), rel=1e-4)
    assert paired.manoeuvre_rms_m == pytest.approx((100, 50), rel=1e-4)
    assert paired.velocity_rms_ms == pytest.approx((3, 0))

"""Differences of two sources of positions, on aircraft whose places are known."""

from __future__ import annotations

import numpy as np
import pytest

from jointsky.model.batch import F64
from jointsky.model.clock import NS_PER_S
from jointsky.model.schema import PlotBatch, PlotKind
from jointsky.model.world import World
from jointsky.study.agreement import corrected, differences

# Metres to a radian at 41.3 degrees on WGS-84, north and east (tables of the ellipsoid).
NORTH_M, EAST_M = 111_059.0 * 180 / np.pi, 83_759.0 * 180 / np.pi
PLACE = np.radians(41.3), np.radians(2.1)


def reports(times_s: F64, east_m: F64, north_m: F64, address: int = 7) -> PlotBatch:
    plots = PlotBatch.blank(len(times_s), World.STUDY)
    plots.time_ns[:] = np.rint(times_s * NS_PER_S)
    plots.kind[:] = PlotKind.MLAT
    plots.icao_address[:] = address
    plots.latitude_rad[:] = PLACE[0] + north_m / NORTH_M
    plots.longitude_rad[:] = PLACE[1] + east_m / EAST_M
    for name in ("icao_address", "latitude_rad", "longitude_rad"):
        plots.present[:] |= PlotBatch.bit(name)
    return plots


def straight(times_s: F64, *, east_m: float = 0.0, delay_s: float = 0.0,
             address: int = 7) -> PlotBatch:
    """Flight to the north-east, 150 m/s east and 200 m/s north; delay_s: older than stamped."""
    true_s = times_s - delay_s
    return reports(times_s, 150 * true_s + east_m, 200 * true_s, address)


def test_a_straight_flight_is_met_between_reports() -> None:
    pairs = differences(straight(np.arange(0.3, 10), east_m=30), straight(np.arange(0.0, 11, 2)))
    assert pairs.row.tolist() == list(range(10))
    assert pairs.east_m == pytest.approx(np.full(10, 30), abs=0.1)
    assert pairs.north_m == pytest.approx(np.zeros(10), abs=0.1)
    assert pairs.distance_m == pytest.approx(np.full(10, 30), abs=0.1)
    # 30 m east, flight 36.87 degrees from north: 0.6 of it along.
    assert pairs.along_m == pytest.approx(np.full(10, 18), abs=0.1)
    assert pairs.across_m == pytest.approx(np.full(10, 24), abs=0.1)
    assert pairs.speed_ms == pytest.approx(np.full(10, 250), abs=0.3)


def test_only_between_reports_that_are_near_in_time_and_of_the_same_aircraft() -> None:
    reference = PlotBatch.join([straight(np.array([0.0, 2, 8, 10])),
                                straight(np.array([0.0, 20]), address=8)], World.STUDY)
    times = np.array([-1.0, 1, 5, 9, 10.5])
    measured = PlotBatch.join([straight(times), straight(times, address=8),
                               straight(times, address=9)], World.STUDY)
    assert differences(measured, reference).row.tolist() == [1, 3]
    assert differences(measured, reference, gap_s=6).row.tolist() == [1, 2, 3]
    assert len(differences(straight(times, address=9), reference).row) == 0


def test_order_repeats_and_absent_positions_do_no_harm() -> None:
    reference = straight(np.array([4.0, 2, 2, 0]))
    measured = straight(np.array([3.0, 1, 2]))
    measured.present[1] &= ~PlotBatch.bit("latitude_rad")
    pairs = differences(measured, reference)
    assert pairs.row.tolist() == [2, 0]
    assert pairs.distance_m == pytest.approx([0, 0], abs=1e-3)


def test_each_aircraft_has_its_own_delay() -> None:
    times = np.arange(0.5, 20)
    reference = PlotBatch.join([
        straight(np.arange(0.0, 21), delay_s=0.4), straight(np.arange(0.0, 21), address=8),
        reports(np.arange(0.0, 21), np.zeros(21), np.zeros(21), 9)], World.STUDY)
    measured = PlotBatch.join([straight(times), straight(times, address=8),
                               reports(times, np.ones(20), np.zeros(20), 9)], World.STUDY)
    pairs = differences(measured, reference)
    assert pairs.own_delay_s[:40] == pytest.approx([0.4] * 20 + [0.0] * 20, abs=1e-3)
    assert np.isnan(pairs.own_delay_s[40:]).all() and np.isnan(pairs.along_m[40:]).all()
    assert pairs.take(pairs.address == 9).distance_m == pytest.approx(np.ones(20), abs=0.01)


def test_biases_are_taken_off() -> None:
    """What is stamped 0.5 s late and lies 40 m east and 10 m north of the truth comes back."""
    times = np.arange(1.0, 9)
    wrong = straight(times, east_m=40, delay_s=0.5)
    wrong = corrected(wrong, 0.0, -10.0, 0.0)  # 10 m to the north of where it was
    right = corrected(wrong, 40.0, 10.0, 0.5)
    pairs = differences(right, straight(np.arange(0.0, 10)))
    assert len(pairs.row) == 8
    assert pairs.distance_m == pytest.approx(np.zeros(8), abs=0.1)
    assert (right.time_ns == wrong.time_ns - NS_PER_S // 2).all()

"""Purity and completeness of tracks by address."""

from __future__ import annotations

import numpy as np
import pytest

from jointsky.study.purity import NONE, measure_purity, track_purity, without_identities
from tests.track.scenes import course, join, looks, radar


def test_purity_by_hand() -> None:
    # Track 1: six of address 10, two of 20. Track 2: three of 20. One of 20 is held by none.
    address = np.array([10] * 6 + [20] * 6)
    serial = np.array([1] * 6 + [1, 1, 2, 2, 2, NONE])
    result = measure_purity(address, serial)
    assert (result.plots, result.addresses, result.tracks) == (12, 2, 2)
    assert result.purity == pytest.approx(9 / 11)
    assert result.completeness == pytest.approx((1 + 3 / 6) / 2)
    assert result.longest == pytest.approx((1 + 3 / 6) / 2)


def test_two_tracks_of_one_address_are_complete_but_not_long() -> None:
    result = measure_purity(np.full(10, 7), np.array([1] * 6 + [2] * 4))
    assert (result.purity, result.completeness, result.longest) == (1, 1, 0.6)


def test_nothing_held_and_nothing_there() -> None:
    result = measure_purity(np.array([7, 7]), np.array([NONE, NONE]))
    assert np.isnan(result.purity)
    assert result.completeness == 0
    assert np.isnan(measure_purity(np.zeros(0, np.int64), np.zeros(0, np.int64)).completeness)


def test_aircraft_far_apart_are_followed_without_their_names() -> None:
    rng, parts, times = np.random.default_rng(1), [], np.arange(1.0, 120, 4)
    for number in range(5):
        place = course(48.2 + 0.3 * number, 8.0, 70.0, 200.0, times)
        parts.append(looks(radar(), *place, np.full(len(times), 9000.0), times, rng,
                           mode_3a=number, address=100 + number))
    plots = join(*parts)
    bare = without_identities(plots)
    assert not bare.has("mode_3a").any() and not bare.has("icao_address").any()
    assert bare.has("mode_c_m").all() and plots.has("icao_address").all()
    result = track_purity(plots, (radar(),))
    assert (result.addresses, result.tracks) == (5, 5)
    assert (result.purity, result.completeness) == (1, 1)

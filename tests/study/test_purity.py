"""Purity and completeness of tracks by address."""

from __future__ import annotations

import numpy as np
import pytest

from jointsky.model.schema import PlotFlag
from jointsky.study.purity import (
    NONE,
    Cause,
    Loss,
    losses_of,
    measure_purity,
    track_purity,
    without_identities,
)
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


def test_why_plots_are_in_the_track_of_another() -> None:
    """Three aircraft every 4 s. The second's first plots are in the track of the first one after
    it was silent, while both stand; the third's last ones in that of the second, from the ground
    into flight; and of one plot there is no track."""
    parts = [looks(radar(), *course(48.1 + 0.1 * k, 9.0, 90.0, 0.0, times),
                   np.full(len(times), 300.0), times, address=k)
             for k, times in enumerate((np.arange(0.0, 40, 4), np.arange(60.0, 160, 4),
                                        np.arange(100.5, 180, 4)))]
    for part in parts[:2]:
        part.flags[:] |= np.uint16(PlotFlag.ON_GROUND)
    plots = join(*parts)
    owner, second = plots.icao_address.astype(np.int64), (plots.time_ns - plots.time_ns[0]) * 1e-9
    serial = owner.copy()
    serial[(owner == 1) & (second < 70)] = 0
    serial[(owner == 2) & (second > 163)] = 1
    serial[(owner == 2) & (second < 103)] = NONE
    assert losses_of(plots, serial, 4.0) == [
        Loss(Cause.GROUND, True, 1, 3, 1), Loss(Cause.BETWEEN, True, 1, 4, 1),
        Loss(Cause.UNHELD, False, 1, 1, 1)]


def test_a_plot_from_where_no_aircraft_on_the_ground_can_be() -> None:
    """One stands 3 km off, another 2 km from it; one of its plots lies beside the first."""
    times = np.arange(0.0, 80, 4)
    first, other = (looks(radar(), *course(48.03, 9.0 + east, 90.0, 0.0, times),
                          np.full(len(times), 300.0), times, address=k)
                    for k, east in enumerate((0.0, 0.03)))
    first = first.take(times != 40)
    other.range_m[10], other.azimuth_rad[10] = first.range_m[9], first.azimuth_rad[9]
    plots = join(first, other)
    plots.flags[:] |= np.uint16(PlotFlag.ON_GROUND)
    serial = plots.icao_address.astype(np.int64)
    serial[(serial == 1) & (plots.range_m == first.range_m[9])] = 0
    assert losses_of(plots, serial, 4.0) == [Loss(Cause.MISPLACED, False, 1, 1, 1)]

"""Trails: sampled, bounded, of the aircraft that bears the number now."""

from __future__ import annotations

import numpy as np

from jointsky.app.history import SAMPLE_NS, SPAN_NS, History
from jointsky.model.schema import TrackBatch, TrackState
from jointsky.model.world import World

BEGIN_NS = 1_780_000_000 * 10**9


def picture(numbers: list[int], started_ns: int = BEGIN_NS, latitude: float = 0.7) -> TrackBatch:
    tracks = TrackBatch.blank(len(numbers), World.LIVE)
    tracks.system_track_number[:] = numbers
    tracks.state[:] = TrackState.CONFIRMED
    tracks.started_ns[:] = started_ns
    tracks.latitude_rad[:] = latitude
    return tracks


def test_one_sample_in_five_seconds_and_none_twice() -> None:
    history = History()
    for tick in range(41):
        history.note(picture([1, 2]), BEGIN_NS + tick * 10**9 // 2)
        history.note(picture([1, 2]), BEGIN_NS + tick * 10**9 // 2)
    assert len(history) == 2 * 5
    trails = history.trails(picture([2]), BEGIN_NS + 12 * 10**9)
    assert trails.number.tolist() == [2, 2, 2]
    assert (np.diff(trails.time_ns) == SAMPLE_NS).all()


def test_memory_is_bounded_and_the_newest_stay() -> None:
    history = History(points_max=100)
    for slot in range(100):
        history.note(picture([1, 2, 3]), BEGIN_NS + slot * SAMPLE_NS)
    assert len(history) == 100
    trails = history.trails(picture([1, 2, 3]), BEGIN_NS + 100 * SAMPLE_NS)
    assert trails.time_ns.max() == BEGIN_NS + 99 * SAMPLE_NS
    assert len(trails.time_ns) == 100
    history.note(picture(list(range(500))), BEGIN_NS + 101 * SAMPLE_NS)
    assert len(history) == 100


def test_an_older_aircraft_of_the_same_number_has_another_trail() -> None:
    history = History()
    history.note(picture([5], latitude=0.1), BEGIN_NS)
    history.note(picture([5], BEGIN_NS + SAMPLE_NS, latitude=0.9), BEGIN_NS + SAMPLE_NS)
    trails = history.trails(picture([5], BEGIN_NS + SAMPLE_NS), BEGIN_NS + 2 * SAMPLE_NS)
    assert trails.latitude_rad.tolist() == [0.9]


def test_an_hour_is_sent_thinned_to_what_is_asked() -> None:
    history = History()
    slots = 2 * SPAN_NS // SAMPLE_NS
    for slot in range(slots):
        history.note(picture(list(range(10))), BEGIN_NS + slot * SAMPLE_NS)
    until_ns = BEGIN_NS + slots * SAMPLE_NS
    trails = history.trails(picture(list(range(10))), until_ns, sent_max=1_000)
    assert 500 <= len(trails.number) <= 1_000
    assert trails.time_ns.min() > until_ns - SPAN_NS
    assert set(trails.number.tolist()) == set(range(10))


def test_dropped_tracks_leave_no_sample() -> None:
    history = History()
    gone = picture([1, 2])
    gone.state[0] = TrackState.DROPPED
    history.note(gone, BEGIN_NS)
    assert len(history) == 1

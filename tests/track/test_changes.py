"""What a plot-driven output tells: each track when it has something new, and its end once."""

from __future__ import annotations

import numpy as np

from jointsky.model.clock import NS_PER_S
from jointsky.model.world import World
from jointsky.track import tracker
from jointsky.track.arrays import CONFIRMED, DROPPED, FREE, TENTATIVE
from jointsky.track.changes import changed_since, make_marks
from jointsky.track.state import TrackerState
from jointsky.track.tuning import Tuning


def state_with(states: list[int]) -> TrackerState:
    """A tracker whose first slots are in these states."""
    state = tracker.start(World.STUDY, 1, (), Tuning())
    state.tracks["state"][:len(states)] = states
    state.tracks["serial"][:len(states)] = np.arange(1, len(states) + 1)
    return state


def test_a_track_is_told_when_it_is_new_and_when_a_plot_has_changed_it() -> None:
    state, marks = state_with([CONFIRMED, TENTATIVE, CONFIRMED, FREE]), make_marks(0)
    rows, marks = changed_since(state, marks, 10 * NS_PER_S, 0)
    assert rows.tolist() == [0, 2]
    rows, marks = changed_since(state, marks, 11 * NS_PER_S, 0)
    assert rows.tolist() == []
    state.tracks["hits"][2] += 1
    state.tracks["state"][1] = CONFIRMED
    rows, marks = changed_since(state, marks, 12 * NS_PER_S, 0)
    assert rows.tolist() == [1, 2]
    rows, marks = changed_since(state, marks, 14 * NS_PER_S, 10 * NS_PER_S)
    assert rows.tolist() == [0], "told last at 10 s, and due again"
    # Tracked again with a late plot: nothing but its place is another.
    state.tracks["mean"][0, 0] += 1.0
    rows, marks = changed_since(state, marks, 15 * NS_PER_S, 0)
    assert rows.tolist() == [0]


def test_the_end_of_a_track_is_told_once_and_only_if_it_was_told() -> None:
    state, marks = state_with([CONFIRMED, TENTATIVE]), make_marks(0)
    _, marks = changed_since(state, marks, NS_PER_S, 0)
    state.tracks["state"][:2] = DROPPED
    rows, marks = changed_since(state, marks, 2 * NS_PER_S, 0)
    assert rows.tolist() == [0]
    rows, marks = changed_since(state, marks, 3 * NS_PER_S, 3 * NS_PER_S)
    assert rows.tolist() == []
    # Another track in the slot, or the same one back again, is new.
    state.tracks["state"][:2] = CONFIRMED
    state.tracks["serial"][1] = 9
    rows, marks = changed_since(state, marks, 4 * NS_PER_S, 0)
    assert rows.tolist() == [0, 1]

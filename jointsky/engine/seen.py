"""Which sensor saw which track when: the ages that I062/290 and the track card tell."""

from __future__ import annotations

import numpy as np

from jointsky.engine.foreign import NUMBERS_PER_SYSTEM
from jointsky.engine.state import PictureState
from jointsky.model.batch import I64
from jointsky.model.schema import TrackBatch
from jointsky.track import tracker


def last_seen(state: PictureState, picture: TrackBatch) -> I64:
    """UTC ns (n, s) at which each sensor of `state.sensors` last saw each track of the state's
    picture; 0 where it never did, and for tracks of other systems."""
    seen_ns = np.zeros((len(picture), len(state.sensors)), np.int64)
    own_id = state.unit.unit_id
    raised = NUMBERS_PER_SYSTEM * state.systems.index(own_id) if own_id in state.systems else 0
    numbers, looks = tracker.last_seen(state.tracker)
    rows = np.flatnonzero(picture.unit_id == own_id)
    wanted = picture.system_track_number[rows] - raised
    if not len(numbers) or not len(rows):
        return seen_ns
    at = np.minimum(np.searchsorted(numbers, wanted), len(numbers) - 1)
    found = numbers[at] == wanted
    place_of = {sensor.sensor_id: place for place, sensor in enumerate(state.tracker.sensors)}
    for column, sensor in enumerate(state.sensors):
        if sensor.sensor_id in place_of:
            seen_ns[rows[found], column] = looks[at[found], place_of[sensor.sensor_id]]
    return seen_ns

"""A picture as it is shown to consoles and the API: tracks, the state of sensors, counts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from jointsky.app.views import NO_VIEWS, Views, tracks_of, withheld_from
from jointsky.engine.foreign import NUMBERS_PER_SYSTEM
from jointsky.engine.health import SensorRow, sensor_rows
from jointsky.engine.law import Law
from jointsky.engine.seen import last_seen
from jointsky.engine.state import PictureState
from jointsky.model.batch import I64
from jointsky.model.schema import TrackBatch, TrackState
from jointsky.model.sensor import Sensor


@dataclass(frozen=True)
class Preview:
    """A picture is that of a partner nation. withheld: how many tracks it does not have, by
    cause."""

    nation: str
    withheld: dict[str, int]


@dataclass(frozen=True)
class Picture:
    """One moment. tracks (n,): own and foreign, numbers unique; table (s,): the unit's sensor
    table; seen_ns (n, s): when each sensor last saw each track, UTC ns, 0 for never; law: the
    agreements; frames, plots, rejects: counts since the unit's beginning; own_id: unit id of the
    unit; views: what partners have; preview: whose picture it is, None for the unit's own."""

    now_ns: int
    tracks: TrackBatch
    sensors: list[SensorRow]
    table: tuple[Sensor, ...]
    seen_ns: I64
    law: Law
    frames: int
    plots: int
    rejects: int
    own_id: int = 0
    views: Views = field(default_factory=dict)
    preview: Preview | None = None


def picture_of(state: PictureState, tracks: TrackBatch, views: Views = NO_VIEWS) -> Picture:
    """The picture of a state, with the tracks that its step gave and what partners have then.
    Shares nothing that the next step changes."""
    return Picture(state.now_ns, tracks, sensor_rows(state), state.sensors,
                   last_seen(state, tracks), state.law, state.frames, state.plots, state.rejects,
                   state.unit.unit_id, views)


def preview_of(picture: Picture, nation: str) -> Picture:
    """The picture that a partner nation has: nothing is in it but what was released to it. Without
    sensors, whose state is another thing to share."""
    world = picture.tracks.world
    view = picture.views.get(nation)
    tracks = tracks_of(view, world) if view else TrackBatch.empty(world)
    live = picture.tracks.take((picture.tracks.state != TrackState.DROPPED)
                               & (picture.tracks.unit_id == picture.own_id))
    numbers = live.system_track_number % np.int32(NUMBERS_PER_SYSTEM)
    withheld = withheld_from(view, tracks, numbers) if view else {}
    return replace(picture, tracks=tracks, sensors=[], table=(),
                   seen_ns=np.zeros((len(tracks), 0), np.int64), frames=0, plots=0, rejects=0,
                   views=NO_VIEWS, preview=Preview(nation, withheld))

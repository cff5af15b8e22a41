"""A picture as it is shown to consoles and the API: tracks, the state of sensors, counts."""

from __future__ import annotations

from dataclasses import dataclass

from jointsky.engine.health import SensorRow, sensor_rows
from jointsky.engine.law import Law
from jointsky.engine.seen import last_seen
from jointsky.engine.state import PictureState
from jointsky.model.batch import I64
from jointsky.model.schema import TrackBatch
from jointsky.model.sensor import Sensor


@dataclass(frozen=True)
class Picture:
    """One moment. tracks (n,): own and foreign, numbers unique; table (s,): the unit's sensor
    table; seen_ns (n, s): when each sensor last saw each track, UTC ns, 0 for never; law: the
    agreements; frames, plots, rejects: counts since the unit's beginning."""

    now_ns: int
    tracks: TrackBatch
    sensors: list[SensorRow]
    table: tuple[Sensor, ...]
    seen_ns: I64
    law: Law
    frames: int
    plots: int
    rejects: int


def picture_of(state: PictureState, tracks: TrackBatch) -> Picture:
    """The picture of a state, with the tracks that its step gave. Shares nothing that the next
    step changes."""
    return Picture(state.now_ns, tracks, sensor_rows(state), state.sensors,
                   last_seen(state, tracks), state.law, state.frames, state.plots, state.rejects)

"""A picture as it is shown to consoles and the API: tracks, the state of sensors, counts."""

from __future__ import annotations

from dataclasses import dataclass

from jointsky.engine.health import SensorRow, sensor_rows
from jointsky.engine.state import PictureState
from jointsky.model.schema import TrackBatch
from jointsky.model.sensor import Sensor


@dataclass(frozen=True)
class Picture:
    """One moment. tracks: own and foreign, numbers unique; table: the unit's sensor table;
    frames, plots, rejects: counts since the unit's beginning."""

    now_ns: int
    tracks: TrackBatch
    sensors: list[SensorRow]
    table: tuple[Sensor, ...]
    frames: int
    plots: int
    rejects: int


def picture_of(state: PictureState, tracks: TrackBatch) -> Picture:
    """The picture of a state, with the tracks that its step gave."""
    return Picture(state.now_ns, tracks, sensor_rows(state), state.sensors, state.frames,
                   state.plots, state.rejects)

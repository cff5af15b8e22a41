"""Frames to batches: decoded once per input, by the editions that are given or found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jointsky.codec.asterix.decode import decode, detect_editions
from jointsky.codec.asterix.filling import rejects_of
from jointsky.codec.asterix.plots import Origins, plots_of
from jointsky.codec.asterix.statuses import statuses_of
from jointsky.codec.asterix.tracks import tracks_of
from jointsky.engine.state import PictureState, SourceHealth
from jointsky.model.batch import I64, U8
from jointsky.model.frame import Frame
from jointsky.model.schema import PlotBatch, RejectBatch, SensorStatusBatch, TrackBatch

# With this much of an input at hand, the edition of its categories is settled. Until then each
# step asks again, of all there is; an input that changes its edition needs a configured one.
SAMPLE_OCTETS = 16_384
SOURCES_MAX = 1_024
OTHERS = "(further inputs)"


@dataclass(frozen=True)
class Intake:
    """What the frames of a step held. received_ns: the latest reception, 0 if there was none."""

    plots: PlotBatch
    statuses: SensorStatusBatch
    foreign: TrackBatch
    rejects: RejectBatch
    received_ns: int


def read_frames(state: PictureState, frames: Sequence[Frame]) -> Intake:
    """Decode the frames; counts of their inputs go into `state.sources`. Frames are numbered on
    from `state.frames`; batches are in the order of inputs, then of frames."""
    origins = {sensor.sensor_id: (sensor.latitude_rad, sensor.longitude_rad)
               for sensor in state.sensors}
    plots, statuses, foreign, rejects = [], [], [], []
    for source, places in _by_source(state, frames).items():
        mine = [frames[place] for place in places]
        parts = _read_source(state, source, mine, np.array(places) + state.frames, origins)
        plots.append(parts.plots)
        statuses.append(parts.statuses)
        foreign.append(parts.foreign)
        rejects.append(parts.rejects)
    return Intake(
        PlotBatch.join(plots, state.world), SensorStatusBatch.join(statuses, state.world),
        TrackBatch.join(foreign, state.world), RejectBatch.join(rejects, state.world),
        max((frame.received_ns for frame in frames), default=0))


def _by_source(state: PictureState, frames: Sequence[Frame]) -> dict[str, list[int]]:
    """Places of the frames of each input; inputs beyond the limit are counted as one."""
    found: dict[str, list[int]] = {}
    for place, frame in enumerate(frames):
        name = frame.source
        if name not in state.sources and name not in found and (
                len(state.sources) + len(found) >= SOURCES_MAX):
            name = OTHERS
        found.setdefault(name, []).append(place)
    return dict(sorted(found.items()))


def _read_source(state: PictureState, source: str, frames: list[Frame], numbers: I64,
                 origins: Origins) -> Intake:
    """Decode the frames of one input together."""
    health = state.sources.setdefault(source, SourceHealth())
    buffer = np.frombuffer(b"".join(frame.payload for frame in frames), np.uint8)
    length = np.array([len(frame.payload) for frame in frames], np.int64)
    received_ns = np.array([frame.received_ns for frame in frames], np.int64)
    given = state.editions.get(source, {})
    learn_editions(health, buffer, length)
    decoded = decode(buffer, spans=(np.cumsum(length) - length, length),
                     editions={**health.editions, **given})
    plots, bad_plots = plots_of(decoded, received_ns, numbers, state.world, origins=origins)
    statuses, bad_statuses = statuses_of(decoded, received_ns, numbers, state.world)
    tracks, bad_tracks = tracks_of(decoded, received_ns, numbers, state.world)
    rejects = RejectBatch.join(
        [rejects_of(decoded, received_ns, numbers, state.world), bad_plots, bad_statuses,
         bad_tracks], state.world)
    health.frames += len(frames)
    health.octets += len(buffer)
    health.records += sum(decoded.counts().values())
    health.rejects += len(rejects) + decoded.rejects.more
    health.last_ns = max(health.last_ns, int(received_ns.max(initial=0)))
    return Intake(plots, statuses, tracks, rejects, health.last_ns)


def learn_editions(health: SourceHealth, buffer: U8, length: I64) -> None:
    """Find the editions of an input from its first frames, these among them, until it has sent
    enough: few records fit more editions than many."""
    if health.octets >= SAMPLE_OCTETS:
        return
    health.sample = np.concatenate([health.sample, buffer])
    health.sample_lengths = lengths = np.concatenate([health.sample_lengths, length])
    found = detect_editions(health.sample, spans=(np.cumsum(lengths) - lengths, lengths))
    health.editions = {category: report.edition for category, report in found.items()}
    if len(health.sample) >= SAMPLE_OCTETS:
        health.sample, health.sample_lengths = np.empty(0, np.uint8), np.empty(0, np.int64)

"""Tracks of plot folders and recordings on an output grid: what `jointsky track` does."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import BinaryIO

import numpy as np

from jointsky.app.config import endpoint_of
from jointsky.app.pipeline import pictures, refusal_notes
from jointsky.app.recordings import OpenedRecording, open_recording
from jointsky.codec.asterix.from_batches import encode_tracks
from jointsky.codec.asterix.reports import encode_end_of_batch
from jointsky.codec.plotfolder import PlotFolder, Scenario, open_plot_folder
from jointsky.codec.trackfile import TrackRows
from jointsky.edge.udp import UdpSender
from jointsky.engine.state import PictureState, add_sensors
from jointsky.engine.step import StepResult, step
from jointsky.model.batch import I64
from jointsky.model.clock import NS_PER_S
from jointsky.model.errors import ConfigProblem, FileProblem, UsageProblem
from jointsky.model.frame import Frame
from jointsky.model.schema import TrackBatch, TrackState
from jointsky.model.sensor import Sensor
from jointsky.model.world import World
from jointsky.track import tracker
from jointsky.track.smooth import History
from jointsky.track.tuning import Tuning

STEPS_MAX = 1_000_000


@dataclass(frozen=True)
class Run:
    """Tracking that is about to be done.

    grid_ns: the times of the output; pictures: (now_ns, tracks) at each, when asked for; inputs:
    how many plots or frames (`what`) go in; notes: what the user should know; what was refused is
    added when the last picture has been made; history: if it is to be smoothed, what
    `smoothed_rows` needs once all pictures have been asked for.
    """

    grid_ns: I64
    pictures: Iterator[tuple[int, TrackBatch]]
    inputs: int
    what: str
    notes: list[str]
    history: History | None = None


def track_folder(folder: Path, bias: Path | None = None, tuning: Tuning | None = None, *,
                 smooth: bool = False) -> Run:
    """Tracking of a plot folder on the grid of its scenario; time 0 is 1970-01-01T00:00 UTC.

    A picture at a time is made of the plots up to it and of none later. Raises `FileProblem`.
    """
    opened = open_plot_folder(folder, World.STUDY, bias)
    grid = _grid_of(opened.scenario)
    check_steps(len(grid), folder)
    history = History() if smooth else None
    notes: list[str] = []
    return Run(grid, pictures(opened.parts, opened.sensors, grid, World.STUDY, tuning=tuning,
                              notes=notes, hear=history.add if history is not None else None),
               opened.rows, "plots", notes, history)


def pictures_of(folder: PlotFolder) -> Iterator[tuple[int, TrackBatch]]:
    """(now_ns, tracks) at each time of the output grid of a plot folder, on one thread."""
    return pictures(iter([folder.plots]), folder.sensors, _grid_of(folder.scenario),
                    folder.plots.world, threads=1)


def _grid_of(scenario: Scenario) -> I64:
    step_ns = round(scenario.step_s * NS_PER_S)
    return np.arange(0, round(scenario.duration_s * NS_PER_S) + 1, step_ns, dtype=np.int64)


def track_recordings(paths: Sequence[Path], sensors: tuple[Sensor, ...], step_s: float,
                     editions: Mapping[int, str] | None = None,
                     date_utc: date | None = None, tuning: Tuning | None = None, *,
                     smooth: bool = False) -> Run:
    """Tracking of recordings, all of one time, by the engine that also runs a unit.

    A picture is made at each multiple of step_s from the frames received up to it. Raises
    `FileProblem`, `UsageProblem`.
    """
    grid, results, frames, notes = steps_of(paths, sensors, step_s, editions, date_utc, tuning)
    history = History() if smooth else None
    return Run(grid, _pictures(results, history), frames, "frames", notes, history)


def _pictures(results: Iterator[StepResult],
              history: History | None) -> Iterator[tuple[int, TrackBatch]]:
    for result in results:
        if history is not None:
            history.add(result.state.tracker)
        yield result.now_ns, result.tracks


def steps_of(paths: Sequence[Path], sensors: tuple[Sensor, ...], step_s: float,
             editions: Mapping[int, str] | None = None, date_utc: date | None = None,
             tuning: Tuning | None = None,
             ) -> tuple[I64, Iterator[StepResult], int, list[str]]:
    """The engine's steps over recordings of one time: the grid of times, the results when asked
    for, how many frames there are, and notes. Raises as `track_recordings`."""
    opened = [open_recording(path, sensors, editions, date_utc) for path in paths]
    frames = list(heapq.merge(*(one.frames for one in opened), key=lambda frame: frame.received_ns))
    step_ns = round(step_s * NS_PER_S)
    first = -(-frames[0].received_ns // step_ns)
    last = -(-frames[-1].received_ns // step_ns)
    check_steps(last - first + 1, paths[0])
    notes = [f"{path}: {note}" for path, one in zip(paths, opened, strict=True)
             for note in one.notes]
    grid = np.arange(first, last + 1, dtype=np.int64) * step_ns
    state = _joined(opened)
    if tuning is not None:
        state = replace(state, tracker=tracker.with_tuning(state.tracker, tuning))
    return grid, _results(state, frames, grid, notes), len(frames), notes


def _results(state: PictureState, frames: list[Frame], grid: I64,
             notes: list[str]) -> Iterator[StepResult]:
    received = np.array([frame.received_ns for frame in frames], np.int64)
    begin = 0
    for now_ns, end in zip(grid.tolist(), np.searchsorted(received, grid, side="right").tolist(),
                           strict=True):
        result = step(state, frames[begin:end], now_ns)
        state, begin = result.state, end
        yield result
    notes += refusal_notes(state.tracker)


def smoothed_rows(run: Run, *, covariance: bool = False) -> TrackRows:
    """Rows of the smoothed tracks of a run with a history, all of whose pictures were made."""
    assert run.history is not None, "a run to be smoothed"
    found = run.history.smoothed(run.grid_ns)
    return TrackRows(found.time_ns / NS_PER_S, found.number, found.latitude_rad,
                     found.longitude_rad, found.height_m, found.north_ms, found.east_ms,
                     found.covariance if covariance else None)


def _joined(opened: Sequence[OpenedRecording]) -> PictureState:
    """One state that knows the sensors and the editions of all recordings."""
    state = opened[0].first
    for one in opened[1:]:
        known = {sensor.sensor_id for sensor in state.sensors}
        state = add_sensors(state, state.sensors + tuple(
            sensor for sensor in one.first.sensors if sensor.sensor_id not in known))
        state = replace(state, editions={**state.editions, **one.first.editions})
    return state


def check_steps(steps: int, path: Path) -> None:
    """Raises `UsageProblem` if there would be too many steps."""
    if steps > STEPS_MAX:
        raise UsageProblem(path, f"{steps} steps of output", expected=f"at most {STEPS_MAX}")


class TrackSender:
    """Sends pictures as CAT062, each followed by a CAT065 end of batch: to a raw ASTERIX file, or
    over UDP."""

    def __init__(self, to: str):
        """to: a file, or udp://HOST:PORT. Raises `UsageProblem`, `FileProblem`."""
        self._batch = 0
        self._file: BinaryIO | None = None
        self._sender: UdpSender | None = None
        if to.startswith("udp://"):
            try:
                self._sender = UdpSender("--cat062", *endpoint_of(to.removeprefix("udp://")))
            except (ValueError, ConfigProblem):
                raise UsageProblem(f"--cat062 {to}", "no endpoint",
                                   expected="udp://ADDRESS:PORT, or a file") from None
            return
        try:
            self._file = Path(to).open("wb")  # noqa: SIM115 - `close` closes it
        except OSError as error:
            raise FileProblem(to, f"cannot be written: {error.strerror}") from None

    def send(self, now_ns: int, tracks: TrackBatch, unit_id: int) -> None:
        """Send one picture."""
        self._batch = (self._batch + 1) % 256
        blocks = [*encode_tracks(tracks), encode_end_of_batch(unit_id, now_ns, self._batch)]
        if self._sender is not None:
            self._sender.send(blocks)
        elif self._file is not None:
            self._file.writelines(blocks)

    def close(self) -> None:
        """Give file or socket back."""
        if self._file is not None:
            self._file.close()
        if self._sender is not None:
            self._sender.close()


class RowCollector:
    """Collects the rows of the output form, picture by picture."""

    def __init__(self, *, covariance: bool = False) -> None:
        """covariance: of each row, too."""
        self._parts: list[TrackRows] = []
        self._covariance = covariance

    def add(self, now_ns: int, tracks: TrackBatch) -> None:
        """Take the live confirmed tracks of a picture at now_ns."""
        live = tracks.take(np.isin(tracks.state, (TrackState.CONFIRMED, TrackState.COASTING)))
        height_m = np.where(live.has("height_m"), live.height_m,
                            np.where(live.has("mode_c_m"), live.mode_c_m, np.nan))
        self._parts.append(TrackRows(
            np.full(len(live), now_ns / NS_PER_S), live.system_track_number.astype(np.int64),
            live.latitude_rad, live.longitude_rad, height_m, live.velocity_north_ms,
            live.velocity_east_ms,
            live.covariance.astype(np.float64) if self._covariance else None))

    def rows(self) -> TrackRows:
        """All rows, of at least one picture, in time order and by track number within a time."""
        cells = {name: np.concatenate([getattr(part, name) for part in self._parts])
                 for name in TrackRows.__dataclass_fields__
                 if name != "covariance" or self._covariance}
        order = np.lexsort((cells["track_id"], cells["time_s"]))
        return TrackRows(**{name: values[order] for name, values in cells.items()})

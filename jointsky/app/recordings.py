"""A recording made ready to be played: timed frames, its editions, the sensors in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from jointsky.codec.asterix.decode import Decoded, decode
from jointsky.codec.asterix.plots import plots_of
from jointsky.codec.asterix.statuses import statuses_of
from jointsky.codec.recordings.read import read_recording
from jointsky.codec.recordings.timed import TimedFrames, frames_of
from jointsky.engine.sensing import PLACELESS, add_found_sensors
from jointsky.engine.state import PictureState, start
from jointsky.model.batch import I32
from jointsky.model.errors import FileProblem, UsageProblem
from jointsky.model.frame import Frame
from jointsky.model.sensor import Sensor, sensor_id_text
from jointsky.model.unit import Unit
from jointsky.model.world import World


@dataclass(frozen=True)
class OpenedRecording:
    """frames: in order of reception; first: the state of a unit that is about to hear them;
    notes: what its user should know (faults of the file, where its times are from)."""

    frames: list[Frame]
    first: PictureState
    notes: list[str]


def open_recording(path: Path, sensors: tuple[Sensor, ...] = (),
                   editions: Mapping[int, str] | None = None,
                   date_utc: date | None = None) -> OpenedRecording:
    """Read a recording and see who speaks in it.

    Raises `FileProblem` for a file that holds no frame, `UsageProblem` for an edition that has no
    table, or when nothing in it can be used because the place of no radar is known.
    """
    timed, decoded, notes = _read(path, editions, date_utc)
    number = np.arange(len(timed), dtype=np.int64)
    plots, _ = plots_of(decoded, timed.received_ns, number, World.REPLAY)
    statuses, _ = statuses_of(decoded, timed.received_ns, number, World.REPLAY)
    found = {table.category: table.edition for table in decoded.tables}
    unit = Unit(path.name, "", 0, 0, *_middle_of(sensors))
    first = start(World.REPLAY, unit, sensors, {name: dict(found) for name in timed.sources})
    table = add_found_sensors(first, plots, statuses).sensors
    known = {sensor.sensor_id for sensor in table}
    ranging = plots.sensor_id[~np.isin(plots.kind, list(PLACELESS))]
    homeless = sorted(set(np.unique(ranging).tolist()) - known)
    if homeless:
        problem = _homeless(path, homeless, ranging)
        if len(homeless) == len(np.unique(plots.sensor_id)) and not decoded.of(62):
            raise problem
        notes.append(f"{problem}")
    # Radars that say where they stand do so at their next north mark; their first plots must not
    # be lost for that.
    placed = tuple(sensor for sensor in table if (sensor.latitude_rad, sensor.longitude_rad)
                   != (0.0, 0.0))
    unit = Unit(path.name, "", 0, 0, *_middle_of(placed))
    first = start(World.REPLAY, unit, placed, first.editions)
    return OpenedRecording(timed.frames(), first, notes)


def timed_frames(path: Path, source: str, editions: Mapping[int, str]) -> list[Frame]:
    """The frames of a recording as those of one input, in order of reception."""
    timed, _, _ = _read(path, editions, None)
    return [Frame(source, frame.received_ns, frame.payload) for frame in timed.frames()]


def _read(path: Path, editions: Mapping[int, str] | None,
          date_utc: date | None) -> tuple[TimedFrames, Decoded, list[str]]:
    recording = read_recording(path)
    if not len(recording):
        raise FileProblem(path, "no frame in it", expected="at least one ASTERIX data block")
    decoded = decode(recording.buffer, spans=(recording.start, recording.length),
                     editions=editions)
    if not decoded.tables:
        raise FileProblem(path, "no ASTERIX record that can be read",
                          expected="records of a known category; `jointsky doctor` says more")
    timed = frames_of(recording, decoded, date_utc)
    notes = [timed.said]
    notes += [f"byte {fault.offset}: {fault.text}" for fault in recording.faults[:5]]
    more = len(recording.faults) - 5 + recording.faults_left_off
    if more > 0:
        notes.append(f"and {more} more faults of the file")
    if decoded.rejects.total:
        reasons = ", ".join(f"{name} {count}" for name, count in decoded.rejects.counts().items())
        notes.append(f"{decoded.rejects.total} rejected: {reasons}")
    return timed, decoded, notes


def _middle_of(sensors: Iterable[Sensor]) -> tuple[float, float]:
    """Mean latitude and longitude of sensors; 0, 0 of none."""
    places = [(sensor.latitude_rad, sensor.longitude_rad) for sensor in sensors]
    if not places:
        return 0.0, 0.0
    latitude, longitude = np.mean(places, axis=0)
    return float(latitude), float(longitude)


def _homeless(path: Path, homeless: list[int], ranging: I32) -> UsageProblem:
    counts = ", ".join(f"{sensor_id_text(one)} ({int((ranging == one).sum())} plots)"
                       for one in homeless[:10])
    options = " ".join(f"--sensor {sensor_id_text(one)}=LATITUDE,LONGITUDE,HEIGHT"
                       for one in homeless[:3])
    return UsageProblem(path, f"it does not say where its radar {counts} stands",
                        expected=f"{options} in degrees and metres")

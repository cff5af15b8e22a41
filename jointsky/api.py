"""jointsky from Python: a handful of names that stay.

    from jointsky import api

    tracks = api.track("recording.ast", sensors=api.sensors("20/129=41.3,2.1,27"))
    tracks.write("tracks.parquet")
    api.simulate("plots", seed=12, aircraft=12, radars=2)
    result = api.score("plots", api.track("plots", bias="plots/bias.csv", smooth=True))
    print(result.gospa_m)

Bad input raises what the commands report: `jointsky.model.errors.UsageProblem` and `FileProblem`,
which name file, place and expectation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa

from jointsky.app.arguments import parse_sensors
from jointsky.app.folders import write_folder
from jointsky.app.tracking import (
    RowCollector,
    smoothed_rows,
    track_folder,
    track_recordings,
)
from jointsky.codec.plotfolder import read_scenario
from jointsky.codec.trackfile import TrackRows, read_truth, table_of, write_tracks
from jointsky.model.errors import UsageProblem
from jointsky.model.sensor import Sensor
from jointsky.study.score import Score
from jointsky.study.score import score as score_rows


@dataclass(frozen=True)
class Tracks:
    """Tracks on an output grid.

    rows: NumPy columns, a row for each track at each step (see `TrackRows`: radians, metres, m/s,
    seconds since the start of a plot folder or since 1970); inputs: plots or frames that went in;
    notes: what a reader should know of the recording.
    """

    rows: TrackRows
    inputs: int
    notes: tuple[str, ...]

    def to_arrow(self) -> pa.Table:
        """The rows as a table in the open exchange form: time, track_id, lat, lon, alt, vn, ve, and
        the covariance; degrees, metres, m/s."""
        return table_of(self.rows)

    def write(self, path: str | Path) -> None:
        """Write that table to a file .parquet or .csv. Raises `UsageProblem`, `FileProblem`."""
        write_tracks(Path(path), self.rows)


def sensors(*texts: str) -> tuple[Sensor, ...]:
    """Radars as the command line takes them: "SAC/SIC=LATITUDE,LONGITUDE,HEIGHT" in degrees and
    metres. Raises `UsageProblem`."""
    return parse_sensors(list(texts))


def track(source: str | Path | Sequence[str | Path], *, bias: str | Path | None = None,
          sensors: tuple[Sensor, ...] = (), step_s: float = 4.0,
          editions: Mapping[int, str] | None = None, date_utc: date | None = None,
          smooth: bool = False) -> Tracks:
    """Track a plot folder, or recordings of one time.

    source: a folder, a recording, or several recordings; bias: file of known biases of a folder's
    sensors; sensors: radars whose place a recording does not say; step_s: output grid of
    recordings; editions, date_utc: of a recording, where they are not found; smooth: use the plots
    that were still to come, too. Raises `UsageProblem`, `FileProblem`.
    """
    paths = [Path(source)] if isinstance(source, str | Path) else [Path(one) for one in source]
    if not paths:
        raise UsageProblem("track", "nothing to track", expected="a folder or recordings")
    if paths[0].is_dir():
        run = track_folder(paths[0], Path(bias) if bias is not None else None, smooth=smooth)
    else:
        run = track_recordings(paths, sensors, step_s, editions, date_utc, smooth=smooth)
    collector = RowCollector(covariance=True)
    for now_ns, picture in run.pictures:
        collector.add(now_ns, picture)
    rows = smoothed_rows(run, covariance=True) if smooth else collector.rows()
    return Tracks(rows, run.inputs, tuple(run.notes))


def score(folder: str | Path, tracks: Tracks) -> Score:
    """Measure tracks of a plot folder against the truth that lies in it. Raises `FileProblem`."""
    return score_rows(read_truth(Path(folder)), tracks.rows, read_scenario(Path(folder)).step_s)


def simulate(folder: str | Path, seed: int, aircraft: int, radars: int, *, seconds: int = 600,
             adsb: bool = False) -> None:
    """Write a plot folder with truth and biases, made by jointsky's own simulator.

    aircraft: about how many, at least six: airliners, slow ones and manoeuvring ones, one in seven
    without a transponder; radars: 1 to 63, SSR and PSR in turn; adsb: also positions of half of
    the aircraft. The same seed and numbers give the same bytes. Raises `UsageProblem`,
    `FileProblem`.
    """
    write_folder(Path(folder), seed, aircraft, radars, adsb=adsb, seconds=seconds)

"""Files of tracks and of truth on an output grid: the open exchange form of plot folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from jointsky.codec.csvtable import find_table, names_of, read_table
from jointsky.model.batch import F64, I64, Bool
from jointsky.model.errors import FileProblem, UsageProblem

TRACK_TYPES = {"time": "f", "track_id": "i", "lat": "f", "lon": "f", "alt": "f", "vn": "f",
               "ve": "f"}
# The upper triangle of the covariance of east, north m, velocity east, north m/s; may be absent.
COVARIANCE = ("cov_e_e", "cov_e_n", "cov_e_ve", "cov_e_vn", "cov_n_n", "cov_n_ve", "cov_n_vn",
              "cov_ve_ve", "cov_ve_vn", "cov_vn_vn")
TRUTH_TYPES = {"time": "f", "target": "i", "lat": "f", "lon": "f", "alt": "f", "vn": "f",
               "ve": "f", "man": "i", "cov": "i"}


@dataclass(frozen=True, eq=False)
class TrackRows:
    """Estimated states, a row for each confirmed track at each step: all (n,).

    time_s: seconds since the start of the scenario (of 1970 for recordings); track_id: system
    track number; radians, metres, m/s; height_m NaN if unknown; covariance (n, 10): COVARIANCE,
    or None.
    """

    time_s: F64
    track_id: I64
    latitude_rad: F64
    longitude_rad: F64
    height_m: F64
    north_ms: F64
    east_ms: F64
    covariance: F64 | None = None


@dataclass(frozen=True, eq=False)
class Truth:
    """True states, a row for each aircraft at each step: all (n,).

    sensors: how many can see it now.
    """

    time_s: F64
    target: I64
    latitude_rad: F64
    longitude_rad: F64
    height_m: F64
    north_ms: F64
    east_ms: F64
    manoeuvring: Bool
    sensors: I64


def write_tracks(path: Path, rows: TrackRows) -> None:
    """Write rows to .parquet or .csv, degrees and metres. Raises `UsageProblem`, `FileProblem`."""
    check_track_suffix(path)
    table = table_of(rows)
    try:
        if path.suffix == ".parquet":
            pq.write_table(table, path, compression="zstd")
        else:
            pacsv.write_csv(table, path)
    except OSError as error:
        raise FileProblem(path, f"cannot be written: {error.strerror or error}") from None


def table_of(rows: TrackRows) -> pa.Table:
    """Rows in the open exchange form: degrees, metres, m/s, rounded as in files."""
    columns = {
        "time": rows.time_s, "track_id": rows.track_id,
        "lat": np.round(np.degrees(rows.latitude_rad), 8),
        "lon": np.round(np.degrees(rows.longitude_rad), 8),
        "alt": pa.array(np.round(rows.height_m, 2), mask=np.isnan(rows.height_m)),
        "vn": np.round(rows.north_ms, 4), "ve": np.round(rows.east_ms, 4)}
    if rows.covariance is not None:
        columns |= {name: np.round(rows.covariance[:, k], 4) for k, name in enumerate(COVARIANCE)}
    return pa.table(columns)


def check_track_suffix(path: Path) -> None:
    """Raises `UsageProblem` if tracks cannot be written under that name."""
    if path.suffix not in {".parquet", ".csv"}:
        raise UsageProblem(path, f"suffix {path.suffix or '(none)'}", expected=".parquet or .csv")


def read_tracks(path: Path) -> TrackRows:
    """Read rows that `write_tracks`, or anybody, wrote. Raises `FileProblem`."""
    sure = set(COVARIANCE) <= set(names_of(path))
    table = read_table(path, TRACK_TYPES | (dict.fromkeys(COVARIANCE, "f") if sure else {}))
    covariance = None
    if sure:
        covariance = np.column_stack([table.values(name) for name in COVARIANCE])
    return TrackRows(
        table.values("time"), table.values("track_id"), np.radians(table.values("lat")),
        np.radians(table.values("lon")), table.values("alt"), table.values("vn"),
        table.values("ve"), covariance)


def read_truth(folder: Path) -> Truth:
    """Read truth of a plot folder. Raises `FileProblem`."""
    table = read_table(find_table(folder, "truth"), TRUTH_TYPES)
    return Truth(
        table.values("time"), table.values("target"), np.radians(table.values("lat")),
        np.radians(table.values("lon")), table.values("alt"), table.values("vn"),
        table.values("ve"), table.values("man") > 0, table.values("cov"))

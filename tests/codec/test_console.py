"""The console's wire format: what the bytes say, what a delta carries, no drift of generated files.

The same bytes are decoded by the console's own decoder in console/src/wire/decode.test.ts.
"""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jointsky.codec.console import (
    ConsoleTracks,
    ConsoleTrails,
    changes,
    encode_picture,
    encode_trails,
)
from jointsky.model.batch import Batch, columns_of
from jointsky.model.schema import TrackBatch, TrackState
from jointsky.model.world import World

ROOT = Path(__file__).resolve().parents[2]
NONE = np.empty(0, np.int32)


def read(message: bytes, table: type[Batch]) -> tuple[dict[str, Any], Any, dict[str, Any]]:
    """A second reader, written from the docstring of the module: header, removed, columns."""
    names = ("magic", "kind", "world", "schema", "rows", "removed", "now_ms", "sequence", "total")
    header = dict(zip(names, struct.unpack_from("<IBBHIIdQQ", message), strict=True))
    at = 40
    removed = np.frombuffer(message, "<i4", header["removed"], at)
    at += -(-4 * header["removed"] // 8) * 8
    cells = {}
    for col in columns_of(table):
        count = header["rows"] * col.width
        cells[col.name] = np.frombuffer(message, col.dtype.newbyteorder("<"), count, at)
        assert at % 8 == 0
        at += -(-count * col.dtype.itemsize // 8) * 8
    assert at == len(message)
    return header, removed, cells


def tracks_of(numbers: list[int], world: World = World.LIVE) -> TrackBatch:
    tracks = TrackBatch.blank(len(numbers), world)
    tracks.system_track_number[:] = numbers
    tracks.state[:] = TrackState.CONFIRMED
    return tracks


def test_generated_files_have_not_drifted() -> None:
    run = subprocess.run([sys.executable, "tools/generate_schema.py", "--check"], cwd=ROOT,
                         capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_a_snapshot_says_position_codes_and_what_is_absent() -> None:
    tracks = tracks_of([3, 4], World.EXERCISE)
    tracks.latitude_rad[:] = np.radians([42.5, -10.0])
    tracks.mode_3a[0], tracks.callsign[0] = 0o1234, b"KGZ12"
    tracks.present[0] = tracks.bit("mode_3a") | tracks.bit("callsign")
    tracks.covariance[:, 0], tracks.covariance[:, 1], tracks.covariance[:, 4] = 50.0, 50.0, 50.0
    tracks.sensors[:] = [1 << 33, 5]
    header, removed, cells = read(encode_picture(tracks, 1_500_000_000, 9, True, NONE),
                                  ConsoleTracks)
    assert header == {"magic": 0x314B534A, "kind": 1, "world": 2, "schema": 1, "rows": 2,
                      "removed": 0, "now_ms": 1500.0, "sequence": 9, "total": 2}
    assert removed.size == 0
    assert np.allclose(cells["latitude_deg"], [42.5, -10.0])
    assert cells["mode_3a"].tolist() == [0o1234, 0xFFFF]
    assert cells["callsign"].tolist() == [b"KGZ12", b""]
    assert cells["icao_address"].tolist() == [0xFFFFFFFF] * 2
    assert np.isnan(cells["mode_c_m"]).all()
    assert cells["sigma_m"].tolist() == [10.0, 10.0]  # eigenvalues of [[50, 50], [50, 50]]: 100, 0
    assert cells["sensors"].tolist() == [0, 2, 5, 0]


def test_dropped_tracks_leave_as_numbers() -> None:
    tracks = tracks_of([1, 2])
    tracks.state[1] = TrackState.DROPPED
    header, removed, cells = read(
        encode_picture(tracks, 0, 1, False, np.array([7], np.int32), total=40), ConsoleTracks)
    assert (header["kind"], header["rows"], header["total"]) == (2, 1, 40)
    assert sorted(removed.tolist()) == [2, 7]
    assert cells["system_track_number"].tolist() == [1]


def test_trails_come_back_as_given() -> None:
    number, time_ms = np.array([5, 6, 5], np.int32), np.array([1.0, 2.0, 3.0])
    latitude, longitude = np.array([1.5, 2.5, 3.5]), np.array([-170.0, 0.0, 179.0])
    header, _, cells = read(
        encode_trails(World.REPLAY, number, time_ms, latitude, longitude, 4_000_000, 2),
        ConsoleTrails)
    assert (header["kind"], header["world"], header["rows"]) == (3, 1, 3)
    assert np.array_equal(cells["system_track_number"], number)
    assert np.array_equal(cells["time_ms"], time_ms)
    assert np.array_equal(cells["latitude_deg"], latitude)
    assert np.array_equal(cells["longitude_deg"], longitude)


@given(st.dictionaries(st.integers(1, 30), st.tuples(st.integers(0, 3), st.integers(1, 4))),
       st.dictionaries(st.integers(1, 30), st.tuples(st.integers(0, 3), st.integers(1, 4))))
def test_a_delta_turns_one_picture_into_the_next(
        first: dict[int, tuple[int, int]], second: dict[int, tuple[int, int]]) -> None:
    """A console that holds the first picture and applies the delta holds the second."""
    pictures = []
    for picture in (first, second):
        tracks = tracks_of(list(picture))
        for row, (updates, state) in enumerate(picture.values()):
            tracks.update_count[row], tracks.state[row] = updates, state
        pictures.append(tracks)
    rows, removed = changes(*pictures)
    header, gone, cells = read(encode_picture(rows, 0, 1, False, removed), ConsoleTracks)
    live = [{number: values for number, values in picture.items()
             if values[1] != TrackState.DROPPED} for picture in (first, second)]
    held = {number: values for number, values in live[0].items() if number not in gone.tolist()}
    sent = dict(zip(cells["system_track_number"].tolist(),
                    zip(cells["update_count"].tolist(), cells["state"].tolist(), strict=True),
                    strict=True))
    assert not set(gone.tolist()) & set(live[1])
    assert {**held, **sent} == live[1]
    assert header["rows"] == sum(live[0].get(number) != values
                                 for number, values in live[1].items())


@pytest.mark.parametrize("name", ["snapshot.bin", "delta.bin"])
def test_the_golden_messages_are_read_by_the_second_reader(name: str) -> None:
    message = (ROOT / "console" / "src" / "wire" / "golden" / name).read_bytes()
    header, removed, cells = read(message, ConsoleTracks)
    assert header["world"] == 2
    assert (9 if name == "snapshot.bin" else 7) in removed
    assert 8 in cells["system_track_number"]

"""The tracker on the shared plot folders and the real recordings, where they are."""

from __future__ import annotations

import gzip
import math
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

from jointsky.app.recordings import open_recording
from jointsky.app.tracking import RowCollector, track_folder, track_recordings
from jointsky.codec.plotfolder import read_plot_folder
from jointsky.codec.trackfile import read_truth
from jointsky.engine.step import read_frames, split_known, split_worlds
from jointsky.model.schema import PlotFlag, TrackState
from jointsky.model.sensor import Sensor, SensorKind
from jointsky.model.world import World
from jointsky.study.purity import track_purity
from jointsky.study.score import Score, score

# What Stone Soup reached with the same plots and true biases: GOSPA m (design notes, 2026).
STONE_SOUP_GOSPA_M = {"radar_20": 2865, "radar_200": 6154, "radar_1000": 18_772}


def score_of(folder: Path) -> Score:
    rows = RowCollector()
    for now_ns, tracks in track_folder(folder, folder / "bias.csv").pictures:
        rows.add(now_ns, tracks)
    return score(read_truth(folder), rows.rows(),
                 read_plot_folder(folder, World.STUDY).scenario.step_s)


@pytest.mark.parametrize("name", ["radar_20", "radar_200"])
def test_ahead_of_stone_soup(shared: Path, name: str) -> None:
    result = score_of(shared / "plots" / name)
    assert result.gospa_m < 0.8 * STONE_SOUP_GOSPA_M[name]
    assert result.completeness > 0.98
    assert result.continuity.switches_per_hour < 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["radar_1000", "radar_200_unbiased", "radar_adsb_200"])
def test_the_other_folders(shared: Path, name: str) -> None:
    result = score_of(shared / "plots" / name)
    if name in STONE_SOUP_GOSPA_M:
        assert result.gospa_m < 0.8 * STONE_SOUP_GOSPA_M[name]
    assert result.completeness > 0.98


def test_half_of_a_folder_gives_the_same_rows(shared: Path, tmp_path: Path) -> None:
    """Rows use no plot later than themselves."""
    whole = shared / "plots" / "radar_20"
    half = tmp_path / "half"
    half.mkdir()
    for name in ("sensors.csv", "scenario.json"):
        (half / name).write_bytes((whole / name).read_bytes())
    lines = gzip.decompress((whole / "plots.csv.gz").read_bytes()).decode().splitlines()
    kept = [line for line in lines[1:] if float(line.split(",")[0]) <= 300]
    (half / "plots.csv").write_text("\n".join([lines[0], *kept]) + "\n")

    def rows_of(folder: Path) -> np.ndarray:
        rows = RowCollector()
        for now_ns, tracks in track_folder(folder).pictures:
            if now_ns <= 300_000_000_000:
                rows.add(now_ns, tracks)
        made = rows.rows()
        return np.column_stack([getattr(made, name) for name in (
            "time_s", "track_id", "latitude_rad", "longitude_rad", "height_m")])
    np.testing.assert_array_equal(rows_of(half), rows_of(whole))


def test_a_real_radar_is_followed_address_by_address(shared: Path) -> None:
    """An hour of Barcelona, 177 addresses: one track per address nearly everywhere, though the
    tracker takes addresses as evidence only, and never two at one time. What breaks are aircraft
    on the ground, whose replies come by reflections too, and those that stop answering there.
    Measured: 0 of 44,509 moments double, 221 tracks with an address for 177 addresses."""
    sensor = Sensor(20 << 8 | 129, "Barcelona", SensorKind.PSR_SSR, math.radians(41.300702),
                    math.radians(2.102058), 27.0, 4.0, 300_000.0, 80.0, 0.0016)
    path = shared / "asterix" / "barcelona_radar_cat048_20230502.ast"
    of_address: dict[int, Counter[int]] = defaultdict(Counter)
    of_track: dict[int, Counter[int]] = defaultdict(Counter)
    moments = doubles = 0
    for _, tracks in track_recordings([path], (sensor,), 4.0).pictures:
        live = tracks.has("icao_address") & (tracks.state != TrackState.DROPPED)
        at_once = Counter(tracks.icao_address[live].tolist())
        moments, doubles = moments + len(at_once), doubles + at_once.total() - len(at_once)
        for number, address in zip(tracks.system_track_number[live].tolist(),
                                   tracks.icao_address[live].tolist(), strict=True):
            of_address[address][number] += 1
            of_track[number][address] += 1
    assert len(of_address) >= 175
    assert moments > 40_000 and doubles <= 4
    assert len(of_track) <= 235
    completeness = [max(count.values()) / count.total() for count in of_address.values()]
    purity = [max(count.values()) / count.total() for count in of_track.values()]
    assert np.mean(completeness) > 0.92
    assert np.mean(purity) > 0.99


def test_a_real_radar_is_followed_without_addresses_and_codes(shared: Path) -> None:
    """The same hour with Mode 3/A, address and callsign taken away: the tracks still follow one
    aircraft each."""
    sensor = Sensor(20 << 8 | 129, "Barcelona", SensorKind.PSR_SSR, math.radians(41.300702),
                    math.radians(2.102058), 27.0, 4.0, 300_000.0, 80.0, 0.0016)
    path = shared / "asterix" / "barcelona_radar_cat048_20230502.ast"
    opened = open_recording(path, (sensor,))
    plots, _ = split_worlds(opened.first, read_frames(opened.first, opened.frames).plots)
    plots, _ = split_known(opened.first, plots)
    plots = plots.take(np.lexsort((plots.sensor_id, plots.time_ns)))
    result = track_purity(plots, opened.first.tracker.sensors)
    assert result.addresses == 177 and result.plots > 43_000
    assert result.purity > 0.97
    assert result.completeness > 0.95
    airborne = (plots.flags & PlotFlag.ON_GROUND) == 0
    result = track_purity(plots, opened.first.tracker.sensors, counted=airborne)
    assert result.purity > 0.98
    assert result.completeness > 0.97

"""Plot folders and track files: read right, refused clearly."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from jointsky.codec.plotfolder import (
    MEASURES,
    read_plot_folder,
    read_plots,
    read_plots_in_parts,
    read_scenario,
)
from jointsky.codec.trackfile import TrackRows, read_tracks, read_truth, write_tracks
from jointsky.model.errors import FileProblem, UsageProblem
from jointsky.model.schema import PlotBatch, PlotKind
from jointsky.model.world import World

SCENARIO = {"lat": 48.5, "lon": 9.0, "half": 3e5, "step": 4.0, "duration": 600.0}
SENSORS = """sensor,kind,lat,lon,alt,period,max_range,sig_rng,sig_az,pd,clutter
1,SSR,46.6,9.2,147.8,6.0,407557,64.3,0.06,0.9,8.0
2,PSR,48.4,11.3,447.9,6.0,200701,71.2,0.17,0.9,40.0
"""
PLOTS = """time,sensor,kind,rng,az,mode_a,alt,lat,lon,vn,ve,icao
0.5,1,SSR,280408.2,90.0,1654,10805.2,,,,,
0.75,2,PSR,156152.3,180.0,,,,,,,
1.0,0,ADSB,,,,10652.8,50.0,5.0,139.6,-142.57,4194363
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "scenario.json").write_text(json.dumps(SCENARIO))
    (tmp_path / "sensors.csv").write_text(SENSORS)
    (tmp_path / "plots.csv").write_text(PLOTS)
    return tmp_path


def test_a_folder_reads_as_batches(folder: Path) -> None:
    read = read_plot_folder(folder, World.STUDY)
    plots = read.plots
    assert plots.time_ns.tolist() == [500_000_000, 750_000_000, 1_000_000_000]
    assert plots.kind.tolist() == [PlotKind.SSR, PlotKind.PSR, PlotKind.ADSB]
    assert plots.has("mode_3a").tolist() == [True, False, False]
    assert plots.mode_3a[0] == 1654 and plots.icao_address[2] == 4194363
    assert plots.azimuth_rad[0] == pytest.approx(np.pi / 2)
    assert plots.has("latitude_rad").tolist() == [False, False, True]
    assert np.isnan(plots.latitude_rad[0]) and np.isnan(plots.range_m[2])
    assert [sensor.sensor_id for sensor in read.sensors] == [0, 1, 2]
    assert read.sensors[1].sigma_azimuth_rad == pytest.approx(np.radians(0.06))
    assert read.scenario.step_s == 4.0


def test_known_biases_are_the_sensors(folder: Path, tmp_path: Path) -> None:
    bias = tmp_path / "bias.csv"
    bias.write_text("sensor,rng_bias,az_bias\n2,-50.0,0.1\n")
    sensors = read_plot_folder(folder, World.STUDY, bias).sensors
    assert sensors[2].range_bias_m == -50.0
    assert sensors[2].azimuth_bias_rad == pytest.approx(np.radians(0.1))
    assert sensors[1].range_bias_m == 0.0


def test_gzip_and_parquet_give_the_same(folder: Path) -> None:
    plain = read_plot_folder(folder, World.STUDY).plots
    (folder / "plots.csv").rename(folder / "kept")
    with gzip.open(folder / "plots.csv.gz", "wt") as file:
        file.write(PLOTS)
    zipped = read_plot_folder(folder, World.STUDY).plots
    (folder / "plots.csv.gz").unlink()
    pq.write_table(pacsv.read_csv(folder / "kept"), folder / "plots.parquet")
    columns = read_plot_folder(folder, World.STUDY).plots
    for other in (zipped, columns):
        for name in ("time_ns", "present", "range_m", "mode_3a", "kind"):
            np.testing.assert_array_equal(getattr(plain, name), getattr(other, name))


@pytest.mark.parametrize(("name", "old", "new", "said"), [
    ("plots.csv", "0.75,2", "0.25,2", "plots.csv, row 2: time going backwards"),
    ("plots.csv", "0.5,1,SSR,280408.2", "0.5,1,SSR,", "row 1: no rng or az"),
    ("plots.csv", "0.5,1,SSR", "0.5,1,XXX", "row 1: an unknown kind"),
    ("plots.csv", "0.5,1,SSR", "0.5,9,SSR", "plots of sensor 9"),
    ("plots.csv", "280408.2", "far", "far"),
    ("plots.csv", "rng,az", "rng,bearing", "az"),
    ("plots.csv", ",mode_a", "", "plots.csv"),
    ("sensors.csv", "1,SSR", "1,TV", "row 1: an unknown kind"),
    ("sensors.csv", "2,PSR,48.4", "2,PSR,", "row 2: no lat"),
    ("scenario.json", "4.0", "0", "step 0"),
    ("scenario.json", '"step"', '"stride"', "step"),
    ("scenario.json", "{", "[", "line 1"),
])
def test_a_fault_is_named_with_its_place(folder: Path, name: str, old: str, new: str,
                                         said: str) -> None:
    path = folder / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(FileProblem, match=name.split(".", maxsplit=1)[0]) as caught:
        read_plot_folder(folder, World.STUDY)
    assert said in str(caught.value)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match=r"scenario\.json: there is no such file"):
        read_scenario(tmp_path)
    with pytest.raises(FileProblem, match=r"there is no truth; expected one of truth\.csv"):
        read_truth(tmp_path)
    with pytest.raises(FileProblem, match="there is no such file"):
        read_tracks(tmp_path / "tracks.csv")


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_tracks_come_back_as_they_went(tmp_path: Path, suffix: str) -> None:
    rows = TrackRows(np.array([4.0, 8.0]), np.array([1, 2]), np.radians([48.123456789, -1.0]),
                     np.radians([9.0, 179.5]), np.array([1000.25, np.nan]),
                     np.array([1.5, -2.5]), np.array([0.0, 100.0]))
    path = tmp_path / f"tracks{suffix}"
    write_tracks(path, rows)
    back = read_tracks(path)
    np.testing.assert_array_equal(back.track_id, rows.track_id)
    np.testing.assert_allclose(back.latitude_rad, rows.latitude_rad, atol=1e-10)
    np.testing.assert_array_equal(back.height_m, rows.height_m)
    np.testing.assert_array_equal(back.east_ms, rows.east_ms)
    assert back.covariance is None
    spread = np.arange(20.0).reshape(2, 10)
    write_tracks(path, replace(rows, covariance=spread))
    np.testing.assert_array_equal(read_tracks(path).covariance, spread)


def test_a_suffix_nobody_knows_is_refused(tmp_path: Path) -> None:
    rows = read_rows_of_nothing()
    with pytest.raises(UsageProblem, match=r"\.xlsx"):
        write_tracks(tmp_path / "tracks.xlsx", rows)


def read_rows_of_nothing() -> TrackRows:
    none = np.zeros(0)
    return TrackRows(none, none.astype(np.int64), none, none, none, none, none)


def test_real_folders_read_whole(shared: Path) -> None:
    for folder in sorted((shared / "plots").iterdir()):
        plots = read_plot_folder(folder, World.STUDY).plots
        assert len(plots) == json.loads((folder / "scenario.json").read_text())["plots"]
        assert len(read_truth(folder).time_s) > 0


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("rows", [1, 2, 7, 1000])
def test_parts_are_the_whole(tmp_path: Path, suffix: str, rows: int) -> None:
    rng = np.random.default_rng(rows)
    n, kinds = 41, np.array(["PSR", "SSR", "ADSB"])
    kind = kinds[rng.integers(0, 3, n)]
    placed = kind == "ADSB"

    def given(values: np.ndarray, there: np.ndarray) -> pa.Array:
        return pa.array(values, mask=~there)

    table = pa.table({
        "time": np.sort(rng.uniform(0, 60, n)), "sensor": rng.integers(0, 4, n), "kind": kind,
        "rng": rng.uniform(1e3, 3e5, n),
        "az": given(rng.uniform(0, 360, n), ~placed),
        "mode_a": given(rng.integers(0, 4096, n), kind == "SSR"),
        "alt": given(rng.uniform(0, 1e4, n), rng.random(n) < 0.5),
        "lat": given(rng.uniform(40, 50, n), placed), "lon": given(rng.uniform(0, 9, n), placed),
        "vn": given(rng.normal(0, 99, n), placed), "ve": given(rng.normal(0, 99, n), placed),
        "icao": given(rng.integers(1, 1 << 24, n), placed)})
    path = tmp_path / f"plots{suffix}"
    if suffix == ".parquet":
        pq.write_table(table, path, row_group_size=16)
    else:
        pacsv.write_csv(table, path)
    parts = list(read_plots_in_parts(path, World.STUDY, rows))
    assert max(len(part) for part in parts) <= rows
    whole, joined = read_plots(path, World.STUDY), PlotBatch.join(parts, World.STUDY)
    for name in ("time_ns", "received_ns", "present", "sensor_id", "kind", "frame",
                 *MEASURES.values()):
        np.testing.assert_array_equal(getattr(whole, name), getattr(joined, name))
        assert all(getattr(part, name).flags.writeable for part in parts), "one type for kernels"
    assert whole.frame.tolist() == list(range(n))
    assert (whole.has("latitude_rad") == placed).all()


def test_a_problem_in_a_later_part_names_the_row_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "plots.csv"
    lines = [f"{second}.0,1,SSR,1000,90,,,,,,," for second in (0, 1, 2, 3, 4, 3, 5)]
    path.write_text("\n".join([PLOTS.splitlines()[0], *lines]) + "\n")
    for rows in (1, 2, 5, 100):
        with pytest.raises(FileProblem, match="row 6: time going backwards"):
            list(read_plots_in_parts(path, World.STUDY, rows))

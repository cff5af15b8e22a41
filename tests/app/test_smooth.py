"""`jointsky track --smooth`, on a folder and on a recording."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from jointsky.app.cli import build
from jointsky.app.folders import write_folder
from jointsky.codec.asterix.from_batches import encode_plots
from jointsky.codec.trackfile import TrackRows, read_tracks, read_truth
from jointsky.model.clock import NS_PER_S
from jointsky.model.schema import PlotBatch, PlotKind
from jointsky.model.sensor import sensor_id_of
from jointsky.model.world import World
from jointsky.study.score import score

PLACE = "20/129=41.3,2.1,27"


def rows_of(folder: Path, *words: str) -> TrackRows:
    out = folder / f"out{len(words)}.parquet"
    result = CliRunner().invoke(build(), ["track", *words, "-o", str(out)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return read_tracks(out)


def test_a_folder_is_nearer_to_the_truth_when_smoothed(tmp_path: Path) -> None:
    folder = tmp_path / "plots"
    write_folder(folder, seed=31, aircraft=12, radars=2)
    words = [str(folder), "--bias", str(folder / "bias.csv")]
    live, smooth = rows_of(tmp_path, *words), rows_of(tmp_path, *words, "--smooth", "--covariance")
    assert live.covariance is None and smooth.covariance is not None
    assert (smooth.covariance[:, [0, 4, 7, 9]] > 0).all()
    truth = read_truth(folder)
    before, after = score(truth, live, 4.0), score(truth, smooth, 4.0)
    assert after.position_rms_m < 0.8 * before.position_rms_m
    assert after.position_manoeuvre_rms_m < 0.8 * before.position_manoeuvre_rms_m
    assert after.velocity_rms_ms < 0.6 * before.velocity_rms_ms
    assert after.height_rms_m < before.height_rms_m
    assert after.gospa_m < before.gospa_m
    assert set(live.track_id.tolist()) <= set(smooth.track_id.tolist())
    first = {number: live.time_s[live.track_id == number].min() for number in set(live.track_id)}
    assert all(smooth.time_s[smooth.track_id == number].min() <= first[number] for number in first)
    assert np.isin(smooth.time_s, np.unique(truth.time_s)).all()


def test_a_recording_is_smoothed(tmp_path: Path) -> None:
    """Two aircraft that fly away by 200 m/s, for two minutes."""
    n = 60
    plots = PlotBatch.blank(n, World.EXERCISE)
    plots.time_ns[:] = (1_683_014_400 + 4 * (np.arange(n) // 2)) * NS_PER_S
    plots.sensor_id[:] = sensor_id_of(20, 129)
    plots.kind[:] = PlotKind.MODE_S
    plots.range_m[:] = 60_000 + 800 * (np.arange(n) // 2) + 30_000 * (np.arange(n) % 2)
    plots.azimuth_rad[:] = 1 + np.arange(n) % 2
    plots.mode_c_m[:] = 9000
    for name in ("range_m", "azimuth_rad", "mode_c_m"):
        plots.present[:] |= PlotBatch.bit(name)
    path = tmp_path / "radar.ast"
    path.write_bytes(b"".join(block for row in range(0, n, 2)
                              for block in encode_plots(plots.take(slice(row, row + 2)))))
    words = [str(path), "--sensor", PLACE, "--step", "2"]
    live, smooth = rows_of(tmp_path, *words), rows_of(tmp_path, *words, "--smooth")
    assert set(smooth.track_id.tolist()) == set(live.track_id.tolist()) and len(smooth.track_id)
    last = smooth.time_s == smooth.time_s.max()
    assert np.hypot(smooth.north_ms, smooth.east_ms)[last] == pytest.approx([200, 200], abs=3)
    assert smooth.time_s.min() < live.time_s.min()

"""The tracker beside Stone Soup: accuracy by the same score, speed in the same run, one thread.

python -m bench.tracker_stonesoup [--first SECONDS] [FOLDER ...]: the named plot folders, or
radar_200 of the shared data (where it is) and a fresh seed. Both sides get the true biases and
start from plots in memory; ours runs five times, Stone Soup once, for it takes minutes.
"""

from __future__ import annotations

import sys
import tempfile
import time
import warnings
from pathlib import Path
from statistics import median

import numpy as np

from bench import stonesoup_peer
from bench.folders import cut, write_folder
from jointsky.app.tracking import RowCollector, pictures_of
from jointsky.codec.plotfolder import PlotFolder, read_plot_folder
from jointsky.codec.trackfile import read_truth
from jointsky.model.world import World
from jointsky.study.score import Score, score

FRESH_SEED, AIRCRAFT, RADARS = 20_261, 200, 6
REPEATS = 5


def ours(folder: PlotFolder) -> RowCollector:
    """Rows of our tracker."""
    rows = RowCollector()
    for now_ns, tracks in pictures_of(folder):
        rows.add(now_ns, tracks)
    return rows


def line(name: str, rate: float, result: Score) -> None:
    """One side, in one line."""
    held = result.continuity
    print(f"{name:<12}{rate:>12,.0f} plots/s  GOSPA {result.gospa_m:6.0f} m  position "
          f"{result.position_rms_m:4.0f} (straight {result.position_straight_rms_m:4.0f}, "
          f"manoeuvre {result.position_manoeuvre_rms_m:4.0f}) m  velocity "
          f"{result.velocity_rms_ms:5.1f} m/s  switches/h {held.switches_per_hour:5.2f}  missed "
          f"{result.missed:5.2f}  false {result.false:5.2f}", flush=True)


def compare(path: Path, first_s: float | None) -> None:
    """Both trackers on one folder."""
    folder = read_plot_folder(path, World.STUDY, path / "bias.csv")
    truth = read_truth(path)
    if first_s is not None:
        folder, truth = cut(folder, truth, first_s)
    n, step_s = len(folder.plots), folder.scenario.step_s
    print(f"{path.name}: {n:,} plots, {len(np.unique(truth.target))} aircraft, "
          f"{len(folder.sensors) - 1} radars")
    ours(folder)  # compiled kernels are loaded
    rates, rows = [], RowCollector()
    for _ in range(REPEATS):
        begun = time.perf_counter()
        rows = ours(folder)
        rates.append(n / (time.perf_counter() - begun))
    mine = score(truth, rows.rows(), step_s)
    begun = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs_rows = stonesoup_peer.run(folder)
    rate = n / (time.perf_counter() - begun)
    theirs = score(truth, theirs_rows, step_s)
    line("jointsky", median(rates), mine)
    line("Stone Soup", rate, theirs)
    print(f"ratio: GOSPA {mine.gospa_m / theirs.gospa_m:.2f}, straight "
          f"{mine.position_straight_rms_m / theirs.position_straight_rms_m:.2f}, velocity "
          f"{mine.velocity_rms_ms / theirs.velocity_rms_ms:.2f}, speed {median(rates) / rate:,.0f} "
          f"(ours {min(rates):,.0f} to {max(rates):,.0f} plots/s)\n", flush=True)


def main() -> None:
    """Compare on what the command line names."""
    words = sys.argv[1:] if sys.argv[0].endswith("tracker_stonesoup.py") else []
    first_s = float(words[words.index("--first") + 1]) if "--first" in words else None
    named = [Path(word) for word in words if Path(word).is_dir()]
    shared = Path(__file__).resolve().parents[2] / "shared" / "data" / "plots" / "radar_200"
    with tempfile.TemporaryDirectory() as scratch:
        if not named:
            fresh = Path(scratch) / f"seed_{FRESH_SEED}"
            write_folder(fresh, FRESH_SEED, AIRCRAFT, RADARS)
            named = [shared, fresh] if shared.is_dir() else [fresh]
        for folder in named:
            compare(folder, first_s)


if __name__ == "__main__":
    main()

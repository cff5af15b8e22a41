"""The tracker beside Stone Soup: accuracy by the same score, speed in the same run, one thread.

python -m bench.tracker_stonesoup [--first SECONDS] [FOLDER ...]: the named plot folders, or fresh
ones of KINDS, whose seeds nothing was ever tuned on. Both sides get the true biases and start from
plots in memory; ours runs several times, Stone Soup once, for it takes minutes. Ours runs once more
without the biases: it then learns them itself. Errors are also compared where both follow the
aircraft ("paired"), for a tracker that misses the hard ones is not charged for them otherwise.
NEES is of ours, of position: its mean with half of its 95 % interval, and the share of steps inside
of the bounds of chi-square. Last come the medians over the folders. Stone Soup has what suits it
best (`stonesoup_tuning`).
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
import warnings
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np

from bench import stonesoup_peer
from bench.folders import cut
from jointsky.app.folders import write_folder
from jointsky.app.tracking import RowCollector, pictures_of
from jointsky.codec.plotfolder import PlotFolder, read_plot_folder
from jointsky.codec.trackfile import TrackRows, read_truth
from jointsky.model.world import World
from jointsky.study.score import Paired, Score, score, score_paired

# Name: seed, aircraft, radars, more for `write_folder`: short ones where Stone Soup is slow.
KINDS = {
    "20 / 2": (40_101, 20, 2, {"seconds": 600}),
    "200 / 6 a": (40_202, 200, 6, {"seconds": 300}),
    "200 / 6 b": (40_303, 200, 6, {"seconds": 300}),
    "200 / 6 and ADS-B": (40_404, 200, 6, {"seconds": 200, "adsb": True}),
    "200 / 6 unbiased": (40_505, 200, 6, {"seconds": 300, "biased": False}),
    "1000 / 10": (40_606, 1000, 10, {"seconds": 120}),
}
REPEATS = 3


def ours(folder: PlotFolder, *, covariance: bool = False) -> TrackRows:
    """Rows of our tracker."""
    rows = RowCollector(covariance=covariance)
    for now_ns, tracks in pictures_of(folder):
        rows.add(now_ns, tracks)
    return rows.rows()


def without_biases(folder: PlotFolder) -> PlotFolder:
    """The same for a tracker that is told nothing of biases."""
    return replace(folder, sensors=tuple(
        replace(sensor, range_bias_m=0.0, azimuth_bias_rad=0.0, bias_known=False)
        for sensor in folder.sensors))


def line(name: str, rate: float, result: Score) -> None:
    """One side, in one line."""
    held = result.continuity
    nees, margin, inside = (result.consistency[f"nees_position_all{what}"]
                            for what in ("", "_margin", "_steps"))
    print(f"{name:<18}{rate:>10,.0f} plots/s  GOSPA {result.gospa_m:6.0f} m  position "
          f"{result.position_rms_m:4.0f} (straight {result.position_straight_rms_m:4.0f}, "
          f"manoeuvre {result.position_manoeuvre_rms_m:4.0f}) m  velocity "
          f"{result.velocity_rms_ms:5.1f} m/s  switches/h {held.switches_per_hour:5.2f}  missed "
          f"{result.missed:5.2f}  false {result.false:5.2f}"
          + (f"  NEES {nees:.2f} +-{margin:.2f}, steps inside {inside:.2f}"
             if math.isfinite(nees) else ""), flush=True)


def told_paired(paired: Paired) -> str:
    """Errors where both follow, ours / theirs."""
    def both(pair: tuple[float, float], digits: int) -> str:
        return f"{pair[0]:.{digits}f} / {pair[1]:.{digits}f}"
    return (f"paired ({paired.share:.1%} of aircraft-steps, which both follow): straight "
            f"{both(paired.straight_rms_m, 0)} m, manoeuvre {both(paired.manoeuvre_rms_m, 0)} m, "
            f"velocity {both(paired.velocity_rms_ms, 1)} m/s")


def compare(name: str, path: Path, first_s: float | None) -> dict[str, float]:
    """Both trackers on one folder; returns ratios, ours to theirs."""
    folder, truth = read_plot_folder(path, World.STUDY, path / "bias.csv"), read_truth(path)
    if first_s is not None:
        folder, truth = cut(folder, truth, first_s)
    n, step_s = len(folder.plots), folder.scenario.step_s
    print(f"{name}: {n:,} plots, {len(np.unique(truth.target))} aircraft, "
          f"{len(folder.sensors) - 1} radars, {folder.scenario.duration_s:.0f} s")
    mine_rows = ours(folder, covariance=True)  # and compiled kernels are loaded
    mine = score(truth, mine_rows, step_s)
    rates = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        ours(folder)
        rates.append(n / (time.perf_counter() - begun))
    alone = score(truth, ours(without_biases(folder), covariance=True), step_s)
    begun = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs_rows = stonesoup_peer.run(folder)
    rate = n / (time.perf_counter() - begun)
    theirs = score(truth, theirs_rows, step_s)
    line("jointsky", median(rates), mine)
    line("  biases not given", median(rates), alone)
    line("Stone Soup", rate, theirs)
    paired = score_paired(truth, mine_rows, theirs_rows, step_s)
    print(told_paired(paired))
    ratios = {
        "GOSPA": mine.gospa_m / theirs.gospa_m,
        "straight": mine.position_straight_rms_m / theirs.position_straight_rms_m,
        "manoeuvre": mine.position_manoeuvre_rms_m / theirs.position_manoeuvre_rms_m,
        "velocity": mine.velocity_rms_ms / theirs.velocity_rms_ms,
        "paired straight": paired.straight_rms_m[0] / paired.straight_rms_m[1],
        "paired manoeuvre": paired.manoeuvre_rms_m[0] / paired.manoeuvre_rms_m[1],
        "paired velocity": paired.velocity_rms_ms[0] / paired.velocity_rms_ms[1],
        "speed": median(rates) / rate,
        "GOSPA, biases not given to given": alone.gospa_m / mine.gospa_m}
    print(told(ratios) + f" (ours {min(rates):,.0f} to {max(rates):,.0f} plots/s)\n", flush=True)
    return ratios


def told(ratios: dict[str, float]) -> str:
    """Ratios in one line."""
    return "ratio: " + ", ".join(f"{name} {value:,.0f}" if name == "speed"
                                 else f"{name} {value:.2f}" for name, value in ratios.items())


def run(named: list[Path], first_s: float | None) -> None:
    """Compare on folders, or on fresh ones of every kind; then the medians."""
    found = []
    with tempfile.TemporaryDirectory() as scratch:
        for path in named:
            found.append(compare(path.name, path, first_s))
        for name, (seed, aircraft, radars, more) in KINDS.items() if not named else ():
            path = Path(scratch) / str(seed)
            write_folder(path, seed, aircraft, radars, **more)
            found.append(compare(f"{name}, seed {seed}", path, first_s))
    print("median of the folders: " + told({
        name: median(ratios[name] for ratios in found) for name in found[0]}))


def main() -> None:
    """Every kind."""
    run([], None)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The tracker beside Stone Soup.")
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--first", type=float)
    given = parser.parse_args()
    run(given.folders, given.first)

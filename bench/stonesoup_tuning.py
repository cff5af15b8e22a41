"""What suits Stone Soup best: python -m bench.stonesoup_tuning [--first SECONDS] [SEED ...].

On fresh folders of 200 aircraft and 6 radars (seeds 201 to 204 unless others are named), true
biases given, every value of `CHOICES` is tried: one argument after the other from
`stonesoup_peer.PeerTuning()` on, each time the best by mean GOSPA is kept. A table of all that was
tried goes to standard output. Slow: a minute and more for each row.
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from bench import stonesoup_peer
from bench.folders import cut
from bench.stonesoup_peer import PeerTuning
from jointsky.app.folders import write_folder
from jointsky.codec.plotfolder import PlotFolder, read_plot_folder
from jointsky.codec.trackfile import Truth, read_truth
from jointsky.model.world import World
from jointsky.study.score import score

SEEDS, AIRCRAFT, RADARS = (201, 202, 203, 204), 200, 6
FIRST_S = 150.0
CHOICES = {"confirmed_at": (4, 5, 6), "drop_turns": (2.5, 3.5, 5.0),
           "noise": (400.0, 800.0, 1600.0, 3200.0),
           "gate_sigmas": (3.0, 4.0, 5.0), "hold_turns": (1.5, 2.5), "quiet": (True, False)}


def measured(tuning: PeerTuning, folders: list[tuple[PlotFolder, Truth]]) -> float:
    """Mean GOSPA over the folders; prints a row of the table."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = [score(truth, stonesoup_peer.run(folder, tuning), folder.scenario.step_s)
                   for folder, truth in folders]
    means = [float(np.mean([value(one) for one in results])) for value in (
        lambda one: one.gospa_m, lambda one: one.position_straight_rms_m,
        lambda one: one.velocity_rms_ms, lambda one: one.continuity.switches_per_hour,
        lambda one: one.missed, lambda one: one.false)]
    cells = [str(cell) for cell in asdict(tuning).values()]
    print("| " + " | ".join([*cells, *(f"{means[0]:.0f}", f"{means[1]:.0f}", f"{means[2]:.1f}",
                                       f"{means[3]:.2f}", f"{means[4]:.2f}", f"{means[5]:.2f}")])
          + " |", flush=True)
    return means[0]


def tune(seeds: list[int], first_s: float) -> PeerTuning:
    """Try all, print each, name the best. Not a claim of `make bench`: it takes an hour."""
    with tempfile.TemporaryDirectory() as scratch:
        folders = []
        for seed in seeds:
            path = Path(scratch) / str(seed)
            write_folder(path, seed, AIRCRAFT, RADARS)
            folders.append(cut(read_plot_folder(path, World.STUDY, path / "bias.csv"),
                               read_truth(path), first_s))
    names = [*asdict(PeerTuning()), "GOSPA m", "straight m", "velocity m/s", "switches/h",
             "missed", "false"]
    print("| " + " | ".join(names) + " |\n" + "|---" * len(names) + "|", flush=True)
    best = PeerTuning()
    least, known = measured(best, folders), {best}
    for name, values in CHOICES.items():
        for value in values:
            tried = replace(best, **{name: value})
            if tried in known:
                continue
            known.add(tried)
            if (gospa := measured(tried, folders)) < least:
                best, least = tried, gospa
    print(f"\nbest: {best}")
    return best


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="What suits Stone Soup best.")
    parser.add_argument("seeds", nargs="*", type=int, default=SEEDS)
    parser.add_argument("--first", type=float, default=FIRST_S)
    given = parser.parse_args()
    tune(list(given.seeds), given.first)

"""How fast plot folders are tracked: end to end from Parquet, and cost per plot by size.

python -m bench.tracker_speed [--quick] [FOLDER ...]: fresh folders of the project's simulator, or
the named ones, of which plots in CSV are first written as Parquet. For each folder, several times
in turn: everything that `jointsky track` does with it, on two threads, output included; reading
alone, beside pyarrow reading the same file into plain columns; and the stages on one
thread, in processor time. Stone Soup's speed on the same plots is in `bench.tracker_stonesoup`.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from jointsky.app import folders
from jointsky.app.pipeline import IN_ORDER, UNIT_ID, deal
from jointsky.app.tracking import RowCollector, track_folder
from jointsky.codec.plotfolder import open_plot_folder
from jointsky.codec.trackfile import write_tracks
from jointsky.model.clock import NS_PER_S
from jointsky.model.world import World
from jointsky.track import tracker

SEED = 20_262
# Aircraft, radars, seconds: about the same number of plots in each.
SIZES = ((5000, 20, 300), (200, 6, 1800), (1000, 10, 900), (20_000, 20, 90))
REPEATS = 5


def as_parquet(folder: Path) -> None:
    """Plots of a folder as Parquet in place of CSV, as the types of its columns."""
    text = folder / "plots.csv"
    if text.is_file():
        table = pacsv.read_csv(text, convert_options=pacsv.ConvertOptions(
            null_values=[""], strings_can_be_null=True))
        types = [pa.float64() if field.type == pa.null() else field.type for field in table.schema]
        pq.write_table(table.cast(pa.schema(list(zip(table.column_names, types, strict=True)))),
                       folder / "plots.parquet", compression="zstd")
        text.unlink()


def end_to_end(folder: Path, output: Path) -> int:
    """`jointsky track FOLDER -o OUTPUT`; returns how many plots it took."""
    run, rows = track_folder(folder, folder / "bias.csv"), RowCollector()
    for now_ns, tracks in run.pictures:
        rows.add(now_ns, tracks)
    write_tracks(output, rows.rows())
    return run.inputs


def read_ours(folder: Path, _: Path) -> int:
    """Read alone, all into batches."""
    return sum(map(len, open_plot_folder(folder, World.STUDY).parts))


def read_arrow(folder: Path, _: Path) -> int:
    """pyarrow into its own columns: no checks, no units."""
    return int(pq.read_table(folder / "plots.parquet").num_rows)


def stages(folder: Path) -> dict[str, float]:
    """Processor time of each stage, us per plot, on one thread."""
    opened = open_plot_folder(folder, World.STUDY, folder / "bias.csv")
    spent = dict.fromkeys(("read", "make ready", "track", "picture", "rows"), 0.0)

    def timed(name: str, begun: float) -> float:
        now = time.thread_time()
        spent[name] += now - begun
        return now

    grid = np.arange(0, round(opened.scenario.duration_s * NS_PER_S) + 1,
                     round(opened.scenario.step_s * NS_PER_S), dtype=np.int64)
    state, rows = tracker.start(World.STUDY, UNIT_ID, opened.sensors, IN_ORDER), RowCollector()
    begun = time.thread_time()
    for now_ns, plots in deal(opened.parts, grid, World.STUDY):
        begun = timed("read", begun)
        state, ready = tracker.make_ready(state, plots, now_ns)
        begun = timed("make ready", begun)
        state = tracker.run(state, ready, now_ns)
        begun = timed("track", begun)
        tracks = tracker.picture(state, now_ns)
        begun = timed("picture", begun)
        rows.add(now_ns, tracks)
        begun = timed("rows", begun)
    return {name: 1e6 * seconds / opened.rows for name, seconds in spent.items()}


def rates(run: Callable[[Path, Path], int], folder: Path, output: Path,
          repeats: int) -> tuple[float, float, float, float]:
    """Median, least and most plots/s by the clock on the wall, and median us of processor time."""
    found, spent = [], []
    for _ in range(repeats):
        begun, used = time.perf_counter(), time.process_time()
        plots = run(folder, output)
        found.append(plots / (time.perf_counter() - begun))
        spent.append(1e6 * (time.process_time() - used) / plots)
    return median(found), min(found), max(found), median(spent)


def measure(folder: Path, output: Path, repeats: int) -> None:
    """Print the figures of one folder."""
    end_to_end(folder, output)  # compiled kernels are loaded
    for name, run in (("jointsky track, two threads", end_to_end), ("  of it reading", read_ours),
                      ("  pyarrow, plain", read_arrow)):
        middle, least, most, spent = rates(run, folder, output, repeats)
        print(f"{name:<29}{middle:>12,.0f} plots/s ({least:,.0f} to {most:,.0f}), "
              f"{spent:.2f} us of processor per plot", flush=True)
    parts = [stages(folder) for _ in range(repeats)]
    middles = {name: median(part[name] for part in parts) for name in parts[0]}
    print("one thread, us per plot: " + ", ".join(f"{name} {value:.2f}" for name, value in
                                                  middles.items())
          + f"; together {sum(middles.values()):.2f}\n", flush=True)


def main() -> None:
    """Measure on what the command line names."""
    words = sys.argv[1:] if sys.argv[0].endswith("tracker_speed.py") else []
    repeats = 1 if "--quick" in words else REPEATS
    named = [Path(word) for word in words if Path(word).is_dir()]
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch) / "tracks.parquet"
        for folder in named:
            as_parquet(folder)
            print(folder.name)
            measure(folder, output, repeats)
        for aircraft, radars, seconds in () if named else SIZES:
            folder = Path(scratch) / f"{aircraft}_{radars}"
            folders.write_folder(folder, SEED, aircraft, radars, seconds=seconds)
            as_parquet(folder)
            print(f"{aircraft} aircraft, {radars} radars, {seconds} s, seed {SEED}")
            measure(folder, output, repeats)


if __name__ == "__main__":
    main()

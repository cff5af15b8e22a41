"""Does a track follow one aircraft on a real recording? python -m bench.recordings [FILE].

An hour of a radar at Barcelona (shared data; or a recording of it that is named): the tracker gets
the plots without Mode 3/A, addresses and callsigns, which then judge what it made of them
(`jointsky.study.purity`). Goals: purity 0.97, completeness 0.95.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np

from jointsky.app.recordings import open_recording
from jointsky.engine.intake import read_frames
from jointsky.model.sensor import Sensor, SensorKind, sensor_id_of
from jointsky.study.purity import track_purity

RADAR = Sensor(sensor_id_of(20, 129), "Barcelona", SensorKind.PSR_SSR, math.radians(41.300702),
               math.radians(2.102058), 27.0, 4.0, 300_000.0, 80.0, 0.0016)
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "asterix"
FILE = SHARED / "barcelona_radar_cat048_20230502.ast"


def measure(path: Path) -> None:
    """Print what became of the addresses of a recording."""
    opened = open_recording(path, (RADAR,))
    plots = read_frames(opened.first, opened.frames).plots
    plots = plots.take(np.argsort(plots.time_ns, kind="stable"))
    found = track_purity(plots, opened.first.sensors)
    print(f"{path.name}: {len(plots):,} plots, {found.plots:,} with one of {found.addresses} "
          f"addresses, {found.tracks} tracks\n"
          f"addresses and codes stripped: purity {found.purity:.4f} (goal 0.97), completeness "
          f"{found.completeness:.4f} (goal 0.95), in one track {found.longest:.4f}")


def main() -> None:
    """The recording that is named, or the one of the shared data where it is."""
    named = sys.argv[1:] if sys.argv[0].endswith("recordings.py") else []
    path = Path(named[0]) if named else FILE
    if path.is_file():
        measure(path)
    else:
        print(f"{path.name} is not here")


if __name__ == "__main__":
    main()

"""Track a recording and see who flew: python docs/scripts/track_a_recording.py [RECORDING SENSOR].

Without a recording one is made: two aircraft before a radar, as ASTERIX CAT048.
"""

# %% What is tracked: a file that is named, with the place of its radar, or one made here.
from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from jointsky import api
from jointsky.codec.asterix.from_batches import encode_plots
from jointsky.model.clock import NS_PER_S
from jointsky.model.schema import PlotBatch, PlotKind
from jointsky.model.sensor import sensor_id_of
from jointsky.model.world import World


def make_recording(path: Path) -> None:
    """Two minutes of two aircraft that fly away from radar 20/129 at 200 m/s."""
    turn = np.arange(60) // 2
    plots = PlotBatch.blank(60, World.EXERCISE)
    plots.time_ns[:] = (1_683_014_400 + 4 * turn) * NS_PER_S
    plots.sensor_id[:] = sensor_id_of(20, 129)
    plots.kind[:] = PlotKind.MODE_S
    plots.range_m[:] = 60_000 + 800 * turn + 30_000 * (np.arange(60) % 2)
    plots.azimuth_rad[:] = 1 + np.arange(60) % 2
    plots.mode_c_m[:] = 9000
    for name in ("range_m", "azimuth_rad", "mode_c_m"):
        plots.present[:] |= PlotBatch.bit(name)
    path.write_bytes(b"".join(block for row in range(0, 60, 2)
                              for block in encode_plots(plots.take(slice(row, row + 2)))))


given = sys.argv[1:]
recording = Path(given[0] if given else Path(tempfile.mkdtemp()) / "radar.ast")
radar = given[1] if len(given) > 1 else "20/129=41.3,2.1,27"
if not given:
    make_recording(recording)

# %% Track it live, and with hindsight: the same tracks, from their first plot on.
live = api.track(recording, sensors=api.sensors(radar))
smooth = api.track(recording, sensors=api.sensors(radar), smooth=True)

# %% Who flew, how long and how fast at the end.
for name, tracks in (("live", live), ("smoothed", smooth)):
    rows = tracks.rows
    for number in np.unique(rows.track_id).tolist():
        own = np.flatnonzero(rows.track_id == number)
        speed_ms = np.hypot(rows.north_ms[own[-1]], rows.east_ms[own[-1]])
        print(f"{name:<9} track {number}: {rows.time_s[own[-1]] - rows.time_s[own[0]]:.0f} s, "
              f"{speed_ms:.0f} m/s at the end")

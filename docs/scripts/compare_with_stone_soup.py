"""Beside Stone Soup: python docs/scripts/compare_with_stone_soup.py [FOLDER].

FOLDER: a plot folder with truth and biases; without one, one is simulated. Needs what
requirements/docs.txt lists. `python -m bench tracker_stonesoup` is the thorough comparison.
"""

# %% The plots: a folder that is named, or the first minutes of twelve aircraft from a seed.
from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path

from bench import stonesoup_peer
from jointsky import api
from jointsky.codec.plotfolder import read_plot_folder
from jointsky.model.world import World

folder = Path(sys.argv[1] if sys.argv[1:] else Path(tempfile.mkdtemp()) / "plots")
if not sys.argv[1:]:
    api.simulate(folder, seed=12, aircraft=12, radars=2, seconds=240)

# %% Both get the same plots and the true biases. Stone Soup has the settings that suit it best.
ours = api.track(folder, bias=folder / "bias.csv")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    rows = stonesoup_peer.run(read_plot_folder(folder, World.STUDY, folder / "bias.csv"))
theirs = api.Tracks(rows, ours.inputs, ())

# %% One score for both.
for name, tracks in (("jointsky", ours), ("Stone Soup", theirs)):
    result = api.score(folder, tracks)
    print(f"{name:<10} GOSPA {result.gospa_m:.0f} m, straight "
          f"{result.position_straight_rms_m:.0f} m, velocity {result.velocity_rms_ms:.0f} m/s, "
          f"missed {result.missed:.2f}, false {result.false:.2f} per step")

"""Score tracks against truth: python docs/scripts/score_against_truth.py [FOLDER].

FOLDER: a plot folder with truth and biases; without one, one is simulated.
"""

# %% The plots: a folder that is named, or twelve aircraft before two radars from a seed.
from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from jointsky import api

folder = Path(sys.argv[1] if sys.argv[1:] else Path(tempfile.mkdtemp()) / "plots")
if not sys.argv[1:]:
    api.simulate(folder, seed=12, aircraft=12, radars=2)

# %% Tracks as they were live, with the true biases; and with hindsight.
live = api.track(folder, bias=folder / "bias.csv")
smooth = api.track(folder, bias=folder / "bias.csv", smooth=True)

# %% How far off they are: GOSPA counts errors, missed aircraft and false tracks together.
for name, tracks in (("live", live), ("smoothed", smooth)):
    result = api.score(folder, tracks)
    print(f"{name:<9} GOSPA {result.gospa_m:.0f} m, position {result.position_rms_m:.0f} m, "
          f"velocity {result.velocity_rms_ms:.0f} m/s")

"""Fresh plot folders with truth, from a seed: python -m bench.folders OUT SEED AIRCRAFT RADARS
[--adsb] [--unbiased].

Written by `jointsky.app.folders`, which says what is in them.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from jointsky.app.folders import write_folder
from jointsky.codec.plotfolder import PlotFolder
from jointsky.codec.trackfile import Truth
from jointsky.model.clock import NS_PER_S


def cut(folder: PlotFolder, truth: Truth, first_s: float) -> tuple[PlotFolder, Truth]:
    """The first part of a folder, for a short run."""
    early = truth.time_s <= first_s
    return (replace(folder, plots=folder.plots.take(folder.plots.time_ns <= first_s * NS_PER_S),
                    scenario=replace(folder.scenario, duration_s=first_s)),
            Truth(**{name: getattr(truth, name)[early]
                     for name in Truth.__dataclass_fields__}))


if __name__ == "__main__":
    write_folder(Path(sys.argv[1]), *(int(word) for word in sys.argv[2:5]),
                 adsb="--adsb" in sys.argv, biased="--unbiased" not in sys.argv)

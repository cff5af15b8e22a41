"""`make bench`: every claim in turn, on a machine that should have nothing else to do."""

from __future__ import annotations

import importlib
import os
import platform
import sys
from pathlib import Path

# Scripts with a `main`; the others are what they share.
CLAIMS = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py")
                if "\ndef main() -> None:" in path.read_text())


def machine() -> str:
    """What this ran on, in one line."""
    model = next((line.split(":", 1)[1].strip()
                  for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}"


def main() -> None:
    """Run the claims named on the command line, or all."""
    print(f"# {machine()}\n")
    for claim in sys.argv[1:] or CLAIMS:
        print(f"## {claim}", flush=True)
        importlib.import_module(f"bench.{claim}").main()
        print()


if __name__ == "__main__":
    main()

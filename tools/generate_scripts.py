"""Writes docs/scripts/*.md: each script with what it prints. python tools/generate_scripts.py.

A script whose packages are not all here keeps the output it had.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = sorted((ROOT / "docs" / "scripts").glob("*.py"))
BETWEEN = "\nIt prints:\n\n"


def code_of(script: Path) -> str:
    """The page's first part: the script itself."""
    title = script.stem.replace("_", " ").capitalize()
    return (f"# {title}\n\nWritten by `python tools/generate_scripts.py` (`make docs`).\n\n"
            f"```python\n{script.read_text()}```\n{BETWEEN}")


def output_of(script: Path) -> str:
    """What a script prints. Raises `subprocess.CalledProcessError`."""
    return subprocess.run([sys.executable, str(script)], cwd=ROOT, check=True, text=True,
                          capture_output=True, env=os.environ | {"PYTHONPATH": str(ROOT)}).stdout


if __name__ == "__main__":
    for script in SCRIPTS:
        try:
            found = output_of(script)
        except subprocess.CalledProcessError as error:
            print(f"{script.name}: not run: {error.stderr.strip().splitlines()[-1]}")
            continue
        script.with_suffix(".md").write_text(f"{code_of(script)}```text\n{found}```\n")

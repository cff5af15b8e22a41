"""Writes docs/scripts/*.md: each script with what it prints. python tools/generate_scripts.py.

Their packages are those of requirements/docs.txt.
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
    """What a script prints, its errors on our stderr. Raises `subprocess.CalledProcessError`."""
    return subprocess.run([sys.executable, str(script)], cwd=ROOT, check=True, text=True,
                          stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(ROOT)}).stdout


if __name__ == "__main__":
    for script in SCRIPTS:
        script.with_suffix(".md").write_text(
            f"{code_of(script)}```text\n{output_of(script)}```\n")

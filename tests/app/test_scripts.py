"""The scripts of docs/scripts run, and their pages hold them as they are."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted((ROOT / "docs" / "scripts").glob("*.py"))
SPEC = importlib.util.spec_from_file_location("generate", ROOT / "tools/generate_scripts.py")
assert SPEC is not None and SPEC.loader is not None
tool = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(tool)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_runs_and_its_page_holds_it(script: Path) -> None:
    page = script.with_suffix(".md").read_text()
    assert page.startswith(tool.code_of(script)), "run `make docs`"
    # Figures move with the tracker; the lines and their names stay.
    shown = page.split("```text\n")[1].removesuffix("```\n").splitlines()
    found = tool.output_of(script).splitlines()
    assert [line.split()[:2] for line in found] == [line.split()[:2] for line in shown]

"""The tables in the repository are what the tool writes."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

from asterix import generated

from jointsky.codec.asterix.tables import FOLDER, categories, editions_of

IMPORT = re.compile(r"^\s*(?:import|from) asterix\b", re.MULTILINE)
TOOL = Path(__file__).resolve().parents[3] / "tools" / "generate_asterix.py"

# What design asks for: categories and editions that must be read.
ASKED = {1: "1.2 1.3 1.4", 2: "1.0 1.1 1.2", 4: "1.12 1.13", 8: "1.2 1.3", 10: "0.24_sensis 1.1",
         15: "1.0 1.1 1.2", 19: "1.3", 20: "1.9 1.10 1.11",
         21: "0.23 0.24 0.25 0.26 2.1 2.2 2.3 2.4 2.5 2.6 2.7", 23: "1.2 1.3", 25: "1.5 1.6",
         32: "1.1 1.2", 34: "1.27 1.28 1.29", 48: "1.27 1.28 1.29 1.30 1.31 1.32",
         62: "1.16 1.17 1.18 1.19 1.20 1.21", 63: "1.6 1.7", 65: "1.4 1.5 1.6", 247: "1.2 1.3"}


def test_regenerating_changes_nothing() -> None:
    spec = importlib.util.spec_from_file_location("generate_asterix", TOOL)
    assert spec is not None and spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert set(categories()) == set(generated.manifest["CATS"])
    for category in categories():
        path = FOLDER / f"cat{category:03d}.json"
        assert path.read_text(encoding="utf-8") == tool.text_of(category), path.name


def test_every_category_and_edition_asked_for_is_there() -> None:
    for category, editions in ASKED.items():
        assert set(editions.split()) <= set(editions_of(category))


def test_the_program_never_imports_libasterix() -> None:
    package = FOLDER.parents[2]
    assert package.name == "jointsky"
    for path in package.rglob("*.py"):
        assert not IMPORT.search(path.read_text(encoding="utf-8")), path

"""Files that people write: their text, and TOML with the line of a fault for messages."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from jointsky.model.errors import ConfigProblem, FileProblem
from jointsky.model.faults import Place

TEXT_MAX = 4_000_000
HEADER = re.compile(r"^\s*(\[\[?)\s*([\w.-]+)\s*\]\]?\s*(#.*)?$")
KEY = re.compile(r"^\s*([\w-]+)\s*=")


def read_text(path: Path, expected: str) -> str:
    """The text of a file; expected: what it should be. Raises `FileProblem`."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileProblem(path, f"cannot be read ({error})", expected=expected) from None


def parse_toml(text: str, name: str) -> dict[str, Any]:
    """The tables of a text. `name` is the file, for messages. Raises `ConfigProblem`."""
    if len(text) > TEXT_MAX:
        raise ConfigProblem(name, [f"{len(text)} characters; expected at most {TEXT_MAX}"])
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigProblem(name, [f"not TOML: {error}"]) from None


def toml_lines(text: str) -> dict[Place, int]:
    """The line number of each table and bare key; enough for one-line values, as here."""
    lines: dict[Place, int] = {}
    table: Place = ()
    count: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if header := HEADER.match(line):
            table = tuple(header[2].split("."))
            if header[1] == "[[":
                table = (*table, count.get(header[2], 0))
                count[header[2]] = count.get(header[2], 0) + 1
            lines[table] = number
        elif key := KEY.match(line):
            lines[(*table, key[1])] = number
    return lines

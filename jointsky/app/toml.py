"""Where things stand in a TOML file: for messages with the line of a fault."""

from __future__ import annotations

import re

from jointsky.model.faults import Place

TEXT_MAX = 4_000_000
HEADER = re.compile(r"^\s*(\[\[?)\s*([\w.-]+)\s*\]\]?\s*(#.*)?$")
KEY = re.compile(r"^\s*([\w-]+)\s*=")


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

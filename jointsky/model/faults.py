"""Faults of a configuration file, all at once: which line, which key, what was expected.

Files a person writes (unit configuration, scenario, agreement) are checked by pydantic; this turns
its errors into lines for that person.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError
from pydantic_core import ErrorDetails

Place = tuple[str | int, ...]


def fault_lines(error: ValidationError, lines: Mapping[Place, int],
                page: str = "docs/administrators.md") -> list[str]:
    """One line of text per fault. `lines` gives the line number of each known place of the file;
    page: which describes its keys."""
    found: dict[Place, list[str]] = {}
    for fault in error.errors(include_url=False):
        place = tuple(part for part in fault["loc"] if not _is_of_a_type(part))
        # A value that may be of several types is told by each of them that it does not fit.
        found.setdefault(place, []).append(_text_of(fault, page))
    rows = []
    for place, texts in found.items():
        line = _line_of(place, lines)
        where = f"line {line}, {place_text(place)}" if line else place_text(place)
        rows.append((line, f"{where}: {'; or '.join(dict.fromkeys(texts))}"))
    return [text for _, text in sorted(rows, key=lambda item: item[0])]


def place_text(place: Place) -> str:
    """How a person reads a place: `sensor 2, period_s` for ("sensor", 1, "period_s")."""
    parts: list[str] = []
    for part in place:
        if isinstance(part, int) and parts:
            parts[-1] += f" {part + 1}"
        else:
            parts.append(str(part))
    return ", ".join(parts) or "the whole"


def _line_of(place: Place, lines: Mapping[Place, int]) -> int:
    for end in range(len(place), 0, -1):
        if place[:end] in lines:
            return lines[place[:end]]
    return 0


def _is_of_a_type(part: str | int) -> bool:
    """pydantic names the branch of a union in a place; a file has no such key."""
    return isinstance(part, str) and ("[" in part or part.startswith("function-"))


def _text_of(fault: ErrorDetails, page: str) -> str:
    value = fault["input"]
    if fault["type"] == "extra_forbidden":
        return f"no such key; see {page} for the keys there are"
    if fault["type"] == "missing":
        return "missing"
    message = fault["msg"].removeprefix("Value error, ").replace("Input should be", "expected")
    return f"{message}; found {value!r:.60}" if not isinstance(value, dict) else message

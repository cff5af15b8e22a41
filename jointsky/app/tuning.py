"""Tuning as a file: settings of the tracker for everywhere, and others for areas. TOML.

    [tuning]
    confirm = 0.98

    [[area]]
    name = "valley"
    polygon = [[42.9, 74.2], [42.9, 75.3], [42.3, 75.3], [42.3, 74.2]]
    floor_m = 0
    ceiling_m = 4000
    births = 0.05
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from jointsky.app.toml import parse_toml, read_text, toml_lines
from jointsky.model.errors import ConfigProblem
from jointsky.track.areas import OF_A_TRACK, Area
from jointsky.track.tuning import Model, Tuning, faults_of_shape

EXPECTED = "a tuning in TOML"
PLACE_KEYS = ("name", "polygon", "circle", "floor_m", "ceiling_m")
NUMBERS = {item.name for item in fields(Tuning)} - {"models", "areas"}
WHOLE = {item.name for item in fields(Tuning) if isinstance(getattr(Tuning(), item.name), int)}


def load_tuning(path: Path) -> Tuning:
    """Read a tuning file. Raises `FileProblem`, or `ConfigProblem` with every fault of it."""
    return parse_tuning(read_text(path, EXPECTED), str(path))


def parse_tuning(text: str, name: str, base: Tuning | None = None) -> Tuning:
    """Check the text of a tuning file. `name` is the file, for messages; base: the settings that
    it does not give, the defaults if None."""
    content = parse_toml(text, name)
    lines, faults = toml_lines(text), _Faults()
    for key in content.keys() - {"tuning", "area"}:
        faults.add(0, f"{key}: no such table; expected [tuning] and [[area]]")
    everywhere = content.get("tuning", {})
    settings: dict[str, Any] = {}
    if isinstance(everywhere, dict):
        for key, value in everywhere.items():
            line = lines.get(("tuning", key), 0)
            if key == "models":
                settings[key] = _models(value, line, faults)
            elif _is_setting(key, value, NUMBERS, line, faults):
                settings[key] = value
    else:
        faults.add(0, "tuning: expected a table [tuning]")
    areas = content.get("area", [])
    if not isinstance(areas, list) or not all(isinstance(one, dict) for one in areas):
        faults.add(0, "area: expected tables [[area]]")
        areas = []
    made = [_area(one, ("area", place), lines, faults) for place, one in enumerate(areas)]
    names = [area.name for area in made]
    for twice in sorted({one for one in names if names.count(one) > 1}):
        faults.add(0, f"area {twice!r}: two areas have this name")
    faults.raise_if_any(name)
    try:
        return replace(base or Tuning(), **settings, areas=tuple(made))
    except ConfigProblem as problem:
        raise ConfigProblem(name, problem.faults) from None


class _Faults:
    """Faults by line, all told at once."""

    def __init__(self) -> None:
        self._found: list[tuple[int, str]] = []

    def add(self, line: int, text: str) -> None:
        self._found.append((line, f"line {line}, {text}" if line else text))

    def raise_if_any(self, name: str) -> None:
        if self._found:
            raise ConfigProblem(name, [text for _, text in sorted(self._found)])


def _is_number(value: object) -> bool:
    return (isinstance(value, (int, float)) and not isinstance(value, bool)
            and math.isfinite(value))


def _is_setting(key: str, value: object, known: set[str] | frozenset[str], line: int,
                faults: _Faults) -> bool:
    if key not in known:
        where = "for an area" if key in NUMBERS else "at all"
        faults.add(line, f"{key}: no such setting {where}; docs/tracking.md has those there are")
    elif not _is_number(value) or (key in WHOLE and not isinstance(value, int)):
        faults.add(line, f"{key}: {value!r:.40}; expected a "
                         f"{'whole ' if key in WHOLE else ''}number")
    else:
        return True
    return False


def _models(value: object, line: int, faults: _Faults) -> tuple[Model, ...]:
    rows = value if isinstance(value, list) else []
    good = bool(rows) and all(isinstance(row, list) and len(row) == 3 and all(map(_is_number, row))
                              for row in rows)
    if not good:
        faults.add(line, "models: expected a list of [turn deg/s, noise m2/s3, share]")
        return Tuning().models
    return tuple(Model(*map(float, row)) for row in rows)


def _area(content: Mapping[str, Any], place: tuple[str, int],
          lines: Mapping[tuple[str | int, ...], int], faults: _Faults) -> Area:
    def line_of(key: str) -> int:
        return lines.get((*place, key), lines.get(place, 0))

    name = content.get("name")
    if not isinstance(name, str) or not 1 <= len(name) <= 60:
        faults.add(line_of("name"), "area, name: expected a text of 1 to 60 characters")
        name = f"{place[1] + 1}"
    changes = tuple((key, float(value)) for key, value in content.items()
                    if key not in PLACE_KEYS
                    and _is_setting(key, value, OF_A_TRACK, line_of(key), faults))
    if ("polygon" in content) == ("circle" in content):
        faults.add(line_of(""), f"area {name!r}: expected either `polygon` or `circle`")
        return Area(name)
    key = "polygon" if "polygon" in content else "circle"
    numbers = _numbers(content[key], 2 if key == "polygon" else 3, key == "polygon")
    bounds = [content.get("floor_m", -math.inf), content.get("ceiling_m", math.inf)]
    for height, at in zip(bounds, ("floor_m", "ceiling_m"), strict=True):
        if at in content and not _is_number(height):
            faults.add(line_of(at), f"area {name!r}, {at}: {height!r:.40}; expected a number")
            return Area(name)
    if numbers is None:
        expected = ("[[latitude, longitude], ...] in degrees" if key == "polygon"
                    else "[latitude, longitude, radius km]")
        faults.add(line_of(key), f"area {name!r}, {key}: expected {expected}")
        return Area(name)
    degrees = [[math.radians(one) for one in row[:2]] for row in numbers]
    polygon = key == "polygon"
    area = Area(
        name, corners=tuple((row[0], row[1]) for row in degrees) if polygon else (),
        centre=(0.0, 0.0) if polygon else (degrees[0][0], degrees[0][1]),
        radius_m=0.0 if polygon else numbers[0][2] * 1000,
        floor_m=float(bounds[0]), ceiling_m=float(bounds[1]), changes=changes)
    for fault in faults_of_shape(area):
        faults.add(line_of(key), f"area {name!r}, {fault}")
    return area


def _numbers(value: object, width: int, many: bool) -> list[list[float]] | None:
    """Rows of so many numbers, None if it is anything else."""
    rows = value if many else [value]
    if not isinstance(rows, list) or not rows or not all(
            isinstance(row, list) and len(row) == width and all(map(_is_number, row))
            for row in rows):
        return None
    return [[float(one) for one in row] for row in rows]

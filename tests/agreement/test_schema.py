"""The JSON Schema of agreements: it accepts the examples, and refuses what an editor should mark.

No validator is among the packages; the one below knows the words that pydantic writes, and refuses
a schema with any other, so that none goes unheeded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs" / "schemas" / "agreement.schema.json").read_text())
FILES = sorted((ROOT / "examples" / "agreements").glob("*.yaml"))
TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict, "array": list, "string": str, "integer": int, "number": (int, float),
    "boolean": bool, "null": type(None)}
SAYS_NOTHING = {"$schema", "$defs", "title", "description", "default"}


def faults(value: Any, schema: dict[str, Any], place: str = "") -> Iterator[str]:
    """What in a value is not as the schema has it."""
    for word, wanted in schema.items():
        if word in SAYS_NOTHING:
            continue
        match word:
            case "$ref":
                yield from faults(value, SCHEMA["$defs"][wanted.removeprefix("#/$defs/")], place)
            case "anyOf":
                if all(list(faults(value, one, place)) for one in wanted):
                    yield f"{place}: fits none of {len(wanted)}"
            case "type":
                number = isinstance(value, bool) and wanted in ("integer", "number")
                if number or not isinstance(value, TYPES[wanted]):
                    yield f"{place}: {value!r:.40}, no {wanted}"
            case "enum":
                if value not in wanted:
                    yield f"{place}: {value!r:.40}, none of {wanted}"
            case "const":
                if value != wanted:
                    yield f"{place}: {value!r:.40}, not {wanted}"
            case "pattern":
                if isinstance(value, str) and not re.search(wanted, value):
                    yield f"{place}: {value!r:.40}, not {wanted}"
            case "minimum" | "maximum" | "exclusiveMinimum":
                if isinstance(value, int | float) and (
                        value < wanted if word == "minimum" else value > wanted
                        if word == "maximum" else value <= wanted):
                    yield f"{place}: {value}, {word} {wanted}"
            case "minLength" | "maxLength" | "minItems" | "maxItems" | "maxProperties":
                kind = str if "Length" in word else list if "Items" in word else dict
                if isinstance(value, kind) and (len(value) < wanted if word.startswith("min")
                                                else len(value) > wanted):
                    yield f"{place}: {len(value)}, {word} {wanted}"
            case "required":
                yield from (f"{place}: no {key}" for key in wanted
                            if isinstance(value, dict) and key not in value)
            case "properties":
                for key in wanted.keys() & (value if isinstance(value, dict) else {}).keys():
                    yield from faults(value[key], wanted[key], f"{place}/{key}")
            case "patternProperties":
                for pattern, one in wanted.items():
                    for key in value if isinstance(value, dict) else ():
                        if re.search(pattern, key):
                            yield from faults(value[key], one, f"{place}/{key}")
            case "additionalProperties":
                assert wanted is False
                known = schema.get("properties", {})
                patterns = schema.get("patternProperties", {})
                yield from (f"{place}: {key} is no key"
                            for key in (value if isinstance(value, dict) else {})
                            if key not in known
                            and not any(re.search(one, key) for one in patterns))
            case "items":
                for at, item in enumerate(value if isinstance(value, list) else ()):
                    yield from faults(item, wanted, f"{place}/{at}")
            case "prefixItems":
                for at, (item, one) in enumerate(zip(value, wanted, strict=False)):
                    yield from faults(item, one, f"{place}/{at}")
            case _:
                raise AssertionError(f"the schema says {word}, which is not looked at here")


def as_json(value: Any) -> Any:
    """YAML as an editor's schema sees it: dates are text."""
    if isinstance(value, dict):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    return value.isoformat() if isinstance(value, date | datetime) else value


def read(path: Path) -> Any:
    return as_json(yaml.safe_load(path.read_text()))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_examples_fit_the_schema_they_name(path: Path) -> None:
    named = path.read_text().splitlines()[0].partition("$schema=")[2]
    assert (path.parent / named).resolve() == ROOT / "docs" / "schemas" / "agreement.schema.json"
    assert list(faults(read(path), SCHEMA)) == []


@pytest.mark.parametrize(("keys", "value", "says"), [
    (["weapons"], [], "weapons is no key"),
    (["version"], 0, "minimum 1"),
    (["version"], True, "no integer"),
    (["kind"], "pact", "none of"),
    (["parties", 0, "nation"], "Kyrgyzstan", "not ^[A-Z]{3}$"),
    (["parties"], [], "minItems 2"),
    (["life", "renewal"], "sometimes", "none of"),
    (["life", "notice"], "six months", "fits none"),
    (["areas", "common", "shape", "polygon"], [[42, 73], [42, 74]], "fits none"),
    (["areas", "Common Area"], {"name": "x", "shape": {}}, "/areas: Common Area is no key"),
    (["deployments", 0, "sensors", 0, "sac"], 256, "maximum 255"),
    (["grants", 0, "data"], "everything", "none of"),
    (["grants", 0, "quantum_m"], -1, "minimum 0"),
    (["grants", 0, "sender"], "KGZ", "sender is no key"),
])
def test_what_does_not_fit_is_marked(keys: list[str | int], value: Any, says: str) -> None:
    whole = read(ROOT / "examples" / "agreements" / "kgz-rus-2022.yaml")
    part = whole
    for key in keys[:-1]:
        part = part[key]
    part[keys[-1]] = value
    found = list(faults(whole, SCHEMA))
    assert any(says in fault for fault in found), found


def test_a_missing_key_is_marked() -> None:
    whole = read(ROOT / "examples" / "agreements" / "kgz-rus-2022.yaml")
    del whole["grants"][0]["from"]
    assert list(faults(whole, SCHEMA)) == ["/grants/0: no from"]

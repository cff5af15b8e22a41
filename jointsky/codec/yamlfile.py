"""YAML that a person writes (scenario, agreement): its content, and on which line each key stands.

Plain YAML only: no aliases, which can stand for a document of any size, even for itself; no key
twice, for of two values one would be lost in silence.
"""

from __future__ import annotations

from typing import Any

import yaml

from jointsky.model.errors import ConfigProblem
from jointsky.model.faults import Place, place_text

TEXT_MAX = 1_000_000
DEPTH_MAX = 40


def read_yaml(text: str, name: str, expected: str) -> tuple[dict[Any, Any], dict[Place, int]]:
    """The mapping that a document holds, and the line number of every key and item of it.

    name: the file, for messages; expected: the keys to expect, for a document that is no mapping.
    Raises `ConfigProblem`.
    """
    if len(text) > TEXT_MAX:
        raise ConfigProblem(name, [f"{len(text)} characters; expected at most {TEXT_MAX}"])
    try:
        for token in yaml.scan(text):
            if isinstance(token, yaml.AliasToken):
                raise ConfigProblem(name, [f"line {token.start_mark.line + 1}: YAML aliases "
                                           "(`*name`) are not used here; expected the text itself"])
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        lines: dict[Place, int] = {}
        faults = _note_lines(node, (), lines)
        content = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ConfigProblem(name, [f"not YAML: {' '.join(str(error).split())}"]) from None
    if faults:
        raise ConfigProblem(name, faults)
    if not isinstance(content, dict):
        raise ConfigProblem(name, [f"expected keys such as {expected}"])
    return content, lines


def _note_lines(node: Any, place: Place, lines: dict[Place, int]) -> list[str]:
    """Fill in the lines of what is below a node; returns its faults."""
    faults: list[str] = []
    if len(place) > DEPTH_MAX:
        return [f"line {node.start_mark.line + 1}: nested more than {DEPTH_MAX} deep"]
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                faults.append(f"line {line}: a key that is no word")
                continue
            here = (*place, key.value)
            if here in lines:
                faults.append(f"line {line}, {place_text(here)}: stands here a second time, first "
                              f"in line {lines[here]}; expected each key once")
            lines[here] = line
            faults += _note_lines(value, here, lines)
    elif isinstance(node, yaml.SequenceNode):
        for at, value in enumerate(node.value):
            lines[(*place, at)] = value.start_mark.line + 1
            faults += _note_lines(value, (*place, at), lines)
    return faults

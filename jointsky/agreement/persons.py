"""Who may sign for a nation: a YAML file of names and public keys."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from jointsky.agreement.acts import Person, key_of
from jointsky.agreement.instrument import Moment, Nation, Words
from jointsky.codec.yamlfile import read_yaml
from jointsky.model.errors import ConfigProblem
from jointsky.model.faults import fault_lines

EXPECTED = "persons and their keys in YAML"


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Words
    nation: Nation
    key: Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{43}=$")]
    begin: Moment
    end: Moment


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    persons: tuple[_Row, ...] = Field(max_length=1000)


def parse_persons(text: str, name: str) -> tuple[Person, ...]:
    """Read who may sign. `name` is the file, for messages. Raises `ConfigProblem`."""
    content, lines = read_yaml(text, name, "`persons:`")
    try:
        rows = _File.model_validate(content).persons
    except ValidationError as error:
        raise ConfigProblem(name, fault_lines(error, lines, "docs/agreements.md")) from None
    persons = tuple(Person(row.name, row.nation, row.key, row.begin, row.end) for row in rows)
    faults = []
    for at, person in enumerate(persons):
        where = f"line {lines[('persons', at)]}, persons {at + 1}"
        if not key_of(person):
            faults.append(f"{where}, key: no key; expected base64 of 32 octets")
        if person.end_ns <= person.begin_ns:
            faults.append(f"{where}, end: not after begin")
        others = persons[:at]
        if any(one.name == person.name and one.nation == person.nation for one in others):
            faults.append(f"{where}, name: {person.name} stands there twice")
        if any(one.key == person.key for one in others):
            faults.append(f"{where}, key: another person has the same; expected a key of their own")
    if faults:
        raise ConfigProblem(name, faults)
    return persons

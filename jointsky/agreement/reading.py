"""Read an instrument: YAML to `Instrument`, or every fault of it at once, with line and key.

Nothing is half read: a document with any fault gives none.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError

from jointsky.agreement.instrument import Instrument, Part
from jointsky.agreement.parts import walk
from jointsky.codec.yamlfile import read_yaml
from jointsky.model.errors import ConfigProblem
from jointsky.model.faults import Place, fault_lines, place_text

EXPECTED = "an agreement in YAML"


@dataclass(frozen=True)
class Document:
    """An instrument with what it was read from.

    name: the file; digest: SHA-256 of its text, hexadecimal: what persons sign; lines: where each
    key stands.
    """

    name: str
    text: str
    digest: str
    instrument: Instrument
    lines: dict[Place, int]

    def line_of(self, place: Place) -> int:
        """The line of a place, or of what holds it; 0 for what stands in no file."""
        return _line_of(place, self.lines)


def parse_instrument(text: str, name: str) -> Document:
    """Read an instrument. `name` is the file, for messages. Raises `ConfigProblem`."""
    content, lines = read_yaml(text, name, "`id:`, `parties:` and `grants:`")
    try:
        instrument = Instrument.model_validate(content)
    except ValidationError as error:
        raise ConfigProblem(name, fault_lines(error, lines, "docs/agreements.md")) from None
    faults = sorted((_line_of(place, lines), f"{place_text(place)}: {text}")
                    for place, text in _references(instrument))
    if faults:
        raise ConfigProblem(name, [f"line {line}, {text}" if line else text
                                   for line, text in faults])
    return Document(name, text, digest_of(text), instrument, lines)


def digest_of(text: str) -> str:
    """SHA-256 of a text, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def _line_of(place: Place, lines: dict[Place, int]) -> int:
    for end in range(len(place), 0, -1):
        if place[:end] in lines:
            return lines[place[:end]]
    return 0


def _references(whole: Instrument) -> Iterator[tuple[Place, str]]:
    """What names something that is not there, or stands twice."""
    parties = set(whole.nations)

    def party(place: Place, nations: Iterable[str]) -> Iterator[tuple[Place, str]]:
        for nation in nations:
            if nation not in parties:
                yield place, f"{nation} is no party; expected one of {', '.join(whole.nations)}"

    life = whole.life
    for at, one in enumerate(life.ratifications):
        yield from party(("life", "ratifications", at, "party"), [one.party])
    yield from party(("life", "suspension", "by"), life.suspension.by)
    for at, site in enumerate(whole.sites):
        yield from party(("sites", at, "host"), [site.host])
    for at, deployment in enumerate(whole.deployments):
        yield from party(("deployments", at, "of"), [deployment.of])
        yield from _of_deployment(whole, at)
    for at, role in enumerate(whole.command):
        yield from party(("command", at, "holder"), [role.holder])
        yield from _known(("command", at, "area"), role.area, whole.areas, "areas")
    for at, training in enumerate(whole.training):
        yield from party(("training", at, "of"), [training.of])
        yield from party(("training", at, "by"), [training.by])
    for at, grant in enumerate(whole.grants):
        yield from party(("grants", at, "from"), [grant.sender])
        yield from party(("grants", at, "to"), grant.to)
        yield from _known(("grants", at, "area"), grant.area, whole.areas, "areas")
        if grant.onward and (inside := sorted({grant.sender, *grant.to} & set(grant.onward.to))):
            yield (("grants", at, "onward", "to"),
                   f"{', '.join(inside)} has it by the grant itself")
    for key, ids in (("grants", [one.id for one in whole.grants]),
                     ("sites", [one.id for one in whole.sites]),
                     ("deployments", [one.id for one in whole.deployments])):
        for name, times in Counter(ids).items():
            if times > 1:
                second = len(ids) - 1 - ids[::-1].index(name)
                yield (key, second, "id"), f"{name} stands there {times} times; expected once"
    for place, part in walk(whole):
        if isinstance(part, Part):
            yield from _known((*place, "source"), part.source, whole.sources, "sources")


def _of_deployment(whole: Instrument, at: int) -> Iterator[tuple[Place, str]]:
    deployment = whole.deployments[at]
    site = next((one for one in whole.sites if one.id == deployment.site), None)
    if site is None:
        names = ", ".join(one.id for one in whole.sites) or "none"
        yield (("deployments", at, "site"),
               f"no site {deployment.site!r}; expected one of: {names}")
        return
    if site.host == deployment.of:
        yield (("deployments", at, "of"),
               f"{deployment.of} is the host of {site.id} itself; expected another party")
    if deployment.consent and deployment.consent.by != site.host:
        yield (("deployments", at, "consent", "by"),
               f"{deployment.consent.by}; expected the host of {site.id}, {site.host}")


def _known(place: Place, name: str | None, table: Mapping[str, BaseModel],
           of: str) -> Iterator[tuple[Place, str]]:
    if name is not None and name not in table:
        names = ", ".join(sorted(table)) or "none"
        yield place, f"no {name!r} in {of}; expected one of: {names}"

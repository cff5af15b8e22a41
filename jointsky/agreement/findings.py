"""What checks of agreements look at, and what they find."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from jointsky.agreement.instrument import Grant
from jointsky.agreement.reading import Document
from jointsky.model.faults import Place, place_text
from jointsky.model.sensor import Sensor


class Severity(Enum):
    """How much a finding matters: an error makes the agreement something other than it says."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Desk:
    """What is checked together, at now_ns.

    Of a unit, where one was told: own: its nation; sensors; links: nations of its partners, None if
    it names none.
    """

    documents: tuple[Document, ...]
    now_ns: int
    links: frozenset[str] | None = None
    sensors: tuple[Sensor, ...] = ()
    own: str = ""


# Where something is and what it is.
Hit = tuple[Document, Place, str]
Hits = Iterator[Hit]


@dataclass(frozen=True)
class Finding:
    """Something that a check has found; check: its name."""

    file: str
    line: int
    place: Place
    check: str
    severity: Severity
    text: str

    def __str__(self) -> str:
        return (f"{self.file}:{self.line}: {self.severity.value}: {place_text(self.place)}: "
                f"{self.text} [{self.check}]")


def grants(desk: Desk) -> Iterator[tuple[Document, Place, Grant]]:
    """Every grant of every document, with its place."""
    for document in desk.documents:
        for at, grant in enumerate(document.instrument.grants):
            yield document, ("grants", at), grant

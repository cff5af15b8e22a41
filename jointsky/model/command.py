"""A command: what a person, or the node itself, tells the engine beside the reports of sensors."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal, Self

Kind = Literal["act", "clock"]


@dataclass(frozen=True, slots=True)
class Command:
    """One command, as it stands in the journal.

    act: source is the file it came in, text a signed act; clock: source is what watches the clock,
    text why it is not to be trusted any more, "" once it is again.
    """

    kind: Kind
    source: str
    text: str

    def to_bytes(self) -> bytes:
        """The payload of its journal entry; the entry's own source is `source`."""
        return json.dumps([self.kind, self.text]).encode()

    @classmethod
    def from_bytes(cls, payload: bytes, source: str) -> Self:
        """The command of a journal entry. Raises `ValueError`."""
        kind, text = json.loads(payload)
        return cls(kind, source, text)

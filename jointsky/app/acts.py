"""Acts of persons: drawn up, signed by one after the other, put into a unit's folder."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from jointsky.agreement.acts import EXPECTED, Act, Signature, parse_act
from jointsky.agreement.keys import sign
from jointsky.agreement.reading import Document
from jointsky.app.toml import read_text
from jointsky.edge.acts import ActsFolder
from jointsky.model.errors import FileProblem, UsageProblem
from jointsky.model.faults import fault_lines


def load_act(path: Path) -> Act:
    """Read an act. Raises `FileProblem`, or `ConfigProblem` with every fault."""
    return parse_act(read_text(path, EXPECTED), str(path))


def draw_up(kind: str, document: Document, party: str, issued_ns: int, reason: str,
            folder: Path | None, **more: Any) -> Act:
    """An act on an agreement that nobody has signed yet. It follows the last one of the party that
    the unit has accepted into `folder`. Raises `UsageProblem` where something does not fit."""
    whole = document.instrument
    previous = ""
    if folder is not None:
        for _, name, text in ActsFolder(folder).accepted():
            act = parse_act(text, name)
            if (act.agreement, act.party) == (whole.id, party):
                previous = act.id
    if kind == "activate":
        more["text"] = document.text
    content = {"act": kind, "agreement": whole.id, "version": whole.version,
               "digest": document.digest, "party": party, "issued": issued_ns,
               "previous": previous, "reason": reason, **more}
    try:
        return Act.model_validate({key: value for key, value in content.items()
                                   if value is not None})
    except ValidationError as error:
        raise UsageProblem(f"act {kind}", "; ".join(fault_lines(error, {})),
                           expected="what docs/agreements.md says it needs") from None


def with_signature(act: Act, person: str, private: bytes) -> Act:
    """The act with one signature more, or another one of the same person."""
    one = Signature(person=person,
                    signature=base64.b64encode(sign(private, act.signed_bytes())).decode())
    others = tuple(other for other in act.signatures if other.person != person)
    return act.model_copy(update={"signatures": (*others, one)})


def write_act(act: Act, path: Path) -> None:
    """Write an act to a file that is whole or not there. Raises `FileProblem`."""
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8") as file:
            file.write(act.to_text())
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise FileProblem(path, f"cannot be written: {error.strerror}") from None

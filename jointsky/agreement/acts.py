"""Acts: what a party tells of an agreement, signed by two of its persons.

An act is a JSON object. What is signed is its canonical form (sorted keys, no spaces, UTF-8)
without the signatures, behind a line that says what it is. Each act names the one before it of the
same party on the same agreement, so that none can be played again, left out or put in between.
docs/agreements.md describes every kind.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from jointsky.agreement.instrument import Moment, Name, Nation, Words
from jointsky.agreement.keys import KEY_BYTES, is_signed
from jointsky.model.errors import ConfigProblem, InputError
from jointsky.model.faults import fault_lines

HEAD = b"jointsky act 1\n"
TEXT_MAX = 4_000_000
SIGNATURES = 2
EXPECTED = "an act in JSON, as `jointsky agreement act` makes it"

Kind = Literal["activate", "suspend", "resume", "notice", "renew", "terminate", "revoke", "restore",
               "consent", "onward", "trust_clock"]
# What each kind must name beside the agreement.
NEEDS: dict[str, tuple[str, ...]] = {
    "activate": ("text",), "renew": ("end",), "revoke": ("grant",), "restore": ("grant",),
    "consent": ("deployment", "allowed"), "onward": ("grant", "nation", "allowed")}


class ActRefused(InputError):
    """An act that is not lawful: forged, stale, by the wrong party, or of nothing there is."""


class Signature(BaseModel):
    """A person's signature, base64 of 64 octets."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    person: Words
    signature: Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{86}==$")]


class Act(BaseModel):
    """One act of a party.

    digest: SHA-256 of the text of the instrument that it is about; issued: when it was drawn up;
    previous: `id` of the party's act before it on this agreement, "" for none; effective: from when
    on, absent: as soon as it is accepted; text: of an instrument that is activated; end: of the
    term that is to be followed by another; allowed: whether consent is given or withdrawn.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    act: Kind
    agreement: Name
    version: int = Field(ge=1, le=10_000)
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    party: Nation
    issued: Moment
    previous: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""
    effective: Moment | None = None
    reason: Words
    text: Annotated[str, Field(max_length=1_000_000)] | None = None
    end: Moment | None = None
    grant: Name | None = None
    deployment: Name | None = None
    nation: Nation | None = None
    allowed: bool | None = None
    signatures: tuple[Signature, ...] = Field(default=(), max_length=20)

    @model_validator(mode="after")
    def _check(self) -> Self:
        needs = NEEDS.get(self.act, ())
        for name in ("text", "end", "grant", "deployment", "nation", "allowed"):
            given = getattr(self, name) is not None
            if given != (name in needs):
                raise ValueError(f"{name}: {'of no use in' if given else 'missing in'} an act "
                                 f"of kind {self.act}")
        if self.effective is not None and self.effective < self.issued:
            raise ValueError("effective: before it was issued")
        return self

    def signed_bytes(self) -> bytes:
        """What its persons sign."""
        content = self.model_dump(mode="json", exclude={"signatures"}, exclude_none=True)
        return HEAD + json.dumps(content, sort_keys=True, separators=(",", ":"),
                                 ensure_ascii=False).encode()

    @property
    def id(self) -> str:
        """SHA-256 of what is signed, hexadecimal."""
        return hashlib.sha256(self.signed_bytes()).hexdigest()

    def to_text(self) -> str:
        """The act as a file."""
        return json.dumps(self.model_dump(mode="json", exclude_none=True), indent=1,
                          ensure_ascii=False) + "\n"


@dataclass(frozen=True)
class Person:
    """Somebody who may sign for a nation. key: base64 of the public key; begin_ns, end_ns: UTC ns
    between which signatures are good."""

    name: str
    nation: str
    key: str
    begin_ns: int
    end_ns: int


def parse_act(text: str, name: str) -> Act:
    """Read an act. `name` is the file, for messages. Raises `ConfigProblem`."""
    if len(text) > TEXT_MAX:
        raise ConfigProblem(name, [f"{len(text)} characters; expected at most {TEXT_MAX}"])
    try:
        content = json.loads(text, object_pairs_hook=_each_once)
    except (ValueError, RecursionError) as error:
        raise ConfigProblem(name, [f"not an act: {error}; expected {EXPECTED}"]) from None
    try:
        return Act.model_validate(content)
    except ValidationError as error:
        raise ConfigProblem(name, fault_lines(error, {}, "docs/agreements.md")) from None


def check_signatures(act: Act, persons: tuple[Person, ...]) -> tuple[str, ...]:
    """Names of those who signed. Raises `ActRefused` unless at least two persons of the party did,
    each with a key of their own that was good when the act was issued, and nobody else."""
    message, names, keys = act.signed_bytes(), [], set()
    for one in act.signatures:
        person = next((known for known in persons if known.name == one.person
                       and known.nation == act.party), None)
        if person is None:
            raise ActRefused(f"act {act.id[:16]}", f"signed by {one.person!r:.60}",
                             place="signatures", expected=f"a person of {act.party} that this unit "
                             "knows")
        if not person.begin_ns <= act.issued < person.end_ns:
            raise ActRefused(f"act {act.id[:16]}", f"the key of {person.name} was not good when it "
                             "was issued", place="signatures", expected="a key in its time")
        if not is_signed(key_of(person), message, base64.b64decode(one.signature)):
            raise ActRefused(f"act {act.id[:16]}", f"the signature of {person.name} does not fit",
                             place="signatures", expected="a signature of exactly this act")
        names.append(person.name)
        keys.add(person.key)
    if len(set(names)) < SIGNATURES or len(keys) < SIGNATURES or len(names) != len(set(names)):
        raise ActRefused(f"act {act.id[:16]}", f"signed by {', '.join(names) or 'nobody'}",
                         place="signatures", expected=f"two different persons of {act.party}")
    return tuple(names)


def key_of(person: Person) -> bytes:
    """The public key of a person (32 octets), b"" if it is none."""
    try:
        key = base64.b64decode(person.key, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return key if len(key) == KEY_BYTES else b""


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"{', '.join(twice)}: stands there twice")
    return dict(pairs)

"""What the ledger holds: every release, denial and act as a record, in one canonical form.

A record stands in an entry with its number (0, 1, 2 ...) and the hash of the entry before it; the
entry's canonical bytes are the leaf of the Merkle tree (`agreement/merkle.py`). Canonical: JSON,
keys sorted, no spaces, UTF-8, integers only, every field present. What is read must be in exactly
that form, so that one record has one sequence of bytes. docs/ledger.md is the format's page.
"""

from __future__ import annotations

import json
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from jointsky.agreement.acts import TEXT_MAX, Act
from jointsky.agreement.notes import NOTE_CHARACTERS_MAX
from jointsky.agreement.ranges import pairs_of
from jointsky.model.errors import InputError
from jointsky.model.faults import place_text

ENTRY_BYTES_MAX = 16 << 20  # the longest act, with what JSON adds to it
NOWHERE = "0" * 64  # `previous` of entry 0


def _is_ranges(text: str) -> str:
    pairs_of(text)
    return text


def _is_encodable(text: str) -> str:
    """A lone surrogate is no character: UTF-8 has no bytes for it."""
    text.encode()
    return text


Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_is_encodable)]
# A unit's name stands in checkpoints and in file names: no spaces, no plus sign.
UnitName = Annotated[str, Field(pattern=r"^[\w.\-/:]{1,80}$")]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Tracks = Annotated[str, Field(max_length=1 << 20), AfterValidator(_is_ranges)]
Count = Annotated[int, Field(ge=0, le=1 << 53)]
TimeNs = Annotated[int, Field(ge=0, lt=1 << 63)]


class Part(BaseModel):
    """Base of all that is written into a ledger: nothing is converted, nothing unknown passes."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class GrantUse(Part):
    """What one grant of an agreement let go in a batch: rows, and the numbers of their tracks (""
    for data without track numbers). instrument: SHA-256 of the agreement's text."""

    agreement: Name
    version: Annotated[int, Field(ge=1, lt=1 << 31)]
    instrument: Hash
    grant: Name
    rows: Count
    tracks: Tracks = ""


class Cause(Part):
    """Why rows of a batch did not go: the rule, and the agreement, its version and the grant where
    one came near ("", 0 and "" where none did)."""

    rule: Name
    agreement: Annotated[str, Field(max_length=200)] = ""
    version: Annotated[int, Field(ge=0, lt=1 << 31)] = 0
    grant: Annotated[str, Field(max_length=200)] = ""
    rows: Count
    tracks: Tracks = ""


class Opening(Part):
    """Entry 0 of every ledger: whose it is. key: the unit's public key."""

    kind: Literal["opening"] = "opening"
    time_ns: TimeNs
    unit: UnitName
    world: Literal["live", "replay", "exercise", "study"]
    key: Hash

    @property
    def origin(self) -> str:
        """The name of this ledger in checkpoints."""
        return f"{self.unit}/{self.world}"


class Release(Part):
    """A message lined up for a partner. sequence: its number among those for this recipient (1, 2,
    3 ...); digest: SHA-256 of its bytes; it may not leave at or after not_after_ns."""

    kind: Literal["release"] = "release"
    time_ns: TimeNs
    recipient: UnitName
    sequence: Annotated[int, Field(ge=1, lt=1 << 63)]
    digest: Hash
    rows: Count
    not_after_ns: TimeNs
    grants: Annotated[tuple[GrantUse, ...], Field(min_length=1, max_length=1_000)]


class Denial(Part):
    """What did not go to a recipient in one batch, summarised by cause."""

    kind: Literal["denial"] = "denial"
    time_ns: TimeNs
    recipient: UnitName
    rows: Count
    causes: Annotated[tuple[Cause, ...], Field(min_length=1, max_length=1_000)]


class Withheld(Part):
    """A message that had been released and did not leave: at the moment of sending its time was
    over or its grant no longer in force. It will never leave."""

    kind: Literal["withheld"] = "withheld"
    time_ns: TimeNs
    recipient: UnitName
    sequence: Annotated[int, Field(ge=1, lt=1 << 63)]
    digest: Hash
    rule: Name


class Receipt(Part):
    """A message that came from a partner and was taken in; withheld: it came as the notice that
    its sender withheld it, so that no number is missing, and digest is that of what did not come
    (zeros where the notice does not say)."""

    kind: Literal["receipt"] = "receipt"
    time_ns: TimeNs
    sender: UnitName
    sequence: Annotated[int, Field(ge=1, lt=1 << 63)]
    digest: Hash
    withheld: bool = False


class ActTaken(Part):
    """An act that changed an agreement (`agreement/acts.py`). id: SHA-256 of what its persons
    signed; text: the act whole, with its signatures."""

    kind: Literal["act"] = "act"
    time_ns: TimeNs
    agreement: Name
    version: Annotated[int, Field(ge=1, lt=1 << 31)]
    act: Name
    party: Name
    id: Hash
    text: Annotated[str, Field(max_length=TEXT_MAX), AfterValidator(_is_encodable)]


class Witness(Part):
    """A checkpoint that a partner signed: its own ledger's, or a co-signature of this one's. note:
    the signed note as it came (docs/ledger.md)."""

    kind: Literal["checkpoint"] = "checkpoint"
    time_ns: TimeNs
    partner: UnitName
    note: Annotated[str, Field(max_length=NOTE_CHARACTERS_MAX), AfterValidator(_is_encodable)]


class Refusal(Part):
    """The egress verifier did not agree with what the masks let go: the batch stayed."""

    kind: Literal["refusal"] = "refusal"
    time_ns: TimeNs
    recipient: UnitName
    digest: Hash
    rows: Count
    tracks: Tracks = ""
    reason: Annotated[str, Field(min_length=1, max_length=2_000), AfterValidator(_is_encodable)]


class Alarm(Part):
    """Something that a person had to be told."""

    kind: Literal["alarm"] = "alarm"
    time_ns: TimeNs
    name: Name
    text: Annotated[str, Field(max_length=2_000), AfterValidator(_is_encodable)]


Record = Opening | Release | Denial | Withheld | Receipt | ActTaken | Witness | Refusal | Alarm


class Entry(Part):
    """A record in its place: its number and the leaf hash of the entry before it."""

    number: Annotated[int, Field(ge=0, lt=1 << 53)]
    previous: Hash
    record: Annotated[Record, Field(discriminator="kind")]


def record_of(act: Act, now_ns: int) -> ActTaken:
    """The record of an act that was taken at now_ns."""
    return ActTaken(time_ns=now_ns, agreement=act.agreement, version=act.version, act=act.act,
                    party=act.party, id=act.id, text=act.to_text())


def canonical(entry: Entry) -> bytes:
    """The bytes of an entry. Raises `InputError` for one that is longer than ENTRY_BYTES_MAX."""
    body = json.dumps(entry.model_dump(), sort_keys=True, separators=(",", ":"),
                      ensure_ascii=False).encode()
    if len(body) > ENTRY_BYTES_MAX:
        raise InputError(f"record {entry.number}", f"it has {len(body)} bytes",
                         expected=f"at most {ENTRY_BYTES_MAX}")
    return body


def read_entry(body: bytes, what: str = "record") -> Entry:
    """An entry from its bytes. Raises `InputError` that names the byte or the field."""
    if len(body) > ENTRY_BYTES_MAX:
        raise InputError(what, f"it has {len(body)} bytes", expected=f"at most {ENTRY_BYTES_MAX}")
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise InputError(what, f"0x{body[error.start]:02x} is no UTF-8",
                         place=f"byte {error.start}", expected="canonical JSON") from None
    try:
        entry = Entry.model_validate_json(body)
    except ValidationError as error:
        raise _fault_of(text, error, what) from None
    plain = canonical(entry)
    if plain != body:
        at = next((i for i, (one, two) in enumerate(zip(body, plain, strict=False)) if one != two),
                  min(len(body), len(plain)))
        raise InputError(what, "not in the canonical form", place=f"byte {at}",
                         expected=f"{plain[at:at + 20].decode(errors='replace')!r}")
    return entry


def _fault_of(text: str, error: ValidationError, what: str) -> InputError:
    """The first fault of an entry: the byte where it is no JSON, or the field."""
    try:
        json.loads(text)
    except (json.JSONDecodeError, RecursionError) as broken:
        if isinstance(broken, json.JSONDecodeError):
            return InputError(what, f"no JSON: {broken.msg}",
                              place=f"byte {len(text[:broken.pos].encode())}",
                              expected="canonical JSON")
        return InputError(what, "nested too deeply", expected="canonical JSON")
    first = error.errors(include_url=False)[0]
    place = tuple(part for part in first["loc"] if not re.fullmatch(r"function-.*", str(part)))
    expectation = "a record of docs/ledger.md"
    return InputError(what, f"{first['msg'].removeprefix('Value error, ')}; found "
                      f"{first['input']!r:.60}", place=place_text(place), expected=expectation)

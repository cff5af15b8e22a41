"""Checkpoints of a ledger as signed notes: the form that transparency logs and their tools use.

C2SP signed-note and tlog-checkpoint: three lines (origin, number of records, root in base64), a
blank line, one line per signature. Partners co-sign by a line of their own over the same text.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from jointsky.agreement.keys import KEY_BYTES, SIGNATURE_BYTES, is_signed, public_of, sign
from jointsky.model.errors import InputError

ED25519 = b"\x01"  # signature type of the specification
KEY_HASH_BYTES = 4
SIGNATURES_MAX = 64
NOTE_CHARACTERS_MAX = 32_768
EXPECTED = "a signed note (docs/ledger.md)"
_NAME = re.compile(r"[^\s+]{1,200}")
_LINE = re.compile(r"— ([^\s+]{1,200}) ([A-Za-z0-9+/]+={0,2})")


@dataclass(frozen=True, slots=True)
class Verifier:
    """A name and the public key (32 bytes) that signs under it."""

    name: str
    public: bytes

    @property
    def key_hash(self) -> bytes:
        """What a signature line says of the key: 4 bytes of SHA-256 over name and key."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519
                              + self.public).digest()[:KEY_HASH_BYTES]

    @property
    def text(self) -> str:
        """One line, as tools of transparency logs take it: name+hash+key."""
        return f"{self.name}+{self.key_hash.hex()}+{_base64(ED25519 + self.public)}"


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: name, the 4 bytes that tell the key, the signature (64 bytes)."""

    name: str
    key_hash: bytes
    signature: bytes

    @property
    def line(self) -> str:
        """The line without its newline."""
        return f"— {self.name} {_base64(self.key_hash + self.signature)}"


@dataclass(frozen=True, slots=True)
class Note:
    """A text (with its last newline) and the signatures under it."""

    text: str
    signatures: tuple[NoteSignature, ...] = ()

    def __str__(self) -> str:
        return self.text + "\n" + "".join(f"{one.line}\n" for one in self.signatures)

    def signed_by(self, name: str, private: bytes) -> Note:
        """The same note with one signature more; a former one by the same key gives way."""
        verifier = Verifier(name, public_of(private))
        one = NoteSignature(name, verifier.key_hash, sign(private, self.text.encode()))
        return Note(self.text, (*(old for old in self.signatures
                                  if (old.name, old.key_hash) != (name, one.key_hash)), one))

    def joined(self, other: Note) -> Note:
        """Both notes' signatures over their one text. Raises `InputError` if it is not one."""
        if other.text != self.text:
            raise InputError("checkpoint", f"the text is {other.text.splitlines()}",
                             expected=f"{self.text.splitlines()}")
        return Note(self.text, (*self.signatures, *(
            one for one in other.signatures if one not in self.signatures)))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A ledger as it stood: whose (origin), how many records, the root of their tree (32 bytes)."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{_base64(self.root)}\n"


def signers(note: Note, verifiers: Iterable[Verifier]) -> tuple[Verifier, ...]:
    """The known keys that signed, in the order of the lines; lines of unknown keys do not count.

    Raises `InputError` for a line of a known key that does not verify.
    """
    known = {(one.name, one.key_hash): one for one in verifiers}
    found = []
    for line in note.signatures:
        verifier = known.get((line.name, line.key_hash))
        if verifier is None:
            continue
        if not is_signed(verifier.public, note.text.encode(), line.signature):
            raise InputError("checkpoint", f"the signature by {line.name} does not verify",
                             expected="a signature over exactly this text")
        if verifier not in found:
            found.append(verifier)
    return tuple(found)


def read_note(text: str) -> Note:
    """A signed note from its text. Raises `InputError` that names the line."""
    if len(text) > NOTE_CHARACTERS_MAX:
        raise InputError("note", f"it has {len(text)} characters",
                         expected=f"at most {NOTE_CHARACTERS_MAX}")
    odd = next((i for i, char in enumerate(text) if char < " " and char != "\n"), None)
    if odd is not None:
        raise InputError("note", f"a control character {text[odd]!r}", place=f"character {odd}",
                         expected=EXPECTED)
    body, blank, tail = text.rpartition("\n\n")
    if not blank or not tail.endswith("\n"):
        raise InputError("note", "no blank line before signatures that end with a newline",
                         expected=EXPECTED)
    lines = tail.removesuffix("\n").split("\n")
    if len(lines) > SIGNATURES_MAX:
        raise InputError("note", f"{len(lines)} signatures", expected=f"at most {SIGNATURES_MAX}")
    first = body.count("\n") + 3
    return Note(body + "\n", tuple(_signature_of(line, first + i)
                                   for i, line in enumerate(lines)))


def _signature_of(line: str, number: int) -> NoteSignature:
    found = _LINE.fullmatch(line)
    octets = _octets(found[2]) if found else None
    if not found or octets is None or len(octets) != KEY_HASH_BYTES + SIGNATURE_BYTES:
        raise InputError("note", f"no signature: {line!r:.60}", place=f"line {number}",
                         expected="— NAME BASE64, an Ed25519 signature")
    return NoteSignature(found[1], octets[:KEY_HASH_BYTES], octets[KEY_HASH_BYTES:])


def read_checkpoint(text: str) -> Checkpoint:
    """A checkpoint from a note's text. Raises `InputError` that names the line."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3]:
        raise InputError("checkpoint", f"{len(lines) - 1} lines", expected="origin, size, root")
    if not _NAME.fullmatch(lines[0]):
        raise InputError("checkpoint", f"the origin is {lines[0]!r:.60}", place="line 1",
                         expected="a name without spaces and plus signs")
    if not re.fullmatch(r"0|[1-9][0-9]{0,15}", lines[1]):
        raise InputError("checkpoint", f"the size is {lines[1]!r:.60}", place="line 2",
                         expected="a number of records without leading zeros")
    root = _octets(lines[2])
    if root is None or len(root) != 32:
        raise InputError("checkpoint", f"the root is {lines[2]!r:.60}", place="line 3",
                         expected="32 bytes in base64")
    return Checkpoint(lines[0], int(lines[1]), root)


def read_verifier(text: str) -> Verifier:
    """A known key from `name+hash+key`. Raises `InputError`."""
    name, _, rest = text.strip().partition("+")
    digits, _, coded = rest.partition("+")
    octets = _octets(coded)
    if (not _NAME.fullmatch(name) or octets is None or len(octets) != 1 + KEY_BYTES
            or octets[:1] != ED25519):
        raise InputError("key", f"{text.strip()!r:.80}", expected="NAME+HASH+KEY, an Ed25519 key")
    verifier = Verifier(name, octets[1:])
    if verifier.key_hash.hex() != digits:
        raise InputError("key", f"its hash is {digits!r:.20}",
                         expected=f"{verifier.key_hash.hex()}, which is that of {name} and the key")
    return verifier


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def _octets(text: str) -> bytes | None:
    """What base64 stands for; None for anything else than its one plain form."""
    try:
        octets = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return octets if _base64(octets) == text else None

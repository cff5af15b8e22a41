"""Synthetic persons with keys of their own, and acts that they sign."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from jointsky.agreement.acts import Act, Person, Signature
from jointsky.agreement.keys import public_of, sign
from jointsky.agreement.reading import digest_of, parse_instrument
from jointsky.agreement.register import Register, take

BEGIN_NS, END_NS = 0, 1 << 62


def secret(name: str) -> bytes:
    """The private key of a synthetic person: of tests alone, anybody can make it."""
    return hashlib.sha256(f"a person of a test: {name}".encode()).digest()


def person(name: str, nation: str) -> Person:
    return Person(name, nation, base64.b64encode(public_of(secret(name))).decode(), BEGIN_NS,
                  END_NS)


PERSONS = tuple(person(f"{nation.lower()} {number}", nation)
                for nation in ("AAA", "BBB", "CCC") for number in (1, 2, 3))


def signed(act: Act, *names: str) -> Act:
    """The act with signatures of these persons, of the first two of its party if none is named."""
    names = names or (f"{act.party.lower()} 1", f"{act.party.lower()} 2")
    return act.model_copy(update={"signatures": tuple(
        Signature(person=name, signature=base64.b64encode(
            sign(secret(name), act.signed_bytes())).decode()) for name in names)})


def draft(register: Register, kind: str, agreement: str, party: str, issued: int,
          **more: Any) -> Act:
    """An act that follows what the register holds."""
    held = register.find(agreement)
    text = more.get("text") or (held.text if held else "")
    whole = parse_instrument(text, agreement).instrument
    previous = dict(held.heads).get(party, "") if held else ""
    return Act(act=kind, agreement=agreement, version=whole.version, digest=digest_of(text),
               party=party, issued=issued, previous=previous, reason="a test", **more)


def after(register: Register, kind: str, agreement: str, party: str, now_ns: int,
          **more: Any) -> Register:
    """The register after such an act, signed and accepted at once."""
    return take(register, signed(draft(register, kind, agreement, party, now_ns, **more)), now_ns,
                fresh=True)


def holding(text: str, own: str, now_ns: int) -> Register:
    """A register of a unit of this nation in which an instrument has been activated."""
    agreement = parse_instrument(text, "pact").instrument.id
    return after(Register(own, PERSONS), "activate", agreement, own, now_ns, text=text)

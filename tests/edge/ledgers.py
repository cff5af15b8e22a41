"""Ledgers for tests: two units that release to each other, with checkpoints and co-signatures."""

from __future__ import annotations

import hashlib
from pathlib import Path

from jointsky.agreement.keys import public_of
from jointsky.agreement.ledger import (
    Alarm,
    Cause,
    Denial,
    GrantUse,
    Opening,
    Receipt,
    Record,
    Release,
)
from jointsky.agreement.notes import Verifier
from jointsky.edge.ledger import LedgerWriter, Limits, Outgoing

KANT, SOUTH = "KGZ.Kant", "RUS.South"
PRIVATE = {KANT: b"k" * 32, SOUTH: b"s" * 32}
START_NS = 1_700_000_000_000_000_000
END_NS = START_NS + 86_400_000_000_000
STEP_NS = 1_000_000_000


def opening(unit: str) -> Opening:
    return Opening(time_ns=START_NS, unit=unit, world="live", key=public_of(PRIVATE[unit]).hex())


def verifier(unit: str) -> Verifier:
    return Verifier(f"{unit}/live", public_of(PRIVATE[unit]))


def writer(path: Path, unit: str = KANT, limits: Limits = Limits()) -> LedgerWriter:
    return LedgerWriter(path, opening(unit), limits)


def message(recipient: str, sequence: int, time_ns: int = START_NS,
            not_after_ns: int = END_NS) -> Outgoing:
    """A message with three rows under one grant."""
    body = b"%s, message %d, " % (recipient.encode(), sequence) + bytes(range(100))
    return Outgoing(Release(
        time_ns=time_ns, recipient=recipient, sequence=sequence,
        digest=hashlib.sha256(body).hexdigest(), rows=3, not_after_ns=not_after_ns,
        grants=(GrantUse(agreement="kgz-rus", version=1, instrument="ab" * 32, grant="tracks",
                         rows=3, tracks=f"{sequence}-{sequence + 1},{sequence + 7}"),)), body)


def receipt(sender: str, one: Outgoing, time_ns: int) -> Receipt:
    return Receipt(time_ns=time_ns, sender=sender, sequence=one.release.sequence,
                   digest=one.release.digest)


def denial(time_ns: int, recipient: str) -> Record:
    return Denial(time_ns=time_ns, recipient=recipient, rows=2, causes=(
        Cause(rule="outside the area", agreement="kgz-rus", version=1, grant="tracks", rows=2,
              tracks="40-41"),))


def exchange(folder: Path, rounds: int, signed_each: int = 40) -> tuple[Path, Path]:
    """Ledgers of two units that exchanged `rounds` messages each way, all delivered but the last;
    every `signed_each` rounds each signs a checkpoint, and the other co-signs and records it."""
    paths = folder / "kant.ledger", folder / "south.ledger"
    sides = {unit: writer(path, unit) for unit, path in zip((KANT, SOUTH), paths, strict=True)}
    for turn in range(1, rounds + 1):
        now_ns = START_NS + turn * STEP_NS
        for giver, taker in ((KANT, SOUTH), (SOUTH, KANT)):
            one = message(taker, turn, now_ns)
            sides[giver].write([one, denial(now_ns, taker)])
            if turn < rounds:
                sides[taker].write([receipt(giver, one, now_ns)])
                sides[giver].acknowledge(taker, turn)
        if turn % signed_each == 0:
            for giver, taker in ((KANT, SOUTH), (SOUTH, KANT)):
                note = sides[giver].sign_checkpoint(PRIVATE[giver], now_ns)
                both = str(note.signed_by(f"{taker}/live", PRIVATE[taker]))
                sides[taker].witness(verifier(giver), giver, str(note), now_ns)
                sides[giver].witness(verifier(taker), taker, both, now_ns)
    sides[KANT].write([Alarm(time_ns=END_NS, name="link", text="Связь пропала")])
    for side in sides.values():
        side.close()
    return paths

"""From what was decided to what is written down, and back at the moment of sending.

A batch that leaves becomes a `release` record with its grants, what stayed a `denial` by cause; the
gate asks at the moment of sending whether each of those grants still stands as it did.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np

from jointsky.agreement.ledger import Cause, Denial, GrantUse, Release
from jointsky.agreement.ranges import ranges_of
from jointsky.agreement.release import Released
from jointsky.agreement.standing import Standings


def release_record(released: Released, rows: slice, recipient: str, sequence: int,
                   body: bytes) -> Release:
    """The record of rows of a batch that leave for a unit as message `sequence`, whose bytes are
    body. Raises `ValueError` for rows of which there is none."""
    numbers, reason_of = released.tracks.system_track_number[rows], released.reason_of[rows]
    if not len(numbers):
        raise ValueError("nothing leaves in this message")
    grants = []
    for place, rule in enumerate(released.reasons):
        held = numbers[reason_of == place]
        if len(held):
            grants.append(GrantUse(
                agreement=rule.agreement, version=rule.version, instrument=rule.digest,
                grant=rule.grant.id, rows=len(held), tracks=ranges_of(held)))
    return Release(time_ns=released.now_ns, recipient=recipient, sequence=sequence,
                   digest=hashlib.sha256(body).hexdigest(), rows=len(numbers),
                   not_after_ns=released.not_after_ns, grants=tuple(grants))


def denial_record(released: Released, recipient: str) -> Denial | None:
    """The record of what of a batch did not leave for a unit, None where all did."""
    causes = tuple(Cause(rule=denial.cause.word, rows=len(denial.numbers),
                         tracks=ranges_of(np.asarray(denial.numbers)))
                   for denial in released.denials if len(denial.numbers))
    if not causes:
        return None
    return Denial(time_ns=released.now_ns, recipient=recipient,
                  rows=sum(cause.rows for cause in causes), causes=causes)


def gate_of(standings: Standings) -> Callable[[Release, int], str]:
    """What is asked of a message at the moment of sending: "" if it may leave, else the rule that
    keeps it. standings: the newest there are; where they are over, nothing leaves."""
    def gate(release: Release, now_ns: int) -> str:
        if not standings.trusted:
            return "the clock cannot be trusted"
        if not standings.now_ns <= now_ns < standings.until_ns:
            return "how agreements stand at this time is not known"
        return next((rule for use in release.grants if (rule := _against(
            use, release.time_ns, standings, now_ns))), "")
    return gate


def _against(use: GrantUse, released_ns: int, standings: Standings, now_ns: int) -> str:
    """Why a grant that was used at released_ns does not let go now, "" if it does."""
    name = f"{use.agreement} version {use.version}"
    found = next((one for one in standings.in_force
                  if one.document.instrument.id == use.agreement), None)
    if found is None or not found.begin_ns <= now_ns < found.end_ns:
        return f"{name} is not in force"
    if (found.document.instrument.version, found.document.digest) != (use.version, use.instrument):
        return f"{name} has given way to another text"
    if released_ns < found.begin_ns:
        return f"{name} was not in force all the time since the release"
    if use.grant in found.revoked or use.grant not in {
            one.id for one in found.document.instrument.grants}:
        return f"grant {use.grant} of {name} was taken back"
    return ""

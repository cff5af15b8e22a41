"""How agreements stand at an instant: what release, explanation and the console go by.

Whoever decides what may leave is given the agreements in force, for how long no act is needed for
them to stay so, and why the others are closed. What is not in force lets nothing go.
"""

from __future__ import annotations

from dataclasses import dataclass

from jointsky.agreement.reading import Document


@dataclass(frozen=True)
class Standing:
    """An agreement in force.

    begin_ns: since when, without a break: nothing older may leave under it; end_ns: first instant
    at which it is no longer in force unless somebody acts before; consents: (grant, nation) to
    which the originator has agreed to onward release, by the instrument or by an act since;
    revoked: grants that their sender has taken back: they let nothing go.
    """

    document: Document
    begin_ns: int
    end_ns: int
    consents: frozenset[tuple[str, str]] = frozenset()
    revoked: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Closed:
    """An agreement that lets nothing go now, and why, in words."""

    agreement: str
    version: int
    parties: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Standings:
    """All agreements that a unit knows, at now_ns.

    until_ns: first instant at which this may change without an act; in_force: by id; lapsed:
    sensors (SAC << 8 | SIC) of deployments that have ended, whose agreement is not in force, or to
    which the host does not consent: what they measure goes to no other nation; trusted: whether
    the clock that now_ns comes from may be trusted: if not, everything is closed.
    """

    now_ns: int
    until_ns: int
    in_force: tuple[Standing, ...]
    closed: tuple[Closed, ...]
    lapsed: frozenset[int] = frozenset()
    trusted: bool = True

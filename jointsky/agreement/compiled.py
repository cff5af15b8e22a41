"""Agreements in force as tables: what a unit of one nation may let others have, made ready.

    rules = compile_rules(standings, sender, recipients, sensors, data)

Rules hold until somebody acts, or until `Rules.until_ns`: then everything is denied until they are
made anew. A grant that cannot be made ready lets nothing go, and is named.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from jointsky.agreement.instrument import Grant, Instrument
from jointsky.agreement.judge import CATEGORY_NAMES, GRANT, NONE, Grants
from jointsky.agreement.places import Shape
from jointsky.agreement.regions import Places, places_of
from jointsky.agreement.standing import Closed, Standing, Standings
from jointsky.model.batch import I64
from jointsky.model.clock import NS_PER_S
from jointsky.model.schema import Identity
from jointsky.model.sensor import Sensor
from jointsky.model.world import World

ANY = 0xFF
SENSOR_BITS = 64
# The data class that a grant must name for tracks of a world; other worlds are not shared.
DATA_OF = {World.LIVE: "tracks", World.EXERCISE: "exercise"}
# What of another nation's plots and tracks is in our tracks came under grants of these.
CONTRIBUTED = ("plots", "tracks")


@dataclass(frozen=True)
class Rule:
    """A grant with the agreement that it stands in: the reason of a release."""

    agreement: str
    version: int
    digest: str
    grant: Grant
    begin_ns: int
    end_ns: int

    @property
    def key(self) -> tuple[str, str, int]:
        """What stays the same as long as the agreement is in force without a break or change."""
        return self.agreement, self.digest, self.begin_ns


@dataclass(frozen=True)
class Source:
    """Whether what a sensor contributed may go to a recipient, and why.

    why: in words; until_ns: how long the agreement that allows it is in force, None for ever;
    rule: the grant whose onward release allows it, or None.
    """

    allowed: bool
    why: str
    until_ns: int | None = None
    rule: Rule | None = None


@dataclass(frozen=True, eq=False)
class Recipient:
    """One partner. between: from when to when agreements are in force that bind both; closed:
    those that would, were they in force; usable: rows of the grants to it, in order; sources: for
    each sensor; releasable: those that are allowed, as bits."""

    nation: str
    between: tuple[tuple[int, int], ...]
    closed: tuple[Closed, ...]
    usable: I64
    sources: tuple[Source, ...]
    releasable: int


@dataclass(frozen=True, eq=False)
class Rules:
    """Everything needed to decide what of a batch of one data class may go to whom.

    since_ns, until_ns: when these rules are right, unless somebody acts; rules: each row of
    `grants`, with its reason; faults: grants that could not be made ready, in words.
    """

    sender: str
    data: str
    sensors: tuple[Sensor, ...]
    trusted: bool
    since_ns: int
    until_ns: int
    rules: tuple[Rule, ...]
    grants: Grants
    places: Places
    recipients: tuple[Recipient, ...]
    faults: tuple[str, ...]

    def to(self, nation: str) -> Recipient:
        """The tables for a recipient. Raises `KeyError` for one that they were not made for."""
        for recipient in self.recipients:
            if recipient.nation == nation:
                return recipient
        raise KeyError(nation)


def compile_rules(standings: Standings, sender: str, recipients: tuple[str, ...],
                  sensors: tuple[Sensor, ...], data: str) -> Rules:
    """Rules for what a unit of `sender` lets each recipient have of one data class. sensors: those
    of the unit, in the order of the bits of `TrackBatch.sensors`."""
    in_force = tuple(sorted(
        (one for one in standings.in_force if one.begin_ns <= standings.now_ns < one.end_ns),
        key=lambda one: one.document.instrument.id))
    rules, rows, shapes, faults = [], [], list[Shape](), list[str]()
    for standing in in_force:
        for rule in _rules_of(standing, sender, data):
            try:
                row, shape = _row_of(rule, standing.document.instrument, len(shapes))
            except Exception as error:  # whatever is wrong with it, it lets nothing go
                faults.append(f"{rule.agreement}, grant {rule.grant.id}: {error!r}")
                continue
            rules.append(rule)
            rows.append(row)
            shapes += shape
    return Rules(
        sender, data, sensors, standings.trusted, standings.now_ns,
        min((standings.until_ns, *(one.end_ns for one in in_force))), tuple(rules),
        np.concatenate([np.empty(0, GRANT), *rows]), places_of(shapes),
        tuple(_recipient(nation, sender, standings, in_force, tuple(rules), sensors)
              for nation in recipients), tuple(faults))


def _rules_of(standing: Standing, sender: str, data: str) -> Iterator[Rule]:
    """The grants of a sender for one data class that it has not taken back, in order."""
    document, instrument = standing.document, standing.document.instrument
    for grant in instrument.grants:
        if (grant.sender == sender and grant.data == data and sender in instrument.nations
                and grant.id not in standing.revoked):
            yield Rule(instrument.id, instrument.version, document.digest, grant,
                       standing.begin_ns, standing.end_ns)


def _row_of(rule: Rule, instrument: Instrument, column: int) -> tuple[Grants, list[Shape]]:
    """A grant as a row, and its shape, if any, which will have that column."""
    grant, row = rule.grant, np.zeros(1, GRANT)
    shapes = [] if grant.area is None else [instrument.areas[grant.area].shape]
    row["area"] = column if shapes else NONE
    row["tall"] = grant.floor_m is not None or grant.ceiling_m is not None
    row["floor_m"] = -np.inf if grant.floor_m is None else grant.floor_m
    row["ceiling_m"] = np.inf if grant.ceiling_m is None else grant.ceiling_m
    row["identities"] = identities_of(grant)
    row["categories"] = categories_of(grant)
    row["begin_ns"], row["end_ns"] = rule.begin_ns, rule.end_ns
    row["delay_ns"] = delay_ns_of(grant)
    return row, shapes


def identities_of(grant: Grant) -> int:
    """The identities that a grant lets go: bit i for `Identity` i."""
    if grant.identities == "any":
        return ANY
    return sum(1 << Identity[name.upper()] for name in set(grant.identities))


def categories_of(grant: Grant) -> int:
    """The categories that a grant lets go, as bits."""
    if grant.categories == "any":
        return ANY
    return sum(1 << CATEGORY_NAMES.index(name) for name in set(grant.categories))


def delay_ns_of(grant: Grant) -> int:
    """How old what a grant lets go is at least; never less than it says."""
    return int(np.ceil(grant.delay_s * NS_PER_S))


def _recipient(nation: str, sender: str, standings: Standings, in_force: tuple[Standing, ...],
               rules: tuple[Rule, ...], sensors: tuple[Sensor, ...]) -> Recipient:
    both = {sender, nation}
    joint = [one for one in in_force if both <= set(one.document.instrument.nations)]
    bound = {one.document.instrument.id for one in joint}
    usable = [row for row, rule in enumerate(rules)
              if nation in rule.grant.to and rule.agreement in bound]
    sources = tuple(_source(sensor, nation, sender, standings, in_force) for sensor in sensors)
    return Recipient(
        nation, tuple((one.begin_ns, one.end_ns) for one in joint),
        tuple(one for one in standings.closed if both <= set(one.parties)),
        np.array(usable, np.int64), sources,
        sum(1 << bit for bit, source in enumerate(sources[:SENSOR_BITS]) if source.allowed))


def _source(sensor: Sensor, nation: str, sender: str, standings: Standings,
            in_force: tuple[Standing, ...]) -> Source:
    """Whether what a sensor contributed may go to a nation."""
    owner = sensor.nation or sender
    if sensor.sensor_id in standings.lapsed:
        return Source(False, "its deployment has lapsed")
    if owner == sender:
        return Source(True, f"{sender}'s own")
    if owner == nation:
        return Source(True, f"{nation}'s own, going back")
    for standing in in_force:
        if {owner, sender} <= set(standing.document.instrument.nations):
            for data in CONTRIBUTED:
                for rule in _rules_of(standing, owner, data):
                    if _lets_on(rule.grant, sender, nation, standing):
                        return Source(True, f"onward release by {owner}: {rule.agreement}, "
                                      f"article {rule.grant.article}, grant {rule.grant.id}",
                                      standing.end_ns, rule)
    return Source(False, f"no grant of {owner} in force to {sender} lets it on to {nation}")


def _lets_on(grant: Grant, holder: str, nation: str, standing: Standing) -> bool:
    """Whether a grant lets its holder give what it got to a nation, and the originator agrees."""
    return (holder in grant.to and grant.onward is not None and nation in grant.onward.to
            and (grant.id, nation) in standing.consents)

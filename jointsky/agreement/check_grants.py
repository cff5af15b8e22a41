"""Checks of grants: what lets too much go, nothing at all, or something else than it seems to."""

from __future__ import annotations

import math
from collections.abc import Iterator

from jointsky.agreement.breadth import fits_too
from jointsky.agreement.findings import Desk, Hits, grants
from jointsky.agreement.instrument import Grant
from jointsky.agreement.reading import Document
from jointsky.model.faults import Place

# Data that have a place, so that an area can hold them back.
PLACED = ("plots", "tracks", "identities", "alarms", "incidents", "handover", "exercise")
# Data that have a position which can be coarsened.
POSITIONED = ("plots", "tracks", "exercise")
# What no sensor of air surveillance is finer than, where the unit's own are not told, m.
FINEST_M = 10.0


def no_area(desk: Desk) -> Hits:
    """Data with a place, let go everywhere."""
    for document, place, grant in grants(desk):
        if grant.area is None and grant.data in PLACED:
            yield document, place, f"{grant.id} lets {grant.data} go from everywhere"


def lets_nothing(desk: Desk) -> Hits:
    """Lists that no row can meet."""
    for document, place, grant in grants(desk):
        if not grant.identities:
            yield document, (*place, "identities"), f"empty: {grant.id} lets nothing go"
        if grant.categories != "any" and not {"cooperative", "non_cooperative"} & set(
                grant.categories):
            yield (document, (*place, "categories"),
                   f"neither cooperative nor non_cooperative, and every aircraft is one of both: "
                   f"{grant.id} lets nothing go")


def never_reached(desk: Desk) -> Hits:
    """A grant behind one that fits whatever it fits: the first that fits decides."""
    ordered = _in_order(desk)
    for at, (document, place, grant) in enumerate(ordered):
        wide = [(other, name) for other, name in _alike(ordered[:at], document, grant)
                if fits_too(other[2], grant, other[0].instrument.areas, document.instrument.areas)]
        hidden = {nation: name for other, name in reversed(wide) for nation in grant.to
                  if nation in other[2].to}
        if set(hidden) == set(grant.to):
            names = ", ".join(sorted(set(hidden.values())))
            yield document, place, f"{grant.id} is never reached: {names} fits first"


def delay_bypassed(desk: Desk) -> Hits:
    """A delay that a later grant makes useless: what is too young for the one leaves under the
    other."""
    ordered = _in_order(desk)
    for at, (document, place, grant) in enumerate(ordered):
        for other, name in _alike(ordered[at + 1:], document, grant):
            if (grant.delay_s > other[2].delay_s and set(grant.to) <= set(other[2].to)
                    and fits_too(other[2], grant, other[0].instrument.areas,
                                 document.instrument.areas)):
                yield (document, (*place, "delay_s"),
                       f"{grant.id}: what is younger than {grant.delay_s:g} s leaves under {name}")
                break


def _in_order(desk: Desk) -> list[tuple[Document, Place, Grant]]:
    """All grants in the order in which they are tried: agreements by their ids."""
    return sorted(grants(desk), key=lambda one: one[0].instrument.id)


def _alike(others: list[tuple[Document, Place, Grant]], document: Document,
           grant: Grant) -> Iterator[tuple[tuple[Document, Place, Grant], str]]:
    """Those of the same sender and data, and what they are called here. Other versions of the same
    agreement are never in force beside it."""
    for other in others:
        same = other[0] is document
        if (other[2].sender, other[2].data) == (grant.sender, grant.data) and (
                same or other[0].instrument.id != document.instrument.id):
            yield other, other[2].id if same else f"{other[2].id} of {other[0].instrument.id}"


def onward_unconsented(desk: Desk) -> Hits:
    """Nations named for onward release, to which the originator has not agreed."""
    for document, place, grant in grants(desk):
        if grant.onward is None:
            continue
        missing = [nation for nation in grant.onward.to if nation not in grant.onward.consents]
        if missing:
            yield (document, (*place, "onward", "to"),
                   f"{grant.sender} has not agreed to {', '.join(missing)}: nothing goes on to "
                   f"{'it' if len(missing) == 1 else 'them'} before it does")


def onward_unreachable(desk: Desk) -> Hits:
    """Onward release between nations that have no agreement among the files."""
    pairs = {(one, two) for document in desk.documents for one in document.instrument.nations
             for two in document.instrument.nations}
    for document, place, grant in grants(desk):
        for nation in grant.onward.to if grant.onward else ():
            if not any((via, nation) in pairs for via in grant.to):
                yield (document, (*place, "onward", "to"),
                       f"no agreement between {' or '.join(grant.to)} and {nation} among the files "
                       "given")


def handover_unlinked(desk: Desk) -> Hits:
    """Hand-over between the unit's nation and one that the unit has no link to."""
    if desk.links is None:
        return
    for document, place, grant in grants(desk):
        named = {grant.sender, *grant.to}
        if grant.data != "handover" or desk.own not in named:
            continue
        missing = sorted((named if grant.sender == desk.own else {grant.sender})
                         - {desk.own} - desk.links)
        if missing:
            yield (document, place, f"{grant.id}: the unit has no partner of {', '.join(missing)}; "
                   f"its partners are of {', '.join(sorted(desk.links))}")


def links_unknown(desk: Desk) -> Hits:
    """Hand-over, but no partners were told."""
    if desk.links is not None:
        return
    for document in desk.documents:
        named = [at for at, grant in enumerate(document.instrument.grants)
                 if grant.data == "handover"]
        if named:
            yield (document, ("grants", named[0]),
                   "whether there is a link for hand-over is not checked: no partners were told")


def handover_blind(desk: Desk) -> Hits:
    """Hand-over to a nation that does not get the tracks."""
    for document, place, grant in grants(desk):
        if grant.data != "handover":
            continue
        for nation in grant.to:
            if not any(other.sender == grant.sender and nation in other.to
                       and other.data == "tracks" for other in document.instrument.grants):
                yield (document, place,
                       f"{grant.id}: {nation} is handed aircraft of which it gets no tracks")


def finer_than_source(desk: Desk) -> Hits:
    """Coarsening that is finer than what is measured, so that it hides nothing."""
    for document, place, grant in grants(desk):
        if grant.data not in POSITIONED:
            continue
        sigma_m, whose = _finest_m(desk, grant)
        if 0 < grant.quantum_m < sigma_m * math.sqrt(12):
            yield (document, (*place, "quantum_m"),
                   f"a grid of {grant.quantum_m:g} m spreads positions by "
                   f"{grant.quantum_m / math.sqrt(12):.0f} m, {whose} by {sigma_m:g} m: it hides "
                   "nothing")
        if 0 < grant.accuracy_m < sigma_m:
            yield (document, (*place, "accuracy_m"),
                   f"{grant.accuracy_m:g} m, finer than {whose}, {sigma_m:g} m: it changes nothing")


def _finest_m(desk: Desk, grant: Grant) -> tuple[float, str]:
    known = [sensor for sensor in desk.sensors
             if (sensor.nation or desk.own) == grant.sender]
    if not known:
        return FINEST_M, "any sensor"
    finest = min(known, key=lambda sensor: sensor.sigma_range_m)
    return finest.sigma_range_m, finest.name


def accuracy_alone(desk: Desk) -> Hits:
    """An accuracy floor without a grid: the position itself goes out as it is."""
    for document, place, grant in grants(desk):
        if grant.accuracy_m > 0 and grant.quantum_m == 0:
            yield (document, (*place, "accuracy_m"),
                   f"{grant.id}: only what is said of the accuracy is coarser, positions go out as "
                   "they are; quantum_m coarsens them")


def identity_told(desk: Desk) -> Hits:
    """Identity held back though the choice of identities tells it."""
    for document, place, grant in grants(desk):
        if "identity" in grant.withheld and grant.identities != "any" and len(
                grant.identities) < 3:
            yield (document, (*place, "withheld"),
                   f"identity is held back, but only {' and '.join(grant.identities) or 'none'} "
                   "goes: whoever gets a track knows it")


def guarded_let_go(desk: Desk) -> Hits:
    """Guarded fields that a grant names."""
    for document, place, grant in grants(desk):
        if grant.guarded:
            yield (document, (*place, "guarded"),
                   f"{grant.id} lets {', '.join(grant.guarded)} go")


def not_bound(desk: Desk) -> Hits:
    """Grants to or from a party that has not ratified yet."""
    for document, place, grant in grants(desk):
        done = {one.party for one in document.instrument.life.ratifications
                if one.date <= desk.now_ns}
        waits = [nation for nation in (grant.sender, *grant.to) if nation not in done]
        if waits:
            yield (document, place, f"{grant.id}: {', '.join(waits)} "
                   f"{'has' if len(waits) == 1 else 'have'} not ratified, so nothing goes")


def party_without_grant(desk: Desk) -> Hits:
    """A party that neither gives nor gets anything."""
    for document in desk.documents:
        whole = document.instrument
        named = {nation for grant in whole.grants for nation in (grant.sender, *grant.to)}
        for at, party in enumerate(whole.parties):
            if party.nation not in named:
                yield (document, ("parties", at),
                       f"{party.nation} neither gives nor gets anything")

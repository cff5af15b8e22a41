"""Checks of everything about an agreement but its grants: life, places, duties, who says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from jointsky.agreement.calendar import warning_of
from jointsky.agreement.extents import area_m2
from jointsky.agreement.findings import Desk, Hits
from jointsky.agreement.life import HORIZON_NS, Facts, Phase, status_at
from jointsky.agreement.nations import is_nation
from jointsky.agreement.parts import bases
from jointsky.agreement.periods import text_of
from jointsky.agreement.reading import Document
from jointsky.model.sensor import sensor_id_text

# A site may differ from what is said of it by this share, for corners are rounded.
AREA_SHARE = 0.02


def two_alike(desk: Desk) -> Hits:
    """Two files of one id and version that do not hold the same."""
    seen: dict[tuple[str, int], Document] = {}
    for document in desk.documents:
        key = document.instrument.id, document.instrument.version
        other = seen.setdefault(key, document)
        if other is not document:
            same = ", word for word" if other.digest == document.digest else ""
            yield (document, ("id",),
                   f"{key[0]}, version {key[1]}, is in {other.name} as well{same}")


def no_nation(desk: Desk) -> Hits:
    """Codes that ISO 3166 does not know."""
    for document in desk.documents:
        whole = document.instrument
        for at, party in enumerate(whole.parties):
            if not is_nation(party.nation):
                yield (document, ("parties", at, "nation"),
                       f"ISO 3166 has no {party.nation}; expected such as KGZ, or for an "
                       "organisation XAA to XXZ")
        for at, grant in enumerate(whole.grants):
            for nation in grant.onward.to if grant.onward else ():
                if not is_nation(nation):
                    yield (document, ("grants", at, "onward", "to"), f"ISO 3166 has no {nation}")


def kind_parties(desk: Desk) -> Hits:
    """A bilateral agreement of more than two."""
    for document in desk.documents:
        whole = document.instrument
        if whole.kind == "bilateral" and len(whole.parties) != 2:
            yield document, ("kind",), f"bilateral, with {len(whole.parties)} parties"


def component_unknown(desk: Desk) -> Hits:
    """A component of a system that is not among the files."""
    known = {document.instrument.id for document in desk.documents}
    for document in desk.documents:
        system = document.instrument.component_of
        if system is not None and system not in known:
            yield document, ("component_of",), f"no {system} among the files given"


def component_contradicts(desk: Desk) -> Hits:
    """A component of itself, or with a party that the system above it does not have."""
    known = {document.instrument.id: document.instrument for document in desk.documents}
    for document in desk.documents:
        whole = document.instrument
        chain = [whole.id]
        while (above := known[chain[-1]].component_of) is not None and above in known:
            if above in chain:
                yield (document, ("component_of",),
                       f"a component of itself: {' of '.join([*chain, above])}")
                break
            chain.append(above)
        if whole.component_of in known:
            strange = sorted(set(whole.nations) - set(known[whole.component_of].nations))
            if strange:
                yield (document, ("component_of",), f"{', '.join(strange)} "
                       f"{'is' if len(strange) == 1 else 'are'} no party of {whole.component_of}")


def never_in_force(desk: Desk) -> Hits:
    """Not signed, or not ratified by every party."""
    for document in desk.documents:
        whole = document.instrument
        status = status_at(whole, Facts(), desk.now_ns)
        if status.phase in (Phase.DRAFT, Phase.SIGNED):
            yield document, ("life",), f"{status.why}: nothing goes before"


def not_yet(desk: Desk) -> Hits:
    """Acts that lie ahead, and entry into force."""
    for document in desk.documents:
        life = document.instrument.life
        for at, one in enumerate(life.ratifications):
            if one.date > desk.now_ns:
                yield (document, ("life", "ratifications", at, "date"),
                       f"{text_of(one.date)} is still to come")
        status = status_at(document.instrument, Facts(), desk.now_ns)
        if status.phase is Phase.RATIFIED:
            yield document, ("life", "in_force"), status.why


def term_ended(desk: Desk) -> Hits:
    """A term that is over and not renewed of itself."""
    for document in desk.documents:
        status = status_at(document.instrument, Facts(), desk.now_ns)
        if status.phase.is_over:
            again = (" unless every party consented to another in time"
                     if document.instrument.life.renewal == "by_consent" else "")
            yield document, ("life", "term"), f"{status.why}: nothing goes any more{again}"


def end_near(desk: Desk) -> Hits:
    """The end, or the last day of notice, within a year."""
    for document in desk.documents:
        for one in warning_of(document.instrument, Facts(), desk.now_ns):
            key = "term" if one.of == "end" else "notice"
            yield document, ("life", key), one.text


def no_retention(desk: Desk) -> Hits:
    """What was received is to be destroyed or returned, but not by when."""
    for document in desk.documents:
        survival = document.instrument.survival
        if survival.retention is None and survival.then != "keep":
            yield (document, ("survival",), f"what was received: {survival.then}, but no retention "
                   "says by when")


def no_consent(desk: Desk) -> Hits:
    """A deployment that the host has not agreed to."""
    for document, at in _deployments(desk):
        deployment = document.instrument.deployments[at]
        if deployment.consent is None:
            host = next(site.host for site in document.instrument.sites
                        if site.id == deployment.site)
            yield (document, ("deployments", at), f"{deployment.id}: {host}, the host, has not "
                   "agreed; what its sensors measure goes to nobody else")


def outside_its_time(desk: Desk) -> Hits:
    """A deployment or its consent before the agreement is in force, or beyond its term."""
    for document, at in _deployments(desk):
        deployment = document.instrument.deployments[at]
        status = status_at(document.instrument, Facts(), desk.now_ns)
        if not status.in_force:
            continue
        if deployment.begin is not None and deployment.begin < status.begin_ns:
            yield (document, ("deployments", at, "begin"),
                   f"{text_of(deployment.begin)}, before the agreement is in force, "
                   f"{text_of(status.begin_ns)}")
        if deployment.end is not None and status.end_ns < HORIZON_NS and (
                deployment.end > status.end_ns):
            yield (document, ("deployments", at, "end"),
                   f"{text_of(deployment.end)}, after the end of the present term, "
                   f"{text_of(status.end_ns)}; it lapses with the agreement")


def sensor_twice(desk: Desk) -> Hits:
    """One sensor in two deployments."""
    seen: dict[int, tuple[str, str]] = {}
    for document, at in _deployments(desk):
        deployment = document.instrument.deployments[at]
        for index, sensor in enumerate(deployment.sensors):
            here = document.instrument.id, deployment.id
            other = seen.setdefault(sensor.sensor_id, here)
            if other != here:
                yield (document, ("deployments", at, "sensors", index),
                       f"{sensor_id_text(sensor.sensor_id)} is of {other[1]} in {other[0]} already")


def sensor_unlike(desk: Desk) -> Hits:
    """A deployed sensor that the unit has as another nation's, or does not have."""
    if not desk.sensors:
        return
    known = {sensor.sensor_id: sensor for sensor in desk.sensors}
    for document, at in _deployments(desk):
        deployment = document.instrument.deployments[at]
        for index, stationed in enumerate(deployment.sensors):
            place = ("deployments", at, "sensors", index)
            sensor = known.get(stationed.sensor_id)
            name = f"{stationed.name} {sensor_id_text(stationed.sensor_id)}"
            if sensor is None:
                yield document, place, f"{name} is no sensor of the unit"
            elif (sensor.nation or desk.own) != deployment.of:
                yield (document, place, f"{name} is of {deployment.of} here, of "
                       f"{sensor.nation or desk.own} in the unit's configuration")


def site_unlike_its_area(desk: Desk) -> Hits:
    """A site whose outline is larger or smaller than what is said of it."""
    for document in desk.documents:
        for at, site in enumerate(document.instrument.sites):
            true_ha = area_m2(site.shape) / 1e4
            if abs(true_ha - site.area_ha) > AREA_SHARE * site.area_ha:
                yield (document, ("sites", at, "area_ha"),
                       f"{site.area_ha:g} ha, but its outline holds {true_ha:.4g} ha")


def command_twice(desk: Desk) -> Hits:
    """Two nations that coordinate, or manage, in one area."""
    for document in desk.documents:
        holders: dict[tuple[str, str | None], str] = {}
        for at, role in enumerate(document.instrument.command):
            other = holders.setdefault((role.role, role.area), role.holder)
            if other != role.holder:
                yield (document, ("command", at), f"{role.holder} {role.role} where {other} does: "
                       f"{role.area or 'everywhere'}")


def unsourced(desk: Desk) -> Hits:
    """What neither names a source nor says that it is assumed."""
    for document in desk.documents:
        bare = {place for place, basis in bases(document.instrument).items() if not basis}
        for place in sorted(bare & set(document.lines), key=document.line_of):
            if not any(place[:end] in bare for end in range(1, len(place))):
                yield document, place, "neither a source nor assumed: true"


def unused(desk: Desk) -> Hits:
    """Areas, sites and sources that nothing names."""
    for document in desk.documents:
        whole = document.instrument
        areas = {one.area for one in whole.grants} | {one.area for one in whole.command}
        sites = {one.site for one in whole.deployments}
        named = Counter(word for basis in bases(whole).values() for word in [basis.split(";")[0]])
        for key in whole.areas:
            if key not in areas:
                yield document, ("areas", key), "no grant and no command role names this area"
        for at, site in enumerate(whole.sites):
            if site.id not in sites:
                yield document, ("sites", at), f"nothing is deployed at {site.id}"
        for key in whole.sources:
            if key not in named:
                yield document, ("sources", key), "nothing names this source"


def _deployments(desk: Desk) -> Iterator[tuple[Document, int]]:
    for document in desk.documents:
        for at in range(len(document.instrument.deployments)):
            yield document, at

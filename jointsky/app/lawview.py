"""The agreements of a unit as its consoles show them: small JSON objects, degrees and milliseconds.

What an agreement says comes from the instrument in use, how it stands from the law of the engine.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import BaseModel

from jointsky.agreement.calendar import calendar_of, warning_of
from jointsky.agreement.instrument import Grant, Instrument
from jointsky.agreement.life import HORIZON_NS, status_at
from jointsky.agreement.outlines import outline_of
from jointsky.agreement.places import Shape
from jointsky.agreement.register import Held, deployment_at, standings_at
from jointsky.engine.law import Law, standings_of
from jointsky.model.clock import NS_PER_DAY
from jointsky.model.sensor import sensor_id_text

OUTCOMES_SHOWN = 50


def agreements_of(law: Law, now_ns: int) -> dict[str, Any]:
    """All agreements that a unit holds, and the latest acts."""
    standings = standings_of(law, now_ns)
    return {
        "now_ms": now_ns / 1e6, "own": law.register.own, "trusted": law.trusted,
        "clock": law.clock, "alarms": alarms_of(law, now_ns),
        "lapsed": sorted(sensor_id_text(one) for one in standings.lapsed),
        "agreements": [_agreement(law, held, now_ns) for held in sorted(
            law.register.held, key=lambda held: (len(held.instrument.parties), held.id))],
        "acts": [{"time_ms": one.time_ns / 1e6, "file": one.source, "act": one.act[:16],
                  "accepted": one.accepted, "text": one.text}
                 for one in law.outcomes[:-OUTCOMES_SHOWN - 1:-1]]}


def alarms_of(law: Law, now_ns: int) -> list[str]:
    """What a person must know of the agreements now, one line each: a clock that is not trusted,
    deployments that have lapsed, ends and last days of notice that are near."""
    found = [f"the clock is not trusted: {law.clock}; nothing leaves"] if law.clock else []
    for held in law.register.held:
        whole = held.instrument
        for deployment in whole.deployments:
            one = deployment_at(held, deployment, now_ns)
            if not one.stands:
                names = ", ".join(sensor.name for sensor in deployment.sensors)
                found.append(f"{held.id}: deployment {deployment.id} has lapsed ({one.why})"
                             + (f": {names} goes to no other nation" if names else ""))
        found += [f"{held.id}: {warning.text}"
                  for warning in warning_of(whole, held.facts, now_ns)]
    return found


def _agreement(law: Law, held: Held, now_ns: int) -> dict[str, Any]:
    whole = held.instrument
    status = status_at(whole, held.facts, now_ns)
    standing = next((one for one in standings_at(law.register, now_ns).in_force
                     if one.document.instrument.id == held.id), None)
    revoked = standing.revoked if standing else frozenset()
    return {
        "id": held.id, "title": whole.title, "version": whole.version, "kind": whole.kind,
        "component_of": whole.component_of, "digest": held.document.digest,
        "parties": [{"nation": one.nation, "name": one.name} for one in whole.parties],
        "phase": status.phase.value, "why": status.why,
        "in_force": status.in_force and law.trusted,
        "begin_ms": status.begin_ns / 1e6 if status.begin_ns else None,
        "end_ms": _ms(status.end_ns), "final": status.final,
        "days_left": _days(status.end_ns, now_ns), "renewal": whole.life.renewal,
        "calendar": [{"time_ms": one.time_ns / 1e6, "kind": one.kind, "text": one.text}
                     for one in calendar_of(whole, held.facts, now_ns)],
        "warnings": [one.text for one in warning_of(whole, held.facts, now_ns)],
        "grants": [_grant(whole, one, one.id in revoked) for one in whole.grants],
        "areas": [{"id": name, "name": area.name, "assumed": area.assumed, **_shape(area.shape)}
                  for name, area in whole.areas.items()],
        "sites": [{"id": one.id, "name": one.name, "host": one.host, "area_ha": one.area_ha,
                   "assumed": one.assumed, **_shape(one.shape)} for one in whole.sites],
        "deployments": [_deployment(held, at, now_ns) for at in range(len(whole.deployments))],
        "command": [_plain(one) for one in whole.command],
        "training": [_plain(one) for one in whole.training],
        "survival": _plain(whole.survival),
        "sources": [{"id": name, **_plain(one)} for name, one in whole.sources.items()]}


def _grant(whole: Instrument, grant: Grant, revoked: bool) -> dict[str, Any]:
    area = whole.areas[grant.area].name if grant.area else ""
    return {**_plain(grant), "from": grant.sender, "where": area, "revoked": revoked}


def _deployment(held: Held, at: int, now_ns: int) -> dict[str, Any]:
    deployment = held.instrument.deployments[at]
    one = deployment_at(held, deployment, now_ns)
    return {"id": deployment.id, "of": deployment.of, "site": deployment.site,
            "units": list(deployment.units), "assumed": deployment.assumed,
            "sensors": [{"name": sensor.name, "id": sensor_id_text(sensor.sensor_id)}
                        for sensor in deployment.sensors],
            "stands": one.stands, "why": one.why}


def _shape(shape: Shape) -> dict[str, Any]:
    places, width_m = outline_of(shape)
    return {"outline": np.round(places, 6).tolist(), "width_m": width_m}


def _plain(part: BaseModel) -> dict[str, Any]:
    return part.model_dump(mode="json", exclude={"shape"}, exclude_none=True)


def _ms(time_ns: int) -> float | None:
    return time_ns / 1e6 if 0 < time_ns < HORIZON_NS else None


def _days(end_ns: int, now_ns: int) -> int | None:
    return int((end_ns - now_ns) // NS_PER_DAY) if 0 < end_ns < HORIZON_NS else None

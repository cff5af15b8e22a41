"""What agreements let go, as Cedar policies: an independent judge of the compiled release.

Written from the rules of release alone. Cedar skips a policy that fails, so a `forbid` that fails
would open the gate: there are `permit` policies only, requests are checked against a schema, and
any error counts as a denial. Cedar knows whole numbers only: floating-point values are given by
their rank, which keeps their order to the last bit. Whether a place is in a circle, a corridor or a
polygon is reckoned here, slowly, and given to Cedar as a fact.
"""

from __future__ import annotations

import json
import math
import struct
from datetime import datetime
from itertools import pairwise

import numpy as np
from cedarpy import (
    Decision,
    Entities,
    PolicySet,
    Schema,
    is_authorized_batch,
    validate_policies,
)

EARTH_M = 6_371_008.8
FOREVER = (1 << 62)
EMERGENCY = [0o7500, 0o7600, 0o7700]
IDENTITIES = ["pending", "unknown", "assumed_friend", "friend", "neutral", "suspect", "hostile"]

SCHEMA = """
entity Nation;
entity Sensor = { nation: String };
entity Row = {
    sender: String, data: String, time: Long, latitude: Long, longitude: Long,
    inside: Set<String>, mode_c?: Long, height?: Long, mode_3a?: Long, has_address: Bool,
    has_callsign: Bool, identity: String, on_ground: Bool, emergency: Bool, simulated: Bool,
    test: Bool, contributors: Set<Sensor>
};
action receive appliesTo {
    principal: [Nation], resource: [Row], context: { now: Long, trusted: Bool, left: Row }
};
action contribute appliesTo {
    principal: [Nation], resource: [Sensor], context: { now: Long }
};
"""


def rank(value: float) -> int:
    """A whole number that stands to others as the value to theirs: its bits, negative ones turned
    round."""
    bits, = struct.unpack("<q", struct.pack("<d", value))
    return bits if bits >= 0 else -(bits & 0x7FFF_FFFF_FFFF_FFFF)


def ns(text: str) -> int:
    """UTC ns of a time with its zone, whole seconds."""
    return int(datetime.fromisoformat(text).timestamp()) * 1_000_000_000


class Pact:
    """An agreement and what became of it. Intervals are [from, to) in ns, FOREVER for no end.

    document: the instrument (in force from an explicit time, for P<n>D, never renewed);
    pauses: intervals; revoked: (grant, interval); onward: (grant, nation, interval in which the
    originator agrees); hosts: (deployment, interval in which the host agrees).
    """

    def __init__(self, document, activated, pauses=(), revoked=(), onward=(), hosts=()):
        self.document, self.activated = document, activated
        self.begin = ns(document["life"]["in_force"])
        self.end = self.begin + int(document["life"]["term"][1:-1]) * 86_400_000_000_000
        self.pauses, self.revoked = list(pauses), list(revoked)
        self.onward, self.hosts = list(onward), list(hosts)

    @property
    def id(self):
        return self.document["id"]

    @property
    def nations(self):
        return [party["nation"] for party in self.document["parties"]]

    def in_force(self):
        parts = [f"context.now >= {max(self.begin, self.activated)}", f"context.now < {self.end}"]
        parts += [f"!({_within(*pause)})" for pause in self.pauses]
        return " && ".join(parts)

    def not_before(self, row):
        """Nothing from before the present stretch."""
        parts = [f"{row}.time >= {max(self.begin, self.activated)}"]
        ends = [to for _, to in self.pauses] + [to for _, (_, to) in self.revoked]
        parts += [f"(context.now < {to} || {row}.time >= {to})" for to in ends if to < FOREVER]
        return " && ".join(parts)

    def not_revoked(self, grant):
        parts = [f"!({_within(*span)})" for name, span in self.revoked if name == grant]
        return " && ".join(parts) or "true"

    def agreed(self, grant, nation):
        spans = [f"({_within(*span)})" for name, to, span in self.onward
                 if (name, to) == (grant, nation)]
        return " || ".join(spans) or "false"


def _within(begin, end):
    return f"context.now >= {begin} && context.now < {end}"


def policies(pacts, own):
    """All policies, as Cedar text, and per annotation of a `receive` policy (agreement, grant)."""
    texts, names = [], {}
    for pact in sorted(pacts, key=lambda one: one.id):
        for grant in pact.document["grants"]:
            if grant["from"] == own:
                label = f"{len(names):04d}"
                names[label] = (pact.id, grant["id"])
                texts.append(_receive(pact, grant, own, label))
    texts.append(_contribute("own", f'resource.nation == "{own}" || resource.nation == ""', pacts))
    nations = sorted({nation for pact in pacts for nation in pact.nations})
    for nation in nations:
        texts.append(_contribute(f"back to {nation}", f'principal == Nation::"{nation}" && '
                                 f'resource.nation == "{nation}"', pacts))
    for pact in pacts:
        for grant in pact.document["grants"]:
            if grant["data"] in ("plots", "tracks") and own in grant["to"] and "onward" in grant:
                for to in grant["onward"]["to"]:
                    texts.append(_contribute(
                        f"{pact.id} {grant['id']} {to}",
                        f'principal == Nation::"{to}" && resource.nation == "{grant["from"]}" && '
                        f'{pact.in_force()} && {pact.not_revoked(grant["id"])} && '
                        f'({pact.agreed(grant["id"], to)})', pacts))
    return "\n".join(texts), names


def _receive(pact, grant, own, label):
    delay = round(grant.get("delay_s", 0) * 1e9)
    return "\n".join(f"""@id("{label}")
permit(principal == Nation::"{nation}", action == Action::"receive", resource) when {{
    context.trusted && resource.sender == "{own}" && resource.data == "{grant['data']}"
    && {pact.in_force()} && {pact.not_revoked(grant['id'])}
    && {pact.not_before('resource')} && context.now >= resource.time + {delay}
    && !(context.left.contributors.isEmpty())
    && {_shown(pact, grant, 'resource')}
    && (context.left == resource || ({_shown(pact, grant, 'context.left')}))
}};""" for nation in grant["to"] if nation in pact.nations)


def _contribute(label, when, pacts):
    """A contribution may go, if the sensor's deployments all stand."""
    stands = []
    for pact in pacts:
        for deployment in pact.document.get("deployments", ()):
            spans = [f"({_within(*span)})" for name, span in pact.hosts
                     if name == deployment["id"]]
            parts = [pact.in_force(), f"({' || '.join(spans) or 'false'})"]
            if "begin" in deployment:
                parts.append(f"context.now >= {ns(deployment['begin'])}")
            if "end" in deployment:
                parts.append(f"context.now < {ns(deployment['end'])}")
            for sensor in deployment["sensors"]:
                name = sensor["sac"] * 256 + sensor["sic"]
                stands.append(f'(resource != Sensor::"{name}" || ({" && ".join(parts)}))')
    return f"""@id("{label}")
permit(principal, action == Action::"contribute", resource) when {{
    ({when}) && {' && '.join(stands) or 'true'}
}};"""


def _shown(pact, grant, row):
    """Conditions on the row as it is, and again on what is left of it."""
    parts = []
    if "area" in grant:
        parts.append(_in_area(pact, grant["area"], row))
    floor, ceiling = grant.get("floor_m"), grant.get("ceiling_m")
    if floor is not None or ceiling is not None:
        parts.append(f"({row} has mode_c || {row} has height)")
        for name in ("mode_c", "height"):
            if floor is not None:
                parts.append(f"(if {row} has {name} then {row}.{name} >= {rank(floor)} else true)")
            if ceiling is not None:
                parts.append(f"(if {row} has {name} then {row}.{name} <= {rank(ceiling)} "
                             "else true)")
    if grant.get("identities", "any") != "any":
        parts.append(f"{json.dumps(grant['identities'])}.contains({row}.identity)")
    if grant.get("categories", "any") != "any":
        let = {name: "true" if name in grant["categories"] else "false"
               for name in ("cooperative", "non_cooperative", "on_ground", "emergency",
                            "simulated")}
        parts += [
            f"(if {row} has mode_3a || {row} has mode_c || {row}.has_address || "
            f"{row}.has_callsign then {let['cooperative']} else {let['non_cooperative']})",
            f"({let['on_ground']} || !{row}.on_ground)",
            f"({let['emergency']} || !({row}.emergency || ({row} has mode_3a && "
            f"{EMERGENCY}.contains({row}.mode_3a))))",
            f"({let['simulated']} || !({row}.simulated || {row}.test))"]
    return " && ".join(parts) or "true"


def _in_area(pact, name, row):
    shape = pact.document["areas"][name]["shape"]
    if "box" not in shape:
        return f'{row}.inside.contains("{pact.id}/{name}")'
    box = {key: rank(math.radians(value)) for key, value in shape["box"].items()}
    joint = "&&" if shape["box"]["west"] < shape["box"]["east"] else "||"
    return (f"{row}.latitude >= {box['south']} && {row}.latitude <= {box['north']} && "
            f"({row}.longitude >= {box['west']} {joint} {row}.longitude <= {box['east']})")


def are_inside(shape, places):
    """Which places (radians) are in a circle, corridor or polygon of an instrument."""
    at = _directions(np.array(places, float).reshape(-1, 2))
    if "circle" in shape:
        centre = _directions(np.radians([shape["circle"]["centre"]]))[0]
        return EARTH_M * _angles(at, centre) <= 1000 * shape["circle"]["radius_km"]
    if "corridor" in shape:
        line = _directions(np.radians(shape["corridor"]["line"]))
        nearest = np.min([_angles_to_arc(at, *arc) for arc in pairwise(line)], axis=0)
        return EARTH_M * nearest <= 1000 * shape["corridor"]["width_km"]
    corners = _directions(np.radians(shape["polygon"]))
    # From within, the corners turn once around the place; from outside, not at all.
    turned = np.zeros(len(at))
    for one, after in zip(corners, np.roll(corners, -1, 0), strict=True):
        from_here, to_there = _cross(at, one), _cross(at, after)
        turned += np.arctan2((_cross(from_here, to_there) * at).sum(1),
                             (from_here * to_there).sum(1))
    near = at @ corners.sum(0) > 0
    return near & (np.abs(turned) > math.pi)


def _directions(places):
    latitude, longitude = places.T
    return np.stack([np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude),
                     np.sin(latitude)], 1)


def _cross(a, b):
    """As np.cross, which takes twenty times as long."""
    (ax, ay, az), (bx, by, bz) = a.T, b.T
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], -1)


def _angles(a, b):
    return np.arctan2(np.linalg.norm(_cross(a, b), axis=1), a @ b)


def _angles_to_arc(at, start, end):
    """To the foot of the perpendicular where it lies on the arc, else to the nearer end."""
    pole = _cross(start, end)
    pole /= math.sqrt(pole @ pole)
    foot = at - np.outer(at @ pole, pole)
    on_arc = (_cross(start, foot) @ pole >= 0) & (_cross(foot, end) @ pole >= 0)
    upright = np.arctan2(np.abs(at @ pole), np.linalg.norm(foot, axis=1))
    return np.where(on_arc, upright, np.minimum(_angles(at, start), _angles(at, end)))


def row_entities(rows, data, sender, pacts):
    """Rows as Cedar entities. rows: (name, values of a track by column name, None for what is
    absent; its `contributors` by sensor id)."""
    places = [(row["latitude_rad"], row["longitude_rad"]) for _, row in rows]
    inside = [[] for _ in rows]
    for pact in pacts:
        for name, area in pact.document["areas"].items():
            if "box" not in area["shape"]:
                for at in np.flatnonzero(are_inside(area["shape"], places)):
                    inside[at].append(f"{pact.id}/{name}")
    return [_row_entity(name, row, data, sender, within)
            for (name, row), within in zip(rows, inside, strict=True)]


def _row_entity(uid, row, data, sender, inside):
    flags = row["flags"]
    attributes = {
        "sender": sender, "data": data, "time": row["time_ns"],
        "latitude": rank(row["latitude_rad"]), "longitude": rank(row["longitude_rad"]),
        "inside": inside, "has_address": row["icao_address"] is not None,
        "has_callsign": row["callsign"] is not None, "identity": IDENTITIES[row["identity"]],
        "simulated": bool(flags & 1), "test": bool(flags & 2), "on_ground": bool(flags & 64),
        "emergency": bool(flags & 128),
        "contributors": [{"__entity": {"type": "Sensor", "id": str(one)}}
                         for one in row["contributors"]]}
    for name, column, of in (("mode_c", "mode_c_m", rank), ("height", "height_m", rank),
                             ("mode_3a", "mode_3a", int)):
        if row[column] is not None:
            attributes[name] = of(row[column])
    return {"uid": {"type": "Row", "id": uid}, "attrs": attributes, "parents": []}


class Judge:
    """Cedar with the policies of some agreements, seen from the unit of one nation."""

    def __init__(self, pacts, own, sensors):
        """sensors: (SAC << 8 | SIC, nation) of the unit's sensors."""
        self.pacts, self.own = pacts, own
        text, self.names = policies(pacts, own)
        checked = validate_policies(text, SCHEMA)
        assert checked.validation_passed, [str(error) for error in checked.errors]
        assert "forbid" not in text
        self.policies, self.schema = PolicySet.from_str(text), Schema.from_str(SCHEMA)
        self.sensors = [{"uid": {"type": "Sensor", "id": str(name)},
                         "attrs": {"nation": nation}, "parents": []} for name, nation in sensors]

    def contributing(self, nation, now):
        """Which of the unit's sensors may have a part in what goes to a nation."""
        asked = [one["uid"]["id"] for one in self.sensors]
        answers = self._ask([_request(nation, "contribute", "Sensor", name, {"now": now})
                             for name in asked], [])
        return {int(name) for name, answer in zip(asked, answers, strict=True)
                if answer is not None}

    def receiving(self, requests, rows):
        """Per request (nation, row, what is left of it, now, trusted) the first grant that lets the
        row go, (agreement, grant), or None. rows: entities."""
        answers = self._ask([
            _request(nation, "receive", "Row", row,
                     {"now": now, "trusted": trusted,
                      "left": {"__entity": {"type": "Row", "id": left}}})
            for nation, row, left, now, trusted in requests], rows)
        return [None if answer is None else self.names[min(answer)] for answer in answers]

    def _ask(self, requests, rows):
        entities = Entities.from_json_str(json.dumps(self.sensors + rows), self.schema)
        answers = []
        for answer in is_authorized_batch(requests, self.policies, entities, self.schema):
            let = answer.decision is Decision.Allow and not answer.diagnostics.errors
            answers.append(list(answer.diagnostics.id_annotations_by_reason.values())
                           if let else None)
        return answers


def _request(nation, action, kind, name, context):
    return {"principal": f'Nation::"{nation}"', "action": f'Action::"{action}"',
            "resource": f'{kind}::"{name}"', "context": json.dumps(context)}

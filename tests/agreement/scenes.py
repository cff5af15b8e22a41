"""Random agreements and tracks near every boundary of them, for tests of what may leave.

A scene is a few agreements as their parties wrote them, what the parties told of them since (acts
that two persons signed), the sensors of a unit of AAA, and batches of tracks that it holds at some
instants. Half of what is asked about should be allowed, and each boundary met on both sides.
"""

from __future__ import annotations

import json
import math

import numpy as np

from jointsky.agreement.acts import Act, Person
from jointsky.agreement.reading import digest_of
from jointsky.agreement.register import Register, take
from jointsky.model.batch import columns_of
from jointsky.model.schema import TrackBatch
from jointsky.model.sensor import Sensor, SensorKind
from jointsky.model.world import World
from tests.agreement.persons import person, signed
from tests.oracles.cedar_policies import (
    EARTH_M,
    EMERGENCY,
    FOREVER,
    IDENTITIES,
    Pact,
    ns,
)

OWN = "AAA"
OTHERS = ("BBB", "CCC", "DDD", "EEE")
PERSONS: tuple[Person, ...] = tuple(person(f"{nation.lower()} {number}", nation)
                                    for nation in (OWN, *OTHERS) for number in (1, 2))
S, HOUR, DAY = 10**9, 3600 * 10**9, 86_400 * 10**9
MIDST = ns("2030-06-15T00:00:00Z")
CENTRES = ((42.0, 74.0), (-17.0, 179.95), (0.01, -0.02), (69.0, 33.0), (-54.0, -68.0))
CATEGORIES = ["cooperative", "non_cooperative", "on_ground", "emergency", "simulated"]
WITHHELD = ["identity", "flags", "velocity", "mode_c_m", "height_m", "vertical_rate_ms", "mode_3a",
            "icao_address", "callsign", "started_ns", "updated_ns", "update_count", "manoeuvre"]


def some(rng, items, low=1):
    """A few of some things, in their order."""
    count = int(rng.integers(low, len(items) + 1))
    chosen = sorted(rng.choice(len(items), count, replace=False).tolist())
    return [items[at] for at in chosen]


def moved(latitude, longitude, bearing, metres):
    """Where one comes to from a place (radians) along a great circle; longitude in (-pi, pi]."""
    angle = metres / EARTH_M
    to = math.asin(math.sin(latitude) * math.cos(angle)
                   + math.cos(latitude) * math.sin(angle) * math.cos(bearing))
    east = math.atan2(math.sin(bearing) * math.sin(angle) * math.cos(latitude),
                      math.cos(angle) - math.sin(latitude) * math.sin(to))
    return to, wrapped(longitude + east)


def wrapped(longitude):
    return longitude - 2 * math.pi * math.ceil((longitude - math.pi) / (2 * math.pi))


def degrees(place):
    """A place as an instrument writes it."""
    return [round(math.degrees(place[0]), 6), round(math.degrees(place[1]), 6)]


def random_shape(rng, centre):
    """A box, circle, corridor or polygon near a place in radians."""
    kind = ("box", "circle", "corridor", "polygon")[int(rng.integers(4))]
    at = moved(*centre, rng.uniform(0, 2 * math.pi), rng.uniform(0, 100e3))
    if kind == "circle":
        return {"circle": {"centre": degrees(at), "radius_km": round(rng.uniform(20, 300), 3)}}
    if kind == "corridor":
        line, bearing = [degrees(at)], rng.uniform(0, 2 * math.pi)
        for _ in range(int(rng.integers(1, 4))):
            bearing += rng.uniform(-1, 1)
            at = moved(*at, bearing, rng.uniform(50e3, 300e3))
            line.append(degrees(at))
        return {"corridor": {"line": line, "width_km": round(rng.uniform(10, 80), 3)}}
    size = rng.uniform(50e3, 400e3)
    if kind == "polygon":
        turns = np.sort(rng.uniform(0, 2 * math.pi, int(rng.integers(3, 9))))
        turns = np.linspace(0, 2 * math.pi, len(turns), endpoint=False) + 0.3 * turns / 7
        return {"polygon": [degrees(moved(*at, -turn, size * rng.uniform(0.4, 1)))
                            for turn in turns.tolist()]}
    south, west = degrees(moved(*at, 1.25 * math.pi, size))
    north, east = degrees(moved(*at, 0.25 * math.pi, size))
    return {"box": {"south": south, "north": north, "west": west, "east": east}}


def random_grant(rng, name, parties, areas):
    sender = OWN if OWN in parties and rng.random() < 0.75 else str(rng.choice(parties))
    others = [nation for nation in parties if nation != sender]
    grant = {"id": name, "from": sender, "to": some(rng, others), "purpose": "warning",
             "article": "4", "data": "tracks"}
    if rng.random() < 0.16:
        grant["data"] = str(rng.choice(["exercise", "exercise", "plots", "alarms"]))
    if rng.random() < 0.8:
        grant["area"] = str(rng.choice(sorted(areas)))
    if rng.random() < 0.4:
        grant["floor_m"] = float(rng.choice([-100.0, 0.0, 1000.0, 3000.1]))
    if rng.random() < 0.4:
        grant["ceiling_m"] = float(rng.choice([6000.0, 9000.3, 12000.0]))
    if rng.random() < 0.3:
        grant["identities"] = some(rng, IDENTITIES, 3)
    if rng.random() < 0.4:
        grant["categories"] = some(rng, CATEGORIES, 2)
    if rng.random() < 0.4:
        grant["withheld"] = some(rng, WITHHELD)[:5]
    if rng.random() < 0.2:
        grant["guarded"] = ["sensors"]
    if rng.random() < 0.3:
        grant["quantum_m"] = float(rng.choice([100.0, 1000.0, 5000.5]))
    if rng.random() < 0.3:
        grant["accuracy_m"] = float(rng.choice([50.0, 500.0]))
    if rng.random() < 0.3:
        grant["delay_s"] = float(rng.choice([0.5, 30.0, 300.0]))
    if rng.random() < (0.7 if sender != OWN else 0.2):
        outside = [nation for nation in OTHERS if nation not in (sender, *grant["to"])]
        if outside:
            to = some(rng, outside)
            grant["onward"] = {"to": to, "consents": [one for one in to if rng.random() < 0.7]}
    return grant


def random_pact(rng, number, centre):
    """An instrument as a mapping."""
    parties = [OWN, *some(rng, OTHERS, 2)] if rng.random() < 0.9 else some(rng, OTHERS, 2)
    areas = {f"area-{at}": {"name": "An area", "shape": random_shape(rng, centre)}
             for at in range(int(rng.integers(1, 5)))}
    begin = MIDST - int(rng.integers(2, 40)) * DAY + int(rng.integers(0, 86_400)) * S
    term = int(rng.integers(45, 300))
    whole = {
        "id": f"pact-{number}", "title": "A pact", "version": 1, "kind": "multilateral",
        "parties": [{"nation": nation, "name": nation} for nation in parties],
        "life": {"signed": "2020-01-01", "in_force": text_of(begin), "term": f"P{term}D",
                 "ratifications": [{"party": nation, "date": "2021-01-01", "body": "Parliament"}
                                   for nation in parties],
                 "suspension": {"by": parties}},
        "areas": areas,
        "grants": [random_grant(rng, f"g{at}", parties, areas)
                   for at in range(int(rng.integers(2, 6)))]}
    host = parties[0]
    if rng.random() < 0.5:
        whole["sites"] = [{"id": "plot", "name": "A plot", "host": host, "area_ha": 5, "shape": {
            "box": {"south": 42.0, "north": 42.1, "west": 74.0, "east": 74.1}}}]
        deployment = {"id": "radar", "of": parties[1], "site": "plot",
                      "sensors": [{"name": "A radar", "sac": 9, "sic": number}]}
        if rng.random() < 0.5:
            deployment["begin"] = text_of(MIDST - 10 * DAY)
            deployment["end"] = text_of(MIDST + int(rng.integers(1, 20)) * HOUR)
        if rng.random() < 0.8:
            deployment["consent"] = {"by": host, "date": "2022-01-01"}
        whole["deployments"] = [deployment]
    return whole


def text_of(time_ns):
    return str(np.datetime64(time_ns // S, "s")) + "Z"


class Scene:
    """One random state of the world; see the module.

    pacts: what the judge goes by; acts: (accepted, JSON) as the egress verifier reads them;
    register: what the unit holds.
    """

    def __init__(self, seed):
        self.seed, self.rng = seed, np.random.default_rng(seed)
        rng = self.rng
        centre = CENTRES[int(rng.integers(len(CENTRES)))]
        self.centre = (math.radians(centre[0]), math.radians(centre[1]))
        self.pacts, self.acts, self.register = [], [], Register(OWN, PERSONS)
        activated = MIDST - 60 * DAY
        for number in range(int(rng.integers(2, 5))):
            whole = random_pact(rng, number, self.centre)
            if OWN not in [party["nation"] for party in whole["parties"]]:
                continue  # no unit of AAA can activate it
            pact, text = Pact(whole, activated), json.dumps(whole)
            pact.digest = digest_of(text)
            self.pacts.append(pact)
            self._tell(activated, "activate", pact, OWN, text=text)
            self._live(pact)
        self.sensors = self._sensors()

    def _tell(self, at, kind, pact, party, **more):
        held = self.register.find(pact.id)
        previous = dict(held.heads).get(party, "") if held else ""
        act = signed(Act(act=kind, agreement=pact.id, version=1, digest=pact.digest, party=party,
                         issued=at, previous=previous, reason="a test", **more))
        self.register = take(self.register, act, at, fresh=True)
        self.acts.append((at, act.to_text()))

    def _live(self, pact):
        """What its parties do once it is in force; all before or about MIDST."""
        rng, grants = self.rng, pact.document["grants"]
        for grant in grants:
            onward = grant.get("onward", {"to": (), "consents": ()})
            for nation in onward["to"]:
                since = 0 if nation in onward["consents"] else None
                if rng.random() < 0.4:  # the originator changes its mind
                    at = self._moment()
                    if since is None:
                        since = at
                    else:
                        pact.onward.append((grant["id"], nation, (since, at)))
                        since = None
                    self._tell(at, "onward", pact, grant["from"], grant=grant["id"], nation=nation,
                               allowed=since is not None)
                if since is not None:
                    pact.onward.append((grant["id"], nation, (since, FOREVER)))
        for deployment in pact.document.get("deployments", ()):
            span = [0, FOREVER] if "consent" in deployment else None
            if rng.random() < 0.3:
                at = self._moment()
                span = [0, at] if span else [at, FOREVER]
                self._tell(at, "consent", pact, pact.document["sites"][0]["host"],
                           deployment=deployment["id"], allowed=span[1] == FOREVER)
            if span:
                pact.hosts.append((deployment["id"], tuple(span)))
        if rng.random() < 0.25:
            begin, end = self._span()
            party = str(rng.choice(pact.nations))
            self._tell(begin, "suspend", pact, party)
            if end < FOREVER:
                self._tell(end, "resume", pact, party)
            pact.pauses.append((begin, end))
        if rng.random() < 0.25:
            begin, end = self._span()
            grant = grants[int(rng.integers(len(grants)))]
            self._tell(begin, "revoke", pact, grant["from"], grant=grant["id"])
            if end < FOREVER:
                self._tell(end, "restore", pact, grant["from"], grant=grant["id"])
            pact.revoked.append((grant["id"], (begin, end)))
        if rng.random() < 0.1:
            at = MIDST + int(self.rng.integers(1, 20)) * HOUR
            if pact.begin < at < pact.end:
                self._tell(at, "terminate", pact, OWN)
                pact.end = at

    def _moment(self):
        return MIDST - int(self.rng.integers(-20, 200)) * HOUR // 10

    def _span(self):
        begin = self._moment()
        return begin, (begin + int(self.rng.integers(1, 100)) * HOUR // 10
                       if self.rng.random() < 0.8 else FOREVER)

    def _sensors(self):
        kinds = [(0x0101, ""), (0x0102, OWN), (0x0103, OWN), (0x0201, "BBB"), (0x0301, "CCC"),
                 (0x0401, "DDD")]
        kinds += [(9 * 256 + int(pact.id[5:]), pact.document["deployments"][0]["of"])
                  for pact in self.pacts if "deployments" in pact.document]
        return tuple(Sensor(name, f"S{name}", SensorKind.PSR_SSR, 0.73, 1.29, 800.0, 6.0, 400e3,
                            50.0, 0.001, nation=nation) for name, nation in kinds)

    def instants(self, count):
        """Instants to ask about: some in the midst, the others on a boundary, and what it is."""
        edges = []
        for pact in self.pacts:
            edges += [("begin", pact.begin), ("end", pact.end)]
            edges += [(name, at) for span in pact.pauses
                      for name, at in zip(("suspended", "resumed"), span, strict=True)]
            edges += [(name, at) for _, span in pact.revoked
                      for name, at in zip(("revoked", "restored"), span, strict=True)]
            edges += [("onward consent", at) for *_, span in pact.onward for at in span if at]
            edges += [("host consent", at) for _, span in pact.hosts for at in span if at]
            edges += [(f"deployment {key}", ns(deployment[key]))
                      for deployment in pact.document.get("deployments", ())
                      for key in ("begin", "end") if key in deployment]
        edges = [(name, at) for name, at in edges if at < FOREVER]
        kinds = sorted({name for name, _ in edges})
        found = []
        for turn in range(count):
            if turn % 2 and kinds:
                which = self.seed * count // 2 + turn // 2
                kind = kinds[which // 2 % len(kinds)]
                name, at = edges[int(self.rng.choice(
                    [place for place, (name, _) in enumerate(edges) if name == kind]))]
                found.append((f"{name}{-(which % 2):+d} ns", at - which % 2))
            else:
                found.append(("midst", MIDST + int(self.rng.integers(0, 20 * HOUR))))
        return found

    def rows(self, count, now, data="tracks"):
        """Tracks that the unit holds at an instant, with what is left of each where not all of its
        sensors count; both as mappings of column names, None for what is absent."""
        grants = [(pact, grant) for pact in self.pacts for grant in pact.document["grants"]
                  if grant["from"] == OWN and grant["data"] == data
                  and pact.begin <= now < pact.end]
        rows = []
        for _ in range(count):
            aim = grants[int(self.rng.integers(len(grants)))] if grants else None
            row = self._row(aim, now)
            rest = row if self.rng.random() < 0.5 else self._row(aim, now)
            rows.append((row, {**rest, "time_ns": row["time_ns"]}))
        return rows

    def _row(self, aim, now):
        """A track that would go by a grant, but for one or two things perhaps."""
        rng, grant = self.rng, aim[1] if aim else {}
        age = grant.get("delay_s", 0) * 1e9 + rng.uniform(0, 60e9)
        row = {"time_ns": now - int(age), "identity": int(rng.integers(7)), "flags": 0,
               "mode_c_m": rng.uniform(3100, 5900), "height_m": None, "mode_3a": 0o1234,
               "icao_address": 0x601000, "callsign": b"KGA101",
               "contributors": self._contributors(), "met": []}
        row["latitude_rad"], row["longitude_rad"] = self._inside(aim)
        if grant.get("identities", "any") != "any" and rng.random() < 0.9:
            row["identity"] = IDENTITIES.index(str(rng.choice(grant["identities"])))
        if grant.get("categories", "any") != "any" and "cooperative" not in grant["categories"]:
            row |= {"mode_c_m": None, "height_m": rng.uniform(3100, 5900), "mode_3a": None,
                    "icao_address": None, "callsign": None}
        for bend, chance in ((self._bend_time, 0.12), (self._bend_place, 0.12),
                             (self._bend_height, 0.15), (self._bend_kind, 0.15)):
            if rng.random() < chance:
                bend(row, aim, now)
        return row

    def _contributors(self):
        """Places in the sensor table."""
        if self.rng.random() < 0.6:
            return some(self.rng, [0, 1, 2])
        return some(self.rng, list(range(len(self.sensors))))[:3]

    def _inside(self, aim):
        """A place that is likely in the grant's area."""
        rng = self.rng
        near = moved(*self.centre, rng.uniform(0, 2 * math.pi), rng.uniform(0, 300e3))
        if aim is None or "area" not in aim[1]:
            return near
        return self._within(aim[0].document["areas"][aim[1]["area"]]["shape"])

    def _within(self, shape):
        rng = self.rng
        if "box" in shape:
            box = {key: math.radians(value) for key, value in shape["box"].items()}
            east = box["east"] + (2 * math.pi if box["east"] < box["west"] else 0)
            return (rng.uniform(box["south"], box["north"]),
                    wrapped(rng.uniform(box["west"], east)))
        if "circle" in shape:
            centre = map(math.radians, shape["circle"]["centre"])
            return moved(*centre, rng.uniform(0, 2 * math.pi),
                         1000 * shape["circle"]["radius_km"] * math.sqrt(rng.random()))
        if "corridor" in shape:
            place, bearing = self._on_edge(shape["corridor"]["line"])
            return moved(*place, bearing, 1000 * shape["corridor"]["width_km"]
                         * rng.uniform(-0.99, 0.99))
        place, bearing = self._on_edge([*shape["polygon"], shape["polygon"][0]])
        return moved(*place, bearing, rng.uniform(0, 60e3))

    def _on_edge(self, line):
        """A place on a line of arcs, and a bearing square to it, leftwards or rightwards."""
        rng, at = self.rng, int(self.rng.integers(len(line) - 1))
        ends = [np.radians(place) for place in line[at:at + 2]]
        a, b = ([math.cos(one[0]) * math.cos(one[1]), math.cos(one[0]) * math.sin(one[1]),
                 math.sin(one[0])] for one in ends)
        part = rng.uniform(0.05, 0.95)
        x, y, z = ((1 - part) * np.array(a) + part * np.array(b)).tolist()
        latitude, longitude = math.atan2(z, math.hypot(x, y)), math.atan2(y, x)
        to_latitude, to_longitude = ends[1]
        along = math.atan2(math.sin(to_longitude - longitude) * math.cos(to_latitude),
                           math.cos(latitude) * math.sin(to_latitude) - math.sin(latitude)
                           * math.cos(to_latitude) * math.cos(to_longitude - longitude))
        return (latitude, longitude), along - math.pi / 2

    def _bend_time(self, row, aim, now):
        rng = self.rng
        if aim is None:
            return
        pact, grant = aim
        begins = [pact.begin, *(to for _, to in pact.pauses if to < FOREVER),
                  *(to for _, (_, to) in pact.revoked if to < FOREVER)]
        at = rng.choice(["delay", "stretch"])
        edge = (now - round(grant.get("delay_s", 0) * 1e9) if at == "delay"
                else int(rng.choice(begins)))
        off = int(rng.choice([-1, 0, 1]))
        if edge + off <= now:
            row["time_ns"] = edge + off
            row["met"].append(f"{at}{off:+d} ns")

    def _bend_place(self, row, aim, _):
        rng = self.rng
        if aim is None or "area" not in aim[1] or rng.random() < 0.2:
            row["latitude_rad"], row["longitude_rad"] = moved(
                *self.centre, rng.uniform(0, 2 * math.pi), rng.uniform(0, 1000e3))
            return
        shape = aim[0].document["areas"][aim[1]["area"]]["shape"]
        if "box" in shape:
            key = str(rng.choice(["south", "north", "west", "east"]))
            edge, off = math.radians(shape["box"][key]), int(rng.choice([-1, 0, 1]))
            row["latitude_rad" if key in ("south", "north") else "longitude_rad"] = (
                float(np.nextafter(edge, edge + off)) if off else edge)
            row["met"].append(f"box {key}{off:+d} ulp")
            return
        off = float(rng.choice([-0.001, 0.001]))
        (kind, form), = shape.items()
        if kind == "circle":
            place, bearing = map(math.radians, form["centre"]), rng.uniform(0, 2 * math.pi)
            metres = 1000 * form["radius_km"] + off
        elif kind == "corridor":
            place, bearing = self._on_edge(form["line"])
            metres = 1000 * form["width_km"] + off
        else:
            place, bearing = self._on_edge([*form, form[0]])
            metres = off
        row["latitude_rad"], row["longitude_rad"] = moved(*place, bearing, metres)
        row["met"].append(f"{kind}{1000 * off:+.0f} mm")

    def _bend_height(self, row, aim, _):
        rng = self.rng
        limits = [] if aim is None else [name for name in ("floor_m", "ceiling_m")
                                         if name in aim[1]]
        column = str(rng.choice(["mode_c_m", "height_m"]))
        if not limits or rng.random() < 0.2:
            row["mode_c_m"] = row["height_m"] = None
            row["met"].append("no height")
            return
        limit = str(rng.choice(limits))
        edge, off = aim[1][limit], str(rng.choice(["-1 mm", "-1 ulp", "edge", "+1 ulp", "+1 mm"]))
        row[column] = {"-1 mm": edge - 0.001, "+1 mm": edge + 0.001, "edge": edge,
                       "-1 ulp": float(np.nextafter(edge, -math.inf)),
                       "+1 ulp": float(np.nextafter(edge, math.inf))}[off]
        row["met"].append(f"{limit} {off}")

    def _bend_kind(self, row, *_):
        rng = self.rng
        kind = str(rng.choice(["simulated", "test", "on ground", "emergency", "code", "silent",
                               "one answer", "identity"]))
        if kind == "code":
            row["mode_3a"] = int(rng.choice([*EMERGENCY, *(one + 1 for one in EMERGENCY)]))
        elif kind in ("silent", "one answer"):
            answers = {name: row[name] for name in ("mode_c_m", "mode_3a", "icao_address",
                                                    "callsign")}
            kept = str(rng.choice(sorted(answers))) if kind == "one answer" else ""
            row |= {name: value if name == kept else None for name, value in answers.items()}
            if row["mode_c_m"] is None:
                row["height_m"] = rng.uniform(3100, 5900)
        elif kind == "identity":
            row["identity"] = int(rng.integers(7))
        else:
            row["flags"] |= {"simulated": 1, "test": 2, "on ground": 64, "emergency": 128}[kind]
        row["met"].append(kind)


def batch_of(rows, world=World.LIVE):
    """Tracks of mappings, and the bits of what contributed to each."""
    n = len(rows)
    cells = {column.name: getattr(TrackBatch.blank(n, world), column.name).copy()
             for column in columns_of(TrackBatch)}
    for name in ("time_ns", "identity", "flags", "latitude_rad", "longitude_rad"):
        cells[name][:] = [row[name] for row in rows]
    for name in ("mode_c_m", "height_m", "mode_3a", "icao_address", "callsign"):
        there = np.array([row[name] is not None for row in rows], bool)
        cells["present"][there] |= TrackBatch.bit(name)
        cells[name][there] = [row[name] for row in rows if row[name] is not None]
    cells["vertical_rate_ms"][:] = 3.0
    cells["present"] |= TrackBatch.bit("vertical_rate_ms")
    cells["covariance"][:] = [400.0, 0, 1, 0, 400, 0, 1, 25, 0, 25]
    cells["velocity_east_ms"][:], cells["velocity_north_ms"][:] = 200.0, -50.0
    cells["system_track_number"][:] = np.arange(1, n + 1)
    cells["unit_id"][:], cells["state"][:], cells["manoeuvre"][:] = 0x0901, 2, 0.25
    cells["started_ns"], cells["updated_ns"] = cells["time_ns"] - 600 * S, cells["time_ns"] - S
    cells["update_count"][:] = 99
    bits = np.array([sum(1 << place for place in row["contributors"]) for row in rows], np.uint64)
    cells["sensors"] = bits
    return TrackBatch(world=world, **cells), bits.copy()

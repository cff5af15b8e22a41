"""An end rehearsed: recorded traffic shared as on the last day of an agreement and as on the day
after, side by side.

    rehearsal = rehearse(state, agreements, end_ns)   # once, from a state that knows the law
    take(rehearsal, state)                            # at each moment of the traffic
    sides_of(rehearsal)                               # what each nation loses

Whatever else stands in the law on those days stands here: other agreements go on, or have ended by
then. Nothing that is made here leaves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np

from jointsky.agreement.compiled import Rules, compile_rules
from jointsky.agreement.delays import DelayLine
from jointsky.agreement.instrument import Nation
from jointsky.agreement.judge import NONE, Cause
from jointsky.agreement.life import HORIZON_NS
from jointsky.agreement.places import EARTH_M
from jointsky.agreement.regions import Places
from jointsky.agreement.register import Held, Register, standings_at
from jointsky.agreement.release import Released
from jointsky.agreement.standing import Standings
from jointsky.engine.asking import released_at, rules_at
from jointsky.engine.state import PictureState
from jointsky.model.batch import F64, Bool
from jointsky.model.clock import NS_PER_S
from jointsky.model.schema import TrackState
from jointsky.track import tracker
from jointsky.track.sources import sources_of

CELL_DEG = 0.1
RASTER_CELLS = 100_000
GIVEN = ("plots", "tracks", "exercise")


@dataclass
class Known:
    """What a nation had of the traffic under one law. Times UTC ns by track number.

    first: when it first got a track; edge: when a track that it had was first withheld for having
    left its areas; cells: 0.1 degree cells of latitude and longitude in which it had tracks.
    """

    first: dict[int, int] = field(default_factory=dict)
    edge: dict[int, int] = field(default_factory=dict)
    cells: set[tuple[int, int]] = field(default_factory=set)


@dataclass
class Rehearsal:
    """own: the unit's nation; before, after: how agreements stand on the last day and the day
    after; lost_sensors: places of other nations' sensors whose plots cease; known, lines: by law
    (before, after) and nation; alive, kept, poorer: tracks that the unit had at all, that it would
    have had without those sensors, and that of fewer sensors than it had."""

    own: str
    before: Standings
    after: Standings
    lost_sensors: tuple[int, ...]
    rules: tuple[Rules, Rules]
    known: tuple[dict[str, Known], dict[str, Known]]
    lines: list[dict[str, DelayLine]]
    from_ns: int = 0
    to_ns: int = 0
    alive: set[int] = field(default_factory=set)
    kept: set[int] = field(default_factory=set)
    poorer: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class Side:
    """What one nation gets from another, before and after. tracks: how many it had; ground_km2:
    where it had some; area_km2: of the areas of its grants, infinite if one holds everywhere;
    warning_s: median over the tracks that it saw leave its areas of how long it had known them by
    then (NaN: none left); crossed: how many those are; later_s: median of how much later it first
    had those that it still gets (NaN: none)."""

    recipient: str
    sender: str
    tracks: tuple[int, int]
    ground_km2: tuple[float, float]
    area_km2: tuple[float, float]
    crossed: int
    warning_s: tuple[float, float]
    later_s: float

    @property
    def changes(self) -> bool:
        """Whether anything is another before than after."""
        pairs = (self.tracks, self.ground_km2, self.area_km2)
        return any(one != two for one, two in pairs) or self.later_s > 0


def ended(register: Register, agreements: tuple[str, ...], end_ns: int) -> Register:
    """The register had these agreements been terminated at an instant, if not before."""
    def end(held: Held) -> Held:
        if held.id not in agreements:
            return held
        at_ns = min(end_ns, held.facts.ended_ns or HORIZON_NS)
        return replace(held, facts=replace(held.facts, ended_ns=at_ns))
    return replace(register, held=tuple(end(one) for one in register.held))


def rehearse(state: PictureState, agreements: tuple[str, ...], end_ns: int) -> Rehearsal:
    """A rehearsal of the end of agreements, under the law and with the sensors of a state."""
    register = ended(state.law.register, agreements, end_ns)
    before, after = standings_at(register, end_ns - 1), standings_at(register, end_ns)
    rules = (rules_at(state, moved(before, end_ns)), rules_at(state, moved(after, end_ns)))
    own = state.unit.nation
    lost = tuple(place for place, sensor in enumerate(state.tracker.sensors)
                 if sensor.nation not in ("", own)
                 and _delivers(before, sensor.nation, sensor.sensor_id, own)
                 and not _delivers(after, sensor.nation, sensor.sensor_id, own))
    return Rehearsal(own, before, after, lost, rules, ({}, {}), [{}, {}])


def moved(standings: Standings, now_ns: int) -> Standings:
    """The same on another day, to which nothing that happens in between matters."""
    return replace(standings, now_ns=now_ns, until_ns=HORIZON_NS, in_force=tuple(
        replace(one, begin_ns=0, end_ns=HORIZON_NS) for one in standings.in_force))


def _delivers(standings: Standings, sender: str, sensor_id: int, recipient: str) -> bool:
    """Whether what a sensor of one nation sees comes to another: its plots, under some grant."""
    return sensor_id not in standings.lapsed and any(
        grant.sender == sender and recipient in grant.to and grant.data == "plots"
        and grant.id not in one.revoked
        for one in standings.in_force for grant in one.document.instrument.grants)


def take(rehearsal: Rehearsal, state: PictureState) -> None:
    """Look at one moment of the traffic; later ones after earlier ones."""
    now_ns = state.now_ns
    rehearsal.from_ns = rehearsal.from_ns or now_ns
    rehearsal.to_ns = now_ns
    for law, standings in enumerate((rehearsal.before, rehearsal.after)):
        released, lines = released_at(state, rehearsal.lines[law], moved(standings, now_ns))
        rehearsal.lines[law] = lines
        for one in released:
            _note(rehearsal.known[law].setdefault(one.recipient, Known()), one, now_ns)
    tracks = tracker.picture(state.tracker, now_ns)
    numbers = tracks.system_track_number[tracks.state != TrackState.DROPPED]
    lost = sum(1 << place for place in rehearsal.lost_sensors)
    for number, bits in zip(numbers.tolist(), sources_of(state.tracker, numbers).tolist(),
                            strict=True):
        rehearsal.alive.add(number)
        if bits & ~lost:
            rehearsal.kept.add(number)
            if bits & lost:
                rehearsal.poorer.add(number)


def _note(known: Known, released: Released, now_ns: int) -> None:
    rows = released.tracks
    for number in rows.system_track_number.tolist():
        known.first.setdefault(number, now_ns)
    cells = np.floor(np.degrees(np.stack([rows.latitude_rad, rows.longitude_rad], 1)) / CELL_DEG)
    known.cells.update(map(tuple, cells.astype(int).tolist()))
    for denial in released.denials:
        if denial.cause == Cause.AREA:
            for number in denial.numbers.tolist():
                if number in known.first:
                    known.edge.setdefault(number, now_ns)


def sides_of(rehearsal: Rehearsal) -> tuple[Side, ...]:
    """What each partner gets of the unit's nation, before and after, by nation."""
    nations = sorted(set(rehearsal.known[0]) | set(rehearsal.known[1]))
    return tuple(_side(rehearsal, nation) for nation in nations)


def _side(rehearsal: Rehearsal, nation: str) -> Side:
    before, after = (known.get(nation, Known()) for known in rehearsal.known)
    crossed = sorted(before.edge)
    warning = ([(before.edge[one] - before.first[one]) / NS_PER_S for one in crossed],
               [max(0, before.edge[one] - after.first[one]) / NS_PER_S if one in after.first
                else 0.0 for one in crossed])
    later = [(after.first[one] - at_ns) / NS_PER_S
             for one, at_ns in before.first.items() if one in after.first]
    area = tuple(area_km2_of(rules, nation) for rules in rehearsal.rules)
    return Side(nation, rehearsal.own, (len(before.first), len(after.first)),
                (_ground_km2(before.cells), _ground_km2(after.cells)), (area[0], area[1]),
                len(crossed), (_median(warning[0]), _median(warning[1])), _median(later))


def given_to(rehearsal: Rehearsal) -> dict[str, tuple[float, float]]:
    """km2 of the areas of what each other nation lets the unit's have, before and after."""
    found = {}
    senders = sorted({nation for one in rehearsal.before.in_force
                      for nation in one.document.instrument.nations} - {rehearsal.own})
    for sender in senders:
        areas = [_given_km2(one, sender, rehearsal.own)
                 for one in (rehearsal.before, rehearsal.after)]
        found[sender] = (areas[0], areas[1])
    return found


def _given_km2(standings: Standings, sender: str, own: str) -> float:
    now = moved(standings, 0)
    return max(area_km2_of(compile_rules(now, sender, (own,), (), data), own) for data in GIVEN)


def lapsed_sensors(rehearsal: Rehearsal) -> tuple[tuple[Nation, str, int], ...]:
    """Sensors whose deployment lapses with the end: nation, name, SAC << 8 | SIC."""
    fresh = rehearsal.after.lapsed - rehearsal.before.lapsed
    return tuple((deployment.of, sensor.name, sensor.sensor_id)
                 for one in rehearsal.before.in_force
                 for deployment in one.document.instrument.deployments
                 for sensor in deployment.sensors if sensor.sensor_id in fresh)


def area_km2_of(rules: Rules, nation: str) -> float:
    """How much ground the areas of a recipient's grants cover together; infinite if one holds
    everywhere. Counted in small cells: within some percent."""
    if nation not in [one.nation for one in rules.recipients]:
        return 0.0
    columns = {int(rules.grants["area"][row]) for row in rules.to(nation).usable.tolist()}
    if NONE in columns:
        return math.inf
    if not columns:
        return 0.0
    coarse = _inside(rules.places, columns, *_cells((-90.0, 90.0), (-180.0, 180.0), 1.0))
    if not coarse[0].any():
        return 0.0
    rows, cols = np.nonzero(coarse[0].any(1))[0], np.nonzero(coarse[0].any(0))[0]
    south, north = max(-90.0, rows[0] - 92.0), min(90.0, rows[-1] - 87.0)
    west, east = max(-180.0, cols[0] - 182.0), min(180.0, cols[-1] - 177.0)
    step = max(0.02, math.sqrt((north - south) * (east - west) / RASTER_CELLS))
    inside, latitude = _inside(rules.places, columns, *_cells((south, north), (west, east), step))
    wide_km = math.radians(step) * EARTH_M / 1000
    return float((inside.sum(1) * np.cos(latitude)).sum()) * wide_km**2


def _cells(south_north: tuple[float, float], west_east: tuple[float, float],
           step: float) -> tuple[F64, F64]:
    """Middles of cells, radians."""
    return (np.radians(np.arange(south_north[0] + step / 2, south_north[1], step)),
            np.radians(np.arange(west_east[0] + step / 2, west_east[1], step)))


def _inside(places: Places, columns: set[int], latitude: F64, longitude: F64) -> tuple[Bool, F64]:
    """Which cells (rows, columns) are in any of these areas, and the latitudes of the rows."""
    grid = np.meshgrid(latitude, longitude, indexing="ij")
    held = places.holding(grid[0].ravel(), grid[1].ravel())[:, sorted(columns)]
    found: Bool = held.any(1).reshape(len(latitude), len(longitude))
    return found, latitude


def _ground_km2(cells: set[tuple[int, int]]) -> float:
    side_km = math.radians(CELL_DEG) * EARTH_M / 1000
    return sum(side_km**2 * math.cos(math.radians((row + 0.5) * CELL_DEG)) for row, _ in cells)


def _median(values: list[float]) -> float:
    return float(np.median(values)) if values else math.nan


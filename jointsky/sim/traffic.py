"""Traffic: aircraft that fly routes or work in areas, one struct of arrays, in fixed steps.

Every choice comes from one generator, in the order of the steps, so a seed gives one history.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from jointsky.model.batch import F64, I32, U8, U16, U32, Array, Bool, Text
from jointsky.sim.earth import bearing_and_distance, between, travel
from jointsky.sim.scenario import Group, Scenario

NONE, MODE_AC, MODE_S = 0, 1, 2
TRANSPONDERS = {"none": NONE, "mode_ac": MODE_AC, "mode_s": MODE_S}
# Gradients of flights from and to airports: 8 % up, 5.2 % (three degrees) down.
CLIMB_OUT, LET_DOWN = 0.08, 0.052
OVER_FIELD_M = 300.0
LOW_SPEED_MS = 95.0
SPEED_UP_MS2 = 1.0
LEAD_S = 15.0
# Codes with a meaning (75xx, 76xx, 77xx) are left to those who mean them.
CODES = np.array([code for code in range(0o0101, 0o7477) if code & 0o77], dtype=np.uint16)


@dataclass
class Traffic:
    """All aircraft; every array has one row per aircraft (n,). SI, radians, WGS-84."""

    number: I32
    latitude_rad: F64
    longitude_rad: F64
    height_m: F64
    course_rad: F64
    speed_ms: F64
    climb_ms: F64
    turning_rad_s: F64
    transponder: U8
    adsb: Bool
    mode_3a: U16
    icao_address: U32
    callsign: Text
    phase: F64  # where in a second it broadcasts, 0..1
    group: I32
    route: I32  # -1: works in an area
    leg: I32  # index of the point it flies to
    cruise_m: F64
    cruise_ms: F64
    wanted_course_rad: F64
    decide_s: F64  # seconds until the next choice, in an area

    def __len__(self) -> int:
        return len(self.number)

    def velocity_ms(self) -> tuple[F64, F64]:
        """East and north parts of the ground velocity."""
        return self.speed_ms * np.sin(self.course_rad), self.speed_ms * np.cos(self.course_rad)

    def copy(self) -> Traffic:
        """A copy that shares nothing."""
        return Traffic(**{item.name: getattr(self, item.name).copy() for item in fields(self)})


@dataclass(frozen=True)
class Habits:
    """What a scenario says of its groups and routes, as arrays to index."""

    groups: tuple[Group, ...]
    routes: tuple[tuple[int, ...], ...]  # rows of `points`
    points: F64  # (k, 3): latitude, longitude rad, field height m (NaN: no airport)
    routes_of: tuple[tuple[int, ...], ...]  # per group
    route_points: I32  # (routes, longest), padded with the last point
    route_length: I32
    turn_rad_s: F64
    climb_ms: F64
    area: F64  # (groups, 3): latitude, longitude rad, radius m; NaN for groups on routes
    bands: F64  # (groups, 4): speed low, high m/s; height low, high m
    decide_s: F64


def habits_of(scenario: Scenario) -> Habits:
    """Arrays of a scenario's groups and routes."""
    names = list(scenario.points)
    points = np.array([[np.radians(p.latitude_deg), np.radians(p.longitude_deg),
                        np.nan if p.field_m is None else p.field_m]
                       for p in scenario.points.values()]).reshape(-1, 3)
    routes: list[tuple[int, ...]] = []
    routes_of = []
    for group in scenario.traffic:
        routes_of.append(tuple(range(len(routes), len(routes) + len(group.routes))))
        routes += [tuple(names.index(name) for name in route) for route in group.routes]
    longest = max((len(route) for route in routes), default=0)
    padded = [route + (route[-1],) * (longest - len(route)) for route in routes]
    return Habits(
        groups=scenario.traffic, routes=tuple(routes), points=points, routes_of=tuple(routes_of),
        route_points=np.array(padded, np.int32).reshape(len(routes), longest),
        route_length=np.array([len(route) for route in routes], np.int32),
        turn_rad_s=np.radians([group.turn_deg_s for group in scenario.traffic]),
        climb_ms=np.array([group.climb_ms for group in scenario.traffic]),
        area=np.array([(np.nan,) * 3 if group.area is None else
                       (np.radians(group.area.latitude_deg), np.radians(group.area.longitude_deg),
                        group.area.radius_km * 1000) for group in scenario.traffic]),
        bands=np.array([(*group.speed_ms, *group.height_m) for group in scenario.traffic]),
        decide_s=np.array([group.decide_s for group in scenario.traffic]))


def populate(habits: Habits, rng: np.random.Generator) -> Traffic:
    """Aircraft of every group, already under way somewhere along their routes or in their areas."""
    n = sum(group.count for group in habits.groups)
    group = np.repeat(np.arange(len(habits.groups), dtype=np.int32),
                      [group.count for group in habits.groups])
    zeros = np.zeros(n)
    traffic = Traffic(
        number=np.arange(n, dtype=np.int32), latitude_rad=zeros.copy(),
        longitude_rad=zeros.copy(), height_m=zeros.copy(),
        course_rad=rng.uniform(-np.pi, np.pi, n), speed_ms=zeros.copy(), climb_ms=zeros.copy(),
        turning_rad_s=zeros.copy(),
        transponder=np.array([TRANSPONDERS[habits.groups[g].transponder] for g in group], np.uint8),
        adsb=np.zeros(n, bool), mode_3a=np.zeros(n, np.uint16),
        icao_address=np.zeros(n, np.uint32), callsign=np.zeros(n, "S8"),
        phase=rng.uniform(0, 1, n), group=group, route=np.full(n, -1, np.int32),
        leg=np.zeros(n, np.int32), cruise_m=zeros.copy(), cruise_ms=zeros.copy(),
        wanted_course_rad=zeros.copy(), decide_s=rng.uniform(0, 1, n) * habits.decide_s[group])
    everyone = np.arange(n)
    _name(traffic, habits, everyone, rng)
    _send_off(traffic, habits, everyone[np.isnan(habits.area[group, 0])], rng, under_way=True)
    _place(traffic, habits, everyone[~np.isnan(habits.area[group, 0])], rng)
    return traffic


def _name(traffic: Traffic, habits: Habits, rows: Array, rng: np.random.Generator) -> None:
    """Give aircraft a code, an address (of a block that no state has) and a callsign."""
    k = len(rows)
    traffic.mode_3a[rows] = rng.choice(CODES, k)
    serial = rng.permutation(0xFFFF)[:k] if k > 16 else rng.integers(0, 0xFFFF, k)
    traffic.icao_address[rows] = 0xF00000 + serial.astype(np.uint32) + (
        (rows & 15).astype(np.uint32) << np.uint32(16))
    share = np.array([group.adsb_share for group in habits.groups])
    traffic.adsb[rows] = rng.uniform(0, 1, k) < share[traffic.group[rows]]
    flight = rng.integers(100, 9999, k)
    for row, number in zip(rows, flight, strict=True):
        prefixes = habits.groups[traffic.group[row]].callsigns
        traffic.callsign[row] = (f"{prefixes[number % len(prefixes)]}{number}".encode()
                                 if prefixes else b"")


def _send_off(traffic: Traffic, habits: Habits, rows: Array, rng: np.random.Generator, *,
              under_way: bool) -> None:
    """Put aircraft at the start of a route of their group, or anywhere along it."""
    along = rng.uniform(0, 1, len(rows)) if under_way else np.zeros(len(rows))
    for row, share in zip(rows, along, strict=True):
        group = traffic.group[row]
        route = int(rng.choice(habits.routes_of[group]))
        places = habits.points[list(habits.routes[route])]
        bearings, lengths = bearing_and_distance(places[:-1, 0], places[:-1, 1],
                                                 places[1:, 0], places[1:, 1])
        ends = np.cumsum(lengths)
        leg = min(int(np.searchsorted(ends, share * ends[-1], side="right")), len(lengths) - 1)
        gone = share * ends[-1] - (ends[leg] - lengths[leg])
        traffic.route[row], traffic.leg[row] = route, leg + 1
        traffic.latitude_rad[row], traffic.longitude_rad[row] = between(
            places[leg, 0], places[leg, 1], bearings[leg], gone)
        traffic.course_rad[row] = traffic.wanted_course_rad[row] = bearings[leg]
        low_ms, high_ms, low_m, high_m = habits.bands[group]
        traffic.cruise_ms[row] = rng.uniform(low_ms, high_ms)
        traffic.cruise_m[row] = _level(rng.uniform(low_m, high_m))
        height = traffic.cruise_m[row]
        if not np.isnan(places[0, 2]):
            height = min(height, places[0, 2] + OVER_FIELD_M + share * ends[-1] * CLIMB_OUT)
        if not np.isnan(places[-1, 2]):
            to_go = (1 - share) * ends[-1]
            height = min(height, places[-1, 2] + OVER_FIELD_M + to_go * LET_DOWN)
        traffic.height_m[row] = height
        traffic.speed_ms[row] = min(traffic.cruise_ms[row], LOW_SPEED_MS + height / 60)
    traffic.turning_rad_s[rows] = 0


def _level(height_m: float) -> float:
    """The nearest flight level that ends in a zero: what airliners fly."""
    return round(height_m / 304.8) * 304.8


def _place(traffic: Traffic, habits: Habits, rows: Array, rng: np.random.Generator) -> None:
    """Put aircraft anywhere in the areas of their groups."""
    area, bands = habits.area[traffic.group[rows]], habits.bands[traffic.group[rows]]
    away = area[:, 2] * np.sqrt(rng.uniform(0, 0.8, len(rows)))
    traffic.latitude_rad[rows], traffic.longitude_rad[rows] = between(
        area[:, 0], area[:, 1], rng.uniform(-np.pi, np.pi, len(rows)), away)
    traffic.speed_ms[rows] = traffic.cruise_ms[rows] = rng.uniform(bands[:, 0], bands[:, 1])
    traffic.height_m[rows] = traffic.cruise_m[rows] = rng.uniform(bands[:, 2], bands[:, 3])
    traffic.wanted_course_rad[rows] = traffic.course_rad[rows]


def move(traffic: Traffic, habits: Habits, dt_s: float, rng: np.random.Generator) -> None:
    """Fly every aircraft on by dt_s (a fraction of a second), in place."""
    ceiling_m, limit_ms = _steer_routes(traffic, habits, rng)
    _choose_in_areas(traffic, habits, dt_s, rng)
    most = habits.turn_rad_s[traffic.group]
    # A comfortable bank for those on routes: 25 degrees.
    most = np.where(traffic.route >= 0,
                    np.minimum(most, 4.57 / np.maximum(traffic.speed_ms, 1)), most)
    off = _wrapped(traffic.wanted_course_rad - traffic.course_rad)
    traffic.turning_rad_s = np.clip(off / dt_s, -most, most)
    wanted_ms = np.minimum(traffic.cruise_ms, limit_ms)
    gain_ms2 = np.where(traffic.route >= 0, SPEED_UP_MS2, 4 * SPEED_UP_MS2)
    traffic.speed_ms += np.clip(wanted_ms - traffic.speed_ms, -gain_ms2 * dt_s, gain_ms2 * dt_s)
    climb = habits.climb_ms[traffic.group]
    wanted_climb = np.clip((np.minimum(traffic.cruise_m, ceiling_m) - traffic.height_m) / 10,
                           -climb, climb)
    traffic.climb_ms += np.clip(wanted_climb - traffic.climb_ms, -2 * dt_s, 2 * dt_s)
    traffic.height_m += traffic.climb_ms * dt_s
    middle = traffic.course_rad + 0.5 * traffic.turning_rad_s * dt_s
    way = traffic.speed_ms * dt_s
    traffic.latitude_rad, traffic.longitude_rad = travel(
        traffic.latitude_rad, traffic.longitude_rad, traffic.height_m, way * np.sin(middle),
        way * np.cos(middle))
    traffic.course_rad = _wrapped(traffic.course_rad + traffic.turning_rad_s * dt_s)


def _steer_routes(traffic: Traffic, habits: Habits,
                  rng: np.random.Generator) -> tuple[F64, F64]:
    """Steer to the next point, go to the next leg, start a new flight at the end.

    Returns the height and speed (n,) that the nearness of an airport allows.
    """
    ceiling_m, limit_ms = np.full(len(traffic), np.inf), np.full(len(traffic), np.inf)
    rows = np.flatnonzero(traffic.route >= 0)
    if not len(rows):
        return ceiling_m, limit_ms
    route, leg = traffic.route[rows], traffic.leg[rows]
    goal = habits.points[habits.route_points[route, leg]]
    bearing, distance = bearing_and_distance(traffic.latitude_rad[rows],
                                             traffic.longitude_rad[rows], goal[:, 0], goal[:, 1])
    traffic.wanted_course_rad[rows] = bearing
    last = leg == habits.route_length[route] - 1
    near = distance < np.where(last, 2000.0, np.maximum(traffic.speed_ms[rows] * LEAD_S, 1000))
    missed = (distance < 15_000) & (np.abs(_wrapped(bearing - traffic.course_rad[rows])) > 1.8)
    landing = last & ~np.isnan(goal[:, 2])
    over_field = np.where(np.isnan(goal[:, 2]), 0.0, goal[:, 2]) + OVER_FIELD_M
    ceiling_m[rows] = np.where(landing, over_field + distance * LET_DOWN, np.inf)
    limit_ms[rows] = np.where(landing | (leg == 1),
                              LOW_SPEED_MS + traffic.height_m[rows] / 60, np.inf)
    reached = near | missed
    traffic.leg[rows[reached & ~last]] += 1
    ended = rows[reached & last]
    if len(ended):
        _name(traffic, habits, ended, rng)
        _send_off(traffic, habits, ended, rng, under_way=False)
    return ceiling_m, limit_ms


def _choose_in_areas(traffic: Traffic, habits: Habits, dt_s: float,
                     rng: np.random.Generator) -> None:
    """Now and then choose another course, speed and height; turn back at the edge of the area."""
    traffic.decide_s -= dt_s
    rows = np.flatnonzero((traffic.route < 0) & (traffic.decide_s <= 0))
    if not len(rows):
        return
    group = traffic.group[rows]
    area, bands = habits.area[group], habits.bands[group]
    k = len(rows)
    home, away = bearing_and_distance(traffic.latitude_rad[rows], traffic.longitude_rad[rows],
                                      area[:, 0], area[:, 1])
    # The further out, the more the new course leads home.
    spread = np.pi * np.clip(1.3 - away / area[:, 2], 0.1, 1)
    straight = (rng.uniform(0, 1, k) < 0.35) & (away < area[:, 2])
    course = np.where(straight, traffic.course_rad[rows],
                      _wrapped(home + rng.uniform(-1, 1, k) * spread))
    traffic.wanted_course_rad[rows] = course
    traffic.cruise_ms[rows] = rng.uniform(bands[:, 0], bands[:, 1])
    new_height = rng.uniform(0, 1, k) < 0.5
    height = rng.uniform(bands[:, 2], bands[:, 3])
    traffic.cruise_m[rows] = np.where(new_height, height, traffic.cruise_m[rows])
    traffic.decide_s[rows] = habits.decide_s[group] * rng.uniform(0.5, 1.5, k)


def _wrapped(angle_rad: F64) -> F64:
    """Into [-pi, pi)."""
    return (angle_rad + np.pi) % (2 * np.pi) - np.pi

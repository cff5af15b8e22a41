"""The egress verifier: the second of two filters, just before anything leaves for another nation.

The first one decides what may go. This one reads the instruments and the acts itself, looks at what
is about to leave and asks of every row whether the grant that is said to let it go can have done
so. It shares neither code nor data with the first. Where the two disagree, or anything at all goes
wrong here, the whole message stays: both have to be at fault in the same way for a row to leak.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Protocol

import numpy as np

from jointsky.edge.egress_places import SPHERE_M, distance_m
from jointsky.edge.egress_reading import Grant, Story, Unreadable, stories
from jointsky.model.batch import F64, I32, I64, U64, Bool, columns_of
from jointsky.model.schema import Identity, PlotFlag, TrackBatch
from jointsky.model.sensor import Sensor
from jointsky.model.world import World

DATA = {World.LIVE: "tracks", World.EXERCISE: "exercise"}
# Two ways of reckoning agree on where an edge runs to this.
EDGE_M = 0.001
# Positions on a grid are on it to this part of a cell.
ON_GRID = 1e-6
EMERGENCY_CODES = (0o7500, 0o7600, 0o7700)
COOPERATIVE = ("mode_3a", "mode_c_m", "icao_address", "callsign")
HEIGHTS = ("mode_c_m", "height_m")
# Entries of the covariance, row by row: with a part of velocity, and the variances of position.
OF_VELOCITY = [2, 3, 5, 6, 7, 8, 9]
OF_POSITION = [0, 4]
# Every column that the verifier knows: one that is new may say what no grant lets go.
COLUMNS = {"time_ns", "present", "system_track_number", "unit_id", "state", "identity", "flags",
           "latitude_rad", "longitude_rad", "velocity_east_ms", "velocity_north_ms", "covariance",
           "mode_c_m", "height_m", "vertical_rate_ms", "mode_3a", "icao_address", "callsign",
           "started_ns", "updated_ns", "sensors", "update_count", "manoeuvre"}
BLANK_BY_BIT = ("mode_c_m", "height_m", "vertical_rate_ms", "mode_3a", "icao_address", "callsign")
BLANK_BY_ZERO = {"identity": int(Identity.PENDING), "flags": 0, "started_ns": 0, "updated_ns": 0,
                 "update_count": 0}
SENSORS_MAX = 64


@dataclass(frozen=True)
class Refusal:
    """Why a message does not leave, in words; rows: those at fault, none where it is the message
    as a whole."""

    reason: str
    rows: tuple[int, ...] = ()


class Reason(Protocol):
    """What the verifier reads of the grant that is said to let a row go."""

    @property
    def agreement(self) -> str: ...
    @property
    def digest(self) -> str: ...
    @property
    def grant(self) -> Named: ...


class Named(Protocol):
    """What has an id."""

    @property
    def id(self) -> str: ...


class Released(Protocol):
    """What the verifier reads of a message: a `jointsky.agreement.release.Released`, which it does
    not import, so that it cannot come to lean on what makes it."""

    @property
    def sender(self) -> str: ...
    @property
    def recipient(self) -> str: ...
    @property
    def data(self) -> str: ...
    @property
    def now_ns(self) -> int: ...
    @property
    def not_after_ns(self) -> int: ...
    @property
    def tracks(self) -> TrackBatch: ...
    @property
    def reasons(self) -> Sequence[Reason]: ...
    @property
    def reason_of(self) -> I32: ...
    @property
    def contributors(self) -> U64: ...
    @property
    def refused(self) -> Bool: ...


class _Stop(Exception):
    """What is found wrong, and with which rows."""

    def __init__(self, reason: str, rows: Sequence[int] | I64 = ()):
        self.refusal = Refusal(reason, tuple(int(row) for row in rows))
        super().__init__(reason)


class Egress:
    """The verifier of one unit, at one state of its agreements.

    own: the unit's nation; sensors: the unit's sensor table, in the order of the bits of
    `TrackBatch.sensors`; acts: every act accepted so far, (UTC ns of acceptance, JSON text), in the
    order of acceptance; the instruments come with the acts that activate them. After another act a
    new verifier is made.
    """

    def __init__(self, own: str, sensors: Sequence[Sensor], acts: Iterable[tuple[int, str]]):
        self._own = own
        # A sensor without a bit of its own has no part in any track.
        self._sensors = tuple(sensors)[:SENSORS_MAX]
        self._fault = ""
        self._stories: dict[str, Story | str] = {}
        try:
            self._stories = stories(acts, own)
        except Unreadable as problem:
            self._fault = str(problem)

    def check(self, released: Released, now_ns: int) -> Refusal | None:
        """None where everything in a message may leave at now_ns, else why it does not."""
        try:
            self._check(released, now_ns)
        except _Stop as stop:
            return stop.refusal
        except Exception as error:  # whatever it is: what cannot be verified stays
            return Refusal(f"the verifier failed: {type(error).__name__}: {error!s:.200}")
        return None

    def _check(self, released: Released, now_ns: int) -> None:
        tracks = released.tracks
        if self._fault:
            raise _Stop(self._fault)
        if {column.name for column in columns_of(TrackBatch)} != COLUMNS:
            raise _Stop("columns that the verifier does not know")
        data = DATA.get(tracks.world)
        if data is None:
            raise _Stop(f"a batch of the world {tracks.world.value}")
        if released.sender != self._own or released.recipient == self._own:
            raise _Stop(f"from {released.sender} to {released.recipient}; this is {self._own}")
        if not released.now_ns <= now_ns < released.not_after_ns:
            raise _Stop(f"decided at {released.now_ns}, good until {released.not_after_ns}, and it "
                        f"is {now_ns}")
        n = len(tracks)
        if n == 0 or data != released.data:
            raise _Stop(f"{n} rows of {data}, said to be {released.data}; nothing lets them go")
        if {len(released.reason_of), len(released.contributors), len(released.refused)} != {n}:
            raise _Stop("not one reason and one set of contributors per row")
        self._check_contributors(released, now_ns)
        _check_numbers(tracks)
        for at in np.unique(released.reason_of).tolist():
            rows = np.flatnonzero(released.reason_of == at)
            if not 0 <= at < len(released.reasons):
                raise _Stop("a reason that is not named", rows)
            self._check_grant(released, released.reasons[at], data, rows, now_ns)

    def _check_grant(self, released: Released, reason: Reason, data: str, rows: I64,
                     now_ns: int) -> None:
        """Rows that are said to go by one grant."""
        agreement, name = reason.agreement, reason.grant.id
        label = f"{agreement}, grant {name}"
        story = self._stories.get(agreement, "it was never activated here")
        if isinstance(story, str):
            raise _Stop(f"{agreement}: {story}", rows)
        if reason.digest != story.text.digest:
            raise _Stop(f"{agreement}: another text of it is in use", rows)
        try:
            grant, begin_ns = story.grant_at(name, now_ns)
            force_ns, end_ns = story.force_at(now_ns)
        except Unreadable as problem:
            raise _Stop(f"{agreement}: {problem}", rows) from None
        if not _is_for(grant, story, self._own, released.recipient, data):
            raise _Stop(f"{label}: not for {data} from {self._own} to {released.recipient}", rows)
        if released.not_after_ns > end_ns or released.now_ns < max(force_ns, begin_ns):
            raise _Stop(f"{label}: not in force from the decision to the end of the message", rows)
        part, contributors = released.tracks.take(rows), released.contributors[rows]
        for fault, wrong in _faults_of(part, grant, begin_ns, now_ns):
            if wrong.any():
                raise _Stop(f"{label}: {fault}", rows[wrong])
        told = contributors if "sensors" in grant.guarded else np.zeros_like(contributors)
        if (wrong := (part.sensors & ~told) != 0).any():
            raise _Stop(f"{label}: tells sensors", rows[wrong])
        whole = ~released.refused[rows]
        for text, (other, since_ns) in self._before(agreement, grant, data, released.recipient,
                                                    now_ns):
            if (wrong := whole & _surely_fits(part, other, since_ns, grant)).any():
                raise _Stop(f"{label}: {text} comes before it, and fits", rows[wrong])

    def _before(self, agreement: str, grant: Grant, data: str, recipient: str,
                now_ns: int) -> Iterator[tuple[str, tuple[Grant, int]]]:
        """Grants of the same kind that come before one, and since when they hold."""
        for name in sorted(name for name in self._stories if name <= agreement):
            story = self._stories[name]
            if isinstance(story, str):
                continue
            for other in story.text.grants:
                if name == agreement and other.id == grant.id:
                    return
                # What waits for its time may have left by a later grant meanwhile.
                if other.delay_ns or not _is_for(other, story, self._own, recipient, data):
                    continue
                try:
                    yield f"{name}, grant {other.id}", story.grant_at(other.id, now_ns)
                except Unreadable:
                    continue

    def _check_contributors(self, released: Released, now_ns: int) -> None:
        allowed = self._releasable(released.recipient, now_ns, released.not_after_ns)
        wrong = (released.contributors & ~np.uint64(allowed)) != 0
        if wrong.any():
            raise _Stop(f"contributions that may not go to {released.recipient}",
                        np.flatnonzero(wrong))
        if (released.contributors == 0).any():
            raise _Stop("nobody is said to have contributed",
                        np.flatnonzero(released.contributors == 0))
        if released.refused.any() and allowed == (1 << len(self._sensors)) - 1:
            raise _Stop("fused again, though every contribution may go",
                        np.flatnonzero(released.refused))

    def _releasable(self, recipient: str, now_ns: int, not_after_ns: int) -> int:
        """Bits of the sensors whose contributions may go to a recipient until then."""
        known = [story for story in self._stories.values() if isinstance(story, Story)]
        lapsed = reduce(or_, (story.lapsed_at(now_ns) for story in known), frozenset[int]())
        nations = {"", self._own, recipient, *(
            nation for story in known
            for nation in _passed_on(story, self._own, recipient, now_ns, not_after_ns))}
        return sum(1 << place for place, sensor in enumerate(self._sensors)
                   if sensor.sensor_id not in lapsed and sensor.nation in nations)


def _passed_on(story: Story, own: str, recipient: str, now_ns: int,
               not_after_ns: int) -> Iterator[str]:
    """Nations that let `own` pass on what they give it, until then."""
    for grant in story.text.grants:
        if (grant.data in ("plots", "tracks") and own in grant.to
                and {own, grant.sender} <= story.text.nations):
            try:
                held, _ = story.grant_at(grant.id, now_ns)
                ends_ns = story.force_at(now_ns)[1]
            except Unreadable:
                continue
            if recipient in story.consents_at(held, now_ns) and not_after_ns <= ends_ns:
                yield grant.sender


def _is_for(grant: Grant, story: Story, own: str, recipient: str, data: str) -> bool:
    return ({own, recipient} <= story.text.nations and grant.sender == own
            and recipient in grant.to and grant.data == data)


def _check_numbers(tracks: TrackBatch) -> None:
    """Positions are on the globe; the bits of `present` are those of columns."""
    good = (np.abs(tracks.latitude_rad) <= math.pi / 2) & (np.abs(tracks.longitude_rad) <= 7)
    bits = reduce(or_, (tracks.bit(column.name) for column in columns_of(TrackBatch)
                        if column.nullable))
    good &= (tracks.present & ~bits) == 0
    if not good.all():
        raise _Stop("a position that is none, or a column that is none", np.flatnonzero(~good))


def _faults_of(part: TrackBatch, grant: Grant, begin_ns: int,
               now_ns: int) -> Iterator[tuple[str, Bool]]:
    """What can be seen to be against a grant, and in which rows."""
    yield "from before the agreement was in force", part.time_ns < begin_ns
    yield f"younger than {grant.delay_ns} ns", part.time_ns > now_ns - grant.delay_ns
    yield from _told(part, grant)
    if grant.identities is not None and "identity" not in grant.withheld:
        yield "identity", ~np.isin(part.identity, grant.identities)
    for name in HEIGHTS:
        if name not in grant.withheld:
            yield f"{name} outside of the band", part.has(name) & ~_in_band(part, grant, name)
    if (grant.floor_m is not None or grant.ceiling_m is not None) and not (
            set(HEIGHTS) & grant.withheld):
        yield "no height, where there is a band", ~(part.has("mode_c_m") | part.has("height_m"))
    for category, there in _categories_seen(part):
        if grant.categories is not None and category not in grant.categories:
            # What is hidden may have been there, where the grant lets co-operative ones go.
            unsure = (category == "non_cooperative" and "cooperative" in grant.categories
                      and bool(grant.withheld & set(COOPERATIVE)))
            yield f"category {category}", there & (not unsure)
    if grant.quantum_m > 0:
        yield f"off the grid of {grant.quantum_m:g} m", ~_on_grid(part, grant.quantum_m)
    floor_m2 = max(grant.accuracy_m ** 2, grant.quantum_m ** 2 / 12) * (1 - 1e-9)
    if floor_m2 > 0:
        yield "more accurate than it may be", ~(
            part.covariance[:, OF_POSITION].min(1) >= floor_m2)
    if grant.place is not None:
        outside = ~grant.place.contains(part.latitude_rad, part.longitude_rad)
        if outside.any():
            rows = np.flatnonzero(outside)
            latitude, longitude = part.latitude_rad[rows], part.longitude_rad[rows]
            clearance = grant.place.clearance_m(latitude, longitude)
            outside[rows] = clearance < -(EDGE_M + _reach_m(latitude, grant.quantum_m))
        yield "outside of the area", outside


def _told(part: TrackBatch, grant: Grant) -> Iterator[tuple[str, Bool]]:
    """Fields that a grant withholds, and that are there all the same."""
    for name in sorted(grant.withheld):
        if name in BLANK_BY_BIT:
            cells = getattr(part, name)
            full = ~np.isnan(cells) if cells.dtype.kind == "f" else cells != np.zeros(
                1, cells.dtype)
            yield f"tells {name}", part.has(name) | full
        elif name in BLANK_BY_ZERO:
            yield f"tells {name}", getattr(part, name) != BLANK_BY_ZERO[name]
        elif name == "velocity":
            yield "tells velocity", ~(
                np.isnan(part.velocity_east_ms) & np.isnan(part.velocity_north_ms)
                & np.isnan(part.covariance[:, OF_VELOCITY]).all(1))
        elif name == "manoeuvre":
            yield "tells manoeuvre", ~np.isnan(part.manoeuvre)
        else:
            raise _Stop(f"{name} is withheld, and the verifier does not know it")


def _in_band(part: TrackBatch, grant: Grant, name: str) -> Bool:
    heights: F64 = getattr(part, name)
    good: Bool = ~np.isnan(heights)
    if grant.floor_m is not None:
        good = good & (heights >= grant.floor_m)
    if grant.ceiling_m is not None:
        good = good & (heights <= grant.ceiling_m)
    return good


def _categories_seen(part: TrackBatch) -> Iterator[tuple[str, Bool]]:
    """Categories that rows can be seen to be of, in what is left of them."""
    answers = reduce(or_, (part.has(name) for name in COOPERATIVE))
    yield "cooperative", answers
    yield "non_cooperative", ~answers
    yield "emergency", part.has("mode_3a") & np.isin(part.mode_3a, EMERGENCY_CODES)
    for category, flags in (("on_ground", PlotFlag.ON_GROUND), ("emergency", PlotFlag.EMERGENCY),
                            ("simulated", PlotFlag.SIMULATED | PlotFlag.TEST)):
        yield category, (part.flags & int(flags)) != 0


def _on_grid(part: TrackBatch, quantum_m: float) -> Bool:
    """Which positions are in the middle of a cell of the grid."""
    cell = quantum_m / SPHERE_M
    wide = np.minimum(cell / np.cos(part.latitude_rad), 2 * math.pi)
    # The last cell before the date line may reach over it, the last one before a pole ends there,
    # and near a pole one cell may hold all meridians.
    turns = np.array([0, 2 * math.pi, -2 * math.pi])
    sideways = np.min(np.stack([_off_middle((part.longitude_rad + turn) / wide)
                                for turn in turns]), axis=0)
    all_round = (wide >= 2 * math.pi) & (part.longitude_rad == 0)
    at_pole = np.abs(part.latitude_rad) == math.pi / 2
    good: Bool = (((_off_middle(part.latitude_rad / cell) <= ON_GRID) | at_pole)
                  & ((sideways <= ON_GRID) | all_round))
    return good


def _off_middle(cells: F64) -> F64:
    away: F64 = np.abs(cells - np.floor(cells) - 0.5)
    return away


def _reach_m(latitude: F64, quantum_m: float) -> F64:
    """How far from the middle of its cell the true position can be: to the corner that is nearer
    to the equator."""
    if quantum_m <= 0:
        return np.zeros(len(latitude))
    half = quantum_m / SPHERE_M / 2
    corner = np.maximum(np.abs(latitude) - half, 0)
    sideways = np.minimum(half / np.cos(latitude), math.pi)
    return distance_m(np.abs(latitude), np.zeros(len(latitude)), corner, sideways) + EDGE_M


def _surely_fits(part: TrackBatch, grant: Grant, begin_ns: int, by: Grant) -> Bool:
    """Rows that went by one grant and can be seen to fit another, whatever they do not show."""
    fits = part.time_ns >= begin_ns
    hidden = by.withheld
    if grant.identities is not None:
        fits &= ("identity" not in hidden) & np.isin(part.identity, grant.identities)
    if grant.floor_m is not None or grant.ceiling_m is not None:
        fits &= not hidden & set(HEIGHTS)
        fits &= part.has("mode_c_m") | part.has("height_m")
        for name in HEIGHTS:
            fits &= ~part.has(name) | _in_band(part, grant, name)
    if grant.categories is not None:
        fits &= not hidden & {"flags", *COOPERATIVE}
        for category, there in _categories_seen(part):
            if category not in grant.categories:
                fits &= ~there
    if grant.place is not None and fits.any():
        # The distance to an edge costs far more than on which side of it one is.
        fits &= grant.place.contains(part.latitude_rad, part.longitude_rad)
        rows = np.flatnonzero(fits)
        latitude, longitude = part.latitude_rad[rows], part.longitude_rad[rows]
        clearance = grant.place.clearance_m(latitude, longitude)
        fits[rows] = clearance > EDGE_M + _reach_m(latitude, by.quantum_m)
    return fits

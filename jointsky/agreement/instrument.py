"""The instrument: an agreement between nations as data, as a person writes it in YAML.

What is not known from a public source says `assumed: true`; what is, names its `source`. Everything
is checked before anything is used: unknown keys, dates out of order, parties that do not exist,
areas that cross themselves. Every key is described in docs/agreements.md.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from jointsky.agreement.periods import Period, checked_ns, parse_moment, parse_period, text_of
from jointsky.agreement.places import Shape

DATA = Literal["plots", "tracks", "identities", "alarms", "incidents", "flight_plans",
               "sensor_status", "coverage", "handover", "tasks", "exercise"]
IDENTITIES = Literal["pending", "unknown", "assumed_friend", "friend", "neutral", "suspect",
                     "hostile"]
CATEGORIES = Literal["cooperative", "non_cooperative", "on_ground", "emergency", "simulated"]
# What a grant may hold back of a track that it lets go.
FIELDS = Literal["identity", "flags", "velocity", "mode_c_m", "height_m", "vertical_rate_ms",
                 "mode_3a", "icao_address", "callsign", "started_ns", "updated_ns", "update_count",
                 "manoeuvre"]
# Fields that no grant lets go unless it names them.
GUARDED = Literal["mode_5", "own_forces", "sensors"]


def _moment(value: Any) -> Any:
    if isinstance(value, (date, datetime)):
        return checked_ns(value)
    return parse_moment(value) if isinstance(value, str) else value


def _period(value: Any) -> Any:
    return parse_period(value) if isinstance(value, str) else value


Moment = Annotated[
    int, BeforeValidator(_moment), PlainSerializer(text_of, return_type=str),
    WithJsonSchema({"type": "string", "description": "a date, or a time with its zone"})]
Span = Annotated[
    Period, BeforeValidator(_period), PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^P(\d+Y)?(\d+M)?(\d+W)?(\d+D)?$"})]
Nation = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
Words = Annotated[str, Field(min_length=1, max_length=600)]
Code = Annotated[int, Field(ge=0, le=255)]
Height = Annotated[float, Field(ge=-1000, le=40_000)]


class Part(BaseModel):
    """A part of an instrument: no unknown keys, never changed once read.

    source: key of the public source that says so; assumed: nobody has said so in public, or the
    list of the keys for which that holds, where the source says the rest.
    """

    # Validators are built when the first instrument is read: a unit's start need not wait.
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False,
                              arbitrary_types_allowed=True, populate_by_name=True,
                              defer_build=True)

    source: Name | None = None
    assumed: bool | Annotated[tuple[str, ...], Field(min_length=1, max_length=40)] = False

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if isinstance(self.assumed, tuple):
            keys = {field.alias or name for name, field in type(self).model_fields.items()}
            unknown = [key for key in self.assumed if key not in keys - {"source", "assumed"}]
            if unknown:
                raise ValueError(f"assumed: {', '.join(unknown):.60} is no key of this part")
            if self.source is None:
                raise ValueError("assumed: a list of keys, but no source for the others; expected "
                                 "one, or true")
        elif self.assumed and self.source:
            raise ValueError("assumed, and with a source: expected one or the other, or the list "
                             "of the keys that are assumed")
        return self


class Source(BaseModel):
    """A public document that an instrument leans on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Words
    publisher: Words
    date: Moment | None = None
    note: Words = "-"


class Party(Part):
    """A nation that is bound."""

    nation: Nation
    name: Words


class Ratification(Part):
    """That a party is bound: when, by which body, by which act of it."""

    party: Nation
    date: Moment
    body: Words
    instrument: Words = "-"


class Suspension(Part):
    """Which parties may suspend alone; a suspension lasts until that party resumes in writing."""

    by: tuple[Nation, ...] = ()


class Life(Part):
    """From signature to end.

    in_force: an instant, or the last ratification; term: how long it lasts, open: until notice;
    notice: how long before the end (of an open one: before it ceases) a party must tell.
    """

    signed: Moment | None = None
    ratifications: tuple[Ratification, ...] = Field(default=(), max_length=60)
    in_force: Moment | Literal["last_ratification"] = "last_ratification"
    term: Span | Literal["open"]
    renewal: Literal["automatic", "by_consent", "none"] = "none"
    renewal_term: Span | None = None
    notice: Span | None = None
    suspension: Suspension = Suspension()

    @model_validator(mode="after")
    def _check(self) -> Self:
        named = [one.party for one in self.ratifications]
        if len(set(named)) < len(named):
            raise ValueError("ratifications: a party ratifies once; expected each at most once")
        for one in self.ratifications:
            if self.signed is not None and one.date < self.signed:
                raise ValueError(f"ratifications: {one.party} on {text_of(one.date)}, before the "
                                 f"signature on {text_of(self.signed)}")
        if isinstance(self.in_force, int) and self.signed is not None and (
                self.in_force < self.signed):
            raise ValueError(f"in_force: {text_of(self.in_force)}, before the signature on "
                             f"{text_of(self.signed)}")
        if isinstance(self.in_force, int):
            late = [one.party for one in self.ratifications if one.date > self.in_force]
            if late:
                raise ValueError(f"in_force: {text_of(self.in_force)}, before the ratification by "
                                 f"{', '.join(late)}")
        if self.term == "open" and self.renewal != "none":
            raise ValueError("renewal: an open term is not renewed; expected none")
        if self.term == "open" and self.notice is None:
            raise ValueError("notice: missing; an open term ends by notice alone")
        if self.renewal == "automatic" and self.notice is None:
            raise ValueError("notice: missing; automatic renewal is stopped by notice alone")
        return self


class Survival(Part):
    """Duties that outlive the agreement."""

    protection: bool = True
    no_onward: bool = True
    retention: Span | None = None
    then: Literal["destroy", "return", "keep"] = "destroy"


class Area(Part):
    """A named place: what grants, command roles and sites are about."""

    name: Words
    shape: Shape


class Site(Part):
    """A piece of the host's ground."""

    id: Name
    name: Words
    host: Nation
    area_ha: float = Field(gt=0, le=100_000)
    shape: Shape


class StationedSensor(Part):
    """A sensor of a deployment, by the address of its reports."""

    name: Words
    sac: Code
    sic: Code

    @property
    def sensor_id(self) -> int:
        """SAC << 8 | SIC."""
        return self.sac << 8 | self.sic


class Consent(Part):
    """That the host agrees to a deployment."""

    by: Nation
    date: Moment


class Deployment(Part):
    """What a nation puts on another's ground; it ends with the agreement at the latest."""

    id: Name
    of: Nation
    site: Name
    begin: Moment | None = None
    end: Moment | None = None
    units: tuple[Words, ...] = Field(default=(), max_length=100)
    sensors: tuple[StationedSensor, ...] = Field(default=(), max_length=64)
    consent: Consent | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.begin is not None and self.end is not None and self.end <= self.begin:
            raise ValueError(f"end: {text_of(self.end)}, not after begin {text_of(self.begin)}")
        return self


class CommandRole(Part):
    """Who coordinates joint actions and who manages them, where; national command is kept."""

    role: Literal["coordinates", "manages"]
    holder: Nation
    title: Words
    area: Name | None = None


class Training(Part):
    """Whose personnel is trained by whom, for which watch positions."""

    of: Nation
    by: Nation
    positions: tuple[Words, ...] = Field(min_length=1, max_length=100)
    entitlement: Words = "-"


class Onward(Part):
    """Who may get from the recipient what it got. consents: of those nations, the ones to which
    the originator has agreed already."""

    to: tuple[Nation, ...] = Field(min_length=1, max_length=60)
    consents: tuple[Nation, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        extra = sorted(set(self.consents) - set(self.to))
        if extra:
            raise ValueError(f"consents: {', '.join(extra)} stands not in `to`")
        return self


class Grant(Part):
    """What a party lets others have. Nothing that no grant lets go ever leaves.

    area: name of a place, None for everywhere; floor_m, ceiling_m: height band, both ends in it;
    identities, categories: those let go; withheld: fields held back; guarded: fields let go that
    are held back elsewhere; quantum_m: grid that positions are put on, 0 for none; accuracy_m:
    standard deviation below which no position is told; delay_s: how old what leaves is at least.
    """

    id: Name
    sender: Nation = Field(alias="from")
    to: tuple[Nation, ...] = Field(min_length=1, max_length=60)
    data: DATA
    area: Name | None = None
    floor_m: Height | None = None
    ceiling_m: Height | None = None
    identities: tuple[IDENTITIES, ...] | Literal["any"] = "any"
    categories: tuple[CATEGORIES, ...] | Literal["any"] = "any"
    withheld: tuple[FIELDS, ...] = ()
    guarded: tuple[GUARDED, ...] = ()
    quantum_m: float = Field(default=0, ge=0, le=100_000)
    accuracy_m: float = Field(default=0, ge=0, le=100_000)
    delay_s: float = Field(default=0, ge=0, le=86_400)
    purpose: Words
    article: Words
    onward: Onward | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.sender in self.to:
            raise ValueError(f"to: {self.sender} is the sender itself")
        if len(set(self.to)) < len(self.to):
            raise ValueError("to: a nation stands there twice")
        if (self.floor_m is not None and self.ceiling_m is not None
                and self.ceiling_m <= self.floor_m):
            raise ValueError(f"ceiling_m: {self.ceiling_m:g}, not above floor_m {self.floor_m:g}")
        return self


class Instrument(Part):
    """One version of an agreement, whole."""

    id: Name
    title: Words
    version: int = Field(ge=1, le=10_000)
    kind: Literal["bilateral", "multilateral", "alliance"]
    component_of: Name | None = None
    parties: tuple[Party, ...] = Field(min_length=2, max_length=60)
    sources: dict[Name, Source] = {}
    life: Life
    survival: Survival = Survival()
    areas: dict[Name, Area] = Field(default={}, max_length=500)
    sites: tuple[Site, ...] = Field(default=(), max_length=100)
    deployments: tuple[Deployment, ...] = Field(default=(), max_length=200)
    command: tuple[CommandRole, ...] = Field(default=(), max_length=100)
    training: tuple[Training, ...] = Field(default=(), max_length=100)
    grants: tuple[Grant, ...] = Field(default=(), max_length=500)

    @field_validator("parties")
    @classmethod
    def _each_once(cls, parties: tuple[Party, ...]) -> tuple[Party, ...]:
        nations = [party.nation for party in parties]
        if len(set(nations)) < len(nations):
            raise ValueError("a nation stands there twice")
        return parties

    @property
    def nations(self) -> tuple[str, ...]:
        """The parties' nations, in the order of the instrument."""
        return tuple(party.nation for party in self.parties)

"""A scenario: which sensors look at which traffic. A YAML file that a person reads and edits."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from jointsky.codec.yamlfile import read_yaml
from jointsky.model.errors import ConfigProblem
from jointsky.model.faults import fault_lines
from jointsky.model.sensor import Sensor, SensorKind, sensor_id_of

AIRCRAFT_MAX = 40_000
SENSORS_MAX = 64

Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
Share = Annotated[float, Field(ge=0, le=1)]
Code = Annotated[int, Field(ge=0, le=255)]
KINDS = {"psr": SensorKind.PSR, "ssr": SensorKind.SSR, "psr+ssr": SensorKind.PSR_SSR,
         "adsb": SensorKind.ADSB}


class Part(BaseModel):
    """A part of a scenario: no unknown keys, never changed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class SimulatedSensor(Part):
    """A sensor as it truly measures. `range_bias_m` and `azimuth_bias_deg` are true errors."""

    name: str = Field(min_length=1, max_length=40)
    sac: Code
    sic: Code
    kind: Literal["psr", "ssr", "psr+ssr", "adsb"]
    latitude_deg: Latitude
    longitude_deg: Longitude
    height_m: float = Field(ge=-500, le=9000)
    period_s: float = Field(ge=0.5, le=60)
    range_km: float = Field(ge=1, le=700)
    primary_range_km: float = Field(default=0, ge=0, le=700)
    sigma_range_m: float = Field(default=60, gt=0, le=5000)
    sigma_azimuth_deg: float = Field(default=0.08, gt=0, le=5)
    p_detection: Share = 0.95
    clutter: float = Field(default=0, ge=0, le=1000)
    mode_s: bool = False
    range_bias_m: float = Field(default=0, ge=-5000, le=5000)
    azimuth_bias_deg: float = Field(default=0, ge=-5, le=5)
    nation: str = Field(default="", max_length=3)

    @property
    def sensor_id(self) -> int:
        """SAC << 8 | SIC."""
        return sensor_id_of(self.sac, self.sic)

    def as_sensor(self) -> Sensor:
        """What a unit knows of it: all but its bias."""
        return Sensor(
            sensor_id=self.sensor_id, name=self.name, kind=KINDS[self.kind],
            latitude_rad=math.radians(self.latitude_deg),
            longitude_rad=math.radians(self.longitude_deg), height_m=self.height_m,
            period_s=self.period_s, max_range_m=self.range_km * 1000,
            sigma_range_m=self.sigma_range_m,
            sigma_azimuth_rad=math.radians(self.sigma_azimuth_deg),
            p_detection=self.p_detection, clutter=self.clutter, nation=self.nation)


class Point(Part):
    """A named place. With `field_m`, an airport at that height: flights climb out and let down."""

    latitude_deg: Latitude
    longitude_deg: Longitude
    field_m: float | None = Field(default=None, ge=-500, le=6000)


class Area(Part):
    """A circle that aircraft stay in."""

    latitude_deg: Latitude
    longitude_deg: Longitude
    radius_km: float = Field(gt=1, le=500)


class Group(Part):
    """Aircraft of one habit: flying routes between points, or working in an area."""

    name: str = Field(min_length=1)
    count: int = Field(ge=1, le=AIRCRAFT_MAX)
    routes: tuple[tuple[str, ...], ...] = ()
    area: Area | None = None
    speed_ms: tuple[float, float]
    height_m: tuple[float, float]
    turn_deg_s: float = Field(default=1.5, gt=0, le=15)
    climb_ms: float = Field(default=10, gt=0, le=150)
    decide_s: float = Field(default=60, ge=5, le=3600)
    transponder: Literal["none", "mode_ac", "mode_s"] = "mode_s"
    adsb_share: Share = 0
    callsigns: tuple[Annotated[str, Field(pattern=r"^[A-Z]{2,4}$")], ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if bool(self.routes) == (self.area is not None):
            raise ValueError("expected either `routes` or `area`, one of the two")
        for name, (low, high), least, most in (("speed_ms", self.speed_ms, 15, 900),
                                               ("height_m", self.height_m, 0, 25_000)):
            if not least <= low <= high <= most:
                raise ValueError(f"{name}: expected two rising numbers between {least} and {most}")
        if any(len(route) < 2 for route in self.routes):
            raise ValueError("routes: expected at least two points in each")
        if self.adsb_share and self.transponder != "mode_s":
            raise ValueError("adsb_share: expected a mode_s transponder")
        return self


class Scenario(Part):
    """Sensors and traffic; `seed` makes it the same every time."""

    name: str
    seed: int = Field(ge=0)
    points: dict[str, Point] = {}
    sensors: tuple[SimulatedSensor, ...] = Field(min_length=1, max_length=SENSORS_MAX)
    traffic: tuple[Group, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        unknown = sorted({name for group in self.traffic for route in group.routes
                          for name in route} - set(self.points))
        if unknown:
            raise ValueError(f"routes name points that are not listed: {', '.join(unknown)}")
        ids = [sensor.sensor_id for sensor in self.sensors]
        if len(ids) != len(set(ids)):
            raise ValueError("two sensors have the same sac and sic")
        if self.aircraft > AIRCRAFT_MAX:
            raise ValueError(f"{self.aircraft} aircraft; expected at most {AIRCRAFT_MAX}")
        return self

    @property
    def aircraft(self) -> int:
        """How many aircraft fly at once."""
        return sum(group.count for group in self.traffic)

    def with_aircraft(self, count: int) -> Scenario:
        """The same mix with about `count` aircraft (at least one of each group)."""
        share = count / self.aircraft
        traffic = tuple(group.model_copy(update={"count": max(1, round(group.count * share))})
                        for group in self.traffic)
        return self.model_copy(update={"traffic": traffic})

    def with_seed(self, seed: int) -> Scenario:
        """The same with another seed."""
        return self.model_copy(update={"seed": seed})


def parse_scenario(text: str, name: str) -> Scenario:
    """Read a scenario from YAML. `name` is the file for messages. Raises `ConfigProblem`."""
    content, lines = read_yaml(text, name, "`name:` and `sensors:`")
    try:
        return Scenario.model_validate(content)
    except ValidationError as error:
        raise ConfigProblem(name, fault_lines(error, lines)) from None

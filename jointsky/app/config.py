"""The configuration of a unit: a TOML file, checked whole before anything starts.

Every key is described in docs/administrators.md; an unknown key is refused. Degrees and kilometres
stand in the file, for people; `unit_of` and `sensors_of` give SI and radians.
"""

from __future__ import annotations

import ipaddress
import math
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from jointsky.agreement.persons import EXPECTED as PERSONS
from jointsky.agreement.persons import parse_persons
from jointsky.app.toml import parse_toml, read_text, toml_lines
from jointsky.app.tuning import EXPECTED, parse_tuning
from jointsky.edge.acts import ActsFolder
from jointsky.engine.state import TUNING
from jointsky.model.errors import ConfigProblem
from jointsky.model.faults import fault_lines
from jointsky.model.sensor import Sensor, SensorKind, sensor_id_of, sensor_id_text
from jointsky.model.unit import Unit
from jointsky.model.world import World
from jointsky.track.tuning import Tuning

SENSORS_MAX = 64  # one bit of TrackBatch.sensors each
KINDS = {"psr": SensorKind.PSR, "ssr": SensorKind.SSR, "psr+ssr": SensorKind.PSR_SSR,
         "adsb": SensorKind.ADSB, "mlat": SensorKind.MLAT, "tracker": SensorKind.TRACKER}


def _endpoint(text: str) -> str:
    host, colon, port = text.rpartition(":")
    try:
        ipaddress.ip_address(host.strip("[]"))
        good = bool(colon) and 0 <= int(port) <= 65_535
    except ValueError:
        good = False
    if not good:
        raise ValueError("expected ADDRESS:PORT such as 127.0.0.1:8600, 239.1.1.1:8600 or [::1]:0")
    return text


Endpoint = Annotated[str, AfterValidator(_endpoint)]
Edition = Annotated[str, Field(pattern=r"^\d+\.\d+$")]
Category = Annotated[str, Field(pattern=r"^\d{3}$")]
Code = Annotated[int, Field(ge=0, le=255)]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
Nation = Annotated[str, Field(pattern=r"^([A-Z]{3})?$")]


class Section(BaseModel):
    """A table of the file: no unknown keys, never changed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)


class UnitSection(Section):
    """Who this unit is."""

    name: str = Field(min_length=1, max_length=60)
    nation: Nation
    sac: Code
    sic: Code
    latitude_deg: Latitude
    longitude_deg: Longitude
    height_m: float = Field(default=0.0, ge=-500, le=9000)
    world: Literal["live", "exercise"] = "live"


class SensorSection(Section):
    """A sensor whose reports this unit uses."""

    name: str = Field(min_length=1, max_length=60)
    sac: Code
    sic: Code
    kind: Literal["psr", "ssr", "psr+ssr", "adsb", "mlat", "tracker"]
    latitude_deg: Latitude
    longitude_deg: Longitude
    height_m: float = Field(default=0.0, ge=-500, le=9000)
    period_s: float = Field(gt=0, le=120)
    range_km: float = Field(gt=0, le=1000)
    sigma_range_m: float = Field(default=70.0, gt=0, le=10_000)
    sigma_azimuth_deg: float = Field(default=0.08, gt=0, le=5)
    p_detection: float = Field(default=0.9, gt=0, le=1)
    clutter: float = Field(default=0.0, ge=0, le=10_000)
    nation: Nation = ""
    range_bias_m: float | None = Field(default=None, ge=-20_000, le=20_000)
    azimuth_bias_deg: float | None = Field(default=None, ge=-20, le=20)
    time_bias_s: float | None = Field(default=None, ge=-30, le=30)

    fuse: bool = False

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.fuse and self.kind != "tracker":
            raise ValueError('fuse: only for kind = "tracker"; other sensors are used anyway')
        return self

    @property
    def bias_known(self) -> bool:
        """Whether the file says anything of its biases: then they are taken as they are."""
        return any(one is not None for one in (self.range_bias_m, self.azimuth_bias_deg,
                                               self.time_bias_s))

    @property
    def sensor_id(self) -> int:
        """SAC << 8 | SIC."""
        return sensor_id_of(self.sac, self.sic)


class InputSection(Section):
    """Where reports come from: a UDP address to listen on (a group is joined), or a recording."""

    name: str = Field(min_length=1, max_length=60)
    udp: Endpoint | None = None
    interface: str = ""
    recording: str | None = None
    editions: dict[Category, Edition] = {}

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.udp is None) == (self.recording is None):
            raise ValueError("expected either `udp` or `recording`, one of the two")
        return self


class OutputSection(Section):
    """Where system tracks (CAT062) and the unit's own status (CAT065) go."""

    name: str = Field(min_length=1, max_length=60)
    udp: Endpoint
    interface: str = ""
    hops: int = Field(default=1, ge=0, le=255)
    mode: Literal["periodic", "updates"] = "periodic"
    period_s: float = Field(default=1.0, ge=0.25, le=60)


class JournalSection(Section):
    """Where every input is written before it is used."""

    path: str
    keep_h: float = Field(default=24 * 31, ge=0.1, le=24 * 3660)
    size_gb: float = Field(default=64.0, ge=0.1, le=10_000)
    checkpoint_s: float = Field(default=30.0, ge=5, le=3600)
    checkpoints: int = Field(default=2000, ge=2, le=100_000)


class ConsoleSection(Section):
    """The web server of the operators' consoles. There are no accounts yet: whoever reaches it
    sees the picture, so an address beyond this machine needs the pages named that may ask."""

    host: str = "127.0.0.1"
    port: int = Field(default=8470, ge=0, le=65_535)
    consoles: int = Field(default=32, ge=1, le=500)
    origins: tuple[Annotated[str, Field(pattern=r"^https?://[\w.:\[\]-]+$")], ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        try:
            loopback = ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            raise ValueError(f"host: {self.host!r:.40}; expected an address of this machine such "
                             "as 127.0.0.1") from None
        if not loopback and not self.origins:
            raise ValueError("a host beyond this machine needs `origins`, such as "
                             '["http://console.example:8470"]: the addresses it is asked under')
        return self


class EngineSection(Section):
    """The pace of the node and its limits."""

    gather_s: float = Field(default=0.02, ge=0, le=1)
    tick_s: float = Field(default=0.5, ge=0.1, le=5)
    queue_frames: int = Field(default=65_536, ge=100, le=1_000_000)


class TuningSection(Section):
    """Settings of the tracker: a file beside this one. `text` is what stood in it when the unit was
    started; it goes into the journal, so that a replay has the same settings."""

    file: str = Field(min_length=1)
    text: str = ""


class AcceptedAct(Section):
    """An act that this unit accepted before; read from its folder, never written in the file."""

    accepted_ns: int
    name: str
    text: str


class AgreementsSection(Section):
    """The agreements of the unit's nation: a folder into which signed acts are put, and who may
    sign. `persons_text` and `acts` are what stood there when the unit was started; they go into the
    journal, so that a replay is under the same law."""

    folder: str = Field(min_length=1)
    persons: str = Field(min_length=1)
    ledger: str = Field(min_length=1)
    key: str = Field(min_length=1)
    persons_text: str = ""
    acts: tuple[AcceptedAct, ...] = ()


class PartnerSection(Section):
    """Another nation's unit: what the agreements let go is sent there as CAT062."""

    name: str = Field(min_length=1, max_length=60, pattern=r"^[\w.-]+$")
    nation: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    udp: Endpoint
    interface: str = ""
    hops: int = Field(default=1, ge=0, le=255)


class UnitConfig(Section):
    """The whole configuration of a unit."""

    unit: UnitSection
    sensor: tuple[SensorSection, ...] = Field(default=(), max_length=SENSORS_MAX)
    input: tuple[InputSection, ...] = Field(min_length=1, max_length=100)
    output: tuple[OutputSection, ...] = Field(default=(), max_length=100)
    journal: JournalSection
    console: ConsoleSection = ConsoleSection()
    engine: EngineSection = EngineSection()
    tuning: TuningSection | None = None
    agreements: AgreementsSection | None = None
    partner: tuple[PartnerSection, ...] = Field(default=(), max_length=64)
    share_s: float = Field(default=1.0, ge=0.25, le=60)

    @model_validator(mode="after")
    def _check(self) -> Self:
        ids = [sensor.sensor_id for sensor in self.sensor]
        twice = sorted({sensor_id_text(one) for one in ids if ids.count(one) > 1})
        if twice:
            raise ValueError(f"two sensors have the same sac/sic: {', '.join(twice)}")
        names = [item.name for item in self.input]
        if len(set(names)) < len(names):
            raise ValueError("two inputs have the same name")
        partners = [item.name for item in self.partner]
        if len(set(partners)) < len(partners):
            raise ValueError("two partners have the same name")
        if any(item.nation == self.unit.nation for item in self.partner):
            raise ValueError(f"a partner of the unit's own nation, {self.unit.nation}; expected"
                             " another nation's: for one's own there is `output`")
        if self.partner and self.agreements is None:
            raise ValueError("partners without agreements; expected a table [agreements]: nothing"
                             " goes to another nation without one")
        recorded = [item.recording is not None for item in self.input]
        if any(recorded) and not all(recorded):
            raise ValueError("inputs mix recordings with live sources; expected one or the other,"
                             " for a recording has its own time")
        return self

    @property
    def world(self) -> World:
        """LIVE or EXERCISE as configured; REPLAY when the inputs are recordings."""
        return World.REPLAY if self.input[0].recording else World(self.unit.world)


def load_config(path: Path) -> UnitConfig:
    """Read a unit's configuration. Raises `FileProblem`, or `ConfigProblem` with every fault."""
    text = read_text(path, "a unit configuration in TOML")
    return _with_agreements(_with_tuning(parse_config(text, str(path))))


def _with_tuning(config: UnitConfig) -> UnitConfig:
    """The configuration with the text of its tuning file, checked. Raises as `load_config`."""
    if config.tuning is None:
        return config
    text = read_text(Path(config.tuning.file), EXPECTED)
    parse_tuning(text, config.tuning.file)
    return config.model_copy(update={"tuning": TuningSection(file=config.tuning.file, text=text)})


def _with_agreements(config: UnitConfig) -> UnitConfig:
    """The configuration with who may sign, checked, and the acts accepted so far. Raises as
    `load_config`."""
    section = config.agreements
    if section is None:
        return config
    text = read_text(Path(section.persons), PERSONS)
    parse_persons(text, section.persons)
    acts = tuple(AcceptedAct(accepted_ns=time_ns, name=name, text=act)
                 for time_ns, name, act in ActsFolder(Path(section.folder)).accepted())
    return config.model_copy(update={"agreements": section.model_copy(
        update={"persons_text": text, "acts": acts})})


def tuning_of(config: UnitConfig) -> Tuning:
    """The settings of the tracker that the configuration gives; else those for live work."""
    return (parse_tuning(config.tuning.text, config.tuning.file, TUNING) if config.tuning
            else TUNING)


def parse_config(text: str, name: str) -> UnitConfig:
    """Check the text of a unit's configuration. `name` is the file, for messages."""
    content = parse_toml(text, name)
    try:
        return UnitConfig.model_validate(content)
    except ValidationError as error:
        raise ConfigProblem(name, fault_lines(error, toml_lines(text))) from None


def unit_of(config: UnitConfig) -> Unit:
    """The unit that the configuration describes."""
    unit = config.unit
    return Unit(unit.name, unit.nation, unit.sac, unit.sic, math.radians(unit.latitude_deg),
                math.radians(unit.longitude_deg), unit.height_m)


def sensors_of(config: UnitConfig) -> tuple[Sensor, ...]:
    """The sensors that the configuration describes, in its order."""
    return tuple(Sensor(
        sensor_id=item.sensor_id, name=item.name, kind=KINDS[item.kind],
        latitude_rad=math.radians(item.latitude_deg),
        longitude_rad=math.radians(item.longitude_deg), height_m=item.height_m,
        period_s=item.period_s, max_range_m=item.range_km * 1000,
        sigma_range_m=item.sigma_range_m,
        sigma_azimuth_rad=math.radians(item.sigma_azimuth_deg), p_detection=item.p_detection,
        clutter=item.clutter, nation=item.nation, range_bias_m=item.range_bias_m or 0.0,
        azimuth_bias_rad=math.radians(item.azimuth_bias_deg or 0.0),
        time_bias_s=item.time_bias_s or 0.0, bias_known=item.bias_known,
        fuse=item.fuse) for item in config.sensor)


def editions_of(config: UnitConfig) -> dict[str, dict[int, str]]:
    """Editions fixed per input: name of the input -> category -> edition."""
    return {item.name: {int(category): edition for category, edition in item.editions.items()}
            for item in config.input if item.editions}


def endpoint_of(text: str) -> tuple[str, int]:
    """Address and port of an `ADDRESS:PORT` that has been checked."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)

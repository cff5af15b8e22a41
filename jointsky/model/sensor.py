"""A sensor: where it stands, how it measures, whose it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class SensorKind(IntEnum):
    """What a sensor measures with."""

    PSR = 1
    SSR = 2
    PSR_SSR = 3
    ADSB = 4
    MLAT = 5
    TRACKER = 6


@dataclass(frozen=True, slots=True)
class Sensor:
    """One sensor of one nation.

    sensor_id: SAC << 8 | SIC (ASTERIX data source identifier), unique within a unit;
    latitude_rad, longitude_rad, height_m: antenna, WGS-84, height above the ellipsoid;
    period_s: antenna rotation or update interval; max_range_m: slant range of the instrument;
    sigma_range_m, sigma_azimuth_rad: standard deviations (for ADS-B and MLAT `sigma_range_m`
    is that of horizontal position); p_detection: per scan; clutter: mean false plots per scan;
    range_bias_m, azimuth_bias_rad, time_bias_s: measured minus true, to be taken off its plots;
    bias_known: they are so even where they are 0. Else they are learned while tracking;
    fuse: of another system, whether its tracks go into ours (else they are shown beside them).
    """

    sensor_id: int
    name: str
    kind: SensorKind
    latitude_rad: float
    longitude_rad: float
    height_m: float
    period_s: float
    max_range_m: float
    sigma_range_m: float
    sigma_azimuth_rad: float
    p_detection: float = 0.9
    clutter: float = 0.0
    nation: str = ""
    range_bias_m: float = 0.0
    azimuth_bias_rad: float = 0.0
    time_bias_s: float = 0.0
    bias_known: bool = False
    fuse: bool = False

    @property
    def has_bias(self) -> bool:
        """Whether its biases were told."""
        return self.bias_known or any((self.range_bias_m, self.azimuth_bias_rad,
                                       self.time_bias_s))

    @property
    def sac(self) -> int:
        """System area code, 0..255."""
        return self.sensor_id >> 8

    @property
    def sic(self) -> int:
        """System identification code, 0..255."""
        return self.sensor_id & 0xFF


def sensor_id_of(sac: int, sic: int) -> int:
    """The sensor id of an ASTERIX data source: SAC << 8 | SIC."""
    return sac << 8 | sic


def sensor_id_text(sensor_id: int) -> str:
    """How a person reads a sensor id: `SAC/SIC` in decimal."""
    return f"{sensor_id >> 8}/{sensor_id & 0xFF}"

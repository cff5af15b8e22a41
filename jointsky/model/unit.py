"""A unit: an operations centre that makes a picture."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit of one nation.

    nation: ISO 3166 alpha-3 code; sac, sic: its ASTERIX data source identifier;
    latitude_rad, longitude_rad, height_m: its reference point, WGS-84.
    """

    name: str
    nation: str
    sac: int
    sic: int
    latitude_rad: float
    longitude_rad: float
    height_m: float = 0.0

    @property
    def unit_id(self) -> int:
        """SAC << 8 | SIC."""
        return self.sac << 8 | self.sic

"""Every number that shapes tracking, with its default and why. A tuning is data: frozen, checked.

Chosen on seeds of the project's own simulator; docs/tracking.md has the table and the figures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any

from jointsky.model.errors import ConfigProblem
from jointsky.track.areas import (
    AREAS_MAX,
    CORNERS_MAX,
    EARTH_M,
    OF_A_TRACK,
    REACH_MAX_RAD,
    Area,
    shape_of,
)

MODELS_MAX = 8


@dataclass(frozen=True, slots=True)
class Model:
    """One way of flying in the IMM.

    turn_deg_s: turn rate, anticlockwise seen from above positive, 0 for straight;
    noise: white acceleration spectral density, m2/s3; share: of the time, in proportion to the
    other models.
    """

    turn_deg_s: float
    noise: float
    share: float


# Straight; turns to both sides, of airliners (rate one and a half, 25 degrees of bank) and of fast
# aircraft; gentle changes of speed and course; everything else: the entry of a hard turn, up to
# three times gravity.
MODELS = (Model(0.0, 0.1, 0.55), Model(1.6, 10.0, 0.1), Model(-1.6, 10.0, 0.1),
          Model(5.0, 50.0, 0.07), Model(-5.0, 50.0, 0.07), Model(0.0, 60.0, 0.1),
          Model(0.0, 1500.0, 0.05))


@dataclass(frozen=True, slots=True)
class Tuning:
    """Settings of the tracker; the defaults suit regional surveillance.

    models: the IMM; switch_s: mean time until the way of flying is drawn anew, by their shares.
    bucket_s: plots of one sensor this close in time are assigned together; a plot waits at most
    this long. sweep_s: how often misses, deletion and merging are looked at. late_s_max: how much
    later than others a plot may come; beyond that it is counted, not used; 0 if all come in order,
    which saves time. future_s_max: how far a sensor's clock may run ahead.
    gate_sigma: a plot further from a track than this is not its. reach_m: and never further.
    speed_sigma_ms: spread of the unknown velocity of a new track, each axis.
    births: aircraft newly found per scan of a sensor; against its false plots this is the prior
    of a new track. near_penalty: log odds off it when the plot lies by a track of this scan.
    confirm, drop: probabilities of existence. hits_confirm: least plots. odds_max: log odds never
    above, so that a vanished aircraft is soon believed. coast_s_max: dropped if unheard so long.
    error_m_max: dropped if its position is less sure than this (one sigma).
    tentative_s_max: a start that is not confirmed after so long is dropped.
    clutter_min: false plots per scan assumed at least. scan_share: a track that a radar saw less
    than this share of a period ago is not seen again.
    look_slack: periods after which an absent plot is a miss, beyond one. sigma_bias_range_m,
    sigma_bias_azimuth_rad, sigma_bias_time_s: what is expected of biases that nobody gave.
    registration_s: how often they are estimated, 0 for never; registration_memory_s: time in
    which what was measured of them fades.
    height_noise: m2/s3; sigma_mode_c_m: quantisation of Mode C in steps of 100 ft and its noise.
    height_max_m: tallest flight; of a primary plot the height is anything from the horizon to it.
    code_match, code_mismatch, address_match, address_mismatch: log odds of evidence.
    garble_height: share of garbled Mode C. sigma_velocity_ms: of a reported velocity.
    sigma_position_m: of a reported position that does not say.
    joint_sure: where tracks contest plots, one less sure of its assignment than this takes a part
    of each; 0: never.
    merge_sigma: tracks closer than this in position and velocity, and not told apart by a sensor
    or an address, are one. merge_s_min: and heard at least this long.
    dropped_s: how long a dropped track is remembered. tracks_max: limit; overflow is counted.
    clock_s_max: a report whose time is further than this from its reception tells of a wrong clock.
    flood_factor: a sensor may bring so many times its usual number of reports, and at least
    flood_least and at most flood_most a turn; see `jointsky.track.screen`.
    areas: where settings of a track are other than these; of several the last one counts.
    """

    models: tuple[Model, ...] = MODELS
    switch_s: float = 22.0
    bucket_s: float = 0.1
    sweep_s: float = 1.0
    late_s_max: float = 30.0
    future_s_max: float = 10.0
    gate_sigma: float = 5.0
    reach_m: float = 12_000.0
    speed_sigma_ms: float = 200.0
    births: float = 0.5
    near_penalty: float = 3.0
    confirm: float = 0.99
    drop: float = 0.5
    hits_confirm: int = 2
    odds_max: float = 7.0
    coast_s_max: float = 40.0
    error_m_max: float = 2000.0
    tentative_s_max: float = 40.0
    clutter_min: float = 1.0
    scan_share: float = 0.4
    look_slack: float = 0.15
    sigma_bias_range_m: float = 150.0
    sigma_bias_azimuth_rad: float = 0.002
    sigma_bias_time_s: float = 0.1
    registration_s: float = 10.0
    registration_memory_s: float = 1800.0
    height_noise: float = 20.0
    sigma_mode_c_m: float = 10.0
    height_max_m: float = 13_000.0
    code_match: float = 4.0
    code_mismatch: float = -3.5
    address_match: float = 8.0
    address_mismatch: float = -8.0
    garble_height: float = 0.02
    sigma_velocity_ms: float = 2.0
    sigma_position_m: float = 30.0
    joint_sure: float = 0.6
    merge_sigma: float = 3.0
    merge_s_min: float = 8.0
    dropped_s: float = 10.0
    tracks_max: int = 100_000
    clock_s_max: float = 60.0
    flood_factor: float = 20.0
    flood_least: int = 2_000
    flood_most: int = 160_000
    areas: tuple[Area, ...] = ()

    def __post_init__(self) -> None:
        faults = [f"{item.name}: {getattr(self, item.name)!r}; expected a positive number"
                  for item in fields(self)
                  if item.name not in MAY_BE_ANY and not getattr(self, item.name) > 0]
        if not 0 <= self.joint_sure < 1:
            faults.append(f"joint_sure: {self.joint_sure!r}; expected 0 or more, and below 1")
        if not self.late_s_max >= 0:
            faults.append(f"late_s_max: {self.late_s_max!r}; expected 0 or more")
        if not 1 <= len(self.models) <= MODELS_MAX:
            faults.append(f"models: {len(self.models)}; expected 1 to {MODELS_MAX}")
        faults += [f"models: {model}; expected noise and share above 0" for model in self.models
                   if not (model.noise > 0 and model.share > 0)]
        faults += [f"{name}: {getattr(self, name)!r}; expected a probability below 1"
                   for name in ("confirm", "drop", "garble_height", "scan_share")
                   if not getattr(self, name) < 1]
        if not float(self.sweep_s / self.bucket_s).is_integer():
            faults.append("sweep_s: expected a whole multiple of bucket_s")
        faults += self._faults_of_areas()
        if faults:
            raise ConfigProblem("tuning", faults)

    def _faults_of_areas(self) -> list[str]:
        faults = []
        if len(self.areas) > AREAS_MAX:
            faults.append(f"areas: {len(self.areas)}; expected at most {AREAS_MAX}")
        for area in self.areas:
            found = faults_of_shape(area)
            found += [f"{name}: expected a setting of a track"
                      for name, _ in area.changes if name not in OF_A_TRACK]
            if not found:
                try:
                    within(self, area)
                except ConfigProblem as problem:
                    found += problem.faults
            faults += [f"area {area.name!r}, {fault}" for fault in found]
        return faults


MAY_BE_ANY = {"models", "code_match", "code_mismatch", "address_match", "address_mismatch",
              "registration_s", "near_penalty", "late_s_max", "areas",
              "joint_sure"}


def within(tuning: Tuning, area: Area) -> Tuning:
    """The settings in force in an area. Raises `ConfigProblem`."""
    whole = {item.name for item in fields(Tuning) if isinstance(getattr(tuning, item.name), int)}
    changes: dict[str, Any] = {name: int(value) if name in whole else value
                               for name, value in area.changes}
    return replace(tuning, areas=(), **changes)


def faults_of_shape(area: Area) -> list[str]:
    """What is wrong with where an area is, in words."""
    faults = []
    if area.corners and not 3 <= len(area.corners) <= CORNERS_MAX:
        faults.append(f"polygon: {len(area.corners)} corners; expected 3 to {CORNERS_MAX}")
    if not all(abs(latitude) <= math.pi / 2 and abs(longitude) <= math.pi
               for latitude, longitude in (*area.corners, area.centre)):
        faults.append("expected latitudes of -90 to 90 and longitudes of -180 to 180 degrees")
    if not area.floor_m < area.ceiling_m:
        faults.append(f"floor {area.floor_m:g} m, ceiling {area.ceiling_m:g} m; expected the floor "
                      "below the ceiling")
    if not area.corners and not 0 < area.radius_m <= REACH_MAX_RAD * EARTH_M:
        faults.append(f"radius {area.radius_m:g} m; expected more than 0 and at most "
                      f"{REACH_MAX_RAD * EARTH_M / 1000:.0f} km")
    elif not faults and not shape_of(area)[2] >= math.cos(REACH_MAX_RAD):
        faults.append("polygon: expected all corners within "
                      f"{math.degrees(REACH_MAX_RAD):.0f} degrees of its middle")
    return faults

"""What registration knows of each sensor, in words and numbers for people and messages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jointsky.model.sensor import Sensor
from jointsky.track.arrays import NEVER
from jointsky.track.registration import (
    AZIMUTH,
    RANGE,
    SENSORS_MAX,
    TIME,
    Registration,
    sigmas_of,
)
from jointsky.track.windows import GIVEN, OUTSIDE, PLACE, REFERENCE, ROTATING

# Roles of sensors, in words.
ROLE = {ROTATING: "learned", GIVEN: "given", REFERENCE: "reference", PLACE: "learned",
        OUTSIDE: "none"}
NUMBERS = {ROTATING: ("range", "azimuth", "time"), REFERENCE: ("", "", "time"),
           PLACE: ("east", "north", "time")}
# A number whose sigma is still this part of what it was beforehand is hardly observed.
WEAK_PART = 0.5
LARGE_SIGMAS, DRIFT_SIGMAS = 4.0, 3.0
REFUSED_PART, REFUSED_MIN = 0.5, 10


@dataclass(frozen=True, slots=True)
class BiasEstimate:
    """Biases of one sensor, measured minus true, with one sigma each.

    role: "learned", "given", "reference" or "none". bias, sigma: range m, azimuth rad, time s; of a
    source of positions that is no reference east m, north m, time s (`placed`). drift,
    drift_sigma: their change per hour. plots, windows: what they were learned from; refused:
    windows that did not fit. warning: empty, or what a person should know.
    """

    sensor_id: int
    role: str
    placed: bool
    bias: tuple[float, float, float]
    sigma: tuple[float, float, float]
    drift: tuple[float, float, float]
    drift_sigma: tuple[float, float, float]
    plots: int
    windows: int
    refused: int
    warning: str

    @property
    def known(self) -> bool:
        """Whether the numbers mean something: given, or learned from some aircraft."""
        return self.role == "given" or (self.role != "none" and self.windows > 0)


def estimates_of(registration: Registration, sensors: tuple[Sensor, ...]) -> list[BiasEstimate]:
    """What is known of each sensor, in their order; beyond the limit of registration nothing."""
    sigmas = sigmas_of(registration)
    found = []
    for row, sensor in enumerate(sensors[:SENSORS_MAX]):
        role = int(registration.roles[row])
        plots, windows, refused = registration.tally[row].tolist()
        bias, drift = registration.mean[:, row].tolist()
        sigma, drift_sigma = sigmas[:, row].tolist()
        if role == GIVEN:
            sigma, drift_sigma = [0.0] * 3, [0.0] * 3
        found.append(BiasEstimate(
            sensor.sensor_id, ROLE[role], role in (PLACE, REFERENCE), tuple(bias), tuple(sigma),
            tuple(drift), tuple(drift_sigma), plots, windows, refused,
            _warning(registration, row, sigmas)))
    return found


def _warning(registration: Registration, row: int, sigmas: np.ndarray) -> str:
    """What is wrong with the estimates of a sensor, in words; empty if nothing is."""
    role = int(registration.roles[row])
    if role in (GIVEN, OUTSIDE):
        return ""
    _, windows, refused = registration.tally[row].tolist()
    if windows + refused == 0:
        # A window lasts a while, and its plots wait until no late one can come.
        begins = registration.active and bool((registration.learned_ns == NEVER).any())
        return "not observed yet" if begins else "not observable: no aircraft in common"
    said = []
    before, name = registration.sigma[row], NUMBERS[role]
    weak = [name[c] for c in (RANGE, AZIMUTH, TIME)
            if name[c] and sigmas[0, row, c] > WEAK_PART * before[c]]
    if weak and role != REFERENCE:
        said.append(f"{' and '.join(weak)} weakly observed")
    if refused >= REFUSED_MIN and refused > REFUSED_PART * (windows + refused):
        said.append("does not fit the others: noise misstated, or bias changed")
    large = [name[c] for c in (RANGE, AZIMUTH, TIME)
             if name[c] and abs(registration.mean[0, row, c]) > LARGE_SIGMAS * before[c]]
    if large:
        said.append(f"{' and '.join(large)} bias unusually large")
    drifts = [name[c] for c in (RANGE, AZIMUTH, TIME) if name[c]
              and abs(registration.mean[1, row, c]) > DRIFT_SIGMAS * sigmas[1, row, c]]
    if drifts:
        said.append(f"{' and '.join(drifts)} drifting")
    return "; ".join(said)

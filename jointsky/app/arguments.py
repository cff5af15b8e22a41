"""Arguments that several commands take: places of sensors, a date."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from jointsky.agreement.periods import parse_moment
from jointsky.app.help import SENSOR_FORM
from jointsky.engine.sensing import RADAR_PERIOD_S, RADAR_RANGE_M, radar
from jointsky.model.errors import UsageProblem
from jointsky.model.sensor import Sensor, sensor_id_of

_SENSOR = re.compile(r"(\d{1,3})/(\d{1,3})=([^=]+)")


def parse_sensors(texts: Sequence[str]) -> tuple[Sensor, ...]:
    """Sensors given as `--sensor 20/129=41.3,2.1,27`. Raises `UsageProblem`."""
    sensors = tuple(_parse_sensor(text) for text in texts)
    twice = len(sensors) - len({sensor.sensor_id for sensor in sensors})
    if twice:
        raise UsageProblem("--sensor", "a sensor is given twice", expected="each once")
    return sensors


def _parse_sensor(text: str) -> Sensor:
    def refuse(problem: str) -> UsageProblem:
        return UsageProblem(f"--sensor {text}", problem, expected=SENSOR_FORM)

    found = _SENSOR.fullmatch(text.strip())
    if not found:
        raise refuse("not in that form")
    sac, sic = int(found[1]), int(found[2])
    if sac > 255 or sic > 255:
        raise refuse("SAC and SIC are 0 to 255")
    try:
        numbers = [float(part) for part in found[3].split(",")]
    except ValueError as error:
        raise refuse(str(error)) from None
    if not 3 <= len(numbers) <= 5 or not all(math.isfinite(number) for number in numbers):
        raise refuse(f"{len(numbers)} numbers")
    latitude, longitude, height_m = numbers[:3]
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise refuse("latitude is -90 to 90, longitude -180 to 180")
    assumed = [0.0, 0.0, 0.0, RADAR_RANGE_M, RADAR_PERIOD_S]
    range_m, period_s = (numbers + assumed[len(numbers):])[3:]
    if range_m <= 0 or period_s <= 0:
        raise refuse("range and period are more than 0")
    sensor = radar(sensor_id_of(sac, sic), math.radians(latitude), math.radians(longitude),
                   height_m, period_s)
    return replace(sensor, max_range_m=range_m)


def parse_at(text: str | None, now_ns: int) -> int:
    """UTC ns of an instant given as `--at 2028-11-02`; now_ns if none was. Raises
    `UsageProblem`."""
    return now_ns if text is None else parse_moment_of("--at", text)


def parse_moment_of(option: str, text: str) -> int:
    """UTC ns of an instant given with an option. Raises `UsageProblem`."""
    try:
        return parse_moment(text)
    except ValueError as error:
        raise UsageProblem(option, str(error)) from None


def parse_date(text: str | None) -> date | None:
    """A UTC date given as `--date 2023-05-02`. Raises `UsageProblem`."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageProblem("--date", f"'{text}' is no date", expected="YYYY-MM-DD") from None

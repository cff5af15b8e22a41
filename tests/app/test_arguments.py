"""What commands share: places of sensors and dates, and how they are refused."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from jointsky.app.arguments import parse_date, parse_sensors
from jointsky.model.errors import UsageProblem


def test_a_sensor_is_its_place_and_what_is_assumed() -> None:
    near, far = parse_sensors(["20/129=41.3007,2.1021,27", "1/2=-10,-20,5,100000,4"])
    assert (near.sac, near.sic, near.height_m) == (20, 129, 27)
    assert np.degrees(near.latitude_rad) == pytest.approx(41.3007)
    assert (near.period_s, near.max_range_m) == (10.0, 470_000.0)
    assert (far.period_s, far.max_range_m) == (4.0, 100_000.0)


def test_range_alone_may_be_given() -> None:
    sensor, = parse_sensors(["1/2=10,20,5,100000"])
    assert (sensor.period_s, sensor.max_range_m) == (10.0, 100_000.0)


@pytest.mark.parametrize("text", ["", "20=1,2,3", "20/300=1,2,3", "20/1=1,2", "20/1=1,x,3",
                                  "20/1=91,0,0", "20/1=0,181,0", "20/1=1,2,3,0", "20/1=1,2,3,4,5,6",
                                  "20/1=nan,2,3"])
def test_anything_else_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(UsageProblem, match="expected SAC/SIC=LATITUDE"):
        parse_sensors([text])


def test_a_sensor_twice_is_refused() -> None:
    with pytest.raises(UsageProblem, match="twice"):
        parse_sensors(["1/2=0,0,0", "1/2=0,0,0"])


def test_dates() -> None:
    assert parse_date(None) is None
    assert parse_date("2023-05-02") == date(2023, 5, 2)
    with pytest.raises(UsageProblem, match="YYYY-MM-DD"):
        parse_date("2.5.2023")

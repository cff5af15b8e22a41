"""Scenarios: the shipped one fits, a faulty one is told every fault with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from jointsky.model.errors import ConfigProblem
from jointsky.sim.scenario import parse_scenario

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "scenarios" / "kyrgyzstan.yaml"


def test_the_demo_has_what_it_promises() -> None:
    scenario = parse_scenario(EXAMPLE.read_text(), "kyrgyzstan")
    assert 40 <= scenario.aircraft <= 80
    assert [sensor.kind for sensor in scenario.sensors] == ["psr+ssr", "psr+ssr", "adsb"]
    assert any(group.transponder == "none" for group in scenario.traffic)
    assert any(group.adsb_share > 0 for group in scenario.traffic)


def test_every_fault_is_told_at_once_with_its_line() -> None:
    text = EXAMPLE.read_text()
    for right, wrong in (("period_s: 5\n", "period_s: fast\n"), ("range_km: 370", "rnage_km: 370"),
                         ("latitude_deg: 42.460", "latitude_deg: 142.460"),
                         ("speed_ms: [40, 65]", "speed_ms: [65, 40]")):
        assert right in text
        text = text.replace(right, wrong, 1)
    with pytest.raises(ConfigProblem) as raised:
        parse_scenario(text, "mine.yaml")
    faults = raised.value.faults
    lines = text.splitlines()

    def line_of(part: str) -> int:
        return next(number for number, line in enumerate(lines, 1) if part in line)

    for part, word in (("period_s: fast", "valid number"), ("rnage_km", "no such key"),
                       ("142.460", "less than or equal to 90"), ("name: light", "rising")):
        assert any(f"line {line_of(part)}," in fault and word in fault for fault in faults), part
    assert "mine.yaml" in str(raised.value)


@pytest.mark.parametrize(("text", "word"), [
    ("- 1\n- 2\n", "expected keys"),
    ("name: [", "not YAML"),
    ("a: &x [1]\nb: *x\n", "aliases"),
    ("[" * 5_000, "not YAML"),
    ("name: x\n", "missing"),
    ("x" * 1_000_001, "at most"),
])
def test_what_is_no_scenario_is_refused_clearly(text: str, word: str) -> None:
    with pytest.raises(ConfigProblem, match=word):
        parse_scenario(text, "mine.yaml")


def test_unknown_points_and_doubled_sensors_are_refused() -> None:
    text = EXAMPLE.read_text()
    with pytest.raises(ConfigProblem, match="not listed: Nowhere"):
        parse_scenario(text.replace("[Manas, Tamchy]", "[Manas, Nowhere]"), "x")
    with pytest.raises(ConfigProblem, match="same sac and sic"):
        parse_scenario(text.replace("sic: 12", "sic: 11"), "x")

"""Unit configuration: the shipped one fits; faults are told all at once, with lines."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import pytest

from jointsky.app.config import editions_of, load_config, parse_config, sensors_of, unit_of
from jointsky.model.errors import ConfigProblem, FileProblem
from jointsky.model.world import World

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "units" / "kant.toml"
TEXT = EXAMPLE.read_text()


def test_the_example_is_read_in_si_units() -> None:
    config = load_config(EXAMPLE)
    assert unit_of(config).unit_id == 200 << 8 | 1
    radar = sensors_of(config)[1]
    assert radar.name == "Jalal-Abad radar"
    assert math.isclose(math.degrees(radar.latitude_rad), 40.95)
    assert math.isclose(math.degrees(radar.sigma_azimuth_rad), 0.08)
    assert radar.max_range_m == 370_000
    assert editions_of(config) == {"Issyk-Kul ADS-B": {21: "2.4"}}
    assert config.world is World.LIVE
    assert config.console.host == "127.0.0.1"


def test_every_fault_is_told_with_its_line() -> None:
    text = TEXT
    wrongs = (("sac = 200\nsic = 12", "sac = 300\nsic = 12"), ('kind = "adsb"', 'kind = "adbs"'),
              ('udp = "127.0.0.1:8601"', 'udp = "127.0.0.1"'), ("keep_h = 744", "keeps_h = 744"),
              ("port = 8470", 'port = "many"'), ('nation = "KGZ"\nsac', 'nation = "Kyrgyz"\nsac'))
    for right, wrong in wrongs:
        assert right in text
        text = text.replace(right, wrong, 1)
    with pytest.raises(ConfigProblem) as raised:
        parse_config(text, "my.toml")
    faults = raised.value.faults
    assert len(faults) == len(wrongs)
    lines = text.splitlines()
    for part, word in (("sac = 300", "less than or equal to 255"),
                       ("adbs", "expected 'psr', 'ssr'"),
                       ('udp = "127.0.0.1"', "ADDRESS:PORT"), ("keeps_h", "no such key"),
                       ("many", "valid integer"), ("Kyrgyz", "pattern")):
        number = next(n for n, line in enumerate(lines, 1) if part in line)
        assert any(f"line {number}," in fault and word in fault for fault in faults), (part, faults)


@pytest.mark.parametrize(("old", "new", "word"), [
    ("sic = 12", "sic = 11", "the same sac/sic: 200/11"),
    ('name = "Jalal-Abad radar"\nudp', 'name = "Kant radar"\nudp', "the same name"),
    ('udp = "127.0.0.1:8600"', 'recording = "x.ast"', "mix recordings with live"),
    ('udp = "127.0.0.1:8600"', "", "either `udp` or `recording`"),
    ('host = "127.0.0.1"', 'host = "10.1.2.3"', "origins"),
    ('host = "127.0.0.1"', 'host = "everywhere"', "an address"),
    ("[journal]", "[jornal]", "no such key"),
])
def test_what_does_not_go_together_is_refused(old: str, new: str, word: str) -> None:
    assert old in TEXT
    with pytest.raises(ConfigProblem, match=word):
        parse_config(TEXT.replace(old, new, 1), "my.toml")


@pytest.mark.parametrize("text", ["", "[unit", "a = 1\na = 2", "x" * 100, "\x00", "[[[[", "=",
                                  "a = " + "[" * 3_000])
def test_any_text_is_refused_without_a_crash(text: str) -> None:
    with pytest.raises(ConfigProblem):
        parse_config(text, "my.toml")


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match=r"no\.toml"):
        load_config(tmp_path / "no.toml")


def test_the_command_ends_with_status_2_and_says_where(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(TEXT.replace("period_s = 5", "period_s = -5", 1))
    done = subprocess.run([sys.executable, "-m", "jointsky", "unit", str(path)],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "bad.toml" in done.stderr and "line 23, sensor 1, period_s" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_key_is_on_the_administrators_page() -> None:
    from jointsky.app import config
    page = (EXAMPLE.parents[2] / "docs" / "administrators.md").read_text()
    absent = [f"{section.__name__}.{key}" for section in vars(config).values()
              if isinstance(section, type) and issubclass(section, config.Section)
              for key in section.model_fields if f"`{key}`" not in page]
    assert not absent

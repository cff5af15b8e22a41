"""Tuning files: what they say is in force; their faults are told all at once."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from jointsky.app.config import UnitConfig, load_config, tuning_of
from jointsky.app.tuning import load_tuning, parse_tuning
from jointsky.engine.state import TUNING
from jointsky.model.errors import ConfigProblem, FileProblem
from jointsky.track.areas import Area
from jointsky.track.tuning import Model, Tuning

ROOT = Path(__file__).resolve().parents[2]


def test_the_example_is_read() -> None:
    tuning = load_tuning(ROOT / "examples" / "tuning" / "kant.toml")
    assert tuning.coast_s_max == 45
    assert [area.name for area in tuning.areas] == ["hills south of the valley", "aerodrome"]
    assert tuning.areas[0].changes == (("births", 0.05), ("confirm", 0.999), ("hits_confirm", 4.0))
    assert tuning.areas[1] == Area(
        "aerodrome", centre=(math.radians(42.853), math.radians(74.846)), radius_m=15_000,
        ceiling_m=2500, changes=(("coast_s_max", 60.0),))


def test_an_empty_file_changes_nothing() -> None:
    assert parse_tuning("", "t.toml") == Tuning()
    models = parse_tuning("[tuning]\nmodels = [[0, 1, 60], [2, 9.5, 30]]\n", "t.toml").models
    assert models == (Model(0, 1, 60), Model(2, 9.5, 30))


BAD = """[tuning]
confirmed = 0.9
hits_confirm = 2.5
drop = "half"
models = [[1, 2]]

[[area]]
name = "x"
polygon = [[1, 2], [3, 4]]
bucket_s = 1

[[area]]
name = "x"
polygon = [[1, 2], [3, 4], [1, 5]]
circle = [1, 2, 3]

[[area]]
circle = [1, 2]
confirm = nan

[other]
"""


def test_all_faults_are_told_with_their_lines() -> None:
    with pytest.raises(ConfigProblem) as refused:
        parse_tuning(BAD, "t.toml")
    faults = refused.value.faults
    for start in ("area 'x': two areas", "other: no such table", "line 2, confirmed: no such",
                  "line 3, hits_confirm: 2.5; expected a whole", "line 4, drop: 'half'",
                  "line 5, models: expected a list", "line 9, area 'x', polygon: 2 corners",
                  "line 10, bucket_s: no such setting for an area", "line 12, area 'x': expected",
                  "line 17, area, name", "line 18, area '3', circle: expected [latitude",
                  "line 19, confirm: nan"):
        assert any(fault.startswith(start) for fault in faults), (start, faults)
    assert len(faults) == 12
    with pytest.raises(ConfigProblem, match="below 1"):
        parse_tuning("[tuning]\nconfirm = 1.5\n", "t.toml")
    with pytest.raises(ConfigProblem, match="not TOML"):
        parse_tuning("[tuning\n", "t.toml")
    with pytest.raises(FileProblem, match="cannot be read"):
        load_tuning(Path("no.toml"))


def test_a_unit_takes_its_tuning_into_the_journal(tmp_path: Path) -> None:
    """A replay has the settings there were, whatever has become of the file."""
    file = tmp_path / "tuning.toml"
    file.write_text("[tuning]\nconfirm = 0.9\n")
    text = (ROOT / "examples" / "units" / "kant.toml").read_text()
    whole = tmp_path / "unit.toml"
    whole.write_text(text + f'\n[tuning]\nfile = "{file}"\n')
    config = load_config(whole)
    file.write_text("[tuning]\nconfirm = 3\n")
    again = UnitConfig.model_validate_json(config.model_dump_json())
    assert tuning_of(again) == replace(TUNING, confirm=0.9)
    with pytest.raises(ConfigProblem, match=r"tuning\.toml"):
        load_config(whole)

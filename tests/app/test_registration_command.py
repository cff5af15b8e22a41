"""`jointsky registration`: the table, the drawing, the numbers."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from jointsky.app.biasplot import BAR, bar
from jointsky.app.cli import build
from jointsky.app.folders import write_folder
from jointsky.app.registration import Course, why_nothing
from jointsky.codec.plotfolder import read_biases
from jointsky.track.estimates import BiasEstimate


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plots") / "f"
    write_folder(path, seed=17, aircraft=60, radars=3, adsb=True)
    return path


def test_biases_of_a_folder_are_found(folder: Path, tmp_path: Path) -> None:
    out, drawn = tmp_path / "b.json", tmp_path / "b.svg"
    result = CliRunner().invoke(build(), [
        "registration", str(folder), "--json", str(out), "--plot", str(drawn), "--against",
        str(folder / "bias.csv")], env={"COLUMNS": "140"})
    assert result.exit_code == 0, result.output
    truth = read_biases(folder / "bias.csv")
    rows = {row["sensor_id"]: row for row in json.loads(out.read_text())}
    assert set(rows) == {0, 1, 2, 3} and rows[0]["role"] == "reference"
    for sensor_id, true in truth.items():
        row = rows[sensor_id]
        for place, value in enumerate(true):
            assert abs(row["bias"][place] - value) < 4 * row["sigma"][place]
        assert row["windows"] > 20 and row["sigma"][0] < 30
        assert f"{row['bias'][0]:+.0f} ±" in result.stdout
    assert "Against the true biases" in result.stdout
    image = ElementTree.fromstring(drawn.read_text())
    lines = [one for one in image.iter() if one.tag.endswith("polyline")]
    assert len(lines) == 3 + 3 + 4, "range and azimuth of three radars, time of ADS-B too"
    assert all(len(line.get("points").split()) > 30 for line in lines)


def test_json_alone(folder: Path) -> None:
    result = CliRunner().invoke(build(), ["registration", str(folder), "--json", "-"])
    assert [row["name"] for row in json.loads(result.stdout)][:2] == ["ADS-B", "SSR 1"]


def test_an_empty_table_says_why(tmp_path: Path) -> None:
    write_folder(tmp_path / "one", seed=17, aircraft=6, radars=1, adsb=False, seconds=60)
    result = CliRunner().invoke(build(), ["registration", str(tmp_path / "one")])
    assert result.exit_code == 0, result.output
    assert "nothing learned: all plots come from one sensor, SSR 1;" in result.stdout


def test_what_keeps_biases_from_being_learned_has_a_word_each() -> None:
    def why(role: str, *reporting: str) -> str:
        nothing = (0.0, 0.0, 0.0)
        one = BiasEstimate(1, role, False, nothing, nothing, nothing, nothing, 0, 0, 0, "")
        return why_nothing(Course(0, (), [one], reporting))

    assert "no plot of a known sensor" in why("learned")
    assert "given" in why("given", "A", "B")
    assert "no aircraft flew straight" in why("learned", "A", "B")


def test_a_bar_shows_value_and_error() -> None:
    middle = BAR // 2
    assert bar(0.0, 0.0, 1.0) == " " * middle + "o" + " " * middle
    drawn = bar(0.5, 0.25, 1.0)
    assert drawn[middle] == "|" and drawn.index("o") > middle and drawn.count("-") >= 2
    assert bar(9.0, 1.0, 1.0)[-1] == "o", "beyond the end it stays at the end"

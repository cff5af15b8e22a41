"""Plot folders of the project's own simulator."""

from __future__ import annotations

from pathlib import Path

import pytest

from jointsky import api
from jointsky.codec.plotfolder import read_biases, read_plot_folder
from jointsky.codec.trackfile import read_truth
from jointsky.model.errors import FileProblem, UsageProblem
from jointsky.model.schema import PlotKind
from jointsky.model.world import World


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_a_seed_gives_the_same_bytes_and_another_does_not(tmp_path: Path) -> None:
    for name, seed in (("one", 5), ("two", 5), ("three", 6)):
        api.simulate(tmp_path / name, seed, 10, 2, seconds=20)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert contents(tmp_path / "one").keys() == contents(tmp_path / "three").keys() == {
        "bias.csv", "plots.csv", "scenario.json", "sensors.csv", "truth.csv"}
    assert contents(tmp_path / "one")["plots.csv"] != contents(tmp_path / "three")["plots.csv"]


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    api.simulate(tmp_path, seed=7, aircraft=12, radars=3, seconds=40, adsb=True)
    folder, truth = read_plot_folder(tmp_path, World.STUDY), read_truth(tmp_path)
    assert [one.sensor_id for one in folder.sensors] == [0, 1, 2, 3]
    assert set(folder.plots.kind.tolist()) == {PlotKind.PSR, PlotKind.SSR, PlotKind.ADSB}
    assert folder.scenario.duration_s == 40 and folder.plots.time_ns.max() <= 40e9
    assert len(set(truth.target.tolist())) == 12
    assert set(read_biases(tmp_path / "bias.csv")) == {1, 2, 3}


@pytest.mark.parametrize(("numbers", "word"), [
    ({"seed": -1}, "seed"), ({"aircraft": 0}, "aircraft"), ({"aircraft": 10**9}, "aircraft"),
    ({"radars": 0}, "radars"), ({"radars": 64}, "radars"), ({"seconds": 0}, "seconds"),
    ({"seconds": 10**9}, "seconds")])
def test_numbers_out_of_limits_are_refused(tmp_path: Path, numbers: dict[str, int],
                                           word: str) -> None:
    given = {"seed": 1, "aircraft": 12, "radars": 2, "seconds": 4} | numbers
    with pytest.raises(UsageProblem, match=word):
        api.simulate(tmp_path / "plots", **given)
    assert not (tmp_path / "plots").exists()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "plots").write_text("a file")
    with pytest.raises(FileProblem, match="plots"):
        api.simulate(tmp_path / "plots", 1, 12, 2, seconds=4)

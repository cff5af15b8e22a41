"""Every command that stands in a code block of README or docs runs as it stands there."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from jointsky.app.cli import build
from jointsky.app.folders import write_folder
from jointsky.codec.asterix.from_batches import encode_plots
from jointsky.model.clock import NS_PER_S
from jointsky.model.schema import PlotBatch, PlotKind
from jointsky.model.sensor import sensor_id_of
from jointsky.model.world import World
from tests.app.lawful import write_journal
from tests.edge.ledgers import KANT, SOUTH, exchange, verifier

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
ENDLESS = {"demo", "replay", "unit"}
# Commands of which each needs what the one before it made; they run in the order of the page.
CHAINED = ("agreement key", "agreement act", "agreement sign", "agreement submit")


def commands(*, chained: bool = False) -> list[str]:
    """Lines that begin with `jointsky` inside code blocks, without their comments, in the order of
    the pages: those of a chain, or the others. Blocks of `text` are what programs print."""
    found = []
    for page in PAGES:
        for language, block in re.findall(r"```(\w*)\n(.*?)```", page.read_text(), re.DOTALL):
            if language == "text":
                continue
            for line in block.replace("\\\n", " ").splitlines():
                command = line.split(" #", maxsplit=1)[0].strip().removeprefix(".venv/bin/")
                if command.startswith("jointsky ") and chained == command.startswith(
                        tuple(f"jointsky {words}" for words in CHAINED)):
                    found.append(command)
    return list(dict.fromkeys(found))


def radar_file(path: Path) -> None:
    """Sixty seconds of two aircraft before radar 20/129."""
    n = 30
    plots = PlotBatch.blank(n, World.EXERCISE)
    plots.time_ns[:] = (1_683_014_400 + 4 * (np.arange(n) // 2)) * NS_PER_S
    plots.received_ns[:] = plots.time_ns
    plots.sensor_id[:] = sensor_id_of(20, 129)
    plots.kind[:] = PlotKind.MODE_S
    plots.range_m[:] = 60_000 + 800 * (np.arange(n) // 2) + 30_000 * (np.arange(n) % 2)
    plots.azimuth_rad[:] = 1 + np.arange(n) % 2
    plots.icao_address[:] = 0x600001 + np.arange(n) % 2
    plots.mode_c_m[:] = 9000
    for name in ("range_m", "azimuth_rad", "icao_address", "mode_c_m"):
        plots.present[:] |= PlotBatch.bit(name)
    path.write_bytes(b"".join(encode_plots(plots)))


def old_adsb_file(path: Path) -> None:
    """One CAT021 record of edition 0.23: source, target report descriptor, position."""
    items = bytes([20, 1]) + bytes([0, 0]) + bytes([0x1D, 0x6B, 0x00, 0x01, 0x7E, 0x00])
    record = bytes([0b11010000]) + items
    path.write_bytes(bytes([21, 0, 3 + len(record)]) + record)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the pages speak of."""
    folder = tmp_path_factory.mktemp("desk")
    for name in ("recording.ast", "radar.ast"):
        radar_file(folder / name)
    old_adsb_file(folder / "adsb.ast")
    write_folder(folder / "plots", seed=5, aircraft=12, radars=2)
    shutil.copytree(ROOT / "examples", folder / "examples")
    exchange(folder, 25, signed_each=10)
    write_journal(folder / "shared.journal", 20, "kgz-rus", "cis")
    (folder / "keys.txt").write_text(f"{verifier(KANT).text}\n{verifier(SOUTH).text}\n")
    return folder


def test_pages_hold_commands() -> None:
    words = {command.split()[1] for command in commands()}
    assert {"decode", "doctor", "track", "score", "replay"} <= words


@pytest.mark.parametrize("command", commands())
def test_a_command_of_a_page_runs(command: str, desk: Path,
                                  monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk)
    words = shlex.split(command)[1:]
    if "recording.ast" in words and words[0] == "replay":
        words += ["--sensor", "20/129=41.3,2.1,27"]  # this one has a radar in it
    if words[0] in ENDLESS and "--check" not in words:
        words += ["--duration", "1"]
    if words[0] in {"demo", "replay"}:
        words += ["--headless", "--port", "0"]
    if words[0] == "score" and not Path("tracks.parquet").exists():
        done = CliRunner().invoke(build(), ["track", "plots", "-o", "tracks.parquet"])
        assert done.exit_code == 0
    result = CliRunner().invoke(build(), words, catch_exceptions=False)
    assert result.exit_code == 0, result.output


def test_the_chain_of_an_act_runs(desk: Path, tmp_path: Path,
                                  monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(desk / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    chain = commands(chained=True)
    assert {" ".join(command.split()[1:3]) for command in chain} == set(CHAINED)
    persons = "persons:\n"
    for command in chain:
        result = CliRunner().invoke(build(), shlex.split(command)[1:], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        if command.startswith("jointsky agreement key"):
            persons += result.output
            Path("persons.yaml").write_text(persons)
    assert len(list(Path("acts").glob("*.json"))) == 1

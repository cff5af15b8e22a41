"""A unit as a process under an agreement: acts put into its folder take effect, and outlive a kill
and the loss of its journal."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from jointsky.app.cli import build
from tests.app.running import ROOT, Program, free_udp_port, running

pytestmark = pytest.mark.xdist_group("processes")
PACT = ROOT / "examples" / "agreements" / "kgz-rus-2022.yaml"


def run(line: str) -> str:
    result = CliRunner().invoke(build(), line.split())
    assert result.exit_code == 0 and result.exception is None, (line, result.output,
                                                                 result.exception)
    return result.output


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rows = [run(f"agreement key {name} --nation KGZ -o {name}.pem") for name in ("Asel", "Bakyt")]
    (tmp_path / "persons.yaml").write_text("persons:\n" + "".join(rows))
    run("agreement key unit --nation KGZ -o unit.pem")
    path = tmp_path / "unit.toml"
    path.write_text(f"""
[unit]
name = "Kant"
nation = "KGZ"
sac = 200
sic = 1
latitude_deg = 42.85
longitude_deg = 74.85
[[input]]
name = "radar"
udp = "127.0.0.1:{free_udp_port()}"
[journal]
path = "{tmp_path / 'unit.journal'}"
[console]
port = 0
[agreements]
folder = "{tmp_path / 'acts'}"
persons = "{tmp_path / 'persons.yaml'}"
ledger = "{tmp_path / 'unit.ledger'}"
key = "{tmp_path / 'unit.pem'}"
[[partner]]
name = "rus-1"
nation = "RUS"
udp = "127.0.0.1:{free_udp_port()}"
""")
    return path


def tell(kind: str) -> None:
    """An act on the seed agreement, by the usual way of two persons."""
    run(f"agreement act {kind} {PACT} --party KGZ --reason test --folder acts -o act.json")
    for name in ("Asel", "Bakyt"):
        run(f"agreement sign act.json --name {name} --key {name}.pem")
    run("agreement submit act.json --folder acts --persons persons.yaml")


def phases(told: dict[str, Any]) -> list[str]:
    return [one["phase"] for one in told["agreements"]]


def wait_for_phase(unit: Program, phase: str) -> None:
    unit.wait_for("/api/agreements", lambda told: phases(told) == [phase], 90)


def test_acts_outlive_a_kill_and_a_lost_journal(config: Path, tmp_path: Path) -> None:
    tell("activate")
    (tmp_path / "acts" / "forged.json").write_text("{}")
    with running("unit", str(config)) as unit:
        wait_for_phase(unit, "in force")
        unit.wait_for("/api/agreements",
                      lambda told: {one["accepted"] for one in told["acts"]} == {True, False}, 30)
        tell("suspend")
        wait_for_phase(unit, "suspended")
        os.kill(unit.process.pid, signal.SIGKILL)
        unit.process.wait()
    assert (tmp_path / "acts" / "refused" / "forged.json.why.txt").read_text()
    with running("unit", str(config)) as unit:
        wait_for_phase(unit, "suspended")
    for file in tmp_path.glob("unit.journal*"):
        file.unlink()
    with running("unit", str(config)) as unit:
        wait_for_phase(unit, "suspended")
        tell("resume")
        wait_for_phase(unit, "in force")
    assert "whole: every record" in run("ledger verify unit.ledger")
    run("ledger export unit.ledger -o records.jsonl")
    kinds = [json.loads(line) for line in (tmp_path / "records.jsonl").read_text().splitlines()]
    told = [one for one in map(str, kinds) if "'kind': 'act'" in one]
    assert [any(f"'act': '{kind}'" in one for one in told)
            for kind in ("activate", "suspend", "resume")] == [True] * 3
    assert len(told) == 3

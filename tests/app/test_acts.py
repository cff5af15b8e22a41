"""Two persons draw up, sign and submit acts on the command line; what is missing is said."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from jointsky.agreement.persons import parse_persons
from jointsky.app.cli import build
from jointsky.edge.acts import ActsFolder
from jointsky.edge.clock import WallClock
from jointsky.engine.law import law_of, obey, standings_of
from jointsky.model.errors import InputError

ROOT = Path(__file__).resolve().parents[2]


def run(line: str) -> str:
    result = CliRunner().invoke(build(), line.split())
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "examples" / "agreements" / "kgz-rus-2022.yaml", tmp_path / "pact.yaml")
    rows = [run(f"agreement key {name} --nation KGZ -o {name}.pem") for name in ("Asel", "Bakyt")]
    (tmp_path / "persons.yaml").write_text("persons:\n" + "".join(rows))
    return tmp_path


def take_all(desk: Path) -> list[tuple[bool, str]]:
    """What a unit of KGZ makes of what lies in its folder."""
    folder = ActsFolder(desk / "acts")
    folder.waiting()
    law = law_of("KGZ", parse_persons((desk / "persons.yaml").read_text(), "persons.yaml"))
    commands, now_ns = folder.waiting(), WallClock().now_ns()
    law, outcomes = obey(law, commands, now_ns)
    for command, outcome in zip(commands, outcomes, strict=True):
        folder.settle(command, now_ns if outcome.accepted else None, outcome.act, outcome.text)
    return [(outcome.accepted, outcome.text) for outcome in outcomes] + [
        (bool(standings_of(law, now_ns).in_force), "in force")]


def test_two_persons_bring_an_agreement_into_force(desk: Path) -> None:
    run("agreement act activate pact.yaml --party KGZ --reason ratified -o act.json")
    run("agreement sign act.json --name Asel --key Asel.pem")
    with pytest.raises(InputError, match="two different persons of KGZ"):
        run("agreement submit act.json --folder acts --persons persons.yaml")
    assert "Asel, Bakyt" in run("agreement sign act.json --name Bakyt --key Bakyt.pem")
    run("agreement submit act.json --folder acts --persons persons.yaml")
    (accepted, _), (in_force, _) = take_all(desk)
    assert accepted and in_force
    # The next act follows the one that was accepted.
    run("agreement act notice pact.yaml --party KGZ --reason a_test --folder acts -o next.json")
    first = next(ActsFolder(desk / "acts").accepted())
    assert first[1][7:23] in (desk / "next.json").read_text()


def test_a_key_is_never_written_over(desk: Path) -> None:
    with pytest.raises(InputError, match="there is a file of that name"):
        run("agreement key Asel --nation KGZ -o Asel.pem")


def test_an_act_that_lacks_something_is_not_drawn_up(desk: Path) -> None:
    with pytest.raises(InputError, match="grant: missing"):
        run("agreement act revoke pact.yaml --party KGZ --reason a_test -o act.json")
    with pytest.raises(InputError, match="expected a date"):
        run("agreement act notice pact.yaml --party KGZ --reason x -o a.json --effective soon")

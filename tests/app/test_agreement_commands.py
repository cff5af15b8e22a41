"""`jointsky agreement check|show|diff|calendar` as a person sees them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from jointsky.agreement.acts import parse_act
from jointsky.app.cli import build
from jointsky.edge.acts import ActsFolder
from jointsky.edge.clock import WallClock
from jointsky.model.command import Command

ROOT = Path(__file__).resolve().parents[2]
PACT = "examples/agreements/kgz-rus-2022.yaml"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(build(), ["agreement", *words], catch_exceptions=False)


def test_check_says_where_what_and_by_which_check(desk: Path) -> None:
    result = run("check", "examples/agreements", "--at", "2026-11-23")
    assert result.exit_code == 0
    assert ("examples/agreements/rus-blr-2009.yaml:28: warning: life: not ratified by RUS: nothing "
            "goes before [not-ratified]") in result.stdout.splitlines()
    assert "8 read, 0 refused: 0 errors, 3 warnings," in result.stderr
    assert run("check", "examples/agreements", "--at", "2026-11-23", "--strict").exit_code == 2


def test_check_judges_at_the_time_it_is_told(desk: Path) -> None:
    seed = [PACT, "examples/agreements/cis-1995.yaml"]
    before = run("check", *seed, "--at", "2027-05-02T00:00:00Z").stdout
    after = run("check", *seed, "--at", "2027-05-04").stdout
    assert "[end-near]" not in before
    assert ("kgz-rus-2022.yaml:55: warning: life, notice: last day to give notice: 2028-05-02, in "
            "364 days [end-near]") in after


def test_check_reads_on_where_one_file_is_bad(desk: Path) -> None:
    (desk / "bad.yaml").write_text("id: x\n")
    (desk / "worse.yaml").write_text("[")
    command = ["check", "bad.yaml", "worse.yaml", PACT]
    with pytest.raises(Exception, match=r"worse\.yaml: 1 fault"):
        run(*command)


def test_check_knows_sensors_and_partners_of_a_unit(desk: Path) -> None:
    unit = desk / "examples" / "units" / "kant.toml"
    found = run("check", PACT, "--unit", str(unit)).stdout
    assert "[sensor-unlike]" not in found and "[links-unknown]" in found
    text = unit.read_text()
    assert 'name = "Kant radar"\nsac = 200\nsic = 11' in text
    unit.write_text(text.replace('name = "Kant radar"\nsac = 200\nsic = 11',
                                 'name = "Kant radar"\nsac = 200\nsic = 13', 1))
    assert "Kant radar 200/11 is no sensor of the unit [sensor-unlike]" in run(
        "check", PACT, "--unit", str(unit)).stdout


def test_show_tells_everything_and_who_says_so(desk: Path) -> None:
    shown = run("show", PACT, "--at", "2026-11-23").stdout
    rows = [" ".join(line.split()) for line in shown.splitlines()]
    assert "By the text alone, on 2026-11-23: in force, in force since 2023-11-02" in rows
    for row in ("KGZ Kyrgyz Republic azernews",
                "ratified by RUS 2023-05-29: Federal law, signed by the President, No. 183-FZ "
                "azernews",
                "kant-plot Plot beside Kant air base KGZ 5 polygon of 4 corners sputnik; assumed: "
                "shape",
                "coordinates RUS Commander-in-Chief of the Aerospace Forces all rossa",
                "kgz-approaches KGZ RUS tracks approaches, from 1000 m without manoeuvre grid of "
                "500 m; accuracy 200 m joint air picture (assumed) assumed"):
        assert row in rows, row
    assert any(row.startswith("kant-post RUS kant-plot 2023-11-02 end of the agreement")
               and row.endswith("Kant radar 200/11 KGZ 2023-11-02 assumed") for row in rows)
    assert not [row for row in rows if row.startswith("expired")]
    assert "draft, not signed" in run("show", PACT, "--at", "2022-01-01").stdout


def test_diff_says_which_grants_became_wider_or_narrower(desk: Path) -> None:
    old = (desk / PACT).read_text()
    new = (old.replace("version: 1", "version: 2").replace("term: P5Y", "term: P10Y")
           .replace("radius_km: 150", "radius_km: 120").replace("floor_m: 1000", "floor_m: 500", 1)
           .replace("  - id: kgz-coverage\n", "  - id: kgz-coverages\n"))
    (desk / "new.yaml").write_text(new)
    lines = run("diff", PACT, "new.yaml").stdout.splitlines()
    for line in ("  ~ version: 1 -> 2", "  ~ term: P5Y -> P10Y",
                 "  ~ kant: shape narrower: 70,683 km2 -> 45,238 km2",
                 "  ~ kgz-approaches: height wider: from 1000 m -> from 500 m",
                 "  ~ rus-plots: area narrower: kant (70,683 km2) -> kant (45,238 km2)"):
        assert line in lines, line
    assert [line[:17] for line in lines if line[2] in "+-"] == ["  - kgz-coverage:",
                                                               "  + kgz-coverages"]
    assert run("diff", PACT, PACT).stdout == "no difference\n"


def test_calendar_tells_what_comes(desk: Path) -> None:
    shown = run("calendar", PACT, "--at", "2028-04-10").stdout
    rows = [" ".join(line.split()) for line in shown.splitlines()]
    assert rows[0] == "kgz-rus, version 1: in force"
    for row in ("2022-08-16 -2,064 signed", "2028-04-10 now: in force since 2023-11-02",
                "2028-05-02 +22 last day to give notice",
                "2028-11-02 +206 term ends, and is renewed unless notice is given"):
        assert row in rows, row
    assert rows[-1] == "last day to give notice: 2028-05-02, in 22 days"


def test_calendar_counts_the_acts_that_a_unit_has_accepted(desk: Path) -> None:
    keys = [run("key", name, "--nation", "KGZ", "-o", f"{name}.pem").stdout for name in "AB"]
    (desk / "persons.yaml").write_text("persons:\n" + "".join(keys))
    folder = ActsFolder(desk / "acts")
    for kind in ("activate", "notice"):
        run("act", kind, PACT, "--party", "KGZ", "--reason", "a test", "--folder", "acts", "-o",
            "act.json")
        for name in "AB":
            run("sign", "act.json", "--name", name, "--key", f"{name}.pem")
        text = (desk / "act.json").read_text()
        folder.settle(Command("act", "act.json", text), WallClock().now_ns(),
                      parse_act(text, "act.json").id, "")
    unit = (desk / "examples" / "units" / "kant.toml").read_text()
    (desk / "unit.toml").write_text(unit + '[agreements]\nfolder = "acts"\npersons = "persons.yaml"'
                                    '\nledger = "kant.ledger"\nkey = "A.pem"\n')
    by_acts = run("calendar", PACT, "--unit", "unit.toml").stdout
    assert "notice given" in by_acts and "KGZ gave notice" in by_acts
    assert "gave notice" not in run("calendar", PACT).stdout

"""Bad input of every command: one message with file, place and expectation; status 2; no trace."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from jointsky.app.cli import GROUPS, commands, main
from jointsky.codec.recordings import pcap
from tests.app.test_documents import radar_file
from tests.edge.ledgers import exchange

ROOT = Path(__file__).resolve().parents[2]
PLACE = "20/129=41.3,2.1,27"


@pytest.fixture(scope="module")
def ledgers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ledgers")
    _, south = exchange(folder, 4, signed_each=2)
    damaged = bytearray(south.read_bytes())
    damaged[4096:] = bytes(len(damaged) - 4096)
    (folder / "damaged.ledger").write_bytes(damaged)
    return folder


@pytest.fixture
def desk(tmp_path: Path, ledgers: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    radar_file(tmp_path / "radar.ast")
    whole = (tmp_path / "radar.ast").read_bytes()
    (tmp_path / "empty.ast").write_bytes(b"")
    (tmp_path / "text.txt").write_text("This is no recording of anything.\n" * 20)
    (tmp_path / "cut.ast").write_bytes(whole[:-7])
    (tmp_path / "cut.pcap").write_bytes(pcap.write([whole, whole], [1, 2])[:-5])
    (tmp_path / "unknown.ast").write_bytes(bytes([251, 0, 6, 1, 2, 3]))
    (tmp_path / "bad.toml").write_text('[unit]\nname = 3\nsacc = 1\n')
    (tmp_path / "bad.yaml").write_text("name: x\nseed: -1\n")
    (tmp_path / "broken.toml").write_text("[unit\n")
    pact = (ROOT / "examples" / "agreements" / "kgz-rus-2022.yaml").read_text()
    for name, old, new in PACTS:
        assert old in pact
        (tmp_path / name).write_text(pact.replace(old, new, 1))
    (tmp_path / "no-pacts").mkdir()
    shutil.copy(ROOT / "README.md", tmp_path / "page.parquet")
    for path in ledgers.iterdir():
        shutil.copy(path, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


# Agreements that are wrong: a whole one with one thing changed.
PACTS = [
    ("pact.yaml", "id: kgz-rus", "id: kgz-rus"),
    ("weapons.yaml", "grants:", "weapons: []\ngrants:"),
    ("party.yaml", "to: [RUS]", "to: [USA]"),
    ("nation.yaml", "nation: RUS", "nation: Russia"),
    ("dates.yaml", "signed: 2022-08-16", "signed: 2023-08-16"),
    ("crossed.yaml", "- [42.20, 80.25]", "- [39.00, 72.00]"),
    ("twice.yaml", "version: 1", "version: 1\nversion: 2"),
    ("period.yaml", "term: P5Y", "term: five years"),
    ("kind.yaml", "kind: bilateral", "kind: bilateral\ncomponent_of: [cis"),
    ("hectares.yaml", "area_ha: 5", "area_ha: 50"),
]
CASES = [
    ("decode missing.ast", "missing.ast: there is no such file; expected"),
    ("decode empty.ast", "empty.ast"),
    ("decode text.txt", "text.txt"),
    ("decode cut.ast", "cut.ast, byte"),
    ("decode cut.pcap", "cut.pcap, byte"),
    ("decode radar.ast --edition 048=9.9", "9.9"),
    ("decode radar.ast --edition 251=1.0", "251"),
    ("decode radar.ast --edition nonsense", "nonsense"),
    ("decode radar.ast -o out.xlsx", ".xlsx"),
    ("decode radar.ast --summary xml", "expected json"),
    ("decode radar.ast -o nowhere/out.csv", "nowhere"),
    ("doctor missing.ast", "missing.ast: there is no such file; expected"),
    ("doctor text.txt", "text.txt"),
    ("track missing.ast -o t.csv", "missing.ast: there is no such file; expected"),
    ("track radar.ast -o t.csv", "--sensor 20/129=LATITUDE,LONGITUDE,HEIGHT"),
    (f"track radar.ast -o t.txt --sensor {PLACE}", "expected .parquet or .csv"),
    ("track radar.ast -o t.csv --sensor 20/129=95,2.1,27", "latitude is -90 to 90"),
    (f"track radar.ast -o t.csv --sensor {PLACE} --date tomorrow", "YYYY-MM-DD"),
    (f"track radar.ast -o t.csv --sensor {PLACE} --step 0", "0.1 to 3600"),
    (f"track radar.ast -o t.csv --sensor {PLACE} --cat062 udp://nowhere", "udp://ADDRESS:PORT"),
    (f"track radar.ast -o t.csv --sensor {PLACE} --cat062 no/where.ast", "no/where.ast"),
    (f"track radar.ast -o t.csv --sensor {PLACE} --smooth --cat062 t.ast", "expected one of them"),
    (f"track radar.ast -o no/where.csv --sensor {PLACE}", "no/where.csv"),
    ("track . -o t.csv", "scenario.json"),
    ("agreement key Asel --nation KGZ -o bad.toml", "there is a file of that name"),
    ("agreement key Asel --nation KGZ -o no/where.pem", "no/where.pem"),
    ("agreement act notice bad.yaml --party KGZ --reason x -o a.json", "no such key"),
    ("agreement sign missing.json --name Asel --key k.pem", "missing.json: cannot be read"),
    ("agreement sign bad.yaml --name Asel --key k.pem", "expected an act in JSON"),
    ("agreement submit text.txt --folder acts --persons bad.yaml", "expected an act in JSON"),
    ("track . -o t.csv --tuning missing.toml", "missing.toml"),
    ("track . -o t.csv --tuning broken.toml", "broken.toml"),
    ("track . -o t.csv --tuning bad.toml", "unit: no such table; expected [tuning]"),
    ("track unknown.ast -o t.csv", "unknown.ast"),
    ("score . page.parquet", "scenario.json"),
    ("registration missing.ast", "missing.ast: there is no such file; expected"),
    ("registration .", "scenario.json"),
    ("registration radar.ast", "--sensor 20/129=LATITUDE,LONGITUDE,HEIGHT"),
    (f"registration radar.ast --sensor {PLACE} --plot b.png", "expected .svg"),
    (f"registration radar.ast --sensor {PLACE} --plot no/where.svg", "no/where.svg"),
    (f"registration radar.ast --sensor {PLACE} --json no/where.json", "no/where.json"),
    (f"registration radar.ast --sensor {PLACE} --against missing.csv", "missing.csv"),
    (f"registration . --sensor {PLACE}", "--sensor, --sensors, --edition and --date"),
    ("score missing tracks.csv", "missing"),
    ("replay missing.ast --headless --port 0", "missing.ast"),
    ("replay radar.ast --headless --port 0", "--sensor 20/129=LATITUDE,LONGITUDE,HEIGHT"),
    ("replay text.txt --headless --port 0", "text.txt"),
    ("unit missing.toml", "missing.toml"),
    ("warm now", "unexpected extra argument"),
    ("unit broken.toml", "broken.toml"),
    ("unit bad.toml", "sacc"),
    ("demo --headless --port 0 --scenario bad.yaml", "bad.yaml"),
    ("demo --headless --port 0 --scenario missing.yaml", "missing.yaml"),
    ("agreement check missing.yaml", "missing.yaml: cannot be read"),
    ("agreement check no-pacts", "no-pacts: no agreement in this folder; expected files *.yaml"),
    ("agreement check radar.ast", "radar.ast"),
    ("agreement check weapons.yaml", "line 151, weapons: no such key; see docs/agreements.md"),
    ("agreement check party.yaml", "line 155, grants 1, to: USA is no party; expected one of KGZ"),
    ("agreement check nation.yaml", "line 18, parties 2, nation: "),
    ("agreement check dates.yaml", "line 40, life: ratifications: RUS on 2023-05-29, before the "
     "signature on 2023-08-16"),
    ("agreement check crossed.yaml", "crosses or touches itself: the edge from corner"),
    ("agreement check twice.yaml", "line 12, version: stands here a second time, first in line"),
    ("agreement check period.yaml", "period.yaml: 1 fault\n  line 53, life, term: 'five years' is "
     "no period; expected such as P5Y, P6M or P30D; found 'five years'; or expected 'open'"),
    ("agreement check kind.yaml", "kind.yaml: 1 fault\n  not YAML: "),
    ("agreement check hectares.yaml", "1 read, 0 refused: 1 error,"),
    ("agreement check pact.yaml --strict", "1 read, 0 refused: 0 errors, 1 warning,"),
    ("agreement check pact.yaml --at tomorrow", "--at: 'tomorrow'; expected a date such as"),
    ("agreement check pact.yaml --unit broken.toml", "broken.toml"),
    ("agreement diff pact.yaml missing.yaml", "missing.yaml: cannot be read"),
    ("agreement diff weapons.yaml pact.yaml", "weapons: no such key"),
    ("agreement calendar missing.yaml pact.yaml", "missing.yaml: cannot be read"),
    ("agreement calendar pact.yaml --unit bad.toml", "sacc"),
    ("agreement calendar pact.yaml --at 2026-01-01T10:00:00", "has no time zone; expected one"),
    ("agreement explain missing.journal --track 1 --to RUS", "missing.journal: there is no such"),
    ("agreement explain text.txt --track 1 --to RUS", "text.txt: no journal; expected the journal"),
    ("agreement preview radar.ast --as RUS", "radar.ast: no journal; expected the journal"),
    ("agreement preview radar.ast --as RUS -o p.png", "expected .csv or .geojson"),
    ("agreement preview radar.ast --as RUS --at today", "--at: 'today'; expected a date such as"),
    ("agreement rehearse empty.ast --end 2028-11-02", "empty.ast: no journal; expected the"),
    ("agreement rehearse radar.ast --end soon", "--end: 'soon'; expected a date such as"),
    ("agreement show missing.yaml", "missing.yaml: cannot be read"),
    ("agreement show bad.yaml", "line 2, seed: no such key; see docs/agreements.md"),
    ("agreement show text.txt", "text.txt"),
    ("ledger verify missing.ledger", "missing.ledger: there is no such file; expected a ledger"),
    ("ledger verify text.txt", "text.txt, byte 0: it is not a ledger"),
    ("ledger verify kant.ledger --keys missing.txt", "missing.txt: there is no such file"),
    ("ledger verify kant.ledger --keys text.txt", "text.txt, line 1: 'This is no recording"),
    ("ledger prove missing.ledger 3", "missing.ledger: there is no such file; expected a ledger"),
    ("ledger prove kant.ledger 900", "record 900: no checkpoint is over it; expected 0 to 14"),
    ("ledger prove kant.ledger", "expected the number of a record, or --between SIZE SIZE"),
    ("ledger prove kant.ledger 3 --between 7 14", "expected the number of a record, or"),
    ("ledger prove kant.ledger --between 7 13", "--between 13: no checkpoint is of so many"),
    ("ledger prove kant.ledger --between 7 7", "--between 7 7: one checkpoint"),
    ("ledger prove kant.ledger 3 -o no/where.json", "no/where.json: cannot be written"),
    ("ledger prove damaged.ledger 3", "damaged.ledger: damaged"),
    ("ledger compare kant.ledger text.txt", "text.txt, byte 0: it is not a ledger"),
    ("ledger compare missing.ledger kant.ledger", "missing.ledger: there is no such file"),
    ("ledger compare kant.ledger damaged.ledger", "damaged.ledger: damaged"),
    ("ledger export kant.ledger -o out.xlsx", "not a form of export: .xlsx; expected .jsonl"),
    ("ledger export kant.ledger -o no/where.csv", "no/where.csv: cannot be written"),
    ("ledger export kant.ledger -o out.csv --since soon", "--since: 'soon'; expected a date"),
    ("ledger export damaged.ledger -o out.csv", "damaged.ledger: damaged"),
]


@pytest.mark.parametrize(("command", "said"), CASES, ids=[command for command, _ in CASES])
def test_bad_input_is_one_clear_message(command: str, said: str, desk: Path,
                                        monkeypatch: pytest.MonkeyPatch,
                                        capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["jointsky", *command.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    heard = capfd.readouterr()
    assert ended.value.code == 2, heard
    assert said in heard.err
    assert "Traceback" not in heard.err


def test_every_command_has_a_case() -> None:
    assert {" ".join(command.split()[:1 + (command.split()[0] in GROUPS)])
            for command, _ in CASES} == set(commands())


def test_what_could_be_read_of_a_cut_file_is_written(desk: Path, monkeypatch: pytest.MonkeyPatch,
                                                     capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["jointsky", "decode", "cut.ast", "-o", "out.csv"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    rows = sum(len(path.read_text().splitlines()) - 1 for path in desk.glob("out*.csv"))
    assert rows == 29
    assert "decoded and written" in capfd.readouterr().err

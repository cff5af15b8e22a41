"""Bad input of every command: one message with file, place and expectation; status 2; no trace."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from jointsky.app.cli import GROUPS, commands, main
from jointsky.codec.recordings import pcap
from tests.app.test_documents import radar_file

ROOT = Path(__file__).resolve().parents[2]
PLACE = "20/129=41.3,2.1,27"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
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
    shutil.copy(ROOT / "README.md", tmp_path / "page.parquet")
    monkeypatch.chdir(tmp_path)
    return tmp_path


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
    ("agreement show missing.yaml", "missing.yaml: cannot be read"),
    ("agreement show bad.yaml", "line 2, seed: no such key; see docs/agreements.md"),
    ("agreement show text.txt", "text.txt"),
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

"""Editions: found on real data and vectors, given by name, the nearest for older ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from jointsky.codec.asterix.decode import decode, detect_editions
from jointsky.codec.asterix.editions import named_edition, parse_editions
from jointsky.model.errors import UsageProblem


@pytest.mark.parametrize(("name", "editions"), [
    ("barcelona_adsb_cat021_ed0.23_20160510.ast", {21: {"0.23"}}),
    ("alicante_adsb_cat021_ed2.4.ast", {21: {"2.4", "2.5", "2.6", "2.7"}}),
    ("vectors/cat021ed0.26.bin", {21: {"0.26"}}),
    ("vectors/cat021ed2.1.bin", {21: {"2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "2.7"}}),
    ("vectors/cat010ed0.24_sensis.bin", {10: {"0.24_sensis"}}),
    ("vectors/cat010ed0.31.bin", {10: {"1.1"}})])
def test_the_edition_is_found(shared: Path, name: str, editions: dict[int, set[str]]) -> None:
    found = detect_editions((shared / "asterix" / name).read_bytes())
    assert found.keys() == editions.keys()
    for category, report in found.items():
        assert report.edition in editions[category]


def test_every_edition_is_scored_and_the_wrong_ones_say_why(shared: Path) -> None:
    octets = (shared / "asterix" / "barcelona_adsb_cat021_ed0.23_20160510.ast").read_bytes()
    report = detect_editions(octets[:40_000], every=True)[21]
    scores = {score.edition: score for score in report.scores}
    assert len(scores) == 11
    assert scores["0.23"].penalty < 0.1 < scores["2.4"].penalty
    assert scores["2.4"].rejects > 0


def test_the_wrong_edition_refuses_what_the_right_one_reads(shared: Path) -> None:
    octets = (shared / "asterix" / "barcelona_adsb_cat021_ed0.23_20160510.ast").read_bytes()
    octets = octets[:40_000]
    wrong = decode(octets, editions={21: "2.4"})
    right = decode(octets, editions={21: "0.23"})
    assert wrong.rejects.total > 100
    assert right.rejects.total == 1  # the cut at the end


# What the public test vectors say themselves (jASTERIX, src/test).
VECTORS = {
    "cat001ed1.1": {"020/TYP": 0, "040/RHO": 127.4375, "070/MODE3A": b"5543", "090/HGT": 380.0},
    "cat010ed0.24_sensis": {
        "010/SAC": 0, "000": 1, "020/TYP": 1, "020/CRT": 1, "140": 84080.484375,
        "041/LAT": pytest.approx(25.6226482708), "041/LON": pytest.approx(22.1754983068),
        "042/X": -1423.0, "042/Y": 1368.0, "202/VX": -8.0, "202/VY": 1.0, "161/TRK": 922,
        "170/STH": 1, "220": 4672673, "091": 0.0, "500/DEVX": 2.5, "500/DEVY": 3.25,
        "500/COVXY": -1.0},
    "cat010ed0.31": {
        "010/SIC": 1, "020/TYP": 3, "040/RHO": 1588.0, "040/TH": pytest.approx(189.508666906),
        "042/X": -267.0, "042/Y": -1566.0, "140": 24693.140625, "161/TRK": 4, "170/TOM": 3,
        "200/GSP": pytest.approx(0.0002441406), "200/TRA": pytest.approx(267.2753905),
        "202/VX": -0.5, "202/VY": 0.0, "210/AX": -1.0, "210/AY": -0.25, "270/LENGTH": 27.0,
        "270/ORIENTATION": 267.1875, "270/WIDTH": 40.0},
    "cat020ed1.5": {
        "020/MS": 1, "140": 33502.7109375, "041/LAT": pytest.approx(47.8823930025),
        "042/X": 173529.5, "042/Y": 45109.0, "161/TRN": 3528, "070/MODE3A": b"7000",
        "202/VX": -13.75, "090/FL": 11.25, "220": 148527, "230/COM": 1},
    "cat048ed1.15": {"020/TYP": 5, "070/MODE3A": b"0470", "090/FL": 370.0,
                     "240": b"RYR5XW  ", "161/TRN": 919},
    "cat062ed1.12": {
        "015": 225, "040": 5086, "060/MODE3A": b"7621", "070": 33502.5, "080/SRC": 3,
        "100/X": 260661.0, "100/Y": -220711.5, "105/LAT": pytest.approx(45.46522, abs=1e-4),
        "136": 349.75, "185/VX": 207.5, "185/VY": -120.5, "290/PSR": 63.75, "295/MHG": 2.0,
        "340/POS/RHO": 126.45703125, "380/ADR": 6700198, "380/ID": b"DLH9CK  ",
        "380/BVR": -31.25, "380/MAC": 0.784, "380/FSS/ALT": 35000.0, "390/DEP": b"EDDF",
        "390/CS": b"DLH9CK ", "390/CFL": 350.0},
    "cat063ed1.0": {"030": 33509.796875, "070": -53.0, "080/SRG": 0.00011,
                    "081": pytest.approx(-0.00549316406), "090/PRG": 0.00001,
                    "090/PRB": 0.0078125, "091": pytest.approx(-0.01098632812)},
}


@pytest.mark.parametrize("name", VECTORS)
def test_older_editions_read_as_their_vectors_say(shared: Path, name: str) -> None:
    octets = (shared / "asterix" / "vectors" / f"{name}.bin").read_bytes()
    category, edition = int(name[3:6]), name[8:]
    decoded = decode(octets, editions={category: edition})
    (table,) = decoded.tables
    assert table.n == 1 and decoded.rejects.total == 0
    for field, expected in VECTORS[name].items():
        values, there = table.column(field)
        assert there[0], field
        assert values[0] == expected, field


@pytest.mark.parametrize(("category", "edition", "expected"), [
    (48, "1.15", "1.27"), (48, "1.26", "1.27"), (48, "1.30", "1.30"), (62, "1.12", "1.16"),
    (10, "0.24_sensis", "0.24_sensis"), (21, "0.23", "0.23")])
def test_an_older_edition_is_read_by_the_nearest(category: int, edition: str,
                                                 expected: str) -> None:
    assert named_edition(category, edition) == expected


@pytest.mark.parametrize(("category", "edition"), [
    (48, "1.14"), (48, "1.99"), (21, "1.4"), (62, "newest"), (21, "0.22")])
def test_an_edition_that_nothing_reads_is_refused(category: int, edition: str) -> None:
    with pytest.raises(UsageProblem, match=f"category {category:03d}: no table reads edition"):
        named_edition(category, edition)


def test_options_of_editions() -> None:
    assert parse_editions(["021=0.23", "48=1.15", "CAT062=1.17"]) == {
        21: "0.23", 48: "1.27", 62: "1.17"}
    with pytest.raises(UsageProblem, match=r"--edition: '021:0\.23'.*021=0\.23"):
        parse_editions(["021:0.23"])
    with pytest.raises(UsageProblem, match="category 199"):
        parse_editions(["199=1.0"])

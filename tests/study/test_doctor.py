"""The doctor: what a user learns of a recording."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jointsky.codec.recordings.read import read_recording
from jointsky.study.doctor import SourceReport, examine
from tests.oracles.asterix import fspec


def radar(time_s: float, track: int, sic: int = 2) -> bytes:
    """A data block with one plot of one track: 010, 140, 161."""
    flags = [True, True] + [False] * 8 + [True]
    body = (fspec(flags) + bytes([1, sic]) + int(time_s * 128).to_bytes(3, "big")
            + track.to_bytes(2, "big"))
    return b"\x30" + (len(body) + 3).to_bytes(2, "big") + body


def source_in(path: Path, blocks: list[bytes]) -> SourceReport:
    """The one source of some blocks."""
    path.write_bytes(b"".join(blocks))
    (source,) = examine(read_recording(path)).sources
    return source


def test_a_steady_radar(tmp_path: Path) -> None:
    source = source_in(tmp_path / "a.ast", [radar(100 + 4 * scan + 0.5 * track, track)
                                            for scan in range(20) for track in range(3)])
    assert (source.category, source.sac, source.sic, source.records) == (48, 1, 2, 60)
    assert (source.first_s, source.last_s, source.span_s) == (100.0, 177.0, 77.0)
    assert source.period_s == 4.0 and source.aircraft == 3
    assert source.rate_hz == pytest.approx(60 / 77)
    assert (source.backwards, source.ahead, source.midnights, source.beyond_day) == (0, 0, 0, 0)


def test_a_clock_over_midnight_is_no_step_back(tmp_path: Path) -> None:
    source = source_in(tmp_path / "a.ast", [radar(t % 86_400, 1) for t in range(86_380, 86_420, 4)])
    assert source.midnights == 1 and source.backwards == source.ahead == 0
    assert source.span_s == 36.0


@pytest.mark.parametrize(("times", "back", "ahead", "beyond"), [
    ([0, 4, 8, 12], 0, 0, 0), ([100, 104, 80, 84], 1, 0, 0), ([100, 104, 200, 204], 0, 1, 0),
    ([100, 99, 101, 100], 0, 0, 0), ([86_399, 86_401, 86_403], 0, 0, 2)])
def test_steps_of_the_clock(tmp_path: Path, times: list[int], back: int, ahead: int,
                            beyond: int) -> None:
    source = source_in(tmp_path / "a.ast", [radar(t, 1) for t in times])
    assert (source.backwards, source.ahead, source.beyond_day) == (back, ahead, beyond)


def test_real_radar(shared: Path) -> None:
    found = examine(read_recording(shared / "asterix" / "jahorina_radar_cat034_cat048.ast"))
    assert found.summary.records == {34: 20, 48: 2_099}
    assert {(source.category, source.sac, source.sic) for source in found.sources} == {
        (34, 23, 2), (48, 23, 2)}
    assert all(source.period_s == pytest.approx(5.0, abs=0.05) for source in found.sources)
    assert not found.rejects and not found.faults


def test_addresses_of_barcelona(shared: Path) -> None:
    found = examine(read_recording(shared / "asterix" / "barcelona_radar_cat048_20230502.ast"))
    (source,) = found.sources
    assert (source.sac, source.sic, source.aircraft) == (20, 129, 177)
    assert source.period_s == pytest.approx(4.0, abs=0.02)


def test_refusals_say_where_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.ast"
    good = radar(100, 1)
    path.write_bytes(good * 3 + b"\x30\x00\x05\x20\x20"[:4] + b"\x01" + good)
    found = examine(read_recording(path))
    assert found.summary.records == {48: 4} and found.summary.rejected == 1
    (reject,) = found.rejects
    assert reject.offset == 3 * len(good) + 3 and reject.item == "020"


def test_json_holds_it_all(shared: Path) -> None:
    path = shared / "asterix" / "barcelona_adsb_cat021_ed0.23_20160510.ast"
    found = json.loads(json.dumps(examine(read_recording(path)).as_json()))
    assert found["editions"]["021"]["edition"] == "0.23"
    assert len(found["editions"]["021"]["tried"]) == 11
    assert found["records"] == {"021": 49_330} and found["rejected"] == 0

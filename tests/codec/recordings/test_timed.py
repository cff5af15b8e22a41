"""When frames of a recording came in: from the file, from its records, over midnight."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from jointsky.codec.asterix.decode import decode
from jointsky.codec.asterix.encode import Columns, encode
from jointsky.codec.asterix.tables import categories, editions_of, table_of
from jointsky.codec.recordings import final_frame, pcap, raw, rply
from jointsky.codec.recordings.read import read_recording
from jointsky.codec.recordings.timed import TIMES, TimedFrames, date_of, frames_of

S = 10**9
DAY = 86_400 * S
EVE = int(np.datetime64("2024-05-01", "ns").astype(np.int64))


def block(time_of_day_s: float | None) -> bytes:
    there = np.ones(1, np.bool_)
    values = {"010/SAC": (np.array([1]), there), "010/SIC": (np.array([2]), there)}
    if time_of_day_s is not None:
        values["140"] = (np.array([time_of_day_s]), there)
    (content,) = encode(48, "1.32", Columns(1, values))
    return content


def timed(path: Path, content: bytes, date_utc: date | None = None) -> TimedFrames:
    path.write_bytes(content)
    recording = read_recording(path)
    decoded = decode(recording.buffer, spans=(recording.start, recording.length))
    return frames_of(recording, decoded, date_utc)


def test_a_capture_knows_its_times(tmp_path: Path) -> None:
    times = [EVE + 5 * S, EVE + 4 * S, EVE + 9 * S]
    found = timed(tmp_path / "x.pcap", pcap.write([block(1.0)] * 3, times, "239.1.1.1", 8600))
    assert found.received_ns.tolist() == [EVE + 5 * S, EVE + 5 * S, EVE + 9 * S]
    frames = found.frames()
    assert [frame.payload for frame in frames] == [block(1.0)] * 3
    assert {frame.source for frame in frames} == {"239.1.1.1:8600"}
    assert [frame.received_ns for frame in found.frames(2)] == [EVE + 9 * S]
    assert "of the capture" in found.said


def test_raw_blocks_take_the_time_of_day_of_their_records_over_midnight(tmp_path: Path) -> None:
    content = raw.write([block(86_398.0), block(None), block(86_399.5), block(0.25), block(7.0)])
    found = timed(tmp_path / "radar-20240501.ast", content)
    assert ((found.received_ns - EVE) / S).tolist() == [
        86_398, 86_398, 86_399.5, 86_400.25, 86_407]
    assert "2024-05-01" in found.said and "from its name" in found.said
    assert {frame.source for frame in found.frames()} == {"radar-20240501.ast"}


def test_the_date_is_given_or_in_the_name_or_told_to_be_missing(tmp_path: Path) -> None:
    content = raw.write([block(10.0)])
    given = timed(tmp_path / "radar-20240501.ast", content, date(2020, 2, 29))
    assert given.received_ns.tolist() == [
        int(np.datetime64("2020-02-29", "ns").astype(np.int64)) + 10 * S]
    nameless = timed(tmp_path / "radar.ast", content)
    assert nameless.received_ns.tolist() == [10 * S]
    assert "1970-01-01" in nameless.said and "no date given" in nameless.said


@pytest.mark.parametrize(("name", "day"), [
    ("a_20160510.ast", "2016-05-10"), ("20160510-2359.ast", "2016-05-10"),
    ("x20230231y.ast", "1970-01-01"), ("123456789.ast", "1970-01-01"),
    ("99991231.ast", "1970-01-01"), ("19991231.ast", "1999-12-31")])
def test_dates_in_names(name: str, day: str) -> None:
    assert str(date_of(Path(name))[0]) == day


def test_one_wrong_time_does_not_throw_the_rest_ahead(tmp_path: Path) -> None:
    times = [100.0 + i for i in range(300)]
    times[150] = 40_000.0
    found = timed(tmp_path / "x.ast", raw.write([block(time) for time in times]))
    expected = np.array([100.0 + i for i in range(300)]) * S
    assert np.abs(found.received_ns - expected).max() <= 60 * S
    assert found.received_ns[-1] == expected[-1]
    assert (np.diff(found.received_ns) >= 0).all()


def test_a_recorder_on_local_time_is_set_to_the_time_of_its_records(tmp_path: Path) -> None:
    hours = 2 * 3_600 * S
    heard = [10 * S + i * S for i in range(200)]
    blocks = [block(time / S - 0.5) for time in heard]
    by_day = timed(tmp_path / "20240501.ff", final_frame.write(
        blocks, [time + hours for time in heard]))
    by_delta = timed(tmp_path / "20240501.rply", rply.write(blocks, heard))
    for found in (by_day, by_delta):
        late = found.received_ns - EVE - np.array(heard)
        assert np.ptp(late) == 0, "the recorder's own steps are kept"
        assert late[0] == -S // 2


def test_reports_of_the_old_kind_count_on_from_their_truncated_time(tmp_path: Path) -> None:
    there = np.ones(1, np.bool_)
    content = b"".join(encode(1, "1.4", Columns(1, {
        "010/SAC": (np.array([1]), there), "020/SSRPSR": (np.array([2]), there),
        "141": (np.array([time]), there)}), uap="plot")[0] for time in (500.0, 511.5, 3.0, 9.0))
    found = timed(tmp_path / "20240501.ast", content)
    assert ((found.received_ns - EVE) / S).tolist() == [500, 511.5, 515, 521]


def test_a_recording_without_any_time(tmp_path: Path) -> None:
    found = timed(tmp_path / "20240501.ast", raw.write([block(None)] * 3))
    assert found.received_ns.tolist() == [EVE] * 3
    assert "no record has a time" in found.said


def test_every_category_with_a_full_time_of_day_is_known() -> None:
    for category, names in TIMES.items():
        known = {name for edition in editions_of(category)
                 for name in table_of(category, edition).leaves_of(
                     next(iter(table_of(category, edition).uaps)))}
        assert set(names) <= known, category
    silent = set(categories()) - set(TIMES)
    for category in silent:
        table = table_of(category, editions_of(category)[-1])
        times = [leaf.name for leaf in table.leaves if leaf.bits == 24 and leaf.unit == "s"
                 and "ime" in leaf.title and "/" not in leaf.name]
        assert not times, (category, times)

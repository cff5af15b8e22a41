"""Target reports, service messages and tracks as batches: values, validity, time, refusals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jointsky.codec.asterix.decode import Decoded, decode
from jointsky.codec.asterix.encode import Columns, encode
from jointsky.codec.asterix.filling import rejects_of
from jointsky.codec.asterix.plots import plots_of
from jointsky.codec.asterix.statuses import statuses_of
from jointsky.codec.asterix.time_of_day import time_of_day_of, unwrapped, utc_of
from jointsky.codec.asterix.tracks import tracks_of
from jointsky.codec.recordings.read import read_recording
from jointsky.codec.recordings.recording import Recording
from jointsky.codec.recordings.timed import frames_of
from jointsky.model.schema import PlotBatch, PlotFlag, PlotKind, RejectBatch, StatusKind, TrackState
from jointsky.model.world import World
from tests.oracles import libasterix_reader as judge

DAY = 86_400 * 10**9
NOON = 19_000 * DAY + DAY // 2
NM = 1852.0


def read(shared: Path, name: str, editions: dict[int, str] | None = None,
         frames: int | None = None) -> tuple[Recording, Decoded, Any, Any]:
    recording = read_recording(shared / "asterix" / name)
    spans = recording.start[:frames], recording.length[:frames]
    decoded = decode(recording.buffer, spans=spans, editions=editions)
    timed = frames_of(recording, decode(recording.buffer, spans=(
        recording.start, recording.length), editions=editions))
    return recording, decoded, timed.received_ns[:frames], np.arange(len(spans[0])) + 500


def one(category: int, edition: str, received_ns: int = NOON,
        **values: float | bytes) -> tuple[PlotBatch, RejectBatch]:
    """Plots of one record with these leaves ("010_SAC" stands for "010/SAC")."""
    content = record(category, edition, **values)
    return plots_of(decode(content, editions={category: edition}), np.array([received_ns]),
                    np.array([7]), World.LIVE)


def record(category: int, edition: str, **values: float | bytes) -> bytes:
    there = np.ones(1, np.bool_)
    columns = {name.lstrip("_").replace("_", "/"): (np.array([value]), there)
               for name, value in values.items()}
    uap = "plot" if category == 1 else ""
    (content,) = encode(category, edition, Columns(1, columns), uap=uap)
    return content


SOURCE = {"_010_SAC": 25, "_010_SIC": 12}
RADAR = {**SOURCE, "_140": 43_200.0, "_020_TYP": 5, "_040_RHO": 100.0, "_040_THETA": 90.0}


def test_radar_reports_say_what_libasterix_reads(shared: Path) -> None:
    recording, decoded, received, sequence = read(shared, "barcelona_radar_cat048_20230502.ast",
                                                  frames=400)
    plots, rejects = plots_of(decoded, received, sequence, World.LIVE)
    records = judge.records_of(recording.buffer[:recording.start[400]].tobytes(), 48, "1.32")
    seen = [found for found in records if judge.bits(found, "020/TYP") != 0]
    assert (len(plots), len(rejects)) == (len(seen), len(records) - len(seen))
    kinds = {1: 1, 2: 2, 3: 3, 4: 4, 5: 4, 6: 5, 7: 5}
    midnight = int(received[0]) // DAY * DAY
    for i, found in enumerate(seen):
        assert plots.sensor_id[i] == judge.bits(found, "010")
        assert plots.time_ns[i] == midnight + round(judge.quantity(found, "140") * 1e9)
        assert plots.kind[i] == kinds[judge.bits(found, "020/TYP")]
        assert plots.range_m[i] == judge.quantity(found, "040/RHO") * NM
        assert plots.azimuth_rad[i] == pytest.approx(
            np.radians(judge.quantity(found, "040/THETA")), abs=1e-12)
        check(plots, i, "mode_3a", judge.bits(found, "070/MODE3A"))
        level = judge.quantity(found, "090/FL")
        check(plots, i, "mode_c_m", None if level is None else level * 30.48)
        check(plots, i, "icao_address", judge.bits(found, "220"))
        check(plots, i, "callsign", (judge.text(found, "240") or "").encode() or None)
        check(plots, i, "sensor_track", judge.bits(found, "161/TRN"))
        garbled = judge.bits(found, "070/V") or judge.bits(found, "070/G")
        assert bool(plots.flags[i] & PlotFlag.CODE_GARBLED) == bool(garbled)
        speed = judge.quantity(found, "200/GSP")
        if speed is not None:
            assert np.hypot(plots.velocity_east_ms[i], plots.velocity_north_ms[i]
                            ) == pytest.approx(speed * NM)


def check(batch: Any, row: int, name: str, value: Any) -> None:
    assert bool(batch.has(name)[row]) == (value is not None)
    if value is not None:
        assert getattr(batch, name)[row] == pytest.approx(value) if isinstance(
            value, float) else getattr(batch, name)[row] == value


def test_adsb_reports_say_what_libasterix_reads(shared: Path) -> None:
    recording, decoded, received, sequence = read(shared, "alicante_adsb_cat021_ed2.4.ast",
                                                  {21: "2.4"}, frames=400)
    plots, rejects = plots_of(decoded, received, sequence, World.LIVE)
    records = judge.records_of(recording.buffer[:recording.start[400]].tobytes(), 21, "2.4")
    assert (len(plots), len(rejects)) == (len(records), 0)
    assert (plots.kind == PlotKind.ADSB).all()
    fine = 0
    for i, found in enumerate(records):
        item = "131" if judge.bits(found, "131/LAT") is not None else "130"
        fine += item == "131"
        latitude = judge.quantity(found, f"{item}/LAT")
        assert np.degrees(plots.latitude_rad[i]) == pytest.approx(latitude, abs=1e-12)
        assert np.degrees(plots.longitude_rad[i]) == pytest.approx(
            judge.quantity(found, f"{item}/LON"), abs=1e-12)
        time = judge.quantity(found, "071")
        time = judge.quantity(found, "073") if time is None else time
        assert plots.time_ns[i] % DAY == round(time * 1e9)
        check(plots, i, "icao_address", judge.bits(found, "080"))
        height = judge.quantity(found, "140")
        check(plots, i, "height_m", None if height is None else height * 0.3048)
        rate = judge.quantity(found, "157/GVR")
        if rate is not None:
            check(plots, i, "vertical_rate_ms", rate * 0.3048 / 60)
        check(plots, i, "callsign", (judge.text(found, "170") or "").encode() or None)
        on_ground = judge.bits(found, "040/GBS")
        assert bool(plots.flags[i] & PlotFlag.ON_GROUND) == bool(on_ground)
    assert fine > 0, "the sample has positions of high resolution"


@pytest.mark.parametrize(("name", "editions", "reports"), [
    ("barcelona_mlat_cat019_cat020_20160510.ast", None, 69_933),
    ("barcelona_adsb_cat021_ed0.23_20160510.ast", {21: "0.23"}, 49_330)])
def test_recordings_go_on_over_midnight(shared: Path, name: str,
                                        editions: dict[int, str] | None, reports: int) -> None:
    _, decoded, received, sequence = read(shared, name, editions)
    plots, rejects = plots_of(decoded, received, sequence, World.LIVE)
    assert (len(plots), len(rejects)) == (reports, 0)
    ends = np.array(["2016-05-10T22:00", "2016-05-11T00:02"], "M8[ns]").astype(np.int64)
    assert ends[0] <= plots.time_ns.min() and plots.time_ns.max() <= ends[1]
    late = plots.received_ns - plots.time_ns
    assert np.percentile(np.abs(late), 99) < 2 * 10**9
    near = (np.abs(np.degrees(plots.latitude_rad) - 41.3) < 6) & (
        np.abs(np.degrees(plots.longitude_rad) - 2.1) < 9)
    assert near.mean() > 0.999
    assert (np.diff(plots.frame) >= 0).all()


def test_positions_in_x_and_y_need_a_reference_point(shared: Path) -> None:
    _, decoded, received, sequence = read(
        shared, "barcelona_mlat_cat019_cat020_20160510.ast", frames=3_000)
    with_place, _ = plots_of(decoded, received, sequence, World.LIVE)
    alone = Decoded(decoded.of(20), decoded.rejects, decoded.blocks)
    none, rejects = plots_of(alone, received, sequence, World.LIVE)
    assert len(none) == 0
    assert set(rejects.reason.tolist()) == {b"unknown_sensor"}
    status, _ = statuses_of(decoded, received, sequence, World.LIVE)
    place = np.flatnonzero(status.has("latitude_rad"))[0]
    origin = (float(status.latitude_rad[place]), float(status.longitude_rad[place]))
    told, rejects = plots_of(alone, received, sequence, World.LIVE, origins={107: origin})
    assert len(rejects) == 0
    assert np.array_equal(told.latitude_rad, with_place.latitude_rad)
    table = decoded.of(20)[0]
    x, y = table.column("042/X")[0], table.column("042/Y")[0]
    north = (told.latitude_rad - origin[0]) * 6_368_000
    east = (told.longitude_rad - origin[1]) * 6_386_000 * np.cos(origin[0])
    close = np.hypot(x, y) < 5_000
    assert close.sum() > 100
    assert np.abs(np.hypot(north - y, east - x))[close].max() < 15


def test_a_radar_report_in_full() -> None:
    plots, rejects = one(48, "1.32", **{
        **RADAR, "_070_MODE3A": 0o7421, "_090_FL": 350.0, "_220": 0x4CA123, "_240": b"RYR7421",
        "_161_TRN": 77, "_200_GSP": 0.125, "_200_HDG": 180.0})
    assert len(rejects) == 0
    assert (plots.sensor_id[0], plots.time_ns[0], plots.frame[0], plots.offset[0]) == (
        25 << 8 | 12, NOON, 7, 3)
    assert (plots.range_m[0], plots.azimuth_rad[0]) == (185_200.0, np.pi / 2)
    assert plots.mode_3a[0] == 0o7421
    assert plots.mode_c_m[0] == pytest.approx(10_668)
    assert (plots.callsign[0], plots.sensor_track[0]) == (b"RYR7421", 77)
    assert plots.velocity_north_ms[0] == pytest.approx(-231.5)
    assert plots.velocity_east_ms[0] == pytest.approx(0, abs=1e-9)
    assert plots.flags[0] == 0


@pytest.mark.parametrize(("leaf", "flag"), [
    ("_020_SIM", PlotFlag.SIMULATED), ("_020_TST", PlotFlag.TEST), ("_020_SPI", PlotFlag.SPI),
    ("_020_RAB", PlotFlag.FIXED_TRANSPONDER), ("_020_ME", PlotFlag.EMERGENCY),
    ("_070_V", PlotFlag.CODE_GARBLED), ("_070_G", PlotFlag.CODE_GARBLED),
    ("_090_G", PlotFlag.HEIGHT_GARBLED), ("_090_V", PlotFlag.HEIGHT_GARBLED),
    ("_230_STAT", PlotFlag.ON_GROUND)])
def test_what_a_report_says_of_itself_is_flagged(leaf: str, flag: PlotFlag) -> None:
    plots, _ = one(48, "1.32", **{**RADAR, leaf: 1})
    assert plots.flags[0] == flag


@pytest.mark.parametrize(("without", "reason", "item"), [
    (("_010_SAC", "_010_SIC"), b"no_source", b"010"), (("_140",), b"no_time", b"140"),
    (("_040_RHO", "_040_THETA"), b"no_position", b"040")])
def test_a_report_without_what_it_needs_is_refused(without: tuple[str, ...], reason: bytes,
                                                   item: bytes) -> None:
    plots, rejects = one(48, "1.32", **{
        name: value for name, value in RADAR.items() if name not in without})
    assert (len(plots), len(rejects)) == (0, 1)
    assert (rejects.reason[0], rejects.item[0], rejects.category[0]) == (reason, item, 48)
    assert (rejects.frame[0], rejects.offset[0], rejects.received_ns[0]) == (7, 3, NOON)


@pytest.mark.parametrize(("category", "edition", "values", "item"), [
    (48, "1.32", {**RADAR, "_140": 86_400.5}, b"140"),
    (21, "2.4", {**SOURCE, "_071": 1.0, "_131_LAT": 95.0, "_131_LON": 2.0}, b"131"),
    (20, "1.9", {**SOURCE, "_140": 1.0, "_041_LAT": 5.0, "_041_LON": 182.0}, b"041")])
def test_an_impossible_value_is_refused(category: int, edition: str, values: dict[str, float],
                                        item: bytes) -> None:
    plots, rejects = one(category, edition, **values)
    assert len(plots) == 0
    assert (rejects.reason.tolist(), rejects.item.tolist()) == ([b"bad_value"], [item])


def test_offsets_of_rejects_are_those_in_the_frame() -> None:
    good, late = record(48, "1.32", **RADAR), record(48, "1.32", **{**RADAR, "_140": 86_401.0})
    content = good + late + b"\x30\x00\xff"
    decoded = decode(b"junk" + content, spans=(np.array([4]), np.array([len(content)])))
    plots, rejects = plots_of(decoded, np.array([NOON]), np.array([9]), World.LIVE)
    assert plots.offset.tolist() == [3]
    assert rejects.offset.tolist() == [len(good) + 3]
    refused = rejects_of(decoded, np.array([NOON]), np.array([9]), World.LIVE)
    assert refused.offset.tolist() == [len(good) + len(late)]
    assert refused.reason.tolist() == [b"block_truncated"]
    assert refused.frame.tolist() == [9]


def test_old_radar_reports_take_their_time_from_reception() -> None:
    values = {**SOURCE, "_020_SSRPSR": 2, "_040_RHO": 10.0, "_040_THETA": 0.0,
              "_070_MODE3A": 0o1234, "_090_HGT": 100.0}
    # 43,200 s is 84 times 512 s and 192 s.
    plots, _ = one(1, "1.4", NOON + 3 * 10**9, **{**values, "_141": 192.5})
    assert plots.time_ns.tolist() == [NOON + 10**9 // 2]
    plots, _ = one(1, "1.4", NOON - 10**9, **{**values, "_141": 192.5})
    assert plots.time_ns.tolist() == [NOON + 10**9 // 2]
    plots, _ = one(1, "1.4", NOON + 5, **values)
    assert plots.time_ns.tolist() == [NOON + 5]
    assert (plots.kind[0], plots.mode_3a[0]) == (PlotKind.SSR, 0o1234)
    assert plots.mode_c_m[0] == pytest.approx(3048)


@given(st.integers(0, 30_000 * DAY), st.integers(-DAY // 2 + 1, DAY // 2 - 1))
def test_time_of_day_is_put_on_the_nearest_day(received: int, late: int) -> None:
    if received + late >= 0:
        measured = np.array([received + late])
        assert utc_of(measured % DAY, np.array([received])).tolist() == measured.tolist()


@given(st.lists(st.integers(0, DAY // 2 - 1), min_size=1, max_size=20), st.integers(0, DAY - 1))
def test_times_in_a_row_go_on_over_midnights(steps: list[int], start: int) -> None:
    times = start + np.cumsum([0, *steps])
    assert unwrapped(times % DAY).tolist() == times.tolist()


def test_time_of_day_rounds_to_its_step_and_wraps() -> None:
    times = np.array([0, 3_906_249, 3_906_251, DAY - 1, DAY + 10**9])
    assert time_of_day_of(times).tolist() == [0, 0, 1, 0, 128]


def statuses(content: bytes, received_ns: int = NOON) -> Any:
    return statuses_of(decode(content), np.array([received_ns]), np.array([7]), World.LIVE)


def test_service_messages_of_every_category() -> None:
    found, rejects = statuses(record(34, "1.29", **{
        **SOURCE, "_000": 2, "_030": 43_199.0, "_020": 90.0, "_041": 4.0, "_050_COM_NOGO": 1,
        "_120_HGT": 500.0, "_120_LAT": 42.0, "_120_LON": 74.0}))
    assert len(rejects) == 0
    assert (found.kind[0], found.operational[0], found.period_s[0], found.height_m[0]) == (
        StatusKind.SECTOR_CROSSING, 0, 4.0, 500.0)
    assert found.azimuth_rad[0] == pytest.approx(np.pi / 2)
    assert np.degrees(found.longitude_rad[0]) == pytest.approx(74, abs=2e-5)
    assert found.time_ns[0] == NOON - 10**9
    found, _ = statuses(record(2, "1.2", **{**SOURCE, "_000": 1, "_030": 43_201.0}))
    assert (found.kind[0], found.time_ns[0]) == (StatusKind.NORTH_MARK, NOON + 10**9)
    for category, edition, time, nogo in ((19, "1.3", "_140", "_550_NOGO"),
                                          (23, "1.3", "_070", "_100_NOGO"),
                                          (25, "1.6", "_070", "_100_NOGO")):
        found, _ = statuses(record(category, edition, **{**SOURCE, time: 43_200.0, nogo: 0}))
        assert (found.kind[0], found.operational[0]) == (StatusKind.SENSOR_STATUS, 1)
    found, _ = statuses(record(63, "1.7", **{
        **SOURCE, "_030": 43_200.0, "_050_SAC": 1, "_050_SIC": 2, "_060_CON": 3}))
    assert (found.sensor_id[0], found.operational[0]) == (0x0102, 0)
    found, _ = statuses(record(65, "1.6", **{**SOURCE, "_000": 1, "_030": 43_200.0,
                                             "_040_NOGO": 1}))
    assert (found.kind[0], found.operational[0]) == (StatusKind.SYSTEM_STATUS, 1)
    found, rejects = statuses(record(34, "1.29", **{**SOURCE, "_000": 1}))
    assert (len(found), rejects.reason.tolist()) == (0, [b"no_time"])


def test_tracks_say_what_libasterix_reads(shared: Path) -> None:
    recording, decoded, received, sequence = read(shared, "baltic_tracks_cat062.ast", frames=400)
    tracks, rejects = tracks_of(decoded, received, sequence, World.LIVE)
    records = judge.records_of(recording.buffer[:recording.start[400]].tobytes(), 62, "1.21")
    assert (len(tracks), len(rejects)) == (len(records), 0)
    for i, found in enumerate(records):
        assert tracks.unit_id[i] == judge.bits(found, "010")
        assert tracks.system_track_number[i] == judge.bits(found, "040")
        assert tracks.time_ns[i] % DAY == round(judge.quantity(found, "070") * 1e9)
        assert np.degrees(tracks.latitude_rad[i]) == pytest.approx(
            judge.quantity(found, "105/LAT"), abs=1e-12)
        assert tracks.velocity_east_ms[i] == (judge.quantity(found, "185/VX") or 0)
        check(tracks, i, "mode_3a", judge.bits(found, "060/MODE3A"))
        coasting, tentative = judge.bits(found, "080/CST"), judge.bits(found, "080/CNF")
        ended = judge.bits(found, "080/TSE")
        state = (TrackState.DROPPED if ended else TrackState.TENTATIVE if tentative
                 else TrackState.COASTING if coasting else TrackState.CONFIRMED)
        assert tracks.state[i] == state
        ages = [judge.quantity(found, f"290/{name}") for name in ("PSR", "SSR")]
        youngest = min((age for age in ages if age is not None), default=0)
        assert tracks.updated_ns[i] == tracks.time_ns[i] - round(youngest * 1e9)


def test_a_track_with_accuracies() -> None:
    content = record(62, "1.21", **{
        **SOURCE, "_070": 43_200.0, "_040": 9, "_105_LAT": 42.0, "_105_LON": 74.0,
        "_500_APC_X": 20.0, "_500_APC_Y": 30.0, "_500_COV": -10.0, "_500_ATV_X": 2.0,
        "_500_ATV_Y": 3.0, "_290_TRK": 60.0, "_290_MDS": 2.0, "_200_TRANS": 1,
        "_136": 100.0, "_220": 600.0, "_245_CHR": b"KGA123"})
    tracks, rejects = tracks_of(decode(content), np.array([NOON]), np.array([1]), World.LIVE)
    assert len(rejects) == 0
    assert tracks.covariance[0].tolist() == [400, -100, 0, 0, 900, 0, 0, 4, 0, 9]
    assert tracks.started_ns[0] == NOON - 60 * 10**9
    assert tracks.updated_ns[0] == NOON - 2 * 10**9
    assert (tracks.manoeuvre[0], tracks.callsign[0]) == (1.0, b"KGA123")
    assert tracks.mode_c_m[0] == pytest.approx(3048)
    assert tracks.vertical_rate_ms[0] == pytest.approx(3.048)

"""Batches to bytes and back: what the categories can say comes back within their steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jointsky.codec.asterix.decode import decode
from jointsky.codec.asterix.from_batches import encode_plots, encode_statuses, encode_tracks
from jointsky.codec.asterix.plots import plots_of
from jointsky.codec.asterix.reports import (
    DEGRADED,
    NOT_CONNECTED,
    SensorBiases,
    encode_end_of_batch,
    encode_sensor_status,
    encode_system_status,
)
from jointsky.codec.asterix.statuses import statuses_of
from jointsky.codec.asterix.tracks import tracks_of
from jointsky.model.batch import columns_of
from jointsky.model.schema import (
    PlotBatch,
    PlotFlag,
    PlotKind,
    SensorStatusBatch,
    StatusKind,
    TrackBatch,
    TrackState,
)
from jointsky.model.world import World
from tests.oracles import libasterix_reader as judge

DAY = 86_400 * 10**9
NOON = 19_000 * DAY + DAY // 2
NM, FL, FT = 1852.0, 30.48, 0.3048
SEEDS = st.integers(0, 2**32)
ADDRESSES = np.array([b"KGZ101", b"A", b"ABCDEFGH", b"TK 1"], "S8")
# What our own side notes of a report has no place in one.
ON_WIRE = [flag for flag in PlotFlag if flag != PlotFlag.UNPROVEN]
FLAGS = int(sum(ON_WIRE))


def back(blocks: list[bytes], convert: Any, world: World = World.LIVE) -> Any:
    """The rows that come back from blocks, with no refusal."""
    assert all(3 < len(block) <= 1_400 for block in blocks)
    decoded = decode(b"".join(blocks))
    assert decoded.rejects.total == 0
    rows, rejects = convert(decoded, np.array([NOON]), np.array([0]), world)
    assert len(rejects) == 0
    return rows


def fill(batch: Any, rng: np.random.Generator, sometimes: tuple[str, ...],
         values: dict[str, Any]) -> Any:
    """Put values in; those of nullable columns in `sometimes` stand in half of the rows."""
    for col in columns_of(type(batch)):
        if col.name not in values:
            continue
        there = np.ones(len(batch), np.bool_)
        if col.name in sometimes:
            there = rng.uniform(size=len(batch)) < 0.5
        getattr(batch, col.name)[there] = np.broadcast_to(
            values[col.name], getattr(batch, col.name).shape)[there]
        if col.nullable:
            batch.present[there] |= type(batch).bit(col.name)
    return batch


CODES = ("mode_3a", "mode_c_m", "icao_address", "callsign", "sensor_track")


def common(n: int, rng: np.random.Generator) -> dict[str, Any]:
    return {"time_ns": NOON + rng.integers(-10**10, 10**10, n), "received_ns": NOON,
            "sensor_id": rng.integers(0, 3, n) + 0x1900, "flags": rng.integers(0, FLAGS + 1, n),
            "mode_3a": rng.integers(0, 4096, n), "mode_c_m": rng.uniform(-300, 15_000, n),
            "icao_address": rng.integers(0, 1 << 24, n), "callsign": rng.choice(ADDRESSES, n),
            "sensor_track": rng.integers(0, 4096, n)}


def same(before: Any, after: Any, steps: dict[str, float]) -> None:
    """Rows are in order of sensors; every column in `steps` differs by half a step at most."""
    before = before.take(np.argsort(before.sensor_id, kind="stable"))
    assert len(before) == len(after)
    for name, step in steps.items():
        col = next(col for col in columns_of(type(before)) if col.name == name)
        there = np.ones(len(before), np.bool_)
        if col.nullable:
            there = before.has(name)
            assert np.array_equal(there, after.has(name)), name
        a, b = getattr(before, name)[there], getattr(after, name)[there]
        if step == 0:
            assert np.array_equal(a, b), name
        else:
            # As they are: UTC in nanoseconds has more digits than a float64.
            wide = np.int64 if a.dtype.kind in "iu" else np.float64
            assert (np.abs(a.astype(wide) - b.astype(wide)) <= step / 2 * 1.000001).all(), name


TIME_STEP = 1e9 / 128


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, n=st.integers(1, 60))
def test_radar_plots(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    plots = fill(PlotBatch.blank(n, World.LIVE), rng, CODES, {
        **common(n, rng), "kind": rng.integers(1, 6, n), "range_m": rng.uniform(0, 470_000, n),
        "azimuth_rad": rng.uniform(0, 2 * np.pi, n)})
    moving = rng.uniform(size=n) < 0.5
    heading, speed = rng.uniform(0, 2 * np.pi, n), rng.uniform(0, 900, n)
    for name, part in (("velocity_east_ms", np.sin), ("velocity_north_ms", np.cos)):
        getattr(plots, name)[moving] = (speed * part(heading))[moving]
        plots.present[moving] |= PlotBatch.bit(name)
    after = back(encode_plots(plots), plots_of)
    same(plots, after, {
        "time_ns": TIME_STEP, "sensor_id": 0, "kind": 0, "range_m": NM / 256, "mode_3a": 0,
        "mode_c_m": FL / 4, "icao_address": 0, "callsign": 0, "sensor_track": 0,
        "velocity_east_ms": 0.3, "velocity_north_ms": 0.3})
    before = plots.take(np.argsort(plots.sensor_id, kind="stable"))
    turn = np.angle(np.exp(1j * (before.azimuth_rad - after.azimuth_rad)))
    assert np.abs(turn).max() <= np.pi / 65_536 * 1.000001
    absent = {PlotFlag.CODE_GARBLED: before.has("mode_3a"),
              PlotFlag.HEIGHT_GARBLED: before.has("mode_c_m")}
    for flag in ON_WIRE:
        can = absent.get(flag, np.ones(n, np.bool_))
        assert np.array_equal((before.flags & flag)[can], (after.flags & flag)[can]), flag


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, n=st.integers(1, 60))
def test_adsb_plots(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    plots = fill(PlotBatch.blank(n, World.LIVE), rng, (*CODES, "height_m", "vertical_rate_ms"), {
        **common(n, rng), "kind": PlotKind.ADSB,
        "latitude_rad": rng.uniform(-np.pi / 2, np.pi / 2, n),
        "longitude_rad": rng.uniform(-np.pi, np.pi * 0.999, n),
        "height_m": rng.uniform(-400, 20_000, n), "vertical_rate_ms": rng.uniform(-50, 50, n),
        "velocity_east_ms": rng.uniform(-300, 300, n),
        "velocity_north_ms": rng.uniform(-300, 300, n), "sigma_m": rng.uniform(2, 7_000, n),
        "velocity_sigma_ms": rng.uniform(0.2, 4.0, n)})
    after = back(encode_plots(plots), plots_of)
    degree = np.pi / 180
    same(plots, after, {
        "time_ns": TIME_STEP, "sensor_id": 0, "kind": 0, "latitude_rad": 180 / 2**30 * degree,
        "longitude_rad": 180 / 2**30 * degree, "mode_3a": 0, "mode_c_m": FL / 4,
        "height_m": 6.25 * FT, "icao_address": 0, "callsign": 0, "sensor_track": 0,
        "velocity_east_ms": 0.3, "velocity_north_ms": 0.3, "vertical_rate_ms": 6.25 * FT / 60})
    before = plots.take(np.argsort(plots.sensor_id, kind="stable"))
    assert (after.sigma_m >= before.sigma_m * 0.999999).all(), "never better than it is"
    moving = after.has("velocity_sigma_ms")
    assert (after.velocity_sigma_ms >= before.velocity_sigma_ms * 0.999999)[moving].all()
    can = FLAGS & ~int(PlotFlag.CODE_GARBLED | PlotFlag.HEIGHT_GARBLED)
    assert np.array_equal(before.flags & can, after.flags & can)


@settings(max_examples=30, deadline=None)
@given(seed=SEEDS, n=st.integers(1, 60))
def test_multilateration_plots(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    plots = fill(PlotBatch.blank(n, World.LIVE), rng, (*CODES, "height_m", "sigma_m"), {
        **common(n, rng), "kind": PlotKind.MLAT,
        "latitude_rad": rng.uniform(-np.pi / 2, np.pi / 2, n),
        "longitude_rad": rng.uniform(-np.pi, np.pi * 0.999, n),
        "height_m": rng.uniform(-400, 20_000, n), "sigma_m": rng.uniform(1, 5_000, n),
        "velocity_east_ms": rng.uniform(-300, 300, n),
        "velocity_north_ms": rng.uniform(-300, 300, n)})
    after = back(encode_plots(plots), plots_of)
    step = 180 / 2**25 * np.pi / 180
    same(plots, after, {
        "time_ns": TIME_STEP, "sensor_id": 0, "kind": 0, "latitude_rad": step,
        "longitude_rad": step, "mode_3a": 0, "mode_c_m": FL / 4, "height_m": 6.25 * FT,
        "icao_address": 0, "callsign": 0, "sensor_track": 0, "velocity_east_ms": 0.25,
        "velocity_north_ms": 0.25, "sigma_m": 0.25})
    before = plots.take(np.argsort(plots.sensor_id, kind="stable"))
    can = FLAGS & ~int(PlotFlag.CODE_GARBLED | PlotFlag.HEIGHT_GARBLED | PlotFlag.EMERGENCY)
    assert np.array_equal(before.flags & can, after.flags & can)


@settings(max_examples=30, deadline=None)
@given(seed=SEEDS, n=st.integers(1, 60))
def test_radar_statuses(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    statuses = fill(SensorStatusBatch.blank(n, World.LIVE), rng, (
        "azimuth_rad", "period_s", "operational"), {
        "time_ns": NOON + rng.integers(-10**10, 10**10, n), "received_ns": NOON,
        "sensor_id": rng.integers(0, 3, n) + 0x1900,
        "kind": rng.choice([StatusKind.NORTH_MARK, StatusKind.SECTOR_CROSSING], n),
        "azimuth_rad": np.radians(rng.integers(0, 256, n) * 360 / 256),
        "period_s": rng.uniform(1, 15, n), "operational": rng.integers(0, 2, n),
        "latitude_rad": rng.uniform(-1.5, 1.5, n), "longitude_rad": rng.uniform(-3.1, 3.1, n),
        "height_m": rng.uniform(-100, 4_000, n)})
    step = 180 / 2**23 * np.pi / 180
    same(statuses, back(encode_statuses(statuses), statuses_of), {
        "time_ns": TIME_STEP, "sensor_id": 0, "kind": 0, "azimuth_rad": 1e-9,
        "period_s": 1 / 128, "operational": 0, "latitude_rad": step, "longitude_rad": step,
        "height_m": 1.0})


def random_tracks(seed: int, n: int, world: World = World.LIVE) -> TrackBatch:
    rng = np.random.default_rng(seed)
    covariance = np.zeros((n, 10))
    covariance[:, [0, 4]] = rng.uniform(1, 5_000, (n, 2)) ** 2
    covariance[:, 1] = np.sqrt(covariance[:, 0] * covariance[:, 4]) * rng.uniform(-1, 1, n)
    covariance[:, [7, 9]] = rng.uniform(0, 60, (n, 2)) ** 2
    times = NOON + rng.integers(-10**10, 10**10, n)
    tracks: TrackBatch = fill(TrackBatch.blank(n, world), rng, (
        "mode_c_m", "height_m", "vertical_rate_ms", "mode_3a", "icao_address", "callsign"), {
        "time_ns": times, "unit_id": 0x1902, "system_track_number": rng.integers(0, 65_536, n),
        "state": rng.integers(1, 5, n), "flags": rng.integers(0, 2, n),
        "latitude_rad": rng.uniform(-np.pi / 2, np.pi / 2, n),
        "longitude_rad": rng.uniform(-np.pi, np.pi * 0.999, n),
        "velocity_east_ms": rng.uniform(-900, 900, n),
        "velocity_north_ms": rng.uniform(-900, 900, n), "covariance": covariance,
        "mode_c_m": rng.uniform(-300, 15_000, n), "height_m": rng.uniform(-400, 20_000, n),
        "vertical_rate_ms": rng.uniform(-50, 50, n), "mode_3a": rng.integers(0, 4096, n),
        "icao_address": rng.integers(0, 1 << 24, n), "callsign": rng.choice(ADDRESSES, n),
        "updated_ns": times - rng.integers(0, 60 * 10**9, n),
        "started_ns": times - rng.integers(0, 63 * 10**9, n)})
    return tracks


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, n=st.integers(1, 60))
def test_tracks(seed: int, n: int) -> None:
    tracks = random_tracks(seed, n)
    after = back(encode_tracks(tracks), tracks_of)
    step = 180 / 2**25 * np.pi / 180
    for name, half in {
            "time_ns": TIME_STEP, "unit_id": 0, "system_track_number": 0, "state": 0, "flags": 0,
            "latitude_rad": step, "longitude_rad": step, "velocity_east_ms": 0.25,
            "velocity_north_ms": 0.25, "mode_c_m": FL / 4, "height_m": 6.25 * FT,
            "vertical_rate_ms": 6.25 * FT / 60, "mode_3a": 0, "icao_address": 0, "callsign": 0,
            "updated_ns": 0.26e9, "started_ns": 0.26e9}.items():
        difference = getattr(tracks, name) != getattr(after, name)
        if half:
            difference = np.abs(getattr(tracks, name) - getattr(after, name)) > half / 2 * 1.0001
        assert not difference.any(), name
    assert np.array_equal(tracks.present, after.present)
    for place, spread in ((0, 0.5), (4, 0.5), (7, 0.25), (9, 0.25)):
        assert (np.abs(np.sqrt(tracks.covariance[:, place]) - np.sqrt(
            after.covariance[:, place])) <= spread / 2 * 1.0001).all()
    mixed = [np.sign(batch.covariance[:, 1]) * np.sqrt(np.abs(batch.covariance[:, 1]))
             for batch in (tracks, after)]
    assert (np.abs(mixed[0] - mixed[1]) <= 0.2501).all()


def test_tracks_as_libasterix_reads_them() -> None:
    tracks = random_tracks(5, 200, World.EXERCISE)
    records = judge.records_of(b"".join(encode_tracks(tracks, service=4)), 62, "1.21")
    assert len(records) == 200
    for i, found in enumerate(records):
        assert judge.bits(found, "010") == 0x1902
        assert judge.bits(found, "015") == 4
        assert judge.bits(found, "040") == tracks.system_track_number[i]
        assert judge.quantity(found, "070") == pytest.approx(tracks.time_ns[i] % DAY / 1e9,
                                                             abs=1 / 255)
        assert judge.quantity(found, "105/LAT") == pytest.approx(
            np.degrees(tracks.latitude_rad[i]), abs=180 / 2**26)
        assert judge.quantity(found, "105/LON") == pytest.approx(
            np.degrees(tracks.longitude_rad[i]), abs=180 / 2**26)
        assert judge.quantity(found, "185/VX") == pytest.approx(
            tracks.velocity_east_ms[i], abs=0.126)
        assert judge.bits(found, "080/SIM") == 1, "an exercise never looks like the real thing"
        assert judge.bits(found, "080/CNF") == (tracks.state[i] == TrackState.TENTATIVE)
        assert judge.bits(found, "080/TSE") == (tracks.state[i] == TrackState.DROPPED)
        assert (judge.bits(found, "080/CST") or 0) == (tracks.state[i] == TrackState.COASTING)
        assert judge.bits(found, "380/ADR") == (
            tracks.icao_address[i] if tracks.has("icao_address")[i] else None)
        assert judge.text(found, "245/CHR") == (
            tracks.callsign[i].decode() if tracks.has("callsign")[i] else None)
        assert judge.quantity(found, "500/APC/X") == pytest.approx(
            np.sqrt(tracks.covariance[i, 0]), abs=0.251)
        assert judge.quantity(found, "500/ATV/Y") == pytest.approx(
            np.sqrt(tracks.covariance[i, 9]), abs=0.126)
        assert judge.quantity(found, "290/TRK") == pytest.approx(
            (tracks.time_ns[i] - tracks.started_ns[i]) / 1e9, abs=0.126)


def test_what_a_track_does_not_say_is_in_no_octet() -> None:
    """A track as it leaves for a nation that may not have its velocity and its history."""
    tracks = random_tracks(6, 60)
    tracks.velocity_east_ms[::2] = tracks.velocity_north_ms[::2] = np.nan
    tracks.covariance[::2, [2, 3, 5, 6, 7, 8, 9]] = np.nan
    tracks.updated_ns[::2] = tracks.started_ns[::2] = 0
    records = judge.records_of(b"".join(encode_tracks(tracks)), 62, "1.21")
    assert len(records) == 60
    for i, found in enumerate(records):
        for item in ("185/VX", "185/VY", "500/ATV/X", "500/ATV/Y", "290/TRK"):
            assert (judge.quantity(found, item) is None) == (i % 2 == 0), item
        ages = [judge.quantity(found, f"290/{name}") for name in ("MDS", "SSR", "PSR")]
        assert (set(ages) == {None}) == (i % 2 == 0)
        assert judge.quantity(found, "500/APC/X") == pytest.approx(
            np.sqrt(tracks.covariance[i, 0]), abs=0.251)


def exercise_plots(kinds: tuple[int, ...]) -> PlotBatch:
    n = len(kinds)
    rng = np.random.default_rng(1)
    plots: PlotBatch = fill(PlotBatch.blank(n, World.EXERCISE), rng, (), {
        "time_ns": NOON, "received_ns": NOON, "sensor_id": 0x1903, "kind": np.array(kinds),
        "range_m": 100 * NM, "azimuth_rad": np.pi / 2, "latitude_rad": 0.75,
        "longitude_rad": 1.3, "mode_3a": 0o4521, "mode_c_m": 9_144.0,
        "icao_address": 0x601234, "callsign": b"KGZ77"})
    return plots


def test_exercise_plots_as_libasterix_reads_them() -> None:
    content = b"".join(encode_plots(exercise_plots((
        PlotKind.PSR, PlotKind.SSR, PlotKind.PSR_SSR, PlotKind.MODE_S, PlotKind.PSR_MODE_S,
        PlotKind.ADSB, PlotKind.MLAT))))
    radar = judge.records_of(content, 48, "1.32")
    assert [judge.bits(found, "020/TYP") for found in radar] == [1, 2, 3, 5, 7]
    adsb, mlat = judge.records_of(content, 21, "2.7"), judge.records_of(content, 20, "1.11")
    assert (len(adsb), len(mlat)) == (1, 1)
    for found, flag in [*((found, "020/SIM") for found in radar), (adsb[0], "040/SIM"),
                        (mlat[0], "020/SIM")]:
        assert judge.bits(found, flag) == 1, "an exercise never looks like the real thing"
        assert judge.bits(found, "070/MODE3A") == 0o4521
        assert judge.bits(found, "010") == 0x1903
    assert judge.quantity(radar[0], "040/RHO") == 100
    assert judge.quantity(radar[0], "040/THETA") == 90
    assert judge.quantity(radar[0], "090/FL") == 300
    assert judge.text(radar[0], "240") == "KGZ77"
    assert judge.bits(adsb[0], "080") == 0x601234
    assert judge.quantity(adsb[0], "131/LAT") == pytest.approx(np.degrees(0.75), abs=1e-7)
    assert judge.quantity(adsb[0], "071") == 43_200


def test_blocks_hold_one_sensor_each_and_plots_without_position_are_left_out() -> None:
    plots = exercise_plots((PlotKind.SSR,) * 300)
    plots.sensor_id[::3] = 0x1904
    plots.present[7] &= ~PlotBatch.bit("range_m")
    blocks = encode_plots(plots)
    ids = [set(plots_of(decode(block), np.array([NOON]), np.array([0]), World.EXERCISE
                        )[0].sensor_id.tolist()) for block in blocks]
    assert all(len(found) == 1 for found in ids)
    assert len(back(blocks, plots_of, World.EXERCISE)) == 299
    assert encode_plots(PlotBatch.empty(World.LIVE)) == []
    assert encode_tracks(TrackBatch.empty(World.LIVE)) == []
    assert encode_statuses(SensorStatusBatch.empty(World.LIVE)) == []


def test_what_a_unit_says_of_itself_as_libasterix_reads_it() -> None:
    content = encode_system_status(0x1902, NOON, operational=False, overloaded=True)
    (found,) = judge.records_of(content, 65, "1.6")
    assert [judge.bits(found, name) for name in (
        "010", "000", "015", "040/NOGO", "040/OVL", "040/TSV")] == [
        0x1902, 1, 1, DEGRADED, 1, 0]
    assert judge.quantity(found, "030") == 43_200
    (found,) = judge.records_of(encode_end_of_batch(0x1902, NOON, 258, service=3), 65, "1.6")
    assert [judge.bits(found, name) for name in ("000", "015", "020")] == [2, 3, 2]
    content = b"".join(encode_sensor_status(
        0x1902, NOON, np.array([0x1901, 0x1905], np.int32), np.array([0, NOT_CONNECTED], np.uint8)))
    first, second = judge.records_of(content, 63, "1.7")
    assert (judge.bits(first, "050"), judge.bits(first, "060/CON")) == (0x1901, 0)
    assert (judge.bits(second, "050"), judge.bits(second, "060/CON")) == (0x1905, 3)
    rows = back([content], statuses_of)
    assert rows.sensor_id.tolist() == [0x1901, 0x1905]
    assert rows.operational.tolist() == [1, 0]
    assert encode_sensor_status(1, NOON, np.zeros(0, np.int32), np.zeros(0, np.uint8)) == []


def test_biases_of_sensors_as_libasterix_reads_them() -> None:
    nan = np.nan
    biases = SensorBiases(
        primary=np.array([False, True, False, False]), range_m=np.array([150.0, -80.0, nan, 1e9]),
        azimuth_rad=np.radians([0.12, -0.05, nan, 720.0]), time_s=np.array([nan, 0.25, -0.4, 99.0]))
    content = b"".join(encode_sensor_status(
        0x1902, NOON, np.arange(1, 5, dtype=np.int32), np.zeros(4, np.uint8), biases))
    ssr, psr, adsb, wild = judge.records_of(content, 63, "1.7")
    assert judge.quantity(ssr, "080/SRB") * 1852 == pytest.approx(150, abs=7.3)
    assert judge.quantity(ssr, "081") == pytest.approx(0.12, abs=0.0028)
    assert judge.bits(ssr, "080/SRG") == 0
    assert judge.quantity(psr, "090/PRB") * 1852 == pytest.approx(-80, abs=7.3)
    assert judge.quantity(psr, "091") == pytest.approx(-0.05, abs=0.0028)
    assert [judge.quantity(one, "070") for one in (psr, adsb)] == [250, -400]
    for record, absent in ((ssr, ("070", "090/PRB", "091")), (psr, ("080/SRB", "081")),
                           (adsb, ("080/SRB", "081", "090/PRB", "091"))):
        assert all(judge.bits(record, name) is None for name in absent)
    assert judge.quantity(wild, "070") == 32_000, "as far as it fits"
    rows = back([content], statuses_of)
    assert rows.range_bias_m[:2] == pytest.approx([150, -80], abs=7.3)
    assert np.degrees(rows.azimuth_bias_rad[:2]) == pytest.approx([0.12, -0.05], abs=0.0028)
    assert rows.time_bias_s[1:3].tolist() == [0.25, -0.4]
    assert rows.has("range_bias_m").tolist() == [True, True, False, True]
    assert rows.has("time_bias_s").tolist() == [False, True, True, True]

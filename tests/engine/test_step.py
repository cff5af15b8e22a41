"""The engine: a step is pure, a checkpoint is the state itself, nothing that comes in is lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jointsky.codec.asterix.decode import decode
from jointsky.codec.asterix.from_batches import encode_tracks
from jointsky.engine.checkpoint import pack, unpack
from jointsky.engine.health import sensor_rows
from jointsky.engine.state import PictureState, configure, copy, start
from jointsky.engine.step import StepResult, picture_at, step
from jointsky.model.clock import NS_PER_S
from jointsky.model.errors import SchemaMismatch
from jointsky.model.frame import Frame
from jointsky.model.reject import Reason
from jointsky.model.schema import PlotKind, TrackBatch, TrackState
from jointsky.model.sensor import SensorKind, sensor_id_of
from jointsky.model.world import World
from tests.engine.simulated import (
    BEGIN_NS,
    UNIT,
    columns_bytes,
    sensors_of_demo,
    turns,
    with_picture,
)


def fresh(world: World = World.EXERCISE) -> PictureState:
    return start(world, UNIT, sensors_of_demo())


def run(state: PictureState, first: int, last: int, seconds: int = 40) -> list[StepResult]:
    results = []
    for now_ns, frames in turns(seconds)[first:last]:
        results.append(with_picture(step(state, frames, now_ns)))
        state = results[-1].state
    return results


def pictures(results: list[StepResult]) -> list[dict[str, bytes]]:
    return [columns_bytes(result.tracks) for result in results]


@pytest.fixture(scope="module")
def once() -> list[dict[str, bytes]]:
    return pictures(run(fresh(), 0, 80))


def test_the_demo_makes_tracks_of_its_aircraft() -> None:
    results = run(fresh(), 0, 80)
    last = results[-1]
    assert last.state.rejects == 0 and last.state.plots > 1_000
    live = last.tracks.take(last.tracks.state == TrackState.CONFIRMED)
    assert len(live) >= 40
    assert live.has("icao_address").sum() >= 30
    assert (live.time_ns == last.now_ns).all()
    seen = Counter(row.state for row in sensor_rows(last.state))
    assert seen == {"ok": 3}


def test_the_same_steps_give_the_same_bytes(once: list[dict[str, bytes]]) -> None:
    assert pictures(run(fresh(), 0, 80)) == once


def test_a_checkpoint_goes_on_as_if_nothing_had_been(once: list[dict[str, bytes]]) -> None:
    half = run(fresh(), 0, 40)[-1].state
    blob = pack(half)
    restored = unpack(PictureState, blob)
    assert columns_bytes(picture_at(restored)) == columns_bytes(picture_at(half))
    assert pictures(run(restored, 40, 80)) == once[40:]
    again = unpack(PictureState, blob, World.REPLAY)
    results = run(again, 40, 80)
    assert pictures(results) == once[40:]
    assert results[-1].tracks.world is World.REPLAY


def test_a_copy_is_not_changed_by_steps(once: list[dict[str, bytes]]) -> None:
    half = run(fresh(), 0, 40)[-1].state
    kept = copy(half)
    run(half, 40, 60)
    assert pictures(run(kept, 40, 80)) == once[40:]


@pytest.mark.parametrize("damage", [b"", b"JSKC0001", b"x" * 100])
def test_a_damaged_checkpoint_is_refused(damage: bytes) -> None:
    with pytest.raises(SchemaMismatch):
        unpack(PictureState, damage)


def test_a_checkpoint_cut_short_or_of_another_program_is_refused() -> None:
    blob = pack(fresh())
    with pytest.raises(SchemaMismatch):
        unpack(PictureState, blob[:-8])
    with pytest.raises(SchemaMismatch):
        unpack(PictureState, blob.replace(b'"editions"', b'"additions"'))


def test_plots_of_an_unknown_radar_are_counted_until_it_says_where_it_stands() -> None:
    state = start(World.EXERCISE, UNIT, ())
    results = []
    for now_ns, frames in turns(40)[:40]:
        results.append(step(state, frames, now_ns))
        state = results[-1].state
    refused = np.concatenate([result.rejects.reason for result in results])
    assert set(refused.tolist()) == {Reason.UNKNOWN_SENSOR.value.encode()}
    came = sum(len(result.plots) + len(result.rejects) for result in results)
    sent = sum(len(result.plots) for result in run(fresh(), 0, 40))
    assert came == sent
    # The radars gave their place with the north mark (I034/120), the ADS-B station needs none.
    kinds = {sensor.sensor_id: sensor.kind for sensor in state.sensors}
    assert kinds == {sensor_id_of(200, 11): SensorKind.PSR_SSR,
                     sensor_id_of(200, 12): SensorKind.PSR_SSR,
                     sensor_id_of(200, 21): SensorKind.ADSB}
    assert len(results[-1].rejects) == 0
    rows = {row.sensor_id: row for row in sensor_rows(state)}
    assert sum(row.rejects for row in rows.values()) == len(refused)


def test_a_radar_that_never_says_its_place_is_shown_as_unknown() -> None:
    state = start(World.EXERCISE, UNIT, ())
    for now_ns, frames in turns(40)[:20]:
        plots_only = [frame for frame in frames if frame.payload[0] == 48]
        state = step(state, plots_only, now_ns).state
    rows = sensor_rows(state)
    assert [row.known for row in rows] == [False, False]
    assert rows[0].name == "sensor 200/11" and rows[0].rejects == rows[0].reports > 0


def test_a_live_picture_takes_no_simulated_report() -> None:
    results = run(fresh(World.LIVE), 0, 40)
    last = results[-1].state
    assert last.plots == 0 and last.rejects > 500
    refused = np.concatenate([result.rejects.reason for result in results])
    assert set(refused.tolist()) == {Reason.OTHER_WORLD.value.encode()}
    assert not any(len(result.picture) for result in results)


def test_configuration_may_change_between_steps() -> None:
    state = run(fresh(), 0, 40)[-1].state
    sensors = sensors_of_demo()
    moved = (replace(sensors[0], name="renamed"), *sensors[1:])
    state = configure(state, UNIT, moved, {"Kant radar": {48: "1.31"}})
    assert state.sensors[0].name == "renamed" and len(state.sensors) == 3
    result = run(state, 40, 50)[-1]
    assert len(result.tracks) > 30


def foreign_track(number: int, now_ns: int, unit_id: int, state: int) -> TrackBatch:
    tracks = TrackBatch.blank(1, World.EXERCISE)
    tracks.time_ns[:] = tracks.updated_ns[:] = tracks.started_ns[:] = now_ns
    tracks.system_track_number[:], tracks.unit_id[:] = number, unit_id
    tracks.latitude_rad[:], tracks.longitude_rad[:] = 0.75, 1.3
    tracks.state[:] = state
    return tracks


def test_tracks_of_other_systems_stand_beside_our_own_and_end() -> None:
    state = run(fresh(), 0, 30)[-1].state
    own = len(picture_at(state))
    now_ns = state.now_ns
    for tick, life in enumerate([TrackState.CONFIRMED] * 3 + [TrackState.DROPPED]):
        now_ns += NS_PER_S // 2
        frames = [Frame("neighbour", now_ns, block) for unit_id in (300, 400)
                  for block in encode_tracks(foreign_track(7, now_ns, unit_id, life))]
        result = step(state, frames, now_ns)
        state = result.state
        assert len(result.foreign) == 2, tick
        numbers = result.picture.system_track_number
        assert len(set(numbers.tolist())) == len(numbers) >= own
        theirs = result.picture.take(result.picture.unit_id != UNIT.unit_id)
        assert (theirs.system_track_number % 65_536 == 7).all()
        assert (theirs.state == life).all()
        assert set(result.tracks.unit_id.tolist()) == {UNIT.unit_id}
    result = step(state, [], now_ns + NS_PER_S)
    assert set(result.picture.unit_id.tolist()) == {UNIT.unit_id}
    named = {row.name for row in sensor_rows(result.state)}
    assert {"system 1/44", "system 1/144"} <= named


def test_a_foreign_track_that_falls_silent_is_dropped() -> None:
    state = fresh()
    now_ns = BEGIN_NS
    blocks = encode_tracks(foreign_track(9, now_ns, 300, TrackState.CONFIRMED))
    state = step(state, [Frame("neighbour", now_ns, block) for block in blocks], now_ns).state
    result = step(state, [], now_ns + 29 * NS_PER_S)
    assert result.picture.system_track_number.tolist() == [9]
    result = step(result.state, [], now_ns + 31 * NS_PER_S)
    assert result.picture.state.tolist() == [TrackState.DROPPED]
    assert len(step(result.state, [], now_ns + 32 * NS_PER_S).picture) == 0


def test_real_tracks_of_another_system_are_shown_as_it_has_them(shared: Path) -> None:
    from jointsky.app.framelog import RecordingLog, take_turn
    from jointsky.app.recordings import open_recording
    opened = open_recording(shared / "asterix" / "baltic_tracks_cat062.ast")
    log = RecordingLog("baltic", opened.frames, opened.first)
    state, seen = log.first(), set()
    for turn in log.turns(0):
        result = take_turn(state, turn, World.REPLAY)
        state = result.state
        seen |= set(result.picture.system_track_number.tolist())
        if turn.sequence == 600:
            break
    assert len(result.tracks) == 0 and len(result.picture) > 50
    decoded = decode(b"".join(frame.payload for frame in opened.frames
                              if frame.received_ns < result.now_ns))
    assert seen == set(decoded.of(62)[0].column("040")[0].tolist())


def test_the_old_edition_is_found_however_small_the_pieces(shared: Path) -> None:
    from jointsky.app.recordings import open_recording
    path = shared / "asterix" / "barcelona_adsb_cat021_ed0.23_20160510.ast"
    frames = open_recording(path).frames[:600]
    state = start(World.LIVE, UNIT, ())
    used = 0
    for at in range(0, 600, 20):
        part = frames[at:at + 20]
        result = step(state, part, part[-1].received_ns + at)
        state, used = result.state, used + len(result.plots)
    assert state.sources[frames[0].source].editions[21] == "0.23"
    assert used >= 550
    assert set(result.plots.kind.tolist()) == {PlotKind.ADSB}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=80), max_size=8), st.booleans())
def test_any_bytes_are_worked_off(payloads: list[bytes], framed: bool) -> None:
    state = fresh()
    frames = [Frame("any", BEGIN_NS, bytes([48, 0, len(one) + 3]) + one if framed else one)
              for one in payloads]
    result = step(state, frames, BEGIN_NS + 1)
    assert result.state.frames == len(frames)
    result = step(result.state, turns(40)[0][1], turns(40)[0][0])
    assert len(result.plots) > 0

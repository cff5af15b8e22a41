"""A unit as a process: UDP in, CAT062 out, killed without warning, started again, nothing lost."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from jointsky.app.feed import Order
from jointsky.app.framelog import JournalLog, take_turn
from jointsky.codec.asterix.decode import decode
from jointsky.edge.journal import JournalReader
from jointsky.engine.state import PictureState
from jointsky.model.schema import TrackState
from jointsky.model.world import World
from tests.app.running import ROOT, free_udp_port, running, screen
from tests.engine.simulated import columns_bytes, scenario_of_demo

pytestmark = pytest.mark.xdist_group("processes")
# A unit that is away for longer comes back to aircraft whose tracks have rightly ended.
BACK_SOON_S = 12.0


def configuration(folder: Path, ports: list[int], output: int) -> Path:
    """examples/units/kant.toml with ports and a journal of this test."""
    text = (ROOT / "examples" / "units" / "kant.toml").read_text()
    for old, new in (("8600", ports[0]), ("8601", ports[1]), ("8602", ports[2]), ("8610", output)):
        text = text.replace(f"127.0.0.1:{old}", f"127.0.0.1:{new}")
    text = text.replace('world = "live"', 'world = "exercise"').replace(
        "kant.journal", str(folder / "kant.journal")).replace("port = 8470", "port = 0").replace(
        'editions = { "021" = "2.4" }\n', "").replace("period_s = 4", "period_s = 1").replace(
        "size_gb = 64", "size_gb = 64\ncheckpoint_s = 5")
    path = folder / "kant.toml"
    path.write_text(text)
    return path


@contextmanager
def feeding(ports: list[int]) -> Iterator[None]:
    """The simulator of the demo, sending to these ports."""
    scenario = scenario_of_demo()
    to = {sensor.sensor_id: ("127.0.0.1", port)
          for sensor, port in zip(scenario.sensors, ports, strict=True)}
    process = subprocess.Popen([sys.executable, "-m", "jointsky.app.feed"], cwd=ROOT,
                               stdin=subprocess.PIPE, text=True)
    assert process.stdin is not None
    try:
        process.stdin.write(Order(scenario=scenario, to=to).model_dump_json() + "\n")
        process.stdin.flush()
        yield
    finally:
        process.stdin.close()
        assert process.wait(20) == 0


def test_a_killed_unit_goes_on_where_it_was(tmp_path: Path) -> None:
    ports = [free_udp_port() for _ in range(3)]
    config = str(configuration(tmp_path, ports, free_udp_port()))
    with feeding(ports):
        with running("unit", config) as unit:
            unit.wait_for("/api/health", lambda health: health["tracks"] >= 30, 90)
            time.sleep(6)  # at least one checkpoint
            before = unit.get("/api/picture.geojson")
            health = unit.get("/api/health")
            os.kill(unit.process.pid, signal.SIGKILL)
            unit.process.wait()
        kept = JournalReader(tmp_path / "kant.journal")
        extent = kept.extent()
        assert extent.end_ns >= round(health["time_ms"]) * 1_000_000
        assert kept.checkpoint_before(extent.end_ns) is not None
        kept.close()
        with running("unit", config) as unit, screen(unit.url) as console:
            console.until(lambda: len(console.tracks) > 0)
            after = unit.get("/api/health")
            numbers = {feature["id"]: feature["properties"]["started_ms"]
                       for feature in before["features"]}
            here = {number: console.tracks[number]["started_ms"]
                    for number in numbers if number in console.tracks}
            same = [number for number, started_ms in here.items()
                    if abs(started_ms - numbers[number]) < 0.01]
            # All but those that the seconds without a unit have ended: few, if it was soon back.
            away_s = (console.now_ms - before["time_ms"]) / 1000
            assert len(same) >= 0.7 * len(numbers) or away_s > BACK_SOON_S
            assert all(here[number] > before["time_ms"] for number in here.keys() - set(same))
            assert after["frames"] >= health["frames"] and after["plots"] >= health["plots"]
            # The time before the loss can be looked at.
            console.order(do="seek", time_ms=before["time_ms"])
            name = console.said["hello"]["session"]
            again = unit.wait_for(f"/api/picture.geojson?session={name}",
                                  lambda answer: answer["time_ms"] == before["time_ms"])
            assert [feature["geometry"] for feature in again["features"]] == [
                feature["geometry"] for feature in before["features"]]
            status, _, err = unit.end()
            assert status == 0 and "Traceback" not in err, err


def test_tracks_go_out_as_cat062_and_the_journal_gives_them_again(tmp_path: Path) -> None:
    ports = [free_udp_port() for _ in range(3)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as neighbour:
        neighbour.bind(("127.0.0.1", 0))
        neighbour.settimeout(30)
        config = configuration(tmp_path, ports, neighbour.getsockname()[1])
        with feeding(ports), running("unit", str(config)) as unit:
            unit.wait_for("/api/health", lambda health: health["tracks"] >= 20
                          and health["ticks"] >= 16, 90)
            picture = unit.get("/api/picture.geojson")
            neighbour.setblocking(False)
            while True:  # what came before there were so many
                try:
                    neighbour.recv(2_000)
                except BlockingIOError:
                    break
            neighbour.settimeout(30)
            datagrams = []
            while not {62, 63, 65} <= {datagram[0] for datagram in datagrams}:
                datagrams.append(neighbour.recv(2_000))
            status, out, err = unit.end()
    assert status == 0 and "tracks now" in out, err
    decoded = decode(b"".join(datagrams))
    assert decoded.rejects.n == 0
    (tracks,) = decoded.of(62)
    numbers, _ = tracks.column("040")
    shown = {feature["id"] for feature in picture["features"]}
    assert len(set(numbers.tolist()) & shown) >= 0.8 * len(shown)
    assert tracks.column("080/SIM")[0].all()
    latitude, _ = tracks.column("105/LAT")
    assert (np.abs(latitude - 42) < 5).all()
    assert decoded.of(63)[0].n == 3
    assert replayed(tmp_path / "kant.journal") == replayed(tmp_path / "kant.journal", World.REPLAY)


def replayed(path: Path, world: World = World.EXERCISE) -> list[dict[str, bytes]]:
    """The tracks of every turn of a journal, as bytes."""
    log = JournalLog(path, world)
    state: PictureState | None = None
    made = []
    for turn in log.turns(0):
        result = take_turn(state, turn, world)
        state = result.state
        made.append(columns_bytes(result.tracks))
        # A checkpoint that the live unit wrote here is the state that comes out again.
        mark = log.mark_before(turn.now_ns)
        if mark is not None and mark.time_ns == turn.now_ns:
            following = next(log.turns(turn.sequence), None)
            if following is not None:
                from jointsky.engine.state import copy
                one = take_turn(mark.state, following, world).tracks
                other = take_turn(copy(state), following, world).tracks
                assert columns_bytes(one) == columns_bytes(other)
    log.close()
    assert state is not None and len(made) > 10
    assert (result.tracks.state == TrackState.CONFIRMED).sum() >= 20
    return made


def test_a_unit_on_a_recording_lives_in_its_time(tmp_path: Path, shared: Path) -> None:
    text = (ROOT / "examples" / "units" / "kant.toml").read_text()
    head = text[:text.index("[[sensor]]")]
    recording = shared / "asterix" / "alicante_adsb_cat021_ed2.4.ast"
    config = tmp_path / "replayed.toml"
    config.write_text(f"""{head}
[[input]]
name = "recorded"
recording = "{recording}"
[journal]
path = "{tmp_path / 'recorded.journal'}"
[console]
port = 0
""")
    with running("unit", str(config)) as unit, screen(unit.url) as console:
        console.until(lambda: len(console.tracks) >= 10)
        assert unit.get("/api/health")["world"] == "replay"
        assert 0 < console.now_ms < 2 * 86_400_000  # the file does not say its date


@pytest.mark.parametrize(("change", "words"), [
    (("path = \"kant.journal\"", "path = \"examples\""), ["examples"]),
    (("path = \"kant.journal\"", "path = \"Makefile\""), ["Makefile", "not a journal"]),
    (("127.0.0.1:8600", "203.0.113.7:8600"), ["203.0.113.7", "Kant radar"]),
])
def test_what_cannot_be_had_is_told_with_status_2(tmp_path: Path, change: tuple[str, str],
                                                  words: list[str]) -> None:
    text = (ROOT / "examples" / "units" / "kant.toml").read_text().replace("8470", "0")
    assert change[0] in text
    config = tmp_path / "unit.toml"
    text = text.replace(*change)
    config.write_text(text.replace('"kant.journal"', f'"{tmp_path / "k.journal"}"'))
    done = subprocess.run([sys.executable, "-m", "jointsky", "unit", str(config)], cwd=ROOT,
                          capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 2, done.stderr
    assert all(word in done.stderr for word in words), done.stderr
    assert "Traceback" not in done.stderr

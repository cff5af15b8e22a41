"""Replay: every real recording is shown; seeking gives the same picture as playing through."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from jointsky.app.framelog import JournalLog, RecordingLog, take_turn
from jointsky.app.history import History
from jointsky.app.player import Player
from jointsky.app.recordings import open_recording
from jointsky.edge.journal import EntryKind, JournalWriter
from jointsky.engine.checkpoint import pack
from jointsky.model.errors import FileProblem, UsageProblem
from jointsky.model.sensor import Sensor
from jointsky.model.world import World
from tests.app.running import ROOT, running, screen
from tests.engine.simulated import BEGIN_NS, UNIT, columns_bytes, sensors_of_demo, turns
from tests.engine.test_step import fresh

BARCELONA = "20/129=41.3007,2.1021,27"


def journal_of_demo(path: Path, seconds: int) -> dict[int, dict[str, bytes]]:
    """A journal as a node writes it; the tracks of each turn by its time."""
    from jointsky.app.config import load_config
    from jointsky.app.demo import config_of
    from tests.engine.simulated import scenario_of_demo
    config = config_of(scenario_of_demo(), path, 0)
    assert load_config(ROOT / "examples" / "units" / "kant.toml").unit.name == config.unit.name
    journal = JournalWriter(path)
    pictures = {}
    state = None
    for place, (now_ns, frames) in enumerate(turns(seconds)):
        news = config if place == 0 else None
        if news is not None:
            journal.append(EntryKind.CONFIG, now_ns, news.model_dump_json().encode())
        journal.append_frames(frames)
        sequence = journal.append_tick(now_ns)
        journal.commit()
        from jointsky.app.framelog import Turn
        result = take_turn(state, Turn(sequence, now_ns, frames, news), World.EXERCISE)
        state = result.state
        pictures[now_ns] = columns_bytes(result.picture)
        if place % 20 == 19:
            journal.save_checkpoint(sequence, now_ns, pack(state))
    journal.close()
    return pictures


def test_a_journal_replayed_and_sought_gives_the_same_bytes(tmp_path: Path) -> None:
    path = tmp_path / "demo.journal"
    live = journal_of_demo(path, 40)
    player = Player(JournalLog(path, World.REPLAY), World.REPLAY, History())
    for now_ns, expected in live.items():
        while not player.advance(now_ns):
            pass
        assert player.picture is not None and player.now_ns == now_ns
        assert columns_bytes(player.picture.tracks) == expected
    times = list(live)
    for place in np.random.default_rng(5).permutation(len(times))[:10].tolist():
        # Between two ticks, the picture is that of the first.
        while not player.seek(times[place] + 123_456):
            pass
        assert player.picture is not None and player.now_ns == times[place]
        assert columns_bytes(player.picture.tracks) == live[times[place]], place
        assert player.picture.tracks.world is World.REPLAY
    player.seek(0)
    assert player.now_ns == times[0]
    player.close()


def test_a_recording_sought_gives_the_same_bytes() -> None:
    frames = [frame for _, part in turns(40) for frame in part]
    state = fresh(World.REPLAY)
    log = RecordingLog("demo", frames, state)
    first = Player(log, World.REPLAY, History())
    seen = {}
    start_ns, end_ns = log.extent()
    assert BEGIN_NS < start_ns < end_ns <= BEGIN_NS + 41 * 10**9
    for now_ns in range(start_ns, end_ns + 1, 4 * 10**9):
        first.advance(now_ns)
        assert first.picture is not None
        seen[first.now_ns] = columns_bytes(first.picture.tracks)
    other = Player(log, World.REPLAY, History())
    for now_ns in reversed(seen):
        assert other.seek(now_ns)
        assert other.picture is not None and other.now_ns == now_ns
        assert columns_bytes(other.picture.tracks) == seen[now_ns]


def test_a_silent_stretch_is_passed_over_quickly() -> None:
    frames = [frame for _, part in turns(40)[:4] for frame in part]
    day_ns = 86_400 * 10**9
    later = [type(frame)(frame.source, frame.received_ns + 3 * day_ns, frame.payload)
             for frame in frames]
    log = RecordingLog("gap", frames + later, fresh(World.REPLAY))
    taken = list(log.turns(0))
    assert len(taken) < 700
    assert sum(len(turn.frames) for turn in taken) == 2 * len(frames)
    assert all(one.sequence < two.sequence for one, two in pairwise(taken))
    resumed = list(log.turns(taken[5].sequence))
    assert [turn.sequence for turn in resumed] == [turn.sequence for turn in taken[6:]]
    assert [len(turn.frames) for turn in resumed] == [len(turn.frames) for turn in taken[6:]]


def place(text: str) -> tuple[Sensor, ...]:
    from jointsky.app.arguments import parse_sensors
    return parse_sensors([text])


@pytest.mark.parametrize(("name", "sensors", "tracks"), [
    ("alicante_adsb_cat021_ed2.4.ast", None, 20),
    ("jahorina_radar_cat034_cat048.ast", "23/2=43.72,18.57,1900", 15),
    ("croatia_radars_cat034_cat048.pcap", None, 0),
    ("croatia_cat062_cat065.pcap", None, 1),
    ("baltic_tracks_cat062.ff", None, 50),
    ("barcelona_adsb_cat021_ed0.23_20160510.ast", None, 10),
    ("barcelona_mlat_cat019_cat020_20160510.ast", None, 10),
    ("barcelona_radar_cat048_20230502.ast", BARCELONA, 20),
])
def test_every_real_recording_is_shown(shared: Path, name: str, sensors: str | None,
                                       tracks: int) -> None:
    opened = open_recording(shared / "asterix" / name, place(sensors) if sensors else ())
    log = RecordingLog(name, opened.frames, opened.first)
    player = Player(log, World.REPLAY, History())
    start_ns, end_ns = log.extent()
    player.seek(min(start_ns + 90 * 10**9, end_ns))
    assert player.picture is not None
    assert len(player.picture.tracks) >= tracks
    assert player.picture.plots + len(player.picture.tracks) > 0
    if "20230502" in name:
        assert np.datetime64(player.now_ns, "ns").astype(str).startswith("2023-05-02T08:01")


def test_a_radar_without_a_place_is_refused_with_what_to_say(shared: Path) -> None:
    path = shared / "asterix" / "barcelona_radar_cat048_20230502.ast"
    with pytest.raises(UsageProblem, match=r"20/129.*--sensor 20/129=LATITUDE"):
        open_recording(path)
    done = subprocess.run([sys.executable, "-m", "jointsky", "replay", str(path), "--headless"],
                          capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 2
    assert "--sensor 20/129=LATITUDE,LONGITUDE,HEIGHT" in " ".join(done.stderr.split())


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    empty = tmp_path / "empty.ast"
    empty.write_bytes(b"")
    unknown = tmp_path / "unknown.ast"
    unknown.write_bytes(bytes([200, 0, 6, 1, 2, 3]) * 50)
    for path in (tmp_path / "none.ast", empty, unknown):
        with pytest.raises(FileProblem, match=path.name):
            open_recording(path)


@pytest.mark.xdist_group("processes")
def test_the_command_replays_a_recording_to_consoles(shared: Path) -> None:
    path = shared / "asterix" / "baltic_tracks_cat062.ast"
    with running("replay", str(path), "--headless", "--port", "0", "--speed", "20") as program, \
            screen(program.url) as console:
        console.until(lambda: len(console.tracks) >= 30)
        said = console.said["session"]
        assert said["live"] is False and said["mode"] == "replay" and said["speed"] == 20
        assert said["end_ms"] - said["start_ms"] > 29 * 60_000
        console.order(do="live")
        console.until(lambda: "nothing live" in console.said.get("error", {}).get("text", ""))
        card = program.get(f"/api/tracks/{min(console.tracks)}")
        assert card["unit"]["text"] == "70/16" and card["world"] == "replay"
        console.order(do="seek", time_ms=said["end_ms"])
        console.until(lambda: console.said["session"]["time_ms"] >= said["end_ms"] - 1_000, 100)
        console.until(lambda: console.said["session"]["mode"] == "paused")
        status, _, err = program.end()
    assert status == 0 and "Traceback" not in err, err


@pytest.mark.xdist_group("processes")
def test_the_command_replays_a_journal_without_a_console(tmp_path: Path) -> None:
    path = tmp_path / "demo.journal"
    journal_of_demo(path, 40)
    with running("replay", str(path), "--headless", "--port", "0", "--speed", "10",
                 "--duration", "4") as program:
        status, out, err = program.finish()
    assert status == 0, err
    assert "tracks seen" in out and " 0 tracks" not in out


def test_who_made_the_journal_is_known(tmp_path: Path) -> None:
    from jointsky.app.replay import ReplayOptions, open_log
    journal_of_demo(tmp_path / "demo.journal", 2)
    opened = open_log(ReplayOptions(tmp_path / "demo.journal"))
    assert (opened.unit.name, opened.unit.sac, opened.unit.sic) == ("Kant", UNIT.sac, UNIT.sic)
    assert len(sensors_of_demo()) == 3

"""The demo, as a user starts it: a console sees tracks, pauses, seeks; the end is clean."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from jointsky.codec.console import WORLDS, MessageKind
from jointsky.model.world import World
from tests.app.running import Program, running, screen

pytestmark = pytest.mark.xdist_group("processes")


def test_the_demo_shows_tracks_to_a_console_and_ends_by_itself() -> None:
    with running("demo", "--headless", "--duration", "14", "--port", "0") as demo:
        with screen(demo.url) as console:
            console.until(lambda: len(console.tracks) >= 20)
            assert console.said["hello"]["unit"]["name"] == "Kant"
            assert WORLDS[console.world] is World.EXERCISE
            assert [row["name"] for row in console.said["sensors"]["rows"]] == [
                "Kant radar", "Jalal-Abad radar", "Issyk-Kul ADS-B"]
            assert console.kinds[:2] == [MessageKind.SNAPSHOT, MessageKind.TRAILS]
            number = min(console.tracks)
            card = demo.get(f"/api/tracks/{number}")
            assert card["number"] == number and card["world"] == "exercise"
            assert card["sensors"] and all(
                sensor["nation"] == ("RUS" if sensor["name"] == "Kant radar" else "KGZ")
                for sensor in card["sensors"])
            youngest_s = min(sensor["age_s"] for sensor in card["sensors"])
            assert abs(youngest_s - card["update_age_s"]) < 0.01
            picture = demo.get("/api/picture.geojson")
            shown = {feature["id"] for feature in picture["features"]}
            # The answer may be ahead of the console, which is told twice a second.
            console.until(lambda: len(shown & set(console.tracks)) >= 0.9 * len(shown))
            console.until(lambda: console.said["session"]["mode"] == "live")
            with pytest.raises(ConnectionClosed):
                console.until(lambda: False)
        status, out, err = demo.finish()
    assert status == 0, err
    found = re.search(r"(\d+) reports used, 0 rejected, (\d+) tracks now.* p99 (\d+) ms", out)
    assert found and int(found[1]) > 100 and int(found[2]) >= 20, out
    assert "Traceback" not in err and "Warning" not in err


def test_pause_seek_and_live_are_one_consoles_own() -> None:
    with running("demo", "--headless", "--port", "0") as demo, screen(demo.url) as other, \
            screen(demo.url) as console:
        console.until(lambda: len(console.tracks) >= 20)
        begun_ms = console.now_ms
        console.until(lambda: console.now_ms > begun_ms + 6_000)  # long enough for a trail
        live = demo.get("/api/picture.geojson")
        # Some seconds later, the picture of then is asked for again.
        console.until(lambda: console.now_ms > live["time_ms"] + 4_000)
        console.order(do="seek", time_ms=live["time_ms"])
        console.until(lambda: console.said["session"]["mode"] == "replay")
        console.order(do="pause")
        console.until(lambda: console.said["session"]["mode"] == "paused")
        console.order(do="seek", time_ms=live["time_ms"])
        name = console.said["hello"]["session"]
        again = demo.wait_for(f"/api/picture.geojson?session={name}",
                              lambda answer: answer["time_ms"] == live["time_ms"])
        console.until(lambda: console.now_ms == live["time_ms"])
        assert WORLDS[console.world] is World.REPLAY
        assert again["world"] == "replay"
        for feature in (*live["features"], *again["features"]):
            del feature["properties"]["world"]
            for sensor in feature["properties"]["sensors"]:
                del sensor["state"]
        assert again["features"] == live["features"]
        assert console.trail_points > 0
        console.order(do="speed", speed=100)
        console.until(lambda: "error" in console.said)
        assert "expected 0.5 to 60" in console.said["error"]["text"]
        console.order(do="live")
        console.until(lambda: console.said["session"]["mode"] == "live")
        console.until(lambda: console.now_ms > live["time_ms"] + 4_000)
        assert WORLDS[console.world] is World.EXERCISE
        other.until(lambda: other.now_ms >= console.now_ms)
        assert other.said["session"]["mode"] == "live"
        assert set(other.kinds[2:]) == {MessageKind.DELTA}
        status, out, err = demo.end()
    assert status == 0, err
    assert "tracks now" in out and "Traceback" not in err


def test_strangers_are_turned_away() -> None:
    with running("demo", "--headless", "--port", "0") as demo:
        answer = httpx.get(demo.url + "api/health", headers={"Host": "evil.example"})
        assert answer.status_code == 421
        port = demo.url.rsplit(":", 1)[1].strip("/")
        for origin in ("http://evil.example", "http://127.0.0.1:1", "null"):
            with pytest.raises(InvalidStatus), screen(demo.url, origin):
                pass
        with screen(demo.url, f"http://127.0.0.1:{port}") as console:
            console.until(lambda: "hello" in console.said)
            for order in ("{", "[]", '{"do": "fly"}', '{"do": "seek"}', "x" * 2_000,
                          '{"do": "seek", "time_ms": NaN}', "[" * 900):
                console.said.pop("error", None)
                console._connection.send(order)
                console.until(lambda: "error" in console.said)
        assert httpx.get(demo.url).headers["content-security-policy"]


def test_a_taken_port_is_a_clear_message_and_status_2() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        demo = Program("demo", "--headless", "--port", str(port))
        status, _, err = demo.finish()
    assert status == 2
    assert f"port {port}" in err and "Traceback" not in err


@pytest.mark.parametrize(("args", "words"), [
    (["--scenario", "no-such.yaml"], ["no-such.yaml", "scenario in YAML"]),
    (["--scenario", "Makefile"], ["Makefile"]),
    (["--duration", "-1"], ["--duration"]),
    (["--port", "70000"], ["--port"]),
])
def test_bad_options_are_told_with_status_2(args: list[str], words: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", "jointsky", "demo", "--headless", *args],
                          capture_output=True, text=True, timeout=100, check=False,
                          cwd=Path(__file__).resolve().parents[2])
    assert done.returncode == 2
    assert all(word in done.stderr for word in words), done.stderr
    assert "Traceback" not in done.stderr

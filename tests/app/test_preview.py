"""Previews: what a partner has is shown, to the byte, live as in a replay, and nothing else is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jointsky.app.cards import card_of, geojson_of
from jointsky.app.consoles import Console
from jointsky.app.framelog import JournalLog
from jointsky.app.history import History
from jointsky.app.hub import Hub
from jointsky.app.picture import picture_of, preview_of
from jointsky.app.player import Player
from jointsky.app.releaseview import release_of
from jointsky.app.session import BadOrder, Session
from jointsky.app.views import tracks_of
from jointsky.codec.console import MessageKind
from jointsky.model.schema import TrackBatch, TrackState
from jointsky.model.world import World
from tests.app.lawful import Written, write_journal
from tests.app.running import Screen
from tests.engine.simulated import UNIT, columns_bytes

SECONDS = 50


@dataclass(frozen=True)
class Journal:
    path: Path
    turns: dict[int, Written]

    @property
    def last_ns(self) -> int:
        return max(self.turns)

    def player(self) -> Player:
        return Player(JournalLog(self.path, World.REPLAY), World.REPLAY, History())


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Journal:
    path = tmp_path_factory.mktemp("law") / "unit.journal"
    return Journal(path, write_journal(path, SECONDS, "kgz-rus", "cis"))


@pytest.fixture
def player(journal: Journal) -> Iterator[Player]:
    made = journal.player()
    yield made
    made.close()


def live(tracks: TrackBatch) -> set[int]:
    return set(tracks.system_track_number[tracks.state != TrackState.DROPPED].tolist())


def go(player: Player, time_ns: int, shares: bool = True) -> None:
    while not player.seek(time_ns, shares):
        pass


def test_the_traffic_has_something_to_share_and_something_not(journal: Journal) -> None:
    views = journal.turns[journal.last_ns].views
    own = live(journal.turns[journal.last_ns].tracks)
    assert {"RUS", "KAZ"} <= set(views)
    for nation in ("RUS", "KAZ"):
        shown = live(tracks_of(views[nation], World.REPLAY))
        assert shown
    assert live(tracks_of(views["RUS"], World.REPLAY)) < own


def test_what_partners_had_is_found_again_in_the_journal(journal: Journal,
                                                         player: Player) -> None:
    times = [one for one in journal.turns if one > min(journal.turns) + 5 * 10**9]
    for place in np.random.default_rng(7).permutation(len(times))[:6].tolist():
        go(player, times[place])
        assert player.picture is not None
        for nation, view in journal.turns[times[place]].views.items():
            again = preview_of(player.picture, nation)
            assert columns_bytes(again.tracks) == columns_bytes(tracks_of(view, World.REPLAY)), (
                place, nation)
            assert again.tracks.world is World.REPLAY


def test_asked_for_only_later_a_player_sets_out_anew(journal: Journal, player: Player) -> None:
    go(player, journal.last_ns, shares=False)
    assert player.picture is not None and not player.picture.views
    go(player, journal.last_ns)
    expected = tracks_of(journal.turns[journal.last_ns].views["KAZ"], World.REPLAY)
    assert len(expected)
    assert columns_bytes(preview_of(player.picture, "KAZ").tracks) == columns_bytes(expected)


def test_a_preview_holds_nothing_of_what_is_withheld(journal: Journal, player: Player) -> None:
    go(player, journal.last_ns)
    picture = player.picture
    assert picture is not None
    released = journal.turns[journal.last_ns].views["RUS"]
    shown = preview_of(picture, "RUS")
    withheld = live(picture.tracks) - live(shown.tracks)
    assert withheld and shown.preview is not None
    assert sum(shown.preview.withheld.values()) == len(withheld)
    assert set(shown.preview.withheld) <= {one.cause.word for one in released.latest.denials}
    assert shown.sensors == [] and shown.table == () and shown.seen_ns.shape[1] == 0
    assert not shown.tracks.sensors.any() and not shown.views
    told = {feature["id"] for feature in geojson_of(shown)["features"]}
    assert told == live(shown.tracks)
    for row in range(len(shown.tracks)):
        assert card_of(shown, row)["sensors"] == []


def test_a_nation_without_a_batch_has_an_empty_picture(player: Player, journal: Journal) -> None:
    go(player, journal.last_ns)
    assert player.picture is not None
    assert len(preview_of(player.picture, "CHE").tracks) == 0


def test_the_card_says_why_and_why_not(journal: Journal, player: Player) -> None:
    go(player, journal.last_ns)
    state, picture = player.state, player.picture
    assert state is not None and picture is not None
    view = journal.turns[journal.last_ns].views["RUS"]
    allowed = set(view.latest.tracks.system_track_number.tolist())
    verdicts = set()
    for number in sorted(live(picture.tracks)):
        said = release_of(state, number)
        assert said["own"] == "KGZ"
        by = {one["recipient"]: one for one in said["partners"]}
        assert set(by) == set(journal.turns[journal.last_ns].views)
        # The journal's last turn and its last batch are of one instant.
        assert by["RUS"]["allowed"] == (number in allowed), (number, by["RUS"])
        assert by["RUS"]["why"] and (not by["RUS"]["allowed"] or by["RUS"]["rule"]["article"])
        assert by["KAZ"]["cause"] in ("delay", "area", "height")
        verdicts.add(by["RUS"]["allowed"])
    assert verdicts == {True, False}


def test_a_track_of_another_system_is_not_ours_to_give(player: Player, journal: Journal) -> None:
    go(player, journal.last_ns)
    assert player.state is not None
    said = release_of(player.state, 65_000)
    assert said["partners"] == [] and "not a track of this unit" in said["note"]


def test_a_session_previews_live_paused_and_in_a_replay(journal: Journal) -> None:
    async def look() -> None:
        hub = Hub(UNIT, World.EXERCISE, live=True, history=History(), open_player=journal.player)
        player = journal.player()
        go(player, journal.last_ns, shares=False)
        state = player.state
        assert state is not None and player.picture is not None
        written = journal.turns[journal.last_ns]
        hub.publish(picture_of(state, player.picture.tracks, written.views))
        session = Session(hub)
        assert (shown := await session.next()) is not None and shown.picture.preview is None
        for wrong in ("USA", "rus", 7, ["RUS"]):
            with pytest.raises(BadOrder, match=r"is no partner; expected one of: ARM, BLR"):
                session.order({"do": "preview", "as": wrong})
        expected = columns_bytes(tracks_of(written.views["RUS"], World.REPLAY))
        for orders in ([], [{"do": "pause"}], [{"do": "seek", "time_ms": journal.last_ns / 1e6}]):
            session.order({"do": "preview", "as": None})
            assert (shown := await session.next()) is not None and shown.jumped
            for order in orders:
                session.order(order)
            session.order({"do": "preview", "as": "RUS"})
            while (shown := await session.next()) is None:
                pass
            assert shown.jumped and columns_bytes(shown.picture.tracks) == expected
            assert session.status()["preview"]["as"] == "RUS"
        await session.ask(lambda state: state.now_ns)
        assert await session.ask(lambda state: state.now_ns) == journal.last_ns
        session.close()
        hub.close()
        player.close()

    asyncio.run(look())


class Socket:
    """A websocket without a network: what was sent, and orders to be read."""

    def __init__(self) -> None:
        self.texts: list[dict[str, Any]] = []
        self.blobs: list[bytes] = []
        self.orders: asyncio.Queue[str] = asyncio.Queue()

    async def send_text(self, text: str) -> None:
        self.texts.append(json.loads(text))

    async def send_bytes(self, blob: bytes) -> None:
        self.blobs.append(blob)

    async def receive_text(self) -> str:
        return await self.orders.get()

    async def close(self, code: int) -> None:
        pass

    def previews(self) -> list[int]:
        """Places of the messages that say that a preview is shown."""
        return [place for place, one in enumerate(self.texts)
                if one["kind"] == "session" and one["preview"]]


def test_no_message_of_a_preview_tells_of_what_is_withheld(journal: Journal) -> None:
    async def look() -> None:
        history = History()
        hub = Hub(UNIT, World.EXERCISE, live=True, history=history, open_player=journal.player)
        player, socket = journal.player(), Socket()
        times = sorted(journal.turns)[-20:]
        go(player, times[0], shares=False)
        console = Console(hub, socket, Session(hub), "c1")  # type: ignore[arg-type]
        serving = asyncio.ensure_future(console.serve())

        async def publish(time_ns: int) -> None:
            go(player, time_ns, shares=False)
            assert player.state is not None and player.picture is not None
            hub.publish(picture_of(player.state, player.picture.tracks,
                                   journal.turns[time_ns].views))
            while not socket.blobs:
                await asyncio.sleep(0.01)

        await publish(times[0])
        while not any(one["kind"] == "sensors" and one["rows"] for one in socket.texts):
            await asyncio.sleep(0.01)
        socket.orders.put_nowait(json.dumps({"do": "preview", "as": "RUS"}))
        while not socket.previews():
            await asyncio.sleep(0.05)
        seen = Screen(None)  # type: ignore[arg-type]
        for blob in socket.blobs:
            seen._take(blob)
        assert seen.kinds[-2:] == [MessageKind.SNAPSHOT, MessageKind.TRAILS]
        assert seen.trail_points == 0 and seen.tracks
        said = socket.previews()[0]
        socket.blobs.clear()
        for time_ns in times[1:]:
            await publish(time_ns)
            for blob in socket.blobs:
                seen._take(blob)
            view = journal.turns[time_ns].views["RUS"]
            assert set(seen.tracks) == live(tracks_of(view, World.REPLAY))
            whole = journal.turns[time_ns].tracks
            secret = whole.take(~np.isin(whole.system_track_number, list(seen.tracks)))
            assert len(secret)
            for callsign in secret.callsign[secret.has("callsign")].tolist():
                assert not any(callsign in blob for blob in socket.blobs)
            socket.blobs.clear()
        for one in socket.texts[said:]:
            assert one["kind"] != "error" and not one.get("rows") and not one.get("sensors")
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        hub.close()
        player.close()

    asyncio.run(look())

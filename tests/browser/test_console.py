"""The console in Chromium: what an operator sees and does, on an exercise and on a recording."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from .conftest import PAGE_MS, Desk, Node

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.timeout(600)]

Start = Callable[..., Node]
Open = Callable[[str], Desk]


def ask(node: Node, path: str) -> Any:
    with urllib.request.urlopen(f"{node.url}{path}", timeout=30) as answer:
        return json.load(answer)


def test_an_exercise_from_the_first_track_to_a_lost_node(node: Start, desk: Open) -> None:
    running = node("demo", "--headless", "--port", "0", "--duration", "900")
    console = desk(running.url)
    page = console.page
    console.wait("j.tracks >= 20 && j.labels >= 5")
    expect(page.get_by_test_id("world")).to_have_text("EXERCISE")

    # The card of a clicked track says what the node's API says of it.
    number = console.click_track()
    card = page.get_by_test_id("track-card")
    expect(card).to_contain_text(f"#{number}")
    known = ask(running, f"api/tracks/{number}")
    title = page.get_by_test_id("card-title").inner_text()
    code = known["mode_3a"]
    assert title == (known["callsign"] or (f"A{code}" if code else f"#{number}"))
    expect(page.get_by_test_id("card-code")).to_have_text(code or "—")
    assert known["state"].lower() in page.get_by_test_id("card-state").inner_text()
    for sensor in known["sensors"]:
        expect(card).to_contain_text(sensor["name"])
    # Why a partner gets it, or why not: as the node explains it, condition by condition.
    page.get_by_test_id("release-RUS").click()
    expect(page.get_by_test_id("release-why")).to_contain_text("kgz-exercise")
    assert f"track={number}" in _settled_address(console, "track=")

    # The sensors: each of the unit's is heard.
    page.keyboard.press("z")
    for sensor in ask(running, "api/health")["sensors"]:
        expect(page.get_by_test_id("sensor-panel")).to_contain_text(sensor["name"])
    page.keyboard.press("z")

    # The agreements: the seed agreement is in force, with its dates, grants and deployment.
    page.keyboard.press("r")
    panel = page.get_by_test_id("agreement-panel")
    expect(page.get_by_test_id("agreement-phase")).to_have_text("in force", timeout=PAGE_MS)
    expect(panel).to_contain_text("KGZ · RUS")
    expect(page.get_by_test_id("agreement-dates")).to_contain_text("2028-05-02")
    told = ask(running, "api/agreements")["agreements"][0]
    grants = page.get_by_test_id("agreement-grants").locator("tbody tr")
    expect(grants).to_have_count(len(told["grants"]))
    grants.first.get_by_role("button").click()
    expect(grants.first.get_by_role("button")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_test_id("agreement-deployments")).to_contain_text("Kant radar")
    expect(page.get_by_test_id("agreement-acts")).to_contain_text("activate kgz-rus")
    console.shoot("agreements")

    # The picture as a partner has it: a sign, only its tracks, no reasons; then the own one again.
    page.get_by_test_id("preview-KAZ").click()
    console.wait("j.preview === 'KAZ'")
    expect(page.get_by_test_id("world")).to_have_text("PREVIEW AS KAZ · EXERCISE")
    expect(page.get_by_test_id("withheld-chip")).to_contain_text("withheld")
    expect(page.get_by_test_id("card-release")).to_have_count(0)
    page.keyboard.press("r")
    expect(panel).to_have_count(0)
    console.shoot("preview")
    page.keyboard.press("/")
    page.keyboard.type("preview off")
    page.keyboard.press("Enter")
    console.wait("j.preview === '' && j.tracks >= 20")
    expect(page.get_by_test_id("world")).to_have_text("EXERCISE")

    # The ledger: what left and what did not, and an audit of it.
    page.keyboard.press("o")
    expect(page.get_by_test_id("ledger-records")).to_contain_text("release", timeout=PAGE_MS)
    expect(page.get_by_test_id("ledger-root")).to_have_text(re.compile(r"^[0-9a-f]{64}$"))
    page.get_by_test_id("ledger-verify").click()
    expect(page.get_by_test_id("ledger-verdict")).to_contain_text("Sound", timeout=PAGE_MS)
    console.shoot("ledger")
    page.keyboard.press("o")

    # A filter hides all the others, says how many, and stands in the address.
    page.keyboard.press("u")
    page.get_by_test_id("filter-text").fill(title)
    # Asked in one breath, for tracks come and go.
    console.wait("j.shown === 1 && j.hidden > 0 && j.hidden === j.tracks - 1")
    expect(page.get_by_test_id("hidden-chip")).to_contain_text("hidden by filter")
    assert "text=" in _settled_address(console, "text=")
    page.get_by_test_id("hidden-chip").click()
    console.wait("j.hidden === 0 && j.shown === j.tracks")
    page.keyboard.press("Escape")

    # The key sheet, the command line and the table, by keyboard alone.
    page.keyboard.press("?")
    expect(page.get_by_test_id("key-sheet")).to_contain_text("select the next track in view")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("key-sheet")).to_have_count(0)
    page.keyboard.press("/")
    page.keyboard.type("alt 900 950")
    page.keyboard.press("Enter")
    console.wait("j.hidden > 0")
    page.keyboard.press("U")
    console.wait("j.hidden === 0")
    page.keyboard.press("y")
    table = page.get_by_test_id("track-table")
    expect(table.get_by_role("row")).to_have_count(1 + min(50, console.probe("shown")))
    row = table.get_by_role("rowheader", name=title)
    if row.count() == 0:  # fifty a page
        table.get_by_role("button", name="Next page").click()
    expect(row.first).to_be_visible()
    page.keyboard.press("y")
    console.shoot("exercise")

    _time_bar(console)

    # The node dies: the picture must not look alive.
    running.stop()
    expect(page.get_by_test_id("banner")).to_contain_text("PICTURE STALE", timeout=PAGE_MS)
    console.shoot("lost")


def _time_bar(console: Desk) -> None:
    """Pause, scrub to the beginning, go on from there, and come back to live."""
    page = console.page
    page.keyboard.press("Space")
    console.wait("j.mode === 'paused'")
    expect(page.get_by_test_id("world")).to_have_text("EXERCISE · REPLAY · PAUSED")
    paused_ms = console.probe("time_ms")
    page.wait_for_timeout(1500)
    assert console.probe("time_ms") == paused_ms
    scrub = page.get_by_test_id("scrub")
    start_ms = float(scrub.get_attribute("min") or "0")
    assert paused_ms - start_ms > 5000
    scrub.focus()
    page.keyboard.press("Home")
    console.wait(f"j.time_ms < {paused_ms - 4000} && j.mode === 'paused'")
    sought_ms = console.probe("time_ms")
    page.get_by_test_id("pause").click()
    console.wait(f"j.mode === 'replay' && j.time_ms > {sought_ms + 1000}")
    console.shoot("replay")
    page.get_by_test_id("live").click()
    console.wait(f"j.mode === 'live' && j.time_ms > {paused_ms}")
    expect(page.get_by_test_id("world")).to_have_text("EXERCISE")


def _settled_address(console: Desk, part: str) -> str:
    console.wait(f"location.search.includes({part!r})")
    return console.page.url


def test_a_recording_is_dated_sought_and_played_faster(node: Start, desk: Open,
                                                       shared: Path) -> None:
    recording = shared / "asterix" / "barcelona_radar_cat048_20230502.ast"
    running = node("replay", str(recording), "--headless", "--port", "0", "--speed", "4",
                   "--sensor", "20/129=41.3007,2.1021,27")
    console = desk(f"{running.url}?trail=5&label=short")
    page = console.page
    expect(page.get_by_test_id("world")).to_contain_text("REPLAY")
    expect(page.get_by_role("timer")).to_contain_text("02 May 2023")
    console.wait("j.tracks >= 10")

    for key in ("/", *"seek 08:20", "Enter"):
        page.keyboard.press(key if len(key) > 1 or key != " " else "Space")
    eight_twenty_ms = 1_683_015_600_000
    console.wait(f"Math.abs(j.time_ms - {eight_twenty_ms}) < 120000 && j.tracks >= 10")
    before_ms = console.probe("time_ms")
    console.wait(f"j.time_ms > {before_ms + 8000}")

    # Tracks lie around Barcelona, where the radar stands (the recording's own positions).
    places = ask(running, "api/picture.geojson")["features"]
    assert len(places) >= 10
    inside = [f for f in places if 38 < f["geometry"]["coordinates"][1] < 45
              and -3 < f["geometry"]["coordinates"][0] < 8]
    assert len(inside) == len(places)

    page.keyboard.press("h")
    page.wait_for_timeout(1500)
    number = console.click_track()
    expect(page.get_by_test_id("track-card")).to_contain_text(f"#{number}")
    expect(page.get_by_test_id("track-card")).to_contain_text("Contributing sensors")
    expect(page.get_by_test_id("live")).to_be_disabled()
    console.shoot("recording")

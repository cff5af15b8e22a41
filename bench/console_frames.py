"""The console's main thread with 10,000 tracks at 1 Hz, beside MapLibre's own GeoJSON `setData`
with circles and labels, which is how small consoles are commonly written.

Both pages run in Chromium in one run and are fed the same tracks by one server. What counts is the
main thread's work per animation frame (`window.__jointsky.frame`, and the same counting in the
peer's page); drawing itself is done in software here and is left out. Also printed: bytes a second
on the wire, from page to first picture, from click to card. Budget: p95 under 16 ms, click to card
under 100 ms.

    python -m bench.console_frames        # needs the built console and Chromium
"""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import statistics
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from playwright.sync_api import Browser, Page, sync_playwright

from jointsky.codec.console import changes, encode_picture
from jointsky.model.schema import TrackBatch, TrackState
from jointsky.model.world import World

ROOT = Path(__file__).resolve().parents[1]
TRACKS, SCAN_S, SETTLE_S, WATCH_S, REPEATS = 10_000, 5, 12, 12, 5
FLAGS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
         "--disable-background-networking"]
NONE = np.empty(0, np.int32)

PEER = """<!doctype html><div id=m style="position:fixed;inset:0"></div><script type=module>
import { Map, setWorkerUrl } from './lib/maplibre-gl.mjs';
setWorkerUrl('./lib/maplibre-gl-worker.mjs');
const raf = requestAnimationFrame.bind(window); const work = []; let now = 0, frame = -1;
const counted = (f) => { const t = performance.now(); f(); now += performance.now() - t; };
window.requestAnimationFrame = (f) => raf((t) => {
  if (t !== frame) { work.push(now); now = 0; frame = t; } counted(() => f(t)); });
const empty = { type: 'FeatureCollection', features: [] };
const map = new Map({ container: 'm', center: [74.85, 42], zoom: 4, style: { version: 8,
  sources: { t: { type: 'geojson', data: empty } },
  layers: [{ id: 'c', type: 'circle', source: 't', paint: { 'circle-radius': 4 } },
    { id: 't', type: 'symbol', source: 't', layout: { 'text-field': ['get', 'n'],
      'text-font': ['sans-serif'], 'text-size': 11, 'text-offset': [1, -1] } }] } });
window.work = work; window.count = 0;
new WebSocket('ws://' + location.host + '/peer').onmessage = (e) => counted(() => {
  const data = JSON.parse(e.data); window.count = data.features.length;
  map.getSource('t')?.setData(data); });
(function tick() { requestAnimationFrame(tick); })();
</script>"""


def tracks_at(second: int) -> TrackBatch:
    """10,000 tracks on straight courses; each has a new plot once a scan."""
    chance = np.random.default_rng(7)
    tracks = TrackBatch.blank(TRACKS, World.EXERCISE)
    row = np.arange(TRACKS)
    course, speed_ms = chance.uniform(0, 2 * np.pi, TRACKS), chance.uniform(80, 260, TRACKS)
    tracks.velocity_east_ms[:], tracks.velocity_north_ms[:] = (
        speed_ms * np.sin(course), speed_ms * np.cos(course))
    tracks.latitude_rad[:] = (np.radians(chance.uniform(36, 46, TRACKS))
                              + tracks.velocity_north_ms * second / 6.4e6)
    tracks.longitude_rad[:] = (np.radians(chance.uniform(64, 82, TRACKS))
                               + tracks.velocity_east_ms * second / 4.7e6)
    tracks.system_track_number[:], tracks.state[:] = row + 1, TrackState.CONFIRMED
    tracks.update_count[:] = (second + row % SCAN_S) // SCAN_S
    tracks.mode_3a[:], tracks.mode_c_m[:] = row % 4096, chance.uniform(1000, 12_000, TRACKS)
    tracks.present[:] = tracks.bit("mode_3a") | tracks.bit("mode_c_m")
    now_ns = int(1_800_000_000e9) + second * 1_000_000_000
    tracks.time_ns[:] = now_ns
    tracks.updated_ns[:] = now_ns - (second + row % SCAN_S) % SCAN_S * 1_000_000_000
    tracks.started_ns[:] = int(1_800_000_000e9)
    return tracks


def geojson(tracks: TrackBatch) -> str:
    """The same tracks as the peer takes them."""
    places = np.degrees(np.stack([tracks.longitude_rad, tracks.latitude_rad], axis=1)).round(5)
    return json.dumps({"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {"n": f"T{number}"},
         "geometry": {"type": "Point", "coordinates": place}}
        for number, place in enumerate(places.tolist(), 1)]})


def build_app() -> FastAPI:
    """Both pages and what feeds them, at 1 Hz."""
    app = FastAPI()
    app.get("/peer.html", response_class=HTMLResponse)(lambda: PEER)

    @app.get("/api/tracks/{number}")
    async def card(number: int) -> dict[str, Any]:
        return {"number": number, "sensors": []}

    @app.websocket("/ws")
    async def console(ws: WebSocket) -> None:
        await ws.accept()
        sensors: list[Any] = []
        await ws.send_json({"kind": "hello", "session": "b", "world": "exercise", "version": "",
                            "now_ms": 0, "sensors": sensors,
                            "unit": {"name": "bench", "nation": "", "sac": 0, "sic": 0,
                                     "latitude": None, "longitude": None}})
        before = None
        for second in range(10_000):
            tracks = tracks_at(second)
            rows, gone = changes(before, tracks)
            await ws.send_bytes(encode_picture(rows, int(tracks.time_ns[0]), second + 1,
                                               before is None, gone, TRACKS))
            before = tracks
            await asyncio.sleep(1)

    @app.websocket("/peer")
    async def peer(ws: WebSocket) -> None:
        await ws.accept()
        try:
            for second in range(10_000):
                await ws.send_text(geojson(tracks_at(second)))
                await asyncio.sleep(1)
        except WebSocketDisconnect:
            return

    app.mount("/lib", StaticFiles(directory=ROOT / "console/node_modules/maplibre-gl/dist"))
    app.mount("/", StaticFiles(directory=ROOT / "jointsky/app/static", html=True))
    return app


def wait(page: Page, condition: str) -> float:
    """Seconds until a condition holds."""
    start = time.perf_counter()
    while not page.evaluate(condition):
        assert time.perf_counter() - start < 120, f"waited in vain for {condition}"
        page.wait_for_timeout(50)
    return time.perf_counter() - start


def run_ours(browser: Browser, url: str) -> dict[str, float]:
    """One visit to the console."""
    page = browser.new_page(viewport={"width": 1600, "height": 900})
    start = time.perf_counter()
    page.goto(f"{url}/?view=41,74,5")
    wait(page, "Boolean(window.__jointsky?.ready && window.__jointsky.tracks > 0)")
    first_s = time.perf_counter() - start
    page.wait_for_timeout(SETTLE_S * 1000)
    page.evaluate("window.__jointsky.forgetFrames()")
    bytes_before = page.evaluate("window.__jointsky.bytes")
    page.wait_for_timeout(WATCH_S * 1000)
    frame = page.evaluate("window.__jointsky.frame")
    rate = (page.evaluate("window.__jointsky.bytes") - bytes_before) / WATCH_S
    card_ms = page.evaluate("""async () => {
      const [place] = window.__jointsky.places().filter((p) => p.x > 400 && p.x < 900 && p.y > 200
        && p.y < 600);
      const canvas = document.querySelector('.maplibregl-canvas'); const start = performance.now();
      for (const type of ['mousedown', 'mouseup', 'click']) canvas.dispatchEvent(new MouseEvent(
        type, { clientX: place.x, clientY: place.y, bubbles: true }));
      while (!document.querySelector('[data-testid=card-title]')) await Promise.resolve();
      return performance.now() - start; }""")
    page.close()
    return {"p50_ms": frame["p50_ms"], "p95_ms": frame["p95_ms"], "first_s": first_s,
            "kB_s": rate / 1000, "card_ms": card_ms}


def run_peer(browser: Browser, url: str) -> dict[str, float]:
    """One visit to the peer's page."""
    page = browser.new_page(viewport={"width": 1600, "height": 900})
    page.goto(f"{url}/peer.html")
    wait(page, "window.count > 0")
    page.wait_for_timeout(SETTLE_S * 1000)
    page.evaluate("window.work.length = 0")
    page.wait_for_timeout(WATCH_S * 1000)
    work = sorted(page.evaluate("window.work"))
    page.close()
    return {"p50_ms": work[len(work) // 2], "p95_ms": work[int(0.95 * len(work))]}


def main() -> None:
    """Run both in turn and print medians and spreads."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None or not (ROOT / "jointsky/app/static/index.html").is_file():
        print("needs Chromium and the built console (make test)")
        return
    sock = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(build_app(), log_level="critical"))
    threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True).start()
    url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    ours: list[dict[str, float]] = []
    peer: list[dict[str, float]] = []
    with sync_playwright() as playwright:
        for _ in range(REPEATS):
            browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
            ours.append(run_ours(browser, url))
            peer.append(run_peer(browser, url))
            browser.close()
    server.should_exit = True
    for name, runs in (("jointsky", ours), ("MapLibre setData", peer)):
        for key in runs[0]:
            values = [run[key] for run in runs]
            print(f"{name:17} {key:8} median {statistics.median(values):9.2f}   "
                  f"spread {min(values):.2f} to {max(values):.2f}")
    ratios = [theirs["p95_ms"] / mine["p95_ms"] for mine, theirs in zip(ours, peer, strict=True)]
    print(f"p95 of the peer is {statistics.median(ratios):.1f} times ours "
          f"({min(ratios):.1f} to {max(ratios):.1f})")


if __name__ == "__main__":
    main()

"""What a run says to a person: where its console is, and a few lines at the end."""

from __future__ import annotations

import os
import sys
import webbrowser

from rich.console import Console

from jointsky.app.unit import Summary


def tell(summary: Summary) -> None:
    """Print the summary of a unit's run."""
    counters = summary.counters
    delays = (f"reception to picture p50 {counters.delay_ms(0.5):.0f} ms, "
              f"p99 {counters.delay_ms(0.99):.0f} ms" if counters.delays_ms
              else "nothing was received")
    busy = 100 * counters.busy_s / max(summary.seconds, 1e-9)
    Console(soft_wrap=True, highlight=False).print(
        f"{summary.seconds:.1f} s: {summary.frames} datagrams, {summary.plots} reports used, "
        f"{summary.rejects} rejected, {summary.tracks} tracks now, "
        f"{summary.tracks_ever} ever; {delays}; engine busy {busy:.0f} %")
    if counters.journal_faults:
        Console(soft_wrap=True, highlight=False).print(
            f"the journal could not be written {counters.journal_faults} times")


def announce(url: str, text: str, headless: bool) -> None:
    """Say where the console is, and open it where there is a screen to open it on."""
    Console(soft_wrap=True, highlight=False).print(f"{text}\nconsole: {url}\nCtrl-C ends it")
    screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if not headless and (screen or sys.platform in {"darwin", "win32"}):
        webbrowser.open(url)

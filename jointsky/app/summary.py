"""What a run ends with: a few lines for a person."""

from __future__ import annotations

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

"""`jointsky demo`: watch a live air picture with nothing but this program."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demo(
    headless: Annotated[bool, typer.Option("--headless", help="Open no browser.")] = False,
    duration: Annotated[float | None, typer.Option(
        min=0.1, help="End by itself after so many seconds.")] = None,
    port: Annotated[int, typer.Option(
        min=0, max=65_535, help="Port of the console on 127.0.0.1; 0 for any.")] = 8470,
    seed: Annotated[int | None, typer.Option(min=0, help="Other traffic of the same kind.")] = None,
    tracks: Annotated[int | None, typer.Option(
        min=1, max=20_000, help="About so many aircraft.")] = None,
    scenario: Annotated[Path | None, typer.Option(
        help="A scenario of your own in place of examples/scenarios/kyrgyzstan.yaml.")] = None,
    journal: Annotated[Path | None, typer.Option(
        help="Keep the journal in this file, for `jointsky replay`.")] = None,
) -> None:
    """A unit at Kant with three synthetic sensors and seeded traffic, in your browser."""
    from jointsky.app.demo import SCENARIO, DemoOptions, run_demo
    from jointsky.app.summary import tell

    tell(run_demo(DemoOptions(headless, duration, port, seed, tracks, scenario or SCENARIO,
                              journal)))

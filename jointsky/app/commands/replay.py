"""`jointsky replay`: a recording or a journal in the console."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jointsky.app.help import DATE_HELP, EDITION_HELP, SENSOR_HELP


def replay(
    file: Annotated[Path, typer.Argument(help="A recording of any known form, or a journal.")],
    speed: Annotated[float, typer.Option(min=0.5, max=60, help="Times real time.")] = 1.0,
    headless: Annotated[bool, typer.Option("--headless", help="Open no browser.")] = False,
    duration: Annotated[float | None, typer.Option(
        min=0.1, help="End by itself after so many seconds, and say what was seen.")] = None,
    port: Annotated[int, typer.Option(
        min=0, max=65_535, help="Port of the console on 127.0.0.1; 0 for any.")] = 8470,
    sensor: Annotated[list[str] | None, typer.Option(help=SENSOR_HELP)] = None,
    date: Annotated[str | None, typer.Option(help=DATE_HELP)] = None,
    edition: Annotated[list[str] | None, typer.Option(help=EDITION_HELP)] = None,
) -> None:
    """Watch a recording or a journal: pause, speed, seek."""
    import asyncio

    from rich.console import Console

    from jointsky.app.arguments import parse_date, parse_sensors
    from jointsky.app.config import ConsoleSection
    from jointsky.app.replay import ReplayOptions, open_log, run_replay
    from jointsky.app.summary import announce
    from jointsky.app.unit import Ready
    from jointsky.app.warm import warm_up
    from jointsky.codec.asterix.editions import parse_editions
    from jointsky.edge.tcp import listen

    options = ReplayOptions(file, speed, duration, parse_sensors(sensor or []),
                            parse_editions(edition or []), parse_date(date))
    errors = Console(stderr=True, soft_wrap=True, highlight=False)

    async def when_ready(ready: Ready) -> None:
        announce(ready.url, f"replay of {file}", headless)

    with listen(ConsoleSection().host, port) as sock:
        warm_up()
        with errors.status(f"reading {file}"):
            opened = open_log(options)
        for note in opened.notes:
            errors.print(f"{file}: {note}")
        seen = asyncio.run(run_replay(options, opened, sock, when_ready))
    if duration is not None:
        Console(soft_wrap=True, highlight=False).print(
            f"{(seen.to_ns - seen.from_ns) / 1e9:.1f} s of it replayed: {seen.plots} reports used, "
            f"{seen.rejects} rejected, {seen.tracks_seen} tracks seen")

"""`jointsky unit`: run a unit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def unit(
    config: Annotated[Path, typer.Argument(help="The unit's configuration in TOML.")],
    duration: Annotated[float | None, typer.Option(
        min=0.1, help="End by itself after so many seconds.")] = None,
    check: Annotated[bool, typer.Option(
        "--check", help="Only read the configuration and say whether it fits.")] = False,
) -> None:
    """Run a unit: inputs, journal, tracks, console, CAT062 and CAT065 out."""
    import asyncio

    from jointsky.app.config import load_config
    from jointsky.app.unit import Ready, run_unit
    from jointsky.app.warm import warm_up
    from jointsky.edge.tcp import listen

    loaded = load_config(config)
    if check:
        typer.echo(f"{config}: fits")
        return

    async def when_ready(ready: Ready) -> None:
        from jointsky.app.summary import announce

        announce(ready.url, f"unit {loaded.unit.name} runs", headless=True)

    with listen(loaded.console.host, loaded.console.port) as sock:
        warm_up()
        summary = asyncio.run(run_unit(loaded, sock, when_ready, duration))
    from jointsky.app.summary import tell

    tell(summary)

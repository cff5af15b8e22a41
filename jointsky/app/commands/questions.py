"""`jointsky agreement explain|preview|rehearse`: what a unit's journal says of sharing."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from jointsky.study.rehearsal import Rehearsal, Side

WIDTH = 140
JOURNAL_HELP = "Journal of a unit."
AT_HELP = "UTC time, such as 2028-11-02T10:00:00Z; otherwise the end of the journal."


def explain(
    journal: Annotated[Path, typer.Argument(help=JOURNAL_HELP)],
    track: Annotated[int, typer.Option(help="Number of the track.")],
    to: Annotated[str, typer.Option(metavar="NATION", help="The nation asked about.")],
    at: Annotated[str | None, typer.Option(metavar="TIME", help=AT_HELP)] = None,
) -> None:
    """Say why a nation got a track, or why not: every grant that was looked at, every condition."""
    from jointsky.agreement.telling import as_text
    from jointsky.app.arguments import parse_moment_of
    from jointsky.app.questions import explanation_at, journal_of, state_at

    at_ns = None if at is None else parse_moment_of("--at", at)
    player = journal_of(journal)
    typer.echo(as_text(explanation_at(state_at(player, journal, at_ns), track, to)))


def preview(
    journal: Annotated[Path, typer.Argument(help=JOURNAL_HELP)],
    nation: Annotated[str, typer.Option("--as", metavar="NATION", help="Whose picture it is.")],
    at: Annotated[str | None, typer.Option(metavar="TIME", help=AT_HELP)] = None,
    output: Annotated[Path | None, typer.Option(
        "-o", "--output", metavar="FILE.csv|.geojson",
        help="Where the picture goes; otherwise a table is printed.")] = None,
) -> None:
    """The picture exactly as a nation had it: its tracks, its fields, as coarse and as late."""
    from rich.console import Console

    from jointsky.app.arguments import parse_moment_of
    from jointsky.app.questions import (
        check_preview_target,
        journal_of,
        preview_at,
        preview_table,
        state_at,
        write_preview,
    )

    at_ns = None if at is None else parse_moment_of("--at", at)
    if output is not None:
        check_preview_target(output)
    player = journal_of(journal)
    picture = preview_at(player, state_at(player, journal, at_ns, shares=True), nation)
    if output is not None:
        write_preview(output, picture)
    else:
        # Not cut to the 80 columns of what is no terminal.
        console = Console()
        Console(width=max(console.width, WIDTH)).print(preview_table(picture))
    assert picture.preview is not None, "it is a preview"
    causes = ", ".join(f"{count} {cause}" for cause, count in picture.preview.withheld.items())
    typer.echo(f"{len(picture.tracks)} tracks for {nation}, "
               f"{sum(picture.preview.withheld.values())} withheld{': ' if causes else ''}{causes}",
               err=True)


def rehearse(
    journal: Annotated[Path, typer.Argument(help=JOURNAL_HELP)],
    end: Annotated[str, typer.Option(metavar="DATE", help="UTC date or time of the end.")],
    agreement: Annotated[str | None, typer.Option(
        metavar="ID", help="The agreement that ends; otherwise all that the unit holds.")] = None,
) -> None:
    """Rehearse an end on the journal's traffic: what each side has on the last day, what the next.

    Other agreements stand as they will on that day.
    """
    from rich.console import Console
    from rich.progress import Progress

    from jointsky.app.arguments import parse_moment_of
    from jointsky.app.questions import journal_of, rehearsed

    end_ns = parse_moment_of("--end", end)
    player = journal_of(journal)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Rehearsing", total=1.0)
        found, names = rehearsed(player, journal, end_ns, agreement,
                                 lambda share: progress.update(task, completed=share))
    for line in _lines_of(found, names, end):
        typer.echo(line)


def _lines_of(found: Rehearsal, names: tuple[str, ...], end: str) -> Iterator[str]:
    from jointsky.agreement.periods import text_of
    from jointsky.model.sensor import sensor_id_text
    from jointsky.study.rehearsal import given_to, lapsed_sensors, sides_of

    yield (f"{', '.join(names)} ends on {end}: the traffic of {text_of(found.from_ns)} to "
           f"{text_of(found.to_ns)}, shared as on the last day -> as on the day after")
    sides = sides_of(found)
    for side in sides:
        if side.changes:
            yield from _side_lines(side)
    same = [side.recipient for side in sides if not side.changes]
    if same:
        yield f"{', '.join(same)} from {found.own}: nothing changes"
    for sender, (before, after) in given_to(found).items():
        if before != after:
            yield f"{found.own} from {sender}"
            yield f"  areas granted: {_km2(before)} -> {_km2(after)}"
    gone = len(found.alive) - len(found.kept)
    yield f"{found.own} itself"
    yield (f"  tracks: {len(found.alive)} -> {len(found.kept)}, {gone} lost that only sensors of "
           f"others see; {len(found.poorer)} kept with fewer sensors")
    for nation, name, sensor_id in lapsed_sensors(found):
        yield f"  deployment lapses: {name} ({sensor_id_text(sensor_id)}) of {nation}"


def _side_lines(side: Side) -> Iterator[str]:
    had, has = side.tracks
    yield f"{side.recipient} from {side.sender}"
    yield f"  tracks: {had} -> {has}, {had - has} lost"
    yield f"  areas granted: {_km2(side.area_km2[0])} -> {_km2(side.area_km2[1])}"
    yield f"  ground with tracks: {_km2(side.ground_km2[0])} -> {_km2(side.ground_km2[1])}"
    if side.crossed:
        yield (f"  known before leaving its areas, median of {side.crossed} tracks: "
               f"{side.warning_s[0]:.0f} s -> {side.warning_s[1]:.0f} s")
    if not math.isnan(side.later_s):
        yield f"  first known later than before, median: {side.later_s:.0f} s"


def _km2(area: float) -> str:
    return "everywhere" if math.isinf(area) else f"{area:,.0f} km2"

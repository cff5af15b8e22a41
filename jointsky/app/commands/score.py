"""`jointsky score`: tracks against truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def score(
    folder: Annotated[Path, typer.Argument(
        help="Plot folder with truth.csv.gz and scenario.json.")],
    tracks: Annotated[Path, typer.Argument(
        help="Tracks as `track` writes them, .parquet or .csv.")],
    json: Annotated[Path | None, typer.Option(
        "--json", help="Write the measures to this file too (-: only, to standard output)."),
    ] = None,
) -> None:
    """Measure tracks against the truth of a plot folder: GOSPA, OSPA, SIAP, errors, breaks."""
    from rich.console import Console
    from rich.table import Table

    from jointsky.codec.plotfolder import read_scenario
    from jointsky.codec.trackfile import read_tracks, read_truth
    from jointsky.study.score import score as measure
    from jointsky.study.scoresheet import json_of, sheet_of, write_json

    step_s = read_scenario(folder).step_s
    result = measure(read_truth(folder), read_tracks(tracks), step_s)
    if json is not None and str(json) == "-":
        typer.echo(json_of(result))
        return
    sheet = Table("measure", "value", title=f"{tracks} against {folder}")
    for row in sheet_of(result):
        sheet.add_row(*row)
    Console().print(sheet)
    if json is not None:
        write_json(result, json)

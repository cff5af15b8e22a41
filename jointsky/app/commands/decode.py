"""`jointsky decode`: a recording of ASTERIX to columns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress

    from jointsky.codec.asterix.pieces import Piece
    from jointsky.codec.asterix.summary import Summary
    from jointsky.codec.recordings.recording import Recording

FAULTS_SHOWN = 5


def decode(
    file: Annotated[Path, typer.Argument(
        help="Recording: raw blocks, PCAP, PCAPNG, final frame or rply.")],
    output: Annotated[Path | None, typer.Option(
        "-o", "--output", metavar="FILE.parquet|.csv|.json",
        help="Write every record to this file, a column for each field.")] = None,
    edition: Annotated[list[str] | None, typer.Option(
        "--edition", metavar="CATEGORY=EDITION",
        help="Read a category by this edition, e.g. 021=0.23; otherwise the one that fits best. "
             "May be given more than once.")] = None,
    summary: Annotated[str | None, typer.Option(
        "--summary", metavar="json", help="Print the counts as JSON instead of a table.")] = None,
) -> None:
    """Decode a recording of ASTERIX: count what is in it, and write it as columns."""
    import json
    from time import perf_counter

    from jointsky.codec.asterix.editions import parse_editions
    from jointsky.codec.asterix.pieces import decode_pieces
    from jointsky.codec.asterix.summary import Summary
    from jointsky.codec.export import check_target, export
    from jointsky.codec.recordings.read import read_recording
    from jointsky.model.errors import UsageProblem

    if summary not in {None, "json"}:
        raise UsageProblem("--summary", f"'{summary}' is no form of summary", expected="json")
    editions = parse_editions(edition or [])
    if output is not None:
        check_target(output)
    begun = perf_counter()
    recording = read_recording(file)
    counted = Summary()

    with _progress() as progress:
        def pieces(what: str) -> Iterator[Piece]:
            task = progress.add_task(what, total=len(recording.buffer))
            for piece in decode_pieces(recording, editions):
                yield piece
                progress.update(task, completed=piece.octets)

        for piece in pieces("Decoding"):
            counted.add(piece.decoded)
        if output is not None:
            export(recording, lambda: pieces("Writing"), output)
    seconds = perf_counter() - begun
    if summary == "json":
        typer.echo(json.dumps(counted.as_json(seconds)))
    else:
        _show(file, recording, counted, seconds)
    _say_faults(file, recording, output)


def _progress() -> Progress:
    from rich.console import Console
    from rich.progress import Progress
    return Progress(console=Console(stderr=True), transient=True)


def _show(file: Path, recording: Recording, counted: Summary, seconds: float) -> None:
    """The summary for people."""
    from rich.console import Console
    from rich.table import Table

    from jointsky.model.reject import Reason

    console = Console()
    console.print(f"{file} ({recording.form})", markup=False)
    records = Table("category", "edition", "records")
    for category, count in sorted(counted.records.items()):
        records.add_row(f"{category:03d}", counted.editions[category], f"{count:,}")
    console.print(records)
    if counted.rejected:
        refused = Table("refused", "reason", "meaning")
        for reason, count in sorted(counted.reasons.items()):
            refused.add_row(f"{count:,}", reason, Reason(reason).text)
        console.print(refused)
        console.print(f"`jointsky doctor {file}` tells where and why.", markup=False)
    console.print(f"{sum(counted.records.values()):,} records, {counted.rejected:,} refused, "
                  f"{seconds:.2f} s", markup=False)


def _say_faults(file: Path, recording: Recording, output: Path | None) -> None:
    """What is wrong with the file itself ends the command with status 2, after all is done."""
    from jointsky.model.errors import FileProblem

    if not recording.faults:
        return
    for fault in recording.faults[1:FAULTS_SHOWN]:
        typer.echo(f"jointsky: {file}, byte {fault.offset}: {fault.text}", err=True)
    count = len(recording.faults) + recording.faults_left_off
    if count > FAULTS_SHOWN:
        typer.echo(f"jointsky: {file}: {count - FAULTS_SHOWN} more faults", err=True)
    kept = f" and written to {output}" if output is not None else ""
    first = recording.faults[0]
    raise FileProblem(file, first.text, place=f"byte {first.offset}",
                      expected=f"a whole {recording.form} recording; what could be read was "
                               f"decoded{kept}")

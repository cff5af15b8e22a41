"""`jointsky ledger verify|prove|compare|export`: what a ledger is worth, shown to anybody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from jointsky.agreement.exchange import Difference, Flow
    from jointsky.agreement.ledger import Entry
    from jointsky.agreement.notes import Checkpoint, Note
    from jointsky.edge.audit import Audit
    from jointsky.edge.ledger import LedgerReader

FILE_HELP = "Ledger of a unit."
KEYS_HELP = "Known keys of partners, one NAME+HASH+KEY a line."
FAULTS_SHOWN = 50


def verify(
    file: Annotated[Path, typer.Argument(help=FILE_HELP)],
    keys: Annotated[Path | None, typer.Option(help=KEYS_HELP)] = None,
) -> None:
    """Compute a ledger anew and name every record, byte and checkpoint that was changed."""
    from rich.console import Console
    from rich.progress import Progress

    from jointsky.app.keys import read_verifiers
    from jointsky.edge.audit import audit
    from jointsky.edge.ledger import LedgerReader

    known = read_verifiers(keys) if keys else ()
    reader = LedgerReader(file)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Verifying", total=_size(reader))
        found = audit(reader, known, lambda done: progress.update(task, completed=done))
    _tell(found)
    if found.faults:
        raise typer.Exit(1)


def _size(reader: LedgerReader) -> int | None:
    """How many records the ledger says it has; None where it cannot say."""
    from jointsky.model.errors import FileProblem

    try:
        return reader.size
    except FileProblem:
        return None


def _tell(found: Audit) -> None:
    """What an audit found, in lines."""
    typer.echo(f"{found.origin or 'no opening'}: {found.size} records, root {found.root.hex()}")
    for fault in found.faults[:FAULTS_SHOWN]:
        typer.echo(str(fault))
    more = len(found.faults) + found.more - FAULTS_SHOWN
    if more > 0:
        typer.echo(f"and {more} more")
    signed = [one for one in found.checkpoints if one.signers]
    if signed:
        size = max(one.size for one in signed)
        names = sorted({name for one in signed if one.size == size for name in one.signers})
        typer.echo(f"{len({one.size for one in signed})} checkpoints; the last is of {size} "
                   f"records, signed by {', '.join(names)}")
    else:
        typer.echo("no checkpoint signed by a known key: nobody vouches for the whole")
    unknown = sum(one.unknown for one in found.checkpoints)
    if unknown:
        typer.echo(f"{unknown} signatures by keys that are not known; --keys names those that are")
    typer.echo(f"{len(found.faults) + found.more} faults" if found.faults
               else "whole: every record, hash and checkpoint fits")


def prove(
    file: Annotated[Path, typer.Argument(help=FILE_HELP)],
    number: Annotated[int | None, typer.Argument(help="Number of the record, from 0.")] = None,
    between: Annotated[tuple[int, int] | None, typer.Option(
        metavar="SIZE SIZE", help="Instead of a record: that the checkpoint of so many records is "
        "the beginning of another's.")] = None,
    output: Annotated[Path | None, typer.Option(
        "-o", "--output", metavar="FILE.json", help="Where the proof goes; otherwise to standard "
        "output.")] = None,
) -> None:
    """Prove to anybody that a record is in a ledger, or that one checkpoint follows another."""
    from jointsky.agreement.proofs import consistency_text
    from jointsky.edge.ledger import LedgerReader
    from jointsky.model.errors import UsageProblem

    if (number is None) == (between is None):
        raise UsageProblem("prove", "both or neither of them given",
                           expected="the number of a record, or --between SIZE SIZE")
    reader = LedgerReader(file)
    with reader.standing_still():
        if number is not None:
            text = _inclusion(reader, number)
        else:
            assert between is not None
            first, second = sorted(between)
            if first == second:
                raise UsageProblem(f"--between {first} {second}", "one checkpoint",
                                   expected="the sizes of two")
            text = consistency_text(_of_size(reader, first), _of_size(reader, second), reader.node)
    if output is None:
        typer.echo(text, nl=False)
    else:
        _write(output, [text])


def _inclusion(reader: LedgerReader, number: int) -> str:
    """The proof of a record, under the checkpoint over it that most have signed, the latest of
    those."""
    from jointsky.agreement.proofs import inclusion_text
    from jointsky.model.errors import UsageProblem

    over = [(len(note.signatures), checkpoint.size, checkpoint, note)
            for checkpoint, note in reader.checkpoints()]
    fitting = [one for one in over if one[1] > number]
    if number < 0 or not fitting:
        last = max((one[1] for one in over), default=0)
        raise UsageProblem(f"record {number}", "no checkpoint is over it",
                           expected=f"0 to {last - 1}" if last else "a signed checkpoint")
    _, _, checkpoint, note = max(fitting, key=lambda one: one[:2])
    (_, body), = reader.entries(number, number)
    return inclusion_text(number, body, checkpoint, note, reader.node)


def _of_size(reader: LedgerReader, size: int) -> tuple[Checkpoint, Note]:
    from jointsky.model.errors import UsageProblem

    found = {checkpoint.size: (checkpoint, note) for checkpoint, note in reader.checkpoints()}
    if size not in found:
        nearest = sorted(found, key=lambda one: abs(one - size))[:5]
        raise UsageProblem(f"--between {size}", "no checkpoint is of so many records",
                           expected=f"such as {', '.join(map(str, sorted(nearest)))}"
                           if nearest else "a ledger with checkpoints")
    return found[size]


def compare(
    first: Annotated[Path, typer.Argument(help="Ledger of one unit.")],
    second: Annotated[Path, typer.Argument(
        help="Ledger of its partner, or another copy of the first.")],
) -> None:
    """Compare what two parties recorded of their exchange; names the first difference."""
    from jointsky.agreement.exchange import compare_checkpoints, compare_flow, read_side
    from jointsky.edge.ledger import LedgerReader

    readers = LedgerReader(first), LedgerReader(second)
    openings = readers[0].opening, readers[1].opening
    differences: list[tuple[str, Difference]] = []
    with readers[0].standing_still(), readers[1].standing_still():
        if openings[0].origin == openings[1].origin:
            _compare_copies(*readers)
            return
        sides = (read_side(openings[0], _counted(readers[0], first), openings[1]),
                 read_side(openings[1], _counted(readers[1], second), openings[0]))
        for one, other in ((0, 1), (1, 0)):
            way = f"{openings[one].unit} to {openings[other].unit}"
            flow = compare_flow(sides[one], sides[other])
            _tell_flow(way, flow)
            found = [*flow.differences, *compare_checkpoints(
                openings[one], readers[one].size, readers[one].node, sides[other].seen)]
            typer.echo(f"  {len(sides[other].seen)} checkpoints of {openings[one].unit} seen by "
                       f"{openings[other].unit}")
            differences += [(_where(openings[one].unit, openings[other].unit, each), each)
                            for each in found]
    if differences:
        where, difference = differences[0]
        typer.echo(f"first difference: {difference.problem} ({where})")
        typer.echo(f"{len(differences)} differences")
        raise typer.Exit(1)
    typer.echo("both ledgers agree")


def _where(one: str, other: str, difference: Difference) -> str:
    places = [f"record {number} of {unit}" for unit, number in (
        (one, difference.first), (other, difference.second)) if number is not None]
    return ", ".join(places)


def _tell_flow(way: str, flow: Flow) -> None:
    typer.echo(f"{way}: {flow.messages} messages, {flow.taken} taken in, {flow.under_way} under "
               f"way" + (f", {flow.crossed} withheld after they had left" if flow.crossed else ""))


def _compare_copies(one: LedgerReader, other: LedgerReader) -> None:
    """Two copies of one ledger: the shorter must be the beginning of the longer."""
    from jointsky.agreement.exchange import first_apart

    at = first_apart(one.size, one.node, other.size, other.node)
    if at is not None:
        typer.echo(f"first difference: record {at} of two copies of {one.opening.origin}")
        raise typer.Exit(1)
    typer.echo(f"two copies of {one.opening.origin}: the same up to record "
               f"{min(one.size, other.size) - 1}; {abs(one.size - other.size)} records more in "
               "one of them")


def export(
    file: Annotated[Path, typer.Argument(help=FILE_HELP)],
    output: Annotated[Path, typer.Option(
        "-o", "--output", metavar="FILE.jsonl or .csv", help="Where the records go.")],
    since: Annotated[str | None, typer.Option(
        help="From when on: a date, or a time with its zone.")] = None,
    until: Annotated[str | None, typer.Option(help="Before when.")] = None,
    partner: Annotated[str, typer.Option(help="Of this unit or party alone.")] = "",
    form: Annotated[Literal["jsonl", "csv"] | None, typer.Option(
        help="Otherwise by the name of the file.")] = None,
) -> None:
    """Write the records of a ledger for auditors, by time and partner."""
    from jointsky.agreement.periods import parse_moment
    from jointsky.app.auditors import Span, as_csv, as_json
    from jointsky.edge.ledger import LedgerReader
    from jointsky.model.errors import UsageProblem

    def moment(name: str, text: str) -> int:
        try:
            return parse_moment(text)
        except ValueError as error:
            raise UsageProblem(name, str(error)) from None

    kind = form or output.suffix.removeprefix(".")
    if kind not in {"jsonl", "csv"}:
        raise UsageProblem(output, f"not a form of export: {output.suffix or 'no suffix'}",
                           expected=".jsonl or .csv")
    span = Span(moment("--since", since) if since else 0,
                moment("--until", until) if until else 1 << 63, partner)
    reader = LedgerReader(file)
    found = reader.entries()
    count = _write(output, as_csv(found, span) if kind == "csv" else as_json(found, span))
    typer.echo(f"{count - (kind == 'csv')} lines written", err=True)


def _counted(reader: LedgerReader, path: Path) -> Iterator[Entry]:
    """The entries of a ledger, with progress on the terminal."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        yield from (entry for entry, _ in progress.track(
            reader.entries(), total=reader.size, description=f"Reading {path.name}"))


def _write(path: Path, lines: list[str] | Iterator[str]) -> int:
    """Write lines; how many. Lines before a damaged record stay, as its message says."""
    from jointsky.model.errors import FileProblem

    count = 0
    try:
        with path.open("w", encoding="utf-8") as file:
            for line in lines:
                file.write(line)
                count += 1
    except OSError as error:
        raise FileProblem(path, f"cannot be written: {error.strerror}") from None
    return count

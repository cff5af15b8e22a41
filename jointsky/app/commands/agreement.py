"""`jointsky agreement`: instruments checked, shown, compared; their calendar."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jointsky.app.help import AT_HELP

if TYPE_CHECKING:
    from jointsky.agreement.findings import Desk
    from jointsky.agreement.life import Facts
    from jointsky.agreement.reading import Document
    from jointsky.model.errors import InputError


def check(
    files: Annotated[list[Path], typer.Argument(
        help="Agreements in YAML, or folders of them. Those of one system belong together.")],
    at: Annotated[str | None, typer.Option(metavar="TIME", help=AT_HELP)] = None,
    unit: Annotated[Path | None, typer.Option(
        metavar="CONFIG.toml", help="Configuration of a unit: its sensors, its partners.")] = None,
    strict: Annotated[bool, typer.Option(
        "--strict", help="Warnings count as errors.")] = False,
) -> None:
    """Check agreements: one line for everything found, with file, line and the name of the check.

    Ends with status 2 if a file cannot be read or a check finds an error.
    """
    from jointsky.agreement.checks import examine
    from jointsky.agreement.findings import Severity
    from jointsky.app.agreements import load_agreements

    documents, refused = load_agreements(files)
    found = examine(_desk(documents, at, unit))
    for one in found:
        typer.echo(str(one))
    counts = [sum(one.severity is severity for one in found) for severity in Severity]
    words = [f"{count} {severity.value}{'' if count == 1 else 's'}"
             for count, severity in zip(counts, Severity, strict=True)]
    typer.echo(f"{len(documents)} read, {len(refused)} refused: {', '.join(words)}", err=True)
    _refuse(refused)
    if counts[0] or (strict and counts[1]):
        raise typer.Exit(2)


def show(
    file: Annotated[Path, typer.Argument(help="Agreement in YAML.")],
    at: Annotated[str | None, typer.Option(metavar="TIME", help=AT_HELP)] = None,
) -> None:
    """Show an agreement: parties, life, sites, deployments, roles, grants, and who says so."""
    from rich.console import Console

    from jointsky.agreement.life import Facts, status_at
    from jointsky.agreement.periods import text_of
    from jointsky.app.agreements import load_agreement, tables_of

    document = load_agreement(file)
    whole, now_ns = document.instrument, _now_ns(at)
    status = status_at(whole, Facts(), now_ns)
    console = Console()
    console.print(f"{whole.title}\n{whole.id}, version {whole.version}, {whole.kind}"
                  + (f", component of {whole.component_of}" if whole.component_of else "")
                  + f"\nSHA-256 {document.digest}\n"
                  + f"By the text alone, on {text_of(now_ns)[:10]}: {status.phase.value}, "
                  + status.why, markup=False, highlight=False)
    for table in tables_of(document):
        if table.row_count:
            console.print(table)


def diff(
    old: Annotated[Path, typer.Argument(help="Agreement in YAML.")],
    new: Annotated[Path, typer.Argument(help="Another version of it.")],
) -> None:
    """Compare two versions: what came, what went, which grants became wider or narrower in what."""
    from rich.console import Console

    from jointsky.agreement.differences import differences
    from jointsky.app.agreements import differences_text, load_agreement

    found = differences(load_agreement(old).instrument, load_agreement(new).instrument)
    console = Console(soft_wrap=True, highlight=False)
    for line, colour in differences_text(found):
        console.print(line, style=colour or None, markup=False)
    if not found:
        console.print("no difference")


def calendar(
    files: Annotated[list[Path], typer.Argument(
        help="Agreements in YAML, or folders of them.")],
    at: Annotated[str | None, typer.Option(metavar="TIME", help=AT_HELP)] = None,
    unit: Annotated[Path | None, typer.Option(
        metavar="CONFIG.toml", help="Configuration of a unit: also by the acts that it has "
        "accepted, such as notice. Otherwise by the texts alone.")] = None,
) -> None:
    """Show what happened to agreements, what comes, and what must be done before when."""
    from rich.console import Console

    from jointsky.app.agreements import calendar_of_all, load_agreements

    facts = _facts(unit)
    documents, refused = load_agreements(files)
    console = Console()
    for table in calendar_of_all(documents, facts, _now_ns(at)):
        console.print(table)
    _refuse(refused)


def _now_ns(at: str | None) -> int:
    from jointsky.app.arguments import parse_at
    from jointsky.edge.clock import WallClock

    return parse_at(at, WallClock().now_ns())


def _desk(documents: tuple[Document, ...], at: str | None, unit: Path | None) -> Desk:
    from jointsky.agreement.findings import Desk
    from jointsky.app.config import load_config, sensors_of

    if unit is None:
        return Desk(documents, _now_ns(at))
    config = load_config(unit)
    links = frozenset(one.nation for one in config.partner) or None
    return Desk(documents, _now_ns(at), links, sensors_of(config), config.unit.nation)


def _facts(unit: Path | None) -> dict[str, Facts]:
    """What parties have told of each agreement, by the acts that a unit has accepted."""
    from jointsky.app.config import load_config
    from jointsky.app.law import persons_of
    from jointsky.engine.law import law_of, take_again

    if unit is None:
        return {}
    config = load_config(unit)
    acts = config.agreements.acts if config.agreements else ()
    law = take_again(law_of(config.unit.nation, persons_of(config)),
                     [(one.accepted_ns, one.name, one.text) for one in acts])
    return {held.id: held.facts for held in law.register.held}


def _refuse(refused: list[InputError]) -> None:
    """Say of every file why it was refused; the last one ends the command."""
    for problem in refused[:-1]:
        typer.echo(f"jointsky: {problem}", err=True)
    if refused:
        raise refused[-1]

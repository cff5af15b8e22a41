"""`jointsky doctor`: what a recording is, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from jointsky.study.doctor import Diagnosis, SourceReport


def doctor(
    file: Annotated[Path, typer.Argument(
        help="Recording: raw blocks, PCAP, PCAPNG, final frame or rply.")],
    edition: Annotated[list[str] | None, typer.Option(
        "--edition", metavar="CATEGORY=EDITION",
        help="Read a category by this edition, e.g. 021=0.23.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print all of it as JSON.")] = False,
) -> None:
    """Examine a recording: editions that fit, refusals and why, sensors, rates, clock oddities."""
    from json import dumps

    from rich.console import Console
    from rich.progress import Progress

    from jointsky.codec.asterix.editions import parse_editions
    from jointsky.codec.recordings.read import read_recording
    from jointsky.study.doctor import examine

    editions = parse_editions(edition or [])
    recording = read_recording(file)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Examining", total=len(recording.buffer))
        found = examine(recording, editions,
                        lambda octets: progress.update(task, completed=octets))
    if json:
        typer.echo(dumps(found.as_json(), indent=2))
    else:
        _show(Console(), found)
    if recording.faults:
        from jointsky.model.errors import FileProblem
        fault = recording.faults[0]
        raise FileProblem(file, fault.text, place=f"byte {fault.offset}",
                          expected=f"a whole {recording.form} recording")


def _show(console: Console, found: Diagnosis) -> None:
    """Everything, as tables."""
    console.print(f"{found.path}: {found.form}, {found.frames:,} frames, {found.octets:,} bytes",
                  markup=False)
    for offset, text in found.faults[:10]:
        console.print(f"  fault at byte {offset}: {text}", markup=False, style="red")
    _show_editions(console, found)
    _show_rejects(console, found)
    _show_sources(console, found)


def _show_editions(console: Console, found: Diagnosis) -> None:
    from rich.table import Table

    table = Table("category", "records", "read by", "fits alike", "does not fit well because")
    for category, report in sorted(found.editions.items()):
        used = found.summary.editions.get(category, report.edition)
        score = next((score for score in report.scores if score.edition == used), None)
        best = min(score.penalty for score in report.scores)
        alike = [score.edition for score in report.scores if score.penalty == best]
        odd = [] if score is None else [f"{what} ({count})" for what, count in score.odd.items()]
        if score is not None and score.rejects:
            odd.insert(0, f"{score.rejects} blocks refused")
        table.add_row(f"{category:03d}", f"{found.summary.records.get(category, 0):,}", used,
                      " ".join(alike), "\n".join(odd[:5]))
    console.print(table)


def _show_rejects(console: Console, found: Diagnosis) -> None:
    from rich.table import Table

    from jointsky.model.reject import Reason

    if not found.summary.rejected:
        console.print("Nothing was refused.")
        return
    for reason, count in sorted(found.summary.reasons.items()):
        console.print(f"{count:,} refused: {Reason(reason).text}", markup=False)
    table = Table("byte", "category", "reason", "item", "expected", "found")
    for row in found.rejects:
        table.add_row(str(row.offset), f"{row.category:03d}", row.reason, row.item, row.expected,
                      row.found)
    console.print(table)
    if found.more_rejects:
        console.print(f"and {found.more_rejects:,} more")


def _show_sources(console: Console, found: Diagnosis) -> None:
    from rich.table import Table

    table = Table("category", "SAC/SIC", "records", "rate /s", "period s", "aircraft", "from", "to",
                  "clock")
    for source in found.sources:
        table.add_row(
            f"{source.category:03d}", f"{source.sac}/{source.sic}", f"{source.records:,}",
            _number(source.rate_hz), _number(source.period_s),
            "" if source.aircraft is None else str(source.aircraft), _clock(source.first_s),
            _clock(source.last_s), ", ".join(_oddities(source)) or "no oddity")
    console.print(table)


def _oddities(source: SourceReport) -> list[str]:
    """What is odd about a clock, in words."""
    from jointsky.study.doctor import AHEAD_S, BACK_S

    if source.first_s is None:
        return ["no time of day"]
    words = []
    if source.midnights:
        words.append("over midnight" if source.midnights == 1
                     else f"{source.midnights} midnights")
    if source.backwards:
        words.append(f"{source.backwards} steps back by more than {BACK_S:g} s")
    if source.ahead:
        words.append(f"{source.ahead} steps ahead by more than {AHEAD_S:g} s")
    if source.beyond_day:
        words.append(f"{source.beyond_day} times of 24 h or more")
    return words


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _clock(time_s: float | None) -> str:
    """Time of day for people."""
    if time_s is None:
        return ""
    whole = int(time_s)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{time_s % 60:06.3f}"

"""The command line: every command in one table, every expected error one clear line.

Exit status: 0 done; 1 a check found faults; 2 bad input; 130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import typer

from jointsky.app.commands import acts, agreement, ledger, questions
from jointsky.app.commands.decode import decode
from jointsky.app.commands.demo import demo
from jointsky.app.commands.doctor import doctor
from jointsky.app.commands.registration import registration
from jointsky.app.commands.replay import replay
from jointsky.app.commands.score import score
from jointsky.app.commands.track import track
from jointsky.app.commands.unit import unit
from jointsky.app.commands.warm import warm
from jointsky.model.errors import InputError, ResourceProblem

COMMANDS: tuple[Callable[..., Any], ...] = (demo, unit, replay, decode, track, registration, score,
                                            doctor, warm)


# Commands of two words: the first, what they are about, the commands by their second.
GROUPS: dict[str, tuple[str, tuple[Callable[..., Any], ...]]] = {
    "agreement": ("Agreements between nations: what may be shared, with whom, until when.",
                  (agreement.check, agreement.show, agreement.diff, agreement.calendar,
                   questions.explain, questions.preview, questions.rehearse, acts.key,
                   acts.act, acts.sign, acts.submit)),
    "ledger": ("What was released, withheld and received, so that anybody can check it.",
               (ledger.verify, ledger.prove, ledger.compare, ledger.export)),
}


def commands() -> dict[str, Callable[..., Any]]:
    """Every command by the words that call it, such as `track` or `agreement check`."""
    found = {_word(command): command for command in COMMANDS}
    for group, (_, members) in GROUPS.items():
        found |= {f"{group} {_word(command)}": command for command in members}
    return found


def _word(command: Callable[..., Any]) -> str:
    return command.__name__.replace("_", "-")


def build() -> typer.Typer:
    """The command line as a Typer application."""
    program = _typer("jointsky",
                     "Joint regional air defence pictures: surveillance, warning, coordination.")
    for command in COMMANDS:
        program.command()(command)
    for name, (about, members) in GROUPS.items():
        group = _typer(name, about)
        for command in members:
            group.command()(command)
        program.add_typer(group)
    return program


def _typer(name: str, about: str) -> typer.Typer:
    return typer.Typer(name=name, no_args_is_help=True, add_completion=False,
                       rich_markup_mode=None, pretty_exceptions_enable=False, help=about)


def main() -> None:
    """Run the command line; bad input ends in one message and exit status 2."""
    try:
        build()()
    except (InputError, ResourceProblem) as problem:
        print(f"jointsky: {problem}", file=sys.stderr)  # noqa: T201 - the program's own voice
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)

"""Writes docs/commands.md from the command line itself: python tools/generate_commands.py."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints

from typer.models import ArgumentInfo

from jointsky.app.cli import commands

PAGE = Path(__file__).resolve().parents[1] / "docs" / "commands.md"
HEAD = """# Commands

Written by `python tools/generate_commands.py` from the command line itself (`make docs`).

Every command ends with status 0 when all is done, 2 for bad input (one message that names the
file, the place and what was expected; what could be read is still worked off and written), 130
when interrupted. Progress and notes go to standard error, results to standard output.
"""


def page() -> str:
    """The page as it should be."""
    return HEAD + "".join(section(name, command) for name, command in commands().items())


def section(name: str, command: Callable[..., Any]) -> str:
    """One command: what it does, its arguments and options."""
    hints = get_type_hints(command, include_extras=True)
    arguments, options = [], []
    for key, parameter in inspect.signature(command).parameters.items():
        info = hints[key].__metadata__[0]
        if isinstance(info, ArgumentInfo):
            arguments.append((key.upper(), info.help or ""))
        else:
            options.append((names_of(key, info), text_of(info.help or "", parameter.default)))
    words = " ".join([name, *(argument for argument, _ in arguments)])
    rows = "".join(f"| `{left}` | {right} |\n".replace("\\|", "or")
                   for left, right in [*arguments, *options])
    return (f"\n## jointsky {name}\n\n`jointsky {words}`: {inspect.getdoc(command)}\n\n"
            f"| | |\n|---|---|\n{rows}")


def names_of(name: str, info: Any) -> str:
    """An option as it is typed, with its value if it takes one."""
    # Typer keeps the first name given where an old-style declaration has its default.
    first = (info.default,) if isinstance(info.default, str) else ()
    names = ", ".join([*first, *(info.param_decls or ())]) or f"--{name.replace('_', '-')}"
    return f"{names} {info.metavar}".replace("|", " or ") if info.metavar else names


def text_of(help_text: str, default: object) -> str:
    """What an option does, and its default where that is a value."""
    text = " ".join(help_text.replace("|", " or ").split())
    plain = isinstance(default, int | float | str) and not isinstance(default, bool)
    return f"{text} Default: {default}." if plain else text


if __name__ == "__main__":
    PAGE.write_text(page())

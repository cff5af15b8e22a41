"""`jointsky agreement`: instruments checked, shown, compared."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def show(
    file: Annotated[Path, typer.Argument(help="Agreement in YAML.")],
) -> None:
    """Show an agreement: parties, life, sites, deployments, roles, grants, and who says so."""
    from rich.console import Console

    from jointsky.app.agreements import load_agreement, tables_of

    document = load_agreement(file)
    whole = document.instrument
    console = Console()
    console.print(f"{whole.title}\n{whole.id}, version {whole.version}, {whole.kind}"
                  + (f", component of {whole.component_of}" if whole.component_of else "")
                  + f"\nSHA-256 {document.digest}", markup=False, highlight=False)
    for table in tables_of(document):
        if table.row_count:
            console.print(table)

"""`jointsky warm`: compile what there is to compile."""

from __future__ import annotations

import typer


def warm() -> None:
    """Compile the kernels now, as a part of installing, and not at the first start."""
    from jointsky.app.warm import warm_up
    from jointsky.kernels.jit import CACHE

    warm_up()
    typer.echo(f"the kernels are compiled: {CACHE}")

"""Kernels made ready before anything is timed: compiled at the first start, then kept on disk;
byte code of Python, too, for where nobody has written any yet a start takes a quarter longer.

A mark beside the compiled code says of which sources, and for which machine, it is all there: then
nothing is done at a start, and each kernel is loaded when it is first used.
"""

from __future__ import annotations

from compileall import compile_dir
from hashlib import sha256
from importlib import import_module
from typing import Any, cast

import numba
from numba.core.codegen import get_host_cpu_features

from jointsky.kernels.jit import CACHE, PACKAGE

MARK = "ready"
FLOORS = ("kernels", "model", "codec", "track", "agreement", "engine")


def is_warm() -> bool:
    """Whether the kernels of this program have been compiled on this machine."""
    try:
        return (CACHE / MARK).read_text() == _wanted()
    except OSError:
        return False


def _wanted() -> str:
    """What compiled code depends on, as a digest: sources, compiler, processor."""
    digest = sha256(f"{numba.__version__} {cast(Any, get_host_cpu_features)()}".encode())
    for floor in FLOORS:
        for path in sorted((PACKAGE / floor).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def warm_up() -> None:
    """If need be, run the whole path once on a few simulated seconds, with a progress bar on
    stderr while kernels compile: the first start after an installation or a change."""
    if not is_warm():
        import_module("jointsky.app.compiling").compile_all()
        compile_dir(PACKAGE, quiet=2)
        CACHE.mkdir(parents=True, exist_ok=True)
        (CACHE / MARK).write_text(_wanted())

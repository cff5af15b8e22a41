"""The one way kernels are compiled: cached on disk, no Python objects, no fast-math.

No fast-math and no threads: the same input gives the same bits on every run, which replay needs.

numba's own cache looks only at the file of the function itself, and would go on running old code
when a helper or constant that it imports has changed. So the cache of each module lies in a
folder named after the contents of the module and of all of this package that it imports.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")

PACKAGE = Path(__file__).resolve().parents[1]
CONFIG: Any = numba.config  # its settings are made at run time
IMPORT = re.compile(rf"^(?:from|import) {PACKAGE.name}\.([\w.]+)", re.MULTILINE)

HELPER: Any = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False}


def cache_root(beside: Path) -> Path:
    """Where compiled code is kept: in a folder beside the sources, or where that cannot be
    written to, in the cache folder of the user."""
    if os.access(beside, os.W_OK):
        return beside / "__pycache__"
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / PACKAGE.name


CACHE = Path(CONFIG.CACHE_DIR or cache_root(Path(__file__).parent))


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function of arrays and numbers; it releases the interpreter lock while it runs."""
    with _CachedWith(function.__module__):
        return cast(Callable[P, R],
                    numba.njit(cache=True, nogil=True, error_model="numpy")(function))


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a small helper that kernels call; the compiler may fold it into its caller.

    It gets its arrays from the kernel and makes none (numba refuses), so it need not count who
    holds them: that counting took a sixth of the tracker's time.
    """
    with _CachedWith(function.__module__):
        return cast(Callable[P, R], numba.njit(**HELPER)(function))


class _CachedWith:
    """While a function is decorated, numba takes the cache folder of its module."""

    def __init__(self, module: str):
        self._folder = cache_folder(module)

    def __enter__(self) -> None:
        self._before, CONFIG.CACHE_DIR = CONFIG.CACHE_DIR, str(self._folder)

    def __exit__(self, *_: object) -> None:
        CONFIG.CACHE_DIR = self._before


@cache
def cache_folder(module: str) -> Path:
    """Where the compiled functions of a module are kept; those of its older states go."""
    digest = sha256()
    for path in sorted(_sources_of(_file_of(module))):
        digest.update(path.read_bytes())
    folder = CACHE / f"{module}-{digest.hexdigest()[:16]}"
    if not folder.is_dir():
        for old in CACHE.glob(f"{module}-*"):
            shutil.rmtree(old, ignore_errors=True)
    return folder


def _file_of(module: str) -> Path:
    return PACKAGE.parent.joinpath(*module.split(".")).with_suffix(".py")


def _sources_of(path: Path) -> set[Path]:
    """A module's file and those of this package that it imports, and they in turn."""
    found, open_ = set[Path](), [path]
    while open_:
        here = open_.pop()
        if here not in found and here.is_file():
            found.add(here)
            names = IMPORT.findall(here.read_text())
            open_ += [_file_of(f"{PACKAGE.name}.{name}") for name in names]
    return found

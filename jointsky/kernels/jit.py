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
from numba import types
from numba.core.caching import CompileResultCacheImpl, FunctionCache, _CacheLocator
from numba.core.registry import CPUDispatcher
from numba.core.runtime.nrt import rtsys

CONFIG: Any = numba.config  # its settings are made at run time
UNLITERAL: Any = types.unliteral

P = ParamSpec("P")
R = TypeVar("R")

PACKAGE = Path(__file__).resolve().parents[1]
IMPORT = re.compile(rf"^(?:from|import) {PACKAGE.name}\.([\w.]+)", re.MULTILINE)

KERNEL: Any = {"nopython": True, "nogil": True, "error_model": "numpy"}
# A helper gets its arrays from the kernel and makes none (numba refuses), so it need not count who
# holds them: that counting took a sixth of the tracker's time. What Python would need to call it is
# not made: that took a third of the time of compiling.
HELPER: Any = {**KERNEL, "_nrt": False, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


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
    return _kept(CPUDispatcher(function, targetoptions=KERNEL), function)


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a small helper that kernels call; the compiler may fold it into its caller.

    Called from Python it is the Python function that it was written as, and as slow.
    """
    return _kept(_Helper(function, targetoptions=HELPER), function)


def _kept(made: Any, function: Callable[P, R]) -> Callable[P, R]:
    keep: Any = _Kept
    made._cache = keep(function)  # as numba's `enable_caching`, with our own folders
    return cast(Callable[P, R], made)


class _Helper(CPUDispatcher):

    def __call__(self, *args: Any) -> Any:
        return self.py_func(*args)

    def get_call_template(self, args: Any, kws: Any) -> Any:
        """One version for all whole numbers, not one for each that stands in the source."""
        return super().get_call_template(tuple(UNLITERAL(one) for one in args), kws)


class _Folder(_CacheLocator):
    """Where the compiled versions of a function are kept; its name says of which sources."""

    def __init__(self, function: Callable[..., Any]):
        self._path = cache_folder(function.__module__)
        self._line = function.__code__.co_firstlineno

    @classmethod
    def from_function(cls, function: Callable[..., Any], file: str) -> _Folder:
        return cls(function)

    def get_cache_path(self) -> str:
        return str(self._path)

    def get_source_stamp(self) -> str:
        return self._path.name

    def get_disambiguator(self) -> str:
        return str(self._line)


class _Form(CompileResultCacheImpl):
    _locator_classes = [_Folder]  # type: ignore[list-item]  # noqa: RUF012 - as numba has it


class _Kept(FunctionCache):
    """The compiled versions of a function on disk.

    Where one is there, numba's compiler is left asleep: to wake it takes a third of a second, far
    longer than to load a kernel, and a unit that starts is in a hurry.
    """

    _impl_class = _Form

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        rtsys.initialize(target_context)  # what compiled code itself needs
        found = self._load_overload(sig, target_context)  # type: ignore[no-untyped-call]
        if found is None:
            target_context.refresh()
        return found


@cache
def cache_folder(module: str) -> Path:
    """Where the compiled functions of a module are kept; those of its older states go."""
    digest = sha256()
    for path in sorted(_sources_of(_file_of(module))):
        digest.update(_read(path)[0])
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
            open_ += _read(here)[1]
    return found


@cache
def _read(path: Path) -> tuple[bytes, list[Path]]:
    """The digest of a module's file, and the files of those of this package that it imports."""
    content = path.read_bytes()
    names = IMPORT.findall(content.decode())
    return sha256(content).digest(), [_file_of(f"{PACKAGE.name}.{name}") for name in names]

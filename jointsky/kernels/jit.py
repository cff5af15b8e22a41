"""The one way kernels are compiled: cached on disk, no Python objects, no fast-math.

No fast-math and no threads: the same input gives the same bits on every run, which replay needs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function of arrays and numbers; it releases the interpreter lock while it runs."""
    return cast(Callable[P, R], numba.njit(cache=True, nogil=True, error_model="numpy")(function))


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a small helper that kernels call; the compiler may fold it into its caller."""
    return cast(Callable[P, R], numba.njit(cache=True, nogil=True, error_model="numpy",
                                           inline="never")(function))

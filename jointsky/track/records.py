"""Records copied whole. NumPy copies a structured array field by field, which takes five times as
long as its bytes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from jointsky.model.batch import I64, Array, Bool

Records = npt.NDArray[np.void]


def taken(records: Records, rows: I64 | Bool) -> Records:
    """records[rows], of rows (n,) by number or as a mask."""
    found: Records = _plain(records)[rows].view(records.dtype)
    return found


def joined(parts: Sequence[Records]) -> Records:
    """np.concatenate of records of one type."""
    found: Records = np.concatenate([_plain(part) for part in parts]).view(parts[0].dtype)
    return found


def cloned(cells: Array) -> Array:
    """A copy of an array, of records or not."""
    return cells.copy() if cells.dtype.names is None else _plain(cells).copy().view(cells.dtype)


def padded(cells: Array, rows: int) -> Array:
    """A copy of an array, of records or not, with rows of zeros below, so many in all."""
    whole: Array = np.zeros((rows, *cells.shape[1:]), cells.dtype)
    if cells.dtype.names is None:
        whole[:len(cells)] = cells
    else:
        _plain(whole)[:len(cells)] = _plain(cells)
    return whole


def _plain(records: Records) -> Records:
    """The same cells, each record as bytes."""
    return records.view(np.dtype((np.void, records.dtype.itemsize)))

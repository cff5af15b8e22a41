"""Sparse assignment: which row gets which column, for the greatest total score.

Shortest augmenting paths with potentials (R. Jonker, A. Volgenant, "A shortest augmenting path
algorithm for dense and sparse linear assignment problems", Computing 38, 1987), where every row
may also stay alone at score 0. A row whose best column nobody else wants costs one look at its
own candidates; a crowd costs what its own cluster needs.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from jointsky.kernels.jit import inlined, kernel

F64 = npt.NDArray[np.float64]
I32 = npt.NDArray[np.int32]

NONE = -1


@inlined
def assign(rows: int, start: I32, column: I32, score: F64, row_of: I32, column_of: I32, u: F64,
           v: F64, distance: F64, settled: F64, came_from: I32, reached: I32) -> None:
    """Assign rows to columns for the greatest total score; alone scores 0.

    Row i has candidates start[i]:start[i+1] of `column` and `score`. Out: column_of (rows,), -1
    for alone. Column scratch, as long as there are columns, handed in and back as: row_of -1,
    v 0, distance inf; settled, came_from and reached hold anything. u: row scratch.
    Ties go to the lower row and the earlier candidate.
    """
    for row in range(rows):
        least = 0.0
        for k in range(start[row], start[row + 1]):
            least = min(least, -score[k] - v[column[k]])
        u[row] = least
        if not _is_easy(row, start, column, score, row_of, column_of, u, v):
            _augment(row, start, column, score, row_of, column_of, u, v, distance, settled,
                     came_from, reached)
    for k in range(start[rows]):
        row_of[column[k]] = NONE
        v[column[k]] = 0.0


@inlined
def _is_easy(row: int, start: I32, column: I32, score: F64, row_of: I32, column_of: I32, u: F64,
             v: F64) -> bool:
    """Whether a row stays alone or gets its best column, which nobody has: then it is done, as
    `_augment` would. Most rows are."""
    best, nearest, alone = NONE, np.inf, 0.0 - u[row]
    for k in range(start[row], start[row + 1]):
        to = 0.0 - score[k] - u[row] - v[column[k]]
        if to < nearest:
            best, nearest = column[k], to
    if nearest >= alone:
        column_of[row] = NONE
        u[row] += alone
        return True
    if row_of[best] != NONE:
        return False
    row_of[best], column_of[row] = row, best
    u[row] += nearest
    return True


@inlined
def _augment(first: int, start: I32, column: I32, score: F64, row_of: I32, column_of: I32,
             u: F64, v: F64, distance: F64, settled: F64, came_from: I32,
             reached: I32) -> None:
    """Find a place for one more row by the cheapest chain of moves."""
    found, done = 0, 0  # reached[:done] are scanned, reached[done:found] are open
    row, here = first, 0.0
    end_row, end = first, np.inf
    while True:
        if here - u[row] < end:
            end_row, end = row, here - u[row]
        for k in range(start[row], start[row + 1]):
            j = column[k]
            to = here - score[k] - u[row] - v[j]
            if to < distance[j]:
                if distance[j] == np.inf:
                    reached[found] = j
                    found += 1
                distance[j] = to
                came_from[j] = row
        best = done
        for k in range(done + 1, found):
            if distance[reached[k]] < distance[reached[best]]:
                best = k
        if done == found or distance[reached[best]] >= end:
            break
        reached[done], reached[best] = reached[best], reached[done]
        j = reached[done]
        if row_of[j] == NONE:
            end_row, end = NONE, distance[j]
            break
        # A settled column is out of reach, or rounding could lead the chain in a circle.
        row, here = row_of[j], distance[j]
        settled[done], distance[j] = here, -np.inf
        done += 1
    u[first] += end
    for k in range(done):
        j = reached[k]
        u[row_of[j]] += end - settled[k]
        v[j] += settled[k] - end
    _shift(first, end_row, reached[done] if end_row == NONE else NONE, row_of, column_of,
           came_from)
    for k in range(found):
        distance[reached[k]] = np.inf


@inlined
def _shift(first: int, end_row: int, end_column: int, row_of: I32, column_of: I32,
           came_from: I32) -> None:
    """Move every row of the chain one place on."""
    j = end_column
    if end_row != NONE:
        if end_row == first:
            column_of[first] = NONE
            return
        j = column_of[end_row]
        column_of[end_row] = NONE
    while True:
        row = came_from[j]
        before = column_of[row]
        row_of[j], column_of[row] = row, j
        if row == first:
            return
        j = before


@kernel
def assign_sparse(rows: int, columns: int, start: I32, column: I32, score: F64) -> I32:
    """`assign` with its own scratch: the column of each row, -1 for alone, (rows,)."""
    column_of = np.full(rows, NONE, np.int32)
    assign(rows, start, column, score, np.full(columns, NONE, np.int32), column_of,
           np.zeros(rows), np.zeros(columns), np.full(columns, np.inf), np.zeros(columns),
           np.zeros(columns, np.int32), np.zeros(columns, np.int32))
    return column_of

"""Sparse assignment against SciPy's dense one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from jointsky.kernels.assignment import assign_sparse

NEVER = -1e9


def sparse_of(score: np.ndarray, has: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    start = np.concatenate([[0], np.cumsum(has.sum(1))]).astype(np.int32)
    return start, np.nonzero(has)[1].astype(np.int32), score[has]


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 2 ** 32 - 1), rows=st.integers(0, 12), columns=st.integers(1, 12),
       share=st.floats(0.05, 1), whole=st.booleans())
def test_the_total_is_the_best_there_is(seed: int, rows: int, columns: int, share: float,
                                        whole: bool) -> None:
    rng = np.random.default_rng(seed)
    score = rng.normal(1, 3, (rows, columns))
    if whole:  # many ties
        score = np.rint(score)
    has = rng.random((rows, columns)) < share
    found = assign_sparse(rows, columns, *sparse_of(score, has))
    taken = found[found >= 0]
    assert len(set(taken.tolist())) == len(taken)
    assert all(has[i, j] for i, j in enumerate(found) if j >= 0)
    total = sum(score[i, j] for i, j in enumerate(found) if j >= 0)
    alone = np.where(np.eye(rows, dtype=bool), 0.0, NEVER)
    dense = np.hstack([np.where(has, score, NEVER), alone])
    i, j = linear_sum_assignment(dense, maximize=True)
    assert total == pytest.approx(dense[i, j].sum(), abs=1e-9)


def test_a_large_crowd_is_solved_too() -> None:
    """300 plots and 300 tracks, everyone in everyone's gate."""
    rng = np.random.default_rng(5)
    score = rng.uniform(0, 10, (300, 300))
    found = assign_sparse(300, 300, *sparse_of(score, np.ones((300, 300), bool)))
    i, j = linear_sum_assignment(score, maximize=True)
    assert score[np.arange(300), found].sum() == pytest.approx(score[i, j].sum())

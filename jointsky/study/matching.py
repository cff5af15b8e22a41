"""Which track is which truth at each step: the assignment that GOSPA is defined by."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from jointsky.model.batch import F64, I64, Bool


def near_pairs(truth_step: I64, truth_xyz: F64, track_step: I64, track_xyz: F64,
               cutoff_m: float) -> tuple[I64, I64, F64]:
    """Pairs of one step closer than the cut-off: track rows, truth rows, distances m, all (k,).

    One tree serves all steps: time is a fourth axis on which two steps lie beyond the cut-off.
    """
    none = np.zeros(0, np.int64)
    if not len(truth_step) or not len(track_step):
        return none, none, np.zeros(0)
    apart = 4 * cutoff_m
    truths = cKDTree(np.column_stack((truth_xyz, truth_step * apart)))
    tracks = cKDTree(np.column_stack((track_xyz, track_step * apart)))
    pairs = tracks.sparse_distance_matrix(truths, cutoff_m, output_type="ndarray")
    pairs = pairs[np.lexsort((pairs["j"], pairs["i"]))]
    inside = pairs["v"] < cutoff_m
    return (pairs["i"][inside].astype(np.int64), pairs["j"][inside].astype(np.int64),
            pairs["v"][inside])


def match(tracks: int, truths: int, pairs: tuple[I64, I64, F64], optional: Bool,
          cutoff_m: float) -> tuple[I64, F64]:
    """The cheapest assignment under GOSPA with p = 2, alpha = 2.

    tracks, truths: how many rows there are; pairs: of `near_pairs`; optional (truths,): truth that
    no sensor can see: a track on it costs nothing, and neither does its absence.
    Returns the truth row of each track, -1 for none, and its distance m, NaN for none: (tracks,).

    To match a pair saves a miss and a false track, c2/2 each, and costs its distance squared; on
    optional truth it saves the false track alone. Far pairs touch nobody, so each cluster of
    pairs is solved by itself.
    """
    track, truth, distance = pairs
    mate, apart = np.full(tracks, -1, np.int64), np.full(tracks, np.nan)
    if not len(track):
        return mate, apart
    cut2 = cutoff_m * cutoff_m
    # Among optional ones the nearer wins; a thousandth keeps that from mattering elsewhere.
    saving = np.where(optional[truth], cut2 / 2 - distance * distance / 1000,
                      cut2 - distance * distance)
    graph = coo_matrix((np.ones(len(track)), (track, truth + tracks)),
                       shape=(tracks + truths, tracks + truths))
    cluster = connected_components(graph, directed=False)[1][track]
    order = np.argsort(cluster, kind="stable")
    starts = np.flatnonzero(np.diff(cluster[order], prepend=-1))
    sizes = np.diff(starts, append=len(order))
    alone = order[starts[sizes == 1]]
    mate[track[alone]], apart[track[alone]] = truth[alone], distance[alone]
    for first, size in zip(starts[sizes > 1], sizes[sizes > 1], strict=True):
        rows = order[first:first + size]
        picked = rows[_solve(track[rows], truth[rows], saving[rows])]
        mate[track[picked]], apart[track[picked]] = truth[picked], distance[picked]
    return mate, apart


def _solve(track: I64, truth: I64, saving: F64) -> I64:
    """Which of the pairs of one cluster are matched: their places."""
    left, row = np.unique(track, return_inverse=True)
    right, col = np.unique(truth, return_inverse=True)
    saved = csr_matrix((saving, (row, col)), shape=(len(left), len(right))).toarray()
    place = np.full(saved.shape, -1)
    place[row, col] = np.arange(len(track))
    chosen = place[linear_sum_assignment(saved, maximize=True)]
    return np.asarray(chosen[chosen >= 0], np.int64)

"""Joint association by brute force: every hypothesis written out (Blom, Bloem 2000: JPDA*)."""

from __future__ import annotations

import itertools
import math

import numpy as np


def betas(score):
    """(tracks, plots) log likelihood ratios, -inf for no such pair -> (tracks, 1 + plots)
    probabilities, none first."""
    tracks, plots = score.shape
    kinds = {}
    for choice in itertools.product(range(-1, plots), repeat=tracks):
        used = [k for k in choice if k >= 0]
        if len(set(used)) < len(used):
            continue
        log = sum(score[i, k] for i, k in enumerate(choice) if k >= 0)
        kind = frozenset(i for i, k in enumerate(choice) if k >= 0), frozenset(used)
        if log > kinds.get(kind, (-math.inf, None))[0]:
            kinds[kind] = log, choice
    top = max(log for log, _ in kinds.values())
    total = math.fsum(math.exp(log - top) for log, _ in kinds.values())
    found = np.zeros((tracks, plots + 1))
    for log, choice in kinds.values():
        for i, k in enumerate(choice):
            found[i, k + 1] += math.exp(log - top) / total
    return found


def clusters(score):
    """Of scores (plots, tracks), at or below 0 where not gated: (plots, tracks) of each component
    of the graph of pairs, both in order."""
    plots, tracks = score.shape
    open_, found = set(range(plots)), []
    while open_:
        rows, columns, before = {min(open_)}, set(), -1
        while before != len(rows) + len(columns):
            before = len(rows) + len(columns)
            columns |= {i for k in rows for i in range(tracks) if score[k, i] > 0}
            rows |= {k for i in columns for k in range(plots) if score[k, i] > 0}
        open_ -= rows
        found.append((sorted(rows), sorted(columns)))
    return found

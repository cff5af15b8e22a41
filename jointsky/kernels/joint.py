"""Joint association in a small cluster: which of a few plots is of which of a few tracks, and how
surely; and the state of a track that may have made any of several plots.

Every joint hypothesis gives each track one plot or none, and no plot to two tracks. Its weight is
the product of exp(score), each score the log likelihood ratio of a pair against "the plot is
false and the track not seen". Of the hypotheses in which the same tracks are seen and the same
plots used, only the best is kept: permutations of two aircraft side by side would draw their
tracks into one (JPDA*: H. A. P. Blom, E. A. Bloem, "Probabilistic data association avoiding track
coalescence", IEEE Transactions on Automatic Control 45, 2000). What is left is scaled to one.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from jointsky.kernels.filter import LANES, MU, P0, X0
from jointsky.kernels.jit import inlined, kernel

F64 = npt.NDArray[np.float64]
I32 = npt.NDArray[np.int32]

TRACKS_MAX, PLOTS_MAX = 5, 5
WIDTH = PLOTS_MAX + 1  # of a row of weights and betas: none, then each plot
BITS = 3  # hold a choice of none or one of PLOTS_MAX
# Probability, state and covariance of all models stand first in a block of the filter.
HELD = 15 * LANES
KEPT = 2 * HELD


class Joint(NamedTuple):
    """Scratch. score (TRACKS_MAX * PLOTS_MAX): in, by track and plot, -inf: not that pair; beta
    (TRACKS_MAX * WIDTH): out; weight alike; product, choice: of a hypothesis in the making; best,
    chosen: by which tracks are seen and which plots used; kept (KEPT,): see `hold`.
    """

    score: F64
    beta: F64
    weight: F64
    product: F64
    choice: I32
    best: F64
    chosen: I32
    kept: F64


def make_joint() -> Joint:
    """Scratch for one cluster at a time."""
    keys, cells = 1 << (TRACKS_MAX + PLOTS_MAX), TRACKS_MAX * WIDTH
    return Joint(score=np.zeros(TRACKS_MAX * PLOTS_MAX), beta=np.zeros(cells),
                 weight=np.zeros(cells), product=np.zeros(TRACKS_MAX + 1),
                 choice=np.zeros(TRACKS_MAX, np.int32), best=np.zeros(keys),
                 chosen=np.zeros(keys, np.int32), kept=np.zeros(KEPT))


@inlined
def fill_beta(tracks: int, plots: int, joint: Joint) -> None:
    """From joint.score, joint.beta: the probability of each track to have made no plot, or each."""
    weight, beta, best, chosen = joint.weight, joint.beta, joint.best, joint.chosen
    for i in range(tracks):
        # Every hypothesis has one factor of each track: a common scale is no matter.
        most = 0.0
        for k in range(plots):
            most = max(most, joint.score[i * PLOTS_MAX + k])
        weight[i * WIDTH] = math.exp(-most)
        for k in range(plots):
            weight[i * WIDTH + 1 + k] = math.exp(joint.score[i * PLOTS_MAX + k] - most)
    keys = 1 << (tracks + plots)
    for key in range(keys):
        best[key] = 0.0
    _enumerate(tracks, plots, joint)
    total = 0.0
    for key in range(keys):
        total += best[key]
    for i in range(tracks):
        for k in range(plots + 1):
            beta[i * WIDTH + k] = 0.0
    for key in range(keys):
        if best[key] > 0:
            for i in range(tracks):
                beta[i * WIDTH + (chosen[key] >> BITS * i & 7)] += best[key] / total


@inlined
def _enumerate(tracks: int, plots: int, joint: Joint) -> None:
    """Walk through all joint hypotheses, depth first, and keep the best of each kind."""
    weight, choice, product = joint.weight, joint.choice, joint.product
    i, key, code = 0, 0, 0
    product[0], choice[0] = 1.0, -1
    while i >= 0:
        k = choice[i]
        if k > 0:  # take it back
            key ^= (1 << i) | (1 << (tracks + k - 1))
            code ^= k << BITS * i
        k += 1
        while 0 < k <= plots and (key >> (tracks + k - 1) & 1 or weight[i * WIDTH + k] == 0):
            k += 1
        if k > plots:
            i -= 1
            continue
        choice[i] = k
        if k > 0:
            key |= (1 << i) | (1 << (tracks + k - 1))
            code |= k << BITS * i
        product[i + 1] = product[i] * weight[i * WIDTH + k]
        if i + 1 < tracks:
            i += 1
            choice[i] = -1
        elif product[tracks] > joint.best[key]:
            joint.best[key], joint.chosen[key] = product[tracks], code


@inlined
def hold(b: F64, kept: F64) -> None:
    """Keep the models of a block as they were predicted, and begin to gather."""
    for j in range(HELD):
        kept[j], kept[HELD + j] = b[j], 0.0


@inlined
def predicted(b: F64, kept: F64) -> None:
    """The block as it was when held."""
    for j in range(HELD):
        b[j] = kept[j]


@inlined
def gather(b: F64, kept: F64, beta: float) -> None:
    """Count in the block as it is now, one of several things that may have happened."""
    for j in range(LANES):
        w = beta * b[MU + j]
        d0, d1 = b[X0 + j] - kept[X0 + j], b[X0 + LANES + j] - kept[X0 + LANES + j]
        d2 = b[X0 + 2 * LANES + j] - kept[X0 + 2 * LANES + j]
        d3 = b[X0 + 3 * LANES + j] - kept[X0 + 3 * LANES + j]
        kept[HELD + MU + j] += w
        for k, d in enumerate((d0, d1, d2, d3)):
            kept[HELD + X0 + k * LANES + j] += w * d
        for k, dd in enumerate((d0 * d0, d0 * d1, d0 * d2, d0 * d3, d1 * d1, d1 * d2, d1 * d3,
                                d2 * d2, d2 * d3, d3 * d3)):
            kept[HELD + P0 + k * LANES + j] += w * (b[P0 + k * LANES + j] + dd)


@inlined
def mixed(b: F64, kept: F64) -> None:
    """The block as the mixture, model by model, of all that was gathered; betas add up to 1."""
    for j in range(LANES):
        mu = kept[HELD + MU + j]
        b[MU + j] = mu
        if mu == 0:  # a model that is not there
            continue
        d0, d1 = kept[HELD + X0 + j] / mu, kept[HELD + X0 + LANES + j] / mu
        d2, d3 = kept[HELD + X0 + 2 * LANES + j] / mu, kept[HELD + X0 + 3 * LANES + j] / mu
        for k, d in enumerate((d0, d1, d2, d3)):
            b[X0 + k * LANES + j] = kept[X0 + k * LANES + j] + d
        for k, dd in enumerate((d0 * d0, d0 * d1, d0 * d2, d0 * d3, d1 * d1, d1 * d2, d1 * d3,
                                d2 * d2, d2 * d3, d3 * d3)):
            b[P0 + k * LANES + j] = kept[HELD + P0 + k * LANES + j] / mu - dd


@kernel
def betas(score: F64, joint: Joint) -> F64:
    """`fill_beta` of scores (tracks, plots): (tracks, 1 + plots), none first."""
    tracks, plots = score.shape
    for i in range(tracks):
        for k in range(plots):
            joint.score[i * PLOTS_MAX + k] = score[i, k]
    fill_beta(tracks, plots, joint)
    found = np.empty((tracks, plots + 1))
    for i in range(tracks):
        for k in range(plots + 1):
            found[i, k] = joint.beta[i * WIDTH + k]
    return found

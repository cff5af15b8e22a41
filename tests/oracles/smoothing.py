"""Slow twins of smoothing: the joint Gaussian of all times, solved at once; and matrices by pairs.

Written from the textbook (Rauch, Tung, Striebel 1965; Kim 1994; Barber 2006), not from the kernels.
"""

from __future__ import annotations

import math

import numpy as np

from tests.oracles.tracking import mixture, transition, white_noise


def posterior(x0, p0, steps, measurements):
    """Means and covariances of all states given all measurements, by one linear system.

    x0, p0: the first state before its measurement; steps: (f, q) between times; measurements:
    (z, h, r) or None at each time.
    """
    n, d = len(measurements), len(x0)
    information, right = np.zeros((n * d, n * d)), np.zeros(n * d)
    information[:d, :d] += np.linalg.inv(p0)
    right[:d] += np.linalg.solve(p0, x0)
    for k, (f, q) in enumerate(steps):
        change = np.zeros((d, n * d))
        change[:, k * d:(k + 1) * d], change[:, (k + 1) * d:(k + 2) * d] = -f, np.eye(d)
        information += change.T @ np.linalg.solve(q, change)
    for k, one in enumerate(measurements):
        if one is not None:
            z, h, r = one
            at = slice(k * d, (k + 1) * d)
            information[at, at] += h.T @ np.linalg.solve(r, h)
            right[at] += h.T @ np.linalg.solve(r, z)
    covariance = np.linalg.inv(information)
    mean = covariance @ right
    return ([mean[k * d:(k + 1) * d] for k in range(n)],
            [covariance[k * d:(k + 1) * d, k * d:(k + 1) * d] for k in range(n)])


def smooth_back(times, xs, ps, mus, chances, rates, noises):
    """Smoothed (xs, ps, mus) of a filtered run: lists by time, then by model."""
    n, m = len(times), len(rates)
    out = [(xs[-1], ps[-1], mus[-1])]
    for k in range(n - 2, -1, -1):
        later_x, later_p, later_mu = out[0]
        dt, pairs = times[k + 1] - times[k], {}
        logs = np.full((m, m), -np.inf)
        for j in range(m):
            f, q = transition(rates[j], dt), white_noise(noises[j], dt)
            for i in range(m):
                c = f @ ps[k][i] @ f.T + q
                gain = ps[k][i] @ f.T @ np.linalg.inv(c)
                off = later_x[j] - f @ xs[k][i]
                pairs[i, j] = (xs[k][i] + gain @ off,
                               ps[k][i] + gain @ (later_p[j] - c) @ gain.T)
                logs[i, j] = (math.log(mus[k][i] * chances[k][i, j])
                              - 0.5 * (off @ np.linalg.solve(c, off)
                                       + np.linalg.slogdet(2 * math.pi * c)[1]))
        weight = np.exp(logs - logs.max(0))
        weight *= later_mu / weight.sum(0)
        mu = weight.sum(1)
        joined = [mixture([pairs[i, j][0] for j in range(m)], [pairs[i, j][1] for j in range(m)],
                          weight[i] / mu[i]) for i in range(m)]
        out.insert(0, ([x for x, _ in joined], [p for _, p in joined], mu / mu.sum()))
    return [x for x, _, _ in out], [p for _, p, _ in out], [mu for _, _, mu in out]

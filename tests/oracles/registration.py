"""Slow twin of registration: all windows and all biases in one least-squares problem.

Nothing is eliminated and nothing is linearised beforehand: positions come from PROJ, derivatives
from differences, and every window keeps its own position, velocity, acceleration and height as
unknowns beside the biases.
"""

from __future__ import annotations

import math

import numpy as np
from pyproj import Transformer

from tests.oracles.tracking import TO_ECEF, axes_at, elevation_sine

LOCAL = Transformer.from_crs(4978, 4979, always_xy=True)
STEPS = np.array([1.0, 1e-5, 1e-2])


def dense(residual, nuisance, bias, sensor, prior, sensors):
    """Information and right side about biases of one window: from the whole design matrix."""
    rows = len(residual)
    design = np.zeros((rows + 7, 7 + 3 * sensors))
    design[:rows, :7] = nuisance
    for row in range(rows):
        design[row, 7 + 3 * sensor[row]:10 + 3 * sensor[row]] = bias[row]
    design[rows:, :7] = np.diag(np.sqrt(prior))
    right = np.concatenate([residual, np.zeros(7)])
    # Project what the nuisances can explain out of everything.
    basis, _ = np.linalg.qr(design[:, :7])
    rest = np.eye(rows + 7) - basis @ basis.T
    a, b = rest @ design[:, 7:], rest @ right
    return a.T @ a, a.T @ b, float(b @ b)


def place(sensor, range_m, azimuth, height):
    """ECEF of a radar plot."""
    sine = elevation_sine(range_m, height, sensor.height_m, sensor.latitude_rad, azimuth)
    here = np.array(TO_ECEF.transform(math.degrees(sensor.longitude_rad),
                                      math.degrees(sensor.latitude_rad), sensor.height_m))
    flat = range_m * math.sqrt(1 - sine * sine)
    return here + axes_at(sensor.latitude_rad, sensor.longitude_rad).T @ np.array(
        [flat * math.sin(azimuth), flat * math.cos(azimuth), range_m * sine])


def position(plot, sensor, bias, axes, origin, height, velocity):
    """East, north of a radar plot freed of a bias, on a plane, at the time of its stamp."""
    point = place(sensor, plot["range"] - bias[0], plot["azimuth"] - bias[1], height)
    return (axes @ (point - origin))[:2] + velocity * bias[2]


def registered(windows, sensors, sigma, prior):
    """Biases (s, 3) of radars and their covariance, by Gauss-Newton over everything.

    windows: lists of plots {sensor, t, range, azimuth, height}, each list one aircraft in steady
    flight; sigma (s, 3): what is expected of biases; prior (7,): of the nuisances, 1 / sigma2.
    """
    count = 3 * len(sensors)
    bias, paths = np.zeros(count), [np.zeros(7) for _ in windows]
    for _ in range(6):
        size = count + 7 * len(windows)
        normal, right = np.zeros((size, size)), np.zeros(size)
        normal[:count, :count] = np.diag(1 / sigma.ravel() ** 2)
        right[:count] = -bias / sigma.ravel() ** 2
        for w, (plots, path) in enumerate(zip(windows, paths, strict=True)):
            at = count + 7 * w
            normal[at:at + 7, at:at + 7] += np.diag(prior)
            right[at:at + 7] -= prior * path
            first = plots[0]
            origin = place(sensors[first["sensor"]], first["range"], first["azimuth"],
                           first["height"])
            longitude, latitude, _ = LOCAL.transform(*origin)
            axes = axes_at(math.radians(latitude), math.radians(longitude))
            for plot in plots:
                s, t = plot["sensor"], plot["t"]
                sensor, own = sensors[s], bias[3 * s:3 * s + 3]

                def off(b, u, plot=plot, sensor=sensor, axes=axes, origin=origin, t=t):
                    velocity = u[2:4] + u[4:6] * t
                    here = position(plot, sensor, b, axes, origin, plot["height"] + u[6], velocity)
                    return here - (u[:2] + u[2:4] * t + u[4:6] * t * t / 2)

                base = off(own, path)
                slope = np.zeros((2, size))
                for c in range(3):
                    step = np.zeros(3)
                    step[c] = STEPS[c]
                    slope[:, 3 * s + c] = (off(own + step, path) - base) / STEPS[c]
                for c in range(7):
                    step = np.zeros(7)
                    step[c] = 1e-2
                    slope[:, at + c] = (off(own, path + step) - base) / 1e-2
                ray = axes @ (place(sensor, plot["range"], plot["azimuth"], plot["height"])
                              - np.array(TO_ECEF.transform(math.degrees(sensor.longitude_rad),
                                                           math.degrees(sensor.latitude_rad),
                                                           sensor.height_m)))
                flat = np.hypot(*ray[:2])
                along = ray[:2] / flat
                turned = np.array([along, [along[1], -along[0]]])
                sigmas = np.array([sensor.sigma_range_m * plot["range"] / flat,
                                   flat * sensor.sigma_azimuth_rad])
                a, b = turned @ slope / sigmas[:, None], turned @ base / sigmas
                normal += a.T @ a
                right -= a.T @ b
        step = np.linalg.solve(normal, right)
        bias += step[:count]
        paths = [path + step[count + 7 * w:count + 7 * w + 7] for w, path in enumerate(paths)]
    return bias.reshape(-1, 3), np.linalg.inv(normal)[:count, :count]

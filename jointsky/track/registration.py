"""Registration: the systematic errors of sensors, learned from aircraft that several of them see.

    registration = begin(registration, sensors, tuning)     # again when there is one sensor more
    take(registration, table, settled)                      # plots, in order
    learn(registration, table, now_ns, tuning)              # at moments that the plots' time sets

For each sensor three biases (measured minus true) and how each drifts: of radars range, azimuth
and time; of ADS-B, which is the reference of positions, time alone; of other sources of positions
east, north and time. They are estimated together, for a window of flight tells how sensors differ
(`windows`). Old information fades with `Tuning.registration_memory_s`; a prior (`sigma_bias_...`)
holds what no aircraft tells, above all what is common to all sensors.

What was learned is used for plots after the moment at which it was learned, and a few such
moments are kept: a tracker that goes back for a late plot finds again what it knew then.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from jointsky.kernels.registration import BIASES, estimate
from jointsky.model.batch import F64, I64, U8
from jointsky.model.clock import NS_PER_S
from jointsky.model.sensor import Sensor, SensorKind
from jointsky.track.arrays import NEVER, PLOT, Plots, Sensors
from jointsky.track.tuning import Tuning
from jointsky.track.windows import (
    GIVEN,
    KEPT,
    OUTSIDE,
    PLACE,
    PLOTS_MAX,
    REFERENCE,
    ROTATING,
    SLOTS,
    WINDOW,
    WINDOW_NS,
    close_old,
    collect,
)

SENSORS_MAX = 64
RANGE, AZIMUTH, TIME = range(BIASES)
EAST, NORTH = RANGE, AZIMUTH
# Columns of the sensor table, in the order of `Registration.learned`.
USED = ("range_bias_m", "azimuth_bias_rad", "time_bias_s", "sigma_bias_range_m",
        "sigma_bias_azimuth_rad")
# A bias beyond so many sigmas of what was expected is believed as it is.
HEAVY, ROUNDS = 2.0, 6
# Before a sensor was seen in some windows its bias may be as large as this: range or east and
# north m, azimuth rad, time s.
WIDE = np.array([2000.0, math.radians(2.0), 2.0])
WINDOWS_MIN = 8
# A bias is expected to change by this part of its sigma in an hour.
DRIFT_PART = 0.3
HOUR_S = 3600.0
# Plots are taken so much later than late ones may come: `track.history` puts off going back, and
# keeps older moments at whole multiples of some seconds only.
LAG_S = 16.0
# ADS-B: positions are the reference, and receivers are timed by the same satellites.
REFERENCE_SIGMA = np.array([1e-3, 1e-3, 0.05])
PLACE_SIGMA_M = 100.0
GIVEN_SIGMA = 1e-6
ROLES = {SensorKind.PSR: ROTATING, SensorKind.SSR: ROTATING, SensorKind.PSR_SSR: ROTATING,
         SensorKind.ADSB: REFERENCE, SensorKind.MLAT: PLACE, SensorKind.TRACKER: OUTSIDE}


@dataclass
class Registration:
    """What is known of s sensors; arrays, changed in place.

    roles (s,): see `windows`; given (s, 3): biases told by the configuration; sigma (s, 3): what
    is expected of the unknown ones. mean (2, s, 3): biases, and how they change per hour;
    covariance (6 s, 6 s) of them; information (2, 3 s, 2, 3 s), towards (2, 3 s): what was
    measured, fresh, fresh_towards: of biases, since they were last estimated. windows, kept:
    windows being filled, by plots until taken_ns; waiting: plots to be taken; tally (s, 3): plots
    used, windows used, windows refused; fit (1,): see `windows`. learned_ns (k,), learned
    (k, s, 5): what was known at the last k moments: biases, sigma of range and azimuth. time_ns:
    when they were last estimated.
    """

    roles: U8
    given: F64
    sigma: F64
    mean: F64
    covariance: F64
    information: F64
    towards: F64
    fresh: F64
    fresh_towards: F64
    windows: npt.NDArray[np.void]
    kept: npt.NDArray[np.void]
    tally: I64
    fit: F64
    learned_ns: I64
    learned: F64
    time_ns: int
    taken_ns: int
    waiting: Plots

    @property
    def active(self) -> bool:
        """Whether there is something to be learned: two sensors, one with unknown bias."""
        roles = self.roles.tobytes()  # asked at every step, and NumPy takes long to begin
        return len(roles) - roles.count(OUTSIDE) > 1 and (ROTATING in roles or PLACE in roles)


def empty(tuning: Tuning) -> Registration:
    """Registration of no sensor."""
    every_s = tuning.registration_s
    moments = 3 + math.ceil((tuning.late_s_max + LAG_S) / every_s) if every_s > 0 else 0
    return Registration(
        roles=np.empty(0, np.uint8), given=np.empty((0, 3)), sigma=np.empty((0, 3)),
        mean=np.empty((2, 0, 3)), covariance=np.empty((0, 0)), information=np.empty((2, 0, 2, 0)),
        towards=np.empty((2, 0)), fresh=np.empty((0, 0)), fresh_towards=np.empty(0),
        windows=np.zeros(0, WINDOW), kept=np.zeros((0, PLOTS_MAX), KEPT),
        tally=np.empty((0, 3), np.int64), fit=np.ones(1),
        learned_ns=np.full(moments, NEVER, np.int64), learned=np.empty((moments, 0, 5)),
        time_ns=NEVER, taken_ns=NEVER, waiting=np.empty(0, PLOT))


def begin(old: Registration, sensors: tuple[Sensor, ...], tuning: Tuning) -> Registration:
    """The same with sensors appended, or better known; those beyond SENSORS_MAX take no part."""
    s, before = min(len(sensors), SENSORS_MAX), len(old.roles)
    roles, given, sigma = np.empty(s, np.uint8), np.zeros((s, 3)), np.empty((s, 3))
    for row, sensor in enumerate(sensors[:s]):
        roles[row] = ROLES[sensor.kind] if tuning.registration_s > 0 else OUTSIDE
        given[row] = sensor.range_bias_m, sensor.azimuth_bias_rad, sensor.time_bias_s
        sigma[row] = (tuning.sigma_bias_range_m, tuning.sigma_bias_azimuth_rad,
                      tuning.sigma_bias_time_s)
        if roles[row] == ROTATING and sensor.has_bias:
            roles[row], sigma[row] = GIVEN, GIVEN_SIGMA
        elif roles[row] == REFERENCE:
            sigma[row] = REFERENCE_SIGMA
        elif roles[row] == PLACE:
            sigma[row, :TIME] = PLACE_SIGMA_M
    mean, learned = np.zeros((2, s, 3)), np.zeros((len(old.learned), s, 5))
    information, towards = np.zeros((2, 3 * s, 2, 3 * s)), np.zeros((2, 3 * s))
    fresh, fresh_towards = np.zeros((3 * s, 3 * s)), np.zeros(3 * s)
    tally, b = np.zeros((s, 3), np.int64), 3 * before
    mean[0], learned[:, :, :3] = given, given
    mean[:, :before], learned[:, :before] = old.mean, old.learned
    information[:, :b, :, :b], towards[:, :b] = old.information, old.towards
    fresh[:b, :b], fresh_towards[:b] = old.fresh, old.fresh_towards
    tally[:before] = old.tally
    new = replace(old, roles=roles, given=given, sigma=sigma, mean=mean, learned=learned,
                  information=information, towards=towards, fresh=fresh,
                  fresh_towards=fresh_towards, tally=tally,
                  covariance=np.diag(_prior_of(sigma)**2))
    if new.active and not len(old.windows):
        new.windows, new.kept = np.zeros(SLOTS, WINDOW), np.zeros((SLOTS, PLOTS_MAX), KEPT)
    return new


def copied(registration: Registration) -> Registration:
    """An independent copy."""
    arrays: dict[str, Any] = {name: value.copy() for name, value in vars(registration).items()
                                if isinstance(value, np.ndarray)}
    return replace(registration, **arrays)


def wait(registration: Registration, settled: Plots) -> None:
    """Let plots that were used for good wait for `take`: in order of time, each once."""
    if registration.active and len(settled):
        fresh = settled[settled["time_ns"] > registration.taken_ns]
        registration.waiting = np.concatenate([registration.waiting, fresh])


def take(registration: Registration, table: Sensors, unsettled: list[Plots], now_ns: int,
         tuning: Tuning) -> None:
    """Take the plots that no late one can change any more, as far as the time now_ns decides.

    unsettled: what follows on those that wait. table: the sensors.
    """
    known = registration
    until_ns = now_ns - round((tuning.late_s_max + LAG_S) * NS_PER_S
                              if tuning.late_s_max > 0 else 0)
    plots = np.concatenate([known.waiting, *unsettled])
    due = (plots["time_ns"] > known.taken_ns) & (plots["time_ns"] <= until_ns)
    collect(plots[due], known.windows, known.kept, *_shared(known, table))
    known.waiting = known.waiting[known.waiting["time_ns"] > until_ns]
    known.taken_ns = max(known.taken_ns, until_ns)


def learn(registration: Registration, table: Sensors, now_ns: int, tuning: Tuning) -> None:
    """Estimate anew from what was taken, and note it as known at now_ns."""
    known = registration
    close_old(known.windows, known.kept, known.taken_ns - WINDOW_NS, *_shared(known, table))
    _age(known, now_ns, tuning)
    known.time_ns = now_ns
    _solve(known)
    _note(known, now_ns)


def finish(registration: Registration, table: Sensors, unsettled: list[Plots]) -> None:
    """Estimate from all there is, at the end of a recording: no window will go on, no plot come.

    unsettled: what follows on the plots that wait.
    """
    known = registration
    if known.active:
        left = np.concatenate([known.waiting, *unsettled])
        collect(left[left["time_ns"] > known.taken_ns], known.windows, known.kept,
                *_shared(known, table))
        close_old(known.windows, known.kept, 1 << 62, *_shared(known, table))
        known.waiting = known.waiting[:0]
        _solve(known)


def _shared(known: Registration, table: Sensors) -> tuple[Any, ...]:
    """What the kernels of windows work on."""
    return (table, known.roles, known.mean[0], _gate_of(known), known.fresh, known.fresh_towards,
            known.tally, known.fit)


def sigmas_of(registration: Registration) -> F64:
    """(2, s, 3): one sigma of `Registration.mean`."""
    sigmas: F64 = np.sqrt(np.diag(registration.covariance)).reshape(registration.mean.shape)
    return sigmas


def known_at(registration: Registration, time_ns: int) -> F64:
    """(s, 5): biases and sigmas of range and azimuth to use for plots just after a time."""
    until = np.flatnonzero((registration.learned_ns <= time_ns)
                           & (registration.learned_ns != NEVER))
    if len(until):
        latest: F64 = registration.learned[until[np.argmax(registration.learned_ns[until])]]
        return latest
    return np.concatenate([registration.given, np.zeros((len(registration.given), 2))], 1)


def use(registration: Registration, table: Sensors, time_ns: int) -> None:
    """Put biases into the sensor table that plots just after a time are to be freed of.

    An offset of a source of positions is told, not taken off: ADS-B may be as wrong as the other.
    """
    known, count = known_at(registration, time_ns), len(registration.roles)
    turning = np.flatnonzero(registration.roles == ROTATING)
    for place, name in enumerate(USED):
        table[name][turning] = known[turning, place]
    table["time_bias_s"][:count] = known[:, TIME]


def moments_between(registration: Registration, after_ns: int, until_ns: int) -> list[int]:
    """Times in [after, until) at which something was learned, in order."""
    when = registration.learned_ns
    return sorted(int(one) for one in when[(when > after_ns) & (when < until_ns)])


def stops_of(registration: Registration, tuning: Tuning, after_ns: int, plots: Plots,
             until_ns: int) -> list[int]:
    """Times in (after, until] at which registration is to learn: whole multiples of its period.

    plots: what will be tracked, in order; the first decides where nothing was tracked before."""
    if not registration.active or (after_ns == NEVER and not len(plots)):
        return []
    every_ns = round(tuning.registration_s * NS_PER_S)
    first_ns = int(plots["time_ns"][0]) - 1 if after_ns == NEVER else after_ns
    # After a long silence there is nothing to learn from.
    first_ns = max(first_ns, until_ns - round(HOUR_S * NS_PER_S))
    return list(range((first_ns // every_ns + 1) * every_ns, until_ns + 1, every_ns))


def _gate_of(known: Registration) -> F64:
    """Variances of biases in the test for odd plots: wide until a sensor was seen a few times."""
    count = 3 * len(known.roles)
    variances: F64 = np.diag(known.covariance)[:count].reshape(-1, 3).copy()
    new = (known.tally[:, 1] < WINDOWS_MIN) & (known.roles == ROTATING)
    variances[new] = np.maximum(variances[new], WIDE**2)
    return variances


def _prior_of(sigma: F64) -> F64:
    """Sigmas of all numbers, biases first, then their changes per hour."""
    return np.concatenate([sigma.ravel(), DRIFT_PART * sigma.ravel()])


def _age(known: Registration, now_ns: int, tuning: Tuning) -> None:
    """Carry the information to a later time: biases move on, what was measured fades."""
    if known.time_ns == NEVER or now_ns <= known.time_ns:
        return
    elapsed_s = (now_ns - known.time_ns) / NS_PER_S
    hours = elapsed_s / HOUR_S
    info, towards = known.information, known.towards
    # The bias then was the bias now less its change since.
    info[1, :, 1] += hours * hours * info[0, :, 0] - hours * (info[0, :, 1] + info[1, :, 0])
    info[0, :, 1] -= hours * info[0, :, 0]
    info[1, :, 0] -= hours * info[0, :, 0]
    towards[1] -= hours * towards[0]
    fading = math.exp(-elapsed_s / tuning.registration_memory_s)
    info *= fading
    towards *= fading


def _solve(known: Registration) -> None:
    known.information[0, :, 0] += known.fresh
    known.towards[0] += known.fresh_towards
    known.fresh[:], known.fresh_towards[:] = 0.0, 0.0
    count = known.towards.size
    mean, covariance = np.empty(count), np.empty((count, count))
    # What was given stays as it is: nothing was measured of it, and the prior is about it.
    if estimate(known.information.reshape(count, count), known.towards.ravel(),
                _prior_of(known.sigma), HEAVY, ROUNDS, mean, covariance):
        known.mean[:] = mean.reshape(known.mean.shape)
        known.mean[0, known.roles == GIVEN] = known.given[known.roles == GIVEN]
        known.covariance[:] = covariance


def _note(known: Registration, now_ns: int) -> None:
    """Keep what is known now for plots that come after."""
    oldest = int(np.argmin(known.learned_ns))
    known.learned_ns[oldest] = now_ns
    known.learned[oldest, :, :3] = known.mean[0]
    sigmas = sigmas_of(known)[0]
    known.learned[oldest, :, 3:] = np.where((known.roles == ROTATING)[:, None], sigmas[:, :2], 0.0)

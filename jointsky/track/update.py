"""Update: what a plot tells its track: motion, height, codes, and that the aircraft exists."""

from __future__ import annotations

import math

from jointsky.kernels.filter import (
    combine,
    load,
    mix,
    predict,
    predict_height,
    rate_slope,
    store,
    update_height,
    update_position,
    update_velocity,
    weigh,
)
from jointsky.kernels.jit import inlined
from jointsky.kernels.slant import predict_slant, start_slant, update_slant
from jointsky.model.batch import F64, I64
from jointsky.track.arrays import (
    CONFIRMED,
    LOOK,
    NEVER,
    POLAR,
    SEEN,
    TENTATIVE,
    Plot,
    SensorRow,
    Settings,
    Track,
    Tracks,
)
from jointsky.track.associate import evidence_of
from jointsky.track.coverage import hit
from jointsky.track.gate import renew
from jointsky.track.ghosts import may_confirm
from jointsky.track.learned import Learned, learn_switching, pace_of, rate_for
from jointsky.track.measure import WANDER, follow, measure, seen_at
from jointsky.track.numbers import next_number
from jointsky.track.sources import with_source

WEIGHT_MAX = 3
HEIGHT_GATE = 25.0
HEIGHT_ODD_MAX = 2
HEARD_ONCE, HEARD_ONCE_NS = -1, 30_000_000_000
CLIMB_VARIANCE = 400.0
# Another radar that saw the aircraft longer ago tells nothing of its height any more.
GUESS_ALONE_NS = 25_000_000_000
# A turn is noise that keeps its direction for so long.
GUESS_TURN_S = 5.0
# One look weighs so much in the share of looks in which a track is seen.
SHARE_STEP = 0.1
# A track seen only now and then (low flight, terrain) is not missed as one that is always seen.
SHARE_MIN = 0.3
# A track of fewer plots is not known well enough to tell how restless aircraft are.
SURE_HITS = 6


@inlined
def update(tracks: Tracks, i: int, plot: Plot, sensor: SensorRow, looks: I64, learned: Learned,
           settings: Settings, counters: I64, block: F64, said: float) -> None:
    """Track i takes a plot. block: scratch of `jointsky.kernels.filter`; said: the log likelihood
    of the plot's position if the track has been moved by it already, else not a number."""
    t, s = tracks[i], plot.sensor
    own = settings[t.area]
    ratio = evidence_of(t, plot, own) + math.log(sensor.p_detection)
    if math.isnan(said):
        said, slope = move(t, plot, sensor, own, block)
        if t.state == CONFIRMED and t.hits >= SURE_HITS:
            learn_switching(learned, pace_of(t), slope)
    t.switch_rate = rate_for(t, learned.switching, own)
    ratio += said - plot.density_log
    # However odd the plot, it says no more against the aircraft than no plot would.
    ratio = max(ratio, math.log(1 - sensor.p_detection))
    t.odds = min(t.odds + ratio, own.odds_max)
    hear_height(t, plot, own)
    if plot.form == POLAR and math.isnan(plot.height_m) and t.height_ns == NEVER:
        guess_height(t, plot, sensor, own)
    hear_codes(t, plot)
    time_ns = plot.time_ns
    if t.state == CONFIRMED and plot.form == POLAR:
        hit(t, plot, looks[i, s, SEEN], sensor, learned)
    looks[i, s, SEEN] = max(looks[i, s, SEEN], time_ns)
    looks[i, s, LOOK] = max(looks[i, s, LOOK], time_ns)
    t.updated_ns = max(t.updated_ns, time_ns)
    t.sources = with_source(t.sources, s)
    t.hits += 1
    if plot.form == POLAR:
        t.share *= (1 - SHARE_STEP) ** t.missed
        t.share += SHARE_STEP * (1 / sensor.p_detection - t.share)
        t.share, t.missed = min(max(t.share, SHARE_MIN), 1.0), 0
    t.flags = plot.flags
    follow(t)
    renew(t, t.time_ns, settings)
    plot.serial, plot.straight = t.serial, t.mu[0]
    if (t.state == TENTATIVE and t.odds >= own.confirm
            and t.hits >= own.hits_confirm and may_confirm(t)):
        t.state = CONFIRMED
        t.number = next_number(tracks, counters)
    plot.number = t.number


@inlined
def move(t: Track, plot: Plot, sensor: SensorRow, settings: Settings,
          block: F64) -> tuple[float, float]:
    """The IMM takes the plot's position and velocity; returns the log likelihood of position, and
    the slope of that of both in the log of the rate of switching."""
    dt_s = max((plot.time_ns - t.time_ns) * 1e-9, 0.0)
    go_to(t, plot.time_ns, settings, block)
    said = take_position(t, plot, sensor, settings, block)
    slope = rate_slope(block, t.mu, dt_s, t.switch_rate)
    settle(t, block)
    return said, slope


@inlined
def go_to(t: Track, time_ns: int, settings: Settings, block: F64) -> None:
    """Load the models of track t into the block, and predict them as far as time_ns."""
    load(block, t.x, t.p, t.mu, settings.turn_rad_s, settings.noise, settings.share)
    dt_s = (time_ns - t.time_ns) * 1e-9
    if dt_s > 0:
        mix(block, t.mean, t.spread, dt_s, t.switch_rate)
        predict(block, dt_s, settings.turn_max_rad_s)
        t.time_ns = time_ns


@inlined
def take_position(t: Track, plot: Plot, sensor: SensorRow, settings: Settings,
                  block: F64) -> float:
    """The models in the block take the plot's position and velocity; returns the log likelihood of
    position."""
    z0, z1, r00, r01, r11 = measure(t, plot, sensor, settings)
    # Plots of one bucket may come a little out of order: there it is of position less velocity.
    update_position(block, z0, z1, r00, r01, r11, min((plot.time_ns - t.time_ns) * 1e-9, 0.0))
    said = weigh(block)
    if not math.isnan(plot.velocity[0]):
        update_velocity(block, plot.velocity[0], plot.velocity[1], plot.velocity_variance)
        weigh(block)
    return said


@inlined
def settle(t: Track, block: F64) -> None:
    """The models of track t as they are in the block, and their mixture."""
    combine(block, t.mean, t.spread)
    store(block, t.x, t.p, t.mu)


@inlined
def hear_height(t: Track, plot: Plot, settings: Settings) -> None:
    """Mode C into the height filter; one that jumps is believed only when it is said again, and
    one heard only once (a false answer that fell on a silent aircraft) is forgotten."""
    measured, time_ns = plot.height_m, plot.time_ns
    if t.height_odd == HEARD_ONCE and time_ns - t.height_ns > HEARD_ONCE_NS:
        t.height_ns = NEVER
    if math.isnan(measured):
        return
    height, p = t.height, t.height_p
    if t.height_ns != NEVER:
        dt_s = max((time_ns - t.height_ns) * 1e-9, 0.0)
        predict_height(height, p, settings.height_noise, dt_s)
        t.height_ns = max(t.height_ns, time_ns)
        off = measured - height[0]
        if off * off <= HEIGHT_GATE * (p[0] + settings.height_variance):
            t.height_odd = 0
            update_height(height, p, measured, settings.height_variance)
            return
        t.height_odd = max(t.height_odd, 0) + 1
        if t.height_odd <= HEIGHT_ODD_MAX:
            return
    t.height_odd = HEARD_ONCE
    t.height_ns = time_ns
    height[0], height[1] = measured, 0.0
    p[0], p[1], p[2] = settings.height_variance, 0.0, CLIMB_VARIANCE


@inlined
def guess_height(t: Track, plot: Plot, sensor: SensorRow, settings: Settings) -> None:
    """A slant range of an aircraft that does not tell its height, into the filter that guesses
    it. Turns count as noise. One radar alone would take curved flight for height: while no other
    sees the aircraft, the filter begins anew with every plot, with the height it knew."""
    x, p = t.guess, t.guess_p
    dt_s = (plot.time_ns - t.guess_ns) * 1e-9
    if t.guess_ns == NEVER:
        t.guess_other_ns = NEVER
    elif plot.sensor != t.guess_sensor:
        t.guess_other_ns = t.guess_ns
    t.guess_sensor = plot.sensor
    if plot.time_ns - t.guess_other_ns > GUESS_ALONE_NS:
        height, variance = plot.assumed[0], plot.assumed[1] * plot.assumed[1]
        if t.guess_ns != NEVER and p[4, 4] + WANDER * max(dt_s, 0.0) < variance:
            height, variance = x[4], p[4, 4] + WANDER * max(dt_s, 0.0)
        t.guess_ns = plot.time_ns
        z0, z1, r00, r01, r11, g0, g1 = seen_at(t, plot, sensor, height, 0.0)
        start_slant(x, p, z0, z1, r00, r01, r11, g0, g1, height, variance,
                    settings.speed_variance)
        return
    if dt_s > 0:
        t.guess_ns = plot.time_ns
        noise = 0.0
        speed2 = t.mean[2] * t.mean[2] + t.mean[3] * t.mean[3]
        for m in range(t.mu.shape[0]):
            rate = settings.turn_rad_s[m]
            noise += t.mu[m] * (settings.noise[m] + GUESS_TURN_S * rate * rate * speed2)
        predict_slant(x, p, dt_s, noise, WANDER)
    z0, z1, r00, r01, r11, g0, g1 = seen_at(t, plot, sensor, x[4], 0.0)
    update_slant(x, p, z0, z1, r00, r01, r11, g0, g1, settings.gate)


@inlined
def hear_codes(t: Track, plot: Plot) -> None:
    """Codes and address: heard again they gain weight, contradicted they lose it."""
    if plot.primary == 0 and plot.form == POLAR:
        t.co_operative = 1
    if plot.code >= 0:
        t.code, t.code_weight = _vote(t.code, t.code_weight, plot.code)
    if plot.address >= 0:
        t.address, t.address_weight = _vote(t.address, t.address_weight, plot.address)
    t.source = plot.source if plot.source >= 0 else t.source
    if plot.callsign[0] != 0:
        for k in range(8):
            t.callsign[k] = plot.callsign[k]


@inlined
def _vote(value: int, weight: int, heard: int) -> tuple[int, int]:
    if weight == 0 or value == heard:
        return heard, min(weight + 1, WEIGHT_MAX)
    return (value, weight - 1) if weight > 1 else (heard, 1)

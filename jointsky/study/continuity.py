"""How well tracks hold on to aircraft: switches, breaks, delays, doubles, and the SIAP measures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jointsky.codec.trackfile import TrackRows, Truth
from jointsky.model.batch import F64, I64, Bool


@dataclass(frozen=True)
class Continuity:
    """Measures over time. Aircraft hours count the steps at which a sensor can see the aircraft.

    switches_per_hour: another track number than at the aircraft's last match; breaks_per_hour:
    matches that follow a gap while it could be seen; longest_track_fraction: longest unbroken
    stretch under one number, over the time it can be seen, mean over aircraft; delay_s: first
    match after it can first be seen, mean, and never_tracked: aircraft without any;
    false_minutes: unmatched tracks with no aircraft within the cut-off; duplicate_minutes: with
    one; siap_ambiguity: tracks near an aircraft per aircraft so held (1 is best);
    siap_spuriousness: share of tracks near no aircraft; siap_rate_of_changes: number changes per
    second of tracked time; siap_longest: longest stretches together over all time tracked or not.
    """

    aircraft_hours: float
    switches_per_hour: float
    breaks_per_hour: float
    longest_track_fraction: float
    delay_s: float
    never_tracked: int
    false_minutes: float
    duplicate_minutes: float
    siap_ambiguity: float
    siap_spuriousness: float
    siap_rate_of_changes: float
    siap_longest: float


def measure_continuity(truth: Truth, tracks: TrackRows, truth_step: I64, track_step: I64,
                       mate: I64, pairs: tuple[I64, I64, F64], step_s: float,
                       settling_s: float) -> Continuity:
    """Measure over the whole run, but false, duplicate and SIAP tracks after settling_s only.

    truth_step, track_step: grid step of each row; mate: truth row of each track row or -1; pairs:
    of `near_pairs`.
    """
    seen = truth.sensors > 0
    number = np.full(len(truth_step), -1, np.int64)  # track id that holds each truth row
    held = mate >= 0
    number[mate[held]] = tracks.track_id[held]
    order = np.lexsort((truth_step, truth.target))
    order = order[seen[order]]
    target, step, number = truth.target[order], truth_step[order], number[order]
    hours = len(order) * step_s / 3600
    first = _firsts(target)
    switches, breaks = _changes(target, number)
    longest = _longest(target, step, number)
    seen_steps = np.bincount(np.cumsum(first) - 1, minlength=int(first.sum()))
    delay, never = _delays(target, step, number, step_s)
    near = np.zeros(len(track_step), bool)
    near[pairs[0]] = True
    late = tracks.time_s > settling_s
    stray = late & (mate < 0)
    per_hour = 1 / hours if hours else float("nan")
    tracked_s = float((number >= 0).sum()) * step_s
    crowd = _ambiguity(pairs, late)
    return Continuity(
        aircraft_hours=hours, switches_per_hour=switches * per_hour,
        breaks_per_hour=breaks * per_hour,
        longest_track_fraction=(float((longest / seen_steps).mean()) if len(longest)
                                else float("nan")),
        delay_s=delay, never_tracked=never,
        false_minutes=float((stray & ~near).sum()) * step_s / 60,
        duplicate_minutes=float((stray & near).sum()) * step_s / 60,
        siap_ambiguity=crowd,
        siap_spuriousness=(float((late & ~near).sum() / late.sum()) if late.any()
                           else float("nan")),
        siap_rate_of_changes=switches / tracked_s if tracked_s else float("nan"),
        siap_longest=float(longest.sum() / len(order)) if len(order) else float("nan"))


def _firsts(target: I64) -> Bool:
    """Where rows sorted by aircraft begin a new one."""
    first = np.ones(len(target), bool)
    first[1:] = target[1:] != target[:-1]
    return first


def _changes(target: I64, number: I64) -> tuple[int, int]:
    """Switches and breaks, over rows sorted by aircraft and step; number -1: not held."""
    held = np.flatnonzero(number >= 0)
    same = target[held[1:]] == target[held[:-1]]
    switches = same & (number[held[1:]] != number[held[:-1]])
    breaks = same & (np.diff(held) > 1)
    return int(switches.sum()), int(breaks.sum())


def _longest(target: I64, step: I64, number: I64) -> I64:
    """Steps of the longest unbroken stretch under one number, of each aircraft in order."""
    if not len(target):
        return np.zeros(0, np.int64)
    first = _firsts(target)
    begins = first.copy()
    begins[1:] |= (number[1:] != number[:-1]) | (np.diff(step) != 1)
    run = np.cumsum(begins) - 1
    length = np.bincount(run, number >= 0)
    longest = np.zeros(int(first.sum()), np.int64)
    np.maximum.at(longest, (np.cumsum(first) - 1)[begins], length.astype(np.int64))
    return longest


def _delays(target: I64, step: I64, number: I64, step_s: float) -> tuple[float, int]:
    """Mean seconds from first seen to first held, and how many were never held."""
    if not len(target):
        return float("nan"), 0
    aircraft = np.cumsum(_firsts(target)) - 1
    since = step - step[np.flatnonzero(_firsts(target))][aircraft]
    wait = np.full(aircraft[-1] + 1, np.iinfo(np.int64).max)
    np.minimum.at(wait, aircraft[number >= 0], since[number >= 0])
    found = wait < np.iinfo(np.int64).max
    return (float(wait[found].mean() * step_s) if found.any() else float("nan"),
            int((~found).sum()))


def _ambiguity(pairs: tuple[I64, I64, F64], late: Bool) -> float:
    """Tracks per held aircraft, each track counted with the nearest aircraft alone."""
    inside = late[pairs[0]]
    track, truth, distance = pairs[0][inside], pairs[1][inside], pairs[2][inside]
    if not len(track):
        return float("nan")
    order = np.lexsort((distance, track))
    nearest = order[_firsts(track[order])]
    return float(len(nearest) / len(np.unique(truth[nearest])))

"""Late plots: go back to a state that was kept, and track again with what was missing.

The tracks are a pure function of the plots in order of time. A plot that comes late, by up to
`Tuning.late_s_max`, belongs between plots that were used long ago; so the tracker keeps what it
knew at some moments (more of the recent ones), goes back to the last one before the plot and
tracks from there again. The result is what it would have been had every plot come in time, and a
source that is always late costs time, not accuracy.

Going back further than NEAR_NS is put off for a share of the distance, PATIENCE, so that a source
that is always late costs a bounded number of times as much as one in time. Track numbers outlive
it: a track keeps the number under which it was shown, and one that proves never to have been is
told as dropped.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from jointsky.model.batch import I64, Array, Bool
from jointsky.model.clock import NS_PER_S
from jointsky.track.arrays import (
    CONFIRMED,
    DONE_NS,
    DROPPED,
    FREE,
    NEVER,
    NEXT_NUMBER,
    NEXT_SWEEP_NS,
    NONE,
    PLOT,
    UNKNOWN_SENSOR,
    Plots,
    Tracks,
)
from jointsky.track.numbers import next_number
from jointsky.track.records import cloned, joined, padded
from jointsky.track.state import Moment, TrackerState, with_memory

SPACING_NS = NS_PER_S
# Moments kept, by age: those within the first span all, then whole multiples of the second.
LADDER = ((4 * NS_PER_S, SPACING_NS), (16 * NS_PER_S, 4 * NS_PER_S), (1 << 62, 8 * NS_PER_S))
# Arrays with a row for each track slot; at a moment they end with the last slot in use.
BY_SLOT = ("tracks", "looks")
PATIENCE = 0.1
# A radar sends a sector at once, so some of its plots are always this late: they go in at once.
NEAR_NS = NS_PER_S // 2


def used_until(state: TrackerState) -> int:
    """UTC ns up to which time is spent: a plot not later than this comes late."""
    sweep = int(state.counters[NEXT_SWEEP_NS])
    swept = sweep - int(state.settings["sweep_ns"][0]) if sweep != NEVER else NEVER
    return max(int(state.counters[DONE_NS]), swept)


def oldest_of_use(state: TrackerState) -> int:
    """UTC ns of the oldest plot that can still be used."""
    spent = used_until(state)
    return 1 + (min(spent, state.moments[0].time_ns) if state.moments else spent)


def hold_late(state: TrackerState, plots: Plots) -> tuple[Plots, bool]:
    """The plots to use now, and whether that needs going back. Ordered plots in, ordered out.

    Late ones wait together in `state.held` until their time has come.
    """
    spent = used_until(state)
    late = int(np.searchsorted(plots["time_ns"], spent, side="right"))
    if late:
        if not len(state.held):
            state.held_ns = state.now_ns
        state.held = joined([state.held, plots[:late]])
        plots = plots[late:]
    if not len(state.held):
        return plots, False
    depth_ns = spent - int(state.held["time_ns"].min())
    if state.now_ns - state.held_ns < PATIENCE * (depth_ns - NEAR_NS):
        return plots, False
    plots = joined([state.held, plots])
    state.held = np.empty(0, PLOT)
    return plots, True


def go_back(state: TrackerState, plots: Plots) -> tuple[TrackerState, Plots]:
    """The state at the last moment before the first of `plots`, and all plots since then.

    `before` of each plot is the track that had it, for `keep_numbers`. Not ordered.
    """
    first_ns = int(plots["time_ns"].min())
    at = max(k for k, moment in enumerate(state.moments) if moment.time_ns < first_ns)
    again = joined([moment.plots for moment in state.moments[at:]])
    again["before"] = again["serial"]
    # What came stays counted, whatever becomes of it.
    unknown = state.counters[UNKNOWN_SENSOR]
    moment = state.moments[at]
    state = with_memory(state, _whole(moment.memory))
    state.moments = (*state.moments[:at], replace(moment, plots=np.empty(0, PLOT)))
    state.counters[UNKNOWN_SENSOR] = unknown
    return state, joined([again, plots])


def moments_due(state: TrackerState, since_ns: int, now_ns: int) -> list[int]:
    """UTC ns of the moments to keep on the way from since_ns to now_ns, in order."""
    if not state.moments:
        return []
    horizon = now_ns - round(state.tuning.late_s_max * NS_PER_S) - LADDER[-1][1]
    first = max(since_ns, horizon) // SPACING_NS + 1
    return [k * SPACING_NS for k in range(first, now_ns // SPACING_NS + 1)]


def remember(state: TrackerState, time_ns: int) -> None:
    """Keep what is known now, at time_ns."""
    used = np.flatnonzero(state.tracks["state"] != FREE)
    slots = int(used[-1]) + 1 if len(used) else 0
    memory = {name: cloned(cells[:slots] if name in BY_SLOT else cells)
              for name, cells in state.memory().items()}
    state.moments = (*state.moments, Moment(time_ns, np.empty(0, PLOT), memory))


def _whole(memory: dict[str, Array]) -> dict[str, Array]:
    """Copies of the arrays of a moment, with all their slots."""
    return {name: padded(cells, len(memory["free"])) if name in BY_SLOT else cloned(cells)
            for name, cells in memory.items()}


def add_used(state: TrackerState, plots: Plots) -> None:
    """File plots that were used since the last moment."""
    last = state.moments[-1]
    state.moments = (*state.moments[:-1],
                     replace(last, plots=joined([last.plots, plots])))


def forget(state: TrackerState) -> Plots:
    """Let go of moments that are not needed; returns the plots that nothing can change any more."""
    horizon_ns = state.now_ns - round(state.tuning.late_s_max * NS_PER_S)
    if len(state.held):
        horizon_ns = min(horizon_ns, int(state.held["time_ns"].min()) - 1)
    moments = list(state.moments)
    settled: list[Plots] = []
    while len(moments) > 1 and moments[1].time_ns <= horizon_ns:
        settled.append(moments.pop(0).plots)
    kept = moments[:1]
    for moment in moments[1:]:
        age_ns = state.now_ns - moment.time_ns
        every = next(step for reach, step in LADDER if age_ns <= reach)
        if moment.time_ns % every == 0:
            kept.append(moment)
        else:
            kept[-1] = replace(kept[-1], plots=joined([kept[-1].plots, moment.plots]))
    state.moments = tuple(kept)
    return joined(settled) if settled else np.empty(0, PLOT)


def lean(state: TrackerState) -> TrackerState:
    """The same tracker with the oldest moment alone: smaller, and for a while slower with late
    plots, but its tracks are the same."""
    if len(state.moments) < 2:
        return state
    plots = joined([moment.plots for moment in state.moments])
    return replace(state, moments=(replace(state.moments[0], plots=plots),))


def keep_numbers(old: Tracks, next_before: int, state: TrackerState, plots: Plots) -> None:
    """After going back and tracking again: tracks keep the numbers they were shown under.

    old: the tracks before; next_before: NEXT_NUMBER then; plots: those tracked again, with the
    tracks they had and have. Tracks that were shown and are no more go to `state.gone`. Tracks that
    were not shown get new numbers, in the order in which they were confirmed, so that numbers do
    not depend on how far the tracker went back.
    """
    state.counters[NEXT_NUMBER] = next_before
    if _all_go_on(old, state, plots):
        return
    old = old[_shown(old)]
    # Of two that prove to be one, the number that is on the screens goes on; then the elder's.
    old = old[np.lexsort((old["started_ns"], old["state"]))]
    heirs = _heirs(old["serial"], plots)
    live = np.flatnonzero(_shown(state.tracks))
    slot_of = {int(state.tracks["serial"][slot]): int(slot) for slot in live}
    number_of: dict[int, int] = {}
    gone = []
    for row, heir in enumerate(heirs.tolist()):
        slot = slot_of.get(heir)
        if slot is not None and slot not in number_of:
            number_of[slot] = int(old["number"][row])
            now = state.tracks[slot]
            told = now["state"] == CONFIRMED or now["dropped_ns"] > state.before_ns
        else:
            told = False
        if not told and old["state"][row] == CONFIRMED:
            gone.append(row)
    fresh = np.array([slot for slot in live.tolist() if slot not in number_of], np.int64)
    _number_anew(state, fresh)
    for slot, number in number_of.items():
        state.tracks["number"][slot] = number
    state.gone = old[gone].copy()
    state.gone["state"], state.gone["dropped_ns"] = DROPPED, state.now_ns


def _shown(tracks: Tracks) -> Bool:
    """Which tracks have a number under which they were shown."""
    state = tracks["state"]
    shown: Bool = ((state == CONFIRMED) | (state == DROPPED)) & (tracks["number"] > 0)
    return shown


def _all_go_on(old: Tracks, state: TrackerState, plots: Plots) -> bool:
    """`keep_numbers` where no plot has gone from one track that was shown to another and each that
    was confirmed is there under its serial: nearly always, and live at every late plot. False,
    with nothing done, where it is not so."""
    new = state.tracks
    if len(new) != len(old):
        return False
    shown, now_shown = np.flatnonzero(_shown(old)), _shown(new)
    there = now_shown[shown] & (new["serial"][shown] == old["serial"][shown])
    told = (new["state"][shown] == CONFIRMED) | (new["dropped_ns"][shown] > state.before_ns)
    moved = plots["before"][(plots["before"] != NONE) & (plots["before"] != plots["serial"])]
    if (not (there & told)[old["state"][shown] == CONFIRMED].all()
            or np.isin(moved, old["serial"][shown]).any()):
        return False
    new["number"][shown[there]] = old["number"][shown[there]]
    now_shown[shown[there]] = False
    _number_anew(state, np.flatnonzero(now_shown))
    return True


def _number_anew(state: TrackerState, slots: I64) -> None:
    """New numbers for tracks, in the order of those they have."""
    slots = slots[np.argsort(state.tracks["number"][slots], kind="stable")]
    state.tracks["number"][slots] = 0
    for slot in slots.tolist():
        state.tracks["number"][slot] = next_number(state.tracks, state.counters)


def _heirs(serials: I64, plots: Plots) -> I64:
    """The track that now has the last plot of each track; one without plots is still itself."""
    heirs: I64 = serials.copy()
    had = np.flatnonzero(plots["before"] != NONE)[::-1]
    before, last = np.unique(plots["before"][had], return_index=True)
    if len(before):
        at = np.minimum(np.searchsorted(before, serials), len(before) - 1)
        found = before[at] == serials
        heirs[found] = plots["serial"][had[last[at[found]]]]
    return heirs

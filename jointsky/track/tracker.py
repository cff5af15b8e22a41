"""The tracker: plots in, system tracks out. Pure: the same plots give the same bytes.

    state = start(world, unit_id, sensors)
    state = advance(state, plots, now_ns)      # as often as there is something new
    tracks = picture(state, now_ns)

A plot is used once `now_ns` has passed the end of its bucket of time (`Tuning.bucket_s`); until
then it waits in the state. So the tracks do not depend on how plots are dealt out to calls; nor,
within `Tuning.late_s_max`, on the order in which they come (`jointsky.track.history`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from jointsky.model.batch import I32, I64, Array
from jointsky.model.errors import WorldMismatch
from jointsky.model.schema import PlotBatch, PlotKind, TrackBatch
from jointsky.model.sensor import Sensor
from jointsky.model.world import World
from jointsky.track import screen as screens
from jointsky.track.arrays import (
    COUNTERS,
    DONE_NS,
    FREE,
    FREE_COUNT,
    NEVER,
    NEXT_NUMBER,
    NEXT_SWEEP_NS,
    PLOT,
    SEEN,
    UNKNOWN_SENSOR,
    Plots,
    make_looks,
    make_tracks,
    settings_of,
)
from jointsky.track.associate import make_work
from jointsky.track.grid import Grid, lay_anew, make_grid
from jointsky.track.history import (
    add_used,
    forget,
    go_back,
    hold_late,
    keep_numbers,
    moments_due,
    oldest_of_use,
    remember,
)
from jointsky.track.learned import Learned, learned_of
from jointsky.track.loop import track
from jointsky.track.picture import picture_of, seen_of
from jointsky.track.plots import in_order, prepare, refit
from jointsky.track.records import cloned, joined
from jointsky.track.registration import (
    begin,
    copied,
    empty,
    learn,
    moments_between,
    stops_of,
    take,
    use,
    wait,
)
from jointsky.track.sensors import IDS, SENSORS_MAX, placed_sensor, rows_of, table_of
from jointsky.track.state import TrackerState, with_memory
from jointsky.track.tuning import Tuning

SLOTS_FIRST = 256
# What of a tuning gives the tracker's memory its form.
FORMS: tuple[Callable[[Tuning], object], ...] = (
    lambda tuning: len(tuning.models), lambda tuning: tuning.reach_m,
    lambda tuning: tuning.bucket_s, lambda tuning: tuning.sweep_s,
    lambda tuning: tuning.tracks_max, lambda tuning: tuning.late_s_max > 0)


def start(world: World, unit_id: int, sensors: tuple[Sensor, ...],
          tuning: Tuning | None = None) -> TrackerState:
    """A tracker with no tracks. unit_id: SAC << 8 | SIC of the unit."""
    tuning = tuning or Tuning()
    counters = np.zeros(COUNTERS, np.int64)
    counters[NEXT_SWEEP_NS] = counters[DONE_NS] = NEVER
    counters[FREE_COUNT] = SLOTS_FIRST
    state = TrackerState(
        world=world, unit_id=unit_id, sensors=(), tuning=tuning, settings=settings_of(tuning),
        table=table_of((), tuning), row_of=rows_of(()),
        tracks=make_tracks(SLOTS_FIRST, len(tuning.models)), looks=make_looks(SLOTS_FIRST, 0),
        **learned_of(table_of((), tuning))._asdict(),
        **make_grid(SLOTS_FIRST)._asdict(),
        free=np.arange(SLOTS_FIRST - 1, -1, -1, dtype=np.int32), screen=screens.make_screen(),
        counters=counters, pending=np.empty(0, PLOT), held=np.empty(0, PLOT), held_ns=NEVER,
        moments=(), settled=np.empty(0, PLOT), gone=make_tracks(0, len(tuning.models)),
        registration=empty(tuning), now_ns=NEVER, before_ns=NEVER)
    if tuning.late_s_max > 0:
        remember(state, NEVER)
    return with_sensors(state, sensors)


def with_sensors(state: TrackerState, sensors: tuple[Sensor, ...]) -> TrackerState:
    """The same tracker with sensors appended, or better known (same sensor_id). Takes ownership.

    Beyond SENSORS_MAX, sensors are left out; their plots count as of an unknown sensor.
    """
    by_id = {sensor.sensor_id: sensor for sensor in state.sensors}
    by_id |= {sensor.sensor_id: sensor for sensor in sensors if 0 <= sensor.sensor_id < IDS}
    known = tuple(by_id.values())[:SENSORS_MAX]
    return state if known == state.sensors else _with_table(state, known)


def with_tuning(state: TrackerState, tuning: Tuning) -> TrackerState:
    """The same tracker under other settings. Takes ownership.

    Where the settings give its memory another form (models, the grid, buckets, whether plots may
    come late), tracks begin anew; their numbers go on.
    """
    old = state.tuning
    if tuning == old:
        return state
    if any(form(tuning) != form(old) for form in FORMS):
        fresh = start(state.world, state.unit_id, state.sensors, tuning)
        fresh.counters[NEXT_NUMBER] = state.counters[NEXT_NUMBER]
        return replace(fresh, screen=state.screen, now_ns=state.now_ns, before_ns=state.before_ns)

    def anywhere(memory: dict[str, Array]) -> dict[str, Array]:
        """Tracks that are in no area until the next sweep finds them."""
        tracks = memory["tracks"].copy()
        tracks["area"] = 0
        return {"tracks": tracks}

    moments = tuple(replace(moment, memory=moment.memory | anywhere(moment.memory))
                    for moment in state.moments)
    state = with_memory(state, anywhere(state.memory()))
    state = replace(state, tuning=tuning, settings=settings_of(tuning), moments=moments)
    return _with_table(state, state.sensors)


def _with_table(state: TrackerState, known: tuple[Sensor, ...]) -> TrackerState:
    def widened(memory: dict[str, Array]) -> dict[str, Array]:
        """The arrays that have a row for each sensor, with the new sensors and what is known."""
        old = memory["looks"].shape[1]
        table = table_of(known, state.tuning)
        looks = make_looks(len(memory["looks"]), len(known))
        table["last_ns"][:old] = memory["table"]["last_ns"]
        looks[:, :old] = memory["looks"]
        learned = learned_of(table, Learned(*(memory[name] for name in Learned._fields)))
        return {"table": table, "looks": looks, **learned._asdict()}

    moments = tuple(replace(moment, memory=moment.memory | widened(moment.memory))
                    for moment in state.moments)
    state = with_memory(state, widened(state.memory()))
    return replace(state, sensors=known, row_of=rows_of(known), moments=moments,
                   screen=screens.with_rows(state.screen, len(known)),
                   registration=begin(state.registration, known, state.tuning))


def advance(state: TrackerState, plots: PlotBatch, now_ns: int) -> TrackerState:
    """Track as far as now_ns. Takes ownership of state. Raises `WorldMismatch`.

    Rows that cannot be used (no such sensor, no position, not finite, too late, a clock that is
    off, come before, too many at once) are counted by sensor and reason in `state.screen`, whose
    `fate` says what became of each row. Sources of positions need not be configured.
    """
    state, ready = make_ready(state, plots, now_ns)
    return run(state, ready, now_ns)


def make_ready(state: TrackerState, plots: PlotBatch,
               now_ns: int) -> tuple[TrackerState, Plots]:
    """The first half of `advance`: what `run` takes. It reads sensors and tuning of the state and
    changes its screen, not its tracks. Raises `WorldMismatch`.
    """
    if plots.world is not state.world:
        raise WorldMismatch(f"plots of {plots.world.value} for a tracker of {state.world.value}")
    state = _with_placed(state, plots)
    latest_ns = now_ns + round(state.tuning.future_s_max * 1e9)
    ready, screen = prepare(plots, state.row_of, state.table, state.settings,
                            (oldest_of_use(state), now_ns, latest_ns), state.screen)
    state.screen = screen
    state.counters[UNKNOWN_SENSOR] += np.count_nonzero(screen.fate == screens.UNKNOWN_SENSOR)
    return state, ready


def picture(state: TrackerState, now_ns: int) -> TrackBatch:
    """Confirmed and coasting tracks, and those dropped since the last `advance`, at now_ns.

    Ordered by system track number. Position and velocity are predicted to now_ns; `updated_ns`
    tells how old the last plot is. `sensors` has bit i for sensor i of `state.sensors` (the first
    64). Height above the ellipsoid is not known and left absent: Mode C is pressure altitude.
    """
    return picture_of(state, now_ns)


def due_ns(state: TrackerState) -> int | None:
    """UTC ns from which on an `advance` will use plots that wait for their bucket to end, None if
    none waits."""
    waiting = state.pending["time_ns"]
    if not len(waiting):
        return None
    bucket_ns = int(state.settings["bucket_ns"][0])
    return -(-int(waiting[0]) // bucket_ns) * bucket_ns


def confirmed_ever(state: TrackerState) -> int:
    """How many tracks have ever been confirmed."""
    return int(state.counters[NEXT_NUMBER])


def last_seen(state: TrackerState) -> tuple[I32, I64]:
    """When each sensor last saw each track: the tracks' numbers (n,), ascending, and UTC ns (n, s)
    for the sensors of `state.sensors`; 0 for never."""
    numbered = np.flatnonzero((state.tracks["state"] != FREE) & (state.tracks["number"] > 0))
    numbered = numbered[np.argsort(state.tracks["number"][numbered])]
    return (state.tracks["number"][numbered],
            np.maximum(state.looks[numbered, :, SEEN], 0))


def seen(state: TrackerState) -> TrackerState:
    """What `picture` needs of a state, by itself, so that the state may go on."""
    return seen_of(state)


def run(state: TrackerState, plots: Plots, now_ns: int) -> TrackerState:
    """`advance` with plots that are already made ready (`make_ready`).

    It stops at times that do not depend on the calls, to learn the biases of sensors.
    """
    known, before_ns = state.registration, state.now_ns
    settled, gone = [], []
    for stop_ns in stops_of(known, state.tuning, before_ns, plots, now_ns):
        until = int(np.searchsorted(plots["time_ns"], stop_ns, side="right"))
        state, plots = _run(state, plots[:until], stop_ns), plots[until:]
        wait(known, state.settled)
        take(known, state.table, [moment.plots for moment in state.moments], stop_ns,
             state.tuning)
        learn(known, state.table, stop_ns, state.tuning)
        settled.append(state.settled)
        gone.append(state.gone)
    state = _run(state, plots, now_ns)
    wait(known, state.settled)
    if settled:
        state.before_ns = before_ns
        state.settled = joined([*settled, state.settled])
        state.gone = np.concatenate([*gone, state.gone])
    return state


def _run(state: TrackerState, plots: Plots, now_ns: int) -> TrackerState:
    state.before_ns, state.now_ns = state.now_ns, max(state.now_ns, now_ns)
    state.gone = state.gone[:0]
    if len(state.pending):
        plots = joined([state.pending, plots])
    plots = in_order(plots)
    if not state.moments:
        state, at = _track(state, plots, 0, state.now_ns)
        state.settled, state.pending = plots[:at], cloned(plots[at:])
        return state
    plots, back = hold_late(state, plots)
    since_ns = state.before_ns
    if back:
        shown, next_before = state.tracks, int(state.counters[NEXT_NUMBER])
        state, plots = go_back(state, plots)
        plots, since_ns = in_order(plots), state.moments[-1].time_ns
    at = 0
    for moment_ns in moments_due(state, since_ns, state.now_ns):
        state, until = _track(state, plots, at, moment_ns)
        add_used(state, plots[at:until])
        remember(state, moment_ns)
        at = until
    state, until = _track(state, plots, at, state.now_ns)
    add_used(state, plots[at:until])
    state.pending = cloned(plots[until:])
    if back:
        keep_numbers(shown, next_before, state, plots[:until])
    state.settled = forget(state)
    return state


def copy(state: TrackerState) -> TrackerState:
    """An independent copy."""
    state = with_memory(state, {name: cloned(cells) for name, cells in state.memory().items()})
    state.screen = screens.copy_of(state.screen)
    state.registration = copied(state.registration)
    return state


def _track(state: TrackerState, plots: Plots, at: int, now_ns: int) -> tuple[TrackerState, int]:
    """Track plots[at:] as far as buckets that end by now_ns, with the biases that were known at
    the time; returns the first one left."""
    since_ns = int(state.counters[DONE_NS])
    for until_ns in [*moments_between(state.registration, since_ns, now_ns), now_ns]:
        if state.registration.active:
            use(state.registration, state.table, since_ns)
            end = int(np.searchsorted(plots["time_ns"], until_ns, side="right"))
            refit(plots[at:end], state.table, state.settings[0])
        state, at = _track_until(state, plots, at, until_ns)
        since_ns = until_ns
    return state, at


def _track_until(state: TrackerState, plots: Plots, at: int,
                 now_ns: int) -> tuple[TrackerState, int]:
    next_row, short = np.empty(len(plots), np.int32), True
    while short:
        work = make_work(len(plots), len(state.tracks), len(state.sensors))
        learned = Learned(*(getattr(state, name) for name in Learned._fields))
        grid = Grid(*(getattr(state, name) for name in Grid._fields))
        at, short = track(
            state.tracks, state.looks, learned, plots, at, now_ns, state.table, grid,
            state.settings, state.counters, state.free,
            len(state.tracks) < state.tuning.tracks_max, next_row, work)
        if short:
            state = _grown(state)
    return state, at


def _grown(state: TrackerState) -> TrackerState:
    """The same with twice the track slots, as far as tracks_max."""
    old = len(state.tracks)
    slots = min(2 * old, state.tuning.tracks_max)
    tracks = make_tracks(slots, len(state.tuning.models))
    tracks[:old] = state.tracks
    looks = make_looks(slots, len(state.sensors))
    looks[:old] = state.looks
    grid = make_grid(slots)
    lay_anew(tracks, 2 * state.tuning.reach_m, grid)
    count = int(state.counters[FREE_COUNT])
    free = np.empty(slots, np.int32)
    free[:slots - old] = np.arange(slots - 1, old - 1, -1)
    free[slots - old:slots - old + count] = state.free[:count]
    state.counters[FREE_COUNT] = count + slots - old
    return replace(state, tracks=tracks, looks=looks, free=free, **grid._asdict())


def _with_placed(state: TrackerState, plots: PlotBatch) -> TrackerState:
    """Sources of positions that nobody configured, added in the order they appear."""
    placed = np.flatnonzero((plots.kind == PlotKind.ADSB) | (plots.kind == PlotKind.MLAT))
    if len(placed) == 0:
        return state
    ids = plots.sensor_id[placed]
    known = np.isin(ids, [sensor.sensor_id for sensor in state.sensors])
    if known.all():
        return state
    placed, ids = placed[~known], ids[~known]
    first = np.sort(np.unique(ids, return_index=True)[1])
    return with_sensors(state, tuple(
        placed_sensor(int(ids[at]), int(plots.kind[placed[at]]), state.tuning) for at in first))

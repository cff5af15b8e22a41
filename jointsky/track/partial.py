"""Partial tracks: the state of a track as it would be without some of its sensors.

A track is filtered once more, alone, from the plots that the tracker still keeps of it (those of
the last `Tuning.late_s_max`), from the sensors that are left. Nothing that another sensor measured
is in the result: not in position, velocity, height, codes, address, callsign or times, nor through
what was learned from all sensors together (biases, how restless the traffic is): that is as
configured. Only two things stay: that this is a track, and which plots are its; both were found
with all sensors.

A partial track must have as many plots as a track needs to be shown, else there is none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from jointsky.kernels.filter import BLOCK
from jointsky.kernels.jit import kernel
from jointsky.model.batch import F64, I32, I64, U8, U64, Bool
from jointsky.model.clock import NS_PER_S
from jointsky.model.schema import TrackBatch
from jointsky.track.arrays import (
    CONFIRMED,
    COUNTERS,
    DROPPED,
    NEVER,
    NONE,
    PLOT,
    POLAR,
    SEEN,
    Plots,
    Sensors,
    Settings,
    Tracks,
    make_looks,
    make_tracks,
)
from jointsky.track.initiate import initiate
from jointsky.track.measure import follow
from jointsky.track.picture import batch_of
from jointsky.track.plots import refit
from jointsky.track.registration import AZIMUTH, RANGE
from jointsky.track.sensors import table_of
from jointsky.track.sources import BITS
from jointsky.track.state import TrackerState, with_memory
from jointsky.track.update import guess_height, hear_codes, hear_height, move
from jointsky.track.windows import ROTATING


@dataclass(frozen=True, eq=False)
class PartialTracks:
    """Partial states of k tracks. there (k,): which of them could be made; tracks: their states;
    sources: bits of the sensors that are in them, one for each of those that could."""

    there: Bool
    tracks: TrackBatch
    sources: U64


def partial_tracks(state: TrackerState, numbers: I32, excluded: U64,
                   now_ns: int) -> PartialTracks:
    """The tracks of these system track numbers (k,), each without the sensors whose bits are
    excluded (k,), at now_ns. A number may stand there several times."""
    serials, states = _found(state, numbers)
    plots, begin, end = _plots_of(state, serials, excluded)
    table = _as_configured(state)
    refit(plots, table, state.settings[0])
    tracks = make_tracks(len(numbers), len(state.tuning.models))
    looks = make_looks(len(numbers), len(table))
    filter_again(plots, begin, end, table, state.settings, tracks, looks,
                 np.zeros(COUNTERS, np.int64), np.zeros(BLOCK))
    least = state.settings["hits_confirm"][tracks["area"]]
    there: Bool = tracks["hits"] >= least
    made = tracks[there]
    # Numbers of one track may stand there twice; here each row has its own.
    made["number"], made["state"] = np.arange(len(made)), states[there]
    alone = with_memory(state, {"tracks": made, "looks": looks[there], "table": table})
    batch = batch_of(replace(alone, gone=state.gone[:0]), np.arange(len(made)), now_ns)
    batch.system_track_number[:] = numbers[there]
    return PartialTracks(there, batch, made["sources"].copy())


def _found(state: TrackerState, numbers: I32) -> tuple[I64, U8]:
    """Serials and states of tracks by number, NONE where there is none; of two with one number
    that which is not dropped."""
    live = state.tracks[np.isin(state.tracks["state"], (CONFIRMED, DROPPED))]
    live = live[np.lexsort((live["state"], live["number"]))]
    place = np.searchsorted(live["number"], numbers)
    there = np.append(live["number"], -1)[place] == numbers
    return (np.where(there, np.append(live["serial"], NONE)[place], NONE),
            np.append(live["state"], np.uint8(CONFIRMED))[place])


def _plots_of(state: TrackerState, serials: I64, excluded: U64) -> tuple[Plots, I64, I64]:
    """Copies of the plots of tracks (k,) from the sensors that are not excluded, and where those
    of each begin and end; of each in order of time and sensor."""
    # How far back moments reach hangs on late plots of any sensor; this does not.
    since_ns = state.now_ns - round(state.tuning.late_s_max * NS_PER_S)
    kept = [moment.plots[(moment.plots["time_ns"] > since_ns)
                         & np.isin(moment.plots["serial"], serials[serials != NONE])
                         & (moment.plots["sensor"] < BITS)] for moment in state.moments]
    plots = np.concatenate([np.empty(0, PLOT), *kept])
    plots = plots[np.lexsort((plots["sensor"], plots["time_ns"], plots["serial"]))]
    first = np.searchsorted(plots["serial"], serials, side="left")
    after = np.where(serials == NONE, first,
                     np.searchsorted(plots["serial"], serials, side="right"))
    count = after - first
    rows = np.repeat(first - np.cumsum(count) + count, count) + np.arange(count.sum())
    track = np.repeat(np.arange(len(serials)), count)
    bit = excluded[track] >> plots["sensor"][rows].astype(np.uint64) & np.uint64(1)
    rows, track = rows[bit == 0], track[bit == 0]
    begin, end = (np.searchsorted(track, np.arange(len(serials)), side=side)
                  for side in ("left", "right"))
    return plots[rows], begin.astype(np.int64), end.astype(np.int64)


def _as_configured(state: TrackerState) -> Sensors:
    """The sensor table with the biases that were told, and for the others the doubt there was
    before anything was learned."""
    table = table_of(state.sensors, state.tuning)
    unknown = np.flatnonzero(state.registration.roles == ROTATING)
    table["sigma_bias_range_m"][unknown] = state.registration.sigma[unknown, RANGE]
    table["sigma_bias_azimuth_rad"][unknown] = state.registration.sigma[unknown, AZIMUTH]
    return table


@kernel
def filter_again(plots: Plots, begin: I64, end: I64, sensors: Sensors, settings: Settings,
                 tracks: Tracks, looks: I64, counters: I64, block: F64) -> None:
    """Fill tracks (k,), and their looks, each from its plots[begin:end] alone."""
    for k in range(begin.shape[0]):
        t = tracks[k]
        for j in range(begin[k], end[k]):
            plot = plots[j]
            sensor = sensors[plot.sensor]
            if j == begin[k]:
                initiate(tracks, k, plot, False, sensor, looks, settings, counters)
                continue
            own = settings[t.area]
            move(t, plot, sensor, own, block)
            hear_height(t, plot, own)
            if plot.form == POLAR and np.isnan(plot.height_m) and t.height_ns == NEVER:
                guess_height(t, plot, sensor, own)
            hear_codes(t, plot)
            looks[k, plot.sensor, SEEN] = plot.time_ns
            t.sources |= np.uint64(1) << np.uint64(plot.sensor)
            t.updated_ns, t.flags, t.hits = plot.time_ns, plot.flags, t.hits + 1
            follow(t)

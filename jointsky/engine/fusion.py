"""Fusion: tracks of another system as reports of a sensor that places aircraft.

A system's tracks are no plots: one that was just updated errs much as it did a moment ago, for its
filter remembers, and the system may use radars that we use too. Taken as they come they would
persuade our filter of far more than they know. So of each track one report is taken every
TAKEN_EVERY_NS, by when the filter of an air surveillance system has mostly forgotten, and its
variance is raised by INFLATION: 2 for what may be common to both sides (what covariance
intersection gives two equals), and half as much again for what the filter still remembers.

Its coasting and unconfirmed tracks say nothing that was measured, and are left out. A track that
the system has had for less than PROVEN_NS may go on with a track of ours and not start one, so
that its false tracks do not at once become ours. Track numbers are evidence of identity, as codes
are. Two systems must not fuse each other: what comes back could not be told from news.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from jointsky.engine.state import PictureState
from jointsky.model.batch import Bool
from jointsky.model.clock import NS_PER_S
from jointsky.model.schema import PlotBatch, PlotFlag, PlotKind, TrackBatch, TrackState

TAKEN_EVERY_NS = 8 * NS_PER_S
PROVEN_NS = 20 * NS_PER_S
FORGOTTEN_NS = 40 * NS_PER_S
INFLATION = 3.0
COPIED = ("mode_3a", "mode_c_m", "height_m", "icao_address", "callsign", "vertical_rate_ms")


def fused_systems(state: PictureState) -> list[int]:
    """The systems whose tracks go into ours."""
    return [sensor.sensor_id for sensor in state.sensors if sensor.fuse]


def is_fused(state: PictureState, tracks: TrackBatch) -> Bool:
    """Which tracks (n,) are of a system that is fused."""
    rows: Bool = np.isin(tracks.unit_id, fused_systems(state))
    return rows


def plots_of_tracks(state: PictureState, arrived: TrackBatch,
                    received_ns: int) -> tuple[PictureState, PlotBatch]:
    """The state and the reports to take of tracks that arrived in a step.

    `state.fused` holds, by system and number, when a track was first heard of and when a report was
    last taken of it.
    """
    memory = {key: seen for key, seen in state.fused.items()
              if received_ns - seen[1] < FORGOTTEN_NS}
    tracks = arrived.take(is_fused(state, arrived) & np.isin(
        arrived.state, (TrackState.CONFIRMED,)))
    taken, unproven = [], []
    for row in np.argsort(tracks.time_ns, kind="stable").tolist():
        key = int(tracks.unit_id[row]) << 32 | int(tracks.system_track_number[row])
        time_ns = int(tracks.time_ns[row])
        first_ns, last_ns = memory.get(key, (time_ns, time_ns - TAKEN_EVERY_NS))
        if time_ns - last_ns >= TAKEN_EVERY_NS:
            taken.append(row)
            unproven.append(time_ns - first_ns < PROVEN_NS)
            last_ns = time_ns
        memory[key] = (first_ns, last_ns)
    rows = np.array(taken, np.int64)
    plots = _plots(tracks.take(rows), np.array(unproven, np.bool_), received_ns)
    return replace(state, fused=memory), plots


def _plots(tracks: TrackBatch, unproven: Bool, received_ns: int) -> PlotBatch:
    plots = PlotBatch.blank(len(tracks), tracks.world)
    plots.time_ns[:], plots.received_ns[:] = tracks.time_ns, received_ns
    plots.sensor_id[:], plots.kind[:] = tracks.unit_id, PlotKind.TRACK
    plots.flags[:] = tracks.flags | np.where(unproven, np.uint16(PlotFlag.UNPROVEN), np.uint16(0))
    everywhere = np.ones(len(tracks), np.bool_)
    position = np.maximum(tracks.covariance[:, 0], tracks.covariance[:, 4])
    velocity = np.maximum(tracks.covariance[:, 7], tracks.covariance[:, 9])
    for name, values, there in (
            ("latitude_rad", tracks.latitude_rad, everywhere),
            ("longitude_rad", tracks.longitude_rad, everywhere),
            ("velocity_east_ms", tracks.velocity_east_ms, velocity > 0),
            ("velocity_north_ms", tracks.velocity_north_ms, velocity > 0),
            ("sigma_m", np.sqrt(INFLATION * position), position > 0),
            ("velocity_sigma_ms", np.sqrt(INFLATION * velocity), velocity > 0),
            ("sensor_track", tracks.system_track_number, everywhere),
            *((name, getattr(tracks, name), tracks.has(name)) for name in COPIED)):
        getattr(plots, name)[there] = values[there]
        plots.present[there] |= PlotBatch.bit(name)
    return plots

"""The picture: system tracks as a batch, each predicted to one time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from jointsky.kernels.filter import BLOCK, combine, load, mix, predict
from jointsky.kernels.geodesy import geodetic_of
from jointsky.kernels.jit import inlined, kernel
from jointsky.model.batch import F64, I64, U8, U64, Array
from jointsky.model.schema import Identity, TrackBatch, TrackState
from jointsky.track.arrays import (
    CONFIRMED,
    DROPPED,
    NEVER,
    SEEN,
    Sensors,
    Settings,
    Track,
    Tracks,
    make_looks,
)
from jointsky.track.measure import height_at, point_at
from jointsky.track.records import taken
from jointsky.track.state import TrackerState

# A track that no sensor updated for so many of the longest periods of those it had is coasting.
COASTING_PERIODS = 2.5
LATELY_PERIODS = 2.0
HEIGHT_STALE_NS = 60_000_000_000
SENSOR_BITS = 64
COASTING = int(TrackState.COASTING)
(LATITUDE, LONGITUDE, EAST, NORTH, HEIGHT, CLIMB, MANOEUVRE, CELLS) = range(8)


def seen_of(state: TrackerState) -> TrackerState:
    """See `jointsky.track.tracker.seen`: of the tracks only those of the picture, by number."""
    rows = _in_order(state, _of_picture(state))
    return replace(state, tracks=taken(state.tracks, rows), looks=state.looks[rows],
                   table=state.table.copy())


def picture_of(state: TrackerState, now_ns: int) -> TrackBatch:
    """See `jointsky.track.tracker.picture`."""
    return batch_of(state, _of_picture(state), now_ns)


def just_dropped(state: TrackerState) -> I64:
    """Slots of tracks dropped by the last `advance`."""
    tracks = state.tracks
    rows: I64 = np.flatnonzero((tracks["state"] == DROPPED)
                               & (tracks["dropped_ns"] > state.before_ns))
    return rows


def _of_picture(state: TrackerState) -> I64:
    return np.concatenate([np.flatnonzero(state.tracks["state"] == CONFIRMED),
                           just_dropped(state)])


def _in_order(state: TrackerState, rows: I64) -> I64:
    ordered: I64 = rows[np.argsort(state.tracks["number"][rows], kind="stable")]
    return ordered


def batch_of(state: TrackerState, rows: I64, now_ns: int) -> TrackBatch:
    """The tracks of these slots at now_ns, and those that the last `advance` found never to have
    been, ordered by system track number."""
    rows = _in_order(state, rows)
    kept, looks = taken(state.tracks, rows), state.looks[rows]
    if len(state.gone):
        kept = np.concatenate([kept, state.gone])
        looks = np.concatenate([looks, make_looks(len(state.gone), looks.shape[1])])
        order = np.argsort(kept["number"], kind="stable")
        kept, looks = kept[order], looks[order]
    batch = TrackBatch.blank(len(kept), state.world)
    cells = report(kept, looks, now_ns, state.table, state.settings,
                   batch.covariance, batch.state, batch.sensors)
    batch.time_ns[:] = now_ns
    batch.system_track_number[:] = kept["number"]
    batch.unit_id[:] = state.unit_id
    batch.identity[:] = Identity.PENDING
    batch.latitude_rad[:], batch.longitude_rad[:] = cells[:, LATITUDE], cells[:, LONGITUDE]
    batch.velocity_east_ms[:], batch.velocity_north_ms[:] = cells[:, EAST], cells[:, NORTH]
    batch.manoeuvre[:] = cells[:, MANOEUVRE]
    batch.update_count[:] = kept["hits"]
    for name in ("flags", "started_ns", "updated_ns"):
        getattr(batch, name)[:] = kept[name]
    tall = kept["height_ns"] > now_ns - HEIGHT_STALE_NS
    _say(batch, "mode_c_m", cells[:, HEIGHT], tall)
    _say(batch, "vertical_rate_ms", cells[:, CLIMB], tall)
    _say(batch, "mode_3a", kept["code"], kept["code_weight"] > 0)
    _say(batch, "icao_address", kept["address"], kept["address_weight"] > 0)
    callsign = np.ascontiguousarray(kept["callsign"]).view("S8").reshape(-1)
    _say(batch, "callsign", callsign, callsign != b"")
    return batch


def _say(batch: TrackBatch, name: str, values: Array, there: Array) -> None:
    cells = getattr(batch, name)
    cells[there] = values[there]
    batch.present[there] |= TrackBatch.bit(name)


@kernel
def report(tracks: Tracks, looks: I64, now_ns: int, sensors: Sensors, rows: Settings,
           covariance: F64, life: U8, lately: U64) -> F64:
    """State of tracks at now_ns: (n, CELLS) latitude, longitude rad, velocity east, north m/s,
    height m, climb m/s, probability of manoeuvre. Fills covariance, life and lately as in
    `TrackBatch` (covariance, state, sensors). looks (n, sensors, 2): those of the tracks."""
    n = tracks.shape[0]
    out = np.empty((n, CELLS))
    block, mean = np.empty(BLOCK), np.empty(4)
    for k in range(n):
        t = tracks[k]
        settings = rows[t.area]
        ahead_s = max((now_ns - t.time_ns) * 1e-9, 0.0)
        load(block, t.x, t.p, t.mu, settings.turn_rad_s, settings.noise, settings.share)
        mix(block, t.mean, t.spread, ahead_s, t.switch_rate)
        predict(block, ahead_s, settings.turn_max_rad_s)
        combine(block, mean, covariance[k])
        px, py, pz = point_at(t, mean[0], mean[1])
        out[k, LATITUDE], out[k, LONGITUDE], _ = geodetic_of(px, py, pz)
        out[k, EAST], out[k, NORTH] = mean[2], mean[3]
        out[k, HEIGHT], _ = height_at(t, max(now_ns, t.height_ns), settings)
        out[k, CLIMB] = t.height[1]
        out[k, MANOEUVRE] = 1 - t.mu[0]
        life[k] = _life_of(t, looks[k], now_ns, sensors)
        lately[k] = 0
        for s in range(min(sensors.shape[0], SENSOR_BITS)):
            if now_ns - looks[k, s, SEEN] < LATELY_PERIODS * sensors[s].period_ns:
                lately[k] |= np.uint64(1) << np.uint64(s)
    return out


@inlined
def _life_of(t: Track, looks: I64, now_ns: int, sensors: Sensors) -> int:
    """TrackState: coasting if it waits longer than its sensors would make it."""
    patience_ns = 0.0
    for s in range(sensors.shape[0]):
        if looks[s, SEEN] != NEVER:
            patience_ns = max(patience_ns, COASTING_PERIODS * sensors[s].period_ns)
    if t.state == DROPPED:
        return DROPPED
    return COASTING if now_ns - t.updated_ns > patience_ns else CONFIRMED

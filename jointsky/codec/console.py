"""The picture as the console reads it: one binary message per picture, columns one after another.

A message is a header of 40 bytes, then the numbers of the tracks that are gone (i32 each), then
the columns of one table, each beginning on a multiple of 8 bytes, all little endian:

    u32 magic 'JSK1' | u8 kind | u8 world | u16 schema | u32 rows | u32 removed
    f64 now_ms | u64 sequence | u64 total

A snapshot replaces everything the console has; a delta adds and replaces rows by track number.
Between messages the console moves tracks along their velocity itself, so a row is sent again only
when a plot or a change of state has made it different: `changes` picks those.

Degrees appear here and in the console alone. `tools/generate_schema.py` writes the console's
`schema.ts` from the tables below; `SCHEMA_VERSION` goes up with every change of them.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np

from jointsky.model.batch import (
    F64,
    I32,
    U8,
    U16,
    U32,
    Array,
    Batch,
    Bool,
    Text,
    column,
    columns_of,
)
from jointsky.model.clock import NS_PER_S
from jointsky.model.schema import TrackBatch, TrackState
from jointsky.model.world import World

MAGIC: Final = 0x314B534A
SCHEMA_VERSION: Final = 1
HEADER: Final = struct.Struct("<IBBHIIdQQ")
NS_PER_MS: Final = NS_PER_S // 1000
WORLDS: Final = tuple(World)
ABSENT_CODE: Final = 0xFFFF
ABSENT_ADDRESS: Final = 0xFFFFFFFF
UNKNOWN_TOTAL: Final = 0xFFFFFFFF


class MessageKind(IntEnum):
    """What a binary message carries."""

    SNAPSHOT = 1
    DELTA = 2
    TRAILS = 3


@dataclass(frozen=True, eq=False)
class ConsoleTracks(Batch):
    """System tracks as the console gets them: degrees and milliseconds, single precision where
    the screen needs no more. An absent float is NaN, an absent Mode 3/A 0xFFFF, an absent
    aircraft address 0xFFFFFFFF, an absent callsign empty."""

    time_ms: F64 = column("f8", "ms", "UTC time the state is for")
    updated_ms: F64 = column("f8", "ms", "UTC time of its last plot")
    started_ms: F64 = column("f8", "ms", "UTC time of its first plot")
    latitude_deg: F64 = column("f8", "deg", "WGS-84 latitude")
    longitude_deg: F64 = column("f8", "deg", "WGS-84 longitude")
    callsign: Text = column("S8", "", "aircraft identification, padded with zero bytes")
    sensors: U32 = column("u4", "", "bits 0..31 and 32..63 of the sensors that contributed lately",
                          width=2)
    system_track_number: I32 = column("i4", "", "unique within a unit")
    icao_address: U32 = column("u4", "", "24-bit aircraft address, 0xFFFFFFFF if absent")
    velocity_east_ms: Array = column("f4", "m/s", "ground velocity, east")
    velocity_north_ms: Array = column("f4", "m/s", "ground velocity, north")
    mode_c_m: Array = column("f4", "m", "pressure altitude on 1013.25 hPa, NaN if absent")
    height_m: Array = column("f4", "m", "height above the ellipsoid, NaN if absent")
    vertical_rate_ms: Array = column("f4", "m/s", "rate of climb, NaN if absent")
    sigma_m: Array = column("f4", "m", "standard deviation of horizontal position, longer axis")
    manoeuvre: Array = column("f4", "", "probability that it manoeuvres, 0..1")
    update_count: I32 = column("i4", "", "plots that have updated it")
    unit_id: I32 = column("i4", "", "SAC << 8 | SIC of the unit that made it")
    mode_3a: U16 = column("u2", "", "Mode 3/A code as 12 bits, 0xFFFF if absent")
    flags: U16 = column("u2", "", "PlotFlag of the latest report")
    state: U8 = column("u1", "", "TrackState")
    identity: U8 = column("u1", "", "Identity")


@dataclass(frozen=True, eq=False)
class ConsoleTrails(Batch):
    """Where tracks were, for a console that has just come or has jumped in time."""

    time_ms: F64 = column("f8", "ms", "UTC time of the position")
    latitude_deg: F64 = column("f8", "deg", "WGS-84 latitude")
    longitude_deg: F64 = column("f8", "deg", "WGS-84 longitude")
    system_track_number: I32 = column("i4", "", "the track it belongs to")


def encode_picture(tracks: TrackBatch, now_ns: int, sequence: int, snapshot: bool,
                   removed: I32, total: int | None = None) -> bytes:
    """One message of the rows given: a snapshot of all tracks, or a delta.

    removed: numbers of tracks gone since the message before; tracks in state DROPPED are taken
    for gone too. total: how many tracks the whole picture has, so that the console can tell
    when it has lost count; a snapshot knows it by itself, a delta without it is not checked.
    """
    gone = tracks.state == TrackState.DROPPED
    if gone.any():
        removed = np.concatenate([removed, tracks.system_track_number[gone]]).astype(np.int32)
        tracks = tracks.take(~gone)
    kind = MessageKind.SNAPSHOT if snapshot else MessageKind.DELTA
    if total is None:
        total = len(tracks) if snapshot else UNKNOWN_TOTAL
    return _message(kind, console_tracks(tracks), now_ns, sequence, removed, total)


def encode_trails(world: World, number: I32, time_ms: F64, latitude_deg: F64,
                  longitude_deg: F64, now_ns: int, sequence: int) -> bytes:
    """One message of past positions, all arrays (k,), any order."""
    trails = ConsoleTrails(world=world, system_track_number=number, time_ms=time_ms,
                           latitude_deg=latitude_deg, longitude_deg=longitude_deg)
    return _message(MessageKind.TRAILS, trails, now_ns, sequence, np.empty(0, np.int32), 0)


def changes(before: TrackBatch | None, after: TrackBatch) -> tuple[TrackBatch, I32]:
    """What a delta from one picture to the next must carry: rows and removed track numbers.

    A row is left out if no plot has updated it and neither its state, identity nor flags changed:
    then the console's own dead reckoning gives the position that the tracker predicts.
    """
    live = after.take(after.state != TrackState.DROPPED)
    if before is None:
        return live, np.empty(0, np.int32)
    old = before.take(before.state != TrackState.DROPPED)
    _, at_old, at_new = np.intersect1d(old.system_track_number, live.system_track_number,
                                       assume_unique=True, return_indices=True)
    changed: Bool = np.ones(len(live), np.bool_)
    changed[at_new] = np.logical_or.reduce([
        getattr(old, name)[at_old] != getattr(live, name)[at_new]
        for name in ("updated_ns", "update_count", "state", "identity", "flags", "started_ns")])
    removed = np.setdiff1d(old.system_track_number, live.system_track_number)
    return live.take(changed), removed.astype(np.int32)


def console_tracks(tracks: TrackBatch) -> ConsoleTracks:
    """System tracks in the units and widths of the wire, row by row."""
    east, cross, north = (tracks.covariance[:, place] for place in (0, 1, 4))
    axis = 0.5 * (east + north) + np.hypot(0.5 * (east - north), cross)
    return ConsoleTracks(
        world=tracks.world,
        time_ms=tracks.time_ns / NS_PER_MS,
        updated_ms=tracks.updated_ns / NS_PER_MS,
        started_ms=tracks.started_ns / NS_PER_MS,
        latitude_deg=np.degrees(tracks.latitude_rad),
        longitude_deg=np.degrees(tracks.longitude_rad),
        callsign=np.where(tracks.has("callsign"), tracks.callsign, b"").astype("S8"),
        sensors=np.stack([tracks.sensors & np.uint64(0xFFFFFFFF),
                          tracks.sensors >> np.uint64(32)], axis=1).astype(np.uint32),
        system_track_number=tracks.system_track_number,
        icao_address=np.where(tracks.has("icao_address"), tracks.icao_address,
                              np.uint32(ABSENT_ADDRESS)),
        velocity_east_ms=tracks.velocity_east_ms.astype(np.float32),
        velocity_north_ms=tracks.velocity_north_ms.astype(np.float32),
        mode_c_m=_present(tracks, "mode_c_m"),
        height_m=_present(tracks, "height_m"),
        vertical_rate_ms=_present(tracks, "vertical_rate_ms"),
        sigma_m=np.sqrt(np.maximum(axis, 0.0)).astype(np.float32),
        manoeuvre=tracks.manoeuvre.astype(np.float32),
        update_count=tracks.update_count,
        unit_id=tracks.unit_id,
        mode_3a=np.where(tracks.has("mode_3a"), tracks.mode_3a, np.uint16(ABSENT_CODE)),
        flags=tracks.flags,
        state=tracks.state,
        identity=tracks.identity,
    )


def _present(tracks: TrackBatch, name: str) -> Array:
    return np.where(tracks.has(name), getattr(tracks, name), np.nan).astype(np.float32)


def _message(kind: MessageKind, rows: Batch, now_ns: int, sequence: int, removed: I32,
             total: int) -> bytes:
    parts = [HEADER.pack(MAGIC, kind, WORLDS.index(rows.world), SCHEMA_VERSION, len(rows),
                         len(removed), now_ns / NS_PER_MS, sequence, total),
             _padded(removed.astype("<i4").tobytes())]
    for col in columns_of(type(rows)):
        cells = getattr(rows, col.name)
        parts.append(_padded(np.ascontiguousarray(cells, col.dtype.newbyteorder("<")).tobytes()))
    return b"".join(parts)


def _padded(cells: bytes) -> bytes:
    return cells + bytes(-len(cells) % 8)

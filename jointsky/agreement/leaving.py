"""What of a track leaves under a grant: a blank row, into which is put what the grant lets go.

Nothing is taken away from a track, so nothing can be forgotten: a column that is on no list here
stays blank, and so does every cell that says nothing.
"""

from __future__ import annotations

import math

import numpy as np

from jointsky.agreement.instrument import Grant
from jointsky.agreement.places import EARTH_M
from jointsky.model.batch import F64, I64, columns_of
from jointsky.model.schema import TrackBatch

# Columns without which a track is none; of the covariance only what is of position.
ALWAYS = ("time_ns", "system_track_number", "unit_id", "state", "latitude_rad", "longitude_rad")
# What a grant may hold back: its columns.
FIELD_COLUMNS = {
    "identity": ("identity",), "flags": ("flags",),
    "velocity": ("velocity_east_ms", "velocity_north_ms"), "mode_c_m": ("mode_c_m",),
    "height_m": ("height_m",), "vertical_rate_ms": ("vertical_rate_ms",),
    "mode_3a": ("mode_3a",), "icao_address": ("icao_address",), "callsign": ("callsign",),
    "started_ns": ("started_ns",), "updated_ns": ("updated_ns",),
    "update_count": ("update_count",), "manoeuvre": ("manoeuvre",)}
# What only a grant that names it lets go.
GUARDED_COLUMNS = {"sensors": ("sensors",)}
NULLABLE = frozenset(column.name for column in columns_of(TrackBatch) if column.nullable)
# Columns that say "nothing" by not being a number.
NAN_WHEN_BLANK = ("velocity_east_ms", "velocity_north_ms", "manoeuvre")
EAST_EAST, NORTH_NORTH = 0, 4
OF_POSITION, OF_VELOCITY = (0, 1, 4), (2, 3, 5, 6, 7, 8, 9)


def leaving(tracks: TrackBatch, grants: tuple[Grant, ...], which: I64) -> TrackBatch:
    """Tracks as they leave, each under grants[which] (n,), in arrays of their own that cannot be
    written to."""
    out = TrackBatch.blank(len(tracks), tracks.world)
    for name in NAN_WHEN_BLANK:
        getattr(out, name)[:] = np.nan
    out.covariance[:] = np.nan
    for place in np.unique(which).tolist():
        _put(tracks, np.flatnonzero(which == place), grants[place], out)
    return _seal(out)


def kept_columns(grant: Grant) -> list[str]:
    """The columns that a grant lets go, those of `ALWAYS` left out."""
    names = [name for field, columns in FIELD_COLUMNS.items() if field not in grant.withheld
             for name in columns]
    return names + [name for kind in grant.guarded for name in GUARDED_COLUMNS.get(kind, ())]


def _put(tracks: TrackBatch, rows: I64, grant: Grant, out: TrackBatch) -> None:
    for name in (*ALWAYS, *kept_columns(grant)):
        there = rows
        if name in NULLABLE:
            there = rows[tracks.has(name)[rows]]
            out.present[there] |= TrackBatch.bit(name)
        getattr(out, name)[there] = getattr(tracks, name)[there]
    for entries in (OF_POSITION, () if "velocity" in grant.withheld else OF_VELOCITY):
        for entry in entries:
            out.covariance[rows, entry] = tracks.covariance[rows, entry]
    if grant.quantum_m > 0:
        latitude, longitude = coarse(tracks.latitude_rad[rows], tracks.longitude_rad[rows],
                                     grant.quantum_m)
        out.latitude_rad[rows], out.longitude_rad[rows] = latitude, longitude
    for entry in (EAST_EAST, NORTH_NORTH):
        spread = out.covariance[rows, entry] + grant.quantum_m**2 / 12
        out.covariance[rows, entry] = np.fmax(spread, grant.accuracy_m**2)


def coarse(latitude_rad: F64, longitude_rad: F64, quantum_m: float) -> tuple[F64, F64]:
    """Positions (n,) put in the middle of their cells of a grid of quantum_m.

    Parallels are quantum_m apart, from the equator; between two of them meridians are so far apart
    that a cell is as wide as that in its middle. Around a pole a cell may hold all meridians.
    """
    high = quantum_m / EARTH_M
    middle = np.clip((np.floor(latitude_rad / high) + 0.5) * high, -math.pi / 2, math.pi / 2)
    wide = high / np.maximum(np.cos(middle), high / math.pi / 2)
    across = (np.floor(longitude_rad / wide) + 0.5) * wide
    across = np.where(wide >= 2 * math.pi, 0.0, across)
    turned: F64 = np.where(across > math.pi, across - 2 * math.pi, across)
    return middle, np.where(turned < -math.pi, turned + 2 * math.pi, turned)


def _seal(tracks: TrackBatch) -> TrackBatch:
    for column in columns_of(TrackBatch):
        getattr(tracks, column.name).setflags(write=False)
    return tracks

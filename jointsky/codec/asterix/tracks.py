"""Decoded system tracks of another unit: CAT062 (SPEC-0149-9)."""

from __future__ import annotations

import numpy as np

from jointsky.codec.asterix.decode import Decoded
from jointsky.codec.asterix.filling import (
    M_PER_FL,
    M_PER_FT,
    MS_PER_FT_MIN,
    Filling,
    arrival_of,
)
from jointsky.model.batch import F64, I64
from jointsky.model.clock import NS_PER_S
from jointsky.model.reject import Reason
from jointsky.model.schema import PlotFlag, RejectBatch, TrackBatch, TrackState
from jointsky.model.world import World

AGES = ("PSR", "SSR", "MDS", "ADS", "ES", "VDL", "UAT", "LOP", "MLT")
EMERGENCIES = (1, 4, 5, 6)


def tracks_of(decoded: Decoded, received_ns: I64, frame_seq: I64,
              world: World) -> tuple[TrackBatch, RejectBatch]:
    """Tracks of CAT062 records, in the order in which they stood in the frames.

    received_ns, frame_seq (k,): as for `plots_of`. What CAT062 does not say is 0: the bits of
    contributing sensors, the number of updates. Records without source, time or position (latitude
    and longitude) come back as rejects.
    """
    arrival = arrival_of(decoded, received_ns, frame_seq, world)
    parts = []
    for table in decoded.of(62):
        tracks = Filling(TrackBatch, table, arrival)
        _fill(tracks)
        parts.append(tracks.finish())
    return (TrackBatch.join([part for part, _ in parts], world),
            RejectBatch.join([part for _, part in parts], world))


def _fill(tracks: Filling[TrackBatch]) -> None:
    tracks.source()
    tracks.time("070")
    number, there = tracks.raw("040")
    tracks.put_needed("system_track_number", number.astype(np.int32))
    tracks.refuse(~there, Reason.NO_SOURCE, "040", "a track number")
    latitude, there = tracks.read("105/LAT")
    longitude, _ = tracks.read("105/LON")
    tracks.refuse(~there, Reason.NO_POSITION, "105", "a position in WGS-84")
    tracks.refuse(there & ~((np.abs(latitude) <= 90) & (np.abs(longitude) <= 180)),
                  Reason.BAD_VALUE, "105", "a latitude of at most 90 degrees", latitude)
    tracks.put_needed("latitude_rad", np.radians(latitude))
    tracks.put_needed("longitude_rad", np.radians(longitude))
    for name, column in (("185/VX", "velocity_east_ms"), ("185/VY", "velocity_north_ms")):
        values, there = tracks.read(name)
        tracks.put_needed(column, np.where(there, values, 0))
    _state(tracks)
    _heights(tracks)
    code, there = tracks.raw("060/MODE3A")
    tracks.put("mode_3a", code.astype(np.uint16), there)
    address, there = tracks.raw("380/ADR")
    tracks.put("icao_address", address.astype(np.uint32), there)
    for name in ("245/CHR", "380/ID", "390/CS"):
        text, there = tracks.read(name)
        if there.any():
            stripped = np.char.rstrip(text.astype("S8"))
            tracks.put("callsign", stripped, there & (stripped != b""))
    tracks.put_needed("covariance", _covariance(tracks))
    _ages(tracks)
    turn, there = tracks.read("200/TRANS")
    tracks.put_needed("manoeuvre", (there & np.isin(turn, (1, 2))).astype(np.float64))


def _state(tracks: Filling[TrackBatch]) -> None:
    ended, coasts = tracks.is_set("080/TSE"), tracks.is_set("080/CST")
    tracks.put_needed("state", np.select(
        [ended, tracks.is_set("080/CNF"), coasts],
        [TrackState.DROPPED, TrackState.TENTATIVE, TrackState.COASTING], TrackState.CONFIRMED))
    tracks.flag(tracks.is_set("080/SIM"), PlotFlag.SIMULATED)
    tracks.flag(tracks.is_set("080/SPI"), PlotFlag.SPI)
    tracks.flag(tracks.is_set("080/ME") | tracks.is_set("080/EMS", *EMERGENCIES),
                PlotFlag.EMERGENCY)
    tracks.flag(tracks.is_set("060/V") | tracks.is_set("060/G"), PlotFlag.CODE_GARBLED)


def _heights(tracks: Filling[TrackBatch]) -> None:
    level, there = tracks.first_of("136", "135/CTB")
    tracks.put("mode_c_m", level * M_PER_FL, there)
    height, there = tracks.read("130")
    tracks.put("height_m", height * M_PER_FT, there)
    rate, there = tracks.read("220")
    tracks.put("vertical_rate_ms", rate * MS_PER_FT_MIN, there)


def _covariance(tracks: Filling[TrackBatch]) -> F64:
    """Upper triangle from the accuracies of I062/500: standard deviations of position and velocity
    along the axes, and the covariance of position, which comes as a signed square root."""
    cells = np.zeros((tracks.n, 10))
    for name, place in (("500/APC/X", 0), ("500/APC/Y", 4), ("500/ATV/X", 7), ("500/ATV/Y", 9)):
        sigma, there = tracks.read(name)
        cells[:, place] = np.where(there, sigma * sigma, 0)
    mixed, there = tracks.read("500/COV")
    cells[:, 1] = np.where(there, np.sign(mixed) * mixed * mixed, 0)
    return cells


def _ages(tracks: Filling[TrackBatch]) -> None:
    """When the track began and when its youngest report was, where I062/290 says; else now."""
    now = tracks.values("time_ns")
    ages = []
    for name in AGES:
        age, there = tracks.read(f"290/{name}")
        ages.append(np.where(there, age, np.inf))
    youngest = np.minimum.reduce(ages)
    youngest[np.isinf(youngest)] = 0
    tracks.put_needed("updated_ns", now - np.rint(youngest * NS_PER_S).astype(np.int64))
    age, there = tracks.read("290/TRK")
    age = np.where(there, age, youngest)
    tracks.put_needed("started_ns", now - np.rint(age * NS_PER_S).astype(np.int64))

"""Batches to ASTERIX: plots as CAT048, 021 and 020, radar service messages as CAT034, tracks as
CAT062. What CAT063 and CAT065 say is in `reports.py`.

Editions are the newest that there is a table for. What a category cannot say is left out; numbers
are rounded to the steps of the category. All in the world EXERCISE carries the SIM bit.
"""

from __future__ import annotations

import numpy as np

from jointsky.codec.asterix.draft import Draft
from jointsky.codec.asterix.encode import BLOCK_LIMIT
from jointsky.codec.asterix.filling import M_PER_FL, M_PER_FT, M_PER_NM, MS_PER_FT_MIN, MS_PER_NM_S
from jointsky.codec.asterix.plots import NACP_95_M, SIGMAS_95, VELOCITY_95_MS
from jointsky.codec.asterix.time_of_day import time_of_day_of
from jointsky.model.batch import Array, Bool
from jointsky.model.clock import NS_PER_S
from jointsky.model.schema import (
    PlotBatch,
    PlotFlag,
    PlotKind,
    SensorStatusBatch,
    StatusKind,
    TrackBatch,
    TrackState,
)
from jointsky.model.world import World

RADAR_TYPE = {PlotKind.PSR: 1, PlotKind.SSR: 2, PlotKind.PSR_SSR: 3, PlotKind.MODE_S: 5,
              PlotKind.PSR_MODE_S: 7}
CIRCLE = 1 << 16
AGE_STEPS_MAX = 255


def encode_plots(plots: PlotBatch, limit: int = BLOCK_LIMIT) -> list[bytes]:
    """Data blocks of at most `limit` octets, each of one sensor; its plots in their order.

    ADS-B goes as CAT021, multilateration as CAT020, everything else as CAT048. Plots without the
    position that their category needs (range and azimuth, or latitude and longitude) are left out.
    """
    polar = plots.has("range_m") & plots.has("azimuth_rad")
    placed = plots.has("latitude_rad") & plots.has("longitude_rad")
    adsb, mlat = plots.kind == PlotKind.ADSB, plots.kind == PlotKind.MLAT
    blocks = []
    for rows, encode in ((polar & ~adsb & ~mlat, _radar), (placed & adsb, _adsb),
                         (placed & mlat, _multilateration)):
        if rows.any():
            part = plots.take(rows)
            part = part.take(np.argsort(part.sensor_id, kind="stable"))
            blocks += encode(part).blocks(limit, part.sensor_id)
    return blocks


def encode_statuses(statuses: SensorStatusBatch, limit: int = BLOCK_LIMIT) -> list[bytes]:
    """North marks and sector crossings as CAT034 blocks, each of one sensor. Other kinds of status
    are not of a radar and are left out."""
    wanted = np.isin(statuses.kind, (StatusKind.NORTH_MARK, StatusKind.SECTOR_CROSSING))
    if not wanted.any():
        return []
    rows = statuses.take(wanted)
    rows = rows.take(np.argsort(rows.sensor_id, kind="stable"))
    draft = Draft(34, len(rows))
    draft.source("010", rows.sensor_id)
    draft.put("000", np.where(rows.kind == StatusKind.NORTH_MARK, 1, 2))
    draft.put("030", time_of_day_of(rows.time_ns))
    draft.put("020", _circle(rows.azimuth_rad, 256), rows.has("azimuth_rad"))
    draft.put("041", rows.period_s, rows.has("period_s"))
    draft.put("050/COM/NOGO", 1 - rows.operational.astype(np.int64), rows.has("operational"))
    placed = rows.has("latitude_rad") & rows.has("longitude_rad")
    draft.put("120/LAT", np.degrees(rows.latitude_rad), placed)
    draft.put("120/LON", np.degrees(rows.longitude_rad), placed)
    draft.put("120/HGT", rows.height_m, placed & rows.has("height_m"))
    return draft.blocks(limit, rows.sensor_id)


def encode_tracks(tracks: TrackBatch, limit: int = BLOCK_LIMIT, *,
                  service: int = 1) -> list[bytes]:
    """CAT062 blocks of at most `limit` octets, tracks in their order; service: I062/015.

    What a track does not say (a velocity that is no number, a time of 0: held back from another
    nation) is left out. I062/290 cannot say of which sensor the last plot was: its age is given as
    Mode S where there is an address, as SSR where there is a code or Mode C, else as primary.
    """
    draft, tod = Draft(62, len(tracks)), time_of_day_of(tracks.time_ns)
    draft.source("010", tracks.unit_id)
    draft.put("015", np.full(len(tracks), service))
    draft.put("040", tracks.system_track_number & 0xFFFF)
    draft.put("070", tod)
    draft.put("105/LAT", np.degrees(tracks.latitude_rad))
    draft.put("105/LON", np.degrees(tracks.longitude_rad))
    moving = np.isfinite(tracks.velocity_east_ms) & np.isfinite(tracks.velocity_north_ms)
    draft.put("185/VX", tracks.velocity_east_ms, moving)
    draft.put("185/VY", tracks.velocity_north_ms, moving)
    draft.put("060/MODE3A", tracks.mode_3a, tracks.has("mode_3a"))
    draft.put("060/G", _flag(tracks, PlotFlag.CODE_GARBLED), tracks.has("mode_3a"))
    draft.put("136", tracks.mode_c_m / M_PER_FL, tracks.has("mode_c_m"))
    draft.put("130", tracks.height_m / M_PER_FT, tracks.has("height_m"))
    draft.put("220", tracks.vertical_rate_ms / MS_PER_FT_MIN, tracks.has("vertical_rate_ms"))
    draft.put("380/ADR", tracks.icao_address, tracks.has("icao_address"))
    draft.put("380/ID", tracks.callsign, tracks.has("callsign"))
    draft.put("245/CHR", tracks.callsign, tracks.has("callsign"))
    _track_status(draft, tracks)
    _track_accuracy(draft, tracks)
    _track_ages(draft, tracks)
    return draft.blocks(limit, tracks.unit_id)


def _track_status(draft: Draft, tracks: TrackBatch) -> None:
    """I062/080: parts are sent as far as something in them is set."""
    everywhere = np.ones(len(tracks), np.bool_)
    draft.put("080/CNF", tracks.state == TrackState.TENTATIVE)
    draft.put("080/SPI", _flag(tracks, PlotFlag.SPI))
    simulated = _simulated(tracks)
    draft.put("080/SIM", simulated, everywhere)
    draft.put("080/TSE", tracks.state == TrackState.DROPPED, everywhere)
    coasting = tracks.state == TrackState.COASTING
    draft.put("080/CST", coasting, coasting)
    emergency = _flag(tracks, PlotFlag.EMERGENCY)
    draft.put("080/EMS", emergency, emergency)


def _track_accuracy(draft: Draft, tracks: TrackBatch) -> None:
    """I062/500, of tracks whose covariance is known (not all zeros)."""
    known = tracks.covariance[:, 0] > 0
    moving = known & np.isfinite(tracks.covariance[:, 7]) & np.isfinite(tracks.covariance[:, 9])
    spread = np.sqrt(np.maximum(tracks.covariance, 0))
    for name, place, rows in (("500/APC/X", 0, known), ("500/APC/Y", 4, known),
                              ("500/ATV/X", 7, moving), ("500/ATV/Y", 9, moving)):
        draft.put(name, spread[:, place], rows)
    mixed = tracks.covariance[:, 1]
    draft.put("500/COV", np.sign(mixed) * np.sqrt(np.abs(mixed)), known)


def _track_ages(draft: Draft, tracks: TrackBatch) -> None:
    mode_s = tracks.has("icao_address")
    coded = (tracks.has("mode_3a") | tracks.has("mode_c_m")) & ~mode_s
    told = tracks.updated_ns != 0
    mode_s, coded, bare = mode_s & told, coded & told, ~mode_s & ~coded & told
    for name, since, rows in (("TRK", tracks.started_ns, tracks.started_ns != 0),
                              ("MDS", tracks.updated_ns, mode_s),
                              ("SSR", tracks.updated_ns, coded),
                              ("PSR", tracks.updated_ns, bare)):
        steps = ((tracks.time_ns - since) * 4 + NS_PER_S // 2) // NS_PER_S
        draft.put(f"290/{name}", np.clip(steps, 0, AGE_STEPS_MAX), rows)


def _radar(plots: PlotBatch) -> Draft:
    """CAT048."""
    draft = Draft(48, len(plots))
    draft.source("010", plots.sensor_id)
    draft.put("140", time_of_day_of(plots.time_ns))
    types = np.zeros(256, np.int64)
    types[list(RADAR_TYPE)] = list(RADAR_TYPE.values())
    draft.put("020/TYP", types[plots.kind])
    draft.put("020/SIM", _simulated(plots))
    draft.put("020/SPI", _flag(plots, PlotFlag.SPI))
    draft.put("020/RAB", _flag(plots, PlotFlag.FIXED_TRANSPONDER))
    for name, flag in (("TST", PlotFlag.TEST), ("ME", PlotFlag.EMERGENCY)):
        draft.put(f"020/{name}", _flag(plots, flag), _flag(plots, flag))
    draft.put("040/RHO", plots.range_m / M_PER_NM)
    draft.put("040/THETA", _circle(plots.azimuth_rad, CIRCLE))
    _codes(draft, plots, "240")
    draft.put("090/FL", plots.mode_c_m / M_PER_FL, plots.has("mode_c_m"))
    draft.put("090/G", _flag(plots, PlotFlag.HEIGHT_GARBLED), plots.has("mode_c_m"))
    draft.put("161/TRN", plots.sensor_track & 0xFFF, plots.has("sensor_track"))
    _polar_velocity(draft, plots, "200/GSP", "200/HDG")
    on_ground = _flag(plots, PlotFlag.ON_GROUND)
    draft.put("230/STAT", on_ground, on_ground)
    return draft


def _adsb(plots: PlotBatch) -> Draft:
    """CAT021. Accuracies are given as the finest NACp and NACv whose bound holds."""
    draft, n = Draft(21, len(plots)), len(plots)
    draft.source("010", plots.sensor_id)
    draft.put("040/ATP", np.zeros(n, np.int64))
    draft.put("040/RAB", _flag(plots, PlotFlag.FIXED_TRANSPONDER))
    simulated, tested = _simulated(plots), _flag(plots, PlotFlag.TEST)
    on_ground = _flag(plots, PlotFlag.ON_GROUND)
    said = simulated | tested | on_ground
    for name, rows in (("SIM", simulated), ("TST", tested), ("GBS", on_ground)):
        draft.put(f"040/{name}", rows, said)
    draft.put("071", time_of_day_of(plots.time_ns))
    draft.put("077", time_of_day_of(plots.received_ns))
    _degrees(draft, plots, "131")
    _codes(draft, plots, "170", address="080")
    draft.put("145", plots.mode_c_m / M_PER_FL, plots.has("mode_c_m"))
    draft.put("140", plots.height_m / M_PER_FT, plots.has("height_m"))
    draft.put("157/GVR", plots.vertical_rate_ms / MS_PER_FT_MIN, plots.has("vertical_rate_ms"))
    draft.put("161/TRNUM", plots.sensor_track & 0xFFF, plots.has("sensor_track"))
    _polar_velocity(draft, plots, "160/GS", "160/TA")
    draft.put("210/VN", np.full(n, 2))
    accurate = plots.has("sigma_m")
    bounds = NACP_95_M[11:0:-1]
    within = plots.sigma_m[:, None] * SIGMAS_95 <= bounds * (1 + 1e-9)
    draft.put("090/NACP", np.where(within.any(axis=1), 11 - within.argmax(axis=1), 0), accurate)
    bounds = VELOCITY_95_MS[4:0:-1]
    within = plots.velocity_sigma_ms[:, None] * SIGMAS_95 <= bounds * (1 + 1e-9)
    draft.put("090/NUCRNACV", np.where(within.any(axis=1), 4 - within.argmax(axis=1), 0),
              plots.has("velocity_sigma_ms"))
    urgent, identing = _flag(plots, PlotFlag.EMERGENCY), _flag(plots, PlotFlag.SPI)
    draft.put("200/PS", urgent, urgent | identing)
    draft.put("200/SS", identing * 3, urgent | identing)
    return draft


def _multilateration(plots: PlotBatch) -> Draft:
    """CAT020."""
    draft = Draft(20, len(plots))
    draft.source("010", plots.sensor_id)
    draft.put("020/MS", plots.has("icao_address"))
    draft.put("020/SSR", ~plots.has("icao_address"))
    for name, rows in (("RAB", _flag(plots, PlotFlag.FIXED_TRANSPONDER)),
                       ("SPI", _flag(plots, PlotFlag.SPI)), ("SIM", _simulated(plots)),
                       ("GBS", _flag(plots, PlotFlag.ON_GROUND)),
                       ("TST", _flag(plots, PlotFlag.TEST))):
        draft.put(f"020/{name}", rows)
    draft.put("140", time_of_day_of(plots.time_ns))
    _degrees(draft, plots, "041")
    _codes(draft, plots, "245/CHR")
    draft.put("245/STI", np.full(len(plots), 2), plots.has("callsign"))
    draft.put("090/FL", plots.mode_c_m / M_PER_FL, plots.has("mode_c_m"))
    draft.put("090/G", _flag(plots, PlotFlag.HEIGHT_GARBLED), plots.has("mode_c_m"))
    draft.put("105", plots.height_m / M_PER_FT, plots.has("height_m"))
    draft.put("161/TRN", plots.sensor_track & 0xFFF, plots.has("sensor_track"))
    moving = plots.has("velocity_east_ms") & plots.has("velocity_north_ms")
    draft.put("202/VX", plots.velocity_east_ms, moving)
    draft.put("202/VY", plots.velocity_north_ms, moving)
    for name in ("500/SDP/X", "500/SDP/Y"):
        draft.put(name, plots.sigma_m, plots.has("sigma_m"))
    return draft


def _codes(draft: Draft, plots: PlotBatch, callsign: str, address: str = "220") -> None:
    there = plots.has("mode_3a")
    draft.put("070/MODE3A", plots.mode_3a, there)
    if draft.knows("070/G"):
        draft.put("070/G", _flag(plots, PlotFlag.CODE_GARBLED), there)
    draft.put(address, plots.icao_address, plots.has("icao_address"))
    draft.put(callsign, plots.callsign, plots.has("callsign"))


def _degrees(draft: Draft, plots: PlotBatch, item: str) -> None:
    draft.put(f"{item}/LAT", np.degrees(plots.latitude_rad))
    draft.put(f"{item}/LON", np.degrees(plots.longitude_rad))


def _polar_velocity(draft: Draft, plots: PlotBatch, speed: str, heading: str) -> None:
    moving = plots.has("velocity_east_ms") & plots.has("velocity_north_ms")
    east, north = plots.velocity_east_ms, plots.velocity_north_ms
    draft.put(speed, np.hypot(east, north) / MS_PER_NM_S, moving)
    draft.put(heading, _circle(np.arctan2(east, north), CIRCLE), moving)


def _circle(angle_rad: Array, steps: int) -> Array:
    """Angles as steps of a circle, 0 to steps - 1."""
    turns = np.nan_to_num(angle_rad) / (2 * np.pi) * steps
    return np.rint(turns).astype(np.int64) % steps


def _flag(batch: PlotBatch | TrackBatch, flag: PlotFlag) -> Bool:
    rows: Bool = (batch.flags & np.uint16(flag)) != 0
    return rows


def _simulated(batch: PlotBatch | TrackBatch) -> Bool:
    return _flag(batch, PlotFlag.SIMULATED) | (batch.world is World.EXERCISE)

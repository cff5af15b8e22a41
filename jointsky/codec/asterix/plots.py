"""Decoded target reports as plots: CAT001, 010, 015, 020, 021 and 048."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from jointsky.codec.asterix.decode import Decoded
from jointsky.codec.asterix.filling import (
    M_PER_FL,
    M_PER_FT,
    M_PER_NM,
    MS_PER_FT_MIN,
    MS_PER_NM_S,
    Filling,
    arrival_of,
    in_order,
)
from jointsky.codec.asterix.statuses import statuses_of
from jointsky.codec.asterix.time_of_day import utc_of
from jointsky.kernels.geodesy import ecef_to_geodetic, fill_axes, geodetic_to_ecef
from jointsky.model.batch import F64, I64, Bool
from jointsky.model.reject import Reason
from jointsky.model.schema import PlotBatch, PlotFlag, PlotKind, RejectBatch
from jointsky.model.world import World

# Reference point of a system that reports in Cartesian co-ordinates: latitude, longitude (rad).
Origins = Mapping[int, tuple[float, float]]
Plots = Filling[PlotBatch]

# 95 % bound of horizontal position (m) by NACp (DO-260B, table 2-14) and by NUCp (DO-260,
# table 2-11); a 95 % circle is 2.448 standard deviations of one axis.
NACP_95_M = np.array([np.nan, 18_520, 7_408, 3_704, 1_852, 926, 555.6, 185.2, 92.6, 30, 10, 3,
                      np.nan, np.nan, np.nan, np.nan])
NUCP_95_M = np.array([np.nan, 18_520, 9_260, 1_852, 926, 463, 185.2, 92.6, 10, 3,
                      np.nan, np.nan, np.nan, np.nan, np.nan, np.nan])
SIGMAS_95 = 2.448
# Radius of containment (m) by NIC (DO-260B, table 2-70): what a position surely lies within. Taken
# as if it were a 95 % bound, where nothing says how accurate the position is.
NIC_BOUND_M = np.array([np.nan, 37_040, 14_816, 7_408, 3_704, 1_852, 1_111.2, 370.4, 185.2, 75, 25,
                        7.5, np.nan, np.nan, np.nan, np.nan])
# 95 % bound of horizontal velocity (m/s) by NACv or NUCr, which agree (DO-260B, DO-260).
VELOCITY_95_MS = np.array([np.nan, 10.0, 3.0, 1.0, 0.3, np.nan, np.nan, np.nan])
# An aircraft that says it does not know (category 0) may be on inertial position alone, which
# drifts by about so much; its velocity is then no better than the first category.
UNKNOWN_95_M, UNKNOWN_95_MS = 1_852.0, 15.0
# I021/200: general emergency, no communications, unlawful interference, downed; lifeguard flights
# and minimum fuel (2, 3) are no emergency.
URGENT = (1, 4, 5, 6)
TRUNCATED_WRAP_NS = 512 * 1_000_000_000


def plots_of(decoded: Decoded, received_ns: I64, frame_seq: I64, world: World, *,
             origins: Origins | None = None) -> tuple[PlotBatch, RejectBatch]:
    """Plots of decoded target reports, in the order in which they stood in the frames.

    received_ns, frame_seq (k,): UTC ns of reception and sequence number of each frame that was
    decoded. origins: by sensor id, the reference point of systems that report positions as x and
    y (CAT010, CAT020); what CAT019 messages beside the reports say of it comes first. Reports
    without source, time or position, and those with an impossible value, come back as rejects; so
    do reports in x and y of a system whose place is not known.
    """
    arrival = arrival_of(decoded, received_ns, frame_seq, world)
    known = dict(origins or {})
    if decoded.of(10) or decoded.of(20):
        places, _ = statuses_of(decoded, received_ns, frame_seq, world)
        placed = places.has("latitude_rad") & places.has("longitude_rad")
        known |= {sensor_id: (latitude, longitude) for sensor_id, latitude, longitude in zip(
            *(column[placed].tolist() for column in (
                places.sensor_id, places.latitude_rad, places.longitude_rad)), strict=True)}
    parts = []
    for table in decoded.tables:
        if table.category in FILLERS:
            plots = Filling(PlotBatch, table, arrival)
            plots.put_needed("received_ns", plots.received_ns)
            plots.source()
            FILLERS[table.category](plots, known)
            parts.append(plots.finish())
    return in_order(PlotBatch, parts, world)


def _radar(plots: Plots, origins: Origins) -> None:
    """CAT048, monoradar target reports (SPEC-0149-4)."""
    plots.time("140")
    detection, told = plots.read("020/TYP")
    kinds = np.array([0, PlotKind.PSR, PlotKind.SSR, PlotKind.PSR_SSR, PlotKind.MODE_S,
                      PlotKind.MODE_S, PlotKind.PSR_MODE_S, PlotKind.PSR_MODE_S], np.uint8)
    guess = np.where(plots.table.has("220"), PlotKind.MODE_S,
                     np.where(plots.table.has("070"), PlotKind.SSR, PlotKind.PSR))
    plots.put_needed("kind", np.where(told, kinds[detection.astype(np.intp)], guess))
    plots.refuse(told & (detection == 0), Reason.NO_POSITION, "020/TYP", "a detection",
                 "no detection")
    _polar(plots, "040/RHO", "040/THETA", M_PER_NM)
    _flags(plots, "020")
    plots.flag(plots.is_set("020/ME"), PlotFlag.EMERGENCY)
    plots.flag(plots.is_set("230/STAT", 1, 3), PlotFlag.ON_GROUND)
    _codes(plots, "090/FL", "220", "240", "161/TRN")
    _polar_velocity(plots, "200/GSP", "200/HDG")


def _old_radar(plots: Plots, origins: Origins) -> None:
    """CAT001, monoradar target reports of the old kind (plots and radar tracks).

    I001/141 counts only 512 s, so it is put nearest to reception; a report without it is as old
    as its reception, for its time is that of the last CAT002 message.
    """
    truncated, there = plots.read("141")
    time_ns = np.rint(np.where(there, truncated, 0) * 1e9).astype(np.int64)
    plots.put_needed("time_ns", np.where(
        there, utc_of(time_ns, plots.received_ns, TRUNCATED_WRAP_NS), plots.received_ns))
    detection, told = plots.read("020/SSRPSR")
    kinds = np.array([0, PlotKind.PSR, PlotKind.SSR, PlotKind.PSR_SSR], np.uint8)
    plots.put_needed("kind", np.where(told, kinds[detection.astype(np.intp)], np.where(
        plots.table.has("070"), PlotKind.SSR, PlotKind.PSR)))
    plots.refuse(told & (detection == 0), Reason.NO_POSITION, "020/SSRPSR", "a detection",
                 "no detection")
    _polar(plots, "040/RHO", "040/THETA", M_PER_NM)
    _flags(plots, "020")
    plots.flag(plots.is_set("020/ME"), PlotFlag.EMERGENCY)
    _codes(plots, "090/HGT", "", "", "161")
    _polar_velocity(plots, "200/GSP", "200/HDG")


def _surface(plots: Plots, origins: Origins) -> None:
    """CAT010, surface movement reports: target reports only, other messages are no plots."""
    plots.keep(plots.is_set("000") | ~plots.table.has("000"))
    plots.time("140")
    kind, _ = plots.read("020/TYP")
    plots.put_needed("kind", np.select([kind == 3, kind == 2], [PlotKind.PSR, PlotKind.ADSB],
                                       PlotKind.MLAT))
    plots.position("041")
    _polar(plots, "040/RHO", "040/TH", 1.0, needed=False)
    _cartesian(plots, origins, "042/X", "042/Y")
    _flags(plots, "020")
    _codes(plots, "090/FL", "220", "245/CHR", "161/TRK")
    _polar_velocity(plots, "200/GSP", "200/TRA")
    _cartesian_velocity(plots, "202/VX", "202/VY")
    _deviation(plots, "500/DEVX", "500/DEVY")


def _multilateration(plots: Plots, origins: Origins) -> None:
    """CAT020, multilateration target reports (SPEC-0149-14)."""
    plots.time("140")
    plots.put_needed("kind", PlotKind.MLAT * np.ones(plots.n, np.uint8))
    plots.position("041")
    _cartesian(plots, origins, "042/X", "042/Y")
    _flags(plots, "020")
    _codes(plots, "090/FL", "220", "245/CHR", "161/TRN")
    height, there = plots.read("105")
    plots.put("height_m", height * M_PER_FT, there)
    _cartesian_velocity(plots, "202/VX", "202/VY")
    _deviation(plots, "500/SDP/X", "500/SDP/Y")


def _adsb(plots: Plots, origins: Origins) -> None:
    """CAT021, ADS-B target reports, editions 0.23 to 0.26 and 2.1 on (SPEC-0149-12).

    Time: of applicability of the position, else of its reception, else (old editions, or nothing
    better) of the report.
    """
    plots.time("071", "073", "030", "077", "072", "075")
    plots.put_needed("kind", PlotKind.ADSB * np.ones(plots.n, np.uint8))
    new = not plots.table.edition.startswith("0.")
    plots.position(*(("131", "130") if new else ("130",)))
    plots.refuse(~plots.has("latitude_rad"), Reason.NO_POSITION, "130", "a position")
    _flags(plots, "040")
    plots.flag(plots.is_set("200/SS", 3), PlotFlag.SPI)
    plots.flag(plots.is_set("200/PS" if new else "200", *URGENT), PlotFlag.EMERGENCY)
    _codes(plots, "145", "080", "170", "161/TRNUM")
    height, there = plots.read("140")
    plots.put("height_m", height * M_PER_FT, there)
    rate, there = plots.first_of("157/GVR", "155/BVR", "157", "155")
    plots.put("vertical_rate_ms", rate * MS_PER_FT_MIN, there)
    _polar_velocity(plots, "160/GS", "160/TA")
    _accuracy(plots)


def _accuracy(plots: Plots) -> None:
    """Standard deviations of position and velocity from the categories that the aircraft gives:
    its accuracy, else how far off it can be at most, else (category 0) what is assumed of an
    aircraft that does not know. docs/asterix.md has the table."""
    nacp, by_nacp = plots.read("090/NACP")
    nucp, by_nucp = plots.read("090/NUCPNIC")
    version, _ = plots.read("210/VN")
    old, by_old = plots.raw("090/PA")
    by_version_0 = by_nucp & (version == 0)
    bound = np.select(
        [by_nacp & (nacp > 0), by_version_0 & (nucp > 0), by_nucp & ~by_version_0 & (nucp > 0),
         by_old & (old > 0)],
        [NACP_95_M[nacp.astype(np.intp)], NUCP_95_M[nucp.astype(np.intp)],
         NIC_BOUND_M[nucp.astype(np.intp)], NUCP_95_M[old.astype(np.intp)]], np.nan)
    told = by_nacp | by_nucp | by_old
    plots.put("sigma_m", np.where(np.isnan(bound), UNKNOWN_95_M, bound) / SIGMAS_95, told)
    rate, by_rate = plots.raw("090/NUCRNACV" if "090/NUCRNACV" in plots.table.leaves else "095")
    bound = VELOCITY_95_MS[np.minimum(rate.astype(np.intp), len(VELOCITY_95_MS) - 1)]
    plots.put("velocity_sigma_ms", np.where(np.isnan(bound), UNKNOWN_95_MS, bound) / SIGMAS_95,
              by_rate & plots.has("velocity_east_ms"))


def _polar(plots: Plots, range_name: str, azimuth_name: str, unit_m: float, *,
           needed: bool = True) -> None:
    distance, there = plots.read(range_name)
    azimuth, _ = plots.read(azimuth_name)
    plots.put("range_m", distance * unit_m, there)
    plots.put("azimuth_rad", np.radians(azimuth), there)
    if needed:
        plots.refuse(~there, Reason.NO_POSITION, range_name[:3], "a range and azimuth")


def _cartesian(plots: Plots, origins: Origins, x_name: str, y_name: str) -> None:
    """Positions in x and y where there is none in latitude and longitude or range and azimuth."""
    without = ~plots.has("latitude_rad") & ~plots.has("range_m")
    x, there = plots.read(x_name)
    y, _ = plots.read(y_name)
    plots.refuse(without & ~there, Reason.NO_POSITION, x_name[:3], "a position")
    sensors = plots.values("sensor_id")
    for sensor_id in np.unique(sensors[without & there]).tolist():
        if sensor_id in origins:
            rows = without & there & (sensors == sensor_id)
            latitude, longitude = np.zeros((2, plots.n))
            latitude[rows], longitude[rows] = _on_plane(x[rows], y[rows], *origins[sensor_id])
            plots.put("latitude_rad", latitude, rows)
            plots.put("longitude_rad", longitude, rows)
    plots.refuse(without & there & ~plots.has("latitude_rad"), Reason.UNKNOWN_SENSOR, x_name[:3],
                 "a sensor whose reference point is known")


def _on_plane(x_m: F64, y_m: F64, latitude_rad: float,
              longitude_rad: float) -> tuple[F64, F64]:
    """Latitude and longitude of points (n,) on the plane that touches the ellipsoid at a point,
    x to the east and y to the north."""
    axes = np.zeros(9)
    fill_axes(latitude_rad, longitude_rad, axes)
    origin = geodetic_to_ecef(np.array([latitude_rad]), np.array([longitude_rad]), np.zeros(1))
    points = ecef_to_geodetic(origin + np.outer(x_m, axes[:3]) + np.outer(y_m, axes[3:6]))
    return points[:, 0], points[:, 1]


def _flags(plots: Plots, item: str) -> None:
    for name, flag in (("SIM", PlotFlag.SIMULATED), ("TST", PlotFlag.TEST),
                       ("RAB", PlotFlag.FIXED_TRANSPONDER), ("SPI", PlotFlag.SPI),
                       ("GBS", PlotFlag.ON_GROUND)):
        plots.flag(plots.is_set(f"{item}/{name}"), flag)


def _codes(plots: Plots, level: str, address: str, callsign: str, track: str) -> None:
    """Mode 3/A, Mode C, address, identification, track number. A code that is not validated or
    garbled (V, G) stays and is flagged; so does a height."""
    code, there = plots.raw("070/MODE3A")
    plots.put("mode_3a", code.astype(np.uint16), there)
    plots.flag(plots.is_set("070/V") | plots.is_set("070/G"), PlotFlag.CODE_GARBLED)
    height, there = plots.read(level)
    plots.put("mode_c_m", height * M_PER_FL, there)
    plots.flag(plots.is_set("090/V") | plots.is_set("090/G"), PlotFlag.HEIGHT_GARBLED)
    number, there = plots.raw(address)
    plots.put("icao_address", number.astype(np.uint32), there)
    text, there = plots.read(callsign)
    if there.any():
        stripped = np.char.rstrip(text.astype("S8"))
        plots.put("callsign", stripped, there & (stripped != b""))
    number, there = plots.raw(track)
    plots.put("sensor_track", number.astype(np.int32), there)


def _polar_velocity(plots: Plots, speed_name: str, heading_name: str) -> None:
    speed, there = plots.read(speed_name)
    heading, turned = plots.read(heading_name)
    _velocity(plots, speed * MS_PER_NM_S * np.sin(np.radians(heading)),
              speed * MS_PER_NM_S * np.cos(np.radians(heading)), there & turned)


def _cartesian_velocity(plots: Plots, x_name: str, y_name: str) -> None:
    east, there = plots.read(x_name)
    north, _ = plots.read(y_name)
    _velocity(plots, east, north, there)


def _velocity(plots: Plots, east: F64, north: F64, there: Bool) -> None:
    plots.put("velocity_east_ms", east, there)
    plots.put("velocity_north_ms", north, there)


def _deviation(plots: Plots, x_name: str, y_name: str) -> None:
    """One standard deviation of both axes; a deviation of 0 says nothing."""
    x, there = plots.read(x_name)
    y, _ = plots.read(y_name)
    sigma = np.sqrt((x * x + y * y) / 2)
    plots.put("sigma_m", sigma, there & (sigma > 0))


def _multistatic(plots: Plots, origins: Origins) -> None:
    """CAT015, independent non-cooperative surveillance (SPEC-0149-30): a position on the ground
    plane is taken as primary; plots of range or angle alone are refused."""
    plots.keep(plots.is_set("000/MT", 1, 2, 3, 4) | ~plots.table.has("000"))
    plots.time("145")
    plots.put_needed("kind", PlotKind.PSR * np.ones(plots.n, np.uint8))
    latitude, there = plots.read("600/P84/LATITUDE")
    longitude, _ = plots.read("600/P84/LONGITUDE")
    plots.put("latitude_rad", np.radians(latitude), there)
    plots.put("longitude_rad", np.radians(longitude), there)
    plots.refuse(~there, Reason.NO_POSITION, "600/P84", "a position")
    height, there = plots.read("601/GH")
    plots.put("height_m", height, there)
    number, there = plots.raw("161")
    plots.put("sensor_track", number.astype(np.int32), there)
    _cartesian_velocity(plots, "602/HV/X", "602/HV/Y")
    _deviation(plots, "600/HPP/SDHPX", "600/HPP/SDHPY")
    rate, there = plots.read("604/VV")
    plots.put("vertical_rate_ms", rate, there)


FILLERS: dict[int, Callable[[Plots, Origins], None]] = {
    1: _old_radar, 10: _surface, 15: _multistatic, 20: _multilateration, 21: _adsb, 48: _radar}

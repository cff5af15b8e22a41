"""Decoded service messages as sensor states: CAT002, 019, 023, 025, 034, 063 and 065."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from jointsky.codec.asterix.decode import Decoded
from jointsky.codec.asterix.filling import M_PER_NM, Filling, arrival_of, in_order
from jointsky.model.batch import I64
from jointsky.model.schema import RejectBatch, SensorStatusBatch, StatusKind
from jointsky.model.world import World

Statuses = Filling[SensorStatusBatch]


def statuses_of(decoded: Decoded, received_ns: I64, frame_seq: I64,
                world: World) -> tuple[SensorStatusBatch, RejectBatch]:
    """Service messages in the order in which they stood in the frames.

    received_ns, frame_seq (k,): as for `plots_of`. Messages without source or time of day come
    back as rejects.
    """
    arrival = arrival_of(decoded, received_ns, frame_seq, world)
    parts = []
    for table in decoded.tables:
        if table.category in FILLERS:
            statuses = Filling(SensorStatusBatch, table, arrival)
            statuses.put_needed("received_ns", statuses.received_ns)
            FILLERS[table.category](statuses)
            parts.append(statuses.finish())
    return in_order(SensorStatusBatch, parts, world)


def _radar(statuses: Statuses) -> None:
    """CAT034 (SPEC-0149-2b) and CAT002, monoradar service messages."""
    statuses.source()
    statuses.time("030")
    message, _ = statuses.read("000")
    statuses.put_needed("kind", np.select(
        [message == 1, message == 2], [StatusKind.NORTH_MARK, StatusKind.SECTOR_CROSSING],
        StatusKind.SENSOR_STATUS))
    azimuth, there = statuses.read("020")
    statuses.put("azimuth_rad", np.radians(azimuth), there)
    period, there = statuses.read("041")
    statuses.put("period_s", period, there & (period > 0))
    statuses.position("120")
    height, there = statuses.read("120/HGT")
    statuses.put("height_m", height, there)
    _released(statuses, "050/COM/NOGO", 0)


def _multilateration(statuses: Statuses) -> None:
    """CAT019, state of a multilateration system (SPEC-0149-18)."""
    statuses.source()
    statuses.time("140")
    statuses.put_needed("kind", StatusKind.SENSOR_STATUS * np.ones(statuses.n, np.uint8))
    statuses.position("600")
    height, there = statuses.read("610")
    statuses.put("height_m", height, there)
    _released(statuses, "550/NOGO", 0, 1)


def _station(statuses: Statuses) -> None:
    """CAT023 and CAT025, state of a ground station."""
    statuses.source()
    statuses.time("070")
    statuses.put_needed("kind", StatusKind.SENSOR_STATUS * np.ones(statuses.n, np.uint8))
    statuses.position("600")
    height, there = statuses.read("610")
    statuses.put("height_m", height, there)
    _released(statuses, "100/NOGO", 0)


def _sensor(statuses: Statuses) -> None:
    """CAT063, a tracking system about one of its sensors; the row is the sensor's."""
    statuses.source("050")
    statuses.time("030")
    statuses.put_needed("kind", StatusKind.SENSOR_STATUS * np.ones(statuses.n, np.uint8))
    _released(statuses, "060/CON", 0, 1)
    time_ms, there = statuses.read("070")
    statuses.put("time_bias_s", time_ms / 1000, there)
    # Of a combined radar that has two, those of SSR.
    for name, scale, primary, secondary in (("range_bias_m", M_PER_NM, "090/PRB", "080/SRB"),
                                            ("azimuth_bias_rad", np.pi / 180, "091", "081")):
        first, has_first = statuses.read(primary)
        second, has_second = statuses.read(secondary)
        statuses.put(name, np.where(has_second, second, first) * scale, has_first | has_second)


def _system(statuses: Statuses) -> None:
    """CAT065, a tracking system about itself."""
    statuses.source()
    statuses.time("030")
    statuses.put_needed("kind", StatusKind.SYSTEM_STATUS * np.ones(statuses.n, np.uint8))
    _released(statuses, "040/NOGO", 0, 1)



def _released(statuses: Statuses, name: str, *good: int) -> None:
    """Whether the data may be used: yes when the leaf has one of the good values."""
    value, there = statuses.read(name)
    statuses.put("operational", np.isin(value, good).astype(np.uint8), there)


FILLERS: dict[int, Callable[[Statuses], None]] = {
    2: _radar, 19: _multilateration, 23: _station, 25: _station, 34: _radar, 63: _sensor,
    65: _system}

"""What a unit says of itself and its sensors: CAT065 and CAT063 blocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jointsky.codec.asterix.draft import Draft
from jointsky.codec.asterix.encode import BLOCK_LIMIT
from jointsky.codec.asterix.filling import M_PER_NM
from jointsky.codec.asterix.time_of_day import time_of_day_of
from jointsky.model.batch import F64, I32, U8, Bool

SYSTEM_STATUS, END_OF_BATCH = 1, 2
# I063/060 CON and I065/040 NOGO.
OPERATIONAL, DEGRADED, INITIALISING, NOT_CONNECTED = 0, 1, 2, 3
# The largest biases that 16 bits hold: time in ms, range in 1/128 NM, azimuth of half a turn.
LIMIT, NM_STEP, MOST_RAD = 32_000, 1 / 128, 3.1


def encode_system_status(unit_id: int, time_ns: int, *, operational: bool = True,
                         overloaded: bool = False, no_time_source: bool = False,
                         service: int = 1) -> bytes:
    """A CAT065 block: the state of the unit (SDPS status) at a UTC time.

    Not operational is sent as degraded: a unit that is not connected says nothing.
    """
    draft = _system(unit_id, time_ns, SYSTEM_STATUS, service)
    draft.put("040/NOGO", np.array([OPERATIONAL if operational else DEGRADED]))
    draft.put("040/OVL", np.array([int(overloaded)]))
    draft.put("040/TSV", np.array([int(no_time_source)]))
    return draft.blocks()[0]


def encode_end_of_batch(unit_id: int, time_ns: int, batch: int, *, service: int = 1) -> bytes:
    """A CAT065 block: all tracks of a cycle have been sent; batch: its number, 0 to 255."""
    draft = _system(unit_id, time_ns, END_OF_BATCH, service)
    draft.put("020", np.array([batch & 0xFF]))
    return draft.blocks()[0]


def _system(unit_id: int, time_ns: int, message: int, service: int) -> Draft:
    draft = Draft(65, 1)
    draft.source("010", np.array([unit_id], np.int32))
    draft.put("000", np.array([message]))
    draft.put("015", np.array([service]))
    draft.put("030", time_of_day_of(np.array([time_ns])))
    return draft


@dataclass(frozen=True)
class SensorBiases:
    """Biases of sensors (n,), measured minus true, NaN where not known. primary: of a primary
    radar; the others are told as those of SSR or Mode S."""

    primary: Bool
    range_m: F64
    azimuth_rad: F64
    time_s: F64


def encode_sensor_status(unit_id: int, time_ns: int, sensor_id: I32, state: U8,
                         biases: SensorBiases | None = None, limit: int = BLOCK_LIMIT, *,
                         service: int = 1) -> list[bytes]:
    """CAT063 blocks: how a unit sees its sensors (n,) at a UTC time.

    state (n,): OPERATIONAL, DEGRADED, INITIALISING or NOT_CONNECTED. biases: I063/070 to 091, as
    far as they fit; no gain of range is known, and 0 is sent.
    """
    n = len(sensor_id)
    draft = Draft(63, n)
    draft.source("010", np.full(n, unit_id, np.int32))
    draft.put("015", np.full(n, service))
    draft.put("030", np.repeat(time_of_day_of(np.array([time_ns])), n))
    draft.source("050", sensor_id)
    draft.put("060/CON", state)
    if biases is not None:
        _put_biases(draft, biases)
    return draft.blocks(limit) if n else []


def _put_biases(draft: Draft, biases: SensorBiases) -> None:
    time_ms = np.clip(np.nan_to_num(biases.time_s) * 1000, -LIMIT, LIMIT)
    draft.put("070", time_ms, ~np.isnan(biases.time_s))
    range_nm = np.clip(np.nan_to_num(biases.range_m) / M_PER_NM, -LIMIT * NM_STEP, LIMIT * NM_STEP)
    azimuth_deg = np.degrees(np.clip(np.nan_to_num(biases.azimuth_rad), -MOST_RAD, MOST_RAD))
    for kind, gain, offset, azimuth in ((~biases.primary, "080/SRG", "080/SRB", "081"),
                                        (biases.primary, "090/PRG", "090/PRB", "091")):
        told = kind & ~np.isnan(biases.range_m)
        draft.put(gain, np.zeros(len(told)), told)
        draft.put(offset, range_nm, told)
        draft.put(azimuth, azimuth_deg, kind & ~np.isnan(biases.azimuth_rad))

"""What a unit says of itself and its sensors: CAT065 and CAT063 blocks."""

from __future__ import annotations

import numpy as np

from jointsky.codec.asterix.draft import Draft
from jointsky.codec.asterix.encode import BLOCK_LIMIT
from jointsky.codec.asterix.time_of_day import time_of_day_of
from jointsky.model.batch import I32, U8

SYSTEM_STATUS, END_OF_BATCH = 1, 2
# I063/060 CON and I065/040 NOGO.
OPERATIONAL, DEGRADED, INITIALISING, NOT_CONNECTED = 0, 1, 2, 3


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


def encode_sensor_status(unit_id: int, time_ns: int, sensor_id: I32, state: U8,
                         limit: int = BLOCK_LIMIT, *, service: int = 1) -> list[bytes]:
    """CAT063 blocks: how a unit sees its sensors (n,) at a UTC time.

    state (n,): OPERATIONAL, DEGRADED, INITIALISING or NOT_CONNECTED.
    """
    n = len(sensor_id)
    draft = Draft(63, n)
    draft.source("010", np.full(n, unit_id, np.int32))
    draft.put("015", np.full(n, service))
    draft.put("030", np.repeat(time_of_day_of(np.array([time_ns])), n))
    draft.source("050", sensor_id)
    draft.put("060/CON", state)
    return draft.blocks(limit) if n else []

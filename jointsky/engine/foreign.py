"""Tracks of other systems: kept as they say them, beside our own, until they are fused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from jointsky.model.batch import I64
from jointsky.model.clock import NS_PER_S
from jointsky.model.schema import TrackBatch, TrackState

KEEP_NS = 30 * NS_PER_S
NUMBERS_PER_SYSTEM = 65_536  # I062/040 has 16 bits


def keep(latest: TrackBatch, arrived: TrackBatch, now_ns: int) -> TrackBatch:
    """The latest state of each foreign track: those that arrived replace what was known of them.

    A track that its system ended, or that was not heard of for KEEP_NS, is shown once more as
    DROPPED and then forgotten.
    """
    if not len(latest) and not len(arrived):
        return latest
    known = latest.take(latest.state != TrackState.DROPPED)
    if len(arrived):
        joined = TrackBatch.join([known, arrived], known.world)
        key = _keys(joined)
        order = np.lexsort((np.arange(len(joined)), joined.time_ns, key))
        last = order[np.append(np.diff(key[order]) != 0, True)]
        first_ns = _first_seen(joined, key, last)
        known = joined.take(last)
        known = replace(known, started_ns=first_ns)
    stale = now_ns - np.maximum(known.updated_ns, known.time_ns) > KEEP_NS
    return replace(known, state=np.where(stale, np.uint8(TrackState.DROPPED), known.state))


def merge(own: TrackBatch, foreign: TrackBatch, systems: tuple[int, ...]) -> TrackBatch:
    """Own and foreign tracks as one picture, with numbers that are unique in it.

    The system that first brought a track keeps its numbers; those of the next ones are raised by
    NUMBERS_PER_SYSTEM each.
    """
    whole = TrackBatch.join([own, foreign], own.world)
    if len(systems) < 2:
        return whole
    order = np.argsort(systems)
    place = order[np.searchsorted(np.array(systems)[order], whole.unit_id)].astype(np.int32)
    number = whole.system_track_number + np.int32(NUMBERS_PER_SYSTEM) * place
    return replace(whole, system_track_number=number)


def with_systems(systems: tuple[int, ...], own_id: int | None,
                 foreign: TrackBatch) -> tuple[int, ...]:
    """The systems that have brought a track, new ones behind the old. own_id: this unit's, None
    while it has brought none."""
    brought = [] if own_id is None else [own_id]
    if len(foreign):
        brought += np.unique(foreign.unit_id).tolist()
    return (*systems, *(one for one in brought if one not in systems))


def _keys(tracks: TrackBatch) -> I64:
    key: I64 = tracks.unit_id.astype(np.int64) << 32 | tracks.system_track_number
    return key


def _first_seen(joined: TrackBatch, key: I64, last: I64) -> I64:
    """When each kept track was first seen; systems seldom say it themselves."""
    since = np.where(joined.started_ns > 0, joined.started_ns, joined.time_ns)
    _, inverse = np.unique(key, return_inverse=True)
    first = np.full(int(inverse.max()) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, inverse, since)
    return first[inverse[last]]

"""Ghosts: several tracks under one aircraft address, when there is one aircraft.

An aircraft that was lost and is found elsewhere goes on under its number. A reflection, which says
all that the aircraft says from further away, is not shown; two aircraft that share an address by
mistake are, once each has proved to be one. An address is evidence here too: nothing is done to
tracks whose motion, code or height speaks against one aircraft.
"""

from __future__ import annotations

import math

from jointsky.kernels.jit import inlined
from jointsky.model.batch import I32, I64
from jointsky.track.arrays import (
    CONFIRMED,
    DROPPED,
    FREE,
    MERGED,
    NEVER,
    NONE,
    POLAR,
    SEEN,
    TENTATIVE,
    SensorRow,
    Sensors,
    Track,
    Tracks,
)

# What a tentative track must bring (`Track.rival`): nothing more than others, a few plots more, or
# as many as an aircraft that is really there and is seen at most looks.
NO_RIVAL, OTHER_AIRCRAFT, REFLECTION = 0, 1, 2
OTHER_HITS, REAL_HITS, REAL_SHARE = 8, 12, 0.75
# A reflection comes from further away.
DETOUR_M = 300.0
HEIGHT_AGREES_M = 400.0
# Nothing goes on elsewhere faster, from where it was last known to be at most this far off.
JUMP_M_S, JUMP_M = 350.0, 1000.0
# A track this many turns older than the other's newest plot is silent.
SILENT_TURNS = 1.5
# A multiplier of Fibonacci hashing, and addresses have 24 bits.
HASH, HASH_BITS = 40503, 0xFFFFFF


@inlined
def drop(t: Track, now_ns: int) -> None:
    """A track nobody saw just goes; one with a number is remembered for a while."""
    t.state = DROPPED if t.state == CONFIRMED else FREE
    t.dropped_ns = now_ns


@inlined
def sort_out(tracks: Tracks, sensors: Sensors, looks: I64, table: I32, now_ns: int,
             counters: I64) -> None:
    """Look at all tracks that share an address. table: scratch, a power of two of places, at least
    twice as many as slots: for each address one confirmed track, the first."""
    for k in range(table.shape[0]):
        table[k] = NONE
    for i in range(tracks.shape[0]):
        t = tracks[i]
        if t.state == CONFIRMED and t.address_weight > 0:
            place = _place_of(t.address, tracks, table)
            if table[place] == NONE:
                table[place] = i
            else:
                table[place] = _settle(tracks, table[place], i, sensors, looks, now_ns, counters)
    for i in range(tracks.shape[0]):
        t = tracks[i]
        if t.state == TENTATIVE:
            t.rival = NO_RIVAL
            if t.address_weight > 0:
                owner = table[_place_of(t.address, tracks, table)]
                if owner != NONE:
                    t.rival = _rival(t, tracks[owner], sensors[t.first_sensor])


@inlined
def may_confirm(t: Track) -> bool:
    """Whether a tentative track has brought what it must in spite of another with its address."""
    if t.rival == REFLECTION:
        return _is_real(t)
    return bool(t.rival == NO_RIVAL or t.hits >= OTHER_HITS)


@inlined
def _place_of(address: int, tracks: Tracks, table: I32) -> int:
    """Where the table has an address, or where it is free for it."""
    last = table.shape[0] - 1
    place = ((address & HASH_BITS) * HASH >> 8) & last
    while table[place] != NONE and tracks[table[place]].address != address:
        place = (place + 1) & last
    return int(place)


@inlined
def _agree(t: Track, other: Track) -> bool:
    """Whether code and height, where both are known, are those of one aircraft."""
    return bool(not (t.code_weight > 0 and other.code_weight > 0 and t.code != other.code)
                and heights_agree(t, other))


@inlined
def heights_agree(t: Track, other: Track) -> bool:
    """Whether two tracks may be at one height; also if that is not known of both."""
    return bool(min(t.height_ns, other.height_ns) == NEVER
                or abs(t.height[0] - other.height[0]) <= HEIGHT_AGREES_M)


@inlined
def _further(t: Track, other: Track, sensor: SensorRow) -> bool:
    """Whether a track is further from a radar than another."""
    t_m, other_m, antenna = 0.0, 0.0, sensor.origin
    for k in range(3):
        t_m += (t.point[k] - antenna[k]) ** 2
        other_m += (other.point[k] - antenna[k]) ** 2
    return bool(sensor.form == POLAR and math.sqrt(t_m) > math.sqrt(other_m) + DETOUR_M)


@inlined
def _rival(t: Track, owner: Track, sensor: SensorRow) -> int:
    """What a tentative track is, whose address a confirmed one has. sensor: that of its first plot.

    One that began after the other was last heard may be the same aircraft found again.
    """
    if (owner.updated_ns < t.started_ns - sensor.period_ns // 2
            or t.updated_ns - owner.updated_ns > SILENT_TURNS * sensor.period_ns):
        return NO_RIVAL
    if not _agree(t, owner):
        return OTHER_AIRCRAFT
    return REFLECTION if _further(t, owner, sensor) else NO_RIVAL


@inlined
def _settle(tracks: Tracks, i: int, j: int, sensors: Sensors, looks: I64, now_ns: int,
            counters: I64) -> int:
    """What becomes of two confirmed tracks of one address; returns the one to go by."""
    elder, younger = i, j
    if (tracks[j].started_ns < tracks[i].started_ns
            or (tracks[j].started_ns == tracks[i].started_ns
                and tracks[j].serial < tracks[i].serial)):
        elder, younger = j, i
    old, new = tracks[elder], tracks[younger]
    if not _agree(old, new):
        return elder
    if _is_silent(looks[elder], looks[younger], old, new, sensors):
        # Lost and found: it began after the elder was last heard.
        if new.started_ns > old.updated_ns and _within_jump(old, new, now_ns):
            _go_on(tracks, elder, younger, looks)
            drop(tracks[younger], now_ns)
            counters[MERGED] += 1
        return elder
    if _is_silent(looks[younger], looks[elder], new, old, sensors):
        if new.hits < REAL_HITS and _within_jump(new, old, now_ns):
            drop(new, now_ns)
            counters[MERGED] += 1
        return elder
    for s in range(sensors.shape[0]):
        since_ns = now_ns - 2 * sensors[s].period_ns
        if min(looks[i, s, SEEN], looks[j, s, SEEN]) > since_ns:
            if _further(new, old, sensors[s]) and not _is_real(new):
                drop(new, now_ns)
                return elder
            if _further(old, new, sensors[s]) and not _is_real(old):
                drop(old, now_ns)
                return younger
    return elder


@inlined
def _is_real(t: Track) -> bool:
    """Whether a track has shown to be an aircraft though another has its address."""
    return bool(t.hits >= REAL_HITS and t.share >= REAL_SHARE)


@inlined
def _is_silent(look: I64, other: I64, t: Track, fresh: Track, sensors: Sensors) -> bool:
    """Whether a sensor that saw track t sees the other one instead for more than a turn."""
    for s in range(sensors.shape[0]):
        if (look[s, SEEN] != NEVER and fresh.updated_ns > t.updated_ns
                and other[s, SEEN] - t.updated_ns > SILENT_TURNS * sensors[s].period_ns):
            return True
    return False


@inlined
def _within_jump(lost: Track, found: Track, now_ns: int) -> bool:
    """Whether an aircraft can be where one track is, having been where the other was last seen."""
    lost_s = (now_ns - lost.updated_ns) * 1e-9
    east, north = lost.mean[2], lost.mean[3]
    reach_m = JUMP_M + (JUMP_M_S + math.sqrt(east * east + north * north)) * lost_s
    apart2 = 0.0
    for k in range(3):
        apart2 += (lost.point[k] - found.point[k]) ** 2
    return bool(apart2 <= reach_m * reach_m)


@inlined
def _go_on(tracks: Tracks, elder: int, younger: int, looks: I64) -> None:
    """The elder goes on as what the younger is, under its own number and serial."""
    t = tracks[elder]
    number, serial, started_ns, hits = t.number, t.serial, t.started_ns, t.hits
    sources = t.sources | tracks[younger].sources
    tracks[elder] = tracks[younger]
    t.number, t.serial, t.started_ns = number, serial, started_ns
    t.hits, t.sources = t.hits + hits, sources
    for s in range(looks.shape[1]):
        for k in range(looks.shape[2]):
            looks[elder, s, k] = looks[younger, s, k]

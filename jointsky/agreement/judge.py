"""How far each track gets with each grant: the conditions of a release, compiled.

A grant fits if all of its conditions hold; else the first that does not, in the order of `Cause`,
says why. The first grant that fits lets a track go; where none does, the one that got furthest
gives the cause.
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from jointsky.kernels.jit import inlined, kernel
from jointsky.model.batch import F64, I32, I64, U8, U16, U64
from jointsky.model.schema import Identity, PlotFlag, TrackBatch


class Cause(IntEnum):
    """Why a track does not go; ALLOWED: it does.

    In order: whoever gets further has a later cause. clock: the time cannot be trusted; world: of
    a world that is not shared; fault: deciding failed; no_agreement: none in force between the
    two; stale: the rules were made for a time that is over; no_grant: none from this sender to
    this recipient; then the conditions of a grant; provenance: of a contribution that may not go
    there; overflow: more wait for their time than can be kept.
    """

    ALLOWED = 0
    CLOCK = 1
    WORLD = 2
    FAULT = 3
    NO_AGREEMENT = 4
    STALE = 5
    NO_GRANT = 6
    AREA = 7
    HEIGHT = 8
    IDENTITY = 9
    CATEGORY = 10
    BEFORE_FORCE = 11
    DELAY = 12
    PROVENANCE = 13
    OVERFLOW = 14

    @property
    def word(self) -> str:
        """How files and people call it."""
        return self.name.lower()


# As numbers, which is what kernels know; FITS: nothing stands against it.
(NO_GRANT, AREA, HEIGHT, IDENTITY, CATEGORY, BEFORE_FORCE, DELAY) = (
    int(cause) for cause in (Cause.NO_GRANT, Cause.AREA, Cause.HEIGHT, Cause.IDENTITY,
                             Cause.CATEGORY, Cause.BEFORE_FORCE, Cause.DELAY))
FITS = 1000
NONE = -1

CATEGORY_NAMES = ("cooperative", "non_cooperative", "on_ground", "emergency", "simulated")
COOPERATIVE, NON_COOPERATIVE, ON_GROUND, EMERGENCY, SIMULATED = (1 << k for k in range(5))
FLAG_ON_GROUND, FLAG_EMERGENCY = int(PlotFlag.ON_GROUND), int(PlotFlag.EMERGENCY)
FLAG_SIMULATED = int(PlotFlag.SIMULATED | PlotFlag.TEST)
HIJACK, RADIO_FAILURE, DISTRESS = 0o7500, 0o7600, 0o7700
IDENTITIES = len(Identity)
ANSWERS = (TrackBatch.bit("mode_3a") | TrackBatch.bit("mode_c_m") | TrackBatch.bit("icao_address")
           | TrackBatch.bit("callsign"))
MODE_3A, MODE_C = TrackBatch.bit("mode_3a"), TrackBatch.bit("mode_c_m")
HEIGHT_M = TrackBatch.bit("height_m")

# What a grant asks of a track. area: its column of the places, NONE for everywhere; tall: 1 if it
# has a floor or a ceiling; identities: bit i for `Identity` i; categories: bits as above; begin_ns,
# end_ns: of the standing it is in.
GRANT = np.dtype([
    ("area", "i8"), ("tall", "u1"), ("identities", "u1"), ("categories", "u1"),
    ("floor_m", "f8"), ("ceiling_m", "f8"), ("begin_ns", "i8"), ("end_ns", "i8"),
    ("delay_ns", "i8")])
# What a grant is asked about: time of the state; placed: 1 if its position is one; lowest and
# highest of the heights known, heights: 1 if any is; identity as a bit, 0 if it is none.
FACT = np.dtype([
    ("time_ns", "i8"), ("lowest_m", "f8"), ("highest_m", "f8"), ("heights", "u1"),
    ("placed", "u1"), ("identity", "u1"), ("categories", "u1")])
Facts: TypeAlias = npt.NDArray[np.void]
Grants: TypeAlias = npt.NDArray[np.void]
# One record of them.
Fact: TypeAlias = Any
Asked: TypeAlias = Any


def facts_of(tracks: TrackBatch) -> Facts:
    """What grants ask about, of each track: FACT (n,)."""
    out = np.empty(len(tracks), FACT)
    fill_facts(tracks.time_ns, tracks.present, tracks.identity, tracks.flags,
               tracks.latitude_rad, tracks.longitude_rad, tracks.mode_c_m, tracks.height_m,
               tracks.mode_3a, out)
    return out


@kernel
def fill_facts(time_ns: I64, present: U64, identity: U8, flags: U16, latitude_rad: F64,
               longitude_rad: F64, mode_c_m: F64, height_m: F64, mode_3a: U16,
               out: Facts) -> None:
    """Facts (n,) from columns of a `TrackBatch`."""
    for i in range(time_ns.shape[0]):
        fact: Fact = out[i]
        fact.time_ns = time_ns[i]
        fact.placed = 1 if (abs(latitude_rad[i]) <= math.pi / 2
                            and abs(longitude_rad[i]) <= 2 * math.pi) else 0
        fact.identity = 1 << identity[i] if identity[i] < IDENTITIES else 0
        fact.categories = categories_of(present[i], flags[i], mode_3a[i])
        low, high, known = np.inf, -np.inf, 0
        if present[i] & MODE_C:
            low, high, known = mode_c_m[i], mode_c_m[i], 1
        if present[i] & HEIGHT_M:
            # One that is not a number stays, for it must fit no band.
            if known == 0 or height_m[i] < low or math.isnan(height_m[i]):
                low = height_m[i]
            if known == 0 or height_m[i] > high or math.isnan(height_m[i]):
                high = height_m[i]
            known = 1
        fact.lowest_m, fact.highest_m, fact.heights = low, high, known


@inlined
def categories_of(present: int, flags: int, mode_3a: int) -> int:
    """All categories of a track, as bits."""
    found = COOPERATIVE if present & ANSWERS else NON_COOPERATIVE
    if flags & FLAG_ON_GROUND:
        found |= ON_GROUND
    urgent = present & MODE_3A and mode_3a in (HIJACK, RADIO_FAILURE, DISTRESS)
    if flags & FLAG_EMERGENCY or urgent:
        found |= EMERGENCY
    if flags & FLAG_SIMULATED:
        found |= SIMULATED
    return found


@kernel
def judge(facts: Facts, inside: U8, also: Facts, also_inside: U8, grants: Grants, usable: I64,
          now_ns: int, which: I32, cause: U8) -> None:
    """Decide tracks (n,) by the grants of one recipient.

    inside, also_inside (n, areas): see `jointsky.agreement.regions`; also (n,), or none at all: a
    second state of each track, which must fit as well; usable (g,): rows of the grants to go
    through, in order. Into which (n,) the row of the grant that lets the track go, or that got
    furthest, NONE if there is none at all; into cause (n,) 0 or the `Cause`.
    """
    twice = also.shape[0] > 0
    for i in range(facts.shape[0]):
        best, found = NO_GRANT, NONE
        for k in range(usable.shape[0]):
            row = usable[k]
            reached = stage(facts[i], inside[i], grants[row], now_ns)
            if twice and reached > NO_GRANT:
                reached = min(reached, stage(also[i], also_inside[i], grants[row], now_ns))
            if reached > best:
                best, found = reached, row
            if best == FITS:
                break
        which[i] = found
        cause[i] = 0 if best == FITS else best


@inlined
def stage(fact: Fact, inside: U8, grant: Asked, now_ns: int) -> int:
    """FITS, or which condition of a grant does not hold first. inside (areas,)."""
    if not grant.begin_ns <= now_ns < grant.end_ns:
        return NO_GRANT
    if fact.placed == 0 or (grant.area != NONE and inside[grant.area] == 0):
        return AREA
    if grant.tall == 1 and not (fact.heights == 1 and fact.lowest_m >= grant.floor_m
                                and fact.highest_m <= grant.ceiling_m):
        return HEIGHT
    if fact.identity & grant.identities == 0:
        return IDENTITY
    if fact.categories & ~grant.categories != 0:
        return CATEGORY
    if fact.time_ns < grant.begin_ns:
        return BEFORE_FORCE
    if fact.time_ns > now_ns - grant.delay_ns:
        return DELAY
    return FITS

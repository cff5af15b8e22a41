"""Screen: which arriving reports are fit for tracking, sensor by sensor; the others are counted.

What is judged here is how reports arrive, not what they say of aircraft: so this memory belongs to
the input and is not rolled back when tracks are.

- A report that has come before (the same measurement at the same time, perhaps by another route)
  counts once. Recognised by a 64-bit hash in a table of fixed size.
- A sensor that delivers many times what it used to is cut: each eighth of a turn may bring so many
  reports, the first to come are taken. While that lasts, its reports confirm tracks and start none.
- A sensor that puts one address at two places within a turn, or whose codes for an address keep
  changing, contradicts itself. That is counted and nothing more: association weighs evidence.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from jointsky.kernels.jit import inlined, kernel
from jointsky.model.batch import F64, I32, I64, U8, U16, U32, U64
from jointsky.model.reject import Reason
from jointsky.track.arrays import NEVER, Plot, Plots, SensorRow, Sensors, Settings

# Reasons by their place in the tally; 0 is for reports that were used.
REASONS = (Reason.UNKNOWN_SENSOR, Reason.BAD_VALUE, Reason.NO_POSITION, Reason.CLOCK, Reason.LATE,
           Reason.FUTURE, Reason.NOT_AIRCRAFT, Reason.DUPLICATE, Reason.FLOOD,
           Reason.CONTRADICTORY)
USED = 0
(UNKNOWN_SENSOR, BAD_VALUE, NO_POSITION, CLOCK, LATE, FUTURE, NOT_AIRCRAFT, DUPLICATE, FLOOD,
 CONTRADICTORY) = range(1, len(REASONS) + 1)

SLICES = 8  # of a turn
RING = 64
TURN_NS_MIN = 1_000_000_000
# So many turns make a history, and weigh in its mean.
TURNS_LEAST, TURNS_WEIGHED = 4, 16

WAYS, SETS = 4, 8_192
PLACES = 8_192
FAR_M, FAST_MS = 20_000.0, 1_000.0
FLIP_UP, FLIPS_MAX = 2, 6

Rate: TypeAlias = Any
Spot: TypeAlias = Any

# How many reports a sensor brings. turn, cut_turn: number of the latest turn and of the latest in
# which some were cut; counts of slices of turns in a ring; mean of `turns` whole turns.
RATE = np.dtype([
    ("turn", "i8"), ("cut_turn", "i8"), ("in_turn", "i8"), ("turns", "i8"), ("mean", "f8"),
    ("slice", "i8", (RING,)), ("in_slice", "i8", (RING,))])
# Where a sensor last put an address, and how often the code has changed of late.
SPOT = np.dtype([("key", "i8"), ("time_ns", "i8"), ("point", "f8", (3,)), ("code", "i4"),
                 ("flips", "i4")])


class Screen(NamedTuple):
    """Memory of the screen.

    tally (sensors, reasons + 1): reports by what became of them, `USED` first; clock_ns
    (sensors,): how far a sensor's clock was off at its latest report, 0 when that was used; rates
    (sensors,); heard (SETS, WAYS): hashes of reports; spots (PLACES,); fate: what became of each
    row of the batch that came last.
    """

    tally: I64
    clock_ns: I64
    rates: npt.NDArray[np.void]
    heard: U64
    spots: npt.NDArray[np.void]
    fate: U8


def make_screen() -> Screen:
    """A screen of no sensors that has heard nothing."""
    return Screen(np.zeros((0, len(REASONS) + 1), np.int64), np.zeros(0, np.int64),
                  _rates(0), np.zeros((SETS, WAYS), np.uint64), np.zeros(PLACES, SPOT),
                  np.empty(0, np.uint8))


def with_rows(screen: Screen, sensors: int) -> Screen:
    """The screen with rows for so many sensors, no fewer than before."""
    more = sensors - len(screen.clock_ns)
    return screen._replace(
        tally=np.concatenate([screen.tally, np.zeros((more, len(REASONS) + 1), np.int64)]),
        clock_ns=np.concatenate([screen.clock_ns, np.zeros(more, np.int64)]),
        rates=np.concatenate([screen.rates, _rates(more)]))


def copy_of(screen: Screen) -> Screen:
    """An independent copy."""
    parts: list[Any] = [part.copy() for part in screen]
    return Screen(*parts)


def counts_of(screen: Screen, row: int) -> dict[str, int]:
    """Reports of one sensor that were refused, or contradicted others, by reason; none of 0."""
    return {reason.value: int(count)
            for reason, count in zip(REASONS, screen.tally[row, 1:], strict=True) if count}


def floods(screen: Screen, row: int) -> bool:
    """Whether a sensor brings too much at present."""
    return int(screen.rates["turn"][row] - screen.rates["cut_turn"][row]) <= 1


def _rates(sensors: int) -> npt.NDArray[np.void]:
    rates = np.zeros(sensors, RATE)
    rates["turn"] = rates["slice"] = NEVER
    rates["cut_turn"] = NEVER - RING
    return rates


@kernel
def sift(plots: Plots, rows: I32, present: U64, kind: U8, range_m: F64, azimuth_rad: F64,
         latitude_rad: F64, longitude_rad: F64, mode_3a: U16, mode_c_m: F64, icao_address: U32,
         sensors: Sensors, settings: Settings, fate: U8, tally: I64, rates: npt.NDArray[np.void],
         heard: U64, spots: npt.NDArray[np.void]) -> int:
    """Sift plots (n,) made ready, of the rows (n,) of a batch with these columns; those that stay
    move to the front. Returns how many."""
    reals = (range_m.view(np.uint64), azimuth_rad.view(np.uint64), latitude_rad.view(np.uint64),
             longitude_rad.view(np.uint64), mode_c_m.view(np.uint64))
    kept = 0
    for j in range(rows.shape[0]):
        i, plot = rows[j], plots[j]
        s, sensor = plot.sensor, sensors[plot.sensor]
        mixed = mix(mix(np.uint64(plot.time_ns), np.uint64(s)), present[i])
        mixed = mix(mix(mixed, np.uint64(kind[i])), np.uint64(mode_3a[i]))
        mixed = mix(mixed, np.uint64(icao_address[i]))
        for cells in reals:
            mixed = mix(mixed, cells[i])
        if was_heard(heard[mixed & np.uint64(SETS - 1)], mixed | np.uint64(1)):
            fate[i] = DUPLICATE
        elif not admit(rates[s], plot, sensor, settings):
            fate[i] = FLOOD
        elif kept < j:
            plots[kept] = plots[j]
        tally[s, fate[i]] += 1
        if fate[i] == USED:
            if plot.address >= 0:
                spot = mix(np.uint64(plot.address), np.uint64(s)) & np.uint64(PLACES - 1)
                tally[s, CONTRADICTORY] += contradicts(spots[spot], plot, sensor)
            kept += 1
    return kept


@inlined
def mix(mixed: Any, more: Any) -> Any:
    """Stir 64 more bits into a hash (the multiplier of MurmurHash3's finaliser)."""
    mixed = (mixed ^ more) * np.uint64(0xFF51AFD7ED558CCD)
    return mixed ^ (mixed >> np.uint64(32))


@inlined
def was_heard(ways: U64, mixed: Any) -> bool:
    """Whether a hash is in its set; if not it goes in, and the oldest goes out."""
    for way in range(WAYS):
        if ways[way] == mixed:
            return True
    for way in range(WAYS - 1, 0, -1):
        ways[way] = ways[way - 1]
    ways[0] = mixed
    return False


@inlined
def admit(rate: Rate, plot: Plot, sensor: SensorRow, settings: Settings) -> bool:
    """Whether a sensor may bring one more plot in this slice of its turn. plot.quiet is set while
    it floods."""
    piece = plot.time_ns // (max(sensor.period_ns, TURN_NS_MIN) // SLICES)
    turn = piece // SLICES
    if turn > rate.turn:
        if rate.in_turn > 0 and rate.cut_turn != rate.turn:
            rate.turns += 1
            rate.mean += (rate.in_turn - rate.mean) / min(rate.turns, TURNS_WEIGHED)
        rate.turn, rate.in_turn = turn, 0
    if turn == rate.turn:
        rate.in_turn += 1
    most = settings.flood_most
    if rate.turns >= TURNS_LEAST:
        most = min(most, max(settings.flood_least, settings.flood_factor * rate.mean))
    place = piece % RING
    if rate.slice[place] < piece:
        rate.slice[place], rate.in_slice[place] = piece, 0
    rate.in_slice[place] += 1
    good = rate.in_slice[place] * SLICES <= most
    if not good:
        rate.cut_turn = rate.turn
    if rate.turn - rate.cut_turn <= 1:
        plot.quiet = 1
    return bool(good)


@inlined
def contradicts(spot: Spot, plot: Plot, sensor: SensorRow) -> int:
    """1 if a sensor puts an address too far from where it just was, or its code keeps changing."""
    found = 0
    key = plot.address << 16 | (plot.sensor + 1)
    if spot.key == key:
        dt_ns = abs(plot.time_ns - spot.time_ns)
        if dt_ns <= sensor.period_ns:
            dx, dy = plot.point[0] - spot.point[0], plot.point[1] - spot.point[1]
            dz, far_m = plot.point[2] - spot.point[2], FAR_M + FAST_MS * dt_ns * 1e-9
            if dx * dx + dy * dy + dz * dz > far_m * far_m:
                found = 1
        if plot.code >= 0 and spot.code >= 0:
            if plot.code != spot.code:
                spot.flips = min(spot.flips + FLIP_UP, FLIPS_MAX)
                found = 1 if spot.flips == FLIPS_MAX else found
            else:
                spot.flips = max(spot.flips - 1, 0)
    else:
        spot.flips, spot.code = 0, -1
    spot.key, spot.time_ns = key, plot.time_ns
    spot.code = plot.code if plot.code >= 0 else spot.code
    spot.point[0], spot.point[1], spot.point[2] = plot.point[0], plot.point[1], plot.point[2]
    return found

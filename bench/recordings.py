"""What real recordings tell of the tracker: python -m bench.recordings [FILE | MLAT ADSB].

An hour of a radar at Barcelona (shared data; or a recording of it that is named): the tracker gets
the plots without Mode 3/A, addresses and callsigns, which then judge what it made of them
(`jointsky.study.purity`). Goals: purity 0.97, completeness 0.95. Beside it the same with nothing
taken away, and why plots are not in a track of their own aircraft. The same of the recordings of
2016, of multilateration and of ADS-B.

Two hours of multilateration (CAT020) and ADS-B (CAT021 edition 0.23) at Barcelona: how far apart
they report the same aircraft (`jointsky.study.agreement`), as it is and after the biases that the
tracker's registration found are taken off.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import numpy as np

from jointsky.app.recordings import open_recording
from jointsky.engine.intake import read_frames
from jointsky.engine.sensing import station
from jointsky.model.clock import NS_PER_S
from jointsky.model.schema import PlotBatch, PlotFlag
from jointsky.model.sensor import Sensor, SensorKind, sensor_id_of
from jointsky.study.agreement import Differences, corrected, differences
from jointsky.study.purity import follow, losses_of, measure_purity
from jointsky.track import tracker
from jointsky.track.estimates import BiasEstimate, estimates_of
from jointsky.track.registration import finish
from jointsky.track.tuning import Tuning

RADAR = Sensor(sensor_id_of(20, 129), "Barcelona", SensorKind.PSR_SSR, math.radians(41.300702),
               math.radians(2.102058), 27.0, 4.0, 300_000.0, 80.0, 0.0016)
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "asterix"
FILE = SHARED / "barcelona_radar_cat048_20230502.ast"
PAIR = (SHARED / "barcelona_mlat_cat019_cat020_20160510.ast",
        SHARED / "barcelona_adsb_cat021_ed0.23_20160510.ast")
DATE, EDITIONS = date(2016, 5, 10), {21: "0.23"}
# Both recordings say that they come from source 0/107: here ADS-B has a number of its own.
MLAT, ADSB = sensor_id_of(0, 107), sensor_id_of(0, 108)
STEP_NS = 10 * NS_PER_S
# Times that are tried one after the other, to see what one for all aircraft can do at best.
EQUIPMENT = int(PlotFlag.TEST | PlotFlag.FIXED_TRANSPONDER)
TRIED_S = [round(0.1 * step, 1) for step in range(-12, 5)]


def read(path: Path, sensors: tuple[Sensor, ...] = (), editions: Mapping[int, str] | None = None,
         day: date | None = None) -> tuple[PlotBatch, tuple[Sensor, ...]]:
    """Plots of a recording in order of time, and its sensors."""
    opened = open_recording(path, sensors, editions, day)
    plots = read_frames(opened.first, opened.frames).plots
    return plots.take(np.argsort(plots.time_ns, kind="stable")), opened.first.sensors


def measure(plots: PlotBatch, sensors: tuple[Sensor, ...], name: str) -> None:
    """Print what became of the addresses of a recording. Fixed transponders are left out, as the
    tracker leaves them out."""
    known = plots.has("icao_address") & ((plots.flags & EQUIPMENT) == 0)
    addressed = plots.take(known)
    address = addressed.icao_address.astype(np.int64)
    print(f"{name}: {len(plots):,} plots, {len(address):,} with one of "
          f"{len(np.unique(address))} addresses")
    for bare in (True, False):
        serial = follow(plots, sensors, bare=bare)[known]
        found = measure_purity(address, serial)
        print(f"addresses and codes {'stripped (goals 0.97, 0.95)' if bare else 'used'}: purity "
              f"{found.purity:.4f}, completeness {found.completeness:.4f}, in one track "
              f"{found.longest:.4f}, {found.tracks} tracks")
        if bare:
            period_s = sensors[0].period_s if sensors else 1.0
            for loss in losses_of(addressed, serial, period_s):
                silent = ", after a missed turn or more" if loss.silent else ""
                print(f"    {loss.cause.value}{silent}: {loss.changes} changes, {loss.plots} plots "
                      f"of {loss.addresses} aircraft")


def strip(path: Path) -> None:
    """`measure` of a radar."""
    measure(*read(path, (RADAR,)), path.name)


def registered(plots: PlotBatch) -> list[BiasEstimate]:
    """Biases of MLAT and of ADS-B (time alone): the tracker's registration of both together."""
    sensors = station(MLAT, SensorKind.MLAT), station(ADSB, SensorKind.ADSB)
    state = tracker.start(plots.world, 0, sensors, Tuning(late_s_max=0.0))
    begin, grid = 0, range(int(plots.time_ns[0]), int(plots.time_ns[-1]) + STEP_NS, STEP_NS)
    for now_ns in grid:
        end = int(np.searchsorted(plots.time_ns, now_ns, side="right"))
        state = tracker.advance(state, plots.take(slice(begin, end)), now_ns)
        begin = end
    finish(state.registration, state.table, [moment.plots for moment in state.moments])
    return estimates_of(state.registration, state.sensors)


def compare(mlat: Path, adsb: Path) -> None:
    """Print how far apart MLAT and ADS-B report the same aircraft, before and after."""
    (measured, _), (reference, _) = (read(path, (), EDITIONS, DATE) for path in (mlat, adsb))
    reference.sensor_id[:] = ADSB
    both = PlotBatch.join([measured, reference], measured.world)
    both = both.take(np.argsort(both.time_ns, kind="stable"))
    measure(measured, (), mlat.name)
    measure(reference, (), adsb.name)
    told("before registration", measured, reference)
    bias, clock = registered(both)
    print(f"registration, from {bias.windows} windows of flight ({bias.refused} refused): MLAT "
          f"east {bias.bias[0]:+.1f} ±{bias.sigma[0]:.1f} m, north {bias.bias[1]:+.1f} "
          f"±{bias.sigma[1]:.1f} m, time {bias.bias[2]:+.3f} ±{bias.sigma[2]:.3f} s; ADS-B time "
          f"{clock.bias[2]:+.3f} ±{clock.sigma[2]:.3f} s; {bias.warning or 'no warning'}")
    told("after registration", corrected(measured, *bias.bias), corrected(reference, *clock.bias))
    least_m, best_s = min((float(np.median(of_pairs(corrected(
        measured, *bias.bias[:2], time_s), reference).distance_m)), time_s) for time_s in TRIED_S)
    print(f"of all single times of MLAT {best_s:+.1f} s would be best: median {least_m:.1f} m in "
          "flight")


def of_pairs(measured: PlotBatch, reference: PlotBatch, *, ground: bool = False) -> Differences:
    """Pairs of which MLAT says that the aircraft flies (is on the ground)."""
    pairs = differences(measured, reference)
    return pairs.take(((measured.flags[pairs.row] & PlotFlag.ON_GROUND) > 0) == ground)


def told(name: str, measured: PlotBatch, reference: PlotBatch) -> None:
    """Print the differences in flight and on the ground."""
    tell(f"{name}, in flight", of_pairs(measured, reference))
    tell(f"{name}, on the ground", of_pairs(measured, reference, ground=True))


def tell(name: str, pairs: Differences) -> None:
    """Print what became of pairs: as they are, and each aircraft's own delay taken off."""
    if not len(pairs.row):
        print(f"{name}: no pair")
        return
    median, most = np.percentile(pairs.distance_m, (50, 95))
    own_s = pairs.own_delay_s
    own_m = np.hypot(pairs.across_m, pairs.along_m - own_s * pairs.speed_ms)
    each = own_s[np.unique(pairs.address, return_index=True)[1]]
    low, middle, high = np.nanpercentile(each, (10, 50, 90))
    print(f"{name}: {len(pairs.row):,} pairs of {len(each)} aircraft, median {median:.1f} m, 95 % "
          f"{most:.1f} m; across the flight median {np.nanmedian(pairs.across_m):.1f} m; MLAT is "
          f"ahead by {middle:+.2f} s ({low:+.2f} to {high:+.2f} for 80 % of the aircraft), without "
          f"each aircraft's own delay median {np.nanmedian(own_m):.1f} m")


def main() -> None:
    """The recordings that are named, or those of the shared data where they are."""
    named = [Path(one) for one in sys.argv[1:]] if sys.argv[0].endswith("recordings.py") else []
    for usual, run in (((FILE,), strip), (PAIR, compare)):
        files = tuple(named) or usual
        if len(files) != len(usual):
            continue
        missing = [path.name for path in files if not path.is_file()]
        if missing:
            print(f"{' and '.join(missing)}: not here")
        else:
            run(*files)


if __name__ == "__main__":
    main()

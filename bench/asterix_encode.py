"""Plots to CAT048 blocks: ours against libasterix, one core, one run, the same octets.

Ours starts from a batch of plots in SI units (conversion is part of it), libasterix from the
values of the items; both end with data blocks. The octets of both are compared first.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
from asterix.generated import Cat_048_1_32

from jointsky.codec.asterix.decode import decode
from jointsky.codec.asterix.from_batches import encode_plots, encode_tracks
from jointsky.model.schema import PlotBatch, PlotKind, TrackBatch
from jointsky.model.world import World

REPEATS = 7
OURS, THEIRS, TRACKS = 100_000, 1_000, 10_000
NM, FL = 1852.0, 30.48
NOON = 43_200 * 10**9
SENSOR = 25 << 8 | 3


def plots_of(n: int) -> PlotBatch:
    """Mode S plots with code, level, address and callsign."""
    rng = np.random.default_rng(1)
    plots = PlotBatch.blank(n, World.EXERCISE)
    plots.time_ns[:] = NOON + np.arange(n) * 10**6
    plots.sensor_id[:], plots.kind[:] = SENSOR, PlotKind.MODE_S
    plots.range_m[:] = rng.integers(0, 60_000, n) / 256 * NM
    plots.azimuth_rad[:] = rng.integers(0, 65_536, n) / 32_768 * np.pi
    plots.mode_3a[:], plots.icao_address[:] = rng.integers(0, 4_096, n), rng.integers(1, 9**7, n)
    plots.mode_c_m[:] = rng.integers(0, 1_600, n) / 4 * FL
    plots.callsign[:] = b"KGZ77"
    for name in ("range_m", "azimuth_rad", "mode_3a", "icao_address", "mode_c_m", "callsign"):
        plots.present[:] |= PlotBatch.bit(name)
    return plots


def tracks_of(n: int) -> TrackBatch:
    """Tracks with code, level, address and callsign."""
    plots = plots_of(n)
    tracks = TrackBatch.blank(n, World.EXERCISE)
    tracks.time_ns[:] = tracks.updated_ns[:] = tracks.started_ns[:] = NOON
    tracks.unit_id[:], tracks.system_track_number[:] = SENSOR, np.arange(n)
    tracks.latitude_rad[:], tracks.longitude_rad[:] = 0.75, np.linspace(1.2, 1.4, n)
    tracks.covariance[:, [0, 4, 7, 9]] = (2_500, 2_500, 25, 25)
    for name in ("mode_3a", "icao_address", "mode_c_m", "callsign"):
        getattr(tracks, name)[:] = getattr(plots, name)
        tracks.present[:] |= TrackBatch.bit(name)
    return tracks


def values_of(plots: PlotBatch) -> list[dict[str, object]]:
    """The items of each plot as libasterix takes them, read from our own blocks."""
    (table,) = decode(b"".join(encode_plots(plots))).tables
    columns = {name: table.raw(name).tolist() for name in (
        "140", "040/RHO", "040/THETA", "070/MODE3A", "090/FL", "220")}
    return [{
        "010": (("SAC", SENSOR >> 8), ("SIC", SENSOR & 255)), "140": columns["140"][i],
        "020": ((("TYP", 5), ("SIM", 1), ("RDP", 0), ("SPI", 0), ("RAB", 0), None),),
        "040": (("RHO", columns["040/RHO"][i]), ("THETA", columns["040/THETA"][i])),
        "070": (("V", 0), ("G", 0), ("L", 0), 0, ("MODE3A", columns["070/MODE3A"][i])),
        "090": (("V", 0), ("G", 0), ("FL", columns["090/FL"][i])), "220": columns["220"][i],
        "240": "KGZ77   "} for i in range(table.n)]


def libasterix(values: list[dict[str, object]]) -> bytes:
    """Records made one by one, in blocks of 20."""
    out = []
    for first in range(0, len(values), 20):
        records = [Cat_048_1_32.cv_record.create(items) for items in values[first:first + 20]]
        out.append(Cat_048_1_32.create(records).unparse().to_bytes())
    return b"".join(out)


def octets_of(content: bytes) -> bytes:
    """The records without the heads of their blocks."""
    return b"".join(content[a:b] for a, b in decode(content).blocks[:, :2].tolist())


def rates(work: Callable[[], object], n: int) -> list[float]:
    """Records a second, several times over."""
    found = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        work()
        found.append(n / (time.perf_counter() - begun))
    return found


def main() -> None:
    """Print the rate of each side and the ratio; and the time to send 10,000 tracks."""
    few, many, tracks = plots_of(THEIRS), plots_of(OURS), tracks_of(TRACKS)
    values = values_of(few)
    assert octets_of(libasterix(values)) == octets_of(b"".join(encode_plots(few)))
    encode_tracks(tracks)
    ours = rates(lambda: encode_plots(many), OURS)
    theirs = rates(lambda: libasterix(values), THEIRS)
    sent = rates(lambda: encode_tracks(tracks), TRACKS)
    for name, found in (("jointsky, plots to CAT048", ours), ("libasterix, CAT048", theirs),
                        ("jointsky, tracks to CAT062", sent)):
        print(f"{name:28s} {statistics.median(found):12,.0f} records/s"
              f"  ({min(found):,.0f} to {max(found):,.0f})")
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    print(f"{'ratio':28s} {statistics.median(ratios):12,.0f}"
          f"  ({min(ratios):,.0f} to {max(ratios):,.0f})")


if __name__ == "__main__":
    main()

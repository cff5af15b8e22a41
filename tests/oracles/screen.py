"""Slow twin of the screen: sets and dictionaries, one report after the other, no limits of memory.

Written from docs/tracking.md ("Reports that are refused"), not from the kernel.
"""

from __future__ import annotations

from collections import defaultdict

from jointsky.model.schema import PlotBatch
from jointsky.track.tuning import Tuning


class SlowScreen:
    """Says of each report whether it is used, has come before, or is too much."""

    def __init__(self, periods_ns: dict[int, int], tuning: Tuning):
        self.periods_ns, self.tuning = periods_ns, tuning
        self.heard: set[tuple] = set()
        self.in_slice: dict[tuple, int] = defaultdict(int)
        self.in_turn: dict[int, int] = defaultdict(int)
        self.turn: dict[int, int] = {}
        self.cut: dict[int, int] = {}
        self.turns: dict[int, int] = defaultdict(int)
        self.mean: dict[int, float] = defaultdict(float)

    def judge(self, plots: PlotBatch) -> list[str]:
        return [self.one(plots, row) for row in range(len(plots))]

    def one(self, plots: PlotBatch, row: int) -> str:
        sensor = int(plots.sensor_id[row])
        same = (sensor, int(plots.time_ns[row]), int(plots.kind[row]), *(
            getattr(plots, name)[row].item() if plots.has(name)[row] else None
            for name in ("range_m", "azimuth_rad", "latitude_rad", "longitude_rad", "mode_c_m",
                         "mode_3a", "icao_address")))
        if same in self.heard:
            return "duplicate"
        self.heard.add(same)
        piece = int(plots.time_ns[row]) // (max(self.periods_ns[sensor], 10**9) // 8)
        turn = piece // 8
        if turn > self.turn.get(sensor, -1):
            if self.in_turn[sensor] and self.cut.get(sensor) != self.turn.get(sensor):
                self.turns[sensor] += 1
                self.mean[sensor] += ((self.in_turn[sensor] - self.mean[sensor])
                                      / min(self.turns[sensor], 16))
            self.turn[sensor], self.in_turn[sensor] = turn, 0
        if turn == self.turn[sensor]:
            self.in_turn[sensor] += 1
        most = self.tuning.flood_most
        if self.turns[sensor] >= 4:
            most = min(most, max(self.tuning.flood_least,
                                 self.tuning.flood_factor * self.mean[sensor]))
        self.in_slice[sensor, piece] += 1
        if self.in_slice[sensor, piece] > most / 8:
            self.cut[sensor] = self.turn[sensor]
            return "flood"
        return "used"

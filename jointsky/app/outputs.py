"""The outputs of a unit: its tracks as CAT062, its state as CAT065, that of its sensors as CAT063.

A periodic output sends a batch every `period_s`: the tracks, those dropped since the batch before
among them (TSE), then the end of batch, the state of the unit and of its sensors. One that follows
updates sends each track as soon as a plot has updated it, and again `period_s` after the last time
if there is nothing new; the states every `period_s`.
"""

from __future__ import annotations

import numpy as np

from jointsky.app.config import OutputSection, UnitConfig, endpoint_of
from jointsky.codec.asterix.from_batches import encode_tracks
from jointsky.codec.asterix.reports import (
    DEGRADED,
    NOT_CONNECTED,
    OPERATIONAL,
    SensorBiases,
    encode_end_of_batch,
    encode_sensor_status,
    encode_system_status,
)
from jointsky.edge.udp import UdpSender
from jointsky.engine.health import SensorRow, sensor_rows
from jointsky.engine.step import StepResult
from jointsky.model.clock import NS_PER_S
from jointsky.model.schema import TrackBatch
from jointsky.model.sensor import SensorKind
from jointsky.track.changes import changed_since, make_marks
from jointsky.track.picture import batch_of, just_dropped

# What we call a sensor's state, and what I063/060 does.
STATE_OF = {"ok": OPERATIONAL, "late": DEGRADED, "lost": NOT_CONNECTED, "silent": NOT_CONNECTED}


class _Output:
    """One destination."""

    def __init__(self, section: OutputSection):
        host, port = endpoint_of(section.udp)
        self.sender = UdpSender(section.name, host, port, interface=section.interface,
                                hops=section.hops)
        self._period_ns = round(section.period_s * NS_PER_S)
        self._follows_updates = section.mode == "updates"
        self._sent_ns = 0
        self._batch = 0
        self._dropped: list[TrackBatch] = []
        self._marks = make_marks(0)

    def send(self, result: StepResult) -> None:
        due = result.now_ns - self._sent_ns >= self._period_ns
        if self._follows_updates:
            self._send_updated(result)
        elif due:
            tracks = TrackBatch.join([*self._dropped, result.tracks], result.state.world)
            self._dropped = []
            self.sender.send(encode_tracks(tracks))
        else:
            memory = result.state.tracker
            rows = just_dropped(memory)
            if len(rows) or len(memory.gone):
                self._dropped.append(batch_of(memory, rows, result.now_ns))
        if due:
            self._sent_ns = result.now_ns
            self._send_states(result)

    def _send_updated(self, result: StepResult) -> None:
        memory, now_ns = result.state.tracker, result.now_ns
        rows, self._marks = changed_since(memory, self._marks, now_ns, now_ns - self._period_ns)
        if len(rows) or len(memory.gone):
            self.sender.send(encode_tracks(batch_of(memory, rows, now_ns)))

    def _send_states(self, result: StepResult) -> None:
        self._batch = (self._batch + 1) % 256
        unit_id, now_ns = result.state.unit.unit_id, result.now_ns
        self.sender.send([encode_end_of_batch(unit_id, now_ns, self._batch),
                          encode_system_status(unit_id, now_ns)])
        rows = [row for row in sensor_rows(result.state) if row.known]
        if rows:
            self.sender.send(encode_sensor_status(
                unit_id, now_ns, np.array([row.sensor_id for row in rows], np.int32),
                np.array([DEGRADED if row.note and row.state == "ok" else STATE_OF[row.state]
                          for row in rows], np.uint8), biases_of(rows)))


def biases_of(rows: list[SensorRow]) -> SensorBiases:
    """What is known of the biases of sensors, as CAT063 tells it: positions have no range."""
    radar = SensorKind.PSR.name, SensorKind.SSR.name, SensorKind.PSR_SSR.name
    values = np.full((len(rows), 3), np.nan)
    for at, row in enumerate(rows):
        if row.bias is not None and row.bias.known:
            values[at] = row.bias.bias
            if row.kind not in radar:
                values[at, :2] = np.nan
    return SensorBiases(
        primary=np.array([row.kind == SensorKind.PSR.name for row in rows], np.bool_),
        range_m=values[:, 0], azimuth_rad=values[:, 1], time_s=values[:, 2])


class Outputs:
    """All outputs of a unit."""

    def __init__(self, config: UnitConfig):
        """Raises `ResourceProblem` for a destination that this machine cannot send to."""
        self._outputs = [_Output(section) for section in config.output]

    @property
    def sent(self) -> int:
        """Datagrams sent."""
        return sum(output.sender.sent for output in self._outputs)

    @property
    def refused(self) -> int:
        """Datagrams that the system refused."""
        return sum(output.sender.refused for output in self._outputs)

    def send(self, result: StepResult) -> None:
        """Send what is due."""
        for output in self._outputs:
            output.send(result)

    def close(self) -> None:
        """Give the sockets back."""
        for output in self._outputs:
            output.sender.close()

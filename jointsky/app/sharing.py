"""Sharing with partners: what the engine let go is verified a second time, written into the ledger
together with the messages, and sent.

    released by the engine -> egress verifier -> ledger and outbox, one transaction -> asked again
    at the moment of sending -> CAT062 to the partner

A message is what fits into one datagram. Where the verifier disagrees, the ledger cannot be written
or anything else fails, nothing leaves; what happened is counted and told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from jointsky.agreement.acts import parse_act
from jointsky.agreement.keys import public_of
from jointsky.agreement.ledger import Alarm, Opening, Record, Refusal, record_of
from jointsky.agreement.ranges import ranges_of
from jointsky.agreement.recording import denial_record, gate_of, release_record
from jointsky.agreement.release import Released
from jointsky.app.config import PartnerSection, UnitConfig, endpoint_of
from jointsky.app.keys import read_private
from jointsky.app.lawview import alarms_of
from jointsky.codec.asterix.from_batches import encode_tracks
from jointsky.edge.egress import Egress
from jointsky.edge.ledger import LedgerWriter, Outgoing
from jointsky.edge.udp import UdpSender
from jointsky.engine.law import Law, Outcome, standings_of
from jointsky.engine.step import StepResult
from jointsky.model.clock import NS_PER_S, Clock
from jointsky.model.command import Command
from jointsky.model.errors import FileProblem, InputError, ResourceProblem
from jointsky.model.sensor import Sensor

ROWS_OF_A_MESSAGE = 20  # tracks in a datagram, so that it is not cut into pieces on its way
CHECKPOINT_NS = 600 * NS_PER_S
TAKEN = 256
WAITING_MAX = 4  # batches on the way to the ledger


@dataclass(frozen=True)
class Share:
    """What a step leaves to be done for partners: nothing in it is changed by the next step."""

    law: Law
    sensors: tuple[Sensor, ...]
    released: tuple[Released, ...]
    commands: Sequence[Command]
    outcomes: tuple[Outcome, ...]


class Sharer:
    """What a unit does for its partners, on a thread of its own: no report waits for it.

    sent, refused: datagrams that went, batches that the verifier kept back; late: batches that
    were left out because those before them were not done; alarm: what is wrong, "" for nothing.
    """

    def __init__(self, config: UnitConfig, now_ns: int):
        """Raises `FileProblem`, `ResourceProblem` where the ledger or the key cannot be used."""
        section = config.agreements
        assert section is not None, "without agreements nothing is shared"
        self._private = read_private(Path(section.key))
        self._own = config.unit.nation
        self._partners = [(partner, UdpSender(partner.name, *endpoint_of(partner.udp),
                                              interface=partner.interface, hops=partner.hops))
                          for partner in config.partner]
        path = Path(section.ledger)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._ledger = LedgerWriter(path, Opening(
            time_ns=now_ns, unit=_name_of(config), world=config.world.value,
            key=public_of(self._private).hex()))
        self._acts = [(one.accepted_ns, one.text) for one in section.acts]
        # What was accepted just before a kill may be in the folder and not yet in the ledger.
        self._record_acts(self._acts)
        self._ledger.sign_checkpoint(self._private, now_ns)
        self._alarms: list[str] = []
        self._egress: tuple[tuple[Sensor, ...], Egress] | None = None
        self._signed_ns = now_ns
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="sharing")
        self._waiting = 0
        self.sent = self.refused = self.late = 0
        self.alarm = ""

    def take(self, result: StepResult, commands: Sequence[Command], clock: Clock) -> None:
        """Have done what a step asks for, and come back at once. An act is never left out."""
        if not (result.released or commands):
            return
        released = result.released
        if released and self._waiting >= WAITING_MAX:
            self.late += 1
            released = ()
        self._waiting += 1
        share = Share(result.state.law, result.state.sensors, released, commands, result.outcomes)
        self._worker.submit(self._take, share, clock)

    def _take(self, share: Share, clock: Clock) -> None:
        try:
            self.share(share, clock.now_ns())
        except Exception as error:  # whatever failed, nothing leaves, and a person is told
            self.alarm = f"nothing leaves for partners: {error!r}"
        finally:
            self._waiting -= 1

    def share(self, share: Share, now_ns: int) -> None:
        """Record acts, send what was released. now_ns: UTC now."""
        try:
            self._of_acts(share)
            records: list[Record | Outgoing] = self._of_alarms(share.law, now_ns)
            for one in share.released:
                for partner, _ in self._partners:
                    if partner.nation == one.recipient:
                        records += self._lined_up(one, partner, share.sensors, now_ns)
            if records:
                self._ledger.write(records)
            self._send(share.law, now_ns)
            if now_ns - self._signed_ns >= CHECKPOINT_NS:
                self._signed_ns = now_ns
                self._ledger.sign_checkpoint(self._private, now_ns)
            self.alarm = ""
        except (ResourceProblem, InputError, FileProblem) as problem:
            self.alarm = f"nothing leaves for partners: {problem}"

    def _of_acts(self, share: Share) -> None:
        """Record the acts that were accepted; the verifier begins anew under them."""
        taken = [(outcome.time_ns, command.text) for command, outcome in zip(
            share.commands, share.outcomes, strict=True)
            if command.kind == "act" and outcome.accepted]
        if taken:
            self._acts += taken
            self._egress = None
            self._record_acts(taken)

    def _record_acts(self, taken: Sequence[tuple[int, str]]) -> None:
        """Write acts into the ledger that are not in it."""
        records = [record_of(parse_act(text, "act"), time_ns) for time_ns, text in taken]
        fresh = [one for one in records if not self._ledger.has_act(one.id)]
        if fresh:
            self._ledger.write(fresh)

    def _of_alarms(self, law: Law, now_ns: int) -> list[Record | Outgoing]:
        """What a person must be told that stood not yet when this was last asked."""
        found = alarms_of(law, now_ns)
        fresh = [text for text in found if text not in self._alarms]
        self._alarms = found
        return [Alarm(time_ns=now_ns, name="agreements", text=text[:2000]) for text in fresh]

    def _lined_up(self, released: Released, partner: PartnerSection,
                  sensors: tuple[Sensor, ...], now_ns: int) -> list[Record | Outgoing]:
        """The records of a batch for a partner: its messages, what was denied, or the refusal."""
        denial = denial_record(released, partner.name)
        records: list[Record | Outgoing] = [denial] if denial is not None else []
        if not len(released):
            return records
        # By the clock of this moment: the agreement may have ended since it was decided.
        refusal = self._verifier(sensors).check(released, max(now_ns, released.now_ns))
        if refusal is not None:
            self.refused += 1
            numbers = released.tracks.system_track_number[list(refusal.rows)]
            body = b"".join(encode_tracks(released.tracks))
            return [*records, Refusal(
                time_ns=released.now_ns, recipient=partner.name, rows=len(released),
                digest=hashlib.sha256(body).hexdigest(), tracks=ranges_of(numbers),
                reason=refusal.reason)]
        sequence = self._ledger.waiting(partner.name).made
        for first in range(0, len(released), ROWS_OF_A_MESSAGE):
            sequence += 1
            records.append(_message(released, slice(first, first + ROWS_OF_A_MESSAGE),
                                    partner.name, sequence))
        return records

    def _verifier(self, sensors: tuple[Sensor, ...]) -> Egress:
        if self._egress is None or self._egress[0] != sensors:
            self._egress = sensors, Egress(self._own, sensors, self._acts)
        return self._egress[1]

    def _send(self, law: Law, now_ns: int) -> None:
        """Send what waits, each message asked for once more under the law of this moment."""
        gate = gate_of(standings_of(law, now_ns))
        for partner, sender in self._partners:
            while messages := self._ledger.take(partner.name, now_ns, gate, limit=TAKEN):
                before = sender.sent
                sender.send(one.body for one in messages if one.body is not None)
                self.sent += sender.sent - before
                # A datagram has no receipt: what has been sent is done with.
                self._ledger.acknowledge(partner.name, messages[-1].release.sequence)

    def close(self, now_ns: int) -> None:
        """Do what still waits, sign the ledger as it stands and give everything back."""
        self._worker.shutdown()
        try:
            self._ledger.sign_checkpoint(self._private, now_ns)
        except (ResourceProblem, InputError) as problem:
            self.alarm = f"the ledger could not be signed: {problem}"
        self._ledger.close()
        for _, sender in self._partners:
            sender.close()


def _message(released: Released, rows: slice, recipient: str, sequence: int) -> Outgoing:
    body = b"".join(encode_tracks(released.tracks.take(rows)))
    return Outgoing(release_record(released, rows, recipient, sequence, body), body)


def _name_of(config: UnitConfig) -> str:
    """A unit's name in its ledger: its nation and its identification code."""
    return f"{config.unit.nation.lower()}-{config.unit.sac}-{config.unit.sic}"

"""A unit and its partner: what may go arrives, is in the ledger, and ends with the agreement."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from jointsky.agreement.acts import parse_act
from jointsky.agreement.ledger import ActTaken, Denial, Record, Release, Witness
from jointsky.agreement.periods import text_of
from jointsky.agreement.recording import gate_of
from jointsky.app.acts import draw_up, with_signature
from jointsky.app.agreements import load_agreement
from jointsky.app.config import PartnerSection, UnitConfig
from jointsky.app.demo import AGREEMENTS, config_of
from jointsky.app.demolaw import PERSONS, lay_down
from jointsky.app.framelog import Turn, take_turn
from jointsky.app.keys import read_private
from jointsky.app.sharing import Share, Sharer
from jointsky.edge.audit import audit
from jointsky.edge.ledger import LedgerReader
from jointsky.engine.law import standings_of
from jointsky.engine.state import PictureState
from jointsky.engine.step import StepResult
from jointsky.model.clock import NS_PER_S
from jointsky.model.command import Command
from jointsky.model.world import World
from tests.engine.simulated import BEGIN_NS, scenario_of_demo, turns

SECONDS = 40
END_NS = BEGIN_NS + 30 * NS_PER_S + 123_456_000


class Partner:
    """A unit of another nation, as far as its socket goes."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)

    def received(self) -> list[bytes]:
        found = []
        while True:
            try:
                found.append(self.socket.recv(65_536))
            except BlockingIOError:
                return found


@pytest.fixture
def partner() -> Iterator[Partner]:
    made = Partner()
    yield made
    made.socket.close()


@pytest.fixture
def config(tmp_path: Path, partner: Partner) -> UnitConfig:
    law = lay_down(tmp_path / "law", "KGZ", AGREEMENTS, BEGIN_NS)
    port = partner.socket.getsockname()[1]
    return config_of(scenario_of_demo(), tmp_path / "unit.journal", 0).model_copy(update={
        "agreements": law,
        "partner": (PartnerSection(name="rus-1", nation="RUS", udp=f"127.0.0.1:{port}"),)})


def ending(config: UnitConfig, first: Command) -> Command:
    """The seed agreement terminated from END_NS on, by the two synthetic persons of the demo."""
    assert config.agreements is not None
    act = draw_up("terminate", load_agreement(AGREEMENTS[0]), "KGZ", BEGIN_NS, "a test", None,
                  effective=text_of(END_NS), previous=parse_act(first.text, "").id)
    keys = Path(config.agreements.persons).parent
    for number, name in enumerate(PERSONS):
        act = with_signature(act, name, read_private(keys / f"person-{number}.pem"))
    return Command("act", "end.json", act.to_text())


def first_commands(config: UnitConfig) -> list[Command]:
    assert config.agreements is not None
    files = sorted(Path(config.agreements.folder).glob("*.json"))
    assert len(files) == len(AGREEMENTS)
    return [Command("act", file.name, file.read_text()) for file in files]


def share_of(result: StepResult, commands: list[Command]) -> Share:
    return Share(result.state.law, result.state.sensors, result.released, commands,
                 result.outcomes)


def run(config: UnitConfig, sharer: Sharer, later: dict[int, list[Command]]) -> list[StepResult]:
    """The demo's traffic through a unit. later: commands by place of the turn."""
    state: PictureState | None = None
    results = []
    for at, (now_ns, frames) in enumerate(turns(SECONDS)):
        commands = first_commands(config) if at == 0 else later.get(at, [])
        turn = Turn(at + 1, now_ns, frames, config if at == 0 else None, commands)
        result = take_turn(state, turn, World.EXERCISE)
        sharer.share(share_of(result, commands), now_ns)
        assert sharer.alarm == ""
        state = result.state
        results.append(replace(result))
    return results


def records_of(config: UnitConfig) -> list[Record]:
    assert config.agreements is not None
    reader = LedgerReader(Path(config.agreements.ledger))
    try:
        return [entry.record for entry, _ in reader.entries()]
    finally:
        reader.close()


def test_what_may_go_arrives_and_ends_at_the_instant(config: UnitConfig,
                                                     partner: Partner) -> None:
    sharer = Sharer(config, BEGIN_NS)
    first = next(one for one in first_commands(config) if "kgz-rus" in one.source)
    results = run(config, sharer, {10: [ending(config, first)]})
    assert all(one.accepted for result in results for one in result.outcomes)
    sharer.close(results[-1].now_ns)

    records = records_of(config)
    releases = [one for one in records if isinstance(one, Release)]
    under_pact = [one for one in releases
                  if any(use.agreement == "kgz-rus" for use in one.grants)]
    assert sum(one.rows for one in under_pact) > 100
    # Nothing under the pact from its end on, nor under another: what would have gone is denied.
    assert max(one.time_ns for one in under_pact) < END_NS
    assert all(one.not_after_ns <= END_NS for one in under_pact
               if one.time_ns > results[10].now_ns)
    assert releases == under_pact
    assert max(one.time_ns for one in records if isinstance(one, Denial)
               if any(cause.rule == "no_grant" for cause in one.causes)) > END_NS
    # What arrived is what the ledger says, octet by octet.
    arrived = partner.received()
    assert [hashlib.sha256(one).hexdigest() for one in arrived] == [one.digest for one in releases]
    assert sharer.sent == len(arrived) and sharer.refused == 0
    assert len([one for one in records if isinstance(one, ActTaken)]) == 3
    assert any(isinstance(one, Denial) for one in records)
    assert isinstance(records[-1], Witness)
    reader = LedgerReader(Path(config.agreements.ledger))
    assert audit(reader, []).faults == []
    reader.close()
    # A message that was still in a queue is asked again at the moment of sending.
    law = results[-1].state.law
    assert gate_of(standings_of(law, END_NS - 1))(under_pact[-1], END_NS - 1) == ""
    assert "not in force" in gate_of(standings_of(law, END_NS))(under_pact[-1], END_NS)
    untrusted = replace(law, clock="it was set")
    assert "clock" in gate_of(standings_of(untrusted, END_NS - 1))(under_pact[-1], END_NS - 1)


def test_without_agreements_in_force_nothing_leaves(config: UnitConfig, partner: Partner) -> None:
    assert config.agreements is not None
    for file in Path(config.agreements.folder).glob("*.json"):
        file.unlink()
    sharer = Sharer(config, BEGIN_NS)
    state: PictureState | None = None
    for at, (now_ns, frames) in enumerate(turns(SECONDS)):
        result = take_turn(state, Turn(at + 1, now_ns, frames, None if at else config),
                           World.EXERCISE)
        sharer.share(share_of(result, []), now_ns)
        state = result.state
    sharer.close(now_ns)
    assert partner.received() == []
    assert not [one for one in records_of(config) if isinstance(one, Release)]

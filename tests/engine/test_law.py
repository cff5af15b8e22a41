"""Commands change the law of a unit; the law goes into checkpoints and comes back."""

from __future__ import annotations

import pytest

from jointsky.agreement.acts import Act
from jointsky.agreement.register import take
from jointsky.engine.checkpoint import pack, unpack
from jointsky.engine.law import Law, law_of, obey, standings_of, take_again
from jointsky.engine.state import PictureState, start
from jointsky.engine.step import step
from jointsky.model.command import Command
from jointsky.model.unit import Unit
from jointsky.model.world import World
from tests.agreement.persons import PERSONS, draft, signed
from tests.agreement.test_instrument import GOOD
from tests.agreement.test_register import NOW_NS

SUSPENDING = GOOD.replace("  notice: P6M\n", "  notice: P6M\n  suspension: {by: [AAA]}\n")
S = 1_000_000_000


def activation(law: Law) -> Act:
    return signed(draft(law.register, "activate", "aaa-bbb", "AAA", NOW_NS, text=SUSPENDING))


@pytest.fixture
def law() -> Law:
    law = law_of("AAA", PERSONS)
    law, (outcome,) = obey(law, [Command("act", "1.json", activation(law).to_text())], NOW_NS)
    assert outcome.accepted and "activate aaa-bbb" in outcome.text
    return law


def test_an_act_is_obeyed_and_told(law: Law) -> None:
    assert standings_of(law, NOW_NS).in_force
    act = signed(draft(law.register, "suspend", "aaa-bbb", "AAA", NOW_NS))
    after, (outcome,) = obey(law, [Command("act", "2.json", act.to_text())], NOW_NS + S)
    assert outcome.accepted and not standings_of(after, NOW_NS + S).in_force
    again, (outcome,) = obey(after, [Command("act", "3.json", act.to_text())], NOW_NS + 2 * S)
    assert outcome.accepted and outcome.text == "accepted before"
    assert again.register == after.register


@pytest.mark.parametrize("text", ["", "{}", "no act at all"])
def test_what_is_no_act_is_refused_and_changes_nothing(law: Law, text: str) -> None:
    after, (outcome,) = obey(law, [Command("act", "2.json", text)], NOW_NS)
    assert not outcome.accepted and outcome.text and after.register == law.register


def test_an_untrusted_clock_closes_until_persons_say_it_is_right(law: Law) -> None:
    law, _ = obey(law, [Command("clock", "clock watch", "it was set forward by 3600.0 s")], NOW_NS)
    assert not standings_of(law, NOW_NS).in_force
    act = signed(draft(law.register, "trust_clock", "aaa-bbb", "AAA", NOW_NS))
    law, _ = obey(law, [Command("act", "2.json", act.to_text())], NOW_NS)
    assert standings_of(law, NOW_NS).in_force


def test_the_same_law_after_a_restart(law: Law) -> None:
    act = signed(draft(law.register, "suspend", "aaa-bbb", "AAA", NOW_NS))
    now = Law(take(law.register, act, NOW_NS + S, fresh=True))
    files = [(NOW_NS, "000001.json", activation(law_of("AAA", PERSONS)).to_text()),
             (NOW_NS + S, "000002.json", act.to_text())]
    later = take_again(law_of("AAA", PERSONS), files)
    assert later.register == now.register
    assert take_again(later, files) == later


def test_a_step_obeys_and_a_checkpoint_keeps_the_law(law: Law) -> None:
    unit = Unit("A", "AAA", 25, 1, 0.7, 1.3)
    state = start(World.LIVE, unit, ())
    assert not standings_of(state.law, NOW_NS).in_force
    state.law = law_of("AAA", PERSONS)
    result = step(state, [], NOW_NS, [Command("act", "1.json", activation(state.law).to_text())])
    assert result.outcomes[0].accepted
    back = unpack(PictureState, pack(result.state))
    assert back.law == result.state.law == Law(law.register, "", back.law.outcomes)
    assert standings_of(back.law, NOW_NS).in_force

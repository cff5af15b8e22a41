"""The law of a unit: the agreements it holds and whether its clock may be trusted.

Commands alone change it. Each gets an outcome: what became of it, in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from jointsky.agreement.acts import Person, parse_act
from jointsky.agreement.register import Register, standings_at, take
from jointsky.agreement.standing import Standings
from jointsky.model.command import Command
from jointsky.model.errors import InputError

OUTCOMES_MAX = 200


@dataclass(frozen=True)
class Outcome:
    """What became of a command at time_ns (UTC). act: id of the act, "" if it could not be read;
    text: in words."""

    time_ns: int
    source: str
    act: str
    accepted: bool
    text: str


@dataclass(frozen=True)
class Law:
    """register: the agreements; clock: why the clock is not trusted, "" if it is; outcomes: the
    latest."""

    register: Register
    clock: str = ""
    outcomes: tuple[Outcome, ...] = ()

    @property
    def trusted(self) -> bool:
        """Whether the clock may be trusted."""
        return not self.clock


def law_of(own: str, persons: tuple[Person, ...] = ()) -> Law:
    """The law of a unit of a nation that holds no agreement yet."""
    return Law(Register(own, persons))


def with_persons(law: Law, own: str, persons: tuple[Person, ...]) -> Law:
    """The law under a new configuration: what is held stays."""
    if law.register.own != own:
        return law_of(own, persons)
    return replace(law, register=replace(law.register, persons=persons))


def obey(law: Law, commands: Sequence[Command], now_ns: int) -> tuple[Law, tuple[Outcome, ...]]:
    """The law after commands, in their order, and what became of each."""
    outcomes = []
    for command in commands:
        if command.kind == "clock":
            law = replace(law, clock=command.text)
            outcomes.append(Outcome(now_ns, command.source, "", True, (
                f"the clock is not trusted: {command.text}; nothing leaves" if command.text
                else "the clock is trusted again")))
        else:
            law, outcome = _take(law, command, now_ns, fresh=True)
            outcomes.append(outcome)
    if not outcomes:
        return law, ()
    kept = (*law.outcomes, *outcomes)[-OUTCOMES_MAX:]
    return replace(law, outcomes=kept), tuple(outcomes)


def take_again(law: Law, acts: Sequence[tuple[int, str, str]]) -> Law:
    """The law once acts that were accepted before (when, file, text) are taken, those that it has
    taken already left out. One that does not fit any more is told among the outcomes."""
    for accepted_ns, name, text in acts:
        law, outcome = _take(law, Command("act", name, text), accepted_ns, fresh=False)
        if not outcome.accepted:
            law = replace(law, outcomes=(*law.outcomes, outcome)[-OUTCOMES_MAX:])
    return law


def _take(law: Law, command: Command, now_ns: int, *, fresh: bool) -> tuple[Law, Outcome]:
    act_id = ""
    try:
        act = parse_act(command.text, command.source)
        act_id = act.id
        if act_id in law.register.acts:
            return law, Outcome(now_ns, command.source, act_id, True, "accepted before")
        register = take(law.register, act, now_ns, fresh=fresh)
    except InputError as problem:
        return law, Outcome(now_ns, command.source, act_id, False, str(problem))
    clock = "" if act.act == "trust_clock" else law.clock
    text = f"{act.party}: {act.act} {act.agreement}, version {act.version} ({act.reason})"
    return replace(law, register=register, clock=clock), Outcome(
        now_ns, command.source, act_id, True, text)


def standings_of(law: Law, now_ns: int) -> Standings:
    """How the agreements stand at now_ns."""
    return standings_at(law.register, now_ns, trusted=law.trusted)

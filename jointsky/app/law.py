"""A unit's agreements: from its configuration into the engine's state, and from a folder of acts
into commands."""

from __future__ import annotations

from dataclasses import replace

from jointsky.agreement.acts import Person
from jointsky.agreement.persons import parse_persons
from jointsky.app.config import UnitConfig
from jointsky.engine.law import take_again, with_persons
from jointsky.engine.state import PictureState
from jointsky.model.clock import NS_PER_S


def persons_of(config: UnitConfig) -> tuple[Person, ...]:
    """Who may sign, as the configuration says."""
    section = config.agreements
    return parse_persons(section.persons_text, section.persons) if section else ()


def with_law(state: PictureState, config: UnitConfig) -> PictureState:
    """The state under a configuration: who may sign, and the acts that were accepted before."""
    law = with_persons(state.law, config.unit.nation, persons_of(config))
    acts = config.agreements.acts if config.agreements else ()
    law = take_again(law, [(one.accepted_ns, one.name, one.text) for one in acts])
    share_ns = round(config.share_s * NS_PER_S) if config.agreements else 0
    return replace(state, law=law, share_ns=share_ns, own_world=config.world.value)

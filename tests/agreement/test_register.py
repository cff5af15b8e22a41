"""The register: only lawful acts change it, and what is not surely in force is closed."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from jointsky.agreement.acts import Act, ActRefused, parse_act
from jointsky.agreement.periods import parse_moment
from jointsky.agreement.register import Register, standings_at, take
from jointsky.model.errors import ConfigProblem
from tests.agreement.persons import PERSONS, after, draft, holding, signed
from tests.agreement.test_instrument import GOOD

NOW_NS = parse_moment("2026-01-01")
HOUR = 3600 * 10**9
SUSPENDING = GOOD.replace("  notice: P6M\n", "  notice: P6M\n  suspension: {by: [AAA]}\n")
ONWARD = GOOD.replace('article: "4"}', 'article: "4", onward: {to: [CCC]}}')


def in_force(register: Register, now_ns: int, **more: bool) -> bool:
    return bool(standings_at(register, now_ns, **more).in_force)


def test_nothing_is_in_force_before_two_persons_activate_it() -> None:
    assert not in_force(Register("AAA", PERSONS), NOW_NS)
    register = holding(GOOD, "AAA", NOW_NS)
    (standing,) = standings_at(register, NOW_NS).in_force
    assert standing.begin_ns == NOW_NS and standing.end_ns == parse_moment("2028-11-02")


def test_a_clock_that_is_not_trusted_closes_all() -> None:
    register = holding(GOOD, "AAA", NOW_NS)
    standings = standings_at(register, NOW_NS, trusted=False)
    assert not standings.in_force and "clock" in standings.closed[0].why
    assert standings.lapsed == {0x0102}


FORGERIES: list[tuple[str, Callable[[Register], Act], str]] = [
    ("nobody signed", lambda r: draft(r, "suspend", "aaa-bbb", "AAA", NOW_NS), "nobody"),
    ("one person", lambda r: signed(draft(r, "suspend", "aaa-bbb", "AAA", NOW_NS), "aaa 1"),
     "two different persons"),
    ("one person twice", lambda r: signed(draft(r, "suspend", "aaa-bbb", "AAA", NOW_NS), "aaa 1",
                                          "aaa 1"), "two different persons"),
    ("persons of another party", lambda r: signed(draft(r, "suspend", "aaa-bbb", "AAA", NOW_NS),
                                                  "bbb 1", "bbb 2"), "a person of AAA"),
    ("nobody we know", lambda r: signed(draft(r, "suspend", "aaa-bbb", "AAA", NOW_NS), "aaa 1",
                                        "aaa 9"), "a person of AAA"),
    ("changed after signing", lambda r: signed(draft(
        r, "suspend", "aaa-bbb", "AAA", NOW_NS)).model_copy(update={"reason": "another"}),
     "exactly this act"),
    ("too old", lambda r: signed(draft(r, "suspend", "aaa-bbb", "AAA", NOW_NS - 8 * 24 * HOUR)),
     "not older than seven days"),
    ("of the future", lambda r: signed(draft(r, "suspend", "aaa-bbb", "AAA", NOW_NS + HOUR)),
     "nor of the future"),
    ("out of its order", lambda r: signed(draft(r, "suspend", "aaa-bbb", "AAA", NOW_NS).model_copy(
        update={"previous": "0" * 64})), "the last act of AAA"),
    ("another version", lambda r: signed(draft(r, "suspend", "aaa-bbb", "AAA", NOW_NS).model_copy(
        update={"version": 2})), "which is in use"),
    ("no party", lambda r: signed(draft(r, "suspend", "aaa-bbb", "CCC", NOW_NS)), "no party"),
    ("no right to suspend", lambda r: signed(draft(r, "suspend", "aaa-bbb", "BBB", NOW_NS)),
     "may suspend alone: AAA"),
    ("nothing to resume", lambda r: signed(draft(r, "resume", "aaa-bbb", "AAA", NOW_NS)),
     "a suspension by the same party"),
    ("no consent is asked", lambda r: signed(draft(
        r, "renew", "aaa-bbb", "AAA", NOW_NS, end=parse_moment("2028-11-02"))), "by consent"),
    ("not its grant", lambda r: signed(draft(r, "revoke", "aaa-bbb", "BBB", NOW_NS,
                                             grant="tracks")), "a grant of BBB"),
    ("no such deployment", lambda r: signed(draft(
        r, "consent", "aaa-bbb", "AAA", NOW_NS, deployment="tower", allowed=False)),
     "one of: radar"),
    ("not the host", lambda r: signed(draft(
        r, "consent", "aaa-bbb", "BBB", NOW_NS, deployment="radar", allowed=True)), "the host"),
    ("onward of nothing", lambda r: signed(draft(
        r, "onward", "aaa-bbb", "AAA", NOW_NS, grant="tracks", nation="CCC", allowed=True)),
     "`onward`: none"),
    ("another's activation", lambda r: signed(draft(
        r, "activate", "aaa-bbb", "BBB", NOW_NS, text=GOOD.replace("version: 1", "version: 2"))),
     "each nation activates"),
    ("the same version", lambda r: signed(draft(r, "activate", "aaa-bbb", "AAA", NOW_NS,
                                                text=GOOD)), "a later one than 1"),
    ("another's clock", lambda r: signed(draft(r, "trust_clock", "aaa-bbb", "BBB", NOW_NS)),
     "whose clock"),
]


@pytest.mark.parametrize(("make", "says"), [case[1:] for case in FORGERIES],
                         ids=[case[0] for case in FORGERIES])
def test_unlawful_acts_are_refused_with_what_was_expected(make: Callable[[Register], Act],
                                                          says: str) -> None:
    register = holding(SUSPENDING, "AAA", NOW_NS)
    with pytest.raises(ActRefused, match=says):
        take(register, make(register), NOW_NS, fresh=True)
    assert in_force(register, NOW_NS)


def test_an_act_is_taken_once() -> None:
    register = holding(SUSPENDING, "AAA", NOW_NS)
    act = signed(draft(register, "notice", "aaa-bbb", "AAA", NOW_NS))
    register = take(register, act, NOW_NS, fresh=True)
    with pytest.raises(ActRefused, match="the last act of AAA"):
        take(register, act, NOW_NS, fresh=True)


def test_an_instrument_that_cannot_be_read_changes_nothing() -> None:
    register = holding(GOOD, "AAA", NOW_NS)
    good = draft(register, "activate", "aaa-bbb", "AAA", NOW_NS,
                 text=GOOD.replace("version: 1", "version: 2"))
    bad = signed(good.model_copy(update={"text": GOOD.replace("term: P5Y", "term: P5X")}))
    with pytest.raises(ConfigProblem, match="line 16"):
        take(register, bad, NOW_NS, fresh=True)
    assert in_force(register, NOW_NS)


def test_suspension_and_resumption() -> None:
    register = after(holding(SUSPENDING, "AAA", NOW_NS), "suspend", "aaa-bbb", "AAA",
                     NOW_NS + HOUR)
    assert in_force(register, NOW_NS + HOUR - 1) and not in_force(register, NOW_NS + HOUR)
    register = after(register, "resume", "aaa-bbb", "AAA", NOW_NS + 2 * HOUR)
    (standing,) = standings_at(register, NOW_NS + 3 * HOUR).in_force
    assert standing.begin_ns == NOW_NS + 2 * HOUR


def test_an_act_may_take_effect_later_never_before() -> None:
    register = holding(SUSPENDING, "AAA", NOW_NS)
    later = after(register, "suspend", "aaa-bbb", "AAA", NOW_NS, effective=NOW_NS + HOUR)
    assert standings_at(later, NOW_NS).until_ns == NOW_NS + HOUR
    assert in_force(later, NOW_NS + HOUR - 1) and not in_force(later, NOW_NS + HOUR)
    earlier = signed(draft(register, "suspend", "aaa-bbb", "AAA", NOW_NS - HOUR,
                           effective=NOW_NS - HOUR))
    assert in_force(take(register, earlier, NOW_NS, fresh=True), NOW_NS - 1)


def test_a_revoked_grant_and_onward_consent() -> None:
    register = holding(ONWARD, "AAA", NOW_NS)
    assert standings_at(register, NOW_NS).in_force[0].consents == frozenset()
    register = after(register, "onward", "aaa-bbb", "AAA", NOW_NS, grant="tracks", nation="CCC",
                     allowed=True)
    assert standings_at(register, NOW_NS).in_force[0].consents == {("tracks", "CCC")}
    register = after(register, "onward", "aaa-bbb", "AAA", NOW_NS, grant="tracks", nation="CCC",
                     allowed=False)
    assert standings_at(register, NOW_NS).in_force[0].consents == frozenset()
    register = after(register, "revoke", "aaa-bbb", "AAA", NOW_NS, grant="tracks")
    assert standings_at(register, NOW_NS).in_force[0].revoked == {"tracks"}
    register = after(register, "restore", "aaa-bbb", "AAA", NOW_NS + HOUR, grant="tracks")
    (standing,) = standings_at(register, NOW_NS + HOUR).in_force
    assert standing.revoked == frozenset() and standing.begin_ns == NOW_NS + HOUR


def test_a_deployment_lapses_with_consent_and_with_the_agreement() -> None:
    register = holding(GOOD.replace("renewal: automatic\n  notice: P6M", "renewal: none"), "AAA",
                       NOW_NS)
    assert standings_at(register, NOW_NS).lapsed == frozenset()
    assert standings_at(register, parse_moment("2028-11-02")).lapsed == {0x0102}
    without = after(register, "consent", "aaa-bbb", "AAA", NOW_NS + HOUR, deployment="radar",
                    allowed=False)
    assert standings_at(without, NOW_NS + HOUR - 1).lapsed == frozenset()
    assert standings_at(without, NOW_NS + HOUR).lapsed == {0x0102}
    again = after(without, "consent", "aaa-bbb", "AAA", NOW_NS + 2 * HOUR, deployment="radar",
                  allowed=True)
    assert standings_at(again, NOW_NS + 2 * HOUR).lapsed == frozenset()


def test_a_later_version_lets_nothing_go_from_before() -> None:
    register = after(holding(GOOD, "AAA", NOW_NS), "activate", "aaa-bbb", "AAA", NOW_NS + HOUR,
                     text=GOOD.replace("version: 1", "version: 2"))
    (standing,) = standings_at(register, NOW_NS + HOUR).in_force
    assert standing.document.instrument.version == 2 and standing.begin_ns == NOW_NS + HOUR


def test_an_act_is_a_file_and_back() -> None:
    register = holding(GOOD, "AAA", NOW_NS)
    act = signed(draft(register, "notice", "aaa-bbb", "AAA", NOW_NS))
    assert parse_act(act.to_text(), "act.json") == act


@pytest.mark.parametrize("change", [
    {"colour": "red"}, {"act": "engage"}, {"grant": "tracks"}, {"digest": "12"},
    {"issued": "2026-01-01T00:00:00"}, {"party": "Kirgizia"}, {"format": 2},
    {"effective": "2020-01-01"}, {"signatures": [{"person": "x", "signature": "y"}]}])
def test_what_is_no_act_is_refused(change: dict[str, object]) -> None:
    register = holding(GOOD, "AAA", NOW_NS)
    content = json.loads(draft(register, "notice", "aaa-bbb", "AAA", NOW_NS).to_text())
    with pytest.raises(ConfigProblem):
        parse_act(json.dumps(content | change), "act.json")


@pytest.mark.parametrize("text", ["", "[", "{}", '{"act": "notice", "act": "suspend"}', "[]", "7"])
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(ConfigProblem):
        parse_act(text, "act.json")

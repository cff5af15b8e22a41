"""Explanations: what a person reads, with the values that decided."""

from __future__ import annotations

import json

import pytest

from jointsky.agreement.compiled import compile_rules
from jointsky.agreement.explain import Explanation, explain
from jointsky.agreement.judge import Cause
from jointsky.agreement.standing import Closed, Standing, Standings
from jointsky.agreement.telling import as_dict, as_text
from tests.agreement.pacts import END_NS, NOW_NS, SENSORS, grant, standing, tracks


def explained(*in_force: Standing, contributors: int = 1, nation: str = "BBB",
              **cells) -> Explanation:
    rules = compile_rules(Standings(NOW_NS, END_NS, in_force, (
        Closed("old", 3, ("AAA", "BBB"), "ended on 2025-01-01"),)), "AAA", ("BBB", "DDD"), SENSORS,
        "tracks")
    return explain(rules, nation, tracks(**cells), contributors, NOW_NS)


@pytest.mark.parametrize(("more", "cells", "says"), [
    ({"ceiling_m": 6000}, {"height_m": None},
     "grant tracks of pact: pressure altitude 9,100 m; the grant ends at 6,000 m"),
    ({"floor_m": 10_000, "ceiling_m": 12_000}, {},
     "pressure altitude 9,100 m, height 9,150 m; the grant begins at 10,000 m and ends at 12,000"),
    ({"floor_m": 0}, {"mode_c_m": None, "height_m": None},
     "no height; the grant begins at 0 m"),
    ({"area": "common"}, {"latitude": -41.5}, "41.5000 S 74.5000 E, outside area common"),
    ({}, {"latitude": float("nan")}, "no position; the grant holds everywhere"),
    ({"identities": ["assumed_friend", "neutral"]}, {},
     "friend; the grant lets go assumed friend, neutral"),
    ({"identities": []}, {}, "friend; the grant lets go none"),
    ({"categories": ["non_cooperative"]}, {"mode_3a": 0o7700},
     "cooperative, emergency; the grant lets go non cooperative"),
    ({}, {"time_ns": 0}, "state of 1970-01-01; pact is in force without a break since"),
    ({"delay_s": 90}, {}, "may leave at 2026-05-28T20:28:10Z: the grant lets nothing go that is "
     "less than 90 s old")])
def test_a_denial_says_which_condition_failed_with_the_values(more, cells, says: str) -> None:
    said = explained(standing(grant(**more)), **cells)
    assert not said.allowed and says in said.why and says in as_text(said)
    (looked,) = said.grants
    assert looked.failed is not None and not looked.failed.holds
    assert [one.holds for one in looked.conditions].count(False) == 1


def test_a_release_names_article_grant_and_rule_and_what_is_held_back() -> None:
    said = explained(standing(grant("air", withheld=["callsign"], quantum_m=5000, accuracy_m=1000,
                                    ceiling_m=20_000)))
    text = as_text(said)
    assert text.splitlines()[0].endswith("article 4 of pact, version 1, grant air.")
    for words in ("BBB gets track 1 of AAA", "without callsign: article 4, grant air, withholds",
                  "without sensors: goes only where a grant names it", "a cell of 5,000 m",
                  "no better than 1,000 m", "In it: radar 1 (0/1, AAA) may go: AAA's own",
                  "Not in force: old, version 3: ended on 2025-01-01"):
        assert words in text
    values = json.loads(json.dumps(as_dict(said)))
    assert values["allowed"] and values["rule"]["article"] == "4"
    assert values["not_after"] == "2026-05-29T20:26:40Z"
    assert [one["field"] for one in values["held_back"]] == ["callsign", "sensors"]


def test_provenance_is_told_by_nation_and_sensor_with_its_grant() -> None:
    onward = grant("on", sender="CCC", to=("AAA",), onward={"to": ["DDD"]}, article="7")
    mine = grant(to=("BBB", "DDD"))
    said = explained(standing(mine, onward), contributors=0b111)
    assert said.cause == Cause.PROVENANCE
    assert "radar 3 (CCC): no grant of CCC in force to AAA lets it on to BBB" in said.why
    assert [one.source.allowed for one in said.contributions] == [True, True, False]
    pact = standing(mine, onward, consents=(("on", "DDD"),), end_ns=END_NS - 1)
    allowed = explained(pact, contributors=0b101, nation="DDD")
    assert allowed.allowed
    assert "onward release by CCC: pact, article 7, grant on" in as_text(allowed)
    assert as_dict(allowed)["contributions"][1]["rule"]["grant"] == "on"
    assert "sensors that nobody knows" in as_text(explained(standing(mine), contributors=1 << 63))


def test_a_track_fused_again_is_judged_as_it_leaves() -> None:
    rules = compile_rules(Standings(NOW_NS, END_NS, (standing(grant(area="common")),), ()), "AAA",
                          ("BBB",), SENSORS, "tracks")
    full = tracks()
    good = explain(rules, "BBB", full, 0b101, NOW_NS, tracks(latitude=43.2), 1)
    assert good.allowed and good.refused and "It goes fused again" in as_text(good)
    bad = explain(rules, "BBB", full, 0b101, NOW_NS, tracks(latitude=41.0), 1)
    assert bad.cause == Cause.AREA and "fused again: 41.0000 N" in bad.why
    none = explain(rules, "BBB", full, 0b101, NOW_NS)
    assert none.cause == Cause.PROVENANCE and "too little is left" in none.why


def test_a_grant_that_could_not_be_made_ready_is_named() -> None:
    broken = standing(grant("bad", area="common"), grant("good", ceiling_m=5000))
    broken.document.instrument.areas.clear()
    said = explained(broken)
    assert said.cause == Cause.HEIGHT and [one.rule.grant.id for one in said.grants] == ["good"]
    assert "Cannot be used: pact, grant bad: KeyError('common')" in as_text(said)
    assert len(as_dict(said)["faults"]) == 1


def test_where_nothing_binds_the_two_that_is_said() -> None:
    assert "no agreement in force binds AAA and BBB" in explained().why
    assert "no grant of AAA to BBB for tracks" in explained(standing(grant(to=("CCC",)))).why
    rules = compile_rules(Standings(NOW_NS, END_NS, (standing(grant()),), (), trusted=False),
                          "AAA", ("BBB",), SENSORS, "tracks")
    said = explain(rules, "BBB", tracks(), 1, NOW_NS)
    assert said.cause == Cause.CLOCK and not said.grants and "clock" in said.why
    with pytest.raises(KeyError):
        explain(rules, "ZZZ", tracks(), 1, NOW_NS)

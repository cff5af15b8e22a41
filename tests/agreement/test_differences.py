"""What a new version changes: in which respect, and whether more goes or less."""

from __future__ import annotations

import pytest

from jointsky.agreement.breadth import Breadth
from jointsky.agreement.differences import Difference, differences
from jointsky.agreement.reading import parse_instrument
from tests.agreement.test_checks import CLEAN


def found(old: str, new: str) -> list[Difference]:
    return differences(parse_instrument(old, "old").instrument,
                       parse_instrument(new, "new").instrument)


def test_what_is_the_same_has_no_difference() -> None:
    assert found(CLEAN, CLEAN + "\n# A remark.\n") == []


RESPECTS = [
    ("", "to: [RUS], data: tracks, area: inner", "to: [RUS], data: tracks", "area", "wider"),
    ("", "area: inner,", "area: common,", "area", "wider"),
    ("area: inner,", "area: inner, floor_m: 1000,", "area: inner,", "height", "wider"),
    ("area: inner,", "area: inner, floor_m: 1000,", "area: inner, floor_m: 2000,", "height",
     "narrower"),
    ("area: inner,", "area: inner, floor_m: 1000,", "area: inner, ceiling_m: 2000,", "height",
     "other"),
    ("area: inner,", "area: inner, identities: [friend],", "area: inner,", "identities", "wider"),
    ("area: inner,", "area: inner, identities: [friend],",
     "area: inner, identities: [friend, neutral],", "identities", "wider"),
    ("area: inner,", "area: inner, identities: [friend],", "area: inner, identities: [neutral],",
     "identities", "other"),
    ("", "area: inner,", "area: inner, categories: [cooperative],", "categories", "narrower"),
    ("", "area: inner,", "area: inner, withheld: [callsign],", "fields withheld", "narrower"),
    ("area: inner,", "area: inner, withheld: [callsign, mode_3a],",
     "area: inner, withheld: [callsign],", "fields withheld", "wider"),
    ("", "area: inner,", "area: inner, guarded: [sensors],", "guarded fields", "wider"),
    ("", "area: inner,", "area: inner, quantum_m: 500,", "quantum", "narrower"),
    ("area: inner,", "area: inner, accuracy_m: 500,", "area: inner, accuracy_m: 50,", "accuracy",
     "wider"),
    ("", "area: inner,", "area: inner, delay_s: 30,", "delay", "narrower"),
    ("", "area: inner,", "area: inner, onward: {to: [KAZ]},", "onward", "wider"),
    ("area: inner,", "area: inner, onward: {to: [KAZ]},",
     "area: inner, onward: {to: [KAZ], consents: [KAZ]},", "onward consents", "wider"),
]


@pytest.mark.parametrize(("base", "old", "new", "respect", "breadth"), RESPECTS)
def test_grants_become_wider_or_narrower(base: str, old: str, new: str, respect: str,
                                         breadth: str) -> None:
    before = CLEAN.replace(base, old, 1) if base else CLEAN
    assert before.count(old) == 1
    [one] = found(before, before.replace(old, new))
    assert (one.part, one.name, one.kind) == ("grants", "b-tracks", "changed")
    assert [(item.name, item.breadth) for item in one.respects] == [(respect, Breadth(breadth))]
    # The other way round the same respect goes the other way.
    [back] = found(before.replace(old, new), before)
    other = {"wider": "narrower", "narrower": "wider", "other": "other"}[breadth]
    assert [item.breadth for item in back.respects] == [Breadth(other)]


def test_recipients() -> None:
    wide = CLEAN.replace("bilateral", "multilateral").replace(
        "name: Two}\n", "name: Two}\n  - {nation: KAZ, name: Three}\n")
    [one] = found(wide, wide.replace("to: [RUS], data: tracks, area: inner",
                                     "to: [RUS, KAZ], data: tracks, area: inner"))
    assert [(item.name, item.breadth, item.new) for item in one.respects] == [
        ("recipients", Breadth.WIDER, "KAZ RUS")]


def test_grants_come_go_and_change_places() -> None:
    head, grants = CLEAN.split("grants:\n")
    first, second, third = grants.split("  - ")[1:]
    turned = f"{head}grants:\n  - {second}  - {first}  - {third}"
    [order] = found(CLEAN, turned)
    assert (order.name, order.respects[0].name) == ("tracks from KGZ", "order")
    assert (order.respects[0].old, order.respects[0].new) == ("a-tracks, b-tracks",
                                                             "b-tracks, a-tracks")
    gone = found(CLEAN, f"{head}grants:\n  - {first}  - {third}")
    assert [(one.name, one.kind) for one in gone] == [("b-tracks", "went")]
    # Of other data it is another grant.
    other = found(CLEAN, CLEAN.replace("data: tracks, area: inner", "data: plots, area: inner"))
    assert [(one.name, one.kind) for one in other] == [("b-tracks", "went"), ("b-tracks", "came")]


def test_an_area_that_grows_widens_its_grants() -> None:
    changed = found(CLEAN, CLEAN.replace("radius_km: 100", "radius_km: 150"))
    assert [(one.part, one.name, one.respects[0].breadth) for one in changed] == [
        ("areas", "inner", Breadth.WIDER), ("grants", "b-tracks", Breadth.WIDER)]
    assert changed[1].respects[0].new == "inner (70,683 km2)"


@pytest.mark.parametrize(("old", "new", "part", "name", "before", "after"), [
    ("term: P5Y", "term: P10Y", "life", "term", "P5Y", "P10Y"),
    ("in_force: 2023-11-02", "in_force: 2024-01-01", "life", "in_force", "2023-11-02",
     "2024-01-01"),
    ("notice: P6M", "notice: P1Y", "life", "notice", "P6M", "P1Y"),
    ("  in_force", "  suspension: {by: [KGZ]}\n  in_force", "life", "suspension by", "none", "KGZ"),
    ("retention: P1Y", "retention: P2Y", "survival", "retention", "P1Y", "P2Y"),
    ("date: 2023-10-11", "date: 2023-10-12", "ratifications", "date", "2023-10-11", "2023-10-12"),
    ("begin: 2024-01-01", "begin: 2024-02-01", "deployments", "begin", "2024-01-01", "2024-02-01"),
    ("sic: 11", "sic: 12", "deployments", "sensors", "name Radar, sac 200, sic 11",
     "name Radar, sac 200, sic 12"),
    ("area_ha: 314.2", "area_ha: 310", "sites", "area_ha", "314.2", "310"),
    ("radius_km: 1}", "radius_km: 2}", "sites", "shape", "314.2 ha", "1,257 ha"),
    ("title: Who coordinates", "title: Another", "command", "title", "Who coordinates", "Another"),
    ("version: 1", "version: 2", "instrument", "version", "1", "2"),
])
def test_everything_else_is_told_with_both_values(old: str, new: str, part: str, name: str,
                                                  before: str, after: str) -> None:
    [one] = found(CLEAN, CLEAN.replace(old, new, 1))
    assert one.part == part
    assert [(item.name, item.old, item.new) for item in one.respects] == [(name, before, after)]

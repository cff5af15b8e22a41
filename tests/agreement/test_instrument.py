"""Instruments: read whole or refused whole, with line and key."""

from __future__ import annotations

import pytest

from jointsky.agreement.places import fault_of_polygon
from jointsky.agreement.reading import parse_instrument
from jointsky.model.errors import ConfigProblem

GOOD = """\
id: aaa-bbb
title: A pact
version: 1
kind: bilateral
parties:
  - {nation: AAA, name: A}
  - {nation: BBB, name: B}
sources:
  paper: {title: A page, publisher: An agency}
life:
  signed: 2022-08-16
  ratifications:
    - {party: AAA, date: 2023-05-29, body: Parliament, source: paper}
    - {party: BBB, date: 2023-10-11, body: Parliament, assumed: true}
  in_force: 2023-11-02
  term: P5Y
  renewal: automatic
  notice: P6M
areas:
  common: {name: Common area, shape: {polygon: [[42, 73], [42, 76], [44, 76], [44, 73]]}}
sites:
  - id: plot
    name: A plot
    host: AAA
    area_ha: 5
    shape: {box: {south: 42.0, north: 42.1, west: 74.0, east: 74.1}}
deployments:
  - {id: radar, of: BBB, site: plot, sensors: [{name: R, sac: 1, sic: 2}],
     consent: {by: AAA, date: 2023-11-02}}
grants:
  - {id: tracks, from: AAA, to: [BBB], data: tracks, area: common, purpose: warning, article: "4"}
"""


def faults_of(text: str) -> list[str]:
    with pytest.raises(ConfigProblem) as caught:
        parse_instrument(text, "pact.yaml")
    return caught.value.faults


def test_a_good_instrument_is_read_with_its_lines() -> None:
    document = parse_instrument(GOOD, "pact.yaml")
    assert document.instrument.nations == ("AAA", "BBB")
    assert document.instrument.grants[0].sender == "AAA"
    assert document.lines[("grants", 0)] == GOOD[:GOOD.index("  - {id: tracks")].count("\n") + 1
    assert len(document.digest) == 64


@pytest.mark.parametrize(("old", "new", "line", "says"), [
    ("term: P5Y", "term: 5 years", 16, "expected such as P5Y"),
    ("signed: 2022-08-16", "signed: 2024-08-16", 10, "before the signature"),
    ("in_force: 2023-11-02", "in_force: 2023-06-01", 10, "before the ratification by BBB"),
    ("in_force: 2023-11-02", "in_force: 2023-11-02T10:00:00", 15, "no time zone"),
    ("party: BBB, date: 2023-10-11", "party: CCC, date: 2023-10-11", 14, "CCC is no party"),
    ("to: [BBB]", "to: [CCC]", 31, "CCC is no party"),
    ("to: [BBB]", "to: [AAA]", 31, "AAA is the sender itself"),
    ("area: common", "area: comon", 31, "no 'comon' in areas"),
    ("[42, 76], [44, 76], [44, 73]", "[44, 76], [42, 76], [44, 73]", 20, "crosses or touches"),
    ("data: tracks", "data: tracks, colour: red", 31, "no such key; see docs/agreements.md"),
    ("site: plot", "site: plott", 28, "no site 'plott'"),
    ("by: AAA, date", "by: BBB, date", 29, "expected the host of plot, AAA"),
    ("of: BBB, site", "of: AAA, site", 28, "is the host of plot itself"),
    ("source: paper", "source: papers", 13, "no 'papers' in sources"),
    ("  notice: P6M\n", "", 10, "notice: missing"),
    ("title: A pact", "title: A pact\ntitle: Another", 3, "second time"),
    ("version: 1", "version: one", 3, "version"),
    ("body: Parliament, assumed: true", "body: Parliament, assumed: true, source: paper", 14,
     "one or the other"),
    ("kind: bilateral", "kind: bilateral\nweapons: []", 5, "no such key"),
])
def test_what_is_wrong_is_said_with_line_and_key(old: str, new: str, line: int,
                                                 says: str) -> None:
    assert old in GOOD
    faults = faults_of(GOOD.replace(old, new, 1))
    assert any(says in fault for fault in faults), faults
    assert any(fault.startswith(f"line {line}, ") for fault in faults), faults


def test_all_faults_come_at_once() -> None:
    text = GOOD.replace("to: [BBB]", "to: [CCC]").replace("area: common,", "area: nowhere,")
    assert len(faults_of(text)) == 2


@pytest.mark.parametrize("text", [
    "", "[]", "a: [", "a: &x 1\nb: *x", "\x00", "- 1", "a: !!python/x 1"])
def test_what_is_no_instrument_is_refused(text: str) -> None:
    assert faults_of(text)


@pytest.mark.parametrize(("corners", "says"), [
    ([(0, 0), (0, 10), (10, 10), (10, 0)], ""),
    ([(0, 0), (0, 10), (10, 10), (10, 0), (0, 0)], ""),
    ([(80, 0), (80, 120), (80, -120)], ""),
    ([(-5, 175), (-5, -175), (5, -175), (5, 175)], ""),
    ([(0, 0), (10, 10), (0, 10), (10, 0)], "crosses"),
    ([(0, 0), (0, 10), (0, 5)], "folds"),
    ([(0, 0), (0, 10), (10, 10), (0, 5), (10, 0)], "touches"),
    ([(0, 0), (0, 0), (10, 10)], "one place"),
    ([(0, 0), (0, 120), (0, -120)], "hemisphere"),
    ([(0, 0), (0, 0), (0, 0)], "two corners"),
])
def test_polygons_are_simple(corners: list[tuple[float, float]], says: str) -> None:
    fault = fault_of_polygon(tuple(corners))
    assert says in fault and bool(fault) == bool(says)


@pytest.mark.parametrize(("marks", "says"), [
    ("source: paper, assumed: [purpose]", ""),
    ("assumed: [purpose]", "no source for the others"),
    ("source: paper, assumed: [colour]", "colour is no key"),
    ("source: paper, assumed: []", "at least 1"),
])
def test_a_part_may_be_assumed_in_part(marks: str, says: str) -> None:
    text = GOOD.replace("purpose: warning,", f"purpose: warning, {marks},")
    if not says:
        grant = parse_instrument(text, "pact.yaml").instrument.grants[0]
        assert grant.assumed == ("purpose",)
    else:
        faults = faults_of(text)
        assert any(says in fault and fault.startswith("line 31, ") for fault in faults), faults

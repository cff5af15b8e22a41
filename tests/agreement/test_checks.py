"""The linter of agreements: each check finds what it is for, at its line, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from jointsky.agreement.checks import CHECKS, examine
from jointsky.agreement.findings import Desk, Finding
from jointsky.agreement.nations import NATIONS, is_nation
from jointsky.agreement.periods import parse_moment
from jointsky.agreement.reading import parse_instrument
from jointsky.model.sensor import Sensor, SensorKind

ROOT = Path(__file__).resolve().parents[2]
NOW = "2026-11-23"
CLEAN = """\
id: pact
title: A pact
version: 1
kind: bilateral
source: paper
parties:
  - {nation: KGZ, name: One}
  - {nation: RUS, name: Two}
sources:
  paper: {title: A page, publisher: An agency}
life:
  signed: 2022-08-16
  ratifications:
    - {party: KGZ, date: 2023-05-29, body: Parliament}
    - {party: RUS, date: 2023-10-11, body: Parliament}
  in_force: 2023-11-02
  term: P5Y
  renewal: automatic
  notice: P6M
survival: {retention: P1Y}
areas:
  common: {name: Common area, shape: {circle: {centre: [42, 74], radius_km: 200}}}
  inner: {name: Inner area, shape: {circle: {centre: [42, 74], radius_km: 100}}}
sites:
  - id: plot
    name: A plot
    host: KGZ
    area_ha: 314.2
    shape: {circle: {centre: [42, 74], radius_km: 1}}
deployments:
  - id: post
    of: RUS
    site: plot
    begin: 2024-01-01
    sensors: [{name: Radar, sac: 200, sic: 11}]
    consent: {by: KGZ, date: 2023-11-02}
command:
  - {role: coordinates, holder: RUS, title: Who coordinates}
grants:
  - {id: a-tracks, from: KGZ, to: [RUS], data: tracks, area: common, floor_m: 2000, delay_s: 5,
     quantum_m: 1000, purpose: warning, article: "4"}
  - {id: b-tracks, from: KGZ, to: [RUS], data: tracks, area: inner, purpose: warning, article: "5"}
  - {id: c-tracks, from: RUS, to: [KGZ], data: tracks, area: common, purpose: x, article: "6"}
"""
# Name of the check, what to replace, by what, the line it is found at.
CASES = [
    ("no-nation", "RUS", "RUX", 8),
    ("kind-parties", "name: Two}\n", "name: Two}\n  - {nation: KAZ, name: Three}\n", 4),
    ("component-unknown", "kind: bilateral", "kind: bilateral\ncomponent_of: above", 5),
    ("component-contradicts", "kind: bilateral", "kind: bilateral\ncomponent_of: pact", 5),
    ("not-ratified", "    - {party: RUS, date: 2023-10-11, body: Parliament}\n", "", 11),
    ("not-bound", "    - {party: RUS, date: 2023-10-11, body: Parliament}\n", "", 39),
    ("not-ratified", "  signed: 2022-08-16\n", "", 11),
    ("not-yet", "in_force: 2023-11-02", "in_force: 2027-01-01", 16),
    ("not-yet", "date: 2023-10-11, body: Parliament}\n  in_force: 2023-11-02",
     "date: 2026-12-11, body: Parliament}\n  in_force: last_ratification", 15),
    ("term-ended", "term: P5Y\n  renewal: automatic", "term: P3Y\n  renewal: none", 17),
    ("term-ended", "term: P5Y\n  renewal: automatic", "term: P3Y\n  renewal: by_consent", 17),
    ("end-near", "term: P5Y\n  renewal: automatic", "term: P3Y2M\n  renewal: none", 17),
    ("end-near", "term: P5Y", "term: P4Y", 19),
    ("no-retention", "{retention: P1Y}", "{protection: true}", 20),
    ("site-area", "area_ha: 314.2", "area_ha: 321", 28),
    ("no-consent", "    consent: {by: KGZ, date: 2023-11-02}\n", "", 31),
    ("deployment-time", "begin: 2024-01-01", "begin: 2023-11-01", 34),
    ("deployment-time", "begin: 2024-01-01", "end: 2029-01-01", 34),
    ("sensor-twice", "command:", "  - {id: again, of: RUS, site: plot, consent: {by: KGZ, "
     "date: 2024-01-01}, sensors: [{name: R, sac: 200, sic: 11}]}\ncommand:", 37),
    ("command-twice", "command:\n",
     "command:\n  - {role: coordinates, holder: KGZ, title: Another}\n", 39),
    ("no-area", "data: tracks, area: inner,", "data: tracks,", 42),
    ("lets-nothing", "area: inner,", "area: inner, identities: [],", 42),
    ("lets-nothing", "area: inner,", "area: inner, categories: [on_ground],", 42),
    ("never-reached", "area: common, floor_m: 2000, delay_s: 5,", "area: common,", 42),
    ("delay-bypassed", "area: common, floor_m: 2000, delay_s: 5,\n     quantum_m: 1000,",
     "area: inner, delay_s: 60,", 40),
    ("party-without-grant", "name: Two}\n", "name: Two}\n  - {nation: KAZ, name: Three}\n", 9),
    ("onward-unconsented", "area: inner,", "area: inner, onward: {to: [KAZ]},", 42),
    ("onward-unreachable", "area: inner,", "area: inner, onward: {to: [KAZ], consents: [KAZ]},",
     42),
    ("links-unknown", 'article: "6"}\n', 'article: "6"}\n  - {id: h, from: RUS, to: [KGZ], '
     'data: handover, area: inner, purpose: x, article: "7"}\n', 44),
    ("handover-blind", "data: tracks, area: common, purpose: x", "data: handover, area: inner, "
     "purpose: x", 43),
    ("finer-than-source", "quantum_m: 1000", "quantum_m: 20", 41),
    ("finer-than-source", "area: inner,", "area: inner, quantum_m: 50, accuracy_m: 9,", 42),
    ("accuracy-alone", "area: inner,", "area: inner, accuracy_m: 90,", 42),
    ("identity-told", "area: inner,",
     "area: inner, identities: [friend], withheld: [identity],", 42),
    ("guarded", "area: inner,", "area: inner, guarded: [sensors],", 42),
    ("unsourced", "source: paper\n", "", 6),
    ("unused", "area: inner,", "area: common,", 23),
    ("unused", "  paper: {", "  other: {title: No page, publisher: Nobody}\n  paper: {", 10),
    ("unused", "site: plot\n", "site: plots\n", 25),
]


def examined(*texts: str, links: frozenset[str] | None = None, sensors: tuple[Sensor, ...] = (),
             own: str = "") -> list[Finding]:
    documents = tuple(parse_instrument(text, f"{at}.yaml") for at, text in enumerate(texts))
    return examine(Desk(documents, parse_moment(NOW), links, sensors, own))


def test_a_clean_agreement_is_clean() -> None:
    assert examined(CLEAN) == []


@pytest.mark.parametrize(("name", "old", "new", "line"), CASES,
                         ids=[f"{one[0]}-{at}" for at, one in enumerate(CASES)])
def test_each_check_finds_what_it_is_for(name: str, old: str, new: str, line: int) -> None:
    assert CLEAN.count(old) >= 1
    text = CLEAN.replace(old, new, -1 if old == "RUS" else 1)
    if "plots" in new:  # a second site, at which the post stands
        text = text.replace("  - id: plot\n", "  - id: plot\n    name: Unused\n    host: KGZ\n    "
                            "area_ha: 314.2\n    shape: {circle: {centre: [42, 74], radius_km: 1}}"
                            "\n  - id: plots\n", 1)
    found = examined(text)
    assert (name, line) in {(one.check, one.line) for one in found}, found
    severity = next(one.severity for one in CHECKS if one.name == name)
    assert all(one.severity is severity for one in found if one.check == name)
    assert str(found[0]).startswith(f"0.yaml:{found[0].line}: {found[0].severity.value}: ")


def test_every_check_has_a_case() -> None:
    elsewhere = {"two-alike", "sensor-unlike", "handover-unlinked"}
    assert {one.name for one in CHECKS} == {one[0] for one in CASES} | elsewhere
    assert len({one.name for one in CHECKS}) == len(CHECKS)


def test_two_files_alike() -> None:
    found = examined(CLEAN, CLEAN.replace("A pact", "A pact, changed"))
    assert [(one.file, one.line) for one in found if one.check == "two-alike"] == [("1.yaml", 1)]
    later = CLEAN.replace("version: 1", "version: 2").replace("sic: 11", "sic: 12")
    assert not examined(CLEAN, later)


def test_components_must_fit_the_system_above_them() -> None:
    below = CLEAN.replace("id: pact\n", "id: below\ncomponent_of: pact\n")
    assert {one.check for one in examined(CLEAN, below)} == {"sensor-twice", "never-reached"}
    strange = below.replace("RUS", "KAZ")
    found = [one for one in examined(CLEAN, strange) if one.check == "component-contradicts"]
    assert [(one.file, one.line) for one in found] == [("1.yaml", 2)]
    assert "KAZ is no party of pact" in found[0].text
    ring = CLEAN.replace("id: pact\n", "id: pact\ncomponent_of: below\n")
    assert len([one for one in examined(ring, below)
                if one.check == "component-contradicts"]) == 2


def test_agreements_are_tried_by_their_ids() -> None:
    above = CLEAN.replace("id: pact\n", "id: above\n").replace("sic: 11", "sic: 12").replace(
        "area: inner, ", "")
    found = examined(CLEAN, above)
    assert [(one.file, one.check, one.line) for one in found if one.file == "0.yaml"] == [
        ("0.yaml", "never-reached", line) for line in (40, 42, 43)]
    assert "a-tracks is never reached: a-tracks of above fits first" in found[0].text
    below = above.replace("id: above\n", "id: under\n")
    assert not [one for one in examined(CLEAN, below) if one.file == "0.yaml"
                and one.check == "never-reached"]
    late = above.replace("data: tracks, purpose", "data: tracks, delay_s: 60, purpose")
    assert ("1.yaml", "delay-bypassed") in {
        (one.file, one.check) for one in examined(CLEAN.replace("area: inner, ", ""), late)}


def test_links_are_looked_at_where_partners_are_told() -> None:
    text = CLEAN + ('  - {id: h, from: RUS, to: [KGZ], data: handover, area: inner, purpose: x, '
                    'article: "7"}\n')
    assert [one.check for one in examined(text)] == ["links-unknown"]
    for own, links, expected in (("KGZ", {"RUS"}, []), ("RUS", {"KGZ"}, []), ("KAZ", {"TJK"}, []),
                                 ("KGZ", {"KAZ"}, [("handover-unlinked", 44)]),
                                 ("RUS", {"KAZ"}, [("handover-unlinked", 44)])):
        found = examined(text, links=frozenset(links), own=own)
        assert [(one.check, one.line) for one in found] == expected


def sensor(sic: int, nation: str, sigma_m: float) -> Sensor:
    return Sensor(200 << 8 | sic, f"radar {sic}", SensorKind.PSR_SSR, 0.0, 0.0, 0.0, 5.0, 3e5,
                  sigma_m, 1e-3, nation=nation)


def test_sensors_of_the_unit_are_compared() -> None:
    assert examined(CLEAN, sensors=(sensor(11, "RUS", 60), sensor(12, "", 60)), own="KGZ") == []
    found = examined(CLEAN, sensors=(sensor(11, "", 60),), own="KGZ")
    assert [(one.check, one.line) for one in found] == [("sensor-unlike", 35)]
    assert "of KGZ in the unit's configuration" in found[0].text
    found = examined(CLEAN, sensors=(sensor(12, "", 60),), own="KGZ")
    assert "no sensor of the unit" in found[0].text
    # 1000 m / sqrt(12) = 289 m.
    found = examined(CLEAN, sensors=(sensor(11, "RUS", 10), sensor(12, "", 300)), own="KGZ")
    assert [(one.check, one.line) for one in found] == [("finer-than-source", 41)]
    assert "radar 12 by 300 m" in found[0].text


@pytest.mark.parametrize(("first", "second", "reached"), [
    ("", "", False),
    ("floor_m: 1000,", "floor_m: 2000,", False),
    ("floor_m: 1000,", "", True),
    ("floor_m: 1000,", "ceiling_m: 9000,", True),
    ("delay_s: 10,", "delay_s: 60,", False),
    ("delay_s: 60,", "delay_s: 10,", True),
    ("identities: [friend, neutral],", "identities: [friend],", False),
    ("identities: [friend],", "", True),
    ("categories: [cooperative, emergency],", "categories: [cooperative],", False),
    ("categories: [cooperative],", "categories: [cooperative, emergency],", True),
])
def test_what_is_never_reached(first: str, second: str, reached: bool) -> None:
    head, _ = CLEAN.split("grants:\n")
    text = f"""{head}grants:
  - {{id: one, from: KGZ, to: [RUS], data: tracks, area: common, {first} purpose: x, article: y}}
  - {{id: two, from: KGZ, to: [RUS], data: tracks, area: inner, {second} purpose: x, article: y}}
"""
    assert ("never-reached" in {one.check for one in examined(text)}) is not reached
    turned = text.replace("area: common", "area: other").replace("area: inner", "area: common")
    assert "never-reached" not in {one.check for one in examined(
        turned.replace("area: other", "area: inner"))}


def test_the_examples_are_clean_but_for_what_is_known() -> None:
    files = sorted((ROOT / "examples" / "agreements").glob("*.yaml"))
    documents = tuple(parse_instrument(path.read_text(), path.stem) for path in files)
    found = examine(Desk(documents, parse_moment(NOW), frozenset({"RUS"}), own="KGZ"))
    assert [(one.file, one.check) for one in found] == [
        ("rus-blr-2009", "not-ratified"), ("rus-blr-2009", "not-bound"),
        ("rus-blr-2009", "not-bound"), ("swiss-asde-2018", "onward-unreachable")]


def test_codes_of_nations() -> None:
    assert len(NATIONS) == 249
    assert all(is_nation(code) for code in ("KGZ", "XNA", "ZZZ", "AAA", "QMA"))
    assert not any(is_nation(code) for code in ("KGS", "XYZ", "QLA", "ABA", ""))


def test_every_check_is_on_the_page() -> None:
    page = (ROOT / "docs" / "agreements.md").read_text()
    absent = [one.name for one in CHECKS
              if f"| `{one.name}` | {one.severity.value} | {one.finds} |" not in page]
    assert not absent

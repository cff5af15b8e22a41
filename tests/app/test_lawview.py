"""What consoles are told of the agreements: as the examples say, as the law stands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jointsky.agreement.instrument import Nation
from jointsky.agreement.periods import parse_moment
from jointsky.agreement.register import Register
from jointsky.app.lawview import agreements_of, alarms_of
from jointsky.engine.law import Law
from tests.agreement.persons import after, person

TEXT = (Path(__file__).resolve().parents[2] / "examples" / "agreements"
        / "kgz-rus-2022.yaml").read_text()
NOW_NS = parse_moment("2026-11-23")
KGZ: Nation = "KGZ"
PERSONS = tuple(person(f"kgz {number}", KGZ) for number in (1, 2))


@pytest.fixture
def register() -> Register:
    return after(Register(KGZ, PERSONS), "activate", "kgz-rus", KGZ, NOW_NS, text=TEXT)


def test_the_seed_agreement_is_told_whole(register: Register) -> None:
    told = json.loads(json.dumps(agreements_of(Law(register), NOW_NS)))
    (one,) = told["agreements"]
    assert one["phase"] == "in force" and one["in_force"] and one["days_left"] == 710
    assert [party["nation"] for party in one["parties"]] == ["KGZ", "RUS"]
    assert one["sites"][0]["area_ha"] == 5 and len(one["sites"][0]["outline"]) >= 4
    assert one["grants"] and all(grant["article"] and grant["from"] for grant in one["grants"])
    kinds = {entry["kind"] for entry in one["calendar"]}
    assert {"signed", "ratified", "in_force", "notice_due", "ends"} <= kinds
    assert told["alarms"] == [] and told["lapsed"] == []


def test_a_deployment_without_consent_is_an_alarm(register: Register) -> None:
    name = agreements_of(Law(register), NOW_NS)["agreements"][0]["deployments"][0]["id"]
    law = Law(after(register, "consent", "kgz-rus", KGZ, NOW_NS, deployment=name,
                    allowed=False))
    (alarm,) = alarms_of(law, NOW_NS)
    assert name in alarm and "KGZ does not consent" in alarm
    assert agreements_of(law, NOW_NS)["lapsed"]


def test_a_clock_that_was_set_and_an_end_that_is_near_are_alarms(register: Register) -> None:
    law = Law(register, clock="it was set forward by 3600.0 s")
    assert "nothing leaves" in alarms_of(law, NOW_NS)[0]
    assert not agreements_of(law, NOW_NS)["agreements"][0]["in_force"]
    near = alarms_of(Law(register), parse_moment("2028-04-20"))
    assert any("last day to give notice" in one for one in near)

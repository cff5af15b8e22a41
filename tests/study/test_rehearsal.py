"""The ground that grants cover, and the end of agreements, as a rehearsal counts them."""

from __future__ import annotations

import math

import pytest

from jointsky.agreement.compiled import Rules, compile_rules
from jointsky.agreement.life import status_at
from jointsky.agreement.places import EARTH_M
from jointsky.agreement.register import Register
from jointsky.study.rehearsal import area_km2_of, ended, moved
from tests.agreement.pacts import grant, standing, standings
from tests.agreement.persons import after, person
from tests.app.lawful import text_of

CIRCLE = {"name": "C", "shape": {"circle": {"centre": [43, 75], "radius_km": 200}}}
FAR = {"name": "F", "shape": {"circle": {"centre": [-20, 178], "radius_km": 300}}}
BAND = {"name": "B", "shape": {"box": {"south": 0, "north": 30, "west": 170, "east": -170}}}


def rules_of(*areas: str | None) -> Rules:
    grants = [grant(f"g{number}", **({"area": area} if area else {}))
              for number, area in enumerate(areas)]
    one = standing(*grants, areas={"c": CIRCLE, "f": FAR, "b": BAND})
    return compile_rules(moved(standings(one), 5), "AAA", ("BBB", "CCC"), (), "tracks")


def cap_km2(radius_km: float) -> float:
    radius = EARTH_M / 1000
    return 2 * math.pi * radius**2 * (1 - math.cos(radius_km / radius))


@pytest.mark.parametrize(("areas", "expected"), [
    (("c",), cap_km2(200)), (("c", "c"), cap_km2(200)), (("c", "f"), cap_km2(200) + cap_km2(300)),
    (("b",), math.radians(20) * (EARTH_M / 1000) ** 2 * math.sin(math.radians(30))),
    ((None, "c"), math.inf), ((), 0.0)])
def test_areas_count_once_and_over_the_date_line(areas: tuple[str | None, ...],
                                                 expected: float) -> None:
    assert area_km2_of(rules_of(*areas), "BBB") == pytest.approx(expected, rel=0.05)


def test_who_gets_nothing_has_no_area() -> None:
    assert area_km2_of(rules_of("c"), "CCC") == 0.0
    assert area_km2_of(rules_of("c"), "DDD") == 0.0


def test_an_end_is_that_of_the_agreements_named_alone() -> None:
    persons = tuple(person(f"kgz {number}", "KGZ") for number in (1, 2))
    register = Register("KGZ", persons)
    for name in ("kgz-rus", "cis"):
        register = after(register, "activate", name, "KGZ", 1_780_000_000 * 10**9,
                         text=text_of(name))
    end_ns = 1_800_000_000 * 10**9
    phases = {held.id: [status_at(held.instrument, held.facts, at_ns).in_force
                        for at_ns in (end_ns - 1, end_ns)]
              for held in ended(register, ("kgz-rus",), end_ns).held}
    assert phases == {"kgz-rus": [True, False], "cis": [True, True]}

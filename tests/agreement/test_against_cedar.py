"""Release against Cedar, an independent judge of policies, on random agreements and on tracks near
every boundary of them; and the egress verifier on whatever release lets go."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from jointsky.agreement.compiled import compile_rules
from jointsky.agreement.decide import decide
from jointsky.agreement.delays import DelayLine
from jointsky.agreement.release import Partial, release
from jointsky.edge.egress import Egress
from tests.agreement.questions import Tally, compare, questions
from tests.agreement.scenes import OTHERS, OWN

PARTS = SimpleNamespace(compile_rules=compile_rules, decide=decide, release=release,
                        Partial=Partial, DelayLine=DelayLine)
INSTANTS, ROWS = 10, 125
OF_A_SCENE = INSTANTS * ROWS * len(OTHERS)
# Met, some of the tracks let go and some not.
BOTH = [*(f"box {edge}{off:+d} ulp" for edge in ("south", "north", "west", "east")
          for off in (-1, 0, 1)),
        *(f"{kind}{off:+d} mm" for kind in ("circle", "corridor", "polygon") for off in (-1, 1)),
        *(f"{limit} {off}" for limit in ("floor_m", "ceiling_m")
          for off in ("-1 mm", "-1 ulp", "edge", "+1 ulp", "+1 mm")),
        *(f"{edge}{off:+d} ns" for edge in ("delay", "stretch") for off in (-1, 0, 1)),
        "no height", "identity", "simulated", "test", "on ground", "emergency", "code", "silent",
        "one answer", "fused again", "world exercise", "midst"]
# Met, whatever came of it; where a few scenes are asked about, they are chosen so.
INSTANT = [f"{name}{off:+d} ns" for name in ("begin", "end", "suspended", "resumed", "revoked",
                                             "restored", "onward consent", "host consent")
           for off in (-1, 0)]
NONE = ["world replay", "world study", "clock not trusted", "nothing left"]


def ask(seeds: range) -> Tally:
    """Every question of some scenes, to release and to Cedar."""
    tally = Tally()
    for seed in seeds:
        asked = questions(seed, INSTANTS, ROWS)
        egress = Egress(OWN, asked[0].scene.sensors, asked[0].scene.acts)
        for question in asked:
            compare(question, PARTS, tally, egress)
    return tally


def check(tally: Tally, decisions: int, instants: list[str]) -> None:
    assert not tally.wrong, tally.wrong[:5]
    assert tally.decisions == decisions
    assert 0.4 <= tally.allowed / tally.decisions <= 0.6
    assert tally.rows == tally.allowed and not tally.refused
    assert not [label for label in BOTH
                if not tally.met[label, True] or not tally.met[label, False]]
    assert not [label for label in instants
                if not tally.met[label, True] + tally.met[label, False]]
    assert not [label for label in NONE if tally.met[label, True] or not tally.met[label, False]]


@pytest.mark.parametrize("first", [0, 20])
def test_release_lets_go_what_cedar_does_by_the_same_grant(first: int) -> None:
    check(ask(range(first, first + 10)), 10 * OF_A_SCENE, INSTANT)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("first", range(1000, 1200, 20))
def test_release_and_cedar_agree_a_million_times(first: int) -> None:
    check(ask(range(first, first + 20)), 20 * OF_A_SCENE, [])

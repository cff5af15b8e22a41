"""Every fault of a list, planted into the release code, is noticed by somebody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from jointsky.edge.egress import Egress
from jointsky.model.schema import TrackBatch
from tests.agreement.mutants import CEDAR, EGRESS, MUTANTS, RULES, Mutant, planted
from tests.agreement.pacts import (
    END_NS,
    NOW_NS,
    SENSORS,
    by,
    grant,
    standing,
    standings,
    tracks,
)
from tests.agreement.questions import Question, Tally, answers, compare, questions
from tests.agreement.scenes import OWN

SEEDS, INSTANTS, ROWS = (1, 4, 5, 21, 32), 9, 20
S = 10**9


@pytest.fixture(scope="module")
def asked() -> list[tuple[Question, Egress]]:
    found = []
    for seed in SEEDS:
        some = questions(seed, INSTANTS, ROWS)
        egress = Egress(OWN, some[0].scene.sensors, some[0].scene.acts)
        found += [(question, egress) for question in some]
    return found


def noticed(parts: Any, asked: list[tuple[Question, Egress]], among: frozenset[str]) -> set[str]:
    """Who of those who are asked notices something wrong with a release code."""
    found = set()
    if CEDAR in among and any(differs(question, parts) for question, _ in asked):
        found.add(CEDAR)
    if EGRESS in among and any(egress.check(made, question.now_ns) is not None
                               for question, egress in asked
                               for _, made in answers(question, parts) if len(made)):
        found.add(EGRESS)
    if RULES in among and broken_rules(parts):
        found.add(RULES)
    return found


def differs(question: Question, parts: Any) -> bool:
    tally = Tally()
    compare(question, parts, tally, None)
    return bool(tally.wrong)


class Line:
    """A unit that releases to BBB, time after time, with what waits."""

    def __init__(self, parts: Any, *grants: dict[str, Any], **more: Any):
        self.parts, self.line = parts, parts.DelayLine()
        self.rules = parts.compile_rules(standings(standing(*grants), **more), "AAA", ("BBB",),
                                         SENSORS, "tracks")

    def send(self, batch: TrackBatch, now_ns: int = NOW_NS, contributions: Any = None,
             left: Any = None) -> Any:
        """left: bits of what is left of every track, where they are fused again."""
        bits = by(0, n=len(batch)) if contributions is None else contributions
        decision = self.parts.decide(self.rules, batch, bits, now_ns)
        rows = np.arange(0 if left is None else len(batch))
        partial = self.parts.Partial(rows, batch.take(rows),
                                     np.full(len(rows), left or 0, np.uint64))
        made, self.line = self.parts.release(self.rules, "BBB", batch, bits, decision, partial,
                                             self.line)
        return made


def broken_rules(parts: Any) -> list[str]:
    """Rules of what may leave that neither Cedar nor the verifier is asked about."""
    good = Line(parts, grant()).send(tracks(2))
    columns = {name: getattr(good, name) for name in (
        "sender", "recipient", "data", "now_ns", "not_after_ns", "tracks", "reasons", "reason_of",
        "contributors", "refused", "denials", "fault")}
    held = {
        "what fits goes": len(good) == 2,
        "nothing by a clock that is not trusted":
            len(Line(parts, grant(), trusted=False).send(tracks())) == 0,
        "nothing by rules that are over":
            len(Line(parts, grant(), until_ns=NOW_NS + S).send(tracks(), NOW_NS + S)) == 0,
        "nothing after the end": len(Line(parts, grant()).send(tracks(), END_NS)) == 0,
        "nothing of what may not go, though fused again": len(Line(parts, grant()).send(
            tracks(), contributions=by(0, 2), left=int(by(0, 2)[0]))) == 0,
        "only release makes what may leave": not _made_by_hand(parts, columns),
        "what leaves cannot be changed": not good.tracks.latitude_rad.flags.writeable,
        "what waits leaves once, at its time": _waiting(parts) == [0, 0, 0, 3, 2, 0],
    }
    return [name for name, holds in held.items() if not holds]


def _made_by_hand(parts: Any, columns: dict[str, Any]) -> bool:
    try:
        parts.Released(**columns, token=object())
    except PermissionError:
        return False
    return True


def _waiting(parts: Any) -> list[int]:
    """How many leave at each time: three tracks, two of a second later, after ten seconds each."""
    line, none = Line(parts, grant(delay_s=10.0)), tracks(0)
    later = replace(tracks(2), time_ns=tracks(2).time_ns + S)
    return [len(line.send(batch, NOW_NS + at)) for batch, at in (
        (tracks(3), 0), (later, S), (none, 10 * S - 1), (none, 10 * S), (none, 11 * S),
        (none, 12 * S))]


def test_nobody_has_anything_against_the_code_without_a_fault(
        asked: list[tuple[Question, Egress]]) -> None:
    parts = planted(None)
    assert not noticed(parts, asked, frozenset({CEDAR, EGRESS, RULES}))
    assert not broken_rules(parts)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: one.name)
def test_a_fault_is_caught(mutant: Mutant, asked: list[tuple[Question, Egress]],
                           record_property: Callable[[str, object], None]) -> None:
    assert mutant.caught_by, "nobody is named who has to notice it"
    caught_by = noticed(planted(mutant), asked, mutant.caught_by)
    record_property("caught_by", ", ".join(sorted(caught_by)))
    assert caught_by == mutant.caught_by


def test_there_are_thirty_and_each_is_another() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 30


def test_a_fault_that_cannot_be_planted_is_told() -> None:
    gone = Mutant("gone", MUTANTS[0].module, "no such text", "", frozenset())
    with pytest.raises(ValueError, match="cannot be planted"):
        planted(gone)

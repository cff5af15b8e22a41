"""What a unit is asked to release in a scene, and what Cedar says to it: of random agreements, who
may have each track, by which grant, and made of whose sensors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from jointsky.agreement.register import standings_at
from jointsky.agreement.standing import Standings
from jointsky.edge.egress import Egress
from jointsky.model.schema import TrackBatch
from jointsky.model.world import World
from tests.agreement.scenes import OTHERS, OWN, Scene, batch_of
from tests.oracles.cedar_policies import Judge, row_entities

DATA = {World.LIVE: "tracks", World.EXERCISE: "exercise", World.REPLAY: "", World.STUDY: ""}


@dataclass(frozen=True, eq=False)
class Question:
    """Tracks (n,) that a unit holds at an instant, and for each nation Cedar's answer: grants (n,)
    as (agreement, grant) or None, and the sensors (n,) of what goes, as bits.

    rest: the tracks as they are where not all of their sensors count; labels: what boundaries each
    was put on; label: that of the instant.
    """

    scene: Scene
    now_ns: int
    label: str
    standings: Standings
    world: World
    tracks: TrackBatch
    rest: TrackBatch
    bits: np.ndarray
    labels: list[list[str]]
    grants: dict[str, list[tuple[str, str] | None]]
    left: dict[str, np.ndarray]


def questions(seed: int, instants: int, rows: int) -> list[Question]:
    """All that is asked in one scene."""
    scene = Scene(seed)
    judge = Judge(scene.pacts, OWN, [(one.sensor_id, one.nation) for one in scene.sensors])
    # Once a scene it is an exercise; and once something else that nothing is let go in.
    odd = [(World.REPLAY, True), (World.STUDY, True), (World.LIVE, False)][seed % 3]
    worlds = {4: (World.EXERCISE, True), 8: odd}
    return [_question(scene, judge, label, now, rows, *worlds.get(turn, (World.LIVE, True)))
            for turn, (label, now) in enumerate(scene.instants(instants))]


def _question(scene: Scene, judge: Judge, label: str, now_ns: int, count: int, world: World,
              trusted: bool) -> Question:
    rows = scene.rows(count, now_ns, DATA[world] or "tracks")
    tracks, bits = batch_of([row for row, _ in rows], world)
    rest, _ = batch_of([rest for _, rest in rows], world)
    named = [scene.sensors[place].sensor_id for place in range(len(scene.sensors))]
    states = [(str(at), {**row, "contributors": [named[place] for place in row["contributors"]]})
              for at, (row, _) in enumerate(rows)]
    asked, left = [], {}
    for nation in OTHERS:
        may = judge.contributing(nation, now_ns)
        allowed = np.uint64(sum(1 << place for place, name in enumerate(named) if name in may))
        left[nation] = bits & allowed
        for at, (_, other) in enumerate(rows):
            name = str(at)
            if bits[at] & ~allowed:
                name = f"{at} {nation}"
                of = [one for one in states[at][1]["contributors"] if one in may]
                states.append((name, {**other, "contributors": of}))
            asked.append((nation, str(at), name, now_ns, trusted))
    answers = judge.receiving(asked, row_entities(states, DATA[world], OWN, scene.pacts))
    grants = {nation: answers[at * count:(at + 1) * count] for at, nation in enumerate(OTHERS)}
    standings = standings_at(scene.register, now_ns, trusted=trusted)
    if not trusted:
        label = "clock not trusted"
    elif world is not World.LIVE:
        label = f"world {world.value}"
    return Question(scene, now_ns, label, standings, world, tracks, rest, bits,
                    [row["met"] for row, _ in rows], grants, left)


@dataclass
class Tally:
    """What came of questions. met: (boundary, whether the track went) -> how often."""

    decisions: int = 0
    allowed: int = 0
    rows: int = 0
    refused: int = 0
    wrong: list[str] = field(default_factory=list)
    met: Counter[tuple[str, bool]] = field(default_factory=Counter)


def answers(question: Question, parts: Any) -> Iterator[tuple[str, Any]]:
    """What release makes of a question for each nation: a `Released`. parts: something with the
    functions `compile_rules`, `decide`, `release` and the types `Partial` and `DelayLine`."""
    data = DATA[question.world] or "tracks"
    rules = parts.compile_rules(question.standings, OWN, OTHERS, question.scene.sensors, data)
    decision = parts.decide(rules, question.tracks, question.bits, question.now_ns)
    for place, nation in enumerate(OTHERS):
        left = question.bits & ~decision.excluded[place]
        rows = np.flatnonzero(decision.mixed(place) & (left != 0))
        states = question.rest.take(rows)
        states.sensors[:] = left[rows]
        partial = parts.Partial(rows, states, left[rows])
        made, _ = parts.release(rules, nation, question.tracks, question.bits, decision, partial,
                                parts.DelayLine())
        yield nation, made


def compare(question: Question, parts: Any, tally: Tally, egress: Egress | None) -> None:
    """Count where release and Cedar, or release and the egress verifier, differ."""
    for nation, made in answers(question, parts):
        where = f"seed {question.scene.seed}, {question.label}, to {nation}"
        if made.fault:
            tally.wrong.append(f"{where}: {made.fault}")
        grants: list[tuple[str, str] | None] = [None] * len(question.tracks)
        left = np.zeros(len(question.tracks), np.uint64)
        at = made.tracks.system_track_number - 1
        left[at] = made.contributors
        for row, reason in zip(at.tolist(), made.reason_of.tolist(), strict=True):
            grants[row] = (made.reasons[reason].agreement, made.reasons[reason].grant.id)
        for row, (found, expected) in enumerate(zip(grants, question.grants[nation], strict=True)):
            if found != expected or (found and left[row] != question.left[nation][row]):
                tally.wrong.append(f"{where}, row {row} {question.labels[row]}: release says "
                                   f"{found}, of {left[row]:b}; Cedar {expected}, of "
                                   f"{question.left[nation][row]:b}")
            tally.met.update((label, found is not None) for label in question.labels[row])
            mixed = question.left[nation][row] != question.bits[row]
            tally.met[("fused again" if question.left[nation][row] else "nothing left",
                       found is not None)] += int(mixed)
        gone = sum(grant is not None for grant in grants)
        tally.decisions += len(grants)
        tally.allowed += gone
        tally.met[question.label, True] += gone
        tally.met[question.label, False] += len(grants) - gone
        if egress is not None and len(made):
            tally.rows += len(made)
            refusal = egress.check(made, question.now_ns)
            if refusal is not None:
                tally.wrong.append(f"{where}: the verifier refuses: {refusal.reason}")
                tally.refused += len(made)

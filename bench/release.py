"""How fast release decides and explains, with the agreements that are shipped.

python -m bench.release: 10,000 tracks of a Russian unit spread over the areas of its agreements in
examples/agreements, for all five recipients, several times in turn: deciding, on the clock and in
processor time; making what leaves of it; explanations of single decisions. Beside it, in the same
run, Cedar (cedarpy) on a sample of the same questions, told where each track is (areas and heights
reckoned for it beforehand, as booleans); the answers of both are compared.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from cedarpy import is_authorized_batch

from jointsky.agreement.compiled import Rules, compile_rules
from jointsky.agreement.decide import Decision, decide
from jointsky.agreement.delays import DelayLine
from jointsky.agreement.explain import explain
from jointsky.agreement.judge import facts_of
from jointsky.agreement.reading import parse_instrument
from jointsky.agreement.release import Partial, release
from jointsky.agreement.standing import Standing, Standings
from jointsky.agreement.telling import as_text
from jointsky.model.clock import NS_PER_S
from jointsky.model.schema import TrackBatch, TrackState
from jointsky.model.sensor import Sensor, SensorKind
from jointsky.model.world import World

EXAMPLES = Path(__file__).resolve().parents[1] / "examples" / "agreements"
SENDER, RECIPIENTS = "RUS", ("ARM", "BLR", "KAZ", "KGZ", "TJK")
SEED, TRACKS, REPEATS, SAMPLE, EXPLAINED = 20_263, 10_000, 30, 2_000, 300
NOW_NS = 1_780_000_000 * NS_PER_S
DAY_NS = 86_400 * NS_PER_S
# Middles of the areas of the agreements, and how far tracks lie around them, degrees.
MIDDLES = np.array([(42.9, 74.6), (51.0, 62.0), (54.5, 30.0), (40.3, 44.5), (38.5, 68.8),
                    (43.0, 71.0)])
AROUND = 4.0
SENSORS = tuple(Sensor(number, f"radar {number}", SensorKind.PSR_SSR, 0.9, 0.9, 200.0, 5.0,
                       4e5, 50.0, 0.001, nation=nation)
                for number, nation in enumerate(("", "", "KGZ", "KAZ"), 1))


def standings() -> Standings:
    """All agreements that are shipped, as if in force."""
    documents = [parse_instrument(path.read_text(), path.name)
                 for path in sorted(EXAMPLES.glob("*.yaml"))]
    return Standings(NOW_NS, NOW_NS + DAY_NS, tuple(
        Standing(document, NOW_NS - DAY_NS, NOW_NS + DAY_NS) for document in documents), ())


def tracks_around(rng: np.random.Generator, n: int) -> TrackBatch:
    """Tracks around the areas, at all heights, a fifth of them silent."""
    batch = TrackBatch.blank(n, World.LIVE)
    places = MIDDLES[rng.integers(0, len(MIDDLES), n)] + rng.normal(0, AROUND, (n, 2))
    batch.latitude_rad[:], batch.longitude_rad[:] = np.radians(places).T
    batch.time_ns[:], batch.system_track_number[:] = NOW_NS, np.arange(1, n + 1)
    batch.state[:], batch.identity[:] = TrackState.CONFIRMED, rng.integers(0, 7, n)
    batch.covariance[:] = [900, 0, 0, 0, 900, 0, 0, 25, 0, 25]
    answers = rng.random(n) < 0.8
    for name, cells in (("mode_c_m", rng.uniform(300, 12_500, n)),
                        ("mode_3a", rng.integers(0, 4096, n))):
        getattr(batch, name)[answers] = cells[answers]
        batch.present[answers] |= TrackBatch.bit(name)
    return batch


def timed(run: Callable[[], Any], repeats: int) -> tuple[list[float], float]:
    """Milliseconds on the clock of each repeat, and median of processor time."""
    walls, spent = [], []
    for _ in range(repeats):
        begun, used = time.perf_counter(), time.process_time()
        run()
        spent.append(1e3 * (time.process_time() - used))
        walls.append(1e3 * (time.perf_counter() - begun))
    return walls, median(spent)


def told(what: str, walls: list[float], spent: float) -> None:
    print(f"{what:<38}{median(walls):>8.2f} ms ({min(walls):.2f} to {max(walls):.2f}), "
          f"{spent:.2f} ms of processor", flush=True)


def policies_of(rules: Rules) -> str:
    """Each grant as a Cedar policy; its area and height are the fact `in<row>` of a track."""
    texts = []
    for row, rule in enumerate(rules.rules):
        grant = rule.grant
        asked = [f"resource.in{row}", f"resource.time >= {rule.begin_ns}",
                 f"context.now >= {rule.begin_ns}", f"context.now < {rule.end_ns}",
                 f"context.now - {round(grant.delay_s * NS_PER_S)} >= resource.time",
                 "[" + ", ".join(f'Nation::"{to}"' for to in grant.to) + "].contains(principal)"]
        for name, listed in (("identity", grant.identities), ("category", grant.categories)):
            if listed != "any":
                texts_of = ", ".join(f'"{one}"' for one in listed)
                asked.append(f"[{texts_of}].contains(resource.{name})")
        texts.append(f"permit(principal, action, resource) when {{ {' && '.join(asked)} }};")
    return "\n".join(texts)


def cedar(rules: Rules, batch: TrackBatch, decision: Decision) -> tuple[float, int, int]:
    """Decisions of Cedar per second of the clock, how many, and how many differ from ours."""
    n = len(batch)
    inside = rules.places.holding(batch.latitude_rad, batch.longitude_rad)
    facts, place = facts_of(batch), rules.grants["area"]
    fits = [[place[row] < 0 or bool(inside[at, place[row]]) for row in range(len(rules.rules))]
            for at in range(n)]
    for row, rule in enumerate(rules.rules):
        low, high = rules.grants["floor_m"][row], rules.grants["ceiling_m"][row]
        if rule.grant.floor_m is not None or rule.grant.ceiling_m is not None:
            for at in range(n):
                fact = facts[at]
                fits[at][row] &= bool(fact["heights"] and low <= fact["lowest_m"]
                                      and fact["highest_m"] <= high)
    names = ("pending", "unknown", "assumed_friend", "friend", "neutral", "suspect", "hostile")
    entities = [{"uid": {"type": "Track", "id": str(at)}, "parents": [], "attrs": {
        "time": int(batch.time_ns[at]), "identity": names[batch.identity[at]],
        "category": "cooperative" if facts["categories"][at] & 1 else "non_cooperative",
        **{f"in{row}": there for row, there in enumerate(fits[at])}}} for at in range(n)]
    requests = [{"principal": f'Nation::"{nation}"', "action": 'Action::"receive"',
                 "resource": f'Track::"{at}"', "context": {"now": NOW_NS}}
                for nation in RECIPIENTS for at in range(n)]
    policies = policies_of(rules)
    begun = time.perf_counter()
    answers = is_authorized_batch(requests, policies, entities)
    seconds = time.perf_counter() - begun
    ours = [bool(decision.goes(at)[row]) for at in range(len(RECIPIENTS)) for row in range(n)]
    differ = sum(answer.allowed != mine for answer, mine in zip(answers, ours, strict=True))
    return len(requests) / seconds, len(requests), differ


def main() -> None:
    """Measure."""
    rng = np.random.default_rng(SEED)
    known = standings()
    begun = time.perf_counter()
    rules = compile_rules(known, SENDER, RECIPIENTS, SENSORS, "tracks")
    compiled_s = time.perf_counter() - begun
    batch = tracks_around(rng, TRACKS)
    bits = np.where(rng.random(TRACKS) < 0.8, np.uint64(0b0011), np.uint64(0b0111))
    decision = decide(rules, batch, bits, NOW_NS)
    assert not rules.faults and not decision.fault
    goes = [int(decision.goes(place).sum()) for place in range(len(RECIPIENTS))]
    print(f"{len(rules.rules)} grants, {len(rules.places.rows)} areas with "
          f"{len(rules.places.lines)} edges, made ready in {1e3 * compiled_s:.0f} ms; of "
          f"{TRACKS:,} tracks " + ", ".join(f"{count:,} go to {nation}" for nation, count in
                                            zip(RECIPIENTS, goes, strict=True)))
    walls, spent = timed(lambda: decide(rules, batch, bits, NOW_NS), REPEATS)
    told(f"decide {TRACKS:,} x {len(RECIPIENTS)}", walls, spent)
    rate = TRACKS * len(RECIPIENTS) / (median(walls) * 1e-3)
    none = Partial(np.empty(0, np.int64), batch.take(slice(0, 0)), np.empty(0, np.uint64))
    told("and make what leaves, all recipients", *timed(lambda: [release(
        rules, nation, batch, bits, decision, none, DelayLine()) for nation in RECIPIENTS],
        REPEATS))
    rows = rng.integers(0, TRACKS, EXPLAINED).tolist()
    turn = iter(rows)

    def one() -> str:
        row = next(turn)
        return as_text(explain(rules, RECIPIENTS[row % len(RECIPIENTS)],
                               batch.take(np.array([row])), int(bits[row]), NOW_NS))

    told("explain one decision, as text", *timed(one, EXPLAINED))
    sample = batch.take(np.arange(SAMPLE))
    own = np.full(SAMPLE, 0b0011, np.uint64)
    theirs, count, differ = cedar(rules, sample, decide(rules, sample, own, NOW_NS))
    print(f"decisions/s: masks {rate:,.0f}, Cedar {theirs:,.0f} ({count:,} of them, {differ} "
          f"differ); {rate / theirs:,.0f} times")


if __name__ == "__main__":
    main()

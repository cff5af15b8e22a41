"""Decisions on anything: against the slow twin, and what must hold of them whatever is agreed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jointsky.agreement.compiled import compile_rules
from jointsky.agreement.decide import decide
from jointsky.agreement.delays import DelayLine
from jointsky.agreement.explain import explain
from jointsky.agreement.judge import Cause
from jointsky.agreement.leaving import coarse
from jointsky.agreement.release import Partial, Released, release
from jointsky.agreement.standing import Standing, Standings
from jointsky.agreement.telling import as_dict, as_text
from jointsky.model.batch import columns_of
from jointsky.model.clock import NS_PER_S
from jointsky.model.schema import TrackBatch
from jointsky.model.world import World
from tests.agreement.pacts import (
    BEGIN_NS,
    COMMON,
    END_NS,
    NOW_NS,
    SENSORS,
    by,
    grant,
    standing,
    tracks,
)
from tests.oracles import release as slow

AREAS = {"common": COMMON,
         "box": {"name": "b", "shape": {"box": {"south": 42.5, "north": 43, "west": 74.5,
                                                "east": 75}}},
         "ring": {"name": "c", "shape": {"circle": {"centre": [43, 74.5], "radius_km": 60}}},
         "line": {"name": "d", "shape": {"corridor": {"line": [[43, 73], [43, 74], [44, 75]],
                                                      "width_km": 20}}}}
IDENTITIES = ("pending", "unknown", "friend", "hostile")
CATEGORIES = ("cooperative", "non_cooperative", "on_ground", "emergency", "simulated")
TO = ("BBB", "CCC", "DDD")

grants = st.builds(
    lambda **more: {name: value for name, value in more.items() if value is not None},
    area=st.sampled_from([None, None, *AREAS]), floor_m=st.sampled_from([None, None, 5000, 9000]),
    ceiling_m=st.sampled_from([None, None, 9100, 12_000]),
    identities=st.just("any") | st.lists(st.sampled_from(IDENTITIES), unique=True),
    categories=st.just("any") | st.lists(st.sampled_from(CATEGORIES), unique=True),
    delay_s=st.sampled_from([0, 0, 5]), sender=st.sampled_from(["AAA"] * 5 + ["EEE"]),
    to=st.sampled_from([("BBB",), ("BBB", "CCC"), ("DDD",)]),
    data=st.sampled_from(["tracks"] * 5 + ["alarms"]),
    withheld=st.lists(st.sampled_from(["velocity", "callsign", "identity"]), unique=True),
    quantum_m=st.sampled_from([0, 0, 3000]))


@st.composite
def pacts(draw) -> Standing:
    found = [grant(f"g{k}", **one) for k, one in enumerate(draw(st.lists(grants, max_size=4)))]
    return standing(
        *found, name=draw(st.sampled_from(["a", "b", "c"])), areas=AREAS,
        parties=("AAA", "EEE", *TO), revoked=draw(st.sampled_from([(), (), ("g0",)])),
        begin_ns=draw(st.sampled_from([BEGIN_NS, NOW_NS, NOW_NS - 2 * NS_PER_S])), end_ns=END_NS)


rows = st.fixed_dictionaries({
    "latitude": st.sampled_from([43.0, 42.5, 42.0001, 41.9999, 43.9, math.nan]),
    "longitude": st.sampled_from([74.5, 75.0, 73.2, 75.0001]),
    "mode_c_m": st.sampled_from([None, 9000.0, 8999.9, 9100.0, 9100.1, math.nan]),
    "height_m": st.sampled_from([None, None, 9100.0, 5000.0, 12_000.1]),
    "identity": st.sampled_from([0, 1, 3, 6]), "flags": st.sampled_from([0, 0, 1, 2, 64, 128]),
    "mode_3a": st.sampled_from([None, 0o1234, 0o7500, 0o7700]),
    "icao_address": st.sampled_from([None, 0x501234]), "callsign": st.sampled_from([None, b"A"]),
    "time_ns": st.sampled_from([NOW_NS, NOW_NS, NOW_NS - 5 * NS_PER_S, NOW_NS + 1,
                                NOW_NS - 2 * NS_PER_S - 1])})


def batch_of(cells: list[dict[str, Any]]) -> TrackBatch:
    batch = TrackBatch.join([tracks(**one) for one in cells], tracks().world)
    batch.system_track_number[:] = np.arange(1, len(batch) + 1)
    return batch


def in_force(*pacts: Standing, **more: Any) -> Standings:
    return Standings(NOW_NS, END_NS, pacts, (), **more)


def sent(standings: Standings, batch: TrackBatch, to: str = "BBB",
         contributions: np.ndarray | None = None, now_ns: int = NOW_NS) -> Released:
    rules = compile_rules(standings, "AAA", TO, SENSORS, "tracks")
    bits = by(0, n=len(batch)) if contributions is None else contributions
    none = Partial(np.empty(0, np.int64), batch.take(slice(0, 0)), np.empty(0, np.uint64))
    found, _ = release(rules, to, batch, bits, decide(rules, batch, bits, now_ns), none,
                       DelayLine())
    assert not found.fault
    return found


@settings(max_examples=300, deadline=None)
@given(one=pacts(), two=pacts(), cells=st.lists(rows, min_size=1, max_size=8))
def test_decisions_and_explanations_are_those_of_the_slow_twin(one, two, cells) -> None:
    standings, batch = in_force(one, two), batch_of(cells)
    rules = compile_rules(standings, "AAA", TO, SENSORS, "tracks")
    decision = decide(rules, batch, by(0, n=len(batch)), NOW_NS)
    for place, nation in enumerate(TO):
        for row, cell in enumerate(cells):
            cause, which = slow.decision(cell, standings, "AAA", nation, "tracks", NOW_NS)
            found = Cause(int(decision.cause[place, row]))
            assert (found.word if found else "") == cause
            rule = int(decision.which[place, row])
            assert (rules.rules[rule].grant.id if rule >= 0 else "") == which
            said = explain(rules, nation, batch.take(np.array([row])), 1, NOW_NS)
            assert said.cause == found
            failed = [looked.failed for looked in said.grants]
            assert said.allowed == any(one is None for one in failed)
            if cause not in ("", "no_grant"):
                assert max(one.cause for one in failed if one) == found
            assert as_text(said).startswith(f"{nation} {'gets' if not cause else 'does not get'}")
            assert as_dict(said)["cause"] == found.word


@settings(max_examples=100, deadline=None)
@given(pact=pacts(), cells=st.lists(rows, min_size=1, max_size=6), data=st.data())
def test_with_a_grant_less_no_track_more_leaves(pact, cells, data) -> None:
    batch = batch_of(cells)
    whole = pact.document.instrument
    if not whole.grants:
        assert not len(sent(in_force(pact), batch))
        return
    gone = data.draw(st.sampled_from([one.id for one in whole.grants]))
    less = Standing(pact.document, pact.begin_ns, pact.end_ns, pact.consents,
                    pact.revoked | {gone})
    for nation in TO:
        before, after = (sent(in_force(one), batch, nation) for one in (pact, less))
        assert set(after.tracks.system_track_number) <= set(before.tracks.system_track_number)


FIT = {"area": "common", "floor_m": 9000, "ceiling_m": 9200, "identities": ["friend"],
       "categories": ["cooperative"]}


def leaving(now_ns: int = NOW_NS, bits: tuple[int, ...] = (0,), terms: dict | None = None,
            pact: dict | None = None, held: dict | None = None, **cells: Any) -> int:
    """How many of one track leave. terms: of the grant, pact: of the agreement, held: of how it
    stands, cells: of the track, that are not as they should be."""
    whole = {"areas": AREAS, "parties": ("AAA", "EEE", *TO)} | (pact or {})
    standings = {"now_ns": NOW_NS, "until_ns": END_NS, "closed": (), "in_force": (
        standing(grant(**FIT | (terms or {})), **whole),)} | (held or {})
    return len(sent(Standings(**standings), tracks(**{"latitude": 42.3, "longitude": 73.5} | cells),
                    contributions=by(*bits), now_ns=now_ns))


@pytest.mark.parametrize("missing", [
    {"held": {"in_force": ()}}, {"held": {"trusted": False}}, {"held": {"until_ns": NOW_NS}},
    {"held": {"now_ns": NOW_NS + 1}}, {"pact": {"end_ns": NOW_NS}},
    {"pact": {"begin_ns": NOW_NS + 1}}, {"pact": {"revoked": ("tracks",)}},
    {"pact": {"parties": ("EEE", *TO)}}, {"pact": {"parties": ("AAA", "EEE", "CCC", "DDD")}},
    {"terms": {"sender": "EEE"}}, {"terms": {"to": ("CCC",)}}, {"terms": {"data": "plots"}},
    {"terms": {"area": "box"}}, {"terms": {"floor_m": 9101}}, {"terms": {"ceiling_m": 9149}},
    {"terms": {"identities": []}}, {"terms": {"categories": []}}, {"terms": {"delay_s": 1}},
    {"bits": (0, 2)}, {"bits": (2,)}, {"bits": (0, 63)}, {"latitude": 41.9},
    {"latitude": math.nan}, {"longitude": math.nan}, {"mode_c_m": 8999.0},
    {"mode_c_m": None, "height_m": None}, {"identity": 6}, {"flags": 64}, {"mode_3a": 0o7500},
    {"time_ns": BEGIN_NS - 1}, {"time_ns": NOW_NS + 1}, {"world": World.EXERCISE},
    {"world": World.REPLAY}, {"now_ns": END_NS}, {"now_ns": NOW_NS - 1}])
def test_with_any_one_thing_missing_nothing_leaves(missing: dict[str, Any]) -> None:
    assert leaving() == 1
    assert leaving(**missing) == 0


@settings(max_examples=100, deadline=None)
@given(latitude=st.floats(-90, 90), longitude=st.floats(-180, 180),
       quantum_m=st.floats(1, 100_000), seed=st.integers(0, 1000))
def test_a_coarse_position_hides_where_in_its_cell_the_aircraft_is(latitude, longitude, quantum_m,
                                                                   seed) -> None:
    """Whatever lies in one cell comes out as one place, to the bit; and not further off than
    half the cell each way."""
    here = np.radians([latitude]), np.radians([longitude])
    middle, across = coarse(*here, quantum_m)
    high = quantum_m / 6_371_008.8
    wide = min(high / max(math.cos(middle[0]), 1e-300), 2 * math.pi)
    assert abs(middle[0] - here[0][0]) <= high / 2 + 1e-12
    off = (across[0] - here[1][0] + math.pi) % (2 * math.pi) - math.pi
    assert abs(off) <= wide / 2 + 1e-12
    rng = np.random.default_rng(seed)
    low = math.floor(here[0][0] / high) * high
    west = math.floor(here[1][0] / wide) * wide
    others = (np.clip(low + high * rng.uniform(0.001, 0.999, 20), -math.pi / 2, math.pi / 2),
              np.clip(west + wide * rng.uniform(0.001, 0.999, 20), -math.pi, math.pi))
    found = coarse(*others, quantum_m)
    assert set(found[0].tolist()) == {middle[0]} and set(found[1].tolist()) == {across[0]}


@settings(max_examples=60, deadline=None)
@given(withheld=st.lists(st.sampled_from([
    "identity", "flags", "velocity", "mode_c_m", "height_m", "vertical_rate_ms", "mode_3a",
    "icao_address", "callsign", "started_ns", "updated_ns", "update_count", "manoeuvre"]),
    unique=True), seed=st.integers(0, 1000))
def test_what_is_withheld_cannot_be_told_from_what_leaves(withheld: list[str], seed: int) -> None:
    """Two tracks that differ in fields held back alone leave as the same bytes."""
    rng = np.random.default_rng(seed)
    one, two = tracks(), tracks()
    for name in withheld:
        for column in {"velocity": ["velocity_east_ms", "velocity_north_ms"]}.get(name, [name]):
            cells = getattr(two, column)
            cells[:] = b"OTHER" if cells.dtype.kind == "S" else rng.integers(1, 6)
            if column in ("mode_c_m", "callsign", "height_m") and seed % 2:
                two.present[:] &= ~TrackBatch.bit(column)
        if name == "velocity":
            two.covariance[0, [2, 3, 5, 6, 7, 8, 9]] = rng.uniform(1, 9, 7)
    two.sensors[:] = 9
    pact = standing(grant(withheld=withheld))
    first, second = (sent(in_force(pact), batch).tracks for batch in (one, two))
    for column in columns_of(TrackBatch):
        assert getattr(first, column.name).tobytes() == getattr(second, column.name).tobytes()


@settings(max_examples=80, deadline=None)
@given(turns=st.lists(st.tuples(st.integers(1, 4), st.booleans(), st.booleans()), min_size=3,
                      max_size=25), delay_s=st.integers(1, 12))
def test_what_waits_leaves_once_in_its_time_unless_there_was_a_break(turns, delay_s) -> None:
    """turns: seconds that go by, whether the agreement was suspended meanwhile (and resumed before
    the next batch), whether there is a new track. Against the rule in plain words."""
    now_ns, begin_ns, line = NOW_NS, BEGIN_NS, DelayLine()
    waiting: list[tuple[int, int]] = []
    for number, (seconds, broken, new) in enumerate(turns, 1):
        now_ns += seconds * NS_PER_S
        if broken:
            begin_ns, waiting = now_ns - NS_PER_S // 2, []
        pact = standing(grant(delay_s=delay_s), begin_ns=begin_ns)
        rules = compile_rules(Standings(now_ns, END_NS, (pact,), ()), "AAA", ("BBB",), SENSORS,
                              "tracks")
        batch = tracks(int(new), time_ns=now_ns)
        batch.system_track_number[:] = number
        bits = by(0, n=len(batch))
        none = Partial(np.empty(0, np.int64), batch.take(slice(0, 0)), np.empty(0, np.uint64))
        found, line = release(rules, "BBB", batch, bits, decide(rules, batch, bits, now_ns), none,
                              line)
        due = [one for one in waiting if one[0] + delay_s * NS_PER_S <= now_ns]
        assert list(zip(found.tracks.time_ns.tolist(), found.tracks.system_track_number.tolist(),
                        strict=True)) == due
        waiting = [one for one in waiting if one not in due] + [(now_ns, number)] * new
        assert len(line) == len(waiting)

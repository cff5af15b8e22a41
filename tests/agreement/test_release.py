"""Release: what leaves, what does not and why, rule by rule of docs/agreements.md."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from jointsky.agreement.compiled import Rules, compile_rules
from jointsky.agreement.decide import decide
from jointsky.agreement.delays import DelayLine
from jointsky.agreement.judge import Cause
from jointsky.agreement.release import Partial, Released, release
from jointsky.agreement.standing import Standing, Standings
from jointsky.model.batch import columns_of
from jointsky.model.clock import NS_PER_S
from jointsky.model.schema import PlotFlag, TrackBatch
from jointsky.model.world import World
from tests.agreement.pacts import (
    BEGIN_NS,
    END_NS,
    NOW_NS,
    SENSORS,
    by,
    grant,
    standing,
    standings,
    tracks,
)

S = NS_PER_S


def rules_of(*in_force: Standing, to: tuple[str, ...] = ("BBB",), data: str = "tracks",
             **more: Any) -> Rules:
    return compile_rules(standings(*in_force, **more), "AAA", to, SENSORS, data)


def no_partial(batch: TrackBatch) -> Partial:
    return Partial(np.empty(0, np.int64), batch.take(slice(0, 0)), np.empty(0, np.uint64))


def released(rules: Rules, batch: TrackBatch, contributions: np.ndarray | None = None,
             now_ns: int = NOW_NS, to: str = "BBB", line: DelayLine | None = None,
             partial: Partial | None = None) -> tuple[Released, DelayLine]:
    bits = by(0, n=len(batch)) if contributions is None else contributions
    decision = decide(rules, batch, bits, now_ns)
    return release(rules, to, batch, bits, decision, partial or no_partial(batch),
                   line or DelayLine())


def causes(found: Released) -> dict[str, list[int]]:
    return {denial.cause.word: denial.numbers.tolist() for denial in found.denials}


def cause_of(rules: Rules, batch: TrackBatch, **more: Any) -> str:
    """"" if one track goes, else the cause."""
    found, _ = released(rules, batch, **more)
    assert not found.fault
    if len(found):
        assert not found.denials
        return ""
    (cause,) = causes(found)
    return cause


def test_a_track_that_a_grant_fits_leaves_with_its_reason() -> None:
    found, line = released(rules_of(standing(grant(area="common"))), tracks())
    assert len(found) == 1 and not len(line) and not found.denials
    reason = found.reasons[found.reason_of[0]]
    assert (reason.agreement, reason.version, reason.grant.id, reason.grant.article) == (
        "pact", 1, "tracks", "4")
    assert len(reason.digest) == 64
    assert (found.sender, found.recipient, found.data) == ("AAA", "BBB", "tracks")
    assert found.not_after_ns == END_NS and found.contributors.tolist() == [1]
    whole, sent = tracks(), found.tracks
    for column in columns_of(TrackBatch):
        if column.name != "sensors":
            assert getattr(sent, column.name).tobytes() == getattr(whole, column.name).tobytes()


@pytest.mark.parametrize(("more", "cells", "cause"), [
    ({"area": "common"}, {"latitude": 41.9}, "area"),
    ({"area": "common"}, {"latitude": 42.1}, ""),
    ({}, {"latitude": math.nan}, "area"), ({}, {"longitude": math.inf}, "area"),
    ({"ceiling_m": 9150}, {}, ""), ({"ceiling_m": 9149}, {}, "height"),
    ({"ceiling_m": 9149}, {"height_m": None}, ""), ({"floor_m": 9100}, {}, ""),
    ({"floor_m": 9101}, {}, "height"), ({"floor_m": 9101}, {"mode_c_m": None}, ""),
    ({"floor_m": 0}, {"mode_c_m": None, "height_m": None}, "height"),
    ({"ceiling_m": 20_000}, {"mode_c_m": math.nan}, "height"),
    ({"ceiling_m": 20_000}, {"height_m": math.nan}, "height"),
    ({}, {"mode_c_m": math.nan}, ""), ({}, {"mode_c_m": None, "height_m": None}, ""),
    ({"identities": ["friend"]}, {}, ""), ({"identities": ["friend"]}, {"identity": 4}, "identity"),
    ({}, {"identity": 7}, "identity"), ({"identities": []}, {}, "identity"),
    ({"categories": ["cooperative"]}, {}, ""),
    ({"categories": ["cooperative"]}, {"flags": int(PlotFlag.ON_GROUND)}, "category"),
    ({"categories": ["cooperative", "on_ground"]}, {"flags": int(PlotFlag.ON_GROUND)}, ""),
    ({"categories": ["cooperative"]}, {"mode_3a": 0o7600}, "category"),
    ({"categories": ["cooperative", "emergency"]}, {"mode_3a": 0o7600}, ""),
    ({"categories": ["cooperative"]}, {"flags": int(PlotFlag.EMERGENCY)}, "category"),
    ({"categories": ["cooperative"]}, {"flags": int(PlotFlag.TEST)}, "category"),
    ({"categories": ["cooperative"]}, {"flags": int(PlotFlag.SIMULATED)}, "category"),
    ({"categories": ["non_cooperative"]}, {}, "category"),
    ({"categories": ["non_cooperative"]},
     {"mode_3a": None, "mode_c_m": None, "icao_address": None, "callsign": None}, ""),
    ({"delay_s": 0}, {"time_ns": NOW_NS + 1}, "delay"),
    ({}, {"time_ns": BEGIN_NS}, ""), ({}, {"time_ns": BEGIN_NS - 1}, "before_force"),
    ({}, {"time_ns": -2**63}, "before_force"), ({"delay_s": 9}, {"time_ns": 2**63 - 1}, "delay"),
    ({"delay_s": 9}, {"time_ns": NOW_NS - 9 * S}, ""),
    ({"delay_s": 9}, {"time_ns": NOW_NS - 9 * S + 1}, "delay"),
    ({"data": "plots"}, {}, "no_grant"), ({"to": ("CCC",)}, {}, "no_grant"),
    ({"sender": "CCC"}, {}, "no_grant")])
def test_every_condition_of_a_grant_holds_at_its_very_edge(more: dict, cells: dict,
                                                           cause: str) -> None:
    assert cause_of(rules_of(standing(grant(**more))), tracks(**cells)) == cause


def test_the_code_of_an_absent_cell_means_nothing() -> None:
    batch = tracks(mode_3a=None)
    batch.mode_3a[:] = 0o7700
    only = rules_of(standing(grant(categories=["cooperative"])))
    found, _ = released(only, batch)
    assert len(found) == 1 and found.tracks.mode_3a[0] == 0, "nor is it there when it leaves"


def test_nothing_leaves_without_an_agreement_that_binds_both() -> None:
    assert cause_of(rules_of(), tracks()) == "no_agreement"
    assert cause_of(rules_of(standing(grant(to=("CCC",)), parties=("AAA", "CCC"))),
                    tracks()) == "no_agreement"
    assert cause_of(rules_of(standing(grant()), trusted=False), tracks()) == "clock"


def test_a_grant_that_was_taken_back_lets_nothing_go() -> None:
    one, two = grant("one"), grant("two", withheld=["callsign"])
    found, _ = released(rules_of(standing(one, two, revoked=("one",))), tracks())
    assert found.reasons[0].grant.id == "two"
    assert cause_of(rules_of(standing(one, revoked=("one",))), tracks()) == "no_grant"


def test_the_first_nanosecond_after_the_end_stops_everything() -> None:
    rules = rules_of(standing(grant(), end_ns=NOW_NS + 5))
    assert rules.until_ns == NOW_NS + 5
    assert cause_of(rules, tracks(), now_ns=NOW_NS + 4) == ""
    assert cause_of(rules, tracks(), now_ns=NOW_NS + 5) == "no_agreement"
    assert cause_of(rules, tracks(), now_ns=NOW_NS - 1) == "clock", "before these rules were made"
    stale = rules_of(standing(grant()), until_ns=NOW_NS + 7)
    assert cause_of(stale, tracks(), now_ns=NOW_NS + 6) == ""
    assert cause_of(stale, tracks(), now_ns=NOW_NS + 7) == "stale"
    begun = rules_of(standing(grant(), begin_ns=NOW_NS + 1))
    assert cause_of(begun, tracks(), now_ns=NOW_NS + 1) == "no_agreement", "rules of before"


@pytest.mark.parametrize(("world", "data", "cause"), [
    (World.LIVE, "tracks", ""), (World.EXERCISE, "exercise", ""), (World.EXERCISE, "tracks",
    "world"), (World.LIVE, "exercise", "world"), (World.REPLAY, "tracks", "world"),
    (World.STUDY, "tracks", "world"), (World.LIVE, "plots", "world")])
def test_each_world_needs_its_own_grant(world: World, data: str, cause: str) -> None:
    rules = rules_of(standing(grant(data=data)), data=data)
    assert cause_of(rules, tracks(world=world)) == cause


def test_the_first_grant_that_fits_counts_and_the_furthest_says_why_not() -> None:
    one = grant("one", ceiling_m=5000)
    two = grant("two", identities=["friend"], withheld=["callsign"])
    three = grant("three")
    found, _ = released(rules_of(standing(one, two, three)), tracks())
    assert found.reasons[0].grant.id == "two"
    first = standing(three, name="a-pact")
    found, _ = released(rules_of(standing(two), first), tracks())
    assert found.reasons[0].agreement == "a-pact", "agreements go by id"
    rules = rules_of(standing(one, two))
    decision = decide(rules, tracks(identity=4), by(0), NOW_NS)
    assert decision.cause[0, 0] == Cause.IDENTITY and decision.which[0, 0] == 1


def test_what_a_sensor_contributed_goes_only_where_its_nation_lets_it() -> None:
    """Sensors 0, 3: own; 1 of BBB; 2 of CCC."""
    mine = grant(to=("BBB", "DDD"))
    plain = standing(mine)
    bbb, ddd = rules_of(plain, to=("BBB", "DDD")).recipients
    assert (bbb.releasable, ddd.releasable) == (0b1011, 0b1001)

    def lets(onward: dict, **more: Any) -> bool:
        rules = rules_of(standing(mine, onward, consents=(("on", "DDD"),), **more), to=("DDD",))
        return bool(rules.recipients[0].releasable & 0b100)

    on = {"name": "on", "sender": "CCC", "to": ("AAA",), "onward": {"to": ["DDD"]}}
    assert lets(grant(**on))
    assert lets(grant(**on | {"data": "plots"}))
    assert not lets(grant(**on | {"data": "alarms"}))
    assert not lets(grant(**on | {"sender": "BBB"})), "of another nation"
    assert not lets(grant(**on | {"to": ("BBB",)})), "given to another"
    assert not lets(grant(**on | {"onward": {"to": ["BBB"]}}))
    assert not lets(grant(**on | {"onward": None}))
    assert not lets(grant(**on | {"name": "other"})), "the originator has not agreed"
    assert not lets(grant(**on), revoked=("on",))
    lapsed = rules_of(plain, to=("BBB",), lapsed=frozenset({1, 2}))
    assert lapsed.recipients[0].releasable == 0b1000


def test_a_mixed_track_leaves_only_when_fused_again_and_both_states_fit() -> None:
    rules = rules_of(standing(grant(area="common")))
    full, bits = tracks(2), by(0, 2, n=2)
    found, _ = released(rules, full, bits)
    assert causes(found) == {"provenance": [1, 2]}
    again = tracks(1, latitude=43.5)
    partial = Partial(np.array([0]), again, by(0))
    found, _ = released(rules, full, bits, partial=partial)
    assert causes(found) == {"provenance": [2]}
    assert found.tracks.latitude_rad[0] == again.latitude_rad[0]
    assert found.refused.tolist() == [True] and found.contributors.tolist() == [1]
    for other, cause in ((replace(partial, contributors=by(0, 2)), "provenance"),
                         (replace(partial, tracks=tracks(latitude=41.0)), "area")):
        found, _ = released(rules, full, bits, partial=other)
        assert causes(found) == ({cause: [1, 2]} if cause == "provenance"
                                 else {cause: [1], "provenance": [2]})
    outside = tracks(2, latitude=41.0)
    found, _ = released(rules, outside, bits, partial=partial)
    assert not len(found) and found.fault, "nobody asked for it"
    swapped = Partial(np.array([1]), again, by(0))
    found, _ = released(rules, full, bits, partial=swapped)
    assert not len(found) and "fused again" in found.fault


def test_blanked_fields_are_blank_in_the_bytes() -> None:
    everything = ["identity", "flags", "velocity", "mode_c_m", "height_m", "vertical_rate_ms",
                  "mode_3a", "icao_address", "callsign", "started_ns", "updated_ns",
                  "update_count", "manoeuvre"]
    batch = tracks(flags=8)
    found, _ = released(rules_of(standing(grant(withheld=everything))), batch)
    sent = found.tracks
    assert sent.present[0] == 0 and sent.identity[0] == 0 and sent.flags[0] == 0
    for name in ("velocity_east_ms", "velocity_north_ms", "mode_c_m", "height_m",
                 "vertical_rate_ms", "manoeuvre"):
        assert np.isnan(getattr(sent, name)).all()
    for name in ("mode_3a", "icao_address", "started_ns", "updated_ns", "update_count",
                 "sensors"):
        assert getattr(sent, name).tobytes().strip(b"\0") == b""
    assert sent.callsign[0] == b""
    assert np.isfinite(sent.covariance[0]).tolist() == [True, True, False, False, True,
                                                        False, False, False, False, False]


def test_sensors_leave_only_where_a_grant_names_them() -> None:
    assert released(rules_of(standing(grant())), tracks())[0].tracks.sensors[0] == 0
    named = rules_of(standing(grant(guarded=["sensors", "mode_5", "own_forces"])))
    assert released(named, tracks())[0].tracks.sensors[0] == 1


def test_coarsening_moves_to_the_middle_of_a_cell_and_says_how_unsure_that_is() -> None:
    found, _ = released(rules_of(standing(grant(quantum_m=5000, accuracy_m=3000))), tracks())
    sent, cell = found.tracks, 5000 / 6_371_008.8
    middle = (math.floor(math.radians(43) / cell) + 0.5) * cell
    wide = cell / math.cos(middle)
    assert sent.latitude_rad[0] == pytest.approx(middle, rel=1e-15)
    assert sent.longitude_rad[0] == pytest.approx(
        (math.floor(math.radians(74.5) / wide) + 0.5) * wide, rel=1e-15)
    assert sent.covariance[0, [0, 4]].tolist() == [900 + 5000**2 / 12 if 900 + 5000**2 / 12 > 9e6
                                                   else 9e6] * 2
    assert sent.covariance[0, [1, 2, 9]].tolist() == [10, 5, 8]


def test_a_delayed_track_leaves_as_it_was_when_it_is_old_enough() -> None:
    rules = rules_of(standing(grant(delay_s=10)))
    found, line = released(rules, tracks(latitude=43.0))
    assert causes(found) == {"delay": [1]} and len(line) == 1
    none = tracks(0)
    found, line = released(rules, none, now_ns=NOW_NS + 10 * S - 1, line=line)
    assert not len(found) and len(line) == 1 and not found.denials
    found, line = released(rules, none, now_ns=NOW_NS + 10 * S, line=line)
    assert found.tracks.time_ns.tolist() == [NOW_NS] and not len(line) and not found.denials


@pytest.mark.parametrize("other", [
    standing(grant(delay_s=10), begin_ns=NOW_NS - S + 1), standing(grant(delay_s=10.5)),
    standing(grant(delay_s=10), name="other")])
def test_what_waits_is_dropped_when_its_agreement_lapses_or_changes(other: Standing) -> None:
    """In force again, changed, or another: what waited under the old one never leaves."""
    _, line = released(rules_of(standing(grant(delay_s=10))), tracks())
    changed = compile_rules(Standings(NOW_NS + S, END_NS, (other,), ()), "AAA", ("BBB",), SENSORS,
                            "tracks")
    found, line = released(changed, tracks(0), now_ns=NOW_NS + S, line=line)
    assert not len(found) and not len(line) and causes(found) == {"no_grant": [1]}
    found, line = released(rules_of(standing(grant(delay_s=10))), tracks(0),
                           now_ns=NOW_NS + 60 * S, line=line)
    assert not len(found)


def test_what_waits_is_dropped_at_the_end_and_by_a_clock_that_is_not_trusted() -> None:
    rules = rules_of(standing(grant(delay_s=10), end_ns=NOW_NS + 10 * S))
    _, line = released(rules, tracks())
    found, after = released(rules, tracks(0), now_ns=NOW_NS + 10 * S, line=line)
    assert not len(found) and not len(after) and causes(found) == {"no_agreement": [1]}
    doubted = rules_of(standing(grant(delay_s=10)), trusted=False)
    found, after = released(doubted, tracks(0), now_ns=NOW_NS + 11 * S, line=line)
    assert not len(found) and not len(after) and causes(found) == {"clock": [1]}


def test_a_mixed_track_that_waits_waits_as_it_was_fused_again() -> None:
    rules = rules_of(standing(grant(area="common", delay_s=10)))
    full, bits = tracks(), by(0, 2)
    found, line = released(rules, full, bits)
    assert causes(found) == {"provenance": [1]} and not len(line)
    partial = Partial(np.array([0]), tracks(latitude=43.5), by(0))
    _, line = released(rules, full, bits, partial=partial)
    found, _ = released(rules, tracks(0), now_ns=NOW_NS + 10 * S, line=line)
    assert found.refused.tolist() == [True]
    assert found.tracks.latitude_rad[0] == math.radians(43.5)
    lapsed = rules_of(standing(grant(area="common", delay_s=10)), lapsed=frozenset({1}))
    found, line = released(lapsed, tracks(0), now_ns=NOW_NS + 10 * S, line=line)
    assert causes(found) == {"provenance": [1]} and not len(line)


def test_a_line_has_a_limit_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jointsky.agreement.release.ROWS_MAX", 3)
    rules = rules_of(standing(grant(delay_s=10)))
    _, line = released(rules, tracks(2))
    found, line = released(rules, tracks(2), now_ns=NOW_NS + S, line=line)
    assert len(line) == 2 and causes(found)["overflow"] == [1, 2]


def test_whatever_fails_lets_nothing_go(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = rules_of(standing(grant()))
    found, _ = released(rules, tracks(3), np.ones(2, np.uint64))
    assert not len(found) and causes(found) == {"fault": [1, 2, 3]} and found.fault
    broken = standing(grant("bad", area="common"), grant("good", to=("CCC",)))
    broken.document.instrument.areas.clear()
    some = rules_of(broken, to=("BBB", "CCC"))
    assert len(some.faults) == 1 and "bad" in some.faults[0]
    assert cause_of(some, tracks(), to="BBB") == "no_grant"
    assert cause_of(some, tracks(), to="CCC") == ""
    monkeypatch.setattr("jointsky.agreement.release.leaving", lambda *_: 1 / 0)
    found, line = released(rules, tracks())
    assert not len(found) and not len(line) and causes(found) == {"fault": [1]}
    assert "ZeroDivisionError" in found.fault


def test_only_release_makes_what_may_leave_and_nobody_changes_it() -> None:
    found, _ = released(rules_of(standing(grant())), tracks())
    with pytest.raises(PermissionError):
        Released(found.sender, found.recipient, found.data, found.now_ns, found.not_after_ns,
                 found.tracks, found.reasons, found.reason_of, found.contributors, found.refused,
                 (), "", token=object())
    with pytest.raises((ValueError, TypeError, PermissionError)):
        replace(found, recipient="CCC")
    for column in columns_of(TrackBatch):
        with pytest.raises(ValueError, match="read-only"):
            getattr(found.tracks, column.name)[:] = 0
    with pytest.raises(AttributeError):
        found.recipient = "CCC"  # type: ignore[misc]


def test_what_leaves_stands_in_order_with_its_own_reason() -> None:
    """Whatever order the batch has, and whether one lot leaves or what waited with it."""
    one = grant("low", ceiling_m=9120)
    batch = tracks(3, height_m=None)
    batch.system_track_number[:] = [7, 3, 5]
    batch.mode_c_m[:] = [9100, 9200, 9000]
    contributions = np.array([1, 8, 9], np.uint64)
    found, _ = released(rules_of(standing(one, grant("high"))), batch, contributions)
    assert found.tracks.system_track_number.tolist() == [3, 5, 7]
    assert found.tracks.mode_c_m.tolist() == [9200, 9000, 9100]
    assert found.contributors.tolist() == [8, 9, 1]
    assert [found.reasons[at].grant.id for at in found.reason_of] == ["high", "low", "low"]
    rules = rules_of(standing(one | {"delay_s": 1}, grant("high")))
    _, line = released(rules, batch.take(np.array([0])), to="BBB")
    assert not len(line), "the other grant lets it go at once"
    delayed = rules_of(standing(one | {"delay_s": 1}))
    _, line = released(delayed, batch)
    later = tracks(1, time_ns=NOW_NS - S, height_m=None)
    found, _ = released(delayed, later, now_ns=NOW_NS + S, line=line)
    assert found.tracks.system_track_number.tolist() == [1, 5, 7], "in order of time"

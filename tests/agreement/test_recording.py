"""From a released batch to its records, and the gate at the moment of sending."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from jointsky.agreement.ledger import NOWHERE, Entry, Release, canonical, read_entry
from jointsky.agreement.recording import denial_record, gate_of, release_record
from jointsky.agreement.standing import Standing
from jointsky.model.schema import TrackBatch
from tests.agreement.pacts import BEGIN_NS, END_NS, NOW_NS, grant, standing, standings, tracks
from tests.agreement.test_release import released, rules_of

ALL = slice(None)
PACT = standing(grant("low", ceiling_m=5_000), grant("high", floor_m=6_000))


def batch() -> TrackBatch:
    """Tracks 1 to 6: three low, two high, one between that no grant lets go."""
    found = TrackBatch.join([tracks()] * 6, tracks().world)
    found.system_track_number[:] = [1, 2, 3, 7, 9, 8]
    for name in ("mode_c_m", "height_m"):
        getattr(found, name)[:] = [4_000, 4_100, 4_200, 9_000, 9_100, 5_500]
    return found


def record(*in_force: Standing) -> Release:
    found, _ = released(rules_of(*in_force or (PACT,)), batch())
    return release_record(found, ALL, "BBB.North", 5, b"bytes")


def test_a_batch_is_recorded_with_its_grants_and_its_denials() -> None:
    found, _ = released(rules_of(PACT), batch())
    made = release_record(found, ALL, "BBB.North", 5, b"bytes")
    assert made.digest == hashlib.sha256(b"bytes").hexdigest()
    assert (made.time_ns, made.sequence, made.rows, made.not_after_ns) == (NOW_NS, 5, 5, END_NS)
    assert [(one.agreement, one.version, one.grant, one.rows, one.tracks)
            for one in made.grants] == [("pact", 1, "low", 3, "1-3"), ("pact", 1, "high", 2, "7,9")]
    assert {one.instrument for one in made.grants} == {PACT.document.digest}
    denial = denial_record(found, "BBB.North")
    assert denial is not None
    assert [(cause.rule, cause.rows, cause.tracks) for cause in denial.causes] == [
        ("height", 1, "8")]
    for one in (made, denial):
        entry = Entry(number=1, previous=NOWHERE, record=one)
        assert read_entry(canonical(entry)) == entry


def test_a_batch_may_leave_in_several_messages() -> None:
    found, _ = released(rules_of(PACT), batch())
    two = [release_record(found, slice(first, first + 3), "BBB.North", 1, b"")
           for first in (0, 3)]
    assert [[(use.grant, use.tracks) for use in one.grants] for one in two] == [
        [("low", "1-3")], [("high", "7,9")]]
    with pytest.raises(ValueError, match="nothing leaves"):
        release_record(found, slice(6, 9), "BBB.North", 3, b"")


def test_all_and_nothing() -> None:
    found, _ = released(rules_of(standing(grant())), batch())
    assert denial_record(found, "BBB.North") is None
    found, _ = released(rules_of(), batch())
    with pytest.raises(ValueError, match="nothing leaves"):
        release_record(found, ALL, "BBB.North", 1, b"")
    denial = denial_record(found, "BBB.North")
    assert denial is not None and denial.rows == 6 and denial.causes[0].tracks == "1-3,7-9"


def test_ten_thousand_tracks_are_told_in_few_words() -> None:
    many = TrackBatch.join([tracks()] * 10_000, tracks().world)
    many.system_track_number[:] = np.random.default_rng(3).permutation(10_000)
    found, _ = released(rules_of(standing(grant())), many)
    assert release_record(found, ALL, "BBB.North", 1, b"").grants[0].tracks == "0-9999"


def rule(made: Release, *in_force: Standing, now_ns: int = NOW_NS, **more: Any) -> str:
    return gate_of(standings(*in_force, **more))(made, now_ns)


def test_the_gate_opens_while_all_stands_as_it_did() -> None:
    made = record()
    assert rule(made, PACT) == ""
    assert rule(made, PACT, standing(grant(), name="other")) == ""
    assert rule(made, replace(PACT, end_ns=NOW_NS + 1)) == ""
    assert rule(made, replace(PACT, begin_ns=NOW_NS)) == ""


@pytest.mark.parametrize(("change", "says"), [
    ({"end_ns": NOW_NS}, "pact version 1 is not in force"),
    ({"begin_ns": NOW_NS + 1}, "pact version 1 is not in force"),
    ({"revoked": frozenset({"high"})}, "grant high of pact version 1 was taken back"),
    ({"document": standing(grant("low", ceiling_m=5_001)).document}, "given way to another text"),
])
def test_the_gate_closes_when_anything_has_changed(change: dict[str, Any], says: str) -> None:
    assert says in rule(record(), replace(PACT, **change))


def test_the_gate_closes_where_nothing_is_known() -> None:
    made = record()
    assert "is not in force" in rule(made)
    assert "is not in force" in rule(made, standing(grant(), name="other"))
    assert "cannot be trusted" in rule(made, PACT, trusted=False)
    assert "not known" in rule(made, PACT, until_ns=NOW_NS)
    assert "not known" in rule(made, PACT, now_ns=NOW_NS - 1)
    hour_ns = 3_600 * 10**9
    for now_ns in (NOW_NS - hour_ns, NOW_NS + hour_ns):
        assert "not known" in rule(made, PACT, now_ns=now_ns, until_ns=NOW_NS + 1)


def test_what_was_released_before_a_break_does_not_leave_after_it() -> None:
    made = record().model_copy(update={"time_ns": NOW_NS - 10})
    assert rule(made, replace(PACT, begin_ns=NOW_NS - 10)) == ""
    assert "not in force all the time" in rule(made, replace(PACT, begin_ns=NOW_NS - 9))
    assert BEGIN_NS < NOW_NS - 10

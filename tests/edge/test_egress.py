"""The egress verifier: all that release makes passes, and nothing that was tampered with."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from jointsky.agreement.compiled import compile_rules
from jointsky.agreement.decide import decide
from jointsky.agreement.delays import DelayLine
from jointsky.agreement.instrument import Grant
from jointsky.agreement.register import Register, standings_at
from jointsky.agreement.release import Partial, release
from jointsky.edge import egress as verifier
from jointsky.edge.egress import Egress
from jointsky.model.batch import columns_of
from jointsky.model.schema import TrackBatch
from jointsky.model.world import World
from tests.agreement.persons import PERSONS, draft, signed
from tests.agreement.questions import Question, answers, questions
from tests.agreement.scenes import OTHERS, OWN, batch_of, moved
from tests.agreement.test_against_cedar import PARTS

SEEDS = range(300, 305)


def loose(made: Any) -> SimpleNamespace:
    """What leaves, with arrays that can be written to."""
    cells = {column.name: getattr(made.tracks, column.name).copy()
             for column in columns_of(TrackBatch)}
    return SimpleNamespace(
        sender=made.sender, recipient=made.recipient, data=made.data, now_ns=made.now_ns,
        not_after_ns=made.not_after_ns, tracks=TrackBatch(world=made.tracks.world, **cells),
        reasons=tuple(made.reasons), reason_of=made.reason_of.copy(),
        contributors=made.contributors.copy(), refused=made.refused.copy())


class Message:
    """Something that leaves in answer to a question; row: one of it, chosen at random."""

    def __init__(self, question: Question, made: Any, rng: np.random.Generator):
        self.question, self.made, self.rng = question, loose(made), rng
        self.row = int(rng.integers(len(made)))
        self.now_ns = question.now_ns

    @property
    def grant(self) -> Grant:
        return self.made.reasons[self.made.reason_of[self.row]].grant

    @property
    def place(self) -> int:
        """Row of the question's tracks."""
        return int(self.made.tracks.system_track_number[self.row]) - 1

    def reason(self, **changes: Any) -> None:
        """The row's reason, changed."""
        at = self.made.reason_of[self.row]
        old = self.made.reasons[at]
        new = SimpleNamespace(**({"agreement": old.agreement, "digest": old.digest,
                                  "grant": old.grant} | changes))
        self.made.reasons = tuple(new if place == at else one
                                  for place, one in enumerate(self.made.reasons))


def one_more_row(m: Message) -> bool:
    rows = [row for row, grant in enumerate(m.question.grants[m.made.recipient]) if grant is None]
    if not rows:
        return False
    row = int(m.rng.choice(rows))
    more = m.question.tracks.take(slice(row, row + 1))
    m.made.tracks = TrackBatch.join([m.made.tracks, more], more.world)
    m.made.reason_of = np.append(m.made.reason_of, m.made.reason_of[m.row])
    m.made.contributors = np.append(m.made.contributors, m.question.bits[row])
    m.made.refused = np.append(m.made.refused, False)
    return True


def withheld_restored(m: Message) -> bool:
    if not m.grant.withheld:
        return False
    name = str(m.rng.choice(m.grant.withheld))
    columns = {"velocity": ["velocity_east_ms"]}.get(name, [name])
    source = m.question.rest if m.made.refused[m.row] else m.question.tracks
    there = False
    for column in columns:
        value = getattr(source, column)[m.place]
        there = bool(value != getattr(m.made.tracks, column)[m.row])
        getattr(m.made.tracks, column)[m.row] = value
    # A cell that is absent anyway, or as if it were blank, tells nothing.
    return there and not (isinstance(value, float) and math.isnan(value))


def covariance_restored(m: Message) -> bool:
    m.made.tracks.covariance[m.row, 7] = 25.0
    return "velocity" in m.grant.withheld


def absent_but_filled(m: Message) -> bool:
    m.made.tracks.mode_3a[m.row] = 0o1234
    return "mode_3a" in m.grant.withheld


def elsewhere(m: Message) -> bool:
    tracks, row = m.made.tracks, m.row
    tracks.latitude_rad[row] *= -1
    tracks.longitude_rad[row] += math.pi if tracks.longitude_rad[row] < 0 else -math.pi
    return m.grant.area is not None


def position_unknown(m: Message) -> bool:
    m.made.tracks.latitude_rad[m.row] = math.nan
    return True


def other_recipient(m: Message) -> bool:
    m.made.recipient = str(m.rng.choice([*OTHERS, "FFF"]))
    return m.made.recipient not in m.grant.to


def other_sender(m: Message) -> bool:
    m.made.sender = "BBB"
    return True


def from_before(m: Message) -> bool:
    reason = m.made.reasons[m.made.reason_of[m.row]]
    m.made.tracks.time_ns[m.row] = reason.begin_ns - 1
    return True


def too_young(m: Message) -> bool:
    m.made.tracks.time_ns[m.row] = m.now_ns - round(m.grant.delay_s * 1e9) + 1
    return True


def made_of_what_may_not_go(m: Message) -> bool:
    allowed = set()
    for bits, left in zip(m.question.bits, m.question.left[m.made.recipient], strict=True):
        allowed |= {at for at in range(64) if int(bits) & ~int(left) & 1 << at}
    if not allowed:
        return False
    m.made.contributors[m.row] |= np.uint64(1 << min(allowed))
    return True


def made_of_nothing_known(m: Message) -> bool:
    m.made.contributors[m.row] |= np.uint64(1 << 63)
    return True


def made_of_nothing(m: Message) -> bool:
    m.made.contributors[m.row] = 0
    return True


def tells_sensors(m: Message) -> bool:
    m.made.tracks.sensors[m.row] |= np.uint64(1 << 40)
    return True


def after_the_end(m: Message) -> bool:
    m.now_ns = m.made.not_after_ns
    return True


def made_to_last(m: Message) -> bool:
    m.made.not_after_ns += 1
    ends = {reason.end_ns for reason in m.made.reasons}
    return m.made.not_after_ns > min(ends)


def clock_gone_back(m: Message) -> bool:
    m.now_ns -= 3600 * 10**9
    return True


def other_identity(m: Message) -> bool:
    if m.grant.identities == "any" or "identity" in m.grant.withheld:
        return False
    names = ["pending", "unknown", "assumed_friend", "friend", "neutral", "suspect", "hostile"]
    others = [at for at, name in enumerate(names) if name not in m.grant.identities]
    m.made.tracks.identity[m.row] = others[0] if others else 0
    return bool(others)


def of_another_category(m: Message) -> bool:
    grant, row = m.grant, m.row
    missing = [] if grant.categories == "any" else [
        (name, flag) for name, flag in (("on_ground", 64), ("emergency", 128), ("simulated", 1),
                                        ("simulated", 2)) if name not in grant.categories]
    if not missing:
        return False
    m.made.tracks.flags[row] |= missing[int(m.rng.integers(len(missing)))][1]
    return True


def emergency_code(m: Message) -> bool:
    m.made.tracks.mode_3a[m.row] = 0o7700
    m.made.tracks.present[m.row] |= TrackBatch.bit("mode_3a")
    return m.grant.categories != "any" and "emergency" not in m.grant.categories


def answering(m: Message) -> bool:
    m.made.tracks.callsign[m.row] = b"KGA101"
    m.made.tracks.present[m.row] |= TrackBatch.bit("callsign")
    return m.grant.categories != "any" and "cooperative" not in m.grant.categories


def silent(m: Message) -> bool:
    for name in ("mode_3a", "mode_c_m", "icao_address", "callsign"):
        m.made.tracks.present[m.row] &= ~TrackBatch.bit(name)
    hidden = {"mode_3a", "mode_c_m", "icao_address", "callsign"} & set(m.grant.withheld)
    return m.grant.categories != "any" and "non_cooperative" not in m.grant.categories and (
        not hidden)


def too_high(m: Message) -> bool:
    m.made.tracks.height_m[m.row] = (m.grant.ceiling_m or 0) + 0.001
    m.made.tracks.present[m.row] |= TrackBatch.bit("height_m")
    return m.grant.ceiling_m is not None


def too_low(m: Message) -> bool:
    m.made.tracks.mode_c_m[m.row] = (m.grant.floor_m or 0) - 0.001
    m.made.tracks.present[m.row] |= TrackBatch.bit("mode_c_m")
    return m.grant.floor_m is not None


def no_height(m: Message) -> bool:
    for name in ("mode_c_m", "height_m"):
        m.made.tracks.present[m.row] &= ~TrackBatch.bit(name)
    return not {"mode_c_m", "height_m"} & set(m.grant.withheld) and (
        m.grant.floor_m is not None or m.grant.ceiling_m is not None)


def too_accurate(m: Message) -> bool:
    floor = max(m.grant.accuracy_m ** 2, m.grant.quantum_m ** 2 / 12)
    m.made.tracks.covariance[m.row, 0] = 0.999 * floor
    return floor > 0


def off_the_grid(m: Message) -> bool:
    cell = m.grant.quantum_m / verifier.SPHERE_M
    m.made.tracks.latitude_rad[m.row] += 0.001 * cell
    return cell > 0


def off_the_grid_eastwards(m: Message) -> bool:
    cell = m.grant.quantum_m / verifier.SPHERE_M
    m.made.tracks.longitude_rad[m.row] += 0.01 * cell
    return cell > 0


def unknown_grant(m: Message) -> bool:
    m.reason(grant=SimpleNamespace(id="g9"))
    return True


def unknown_agreement(m: Message) -> bool:
    m.reason(agreement="pact-9")
    return True


def another_text(m: Message) -> bool:
    m.reason(digest="0" * 64)
    return True


def no_such_reason(m: Message) -> bool:
    m.made.reason_of[m.row] = len(m.made.reasons)
    return True


def another_world(m: Message) -> bool:
    m.made.tracks = TrackBatch(world=World.REPLAY, **{
        column.name: getattr(m.made.tracks, column.name) for column in columns_of(TrackBatch)})
    return True


def said_to_be_other_data(m: Message) -> bool:
    m.made.data = "plots"
    return True


def unknown_column(m: Message) -> bool:
    m.made.tracks.present[m.row] |= np.uint64(1 << 60)
    return True


def a_reason_short(m: Message) -> bool:
    m.made.reason_of = m.made.reason_of[:-1]
    return True


TAMPERINGS: list[Callable[[Message], bool]] = [
    one_more_row, withheld_restored, covariance_restored, absent_but_filled, elsewhere,
    position_unknown, other_recipient, other_sender, from_before, too_young,
    made_of_what_may_not_go, made_of_nothing_known, made_of_nothing, tells_sensors, after_the_end,
    made_to_last, clock_gone_back, other_identity, of_another_category, emergency_code, answering,
    silent, too_high, too_low, no_height, too_accurate, off_the_grid, off_the_grid_eastwards,
    unknown_grant, unknown_agreement, another_text, no_such_reason, another_world,
    said_to_be_other_data, unknown_column, a_reason_short]


def test_nothing_that_was_tampered_with_leaves() -> None:
    rng, tried, passed = np.random.default_rng(1), Counter[str](), Counter[str]()
    for seed in SEEDS:
        asked = questions(seed, 4, 20)
        egress = Egress(OWN, asked[0].scene.sensors, asked[0].scene.acts)
        for question in asked:
            for _, made in answers(question, PARTS):
                if len(made) == 0:
                    continue
                assert egress.check(loose(made), question.now_ns) is None
                for tampering in TAMPERINGS:
                    message = Message(question, made, rng)
                    if tampering(message):
                        tried[tampering.__name__] += 1
                        refusal = egress.check(message.made, message.now_ns)
                        passed[tampering.__name__] += int(
                            refusal is None or "failed" in refusal.reason)
    assert not +passed
    assert not [one.__name__ for one in TAMPERINGS if not tried[one.__name__]], tried


TEXT = """\
id: pact
title: A pact
version: 1
kind: bilateral
parties: [{nation: AAA, name: A}, {nation: BBB, name: B}]
life: {signed: 2025-01-01, in_force: 2026-01-01, term: P5Y, renewal: none,
  suspension: {by: [AAA]}, ratifications: [{party: AAA, date: 2025-02-01, body: P},
  {party: BBB, date: 2025-02-01, body: P}]}
areas: {common: {name: C, shape: {circle: {centre: [43, 74.5], radius_km: 100}}}}
grants:
  - {id: late, from: AAA, to: [BBB], data: tracks, area: common, delay_s: 60, quantum_m: 2000,
     purpose: warning, article: "4"}
  - {id: fine, from: AAA, to: [BBB], data: tracks, area: common, ceiling_m: 5000,
     purpose: warning, article: "5"}
  - {id: wide, from: AAA, to: [BBB], data: tracks, ceiling_m: 9000, purpose: warning, article: "6"}
"""
NOW_NS, S = 1_780_000_000 * 10**9, 10**9
BEGIN_NS = 1_767_225_600 * S  # 2026-01-01
SENSORS = questions(300, 1, 1)[0].scene.sensors


class Unit:
    """A unit of AAA under one agreement, with its register and the acts it accepted."""

    def __init__(self, text: str = TEXT):
        self.register, self.acts = Register(OWN, PERSONS), []
        self.tell(BEGIN_NS, "activate", text=text)

    def tell(self, at_ns: int, kind: str, **more: Any) -> None:
        from jointsky.agreement.register import take
        act = signed(draft(self.register, kind, "pact", OWN, at_ns, **more))
        self.register = take(self.register, act, at_ns, fresh=True)
        self.acts.append((at_ns, act.to_text()))

    def release(self, tracks: TrackBatch, bits: np.ndarray, now_ns: int,
                line: DelayLine | None = None) -> tuple[Any, DelayLine]:
        rules = compile_rules(standings_at(self.register, now_ns), OWN, ("BBB",), SENSORS, "tracks")
        decision = decide(rules, tracks, bits, now_ns)
        none = Partial(np.empty(0, np.int64), tracks.take(slice(0, 0)), np.empty(0, np.uint64))
        return release(rules, "BBB", tracks, bits, decision, none, line or DelayLine())

    def egress(self) -> Egress:
        return Egress(OWN, SENSORS, self.acts)


def tracks_at(height_m: float, n: int = 3) -> tuple[TrackBatch, np.ndarray]:
    return batch_of([{
        "time_ns": NOW_NS, "identity": 3, "flags": 0, "latitude_rad": math.radians(43 + at / 10),
        "longitude_rad": math.radians(74.5), "mode_c_m": height_m, "height_m": None,
        "mode_3a": 0o1234, "icao_address": 0x601000, "callsign": b"KGA101", "contributors": [0]}
        for at in range(n)])


def test_what_waited_for_its_time_passes() -> None:
    unit = Unit()
    made, line = unit.release(*tracks_at(9500.0), NOW_NS)
    assert len(made) == 0 and len(line) == 3
    tracks, bits = tracks_at(9500.0, 0)
    for now_ns, count in ((NOW_NS + 60 * S - 1, 0), (NOW_NS + 60 * S, 3)):
        made, line = unit.release(tracks, bits, now_ns, line)
        assert len(made) == count
    assert unit.egress().check(made, NOW_NS + 60 * S) is None
    assert made.reasons[0].grant.id == "late"


@pytest.mark.parametrize("quantum_m", [50, 2000, 60_000])
@pytest.mark.parametrize(("latitude", "longitude"), [(89.8, 20.0), (-90.0, 0.0), (0.0, 180.0),
                                                     (60.0, 179.99)])
def test_the_grid_holds_at_poles_and_at_the_date_line(latitude: float, longitude: float,
                                                      quantum_m: int) -> None:
    unit = Unit(TEXT.replace("[43, 74.5]", f"[{latitude}, {longitude}]")
                .replace("quantum_m: 2000", f"quantum_m: {quantum_m}"))
    rng = np.random.default_rng(6)
    tracks, bits = tracks_at(9500.0, 200)
    tracks.time_ns[:] = NOW_NS - 60 * S
    for row in range(200):
        tracks.latitude_rad[row], tracks.longitude_rad[row] = moved(
            math.radians(latitude), math.radians(longitude), rng.uniform(0, 2 * math.pi),
            rng.uniform(0, 95e3))
    made, _ = unit.release(tracks, bits, NOW_NS)
    assert len(made) == 200 and unit.egress().check(made, NOW_NS) is None
    other = loose(made)
    other.tracks.latitude_rad[7] -= math.copysign(quantum_m / 4e7, latitude or 1)
    refusal = unit.egress().check(other, NOW_NS)
    assert refusal is not None and refusal.rows == (7,) and "off the grid" in refusal.reason


def test_a_later_grant_is_no_reason_where_an_earlier_one_fits() -> None:
    unit = Unit()
    made, _ = unit.release(*tracks_at(3000.0), NOW_NS)
    assert made.reasons[0].grant.id == "fine"
    assert unit.egress().check(made, NOW_NS) is None
    other = loose(made)
    other.reasons = (SimpleNamespace(agreement="pact", digest=made.reasons[0].digest,
                                     grant=SimpleNamespace(id="wide")),)
    refusal = unit.egress().check(other, NOW_NS)
    assert refusal is not None and refusal.rows == (0, 1, 2)
    assert refusal.reason == "pact, grant wide: pact, grant fine comes before it, and fits"


@pytest.mark.parametrize(("kind", "more", "says"), [
    ("suspend", {}, "suspended by AAA"), ("revoke", {"grant": "fine"}, "grant fine is revoked")])
def test_a_queued_message_stops_at_once(kind: str, more: dict[str, str], says: str) -> None:
    unit = Unit()
    made, _ = unit.release(*tracks_at(3000.0), NOW_NS)
    assert unit.egress().check(made, NOW_NS + 60 * S) is None
    unit.tell(NOW_NS + 30 * S, kind, **more)
    assert unit.egress().check(made, NOW_NS + 30 * S - 1) is None
    refusal = unit.egress().check(made, NOW_NS + 30 * S)
    assert refusal is not None and refusal.reason == f"pact: {says}"


def test_a_message_that_says_it_lasts_longer_than_its_agreement_stays() -> None:
    unit = Unit()
    made, _ = unit.release(*tracks_at(3000.0), NOW_NS)
    unit.tell(NOW_NS + 30 * S, "terminate")
    for now_ns, says in ((NOW_NS, "to the end of the message"),
                         (NOW_NS + 30 * S, "no longer in force")):
        refusal = unit.egress().check(made, now_ns)
        assert refusal is not None and says in refusal.reason


def test_what_was_decided_before_a_suspension_does_not_leave_after_it() -> None:
    unit = Unit()
    made, _ = unit.release(*tracks_at(3000.0), NOW_NS)
    unit.tell(NOW_NS + 10 * S, "suspend")
    unit.tell(NOW_NS + 20 * S, "resume")
    refusal = unit.egress().check(made, NOW_NS + 20 * S)
    assert refusal is not None and "not in force from the decision" in refusal.reason


def test_a_message_of_nothing_stays() -> None:
    unit = Unit()
    made, _ = unit.release(*tracks_at(3000.0, 0), NOW_NS)
    refusal = unit.egress().check(made, NOW_NS)
    assert refusal is not None and "decided at" in refusal.reason


def test_whatever_goes_wrong_nothing_leaves() -> None:
    unit = Unit()
    made, _ = unit.release(*tracks_at(3000.0), NOW_NS)
    broken = loose(made)
    broken.contributors = None
    refusal = unit.egress().check(broken, NOW_NS)
    assert refusal is not None and refusal.reason.startswith("the verifier failed: TypeError")
    for acts, says in (([(0, "{")], "an act that cannot be read"), ([], "never activated"),
                       ([*unit.acts, (0, '{"agreement": "pact", "act": "x", "party": "AAA"}')],
                        "an act of kind 'x'")):
        refusal = Egress(OWN, SENSORS, acts).check(made, NOW_NS)
        assert refusal is not None and says in refusal.reason


def test_a_column_that_the_verifier_does_not_know_stops_everything(
        monkeypatch: pytest.MonkeyPatch) -> None:
    assert {column.name for column in columns_of(TrackBatch)} == verifier.COLUMNS
    unit = Unit()
    made, _ = unit.release(*tracks_at(3000.0), NOW_NS)
    monkeypatch.setattr(verifier, "COLUMNS", verifier.COLUMNS - {"callsign"})
    refusal = unit.egress().check(made, NOW_NS)
    assert refusal is not None and "does not know" in refusal.reason

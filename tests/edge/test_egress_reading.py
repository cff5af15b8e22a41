"""The verifier's own reading of instruments and acts against that of the register: written apart,
they say the same of every life."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import numpy as np
import pytest

from jointsky.agreement.acts import ActRefused
from jointsky.agreement.register import Register, standings_at, take
from jointsky.edge.egress_reading import (
    NEVER_NS,
    Story,
    Unreadable,
    moment_ns,
    read_text,
    shifted,
    stories,
)
from tests.agreement.persons import PERSONS, draft, signed
from tests.agreement.test_instrument import GOOD

DAY = 86_400 * 10**9
BEGIN_NS = moment_ns("2023-11-02")
LIVES = [
    "term: P5Y\n  renewal: automatic\n  notice: P6M",
    "term: P1Y1M\n  renewal: automatic\n  renewal_term: P3M\n  notice: P1M",
    "term: P1M\n  renewal: automatic\n  notice: P10D",
    "term: P90D\n  renewal: by_consent",
    "term: P6M\n  renewal: by_consent\n  renewal_term: P2W",
    "term: P400D\n  renewal: none",
    "term: open\n  notice: P6M",
]
MORE = "\n  suspension: {by: [AAA, BBB]}"


class Told:
    """A life as the register holds it, and its acts as the verifier reads them."""

    def __init__(self, rng: np.random.Generator):
        self.rng = rng
        life = LIVES[int(rng.integers(len(LIVES)))] + MORE
        text = GOOD.replace("term: P5Y\n  renewal: automatic\n  notice: P6M", life)
        self.text = text.replace('article: "4"}', 'article: "4", onward: {to: [CCC, DDD], '
                                 'consents: [CCC]}}')
        self.register, self.acts = Register("AAA", PERSONS), []
        self.edges = [BEGIN_NS]
        self.now_ns = BEGIN_NS - int(rng.integers(-40, 40)) * DAY
        self.tell("activate", "AAA", text=self.text)
        for _ in range(int(rng.integers(0, 9))):
            self.later()

    def tell(self, kind: str, party: str, **more: object) -> bool:
        act = signed(draft(self.register, kind, "aaa-bbb", party, self.now_ns, **more))
        try:
            self.register = take(self.register, act, self.now_ns, fresh=True)
        except ActRefused:
            return False
        self.acts.append((self.now_ns, act.to_text()))
        self.edges.append(self.now_ns)
        if kind == "activate":
            self.activated_ns = self.now_ns
        return True

    def later(self) -> None:
        """An act of one of its parties, some time later, often just before a term is over."""
        rng = self.rng
        standing = standings_at(self.register, self.now_ns).in_force
        self.now_ns += int(rng.exponential(60 * DAY))
        if standing and rng.random() < 0.5:
            end_ns = standing[0].end_ns
            edge = end_ns if rng.random() < 0.4 else shifted(
                end_ns, [(0, -10), (-1, 0), (-6, 0)][int(rng.integers(3))])
            if self.now_ns < edge < NEVER_NS // 2:
                self.now_ns = edge + int(rng.integers(-1, 2))
        if rng.random() < 0.1:
            version = int(self.text.split("version: ")[1].split()[0])
            text = self.text.replace(f"version: {version}", f"version: {version + 1}")
            if self.tell("activate", "AAA", text=text.replace("term: P5Y", "term: P7Y")):
                self.text = text
            return
        kind = str(rng.choice(["suspend", "resume", "notice", "renew", "renew", "revoke", "restore",
                               "consent", "onward", "terminate"], p=[
                                   .15, .15, .15, .15, .1, .07, .07, .07, .07, .02]))
        party = str(rng.choice(["AAA", "BBB"]))
        more: dict[str, object] = {}
        if rng.random() < 0.3:
            more["effective"] = self.now_ns // 1000 * 1000 + int(rng.integers(1, 50)) * DAY
            self.edges.append(int(str(more["effective"])))
        if kind in ("revoke", "restore"):
            party, more["grant"] = "AAA", "tracks"
        elif kind == "consent":
            party, more["deployment"], more["allowed"] = "AAA", "radar", bool(rng.random() < 0.5)
        elif kind == "onward":
            party, more["grant"] = "AAA", "tracks"
            more |= {"nation": str(rng.choice(["CCC", "DDD"])), "allowed": bool(rng.random() < 0.5)}
        elif kind == "renew":
            now = standings_at(self.register, self.now_ns).in_force
            if not now:
                return
            for one in ("AAA", "BBB"):
                self.tell("renew", one, end=now[0].end_ns)
            return
        self.tell(kind, party, **more)

    def instants(self) -> list[int]:
        """Instants to compare at: about everything that was told, and about ends of terms."""
        found = list(self.edges)
        for at_ns in list(found):
            for standing in standings_at(self.register, at_ns).in_force:
                found += [standing.begin_ns, standing.end_ns]
        found += [int(at) for at in self.rng.integers(BEGIN_NS - 40 * DAY, self.now_ns + 900 * DAY,
                                                      20)]
        # Nobody asks about what was before the activation: another text was in use, or none.
        return [at + off for at in found if at < NEVER_NS // 2 for off in (-1, 0, 1)
                if at + off >= self.activated_ns]


def seen(story: Story, now_ns: int) -> tuple[object, ...]:
    """What the verifier goes by at an instant."""
    lapsed = story.lapsed_at(now_ns)
    try:
        begin_ns, end_ns = story.force_at(now_ns)
    except Unreadable:
        return False, lapsed
    grant = story.text.grants[0]
    try:
        story.grant_at(grant.id, now_ns)
        revoked = False
    except Unreadable:
        revoked = True
    return True, lapsed, begin_ns, end_ns, revoked, story.consents_at(grant, now_ns)


def held(register: Register, now_ns: int) -> tuple[object, ...]:
    """The same by the register."""
    found = standings_at(register, now_ns)
    if not found.in_force:
        return False, found.lapsed
    (one,) = found.in_force
    return (True, found.lapsed, one.begin_ns, one.end_ns, bool(one.revoked),
            frozenset(nation for _, nation in one.consents))


def test_the_verifier_reads_lives_as_the_register_does() -> None:
    rng, met = np.random.default_rng(5), Counter[str]()
    for _ in range(40):
        told = Told(rng)
        (story,) = stories(told.acts, "AAA").values()
        assert isinstance(story, Story)
        for now_ns in told.instants():
            there, here = held(told.register, now_ns), seen(story, now_ns)
            assert here == there, (told.text, told.acts, now_ns)
            met[f"in force {there[0]}"] += 1
            met[f"lapsed {bool(there[1])}"] += 1
            if there[0]:
                met[f"revoked {there[4]}"] += 1
                met[f"renewed {there[3] > shifted(BEGIN_NS, (61, 0))}"] += 1
    assert all(count > 50 for count in met.values()) and len(met) == 8, met


@pytest.mark.parametrize(("begin", "months", "days", "end"), [
    ("2023-11-02", 60, 0, "2028-11-02"), ("2024-01-31", 1, 0, "2024-02-29"),
    ("2024-02-29", 12, 0, "2025-02-28"), ("2024-03-31", -1, 0, "2024-02-29"),
    ("2024-12-31", 2, 1, "2025-03-01"), ("2024-01-01", 0, 366, "2025-01-01")])
def test_periods_keep_the_day_of_the_month(begin: str, months: int, days: int, end: str) -> None:
    assert shifted(moment_ns(begin), (months, days)) == moment_ns(end)
    assert shifted(moment_ns(begin) + 5, (months, days)) == moment_ns(end) + 5


def test_moments_are_of_a_zone() -> None:
    assert moment_ns("1970-01-02") == DAY
    assert moment_ns("1970-01-01T06:00:00+06:00") == 0
    assert moment_ns(datetime(1970, 1, 1, 0, 0, 1, 7, tzinfo=UTC)) == 10**9 + 7000
    for wrong in ("1970-01-01T00:00:00", 5, None, "soon"):
        with pytest.raises(ValueError, match=r"no date|no time zone|isoformat"):
            moment_ns(wrong)


@pytest.mark.parametrize(("old", "new"), [
    ("area: common,", "area: common, colour: red,"), ("area: common,", "area: nowhere,"),
    ("term: P5Y", "term: five years"), ("notice: P6M", "notice: P6M\n  mood: good"),
    ("polygon: [[42, 73], [42, 76], [44, 76], [44, 73]]", "hexagon: []"),
    ("polygon: [[42, 73], [42, 76], [44, 76], [44, 73]]",
     "box: {south: 1, north: 2, west: 3, east: .nan}"),
    ("data: tracks", "data: tracks, floor_m: low"), ("id: aaa-bbb", "id: ["),
    ("data: tracks", "data: tracks, identities: [foe]"),
    ("data: tracks", "data: tracks, onward: {to: [CCC], unless: never}")])
def test_what_the_verifier_does_not_know_lets_nothing_go(old: str, new: str) -> None:
    assert old in GOOD
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        read_text(GOOD.replace(old, new, 1))


def test_an_instrument_without_every_ratification_is_not_in_force() -> None:
    lines = GOOD.splitlines(keepends=True)
    for gone in ("party: BBB", "signed:"):
        text = "".join(line for line in lines if gone not in line)
        assert read_text(text).begin_ns is None
    assert read_text(GOOD).begin_ns == BEGIN_NS

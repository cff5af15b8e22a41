"""The life of an agreement: known dates of public instruments, and every edge to the nanosecond."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jointsky.agreement.calendar import calendar_of, warning_of
from jointsky.agreement.instrument import Instrument
from jointsky.agreement.life import HORIZON_NS, Facts, Notice, Pause, Phase, Renewal, status_at
from jointsky.agreement.periods import add, before, parse_moment, parse_period, text_of
from jointsky.agreement.reading import parse_instrument
from tests.agreement.test_instrument import GOOD

DAY = 86_400 * 10**9


def ns(text: str) -> int:
    return parse_moment(text)


def pact(old: str = "", new: str = "") -> Instrument:
    assert old in GOOD
    return parse_instrument(GOOD.replace(old, new, 1), "pact.yaml").instrument


OPEN = pact("  term: P5Y\n  renewal: automatic\n", "  term: open\n")
CONSENT = pact("renewal: automatic\n  notice: P6M", "renewal: by_consent")
ONCE = pact("renewal: automatic\n  notice: P6M", "renewal: none")


@pytest.mark.parametrize(("when", "phase"), [
    ("2022-08-15", Phase.DRAFT), ("2022-08-16", Phase.SIGNED), ("2023-05-29", Phase.SIGNED),
    ("2023-10-10", Phase.SIGNED), ("2023-10-11", Phase.RATIFIED), ("2023-11-01", Phase.RATIFIED),
    ("2023-11-02", Phase.IN_FORCE), ("2028-11-01", Phase.IN_FORCE), ("2028-11-02", Phase.IN_FORCE),
    ("2040-01-01", Phase.IN_FORCE)])
def test_the_course_of_the_seed_agreement(when: str, phase: Phase) -> None:
    assert status_at(pact(), Facts(), ns(when)).phase is phase


def test_a_term_ends_to_the_nanosecond() -> None:
    end_ns = ns("2028-11-02")
    last = status_at(ONCE, Facts(), end_ns - 1)
    assert last.in_force and last.end_ns == last.change_ns == end_ns and last.final
    assert status_at(ONCE, Facts(), end_ns).phase is Phase.EXPIRED
    assert not status_at(ONCE, Facts(), ns("2023-11-02") - 1).in_force
    assert status_at(ONCE, Facts(), ns("2023-11-02")).in_force


@pytest.mark.parametrize(("told", "ends"), [
    ("2028-05-01", "2028-11-02"), ("2028-05-02", "2028-11-02"),
    ("2028-05-02T00:00:01Z", "2033-11-02"), ("2028-10-01", "2033-11-02"),
    ("2024-01-01", "2028-11-02")])
def test_notice_six_months_before_the_end_stops_renewal(told: str, ends: str) -> None:
    facts = Facts(notices=(Notice("AAA", ns(told)),))
    end_ns = ns(ends)
    assert status_at(pact(), facts, end_ns - 1).phase is Phase.NOTICE_GIVEN
    assert status_at(pact(), facts, end_ns).phase is Phase.EXPIRED
    assert status_at(pact(), facts, end_ns).end_ns == end_ns


def test_what_is_told_later_does_not_change_what_was() -> None:
    facts = Facts(notices=(Notice("AAA", ns("2028-05-01")),))
    assert status_at(pact(), facts, ns("2028-04-30")).phase is Phase.IN_FORCE


def test_an_open_term_ends_by_notice() -> None:
    assert status_at(OPEN, Facts(), ns("2100-01-01")).end_ns == HORIZON_NS
    facts = Facts(notices=(Notice("BBB", ns("2025-08-31")),))
    assert status_at(OPEN, facts, ns("2025-09-01")).phase is Phase.NOTICE_GIVEN
    assert status_at(OPEN, facts, ns("2026-02-28") - 1).in_force
    assert not status_at(OPEN, facts, ns("2026-02-28")).in_force


def test_renewal_by_consent_needs_every_party_in_time() -> None:
    end_ns = ns("2028-11-02")
    one = Facts(renewals=(Renewal("AAA", end_ns, end_ns - DAY),))
    both = replace(one, renewals=(*one.renewals, Renewal("BBB", end_ns, end_ns - 1)))
    late = replace(one, renewals=(*one.renewals, Renewal("BBB", end_ns, end_ns)))
    assert not status_at(CONSENT, one, end_ns - 1).final
    assert [status_at(CONSENT, facts, end_ns).in_force for facts in (one, both, late)] == [
        False, True, False]
    assert status_at(CONSENT, both, end_ns).begin_ns == ns("2023-11-02")
    assert status_at(CONSENT, both, ns("2033-11-02")).phase is Phase.EXPIRED


def test_suspension_closes_and_what_follows_is_a_new_stretch() -> None:
    begin_ns, end_ns = ns("2025-01-01"), ns("2025-02-01")
    facts = Facts(pauses=(Pause("AAA", begin_ns, end_ns),))
    assert status_at(pact(), facts, begin_ns - 1).change_ns == begin_ns
    for when_ns in (begin_ns, end_ns - 1):
        status = status_at(pact(), facts, when_ns)
        assert status.phase is Phase.SUSPENDED and status.change_ns == end_ns
    assert status_at(pact(), facts, end_ns).begin_ns == end_ns
    lasting = Facts(pauses=(Pause("AAA", begin_ns),))
    assert status_at(ONCE, lasting, ns("2029-01-01")).phase is Phase.EXPIRED


def test_termination_is_for_good() -> None:
    facts = Facts(ended_ns=ns("2025-01-01"))
    assert status_at(pact(), facts, ns("2025-01-01") - 1).change_ns == ns("2025-01-01")
    assert status_at(pact(), facts, ns("2030-01-01")).phase is Phase.TERMINATED


def test_without_every_ratification_nothing_is_in_force() -> None:
    line = "    - {party: BBB, date: 2023-10-11, body: Parliament, assumed: true}\n"
    status = status_at(pact(line, ""), Facts(), ns("2024-01-01"))
    assert status.phase is Phase.SIGNED and "BBB" in status.why
    assert status_at(pact("  signed: 2022-08-16\n", ""), Facts(), ns("2024-01-01")).phase is (
        Phase.DRAFT)


@given(st.integers(ns("2020-01-01"), ns("2060-01-01")), st.integers(0, 400), st.integers(0, 400),
       st.integers(ns("2023-01-01"), ns("2040-01-01")))
def test_a_status_holds_until_it_says(now_ns: int, days: int, more: int, told_ns: int) -> None:
    facts = Facts(notices=(Notice("AAA", told_ns),) if days % 2 else (),
                  pauses=(Pause("BBB", told_ns, told_ns + days * DAY + 1),))
    for instrument in (pact(), ONCE, CONSENT):
        status = status_at(instrument, facts, now_ns)
        assert status.change_ns > now_ns
        later_ns = min(now_ns + more * DAY, status.change_ns - 1)
        if not any(now_ns < one.at_ns <= later_ns for one in facts.notices):
            assert status_at(instrument, facts, later_ns).phase is status.phase


@pytest.mark.parametrize(("begin", "period", "end"), [
    ("2024-02-29", "P1Y", "2025-02-28"), ("2023-08-31", "P6M", "2024-02-29"),
    ("2023-11-02", "P5Y", "2028-11-02"), ("2023-12-31", "P2M", "2024-02-29"),
    ("2023-01-31", "P1M1D", "2023-03-01"), ("2023-01-01", "P2W", "2023-01-15")])
def test_periods_follow_the_calendar(begin: str, period: str, end: str) -> None:
    assert text_of(add(ns(begin), parse_period(period))) == end


@pytest.mark.parametrize("text", [
    "", "P", "5Y", "P5", "PT5M", "P-1Y", "P0D", "P101Y", "P1Y2", "P1D1Y"])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"period|lasts no time|too long"):
        parse_period(text)


def test_the_calendar_says_when_notice_is_due_and_warns() -> None:
    entries = calendar_of(pact(), Facts(), ns("2027-12-01"))
    texts = {entry.kind: text_of(entry.time_ns) for entry in entries if entry.kind != "warning"}
    assert texts["ends"] == "2028-11-02" and texts["notice_due"] == "2028-05-02"
    assert texts["signed"] == "2022-08-16" and texts["in_force"] == "2023-11-02"
    warnings = [text_of(one.time_ns) for one in entries if one.kind == "warning"]
    assert "2028-04-25" in warnings and "2027-05-03" in warnings
    (warning,) = warning_of(pact(), Facts(), ns("2028-04-20"))
    assert (warning.of, warning.days, warning.step) == ("notice", 12, 30)
    assert warning_of(pact(), Facts(), ns("2028-06-01")) == []
    (warning,) = warning_of(ONCE, Facts(), ns("2028-10-30"))
    assert (warning.of, warning.days, warning.step) == ("end", 3, 7)
    assert before(ns("2028-11-02"), parse_period("P6M")) == ns("2028-05-02")
    over = calendar_of(ONCE, Facts(), ns("2030-01-01"))
    assert [text_of(one.time_ns) for one in over if one.kind == "ended"] == ["2028-11-02"]

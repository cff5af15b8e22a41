"""The calendar of an agreement: what happened, what comes, and what must be done before when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from jointsky.agreement.instrument import Instrument
from jointsky.agreement.life import HORIZON_NS, Facts, Phase, begin_of, notice_due_ns, status_at
from jointsky.agreement.periods import add, text_of
from jointsky.model.clock import NS_PER_DAY

# Days before the end, and before the last day of notice, at which a warning is due.
WARNING_DAYS = (365, 180, 90, 30, 7)

Kind = Literal["signed", "ratified", "in_force", "notice", "notice_due", "suspended", "resumed",
               "ends", "ended", "deployment_begins", "deployment_ends", "duties_end", "warning"]


@dataclass(frozen=True)
class Entry:
    """One line of the calendar, at time_ns."""

    time_ns: int
    kind: Kind
    text: str


@dataclass(frozen=True)
class Warn:
    """A warning that stands now. days: whole days that are left; of: "end" or "notice"; step: the
    last of WARNING_DAYS that has been passed."""

    of: Literal["end", "notice"]
    days: int
    step: int
    text: str


def calendar_of(instrument: Instrument, facts: Facts, now_ns: int) -> list[Entry]:
    """All entries in order of time: the past, the present term, and what follows its end."""
    life, status = instrument.life, status_at(instrument, facts, now_ns)
    entries = [Entry(one.date, "ratified", f"ratified by {one.party} ({one.body})")
               for one in life.ratifications]
    if life.signed is not None:
        entries.append(Entry(life.signed, "signed", "signed"))
    if (begin_ns := begin_of(instrument)) is not None:
        entries.append(Entry(begin_ns, "in_force", "enters into force"))
    entries += [Entry(one.at_ns, "notice", f"{one.party} gave notice") for one in facts.notices]
    for one in facts.pauses:
        entries.append(Entry(one.begin_ns, "suspended", f"suspended by {one.party}"))
        if one.end_ns is not None:
            entries.append(Entry(one.end_ns, "resumed", f"resumed by {one.party}"))
    entries += _of_the_end(instrument, facts, now_ns)
    for deployment in instrument.deployments:
        name = f"{deployment.id} of {deployment.of}"
        if deployment.begin is not None:
            entries.append(Entry(deployment.begin, "deployment_begins", f"{name} begins"))
        if deployment.end is not None:
            entries.append(Entry(deployment.end, "deployment_ends", f"{name} ends"))
    if status.phase.is_over:
        entries.append(Entry(status.end_ns, "ended", status.why))
    order = get_args(Kind)
    return sorted(entries, key=lambda entry: (entry.time_ns, order.index(entry.kind), entry.text))


def warning_of(instrument: Instrument, facts: Facts, now_ns: int) -> list[Warn]:
    """The warnings that stand at now_ns: of the end that is certain, of the last day of notice."""
    status = status_at(instrument, facts, now_ns)
    if not status.in_force and status.phase is not Phase.SUSPENDED:
        return []
    found = []
    due_ns = None if status.final else notice_due_ns(instrument, status.end_ns)
    by_consent = instrument.life.renewal == "by_consent" and not status.final
    if (status.final or by_consent) and status.end_ns < HORIZON_NS:
        found.append(_warn("end", status.end_ns, now_ns,
                           "ends" if status.final else "ends unless every party renews it"))
    if due_ns is not None and due_ns >= now_ns:
        found.append(_warn("notice", due_ns, now_ns, "last day to give notice"))
    return [one for one in found if one is not None]


def _warn(of: Literal["end", "notice"], time_ns: int, now_ns: int, what: str) -> Warn | None:
    days = (time_ns - now_ns) // NS_PER_DAY
    passed = [step for step in WARNING_DAYS if time_ns - now_ns <= step * NS_PER_DAY]
    if not passed:
        return None
    return Warn(of, int(days), min(passed), f"{what}: {text_of(time_ns)}, in {days} days")


def _of_the_end(instrument: Instrument, facts: Facts, now_ns: int) -> list[Entry]:
    """The end of the present term, what must be told before it, and the warnings of both."""
    status = status_at(instrument, facts, now_ns)
    if status.phase.is_over or not 0 < status.end_ns < HORIZON_NS:
        return []
    end_ns, entries = status.end_ns, []
    text = "ends" if status.final else "term ends, and is renewed unless notice is given"
    if instrument.life.renewal == "by_consent" and not status.final:
        text = "ends unless every party renews it"
    entries.append(Entry(end_ns, "ends", text))
    days = WARNING_DAYS if status.final or instrument.life.renewal == "by_consent" else ()
    entries += [Entry(end_ns - step * NS_PER_DAY, "warning", f"{step} days to the end")
                for step in days]
    if not status.final and (due_ns := notice_due_ns(instrument, end_ns)) is not None:
        entries.append(Entry(due_ns, "notice_due", "last day to give notice"))
        entries += [Entry(due_ns - step * NS_PER_DAY, "warning",
                          f"{step} days to the last day of notice") for step in WARNING_DAYS]
    if status.final and instrument.survival.retention is not None:
        entries.append(Entry(add(end_ns, instrument.survival.retention), "duties_end",
                             f"what was received: {instrument.survival.then}"))
    return entries

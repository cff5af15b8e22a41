"""The life of an agreement: signed, ratified by each party, in force, renewed or ended.

A pure function of the instrument, of what parties have told since, and of an instant. Whatever is
not certain to be in force is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from jointsky.agreement.instrument import Instrument, Life
from jointsky.agreement.periods import Period, add, before, text_of

# An instant that does not come.
HORIZON_NS = (1 << 63) - 1
# Terms on end that are followed; an agreement of a day renewed for ever ends here.
TERMS_MAX = 10_000


class Phase(Enum):
    """Where an agreement stands."""

    DRAFT = "draft"
    SIGNED = "signed"
    RATIFIED = "ratified"
    IN_FORCE = "in force"
    NOTICE_GIVEN = "notice given"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    TERMINATED = "terminated"

    @property
    def is_over(self) -> bool:
        """Whether it will never be in force again."""
        return self in (Phase.EXPIRED, Phase.TERMINATED)


@dataclass(frozen=True)
class Notice:
    """A party does not want the agreement to go on beyond its term; at_ns: when it told."""

    party: str
    at_ns: int


@dataclass(frozen=True)
class Pause:
    """A suspension by a party, [begin, end); end_ns None: it lasts."""

    party: str
    begin_ns: int
    end_ns: int | None = None


@dataclass(frozen=True)
class Renewal:
    """A party's consent that the term which ends at end_ns be followed by another."""

    party: str
    end_ns: int
    at_ns: int


@dataclass(frozen=True)
class Facts:
    """What parties have told of one agreement since it was made. Times UTC ns.

    ended_ns: when it was terminated; hosts: (deployment, whether the host consents, since when);
    onward: (grant, nation, whether the originator consents, since when).
    """

    notices: tuple[Notice, ...] = ()
    pauses: tuple[Pause, ...] = ()
    renewals: tuple[Renewal, ...] = ()
    ended_ns: int | None = None
    hosts: tuple[tuple[str, bool, int], ...] = ()
    onward: tuple[tuple[str, str, bool, int], ...] = ()


@dataclass(frozen=True)
class Status:
    """How an agreement stands at an instant.

    why: in words; begin_ns: since when it has been in force without a break (0 if it is not);
    end_ns: end of the present term, or of what notice leaves of it,
    or when it ended; final: nothing can be renewed
    then; change_ns: first instant at which the status changes by itself.
    """

    phase: Phase
    why: str
    begin_ns: int
    end_ns: int
    final: bool
    change_ns: int

    @property
    def in_force(self) -> bool:
        """Whether it is in force at that instant."""
        return self.phase in (Phase.IN_FORCE, Phase.NOTICE_GIVEN)


def begin_of(instrument: Instrument) -> int | None:
    """UTC ns of entry into force, None if a party has not ratified or nobody signed."""
    life = instrument.life
    ratified = {one.party: one.date for one in life.ratifications}
    if life.signed is None or set(ratified) != set(instrument.nations):
        return None
    last_ns = max(ratified.values())
    return last_ns if life.in_force == "last_ratification" else max(life.in_force, last_ns)


def status_at(instrument: Instrument, facts: Facts, now_ns: int) -> Status:
    """How the agreement stands at now_ns."""
    life, begin_ns = instrument.life, begin_of(instrument)
    if begin_ns is None or now_ns < begin_ns:
        return _before_force(instrument, begin_ns, now_ns)
    if facts.ended_ns is not None and now_ns >= facts.ended_ns:
        return _over(Phase.TERMINATED, f"terminated on {text_of(facts.ended_ns)}", facts.ended_ns)
    end_ns, final = _term_end(instrument, facts, begin_ns, now_ns)
    if facts.ended_ns is not None and facts.ended_ns < end_ns:
        end_ns, final = facts.ended_ns, True
    if now_ns >= end_ns:
        return _over(Phase.EXPIRED, f"its term ended on {text_of(end_ns)}", end_ns)
    paused = [one for one in facts.pauses if one.begin_ns <= now_ns
              and (one.end_ns is None or now_ns < one.end_ns)]
    if paused:
        ends = [one.end_ns for one in paused if one.end_ns is not None]
        return Status(Phase.SUSPENDED, f"suspended by {paused[0].party} since "
                      f"{text_of(paused[0].begin_ns)}", 0, end_ns, final, min([end_ns, *ends]))
    since_ns = max([begin_ns, *(one.end_ns for one in facts.pauses
                                if one.end_ns is not None and one.end_ns <= now_ns)])
    change_ns = min([end_ns, *(one.begin_ns for one in facts.pauses if one.begin_ns > now_ns)])
    phase, why = Phase.IN_FORCE, f"in force since {text_of(since_ns)}"
    if final and (life.renewal == "automatic" or life.term == "open"):
        phase, why = Phase.NOTICE_GIVEN, f"notice given; it ends on {text_of(end_ns)}"
    return Status(phase, why, since_ns, end_ns, final, change_ns)


def notice_due_ns(instrument: Instrument, end_ns: int) -> int | None:
    """Last instant at which notice is in time for a term that ends at end_ns; None where there is
    nothing to give notice of."""
    life = instrument.life
    if life.term == "open" or life.notice is None or life.renewal != "automatic":
        return None
    return before(end_ns, life.notice)


def _before_force(instrument: Instrument, begin_ns: int | None, now_ns: int) -> Status:
    life = instrument.life
    if life.signed is None or now_ns < life.signed:
        change_ns = life.signed if life.signed is not None else HORIZON_NS
        return Status(Phase.DRAFT, "not signed", 0, 0, False, change_ns)
    done = {one.party for one in life.ratifications if one.date <= now_ns}
    waits = [nation for nation in instrument.nations if nation not in done]
    steps = [one.date for one in life.ratifications if one.date > now_ns]
    change_ns = min([*steps, *([begin_ns] if begin_ns is not None else [])], default=HORIZON_NS)
    if waits:
        return Status(Phase.SIGNED, f"not ratified by {', '.join(waits)}", 0, 0, False, change_ns)
    assert begin_ns is not None
    return Status(Phase.RATIFIED, f"not in force before {text_of(begin_ns)}", 0, 0, False,
                  change_ns)


def _over(phase: Phase, why: str, end_ns: int) -> Status:
    return Status(phase, why, 0, end_ns, True, HORIZON_NS)


def _term_end(instrument: Instrument, facts: Facts, begin_ns: int,
              now_ns: int) -> tuple[int, bool]:
    """End of the term that holds now_ns, or of the last one there is; whether it ends for good."""
    life = instrument.life
    if life.term == "open":
        told = [one.at_ns for one in facts.notices if one.at_ns <= now_ns]
        if not told:
            return HORIZON_NS, False
        assert life.notice is not None
        return add(max(min(told), begin_ns), life.notice), True
    last_ns = begin_ns
    for count in range(TERMS_MAX):
        end_ns = _end_of_term(begin_ns, life, life.term, count)
        final = not _goes_on(instrument, facts, end_ns, now_ns)
        if now_ns < end_ns or final:
            return end_ns, final and not _may_be_renewed(life, end_ns, now_ns)
        last_ns = end_ns
    return last_ns, True


def _end_of_term(begin_ns: int, life: Life, term: Period, count: int) -> int:
    """End of the first term (0) or of a later one: counted from the beginning, so that the day of
    the month is kept."""
    return add(add(begin_ns, term), life.renewal_term or term, count)


def _goes_on(instrument: Instrument, facts: Facts, end_ns: int, now_ns: int) -> bool:
    """Whether, by what was told up to now_ns, another term follows the one that ends at end_ns."""
    life = instrument.life
    if life.renewal == "automatic":
        assert life.notice is not None
        due_ns = before(end_ns, life.notice)
        # Who told too late for the term before told in time for this one.
        return not any(one.at_ns <= min(due_ns, now_ns) for one in facts.notices)
    if life.renewal == "by_consent":
        agreed = {one.party for one in facts.renewals
                  if one.end_ns == end_ns and one.at_ns < end_ns and one.at_ns <= now_ns}
        return agreed == set(instrument.nations)
    return False


def _may_be_renewed(life: Life, end_ns: int, now_ns: int) -> bool:
    """Whether a term without a successor may still get one."""
    return life.renewal == "by_consent" and now_ns < end_ns

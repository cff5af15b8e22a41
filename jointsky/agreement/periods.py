"""Dates and periods of a treaty: calendar arithmetic, never seconds.

A date without a time of day is its first instant, 00:00 UTC. A period is ISO 8601 of years, months,
weeks and days (`P5Y`, `P6M`, `P1Y6M`). Years and months keep the day of the month; where the month
has no such day, its last one counts, so a term never ends later than it says.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from jointsky.model.clock import NS_PER_S

PATTERN = re.compile(r"P(?:(\d{1,3})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# What fits into int64 nanoseconds, with room for a term.
YEAR_MIN, YEAR_MAX = 1900, 2150
YEARS_MAX = 100
FAR_NS = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Period:
    """Months and days of the calendar."""

    months: int
    days: int

    def __str__(self) -> str:
        years, months = divmod(self.months, 12)
        parts = [f"{years}Y" if years else "", f"{months}M" if months else "",
                 f"{self.days}D" if self.days else ""]
        return f"P{''.join(parts)}"


def parse_period(text: str) -> Period:
    """Read `P5Y`. Raises `ValueError`."""
    found = PATTERN.fullmatch(text)
    if not found or not any(found.groups()):
        raise ValueError(f"{text!r:.40} is no period; expected such as P5Y, P6M or P30D")
    years, months, weeks, days = (int(group or 0) for group in found.groups())
    if years * 12 + months == 0 and weeks * 7 + days == 0:
        raise ValueError(f"{text!r:.40} lasts no time; expected such as P5Y, P6M or P30D")
    if years + months / 12 + (weeks * 7 + days) / 365 > YEARS_MAX:
        raise ValueError(f"{text!r:.40} is too long; expected at most {YEARS_MAX} years")
    return Period(years * 12 + months, weeks * 7 + days)


def add(begin_ns: int, period: Period, times: int = 1) -> int:
    """UTC ns at the end of a period, or of several on end, that begins at begin_ns."""
    return _shifted(begin_ns, period.months * times, period.days * times)


def before(end_ns: int, period: Period) -> int:
    """UTC ns at which a period that ends at end_ns begins."""
    return _shifted(end_ns, -period.months, -period.days)


def _shifted(time_ns: int, months: int, days: int) -> int:
    rest_ns = time_ns % NS_PER_S
    moment = EPOCH + timedelta(seconds=time_ns // NS_PER_S)
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    if year > YEAR_MAX + YEARS_MAX:
        return FAR_NS
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    moment = moment.replace(year=year, month=month + 1, day=day) + timedelta(days=days)
    return ns_of(moment) + rest_ns


def ns_of(moment: date | datetime) -> int:
    """UTC ns of a date (its first instant) or of a time with its zone."""
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    since = moment - EPOCH
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1000


def text_of(time_ns: int) -> str:
    """A time as people and files write it: `2028-11-02` at midnight, else with the time of day."""
    moment = EPOCH + timedelta(microseconds=time_ns // 1000)
    if time_ns % (86_400 * NS_PER_S) == 0:
        return moment.date().isoformat()
    text = moment.isoformat(timespec="seconds" if time_ns % NS_PER_S == 0 else "microseconds")
    return text.replace("+00:00", "Z")


def parse_moment(text: str) -> int:
    """UTC ns of `2028-11-02` or `2028-11-02T10:00:00Z`. Raises `ValueError`."""
    try:
        moment = datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r:.40}; expected a date such as 2028-11-02, or a time such as "
                         "2028-11-02T10:00:00Z") from None
    return checked_ns(moment)


def checked_ns(moment: date | datetime) -> int:
    """`ns_of` a moment from a file. Raises `ValueError` for a time of day without a zone, and for
    years that are out of reach."""
    if isinstance(moment, datetime) and moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; expected one, such as Z")
    if not YEAR_MIN <= moment.year <= YEAR_MAX:
        raise ValueError(f"year {moment.year}; expected {YEAR_MIN} to {YEAR_MAX}")
    return ns_of(moment)

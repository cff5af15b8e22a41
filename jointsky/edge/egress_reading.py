"""Instruments and acts as the egress verifier reads them: from their texts, on its own.

What decides on releases reads the same texts with other code. The verifier wants less of them, and
takes nothing for granted: a key that it does not know where it matters, a date that it cannot read,
an act of a kind it has never heard of, and the agreement lets nothing go.
"""

from __future__ import annotations

import calendar
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

import yaml

from jointsky.edge.egress_places import Place, read_place
from jointsky.model.clock import NS_PER_DAY, NS_PER_S
from jointsky.model.schema import Identity

NEVER_NS = (1 << 63) - 1
TERMS_MAX = 1000
EPOCH_DAY = date(1970, 1, 1).toordinal()
GRANT_KEYS = {"id", "from", "sender", "to", "data", "area", "floor_m", "ceiling_m", "identities",
              "categories", "withheld", "guarded", "quantum_m", "accuracy_m", "delay_s", "purpose",
              "article", "onward", "source", "assumed"}
LIFE_KEYS = {"signed", "ratifications", "in_force", "term", "renewal", "renewal_term", "notice",
             "suspension", "source", "assumed"}
# (months, days)
Span = tuple[int, int]


class Unreadable(ValueError):
    """A text that the verifier does not understand."""


@dataclass(frozen=True)
class Grant:
    """What a grant lets go. None for what it does not limit; identities by their number."""

    id: str
    sender: str
    to: frozenset[str]
    data: str
    place: Place | None
    floor_m: float | None
    ceiling_m: float | None
    identities: tuple[int, ...] | None
    categories: frozenset[str] | None
    withheld: frozenset[str]
    guarded: frozenset[str]
    quantum_m: float
    accuracy_m: float
    delay_ns: int
    onward: frozenset[str]
    consents: frozenset[str]


@dataclass(frozen=True)
class Deployment:
    """Sensors (SAC << 8 | SIC) on another nation's ground: [begin, end), and when the host agreed
    in the instrument, None if it did not."""

    id: str
    begin_ns: int
    end_ns: int
    sensors: frozenset[int]
    agreed_ns: int | None


@dataclass(frozen=True)
class Text:
    """What an instrument says, as far as the verifier needs it. digest: SHA-256 of its text,
    hexadecimal; begin_ns: of force, None if a party is not bound; term: None for an open one."""

    id: str
    digest: str
    nations: frozenset[str]
    begin_ns: int | None
    term: Span | None
    renewal: str
    renewal_term: Span | None
    notice: Span | None
    grants: tuple[Grant, ...]
    deployments: tuple[Deployment, ...]


@dataclass
class Story:
    """An instrument and what has been told of it since. Times UTC ns.

    pauses, revoked: [party or grant, begin, end]; renewals: (end of term, party, told);
    hosts: (told, deployment, allowed); onward: (told, grant, nation, allowed).
    """

    text: Text
    activated_ns: int
    ended_ns: int = NEVER_NS
    notices: list[int] = field(default_factory=list)
    pauses: list[tuple[str, int, int]] = field(default_factory=list)
    revoked: list[tuple[str, int, int]] = field(default_factory=list)
    renewals: list[tuple[int, str, int]] = field(default_factory=list)
    hosts: list[tuple[int, str, bool]] = field(default_factory=list)
    onward: list[tuple[int, str, str, bool]] = field(default_factory=list)

    def force_at(self, now_ns: int) -> tuple[int, int]:
        """[begin, end) of the stretch in force that holds now_ns. Raises `Unreadable` with the
        reason where there is none."""
        begin_ns = self.text.begin_ns
        if begin_ns is None:
            raise Unreadable("not signed and ratified by every party")
        if now_ns < max(begin_ns, self.activated_ns):
            raise Unreadable("not in force yet")
        end_ns = min(self.ended_ns, self._end_of_terms(begin_ns, now_ns))
        if now_ns >= end_ns:
            raise Unreadable("no longer in force")
        for party, from_ns, to_ns in self.pauses:
            if from_ns <= now_ns < to_ns:
                raise Unreadable(f"suspended by {party}")
        # Where a grant was taken back for a while, nothing from before it was given again may go.
        breaks = [to_ns for _, _, to_ns in (*self.pauses, *self.revoked) if to_ns <= now_ns]
        return max([begin_ns, self.activated_ns, *breaks]), end_ns

    def grant_at(self, name: str, now_ns: int) -> tuple[Grant, int]:
        """A grant, and since when its agreement is in force without a break. Raises `Unreadable`
        where it lets nothing go."""
        begin_ns, _ = self.force_at(now_ns)
        grant = next((one for one in self.text.grants if one.id == name), None)
        if grant is None:
            raise Unreadable(f"no grant {name!r:.70}")
        for _, from_ns, to_ns in (one for one in self.revoked if one[0] == name):
            if from_ns <= now_ns < to_ns:
                raise Unreadable(f"grant {name} is revoked")
        return grant, begin_ns

    def consents_at(self, grant: Grant, now_ns: int) -> frozenset[str]:
        """Nations to which the originator agrees that what the grant gives be passed on."""
        agreed = set(grant.consents)
        # Of what is said at one instant the refusal counts.
        for at_ns, name, nation, allowed in sorted(self.onward,
                                                   key=lambda one: (one[0], not one[3])):
            if name == grant.id and at_ns <= now_ns:
                (agreed.add if allowed else agreed.discard)(nation)
        return frozenset(agreed & grant.onward)

    def lapsed_at(self, now_ns: int) -> frozenset[int]:
        """Sensors of deployments that do not stand now."""
        lapsed: set[int] = set()
        for one in self.text.deployments:
            said = [(one.agreed_ns, True)] if one.agreed_ns is not None else []
            said += [(at_ns, allowed) for at_ns, name, allowed in self.hosts if name == one.id]
            told = sorted((at_ns, not allowed) for at_ns, allowed in said if at_ns <= now_ns)
            try:
                self.force_at(now_ns)
                stands = bool(told) and not told[-1][1] and one.begin_ns <= now_ns < one.end_ns
            except Unreadable:
                stands = False
            if not stands:
                lapsed |= one.sensors
        return frozenset(lapsed)

    def _end_of_terms(self, begin_ns: int, now_ns: int) -> int:
        """End of the term that holds now_ns, or of the last one."""
        told = [at_ns for at_ns in self.notices if at_ns <= now_ns]
        if self.text.term is None:
            if not told or self.text.notice is None:
                return NEVER_NS if self.text.notice is not None else begin_ns
            return shifted(max(min(told), begin_ns), self.text.notice)
        first_ns = end_ns = shifted(begin_ns, self.text.term)
        following = self.text.renewal_term or self.text.term
        for count in range(1, TERMS_MAX + 1):
            if now_ns < end_ns or not self._renewed(end_ns, told):
                return end_ns
            end_ns = shifted(first_ns, following, count)
        return begin_ns

    def _renewed(self, end_ns: int, told: list[int]) -> bool:
        """Whether another term follows the one that ends at end_ns."""
        if self.text.renewal == "automatic" and self.text.notice is not None:
            months, days = self.text.notice
            last_ns = shifted(end_ns, (-months, -days))
            return all(at_ns > last_ns for at_ns in told)
        agreed = {party for of_ns, party, at_ns in self.renewals
                  if of_ns == end_ns and at_ns < end_ns}
        return self.text.renewal == "by_consent" and agreed >= self.text.nations


def stories(acts: Iterable[tuple[int, str]], own: str) -> dict[str, Story | str]:
    """What acts make of agreements, by id: a story, or in words why there is none.

    acts: (when it was accepted, UTC ns; JSON), in the order of acceptance. Raises `Unreadable` for
    an act of which it cannot be told what it is about.
    """
    told: dict[str, Story | str] = {}
    for accepted_ns, text in acts:
        try:
            act = json.loads(text)
            name = str(act["agreement"])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise Unreadable(f"an act that cannot be read: {error!r:.100}") from None
        try:
            _tell(told, name, act, accepted_ns, own)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
            told[name] = f"an act of it cannot be read: {error!r:.200}"
    return told


def _tell(told: dict[str, Story | str], name: str, act: Mapping[str, Any], accepted_ns: int,
          own: str) -> None:
    kind, party = act["act"], act["party"]
    if kind == "trust_clock":
        return
    if kind == "activate":
        if digest_of(act["text"]) != act["digest"] or party != own:
            raise Unreadable("an activation of another text, or by another nation")
        text = read_text(act["text"])
        if text.id != name:
            raise Unreadable(f"an activation of {text.id}")
        story = told.get(name)
        if isinstance(story, Story):
            story.text, story.activated_ns = text, accepted_ns
        elif story is None:
            told[name] = Story(text, accepted_ns)
        return
    story = told[name]
    if isinstance(story, str):
        return
    at_ns = max(accepted_ns, moment_ns(act["effective"])) if "effective" in act else accepted_ns
    if kind == "suspend":
        story.pauses.append((party, at_ns, NEVER_NS))
    elif kind == "resume":
        _close(story.pauses, party, at_ns)
    elif kind == "revoke":
        story.revoked.append((act["grant"], at_ns, NEVER_NS))
    elif kind == "restore":
        _close(story.revoked, act["grant"], at_ns)
    elif kind == "notice":
        story.notices.append(accepted_ns)
    elif kind == "renew":
        story.renewals.append((moment_ns(act["end"]), party, accepted_ns))
    elif kind == "terminate":
        story.ended_ns = min(story.ended_ns, at_ns)
    elif kind == "consent":
        story.hosts.append((at_ns, act["deployment"], act["allowed"] is True))
    elif kind == "onward":
        story.onward.append((at_ns, act["grant"], act["nation"], act["allowed"] is True))
    else:
        raise Unreadable(f"an act of kind {kind!r:.40}")


def _close(stretches: list[tuple[str, int, int]], whose: str, at_ns: int) -> None:
    """The stretch of `whose` that still lasts ends."""
    for place, (name, from_ns, to_ns) in enumerate(stretches):
        if name == whose and to_ns == NEVER_NS:
            stretches[place] = (name, from_ns, max(at_ns, from_ns))
            return
    raise Unreadable(f"nothing of {whose} to end")


@lru_cache(maxsize=400)
def read_text(text: str) -> Text:
    """An instrument's text. Raises `ValueError`, `KeyError`, `TypeError` or `AttributeError`."""
    whole = _read_yaml(text)
    life, areas = whole["life"], whole.get("areas", {})
    if extra := set(life) - LIFE_KEYS:
        raise Unreadable(f"life with {sorted(extra)}")
    nations = frozenset(str(party["nation"]) for party in whole["parties"])
    bound = {one["party"]: moment_ns(one["date"]) for one in life.get("ratifications", ())}
    begin_ns = None
    if life.get("signed") is not None and set(bound) == nations:
        in_force = life.get("in_force", "last_ratification")
        begin_ns = max([moment_ns(life["signed"]), *bound.values(),
                        *([] if in_force == "last_ratification" else [moment_ns(in_force)])])
    return Text(
        id=str(whole["id"]), digest=digest_of(text), nations=nations, begin_ns=begin_ns,
        term=None if life["term"] == "open" else _span(life["term"]),
        renewal=life.get("renewal", "none"), renewal_term=_span_or_none(life, "renewal_term"),
        notice=_span_or_none(life, "notice"),
        grants=tuple(_grant(one, areas) for one in whole.get("grants", ())),
        deployments=tuple(_deployment(one) for one in whole.get("deployments", ())))


def digest_of(text: str) -> str:
    """SHA-256 of a text, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def _read_yaml(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise Unreadable(f"not YAML: {error!r:.100}") from None


def _grant(one: Mapping[str, Any], areas: Mapping[str, Any]) -> Grant:
    if extra := set(one) - GRANT_KEYS:
        raise Unreadable(f"grant with {sorted(extra)}")
    onward = one.get("onward") or {}
    if extra := set(onward) - {"to", "consents"}:
        raise Unreadable(f"onward with {sorted(extra)}")
    area, identities, categories = (one.get("area"), one.get("identities", "any"),
                                    one.get("categories", "any"))
    limits = [None if one.get(key) is None else float(one[key]) for key in ("floor_m", "ceiling_m")]
    return Grant(
        id=str(one["id"]), sender=str(one["from"] if "from" in one else one["sender"]),
        to=frozenset(one["to"]), data=str(one["data"]),
        place=None if area is None else read_place(areas[area]["shape"]),
        floor_m=limits[0], ceiling_m=limits[1],
        identities=None if identities == "any" else tuple(
            int(Identity[name.upper()]) for name in identities),
        categories=None if categories == "any" else frozenset(categories),
        withheld=frozenset(one.get("withheld", ())), guarded=frozenset(one.get("guarded", ())),
        quantum_m=float(one.get("quantum_m", 0)), accuracy_m=float(one.get("accuracy_m", 0)),
        delay_ns=round(float(one.get("delay_s", 0)) * NS_PER_S),
        onward=frozenset(onward.get("to", ())), consents=frozenset(onward.get("consents", ())))


def _deployment(one: Mapping[str, Any]) -> Deployment:
    begin, end, consent = one.get("begin"), one.get("end"), one.get("consent")
    return Deployment(
        str(one["id"]), -NEVER_NS if begin is None else moment_ns(begin),
        NEVER_NS if end is None else moment_ns(end),
        frozenset(int(sensor["sac"]) * 256 + int(sensor["sic"])
                  for sensor in one.get("sensors", ())),
        None if consent is None else moment_ns(consent["date"]))


def moment_ns(value: Any) -> int:
    """UTC ns of a date (its first instant) or of a time with its zone, as YAML or text. Raises
    `ValueError`."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value)
    if not isinstance(value, date):
        raise Unreadable(f"{value!r:.40} is no date")
    if not isinstance(value, datetime):
        return (value.toordinal() - EPOCH_DAY) * NS_PER_DAY
    if value.tzinfo is None:
        raise Unreadable(f"{value} has no time zone")
    there = value.astimezone(UTC)
    seconds = (there.hour * 60 + there.minute) * 60 + there.second
    return ((there.toordinal() - EPOCH_DAY) * NS_PER_DAY + seconds * NS_PER_S
            + there.microsecond * 1000)


def _span_or_none(life: Mapping[str, Any], key: str) -> Span | None:
    return None if life.get(key) is None else _span(life[key])


def _span(text: str) -> Span:
    """(months, days) of an ISO 8601 period of whole days, such as P1Y6M."""
    found = re.fullmatch(r"P((?:\d+[YMWD])+)", text)
    if not found:
        raise Unreadable(f"{text!r:.40} is no period")
    months = days = 0
    for count, unit in re.findall(r"(\d+)([YMWD])", found[1]):
        months += int(count) * {"Y": 12, "M": 1}.get(unit, 0)
        days += int(count) * {"W": 7, "D": 1}.get(unit, 0)
    return months, days


def shifted(time_ns: int, span: Span, times: int = 1) -> int:
    """An instant so many spans later: first the months, where the last day of a month stands in for
    one it does not have, then the days."""
    days, rest_ns = divmod(time_ns, NS_PER_DAY)
    day = date.fromordinal(EPOCH_DAY + days)
    months = day.year * 12 + day.month - 1 + span[0] * times
    year, month = months // 12, months % 12 + 1
    day = date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
    day += timedelta(days=span[1] * times)
    return (day.toordinal() - EPOCH_DAY) * NS_PER_DAY + rest_ns

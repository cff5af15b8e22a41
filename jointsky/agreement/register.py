"""The register: which agreements a unit holds, and how they stand at an instant.

It changes by acts alone. What has not been activated by two persons of the unit's own nation is not
there: it lets nothing go. An act is taken whole or refused; the register then stays as it was.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache

from jointsky.agreement.acts import Act, ActRefused, Person, check_signatures
from jointsky.agreement.instrument import Deployment, Grant, Instrument
from jointsky.agreement.life import (
    HORIZON_NS,
    Facts,
    Notice,
    Pause,
    Renewal,
    Status,
    status_at,
)
from jointsky.agreement.periods import text_of
from jointsky.agreement.reading import Document, parse_instrument
from jointsky.agreement.standing import Closed, Standing, Standings
from jointsky.model.clock import NS_PER_S
from jointsky.model.errors import ConfigProblem

HELD_MAX = 200
ACTS_MAX = 100_000
# A new act is not older than this, nor farther ahead of the unit's clock.
FRESH_NS = 7 * 86_400 * NS_PER_S
AHEAD_NS = 300 * NS_PER_S


@dataclass(frozen=True)
class Revoked:
    """A grant that its sender has taken back, [begin, end); end_ns None: it still is."""

    grant: str
    begin_ns: int
    end_ns: int | None = None


@dataclass(frozen=True)
class Held:
    """An agreement of which a version has been activated.

    text: of the instrument in use; activated_ns: since when; heads: (party, id of its last act).
    """

    id: str
    text: str
    activated_ns: int
    facts: Facts = field(default_factory=Facts)
    revoked: tuple[Revoked, ...] = ()
    heads: tuple[tuple[str, str], ...] = ()

    @property
    def document(self) -> Document:
        """The instrument in use."""
        return _read(self.text, self.id)

    @property
    def instrument(self) -> Instrument:
        """The instrument in use."""
        return self.document.instrument


@dataclass(frozen=True)
class Register:
    """own: the unit's nation; persons: who may sign; held: by id; acts: ids of those taken."""

    own: str
    persons: tuple[Person, ...] = ()
    held: tuple[Held, ...] = ()
    acts: tuple[str, ...] = ()

    def find(self, agreement: str) -> Held | None:
        """What is held of an agreement, None if it was never activated."""
        return next((one for one in self.held if one.id == agreement), None)


@lru_cache(maxsize=HELD_MAX)
def _read(text: str, name: str) -> Document:
    return parse_instrument(text, name)


def take(register: Register, act: Act, now_ns: int, *, fresh: bool) -> Register:
    """The register after an act. now_ns: when it is accepted; fresh: refuse one that was issued
    long before, for acts that were accepted once are taken again after a restart.

    Raises `ActRefused`, or `ConfigProblem` for an instrument that cannot be read.
    """
    what = f"act {act.id[:16]}"
    if fresh and not now_ns - FRESH_NS <= act.issued <= now_ns + AHEAD_NS:
        raise ActRefused(what, f"issued {text_of(act.issued)}, it is {text_of(now_ns)} here",
                         place="issued", expected="an act not older than seven days, nor of the "
                         "future")
    check_signatures(act, register.persons)
    held = register.find(act.agreement)
    last = dict(held.heads).get(act.party, "") if held else ""
    if act.previous != last:
        raise ActRefused(what, f"{act.previous[:16] or 'none'}", place="previous",
                         expected=f"{last[:16] or 'none'}, the last act of {act.party} on "
                         f"{act.agreement}")
    held = _activated(register, held, act, now_ns) if act.act == "activate" else (
        _changed(register, held, act, now_ns))
    held = replace(held, heads=tuple(sorted({**dict(held.heads), act.party: act.id}.items())))
    others = tuple(one for one in register.held if one.id != held.id)
    if len(others) >= HELD_MAX or len(register.acts) >= ACTS_MAX:
        raise ActRefused(what, f"{len(others)} other agreements, {len(register.acts)} acts",
                         place="agreement", expected=f"at most {HELD_MAX} and {ACTS_MAX}")
    return replace(register, held=tuple(sorted((*others, held), key=lambda one: one.id)),
                   acts=(*register.acts, act.id))


def _activated(register: Register, held: Held | None, act: Act, now_ns: int) -> Held:
    """What is held once a version has been activated."""
    what = f"act {act.id[:16]}"
    assert act.text is not None
    document = parse_instrument(act.text, act.agreement)
    whole = document.instrument
    if act.party != register.own:
        raise ActRefused(what, f"activated by {act.party}", place="party",
                         expected=f"{register.own}: each nation activates for its own units")
    if (whole.id, whole.version, document.digest) != (act.agreement, act.version, act.digest):
        raise ActRefused(what, f"the text is {whole.id}, version {whole.version}", place="text",
                         expected=f"{act.agreement}, version {act.version}, of the digest given")
    if act.party not in whole.nations:
        raise ActRefused(what, f"{act.party} is no party of {whole.id}", place="party",
                         expected=f"one of {', '.join(whole.nations)}")
    if held is None:
        return Held(act.agreement, act.text, now_ns)
    if whole.version <= held.instrument.version:
        raise ActRefused(what, f"version {whole.version}", place="version",
                         expected=f"a later one than {held.instrument.version}, which is in use")
    return replace(held, text=act.text, activated_ns=now_ns)


def _changed(register: Register, held: Held | None, act: Act, now_ns: int) -> Held:
    """What is held after an act that is not an activation."""
    what = f"act {act.id[:16]}"
    if held is None:
        raise ActRefused(what, f"{act.agreement} was never activated here", place="agreement",
                         expected="an agreement that this unit holds")
    whole = held.instrument
    if (act.version, act.digest) != (whole.version, held.document.digest):
        raise ActRefused(what, f"version {act.version}, digest {act.digest[:16]}", place="version",
                         expected=f"{whole.version}, {held.document.digest[:16]}, which is in use")
    if act.party not in whole.nations:
        raise ActRefused(what, f"{act.party} is no party of {whole.id}", place="party",
                         expected=f"one of {', '.join(whole.nations)}")
    at_ns = max(now_ns, act.effective or now_ns)
    status = status_at(whole, held.facts, now_ns)
    facts = held.facts
    match act.act:
        case "suspend":
            return replace(held, facts=_suspended(held, act, at_ns))
        case "resume":
            return replace(held, facts=_resumed(held, act, at_ns))
        case "notice":
            _expect(whole.life.notice is not None and not status.phase.is_over, act,
                    "an agreement with a period of notice that is not over")
            return replace(held, facts=replace(
                facts, notices=(*facts.notices, Notice(act.party, now_ns))))
        case "renew":
            _expect(whole.life.renewal == "by_consent" and act.end == status.end_ns
                    and not status.phase.is_over, act, "an agreement renewed by consent, and the "
                    f"end of its present term, {text_of(status.end_ns)}")
            return replace(held, facts=replace(
                facts, renewals=(*facts.renewals, Renewal(act.party, status.end_ns, now_ns))))
        case "terminate":
            return replace(held, facts=replace(
                facts, ended_ns=min(at_ns, facts.ended_ns or HORIZON_NS)))
        case "revoke" | "restore":
            return _revoked(held, act, at_ns)
        case "consent":
            return _consented(held, act, at_ns)
        case "onward":
            return _onward(held, act, at_ns)
        case "trust_clock":
            _expect(act.party == register.own, act, f"{register.own}, whose clock it is")
            return held
        case "activate":
            raise AssertionError("an activation is no change of what is held")


def _expect(good: bool, act: Act, expected: str) -> None:
    if not good:
        raise ActRefused(f"act {act.id[:16]}", f"{act.act} by {act.party}", place="act",
                         expected=expected)


def _suspended(held: Held, act: Act, at_ns: int) -> Facts:
    may = held.instrument.life.suspension.by
    _expect(act.party in may, act, f"a party that may suspend alone: {', '.join(may) or 'none'}")
    _expect(not any(one.party == act.party and one.end_ns is None for one in held.facts.pauses),
            act, "no suspension by the same party that still lasts")
    return replace(held.facts, pauses=(*held.facts.pauses, Pause(act.party, at_ns)))


def _resumed(held: Held, act: Act, at_ns: int) -> Facts:
    """The suspension by this party ends; one by another lasts until that party resumes."""
    open_ones = [one for one in held.facts.pauses
                 if one.party == act.party and one.end_ns is None]
    _expect(bool(open_ones), act, "a suspension by the same party that still lasts")
    ended = replace(open_ones[0], end_ns=max(at_ns, open_ones[0].begin_ns))
    return replace(held.facts, pauses=tuple(ended if one is open_ones[0] else one
                                            for one in held.facts.pauses))


def _grant_of(held: Held, act: Act) -> Grant:
    grant = next((one for one in held.instrument.grants if one.id == act.grant), None)
    names = ", ".join(one.id for one in held.instrument.grants if one.sender == act.party)
    if grant is None or grant.sender != act.party:
        raise ActRefused(f"act {act.id[:16]}", f"{act.grant}", place="grant",
                         expected=f"a grant of {act.party}: {names or 'it has none'}")
    return grant


def _revoked(held: Held, act: Act, at_ns: int) -> Held:
    grant = _grant_of(held, act)
    lasting = next((one for one in held.revoked
                    if one.grant == grant.id and one.end_ns is None), None)
    if act.act == "revoke":
        _expect(lasting is None, act, "a grant that is not revoked already")
        return replace(held, revoked=(*held.revoked, Revoked(grant.id, at_ns)))
    if lasting is None:
        raise ActRefused(f"act {act.id[:16]}", f"{grant.id} is not revoked", place="grant",
                         expected="a grant that is")
    ended = replace(lasting, end_ns=max(at_ns, lasting.begin_ns))
    return replace(held, revoked=tuple(ended if one is lasting else one for one in held.revoked))


def _consented(held: Held, act: Act, at_ns: int) -> Held:
    whole = held.instrument
    deployment = next((one for one in whole.deployments if one.id == act.deployment), None)
    if deployment is None:
        names = ", ".join(one.id for one in whole.deployments)
        raise ActRefused(f"act {act.id[:16]}", f"{act.deployment}", place="deployment",
                         expected=f"one of: {names or 'there is none'}")
    host = _host_of(whole, deployment)
    _expect(act.party == host, act, f"the host of the deployment, {host}")
    assert act.deployment is not None and act.allowed is not None
    return replace(held, facts=replace(held.facts, hosts=(
        *held.facts.hosts, (act.deployment, act.allowed, at_ns))))


def _onward(held: Held, act: Act, at_ns: int) -> Held:
    grant = _grant_of(held, act)
    to = grant.onward.to if grant.onward else ()
    _expect(act.nation in to, act, f"a nation of the grant's `onward`: {', '.join(to) or 'none'}")
    assert act.nation is not None and act.allowed is not None
    return replace(held, facts=replace(held.facts, onward=(
        *held.facts.onward, (grant.id, act.nation, act.allowed, at_ns))))


def _host_of(whole: Instrument, deployment: Deployment) -> str:
    return next(site.host for site in whole.sites if site.id == deployment.site)


@dataclass(frozen=True)
class DeploymentStatus:
    """Whether a deployment stands at an instant; why, in words; change_ns: until when that holds by
    itself."""

    stands: bool
    why: str
    change_ns: int


def deployment_at(held: Held, deployment: Deployment, now_ns: int) -> DeploymentStatus:
    """How a deployment of an agreement stands at now_ns."""
    status = status_at(held.instrument, held.facts, now_ns)
    given = [(deployment.consent.date, True)] if deployment.consent else []
    given += [(at_ns, allowed) for name, allowed, at_ns in held.facts.hosts
              if name == deployment.id]
    said = [(at_ns, allowed) for at_ns, allowed in given if at_ns <= now_ns]
    moments = [at_ns for at_ns, _ in given] + [
        at_ns for at_ns in (deployment.begin, deployment.end) if at_ns is not None]
    change_ns = min([status.change_ns, *(at_ns for at_ns in moments if at_ns > now_ns)])
    host = _host_of(held.instrument, deployment)
    # Of what was said at one instant the refusal counts.
    consents = bool(said) and min(said, key=lambda one: (-one[0], one[1]))[1]
    if not status.in_force:
        return DeploymentStatus(False, f"{held.id}: {status.why}", change_ns)
    if deployment.begin is not None and now_ns < deployment.begin:
        return DeploymentStatus(False, f"begins on {text_of(deployment.begin)}", change_ns)
    if deployment.end is not None and now_ns >= deployment.end:
        return DeploymentStatus(False, f"ended on {text_of(deployment.end)}", change_ns)
    if not consents:
        return DeploymentStatus(False, f"{host} does not consent", change_ns)
    return DeploymentStatus(True, f"with the consent of {host}", change_ns)


def standings_at(register: Register, now_ns: int, *, trusted: bool = True) -> Standings:
    """How everything stands at now_ns; with a clock that is not trusted all is closed."""
    in_force, closed, lapsed = [], [], set()
    until_ns = HORIZON_NS
    for held in register.held:
        try:
            whole = held.instrument
        except ConfigProblem as problem:
            closed.append(Closed(held.id, 0, (), f"cannot be read: {problem}"))
            continue
        status = status_at(whole, held.facts, now_ns)
        until_ns = min(until_ns, status.change_ns)
        for deployment in whole.deployments:
            one = deployment_at(held, deployment, now_ns)
            until_ns = min(until_ns, one.change_ns)
            if not (one.stands and trusted):
                lapsed |= {sensor.sensor_id for sensor in deployment.sensors}
        if status.in_force and trusted:
            standing, change_ns = _standing_of(held, status, now_ns)
            until_ns = min(until_ns, change_ns)
            in_force.append(standing)
        else:
            why = status.why if trusted else "the clock is not trusted"
            closed.append(Closed(held.id, whole.version, whole.nations, why))
    return Standings(now_ns, until_ns, tuple(in_force), tuple(closed), frozenset(lapsed), trusted)


def _standing_of(held: Held, status: Status, now_ns: int) -> tuple[Standing, int]:
    """An agreement in force, and until when it stands so by itself."""
    moments = [at_ns for one in held.revoked for at_ns in (one.begin_ns, one.end_ns)
               if at_ns is not None] + [at_ns for *_, at_ns in held.facts.onward]
    revoked = frozenset(one.grant for one in held.revoked if one.begin_ns <= now_ns
                        and (one.end_ns is None or now_ns < one.end_ns))
    consents = {(grant.id, nation) for grant in held.instrument.grants if grant.onward
                for nation in grant.onward.consents}
    for grant, nation, allowed, _ in sorted(
            (one for one in held.facts.onward if one[3] <= now_ns),
            key=lambda one: (one[3], not one[2])):
        consents = consents | {(grant, nation)} if allowed else consents - {(grant, nation)}
    # A version that was activated later lets nothing go from before.
    begin_ns = max(status.begin_ns, held.activated_ns, *(
        one.end_ns for one in held.revoked if one.end_ns is not None and one.end_ns <= now_ns),
        0)
    standing = Standing(held.document, begin_ns, status.end_ns, frozenset(consents), revoked)
    return standing, min([HORIZON_NS, *(at_ns for at_ns in moments if at_ns > now_ns)])

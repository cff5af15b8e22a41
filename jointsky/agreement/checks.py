"""The linter of agreements: named checks, each with how much it matters.

What cannot be read at all is refused before (`reading`). The table below is the one on the page
docs/agreements.md, which a test compares.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jointsky.agreement import check_grants as of_grants
from jointsky.agreement import check_life as of_life
from jointsky.agreement.findings import Desk, Finding, Hits, Severity

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE


@dataclass(frozen=True)
class Check:
    """A check: its name, what it finds, in words, and the function that finds it."""

    name: str
    severity: Severity
    finds: str
    look: Callable[[Desk], Hits]


CHECKS = (
    Check("two-alike", ERROR, "two files of one id and version", of_life.two_alike),
    Check("no-nation", ERROR, "a code that ISO 3166 does not know", of_life.no_nation),
    Check("kind-parties", ERROR, "a bilateral agreement with more than two parties",
          of_life.kind_parties),
    Check("component-contradicts", ERROR,
          "a component of itself, or with parties that the system above it does not have",
          of_life.component_contradicts),
    Check("component-unknown", WARNING,
          "a component of an agreement that is not among the files given",
          of_life.component_unknown),
    Check("not-ratified", WARNING, "not signed, or not ratified by every party",
          of_life.never_in_force),
    Check("not-yet", NOTE, "an act or an entry into force that is still to come", of_life.not_yet),
    Check("term-ended", WARNING, "a term that is over and not renewed of itself",
          of_life.term_ended),
    Check("end-near", WARNING, "the end, or the last day to give notice, within a year",
          of_life.end_near),
    Check("no-retention", WARNING,
          "no time after the end by which what was received is destroyed or returned",
          of_life.no_retention),
    Check("site-area", ERROR,
          "a site whose outline differs by more than 2 % from the hectares given",
          of_life.site_unlike_its_area),
    Check("no-consent", WARNING, "a deployment without the consent of its host",
          of_life.no_consent),
    Check("deployment-time", WARNING,
          "a deployment that begins before the agreement or ends after its term",
          of_life.outside_its_time),
    Check("sensor-twice", ERROR, "one sensor in two deployments", of_life.sensor_twice),
    Check("sensor-unlike", WARNING,
          "with `--unit`: a deployed sensor that the unit lacks, or has as another nation's",
          of_life.sensor_unlike),
    Check("command-twice", ERROR, "two nations with one command role in one area",
          of_life.command_twice),
    Check("no-area", WARNING, "a grant of data with a place, but no area", of_grants.no_area),
    Check("lets-nothing", ERROR, "a grant whose identities or categories no aircraft can meet",
          of_grants.lets_nothing),
    Check("never-reached", WARNING, "a grant behind one that fits whatever it fits",
          of_grants.never_reached),
    Check("delay-bypassed", WARNING, "a delay that a later grant makes useless",
          of_grants.delay_bypassed),
    Check("not-bound", WARNING, "a grant to or from a party that has not ratified",
          of_grants.not_bound),
    Check("party-without-grant", WARNING, "a party that neither gives nor gets anything",
          of_grants.party_without_grant),
    Check("onward-unconsented", WARNING,
          "onward release that the originator has not agreed to", of_grants.onward_unconsented),
    Check("onward-unreachable", NOTE,
          "onward release to a nation with which the recipient has no agreement among the files",
          of_grants.onward_unreachable),
    Check("handover-unlinked", WARNING,
          "with `--unit`: hand-over with a nation that the unit has no partner of",
          of_grants.handover_unlinked),
    Check("links-unknown", NOTE, "hand-over, and no partners of a unit were told",
          of_grants.links_unknown),
    Check("handover-blind", WARNING, "hand-over to a nation that does not get the tracks",
          of_grants.handover_blind),
    Check("finer-than-source", WARNING,
          "coarsening finer than the sensors measure (with `--unit`; else finer than 10 m)",
          of_grants.finer_than_source),
    Check("accuracy-alone", NOTE,
          "an accuracy floor without a grid: positions go out as they are",
          of_grants.accuracy_alone),
    Check("identity-told", NOTE, "identity held back, though the choice of identities tells it",
          of_grants.identity_told),
    Check("guarded", NOTE, "guarded fields that a grant lets go", of_grants.guarded_let_go),
    Check("unsourced", NOTE, "a part with neither a source nor `assumed`", of_life.unsourced),
    Check("unused", NOTE, "an area, a site or a source that nothing names", of_life.unused),
)


def examine(desk: Desk) -> list[Finding]:
    """Everything that the checks find, file by file, line by line."""
    order = {document.name: at for at, document in enumerate(desk.documents)}
    found = [Finding(document.name, document.line_of(place), place, check.name, check.severity,
                     text)
             for check in CHECKS for document, place, text in check.look(desk)]
    return sorted(found, key=lambda one: (order[one.file], one.line, one.check, one.text))

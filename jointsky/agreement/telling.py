"""Explanations told: as text for a person, and as plain values for the API."""

from __future__ import annotations

from typing import Any

from jointsky.agreement.compiled import Rule
from jointsky.agreement.explain import Explanation
from jointsky.agreement.periods import text_of
from jointsky.model.sensor import sensor_id_text


def as_text(said: Explanation) -> str:
    """An explanation as lines for a person."""
    verdict = "gets" if said.allowed else "does not get"
    lines = [f"{said.recipient} {verdict} track {said.number} of {said.sender} at "
             f"{text_of(said.now_ns)}: {said.why}."]
    if said.refused:
        lines.append("It goes fused again, without what may not go there."
                     if said.allowed else "It was fused again, without what may not go there.")
    if said.allowed and said.not_after_ns is not None:
        lines.append(f"It may be sent until {text_of(said.not_after_ns)}.")
    lines += [f"  {text}" for text in said.changed]
    lines += [f"  without {name}: {why}" for name, why in said.held_back]
    for looked in said.grants:
        failed = looked.failed
        lines.append(f"Grant {looked.rule.grant.id} ({looked.rule.agreement}, article "
                     f"{looked.rule.grant.article}): {'does not fit' if failed else 'fits'}")
        lines += [f"  {'yes' if one.holds else 'no '} {one.cause.word}: {one.text}"
                  for one in looked.conditions]
    lines += [f"Not in force: {text}" for text in said.closed]
    lines += [f"Cannot be used: {text}" for text in said.faults]
    for one in said.contributions:
        may = "may go" if one.source.allowed else "may not go"
        lines.append(f"In it: {one.sensor.name} ({sensor_id_text(one.sensor.sensor_id)}, "
                     f"{one.nation}) {may}: {one.source.why}")
    if said.unknown:
        lines.append("In it: sensors that nobody knows; they may not go")
    return "\n".join(lines)


def as_dict(said: Explanation) -> dict[str, Any]:
    """An explanation as values that JSON has; times as text."""
    return {
        "sender": said.sender, "recipient": said.recipient, "track": said.number,
        "time": text_of(said.now_ns), "allowed": said.allowed, "cause": said.cause.word,
        "why": said.why, "rule": _rule(said.rule) if said.rule else None,
        "not_after": text_of(said.not_after_ns) if said.not_after_ns is not None else None,
        "fused_again": said.refused, "closed": list(said.closed), "faults": list(said.faults),
        "changed": list(said.changed),
        "held_back": [{"field": name, "why": why} for name, why in said.held_back],
        "grants": [{**_rule(looked.rule), "fits": looked.failed is None, "conditions": [
            {"condition": one.cause.word, "holds": one.holds, "text": one.text}
            for one in looked.conditions]} for looked in said.grants],
        "contributions": [
            {"sensor": one.sensor.name, "sensor_id": sensor_id_text(one.sensor.sensor_id),
             "nation": one.nation, "allowed": one.source.allowed, "why": one.source.why,
             "rule": _rule(one.source.rule) if one.source.rule else None}
            for one in said.contributions],
        "unknown_contributors": said.unknown}


def _rule(rule: Rule) -> dict[str, Any]:
    return {"agreement": rule.agreement, "version": rule.version, "digest": rule.digest,
            "grant": rule.grant.id, "article": rule.grant.article, "purpose": rule.grant.purpose}

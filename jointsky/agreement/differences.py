"""What one version of an agreement changes against another, in each respect: what came, what went,
what became wider or narrower."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

from jointsky.agreement.breadth import Breadth, Respect, compare
from jointsky.agreement.extents import area_m2, lies_in
from jointsky.agreement.instrument import Area, Grant, Instrument, Life
from jointsky.agreement.periods import text_of
from jointsky.agreement.places import Shape

MOMENTS = ("signed", "in_force", "date", "begin", "end")


@dataclass(frozen=True)
class Difference:
    """Something that came, went or changed; part: key of the instrument, name: which of that part;
    respects: those in which it changed, or for what came or went its contents."""

    part: str
    name: str
    kind: Literal["came", "went", "changed"]
    respects: tuple[Respect, ...]


def differences(old: Instrument, new: Instrument) -> list[Difference]:
    """Everything in which the new one differs, part by part in the order of an instrument."""
    found = [*_one("instrument", "", _fields(old, new, ("id", "title", "version", "kind",
                                                        "component_of")))]
    found += _keyed("parties", {one.nation: one for one in old.parties},
                    {one.nation: one for one in new.parties})
    found += _one("life", "", _life(old.life, new.life))
    found += _keyed("ratifications", {one.party: one for one in old.life.ratifications},
                    {one.party: one for one in new.life.ratifications})
    found += _one("survival", "", _fields(old.survival, new.survival))
    found += _keyed("areas", old.areas, new.areas)
    for part in ("sites", "deployments"):
        found += _keyed(part, {one.id: one for one in getattr(old, part)},
                        {one.id: one for one in getattr(new, part)})
    found += _keyed("command", {f"{one.role} in {one.area or 'all'}": one for one in old.command},
                    {f"{one.role} in {one.area or 'all'}": one for one in new.command})
    found += _keyed("training", {f"{one.of} by {one.by}": one for one in old.training},
                    {f"{one.of} by {one.by}": one for one in new.training})
    found += _grants(old, new)
    return found


def _one(part: str, name: str, respects: Iterator[Respect]) -> Iterator[Difference]:
    changed = tuple(one for one in respects if one.breadth is not Breadth.SAME)
    if changed:
        yield Difference(part, name, "changed", changed)


def _keyed(part: str, old: Mapping[str, BaseModel],
           new: Mapping[str, BaseModel]) -> Iterator[Difference]:
    for key, item in old.items():
        if key not in new:
            yield Difference(part, key, "went", tuple(_contents(item)))
    for key, item in new.items():
        if key not in old:
            yield Difference(part, key, "came", tuple(_contents(item)))
        else:
            yield from _one(part, key, _fields(old[key], item))


def _grants(old: Instrument, new: Instrument) -> Iterator[Difference]:
    """Grants by their id; one that changed its sender or its data is another one."""
    before = {one.id: one for one in old.grants}
    after = {one.id: one for one in new.grants}
    same = [key for key in before if key in after and (
        (before[key].sender, before[key].data) == (after[key].sender, after[key].data))]
    for key, grant in before.items():
        if key not in same:
            yield Difference("grants", key, "went", tuple(_contents(grant)))
    for key, grant in after.items():
        if key not in same:
            yield Difference("grants", key, "came", tuple(_contents(grant)))
        else:
            yield from _one("grants", key, compare(before[key], grant, old.areas, new.areas))
    yield from _order([before[key] for key in same], [one for one in new.grants if one.id in same])


def _order(before: list[Grant], after: list[Grant]) -> Iterator[Difference]:
    """The first grant that fits decides, so their order among those of one sender and one kind of
    data matters."""
    kinds = dict.fromkeys((one.sender, one.data) for one in before)
    for sender, data in kinds:
        was, now = ([one.id for one in grants if (one.sender, one.data) == (sender, data)]
                    for grants in (before, after))
        if was != now:
            yield Difference("grants", f"{data} from {sender}", "changed", (
                Respect("order", Breadth.OTHER, ", ".join(was), ", ".join(now)),))


def _life(old: Life, new: Life) -> Iterator[Respect]:
    yield from _fields(old, new, ("signed", "in_force", "term", "renewal", "renewal_term",
                                  "notice"))
    yield _respect("suspension by", old.suspension.by, new.suspension.by)


def _fields(old: BaseModel, new: BaseModel, names: tuple[str, ...] = ()) -> Iterator[Respect]:
    """Each key of a part, or those given."""
    for name in names or type(new).model_fields:
        before, after = getattr(old, name), getattr(new, name)
        if isinstance(before, Shape) and isinstance(after, Shape):
            yield _of_shapes(name, before, after)
        else:
            yield _respect(name, before, after)


def _respect(name: str, before: Any, after: Any) -> Respect:
    return Respect(name, Breadth.SAME if before == after else Breadth.OTHER,
                   _words(name, before), _words(name, after))


def _of_shapes(name: str, old: Shape, new: Shape) -> Respect:
    breadth = (Breadth.SAME if old == new else Breadth.WIDER if lies_in(old, new)
               else Breadth.NARROWER if lies_in(new, old) else Breadth.OTHER)
    return Respect(name, breadth, _words(name, old), _words(name, new))


def _contents(part: BaseModel) -> Iterator[Respect]:
    """What a part holds, for one that came or went: all that is not left at its default."""
    for name, field in type(part).model_fields.items():
        value = getattr(part, name)
        if name not in ("id", "source", "assumed") and value != field.default:
            text = _words(name, value)
            yield Respect(field.alias or name, Breadth.OTHER, text, text)


def _words(name: str, value: Any) -> str:
    """A value as a person reads it."""
    if value is None or value == ():
        return "none"
    if name in MOMENTS and isinstance(value, int):
        return text_of(value)
    if isinstance(value, Shape):
        hectares = area_m2(value) / 1e4
        return f"{hectares:,.4g} ha" if hectares < 1e5 else f"{hectares / 100:,.0f} km2"
    if isinstance(value, Area):
        return value.name
    if isinstance(value, BaseModel):
        return ", ".join(f"{key} {_words(key, item)}" for key, item in value
                         if item not in (None, False, ()))
    if isinstance(value, tuple):
        return " ".join(_words(name, item) for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)

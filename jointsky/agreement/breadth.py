"""Which of two grants gives more, in each respect: to whom, where, how high, of what, how exact."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from jointsky.agreement.extents import area_m2, lies_in
from jointsky.agreement.instrument import Area, Grant


class Breadth(Enum):
    """How the second of two grants stands to the first in one respect."""

    SAME = "same"
    WIDER = "wider"
    NARROWER = "narrower"
    OTHER = "other"


@dataclass(frozen=True)
class Respect:
    """One respect in which two grants are compared; old, new: in words."""

    name: str
    breadth: Breadth
    old: str
    new: str


def compare(old: Grant, new: Grant, old_areas: Mapping[str, Area],
            new_areas: Mapping[str, Area]) -> Iterator[Respect]:
    """Every respect, in a fixed order. The areas are those of each grant's own instrument."""
    yield _of_sets("recipients", set(old.to), set(new.to))
    yield _of_areas(_place(old, old_areas), _place(new, new_areas))
    yield _of_heights(old, new)
    for name in ("identities", "categories"):
        yield _of_choices(name, getattr(old, name), getattr(new, name))
    yield _of_sets("fields withheld", set(old.withheld), set(new.withheld), fewer_is_wider=True)
    yield _of_sets("guarded fields", set(old.guarded), set(new.guarded))
    for name, unit in (("quantum", "m"), ("accuracy", "m"), ("delay", "s")):
        yield _of_sizes(name, getattr(old, f"{name}_{unit}"), getattr(new, f"{name}_{unit}"), unit)
    yield _of_sets("onward", set(old.onward.to if old.onward else ()),
                   set(new.onward.to if new.onward else ()))
    yield _of_sets("onward consents", set(old.onward.consents if old.onward else ()),
                   set(new.onward.consents if new.onward else ()))
    for name in ("purpose", "article"):
        before, after = getattr(old, name), getattr(new, name)
        yield Respect(name, Breadth.SAME if before == after else Breadth.OTHER, before, after)


def fits_too(wide: Grant, narrow: Grant, wide_areas: Mapping[str, Area],
             narrow_areas: Mapping[str, Area]) -> bool:
    """Whether one grant fits whatever another fits, of the same sender and the same data; what it
    then holds back of it is another matter. The areas are those of each grant's own instrument."""
    if (wide.sender, wide.data) != (narrow.sender, narrow.data) or wide.delay_s > narrow.delay_s:
        return False
    respects = (_of_heights(narrow, wide),
                _of_choices("identities", narrow.identities, wide.identities),
                _of_choices("categories", narrow.categories, wide.categories))
    if any(one.breadth not in (Breadth.SAME, Breadth.WIDER) for one in respects):
        return False
    if wide.area is None:
        return True
    return narrow.area is not None and lies_in(narrow_areas[narrow.area].shape,
                                               wide_areas[wide.area].shape)


def _of_sets(name: str, old: set[str], new: set[str], *, fewer_is_wider: bool = False) -> Respect:
    words = " ".join(sorted(old)) or "none", " ".join(sorted(new)) or "none"
    if old == new:
        return Respect(name, Breadth.SAME, *words)
    if old > new or old < new:
        more = (old < new) != fewer_is_wider
        return Respect(name, Breadth.WIDER if more else Breadth.NARROWER, *words)
    return Respect(name, Breadth.OTHER, *words)


def _of_choices(name: str, old: tuple[str, ...] | str, new: tuple[str, ...] | str) -> Respect:
    """Of lists of which "any" holds every one."""
    if isinstance(old, str) or isinstance(new, str):
        before = old if isinstance(old, str) else " ".join(old) or "none"
        after = new if isinstance(new, str) else " ".join(new) or "none"
        breadth = (Breadth.SAME if old == new
                   else Breadth.NARROWER if isinstance(old, str) else Breadth.WIDER)
        return Respect(name, breadth, before, after)
    return _of_sets(name, set(old), set(new))


def _of_sizes(name: str, old: float, new: float, unit: str) -> Respect:
    """Of what makes a grant narrower the larger it is."""
    words = f"{old:g} {unit}", f"{new:g} {unit}"
    if old == new:
        return Respect(name, Breadth.SAME, *words)
    return Respect(name, Breadth.NARROWER if new > old else Breadth.WIDER, *words)


def _of_heights(old: Grant, new: Grant) -> Respect:
    """Of bands. An end that is open is beyond every end that is not."""
    (low, high), (low_new, high_new) = _band(old), _band(new)
    words = _band_text(old), _band_text(new)
    if (low, high) == (low_new, high_new):
        return Respect("height", Breadth.SAME, *words)
    if low_new <= low and high_new >= high:
        return Respect("height", Breadth.WIDER, *words)
    if low_new >= low and high_new <= high:
        return Respect("height", Breadth.NARROWER, *words)
    return Respect("height", Breadth.OTHER, *words)


def _band(grant: Grant) -> tuple[float, float]:
    return (-math.inf if grant.floor_m is None else grant.floor_m,
            math.inf if grant.ceiling_m is None else grant.ceiling_m)


def _band_text(grant: Grant) -> str:
    low, high = grant.floor_m, grant.ceiling_m
    if low is None and high is None:
        return "any"
    return (f"up to {high:g} m" if low is None
            else f"from {low:g} m" if high is None else f"{low:g} to {high:g} m")


def _place(grant: Grant, areas: Mapping[str, Area]) -> tuple[str, Area | None]:
    if grant.area is None:
        return "everywhere", None
    area = areas[grant.area]
    return f"{grant.area} ({area_m2(area.shape) / 1e6:,.0f} km2)", area


def _of_areas(old: tuple[str, Area | None], new: tuple[str, Area | None]) -> Respect:
    words = old[0], new[0]
    if old[1] is None or new[1] is None:
        breadth = (Breadth.SAME if old[1] is new[1]
                   else Breadth.WIDER if new[1] is None else Breadth.NARROWER)
    elif old[1].shape == new[1].shape:
        breadth = Breadth.SAME
    elif lies_in(old[1].shape, new[1].shape):
        breadth = Breadth.WIDER
    elif lies_in(new[1].shape, old[1].shape):
        breadth = Breadth.NARROWER
    else:
        breadth = Breadth.OTHER
    return Respect("area", breadth, *words)

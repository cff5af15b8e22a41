"""The parts of an instrument, one by one, and what each leans on: a public source, or nothing."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from jointsky.agreement.instrument import Instrument, Part
from jointsky.model.faults import Place


def walk(part: BaseModel, place: Place = ()) -> Iterator[tuple[Place, BaseModel]]:
    """A part and everything in it, each with its place, what holds others before them."""
    yield place, part
    for key, value in part:
        if isinstance(value, BaseModel):
            yield from walk(value, (*place, key))
        elif isinstance(value, tuple):
            for at, item in enumerate(value):
                if isinstance(item, BaseModel):
                    yield from walk(item, (*place, key, at))
        elif isinstance(value, dict):
            for name, item in value.items():
                if isinstance(item, BaseModel):
                    yield from walk(item, (*place, key, name))


def bases(instrument: Instrument) -> dict[Place, str]:
    """What each part leans on, in words: `assumed`, a key of `sources`, or both; "" for neither.

    A part that says nothing of its own leans on what the part that holds it leans on.
    """
    found: dict[Place, str] = {}
    for place, part in walk(instrument):
        if isinstance(part, Part):
            above = next((place[:end] for end in range(len(place) - 1, -1, -1)
                          if place[:end] in found), None)
            found[place] = _own(part) or (found[above] if above is not None else "")
    return found


def _own(part: Part) -> str:
    if isinstance(part.assumed, tuple):
        return f"{part.source}; assumed: {', '.join(part.assumed)}"
    return part.source or ("assumed" if part.assumed else "")

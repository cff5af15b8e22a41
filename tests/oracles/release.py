"""Slow twin of deciding, from the words of docs/agreements.md alone: plain Python, row by row.

Shapes are asked through `tests.oracles.regions`. Causes by name, in the order of the text.
"""

from __future__ import annotations

import math

from tests.oracles import regions

ORDER = ("no_grant", "area", "height", "identity", "category", "before_force", "delay")
NAMES = ("pending", "unknown", "assumed_friend", "friend", "neutral", "suspect", "hostile")
ON_GROUND, EMERGENCY, MADE_UP = 64, 128, 1 | 2


def in_shape(shape, place) -> bool:
    """Whether a place in degrees is in a shape of an instrument."""
    if shape.box is not None:
        box = shape.box
        return regions.in_box(place, box.south, box.north, box.west, box.east)
    if shape.circle is not None:
        return (regions.distance_m(place, shape.circle.centre)
                <= shape.circle.radius_km * 1000)
    if shape.corridor is not None:
        return (regions.distance_to_line_m(place, shape.corridor.line)
                <= shape.corridor.width_km * 1000)
    return regions.in_polygon(place, list(shape.polygon))


def categories(row) -> set[str]:
    """All categories of a row: a dict of its cells, None where one is absent."""
    answers = any(row[name] is not None for name in ("mode_3a", "mode_c_m", "icao_address",
                                                     "callsign"))
    found = {"cooperative" if answers else "non_cooperative"}
    if row["flags"] & ON_GROUND:
        found.add("on_ground")
    if row["flags"] & EMERGENCY or row["mode_3a"] in (0o7500, 0o7600, 0o7700):
        found.add("emergency")
    if row["flags"] & MADE_UP:
        found.add("simulated")
    return found


def stage(row, grant, shape, begin_ns, now_ns) -> str:
    """Which condition of a grant does not hold first, "" for none."""
    place = (row["latitude"], row["longitude"])
    if not all(map(math.isfinite, place)) or (shape is not None and not in_shape(shape, place)):
        return "area"
    if grant.floor_m is not None or grant.ceiling_m is not None:
        known = [row[name] for name in ("mode_c_m", "height_m") if row[name] is not None]
        if not known:
            return "height"
        for height in known:
            if grant.floor_m is not None and not height >= grant.floor_m:
                return "height"
            if grant.ceiling_m is not None and not height <= grant.ceiling_m:
                return "height"
    if grant.identities != "any" and NAMES[row["identity"]] not in grant.identities:
        return "identity"
    if grant.categories != "any" and not categories(row) <= set(grant.categories):
        return "category"
    if row["time_ns"] < begin_ns:
        return "before_force"
    return "" if now_ns >= row["time_ns"] + round(grant.delay_s * 1e9) else "delay"


def decision(row, standings, sender, nation, data, now_ns) -> tuple[str, str]:
    """Cause ("" if the row goes) and id of the grant that counts ("" for none)."""
    if not standings.trusted:
        return "clock", ""
    joint = sorted((one for one in standings.in_force if one.begin_ns <= now_ns < one.end_ns
                    and {sender, nation} <= set(one.document.instrument.nations)),
                   key=lambda one: one.document.instrument.id)
    if not joint:
        return "no_agreement", ""
    best, which = "no_grant", ""
    for one in joint:
        whole = one.document.instrument
        for grant in whole.grants:
            if (grant.sender != sender or nation not in grant.to or grant.data != data
                    or grant.id in one.revoked):
                continue
            shape = None if grant.area is None else whole.areas[grant.area].shape
            reached = stage(row, grant, shape, one.begin_ns, now_ns)
            if not reached:
                return "", grant.id
            if ORDER.index(reached) > ORDER.index(best):
                best, which = reached, grant.id
    return best, which

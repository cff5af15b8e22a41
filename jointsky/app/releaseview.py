"""Why partners get a track or not, as consoles show it: small JSON objects."""

from __future__ import annotations

from typing import Any

from jointsky.agreement.telling import as_dict
from jointsky.engine.asking import explanations_of, own_number
from jointsky.engine.state import PictureState


def release_of(state: PictureState, number: int) -> dict[str, Any]:
    """For each partner nation whether it gets a track at the time of the state, and why.

    number: of the unit's picture. A track of another system is not the unit's to give: it says so
    and names nobody. Raises `KeyError` for one that there is not.
    """
    own = own_number(state, number)
    if own is None:
        return {"own": state.unit.nation, "now_ms": state.now_ns / 1e6, "partners": [],
                "note": "not a track of this unit: whoever made it decides who gets it"}
    return {"own": state.unit.nation, "now_ms": state.now_ns / 1e6, "note": "",
            "partners": [as_dict(one) for one in explanations_of(state, own)]}

"""What partner nations have of the unit's picture: their latest batches, kept to be looked at.

A view is made of what was released and of nothing else, so nothing withheld can be seen in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from jointsky.agreement.judge import Cause
from jointsky.agreement.release import Released
from jointsky.model.batch import I32
from jointsky.model.schema import TrackBatch, TrackState
from jointsky.model.world import World


@dataclass(frozen=True, eq=False)
class View:
    """What one nation has: the latest batch for it, and the one before where there is one."""

    latest: Released
    before: Released | None = None


Views = Mapping[str, View]
NO_VIEWS: Views = {}


def taken(views: Views, released: Sequence[Released]) -> Views:
    """The views once batches of one instant have been made: whoever is no partner any more has
    none. As before, if none were made."""
    if not released:
        return views
    return {one.recipient: View(one, views[one.recipient].latest if one.recipient in views
                                else None) for one in released}


def tracks_of(view: View, world: World) -> TrackBatch:
    """The tracks that a nation has, each once, its latest state, in a world: that of the batch may
    be another where a journal is played again.

    Of the batch before stays what only waits now: a batch every second lets go what a second of
    some seconds ago is due at, and may fall between two of those.
    """
    batches = [view.latest.tracks]
    if view.before is not None:
        waiting = numbers_denied(view.latest, Cause.DELAY)
        older = view.before.tracks
        batches.insert(0, older.take(np.isin(older.system_track_number, waiting)))
    whole = TrackBatch.join([replace(batch, world=world) for batch in batches], world)
    order = np.lexsort((np.arange(len(whole)), whole.time_ns, whole.system_track_number))
    last = np.append(np.diff(whole.system_track_number[order]) != 0, True)[:len(whole)]
    rows = whole.take(np.sort(order[last]))
    return rows.take(rows.state != TrackState.DROPPED)


def numbers_denied(released: Released, cause: Cause) -> I32:
    """The tracks that did not go for one cause."""
    found = [denial.numbers for denial in released.denials if denial.cause == cause]
    return np.concatenate([np.empty(0, np.int32), *found])


def withheld_from(view: View, shown: TrackBatch, live: I32) -> dict[str, int]:
    """How many tracks of the unit's picture a nation does not have, by cause, each counted once.

    shown: what it has; live: numbers of the unit's own tracks."""
    left = set(live.tolist()) - set(shown.system_track_number.tolist())
    counts: dict[str, int] = {}
    for denial in sorted(view.latest.denials, key=lambda one: one.cause == Cause.DELAY):
        here = left & set(denial.numbers.tolist())
        if here:
            counts[denial.cause.word] = len(here)
        left -= here
    return counts

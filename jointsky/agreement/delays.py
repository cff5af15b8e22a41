"""Delay lines: tracks that may leave only when they are old enough wait here, each as it was.

What waits under an agreement that lapses or changes is gone for good: it is never delivered later.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from jointsky.agreement.compiled import Recipient, Rules
from jointsky.model.batch import U64
from jointsky.model.schema import TrackBatch

# Tracks that wait for one recipient.
ROWS_MAX = 500_000
NEVER_NS = 1 << 62
Key = tuple[str, str, int]


@dataclass(frozen=True, eq=False)
class Waiting:
    """Tracks of one batch that wait.

    tracks: as they may leave as far as contributions go; full: as the unit saw them then, which
    must fit as well; contributors (n,): bits of the sensors in `tracks`; under: agreements that
    have been in force ever since, as their keys (`Rule.key`); due_ns: before then none can leave.
    """

    tracks: TrackBatch
    full: TrackBatch
    contributors: U64
    under: tuple[Key, ...]
    due_ns: int


@dataclass(frozen=True, eq=False)
class DelayLine:
    """All that waits for one recipient, the longest first. Never changed; a new one is made."""

    parts: tuple[Waiting, ...] = ()

    def __len__(self) -> int:
        return sum(len(part.tracks) for part in self.parts)


def standing_keys(rules: Rules, recipient: Recipient, now_ns: int) -> tuple[Key, ...]:
    """The agreements in force at now whose grants let something go to a recipient."""
    if not (rules.trusted and rules.since_ns <= now_ns < rules.until_ns):
        return ()
    found = [rules.rules[row] for row in recipient.usable.tolist()]
    return tuple(sorted({rule.key for rule in found if rule.begin_ns <= now_ns < rule.end_ns}))


def still_under(part: Waiting, keys: tuple[Key, ...]) -> Waiting:
    """The same, less the agreements that are no longer in force as they were."""
    return replace(part, under=tuple(key for key in part.under if key in keys))


def usable_under(part: Waiting, rules: Rules, recipient: Recipient) -> Recipient:
    """The recipient with those grants alone that a part may leave under."""
    rows = [row for row in recipient.usable.tolist() if rules.rules[row].key in part.under]
    return replace(recipient, usable=np.array(rows, np.int64))


def due_after(tracks: TrackBatch, rules: Rules, recipient: Recipient, now_ns: int) -> int:
    """The first time after now at which one of these tracks is as old as some grant demands."""
    found = NEVER_NS
    for delay_ns in sorted(set(rules.grants["delay_ns"][recipient.usable].tolist())):
        young = tracks.time_ns > now_ns - delay_ns
        found = min(found, int(tracks.time_ns.min(where=young, initial=NEVER_NS)) + delay_ns)
    return found

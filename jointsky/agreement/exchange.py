"""Two parties' ledgers of one exchange: what one released against what the other took in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from jointsky.agreement.ledger import Entry, Opening, Receipt, Release, Withheld, Witness
from jointsky.agreement.merkle import NodeOf, root_at
from jointsky.agreement.notes import Checkpoint, read_checkpoint, read_note

NOT_SAID = "0" * 64  # digest in the notice of a message that was withheld


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two ledgers tell two stories. first, second: the number of the record in the ledger of
    the one and of the other, None where it has none."""

    problem: str
    first: int | None = None
    second: int | None = None


@dataclass(slots=True)
class Side:
    """What a ledger says of its exchange with one partner, by the sequence of messages: number of
    the record and digest. Of its own checkpoints as others saw them: `seen` in the partner's."""

    opening: Opening
    released: dict[int, tuple[int, str]] = field(default_factory=dict)
    withheld: dict[int, int] = field(default_factory=dict)
    received: dict[int, tuple[int, str, bool]] = field(default_factory=dict)
    seen: list[tuple[int, Checkpoint]] = field(default_factory=list)


def read_side(opening: Opening, entries: Iterable[Entry], partner: Opening) -> Side:
    """What the entries of a ledger say of a partner. Those of other partners do not count."""
    side = Side(opening)
    for entry in entries:
        record = entry.record
        if isinstance(record, Release) and record.recipient == partner.unit:
            side.released[record.sequence] = entry.number, record.digest
        elif isinstance(record, Withheld) and record.recipient == partner.unit:
            side.withheld[record.sequence] = entry.number
        elif isinstance(record, Receipt) and record.sender == partner.unit:
            side.received[record.sequence] = entry.number, record.digest, record.withheld
        elif isinstance(record, Witness):
            found = read_checkpoint(read_note(record.note).text)
            if found.origin == partner.origin:
                side.seen.append((entry.number, found))
    return side


@dataclass(frozen=True, slots=True)
class Flow:
    """One direction of an exchange. messages: released; taken: of them, what the other took in, the
    notices of withheld ones among them; crossed: withheld, though the other has them: they had left
    before; under_way: released after the last that the other has."""

    messages: int
    taken: int
    crossed: int
    under_way: int
    differences: tuple[Difference, ...]


def compare_flow(giver: Side, taker: Side) -> Flow:
    """What the giver released to the taker against what the taker recorded, in order."""
    differences: list[Difference] = []
    last = max(taker.received, default=0)
    crossed = 0
    for sequence in sorted(giver.released.keys() | taker.received.keys()):
        problem = _problem(giver, taker, sequence, last)
        given, taken = giver.released.get(sequence), taker.received.get(sequence)
        if problem:
            differences.append(Difference(f"message {sequence}: {problem}",
                                          given[0] if given else None,
                                          taken[0] if taken else None))
        crossed += taken is not None and not taken[2] and sequence in giver.withheld
    return Flow(len(giver.released), len(giver.released.keys() & taker.received.keys()), crossed,
                sum(sequence > last for sequence in giver.released), tuple(differences))


def _problem(giver: Side, taker: Side, sequence: int, last: int) -> str:
    """What two ledgers do not agree on in one message, "" for nothing."""
    one, other = giver.opening.unit, taker.opening.unit
    given, taken = giver.released.get(sequence), taker.received.get(sequence)
    if given is None:
        return f"{other} took it in, {one} never released it"
    if taken is None:
        return "" if sequence > last else f"{one} released it, {other} has none, but later ones"
    if taken[2]:
        if sequence not in giver.withheld:
            return f"{other} was told that it is withheld, {one} withheld nothing"
        return "" if taken[1] in (given[1], NOT_SAID) else _digests(one, given, other, taken)
    return "" if taken[1] == given[1] else _digests(one, given, other, taken)


def _digests(one: str, given: tuple[int, str], other: str, taken: tuple[int, str, bool]) -> str:
    return (f"not the same bytes: {one} released {given[1][:16]}, {other} took in "
            f"{taken[1][:16]} (SHA-256)")


def compare_checkpoints(owner: Opening, size: int, node: NodeOf,
                        seen: Iterable[tuple[int, Checkpoint]]) -> tuple[Difference, ...]:
    """Whether a ledger (its size, its tree) still is what its partner recorded of it: every
    checkpoint that the partner holds must be of its beginning."""
    differences = []
    for number, found in seen:
        if found.size > size:
            differences.append(Difference(
                f"{owner.unit} signed a checkpoint of {found.size} records and has {size}: its "
                "last records were removed", None, number))
        elif root_at(found.size, node) != found.root:
            differences.append(Difference(
                f"{owner.unit} signed a checkpoint of {found.size} records with another root: "
                "records before that were rewritten", None, number))
    return tuple(differences)


def first_apart(first_size: int, first: NodeOf, second_size: int, second: NodeOf) -> int | None:
    """The first record in which two copies of one ledger differ; None where the shorter is the
    beginning of the longer."""
    low, high = 0, min(first_size, second_size)
    if root_at(high, first) == root_at(high, second):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if root_at(middle, first) == root_at(middle, second) else (
            low, middle)
    return low

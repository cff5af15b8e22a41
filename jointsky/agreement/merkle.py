"""The Merkle tree of RFC 6962 and RFC 9162 (section 2.1): roots, proofs, and their verification.

A leaf's hash is SHA-256 of 0x00 and its bytes, a node's of 0x01 and its two children; a list that
is no power of two long is split at the largest power of two below its length. Proofs are made from
hashes of complete subtrees, `node(level, position)`: the subtree over the 2**level leaves from
position * 2**level. Whoever keeps those decides how (`edge/ledger.py` keeps every eighth level).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256().digest()

NodeOf = Callable[[int, int], bytes]


def leaf_hash(data: bytes) -> bytes:
    """Hash (32 bytes) of a leaf."""
    return hashlib.sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash (32 bytes) of a node over its two children."""
    return hashlib.sha256(b"\1" + left + right).digest()


class Frontier:
    """A tree that grows: its number of leaves, and the hashes of the complete subtrees that it is
    made of, the largest first (at most one per bit of the size). Appending is O(log n)."""

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()):
        """Go on from a size and the hashes of its subtrees, as `peaks_of` gives them."""
        if len(peaks) != size.bit_count():
            raise ValueError(f"{size} leaves are {size.bit_count()} subtrees, not {len(peaks)}")
        self.size, self.peaks = size, list(peaks)

    def append(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Append a leaf's hash; returns the subtrees that it completes: level (0: the leaf
        itself), position, hash."""
        level, position, found = 0, self.size, leaf
        completed = [(level, position, found)]
        while position & 1:
            found = node_hash(self.peaks.pop(), found)
            level, position = level + 1, position >> 1
            completed.append((level, position, found))
        self.peaks.append(found)
        self.size += 1
        return completed

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Append the hashes of leaves."""
        for leaf in leaves:
            self.append(leaf)

    def copy(self) -> Frontier:
        """Another that grows by itself."""
        return Frontier(self.size, self.peaks)

    def root(self) -> bytes:
        """The root (32 bytes) of the tree as it is."""
        if not self.peaks:
            return EMPTY_ROOT
        found = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            found = node_hash(peak, found)
        return found


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root of a list of leaves' hashes."""
    tree = Frontier()
    tree.extend(leaves)
    return tree.root()


def peaks_of(size: int) -> list[tuple[int, int]]:
    """Level and position of the complete subtrees that a tree is made of, the largest first."""
    found, begin = [], 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            found.append((level, begin >> level))
            begin += 1 << level
    return found


def root_at(size: int, node: NodeOf) -> bytes:
    """The root of the first `size` leaves of a tree."""
    return Frontier(size, [node(*place) for place in peaks_of(size)]).root()


def inclusion_proof(number: int, size: int, node: NodeOf) -> list[bytes]:
    """Audit path of leaf `number` (from 0) in a tree of `size` leaves: PATH of RFC 6962, 2.1.1.

    Raises `ValueError` for a leaf that is not in the tree.
    """
    if not 0 <= number < size:
        raise ValueError(f"leaf {number} is not in a tree of {size}")
    path: list[bytes] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if number < middle:
            path.append(_range_root(middle, end, node))
            end = middle
        else:
            path.append(_range_root(begin, middle, node))
            begin = middle
    return path[::-1]


def consistency_proof(first: int, second: int, node: NodeOf) -> list[bytes]:
    """Proof that the tree of `first` leaves is the beginning of that of `second`: PROOF of RFC
    6962, 2.1.2. Empty where there is nothing to prove (first is 0, or both are one).

    Raises `ValueError` unless 0 <= first <= second.
    """
    if not 0 <= first <= second:
        raise ValueError(f"{first} leaves are not the beginning of {second}")
    if first in (0, second):
        return []
    path: list[bytes] = []
    begin, end, known = 0, second, True
    while first != end:
        middle = begin + _split(end - begin)
        if first <= middle:
            path.append(_range_root(middle, end, node))
            end = middle
        else:
            path.append(_range_root(begin, middle, node))
            begin, known = middle, False
    if not known:
        path.append(_range_root(begin, end, node))
    return path[::-1]


def includes(number: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether a proof shows that a leaf's hash is leaf `number` of the tree of `size` leaves with
    this root: RFC 9162, 2.1.3.2."""
    if not 0 <= number < size:
        return False
    at, last, found = number, size - 1, leaf
    for one in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(one, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, one)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def is_consistent(first: int, second: int, first_root: bytes, second_root: bytes,
                  proof: Sequence[bytes]) -> bool:
    """Whether a proof shows that the tree of `first` leaves is the beginning of that of `second`:
    RFC 9162, 2.1.4.2."""
    if not 0 <= first <= second:
        return False
    if first in (0, second):
        known = EMPTY_ROOT if first == 0 else second_root
        return not proof and first_root == known and (second > 0 or second_root == EMPTY_ROOT)
    path = [first_root, *proof] if first & (first - 1) == 0 else list(proof)
    if not path:
        return False
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = path[0]
    for one in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = node_hash(one, old), node_hash(one, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, one)
        at, last = at >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


def _split(length: int) -> int:
    """The largest power of two below a length of two or more."""
    return 1 << ((length - 1).bit_length() - 1)


def _range_root(begin: int, end: int, node: NodeOf) -> bytes:
    """Root of the leaves from begin to before end, where begin is one that a split gives."""
    peaks = [(level, position + (begin >> level)) for level, position in peaks_of(end - begin)]
    return Frontier(end - begin, [node(*place) for place in peaks]).root()

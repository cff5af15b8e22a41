"""The Merkle tree written down from RFC 6962, section 2.1, and from nothing else: slow, recursive.

Proofs are checked the slow way too: by following the recursion that made them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def k_of(n: int) -> int:
    """The largest power of two smaller than n: k < n <= 2k."""
    k = 1
    while not k < n <= 2 * k:
        k *= 2
    return k


def mth(d: Sequence[bytes]) -> bytes:
    """2.1: MTH of a list of data entries."""
    n = len(d)
    if n == 0:
        return sha256(b"")
    if n == 1:
        return sha256(b"\x00" + d[0])
    k = k_of(n)
    return sha256(b"\x01" + mth(d[:k]) + mth(d[k:]))


def path(m: int, d: Sequence[bytes]) -> list[bytes]:
    """2.1.1: PATH(m, D[n])."""
    n = len(d)
    if n == 1:
        return []
    k = k_of(n)
    if m < k:
        return [*path(m, d[:k]), mth(d[k:])]
    return [*path(m - k, d[k:]), mth(d[:k])]


def proof(m: int, d: Sequence[bytes]) -> list[bytes]:
    """2.1.2: PROOF(m, D[n]) = SUBPROOF(m, D[n], true)."""
    return subproof(m, d, True)


def subproof(m: int, d: Sequence[bytes], b: bool) -> list[bytes]:
    n = len(d)
    if m == n:
        return [] if b else [mth(d)]
    k = k_of(n)
    if m <= k:
        return [*subproof(m, d[:k], b), mth(d[k:])]
    return [*subproof(m - k, d[k:], False), mth(d[:k])]


def root_by_path(m: int, n: int, leaf: bytes, proof: list[bytes]) -> bytes | None:
    """The root that a path leads to; None for one of another length."""
    if n == 1:
        return leaf if not proof else None
    if not proof:
        return None
    k = k_of(n)
    if m < k:
        left, right = root_by_path(m, k, leaf, proof[:-1]), proof[-1]
    else:
        left, right = proof[-1], root_by_path(m - k, n - k, leaf, proof[:-1])
    return None if left is None or right is None else sha256(b"\x01" + left + right)


def roots_by_proof(m: int, n: int, known: bytes | None,
                   proof: list[bytes]) -> tuple[bytes, bytes] | None:
    """The old and the new root that a consistency proof leads to. known: the old root where it
    still is that of the whole old tree, None below a right turn."""
    if m == n:
        if known is not None:
            return (known, known) if not proof else None
        return (proof[0], proof[0]) if len(proof) == 1 else None
    if not proof:
        return None
    k = k_of(n)
    if m <= k:
        both = roots_by_proof(m, k, known, proof[:-1])
        return None if both is None else (both[0], sha256(b"\x01" + both[1] + proof[-1]))
    both = roots_by_proof(m - k, n - k, None, proof[:-1])
    if both is None:
        return None
    return sha256(b"\x01" + proof[-1] + both[0]), sha256(b"\x01" + proof[-1] + both[1])

"""The Merkle tree against the reference vectors and against the standard's recursion."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jointsky.agreement.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    includes,
    inclusion_proof,
    is_consistent,
    leaf_hash,
    node_hash,
    peaks_of,
    root_at,
    root_of,
)
from tests.oracles import merkle as slow

# The vectors of the Certificate Transparency reference implementation (Trillian has the same).
LEAVES = [bytes.fromhex(one) for one in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
    "606162636465666768696a6b6c6d6e6f")]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
A = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
B = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
C = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
D = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
E = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
F = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
INCLUSION = {(0, 8): [A, B, C], (5, 8): [D, E, ROOTS[3]], (2, 3): [ROOTS[1]],
             (1, 5): [ROOTS[0], B, D]}
CONSISTENCY = {(1, 8): [A, B, C], (6, 8): [F, E, ROOTS[3]], (2, 5): [B, D]}


class Tree:
    """All subtrees of a list of leaves, kept in a table."""

    def __init__(self, data: Sequence[bytes]):
        self.hashes = [leaf_hash(one) for one in data]
        self.nodes: dict[tuple[int, int], bytes] = {}
        tree = Frontier()
        for leaf in self.hashes:
            for level, position, found in tree.append(leaf):
                self.nodes[level, position] = found

    def node(self, level: int, position: int) -> bytes:
        return self.nodes[level, position]


def numbered(count: int) -> list[bytes]:
    return [b"record %d" % i for i in range(count)]


def test_reference_roots() -> None:
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert root_of([]) == EMPTY_ROOT
    for size, root in enumerate(ROOTS, 1):
        assert root_of(leaf_hash(one) for one in LEAVES[:size]).hex() == root
        assert slow.mth(LEAVES[:size]).hex() == root
    assert leaf_hash(b"L123456").hex() == (
        "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56")
    assert node_hash(b"N123", b"N456").hex() == (
        "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb")


@pytest.mark.parametrize(("number", "size"), INCLUSION)
def test_reference_inclusion_proofs(number: int, size: int) -> None:
    proof = inclusion_proof(number, size, Tree(LEAVES).node)
    assert [one.hex() for one in proof] == INCLUSION[number, size]
    assert includes(number, size, leaf_hash(LEAVES[number]), proof, bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize(("first", "second"), CONSISTENCY)
def test_reference_consistency_proofs(first: int, second: int) -> None:
    proof = consistency_proof(first, second, Tree(LEAVES).node)
    assert [one.hex() for one in proof] == CONSISTENCY[first, second]
    assert is_consistent(first, second, bytes.fromhex(ROOTS[first - 1]),
                         bytes.fromhex(ROOTS[second - 1]), proof)


def test_every_small_tree_is_the_standards() -> None:
    data = numbered(33)
    tree = Tree(data)
    for size in range(1, 34):
        root = slow.mth(data[:size])
        assert root_at(size, tree.node) == root_of(tree.hashes[:size]) == root
        for number in range(size):
            proof = inclusion_proof(number, size, tree.node)
            assert proof == slow.path(number, data[:size])
            assert includes(number, size, tree.hashes[number], proof, root)
        for first in range(1, size + 1):
            proof = consistency_proof(first, size, tree.node)
            assert proof == slow.proof(first, data[:size])
            assert is_consistent(first, size, slow.mth(data[:first]), root, proof)


@settings(max_examples=60, deadline=None)
@given(size=st.integers(1, 700), draw=st.data())
def test_larger_trees_are_the_standards(size: int, draw: st.DataObject) -> None:
    data = numbered(size)
    tree = Tree(data)
    number = draw.draw(st.integers(0, size - 1))
    first = draw.draw(st.integers(1, size))
    proof = inclusion_proof(number, size, tree.node)
    assert proof == slow.path(number, data)
    assert includes(number, size, tree.hashes[number], proof, root_at(size, tree.node))
    assert consistency_proof(first, size, tree.node) == slow.proof(first, data)


hashes = st.integers(0, 5).map(lambda i: leaf_hash(b"%d" % i))


@settings(max_examples=1500, deadline=None)
@given(number=st.integers(0, 20), size=st.integers(0, 20), draw=st.data())
def test_verification_of_inclusion_answers_as_the_recursion(number: int, size: int,
                                                            draw: st.DataObject) -> None:
    """True proofs, proofs with a change, and proofs of nothing."""
    tree = Tree(numbered(20))
    true_size = draw.draw(st.integers(1, 20))
    true = draw.draw(st.integers(0, true_size - 1))
    proof = inclusion_proof(true, true_size, tree.node)
    change = draw.draw(st.sampled_from(["none", "drop", "add", "swap", "other"]))
    if change == "drop":
        proof = proof[:-1]
    elif change == "add":
        proof = [*proof, draw.draw(hashes)]
    elif change == "swap":
        proof = proof[::-1]
    elif change == "other" and proof:
        proof[draw.draw(st.integers(0, len(proof) - 1))] = draw.draw(hashes)
    root = root_at(true_size, tree.node)
    leaf = tree.hashes[true]
    said = includes(true, true_size, leaf, proof, root)
    assert said == (slow.root_by_path(true, true_size, leaf, proof) == root)
    if change == "none":
        assert said
    elif change in {"drop", "add"}:
        assert not said or (change == "drop" and not proof)
    # The same proof for another place answers as the recursion does.
    expected = 0 <= number < size and slow.root_by_path(number, size, leaf, proof) == root
    assert includes(number, size, leaf, proof, root) == expected


@settings(max_examples=1500, deadline=None)
@given(first=st.integers(0, 20), second=st.integers(0, 20), draw=st.data())
def test_verification_of_consistency_answers_as_the_recursion(first: int, second: int,
                                                              draw: st.DataObject) -> None:
    data = numbered(20)
    tree = Tree(data)
    high = draw.draw(st.integers(1, 20))
    low = draw.draw(st.integers(1, high))
    proof = consistency_proof(low, high, tree.node)
    if draw.draw(st.booleans()) and proof:
        proof[draw.draw(st.integers(0, len(proof) - 1))] = draw.draw(hashes)
    if draw.draw(st.booleans()):
        proof = proof[:-1] if draw.draw(st.booleans()) else [*proof, draw.draw(hashes)]
    roots = root_at(low, tree.node), root_at(high, tree.node)
    for one, two in ((low, high), (first, second)):
        both = slow.roots_by_proof(one, two, roots[0], proof) if 1 <= one <= two else None
        expected = both == roots
        if one == 0 or one > two:
            expected = False  # the old root is that of at least one leaf
        assert is_consistent(one, two, *roots, proof) == expected


def test_the_empty_tree_is_the_beginning_of_every_tree() -> None:
    tree = Tree(numbered(5))
    root = root_at(5, tree.node)
    assert consistency_proof(0, 5, tree.node) == []
    assert is_consistent(0, 5, EMPTY_ROOT, root, [])
    assert not is_consistent(0, 5, root, root, [])
    assert not is_consistent(0, 5, EMPTY_ROOT, root, [root])
    assert is_consistent(0, 0, EMPTY_ROOT, EMPTY_ROOT, [])
    assert not is_consistent(0, 0, EMPTY_ROOT, root, [])
    assert not is_consistent(3, 3, EMPTY_ROOT, root, [])


def test_what_is_not_in_the_tree_has_no_proof() -> None:
    tree = Tree(numbered(5))
    for number, size in ((5, 5), (-1, 5), (0, 0)):
        with pytest.raises(ValueError, match="is not in a tree"):
            inclusion_proof(number, size, tree.node)
        assert not includes(number, size, EMPTY_ROOT, [], EMPTY_ROOT)
    with pytest.raises(ValueError, match="beginning"):
        consistency_proof(6, 5, tree.node)
    assert not is_consistent(6, 5, EMPTY_ROOT, EMPTY_ROOT, [])


def test_a_frontier_goes_on_from_its_subtrees() -> None:
    data = numbered(300)
    tree = Tree(data)
    for size in (0, 1, 7, 255, 256, 257, 299):
        grown = Frontier(size, [tree.node(*place) for place in peaks_of(size)])
        other = grown.copy()
        grown.extend(tree.hashes[size:])
        assert grown.root() == slow.mth(data)
        assert grown.size == 300
        assert other.root() == slow.mth(data[:size]), "a copy grows by itself"
    with pytest.raises(ValueError, match="3 leaves are 2 subtrees"):
        Frontier(3, [EMPTY_ROOT])

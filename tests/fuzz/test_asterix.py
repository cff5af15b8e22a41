"""Any bytes at all: no crash, no hang, bounded memory, nothing refused that libasterix accepts."""

from __future__ import annotations

import resource
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jointsky.codec.asterix.decode import decode
from jointsky.codec.asterix.tables import table_of
from tests.codec.asterix.compare import compare_block, drain, source_of
from tests.oracles.asterix_lib import parse_record

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*.bin"))


def mutated(octets: bytes, rng: np.random.Generator) -> bytes:
    """A few random changes: bits, octets, cuts, insertions, pieces doubled."""
    found = bytearray(octets)
    for _ in range(int(rng.integers(1, 6))):
        at = int(rng.integers(len(found) + 1))
        size = int(rng.integers(1, 12))
        match int(rng.integers(5)):
            case 0 if at < len(found):
                found[at] ^= 1 << int(rng.integers(8))
            case 1 if at < len(found):
                found[at] = int(rng.choice([0, 1, 0x7F, 0x80, 0xFF]))
            case 2:
                del found[at:at + size]
            case 3:
                found[at:at] = rng.bytes(size)
            case _:
                found[at:at] = found[at:at + size]
    return bytes(found)


def blocks_in(octets: bytes) -> list[bytes]:
    """Whole blocks from the start, as far as their lengths lead."""
    found, at = [], 0
    while at + 3 <= len(octets):
        size = octets[at + 1] << 8 | octets[at + 2]
        if size < 3 or at + size > len(octets):
            break
        found.append(octets[at:at + size])
        at += size
    return found


def edition_in(path: Path) -> str:
    """The edition in the name of a corpus file."""
    return path.stem.split("_", 1)[1]


def test_the_corpus_is_there() -> None:
    assert len(CORPUS) >= 40 and all(path.stat().st_size < 4_096 for path in CORPUS)


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_the_corpus_is_read_as_the_twin_reads_it(path: Path) -> None:
    category = int(path.stem[3:6])
    for block in blocks_in(path.read_bytes()):
        count, reason = compare_block(source_of(category), table_of(category, edition_in(path)),
                                      block)
        assert count > 0 and reason is None


def fuzz(path: Path, rounds: int) -> None:
    """Mutations of one file: drained whole, then block by block against the twin."""
    octets, category = path.read_bytes(), int(path.stem[3:6])
    table = table_of(category, edition_in(path))
    rng = np.random.default_rng(category)
    for _ in range(rounds):
        changed = mutated(octets, rng)
        drain(changed)
        for block in blocks_in(changed):
            if block[0] == category and len(block) > 3:
                compare_block(source_of(category), table, block)


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_mutations(path: Path) -> None:
    fuzz(path, 8)


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_many_mutations(path: Path) -> None:
    fuzz(path, 1_500)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes(octets: bytes) -> None:
    drain(octets)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([1, 2, 8, 21, 34, 48, 62, 63, 65]), st.binary(min_size=1, max_size=120))
def test_any_body(category: int, body: bytes) -> None:
    drain(bytes([category]) + (len(body) + 3).to_bytes(2, "big") + body)


@pytest.mark.parametrize("path", [path for path in CORPUS if "sensis" not in path.stem],
                         ids=lambda path: path.stem)
def test_what_libasterix_accepts_is_not_refused(path: Path) -> None:
    category, edition = int(path.stem[3:6]), edition_in(path)
    rng = np.random.default_rng(category + 1)
    octets = path.read_bytes()
    for _ in range(6):
        for block in blocks_in(mutated(octets, rng)):
            if block[0] != category:
                continue
            decoded = decode(block, editions={category: edition})
            starts = {int(at): table.uap for table in decoded.tables for at in table.offset}
            for start, uap in starts.items():
                theirs = parse_record(category, edition, uap, block[start:])
                assert not isinstance(theirs, ValueError) or "Last FX bit" in str(theirs)
            for row in range(decoded.rejects.n):
                if decoded.rejects.reason[row] == b"empty_record":
                    continue
                at = int(decoded.rejects.offset[row])
                profiles = table_of(category, edition).uaps
                assert any(isinstance(parse_record(category, edition, uap, block[at:]), ValueError)
                           for uap in profiles)


def peak_mib() -> float:
    """Most memory this process has had, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.mark.parametrize("body", [b"\x00", b"\x80\x01\x01", b"\x01\x01\x01\x02\x01", b"\xff",
                                  b"\x20\xff"], ids=["zeros", "short", "bytes", "ones", "chains"])
def test_memory_is_bounded(body: bytes) -> None:
    filled = body * (65_532 // len(body))
    block = b"\x3e" + (len(filled) + 3).to_bytes(2, "big") + filled
    drain(block)
    before = peak_mib()
    drain(block * 16)
    assert peak_mib() - before < 400

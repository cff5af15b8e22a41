"""The decoder: counts of real recordings, structures one by one, its slow twin, rejects, limits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jointsky.codec.asterix.decode import decode
from jointsky.codec.asterix.tables import Kind, categories, editions_of, table_of
from jointsky.codec.asterix.walk import walk
from jointsky.codec.recordings.read import read_recording
from jointsky.kernels import asterix as kernel
from jointsky.model.errors import UsageProblem
from jointsky.model.reject import Reason
from tests.codec.asterix.compare import compare_block, imaginary, source_of, table_from
from tests.oracles.asterix import Node, Writer, fspec

COUNTS = {"barcelona_radar_cat048_20230502.ast": {48: 44_085},
          "alicante_adsb_cat021_ed2.4.ast": {21: 20_090},
          "baltic_tracks_cat062.ast": {62: 34_957},
          "baltic_tracks_cat062.ff": {62: 34_957},
          "barcelona_mlat_cat019_cat020_20160510.ast": {19: 7_381, 20: 69_933},
          "jahorina_radar_cat034_cat048.ast": {34: 20, 48: 2_099},
          "croatia_radars_cat034_cat048.pcap": {34: 34, 48: 128}}


@pytest.mark.parametrize("name", COUNTS)
def test_real_recordings_are_read_whole(shared: Path, name: str) -> None:
    recording = read_recording(shared / "asterix" / name)
    decoded = decode(recording.buffer, spans=(recording.start, recording.length))
    assert decoded.counts() == COUNTS[name]
    assert decoded.rejects.total == 0


FLAG: Node = {"bits": 1, "content": ["table", {"0": "no", "1": "yes"}]}
HEIGHT: Node = {"bits": 10, "content": ["quantity", "int", 0.25, "m"]}


def named(name: str, node: Node) -> Node:
    """A node with a name."""
    return {"name": name, "title": name.lower(), **node}


def case(selector: str) -> Node:
    """A group whose second part means one thing or the other."""
    return {"group": [named("IM", FLAG), named("AS", {"bits": 15, "content": [
        "case", selector, [[0, ["quantity", "uint", 0.5, "kt"]], [1, ["int"]]]]})]}


INNER = [named("ONE", {"bits": 8, "content": ["uint"]}), None,
         named("TWO", {"extended": [[{"spare": 6}, named("F", FLAG)]]}),
         named("MANY", {"repeat": 1, "of": {"bits": 16, "content": ["int"]}})]
STRUCTURES: dict[str, Node] = {
    "element": imaginary(named("A", {"bits": 24, "content": ["raw"]})),
    "64 bits": imaginary(named("A", {"bits": 64, "content": ["bds", "with address"]})),
    "many bits": imaginary(named("A", {"bits": 512, "content": ["raw"]})),
    "group over octets": imaginary(named("A", {"group": [
        {"spare": 3}, named("F", FLAG), named("H", HEIGHT), named("R", {
            "bits": 33, "content": ["raw"]}), {"spare": 1}]})),
    "group in a group": imaginary(named("A", {"group": [
        named("G", {"group": [named("X", FLAG), {"spare": 6}]}), named("Y", FLAG)]})),
    "extended": imaginary(named("A", {"extended": [
        [named("T", {"bits": 3, "content": ["raw"]}), {"spare": 3}, named("F", FLAG)],
        [named("H", HEIGHT), {"spare": 13}], [named("G", {"group": [named("X", FLAG),
                                                                    {"spare": 6}]})]]})),
    "extended that ends": imaginary(named("A", {"ends": True, "extended": [
        [{"spare": 7}], [named("H", {"bits": 8, "content": ["uint"]})]]})),
    "repeated element": imaginary(named("A", {"repeat": 1, "of": {
        "bits": 24, "content": ["quantity", "int", 0.5, "s"]}})),
    "repeated group": imaginary(named("A", {"repeat": 1, "of": {"group": [
        named("H", HEIGHT), {"spare": 6}, named("S", {"bits": 48, "content": ["icao"]})]}})),
    "repeated while FX": imaginary(named("A", {"repeat": "fx", "of": {"group": [
        named("T", {"bits": 23, "content": ["raw"]})]}})),
    "explicit": imaginary(named("SP", {"explicit": "SP"}), named("Z", {
        "bits": 8, "content": ["raw"]})),
    "compound": imaginary(named("A", {"compound": INNER}), named("Z", {
        "bits": 8, "content": ["raw"]})),
    "long compound": imaginary(named("A", {"compound": [
        *[None] * 8, *INNER, None, named("LAST", HEIGHT | {"bits": 16})]})),
    "expansion": imaginary(named("RE", {"explicit": "RE"}), expansions=(
        {"edition": "1.0", "compound": [*INNER, named("C", {"compound": INNER})]},)),
    "text": imaginary(named("A", {"bits": 56, "content": ["ascii"]}), named("B", {"group": [
        {"spare": 4}, named("C", {"bits": 12, "content": ["octal"]})]}), named("D", {
            "bits": 48, "content": ["icao"]})),
    "case": imaginary(named("A", case("A/IM"))),
    "two octets of field specification": imaginary(*[named(f"{i:03d}", {
        "bits": 8, "content": ["uint"]}) for i in range(10)]),
    "profiles": {**imaginary(named("T", {"extended": [[named("TYP", FLAG), {"spare": 6}]]}),
                             named("A", HEIGHT | {"bits": 16}), named("B", {
                                 "bits": 8, "content": ["raw"]})),
                 "editions": {"1.0": {"uaps": {"plot": [0, 1], "track": [0, None, 2, *[None] * 5,
                                                                         1]},
                                      "selector": ["T/TYP", {"0": "plot", "1": "track"}]}}},
    "random field sequencing": {**imaginary(named("A", {"bits": 8, "content": ["uint"]}), named(
        "B", {"extended": [[{"spare": 6}, named("F", FLAG)]]})),
        "editions": {"1.0": {"uaps": {"": [0, 1, None, "RFS"]}}}},
}


@pytest.mark.parametrize("name", STRUCTURES)
@pytest.mark.parametrize("seed", range(3))
def test_each_structure_reads_as_its_twin(name: str, seed: int) -> None:
    source = STRUCTURES[name]
    table = table_from(source)
    writer = Writer(source, "1.0", np.random.default_rng(seed))
    read = 0
    for _ in range(20):
        block = writer.block(200, 4)
        count, reason = compare_block(source, table, block)
        assert (count, reason) == (4, None)
        read += count
        # Cut anywhere, it is refused where the twin refuses it.
        cut = int(writer.rng.integers(4, len(block)))
        compare_block(source, table, block[:cut])
    assert read == 80


@settings(max_examples=150, deadline=None)
@given(name=st.sampled_from(list(STRUCTURES)), body=st.binary(min_size=1, max_size=60))
def test_any_bytes_read_as_the_twin_reads_them(name: str, body: bytes) -> None:
    compare_block(STRUCTURES[name], table_from(STRUCTURES[name]),
                  bytes([200]) + (len(body) + 3).to_bytes(2, "big") + body)


@pytest.mark.parametrize("category", categories())
def test_every_edition_reads_random_records_as_its_twin(category: int) -> None:
    source = source_of(category)
    for edition in editions_of(category):
        table = table_of(category, edition)
        writer = Writer(source, edition, np.random.default_rng(category))
        for _ in range(6):
            assert compare_block(source, table, writer.block(category, 2)) == (2, None)


def test_tables_are_sound() -> None:
    for category in categories():
        for edition in editions_of(category):
            table = table_of(category, edition)
            for uap in table.uaps:
                leaves = table.leaves_of(uap)
                assert all(leaf.bits > 64 or leaf.kind in {Kind.ASCII, Kind.ICAO}
                           or leaf.bit % 8 + leaf.bits <= 64 for leaf in leaves.values())
                assert all(leaf.bits <= 32 for leaf in leaves.values() if leaf.kind is Kind.INT)
                assert all(leaf.selector in leaves for leaf in leaves.values() if leaf.selector)


def block_of(category: int, *records: bytes) -> bytes:
    """A data block."""
    body = b"".join(records)
    return bytes([category]) + (len(body) + 3).to_bytes(2, "big") + body


GOOD = fspec([True, True]) + bytes.fromhex("1401" "416dec")
BAD = fspec([False] * 6 + [True]) + b"\x01"


def refusal(octets: bytes) -> tuple[int, bytes, bytes, bytes, bytes]:
    """The one reject of some bytes."""
    rejects = decode(octets, editions={48: "1.32"}).rejects
    assert rejects.n == rejects.total == 1
    return (int(rejects.offset[0]), rejects.reason[0], rejects.item[0], rejects.expected[0],
            rejects.found[0])


@pytest.mark.parametrize(("octets", "offset", "reason", "item", "expected", "found"), [
    (b"\x30\x00", 0, Reason.BLOCK_TRUNCATED, "", "a block of 3 octets", "2 octets"),
    (b"\x30\x00\x02\x00", 0, Reason.BLOCK_TOO_SHORT, "", "a block length of 3 or more", "2"),
    (b"\x30\x00\x09" + GOOD[:5], 0, Reason.BLOCK_TRUNCATED, "", "a block of 9 octets", "8 octets"),
    (block_of(99, GOOD), 0, Reason.UNKNOWN_CATEGORY, "", "a category with a table", "99"),
    (block_of(48, GOOD, b"\x01"), 9, Reason.FSPEC_TRUNCATED, "", "octet 2 of the FSPEC",
     "1 octets"),
    (block_of(48, GOOD, b"\x01\x01\x01\x01\x80"), 9, Reason.UNKNOWN_ITEM, "",
     "an FSPEC of at most 4 octets", "5 octets"),
    (block_of(48, GOOD, b"\x20"), 9, Reason.ITEM_TRUNCATED, "020", "1 octets", "0 octets"),
    (block_of(48, GOOD, b"\x02\xff"), 9, Reason.FSPEC_TRUNCATED, "130", "octet 2 of the FSPEC",
     "1 octets"),
    (block_of(48, GOOD, b"\x10\xff"), 9, Reason.ITEM_TRUNCATED, "040", "4 octets", "1 octets"),
    (block_of(48, b"\x02\x80"), 3, Reason.ITEM_TRUNCATED, "130/SRL", "1 octets", "0 octets"),
    (block_of(48, fspec([False] * 26 + [True]) + b"\x00"), 3, Reason.BAD_LENGTH, "SP",
     "a length of 1 or more", "0"),
    (block_of(34, fspec([False] * 5 + [True]) + b"\x40"), 3, Reason.UNKNOWN_ITEM, "050",
     "an item of FRN 1 to 6", "FRN 2"),
    (block_of(48, GOOD, b"\x00\x00", GOOD), 9, Reason.EMPTY_RECORD, "", "a record with an item",
     "an empty FSPEC"),
])
def test_a_reject_says_where_and_why(octets: bytes, offset: int, reason: Reason, item: str,
                                     expected: str, found: str) -> None:
    assert refusal(octets) == (offset, reason.value.encode(), item.encode(), expected.encode(),
                               found.encode())


def test_an_unreadable_record_refuses_the_rest_of_its_block_only() -> None:
    decoded = decode(block_of(48, GOOD, b"\x20") + block_of(48, GOOD, GOOD),
                     editions={48: "1.32"})
    assert decoded.counts() == {48: 3} and decoded.rejects.total == 1


def test_an_error_in_one_frame_leaves_the_next_alone() -> None:
    parts = [block_of(48, GOOD)[:-1], b"\x30\x00\x01" + GOOD, block_of(48, GOOD)]
    length = np.array([len(part) for part in parts])
    decoded = decode(b"".join(parts), spans=(np.cumsum(length) - length, length))
    assert decoded.counts() == {48: 1}
    assert decoded.rejects.frame.tolist() == [0, 1]
    assert decoded.tables[0].frame.tolist() == [2]


def test_what_is_whole_in_a_cut_block_is_kept() -> None:
    decoded = decode(block_of(48, GOOD, GOOD, GOOD)[:-2])
    assert decoded.counts() == {48: 2}
    assert decoded.rejects.counts() == {"block_truncated": 1}


def test_more_records_than_the_limit_are_refused_and_counted() -> None:
    octets = np.frombuffer(block_of(48, *[GOOD] * 10) * 5, np.uint8)
    blocks = np.array([[63 * i + 3, 63 * (i + 1), 48, i, 1] for i in range(5)])
    walked = walk(octets, blocks, table_of(48, "1.32"), 100, records_max=12)
    assert len(walked.offset) == 12
    assert walked.rejects[:, kernel.FAULT].tolist() == [kernel.FULL] and walked.more == 3
    assert walked.rejects[0, kernel.OFFSET] == 63 + 3 + 12


def test_rejects_beyond_the_limit_are_counted() -> None:
    decoded = decode(block_of(99, GOOD) * 70_000)
    assert decoded.rejects.n == 65_536
    assert decoded.rejects.total == 70_000
    assert decoded.rejects.counts() == {"unknown_category": 65_536, "limit": 70_000 - 65_536}


def test_an_absent_item_is_blank_and_not_there() -> None:
    (table,) = decode(block_of(48, GOOD)).tables
    assert not table.has("040").any() and not table.has("no such item").any()
    values, there = table.column("040/RHO")
    assert np.isnan(values).all() and not there.any()
    assert "040/RHO" not in table.names()


def test_a_category_or_edition_without_table_is_named() -> None:
    with pytest.raises(UsageProblem, match=r"category 099.*one of 001"):
        editions_of(99)
    with pytest.raises(UsageProblem, match=r"category 021.*9\.9.*0\.23"):
        decode(block_of(21, GOOD), editions={21: "9.9"})

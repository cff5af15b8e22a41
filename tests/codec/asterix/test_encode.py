"""What was decoded is encoded to the same octets, whatever the records hold."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jointsky.codec.asterix.columns import RecordTable
from jointsky.codec.asterix.decode import Decoded, decode
from jointsky.codec.asterix.encode import (
    Columns,
    blocks_of,
    canonical,
    columns_of,
    encode,
    encode_records,
)
from jointsky.codec.asterix.tables import editions_of, table_of
from jointsky.codec.recordings.read import read_recording
from jointsky.model.errors import UsageProblem
from tests.oracles.asterix_records import record

EDITIONS = [(category, edition) for category in (4, 19, 20, 21, 34, 48, 62, 63, 65)
            for edition in editions_of(category)]


def block(category: int, records: list[bytes]) -> bytes:
    joined = b"".join(records)
    return bytes([category]) + (len(joined) + 3).to_bytes(2, "big") + joined


@pytest.mark.parametrize(("category", "edition"), EDITIONS)
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32), odd=st.booleans())
def test_random_records_come_back_octet_by_octet(category: int, edition: str, seed: int,
                                                 odd: bool) -> None:
    chance, table = Random(seed), table_of(category, edition)
    records = [record(table, "", chance, odd) for _ in range(chance.randint(1, 12))]
    decoded = decode(block(category, records), editions={category: edition})
    assert decoded.rejects.total == 0
    (found,) = decoded.tables
    columns = columns_of(found)
    encoded = encode_records(table, columns)
    assert [encoded.octets[a:b].tobytes() for a, b in zip(
        encoded.start[:-1], encoded.start[1:], strict=True)] == records
    assert encode(category, edition, columns, limit=65_535) == [block(category, records)]
    if not odd:
        assert encode(category, edition, canonical(columns), limit=65_535) == [
            block(category, records)]


def originals_of(decoded: Decoded, found: RecordTable) -> list[bytes]:
    """The octets of each record as they stand in the buffer."""
    edges = np.unique(np.concatenate([decoded.blocks[:, 1], decoded.rejects.offset,
                                      *[table.offset for table in decoded.tables]]))
    ends = edges[np.searchsorted(edges, found.offset, side="right")]
    return [found.buffer[a:b].tobytes() for a, b in zip(found.offset, ends, strict=True)]


# Records that say something in a longer way than need be, or set spare bits.
REAL = {
    "alicante_adsb_cat021_ed2.4.ast": {21: 0}, "baltic_tracks_cat062.ast": {62: 0},
    "barcelona_adsb_cat021_ed0.23_20160510.ast": {21: 948},
    "barcelona_mlat_cat019_cat020_20160510.ast": {19: 121, 20: 0},
    "barcelona_radar_cat048_20230502.ast": {48: 0},
    "croatia_cat062_cat065.pcap": {62: 0, 65: 0}, "croatia_radars_cat034_cat048.pcap":
    {34: 0, 48: 0}, "jahorina_radar_cat034_cat048.ast": {34: 0, 48: 0}}


@pytest.mark.parametrize("name", REAL)
def test_real_recordings_come_back_octet_by_octet(shared: Path, name: str) -> None:
    recording = read_recording(shared / "asterix" / name)
    editions = {21: "0.23"} if "0.23" in name else None
    decoded = decode(recording.buffer, spans=(recording.start, recording.length),
                     editions=editions)
    assert decoded.rejects.total == 0
    odd = {}
    for found in decoded.tables:
        originals, columns = originals_of(decoded, found), columns_of(found)
        encoded = encode_records(found.table, columns)
        assert encoded.octets.tobytes() == b"".join(originals)
        shortest = encode_records(found.table, canonical(columns))
        odd[found.category] = sum(
            shortest.octets[a:b].tobytes() != original for a, b, original in zip(
                shortest.start[:-1], shortest.start[1:], originals, strict=True))
    assert odd == REAL[name]


@pytest.mark.parametrize("name", ["cat004ed1.4", "cat020ed1.5", "cat021ed0.26", "cat021ed2.1",
                                  "cat034ed1.26", "cat048ed1.15", "cat048ed1.23", "cat062ed1.12",
                                  "cat062ed1.16", "cat063ed1.0", "cat065ed1.3"])
def test_vectors_come_back_octet_by_octet(shared: Path, name: str) -> None:
    content = (shared / "asterix" / "vectors" / f"{name}.bin").read_bytes()
    decoded = decode(content, editions={21: "0.26"} if "0.26" in name else None)
    blocks = [blocks_of(encode_records(found.table, columns_of(found)), 65_535)
              for found in decoded.tables]
    headless = b"".join(joined[3:] for (joined,) in blocks)
    assert headless == b"".join(
        content[a:b] for a, b in decoded.blocks[:, :2].tolist())


def test_values_are_rounded_to_steps_and_held_within_range() -> None:
    n = np.ones(4, np.bool_)
    columns = Columns(4, {
        "040/RHO": (np.array([1 / 512 + 1e-9, 1e9, -5, np.nan]), n),
        "040/THETA": (np.array([0, 1, 65_535, 7]), n),
        "090/FL": (np.array([-1e9, 350.13, 1e9, -0.24]), n),
        "240": (np.array([b"AFR12", b"", b"TOOLONGNAME", b"a!B"]), n)})
    (content,) = encode(48, "1.32", columns)
    (table,) = decode(content, editions={48: "1.32"}).tables
    assert table.column("040/RHO")[0].tolist() == [1 / 256, 65_535 / 256, 0, 0]
    assert table.raw("040/THETA").tolist() == [0, 1, 65_535, 7]
    assert table.column("090/FL")[0].tolist() == [-2048, 350.25, 2047.75, -0.25]
    assert [text.rstrip() for text in table.column("240")[0].tolist()] == [
        b"AFR12", b"", b"TOOLONGN", b"A B"]


def test_blocks_keep_to_the_limit_and_to_one_group() -> None:
    n = 500
    there = np.ones(n, np.bool_)
    columns = Columns(n, {"010/SAC": (np.zeros(n, np.int64), there),
                          "010/SIC": (np.arange(n) // 200, there),
                          "040/RHO": (np.arange(n, dtype=np.float64), there)})
    encoded = encode_records(table_of(48, "1.32"), columns)
    blocks = blocks_of(encoded, 300, np.arange(n) // 200)
    assert max(map(len, blocks)) <= 300
    assert {len(np.unique(decode(content).tables[0].raw("010/SIC"))) for content in blocks} == {1}
    assert b"".join(content[3:] for content in blocks) == encoded.octets.tobytes()
    single = blocks_of(encoded, 3)
    assert len(single) == n, "a record longer than the limit has a block of its own"
    assert encode(48, "1.32", Columns(0)) == []


def test_random_field_sequencing_is_refused_clearly() -> None:
    decoded = decode(block(2, [b"\x01\x02\x01\x01\x00\x07"]), editions={2: "1.2"})
    (found,) = decoded.tables
    with pytest.raises(UsageProblem, match=r"CAT002 1\.2: .*random field sequencing"):
        columns_of(found)

"""Export: what a user reads back from the files is what was decoded, nothing lost."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jointsky.codec.asterix.decode import decode
from jointsky.codec.asterix.pieces import Piece, decode_pieces
from jointsky.codec.asterix.tables import categories, editions_of, table_of
from jointsky.codec.export import export
from jointsky.codec.recordings.read import read_recording
from jointsky.codec.recordings.recording import Recording
from jointsky.model.errors import FileProblem, UsageProblem
from tests.codec.asterix.compare import source_of
from tests.oracles.asterix import Writer


def made(path: Path, seed: int = 1) -> Recording:
    """A recording of random records of several categories and profiles."""
    rng = np.random.default_rng(seed)
    blocks = []
    for _ in range(6):
        for category in (48, 34, 1, 62, 240, 21):
            edition = editions_of(category)[-1]
            blocks.append(Writer(source_of(category), edition, rng).block(category, 2))
    path.write_bytes(b"".join(block for block in blocks if len(block) < 65_536))
    return read_recording(path)


def pieces_of(recording: Recording, octets: int = 8 << 20) -> Callable[[], Iterator[Piece]]:
    """Its pieces, with the newest editions."""
    editions = {category: editions_of(category)[-1] for category in categories()}
    return lambda: decode_pieces(recording, editions, octets)


def test_parquet_gives_back_every_value_in_recorded_order(tmp_path: Path) -> None:
    recording = made(tmp_path / "made.ast")
    export(recording, pieces_of(recording), tmp_path / "made.parquet")
    read = pq.read_table(tmp_path / "made.parquet")
    offsets = read["offset"].to_pylist()
    assert offsets == sorted(offsets)
    row_of = {offset: row for row, offset in enumerate(offsets)}
    (piece,) = pieces_of(recording)()
    assert read.num_rows == sum(table.n for table in piece.decoded.tables)
    seen = {"category", "edition", "profile", "frame", "offset"}
    for table in piece.decoded.tables:
        rows = [row_of[offset] for offset in table.offset.tolist()]
        assert read["category"].take(pa.array(rows)).to_pylist() == [table.category] * table.n
        for name in table.names():
            column = f"I{table.category:03d}/{name}"
            seen.add(column)
            cells = read[column].take(pa.array(rows)).to_pylist()
            values, there = table.column(name)
            for cell, value, here in zip(cells, values, there, strict=True):
                expected = (value.decode("latin-1").rstrip(" ") if isinstance(value, bytes)
                            else value.tobytes() if isinstance(value, np.ndarray)
                            else value.item())
                assert cell == (expected if here else None), column
        for name in table.repeated_names():
            column = f"I{table.category:03d}/{name}"
            seen.add(column)
            values, start = table.repeated(name)
            slot = table.leaves[name].slot if name in table.leaves else table.slots[name]
            for row, cell in enumerate(read[column].take(pa.array(rows)).to_pylist()):
                part = values[start[row]:start[row + 1]]
                if table.at[slot, row] == 0:
                    assert cell is None
                elif name in table.leaves and part.ndim == 1:
                    assert cell == [item.decode("latin-1").rstrip(" ") if isinstance(item, bytes)
                                    else item for item in part.tolist()]
                elif name in table.leaves:
                    assert cell == [octets.tobytes() for octets in part]
                else:
                    assert cell == part.tobytes()
    assert set(read.column_names) == seen
    assert read.schema.field("I048/040/RHO").metadata[b"unit"] == b"NM"


def test_pieces_give_the_same_file_as_the_whole(tmp_path: Path) -> None:
    recording = made(tmp_path / "made.ast")
    export(recording, pieces_of(recording), tmp_path / "whole.parquet")
    export(recording, pieces_of(recording, 700), tmp_path / "pieces.parquet")
    assert len(list(pieces_of(recording, 700)())) > 5
    assert pq.read_table(tmp_path / "whole.parquet").equals(
        pq.read_table(tmp_path / "pieces.parquet"))


def test_json_and_csv_say_the_same_as_parquet(tmp_path: Path) -> None:
    recording = made(tmp_path / "made.ast")
    for suffix in ("parquet", "json", "csv"):
        export(recording, pieces_of(recording), tmp_path / f"made.{suffix}")
    rows = pq.read_table(tmp_path / "made.parquet").to_pylist()
    objects = json.loads((tmp_path / "made.json").read_text())
    with (tmp_path / "made.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert len(rows) == len(objects) == len(lines)
    for row, record, line in zip(rows, objects, lines, strict=True):
        assert record.keys() == {name for name, cell in row.items() if cell is not None}
        for name, cell in row.items():
            if cell is None:
                assert line[name] == ""
            elif isinstance(cell, bytes):
                assert record[name] == line[name] == cell.hex()
            elif isinstance(cell, list):
                texts = [item.hex() if isinstance(item, bytes) else item for item in record[name]]
                assert line[name] == " ".join(map(str, texts))
            elif isinstance(cell, float):
                assert record[name] == cell == float(line[name])
            elif isinstance(record[name], str) and isinstance(cell, int):
                assert int(record[name], 16) == cell == int(line[name], 16)
            else:
                assert record[name] == cell and line[name] == str(cell)


def test_a_capture_has_its_times_and_places_in_the_file(shared: Path, tmp_path: Path) -> None:
    path = shared / "asterix" / "croatia_radars_cat034_cat048.pcap"
    recording = read_recording(path)
    export(recording, lambda: decode_pieces(recording), tmp_path / "out.parquet")
    read = pq.read_table(tmp_path / "out.parquet")
    assert read.num_rows == 162 and read["received_ns"].null_count == 0
    content = path.read_bytes()
    for offset, category in zip(read["offset"].to_pylist(), read["category"].to_pylist(),
                                strict=True):
        table = table_of(category, editions_of(category)[-1])
        alone = content[offset:offset + 300]
        block = bytes([category]) + (len(alone) + 3).to_bytes(2, "big") + alone
        assert decode(block, editions={category: table.edition}).tables[0].offset[0] == 3


def test_a_file_of_nothing_known_gives_an_empty_table(tmp_path: Path) -> None:
    path = tmp_path / "odd.ast"
    path.write_bytes(b"\xfc\x00\x05ab" * 4)
    recording = read_recording(path)
    for suffix in ("parquet", "csv", "json"):
        export(recording, lambda: decode_pieces(recording), tmp_path / f"odd.{suffix}")
    assert pq.read_table(tmp_path / "odd.parquet").num_rows == 0
    assert json.loads((tmp_path / "odd.json").read_text()) == []


def test_what_cannot_be_written_is_said_before_the_work(tmp_path: Path) -> None:
    recording = made(tmp_path / "made.ast")
    with pytest.raises(UsageProblem, match=r"no form of export is called '\.xls'.*\.parquet"):
        export(recording, pieces_of(recording), tmp_path / "out.xls")
    with pytest.raises(FileProblem, match="there is no folder"):
        export(recording, pieces_of(recording), tmp_path / "none" / "out.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(FileProblem, match="cannot be written"):
        export(recording, pieces_of(recording), tmp_path / "folder.csv")
    assert not list(tmp_path.glob("*.part"))

"""Decoded records to files that other programs read: Parquet, CSV, JSON.

One file with a row for each record, in the order of the recording, whatever its category. First
come `category`, `edition`, `profile` (of categories that have more than one), `frame`, `offset`
(of the record, in bytes of the recording's file) and `received_ns` (of captures); then a column
for each field that stands in any record, named as in the specification: `I048/040/RHO`. A blank
cell is a field that the record does not have. Values are those of `RecordTable.column`; the unit
of a column is in the metadata of the Parquet file and on the page `docs/asterix.md`.

Repetitive fields are lists (in CSV: values with blanks between); fields given as bytes, and
numbers of more than 53 bits outside Parquet, are hexadecimal text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from jointsky.codec.asterix.columns import BYTES_OPS, RecordTable, dtype_of
from jointsky.codec.asterix.pieces import Piece
from jointsky.codec.asterix.tables import BITS_PER_CHARACTER, Leaf
from jointsky.codec.recordings.recording import Recording
from jointsky.model.errors import FileProblem, ResourceProblem, UsageProblem

SUFFIXES: Final = (".parquet", ".csv", ".json")
EXACT_BITS: Final = 53
ROWS_AT_ONCE: Final = 65_536
PROVENANCE: Final = (("category", pa.uint8()), ("edition", pa.string()), ("profile", pa.string()),
                     ("frame", pa.int64()), ("offset", pa.int64()))


def check_target(path: Path) -> None:
    """Raises `UsageProblem` unless there is a form of export for the suffix of the path, and
    `FileProblem` unless its folder is there: before the work, not after it."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageProblem(path, f"no form of export is called '{path.suffix}'",
                           expected="a name that ends in " + ", ".join(SUFFIXES))
    if not path.parent.is_dir():
        raise FileProblem(path, f"there is no folder {path.parent}", expected="one that is there")


def columns_in(pieces: Iterable[Piece]) -> dict[str, pa.Field]:
    """Columns of the fields that stand in any record, in the order of categories and items."""
    found: dict[tuple[int, int, str], pa.Field] = {}
    for piece in pieces:
        for records in piece.decoded.tables:
            order = {name: place for place, name in enumerate(_every_name(records))}
            for name in (*records.names(), *records.repeated_names()):
                key = (records.category, order[name], column_name(records, name))
                found.setdefault(key, _field_of(records, name))
    return {key[2]: found[key] for key in sorted(found)}


def column_name(records: RecordTable, name: str) -> str:
    """Name of a column: `I048/040/RHO` for leaf "040/RHO" of category 048."""
    return f"I{records.category:03d}/{name}"


def export(recording: Recording, pieces: Callable[[], Iterator[Piece]], path: Path) -> None:
    """Write every record of the pieces to a file, by the suffix of its name.

    pieces: gives them from the start each time it is called (they are gone through twice).
    Raises `UsageProblem` for an unknown suffix, `FileProblem` or `ResourceProblem` where the
    file cannot be written; it appears under its name only when it is whole.
    """
    check_target(path)
    fields = columns_in(pieces())
    received = [pa.field("received_ns", pa.int64())] if recording.received_ns is not None else []
    schema = pa.schema([*(pa.field(*head) for head in PROVENANCE), *received, *fields.values()])
    part = path.with_name(path.name + ".part")
    try:
        with _writer(path.suffix.lower(), part, schema) as write:
            for piece in pieces():
                for table in _row_groups(recording, piece, schema):
                    write(table)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        if isinstance(error, PermissionError | IsADirectoryError):
            raise FileProblem(path, "cannot be written",
                              expected="a place where files can be written") from None
        raise ResourceProblem(f"{path}: cannot be written: {error}") from None


def _every_name(records: RecordTable) -> list[str]:
    """Names of all leaves and fields of bytes, in the order of the specification."""
    names: dict[int, list[str]] = {}
    for name, leaf in records.leaves.items():
        names.setdefault(leaf.slot, []).append(name)
    for name, slot in records.slots.items():
        if records.table.slots[slot].op in BYTES_OPS:
            names.setdefault(slot, []).append(name)
    return [name for slot in records.slots.values() for name in names.get(slot, [])]


def _field_of(records: RecordTable, name: str) -> pa.Field:
    leaf = records.leaves.get(name)
    if leaf is None:
        title = records.table.slots[records.slots[name]].title
        return pa.field(column_name(records, name), pa.binary(), metadata={"title": title})
    kind = _cell_type(leaf)
    meaning = {"title": leaf.title, "unit": leaf.unit}
    if kind == pa.uint64() and leaf.bits > EXACT_BITS:
        meaning["hex"] = str((leaf.bits + 3) // 4)
    return pa.field(column_name(records, name), pa.list_(kind) if leaf.repeated else kind,
                    metadata=meaning)


def _cell_type(leaf: Leaf) -> pa.DataType:
    if leaf.kind in BITS_PER_CHARACTER:
        return pa.string()
    return pa.binary() if leaf.bits > 64 else pa.from_numpy_dtype(dtype_of(leaf))


def _row_groups(recording: Recording, piece: Piece, schema: pa.Schema) -> Iterator[pa.Table]:
    """The records of a piece as Arrow tables of at most ROWS_AT_ONCE rows, in recorded order."""
    tables = piece.decoded.tables
    if not tables:
        return
    offsets = np.concatenate([records.offset for records in tables])
    order = np.argsort(offsets, kind="stable")
    table_of_row = np.repeat(np.arange(len(tables)), [records.n for records in tables])
    row = np.concatenate([np.arange(records.n) for records in tables])
    for begin in range(0, len(order), ROWS_AT_ONCE):
        chosen = order[begin:begin + ROWS_AT_ONCE]
        parts, places = [], []
        for index, records in enumerate(tables):
            mine = np.flatnonzero(table_of_row[chosen] == index)
            if len(mine):
                parts.append(_arrow(recording, piece, records.take(row[chosen[mine]]), schema))
                places.append(mine)
        back = np.argsort(np.concatenate(places), kind="stable")
        joined = pa.concat_tables(parts)
        yield joined if len(parts) == 1 else joined.take(pa.array(back))


def _arrow(recording: Recording, piece: Piece, records: RecordTable,
           schema: pa.Schema) -> pa.Table:
    n = records.n
    cells: dict[str, pa.Array] = {
        "category": pa.array(np.full(n, records.category, np.uint8)),
        "edition": pa.array([records.edition] * n, pa.string()),
        "profile": pa.array([records.uap or None] * n, pa.string()),
        "frame": pa.array(records.frame + piece.first),
        "offset": pa.array(piece.place_in_file(recording, records.frame, records.offset))}
    if recording.received_ns is not None:
        cells["received_ns"] = pa.array(recording.received_ns[records.frame + piece.first])
    for name in records.names():
        cells[column_name(records, name)] = _values(records, name)
    for name in records.repeated_names():
        cells[column_name(records, name)] = _lists(records, name)
    return pa.table([cells[field.name] if field.name in cells else pa.nulls(n, field.type)
                     for field in schema], schema=schema)


def _values(records: RecordTable, name: str) -> pa.Array:
    values, there = records.column(name)
    leaf = records.leaves[name]
    if leaf.kind in BITS_PER_CHARACTER:
        text = pa.array(np.char.decode(values, "latin-1"), pa.string(), mask=~there)
        return pc.utf8_rtrim(text, " ")
    if leaf.bits > 64:
        cells = [octets.tobytes() if here else None
                 for octets, here in zip(values, there, strict=True)]
        return pa.array(cells, pa.binary())
    return pa.array(values, mask=~there)


def _lists(records: RecordTable, name: str) -> pa.Array:
    values, start = records.repeated(name)
    leaf = records.leaves.get(name)
    slot = records.slots[name] if leaf is None else leaf.slot
    there = records.at[slot] > 0
    if leaf is None:
        octets = values.tobytes()
        cells = [octets[begin:end] if here else None for begin, end, here in zip(
            start[:-1].tolist(), start[1:].tolist(), there.tolist(), strict=True)]
        return pa.array(cells, pa.binary())
    if leaf.bits > 64:
        flat = pa.array([row.tobytes() for row in values], pa.binary())
    elif leaf.kind in BITS_PER_CHARACTER:
        flat = pc.utf8_rtrim(pa.array(np.char.decode(values, "latin-1"), pa.string()), " ")
    else:
        flat = pa.array(values)
    return pa.ListArray.from_arrays(pa.array(start.astype(np.int32)), flat, mask=pa.array(~there))


@contextmanager
def _writer(suffix: str, path: Path, schema: pa.Schema) -> Iterator[Callable[[pa.Table], None]]:
    """A function that appends a table to the file."""
    if suffix == ".parquet":
        with pa.parquet.ParquetWriter(path, schema, compression="zstd") as parquet:
            yield parquet.write_table
    elif suffix == ".csv":
        flat = pa.schema([pa.field(field.name, _text_type(field)) for field in schema])
        with pa.csv.CSVWriter(path, flat) as text:
            yield lambda table: text.write_table(
                pa.table([_csv_cells(table[field.name], field) for field in schema], schema=flat))
    else:
        with path.open("w", encoding="utf-8") as file:
            file.write("[")
            first = [True]
            yield lambda table: _write_json(file, table, schema, first)
            file.write("\n]\n")


def _text_type(field: pa.Field) -> pa.DataType:
    """Type of a column in CSV."""
    listed = pa.types.is_list(field.type) or pa.types.is_binary(field.type)
    return pa.string() if listed or _digits(field) else field.type


def _digits(field: pa.Field) -> int:
    """Hexadecimal digits of a column of numbers that not every reader holds exactly, else 0."""
    return int((field.metadata or {}).get(b"hex", 0))


def _csv_cells(column: pa.ChunkedArray, field: pa.Field) -> pa.ChunkedArray | pa.Array:
    if _text_type(field) == field.type:
        return column
    return pa.array([" ".join(map(str, cell)) if isinstance(cell, list) else cell
                     for cell in _plain_cells(column, field)], pa.string())


def _write_json(file: IO[str], table: pa.Table, schema: pa.Schema, first: list[bool]) -> None:
    """Append one object a line, of the fields that a record has."""
    columns = [(field.name, _plain_cells(table[field.name], field)) for field in schema]
    for row in range(table.num_rows):
        record = {name: cells[row] for name, cells in columns if cells[row] is not None}
        file.write(("\n" if first[0] else ",\n") + json.dumps(record, ensure_ascii=False))
        first[0] = False


def _plain_cells(column: pa.ChunkedArray, field: pa.Field) -> list[Any]:
    """Cells as Python values; bytes and long numbers as hexadecimal text."""
    cells: list[Any] = column.to_pylist()
    digits, kind = _digits(field), field.type
    if not digits and not pa.types.is_binary(kind) and not (
            pa.types.is_list(kind) and pa.types.is_binary(kind.value_type)):
        return cells

    def plain(cell: Any) -> str:
        return cell.hex() if isinstance(cell, bytes) else f"{cell:0{digits}x}"

    return [None if cell is None else [plain(item) for item in cell] if isinstance(cell, list)
            else plain(cell) for cell in cells]

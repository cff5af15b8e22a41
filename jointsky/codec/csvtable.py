"""Tables of columns in CSV (plain or gzip) and Parquet, read fast and refused clearly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from jointsky.model.batch import I32, Array, Bool
from jointsky.model.errors import FileProblem

HEAD_BYTES = 1 << 16
SUFFIXES = (".csv", ".csv.gz", ".parquet")
# Text comes as places in a list of the different words: few words are read often.
TYPES = {"f": pa.float64(), "i": pa.int64(), "s": pa.dictionary(pa.int32(), pa.string())}
# Rows of a chunk: small enough that its columns stay in the processor's cache.
CHUNK = 65_536


class Columns:
    """Columns of a file by name, absent cells told apart from zero."""

    def __init__(self, table: pa.Table):
        self._table = table

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def has(self, name: str) -> Bool:
        """Which rows have a value: (n,)."""
        there: Bool = np.asarray(self._table[name].is_valid())
        return there

    def values(self, name: str) -> Array:
        """Values of a column: float64 with NaN, int64 with 0, or str with "" where absent."""
        cells = self._table[name]
        if cells.type == TYPES["s"]:
            return np.asarray(cells.cast(pa.string()).fill_null("").to_pylist(), dtype=np.str_)
        if cells.type == TYPES["i"] and cells.null_count:
            cells = pc.fill_null(cells, 0)
        values = np.asarray(cells.to_numpy())
        # Memory of Arrow may not be written, which kernels take for another type.
        return values if values.flags.writeable else values.copy()

    def places(self, name: str, words: Sequence[str]) -> I32:
        """Where each text of a column stands in `words`: (n,), -1 if nowhere or absent."""
        parts = [np.empty(0, np.int32)]
        for chunk in self._table[name].chunks:
            known = chunk.dictionary.to_pylist()
            place = np.array([words.index(word) if word in words else -1 for word in known]
                             + [-1], np.int32)
            parts.append(place[np.asarray(pc.fill_null(chunk.indices, len(known)))])
        return np.concatenate(parts)


def find_table(folder: Path, name: str) -> Path:
    """The file `name` with one of the suffixes in a folder. Raises `FileProblem`."""
    for suffix in SUFFIXES:
        if (path := folder / f"{name}{suffix}").is_file():
            return path
    expected = ", ".join(f"{name}{suffix}" for suffix in SUFFIXES)
    raise FileProblem(folder, f"there is no {name}", expected=f"one of {expected}")


def read_table(path: Path, types: Mapping[str, str]) -> Columns:
    """Read the named columns of a file. types: column -> f (number), i (whole number), s (text).

    Other columns are left alone. Raises `FileProblem` with the row and column at fault.
    """
    parts = list(_tables(path, types, CHUNK))
    return Columns(pa.concat_tables(parts) if parts else _cast(pa.table({
        name: pa.nulls(0) for name in types}), types))


def read_chunks(path: Path, types: Mapping[str, str], rows: int = CHUNK) -> Iterator[Columns]:
    """`read_table` in parts of at most so many rows, in order. A Parquet file is read as the parts
    are asked for, text at once."""
    return map(Columns, _tables(path, types, rows))


def names_of(path: Path) -> list[str]:
    """The columns that a file says it has; none if it cannot be read."""
    try:
        if path.suffix == ".parquet":
            return list(pq.read_schema(path).names)
        with pa.input_stream(str(path), compression="gzip" if path.suffix == ".gz"
                             else None) as file:
            head = bytes(file.read(HEAD_BYTES)).decode("utf-8", "replace")
        return head.partition("\n")[0].strip().replace('"', "").split(",")
    except (pa.ArrowInvalid, OSError, EOFError):
        return []


def count_rows(path: Path) -> int | None:
    """How many rows a table has, where the file says so at its end (Parquet)."""
    try:
        return int(pq.read_metadata(path).num_rows) if path.suffix == ".parquet" else None
    except (pa.ArrowInvalid, OSError):
        return None


def _tables(path: Path, types: Mapping[str, str], rows: int) -> Iterator[pa.Table]:
    if not path.is_file():
        raise FileProblem(path, "there is no such file", expected="a table in CSV or Parquet")
    source = _parquet if path.suffix == ".parquet" else _text
    try:
        for table in source(path, types, rows):
            yield _cast(table, types)
    except (pa.ArrowInvalid, pa.ArrowKeyError, pa.ArrowNotImplementedError, OSError,
            EOFError) as error:
        raise FileProblem(path, str(error).strip().splitlines()[0],
                          expected=f"columns {', '.join(types)}") from None
    except _Lacking as lacking:
        raise FileProblem(path, f"no column {', '.join(lacking.args)}",
                          expected=f"columns {', '.join(types)}") from None


class _Lacking(Exception):
    """Columns that a file does not have."""


def _cast(table: pa.Table, types: Mapping[str, str]) -> pa.Table:
    return pa.table({name: table[name].cast(TYPES[kind]) for name, kind in types.items()})


def _check_names(found: Sequence[str], types: Mapping[str, str]) -> None:
    if lacking := [name for name in types if name not in found]:
        raise _Lacking(*lacking)


def _parquet(path: Path, types: Mapping[str, str], rows: int) -> Iterator[pa.Table]:
    words = [name for name, kind in types.items() if kind == "s"]
    with pq.ParquetFile(path, read_dictionary=words) as file:
        _check_names(file.schema_arrow.names, types)
        for batch in file.iter_batches(rows, columns=list(types), use_threads=False):
            yield pa.Table.from_batches([batch])


def _text(path: Path, types: Mapping[str, str], rows: int) -> Iterator[pa.Table]:
    with pa.input_stream(str(path), compression="gzip" if path.suffix == ".gz" else None) as file:
        table = pacsv.read_csv(
            file, convert_options=pacsv.ConvertOptions(
                column_types={name: TYPES[kind] for name, kind in types.items()},
                null_values=[""], strings_can_be_null=True))
    _check_names(table.column_names, types)
    for begin in range(0, table.num_rows, rows):
        yield table.slice(begin, rows)

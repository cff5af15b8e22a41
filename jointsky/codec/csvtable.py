"""Tables of columns in CSV (plain or gzip) and Parquet, read fast and refused clearly."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from jointsky.model.batch import Array, Bool
from jointsky.model.errors import FileProblem

SUFFIXES = (".csv", ".csv.gz", ".parquet")
TYPES = {"f": pa.float64(), "i": pa.int64(), "s": pa.string()}


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
        kind = cells.type
        if kind == pa.string():
            return np.asarray(cells.fill_null("").to_pylist(), dtype=np.str_)
        filler = np.nan if kind == pa.float64() else 0
        return np.asarray(pc.fill_null(cells, filler).to_numpy())


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
    if not path.is_file():
        raise FileProblem(path, "there is no such file", expected="a table in CSV or Parquet")
    try:
        table = _read_parquet(path) if path.suffix == ".parquet" else _read_csv(path, types)
    except (pa.ArrowInvalid, pa.ArrowKeyError, OSError, EOFError) as error:
        raise FileProblem(path, str(error).strip().splitlines()[0],
                          expected=f"columns {', '.join(types)}") from None
    absent = [name for name in types if name not in table.column_names]
    if absent:
        raise FileProblem(path, f"no column {', '.join(absent)}",
                          expected=f"columns {', '.join(types)}")
    try:
        return Columns(pa.table({name: table[name].cast(TYPES[kind])
                                 for name, kind in types.items()}))
    except pa.ArrowInvalid as error:
        raise FileProblem(path, str(error).strip().splitlines()[0],
                          expected="numbers in those columns") from None


def _read_parquet(path: Path) -> pa.Table:
    return pq.read_table(path)


def _read_csv(path: Path, types: Mapping[str, str]) -> pa.Table:
    with pa.input_stream(str(path), compression="gzip" if path.suffix == ".gz" else None) as file:
        return pacsv.read_csv(
            file, convert_options=pacsv.ConvertOptions(
                column_types={name: TYPES[kind] for name, kind in types.items()},
                null_values=[""], strings_can_be_null=True))

"""Batches: frozen structs of equal-length arrays, whose columns are declared once.

A batch class lists its columns as dataclass fields made by `column(...)`; from that declaration
come the Arrow schema, the console's types and the page of `docs/`. A nullable column has a bit in
the batch's `present` column: the value of an absent cell is 0 (NaN for floats) and means nothing.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, Self, cast

import numpy as np
import numpy.typing as npt

from jointsky.model.errors import SchemaMismatch, WorldMismatch
from jointsky.model.world import World

Array = npt.NDArray[Any]
Bool = npt.NDArray[np.bool_]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
U8 = npt.NDArray[np.uint8]
U16 = npt.NDArray[np.uint16]
U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]
Text = npt.NDArray[np.bytes_]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: NumPy type, unit ("" for none), whether cells may be absent, where it comes
    from, what it means; `width` > 1 makes each cell a fixed-size vector."""

    name: str
    dtype: np.dtype[Any]
    unit: str
    nullable: bool
    source: str
    doc: str
    width: int = 1


def column(dtype: str, unit: str, doc: str, *, source: str = "", null: bool = False,
           width: int = 1) -> Any:
    """Declare a column of a batch (see `Column`)."""
    return field(metadata={"column": (dtype, unit, null, source, doc, width)})


@dataclass(frozen=True, eq=False)
class Batch:
    """Base of all batches: equal-length arrays of one world. Subclasses declare columns only."""

    world: World

    def __post_init__(self) -> None:
        n = len(self)
        for col in columns_of(type(self)):
            cells = getattr(self, col.name)
            shape = (n,) if col.width == 1 else (n, col.width)
            if cells.dtype != col.dtype or cells.shape != shape:
                raise SchemaMismatch(
                    f"{type(self).__name__}.{col.name}: {cells.dtype}{cells.shape}, "
                    f"expected {col.dtype}{shape}")

    def __len__(self) -> int:
        return len(getattr(self, columns_of(type(self))[0].name))

    @classmethod
    def empty(cls, world: World) -> Self:
        """A batch of no rows."""
        return cls.blank(0, world)

    @classmethod
    def blank(cls, n: int, world: World) -> Self:
        """A batch of n rows with every cell 0 (NaN for nullable floats) and none present."""
        cells: dict[str, Array] = {}
        for col in columns_of(cls):
            shape = (n,) if col.width == 1 else (n, col.width)
            cells[col.name] = np.zeros(shape, col.dtype)
            if n and col.nullable and col.dtype.kind == "f":
                cells[col.name].fill(np.nan)
        return cls(world=world, **cells)

    @classmethod
    def bit(cls, name: str) -> np.uint64:
        """The bit of `present` that says whether the nullable column `name` has a value."""
        return _bits_of(cast(Hashable, cls))[name]

    def has(self, name: str) -> Bool:
        """Which rows have a value in the nullable column `name`: bool (n,)."""
        present: U64 = getattr(self, "present")  # noqa: B009 - declared by the subclasses
        there: Bool = (present & self.bit(name)) != 0
        return there

    def take(self, rows: Array | slice) -> Self:
        """The rows picked by an index or boolean array, in that order, or by a slice."""
        return type(self)(world=self.world, **{
            col.name: getattr(self, col.name)[rows] for col in columns_of(type(self))})

    @classmethod
    def join(cls, parts: list[Self], world: World) -> Self:
        """All rows of the parts, in order. Raises `WorldMismatch` if any is of another world."""
        for part in parts:
            if part.world is not world:
                raise WorldMismatch(f"{cls.__name__}: {part.world.value} joined to {world.value}")
        filled = [part for part in parts if len(part)]
        if len(filled) == 1:
            return filled[0]
        if not filled:
            return cls.empty(world)
        return cls(world=world, **{
            col.name: np.concatenate([getattr(part, col.name) for part in filled])
            for col in columns_of(cls)})


def columns_of(batch: type[Batch]) -> tuple[Column, ...]:
    """The column table of a batch class, in declared order."""
    return _table_of(cast(Hashable, batch))


@cache
def _table_of(batch: Any) -> tuple[Column, ...]:
    table = []
    for item in fields(batch):
        if "column" in item.metadata:
            dtype, unit, null, source, doc, width = item.metadata["column"]
            table.append(Column(item.name, np.dtype(dtype), unit, null, source, doc, width))
    return tuple(table)


@cache
def _bits_of(batch: Any) -> dict[str, np.uint64]:
    names = [col.name for col in columns_of(batch) if col.nullable]
    assert len(names) <= 64, "one 64-bit `present` column carries the validity of a row"
    return {name: np.uint64(1 << place) for place, name in enumerate(names)}

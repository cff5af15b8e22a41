"""State to bytes and back, exactly: dataclasses, tuples, numbers and arrays, without pickle.

The bytes are a length, a tree in JSON and the cells of the arrays. They are read by the program
that wrote them or a like one: where the tree does not fit the dataclasses of today, `unpack`
raises `SchemaMismatch` and the caller replays the journal instead.
"""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

from jointsky.model.batch import Array
from jointsky.model.errors import SchemaMismatch
from jointsky.model.world import World

T = TypeVar("T")
MAGIC = b"JSKC0001"


def pack(state: Any) -> bytes:
    """A dataclass as bytes."""
    cells: list[bytes] = []
    tree = json.dumps(_tree_of(state, cells)).encode()
    return b"".join([MAGIC, len(tree).to_bytes(8, "little"), tree, *cells])


def unpack(kind: type[T], blob: bytes, world: World | None = None) -> T:
    """The dataclass of type `kind` that `pack` made into `blob`. Raises `SchemaMismatch`.

    world: put everything in this world, for a state kept live is played again as REPLAY.
    """
    try:
        if blob[:8] != MAGIC:
            raise ValueError(f"begins with {blob[:8].hex(' ')}")
        end = 16 + int.from_bytes(blob[8:16], "little")
        made: T = _object_of(json.loads(blob[16:end]), kind, _Cells(blob, end, world))
        return made
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise SchemaMismatch(f"a checkpoint that does not fit: {error}") from None


class _Cells:
    """The bytes of the arrays, taken in the order they were written; and the world to be in."""

    def __init__(self, blob: bytes, at: int, world: World | None):
        self._blob, self._at, self.world = blob, at, world

    def take(self, descr: Any, shape: list[int]) -> Array:
        kind = _dtype_of(descr)
        count = int(np.prod(shape, dtype=np.int64))
        cells = np.frombuffer(self._blob, kind, count, self._at) if count else np.empty(0, kind)
        self._at += count * kind.itemsize
        return cells.reshape(shape).copy()


def _dtype_of(descr: Any) -> np.dtype[Any]:
    """The type of cells: text for a plain one, for records a list of name, type and shape."""
    if isinstance(descr, str):
        return np.dtype(descr)
    return np.dtype([(name, _dtype_of(part), *(tuple(one) for one in shape))
                     for name, part, *shape in descr])


def _tree_of(thing: Any, cells: list[bytes]) -> Any:
    if isinstance(thing, np.ndarray):
        cells.append(np.ascontiguousarray(thing).tobytes())
        return {"array": [np.lib.format.dtype_to_descr(thing.dtype), list(thing.shape)]}
    if isinstance(thing, Enum):
        return thing.value
    if thing is None or isinstance(thing, (bool, int, float, str)):
        return thing
    if isinstance(thing, np.generic):
        return thing.item()
    if isinstance(thing, (tuple, list)):
        return [_tree_of(part, cells) for part in thing]
    if isinstance(thing, dict):
        return [[_tree_of(key, cells), _tree_of(value, cells)] for key, value in thing.items()]
    assert is_dataclass(thing), f"a state holds no {type(thing).__name__}"
    return {item.name: _tree_of(getattr(thing, item.name), cells) for item in fields(thing)}


def _object_of(tree: Any, kind: Any, cells: _Cells) -> Any:
    origin = get_origin(kind)
    if origin is np.ndarray:
        return cells.take(*tree["array"])
    if origin in (Union, UnionType):
        if tree is None:
            return None
        (kind,) = (part for part in get_args(kind) if part is not NoneType)
        return _object_of(tree, kind, cells)
    if origin is tuple:
        parts = get_args(kind)
        if parts[1:] == (Ellipsis,):
            parts = parts[:1] * len(tree)
        return tuple(_object_of(branch, part, cells)
                     for branch, part in zip(tree, parts, strict=True))
    if origin is list:
        return [_object_of(branch, get_args(kind)[0], cells) for branch in tree]
    if origin is dict:
        of_key, of_value = get_args(kind)
        return {_object_of(key, of_key, cells): _object_of(value, of_value, cells)
                for key, value in tree}
    if is_dataclass(kind):
        assert isinstance(kind, type)
        hints = get_type_hints(kind)
        names = [item.name for item in fields(kind)]
        if set(tree) != set(names):
            raise ValueError(f"{kind.__name__} has other fields")
        return kind(**{name: _object_of(tree[name], hints[name], cells) for name in names})
    if kind is World and cells.world is not None:
        return cells.world
    if isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields"):
        hints = get_type_hints(kind)
        return kind(*(_object_of(branch, hints[name], cells)
                      for name, branch in zip(kind._fields, tree, strict=True)))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(tree)
    return kind(tree) if kind in (int, float, str, bool) else tree

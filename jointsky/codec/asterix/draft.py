"""Records of one category in the making, column by column."""

from __future__ import annotations

import numpy as np

from jointsky.codec.asterix.encode import BLOCK_LIMIT, Columns, blocks_of, encode_records
from jointsky.codec.asterix.tables import editions_of, table_of
from jointsky.model.batch import I32, Array, Bool


class Draft:
    """n records of the newest edition of a category."""

    def __init__(self, category: int, n: int):
        self._n = n
        self._table = table_of(category, editions_of(category)[-1])
        self._leaves = self._table.leaves_of("")
        self._values: dict[str, tuple[Array, Bool]] = {}

    def knows(self, name: str) -> bool:
        """Whether the edition has a leaf."""
        return name in self._leaves

    def put(self, name: str, values: Array, there: Bool | None = None) -> None:
        """Set a leaf in the records where it is to stand (None: in all); see `Columns.values`."""
        rows = np.ones(self._n, np.bool_) if there is None else there
        if rows.any():
            self._values[name] = (values, rows)

    def source(self, item: str, sensor_id: I32) -> None:
        """Set a data source identifier from SAC << 8 | SIC."""
        self.put(f"{item}/SAC", sensor_id >> 8)
        self.put(f"{item}/SIC", sensor_id & 0xFF)

    def blocks(self, limit: int = BLOCK_LIMIT, group: Array | None = None) -> list[bytes]:
        """The records as data blocks (see `blocks_of`)."""
        return blocks_of(encode_records(self._table, Columns(self._n, self._values)), limit,
                         group)

"""What could not be read: one row per fault, its words made when somebody reads them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from jointsky.codec.asterix.tables import Table
from jointsky.kernels import asterix as kernel
from jointsky.model.batch import I64, U8, Text
from jointsky.model.reject import Reason

# Fault of a kernel -> reason, what was expected, what stood there; {e} and {f} are its numbers.
_WORDS: Final = {
    kernel.BLOCK_SHORT: (Reason.BLOCK_TOO_SHORT, "a block length of {e} or more", "{f}"),
    kernel.BLOCK_CUT: (Reason.BLOCK_TRUNCATED, "a block of {e} octets", "{f} octets"),
    kernel.FSPEC_CUT: (Reason.FSPEC_TRUNCATED, "octet {e} of the FSPEC", "{f} octets"),
    kernel.FSPEC_LONG: (Reason.UNKNOWN_ITEM, "an FSPEC of at most {e} octets", "{f} octets"),
    kernel.NO_ITEM: (Reason.UNKNOWN_ITEM, "an item of FRN 1 to {e}", "FRN {f}"),
    kernel.ITEM_CUT: (Reason.ITEM_TRUNCATED, "{e} octets", "{f} octets"),
    kernel.NO_LENGTH: (Reason.BAD_LENGTH, "a length of {e} or more", "{f}"),
    kernel.EMPTY: (Reason.EMPTY_RECORD, "a record with an item", "an empty FSPEC"),
    kernel.FULL: (Reason.LIMIT, "at most {e} records in one call", "more"),
    kernel.NO_CATEGORY: (Reason.UNKNOWN_CATEGORY, "a category with a table", "{f}"),
}


@dataclass(frozen=True, eq=False)
class RejectTable:
    """Rejects in the order of their byte offsets.

    rows (n, REJECT_COLUMNS): as the kernels write them; tables: table that each category was read
    by; more: rejects beyond the limit of rows, counted only.
    """

    rows: I64
    tables: dict[int, Table]
    more: int = 0

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.rows)

    @property
    def total(self) -> int:
        """Number of rejects, those that have no row with them."""
        return self.n + self.more

    @property
    def offset(self) -> I64:
        """Byte offset in the buffer, of the block or record at fault: int64 (n,)."""
        return self.rows[:, kernel.OFFSET]

    @property
    def frame(self) -> I64:
        """Index of the span it stands in: int64 (n,)."""
        return self.rows[:, kernel.FRAME]

    @cached_property
    def category(self) -> U8:
        """Category that the block names: uint8 (n,)."""
        return self.rows[:, kernel.CATEGORY].astype(np.uint8)

    @cached_property
    def reason(self) -> Text:
        """A value of `Reason`, as bytes: S24 (n,)."""
        words = np.zeros(max(_WORDS) + 1, "S24")
        for fault, (reason, _, _) in _WORDS.items():
            words[fault] = reason.value
        text: Text = words[self.rows[:, kernel.FAULT]]
        return text

    @cached_property
    def item(self) -> Text:
        """Item at fault, e.g. "380/ADR", empty if none: S16 (n,)."""
        names = [self.tables[category].slots[slot].name if slot >= 0 else ""
                 for category, slot in self.rows[:, [kernel.CATEGORY, kernel.SLOT]].tolist()]
        return np.array(names, "S16").reshape(self.n)

    @cached_property
    def expected(self) -> Text:
        """What was expected there: S48 (n,)."""
        return self._words(1)

    @cached_property
    def found(self) -> Text:
        """What stood there: S48 (n,)."""
        return self._words(2)

    def counts(self) -> dict[str, int]:
        """Number of rejects by reason; those without a row count as `limit`."""
        reasons, numbers = np.unique(self.reason, return_counts=True)
        found = {reason.decode(): int(number)
                 for reason, number in zip(reasons, numbers, strict=True)}
        if self.more:
            found[Reason.LIMIT.value] = found.get(Reason.LIMIT.value, 0) + self.more
        return found

    def _words(self, which: int) -> Text:
        columns = [kernel.FAULT, kernel.EXPECTED, kernel.FOUND]
        words = [_WORDS[fault][which].format(e=e, f=f)  # type: ignore[union-attr]
                 for fault, e, f in self.rows[:, columns].tolist()]
        return np.array(words, "S48").reshape(self.n)

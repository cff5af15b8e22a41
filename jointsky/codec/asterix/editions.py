"""Which edition of a category the bytes follow."""

from __future__ import annotations

from dataclasses import dataclass

from jointsky.codec.asterix.tables import editions_of
from jointsky.model.batch import I64, U8


@dataclass(frozen=True, eq=False)
class Blocks:
    """Blocks of one category (see `kernels.asterix.find_blocks`) in a buffer."""

    buffer: U8
    rows: I64


def choose_edition(blocks: Blocks, category: int) -> str:
    """The edition that fits best; of those that fit alike, the newest."""
    return editions_of(category)[-1]

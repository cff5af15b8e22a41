"""CAT048 to columns: ours against libasterix, aviconv-asterix and pyasteryx, one core, one run.

Ours reads the whole Barcelona recording to physical values of every column, the edition found by
itself. Peers read as many of its records as they do in about a second, each into the records it
makes itself: libasterix only takes the structure apart (its values are not asked for),
aviconv-asterix types some fields and keeps the others as hexadecimal, pyasteryx gives all items.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from asterix.base import Bits, RawDatablock
from asterix.generated import Cat_048_1_32
from aviconv_asterix import iter_records
from pyasteryx import Decoder

from jointsky.codec.asterix.decode import decode as decode_columns

FILE = "asterix/barcelona_radar_cat048_20230502.ast"
REPEATS = 7


def shared() -> Path:
    """The folder of recordings that lies beside the project."""
    root = Path(__file__).resolve().parents[1].parent / "shared"
    return Path(os.environ.get("JOINTSKY_SHARED", root)) / "data"


def ours(content: bytes) -> int:
    """Every column of every record as arrays."""
    count = 0
    for records in decode_columns(content).tables:
        for name in records.names():
            records.column(name)
        for name in records.repeated_names():
            records.repeated(name)
        count += records.n
    return count


def libasterix(content: bytes) -> int:
    """Structure of every record."""
    count, rest = 0, Bits.from_bytes(content)
    while len(rest):
        block, rest = RawDatablock.parse_single(rest)
        count += len(Cat_048_1_32.cv_uap.parse(block.get_raw_records()))
    return count


def aviconv(content: bytes) -> int:
    """Typed records."""
    return sum(1 for _ in iter_records(content))


def pyasteryx(content: bytes) -> int:
    """Messages of all items."""
    return len(Decoder().decode(content))


# How much of the file each gets: all, or so many octets (whole blocks).
SIDES: tuple[tuple[str, Callable[[bytes], int], int], ...] = (
    ("jointsky", ours, 1 << 30), ("libasterix", libasterix, 100_000),
    ("aviconv-asterix", aviconv, 1_500_000), ("pyasteryx", pyasteryx, 1_500_000))


def head_of(content: bytes, octets: int) -> bytes:
    """Whole blocks from the start, about so many octets."""
    end = 0
    while end < min(octets, len(content)):
        end += content[end + 1] << 8 | content[end + 2]
    return content[:end]


def rate(decode: Callable[[bytes], int], content: bytes) -> float:
    """Records a second."""
    begun = time.perf_counter()
    count = decode(content)
    return count / (time.perf_counter() - begun)


def main() -> None:
    """Print the rate of each side, and ours as a multiple of the fastest peer."""
    content = (shared() / FILE).read_bytes()
    slices = {name: head_of(content, octets) for name, _, octets in SIDES}
    for name, decode, _ in SIDES:
        decode(head_of(slices[name], 5_000))
    rates: dict[str, list[float]] = {name: [] for name, _, _ in SIDES}
    for _ in range(REPEATS):
        for name, decode, _ in SIDES:
            rates[name].append(rate(decode, slices[name]))
    for name, found in rates.items():
        print(f"{name:16s} {statistics.median(found):12,.0f} records/s"
              f"  ({min(found):,.0f} to {max(found):,.0f}, {REPEATS} runs)")
    best = max((name for name in rates if name != "jointsky"),
               key=lambda name: statistics.median(rates[name]))
    ratios = [a / b for a, b in zip(rates["jointsky"], rates[best], strict=True)]
    print(f"ratio to {best}: {statistics.median(ratios):.1f}"
          f" ({min(ratios):.1f} to {max(ratios):.1f})")


if __name__ == "__main__":
    main()

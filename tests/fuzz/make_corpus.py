"""Make the fuzz corpus: `python -m tests.fuzz.make_corpus`. From tables and a seed alone.

One file for each category and edition of a different structure: blocks of random records, so
that mutation starts from bytes that lead deep into the decoder. No byte is from a recording.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from jointsky.codec.asterix.tables import FOLDER, categories
from tests.oracles.asterix import Writer

CORPUS = Path(__file__).parent / "corpus"
SEED = 20_260_101
RECORDS = (1, 3, 2)


def main() -> None:
    """Write the corpus."""
    CORPUS.mkdir(exist_ok=True)
    for category in categories():
        source = json.loads((FOLDER / f"cat{category:03d}.json").read_text(encoding="utf-8"))
        names = list(source["editions"])
        for edition in dict.fromkeys((names[0], names[-1])):
            writer = Writer(source, edition, np.random.default_rng(SEED + category))
            blocks = [writer.block(category, count) for count in RECORDS]
            name = f"cat{category:03d}_{edition}.bin"
            (CORPUS / name).write_bytes(b"".join(block for block in blocks
                                                 if len(block) < 4_096))


if __name__ == "__main__":
    main()

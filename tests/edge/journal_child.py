"""A process that writes a journal until it is killed; prints what was acknowledged.

Run by test_journal.py: `python journal_child.py JOURNAL`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from jointsky.edge.journal import EntryKind, JournalWriter


def main() -> None:
    """Append frames and a tick, commit, print the acknowledged sequence; for ever."""
    journal = JournalWriter(Path(sys.argv[1]))
    number = journal.acknowledged
    while True:
        for _ in range(37):
            number += 1
            journal.append(EntryKind.FRAME, number * 7, number.to_bytes(8, "big") * 9, "radar")
        number += 1
        journal.append_tick(number * 7)
        journal.commit()
        sys.stdout.write(f"{journal.acknowledged}\n")
        sys.stdout.flush()


main()

"""A process that writes a ledger and its outbox until it is killed; prints what is safe.

Run by test_ledger.py: `python ledger_child.py LEDGER FOLDER_OF_THE_PROJECT`.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, sys.argv[2])

from tests.edge import ledgers


def main() -> None:
    """Write two messages and a denial, withhold every third, acknowledge some; for ever."""
    ledger = ledgers.writer(Path(sys.argv[1]))
    while True:
        made = ledger.waiting(ledgers.SOUTH).made
        ledger.write([ledgers.message(ledgers.SOUTH, made + 1), ledgers.message(
            ledgers.SOUTH, made + 2), ledgers.denial(ledgers.START_NS, ledgers.SOUTH)])
        sent = ledger.take(ledgers.SOUTH, ledgers.START_NS, lambda release, _: (
            "" if release.sequence % 3 else "every third"), after=made)
        safe = ledger.size
        if made % 10 == 0:
            ledger.acknowledge(ledgers.SOUTH, made)
        sys.stdout.write(f"{safe} {sent[-1].release.sequence}\n")
        sys.stdout.flush()


main()

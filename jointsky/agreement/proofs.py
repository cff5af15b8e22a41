"""Proofs that stand alone: one JSON object that a person without the ledger can check.

`docs/scripts/verify_proof.py` is such a check, and knows nothing of this program.
"""

from __future__ import annotations

import json

from jointsky.agreement.merkle import NodeOf, consistency_proof, inclusion_proof
from jointsky.agreement.notes import Checkpoint, Note

INCLUSION = "jointsky inclusion proof 1"
CONSISTENCY = "jointsky consistency proof 1"


def inclusion_text(number: int, body: bytes, checkpoint: Checkpoint, note: Note,
                   node: NodeOf) -> str:
    """That a record is number `number` of the ledger that a checkpoint stands for. note: the
    checkpoint with its signatures; node: hashes of the ledger's tree (`agreement/merkle.py`)."""
    path = inclusion_proof(number, checkpoint.size, node)
    return _text({"format": INCLUSION, "number": number, "record": body.decode(),
                  "path": [one.hex() for one in path], "checkpoint": str(note)})


def consistency_text(first: tuple[Checkpoint, Note], second: tuple[Checkpoint, Note],
                     node: NodeOf) -> str:
    """That the ledger of one checkpoint is the beginning of that of another."""
    path = consistency_proof(first[0].size, second[0].size, node)
    return _text({"format": CONSISTENCY, "path": [one.hex() for one in path],
                  "first": str(first[1]), "second": str(second[1])})


def _text(content: dict[str, object]) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"

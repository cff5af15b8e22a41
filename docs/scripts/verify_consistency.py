"""Check that a ledger only grew: python docs/scripts/verify_consistency.py FILE KEY...

FILE: of `jointsky ledger prove --between`; KEY: NAME+HASH+KEY of each who must have signed both
checkpoints. RFC 9162, 2.1.4.2.
"""
import json
import sys
from pathlib import Path

from verify_proof import EXAMPLE, climb, opened

if __name__ == "__main__":
    file, *keys = sys.argv[1:] or [str(Path(__file__).with_name("growth.json")), *EXAMPLE[1:]]
    try:
        proof = json.loads(Path(file).read_text(encoding="utf-8"))
        origin, first, root = opened(proof["first"], keys)
        other, second, later = opened(proof["second"], keys)
        if not keys or origin != other or not 0 < first < second:
            raise ValueError("not an earlier and a later checkpoint of one ledger, or no key")
        path = [root.hex(), *proof["path"]] if first & (first - 1) == 0 else proof["path"]
        at, last = first - 1, second - 1
        while at & 1:
            at, last = at >> 1, last >> 1
        if climb(at, last, bytes.fromhex(path[0]), path[1:]) != (root, later):
            raise ValueError("the path leads to other roots")
    except Exception as error:
        sys.exit(f"NOT PROVED: {error!r}")
    print(f"proved: {origin} of {first} records is the beginning of that of {second}")

"""Check a proof of a ledger without jointsky: python docs/scripts/verify_proof.py FILE KEY...

FILE: of `jointsky ledger prove`; KEY: NAME+HASH+KEY of each who must have signed. RFC 9162, 2.1."""
import base64
import hashlib
import json
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey as Ed25519

EXAMPLE = [str(Path(__file__).with_name("proof.json")),
           "KGZ.Kant/live+44f544e3+AYMgpRl32MOMqKSSfGcN9YIeRJdhlF4V6e+yahUJ0jDq"]

def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

def climb(at, last, start, path):
    old = new = start  # new: root of the larger tree; old: of the smaller, in consistency proofs
    for step in map(bytes.fromhex, path):
        if last == 0 or at > last:
            return b"", b""  # the path is too long, or of no leaf of this tree
        new = sha(b"\1", step, new) if at & 1 or at == last else sha(b"\1", new, step)
        old = sha(b"\1", step, old) if at & 1 or at == last else old
        up = (at & -at).bit_length() if at == last else 1
        at, last = at >> up, last >> up
    return (old, new) if at == last == 0 else (b"", b"")

def opened(note, keys):
    text, _, lines = note.rpartition("\n\n")
    found = [(one.split(" ")[1], base64.b64decode(one.split(" ")[2])) for one in lines.splitlines()]
    for name, _, key in (one.split("+", 2) for one in keys):
        octets = base64.b64decode(key)
        signature, = [raw[4:] for who, raw in found if who == name
                      and raw[:4] == sha(name.encode(), b"\n", octets)[:4]]
        Ed25519.from_public_bytes(octets[1:]).verify(signature, f"{text}\n".encode())
    origin, size, root = text.split("\n")
    return origin, int(size), base64.b64decode(root)

if __name__ == "__main__":
    file, *keys = sys.argv[1:] or EXAMPLE
    try:
        proof = json.loads(Path(file).read_text(encoding="utf-8"))
        origin, size, root = opened(proof["checkpoint"], keys)
        number, leaf = json.loads(proof["record"])["number"], sha(b"\0", proof["record"].encode())
        if not keys or climb(number, size - 1, leaf, proof["path"])[1] != root:
            raise ValueError("the path leads to another root" if keys else "name a key you trust")
    except Exception as error:
        sys.exit(f"NOT PROVED: {error!r}")
    print(f"proved: record {number} of {size} in {origin}: {proof['record']}")

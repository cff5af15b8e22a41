"""What the ledger costs: python -m bench.ledger.

Batches as a unit writes them for five recipients at 10,000 tracks a second: a message of 20 kB for
each with its record and a denial, one commit for all. The peer is SQLite itself: the same bytes of
messages and records appended to a plain table in the same mode (WAL, synchronous=FULL), with the
same commits. Then proofs and the audit of a ledger of many records, and messages taken by the gate.
"""

from __future__ import annotations

import hashlib
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from jointsky.agreement.keys import public_of
from jointsky.agreement.ledger import (
    Alarm,
    Cause,
    Denial,
    Entry,
    GrantUse,
    Opening,
    Record,
    Release,
    canonical,
)
from jointsky.agreement.merkle import consistency_proof, includes, inclusion_proof
from jointsky.agreement.ranges import ranges_of
from jointsky.edge.audit import audit
from jointsky.edge.ledger import LedgerReader, LedgerWriter, Outgoing

PARTNERS = ("KGZ.Kant", "KAZ.Almaty", "BLR.Minsk", "TJK.Dushanbe", "ARM.Yerevan")
BATCHES, TRACKS, BODY_BYTES = 400, 100, 20_000
MANY, CHUNK = 1_000_000, 20_000
AUDITED = 100_000
END_NS = 1 << 62
PRIVATE = bytes(range(32))


def opening(unit: str) -> Opening:
    """Of a ledger of this unit."""
    return Opening(time_ns=1, unit=unit, world="exercise", key=public_of(PRIVATE).hex())


def batch(rng: np.random.Generator, number: int) -> list[Record | Outgoing]:
    """A message and a denial for each partner; about a third of the tracks in ranges."""
    items: list[Record | Outgoing] = []
    for partner in PARTNERS:
        tracks = ranges_of(rng.integers(0, 3 * TRACKS, TRACKS))
        body = rng.bytes(BODY_BYTES)
        items.append(Outgoing(Release(
            time_ns=number, recipient=partner, sequence=number, rows=TRACKS, not_after_ns=END_NS,
            digest=hashlib.sha256(body).hexdigest(), grants=(GrantUse(
                agreement="kgz-rus", version=1, instrument="00" * 32, grant="tracks-south",
                rows=TRACKS, tracks=tracks),)), body))
        items.append(Denial(time_ns=number, recipient=partner, rows=20, causes=(
            Cause(rule="area", rows=20, tracks=ranges_of(rng.integers(0, 900, 20))),)))
    return items


def plain(path: Path, batches: list[list[bytes]]) -> float:
    """Seconds that a plain table takes for the same bytes with the same commits."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA wal_autocheckpoint = 10000")
    db.execute("CREATE TABLE entries (number INTEGER PRIMARY KEY, body BLOB)")
    begin = time.perf_counter()
    for rows in batches:
        db.execute("BEGIN IMMEDIATE")
        db.executemany("INSERT INTO entries (body) VALUES (?)", [(row,) for row in rows])
        db.execute("COMMIT")
    spent = time.perf_counter() - begin
    db.close()
    return spent


def bytes_of(items: list[Record | Outgoing]) -> list[bytes]:
    """What a batch puts on disk: messages and records."""
    found = []
    for item in items:
        record = item.release if isinstance(item, Outgoing) else item
        found.append(canonical(Entry(number=1, previous="00" * 32, record=record)))
        if isinstance(item, Outgoing):
            found.append(item.body)
    return found


def appending(folder: Path) -> None:
    """Commits of whole batches, the ledger beside a plain table; then the gate."""
    rng = np.random.default_rng(7)
    batches = [batch(rng, number) for number in range(1, BATCHES + 1)]
    peer = [bytes_of(items) for items in batches]
    ledger = LedgerWriter(folder / "unit.ledger", opening("RUS.South"))
    spent, other = 0.0, 0.0
    for begin in range(0, BATCHES, 100):  # by turns, for the machine is not always the same
        other += plain(folder / f"plain{begin}.db", peer[begin:begin + 100])
        start = time.perf_counter()
        for items in batches[begin:begin + 100]:
            ledger.write(items)
        spent += time.perf_counter() - start
    messages = BATCHES * len(PARTNERS)
    print(f"{BATCHES} commits of {len(PARTNERS)} messages of {BODY_BYTES // 1000} kB and "
          f"{2 * len(PARTNERS)} records: ledger {messages / spent:,.0f} messages/s "
          f"({1e3 * spent / BATCHES:.2f} ms a commit, {2 * messages / spent:,.0f} records/s), "
          f"plain SQLite {messages / other:,.0f} messages/s ({1e3 * other / BATCHES:.2f} ms); "
          f"ratio {spent / other:.2f}")
    start, taken = time.perf_counter(), 0
    while found := ledger.take(PARTNERS[0], BATCHES, lambda release, now_ns: "", after=taken):
        taken = found[-1].release.sequence
    spent = time.perf_counter() - start
    print(f"taken through the gate: {taken / spent:,.0f} messages/s")
    ledger.close()


def proving(folder: Path) -> None:
    """Proofs in a ledger of many records, and the audit of one."""
    path = folder / "many.ledger"
    ledger = LedgerWriter(path, opening("RUS.South"))
    start = time.perf_counter()
    for begin in range(0, MANY, CHUNK):
        ledger.write([Alarm(time_ns=1, name="bench", text=str(number))
                      for number in range(begin, begin + CHUNK)])
        if begin + CHUNK == AUDITED:
            told_audit(path)
    print(f"{ledger.size:,} short records in commits of {CHUNK:,}: "
          f"{ledger.size / (time.perf_counter() - start):,.0f} records/s with the audit between")
    checkpoint = ledger.checkpoint
    ledger.close()
    reader = LedgerReader(path)
    rng, times = np.random.default_rng(8), []
    for number in rng.integers(0, checkpoint.size, 200).tolist():
        start = time.perf_counter()
        proof = inclusion_proof(number, checkpoint.size, reader.node)
        times.append(time.perf_counter() - start)
        assert includes(number, checkpoint.size, reader.node(0, number), proof, checkpoint.root)
    start = time.perf_counter()
    for size in rng.integers(1, checkpoint.size, 50).tolist():
        consistency_proof(size, checkpoint.size, reader.node)
    grown = (time.perf_counter() - start) / 50
    reader.close()
    start = time.perf_counter()
    LedgerWriter(path, opening("RUS.South")).close()
    print(f"of {checkpoint.size:,} records: proof of a record median "
          f"{1e3 * np.median(times):.2f} ms, longest {1e3 * max(times):.2f} ms; of growth "
          f"{1e3 * grown:.2f} ms; opened for writing in "
          f"{1e3 * (time.perf_counter() - start):.1f} ms")


def told_audit(path: Path) -> None:
    """Print how long everything takes to be computed anew."""
    start = time.perf_counter()
    reader = LedgerReader(path)
    found = audit(reader)
    reader.close()
    assert not found.faults
    print(f"audit: {found.size / (time.perf_counter() - start):,.0f} records/s")


def main() -> None:
    """In a folder that is named, or a temporary one."""
    named = sys.argv[1:] if sys.argv[0].endswith("ledger.py") else []
    with tempfile.TemporaryDirectory(dir=named[0] if named else None) as folder:
        appending(Path(folder))
        proving(Path(folder))


if __name__ == "__main__":
    main()

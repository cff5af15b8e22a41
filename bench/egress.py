"""What the egress verifier costs beside the release that it verifies: python -m bench.egress.

Tracks and agreements as in `bench.release`, as far as those agreements are in force by their own
text, activated by acts, and more tracks: about 10,000 leave for a recipient. What leaves is made
and verified, both in processor time of the same run.
"""

from __future__ import annotations

import hashlib
import json

import numpy as np

from bench.release import (
    DAY_NS,
    EXAMPLES,
    NOW_NS,
    RECIPIENTS,
    SEED,
    SENDER,
    SENSORS,
    timed,
    told,
    tracks_around,
)
from jointsky.agreement.compiled import compile_rules
from jointsky.agreement.decide import decide
from jointsky.agreement.delays import DelayLine
from jointsky.agreement.life import Facts, status_at
from jointsky.agreement.periods import text_of
from jointsky.agreement.reading import Document, parse_instrument
from jointsky.agreement.release import Partial, Released, release
from jointsky.agreement.standing import Standing, Standings
from jointsky.edge.egress import Egress

# So many that about 10,000 leave for a recipient.
TRACKS, REPEATS = 180_000, 10


def in_force() -> list[Document]:
    """The agreements that are shipped, of which the sender is a party, in force by their text."""
    documents = [parse_instrument(path.read_text(), path.name)
                 for path in sorted(EXAMPLES.glob("*.yaml"))]
    return [one for one in documents if SENDER in one.instrument.nations
            and status_at(one.instrument, Facts(), NOW_NS - DAY_NS).in_force]


def activation(document: Document) -> tuple[int, str]:
    """That it was activated, as the verifier reads it; signatures are looked at before."""
    digest = hashlib.sha256(document.text.encode()).hexdigest()
    return NOW_NS - DAY_NS, json.dumps({
        "act": "activate", "agreement": document.instrument.id, "party": SENDER,
        "version": document.instrument.version, "digest": digest, "text": document.text,
        "issued": text_of(NOW_NS - DAY_NS)})


def main() -> None:
    """Measure."""
    rng = np.random.default_rng(SEED)
    documents = in_force()
    rules = compile_rules(
        Standings(NOW_NS, NOW_NS + DAY_NS, tuple(
            Standing(one, NOW_NS - DAY_NS, NOW_NS + DAY_NS) for one in documents), ()),
        SENDER, RECIPIENTS, SENSORS, "tracks")
    batch = tracks_around(rng, TRACKS)
    bits = np.full(TRACKS, 0b0011, np.uint64)
    none = Partial(np.empty(0, np.int64), batch.take(slice(0, 0)), np.empty(0, np.uint64))
    # As old as any grant asks for.
    now_ns = NOW_NS + int(max(rules.grants["delay_ns"].max(), 0))
    decision = decide(rules, batch, bits, now_ns)
    made: list[Released] = []

    def make() -> None:
        made[:] = [release(rules, nation, batch, bits, decision, none, DelayLine())[0]
                   for nation in RECIPIENTS]

    make()
    leaving = [one for one in made if len(one)]
    print(f"{len(documents)} agreements, {len(rules.rules)} grants; of {TRACKS:,} tracks "
          + ", ".join(f"{len(one):,} go to {one.recipient}" for one in made))
    told("what leaves for five recipients, made", *timed(make, REPEATS))
    egress = Egress(SENDER, SENSORS, [activation(one) for one in documents])
    refusals = [egress.check(one, now_ns) for one in leaving]
    assert not any(refusals), refusals
    rows = sum(len(one) for one in leaving)
    told(f"verified, {rows:,} rows in all", *timed(
        lambda: [egress.check(one, now_ns) for one in leaving], REPEATS))


if __name__ == "__main__":
    main()

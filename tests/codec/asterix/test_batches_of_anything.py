"""Whatever valid records hold: every one becomes a row or a refusal, and nothing else happens."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jointsky.codec.asterix.decode import decode
from jointsky.codec.asterix.from_batches import encode_plots, encode_statuses, encode_tracks
from jointsky.codec.asterix.plots import FILLERS as PLOTS
from jointsky.codec.asterix.plots import plots_of
from jointsky.codec.asterix.statuses import FILLERS as STATUSES
from jointsky.codec.asterix.statuses import statuses_of
from jointsky.codec.asterix.tables import editions_of, table_of
from jointsky.codec.asterix.tracks import tracks_of
from jointsky.model.world import World
from tests.oracles.asterix_records import record

EDITIONS = [(category, edition) for category in sorted({*PLOTS, *STATUSES, 62})
            for edition in editions_of(category)]
WITH_OTHER_MESSAGES = (10, 15)
NOON = 19_000 * 86_400 * 10**9


def block(category: int, records: list[bytes]) -> bytes:
    joined = b"".join(records)
    return bytes([category]) + (len(joined) + 3).to_bytes(2, "big") + joined


@pytest.mark.parametrize(("category", "edition"), EDITIONS)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32), odd=st.booleans())
def test_every_record_becomes_a_row_or_a_refusal(category: int, edition: str, seed: int,
                                                 odd: bool) -> None:
    chance, table = Random(seed), table_of(category, edition)
    frames = []
    for _ in range(chance.randint(1, 6)):
        uap = chance.choice(list(table.uaps))
        records = [record(table, uap, chance, odd) for _ in range(chance.randint(1, 8))]
        frames.append(block(category, records))
    length = np.array([len(frame) for frame in frames])
    decoded = decode(b"".join(frames), spans=(np.cumsum(length) - length, length),
                     editions={category: edition})
    n = sum(decoded.counts().values())
    received = NOON + np.arange(len(frames)) * 10**9
    context = (decoded, received, np.arange(len(frames)) + 40, World.STUDY)
    plots, bad_plots = plots_of(*context)
    statuses, bad_statuses = statuses_of(*context)
    tracks, bad_tracks = tracks_of(*context)
    made = sum(map(len, (plots, bad_plots, statuses, bad_statuses, tracks, bad_tracks)))
    assert made == n or (category in WITH_OTHER_MESSAGES and made < n)
    for rejects in (bad_plots, bad_statuses, bad_tracks):
        assert (rejects.category == category).all()
        assert (rejects.offset < length[rejects.frame - 40]).all() and (rejects.offset >= 3).all()
    for rows in (plots, statuses):
        assert (np.abs(rows.time_ns - rows.received_ns) <= 43_200 * 10**9).all()
        assert (rows.offset < length[rows.frame - 40]).all()
    assert np.isfinite(tracks.latitude_rad).all() and np.isfinite(tracks.covariance).all()
    encode_plots(plots)
    encode_statuses(statuses)
    encode_tracks(tracks)

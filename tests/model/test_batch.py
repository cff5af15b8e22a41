"""Batches: equal lengths, right types, worlds that never mix, absence that is explicit."""

from __future__ import annotations

import numpy as np
import pytest

from jointsky.model.batch import Batch, columns_of
from jointsky.model.errors import SchemaMismatch, WorldMismatch
from jointsky.model.schema import PlotBatch, RejectBatch, SensorStatusBatch, TrackBatch
from jointsky.model.world import World

ALL = (PlotBatch, RejectBatch, SensorStatusBatch, TrackBatch)


@pytest.mark.parametrize("kind", ALL)
def test_a_blank_batch_has_its_length_and_nothing_present(kind: type[Batch]) -> None:
    batch = kind.blank(3, World.LIVE)
    assert len(batch) == 3
    for col in columns_of(kind):
        if col.nullable:
            assert not batch.has(col.name).any()


@pytest.mark.parametrize("kind", ALL)
def test_columns_say_what_they_mean(kind: type[Batch]) -> None:
    for col in columns_of(kind):
        assert col.doc
        if col.nullable:
            assert any(c.name == "present" for c in columns_of(kind))


def test_a_column_of_the_wrong_type_or_length_is_refused() -> None:
    good = PlotBatch.blank(2, World.LIVE)
    cells = {col.name: getattr(good, col.name) for col in columns_of(PlotBatch)}
    with pytest.raises(SchemaMismatch, match="range_m"):
        PlotBatch(world=World.LIVE, **{**cells, "range_m": np.zeros(2, np.float32)})
    with pytest.raises(SchemaMismatch, match="mode_3a"):
        PlotBatch(world=World.LIVE, **{**cells, "mode_3a": np.zeros(3, np.uint16)})


def test_worlds_never_mix() -> None:
    live, study = PlotBatch.blank(1, World.LIVE), PlotBatch.blank(1, World.STUDY)
    with pytest.raises(WorldMismatch):
        PlotBatch.join([live, study], World.LIVE)
    with pytest.raises(WorldMismatch):
        PlotBatch.join([study], World.LIVE)


def test_join_and_take_keep_rows_in_order() -> None:
    first, second = TrackBatch.blank(2, World.LIVE), TrackBatch.blank(3, World.LIVE)
    first.system_track_number[:] = (1, 2)
    second.system_track_number[:] = (3, 4, 5)
    second.present[1] |= TrackBatch.bit("mode_3a")
    joined = TrackBatch.join([first, second], World.LIVE)
    assert joined.system_track_number.tolist() == [1, 2, 3, 4, 5]
    assert joined.take(joined.has("mode_3a")).system_track_number.tolist() == [4]
    assert joined.take(np.array([4, 0])).system_track_number.tolist() == [5, 1]


def test_each_nullable_column_has_its_own_bit() -> None:
    names = [col.name for col in columns_of(PlotBatch) if col.nullable]
    assert len({int(PlotBatch.bit(name)) for name in names}) == len(names)

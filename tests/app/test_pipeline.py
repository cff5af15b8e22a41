"""Tracking on two threads: the same bytes as on one, and nothing depends on the parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

import numpy as np
import pytest

from jointsky.app.pipeline import IN_ORDER, UNIT_ID, deal, pictures
from jointsky.model.errors import FileProblem
from jointsky.model.schema import PlotBatch, TrackBatch
from jointsky.model.sensor import SensorKind
from jointsky.model.world import World
from jointsky.track import tracker
from tests.track.scenes import BEGIN_NS, S, crowd, radar

SENSORS = (radar(clutter=8.0), radar(2, 47.4, 9.9, SensorKind.PSR, clutter=20.0))
GRID_NS = BEGIN_NS + np.arange(0, 41, 4, dtype=np.int64) * S


@pytest.fixture(scope="module")
def plots() -> PlotBatch:
    return crowd(SENSORS, 25, 45.0, seed=5)


def parts_of(plots: PlotBatch, rows: int) -> Iterator[PlotBatch]:
    return (plots.take(slice(at, at + rows)) for at in range(0, len(plots), rows))


def bytes_of(found: Iterator[tuple[int, TrackBatch]]) -> list[tuple[int, list[bytes]]]:
    return [(now_ns, [getattr(tracks, one.name).tobytes() for one in fields(tracks)
                      if one.name != "world"]) for now_ns, tracks in found]


def test_two_threads_give_the_bytes_of_one(plots: PlotBatch) -> None:
    state, plain, begin = tracker.start(World.STUDY, UNIT_ID, SENSORS, IN_ORDER), [], 0
    for now_ns in GRID_NS.tolist():
        end = int(np.searchsorted(plots.time_ns, now_ns, side="right"))
        state = tracker.advance(state, plots.take(slice(begin, end)), now_ns)
        plain.append((now_ns, tracker.picture(state, now_ns)))
        begin = end
    expected = bytes_of(iter(plain))
    assert len(plain[-1][1]) > 10
    for threads, rows in ((1, len(plots)), (1, 7), (2, 100), (2, 1)):
        assert bytes_of(pictures(parts_of(plots, rows), SENSORS, GRID_NS, World.STUDY,
                                 threads)) == expected


@pytest.mark.parametrize("rows", [1, 3, 50, 10_000])
def test_parts_are_dealt_to_the_steps_they_belong_to(plots: PlotBatch, rows: int) -> None:
    dealt = list(deal(parts_of(plots, rows), GRID_NS, World.STUDY))
    assert [now_ns for now_ns, _ in dealt] == GRID_NS.tolist()
    after = BEGIN_NS - S
    for now_ns, some in dealt:
        assert ((some.time_ns > after) & (some.time_ns <= now_ns)).all()
        after = now_ns
    whole = PlotBatch.join([some for _, some in dealt], World.STUDY)
    used = plots.time_ns <= GRID_NS[-1]
    np.testing.assert_array_equal(whole.range_m, plots.range_m[used])


@pytest.mark.parametrize("threads", [1, 2])
def test_a_bad_part_is_told_even_after_the_last_step(plots: PlotBatch, threads: int) -> None:
    def parts(good: int) -> Iterator[PlotBatch]:
        yield from list(parts_of(plots, 200))[:good]
        raise FileProblem("plots.parquet", "time going backwards")

    for good in (1, len(plots) // 200 + 1):
        with pytest.raises(FileProblem, match="backwards"):
            list(pictures(parts(good), SENSORS, GRID_NS, World.STUDY, threads))

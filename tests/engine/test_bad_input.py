"""Bad input to a unit, as real ASTERIX: told by sensor and reason; the picture of others stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from jointsky.app.cards import sensors_message
from jointsky.app.picture import picture_of
from jointsky.codec.asterix.from_batches import encode_plots, encode_statuses
from jointsky.engine.health import SensorRow, duration_text, sensor_rows
from jointsky.engine.state import PictureState, start
from jointsky.engine.step import StepResult, step
from jointsky.model.clock import NS_PER_S
from jointsky.model.frame import Frame
from jointsky.model.reject import Reason
from jointsky.model.schema import PlotBatch, TrackState
from jointsky.model.sensor import sensor_id_of
from jointsky.model.world import World
from jointsky.sim import simulate as simulation
from tests.engine.simulated import (
    BEGIN_NS,
    TICK_NS,
    UNIT,
    columns_bytes,
    scenario_of_demo,
    sensors_of_demo,
    with_picture,
)

KANT, STATION = sensor_id_of(200, 11), sensor_id_of(200, 21)
SECONDS = 30
Change = Callable[[PlotBatch], PlotBatch]


@cache
def observed() -> list[tuple[int, simulation.Observed]]:
    running = simulation.start(scenario_of_demo().with_seed(20), BEGIN_NS)
    return [(now_ns, simulation.simulate(running, now_ns))
            for now_ns in range(BEGIN_NS + TICK_NS, BEGIN_NS + SECONDS * NS_PER_S + 1, TICK_NS)]


def frames_of(seen: simulation.Observed, now_ns: int, change: Change) -> list[Frame]:
    """One input for each sensor; `change` is done to the plots of the radar at Kant."""
    frames = []
    for sensor in scenario_of_demo().sensors:
        plots = seen.plots.take(seen.plots.sensor_id == sensor.sensor_id)
        statuses = seen.statuses.take(seen.statuses.sensor_id == sensor.sensor_id)
        if sensor.sensor_id == KANT and len(plots):
            plots = change(plots)
        frames += [Frame(sensor.name, now_ns - 1_000_000, payload)
                   for payload in [*encode_statuses(statuses), *encode_plots(plots)]]
    return frames


def run(change: Change, routes: int = 1) -> list[StepResult]:
    state: PictureState = start(World.EXERCISE, UNIT, sensors_of_demo())
    results = []
    for now_ns, seen in observed():
        frames = frames_of(seen, now_ns, change)
        again = [replace(frame, source=f"{frame.source} {route}") for route in range(1, routes)
                 for frame in frames]
        results.append(with_picture(step(state, frames + again, now_ns)))
        state = results[-1].state
    return results


def row_of(result: StepResult, sensor_id: int) -> SensorRow:
    return next(row for row in sensor_rows(result.state) if row.sensor_id == sensor_id)


def refused(results: list[StepResult]) -> dict[str, int]:
    words, counts = np.unique(np.concatenate([one.rejects.reason for one in results]),
                              return_counts=True)
    return dict(zip([word.decode() for word in words.tolist()], counts.tolist(), strict=True))


def pictures(results: list[StepResult]) -> list[dict[str, bytes]]:
    return [columns_bytes(one.tracks) for one in results]


@pytest.fixture(scope="module")
def without() -> list[dict[str, bytes]]:
    """The picture if the radar at Kant said nothing but its north marks."""
    return pictures(run(lambda plots: plots.take(slice(0, 0))))


def later(seconds: float) -> Change:
    return lambda plots: replace(plots, time_ns=plots.time_ns + round(seconds * NS_PER_S))


@pytest.mark.parametrize(("off_s", "said"), [(3600, "clock off +60 min"),
                                             (-7210, "clock off -2 h"), (-90, "clock off -90")])
def test_a_radar_with_a_wrong_clock_is_isolated_and_shown(
        off_s: float, said: str, without: list[dict[str, bytes]]) -> None:
    results = run(later(off_s))
    assert pictures(results) == without
    row = row_of(results[-1], KANT)
    assert row.refused == {"clock": row.rejects} and row.rejects == row.reports > 50
    assert row.note.startswith(said)
    assert refused(results) == {"clock": row.rejects} and results[-1].state.rejects == row.rejects
    message = sensors_message(picture_of(results[-1].state, results[-1].picture))
    shown = next(one for one in message["rows"] if one["id"] == KANT)
    assert shown["note"] == row.note and shown["refused"] == row.refused


def test_a_clock_a_whole_day_off_is_no_fault_where_only_the_time_of_day_is_sent() -> None:
    assert pictures(run(later(86_400))) == pictures(run(later(0)))


def test_the_same_frames_by_two_routes_give_the_same_picture() -> None:
    one, two = run(later(0)), run(later(0), routes=2)
    assert pictures(one) == pictures(two)
    assert two[-1].state.plots == one[-1].state.plots > 500
    assert refused(two) == {"duplicate": one[-1].state.plots} and refused(one) == {}


def test_ranges_of_nothing_are_refused_and_named(without: list[dict[str, bytes]]) -> None:
    def change(plots: PlotBatch) -> PlotBatch:
        plots.range_m[:] = 0.0
        return plots
    results = run(lambda plots: change(plots.take(np.arange(len(plots)))))
    assert pictures(results) == without
    assert row_of(results[-1], KANT).refused == {"bad_value": row_of(results[-1], KANT).reports}
    rejects = next(one.rejects for one in results if len(one.rejects))
    assert rejects.reason[0] == Reason.BAD_VALUE.value.encode()
    assert rejects.found[0].startswith(b"sensor 200/11") and rejects.frame[0] >= 0


def test_a_radar_that_floods_is_cut_and_no_track_comes_of_it() -> None:
    rng = np.random.default_rng(1)

    def change(plots: PlotBatch) -> PlotBatch:
        if plots.time_ns[0] < BEGIN_NS + 21 * NS_PER_S:
            return plots
        many = plots.take(np.zeros(8_000, np.int64))
        many.time_ns[:] += rng.integers(0, NS_PER_S // 4, len(many))
        many.range_m[:] = rng.uniform(10_000, 300_000, len(many))
        many.azimuth_rad[:] = rng.uniform(0, 2 * np.pi, len(many))
        many.present[:] &= ~(PlotBatch.bit("mode_3a") | PlotBatch.bit("icao_address"))
        return PlotBatch.join([plots, many], plots.world)

    calm, flooded = run(later(0))[-1], run(change)[-1]
    row = row_of(flooded, KANT)
    assert row.refused["flood"] > 50_000 and row.note == "floods"
    assert row_of(flooded, STATION).refused == {}
    def live(result: StepResult) -> int:
        return int((result.tracks.state != TrackState.DROPPED).sum())
    assert abs(live(flooded) - live(calm)) <= 0.05 * live(calm)


@pytest.mark.parametrize(("seconds", "text"), [
    (86_400, "+24 h"), (-90, "-90 s"), (600, "+10 min"), (-61, "-61 s")])
def test_how_far_a_clock_is_off_is_said_in_a_unit_that_people_use(seconds: float,
                                                                  text: str) -> None:
    assert duration_text(seconds) == text

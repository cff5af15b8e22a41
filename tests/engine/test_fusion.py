"""Tracks of another system, fused: one track for each aircraft, and no worse than either side."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import Geod
from scipy.optimize import linear_sum_assignment

from jointsky.codec.asterix.from_batches import encode_plots, encode_statuses, encode_tracks
from jointsky.engine.fusion import TAKEN_EVERY_NS
from jointsky.engine.state import start
from jointsky.engine.step import StepResult, step
from jointsky.model.clock import NS_PER_S
from jointsky.model.frame import Frame
from jointsky.model.schema import PlotKind, TrackBatch, TrackState
from jointsky.model.sensor import Sensor, SensorKind, sensor_id_of
from jointsky.model.unit import Unit
from jointsky.model.world import World
from jointsky.sim import simulate as simulation
from tests.engine.simulated import BEGIN_NS, TICK_NS, UNIT, scenario_of_demo, sensors_of_demo

GEOD = Geod(ellps="WGS84")
PARTNER = Unit("partner", "KGZ", 200, 2, 0.71, 1.27)
KANT, JALAL_ABAD = sensor_id_of(200, 11), sensor_id_of(200, 12)
CUT_M = 5_000.0
SECONDS = 90


def partner(fuse: bool) -> Sensor:
    return Sensor(PARTNER.unit_id, "partner", SensorKind.TRACKER, 0.0, 0.0, 0.0, 8.0, 400_000.0,
                  100.0, 0.0, fuse=fuse)


def sensor(sensor_id: int) -> Sensor:
    return next(one for one in sensors_of_demo() if one.sensor_id == sensor_id)


def frames_of(seen: simulation.Observed, sensor_id: int, now_ns: int) -> list[Frame]:
    plots = seen.plots.take(seen.plots.sensor_id == sensor_id)
    statuses = seen.statuses.take(seen.statuses.sensor_id == sensor_id)
    return [Frame("radar", now_ns - 1_000_000, one)
            for one in [*encode_statuses(statuses), *encode_plots(plots)]]


class TwoUnits:
    """One unit at Kant, one at Jalal-Abad whose tracks the first gets each 4 s; and the truth."""

    def __init__(self) -> None:
        running = simulation.start(scenario_of_demo().with_seed(31), BEGIN_NS)
        alone = start(World.EXERCISE, UNIT, (sensor(KANT),))
        theirs = start(World.EXERCISE, PARTNER, (sensor(JALAL_ABAD),))
        joined = start(World.EXERCISE, UNIT, (sensor(KANT), partner(fuse=True)))
        beside = start(World.EXERCISE, UNIT, (sensor(KANT), partner(fuse=False)))
        self.alone, self.theirs = [], []
        self.joined: list[StepResult] = []
        self.beside: list[StepResult] = []
        self.truth: list[simulation.Truth] = []
        for tick, now_ns in enumerate(range(BEGIN_NS + TICK_NS, BEGIN_NS + SECONDS * NS_PER_S + 1,
                                            TICK_NS)):
            seen = simulation.simulate(running, now_ns)
            mine = frames_of(seen, KANT, now_ns)
            self.alone.append(step(alone, mine, now_ns))
            self.theirs.append(step(theirs, frames_of(seen, JALAL_ABAD, now_ns), now_ns))
            told = ([Frame("partner", now_ns, block)
                     for block in encode_tracks(self.theirs[-1].tracks)] if tick % 8 == 7 else [])
            self.joined.append(step(joined, mine + told, now_ns))
            self.beside.append(step(beside, mine + told, now_ns))
            for last in (self.alone[-1], self.theirs[-1], self.joined[-1], self.beside[-1]):
                assert last.picture.world is World.EXERCISE  # drawn before the next step
            alone, theirs = self.alone[-1].state, self.theirs[-1].state
            joined, beside = self.joined[-1].state, self.beside[-1].state
            if len(seen.truth.time_ns):
                self.truth.append(seen.truth)


@pytest.fixture(scope="module")
def units() -> TwoUnits:
    return TwoUnits()


def live(tracks: TrackBatch) -> TrackBatch:
    return tracks.take(np.isin(tracks.state, (TrackState.CONFIRMED, TrackState.COASTING)))


def distances(tracks: TrackBatch, truth: simulation.Truth) -> np.ndarray:
    """Metres between each track and each aircraft."""
    n, m = len(tracks), len(truth.number)
    lat, lon = np.repeat(tracks.latitude_rad, m), np.repeat(tracks.longitude_rad, m)
    far = GEOD.inv(lon, lat, np.tile(truth.longitude_rad, n), np.tile(truth.latitude_rad, n),
                   radians=True)[2]
    return np.reshape(far, (n, m))


def gospa(tracks: TrackBatch, truth: simulation.Truth) -> float:
    far = distances(tracks, truth)
    rows, columns = linear_sum_assignment(np.minimum(far, CUT_M) ** 2 - CUT_M**2)
    near = far[rows, columns] < CUT_M
    left = len(tracks) + len(truth.number) - 2 * near.sum()
    return float(np.sqrt((far[rows, columns][near] ** 2).sum() + left * CUT_M**2 / 2))


def mean_gospa(units: TwoUnits, results: list[StepResult]) -> float:
    """Over the last 30 s, at whole seconds."""
    return float(np.mean([gospa(live(results[2 * s - 1].tracks), units.truth[s - 1])
                          for s in range(SECONDS - 30, SECONDS + 1)]))


def doubles(tracks: TrackBatch, truth: simulation.Truth) -> int:
    """Tracks that stand nearest to an aircraft that another track is nearer to."""
    far = distances(tracks, truth)
    near = far.min(1) < 2_000
    return int(near.sum() - len(set(far[near].argmin(1).tolist())))


def test_fused_is_one_picture_no_worse_than_either_side(units: TwoUnits) -> None:
    alone, theirs, joined = (mean_gospa(units, one)
                             for one in (units.alone, units.theirs, units.joined))
    assert joined <= min(alone, theirs)
    last = live(units.joined[-1].picture)
    assert set(last.unit_id.tolist()) == {UNIT.unit_id}
    assert len(last) > len(live(units.alone[-1].tracks))
    assert doubles(last, units.truth[-1]) <= doubles(live(units.alone[-1].tracks),
                                                     units.truth[-1]) + 1


def test_unfused_tracks_stand_beside_ours_as_before(units: TwoUnits) -> None:
    for alone, beside in zip(units.alone, units.beside, strict=True):
        assert alone.tracks.latitude_rad.tobytes() == beside.tracks.latitude_rad.tobytes()
    last = live(units.beside[-1].picture)
    assert set(last.unit_id.tolist()) == {UNIT.unit_id, PARTNER.unit_id}
    assert doubles(last, units.truth[-1]) > 5


def told(number: int, now_ns: int, latitude: float, state: int = TrackState.CONFIRMED,
         sigma_m: float = 60.0) -> TrackBatch:
    tracks = TrackBatch.blank(1, World.EXERCISE)
    tracks.time_ns[:] = tracks.updated_ns[:] = tracks.started_ns[:] = now_ns
    tracks.system_track_number[:], tracks.unit_id[:] = number, PARTNER.unit_id
    tracks.latitude_rad[:], tracks.longitude_rad[:] = np.radians(latitude), 1.3
    tracks.velocity_north_ms[:] = 200.0
    tracks.covariance[:, [0, 4]], tracks.covariance[:, [7, 9]] = sigma_m**2, 25.0
    tracks.state[:] = state
    return tracks


def hear(seconds: float, state: int = TrackState.CONFIRMED) -> list[StepResult]:
    """A track of the partner each second, on a straight course north."""
    unit = start(World.EXERCISE, UNIT, (partner(fuse=True),))
    results = []
    for second in range(round(seconds)):
        now_ns = BEGIN_NS + second * NS_PER_S
        blocks = encode_tracks(told(5, now_ns, 43.0 + second * 200.0 / 111_100, state))
        results.append(step(unit, [Frame("partner", now_ns, one) for one in blocks],
                            now_ns + NS_PER_S // 2))
        assert results[-1].picture.world is World.EXERCISE
        unit = results[-1].state
    return results


def test_a_false_track_of_the_partner_does_not_at_once_become_ours() -> None:
    results = hear(60)
    shown = [len(live(one.picture)) for one in results]
    assert shown[-1] == 1 and not any(shown[:28])
    reports = [one.plots for one in results if len(one.plots)]
    assert {len(one) for one in reports} == {1}
    times = np.array([one.time_ns[0] for one in reports])
    assert np.diff(times).min() >= TAKEN_EVERY_NS - NS_PER_S // 64
    assert set(np.concatenate([one.kind for one in reports]).tolist()) == {PlotKind.TRACK}
    # What is taken is believed less than the partner says: three times the variance.
    assert reports[0].sigma_m[0] == pytest.approx(np.sqrt(3) * 60, rel=0.02)
    assert reports[0].velocity_sigma_ms[0] == pytest.approx(np.sqrt(3) * 5, rel=0.05)


@pytest.mark.parametrize("state", [TrackState.COASTING, TrackState.TENTATIVE, TrackState.DROPPED])
def test_what_the_partner_did_not_measure_is_not_taken(state: int) -> None:
    results = hear(60, state)
    assert not any(len(one.plots) or len(one.picture) for one in results)

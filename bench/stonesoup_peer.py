"""Stone Soup on a plot folder, as well as we can make it run: the peer of `tracker_stonesoup`.

Kalman filter on an azimuthal equidistant plane, nearly constant velocity, global nearest neighbour
in two dimensions, a gate by KD-tree of our own (Stone Soup's own tree predicts every track for
every scan), tracks confirmed by a number of plots and dropped when unseen. What can be chosen is
`PeerTuning`; its defaults are what `bench.stonesoup_tuning` found best. Slant range becomes ground
position by pymap3d with Mode C, or 6,000 m where there is none, which then counts as uncertainty
of range.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pymap3d
import pyproj
from scipy.spatial import cKDTree
from stonesoup.base import Property
from stonesoup.dataassociator.neighbour import GNNWith2DAssignment
from stonesoup.hypothesiser.distance import DistanceHypothesiser
from stonesoup.measures import Mahalanobis
from stonesoup.models.measurement.linear import LinearGaussian
from stonesoup.models.transition.linear import (
    CombinedLinearGaussianTransitionModel,
    ConstantVelocity,
)
from stonesoup.predictor.kalman import KalmanPredictor
from stonesoup.types.detection import Detection
from stonesoup.types.state import GaussianState
from stonesoup.types.track import Track
from stonesoup.updater.kalman import KalmanUpdater

from jointsky.codec.plotfolder import PlotFolder
from jointsky.codec.trackfile import TrackRows
from jointsky.model.clock import NS_PER_S
from jointsky.model.schema import PlotBatch
from jointsky.model.sensor import Sensor

CELL_S = 1.0  # plots of one sensor within this time are associated together
SPEED_MS, SPEED_SIGMA_MS = 0.0, 250.0
ASSUMED_M, ASSUMED_SIGMA_M = 6000.0, 3500.0
EPOCH = datetime(2000, 1, 1)  # noqa: DTZ001 - Stone Soup compares naive times
NEAR_M = 12_000.0


@dataclass(frozen=True)
class PeerTuning:
    """What can be chosen of the peer.

    noise: white acceleration spectral density, m2/s3; gate_sigmas: furthest plot of a track;
    confirmed_at: plots that make a track sure; drop_turns, hold_turns: median radar periods without
    a plot after which a sure, a held track goes; quiet: a plot in the gate of a sure track that
    another plot has taken starts none (the doubles that it would start cost more than the aircraft
    that it would find sooner).
    """

    noise: float = 800.0
    gate_sigmas: float = 4.0
    confirmed_at: int = 5
    drop_turns: float = 2.5
    hold_turns: float = 2.5
    quiet: bool = True


DEFAULT = PeerTuning()


class Associator(GNNWith2DAssignment):
    """Global nearest neighbour among the pairs that the tree lets through."""

    gated: set = Property(default=None, doc="Detections that were in the gate of any track")

    def __init__(self, *args, **kwargs):  # type: ignore[no-untyped-def]
        super().__init__(*args, **kwargs)
        self.gated = set()

    def generate_hypotheses(self, tracks, detections, timestamp, **kwargs):  # type: ignore[no-untyped-def]
        found = {track: self.hypothesiser.hypothesise(track, near, timestamp)
                 for track, near in kwargs["near"].items()}
        self.gated.update(one.measurement for many in found.values() for one in many if one)
        return found


def positions_of(plots: PlotBatch, sensors: dict[int, Sensor],
                 plane: pyproj.Proj) -> tuple[np.ndarray, np.ndarray]:
    """Positions (n, 2) on the plane and their covariances (n, 2, 2)."""
    spot, spread = np.zeros((len(plots), 2)), np.zeros((len(plots), 2, 2))
    for sensor_id in np.unique(plots.sensor_id).tolist():
        sensor, rows = sensors[sensor_id], np.flatnonzero(plots.sensor_id == sensor_id)
        if plots.has("latitude_rad")[rows].all():
            latitude, longitude = plots.latitude_rad[rows], plots.longitude_rad[rows]
            spread[rows] = np.eye(2) * sensor.sigma_range_m ** 2
        else:
            latitude, longitude, spread[rows] = slant(plots, rows, sensor)
        spot[rows] = np.column_stack(plane(np.degrees(longitude), np.degrees(latitude)))
    return spot, spread


def slant(plots: PlotBatch, rows: np.ndarray,
          sensor: Sensor) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Latitude, longitude rad and covariance of radar plots, their bias taken off."""
    range_m = plots.range_m[rows] - sensor.range_bias_m
    azimuth = plots.azimuth_rad[rows] - sensor.azimuth_bias_rad
    height = np.where(plots.has("mode_c_m")[rows], plots.mode_c_m[rows], ASSUMED_M)
    radius = 6_371_000.0
    inner, outer = radius + sensor.height_m, radius + height
    sine = np.clip((outer ** 2 - inner ** 2 - range_m ** 2) / (2 * range_m * inner), -1, 1)
    latitude, longitude, _ = pymap3d.aer2geodetic(
        azimuth, np.arcsin(sine), range_m, sensor.latitude_rad, sensor.longitude_rad,
        sensor.height_m, deg=False)
    # Where the height is assumed, so is part of the ground range.
    unsure = np.where(plots.has("mode_c_m")[rows], 0.0, ASSUMED_SIGMA_M)
    along_m2 = sensor.sigma_range_m ** 2 + (
        unsure * np.minimum(np.abs(height - sensor.height_m) / range_m, 1)) ** 2
    along = np.column_stack((np.sin(azimuth), np.cos(azimuth)))
    across = np.column_stack((np.cos(azimuth), -np.sin(azimuth)))
    spread = (along[:, :, None] * along[:, None, :] * along_m2[:, None, None]
              + across[:, :, None] * across[:, None, :]
              * ((range_m * sensor.sigma_azimuth_rad) ** 2)[:, None, None])
    return latitude, longitude, spread


class Peer:
    """Stone Soup's parts put together."""

    def __init__(self, period_s: float, tuning: PeerTuning):
        self.tuning = tuning
        model = CombinedLinearGaussianTransitionModel(
            [ConstantVelocity(tuning.noise), ConstantVelocity(tuning.noise)])
        self.predictor, self.updater = KalmanPredictor(model), KalmanUpdater(None)
        self.associator = Associator(DistanceHypothesiser(
            self.predictor, self.updater, Mahalanobis(), missed_distance=tuning.gate_sigmas))
        self.sure: dict[Track, None] = {}
        self.held: dict[Track, None] = {}
        self.updates: dict[Track, int] = {}
        self.seen: dict[Track, datetime] = {}
        self.numbers: dict[Track, int] = {}
        self.height: dict[Track, float] = {}
        self.period_s = period_s

    def cell(self, detections: list[Detection]) -> None:
        """Plots of one sensor and one stretch of time."""
        free, gated = self.associate(self.sure, detections)
        free, _ = self.associate(self.held, free)
        for track in [one for one in self.held if self.updates[one] >= self.tuning.confirmed_at]:
            del self.held[track]
            self.sure[track] = None
            self.numbers[track] = len(self.numbers) + 1
        if self.tuning.quiet:
            free = [one for one in free if one not in gated]
        for detection in free:
            x, y = detection.state_vector[0, 0], detection.state_vector[1, 0]
            covariance = np.diag([0, SPEED_SIGMA_MS ** 2, 0, SPEED_SIGMA_MS ** 2]).astype(float)
            noise = detection.measurement_model.noise_covar
            covariance[np.ix_([0, 2], [0, 2])] = noise
            track = Track([GaussianState([x, SPEED_MS, y, SPEED_MS], covariance,
                                         timestamp=detection.timestamp)])
            self.held[track] = None
            self.note(track, detection, 1)

    def associate(self, tracks: dict[Track, None],
                  detections: list[Detection]) -> tuple[list[Detection], set[Detection]]:
        """Update tracks; the detections that none took, and those that were in any gate."""
        if not tracks or not detections:
            return detections, set()
        listed = list(tracks)
        states = np.array([track.state_vector[:, 0] for track in listed], float)
        now = detections[0].timestamp
        ages = np.array([(now - track.timestamp).total_seconds() for track in listed])
        places = states[:, [0, 2]] + states[:, [1, 3]] * ages[:, None]
        spots = np.array([detection.state_vector[:, 0] for detection in detections], float)
        near: dict[Track, list[Detection]] = defaultdict(list)
        for row, close in enumerate(cKDTree(places).query_ball_point(spots, NEAR_M)):
            for place in close:
                near[listed[place]].append(detections[row])
        if not near:
            return detections, set()
        taken = set()
        self.associator.gated.clear()
        for track, hypothesis in self.associator.associate(
                set(near), set(detections), now, near=near).items():
            if hypothesis:
                # The latest state alone: a history of predictions is of no use here.
                track.states = [self.updater.update(hypothesis)]
                self.note(track, hypothesis.measurement, self.updates[track] + 1)
                taken.add(hypothesis.measurement)
        return ([detection for detection in detections if detection not in taken],
                set(self.associator.gated))

    def note(self, track: Track, detection: Detection, updates: int) -> None:
        """Remember what a track was last updated with."""
        self.updates[track], self.seen[track] = updates, detection.timestamp
        if detection.metadata["height"] is not None:
            self.height[track] = detection.metadata["height"]

    def drop(self, now: datetime) -> None:
        """Forget tracks that have not been seen for long."""
        for tracks, turns in ((self.sure, self.tuning.drop_turns),
                              (self.held, self.tuning.hold_turns)):
            limit = timedelta(seconds=turns * self.period_s)
            for track in [one for one in tracks if now - self.seen[one] > limit]:
                del tracks[track], self.updates[track], self.seen[track]
                self.height.pop(track, None)


def detections_of(plots: PlotBatch, spot: np.ndarray, spread: np.ndarray) -> list[Detection]:
    """Plots as Stone Soup wants them."""
    coded = plots.has("mode_c_m")
    return [Detection(spot[row], timestamp=EPOCH + timedelta(microseconds=plots.time_ns[row] / 1e3),
                      measurement_model=LinearGaussian(4, (0, 2), spread[row]),
                      metadata={"height": float(plots.mode_c_m[row]) if coded[row] else None})
            for row in range(len(plots))]


def run(folder: PlotFolder, tuning: PeerTuning = DEFAULT) -> TrackRows:
    """Track a folder; rows on its output grid."""
    scenario = folder.scenario
    plane = pyproj.Proj(proj="aeqd", ellps="WGS84", lat_0=np.degrees(scenario.latitude_rad),
                        lon_0=np.degrees(scenario.longitude_rad))
    turning = [sensor for sensor in folder.sensors if sensor.sensor_id]
    peer = Peer(float(np.median([sensor.period_s for sensor in turning])), tuning)
    plots = folder.plots
    spot, spread = positions_of(plots, {one.sensor_id: one for one in folder.sensors}, plane)
    detections = detections_of(plots, spot, spread)
    seconds = plots.time_ns / NS_PER_S
    step, rows = scenario.step_s, []
    cells = np.floor(seconds / CELL_S).astype(np.int64)
    at = 0
    for instant in np.arange(0, scenario.duration_s + step / 2, step):
        end = int(np.searchsorted(seconds, instant, side="right"))
        for first in np.unique(cells[at:end]):
            inside = np.flatnonzero(cells[at:end] == first) + at
            for sensor_id in np.unique(plots.sensor_id[inside]):
                peer.cell([detections[row] for row in inside[plots.sensor_id[inside] == sensor_id]])
        at = end
        now = EPOCH + timedelta(seconds=float(instant))
        peer.drop(now)
        for track in peer.sure:
            state = peer.predictor.predict(track, timestamp=now).state_vector
            rows.append((instant, peer.numbers[track], state[0, 0], state[2, 0],
                         peer.height.get(track, np.nan), state[3, 0], state[1, 0]))
    columns = np.array(rows, float).reshape(-1, 7).T
    longitude, latitude = plane(columns[2], columns[3], inverse=True)
    return TrackRows(columns[0], columns[1].astype(np.int64), np.radians(latitude),
                     np.radians(longitude), columns[4], columns[5], columns[6])

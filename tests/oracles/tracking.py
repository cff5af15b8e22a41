"""Slow twin of the tracker and of its filter: matrices, pyproj, SciPy, every track for every plot.

Written from docs/tracking.md and the formulas of Bar-Shalom, Li, Kirubarajan (2001), not from the
kernels. It knows radars and sources of positions, one unit, no limits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
from pyproj import Geod, Transformer
from scipy.optimize import linear_sum_assignment

from jointsky.model.schema import PlotBatch, PlotFlag, PlotKind
from jointsky.model.sensor import Sensor, SensorKind
from jointsky.track.tuning import Tuning
from tests.oracles import joint

TO_ECEF = Transformer.from_crs(4979, 4978, always_xy=True)
GEOD = Geod(ellps="WGS84")
A, B = GEOD.a, GEOD.b
RADARS = (SensorKind.PSR, SensorKind.SSR, SensorKind.PSR_SSR)
UPPER = np.triu_indices(4)
RINGS, SECTORS = 16, 32


def ecef(latitude, longitude, height):
    return np.array(TO_ECEF.transform(math.degrees(longitude), math.degrees(latitude), height))


def geodetic(point):
    longitude, latitude, height = TO_ECEF.transform(*point, direction="INVERSE")
    return math.radians(latitude), math.radians(longitude), height


def axes_at(latitude, longitude):
    """Rows east, north, up."""
    sa, ca, so, co = (math.sin(latitude), math.cos(latitude), math.sin(longitude),
                      math.cos(longitude))
    return np.array([[-so, co, 0], [-sa * co, -sa * so, ca], [ca * co, ca * so, sa]])


def elevation_sine(range_m, height, antenna, latitude, azimuth):
    """Law of cosines on the sphere that fits the ellipsoid in the direction of the azimuth."""
    e2 = 1 - (B / A) ** 2
    w = math.sqrt(1 - e2 * math.sin(latitude) ** 2)
    across, along = A / w, A * (1 - e2) / w ** 3
    radius = 1 / (math.cos(azimuth) ** 2 / along + math.sin(azimuth) ** 2 / across)
    near, far = radius + antenna, radius + height
    return float(np.clip((far ** 2 - near ** 2 - range_m ** 2) / (2 * range_m * near), -1, 1))


def horizon(range_m, antenna):
    bent = 4 / 3 * A
    return max(0.0, range_m - math.sqrt(2 * bent * max(antenna, 0))) ** 2 / (2 * bent)


def transition(rate, dt):
    """Position and velocity of a coordinated turn (anticlockwise positive)."""
    turn = rate * dt
    s, c = math.sin(turn), math.cos(turn)
    a, b = (dt, 0.0) if abs(turn) < 1e-9 else (s / rate, (1 - c) / rate)
    return np.array([[1, 0, a, -b], [0, 1, b, a], [0, 0, c, -s], [0, 0, s, c]])


def white_noise(q, dt):
    one = q * np.array([[dt ** 3 / 3, dt ** 2 / 2], [dt ** 2 / 2, dt]])
    return np.kron(one, np.eye(2))


def kalman(x, p, z, h, r):
    """Updated state, covariance, log likelihood."""
    s = h @ p @ h.T + r
    y = z - h @ x
    k = p @ h.T @ np.linalg.inv(s)
    quiet = np.eye(len(x)) - k @ h
    log = -0.5 * (y @ np.linalg.solve(s, y) + np.linalg.slogdet(2 * math.pi * s)[1])
    return x + k @ y, quiet @ p @ quiet.T + k @ r @ k.T, float(log)


def mixture(xs, ps, weights):
    mean = sum(w * x for w, x in zip(weights, xs, strict=True))
    spread = sum(w * (p + np.outer(x - mean, x - mean))
                 for w, x, p in zip(weights, xs, ps, strict=True))
    return mean, spread


def switch_table(tuning, dt):
    """Chance to be in model j after dt, from model i: row i. With probability exp(-dt / switch_s)
    nothing happens, else the model is drawn anew by the shares."""
    share = np.array([model.share for model in tuning.models])
    stay = math.exp(-dt / tuning.switch_s)
    return stay * np.eye(len(share)) + (1 - stay) * share / share.sum()


def interact(xs, ps, mu, tuning, dt):
    """Mixed states. What flows in is drawn from the mixture of all models."""
    stay = math.exp(-dt / tuning.switch_s)
    share = np.array([model.share for model in tuning.models])
    mean, spread = mixture(xs, ps, mu)
    mixed, after = [], mu @ switch_table(tuning, dt)
    for j in range(len(mu)):
        old, new = stay * mu[j] / after[j], (1 - stay) * share[j] / share.sum() / after[j]
        mixed.append(mixture([xs[j], mean], [ps[j], spread], [old, new]))
    return [m for m, _ in mixed], [s for _, s in mixed], after


def reweigh(mu, logs):
    best = max(logs)
    raw = mu * np.exp(np.array(logs) - best)
    return raw / raw.sum(), best + math.log(raw.sum())


def rate_slope(before, after, tuning, dt):
    """d log likelihood / d log (1 / switch_s), by differences: of models with the chances `before`,
    which became `after` by a plot a time dt later."""
    def chances(log_rate):
        return before @ switch_table(
            replace(tuning, switch_s=tuning.switch_s * math.exp(-log_rate)), dt)
    likelihood = after / chances(0.0)
    up, down = (math.log(chances(step) @ likelihood) for step in (1e-4, -1e-4))
    return (up - down) / 2e-4


def full(upper):
    p = np.zeros((4, 4))
    p[UPPER] = upper
    return p + np.triu(p, 1).T


@dataclass
class Track:
    """One track; time in seconds (float64 of whole ns would do, ns are kept as int)."""

    time_ns: int
    origin: np.ndarray
    axes: np.ndarray
    xs: list
    ps: list
    mu: np.ndarray
    odds: float
    switch_s: float
    started_ns: int
    updated_ns: int
    height: np.ndarray | None = None
    height_p: np.ndarray | None = None
    height_ns: int = 0
    height_odd: int = -1
    code: tuple | None = None
    address: tuple | None = None
    answered: bool = False
    guess: tuple | None = None
    guess_sensor: int = -1
    guess_other_ns: int = -(1 << 62)
    hits: int = 1
    share: float = 1.0
    missed: int = 0
    number: int = 0
    ground: bool = False
    needs: tuple = ()
    first: tuple = ()
    seen: dict = field(default_factory=dict)
    look: dict = field(default_factory=dict)

    @property
    def mean(self):
        return mixture(self.xs, self.ps, self.mu)[0]

    @property
    def spread(self):
        return mixture(self.xs, self.ps, self.mu)[1]

    def point(self, ahead=0.0):
        x = self.mean
        e, n = x[:2] + ahead * x[2:]
        return self.origin + np.array([e, n, -(e * e + n * n) / 12_756_000.0]) @ self.axes


class SlowTracker:
    """The tracker, slowly. Give it all plots at once with `run`, in order of time."""

    def __init__(self, sensors: tuple[Sensor, ...], tuning: Tuning):
        self.sensors, self.tuning = sensors, tuning
        self.tracks: list[Track] = []
        self.numbers = self.shared = 0
        self.last: dict[int, int] = {}
        self.sweep_ns: int | None = None
        n = len(sensors)
        self.scan_end: list[int | None] = [None] * n
        self.scans = np.zeros(n)
        self.false = np.zeros((n, 2, RINGS, SECTORS))
        self.map = np.stack([np.stack([
            np.full((RINGS, SECTORS), self.clutter(s, primary) / (math.pi * self.reach(s) ** 2))
            for primary in (False, True)]) for s in range(n)])
        self.hits, self.expected = np.zeros((2, n, 4, RINGS, SECTORS))
        self.in_vain = np.zeros((n, 4, RINGS, SECTORS))
        self.restless, self.restless_known = np.zeros((2, 3))

    # ---- the loop

    def run(self, plots: PlotBatch, now_ns: int) -> None:
        bucket, step = round(self.tuning.bucket_s * 1e9), round(self.tuning.sweep_s * 1e9)
        ends = -(-plots.time_ns // bucket) * bucket
        rows = {sensor.sensor_id: row for row, sensor in enumerate(self.sensors)}
        for end in np.unique(ends[ends <= now_ns]).tolist():
            if self.sweep_ns is None:
                self.sweep_ns = -(-end // step) * step
            self.sweep_to(end - bucket, step)
            inside = np.flatnonzero(ends == end)
            for s in sorted({rows[int(one)] for one in plots.sensor_id[inside]}):
                mine = inside[plots.sensor_id[inside] == self.sensors[s].sensor_id]
                self.take(plots, mine[np.argsort(plots.time_ns[mine], kind="stable")], s)
        self.sweep_to(now_ns, step)

    def sweep_to(self, until_ns: int, step: int) -> None:
        while self.sweep_ns is not None and self.sweep_ns <= until_ns:
            self.delete(self.sweep_ns)
            self.sweep_ns += step

    def take(self, plots: PlotBatch, mine, s: int) -> None:
        seen = [self.plot(plots, row, s) for row in mine]
        score = np.full((len(seen), len(self.tracks)), -1e9)
        by_track = [False] * len(seen)
        for k, plot in enumerate(seen):
            for i, track in enumerate(self.tracks):
                if np.linalg.norm(plot["point"] - track.point()) > self.tuning.reach_m:
                    continue
                value = self.score(track, plot, s)
                if value <= 0:
                    continue
                recent = abs(plot["ns"] - track.seen.get(s, -(1 << 62)))
                if self.radar(s) and recent < int(
                        self.tuning.scan_share * round(self.sensors[s].period_s * 1e9)):
                    by_track[k] = True
                else:
                    score[k, i] = value
        alone = np.full((len(seen), len(seen)), -1e9)
        np.fill_diagonal(alone, 0.0)
        _, column = linear_sum_assignment(-np.hstack([score, alone]))
        tracks = list(self.tracks)
        self.last[s] = max([self.last.get(s, 0)] + [plot["ns"] for plot in seen])
        owner = {k: int(i) for k, i in enumerate(column) if i < len(tracks)}
        said = self.share(seen, score, owner, s)
        for k, plot in enumerate(seen):
            if k in owner:
                self.update(tracks[owner[k]], plot, s, said.get(k))
            else:
                self.start(plot, s, by_track[k] or bool((score[k] > 0).any()))

    def share(self, seen: list, score, owner: dict, s: int) -> dict:
        """Move the tracks that are not sure of their plots by the mixture of what may be, model by
        model. Returns the log likelihood of the plots whose owners were moved so."""
        said: dict[int, float] = {}
        for rows, columns in joint.clusters(score):
            part = score[np.ix_(rows, columns)].T
            if (part > 0).sum() < 2 or max(part.shape) > 5 or self.tuning.joint_sure == 0:
                continue
            beta = joint.betas(np.where(part > 0, part, -np.inf))
            for b, i in zip(beta, columns, strict=True):
                track, mine = self.tracks[i], [k for k in rows if owner.get(k) == i]
                if (b[1 + rows.index(mine[0])] if mine else b[0]) >= self.tuning.joint_sure:
                    continue
                if any(j != i and self.apart(track, self.tracks[j], seen[rows[0]]["ns"])
                       for j in columns):
                    continue
                self.shared += 1
                maybe = [(k, w) for k, w in zip(rows, b[1:], strict=True) if score[k, i] > 0]
                self.go_to(track, max(seen[k]["ns"] for k, _ in maybe))
                ways = [(b[0], track.xs, track.ps, track.mu)]
                for k, w in maybe:
                    *way, log = self.taken(track, seen[k], s)
                    ways.append((w, *way))
                    if k in mine:
                        said[k] = log
                weights = np.array([w * mu for w, _, _, mu in ways])
                track.mu = weights.sum(0)
                both = [mixture([way[1][m] for way in ways], [way[2][m] for way in ways],
                                weights[:, m] / track.mu[m]) for m in range(len(track.mu))]
                track.xs, track.ps = [x for x, _ in both], [p for _, p in both]
                if not mine:
                    self.follow(track)
        return said

    # ---- plots and how a track sees them

    def radar(self, s: int) -> bool:
        return self.sensors[s].kind in RADARS

    def plot(self, plots: PlotBatch, row: int, s: int) -> dict:
        sensor, tuning = self.sensors[s], self.tuning
        def given(name):
            return getattr(plots, name)[row].item() if plots.has(name)[row] else None
        plot = {"ns": int(plots.time_ns[row]), "height": given("mode_c_m"),
                "code": given("mode_3a"), "address": given("icao_address"),
                "primary": plots.kind[row] == PlotKind.PSR, "velocity": None,
                "ground": bool(plots.flags[row] & PlotFlag.ON_GROUND)}
        if self.radar(s):
            range_m = plots.range_m[row] - sensor.range_bias_m
            azimuth = plots.azimuth_rad[row] - sensor.azimuth_bias_rad
            range_m *= math.exp(sensor.sigma_azimuth_rad ** 2 / 2)
            low = horizon(range_m, sensor.height_m)
            high = min(tuning.height_max_m, sensor.height_m + 0.75 * range_m + low)
            low = min(low, high - 500)
            plot |= {"cell": self.cell(s, plots.range_m[row], plots.azimuth_rad[row]),
                     "range": range_m, "azimuth": azimuth,
                     "assumed": ((low + high) / 2, (high - low) / math.sqrt(12))}
            height = plot["assumed"][0] if plot["height"] is None else plot["height"]
            plot["point"] = self.place(plot, s, height)
        else:
            plot |= {"assumed": (tuning.height_max_m / 2, tuning.height_max_m / 4), "cell": (0, 0),
                     "sigma": max(given("sigma_m") or sensor.sigma_range_m, 5.0)}
            plot["point"] = ecef(plots.latitude_rad[row], plots.longitude_rad[row],
                                 plot["height"] or 0.0)
            if given("velocity_east_ms") is not None:
                plot["velocity"] = np.array([given("velocity_east_ms"),
                                             given("velocity_north_ms")])
        return plot

    def place(self, plot: dict, s: int, height: float):
        sensor = self.sensors[s]
        sine = elevation_sine(plot["range"], height, sensor.height_m, sensor.latitude_rad,
                              plot["azimuth"])
        flat = plot["range"] * math.sqrt(1 - sine ** 2)
        local = np.array([flat * math.sin(plot["azimuth"]), flat * math.cos(plot["azimuth"]),
                          plot["range"] * sine])
        return (ecef(sensor.latitude_rad, sensor.longitude_rad, sensor.height_m)
                + local @ axes_at(sensor.latitude_rad, sensor.longitude_rad))

    def height_at(self, track: Track, ns: int):
        dt = (ns - track.height_ns) * 1e-9
        age, p = abs(dt), track.height_p
        return (track.height[0] + min(dt, 20.0) * track.height[1],
                p[0, 0] + 2 * age * abs(p[0, 1]) + age ** 2 * p[1, 1]
                + self.tuning.height_noise * age ** 3 / 3)

    def measure(self, track: Track, plot: dict, s: int):
        """z (2,) and R (2, 2) on the track's plane."""
        height, variance = plot["assumed"][0], plot["assumed"][1] ** 2
        if plot["height"] is not None:
            height, variance = plot["height"], self.tuning.sigma_mode_c_m ** 2
        if track.height is not None:
            own, own_variance = self.height_at(track, plot["ns"])
            if own_variance < plot["assumed"][1] ** 2:
                height, variance = own, own_variance
        elif track.guess is not None and plot["height"] is None:
            x, p, guess_ns = track.guess
            own_variance = p[4, 4] + 500 * abs(plot["ns"] - guess_ns) * 1e-9
            if own_variance < variance:
                reach = math.sqrt(3) * plot["assumed"][1]
                height, variance = float(np.clip(x[4], height - reach,
                                                 height + reach)), own_variance
        since = (track.mean[2:] if track.xs else np.zeros(2)) * self.sensors[s].time_bias_s
        if not self.radar(s):
            lift = 0.0 if plot["height"] is None else height - plot["height"]
            z = track.axes @ (plot["point"] - track.origin + lift * track.axes[2])
            return z[:2] + since, np.eye(2) * plot["sigma"] ** 2
        z, r, _ = self.seen_at(track, plot, s, height, variance)
        return z + since, r

    def seen_at(self, track: Track, plot: dict, s: int, height: float, variance: float):
        """z (2,), R (2, 2) and the move of z for a metre of height (2,)."""
        sensor = self.sensors[s]
        point = self.place(plot, s, height)
        ray = track.axes @ (point - ecef(sensor.latitude_rad, sensor.longitude_rad,
                                         sensor.height_m))
        up = ray[2] / plot["range"]
        flat = max(float(np.hypot(*ray[:2])), 1.0)
        along = ray[:2] / flat
        across = np.array([-along[1], along[0]])
        radial = (sensor.sigma_range_m ** 2 + up ** 2 * variance) / max(1 - up ** 2, 0.03)
        side = (flat * sensor.sigma_azimuth_rad) ** 2
        return ((track.axes @ (point - track.origin))[:2],
                radial * np.outer(along, along) + side * np.outer(across, across),
                -up / math.sqrt(max(1 - up ** 2, 0.03)) * along)

    # ---- associate

    def clutter(self, s: int, primary: bool) -> float:
        sensor = self.sensors[s]
        if not self.radar(s):
            return 0.2
        false = max(sensor.clutter, self.tuning.clutter_min)
        return false * (0.1 if sensor.kind == SensorKind.PSR_SSR and not primary else 1.0)

    def reach(self, s: int) -> float:
        return self.sensors[s].max_range_m if self.radar(s) else 400_000.0

    def cell(self, s: int, range_m: float, azimuth: float) -> tuple[int, int]:
        return (min(int(range_m / self.reach(s) * RINGS), RINGS - 1),
                math.floor(azimuth / (2 * math.pi) * SECTORS) % SECTORS)

    def density(self, s: int, plot: dict) -> float:
        return math.log(self.map[s, int(plot["primary"])][plot["cell"]])

    def end_scans(self, now_ns: int) -> None:
        """Clutter is the mean of a gamma law over 50 scans, its prior the sensor's own mean."""
        for s, sensor in enumerate(self.sensors):
            end, period = self.scan_end[s], round(sensor.period_s * 1e9)
            if not self.radar(s) or (end is not None and now_ns < end):
                continue
            if end is None or now_ns - self.last.get(s, -(1 << 62)) >= 2.5 * period:
                self.scan_end[s] = now_ns + period
                continue
            self.scan_end[s] = end + period
            self.scans[s] = self.scans[s] * 0.98 + 1
            self.false[s] *= 0.98
            edges = self.reach(s) / RINGS * np.arange(RINGS + 1)
            area = np.repeat(math.pi * np.diff(edges ** 2)[:, None] / SECTORS, SECTORS, 1)
            for primary in (False, True):
                told = self.clutter(s, primary)
                count = self.false[s, int(primary)]
                mean = max((20 * told + count.sum()) / (20 + self.scans[s]), told)
                prior = mean * area / area.sum()
                cells = prior * (6 + count) / (6 + count.sum() * area / area.sum())
                proven = (count - 3 * np.sqrt(count)) / self.scans[s]
                self.map[s, int(primary)] = np.maximum(cells, np.maximum(proven, prior)) / area
            self.expected[s] += self.in_vain[s]
            self.in_vain[s] = 0
            full = self.expected[s] > 100
            self.hits[s][full] *= 100 / self.expected[s][full]
            self.expected[s][full] = 100

    def evidence(self, track: Track, plot: dict) -> float:
        tuning, value = self.tuning, 0.0
        if track.height is not None and plot["height"] is not None:
            height, variance = self.height_at(track, plot["ns"])
            variance += tuning.sigma_mode_c_m ** 2
            normal = (math.exp(-(plot["height"] - height) ** 2 / 2 / variance)
                      / math.sqrt(2 * math.pi * variance))
            value += math.log((1 - tuning.garble_height) * normal * 12_000
                              + tuning.garble_height)
        for name in ("code", "address"):
            own, heard = getattr(track, name), plot[name]
            if own is not None and heard is not None:
                value += (getattr(tuning, f"{name}_match") if own[0] == heard
                          else getattr(tuning, f"{name}_mismatch") * min(own[1], 2))
        return value

    def score(self, track: Track, plot: dict, s: int) -> float:
        dt = (plot["ns"] - track.time_ns) * 1e-9
        z, r = self.measure(track, plot, s)
        h = np.hstack([np.eye(2), dt * np.eye(2)])
        y, base = z - h @ track.mean, h @ track.spread @ h.T + r
        noise = np.array([model.noise for model in self.tuning.models])
        likelihood = 0.0
        usual, most = track.mu @ noise, noise.max()
        others = self.density(s, plot)
        if track.ground and plot["ground"]:
            named = track.address and track.address[0] == plot["address"]
            usual, most = min(usual, 0.5), min(most, 20.0 if named else 0.5)
        elif track.ground or plot["ground"]:
            usual, most = min(usual, 20.0), min(most, 20.0)
            if track.height is not None and plot["height"] is not None:
                height, variance = self.height_at(track, plot["ns"])
                variance += self.tuning.sigma_mode_c_m ** 2
                if abs(plot["height"] - height) > self.tuning.gate_sigma * math.sqrt(variance):
                    return -1.0
        if plot["ground"]:
            others = max(others, math.log(1e-7))
        for weight, q in ((0.05, most), (0.95, usual)):
            cov = base + np.eye(2) * q * abs(dt) ** 3 / 3
            distance2 = y @ np.linalg.solve(cov, y)
            if weight == 0.05 and distance2 > self.tuning.gate_sigma ** 2:
                return -1.0
            likelihood += (weight * math.exp(-distance2 / 2)
                           / (2 * math.pi * math.sqrt(np.linalg.det(cov))))
        pd = min(max(self.sensors[s].p_detection, 0.1), 0.99)
        exists = -math.log1p(math.exp(-track.odds))
        return (math.log(likelihood) - others
                + math.log(pd / (1 - pd)) + exists + self.evidence(track, plot))

    # ---- update

    def go_to(self, track: Track, ns: int) -> None:
        dt = (ns - track.time_ns) * 1e-9
        if dt > 0:
            track.xs, track.ps, track.mu = interact(track.xs, track.ps, track.mu,
                                                    self.of(track), dt)
            for m, model in enumerate(self.tuning.models):
                f = transition(math.radians(model.turn_deg_s), dt)
                track.xs[m] = f @ track.xs[m]
                track.ps[m] = f @ track.ps[m] @ f.T + white_noise(model.noise, dt)
            track.time_ns = ns

    def of(self, track: Track) -> Tuning:
        return replace(self.tuning, switch_s=track.switch_s)

    def learn_restlessness(self, pace: int, slope: float) -> None:
        self.restless_known[pace] = min(self.restless_known[pace] + slope ** 2, 190)
        step = slope / (10 + self.restless_known[pace])
        self.restless[pace] = np.clip(self.restless[pace] + step, -math.log(3), math.log(3))

    def taken(self, track: Track, plot: dict, s: int):
        """States, covariances and probabilities of the models with a plot; log likelihood."""
        z, r = self.measure(track, plot, s)
        h = transition(0.0, min((plot["ns"] - track.time_ns) * 1e-9, 0.0))[:2]
        xs, ps, logs = zip(*(kalman(x, p, z, h, r)
                             for x, p in zip(track.xs, track.ps, strict=True)), strict=True)
        mu, log = reweigh(track.mu, logs)
        if plot["velocity"] is not None:
            h = np.hstack([np.zeros((2, 2)), np.eye(2)])
            r = np.eye(2) * self.tuning.sigma_velocity_ms ** 2
            xs, ps, logs = zip(*(kalman(x, p, plot["velocity"], h, r)
                                 for x, p in zip(xs, ps, strict=True)), strict=True)
            mu, _ = reweigh(mu, logs)
        return list(xs), list(ps), mu, log

    def update(self, track: Track, plot: dict, s: int, log: float | None) -> None:
        """log: of the plot's position, if the track has been moved by it already."""
        tuning = self.tuning
        pd = min(max(self.sensors[s].p_detection, 0.1), 0.99)
        ratio = self.evidence(track, plot) + math.log(pd) - self.density(s, plot)
        before, dt = None, (plot["ns"] - track.time_ns) * 1e-9
        if log is None:
            before = track.mu
            self.go_to(track, plot["ns"])
            track.xs, track.ps, track.mu, log = self.taken(track, plot, s)
        pace = int(np.searchsorted((110, 260), np.hypot(*track.mean[2:])))
        if before is not None and track.number and track.hits >= 6 and dt > 0:
            self.learn_restlessness(pace, rate_slope(before, track.mu, self.of(track), dt))
        track.switch_s = tuning.switch_s * math.exp(-self.restless[pace])
        track.odds = min(track.odds + max(ratio + log, math.log(1 - pd)), tuning.odds_max)
        self.hear(track, plot, s)
        track.ground = plot["ground"]
        if self.radar(s) and track.number:
            place, period = (s, self.band(track), *plot["cell"]), round(
                self.sensors[s].period_s * 1e9)
            before, turns = track.seen.get(s, -(1 << 62)), 1
            if before >= track.updated_ns:
                turns = min(max(round((plot["ns"] - before) / period), 1), 10)
            self.hits[place] += 1
            self.expected[place] += turns * pd
        track.seen[s] = max(track.seen.get(s, 0), plot["ns"])
        track.look[s] = max(track.look[s], plot["ns"])
        track.updated_ns = max(track.updated_ns, plot["ns"])
        track.hits += 1
        if self.radar(s):
            track.share *= 0.9 ** track.missed
            track.share += 0.1 * (1 / pd - track.share)
            track.share, track.missed = min(max(track.share, 0.3), 1.0), 0
        self.follow(track)
        sure = math.log(tuning.confirm / (1 - tuning.confirm))
        hits, share = track.needs or (0, 0.0)
        if (not track.number and track.odds >= sure and track.share >= share
                and track.hits >= max(tuning.hits_confirm, hits)):
            self.numbers += 1
            track.number = self.numbers

    def hear(self, track: Track, plot: dict, s: int) -> None:
        if track.height_odd == -1 and plot["ns"] - track.height_ns > 30_000_000_000:
            track.height = None
        if plot["height"] is not None:
            self.hear_height(track, plot)
        elif self.radar(s) and track.height is None:
            self.guess_height(track, plot, s)
        if not plot["primary"] and self.radar(s):
            track.answered = True
        for name in ("code", "address"):
            own, heard = getattr(track, name), plot[name]
            if heard is None:
                continue
            if own is None or own[0] == heard:
                own = (heard, min((own[1] if own else 0) + 1, 3))
            else:
                own = (own[0], own[1] - 1) if own[1] > 1 else (heard, 1)
            setattr(track, name, own)

    def guess_height(self, track: Track, plot: dict, s: int) -> None:
        """Position, velocity and height in one Kalman filter, fed by slant ranges."""
        if track.guess is not None and s != track.guess_sensor:
            track.guess_other_ns = track.guess[2]
        track.guess_sensor = s
        if track.guess is None or plot["ns"] - track.guess_other_ns > 25_000_000_000:
            height, sigma = plot["assumed"]
            if track.guess is not None:
                x, p, guess_ns = track.guess
                known = p[4, 4] + 500 * max(plot["ns"] - guess_ns, 0) * 1e-9
                if known < sigma ** 2:
                    height, sigma = x[4], math.sqrt(known)
            z, r, g = self.seen_at(track, plot, s, height, 0.0)
            p = np.diag([0, 0, self.tuning.speed_sigma_ms ** 2, self.tuning.speed_sigma_ms ** 2,
                         sigma ** 2])
            p[:2, :2] = r + sigma ** 2 * np.outer(g, g)
            p[:2, 4] = p[4, :2] = sigma ** 2 * g
            track.guess = np.array([*z, 0.0, 0.0, height]), p, plot["ns"]
            return
        x, p, guess_ns = track.guess
        dt = max(plot["ns"] - guess_ns, 0) * 1e-9
        speed2 = float((track.mean[2:] ** 2).sum())
        noise = sum(mu * (model.noise + 5 * math.radians(model.turn_deg_s) ** 2 * speed2)
                    for mu, model in zip(track.mu, self.tuning.models, strict=True))
        f, q = np.eye(5), np.zeros((5, 5))
        f[:4, :4], q[:4, :4] = transition(0.0, dt), white_noise(noise, dt)
        q[4, 4] = 500 * dt
        x, p = f @ x, f @ p @ f.T + q
        z, r, g = self.seen_at(track, plot, s, x[4], 0.0)
        h = np.hstack([np.eye(2), np.zeros((2, 2)), -g[:, None]])
        y = z - x[:2]
        if y @ np.linalg.solve(h @ p @ h.T + r, y) <= self.tuning.gate_sigma ** 2:
            x, p, _ = kalman(x, p, z + h[:, 4] * x[4], h, r)
        track.guess = x, p, max(plot["ns"], guess_ns)

    def hear_height(self, track: Track, plot: dict) -> None:
        variance = self.tuning.sigma_mode_c_m ** 2
        if track.height is not None:
            dt = max((plot["ns"] - track.height_ns) * 1e-9, 0.0)
            f, q = np.array([[1, dt], [0, 1]]), self.tuning.height_noise
            noise = q * np.array([[dt ** 3 / 3, dt ** 2 / 2], [dt ** 2 / 2, dt]])
            track.height, track.height_p = f @ track.height, f @ track.height_p @ f.T + noise
            track.height_ns = max(track.height_ns, plot["ns"])
            off = plot["height"] - track.height[0]
            if off ** 2 <= 25 * (track.height_p[0, 0] + variance):
                track.height_odd = 0
                track.height, track.height_p, _ = kalman(
                    track.height, track.height_p, np.array([plot["height"]]),
                    np.array([[1.0, 0.0]]), np.array([[variance]]))
                return
            track.height_odd = max(track.height_odd, 0) + 1
            if track.height_odd <= 2:
                return
        track.height_odd, track.height_ns = -1, plot["ns"]
        track.height, track.height_p = np.array([plot["height"], 0.0]), np.diag([variance, 400.0])

    def follow(self, track: Track) -> None:
        x = track.mean
        if max(abs(x[0]), abs(x[1])) < 5000:
            return
        latitude, longitude, _ = geodetic(track.point())
        axes = axes_at(latitude, longitude)
        c, d = axes[0] @ track.axes[0], axes[0] @ track.axes[1]
        c, d = np.array([c, d]) / math.hypot(c, d)
        turn = np.kron(np.eye(2), np.array([[c, d], [-d, c]]))
        move = np.array([x[0], x[1], 0, 0])
        track.origin, track.axes = track.point(), axes
        track.xs = [turn @ (one - move) for one in track.xs]
        track.ps = [turn @ one @ turn.T for one in track.ps]
        if track.guess is not None:
            one, p, ns = track.guess
            wide = np.eye(5)
            wide[:4, :4] = turn
            track.guess = wide @ (one - np.append(move, 0)), wide @ p @ wide.T, ns

    # ---- initiate

    def start(self, plot: dict, s: int, by_track: bool) -> None:
        tuning, n = self.tuning, len(self.tuning.models)
        latitude, longitude, _ = geodetic(plot["point"])
        odds = math.log(tuning.births / (math.pi * self.reach(s) ** 2)) - self.density(s, plot)
        track = Track(plot["ns"], plot["point"], axes_at(latitude, longitude), [], [],
                      np.array([model.share for model in tuning.models]) / sum(
                          model.share for model in tuning.models),
                      odds - tuning.near_penalty * by_track, tuning.switch_s, plot["ns"],
                      plot["ns"])
        if plot["height"] is not None:
            track.height_ns, track.height = plot["ns"], np.array([plot["height"], 0.0])
            track.height_p = np.diag([tuning.sigma_mode_c_m ** 2, 400.0])
        z, r = self.measure(track, plot, s)
        told = plot["velocity"] is not None
        spread = tuning.sigma_velocity_ms if told else tuning.speed_sigma_ms
        spread = min(spread, 30.0) if plot["ground"] else spread
        x = np.concatenate([z, plot["velocity"] if told else np.zeros(2)])
        p = np.zeros((4, 4))
        p[:2, :2], p[2:, 2:] = r, np.eye(2) * spread ** 2
        track.xs, track.ps = [x.copy() for _ in range(n)], [p.copy() for _ in range(n)]
        track.code = None if plot["code"] is None else (plot["code"], 1)
        track.address = None if plot["address"] is None else (plot["address"], 1)
        track.answered = not plot["primary"] and self.radar(s)
        track.seen = {s: plot["ns"]}
        track.ground = plot["ground"]
        track.first = (s, int(plot["primary"]), *plot["cell"])
        track.look = {place: plot["ns"] for place in range(len(self.sensors))}
        if plot["height"] is None and self.radar(s):
            self.guess_height(track, plot, s)
        self.tracks.append(track)

    # ---- delete

    def delete(self, now_ns: int) -> None:
        for track in self.tracks:
            for s in range(len(self.sensors)):
                if self.radar(s):
                    self.count_miss(track, s, now_ns)
        over = [track for track in self.tracks if self.is_over(track, now_ns)]
        for track in over:
            if not track.number:
                self.false[track.first] += track.hits / (1 + math.exp(track.odds))
            elif track.hits <= 10:
                self.false[track.first] += track.hits
        self.tracks = [track for track in self.tracks if not any(track is one for one in over)]
        self.end_scans(now_ns)
        self.sort_out(now_ns)
        if now_ns // round(self.tuning.sweep_s * 1e9) % 4 == 0:
            self.merge(now_ns)

    def count_miss(self, track: Track, s: int, now_ns: int) -> None:
        period = round(self.sensors[s].period_s * 1e9)
        if now_ns - track.look[s] < (1 + self.tuning.look_slack) * period:
            return
        chance = 0.0
        if now_ns - self.last.get(s, -(1 << 62)) <= 2.5 * period:
            chance = self.chance_seen(track, s, now_ns, track.look[s] + period // 2) * track.share
        if chance == 0:
            track.look[s] = now_ns
        else:
            track.odds += math.log(1 - chance)
            track.missed += 1
            track.look[s] += period

    def band(self, track: Track) -> int:
        return 3 if track.height is None else sum(track.height[0] > top for top in (2000, 6000))

    def chance_seen(self, track: Track, s: int, now_ns: int, vouched_ns: int) -> float:
        sensor = self.sensors[s]
        if sensor.kind == SensorKind.SSR and not track.answered:
            return 0.0
        ray = (track.point((now_ns - track.time_ns) * 1e-9)
               - ecef(sensor.latitude_rad, sensor.longitude_rad, sensor.height_m))
        range_m = float(np.linalg.norm(ray))
        inside = (sensor.max_range_m - range_m) / 500.0
        up = axes_at(sensor.latitude_rad, sensor.longitude_rad)[2] @ ray
        if inside < -3 or up > math.sin(math.radians(45)) * range_m:
            return 0.0
        height, sigma = self.tuning.height_max_m / 2, self.tuning.height_max_m / 4
        if track.height is not None:
            height, sigma = track.height[0], 100.0
        above = (height - horizon(range_m, sensor.height_m)) / sigma
        pd = min(max(sensor.p_detection, 0.1), 0.99)
        prior = pd / ((1 + math.exp(-1.7 * inside)) * (1 + math.exp(-1.7 * above)))
        if prior < 0.02:
            return 0.0
        azimuth = math.atan2(*(axes_at(sensor.latitude_rad, sensor.longitude_rad)[:2] @ ray))
        place = (s, self.band(track), *self.cell(s, range_m, azimuth))
        if track.number and track.updated_ns > vouched_ns:
            self.in_vain[place] += prior
        return min(prior * (10 + self.hits[place]) / (10 + self.expected[place]), pd)

    def is_over(self, track: Track, now_ns: int) -> bool:
        tuning = self.tuning
        if not track.number:
            since = track.updated_ns if track.needs else track.started_ns
            return (track.odds < -7.5
                    or now_ns - since > round(tuning.tentative_s_max * 1e9))
        silent = now_ns - track.updated_ns
        slowest = max(round(self.sensors[s].period_s * 1e9) for s in track.seen)
        ahead = (now_ns - track.time_ns) * 1e-9
        p = track.spread
        error2 = (p[0, 0] + p[1, 1] + 2 * ahead * (p[0, 2] + p[1, 3])
                  + ahead ** 2 * (p[2, 2] + p[3, 3])) / 2
        return (track.odds < math.log(tuning.drop / (1 - tuning.drop))
                or silent > round(tuning.coast_s_max * 1e9)
                or silent > (track.hits + 2) * max(slowest, 4_000_000_000)
                or error2 > tuning.error_m_max ** 2)

    def sort_out(self, now_ns: int) -> None:
        """Tracks of one address: lost and found, reflections, two aircraft."""
        owners: dict[int, Track] = {}
        for track in [one for one in self.tracks if one.number and one.address]:
            owner = owners.get(track.address[0])
            owners[track.address[0]] = (
                track if owner is None else
                self.settle(*sorted((owner, track), key=lambda one: one.started_ns), now_ns))
        for track in [one for one in self.tracks if not one.number]:
            owner = owners.get(track.address[0]) if track.address else None
            track.needs = self.needs(track, owner) if owner else ()

    def needs(self, track: Track, owner: Track) -> tuple:
        """Plots and share of looks that a track must have beside a confirmed one."""
        s = track.first[0]
        period = round(self.sensors[s].period_s * 1e9)
        if (owner.updated_ns < track.started_ns - period // 2
                or track.updated_ns - owner.updated_ns > 1.5 * period):
            return ()
        if not self.alike(track, owner):
            return 8, 0.0
        return (12, 0.75) if self.further(track, owner, s) else ()

    def alike(self, a: Track, b: Track) -> bool:
        return (not (a.code and b.code and a.code[0] != b.code[0])
                and not (a.height is not None and b.height is not None
                         and abs(a.height[0] - b.height[0]) > 400))

    def further(self, a: Track, b: Track, s: int) -> bool:
        sensor = self.sensors[s]
        here = ecef(sensor.latitude_rad, sensor.longitude_rad, sensor.height_m)
        now_ns = self.sweep_ns or 0
        away = [np.linalg.norm(one.point((now_ns - one.time_ns) * 1e-9) - here) for one in (a, b)]
        return self.radar(s) and bool(away[0] > away[1] + 300)

    def settle(self, old: Track, new: Track, now_ns: int) -> Track:
        if not self.alike(old, new):
            return old
        lost, found = sorted((old, new), key=lambda one: one.updated_ns)
        if any(found.seen.get(s, -(1 << 62)) - lost.updated_ns
               > 1.5 * round(self.sensors[s].period_s * 1e9) for s in lost.seen):
            ahead = [one.point((now_ns - one.time_ns) * 1e-9) for one in (lost, found)]
            near = np.linalg.norm(ahead[0] - ahead[1]) <= 1000 + (
                350 + np.linalg.norm(lost.mean[2:])) * (now_ns - lost.updated_ns) * 1e-9
            if lost is new and new.hits < 12 and near:
                self.forget(new)
            if lost is old and new.started_ns > old.updated_ns and near:
                self.forget(new)
                kept = (old.number, old.started_ns, old.hits + new.hits)
                vars(old).update(vars(new))
                old.number, old.started_ns, old.hits = kept
            return old
        for s, sensor in enumerate(self.sensors):
            since = now_ns - 2 * round(sensor.period_s * 1e9)
            if min(one.seen.get(s, -(1 << 62)) for one in (old, new)) > since:
                for one, other in ((new, old), (old, new)):
                    if self.further(one, other, s) and not (one.hits >= 12 and one.share >= 0.75):
                        self.forget(one)
                        return other
        return old

    def forget(self, track: Track) -> None:
        self.tracks = [one for one in self.tracks if one is not track]

    def merge(self, now_ns: int) -> None:
        ready = sorted((track for track in self.tracks if track.number),
                       key=lambda track: track.started_ns)
        gone: list[Track] = []
        for k, old in enumerate(ready):
            for young in ready[k + 1:]:
                if (not any(one is young or one is old for one in gone)
                        and now_ns - young.started_ns >= round(self.tuning.merge_s_min * 1e9)
                        and self.are_one(old, young, now_ns)):
                    gone.append(young)
        self.tracks = [track for track in self.tracks if not any(track is one for one in gone)]

    def are_one(self, old: Track, young: Track, now_ns: int) -> bool:
        for name in ("code", "address"):
            a, b = getattr(old, name), getattr(young, name)
            if a and b and a[1] > 1 and b[1] > 1 and a[0] != b[0]:
                return False
        if (old.height is not None and young.height is not None
                and abs(old.height[0] - young.height[0]) > 400):
            return False
        if self.apart(old, young, now_ns):
            return False
        both = old.spread + young.spread
        off = np.zeros(4)
        off[:2] = (old.axes @ (young.point((now_ns - young.time_ns) * 1e-9)
                               - old.point((now_ns - old.time_ns) * 1e-9)))[:2]
        off[2:] = young.mean[2:] - old.mean[2:]
        limit = self.tuning.merge_sigma ** 2
        return bool(off[:2] @ np.linalg.solve(both[:2, :2], off[:2]) <= limit
                    and off[2:] @ np.linalg.solve(both[2:, 2:], off[2:]) <= limit)

    def apart(self, one: Track, other: Track, now_ns: int) -> bool:
        """Whether a radar saw both in its last turn."""
        for s in range(len(self.sensors)):
            period = round(self.sensors[s].period_s * 1e9)
            a, b = one.seen.get(s, -(1 << 62)), other.seen.get(s, -(1 << 62))
            if (self.radar(s) and min(a, b) > now_ns - 2 * period
                    and abs(a - b) < self.tuning.scan_share * period):
                return True
        return False

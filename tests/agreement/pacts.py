"""Agreements and tracks for the tests of release: small, whole, and as odd as need be."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jointsky.agreement.instrument import Instrument
from jointsky.agreement.reading import Document, digest_of
from jointsky.agreement.standing import Standing, Standings
from jointsky.model.clock import NS_PER_S
from jointsky.model.schema import TrackBatch, TrackState
from jointsky.model.sensor import Sensor, SensorKind
from jointsky.model.world import World

NOW_NS = 1_780_000_000 * NS_PER_S
BEGIN_NS, END_NS = NOW_NS - 86_400 * NS_PER_S, NOW_NS + 86_400 * NS_PER_S
COMMON = {"name": "Common area", "shape": {"polygon": [[42, 73], [42, 76], [44, 76], [44, 73]]}}
NATIONS = ("AAA", "BBB", "CCC", "DDD")


def grant(name: str = "tracks", sender: str = "AAA", to: tuple[str, ...] = ("BBB",),
          **more: Any) -> dict[str, Any]:
    """A grant that lets everything go everywhere, less what `more` says."""
    return {"id": name, "from": sender, "to": list(to), "data": "tracks", "purpose": "warning",
            "article": "4", **more}


def document(*grants: dict[str, Any], parties: tuple[str, ...] = NATIONS, name: str = "pact",
             areas: dict[str, Any] | None = None) -> Document:
    """An agreement with these grants."""
    content = {"id": name, "title": "A pact", "version": 1, "kind": "multilateral",
               "parties": [{"nation": one, "name": one} for one in parties],
               "life": {"term": "P5Y"},
               "areas": {"common": COMMON} if areas is None else areas, "grants": list(grants)}
    instrument = Instrument.model_validate(content)
    return Document(f"{name}.yaml", str(content), digest_of(str(content)), instrument, {})


def standing(*grants: dict[str, Any], begin_ns: int = BEGIN_NS, end_ns: int = END_NS,
             consents: tuple[tuple[str, str], ...] = (), revoked: tuple[str, ...] = (),
             **more: Any) -> Standing:
    """An agreement in force."""
    return Standing(document(*grants, **more), begin_ns, end_ns, frozenset(consents),
                    frozenset(revoked))


def standings(*in_force: Standing, now_ns: int = NOW_NS, until_ns: int = END_NS,
              **more: Any) -> Standings:
    """What is in force, at NOW_NS."""
    return Standings(now_ns, until_ns, tuple(in_force), (), **more)


def sensor(sensor_id: int, nation: str = "") -> Sensor:
    """A radar of a nation."""
    return Sensor(sensor_id, f"radar {sensor_id}", SensorKind.PSR_SSR, 0.75, 1.3, 800.0, 5.0,
                  400_000.0, 50.0, 0.001, nation=nation)


SENSORS = (sensor(1), sensor(2, "BBB"), sensor(3, "CCC"), sensor(4))


def tracks(n: int = 1, latitude: float = 43.0, longitude: float = 74.5, *,
           world: World = World.LIVE, **columns: Any) -> TrackBatch:
    """Tracks at one place in degrees, with everything known; columns: other cells, None: absent."""
    batch = TrackBatch.blank(n, world)
    batch.time_ns[:] = NOW_NS
    batch.system_track_number[:] = np.arange(1, n + 1)
    batch.unit_id[:] = 0xC801
    batch.state[:] = TrackState.CONFIRMED
    batch.identity[:] = 3
    batch.latitude_rad[:], batch.longitude_rad[:] = math.radians(latitude), math.radians(longitude)
    batch.velocity_east_ms[:], batch.velocity_north_ms[:] = 150.0, -80.0
    batch.covariance[:] = [900, 10, 5, 4, 800, 3, 2, 9, 1, 8]
    batch.started_ns[:], batch.updated_ns[:] = NOW_NS - 60 * NS_PER_S, NOW_NS - NS_PER_S
    batch.sensors[:], batch.update_count[:], batch.manoeuvre[:] = 1, 17, 0.25
    known = {"mode_c_m": 9100.0, "height_m": 9150.0, "vertical_rate_ms": 2.0, "mode_3a": 0o1234,
             "icao_address": 0x501234, "callsign": b"KGZ123"}
    for name, value in (known | columns).items():
        if value is None:
            batch.present[:] &= ~TrackBatch.bit(name)
            continue
        getattr(batch, name)[:] = value
        if name in known:
            batch.present[:] |= TrackBatch.bit(name)
    return batch


def by(*bits: int, n: int = 1) -> np.ndarray:
    """Contributions of these sensors to n tracks."""
    return np.full(n, sum(1 << bit for bit in bits), np.uint64)

"""What is told of a picture in words and numbers: JSON for consoles and the API. Degrees here."""

from __future__ import annotations

import math
from importlib.metadata import version
from typing import Any

import numpy as np

from jointsky.app.hub import Hub
from jointsky.app.picture import Picture
from jointsky.engine.health import SensorRow
from jointsky.model.schema import Identity, PlotFlag, TrackBatch, TrackState
from jointsky.model.sensor import Sensor, sensor_id_text

NS_PER_MS = 1_000_000
VERSION = version("jointsky")
# A station without a place of its own stands at 0, 0 in the sensor table; it is not on the map.
NOWHERE = (0.0, 0.0)


def hello_of(hub: Hub, picture: Picture | None, name: str) -> dict[str, Any]:
    """Who the unit is and where the sensors of a picture stand: the first message to a console.
    name: of its session, for `?session=` of the API."""
    unit = hub.unit
    table = picture.table if picture else ()
    placed = not (unit.latitude_rad == 0 and unit.longitude_rad == 0)
    return {
        "kind": "hello", "session": name, "world": hub.world.value, "version": VERSION,
        "now_ms": picture.now_ns / NS_PER_MS if picture else 0.0,
        "unit": {"name": unit.name, "nation": unit.nation, "sac": unit.sac, "sic": unit.sic,
                 "latitude": math.degrees(unit.latitude_rad) if placed else None,
                 "longitude": math.degrees(unit.longitude_rad) if placed else None},
        "sensors": [sensor_place(sensor) for sensor in table]}


def sensor_place(sensor: Sensor) -> dict[str, Any]:
    """Where a sensor stands and how far it looks; no place for stations that have none."""
    placed = (sensor.latitude_rad, sensor.longitude_rad) != NOWHERE
    return {"id": sensor.sensor_id, "name": sensor.name, "kind": sensor.kind.name,
            "nation": sensor.nation,
            "latitude": math.degrees(sensor.latitude_rad) if placed else None,
            "longitude": math.degrees(sensor.longitude_rad) if placed else None,
            "range_m": sensor.max_range_m if placed else None, "period_s": sensor.period_s}


def sensors_message(picture: Picture) -> dict[str, Any]:
    """The state of every sensor and system."""
    return {"kind": "sensors", "rows": [
        {"id": row.sensor_id, "name": row.name, "kind": row.kind, "nation": row.nation,
         "known": row.known, "state": row.state, "rate_hz": row.rate_hz,
         "latency_ms": row.latency_s * 1000 if row.reports else None,
         "last_ms": row.last_ns / NS_PER_MS if row.last_ns else None,
         "reports": row.reports, "rejects": row.rejects,
         "plots_per_scan": row.plots_per_scan or None, "operational": row.operational,
         "refused": row.refused, "note": row.note, "bias": bias_of(row)}
        for row in picture.sensors]}


def bias_of(row: SensorRow) -> dict[str, Any] | None:
    """What registration knows of a sensor: values and one sigma in m (of radars the second in
    degrees) and seconds; None where it knows nothing and has nothing to say."""
    one = row.bias
    if one is None or one.role == "none" or (one.role == "reference" and not one.known):
        return None
    scales = (1.0, 1.0 if one.placed else math.degrees(1.0), 1.0)
    return {"role": one.role, "placed": one.placed, "known": one.known,
            "values": [value * scale for value, scale in zip(one.bias, scales, strict=True)],
            "sigmas": [sigma * scale for sigma, scale in zip(one.sigma, scales, strict=True)],
            "plots": one.plots, "warning": one.warning}


def row_of(picture: Picture, number: int) -> int | None:
    """The row of a track in a picture."""
    rows = np.flatnonzero(picture.tracks.system_track_number == number)
    return int(rows[0]) if len(rows) else None


def card_of(picture: Picture, row: int) -> dict[str, Any]:
    """Everything known of one track."""
    tracks = picture.tracks
    east, north = float(tracks.velocity_east_ms[row]), float(tracks.velocity_north_ms[row])
    unit_id = int(tracks.unit_id[row])
    return {
        "number": int(tracks.system_track_number[row]),
        "unit": {"id": unit_id, "text": sensor_id_text(unit_id)},
        "world": tracks.world.value,
        "time_ms": int(tracks.time_ns[row]) / NS_PER_MS,
        "state": TrackState(int(tracks.state[row])).name,
        "identity": Identity(int(tracks.identity[row])).name,
        "flags": [flag.name for flag in PlotFlag if int(tracks.flags[row]) & flag],
        "latitude": math.degrees(tracks.latitude_rad[row]),
        "longitude": math.degrees(tracks.longitude_rad[row]),
        "course_deg": _finite(math.degrees(math.atan2(east, north)) % 360),
        "ground_speed_ms": _finite(math.hypot(east, north)),
        "mode_c_m": _value(tracks, "mode_c_m", row), "height_m": _value(tracks, "height_m", row),
        "vertical_rate_ms": _value(tracks, "vertical_rate_ms", row),
        "mode_3a": f"{int(tracks.mode_3a[row]):04o}" if tracks.has("mode_3a")[row] else None,
        "icao_address": (f"{int(tracks.icao_address[row]):06X}"
                         if tracks.has("icao_address")[row] else None),
        "callsign": (tracks.callsign[row].decode("ascii", "replace").strip() or None
                     if tracks.has("callsign")[row] else None),
        "started_ms": _told_ms(tracks.started_ns[row]),
        "updated_ms": _told_ms(tracks.updated_ns[row]),
        "update_age_s": (max(0.0, (picture.now_ns - int(tracks.updated_ns[row])) / 1e9)
                         if tracks.updated_ns[row] else None),
        "update_count": int(tracks.update_count[row]),
        "manoeuvre": _finite(float(tracks.manoeuvre[row])),
        "quality": _quality(tracks, row),
        "sensors": _contributors(picture, row)}


def _told_ms(time_ns: np.int64) -> float | None:
    """A time in ms; None where a partner is not told."""
    return int(time_ns) / NS_PER_MS if time_ns else None


def _quality(tracks: TrackBatch, row: int) -> dict[str, float | None]:
    """Standard deviations: longer axis of position, and of velocity (I062/500)."""
    cells = tracks.covariance[row]
    axis = 0.5 * (cells[0] + cells[4]) + math.hypot(0.5 * (cells[0] - cells[4]), cells[1])
    return {"sigma_position_m": _finite(math.sqrt(max(axis, 0.0))),
            "sigma_velocity_ms": _finite(math.sqrt(max(cells[7] + cells[9], 0.0) / 2))}


def _contributors(picture: Picture, row: int) -> list[dict[str, Any]]:
    """The sensors that contributed lately, when each last did, and the state each is in."""
    bits = int(picture.tracks.sensors[row])
    health = {item.sensor_id: item for item in picture.sensors}
    found = []
    for place, sensor in enumerate(picture.table):
        if bits >> place & 1:
            item, seen_ns = health.get(sensor.sensor_id), int(picture.seen_ns[row, place])
            found.append({
                "id": sensor.sensor_id, "name": sensor.name, "kind": sensor.kind.name,
                "nation": sensor.nation, "state": item.state if item else "silent",
                "age_s": max(0.0, (picture.now_ns - seen_ns) / 1e9) if seen_ns else None})
    return found


def _value(tracks: TrackBatch, name: str, row: int) -> float | None:
    return _finite(float(getattr(tracks, name)[row])) if tracks.has(name)[row] else None


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def geojson_of(picture: Picture) -> dict[str, Any]:
    """The live tracks as a GeoJSON feature collection (RFC 7946)."""
    rows = np.flatnonzero(picture.tracks.state != TrackState.DROPPED).tolist()
    features = []
    for row in rows:
        card = card_of(picture, row)
        place: list[float] = [card.pop("longitude"), card.pop("latitude")]
        height = card["height_m"] if card["height_m"] is not None else card["mode_c_m"]
        features.append({"type": "Feature", "id": card["number"], "properties": card,
                         "geometry": {"type": "Point",
                                      "coordinates": place + ([height] if height is not None
                                                              else [])}})
    return {"type": "FeatureCollection", "features": features,
            "time_ms": picture.now_ns / NS_PER_MS, "world": picture.tracks.world.value}


def health_of(hub: Hub, picture: Picture | None, counters: dict[str, Any]) -> dict[str, Any]:
    """How the unit is doing."""
    return {"unit": hub.unit.name, "world": hub.world.value, "live": hub.live,
            "version": VERSION, "alarm": hub.alarm or None,
            "time_ms": picture.now_ns / NS_PER_MS if picture else None,
            "tracks": (int((picture.tracks.state != TrackState.DROPPED).sum())
                       if picture else 0),
            "frames": picture.frames if picture else 0, "plots": picture.plots if picture else 0,
            "rejects": picture.rejects if picture else 0, **counters,
            "sensors": sensors_message(picture)["rows"] if picture else []}

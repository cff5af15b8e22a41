"""Crops the airports of the region from PyPI `airportsdata` (MIT) into data/.

    pip install airportsdata && python tools/generate_airports.py

Not part of `make`: the crop is small and committed. Keeps places with an ICAO code of four letters.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

REGION = {"south": 36, "north": 46, "west": 60, "east": 82}
FILE = Path(__file__).resolve().parents[1] / "data" / "airports-36-46N-60-82E.json"


def main() -> int:
    """Write the crop as GeoJSON points, ordered by ICAO code."""
    try:
        import airportsdata  # noqa: PLC0415 - wanted here alone, not a dependency
    except ImportError:
        print("airportsdata is not installed: pip install airportsdata")
        return 2
    rows = [row for code, row in sorted(airportsdata.load("ICAO").items())
            if len(code) == 4 and code.isalpha()
            and REGION["south"] <= row["lat"] <= REGION["north"]
            and REGION["west"] <= row["lon"] <= REGION["east"]]
    features = [{"type": "Feature",
                 "properties": {"icao": row["icao"], "iata": row["iata"], "name": row["name"],
                                "city": row["city"], "country": row["country"],
                                "elevation_m": round(row["elevation"] * 0.3048)},
                 "geometry": {"type": "Point",
                              "coordinates": [round(row["lon"], 4), round(row["lat"], 4)]}}
                for row in rows]
    version = getattr(airportsdata, "__version__", "unknown")
    crop = {"type": "FeatureCollection",
            "source": f"PyPI airportsdata {version}, MIT licence, copyright Mike Borsetti; crop "
                      "36-46N 60-82E by tools/generate_airports.py; not for navigation",
            "features": features}
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(json.dumps(crop, ensure_ascii=False, indent=0) + "\n")
    print(f"{len(features)} airports in {FILE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

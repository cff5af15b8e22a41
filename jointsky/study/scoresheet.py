"""A score, for people and for programs."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jointsky.model.errors import FileProblem
from jointsky.study.consistency import MEASURES, PARTS, PHASES
from jointsky.study.score import Score

# Measure -> what it is called, digits, unit.
ROWS = {
    "steps": ("steps scored", 0, ""),
    "gospa_m": ("GOSPA (c 5 km, p 2, alpha 2)", 0, "m"),
    "gospa_localisation_m": ("  of it localisation", 0, "m"),
    "gospa_missed_m": ("  of it missed", 0, "m"),
    "gospa_false_m": ("  of it false", 0, "m"),
    "ospa_m": ("OSPA (c 5 km, p 2)", 0, "m"),
    "missed": ("missed aircraft per step", 2, ""),
    "false": ("false tracks per step", 2, ""),
    "completeness": ("completeness", 4, ""),
    "position_rms_m": ("position error, rms", 1, "m"),
    "position_straight_rms_m": ("  in straight flight", 1, "m"),
    "position_manoeuvre_rms_m": ("  in manoeuvres", 1, "m"),
    "velocity_rms_ms": ("velocity error, rms", 2, "m/s"),
    "height_rms_m": ("height error, rms", 1, "m"),
    "aircraft_hours": ("aircraft hours", 2, "h"),
    "switches_per_hour": ("number switches per aircraft hour", 2, ""),
    "breaks_per_hour": ("breaks per aircraft hour", 2, ""),
    "longest_track_fraction": ("longest-track fraction", 4, ""),
    "delay_s": ("delay of first track", 1, "s"),
    "never_tracked": ("aircraft never tracked", 0, ""),
    "false_minutes": ("false track minutes", 2, "min"),
    "duplicate_minutes": ("duplicate track minutes", 2, "min"),
    "siap_ambiguity": ("SIAP ambiguity", 4, ""),
    "siap_spuriousness": ("SIAP spuriousness", 4, ""),
    "siap_rate_of_changes": ("SIAP rate of number changes", 6, "1/s"),
    "siap_longest": ("SIAP longest track segment", 4, ""),
}


def measures_of(result: Score) -> dict[str, float | int | None]:
    """Every measure by name, flat; None where there was nothing to measure."""
    flat: dict[str, Any] = asdict(result)
    flat |= flat.pop("continuity")
    flat |= flat.pop("consistency")
    return {name: None if math.isnan(flat[name]) else flat[name] for name in (*ROWS, *MEASURES)}


def sheet_of(result: Score) -> list[tuple[str, str]]:
    """What each measure is called, and its value as text with its unit."""
    measures = measures_of(result)
    return [(title, "nothing to measure" if measures[name] is None
             else f"{measures[name]:,.{digits}f} {unit}".strip())
            for name, (title, digits, unit) in ROWS.items()] + _consistency_of(measures)


def _consistency_of(measures: dict[str, float | int | None]) -> list[tuple[str, str]]:
    """NEES by part and phase of flight, where tracks say how sure they are."""
    rows = []
    for part, cells in PARTS.items():
        wanted = cells.stop - cells.start
        for phase, title in PHASES.items():
            name = f"nees_{part}_{phase}"
            if (mean := measures[name]) is None:
                continue
            margin = measures[f"{name}_margin"]
            verdict = ("" if margin is None else f" +-{margin:.2f}: as it should"
                       if abs(mean - wanted) <= margin else f" +-{margin:.2f}: "
                       + ("too sure" if mean > wanted else "too careful"))
            rows.append((f"NEES of {part} ({wanted}), {title}",
                         f"{mean:.2f}{verdict}; inside 95 %: pairs {measures[f'{name}_inside']:.3f}"
                         f", steps {measures[f'{name}_steps']:.3f}"))
        if measures[f"nees_{part}_all"] is not None:
            rows.append(("  its variance over that of chi-square; of steps, over independence",
                         f"{measures[f'nees_{part}_all_tails']:.1f}; "
                         f"{_text(measures[f'nees_{part}_all_common'])}"))
            rows.append(("  steps within 95 % of such a variance",
                         f"{measures[f'nees_{part}_all_fair']:.3f}"))
    return rows


def _text(value: float | None) -> str:
    return "nothing to measure" if value is None else f"{value:.2f}"


def json_of(result: Score) -> str:
    """The measures as JSON, null where there was nothing to measure."""
    return json.dumps(measures_of(result), indent=1)


def write_json(result: Score, path: Path) -> None:
    """Write the measures to a file. Raises `FileProblem`."""
    try:
        path.write_text(json_of(result) + "\n")
    except OSError as error:
        raise FileProblem(path, f"cannot be written: {error.strerror}") from None

"""Biases drawn: bars with errors for a terminal, their course over time as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from jointsky.app.registration import Course, heard
from jointsky.model.clock import NS_PER_S

BAR = 17
WIDTH, PANEL, LEFT, RIGHT, TOP, GAP = 900, 190, 78, 150, 34, 46
POINTS_MAX = 400
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#8c564b", "#e377c2",
           "#7f7f7f", "#bcbd22")


class Scale(NamedTuple):
    """One of the three numbers: its place, title, unit, factor from SI, digits; and whether it is
    of radars alone."""

    place: int
    title: str
    unit: str
    factor: float
    digits: int
    radars: bool


SCALES = (Scale(0, "range", "m", 1.0, 0, True),
          Scale(1, "azimuth", "deg", math.degrees(1), 3, True),
          Scale(2, "time", "s", 1.0, 3, False))


def bar(value: float, sigma: float, reach: float) -> str:
    """A value with one sigma on a line from -reach to reach, 0 in the middle."""
    def at(number: float) -> int:
        share = min(max(number / reach, -1.0), 1.0) if reach > 0 else 0.0
        return round((BAR - 1) / 2 * (1 + share))

    cells = [" "] * BAR
    cells[BAR // 2] = "|"
    for place in range(at(value - sigma), at(value + sigma) + 1):
        cells[place] = "-"
    cells[at(value)] = "o"
    return "".join(cells)


def reach_of(course: Course, scale: Scale) -> float:
    """The largest value with its sigma, SI."""
    return max((abs(one.bias[scale.place]) + one.sigma[scale.place] for _, one in heard(course)
                if one.known and not (scale.radars and one.placed)), default=0.0)


def svg_of(courses: Sequence[Course]) -> str:
    """The course of range, azimuth and time biases with one sigma, a colour for each sensor."""
    step = -(-len(courses) // POINTS_MAX)
    shown = [*courses[:-1:step], courses[-1]]
    last = [(sensor, one) for sensor, one in heard(courses[-1]) if one.known]
    height = TOP + len(SCALES) * (PANEL + GAP)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
             f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">',
             f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>']
    for number, scale in enumerate(SCALES):
        parts += _panel(shown, scale, TOP + number * (PANEL + GAP))
    for number, (sensor, _) in enumerate(last):
        colour, y = COLOURS[number % len(COLOURS)], TOP + 14 + 18 * number
        parts.append(f'<rect x="{WIDTH - RIGHT + 14}" y="{y - 9}" width="12" height="10" '
                     f'fill="{colour}"/><text x="{WIDTH - RIGHT + 32}" y="{y}">'
                     f'{escape(sensor.name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _panel(shown: Sequence[Course], scale: Scale, top: float) -> list[str]:
    """One number over time."""
    begin, end = shown[0].now_ns, shown[-1].now_ns
    reach = max(reach_of(course, scale) for course in shown[len(shown) // 4:]) * scale.factor or 1.0
    span, right = max(end - begin, 1), WIDTH - RIGHT

    def x(now_ns: int) -> float:
        return LEFT + (right - LEFT) * (now_ns - begin) / span

    def y(value: float) -> float:
        return top + PANEL / 2 * (1 - min(max(value / reach, -1.0), 1.0))

    parts = [f'<text x="{LEFT}" y="{top - 8}" font-weight="bold">{scale.title} bias, {scale.unit}'
             f'</text><rect x="{LEFT}" y="{top}" width="{right - LEFT}" height="{PANEL}" '
             'fill="none" stroke="#999999"/>']
    for value in (-reach, 0.0, reach):
        parts.append(f'<text x="{LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end">'
                     f'{value:.{scale.digits}f}</text>')
    parts.append(f'<line x1="{LEFT}" x2="{right}" y1="{y(0):.1f}" y2="{y(0):.1f}" '
                 'stroke="#cccccc"/>')
    for now_ns in (begin, end):
        parts.append(f'<text x="{x(now_ns):.1f}" y="{top + PANEL + 16}" text-anchor="middle">'
                     f'{(now_ns - begin) / NS_PER_S:.0f} s</text>')
    numbered = [sensor.sensor_id for sensor, one in heard(shown[-1]) if one.known]
    for number, sensor_id in enumerate(numbered):
        line, upper, lower = [], [], []
        for course in shown:
            one = next((one for one in course.estimates if one.sensor_id == sensor_id), None)
            if one is None or not one.known or (scale.radars and one.placed):
                continue
            value, sigma = (numbers[scale.place] * scale.factor
                            for numbers in (one.bias, one.sigma))
            line.append(f"{x(course.now_ns):.1f},{y(value):.1f}")
            upper.append(f"{x(course.now_ns):.1f},{y(value + sigma):.1f}")
            lower.append(f"{x(course.now_ns):.1f},{y(value - sigma):.1f}")
        colour = COLOURS[number % len(COLOURS)]
        if line:
            parts.append(f'<polygon points="{" ".join([*upper, *reversed(lower)])}" '
                         f'fill="{colour}" opacity="0.12"/><polyline points="{" ".join(line)}" '
                         f'fill="none" stroke="{colour}" stroke-width="1.6"/>')
    return parts

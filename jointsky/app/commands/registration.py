"""`jointsky registration`: the biases of sensors, learned from what they see in common."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jointsky.app.help import DATE_HELP, EDITION_HELP, SENSOR_HELP

if TYPE_CHECKING:
    from rich.table import Table

    from jointsky.app.registration import Course, Registering


def registration(
    inputs: Annotated[list[Path], typer.Argument(
        help="Recordings of one time (raw, PCAP, PCAPNG, final frame, rply), or one plot folder.")],
    against: Annotated[Path | None, typer.Option(
        help="True biases (bias.csv): also print the error in sigmas.")] = None,
    plot: Annotated[Path | None, typer.Option(
        metavar="FILE.svg", help="Draw the course of the biases over time.")] = None,
    json: Annotated[Path | None, typer.Option(
        "--json", metavar="FILE", help="Write the table to this file too, in SI units and radians "
        "(-: only, to standard output).")] = None,
    sensor: Annotated[list[str] | None, typer.Option(help=SENSOR_HELP)] = None,
    sensors: Annotated[Path | None, typer.Option(
        help="Sensors of recordings, in the form of a plot folder's sensors.csv.")] = None,
    edition: Annotated[list[str] | None, typer.Option(help=EDITION_HELP)] = None,
    date: Annotated[str | None, typer.Option(help=DATE_HELP)] = None,
) -> None:
    """Estimate range, azimuth and time biases of sensors from the aircraft they see in common."""
    from json import dumps

    from rich.console import Console
    from rich.progress import Progress

    from jointsky.app.biasplot import svg_of
    from jointsky.app.registration import heard, table_of, why_nothing
    from jointsky.codec.plotfolder import read_biases
    from jointsky.model.errors import UsageProblem

    if plot is not None and plot.suffix != ".svg":
        raise UsageProblem(plot, f"cannot be drawn as {plot.suffix or 'that'}", expected=".svg")
    truth = read_biases(against) if against is not None else None
    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    run = _run_of(inputs, sensor or [], sensors, edition or [], date)
    for note in run.notes:
        errors.print(note, markup=False)
    with Progress(console=errors, transient=True) as progress:
        courses = list(progress.track(run.courses, total=run.steps + 1, description="tracking"))
    if json is not None:
        text = dumps(table_of(courses[-1]), indent=1) + "\n"
        if str(json) == "-":
            typer.echo(text, nl=False)
            return
        _write(json, text)
    console = Console()
    console.print(_sheet(courses[-1]))
    console.print(_bars(courses[-1]))
    if why := why_nothing(courses[-1]):
        console.print(why, markup=False, soft_wrap=True)
    for one_sensor, estimate in heard(courses[-1]):
        if estimate.warning:
            console.print(f"{one_sensor.name}: {estimate.warning}", markup=False, soft_wrap=True)
    if truth is not None:
        console.print(_errors(courses[-1], truth))
    if plot is not None:
        _write(plot, svg_of(courses))
    errors.print(f"{run.inputs:,} {run.what} in", markup=False)


def _run_of(inputs: list[Path], sensor: list[str], sensors: Path | None, edition: list[str],
            date: str | None) -> Registering:
    from jointsky.app.arguments import parse_date
    from jointsky.app.commands.track import check_one_folder, sensors_of
    from jointsky.app.registration import register_folder, register_recordings
    from jointsky.codec.asterix.editions import parse_editions

    if inputs[0].is_dir():
        check_one_folder(inputs, recording_options=bool(sensor or sensors or edition or date))
        return register_folder(inputs[0])
    return register_recordings(inputs, sensors_of(sensor, sensors), parse_editions(edition),
                               parse_date(date))


def _write(path: Path, text: str) -> None:
    from jointsky.model.errors import FileProblem

    try:
        path.write_text(text)
    except OSError as error:
        raise FileProblem(path, f"cannot be written: {error.strerror}") from None


def _sheet(course: Course) -> Table:
    """The table: biases with one sigma, drift, what they were learned from."""
    from rich.box import SIMPLE
    from rich.table import Table

    from jointsky.app.biasplot import SCALES
    from jointsky.app.registration import heard

    sheet = Table("sensor", "kind", *(f"{one.title} {one.unit}" for one in SCALES),
                  "drift per hour", "plots", "windows", box=SIMPLE, padding=(0, 1, 0, 0),
                  title="Biases, measured minus true, one sigma")
    for sensor, one in heard(course):
        cells, drifts = [], []
        for scale in SCALES:
            if not one.known or (one.role == "reference" and scale.radars):
                cells.append("")
                continue
            value, sigma, drift = (numbers[scale.place] for numbers in (
                one.bias, one.sigma, one.drift))
            # A source of positions that is no reference has an offset east and north, in m.
            factor, digits = (1.0, 0) if one.placed and scale.radars else (scale.factor,
                                                                           scale.digits)
            way = ("E ", "N ")[scale.place] if one.placed and scale.radars else ""
            cells.append(f"{way}{value * factor:+.{digits}f} ±{sigma * factor:.{digits}f}")
            drifts.append(f"{drift * factor:+.{digits}f}")
        plots = [f"{one.plots:,}", f"{one.windows:,}"] if one.role != "given" else ["", "given"]
        sheet.add_row(sensor.name, sensor.kind.name, *cells, " ".join(drifts), *plots)
    return sheet


def _bars(course: Course) -> Table:
    """Each bias with its error as a bar."""
    from rich.box import SIMPLE
    from rich.table import Table

    from jointsky.app.biasplot import SCALES, bar, reach_of
    from jointsky.app.registration import heard

    reach = [reach_of(course, scale) for scale in SCALES]
    heads = [f"{scale.title}, to ±{far * scale.factor:.{scale.digits}f} {scale.unit}"
             for scale, far in zip(SCALES, reach, strict=True)]
    sheet = Table("sensor", *heads, box=SIMPLE)
    for sensor, one in heard(course):
        if one.known:
            sheet.add_row(sensor.name, *(
                "" if scale.radars and one.placed
                else bar(one.bias[scale.place], one.sigma[scale.place], far)
                for scale, far in zip(SCALES, reach, strict=True)))
    return sheet


def _errors(course: Course, truth: dict[int, tuple[float, float]]) -> Table:
    """Estimates less true biases, and that in sigmas."""
    from rich.box import SIMPLE
    from rich.table import Table

    from jointsky.app.biasplot import SCALES
    from jointsky.app.registration import heard

    sheet = Table("sensor", "range error m", "in sigmas", "azimuth error deg", "in sigmas",
                  box=SIMPLE, title="Against the true biases")
    for sensor, one in heard(course):
        if sensor.sensor_id in truth and one.role == "learned":
            cells = []
            for scale, true in zip(SCALES[:2], truth[sensor.sensor_id], strict=True):
                off = one.bias[scale.place] - true
                cells += [f"{off * scale.factor:+.{scale.digits + 1}f}",
                          f"{off / one.sigma[scale.place]:+.2f}"]
            sheet.add_row(sensor.name, *cells)
    return sheet

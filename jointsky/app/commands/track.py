"""`jointsky track`: recordings and plot folders to system tracks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jointsky.app.help import DATE_HELP, EDITION_HELP, SENSOR_HELP

if TYPE_CHECKING:
    from jointsky.app.tracking import Run
    from jointsky.model.sensor import Sensor
    from jointsky.track.tuning import Tuning


def track(
    inputs: Annotated[list[Path], typer.Argument(
        help="Recordings of one time (raw, PCAP, PCAPNG, final frame, rply), or one plot folder.")],
    output: Annotated[Path, typer.Option(
        "-o", "--output", metavar="FILE.parquet|.csv",
        help="Where the tracks go: time, track_id, lat, lon, alt, vn, ve.")],
    bias: Annotated[Path | None, typer.Option(
        help="Known biases of a plot folder's sensors (bias.csv), to be taken off.")] = None,
    sensor: Annotated[list[str] | None, typer.Option(help=SENSOR_HELP)] = None,
    sensors: Annotated[Path | None, typer.Option(
        help="Sensors of recordings, in the form of a plot folder's sensors.csv.")] = None,
    edition: Annotated[list[str] | None, typer.Option(help=EDITION_HELP)] = None,
    date: Annotated[str | None, typer.Option(help=DATE_HELP)] = None,
    step: Annotated[float, typer.Option(
        help="Output grid of recordings, in seconds; plot folders bring their own.")] = 4.0,
    tuning: Annotated[Path | None, typer.Option(
        help="Settings of the tracker, for everywhere and for areas (TOML).")] = None,
    cat062: Annotated[str | None, typer.Option(
        metavar="FILE|udp://HOST:PORT",
        help="Also write the tracks as ASTERIX CAT062 and CAT065.")] = None,
    covariance: Annotated[bool, typer.Option(
        "--covariance", help="Also write each row's covariance, cov_e_e to cov_vn_vn.")] = False,
    smooth: Annotated[bool, typer.Option(
        "--smooth", help="Use the plots that were still to come, too: each track is smoothed "
        "backwards, from its first plot to its last.")] = False,
) -> None:
    """Track recordings of ASTERIX, or a plot folder: one row per track and step."""
    from rich.console import Console
    from rich.progress import Progress

    from jointsky.app.pipeline import UNIT_ID
    from jointsky.app.tracking import RowCollector, TrackSender, smoothed_rows
    from jointsky.app.tuning import load_tuning
    from jointsky.codec.trackfile import check_track_suffix, write_tracks
    from jointsky.model.errors import UsageProblem

    check_track_suffix(output)
    settings = load_tuning(tuning) if tuning is not None else None
    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    if smooth and cat062:
        raise UsageProblem("--smooth --cat062", "CAT062 is of the moment, smoothing looks back",
                           expected="one of them")
    if inputs[0].is_dir():
        run = _folder(inputs, bias, settings, smooth=smooth,
                      recording_options=bool(sensor or sensors or edition or date))
    else:
        run = _recordings(inputs, sensors_of(sensor or [], sensors), edition or [], date, step,
                          settings, smooth=smooth)
    told = len(run.notes)
    for note in run.notes:
        errors.print(note, markup=False)
    rows = RowCollector(covariance=covariance)
    sender = TrackSender(cat062) if cat062 else None
    try:
        with Progress(console=errors, transient=True) as progress:
            for now_ns, tracks in progress.track(run.pictures, total=len(run.grid_ns),
                                                 description="tracking"):
                rows.add(now_ns, tracks)
                if sender is not None:
                    sender.send(now_ns, tracks, UNIT_ID)
    finally:
        if sender is not None:
            sender.close()
    for note in run.notes[told:]:
        errors.print(note, markup=False)
    made = smoothed_rows(run, covariance=covariance) if smooth else rows.rows()
    write_tracks(output, made)
    errors.print(f"{run.inputs:,} {run.what} in, {len(made.time_s):,} rows of "
                 f"{len(set(made.track_id.tolist())):,} tracks written to {output}", markup=False)


def _folder(inputs: list[Path], bias: Path | None, tuning: Tuning | None, *, smooth: bool,
            recording_options: bool) -> Run:
    from jointsky.app.tracking import track_folder

    check_one_folder(inputs, recording_options=recording_options)
    return track_folder(inputs[0], bias, tuning, smooth=smooth)


def check_one_folder(inputs: list[Path], *, recording_options: bool) -> None:
    """Raises `UsageProblem` unless the inputs are one plot folder, with no option of others."""
    from jointsky.model.errors import UsageProblem

    if len(inputs) > 1:
        raise UsageProblem(inputs[1], "a plot folder is tracked alone", expected="one folder")
    if recording_options:
        raise UsageProblem(inputs[0], "--sensor, --sensors, --edition and --date are for "
                           "recordings", expected="none of them with a plot folder")


def _recordings(inputs: list[Path], sensors: tuple[Sensor, ...], edition: list[str],
                date: str | None, step_s: float, tuning: Tuning | None, *, smooth: bool) -> Run:
    from jointsky.app.arguments import parse_date
    from jointsky.app.tracking import track_recordings
    from jointsky.codec.asterix.editions import parse_editions
    from jointsky.model.errors import UsageProblem

    if not 0.1 <= step_s <= 3600:
        raise UsageProblem(f"--step {step_s}", "out of range", expected="0.1 to 3600 seconds")
    return track_recordings(inputs, sensors, step_s, parse_editions(edition), parse_date(date),
                            tuning, smooth=smooth)


def sensors_of(texts: list[str], file: Path | None) -> tuple[Sensor, ...]:
    """Those of the command line first, then those of a file that it does not name."""
    from jointsky.app.arguments import parse_sensors
    from jointsky.codec.plotfolder import read_sensors

    given = parse_sensors(texts)
    named = {sensor.sensor_id for sensor in given}
    listed = read_sensors(file) if file is not None else ()
    return given + tuple(sensor for sensor in listed
                         if sensor.sensor_id and sensor.sensor_id not in named)

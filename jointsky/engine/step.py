"""One step of a unit: frames in, picture out. Pure: no clock, no file, no chance.

The same frames in the same steps give the same tracks, byte for byte; that is what makes a
journal a recording of the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from jointsky.agreement.release import Released
from jointsky.engine.foreign import keep, merge, with_systems
from jointsky.engine.fusion import is_fused, plots_of_tracks
from jointsky.engine.health import count_foreign, count_plots, count_statuses, settle
from jointsky.engine.intake import Intake, read_frames
from jointsky.engine.law import Outcome, obey, standings_of
from jointsky.engine.sensing import add_found_sensors, split_known, split_unfit, split_worlds
from jointsky.engine.sharing import Sharing, share, with_standings
from jointsky.engine.state import PictureState
from jointsky.model.command import Command
from jointsky.model.frame import Frame
from jointsky.model.schema import PlotBatch, RejectBatch, SensorStatusBatch, TrackBatch
from jointsky.track import tracker


@dataclass(frozen=True)
class StepResult:
    """What a step made.

    state: for the next step; foreign: tracks of other systems that arrived in it; plots: those the
    tracker used; statuses, rejects: as they came; outcomes: of the commands; released: what leaves
    for each partner nation, () in most steps. The pictures are made when they are first asked for,
    for not every step is shown; that must be before the state is given to the next step.
    """

    state: PictureState
    now_ns: int
    foreign: TrackBatch
    plots: PlotBatch
    statuses: SensorStatusBatch
    rejects: RejectBatch
    outcomes: tuple[Outcome, ...] = ()
    released: tuple[Released, ...] = ()

    @cached_property
    def tracks(self) -> TrackBatch:
        """Own system tracks at now_ns, those dropped in this step among them."""
        assert self.state.tracker.now_ns == self.now_ns, "the next step has taken this state"
        return tracker.picture(self.state.tracker, self.now_ns)

    @cached_property
    def picture(self) -> TrackBatch:
        """Own and foreign tracks as consoles show them."""
        return merge(self.tracks, self.state.foreign, self.state.systems)


def step(state: PictureState, frames: Sequence[Frame], now_ns: int,
         commands: Sequence[Command] = ()) -> StepResult:
    """Obey the commands, work the frames off, in their order, and bring the picture to now_ns (UTC,
    later than that of the step before). Takes ownership of `state`: who needs it again makes a copy
    first."""
    law, outcomes = obey(state.law, commands, now_ns)
    state = replace(state, law=law)
    intake = read_frames(state, frames)
    state = add_found_sensors(state, intake.plots, intake.statuses)
    state, reported = plots_of_tracks(state, intake.foreign, intake.received_ns)
    reports = PlotBatch.join([intake.plots, reported], state.world)
    plots, unreal = split_worlds(state, reports)
    plots, unplaced = split_known(state, plots)
    state = note_health(state, intake, plots, now_ns)
    state = replace(state, tracker=tracker.advance(state.tracker, plots, now_ns))
    plots, unfit = split_unfit(state, plots)
    state = note_foreign(state, intake.foreign, now_ns)
    rejects = RejectBatch.join([intake.rejects, unreal, unplaced, unfit], state.world)
    state = replace(
        state, frames=state.frames + len(frames), plots=state.plots + len(plots),
        rejects=state.rejects + len(rejects), steps=state.steps + 1, now_ns=now_ns)
    state, released = share_when_due(state, now_ns)
    return StepResult(state, now_ns, intake.foreign, plots, intake.statuses, rejects, outcomes,
                      released)


def share_when_due(state: PictureState,
                   now_ns: int) -> tuple[PictureState, tuple[Released, ...]]:
    """What leaves for each partner, if it is time for a batch. How the agreements stand is found
    anew for each, so that what has ended lets nothing go from its very instant on."""
    if not state.share_ns or now_ns - state.shared_ns < state.share_ns:
        return state, ()
    sharing = with_standings(Sharing(state.unit.nation, lines=state.lines),
                             standings_of(state.law, now_ns), state.sensors, state.world)
    sharing, released = share(sharing, state.tracker, tracker.picture(state.tracker, now_ns),
                              now_ns)
    return replace(state, lines=sharing.lines, shared_ns=now_ns), released


def picture_at(state: PictureState) -> TrackBatch:
    """The picture that the last step of this state gave."""
    return merge(tracker.picture(state.tracker, state.now_ns), state.foreign, state.systems)


def due_ns_of(state: PictureState) -> int | None:
    """UTC ns from which on a step will use plots that wait in the tracker, None if none waits."""
    return tracker.due_ns(state.tracker)


def tracks_ever(state: PictureState) -> int:
    """How many own tracks have ever been confirmed."""
    return tracker.confirmed_ever(state.tracker)


def note_health(state: PictureState, intake: Intake, used: PlotBatch,
                now_ns: int) -> PictureState:
    """Count what each sensor and each input brought."""
    before = {sensor_id: health.reports for sensor_id, health in state.health.items()}
    known = {sensor.sensor_id for sensor in state.sensors}
    count_plots(state, intake.plots, used, known)
    count_statuses(state, intake.statuses)
    count_foreign(state, intake.foreign, intake.received_ns)
    settle(state, before, now_ns)
    return state


def note_foreign(state: PictureState, arrived: TrackBatch, now_ns: int) -> PictureState:
    """Keep the latest of each foreign track, and whose tracks have been seen."""
    shown, latest = (tracks.take(~is_fused(state, tracks)) for tracks in (arrived, state.foreign))
    foreign = keep(latest, shown, now_ns)
    own_id = state.unit.unit_id if tracks_ever(state) else None
    return replace(state, foreign=foreign, systems=with_systems(state.systems, own_id, foreign))

"""Questions to a journal: why a partner got a track, what it had, what it would lose."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
from rich.table import Table

from jointsky.agreement.explain import Explanation
from jointsky.agreement.periods import text_of
from jointsky.app.cards import card_of, geojson_of
from jointsky.app.framelog import JournalLog
from jointsky.app.history import History
from jointsky.app.picture import Picture, preview_of
from jointsky.app.player import Player
from jointsky.edge.journal import JOURNAL
from jointsky.engine.asking import explanations_of, own_number, partners_at
from jointsky.engine.state import PictureState
from jointsky.model.clock import NS_PER_S
from jointsky.model.errors import FileProblem, UsageProblem
from jointsky.model.world import World
from jointsky.study.rehearsal import Rehearsal, rehearse, take

SUFFIXES = (".csv", ".geojson")
NAMED_MAX = 12
STEP_NS = 4 * NS_PER_S


def journal_of(path: Path) -> Player:
    """A player on a unit's journal. Raises `FileProblem`."""
    if path.is_file() and not JOURNAL.is_in(path):
        raise FileProblem(path, "no journal", expected="the journal of a unit")
    player = Player(JournalLog(path, World.REPLAY), World.REPLAY, History())
    if player.extent()[1] == 0:
        player.close()
        raise FileProblem(path, "a journal without any turn", expected="at least one tick")
    return player


def state_at(player: Player, path: Path, at_ns: int | None, shares: bool = False) -> PictureState:
    """The state at a time (None: at the end) of the journal. Raises `UsageProblem` for a time that
    is not in it."""
    begin_ns, end_ns = player.extent()
    if at_ns is not None and not begin_ns <= at_ns <= end_ns:
        raise UsageProblem(f"--at {text_of(at_ns)}", f"not in {path}",
                           expected=f"{text_of(begin_ns)} to {text_of(end_ns)}")
    wanted_ns = end_ns if at_ns is None else at_ns
    done = player.seek(wanted_ns, shares)
    while not done:
        done = player.advance(wanted_ns)
    assert player.state is not None, "a journal with a turn has a state behind it"
    return player.state


def partner_at(state: PictureState, nation: str, option: str) -> str:
    """The nation, if it is a partner then. Raises `UsageProblem`."""
    known = partners_at(state)
    if nation not in known:
        raise UsageProblem(f"{option} {nation}", f"{state.unit.nation or 'the unit'} has no "
                           f"agreement with it at {text_of(state.now_ns)}",
                           expected=f"one of {', '.join(known)}" if known else "a journal of a "
                           "unit that has activated an agreement")
    return nation


def explanation_at(state: PictureState, number: int, nation: str) -> Explanation:
    """Why a nation gets a track at the time of a state, or why not. Raises `UsageProblem`."""
    partner_at(state, nation, "--to")
    own = own_number(state, number)
    if own is None:
        raise UsageProblem(f"--track {number}", "the unit has no such track of its own at "
                           f"{text_of(state.now_ns)}", expected="a number of `jointsky replay`")
    return next(one for one in explanations_of(state, own) if one.recipient == nation)


def preview_at(player: Player, state: PictureState, nation: str) -> Picture:
    """The picture that a nation has at the time of the player's state. Raises `UsageProblem`."""
    partner_at(state, nation, "--as")
    assert player.picture is not None, "there is a state"
    return preview_of(player.picture, nation)


def preview_table(picture: Picture) -> Table:
    """The picture as a table for people; a dash where the nation is not told."""
    table = Table("track", "time", "position", "level", "knots", "course", "code", "address",
                  "callsign", "identity", box=None, padding=(0, 2, 0, 0))
    for row in range(len(picture.tracks)):
        card = card_of(picture, row)
        level = card["mode_c_m"]
        speed = card["ground_speed_ms"]
        table.add_row(
            str(card["number"]), text_of(round(card["time_ms"] * 1e6)),
            f"{card['latitude']:.4f} {card['longitude']:.4f}",
            "-" if level is None else f"FL{level / 30.48:03.0f}",
            "-" if speed is None else f"{speed * 3600 / 1852:.0f}",
            "-" if card["course_deg"] is None else f"{card['course_deg']:03.0f}",
            card["mode_3a"] or "-", card["icao_address"] or "-", card["callsign"] or "-",
            card["identity"].lower().replace("_", " "))
    return table


def check_preview_target(path: Path) -> None:
    """Raises `UsageProblem` if a preview cannot be written under that name."""
    if path.suffix not in SUFFIXES:
        raise UsageProblem(path, f"the ending is {path.suffix or 'missing'}",
                           expected=" or ".join(SUFFIXES))


def write_preview(path: Path, picture: Picture) -> None:
    """Write a preview as .csv or .geojson. Raises `UsageProblem`, `FileProblem`."""
    check_preview_target(path)
    try:
        if path.suffix == ".geojson":
            path.write_text(json.dumps(geojson_of(picture), indent=1) + "\n")
        else:
            pacsv.write_csv(_rows_of(picture), path)
    except OSError as error:
        raise FileProblem(path, f"cannot be written: {error.strerror or error}") from None


def _rows_of(picture: Picture) -> pa.Table:
    rows = []
    for row in range(len(picture.tracks)):
        card = card_of(picture, row)
        quality = card.pop("quality")
        rows.append({"time": text_of(round(card["time_ms"] * 1e6)), **{
            name: value for name, value in card.items()
            if name not in ("sensors", "unit", "world", "time_ms", "update_age_s")},
            "flags": " ".join(card["flags"]), **quality})
    names = list(rows[0]) if rows else ["time", "number", "latitude", "longitude"]
    columns: dict[str, list[Any]] = {name: [row[name] for row in rows] for name in names}
    return pa.table(columns)


def agreements_ending(state: PictureState, name: str | None) -> tuple[str, ...]:
    """The agreements whose end is rehearsed: the one named, or all that are held. Raises
    `UsageProblem`."""
    known = tuple(one.id for one in state.law.register.held)
    if not known:
        raise UsageProblem("--end", "the unit holds no agreement",
                           expected="a journal of a unit that has activated one")
    if name is not None and name not in known:
        raise UsageProblem(f"--agreement {name}", "the unit does not hold it",
                           expected=f"one of {', '.join(known)}")
    return known if name is None else (name,)


def rehearsed(player: Player, path: Path, end_ns: int, agreement: str | None,
              progress: Callable[[float], None]) -> tuple[Rehearsal, tuple[str, ...]]:
    """Play a whole journal as on the last day of agreements and as on the day after; which they
    are. progress is told the share that is done. Raises `UsageProblem`."""
    state = state_at(player, path, None)
    names = agreements_ending(state, agreement)
    rehearsal = rehearse(state, names, end_ns)
    standing = {one.document.instrument.id for one in rehearsal.before.in_force} & set(names)
    if not standing:
        raise UsageProblem(f"--end {text_of(end_ns)}", f"{', '.join(names)}: not in force before",
                           expected="a day on which it is")
    for moment_ns, share in _moments(player):
        state_at(player, path, moment_ns)
        player.ask(lambda now: take(rehearsal, now))
        progress(share)
    return rehearsal, tuple(sorted(standing))


def _moments(player: Player) -> Iterator[tuple[int, float]]:
    begin_ns, end_ns = player.extent()
    for time_ns in range(begin_ns, end_ns + 1, STEP_NS):
        yield time_ns, (time_ns - begin_ns) / max(1, end_ns - begin_ns)

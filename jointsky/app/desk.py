"""The desk of commands: acts that persons put into a folder, and what the watch says of the clock.

The node asks it before each step and tells it after what became of them.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from jointsky.app.config import UnitConfig
from jointsky.edge.acts import ActsFolder
from jointsky.edge.clock import ClockWatch
from jointsky.engine.law import Law, Outcome
from jointsky.model.clock import NS_PER_S
from jointsky.model.command import Command
from jointsky.model.errors import ResourceProblem

LOOK_NS = NS_PER_S // 2
WATCH = "clock watch"


class CommandDesk:
    """What comes to a unit beside reports. alarm: what is wrong with it, "" for nothing."""

    def __init__(self, config: UnitConfig, law: Law | None, last_ns: int):
        """law, last_ns: of the state that the unit goes on from, None and 0 for a new one."""
        section = config.agreements
        self._folder = ActsFolder(Path(section.folder)) if section else None
        recorded = config.input[0].recording is not None
        self._watch = ClockWatch(last_ns) if section and not recorded else None
        self._told = law.clock if law else ""
        self._looked_ns = 0
        self.alarm = ""

    def waiting(self, now_ns: int) -> list[Command]:
        """The commands to obey in the next step. now_ns: UTC as the machine tells it."""
        steady_ns = time.monotonic_ns()
        commands = []
        if self._watch is not None:
            why = self._watch.why_not(now_ns, steady_ns)
            # A clock that goes on being wrong is told once; its figure changes slowly.
            if bool(why) != bool(self._told):
                commands.append(Command("clock", WATCH, why))
                self._told = why
        if self._folder is not None and steady_ns - self._looked_ns >= LOOK_NS:
            self._looked_ns = steady_ns
            commands += self._folder.waiting()
        return commands

    def settle(self, commands: Sequence[Command], outcomes: Sequence[Outcome], law: Law) -> None:
        """Put the files of acts where they belong. law: after the commands."""
        if self._told and law.trusted and self._watch is not None:
            # Two persons have said that the time is right as it is now.
            self._watch, self._told = ClockWatch(), ""
        if self._folder is None:
            return
        for command, outcome in zip(commands, outcomes, strict=True):
            if command.kind != "act":
                continue
            try:
                self._folder.settle(command, outcome.time_ns if outcome.accepted else None,
                                    outcome.act, outcome.text)
                self.alarm = ""
            except ResourceProblem as problem:
                self.alarm = f"the folder of acts cannot be written: {problem}"

"""The exception tree: raised at trust boundaries, each carrying the culprit.

    JointskyError
    |-- InputError            something given to us is not what was expected (exit status 2)
    |   |-- FileProblem       a file: missing, truncated, not in any known format
    |   |-- ConfigProblem     a configuration: every fault of it at once
    |   `-- UsageProblem      an argument of a command
    |-- WorldMismatch         two worlds (live, replay, exercise, study) were about to be joined
    |-- SchemaMismatch        columns that do not fit the column table
    `-- ResourceProblem       the machine: port taken, disk full, no memory

Bad *data* inside a readable source is never an exception: it becomes rows of a `RejectBatch`.
"""

from __future__ import annotations

from pathlib import Path


class JointskyError(Exception):
    """Base of every error this program raises on purpose."""


class InputError(JointskyError):
    """Something given to the program is not what was expected.

    what: the culprit as a user would name it (a file, an option, a key);
    place: where in it (byte offset, line, column), or "";
    problem: what stood there; expected: what should have stood there, or "".
    """

    def __init__(self, what: str | Path, problem: str, *, place: str = "", expected: str = ""):
        self.what, self.place, self.problem, self.expected = str(what), place, problem, expected
        where = f"{what}, {place}" if place else f"{what}"
        tail = f"; expected {expected}" if expected else ""
        super().__init__(f"{where}: {problem}{tail}")


class FileProblem(InputError):
    """A file is missing, cut short, or in no known format."""


class UsageProblem(InputError):
    """An argument of a command does not fit."""


class ConfigProblem(InputError):
    """A configuration does not fit; `faults` lists every fault of it, one line each."""

    def __init__(self, what: str | Path, faults: list[str]):
        self.faults = faults
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        super().__init__(what, count + "".join(f"\n  {fault}" for fault in faults))


class WorldMismatch(JointskyError):
    """Batches of two worlds were about to be joined."""


class SchemaMismatch(JointskyError):
    """Columns do not fit the column table: names, types or lengths differ."""


class ResourceProblem(JointskyError):
    """The machine cannot give what is needed; says what and how to mend it."""

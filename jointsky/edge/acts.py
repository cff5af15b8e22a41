"""The folder of acts: files that persons put there, those accepted, those refused and why.

    FOLDER/            acts that wait: *.json
    FOLDER/accepted/   NUMBER-ID.json: when it was accepted, and the act as it came
    FOLDER/refused/    the file as it came, and beside it NAME.why.txt

A file is moved only once what became of it is in the journal. What was accepted is read again at
the next start: were the journal lost, no suspension would be.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from jointsky.model.command import Command
from jointsky.model.errors import FileProblem, ResourceProblem

BYTES_MAX = 4_000_000
WAITING_MAX = 100
ACCEPTED_MAX = 100_000


class ActsFolder:
    """One folder of acts; it is made when something is written."""

    def __init__(self, path: Path):
        self._path = path
        self._accepted, self._refused = path / "accepted", path / "refused"
        self._seen: dict[str, tuple[int, int]] = {}

    def waiting(self) -> list[Command]:
        """The acts that wait, by name: files that have not changed since the call before, for one
        that is being written is not whole yet. What cannot be read is an act of that text: refused,
        with the reason."""
        commands, seen = [], {}
        for file in sorted(self._path.glob("*.json"))[:WAITING_MAX]:
            try:
                stat = file.stat()
                seen[file.name] = stat.st_size, stat.st_mtime_ns
                if self._seen.get(file.name) != seen[file.name]:
                    continue
                text = (file.read_text(encoding="utf-8") if stat.st_size <= BYTES_MAX
                        else f"{stat.st_size} bytes; at most {BYTES_MAX}")
            except (OSError, UnicodeDecodeError) as error:
                text = str(error)
            commands.append(Command("act", file.name, text))
        self._seen = seen
        return commands

    def settle(self, command: Command, accepted_ns: int | None, act: str, why: str) -> None:
        """Put a file where it belongs. accepted_ns: when it was accepted, None if it was not."""
        file = self._path / command.source
        try:
            if accepted_ns is None:
                _write(self._refused / f"{command.source}.why.txt", why + "\n")
                if file.exists():
                    file.replace(self._refused / command.source)
                return
            if not any(self._accepted.glob(f"*-{act[:16]}.json")):
                number = len(list(self._accepted.glob("*.json"))) + 1
                content = {"accepted_ns": accepted_ns, "name": command.source, "act": command.text}
                _write(self._accepted / f"{number:06d}-{act[:16]}.json",
                       json.dumps(content, ensure_ascii=False, indent=1) + "\n")
            file.unlink(missing_ok=True)
        except OSError as error:
            raise ResourceProblem(f"{file}: {error}; what became of it is in the journal") from None

    def accepted(self) -> Iterator[tuple[int, str, str]]:
        """What was accepted, in order: UTC ns, name of the file, text. Raises `FileProblem`."""
        for file in sorted(self._accepted.glob("*.json"))[:ACCEPTED_MAX]:
            try:
                content = json.loads(file.read_text(encoding="utf-8"))
                yield int(content["accepted_ns"]), file.name, str(content["act"])
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise FileProblem(file, f"cannot be read ({error})",
                                  expected="an act as this unit accepted it") from None


def _write(path: Path, text: str) -> None:
    """Write a file so that after a loss of power it is whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

"""What the stores of this folder share: SQLite files that are told apart, opened, and spoken of.

Every store is one SQLite file with a mark of its own (`application_id`) and a version, in WAL with
synchronous=FULL: what a commit has returned for survives the loss of the process or of power.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jointsky.model.errors import FileProblem, ResourceProblem

MAGIC = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file. name: one word for people; mark: its application_id; version: that of its
    tables; wal_pages_max: a commit brings the write-ahead log into the file beyond this."""

    name: str
    mark: int
    version: int
    wal_pages_max: int = 1_000

    @property
    def expected(self) -> str:
        """What stands in messages after "expected"."""
        return f"a {self.name} of jointsky"

    def is_in(self, path: Path) -> bool:
        """Whether a file is of this kind, by its content. One that cannot be read is none."""
        try:
            with path.open("rb") as file:
                head = file.read(100)
        except OSError:
            return False
        return head.startswith(MAGIC) and head[68:72] == self.mark.to_bytes(4, "big")

    def open_to_write(self, path: Path, tables: Iterable[str]) -> sqlite3.Connection:
        """Open a file, or make it with these tables. The mark is in the file itself, not in the
        WAL, before the first row. Raises `FileProblem`, `ResourceProblem`."""
        if path.exists() and path.stat().st_size and not self.is_in(path):
            raise FileProblem(path, f"it is not a {self.name}", place="byte 0",
                              expected=self.expected)
        with self.said_clearly(path):
            db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            if db.execute("PRAGMA user_version").fetchone()[0] == 0:
                db.execute("PRAGMA synchronous = FULL")
                db.execute("BEGIN IMMEDIATE")
                for table in tables:
                    db.execute(table)
                db.execute(f"PRAGMA application_id = {self.mark}")
                db.execute(f"PRAGMA user_version = {self.version}")
                db.execute("COMMIT")
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            db.execute(f"PRAGMA wal_autocheckpoint = {self.wal_pages_max}")
            db.execute("PRAGMA busy_timeout = 5000")
            self._check_version(db, path)
        return db

    def open_to_read(self, path: Path) -> sqlite3.Connection:
        """A read-only connection; where the folder cannot be written to, the file as it lies.
        Raises `FileProblem` for a file that is missing, none or damaged."""
        if not path.is_file():
            raise FileProblem(path, "there is no such file", expected=self.expected)
        if not self.is_in(path):
            raise FileProblem(path, f"it is not a {self.name}", place="byte 0",
                              expected=self.expected)
        with self.said_clearly(path):
            db = _connect_to_read(path)
            self._check_version(db, path)
        return db

    def _check_version(self, db: sqlite3.Connection, path: Path) -> None:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version != self.version:
            raise FileProblem(path, f"a {self.name} of version {version}",
                              expected=f"version {self.version}")

    @contextmanager
    def said_clearly(self, path: Path) -> Iterator[None]:
        """Turn what SQLite says into the errors of this program."""
        try:
            yield
        except sqlite3.IntegrityError as error:
            raise ResourceProblem(f"{path}: another program writes this {self.name} ({error}); "
                                  "give each unit its own") from None
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                raise FileProblem(path, f"damaged: {error}", expected=self.expected) from None
            if "full" in str(error):
                raise ResourceProblem(
                    f"{path}: the disk, or what this {self.name} may take of it, is full; make "
                    "room or raise its limit") from None
            raise ResourceProblem(f"{path}: {error}; expected a folder that can be written to and "
                                  f"a {self.name} that no other program holds") from None
        except sqlite3.DatabaseError as error:
            raise FileProblem(path, f"damaged: {error}", expected=self.expected) from None


def limit_size(db: sqlite3.Connection, bytes_max: int) -> None:
    """Where the file stops growing whatever happens; at least 64 pages."""
    page = db.execute("PRAGMA page_size").fetchone()[0]
    db.execute(f"PRAGMA max_page_count = {max(bytes_max, 64 * page) // page}")


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All of what is written inside, or nothing of it."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _connect_to_read(path: Path) -> sqlite3.Connection:
    uri = path.resolve().as_uri()
    db = sqlite3.connect(f"{uri}?mode=ro", uri=True, isolation_level=None,
                         check_same_thread=False)
    try:
        db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        return db
    except sqlite3.OperationalError:
        db.close()
        if Path(f"{path}-wal").exists():
            raise
    return sqlite3.connect(f"{uri}?immutable=1", uri=True, isolation_level=None,
                           check_same_thread=False)

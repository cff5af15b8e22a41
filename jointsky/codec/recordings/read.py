"""Open a recording: the form is told by its content, the suffix is only a hint."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from jointsky.codec.recordings import final_frame, pcap, pcapng, raw, rply
from jointsky.codec.recordings.recording import Recording, as_u8
from jointsky.model.batch import U8
from jointsky.model.errors import FileProblem

SIZE_LIMIT = 4 << 30
EXPECTED = "ASTERIX blocks (.ast .raw .bin), PCAP, PCAPNG, final frame (.ff) or rply"


class Form(NamedTuple):
    """A form of recording: its suffixes, whether bytes are surely of it, how it is read."""

    suffixes: tuple[str, ...]
    fits: Callable[[U8], bool]
    read: Callable[[str, U8], Recording]


# In the order in which they are tried: the surest mark first.
FORMS = (
    Form((".pcapng", ".ntar"), pcapng.fits, pcapng.read),
    Form((".pcap", ".cap", ".dmp"), pcap.fits, pcap.read),
    Form((".ff", ".rec"), final_frame.fits, final_frame.read),
    Form((".rply",), rply.fits, rply.read),
    Form((".ast", ".raw", ".bin", ".asterix"), raw.fits, raw.read),
)

# Files people hand over by mistake, and what to do with them.
STRANGERS = (
    (b"SQLite format 3\0", "a database, perhaps a journal: `jointsky replay` opens journals"),
    (b"\x1f\x8b", "compressed with gzip: unpack it first"),
    (b"PK\x03\x04", "a ZIP archive: unpack it first"),
    (b"\xfd7zXZ", "compressed with xz: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd: unpack it first"),
    (b"PAR1", "a Parquet table, not a recording"),
)


def read_recording(path: Path) -> Recording:
    """Read a recording of any known form.

    A file that is missing, empty or of no known form raises `FileProblem`, which names the file,
    the place and what was expected. A capture that is cut short keeps what came before the cut,
    and says so in `faults`.
    """
    buffer = as_u8(_content_of(path))
    for form in FORMS:
        if form.fits(buffer):
            return form.read(str(path), buffer)
    head = bytes(buffer[:8])
    for mark, text in STRANGERS:
        if head.startswith(mark[:8]):
            raise FileProblem(path, text, place="byte 0", expected=EXPECTED)
    hinted = next((form for form in FORMS if path.suffix.lower() in form.suffixes), None)
    if hinted is FORMS[-1] and raw.fits_loosely(buffer):
        return raw.read(str(path), buffer)
    raise FileProblem(path, f"no form of recording begins with {head.hex(' ')}", place="byte 0",
                      expected=EXPECTED)


def _content_of(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise FileProblem(path, "a folder", expected="a file")
        if size > SIZE_LIMIT:
            raise FileProblem(path, f"{size} bytes", expected=f"at most {SIZE_LIMIT}; cut it")
        content = path.read_bytes()
    except FileNotFoundError:
        raise FileProblem(path, "there is no such file", expected=EXPECTED) from None
    except OSError as error:
        raise FileProblem(path, f"cannot be read: {error.strerror}", expected=EXPECTED) from None
    if not content:
        raise FileProblem(path, "the file is empty", place="byte 0", expected=EXPECTED)
    return content

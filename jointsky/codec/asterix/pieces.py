"""A long recording decoded piece by piece, so that memory stays bounded whatever its length."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from jointsky.codec.asterix.decode import Decoded, decode
from jointsky.codec.recordings.recording import Recording
from jointsky.model.batch import I64

PIECE_OCTETS: Final = 8 << 20


@dataclass(frozen=True, eq=False)
class Piece:
    """Some frames of a recording, decoded.

    first: number of the first of them; shift: where in the recording's buffer the piece starts;
    octets: bytes of the buffer done with this piece, those before it counted.
    """

    decoded: Decoded
    first: int
    shift: int
    octets: int

    def place_in_file(self, recording: Recording, frame: I64, offset: I64) -> I64:
        """Byte offsets in the file, of frames and offsets as the piece counts them."""
        return recording.place_in_file(frame + self.first, offset + self.shift)


def decode_pieces(recording: Recording, editions: Mapping[int, str] | None = None,
                  piece_octets: int = PIECE_OCTETS) -> Iterator[Piece]:
    """Decode the frames of a recording, in order, about `piece_octets` of them at a time.

    editions: as in `decode`; an edition that is found in one piece holds for those after it.
    """
    held = dict(editions or {})
    end = recording.start + recording.length
    first = 0
    while first < len(recording):
        shift = int(recording.start[first])
        past = int(np.searchsorted(end, shift + piece_octets, side="right"))
        past = max(past, first + 1)
        octets = int(end[past - 1])
        decoded = decode(recording.buffer[shift:octets],
                         spans=(recording.start[first:past] - shift, recording.length[first:past]),
                         editions=held)
        for category, table in decoded.rejects.tables.items():
            held[category] = table.edition
        yield Piece(decoded, first, shift, octets)
        first = past

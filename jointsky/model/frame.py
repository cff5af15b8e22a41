"""A frame: bytes as they came from a source, and when."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Frame:
    """One datagram, or one block of a recording.

    source: the configured name of the input; received_ns: UTC ns at reception;
    payload: the bytes, untouched.
    """

    source: str
    received_ns: int
    payload: bytes

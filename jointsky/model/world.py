"""Worlds: live, replay, exercise and study never mix."""

from __future__ import annotations

from enum import Enum


class World(Enum):
    """The world a batch belongs to. Joining batches of two worlds raises `WorldMismatch`."""

    LIVE = "live"
    REPLAY = "replay"
    EXERCISE = "exercise"
    STUDY = "study"

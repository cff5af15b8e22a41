"""What every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real recordings and plot folders that lies beside the project.

    Absent on a user's machine, where such tests are skipped; in CI its absence is a failure.
    """
    folder = Path(os.environ.get("JOINTSKY_SHARED", ROOT.parent / "shared")) / "data"
    if not folder.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"{folder}: not there, but CI must have it")
        pytest.skip("real recordings are not on this machine (JOINTSKY_SHARED)")
    return folder

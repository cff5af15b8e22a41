"""How kernels are compiled and kept: what a start loads, and what it leaves asleep."""

from __future__ import annotations

import subprocess
import sys

import numpy as np

from jointsky.kernels.gating import pairs_within
from jointsky.kernels.geodesy import radius_towards

LOADED = """
import sys
import numpy as np
from jointsky.kernels.gating import pairs_within
assert len(pairs_within(np.zeros((2, 3)), np.zeros((1, 3)), 1.0)) == 2
print("numba.np.arraymath" in sys.modules, "scipy.linalg" in sys.modules)
"""


def test_a_kernel_that_is_there_is_loaded_without_waking_the_compiler() -> None:
    assert len(pairs_within(np.zeros((2, 3)), np.zeros((1, 3)), 1.0)) == 2
    found = subprocess.run([sys.executable, "-c", LOADED], check=True, text=True,
                           capture_output=True).stdout
    assert found.split() == ["False", "False"]


def test_a_helper_called_from_python_is_its_python_function() -> None:
    assert abs(radius_towards(0.0, 0.0) - 6_335_439.0) < 1

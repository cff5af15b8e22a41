"""Compiled kernels: known to be there or not, kept where there is room to write."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from jointsky.app import warm
from jointsky.app.compiling import run_path, types_of_share
from jointsky.kernels import jit
from jointsky.track.joint import share


def test_kernels_are_warm_once_compiled_and_not_after_a_change(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []

    class Compiling:
        """Stands for the module that compiles."""

        @staticmethod
        def compile_all() -> None:
            compiled.append("once")

    package = tmp_path / "package"
    (package / "kernels").mkdir(parents=True)
    (package / "kernels" / "one.py").write_text("A = 1\n")
    monkeypatch.setattr(warm, "PACKAGE", package)
    monkeypatch.setattr(warm, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(warm, "import_module", lambda _: Compiling)
    assert not warm.is_warm()
    warm.warm_up()
    warm.warm_up()
    assert warm.is_warm() and compiled == ["once"]
    assert len(list(package.rglob("*.pyc"))) == 1
    (package / "kernels" / "other.py").write_text("A = 1\n")
    assert not warm.is_warm()


def test_compiled_code_goes_to_the_user_where_the_package_is_read_only(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert jit.cache_root(tmp_path) == tmp_path / "__pycache__"
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "mine"))
    assert jit.cache_root(tmp_path) == tmp_path / "mine" / "jointsky"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert jit.cache_root(tmp_path) == Path.home() / ".cache" / "jointsky"


def test_what_one_process_compiles_ahead_is_what_the_loop_asks_for() -> None:
    run_path()  # the loop itself, from disk or compiled now
    shared: Any = share
    assert shared._cache.load_overload(types_of_share(), shared.targetctx) is not None

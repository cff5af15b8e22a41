"""The house rules that a linter does not know: doors, sizes, clocks and chance below `edge`."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "jointsky"
MODULES = sorted(PACKAGE.rglob("*.py"))
ABOVE = {"edge", "app"}
LINES_OF_MODULE, LINES_OF_FUNCTION = 500, 70
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def below_edge() -> list[Path]:
    return [path for path in MODULES
            if len(path.relative_to(PACKAGE).parts) > 1
            and path.relative_to(PACKAGE).parts[0] not in ABOVE]


def dotted(node: ast.AST) -> str:
    """`a.b.c` of an attribute chain, or ""."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        head = dotted(node.value)
        return f"{head}.{node.attr}" if head else ""
    return ""


@pytest.mark.parametrize("path", [p for p in MODULES if p.name == "__init__.py"], ids=name_of)
def test_a_door_holds_only_a_docstring(path: Path) -> None:
    body = ast.parse(path.read_text()).body
    assert len(body) == 1 and ast.get_docstring(ast.parse(path.read_text()))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_module_and_functions_are_small_enough_to_see(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= LINES_OF_MODULE
    long = [f"{node.name}: {node.end_lineno - node.lineno + 1} lines"
            for node in ast.walk(ast.parse(text))
            if isinstance(node, FUNCTIONS) and node.end_lineno is not None
            and node.end_lineno - node.lineno + 1 > LINES_OF_FUNCTION]
    assert not long


CLOCKS = re.compile(r"(^|\.)(now|today|utcnow|time_ns|perf_counter|perf_counter_ns|monotonic|"
                    r"monotonic_ns)$")
LEGACY_CHANCE = re.compile(r"^(np|numpy)\.random\.(?!Generator$|SeedSequence$|PCG64$)")


@pytest.mark.parametrize("path", below_edge(), ids=name_of)
def test_time_and_chance_are_arguments_below_edge(path: Path) -> None:
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        call = dotted(node.func)
        seeded = call in {"np.random.default_rng", "numpy.random.default_rng"} and node.args
        clock = CLOCKS.search(call) and call.split(".")[0] in {"datetime", "time", "date"}
        if clock or (LEGACY_CHANCE.match(call) and not seeded):
            found.append(f"line {node.lineno}: {call}")
    assert not found


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_what_is_public_has_a_docstring(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree), "the module says what it is for"
    bare = [node.name for node in tree.body
            if isinstance(node, (*FUNCTIONS, ast.ClassDef)) and not node.name.startswith("_")
            and not ast.get_docstring(node)]
    assert not bare


def tracked() -> list[Path]:
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True,
                           text=True).stdout.split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


# Built from pieces, so that this file does not match itself.
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:" + "|".join(["work", "farm", "root"]) + r")/")
REGISTRY = re.compile(r'"resolved":\s*"http|extra-index' + r"-url|--index" + r"-url"
                      r"|files\.python" + r"hosted|registry\.npm" + "js")


def test_no_file_names_a_machine_or_a_registry() -> None:
    found = []
    for path in tracked():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        if MACHINE_PATH.search(text) or REGISTRY.search(text):
            found.append(name_of(path))
    assert not found


def pages() -> str:
    texts = [path.read_text() for path in (ROOT / "docs").rglob("*.md")]
    return "\n".join([*texts, (ROOT / "README.md").read_text()])


def test_the_page_of_commands_is_that_of_the_command_line() -> None:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "tools/generate_commands.py")
    assert spec is not None and spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert (ROOT / "docs" / "commands.md").read_text() == tool.page(), "run `make docs`"


def test_every_column_is_on_a_page() -> None:
    from jointsky.model.batch import columns_of
    from jointsky.model.schema import PlotBatch, RejectBatch, SensorStatusBatch, TrackBatch
    text = (ROOT / "docs" / "columns.md").read_text()
    absent = [f"{batch.__name__}.{column.name}"
              for batch in (PlotBatch, TrackBatch, SensorStatusBatch, RejectBatch)
              for column in columns_of(batch) if f"`{column.name}`" not in text]
    assert not absent


def keys_of(model: type[BaseModel]) -> set[str]:
    """Every key of a settings model and of those inside it."""
    keys = {field.alias or name for name, field in model.model_fields.items()}
    for field in model.model_fields.values():
        for inner in (field.annotation, *get_args(field.annotation)):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                keys |= keys_of(inner)
    return keys


def test_every_setting_is_on_a_page() -> None:
    from jointsky.agreement.instrument import Instrument
    from jointsky.app.config import UnitConfig
    from jointsky.sim.scenario import Scenario
    text = pages()
    absent = [key for model in (UnitConfig, Scenario, Instrument) for key in sorted(keys_of(model))
              if f"`{key}`" not in text]
    assert not absent


def test_every_reason_of_a_reject_is_on_a_page() -> None:
    from jointsky.model.reject import Reason
    text = pages()
    assert not [reason.value for reason in Reason if f"`{reason.value}`" not in text]


def test_only_release_makes_what_may_leave() -> None:
    """No other module calls `Released(...)`, or knows the token that it asks for."""
    found = []
    for path in MODULES:
        if path.relative_to(PACKAGE).as_posix() == "agreement/release.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            named = dotted(node) if isinstance(node, (ast.Name, ast.Attribute)) else ""
            if ((isinstance(node, ast.Call) and dotted(node.func).split(".")[-1] == "Released")
                    or named.split(".")[-1] == "_TOKEN"):
                found.append(f"{name_of(path)}, line {node.lineno}")
            if isinstance(node, ast.ImportFrom) and any(one.name == "_TOKEN" for one in node.names):
                found.append(f"{name_of(path)}, line {node.lineno}")
    assert not found


def test_every_cause_of_a_denial_is_on_a_page() -> None:
    from jointsky.agreement.judge import Cause
    text = (ROOT / "docs" / "agreements.md").read_text()
    denials = [cause for cause in Cause if cause is not Cause.ALLOWED]
    assert not [cause.word for cause in denials if f"`{cause.word}`" not in text]

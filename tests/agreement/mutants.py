"""Faults that somebody could make in the release code, and the code as it is with one of them.

A fault is planted into the text of a module; all modules of release are then loaded afresh, beside
those in use, with their kernels as plain Python.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from jointsky.kernels import jit

ROOT = Path(__file__).resolve().parents[2]
# What decides on releases, lower ones first.
MODULES = ("jointsky.kernels.regions", "jointsky.agreement.regions", "jointsky.agreement.judge",
           "jointsky.agreement.compiled", "jointsky.agreement.decide", "jointsky.agreement.delays",
           "jointsky.agreement.leaving", "jointsky.agreement.release")
CEDAR, EGRESS, RULES = "Cedar", "the egress verifier", "a rule of its own"


@dataclass(frozen=True)
class Mutant:
    """A fault: text of a module that stands there once, what it becomes, and who must notice."""

    name: str
    module: str
    old: str
    new: str
    caught_by: frozenset[str]


def _of(module: str, *faults: tuple[str, str, str, str]) -> list[Mutant]:
    noticed = {"C": CEDAR, "E": EGRESS, "R": RULES}
    return [Mutant(name, module, old, new, frozenset(noticed[letter] for letter in by))
            for name, old, new, by in faults]


MUTANTS = [
    *_of("jointsky.agreement.compiled",
         ("grants that were taken back count", "\n                and grant.id not in "
          "standing.revoked):", "):", "CE"),
         ("grants of any sender count", "grant.sender == sender and ", "", "CE"),
         ("grants of other data count", "grant.data == data and ", "", "CE"),
         ("grants to others count", "nation in rule.grant.to and ", "", "CE"),
         ("agreements go backwards", "key=lambda one: one.document.instrument.id))",
          "key=lambda one: one.document.instrument.id, reverse=True))", "CE"),
         ("lapsed sensors contribute", "if sensor.sensor_id in standings.lapsed:", "if False:",
          "CE"),
         ("passed on without consent", "\n            and (grant.id, nation) in standing.consents",
          "", "CE"),
         ("what others got is passed on", "holder in grant.to and ", "", "CE"),
         ("every partner's sensors contribute", "if owner == nation:", "if owner != sender:",
          "CE"),
         ("delays are in milliseconds", "grant.delay_s * NS_PER_S", "grant.delay_s * 1e6", "CE"),
         ("a band needs both ends", "grant.floor_m is not None or grant.ceiling_m is not None",
          "grant.floor_m is not None and grant.ceiling_m is not None", "CE"),
         ("no ceiling", "np.inf if grant.ceiling_m is None else grant.ceiling_m", "np.inf", "CE"),
         ("identities off by one", "1 << Identity", "2 << Identity", "CE"),
         ("no areas", "column if shapes else NONE", "NONE", "CE"),
         ("the area of another grant", "column if shapes else NONE", "0 if shapes else NONE",
          "CE")),
    *_of("jointsky.agreement.judge",
         ("a radio failure is no emergency", "in (HIJACK, RADIO_FAILURE, DISTRESS)",
          "in (HIJACK, DISTRESS)", "CE"),
         ("a test is not simulated", "int(PlotFlag.SIMULATED | PlotFlag.TEST)",
          "int(PlotFlag.SIMULATED)", "CE"),
         ("the second height is not asked for",
          "if known == 0 or height_m[i] > high or math.isnan(height_m[i]):", "if known == 0:",
          "CE"),
         ("the ceiling is out of the band", "fact.highest_m <= grant.ceiling_m",
          "fact.highest_m < grant.ceiling_m", "C"),
         ("from before force, to the instant", "fact.time_ns < grant.begin_ns",
          "fact.time_ns <= grant.begin_ns", "C"),
         ("a nanosecond too old", "fact.time_ns > now_ns - grant.delay_ns",
          "fact.time_ns >= now_ns - grant.delay_ns", "C"),
         ("a nanosecond too young", "fact.time_ns > now_ns - grant.delay_ns",
          "fact.time_ns > now_ns - grant.delay_ns + 1", "CE"),
         ("one category is enough", "fact.categories & ~grant.categories != 0",
          "fact.categories & grant.categories == 0", "CE"),
         ("the last grant that fits", "row = usable[k]", "row = usable[usable.shape[0] - 1 - k]",
          "CE"),
         ("only what the unit sees must fit", "twice = also.shape[0] > 0", "twice = False", "C"),
         ("the place of what leaves is not asked for", "stage(also[i], also_inside[i]",
          "stage(also[i], inside[i]", "CE")),
    *_of("jointsky.kernels.regions",
         ("boxes without their northern edge", "south <= latitude <= north",
          "south <= latitude < north", "C"),
         ("boxes end at the date line", " or west <= longitude + TURN <= east", "", "C"),
         ("polygons have no outside", "inside = not inside", "inside = True", "CE"),
         ("corridors without an end", "and _along(row[9:12], x, y, z) >= 0", "", "C")),
    *_of("jointsky.agreement.regions",
         ("circles a centimetre wider", "_chord(circle.radius_km * 1000)",
          "_chord(circle.radius_km * 1000 + 0.01)", "C")),
    *_of("jointsky.agreement.decide",
         ("who contributed is not asked", "contributions & ~np.uint64(recipient.releasable)",
          "contributions & ~np.uint64(2**64 - 1)", "CE"),
         ("any world", "if DATA_OF.get(world) != rules.data:", "if False:", "CE"),
         ("a clock that is not trusted", "not rules.trusted or ", "", "R"),
         ("rules that are over", "if now_ns >= rules.until_ns:", "if False:", "R"),
         ("what was fused again is not looked at", "foreign = contributors & ~np.uint64",
          "foreign = contributors & np.uint64(0) & np.uint64", "R")),
    *_of("jointsky.agreement.leaving",
         ("positions in the corner of a cell", "np.floor(latitude_rad / high) + 0.5",
          "np.floor(latitude_rad / high) + 0.0", "E"),
         ("positions told too well", "grant.quantum_m**2 / 12", "grant.quantum_m**2 / 1200", "E"),
         ("the smaller of two spreads", "np.fmax(spread", "np.fmin(spread", "E"),
         ("what leaves can be changed", "return _seal(out)", "return out", "R"),
         ("one field less withheld", "if field not in grant.withheld",
          "if field not in grant.withheld[1:]", "E"),
         ("how velocity is spread is told", '() if "velocity" in grant.withheld else OF_VELOCITY',
          "OF_VELOCITY", "E"),
         ("absent cells said to be there", "out.present[there] |= TrackBatch.bit(name)",
          "out.present[rows] = tracks.present[rows]", "E"),
         ("sensors are told", "for kind in grant.guarded", 'for kind in ("sensors",)', "E")),
    *_of("jointsky.agreement.release",
         ("good until the last end", "return min(ends)", "return max(ends)", "E"),
         ("contributors of other rows", "contributors[order], refused", "contributors, refused",
          "CE"),
         ("reasons of other rows", "np.unique(which[order]", "np.unique(which", "CE"),
         ("tracks leave as they are and fused again",
          "np.where(decision.mixed(place), ELSEWHERE, decision.cause[place])",
          "decision.cause[place]", "CE"),
         ("anybody makes what leaves", "if token is not _TOKEN:", "if token is None:", "R"),
         ("what waits never leaves", "if part.under and now_ns < part.due_ns and",
          "if part.under and", "R"),
         ("what waits is forgotten", "line = DelayLine((*line.parts, part))",
          "line = DelayLine((part,))", "R"),
         ("what waits leaves again and again", "        lots.append(lot)\n",
          "        lots.append(lot)\n        kept.append(part)\n", "R")),
]


def planted(mutant: Mutant | None) -> SimpleNamespace:
    """The release code with a fault: its functions and types, by name. Raises `ValueError` where
    the text to be changed does not stand in its module exactly once."""
    known = {name: sys.modules.get(name) or importlib.import_module(name) for name in MODULES}
    kernel, inlined = jit.kernel, jit.inlined
    found = SimpleNamespace()
    try:
        # Put in directly, not by a test's monkeypatch: they are to be back before anything else.
        vars(jit).update(kernel=_plain, inlined=_plain)
        for name in MODULES:
            path = ROOT.joinpath(*name.split(".")).with_suffix(".py")
            text = path.read_text()
            if mutant is not None and mutant.module == name:
                if text.count(mutant.old) != 1:
                    raise ValueError(f"mutant {mutant.name!r} cannot be planted: its text stands "
                                     f"{text.count(mutant.old)} times in {name}")
                text = text.replace(mutant.old, mutant.new)
            module = ModuleType(name)
            sys.modules[name] = module
            exec(compile(text, str(path), "exec"), vars(module))
            for what in ("compile_rules", "decide", "release", "Partial", "DelayLine", "Released"):
                if hasattr(module, what):
                    setattr(found, what, getattr(module, what))
    finally:
        vars(jit).update(kernel=kernel, inlined=inlined)
        sys.modules.update(known)
    return found


def _plain(function: Callable[..., Any]) -> Callable[..., Any]:
    """Instead of compiling: records get their fields as attributes, as compiled code has them."""
    def called(*arguments: Any) -> Any:
        return function(*(one.view(np.recarray)
                          if isinstance(one, np.ndarray) and one.dtype.names else one
                          for one in arguments))
    return called

"""ASTERIX tables: what stands where in a record of each category and edition.

The files in `tables/` are made by `tools/generate_asterix.py`. A node of them is one of
`{"bits": n, "content": [kind, ...]}`, `{"group": [part, ...]}`, `{"extended": [[part, ...], ...]}`
(an FX bit ends each inner list, except the last if `"ends"`), `{"repeat": 1 | "fx", "of": node}`,
`{"explicit": "RE" | "SP" | ""}`, `{"compound": [node | null, ...]}`; a part is `{"spare": n}` or a
named node.

A table is flat: a *slot* is a top-level item ("040") or a sub-item of a compound ("380/ADR"), that
is, a run of whole octets found by walking the record; a *leaf* is a named run of bits in a slot
("040/RHO", "380/ADR") and becomes a column.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from jointsky.kernels.asterix import (
    COMPOUND,
    EXPANSION,
    EXPLICIT,
    EXTENDED,
    FIXED,
    OP_COLUMNS,
    PLAN_CASES,
    PLAN_EXPANSION,
    PLAN_HEAD,
    PLAN_INSIDE,
    PLAN_LEAD,
    PLAN_OCTETS,
    PLAN_OPS,
    PLAN_PROFILES,
    PLAN_SELECTOR,
    REPEAT,
    REPEAT_FX,
    RFS,
)
from jointsky.model.batch import I32
from jointsky.model.errors import UsageProblem

FOLDER: Final = Path(__file__).parent / "tables"
SPARE_FRN: Final = -1
Node = dict[str, Any]


class Kind(IntEnum):
    """What the bits of a leaf mean."""

    RAW = 0
    TABLE = 1
    UINT = 2
    INT = 3
    QUANTITY = 4
    ASCII = 5
    ICAO = 6
    OCTAL = 7
    BDS = 8
    SPARE = 9


BITS_PER_CHARACTER: Final = {Kind.ASCII: 8, Kind.ICAO: 6, Kind.OCTAL: 3}


@dataclass(frozen=True, slots=True)
class Slot:
    """A run of whole octets of a record.

    name: "040", "380/ADR", "RE/MD5"; op: FIXED, EXTENDED, REPEAT, REPEAT_FX, EXPLICIT, COMPOUND,
    EXPANSION or RFS; parent: index of the compound it stands in, -1 for a top-level item;
    size: octets (FIXED), octets of one repetition (REPEAT, REPEAT_FX), else 0;
    parts: octets of each part of an EXTENDED item; ends: its last part has no FX bit;
    children: slot index at each place of the field specification of a COMPOUND or EXPANSION,
    SPARE_FRN where there is none; length_row: row of the lengths that the walk writes, or -1.
    """

    name: str
    title: str
    op: int
    parent: int = -1
    size: int = 0
    parts: tuple[int, ...] = ()
    ends: bool = False
    children: tuple[int, ...] = ()
    length_row: int = -1


@dataclass(frozen=True, slots=True)
class Leaf:
    """A named run of bits of a slot; one column.

    bit: its first bit, from the first octet of the slot (of one repetition, without the counting
    octet, if `repeated`; FX bits are counted); bits: how many; extent: octets of the slot that
    must be there for the leaf to be there (EXTENDED), else 0; signed and scale: the value is the
    two's complement or unsigned number times scale, in `unit`; values: texts of a TABLE;
    selector and case: the leaf stands only where the leaf named `selector` has the value `case`.
    A spare leaf has the name "" and no column.
    """

    name: str
    title: str
    slot: int
    bit: int
    bits: int
    kind: Kind
    repeated: bool = False
    extent: int = 0
    signed: bool = False
    scale: float = 1.0
    unit: str = ""
    values: dict[int, str] = field(default_factory=dict)
    selector: str = ""
    case: int = 0


@dataclass(frozen=True, eq=False)
class Table:
    """One category in one edition, flat.

    uaps: name of each user application profile ("" if there is one only) -> slot index at each
    field reference number (FRN 1 first), SPARE_FRN where there is none;
    selector: leaf whose value says which profile a record has;
    length_rows: number of slots whose size varies; plan: all this for the kernels.
    """

    category: int
    edition: str
    slots: tuple[Slot, ...]
    leaves: tuple[Leaf, ...]
    uaps: dict[str, tuple[int, ...]]
    selector: Leaf | None
    length_rows: int
    plan: I32

    @property
    def name(self) -> str:
        """How a person reads it: `CAT048 1.32`."""
        return f"CAT{self.category:03d} {self.edition}"

    def slots_of(self, uap: str) -> dict[str, int]:
        """Slot index by name, of what the profile has, in the order of the field specification.
        To be read only."""
        return _slots_of(self, uap)

    def leaves_of(self, uap: str) -> dict[str, Leaf]:
        """Leaf by name, of what the profile has; spare bits left out. To be read only."""
        return _leaves_of(self, uap)


# Made once: a unit reads and writes a few records many times a second.
@cache
def _slots_of(table: Table, uap: str) -> dict[str, int]:
    found: dict[str, int] = {}

    def visit(index: int) -> None:
        found[table.slots[index].name] = index
        for child in table.slots[index].children:
            if child != SPARE_FRN:
                visit(child)

    for index in table.uaps[uap]:
        if index != SPARE_FRN:
            visit(index)
    return found


@cache
def _leaves_of(table: Table, uap: str) -> dict[str, Leaf]:
    slots = set(_slots_of(table, uap).values())
    return {leaf.name: leaf for leaf in table.leaves if leaf.name and leaf.slot in slots}


class _Builder:
    """Flattens the nodes of one edition."""

    def __init__(self) -> None:
        self.slots: list[Slot] = []
        self.leaves: list[Leaf] = []
        self.length_rows = 0

    def add(self, node: Node, prefix: str = "", parent: int = -1,
            expansion: Node | None = None) -> int:
        """Put an item and what it holds into the table; its slot index."""
        name = prefix + node["name"]
        index = len(self.slots)
        self.slots.append(Slot(name, node["title"], FIXED))
        given: dict[str, Any] = {"op": FIXED}
        if "extended" in node:
            given = self._extended(node, name, index)
        elif "repeat" in node:
            size = self._fields(node["of"], name, "", index, 0, repeated=True)
            by_count = node["repeat"] == 1
            given = {"op": REPEAT if by_count else REPEAT_FX,
                     "size": _octets(size if by_count else size + 1)}
        elif "explicit" in node:
            given = {"op": EXPLICIT}
            if expansion is not None and node["explicit"] == "RE":
                given = {"op": EXPANSION, "children": self._children(expansion, name, index)}
        elif "compound" in node:
            given = {"op": COMPOUND, "children": self._children(node, name, index)}
        else:
            given["size"] = _octets(self._fields(node, name, node["title"], index, 0))
        if given["op"] not in {FIXED, COMPOUND}:
            given["length_row"] = self.length_rows
            self.length_rows += 1
        self.slots[index] = Slot(name, node["title"], parent=parent, **given)
        return index

    def add_rfs(self) -> int:
        """The slot of random field sequencing: items in any order, each behind its FRN."""
        self.slots.append(Slot("RFS", "Random Field Sequencing", RFS, length_row=self.length_rows))
        self.length_rows += 1
        return len(self.slots) - 1

    def _children(self, node: Node, name: str, index: int) -> tuple[int, ...]:
        return tuple(SPARE_FRN if child is None else self.add(child, f"{name}/", index)
                     for child in node["compound"])

    def _extended(self, node: Node, name: str, index: int) -> dict[str, Any]:
        bit, parts = 0, []
        for place, part in enumerate(node["extended"]):
            first, begun = len(self.leaves), bit
            bit = self._parts(part, name, index, bit)
            if not (node.get("ends") and place == len(node["extended"]) - 1):
                bit += 1
            parts.append(_octets(bit - begun))
            extent = bit // 8
            self.leaves[first:] = [_with_extent(leaf, extent) for leaf in self.leaves[first:]]
        return {"op": EXTENDED, "parts": tuple(parts), "ends": bool(node.get("ends"))}

    def _parts(self, parts: list[Node], name: str, slot: int, bit: int, *,
               repeated: bool = False) -> int:
        for part in parts:
            if "spare" in part:
                self.leaves.append(Leaf("", "", slot, bit, part["spare"], Kind.SPARE, repeated))
                bit += part["spare"]
            else:
                bit = self._fields(part, f"{name}/{part['name']}", part["title"], slot, bit,
                                   repeated=repeated)
        return bit

    def _fields(self, node: Node, name: str, title: str, slot: int, bit: int, *,
                repeated: bool = False) -> int:
        """Leaves of a group or element from `bit` on; the bit behind it."""
        if "group" in node:
            return self._parts(node["group"], name, slot, bit, repeated=repeated)
        bits, content = node["bits"], node["content"]
        place = (slot, bit, bits)
        if content[0] != "case":
            self.leaves.append(Leaf(name, title, *place, repeated=repeated, **_meaning(content)))
            return bit + int(bits)
        self.leaves.append(Leaf(name, title, *place, Kind.RAW, repeated))
        selector = content[1]
        for value, meaning in content[2]:
            self.leaves.append(Leaf(
                f"{name}[{selector.rsplit('/', 1)[-1]}={value}]", title, *place,
                repeated=repeated, selector=selector, case=value, **_meaning(meaning)))
        return bit + int(bits)


def _octets(bits: int) -> int:
    assert bits % 8 == 0, "a slot is a run of whole octets"
    return bits // 8


def _with_extent(leaf: Leaf, extent: int) -> Leaf:
    return Leaf(leaf.name, leaf.title, leaf.slot, leaf.bit, leaf.bits, leaf.kind, leaf.repeated,
                extent, leaf.signed, leaf.scale, leaf.unit, leaf.values, leaf.selector, leaf.case)


def _meaning(content: list[Any]) -> dict[str, Any]:
    kind = content[0]
    if kind == "quantity":
        return {"kind": Kind.QUANTITY, "signed": content[1] == "int", "scale": float(content[2]),
                "unit": content[3]}
    if kind == "table":
        return {"kind": Kind.TABLE, "values": {int(key): text for key, text in content[1].items()}}
    return {"kind": {"raw": Kind.RAW, "uint": Kind.UINT, "int": Kind.INT, "ascii": Kind.ASCII,
                     "icao": Kind.ICAO, "octal": Kind.OCTAL, "bds": Kind.BDS}[kind],
            "signed": kind == "int"}


@cache
def categories() -> tuple[int, ...]:
    """Every category there is a table for."""
    return tuple(sorted(int(path.stem[3:]) for path in FOLDER.glob("cat*.json")))


@cache
def _file_of(category: int) -> Node:
    if category not in categories():
        raise UsageProblem(f"category {category:03d}", "no table for it",
                           expected="one of " + " ".join(f"{c:03d}" for c in categories()))
    node: Node = json.loads((FOLDER / f"cat{category:03d}.json").read_text(encoding="utf-8"))
    return node


def editions_of(category: int) -> tuple[str, ...]:
    """Editions that have a table of their own, oldest first. Raises `UsageProblem`."""
    return tuple(_file_of(category)["editions"])


@cache
def table_of(category: int, edition: str) -> Table:
    """The table of one edition, e.g. (48, "1.32"). Raises `UsageProblem` if there is none."""
    source = _file_of(category)
    if edition not in source["editions"]:
        raise UsageProblem(f"category {category:03d}", f"no table for edition {edition}",
                           expected="one of " + ", ".join(source["editions"]))
    return build_table(source, edition)


def build_table(source: Node, edition: str) -> Table:
    """The table of one edition of a category file (see the head of this module for its form)."""
    node, builder = source["editions"][edition], _Builder()
    expansion = source["expansions"][-1] if source["expansions"] else None
    placed: dict[int | str, int] = {}
    uaps: dict[str, tuple[int, ...]] = {}
    for uap, order in node["uaps"].items():
        for item in order:
            if item is not None and item not in placed:
                placed[item] = (builder.add_rfs() if item == "RFS" else
                                builder.add(source["items"][item], expansion=expansion))
        uaps[uap] = tuple(SPARE_FRN if item is None else placed[item] for item in order)
    assert "RFS" not in placed or all(slot.op != COMPOUND for slot in builder.slots)
    assert len({placed[item] for item in placed
                if builder.slots[placed[item]].op == EXPANSION}) <= 1
    leaf, selector, cases = _selector_of(node, builder, uaps)
    return Table(source["category"], edition, tuple(builder.slots), tuple(builder.leaves), uaps,
                 leaf, builder.length_rows, _plan_of(builder.slots, uaps, selector, cases))


def _selector_of(node: Node, builder: _Builder,
                 uaps: dict[str, tuple[int, ...]]) -> tuple[Leaf | None, tuple[int, ...],
                                                             list[int]]:
    """The leaf that tells the profiles apart, its (slot, octet, shift, mask), and the profile's
    place for each of its values."""
    if "selector" not in node:
        return None, (-1, 0, 0, 0), [0]
    name, profiles = node["selector"]
    leaf = next(leaf for leaf in builder.leaves if leaf.name == name)
    heads = {order[:order.index(leaf.slot) + 1] for order in uaps.values()}
    assert len(heads) == 1, "the profiles agree up to the item that tells them apart"
    shift = 8 - leaf.bit % 8 - leaf.bits
    assert shift >= 0, "it stands in one octet"
    cases = [0] * (1 << leaf.bits)
    for value, profile in profiles.items():
        cases[int(value)] = list(uaps).index(profile)
    return leaf, (leaf.slot, leaf.bit // 8, shift, (1 << leaf.bits) - 1), cases


def _plan_of(slots: list[Slot], uaps: dict[str, tuple[int, ...]], selector: tuple[int, ...],
             cases: list[int]) -> I32:
    """The table as one array for the kernels; its form is told in `kernels/asterix.py`."""
    plan: list[int] = [0] * PLAN_HEAD
    plan[PLAN_LEAD:PLAN_HEAD] = [8 - octet.bit_length() for octet in range(256)]
    plan[PLAN_OPS], plan[PLAN_EXPANSION] = PLAN_HEAD, -1
    plan[PLAN_OCTETS] = max((len(order) + 6) // 7 for order in uaps.values())
    plan.extend([0] * (OP_COLUMNS * len(slots)))
    for index, slot in enumerate(slots):
        listed = slot.parts or slot.children
        size = int(slot.ends) if slot.op == EXTENDED else slot.size
        length_row = -1 if slot.length_row < 0 else len(slots) + slot.length_row
        row = PLAN_HEAD + OP_COLUMNS * index
        plan[row:row + OP_COLUMNS] = [slot.op, len(plan), len(listed), size, length_row]
        plan.extend(listed)
        if slot.op == EXPANSION:
            plan[PLAN_EXPANSION] = index
            inside = [i for i, other in enumerate(slots) if other.name.startswith(f"{slot.name}/")]
            assert inside == list(range(index + 1, index + 1 + len(inside)))
            plan[PLAN_INSIDE:PLAN_INSIDE + 2] = [index + 1, index + 1 + len(inside)]
        parent = slots[slot.parent].op if slot.op == COMPOUND and slot.parent >= 0 else EXPANSION
        assert parent == EXPANSION, "no compound in a compound"
    plan[PLAN_PROFILES] = len(plan)
    plan.extend([0] * (2 * len(uaps)))
    for place, order in enumerate(uaps.values()):
        row = plan[PLAN_PROFILES] + 2 * place
        plan[row:row + 2] = [len(plan), len(order)]
        plan.extend(order)
    plan[PLAN_SELECTOR:PLAN_SELECTOR + 4] = selector
    plan[PLAN_CASES] = len(plan)
    plan.extend(cases)
    return np.array(plan, np.int32)

"""Write the ASTERIX tables of `jointsky/codec/asterix/tables/` from the classes of `libasterix`.

`python tools/generate_asterix.py` (or `make tables`). One JSON file per category: a pool of data
items that its editions share, and per edition and user application profile (UAP) the order in
which they stand. The program itself never imports `libasterix`. The form of a node is told in
`jointsky/codec/asterix/tables.py`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from asterix import base, generated

# Where the source is wrong, and how that is known: leaf -> its scale.
AMENDED: dict[int, dict[str, float]] = {
    # The source says 1/16 with a range of +-8192 m/s in 16 bits and of +-31 m/s2 in 8 bits, which
    # needs 1/4; SPEC-0149-7 and the published vector of edition 0.31 say 1/4.
    10: {"202/VX": 0.25, "202/VY": 0.25, "210/AX": 0.25, "210/AY": 0.25},
}

# Editions that the source does not carry and whose structure differs from all that it does:
# category -> edition -> (edition it is made from, item at each FRN, items of its own).
# 010 0.24 as Sensis sent it: after the published vector and its field list (jASTERIX).
_VELOCITY = {"bits": 12, "content": ["quantity", "int", 1.0, "m/s"]}
DERIVED: dict[int, dict[str, tuple[str, str, list[dict[str, Any]]]]] = {
    10: {"0.24_sensis": (
        "1.1", "010 000 020 140 041 - 042  - 202 161 170 060 220 245  - - 090 091 - 550 -"
        "  500 - - - - SP RE",
        [{"name": "202", "title": "Calculated Track Velocity in Cartesian Co-ordinates", "group": [
            {"name": "VX", "title": "X Velocity", **_VELOCITY},
            {"name": "VY", "title": "Y Velocity", **_VELOCITY}]}])},
}

FOLDER = Path(__file__).resolve().parents[1] / "jointsky" / "codec" / "asterix" / "tables"
COMMAND = "tools/generate_asterix.py"
Node = dict[str, Any]


def content_of(content: type[base.Content]) -> list[Any]:
    """What the bits of an element mean: kind first, then its arguments."""
    if issubclass(content, base.ContentTable):
        return ["table", {str(key): text for key, text in sorted(content.cv_values.items())}]
    if issubclass(content, base.ContentString):
        return [{base.StringAscii: "ascii", base.StringICAO: "icao",
                 base.StringOctal: "octal"}[content.cv_string_type]]
    if issubclass(content, base.ContentInteger):
        return ["int" if content.cv_signedness is base.Signed else "uint"]
    if issubclass(content, base.ContentQuantity):
        sign = "int" if content.cv_signedness is base.Signed else "uint"
        return ["quantity", sign, content.cv_lsb, content.cv_unit]
    if issubclass(content, base.ContentBds):
        kind = content.cv_bds_type
        if kind is base.BdsWithAddress:
            return ["bds", "with address"]
        return ["bds", "" if kind[1] is None else f"{kind[1]:02X}"]
    assert issubclass(content, base.ContentRaw), content
    return ["raw"]


def rule_of(rule: type[base.RuleContent]) -> list[Any]:
    """The content of an element, with its cases if they hang on another item."""
    if issubclass(rule, base.RuleContentDependent):
        (path,) = rule.cv_depends_on
        cases = [[key[0], content_of(content)] for key, content in rule.cv_cases]
        return ["case", "/".join(path), cases]
    return content_of(rule.cv_content)


def node_of(variation: type[base.Variation]) -> Node:
    """The structure of one variation, without its name."""
    if issubclass(variation, base.Element):
        return {"bits": variation.cv_bit_size, "content": rule_of(variation.cv_rule)}
    if issubclass(variation, base.Group):
        return {"group": [part_of(item, size) for item, size in variation.cv_items_list]}
    if issubclass(variation, base.Extended):
        parts = [[part_of(*entry) for entry in part if entry is not None]
                 for part in variation.cv_items_list]
        assert all(part[-1] is None for part in variation.cv_items_list[:-1])
        node: Node = {"extended": parts}
        if variation.cv_items_list[-1][-1] is not None:
            node["ends"] = True
        return node
    if issubclass(variation, base.Repetitive):
        return {"repeat": variation.cv_rep_bytes or "fx", "of": node_of(variation.cv_variation)}
    if issubclass(variation, base.Explicit):
        return {"explicit": {None: "", base.ReservedExpansion: "RE",
                             base.SpecialPurpose: "SP"}[variation.cv_explicit_type]}
    assert issubclass(variation, base.Compound), variation
    assert variation.cv_fspec_max_bytes == fspec_bytes(variation.cv_items_list)
    return {"compound": [None if child is None else named(child)
                         for child in variation.cv_items_list]}


def fspec_bytes(items: list[Any]) -> int:
    """Octets of the longest field specification: seven items in each."""
    return (len(items) + 6) // 7


def named(item: type[base.NonSpare]) -> Node:
    """A named item. Where its structure hangs on another item, the default one stands."""
    rule = item.cv_rule
    variation = (rule.cv_default_variation if issubclass(rule, base.RuleVariationDependent)
                 else rule.cv_variation)
    return {"name": item.cv_name, "title": item.cv_title, **node_of(variation)}


def part_of(item: type[base.ItemBase], size: int) -> Node:
    """A part of a group or extended item: spare bits or a named item."""
    if issubclass(item, base.Spare):
        return {"spare": size}
    return named(item.cv_non_spare)


def expansion_of(reference: type[base.AstRef]) -> Node:
    """The reserved expansion field of a category: a compound with a one-octet FSPEC without FX."""
    expansion = reference.cv_expansion
    assert expansion.cv_type == (base.FspecFixed, 1)
    return {"edition": "{}.{}".format(*reference.cv_edition),
            "compound": [None if child is None else named(child)
                         for child in expansion.cv_items_list]}


class Pool:
    """Items of a category, each once."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def place(self, node: Node) -> int:
        """The index of a node in the pool; put there if it is new."""
        line = json.dumps(node, ensure_ascii=False)
        if line not in self.lines:
            self.lines.append(line)
        return self.lines.index(line)


def order_of(category: int, record: type[base.Record], pool: Pool) -> list[int | str | None]:
    """What stands at each field reference number: index in the pool, None (spare) or "RFS"."""
    assert record.cv_fspec_max_bytes == fspec_bytes(record.cv_items_list)
    order: list[int | str | None] = []
    for item in record.cv_items_list:
        if issubclass(item, base.UapItem):
            node = named(item.cv_non_spare)
            amend(node, AMENDED.get(category, {}))
            order.append(pool.place(node))
        else:
            order.append("RFS" if issubclass(item, base.UapItemRFS) else None)
    return order


def edition_of(spec: type[base.AstCat], pool: Pool) -> Node:
    """The profiles of one edition."""
    uap = spec.cv_uap
    if issubclass(uap, base.UapSingle):
        return {"uaps": {"": order_of(spec.cv_category, uap.cv_record, pool)}}
    assert issubclass(uap, base.UapMultiple) and uap.cv_selector is not None
    path, cases = uap.cv_selector
    return {"uaps": {name: order_of(spec.cv_category, record, pool)
                     for name, record in uap.cv_uaps.items()},
            "selector": ["/".join(path), {str(key): name for key, name in cases.items()}]}


def amend(node: Node, scales: dict[str, float], prefix: str = "") -> None:
    """Set right what the source has wrong."""
    name = prefix + node.get("name", "")
    if name in scales:
        assert node["content"][0] == "quantity"
        node["content"][2] = scales[name]
    for part in node.get("group", []):
        amend(part, scales, f"{name}/")


def derived_of(category: int, editions: dict[str, Node], pool: Pool) -> dict[str, Node]:
    """Editions made from another one."""
    found = {}
    for name, (base_name, order, own) in DERIVED.get(category, {}).items():
        places = {json.loads(pool.lines[place])["name"]: place
                  for place in editions[base_name]["uaps"][""] if isinstance(place, int)}
        places |= {node["name"]: pool.place(node) for node in own}
        found[name] = {"uaps": {"": [None if item == "-" else places[item]
                                     for item in order.split()]}}
    return found


def text_of(category: int) -> str:
    """The whole file of one category, one item and one edition per line."""
    pool = Pool()
    carried = {"{}.{}".format(*spec.cv_edition): edition_of(spec, pool)
               for spec in generated.manifest["CATS"][category]}
    editions = derived_of(category, carried, pool) | carried
    expansions = [json.dumps(expansion_of(reference), ensure_ascii=False)
                  for reference in generated.manifest["REFS"].get(category, [])]
    head = {"made_by": COMMAND, "category": category,
            "source": "asterix-specs (Zoran Bosnjak and others), as carried by libasterix "
                      f"(MIT), {generated.asterix_specs_ref}, {generated.asterix_specs_date}"}
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    lines.append('"editions": {\n' + ",\n".join(
        f"{json.dumps(name)}: {json.dumps(edition)}" for name, edition in editions.items()) + "\n}")
    lines.append('"expansions": [\n' + ",\n".join(expansions) + "\n]")
    lines.append('"items": [\n' + ",\n".join(pool.lines) + "\n]")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main() -> None:
    """Write every category."""
    FOLDER.mkdir(exist_ok=True)
    for category in generated.manifest["CATS"]:
        path = FOLDER / f"cat{category:03d}.json"
        path.write_text(text_of(category))
        print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()

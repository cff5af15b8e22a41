"""ASTERIX records read by `libasterix`, the independent judge."""

from __future__ import annotations

from typing import Any

from asterix import base, generated


def records_of(content: bytes, category: int, edition: str) -> list[Any]:
    """Every record of the category, read by the edition."""
    major, minor = edition.split(".")
    spec = next(spec for spec in generated.manifest["CATS"][category]
                if spec.cv_edition == (int(major), int(minor)))
    blocks = base.RawDatablock.parse(base.Bits.from_bytes(content))
    assert not isinstance(blocks, ValueError)
    found = []
    for block in blocks:
        if block.get_category() == category:
            records = spec.cv_uap.parse(block.get_raw_records())
            assert not isinstance(records, ValueError)
            found += records
    return found


def bits(record: Any, name: str) -> int | None:
    """The bits of a leaf, e.g. "040/RHO", as an unsigned number; None where it does not stand."""
    node = _node(record, name)
    return None if node is None else int(node.as_uint())


def quantity(record: Any, name: str) -> float | None:
    """The value of a quantity in the unit of the specification; None where it does not stand."""
    node = _node(record, name)
    return None if node is None else float(node.variation.content.as_quantity())


def text(record: Any, name: str) -> str | None:
    """Text without the blanks at its end; None where it does not stand."""
    node = _node(record, name)
    return None if node is None else str(node.variation.content.as_string()).rstrip()


def _node(record: Any, name: str) -> Any:
    head, *rest = name.split("/")
    node = record.get_item(head)
    for part in rest:
        if node is None:
            return None
        node = node.variation.get_item(part)
    return node

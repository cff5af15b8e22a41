"""Values that libasterix gives, by the names that our columns have."""

from __future__ import annotations

from typing import Any

from asterix import base, generated


def spec_of(category: int, edition: str) -> type[base.AstCat]:
    """The class of an edition."""
    return next(spec for spec in generated.manifest["CATS"][category]
                if "{}.{}".format(*spec.cv_edition) == edition)


def parse_record(category: int, edition: str, uap: str, octets: bytes) -> Any:
    """(record, octets left) of the first record, or a ValueError (as a value)."""
    profile = spec_of(category, edition).cv_uap
    record = profile.cv_uaps[uap] if uap else profile.cv_record
    try:
        result = record._parse(base.ParsingMode.StrictParsing, base.Bits.from_bytes(octets))
    except TypeError as error:
        # It trips over an FRN beyond the last item of the profile.
        return ValueError(str(error))
    if isinstance(result, ValueError):
        return result
    return result[0], len(result[1]) // 8


def values_of(record: base.Record) -> dict[str, Any]:
    """Every leaf of a record."""
    found: dict[str, Any] = {}
    for name, item in record.items_regular.items():
        _item(found, name, item)
    return found


def _item(found: dict[str, Any], name: str, item: base.NonSpare) -> None:
    rule = item.arg
    _variation(found, name, rule._variation(None)
               if isinstance(rule, base.RuleVariationDependent) else rule.arg)


def _variation(found: dict[str, Any], name: str, variation: Any) -> None:
    if isinstance(variation, base.Element):
        _element(found, name, variation)
    elif isinstance(variation, base.Group):
        _parts(found, name, variation.arg)
    elif isinstance(variation, base.Extended):
        for part in variation.arg:
            _parts(found, name, part)
    elif isinstance(variation, base.Repetitive):
        _names(found, name, variation.cv_variation)
        for one in variation.arg:
            inner: dict[str, Any] = {}
            _variation(inner, name, one)
            for key, value in inner.items():
                found[key].append(value)
    elif isinstance(variation, base.Explicit):
        found[name] = variation.get_bytes()
    else:
        for child, item in variation.arg.items():
            _item(found, f"{name}/{child}", item)


def _parts(found: dict[str, Any], name: str, parts: Any) -> None:
    for part in parts:
        if isinstance(part, base.Item):
            _item(found, f"{name}/{part.arg.cv_name}", part.arg)


def _names(found: dict[str, Any], name: str, variation: Any) -> None:
    """An empty list for every leaf of a repetition."""
    if issubclass(variation, base.Element):
        found[name] = []
    else:
        for part, _ in variation.cv_items_list:
            if issubclass(part, base.Item):
                rule = part.cv_non_spare.cv_rule
                _names(found, f"{name}/{part.cv_non_spare.cv_name}", rule.cv_variation)


def _element(found: dict[str, Any], name: str, element: base.Element) -> None:
    rule = element._get_rule()
    if not isinstance(rule, base.RuleContentDependent):
        found[name] = _content(rule._get_content(), element.cv_bit_size)
        return
    found[name] = element.as_uint()
    (path,) = rule.cv_depends_on
    selector = found["/".join(path)]
    for (case,), _ in rule.cv_cases:
        if case == selector:
            found[f"{name}[{path[-1]}={case}]"] = _content(rule._get_content([case]),
                                                          element.cv_bit_size)


def _content(content: base.Content, bits: int) -> Any:
    if isinstance(content, base.ContentQuantity):
        return content._as_quantity()
    if isinstance(content, base.ContentInteger):
        return content.as_integer()
    if isinstance(content, base.ContentString):
        return content.as_string().encode("latin-1").rstrip(b"\0")
    return content.as_uint() if bits <= 64 else content.bs.to_bytes()

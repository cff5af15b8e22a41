"""Slow twin of the ASTERIX decoder, and a writer of random records.

Written from SPEC-0149 part 1 on the tree of a table file: it knows nothing of slots, plans or
kernels. Bits are Python integers; a record is a dictionary of leaf name to value.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

Node = dict[str, Any]


class RefusedError(Exception):
    """A record cannot be read; the argument is the reason of its reject."""


@dataclass
class Record:
    """A record: where it starts in the block's bytes, its profile, raw values, physical values."""

    offset: int
    uap: str
    raw: dict[str, Any]
    value: dict[str, Any]


def read_records(source: Node, edition: str, body: bytes) -> tuple[list[Record], str | None, int]:
    """Records of a data block (its header left out); reason and offset where they end early.

    Empty records are stepped over.
    """
    records, pos = [], 0
    while pos < len(body):
        try:
            record, stop = _Reader(source, edition, body).record(pos)
        except RefusedError as refused:
            return records, str(refused), pos
        if record.raw or record.value or stop - pos > _fspec_size(body, pos):
            records.append(record)
        pos = stop
    return records, None, pos


def _fspec_size(body: bytes, pos: int) -> int:
    size = 1
    while body[pos + size - 1] & 1:
        size += 1
    return size


class _Reader:
    def __init__(self, source: Node, edition: str, body: bytes):
        self.source, self.body, self.end = source, body, len(body)
        self.edition = source["editions"][edition]
        self.raw: dict[str, Any] = {}
        self.value: dict[str, Any] = {}

    def record(self, pos: int) -> tuple[Record, int]:
        start = pos
        orders = self.edition["uaps"]
        octets, pos = self.fspec(pos, max(-(-len(order) // 7) for order in orders.values()))
        uap = next(iter(orders))
        for index, bit in enumerate(self.flags(octets)):
            if not bit:
                continue
            order = orders[uap]
            place = order[index] if index < len(order) else None
            if place is None:
                raise RefusedError("unknown_item")
            pos = self.rfs(order, pos) if place == "RFS" else self.item(
                self.source["items"][place], "", pos)
            if "selector" in self.edition:
                name, cases = self.edition["selector"]
                if name in self.raw and isinstance(place, int) and (
                        self.source["items"][place]["name"] == name.split("/")[0]):
                    uap = cases.get(str(self.raw[name]), next(iter(orders)))
        if len(octets) > -(-len(orders[uap]) // 7):
            raise RefusedError("unknown_item")
        return Record(start, uap, self.raw, self.value), pos

    def fspec(self, pos: int, limit: int) -> tuple[bytes, int]:
        octets = b""
        while True:
            octet = self.take(pos, 1, "fspec_truncated")
            octets, pos = octets + octet, pos + 1
            if not octet[0] & 1:
                break
        if len(octets) > limit:
            raise RefusedError("unknown_item")
        return octets, pos

    def flags(self, octets: bytes) -> Iterator[bool]:
        for octet in octets:
            for bit in range(7, 0, -1):
                yield bool(octet >> bit & 1)

    def take(self, pos: int, size: int, reason: str = "item_truncated") -> bytes:
        if pos + size > self.end:
            raise RefusedError(reason)
        return self.body[pos:pos + size]

    def rfs(self, order: list[Any], pos: int) -> int:
        count, pos = self.take(pos, 1)[0], pos + 1
        for _ in range(count):
            frn, pos = self.take(pos, 1)[0], pos + 1
            place = order[frn - 1] if 0 < frn <= len(order) else None
            if not isinstance(place, int):
                raise RefusedError("unknown_item")
            raw, value = dict(self.raw), dict(self.value)
            pos = self.item(self.source["items"][place], "", pos)
            # What stood before stays; an item is taken whole or not at all.
            name = self.source["items"][place]["name"]
            if any(key.split("/")[0].split("[")[0] == name for key in (*raw, *value)):
                self.raw, self.value = raw, value
        return pos

    def item(self, node: Node, prefix: str, pos: int) -> int:
        name = prefix + node["name"]
        if "compound" in node:
            octets, pos = self.fspec(pos, -(-len(node["compound"]) // 7))
            return self.listed(node["compound"], list(self.flags(octets)), f"{name}/", pos)
        if "extended" in node:
            return self.extended(node, name, pos)
        if "repeat" in node:
            return self.repeated(node, name, pos)
        if "explicit" in node:
            size = self.take(pos, 1)[0]
            if size == 0:
                raise RefusedError("bad_length")
            octets = self.take(pos, size)[1:]
            if node["explicit"] == "RE" and self.source["expansions"]:
                self.expansion(octets, name)
            self.raw[name] = self.value[name] = octets
            return pos + size
        size = bits_of(node) // 8
        self.fields(node, name, int.from_bytes(self.take(pos, size), "big"), size * 8, False)
        return pos + size

    def listed(self, children: list[Any], flags: list[bool], prefix: str, pos: int) -> int:
        for index, bit in enumerate(flags):
            if not bit:
                continue
            child = children[index] if index < len(children) else None
            if child is None:
                raise RefusedError("unknown_item")
            pos = self.item(child, prefix, pos)
        return pos

    def expansion(self, octets: bytes, name: str) -> None:
        if not octets:
            return
        inner = _Reader(self.source, next(iter(self.source["editions"])), octets)
        flags = [bool(octets[0] >> bit & 1) for bit in range(7, -1, -1)]
        try:
            stop = inner.listed(self.source["expansions"][-1]["compound"], flags, f"{name}/", 1)
        except RefusedError:
            return
        if stop == len(octets):
            self.raw |= inner.raw
            self.value |= inner.value

    def extended(self, node: Node, name: str, pos: int) -> int:
        parts = node["extended"]
        for index in range(len(self.body) + 1):
            last = index == len(parts) - 1
            part = parts[index] if index < len(parts) else [{"spare": 7}]
            bits = sum(bits_of(field) for field in part)
            with_fx = not (last and node.get("ends"))
            size = (bits + with_fx) // 8
            octets = self.take(pos, size)
            number = int.from_bytes(octets, "big")
            self.fields({"group": part}, name, number >> with_fx, bits, False)
            pos += size
            if not with_fx or not octets[-1] & 1:
                return pos
        raise AssertionError("an item has no more octets than the record")

    def repeated(self, node: Node, name: str, pos: int) -> int:
        bits = bits_of(node["of"])
        self.empty_lists(node["of"], name)
        if node["repeat"] == 1:
            count, pos = self.take(pos, 1)[0], pos + 1
            for _ in range(count):
                number = int.from_bytes(self.take(pos, bits // 8), "big")
                self.fields(node["of"], name, number, bits, True)
                pos += bits // 8
            return pos
        while True:
            octets = self.take(pos, (bits + 1) // 8)
            self.fields(node["of"], name, int.from_bytes(octets, "big") >> 1, bits, True)
            pos += len(octets)
            if not octets[-1] & 1:
                return pos

    def empty_lists(self, node: Node, name: str) -> None:
        for part in node.get("group", []):
            if "spare" not in part:
                self.empty_lists(part, f"{name}/{part['name']}")
        if "bits" in node:
            self.raw[name], self.value[name] = [], []

    def fields(self, node: Node, name: str, number: int, bits: int, many: bool) -> None:
        if "group" not in node:
            self.put(name, number, node, many)
            return
        for part in node["group"]:
            bits -= bits_of(part)
            if "spare" not in part:
                inner = number >> bits & (1 << bits_of(part)) - 1
                self.fields(part, f"{name}/{part['name']}", inner, bits_of(part), many)

    def put(self, name: str, number: int, node: Node, many: bool) -> None:
        content, bits = node["content"], node["bits"]
        if content[0] == "case":
            self.value[name] = self.raw[name] = number
            selector = content[1]
            for case, meaning in content[2]:
                if self.raw[selector] == case:
                    key = f"{name}[{selector.rsplit('/', 1)[-1]}={case}]"
                    self.raw[key], self.value[key] = number, physical(meaning, bits, number)
        elif many:
            self.raw[name].append(number)
            self.value[name].append(physical(content, bits, number))
        else:
            self.raw[name], self.value[name] = number, physical(content, bits, number)


def bits_of(node: Node) -> int:
    """Bits of an element, group or spare part."""
    if "spare" in node:
        return int(node["spare"])
    return int(node["bits"]) if "bits" in node else sum(map(bits_of, node["group"]))


ICAO = {**{code: chr(64 + code) for code in range(1, 27)}, 32: " ",
        **{code: chr(code) for code in range(48, 58)}}


def physical(content: list[Any], bits: int, number: int) -> Any:
    """What the bits of an element mean."""
    kind = content[0]
    signed = number - (1 << bits) if number >> (bits - 1) else number
    if kind == "quantity":
        return (signed if content[1] == "int" else number) * content[2]
    if kind == "int":
        return signed
    width = {"ascii": 8, "icao": 6, "octal": 3}.get(kind)
    if width is None:
        return number if bits <= 64 else number.to_bytes(bits // 8, "big")
    codes = [number >> shift & (1 << width) - 1 for shift in range(bits - width, -1, -width)]
    if kind == "icao":
        return "".join(ICAO.get(code, "") for code in codes).encode()
    if kind == "octal":
        return "".join(map(str, codes)).encode()
    return bytes(codes).rstrip(b"\0")


class Writer:
    """Random records of one edition, from a seed: every item now and then, mostly short."""

    def __init__(self, source: Node, edition: str, rng: np.random.Generator):
        self.source, self.edition, self.rng = source, source["editions"][edition], rng

    def block(self, category: int, records: int) -> bytes:
        """A data block with so many records."""
        body = b"".join(self.record() for _ in range(records))
        return bytes([category]) + (len(body) + 3).to_bytes(2, "big") + body

    def record(self) -> bytes:
        """One record."""
        selector = self.edition.get("selector")
        uap, order = list(self.edition["uaps"].items())[
            self.rng.integers(len(self.edition["uaps"]))]
        share = self.rng.choice([0.15, 0.5, 0.9])
        flags, body = [], b""
        for place in order:
            node = self.source["items"][place] if isinstance(place, int) else None
            telling = selector is not None and node is not None and (
                node["name"] == selector[0].split("/")[0])
            there = place is not None and (telling or bool(self.rng.random() < share))
            flags.append(there)
            if not there:
                continue
            octets = self.item(node) if node is not None else self.rfs(order)
            if telling and selector is not None and node is not None:
                octets = self.told(node, octets, selector, uap)
            body += octets
        if not any(flags):
            return self.record()
        return fspec(flags) + body

    def told(self, node: Node, octets: bytes, selector: Any, uap: str) -> bytes:
        """The item with the value that says which profile the record has (its first bits)."""
        value = next(int(key) for key, name in selector[1].items() if name == uap)
        first = node["extended"][0][0] if "extended" in node else node
        shift = 8 - bits_of(first)
        kept = octets[0] & ((1 << shift) - 1)
        return bytes([value << shift | kept]) + octets[1:]

    def rfs(self, order: list[Any]) -> bytes:
        frns = [index + 1 for index, place in enumerate(order) if isinstance(place, int)]
        chosen = self.rng.choice(frns, self.rng.integers(3), replace=False).tolist()
        return bytes([len(chosen)]) + b"".join(
            bytes([frn]) + self.item(self.source["items"][order[frn - 1]]) for frn in chosen)

    def item(self, node: Node) -> bytes:
        """One item with random content."""
        if "compound" in node:
            return self.listed(node["compound"], with_fx=True)
        if "extended" in node:
            return self.extended(node)
        if "repeat" in node:
            count = int(self.rng.integers(0 if node["repeat"] == 1 else 1, 4))
            bits = bits_of(node["of"])
            if node["repeat"] == 1:
                return bytes([count]) + self.rng.bytes(count * bits // 8)
            parts = [bytearray(self.rng.bytes((bits + 1) // 8)) for _ in range(count)]
            return b"".join(_fx(part, index < count - 1) for index, part in enumerate(parts))
        if "explicit" in node:
            known = self.source["expansions"] if node["explicit"] == "RE" else []
            inside = (self.listed(known[-1]["compound"], with_fx=False)
                      if known and self.rng.random() < 0.7
                      else self.rng.bytes(int(self.rng.integers(0, 6))))
            return bytes([len(inside) + 1]) + inside
        return self.rng.bytes(bits_of(node) // 8)

    def listed(self, children: list[Any], *, with_fx: bool) -> bytes:
        flags = [child is not None and bool(self.rng.random() < 0.4) for child in children]
        body = b"".join(self.item(child) for child, there in zip(children, flags, strict=True)
                        if there)
        if with_fx:
            return fspec(flags) + body
        return bytes([sum(there << (7 - bit) for bit, there in enumerate(flags))]) + body

    def extended(self, node: Node) -> bytes:
        count = int(self.rng.integers(1, len(node["extended"]) + 1))
        octets = b""
        for index in range(count):
            last = index == len(node["extended"]) - 1
            bits = sum(map(bits_of, node["extended"][index]))
            if last and node.get("ends"):
                octets += self.rng.bytes(bits // 8)
            else:
                octets += _fx(bytearray(self.rng.bytes((bits + 1) // 8)), index < count - 1)
        return octets


def fspec(flags: list[bool]) -> bytes:
    """A field specification of as few octets as it takes; at least one."""
    size = max(1, -(-(max([i for i, there in enumerate(flags) if there], default=0) + 1) // 7))
    padded = [*flags, *([False] * 7)]
    octets = []
    for index in range(size):
        value = sum(padded[7 * index + bit] << (7 - bit) for bit in range(7)
                    if 7 * index + bit < len(flags))
        octets.append(value | (index < size - 1))
    return bytes(octets)


def _fx(octets: bytearray, more: bool) -> bytes:
    octets[-1] = octets[-1] & 0xFE | more
    return bytes(octets)

"""Records of the ledger: one canonical form, and clear faults for any other."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from jointsky.agreement.ledger import (
    ENTRY_BYTES_MAX,
    NOWHERE,
    ActTaken,
    Alarm,
    Cause,
    Denial,
    Entry,
    GrantUse,
    Opening,
    Receipt,
    Record,
    Refusal,
    Release,
    Withheld,
    Witness,
    canonical,
    read_entry,
)
from jointsky.agreement.ranges import ranges_of
from jointsky.model.errors import InputError

DIGEST = "5f" * 32
RELEASE = Release(time_ns=1_700_000_000_000_000_123, recipient="RUS.South", sequence=7,
                  digest=DIGEST, rows=51, not_after_ns=1_825_000_000_000_000_000,
                  grants=(GrantUse(agreement="kgz-rus", version=1, instrument=DIGEST,
                                   grant="tracks-south", rows=51, tracks="1-50,53"),))
EXAMPLES: list[Record] = [
    Opening(time_ns=1, unit="KGZ.Kant", world="live", key="0a" * 32),
    RELEASE,
    Denial(time_ns=2, recipient="KAZ.Almaty", rows=4, causes=(
        Cause(rule="no agreement in force", rows=3, tracks="1-2,9"),
        Cause(rule="outside the area", agreement="kaz", version=2, grant="border", rows=1))),
    Withheld(time_ns=3, recipient="RUS.South", sequence=7, digest=DIGEST, rule="expired"),
    Receipt(time_ns=4, sender="RUS.South", sequence=1, digest=DIGEST),
    ActTaken(time_ns=5, agreement="kgz-rus", version=1, act="suspend", party="KGZ", id=DIGEST,
             text="Текст\n\"1\""),
    Witness(time_ns=6, partner="RUS.South", note="a\n5\nroot\n\n— b c\n"),
    Refusal(time_ns=7, recipient="RUS.South", digest=DIGEST, rows=2, reason="grant ended"),
    Alarm(time_ns=8, name="clock", text="a step of an hour"),
]

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
times = st.integers(0, 2**63 - 1)
uses = st.builds(GrantUse, agreement=names, version=st.integers(1, 99),
                 instrument=st.just(DIGEST), grant=names, rows=st.integers(0, 99),
                 tracks=st.lists(st.integers(0, 99)).map(ranges_of))
records: st.SearchStrategy[Record] = st.one_of(
    st.builds(Release, time_ns=times, recipient=st.just("RUS"), sequence=st.integers(1, 2**63 - 1),
              digest=st.just(DIGEST), rows=st.integers(0, 2**53), not_after_ns=times,
              grants=st.lists(uses, min_size=1, max_size=4).map(tuple)),
    st.builds(Alarm, time_ns=times, name=names, text=names),
    st.builds(ActTaken, time_ns=times, agreement=names, version=st.integers(1, 9), act=names,
              party=names, id=st.just(DIGEST), text=names))


@given(record=records, number=st.integers(0, 2**53 - 1))
def test_a_record_is_read_back_from_its_bytes(record: Record, number: int) -> None:
    entry = Entry(number=number, previous=NOWHERE, record=record)
    body = canonical(entry)
    assert read_entry(body) == entry
    # Any other writing of the same is refused.
    loose = json.dumps(json.loads(body)).encode()
    with pytest.raises(InputError, match="not in the canonical form"):
        read_entry(loose)


@pytest.mark.parametrize("record", EXAMPLES, ids=lambda record: record.kind)
def test_every_kind_is_read_back(record: Record) -> None:
    entry = Entry(number=3, previous=DIGEST, record=record)
    assert read_entry(canonical(entry)) == entry


def test_the_bytes_are_these() -> None:
    entry = Entry(number=2, previous=NOWHERE, record=RELEASE)
    assert canonical(entry).decode() == (
        '{"number":2,"previous":"' + NOWHERE + '","record":{"digest":"' + DIGEST + '","grants":'
        '[{"agreement":"kgz-rus","grant":"tracks-south","instrument":"' + DIGEST + '","rows":51,'
        '"tracks":"1-50,53","version":1}],'
        '"kind":"release","not_after_ns":1825000000000000000,"recipient":"RUS.South","rows":51,'
        '"sequence":7,"time_ns":1700000000000000123}}')


@settings(max_examples=400)
@given(place=st.integers(0, 10_000), octet=st.integers(0, 255))
def test_a_changed_byte_is_refused_or_makes_another_record(place: int, octet: int) -> None:
    entry = Entry(number=2, previous=NOWHERE, record=RELEASE)
    body = bytearray(canonical(entry))
    place %= len(body)
    changed = body[place] != octet
    body[place] = octet
    try:
        found = read_entry(bytes(body))
    except InputError as fault:
        assert changed and str(fault).startswith("record")
    else:
        assert (found != entry) == changed
        assert canonical(found) == bytes(body)


def changed(**values: object) -> bytes:
    """The release's entry with fields of the record replaced, written canonically."""
    entry = Entry(number=2, previous=NOWHERE, record=RELEASE).model_dump()
    entry["record"].update(values)
    return json.dumps(entry, sort_keys=True, separators=(",", ":")).encode()


@pytest.mark.parametrize(("body", "says"), [
    (b"", r"record.*byte 0"),
    (b"{", r"byte 1: no JSON"),
    (b"\xff", r"byte 0: 0xff is no UTF-8"),
    (b"[" * 5000, r"record"),
    (b"{}", "number: "),
    (changed(rows=51.0), "record, release, rows"),
    (changed(rows=True), "record, release, rows"),
    (changed(rows="51"), "record, release, rows"),
    (changed(rows=-1), "record, release, rows"),
    (changed(sequence=0), "record, release, sequence"),
    (changed(time_ns=2**63), "record, release, time_ns"),
    (changed(digest="5F" * 32), "record, release, digest"),
    (changed(recipient="RUS South"), "record, release, recipient"),
    (changed(recipient="RUS+South"), "record, release, recipient"),
    (changed(kind="gift"), "record"),
    (changed(extra=1), "record, release, extra"),
    (changed(grants=[]), "record, release, grants"),
    (changed(grants=[{"agreement": "a", "version": 1, "instrument": DIGEST, "grant": "g",
                      "rows": 1, "tracks": "2,1"}]),
     "record, release, grants 1, tracks: expected ascending"),
    (changed(recipient="\ud800"), "record"),
])
def test_what_is_no_record_is_refused_with_its_place(body: bytes, says: str) -> None:
    with pytest.raises(InputError, match=says):
        read_entry(body)


def test_a_name_given_twice_is_refused() -> None:
    body = canonical(Entry(number=2, previous=NOWHERE, record=RELEASE))
    twice = body.replace(b'"rows":51,"seq', b'"rows":51,"rows":51,"seq')
    with pytest.raises(InputError, match="not in the canonical form"):
        read_entry(twice)


def test_there_is_a_limit() -> None:
    with pytest.raises(InputError, match="at most"):
        read_entry(b" " * (ENTRY_BYTES_MAX + 1))
    wide = ",".join(str(n) for n in range(0, 400_000, 2))
    assert len(wide) > 1 << 20
    with pytest.raises(ValidationError):
        Cause(rule="r", rows=1, tracks=wide)
    half = wide[:wide.index(",", 1 << 19)]
    denial = Denial(time_ns=1, recipient="R", rows=1,
                    causes=tuple(Cause(rule=f"{i}", rows=1, tracks=half) for i in range(33)))
    with pytest.raises(InputError, match=r"record 5.*at most"):
        canonical(Entry(number=5, previous=NOWHERE, record=denial))


def test_a_lone_surrogate_is_no_text() -> None:
    with pytest.raises(ValidationError):
        Alarm(time_ns=1, name="\ud800", text="")

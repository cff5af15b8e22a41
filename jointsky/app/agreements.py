"""Agreements from files: read, and as tables for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from rich.box import SIMPLE
from rich.table import Table

from jointsky.agreement.breadth import Breadth
from jointsky.agreement.calendar import calendar_of, warning_of
from jointsky.agreement.differences import Difference
from jointsky.agreement.instrument import Grant, Instrument, Life
from jointsky.agreement.life import Facts, status_at
from jointsky.agreement.parts import bases
from jointsky.agreement.periods import text_of
from jointsky.agreement.places import Shape, opened
from jointsky.agreement.reading import EXPECTED, Document, parse_instrument
from jointsky.app.toml import read_text
from jointsky.model.clock import NS_PER_DAY, NS_PER_S
from jointsky.model.errors import FileProblem, InputError
from jointsky.model.faults import Place

Basis = Callable[[Place], str]
# What lets more go stands out; what lets less go is quieter.
COLOURS = {Breadth.WIDER: "yellow", Breadth.NARROWER: "cyan"}


def load_agreement(path: Path) -> Document:
    """Read an instrument. Raises `FileProblem`, or `ConfigProblem` with every fault."""
    return parse_instrument(read_text(path, EXPECTED), str(path))


def paths_of(given: list[Path]) -> list[Path]:
    """The files given, and for a folder those in it that are YAML. Raises `FileProblem`."""
    found: list[Path] = []
    for path in given:
        inside = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
        if not inside:
            raise FileProblem(path, "no agreement in this folder", expected="files *.yaml")
        found += inside
    return list(dict.fromkeys(found))


def load_agreements(given: list[Path]) -> tuple[tuple[Document, ...], list[InputError]]:
    """All agreements that can be read, and why the others cannot."""
    documents, refused = [], []
    for path in paths_of(given):
        try:
            documents.append(load_agreement(path))
        except InputError as problem:
            refused.append(problem)
    return tuple(documents), refused


def calendar_of_all(documents: tuple[Document, ...], told: Mapping[str, Facts],
                    now_ns: int) -> Iterator[Table]:
    """A calendar for each agreement: what was, now, what comes; warnings that stand are its
    caption. told: what parties have told since, by the id of the agreement."""
    for document in documents:
        whole = document.instrument
        facts = told.get(whole.id, Facts())
        status = status_at(whole, facts, now_ns)
        standing = [one.text for one in warning_of(whole, facts, now_ns)]
        table = Table("date", "days", "what", box=SIMPLE, padding=(0, 1, 0, 0),
                      title=f"{whole.id}, version {whole.version}: {status.phase.value}",
                      title_justify="left", caption="; ".join(standing) or None,
                      caption_justify="left", caption_style="yellow")
        entries = [(one.time_ns, one.text) for one in calendar_of(whole, facts, now_ns)]
        for time_ns, text in sorted([*entries, (now_ns, f"now: {status.why}")]):
            days = (time_ns - now_ns) // NS_PER_DAY
            table.add_row(text_of(time_ns - time_ns % NS_PER_S), f"{days:+,}" if days else "",
                          text, style="bold" if time_ns == now_ns else
                          "" if time_ns > now_ns else "dim")
        yield table


def differences_text(found: list[Difference]) -> Iterator[tuple[str, str]]:
    """Lines for people, each with the colour of what it says."""
    part = ""
    for one in found:
        if one.part != part:
            part = one.part
            yield part, "bold"
        head = f"{one.name}: " if one.name else ""
        if one.kind == "changed":
            for respect in one.respects:
                how = "" if respect.breadth is Breadth.OTHER else f" {respect.breadth.value}"
                yield (f"  ~ {head}{respect.name}{how}: {respect.old} -> {respect.new}",
                       COLOURS.get(respect.breadth, ""))
        else:
            contents = ", ".join(f"{respect.name} {respect.new}" for respect in one.respects)
            mark, colour = ("+", "yellow") if one.kind == "came" else ("-", "cyan")
            yield f"  {mark} {head}{contents}", colour


def tables_of(document: Document) -> Iterator[Table]:
    """The whole instrument, part by part; the last column says what each row leans on."""
    whole = document.instrument
    found = bases(whole)

    def basis(place: Place) -> str:
        return found.get(place, "")

    yield _table("Parties", ("nation", "name"), (
        (one.nation, one.name, basis(("parties", at))) for at, one in enumerate(whole.parties)))
    yield _table("Life", ("", ""), _life(whole.life, basis))
    survival = whole.survival
    yield _table("After the end", ("", ""), ((what, text, basis(("survival",))) for what, text in (
        ("protection goes on", _yes(survival.protection)),
        ("no onward release", _yes(survival.no_onward)),
        ("kept at most", str(survival.retention or "no limit given")),
        ("then", survival.then))))
    yield from _places(whole, basis)
    yield _table("Command roles", ("role", "nation", "who", "area"), (
        (one.role, one.holder, one.title, one.area or "all", basis(("command", at)))
        for at, one in enumerate(whole.command)))
    yield _table("Training", ("personnel of", "by", "positions", "entitlement"), (
        (one.of, one.by, ", ".join(one.positions), one.entitlement, basis(("training", at)))
        for at, one in enumerate(whole.training)))
    yield _table("Grants", ("grant", "from", "to", "data", "where", "what of it", "as", "article"),
                 ((one.id, one.sender, " ".join(one.to), one.data, where_of(one), _what_of(one),
                   _as_of(one), one.article, basis(("grants", at)))
                  for at, one in enumerate(whole.grants)))
    yield _table("Sources", ("key", "title", "publisher", "date"), (
        (key, one.title, one.publisher, text_of(one.date) if one.date is not None else "",
         "" if one.note == "-" else one.note) for key, one in whole.sources.items()), "note")


def _table(title: str, heads: tuple[str, ...], rows: Iterator[tuple[str, ...]],
           last: str = "by") -> Table:
    table = Table(*heads, last, title=title, title_justify="left", box=SIMPLE,
                  padding=(0, 1, 0, 0), show_header=any(heads))
    for row in rows:
        table.add_row(*row, style="yellow" if row[-1].startswith("assumed") else "")
    return table


def _life(life: Life, basis: Basis) -> Iterator[tuple[str, str, str]]:
    own = basis(("life",))
    yield "signed", text_of(life.signed) if life.signed is not None else "no", own
    for at, one in enumerate(life.ratifications):
        act = "" if one.instrument == "-" else f", {one.instrument}"
        yield (f"ratified by {one.party}", f"{text_of(one.date)}: {one.body}{act}",
               basis(("life", "ratifications", at)))
    yield ("in force", "with the last ratification" if life.in_force == "last_ratification"
           else f"from {text_of(life.in_force)}", own)
    yield "term", "open, until notice" if life.term == "open" else str(life.term), own
    if life.term != "open":
        again = f", each time for {life.renewal_term}" if life.renewal_term is not None else ""
        yield "renewal", life.renewal.replace("_", " ") + again, own
    yield "notice", "none" if life.notice is None else f"{life.notice} before the end", own
    yield ("suspension", f"by {' or '.join(life.suspension.by)} alone, until it resumes"
           if life.suspension.by else "by none", basis(("life", "suspension")))


def _places(whole: Instrument, basis: Basis) -> Iterator[Table]:
    yield _table("Areas", ("area", "name", "shape"), (
        (key, one.name, shape_text(one.shape), basis(("areas", key)))
        for key, one in whole.areas.items()))
    yield _table("Sites", ("site", "name", "host", "hectares", "shape"), (
        (one.id, one.name, one.host, f"{one.area_ha:g}", shape_text(one.shape),
         basis(("sites", at))) for at, one in enumerate(whole.sites)))
    yield _table("Deployments", ("deployment", "of", "site", "from", "until", "units", "sensors",
                                 "consent of the host"), (
        (one.id, one.of, one.site, text_of(one.begin) if one.begin is not None else "",
         text_of(one.end) if one.end is not None else "end of the agreement",
         ", ".join(one.units), ", ".join(f"{item.name} {item.sac}/{item.sic}"
                                         for item in one.sensors),
         f"{one.consent.by} {text_of(one.consent.date)}" if one.consent else "none",
         basis(("deployments", at))) for at, one in enumerate(whole.deployments)))


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def shape_text(shape: Shape) -> str:
    """A shape in few words."""
    if shape.polygon is not None:
        return f"polygon of {len(opened(shape.polygon))} corners"
    if shape.box is not None:
        box = shape.box
        return f"box {box.south:g} to {box.north:g}, {box.west:g} to {box.east:g}"
    if shape.circle is not None:
        return "{:g} km about {:g}, {:g}".format(shape.circle.radius_km, *shape.circle.centre)
    assert shape.corridor is not None
    return (f"corridor, {shape.corridor.width_km:g} km to each side of "
            f"{len(shape.corridor.line)} places")


def where_of(grant: Grant) -> str:
    """Area and height band of a grant."""
    low, high = grant.floor_m, grant.ceiling_m
    band = ("" if low is None and high is None
            else f", up to {high:g} m" if low is None
            else f", from {low:g} m" if high is None else f", {low:g} to {high:g} m")
    return (grant.area or "everywhere") + band


def _what_of(grant: Grant) -> str:
    words = []
    if grant.identities != "any":
        words.append("identities: " + (" ".join(grant.identities) or "none"))
    if grant.categories != "any":
        words.append("categories: " + (" ".join(grant.categories) or "none"))
    if grant.withheld:
        words.append("without " + " ".join(grant.withheld))
    if grant.guarded:
        words.append("with " + " ".join(grant.guarded))
    if grant.onward:
        agreed = set(grant.onward.consents)
        words.append("onward to " + " ".join(
            nation if nation in agreed else f"{nation} (no consent)"
            for nation in grant.onward.to))
    return "; ".join(words) or "all"


def _as_of(grant: Grant) -> str:
    words = [f"grid of {grant.quantum_m:g} m" if grant.quantum_m else "",
             f"accuracy {grant.accuracy_m:g} m" if grant.accuracy_m else "",
             f"{grant.delay_s:g} s late" if grant.delay_s else ""]
    return "; ".join(word for word in words if word) or "it is"

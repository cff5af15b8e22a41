"""`jointsky agreement key|act|sign|submit`: what persons of a party do, two of them at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer


def key(
    name: Annotated[str, typer.Argument(help="Name of the person.")],
    nation: Annotated[str, typer.Option(help="ISO 3166 alpha-3.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="File of the private key.")],
    years: Annotated[int, typer.Option(min=1, max=10, help="How long the key is good.")] = 2,
) -> None:
    """Make a key for a person who may sign; prints the row for the file of persons."""
    import base64

    from jointsky.agreement.periods import Period, add, text_of
    from jointsky.app.keys import make_key
    from jointsky.edge.clock import WallClock
    from jointsky.model.clock import NS_PER_DAY

    public = make_key(output)
    begin_ns = WallClock().now_ns() // NS_PER_DAY * NS_PER_DAY
    typer.echo(f"  - name: {name}\n    nation: {nation}\n"
               f"    key: {base64.b64encode(public).decode()}\n    begin: {text_of(begin_ns)}\n"
               f"    end: {text_of(add(begin_ns, Period(12 * years, 0)))}")


def act(
    kind: Annotated[Literal["activate", "suspend", "resume", "notice", "renew", "terminate",
                            "revoke", "restore", "consent", "onward", "trust_clock"],
                    typer.Argument(help="What is told.")],
    file: Annotated[Path, typer.Argument(help="The agreement in YAML, the version in use.")],
    party: Annotated[str, typer.Option(help="Nation that tells it.")],
    reason: Annotated[str, typer.Option(help="Why, in words.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="File of the act.")],
    folder: Annotated[Path | None, typer.Option(
        help="The unit's folder of acts: which one was the last.")] = None,
    effective: Annotated[str | None, typer.Option(
        help="From when on: a date, or a time with its zone. At once unless given.")] = None,
    grant: Annotated[str | None, typer.Option(help="For revoke, restore, onward.")] = None,
    deployment: Annotated[str | None, typer.Option(help="For consent.")] = None,
    nation: Annotated[str | None, typer.Option(help="For onward: who may get it.")] = None,
    allowed: Annotated[bool | None, typer.Option(
        "--allow/--deny", help="For consent and onward.")] = None,
    end: Annotated[str | None, typer.Option(help="For renew: end of the present term.")] = None,
) -> None:
    """Draw up an act on an agreement; it counts once two persons of the party have signed it."""
    from jointsky.app.acts import draw_up, write_act
    from jointsky.app.agreements import load_agreement
    from jointsky.edge.clock import WallClock
    from jointsky.model.clock import NS_PER_S

    issued_ns = WallClock().now_ns()
    drawn = draw_up(kind, load_agreement(file), party, issued_ns - issued_ns % NS_PER_S,
                    reason, folder, effective=effective, grant=grant, deployment=deployment,
                    nation=nation, allowed=allowed, end=end)
    write_act(drawn, output)
    typer.echo(f"{output}: {drawn.party}: {drawn.act} {drawn.agreement}, version {drawn.version}; "
               "two persons sign it next: jointsky agreement sign")


def sign(
    file: Annotated[Path, typer.Argument(help="The act.")],
    name: Annotated[str, typer.Option(help="Name of the person, as in the file of persons.")],
    key: Annotated[Path, typer.Option(help="File of the person's private key.")],
) -> None:
    """Sign an act: adds the person's signature to its file."""
    from jointsky.app.acts import load_act, with_signature, write_act
    from jointsky.app.keys import read_private

    signed = with_signature(load_act(file), name, read_private(key))
    write_act(signed, file)
    names = ", ".join(one.person for one in signed.signatures)
    typer.echo(f"{file}: {signed.party}: {signed.act} {signed.agreement}, version {signed.version} "
               f"({signed.reason}); signed by {names}")


def submit(
    file: Annotated[Path, typer.Argument(help="The act, signed.")],
    folder: Annotated[Path, typer.Option(help="The unit's folder of acts.")],
    persons: Annotated[Path, typer.Option(help="The unit's file of persons.")],
) -> None:
    """Put a signed act into a unit's folder, once its signatures are found good."""
    from jointsky.agreement.acts import check_signatures
    from jointsky.agreement.persons import EXPECTED, parse_persons
    from jointsky.app.acts import load_act, write_act
    from jointsky.app.toml import read_text

    signed = load_act(file)
    check_signatures(signed, parse_persons(read_text(persons, EXPECTED), str(persons)))
    to = folder / f"{signed.issued}-{signed.id[:16]}.json"
    write_act(signed, to)
    typer.echo(f"{to}: the unit takes it within a second; what it refuses lies in "
               f"{folder / 'refused'} with the reason")

"""The law of the demo: the example agreements, activated by synthetic persons with keys made for
this run and thrown away with it; and a partner that listens."""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jointsky.agreement.keys import public_of
from jointsky.agreement.periods import Period, add, text_of
from jointsky.app.acts import draw_up, with_signature, write_act
from jointsky.app.agreements import load_agreement
from jointsky.app.config import AgreementsSection, PartnerSection
from jointsky.app.keys import make_key, read_private
from jointsky.model.clock import NS_PER_DAY

PERSONS = ("Duty officer (synthetic)", "Legal officer (synthetic)")
YEAR = Period(12, 0)


@contextmanager
def partner_sink() -> Iterator[PartnerSection]:
    """A partner that takes what it gets and does nothing with it, while the block runs."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
        sink.bind(("127.0.0.1", 0))
        port = sink.getsockname()[1]
        yield PartnerSection(name="rus-synthetic", nation="RUS", udp=f"127.0.0.1:{port}")


def lay_down(folder: Path, nation: str, agreements: tuple[Path, ...], now_ns: int
             ) -> AgreementsSection:
    """Put into a folder what a unit of a nation needs to be under these agreements: persons, keys,
    and one signed act for each, which the unit takes as it takes any. now_ns: UTC."""
    folder.mkdir(parents=True)
    begin_ns = now_ns // NS_PER_DAY * NS_PER_DAY
    rows, keys = ["persons:"], []
    for number, name in enumerate(PERSONS):
        file = folder / f"person-{number}.pem"
        make_key(file)
        keys.append(read_private(file))
        rows += [f"  - name: {name}", f"    nation: {nation}",
                 f"    key: {base64.b64encode(public_of(keys[-1])).decode()}",
                 f"    begin: {text_of(begin_ns)}", f"    end: {text_of(add(begin_ns, YEAR))}"]
    persons = folder / "persons.yaml"
    persons.write_text("\n".join(rows) + "\n")
    for path in agreements:
        act = draw_up("activate", load_agreement(path), nation, now_ns, "the demo begins", None)
        for name, private in zip(PERSONS, keys, strict=True):
            act = with_signature(act, name, private)
        write_act(act, folder / "acts" / f"{act.agreement}.json")
    make_key(folder / "unit.pem")
    return AgreementsSection(
        folder=str(folder / "acts"), persons=str(persons), ledger=str(folder / "demo.ledger"),
        key=str(folder / "unit.pem"), persons_text=persons.read_text())

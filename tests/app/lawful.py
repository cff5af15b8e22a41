"""A journal as a node under agreements writes it, and what left while it was written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jointsky.agreement.instrument import Nation
from jointsky.agreement.register import Register
from jointsky.agreement.release import Released
from jointsky.app.config import AcceptedAct, AgreementsSection
from jointsky.app.demo import config_of
from jointsky.app.framelog import Turn, take_turn
from jointsky.app.views import NO_VIEWS, Views, taken
from jointsky.edge.journal import EntryKind, JournalWriter
from jointsky.engine.checkpoint import pack
from jointsky.model.schema import TrackBatch
from jointsky.model.world import World
from tests.agreement.persons import draft, person, signed
from tests.engine.simulated import BEGIN_NS, scenario_of_demo, turns

AGREEMENTS = Path(__file__).resolve().parents[2] / "examples" / "agreements"
KGZ: Nation = "KGZ"
PERSONS = tuple(person(f"kgz {number}", KGZ) for number in (1, 2))
EXAMPLES = {"kgz-rus": "kgz-rus-2022", "cis": "cis-1995"}
# The examples let RUS have all of the demo's traffic; here it gets what is low.
CHANGED = (("kgz-rus", "    data: exercise\n    area: common\n",
            "    data: exercise\n    area: common\n    ceiling_m: 9000\n"),
           ("kgz-rus", "    data: exercise\n    area: approaches\n",
            "    data: exercise\n    area: approaches\n    ceiling_m: 9000\n"))


def text_of(name: str) -> str:
    """An example, changed as above."""
    text = (AGREEMENTS / f"{EXAMPLES[name]}.yaml").read_text()
    for which, old, new in CHANGED:
        if which == name:
            assert old in text
            text = text.replace(old, new)
    return text


def section_of(*names: str) -> AgreementsSection:
    """The law of a unit of KGZ that has activated these examples."""
    acts = tuple(AcceptedAct(accepted_ns=BEGIN_NS, name=name, text=signed(draft(
        Register(KGZ, PERSONS), "activate", name, KGZ, BEGIN_NS,
        text=text_of(name))).to_text()) for name in names)
    rows = "".join(f"  - {{name: {one.name}, nation: KGZ, key: '{one.key}',"
                   " begin: 2020-01-01, end: 2090-01-01}\n" for one in PERSONS)
    return AgreementsSection(folder="acts", persons="persons.yaml", ledger="unit.ledger",
                             key="unit.pem", persons_text=f"persons:\n{rows}", acts=acts)


@dataclass(frozen=True, eq=False)
class Written:
    """What there was at a turn: the unit's picture, what left in it, what partners have."""

    tracks: TrackBatch
    released: tuple[Released, ...]
    views: Views


def write_journal(path: Path, seconds: int, *names: str) -> dict[int, Written]:
    """Write a journal of the demo's traffic under agreements; each of its turns by its time."""
    config = config_of(scenario_of_demo(), path, 0).model_copy(
        update={"agreements": section_of(*names)})
    journal, state, views = JournalWriter(path), None, NO_VIEWS
    made = {}
    for place, (now_ns, frames) in enumerate(turns(seconds)):
        news = config if place == 0 else None
        if news is not None:
            journal.append(EntryKind.CONFIG, now_ns, news.model_dump_json().encode())
        journal.append_frames(frames)
        sequence = journal.append_tick(now_ns)
        journal.commit()
        result = take_turn(state, Turn(sequence, now_ns, frames, news), World.EXERCISE)
        state, views = result.state, taken(views, result.released)
        made[now_ns] = Written(result.picture, result.released, views)
        if place % 20 == 19:
            journal.save_checkpoint(sequence, now_ns, pack(state))
            while journal.saving:
                journal.commit()
    journal.close()
    return made

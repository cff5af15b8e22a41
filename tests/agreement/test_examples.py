"""The agreements that are shipped: whole, marked as public or assumed, true in their measures."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from pyproj import Geod

from jointsky.agreement.compiled import compile_rules
from jointsky.agreement.decide import decide
from jointsky.agreement.judge import Cause
from jointsky.agreement.life import HORIZON_NS, Facts, status_at
from jointsky.agreement.parts import bases
from jointsky.agreement.periods import parse_moment, text_of
from jointsky.agreement.places import opened
from jointsky.agreement.reading import Document, parse_instrument
from jointsky.agreement.standing import Standing, Standings
from jointsky.app.config import load_config, sensors_of
from jointsky.model.clock import NS_PER_S
from jointsky.model.schema import TrackBatch
from jointsky.model.world import World

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "examples" / "agreements").glob("*.yaml"))
# What this project has no word for; "target" stands for an aircraft nowhere.
NOT_OURS = re.compile(r"\b(kill|engage|fire|shoot|weapon|target|missile|intercept)", re.IGNORECASE)


def read(path: Path) -> Document:
    return parse_instrument(path.read_text(), str(path))


def test_the_agreements_of_the_page_are_there() -> None:
    assert {read(path).instrument.id for path in FILES} == {
        "kgz-rus", "rus-kaz", "rus-blr", "rus-tjk", "rus-arm", "cis", "aut-che", "swiss-asde"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_part_says_who_says_so(path: Path) -> None:
    document = read(path)
    bare = [place for place, basis in bases(document.instrument).items() if not basis]
    assert not bare
    used = " ".join(bases(document.instrument).values())
    assert all(key in used for key in document.instrument.sources), "a source that nobody names"
    assert not NOT_OURS.search(document.text)
    assert document.text.startswith(
        "# yaml-language-server: $schema=../../docs/schemas/agreement.schema.json\n")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_sites_are_as_large_as_they_say(path: Path) -> None:
    for site in read(path).instrument.sites:
        assert site.shape.polygon is not None
        latitudes, longitudes = zip(*opened(site.shape.polygon), strict=True)
        area_m2, _ = Geod(ellps="WGS84").polygon_area_perimeter(longitudes, latitudes)
        assert abs(area_m2) / 1e4 == pytest.approx(site.area_ha, rel=0.01)


def test_components_are_of_what_is_there() -> None:
    known = {document.instrument.id: document.instrument for document in map(read, FILES)}
    parts = [whole for whole in known.values() if whole.component_of is not None]
    assert len(parts) == 5
    for whole in parts:
        assert whole.component_of is not None
        assert set(whole.nations) <= set(known[whole.component_of].nations)


def test_the_seed_agreement_is_as_the_press_reports_it() -> None:
    path = ROOT / "examples" / "agreements" / "kgz-rus-2022.yaml"
    document = read(path)
    whole, life = document.instrument, document.instrument.life
    assert life.signed is not None and text_of(life.signed) == "2022-08-16"
    assert {one.party: text_of(one.date) for one in life.ratifications} == {
        "RUS": "2023-05-29", "KGZ": "2023-10-11"}
    assert isinstance(life.in_force, int) and text_of(life.in_force) == "2023-11-02"
    assert (str(life.term), life.renewal, str(life.notice)) == ("P5Y", "automatic", "P6M")
    assert [site.area_ha for site in whole.sites] == [5]
    assert {(role.role, role.holder) for role in whole.command} == {
        ("coordinates", "RUS"), ("manages", "KGZ")}
    assert "text of the agreement was not found" in document.text


def test_the_deployed_sensor_is_one_of_the_demo() -> None:
    scenario = (ROOT / "examples" / "scenarios" / "kyrgyzstan.yaml").read_text()
    whole = read(ROOT / "examples" / "agreements" / "kgz-rus-2022.yaml").instrument
    for deployment in whole.deployments:
        for sensor in deployment.sensors:
            assert f"- name: {sensor.name}\n    sac: {sensor.sac}\n    sic: {sensor.sic}\n" in (
                scenario)


def test_the_examples_share_as_they_say() -> None:
    """A Kyrgyz unit in an exercise, with the radar of the Russian post: the partner gets its tracks
    as they are, the others coarse, late, and without that radar unless its owner agreed."""
    sensors = sensors_of(load_config(ROOT / "examples" / "units" / "kant.toml"))
    now_ns = parse_moment("2026-11-23T12:00:00Z")
    standings = []
    for document in map(read, FILES):
        status = status_at(document.instrument, Facts(), now_ns)
        if status.in_force and "KGZ" in document.instrument.nations:
            consents = frozenset((grant.id, nation) for grant in document.instrument.grants
                                 if grant.onward for nation in grant.onward.consents)
            standings.append(Standing(document, status.begin_ns, status.end_ns, consents))
    recipients = ("RUS", "KAZ", "TJK", "CHE")
    rules = compile_rules(Standings(now_ns, HORIZON_NS, tuple(standings), ()), "KGZ", recipients,
                          sensors, "exercise")
    assert not rules.faults
    tracks = TrackBatch.blank(3, World.EXERCISE)
    # Over Kant; south of the border, 60 km; over Siberia.
    tracks.latitude_rad[:] = np.radians([42.85, 38.9, 60.0])
    tracks.longitude_rad[:] = np.radians([74.85, 73.6, 100.0])
    tracks.mode_c_m[:] = 9000
    tracks.present[:] = TrackBatch.bit("mode_c_m")
    tracks.time_ns[:] = now_ns - 31 * NS_PER_S
    decision = decide(rules, tracks, np.full(3, 0b11, np.uint64), now_ns)
    found = {nation: [rules.rules[which].grant.id if cause == 0 else Cause(cause).word
                      for which, cause in zip(decision.which[place].tolist(),
                                              decision.cause[place].tolist(), strict=True)]
             for place, nation in enumerate(recipients)}
    coarse = ["kgz-exercise", "kgz-exercise", "area"]
    assert found == {"RUS": ["kgz-exercise", "kgz-exercise-approaches", "area"], "KAZ": coarse,
                     "TJK": coarse, "CHE": ["no_agreement"] * 3}
    assert [bool(decision.excluded[place][0] & np.uint64(1)) for place in range(3)] == [
        False, False, True]
    fine, grid = (rules.rules[int(decision.which[place][0])].grant for place in (0, 1))
    assert (fine.quantum_m, grid.quantum_m, grid.delay_s) == (0, 5000, 30)

"""The agreements that are shipped: whole, marked as public or assumed, true in their measures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pyproj import Geod

from jointsky.agreement.parts import bases
from jointsky.agreement.places import opened
from jointsky.agreement.reading import Document, parse_instrument

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
    from jointsky.agreement.periods import text_of
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

"""Sharing: from plots to what each partner gets, with nothing of what may not go there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jointsky.agreement.judge import Cause
from jointsky.agreement.release import Released
from jointsky.agreement.standing import Closed, Standing, Standings
from jointsky.engine.checkpoint import pack, unpack
from jointsky.engine.sharing import Sharing, explain_track, lean, share, with_standings
from jointsky.model.batch import columns_of
from jointsky.model.schema import PlotBatch, TrackBatch
from jointsky.model.world import World
from jointsky.track import tracker
from jointsky.track.state import TrackerState
from tests.agreement.pacts import grant, standing
from tests.track.scenes import BEGIN_NS, S, course, looks, radar

OWN = radar(1)
THEIRS = radar(2, latitude=48.6, longitude=9.9, nation="CCC")
SENSORS = (OWN, THEIRS)
NOW_NS = BEGIN_NS + 60 * S
PARTIES = ("AAA", "BBB", "CCC", "DDD")


def flight(sensor, north: float, seed: int, code: int) -> PlotBatch:
    times = np.arange(1.0, 60.0, sensor.period_s)
    plots = looks(sensor, *course(north, 8.5, 80.0, 200.0, times), np.full(len(times), 9000.0),
                  times, np.random.default_rng(seed), mode_3a=code)
    return replace(plots, world=World.LIVE)


def scene(seed: int, code: int = 0o2222) -> TrackerState:
    """Three aircraft: seen by us; by both; by CCC alone. seed, code: what CCC measured."""
    plots = PlotBatch.join([flight(OWN, 48.0, 1, 0o1111), flight(OWN, 48.5, 2, 0o2222),
                            flight(THEIRS, 48.5, seed, code),
                            flight(THEIRS, 49.0, seed + 1, 0o3333)], World.LIVE)
    plots = plots.take(np.lexsort((plots.sensor_id, plots.time_ns)))
    return tracker.advance(tracker.start(World.LIVE, 1, SENSORS), plots, NOW_NS)


def pact(*grants: dict, **more) -> Standing:
    return standing(*grants, parties=PARTIES, begin_ns=BEGIN_NS, end_ns=BEGIN_NS + 3600 * S,
                    **more)


def held(*in_force: Standing, now_ns: int = NOW_NS, closed: tuple[Closed, ...] = ()) -> Standings:
    return Standings(now_ns, BEGIN_NS + 3600 * S, in_force, closed)


def shared(state: TrackerState, standings: Standings, sharing: Sharing | None = None,
           now_ns: int = NOW_NS) -> tuple[Sharing, dict[str, Released]]:
    sharing = with_standings(sharing or Sharing("AAA"), standings, SENSORS, World.LIVE)
    after, released = share(sharing, state, tracker.picture(state, now_ns), now_ns)
    assert not any(one.fault for one in released)
    return after, {one.recipient: one for one in released}


def cells_of(tracks: TrackBatch) -> dict[str, bytes]:
    return {col.name: getattr(tracks, col.name).tobytes() for col in columns_of(TrackBatch)}


def codes_of(released: Released) -> list[int]:
    return sorted(released.tracks.mode_3a.tolist())


TO_ALL = grant(to=("BBB", "CCC", "DDD"))
ONWARD = grant("on", sender="CCC", to=("AAA",), onward={"to": ["DDD"]})


def test_each_partner_gets_what_every_contribution_allows() -> None:
    _, released = shared(scene(5), held(pact(TO_ALL, ONWARD, consents=(("on", "DDD"),))))
    assert list(released) == ["BBB", "CCC", "DDD"], "every party, by name"
    assert codes_of(released["DDD"]) == [0o1111, 0o2222, 0o3333], "let on by CCC"
    assert codes_of(released["CCC"]) == [0o1111, 0o2222, 0o3333], "its own going back"
    bbb = released["BBB"]
    assert codes_of(bbb) == [0o1111, 0o2222], "one fused again, one withheld"
    assert bbb.refused[np.argsort(bbb.tracks.mode_3a)].tolist() == [False, True]
    assert set(bbb.contributors.tolist()) == {0b01}
    assert [(one.cause, len(one.numbers)) for one in bbb.denials] == [(Cause.PROVENANCE, 1)]
    assert not released["DDD"].refused.any() and not released["DDD"].denials


def test_not_a_byte_of_what_may_not_go_is_in_what_goes() -> None:
    """What CCC measures differs in noise and codes; what BBB gets of that aircraft does not."""
    found = [shared(scene(seed, code), held(pact(TO_ALL)))[1]
             for seed, code in ((5, 0o2222), (77, 0o2222), (8, 0o4444))]

    def of_both(released: Released) -> tuple[tuple[str, bytes], ...]:
        rows = released.tracks.system_track_number == found[0]["BBB"].tracks.system_track_number[
            found[0]["BBB"].refused]
        assert rows.sum() == 1
        return tuple(cells_of(released.tracks.take(rows)).items())

    assert len({of_both(one["BBB"]) for one in found}) == 1
    assert len({of_both(one["CCC"]) for one in found}) == 3


def test_nothing_goes_without_standings_nor_after_they_are_over() -> None:
    state = scene(5)
    picture = tracker.picture(state, NOW_NS)
    assert share(Sharing("AAA"), state, picture, NOW_NS)[1] == ()
    sharing = with_standings(Sharing("AAA"), held(pact(TO_ALL)), SENSORS, World.LIVE)
    for now_ns, cause in ((BEGIN_NS + 3600 * S, Cause.NO_AGREEMENT), (NOW_NS - 1, Cause.CLOCK)):
        _, released = share(sharing, state, picture, now_ns)
        assert [len(one) for one in released] == [0, 0, 0]
        assert {denial.cause for one in released for denial in one.denials} == {cause}
    ended = held(closed=(Closed("pact", 1, PARTIES, "ended"),))
    _, gone = shared(state, ended)
    assert sorted(gone) == ["BBB", "CCC", "DDD"], "who gets nothing any more is told of"
    assert not any(len(one) for one in gone.values())


def test_what_waits_outlives_a_checkpoint_and_leaves_in_its_time() -> None:
    state = scene(5)
    delayed = held(pact(TO_ALL | {"delay_s": 20}))
    sharing, released = shared(state, delayed)
    assert not any(len(one) for one in released.values())
    kept = unpack(Sharing, pack(lean(sharing)))
    assert len(kept.lines["BBB"]) == 2 and kept.rules is None
    later_ns = NOW_NS + 20 * S
    assert later_ns < delayed.until_ns
    sharing = with_standings(kept, held(pact(TO_ALL | {"delay_s": 20}), now_ns=later_ns), SENSORS,
                             World.LIVE)
    _, sent = share(sharing, state, tracker.picture(state, later_ns).take(slice(0, 0)), later_ns)
    assert [len(one) for one in sent] == [2, 3, 2]
    assert set(sent[0].tracks.time_ns.tolist()) == {NOW_NS}
    dropped, _ = share(kept, state, tracker.picture(state, later_ns), later_ns)
    assert not dropped.lines, "nobody knows how agreements stand"


def test_a_sensor_that_appears_is_in_the_rules_at_once() -> None:
    sharing = with_standings(Sharing("AAA"), held(pact(TO_ALL)), (OWN,), World.LIVE)
    state = scene(5)
    after, released = share(sharing, state, tracker.picture(state, NOW_NS), NOW_NS)
    assert after.rules is not None and after.rules.sensors == SENSORS
    assert len(released[0]) == 2


def test_every_track_is_explained_as_it_was_decided() -> None:
    state = scene(5)
    sharing, released = shared(state, held(pact(TO_ALL)))
    picture = tracker.picture(state, NOW_NS)
    for nation, sent in released.items():
        for row in range(len(picture)):
            said = explain_track(sharing, state, picture.take(np.array([row])), nation, NOW_NS)
            place = np.flatnonzero(sent.tracks.system_track_number == said.number)
            assert said.allowed == (len(place) == 1)
            assert not said.allowed or said.refused == sent.refused[place[0]]
    with pytest.raises(KeyError):
        explain_track(Sharing("AAA"), state, picture.take(np.array([0])), "BBB", NOW_NS)

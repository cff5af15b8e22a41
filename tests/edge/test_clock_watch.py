"""The watch over the machine's clock: steps are found, slow corrections are not steps."""

from __future__ import annotations

import pytest

from jointsky.edge.clock import ClockWatch

S = 1_000_000_000
HOUR = 3600 * S
UTC = 1_700_000_000 * S


@pytest.mark.parametrize(("step", "says"), [(HOUR, "forward by 3600.0 s"),
                                            (-HOUR, "back by 3600.0 s"), (2 * S, "forward"),
                                            (-2 * S, "back")])
def test_a_step_is_found_for_as_long_as_it_lasts(step: int, says: str) -> None:
    watch = ClockWatch()
    assert watch.why_not(UTC, 0) == ""
    for second in range(1, 600):
        assert says.split(maxsplit=1)[0] in watch.why_not(UTC + step + second * S, second * S)
    assert watch.why_not(UTC + 600 * S, 600 * S) == ""


def test_what_a_time_service_does_is_no_step() -> None:
    watch = ClockWatch()
    for second in range(0, 100_000, 10):
        assert watch.why_not(UTC + second * S + second * S // 2000, second * S) == ""


def test_a_time_before_the_journals_last_is_not_trusted() -> None:
    watch = ClockWatch(last_ns=UTC)
    assert "back" in watch.why_not(UTC - HOUR, 5 * S)
    assert ClockWatch(last_ns=UTC).why_not(UTC + HOUR, 5 * S) == ""

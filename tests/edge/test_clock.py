"""Clocks: they never say less than was waited for, and follow speed, pause and setting."""

from __future__ import annotations

import asyncio
import time

import pytest

from jointsky.edge.clock import PacedClock, SimulatedClock, WallClock

DAY = 86_400 * 10**9


def test_wall_clock_waits_until_the_time() -> None:
    clock = WallClock()
    then = clock.now_ns() + 20_000_000
    asyncio.run(clock.sleep_until(then))
    assert clock.now_ns() >= then
    assert abs(clock.now_ns() - time.time_ns()) < DAY


def test_simulated_clock_jumps_and_never_goes_back() -> None:
    clock = SimulatedClock(5)
    asyncio.run(clock.sleep_until(DAY))
    assert clock.now_ns() == DAY
    asyncio.run(clock.sleep_until(3))
    assert clock.now_ns() == DAY


def test_paced_clock_runs_at_its_speed_and_stands_when_paused() -> None:
    async def run() -> None:
        clock = PacedClock(1_000, speed=1e6)
        await clock.sleep_until(1_000 + 10**10)
        assert clock.now_ns() >= 1_000 + 10**10
        clock.pause()
        stood = clock.now_ns()
        await asyncio.sleep(0.01)
        assert clock.now_ns() == stood
        assert not clock.running
        clock.set_time(DAY)
        assert clock.now_ns() == DAY
        waiting = asyncio.ensure_future(clock.sleep_until(DAY + 1))
        await asyncio.sleep(0.01)
        assert not waiting.done(), "it stands"
        clock.play()
        await asyncio.wait_for(waiting, 5)
    asyncio.run(run())


def test_a_change_of_speed_wakes_the_sleeper() -> None:
    async def run() -> None:
        clock = PacedClock(0, speed=1e-6)
        waiting = asyncio.ensure_future(clock.sleep_until(DAY))
        await asyncio.sleep(0.01)
        clock.set_speed(1e9)
        await asyncio.wait_for(waiting, 5)
        assert clock.speed == 1e9
    asyncio.run(run())
    with pytest.raises(ValueError, match="above 0"):
        PacedClock(0).set_speed(0)

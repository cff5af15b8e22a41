"""The inputs of a unit: UDP as it comes, or recordings played at the pace they were made."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from pathlib import Path

from jointsky.app.config import InputSection, UnitConfig, endpoint_of
from jointsky.app.recordings import timed_frames
from jointsky.edge.clock import PacedClock, WallClock
from jointsky.edge.udp import FrameQueue, receive_udp
from jointsky.model.clock import Clock
from jointsky.model.frame import Frame


def clock_of(config: UnitConfig) -> Clock:
    """The machine's clock; for a unit on recordings, one that starts with the first of them."""
    if config.input[0].recording is None:
        return WallClock()
    return PacedClock(min(frames_of_input(item)[0].received_ns for item in config.input))


def frames_of_input(item: InputSection) -> list[Frame]:
    """The frames of a recording, under the name of the input. Raises `FileProblem`."""
    assert item.recording is not None
    editions = {int(category): edition for category, edition in item.editions.items()}
    return timed_frames(Path(item.recording), item.name, editions)


async def open_inputs(config: UnitConfig, queue: FrameQueue, clock: Clock,
                      stack: AsyncExitStack) -> dict[str, int]:
    """Open every input until the stack ends; the UDP port of each that has one."""
    ports = {}
    for item in config.input:
        if item.udp is not None:
            host, port = endpoint_of(item.udp)
            receiver = await receive_udp(item.name, host, port, queue, clock,
                                         interface=item.interface)
            stack.push_async_callback(receiver.close)
            ports[item.name] = receiver.port
        else:
            task = asyncio.ensure_future(_play(frames_of_input(item), queue, clock))
            stack.push_async_callback(_end, task)
    return ports


async def _play(frames: list[Frame], queue: FrameQueue, clock: Clock) -> None:
    """Put each frame on the queue when its time comes."""
    for frame in frames:
        if frame.received_ns > clock.now_ns():
            await clock.sleep_until(frame.received_ns)
        queue.put(frame)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task

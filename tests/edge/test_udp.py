"""UDP over loopback: what is sent comes in, stamped, in order; overflow is counted."""

from __future__ import annotations

import asyncio
import socket

import pytest

from jointsky.edge.clock import SimulatedClock
from jointsky.edge.udp import FrameQueue, UdpSender, receive_udp
from jointsky.model.errors import ConfigProblem, ResourceProblem
from jointsky.model.frame import Frame


async def exchange(host: str, to: str, interface: str, payloads: list[bytes]) -> list[Frame]:
    queue = FrameQueue()
    receiver = await receive_udp("radar", host, 0, queue, SimulatedClock(42),
                                 interface=interface)
    sender = UdpSender("out", to, receiver.port, interface=interface)
    frames: list[Frame] = []
    try:
        for payload in payloads:
            sender.send([payload])
            await asyncio.wait_for(queue.wait(), 5)
            frames += queue.drain()
    finally:
        sender.close()
        await receiver.close()
    assert sender.sent == len(payloads) == queue.taken_in
    return frames


PAYLOADS = [bytes([48, 0, 4, i]) for i in range(50)] + [bytes(1_400)]


@pytest.mark.parametrize(("host", "to", "interface"), [
    ("127.0.0.1", "127.0.0.1", ""), ("0.0.0.0", "127.0.0.1", ""), ("::1", "::1", ""),
    ("239.255.17.3", "239.255.17.3", "127.0.0.1")])
def test_datagrams_come_in(host: str, to: str, interface: str) -> None:
    if ":" in host and not has_ipv6():
        pytest.skip("no IPv6 on this machine")
    frames = asyncio.run(exchange(host, to, interface, PAYLOADS))
    assert [frame.payload for frame in frames] == PAYLOADS
    assert {(frame.source, frame.received_ns) for frame in frames} == {("radar", 42)}


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


def test_a_full_queue_drops_the_oldest_and_counts() -> None:
    queue = FrameQueue(limit=3)
    for i in range(5):
        queue.put(Frame("radar", i, b""))
    assert (len(queue), queue.dropped, queue.taken_in) == (3, 2, 5)
    assert [frame.received_ns for frame in queue.drain(2)] == [2, 3]
    assert [frame.received_ns for frame in queue.drain()] == [4]
    assert queue.drain() == []


def test_waiting_ends_when_a_frame_comes() -> None:
    async def run() -> bool:
        queue = FrameQueue()
        waiting = asyncio.ensure_future(queue.wait())
        await asyncio.sleep(0)
        before = waiting.done()
        queue.put(Frame("radar", 1, b""))
        await asyncio.wait_for(waiting, 5)
        return before
    assert asyncio.run(run()) is False


def test_a_taken_port_is_said() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(ResourceProblem, match=f"radar: cannot receive UDP on 127.0.0.1 "
                                                  f"port {port}: .*expected a free port"):
            asyncio.run(receive_udp("radar", "127.0.0.1", port, FrameQueue(), SimulatedClock(0)))


def test_a_name_is_no_address() -> None:
    with pytest.raises(ConfigProblem, match=r"`radar\.example` is no address; expected an IPv4"):
        UdpSender("out", "radar.example", 1)


def test_what_the_system_refuses_is_counted() -> None:
    sender = UdpSender("out", "127.0.0.1", 9)
    sender.send([bytes(70_000)])
    sender.close()
    assert (sender.sent, sender.refused) == (0, 1)

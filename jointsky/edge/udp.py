"""UDP in and out: unicast and multicast, IPv4 and IPv6.

What comes in stands on a bounded queue: when that is full the oldest frame is dropped and counted,
for the newest report is worth most.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import struct
from collections import deque
from collections.abc import Iterable
from typing import cast

from jointsky.model.clock import Clock
from jointsky.model.errors import ConfigProblem, ResourceProblem
from jointsky.model.frame import Frame

QUEUE_LIMIT = 65_536
KERNEL_BUFFER_BYTES = 8 << 20


class FrameQueue:
    """A bounded queue of frames. `dropped` counts frames lost to overflow, `taken_in` all."""

    def __init__(self, limit: int = QUEUE_LIMIT):
        self._frames: deque[Frame] = deque()
        self._limit = limit
        self._there = asyncio.Event()
        self.dropped = 0
        self.taken_in = 0

    def __len__(self) -> int:
        return len(self._frames)

    def put(self, frame: Frame) -> None:
        """Append a frame; if there is no room, the oldest is dropped and counted."""
        if len(self._frames) >= self._limit:
            self._frames.popleft()
            self.dropped += 1
        self._frames.append(frame)
        self.taken_in += 1
        self._there.set()

    def drain(self, limit: int = QUEUE_LIMIT) -> list[Frame]:
        """Take the oldest frames, at most `limit`, in order of reception."""
        taken = [self._frames.popleft() for _ in range(min(limit, len(self._frames)))]
        if not self._frames:
            self._there.clear()
        return taken

    @property
    def oldest_ns(self) -> int | None:
        """UTC ns at which the frame that waits longest was received, None if there is none."""
        return self._frames[0].received_ns if self._frames else None

    async def wait(self) -> None:
        """Return once there is a frame."""
        await self._there.wait()


class UdpReceiver(asyncio.DatagramProtocol):
    """An open UDP input that stamps datagrams and puts them on its queue."""

    def __init__(self, source: str, queue: FrameQueue, clock: Clock):
        self._source, self._queue, self._clock = source, queue, clock
        self._transport: asyncio.DatagramTransport | None = None
        self._closed = asyncio.Event()
        self.errors = 0

    @property
    def port(self) -> int:
        """The port it listens on (useful when 0 was asked for)."""
        assert self._transport is not None
        return int(self._transport.get_extra_info("sockname")[1])

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio once the socket is open."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Called by asyncio for each datagram."""
        self._queue.put(Frame(self._source, self._clock.now_ns(), data))

    def error_received(self, exc: Exception) -> None:
        """Called by asyncio when the network reports an error: counted."""
        self.errors += 1

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio once the socket is closed."""
        self._closed.set()

    async def close(self) -> None:
        """Stop receiving; returns once the socket is given back."""
        if self._transport is not None:
            self._transport.close()
            await self._closed.wait()


async def receive_udp(source: str, host: str, port: int, queue: FrameQueue, clock: Clock, *,
                      interface: str = "") -> UdpReceiver:
    """Open a UDP input named `source`.

    host: the address to listen on, or the multicast group to join; interface: for a group, the
    local IPv4 address, or the IPv6 interface name, on which to join ("": the system's choice).
    Raises `ConfigProblem` for an address that is none, `ResourceProblem` when the port or group
    cannot be had.
    """
    address = _address_of(source, host)
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KERNEL_BUFFER_BYTES)
        if address.is_multicast:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((host, port))
            _join(sock, address, interface)
        else:
            sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise ResourceProblem(
            f"{source}: cannot receive UDP on {host} port {port}: {error.strerror}; "
            "expected a free port and an address of this machine, or a group it can join") from None
    loop = asyncio.get_running_loop()
    _, receiver = await loop.create_datagram_endpoint(
        lambda: UdpReceiver(source, queue, clock), sock=sock)
    return receiver


def _join(sock: socket.socket, address: ipaddress.IPv4Address | ipaddress.IPv6Address,
          interface: str) -> None:
    if address.version == 4:
        local = ipaddress.IPv4Address(interface or "0.0.0.0").packed
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, address.packed + local)
        return
    index = socket.if_nametoindex(interface) if interface else 0
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP,
                    address.packed + struct.pack("@I", index))


class UdpSender:
    """Sends datagrams to one destination; what the system refuses is counted, never waited for."""

    def __init__(self, name: str, host: str, port: int, *, interface: str = "", hops: int = 1):
        """hops: how many routers a multicast datagram may pass; interface as in `receive_udp`."""
        address = _address_of(name, host)
        self._to = (host, port)
        self.sent = 0
        self.refused = 0
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        try:
            if address.is_multicast:
                self._aim(address.version, interface, hops)
        except OSError as error:
            self._socket.close()
            raise ResourceProblem(f"{name}: cannot send UDP to {host} on interface "
                                  f"{interface or 'of the system'}: {error.strerror}") from None

    def _aim(self, version: int, interface: str, hops: int) -> None:
        if version == 4:
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, hops)
            if interface:
                self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                                        ipaddress.IPv4Address(interface).packed)
            return
        self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, hops)
        if interface:
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF,
                                    socket.if_nametoindex(interface))

    def send(self, payloads: Iterable[bytes]) -> None:
        """Send each payload as one datagram."""
        for payload in payloads:
            try:
                self._socket.sendto(payload, self._to)
                self.sent += 1
            except OSError:
                self.refused += 1

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()


def _address_of(name: str, host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        raise ConfigProblem(name, [f"host: `{host}` is no address; expected an IPv4 or IPv6 "
                                   "address such as 127.0.0.1 or 239.255.0.1"]) from None

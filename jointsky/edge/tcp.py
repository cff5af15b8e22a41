"""The listening socket of a server."""

from __future__ import annotations

import socket

from jointsky.model.errors import ResourceProblem


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises `ResourceProblem` when the port cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(128)
    except OSError as error:
        sock.close()
        raise ResourceProblem(
            f"the console cannot be served on {host} port {port}: {error.strerror}; expected a "
            "free port of this machine: give another with --port, or 0 for any") from None
    sock.setblocking(False)
    return sock

"""Ports for the servers of tests. Several runs of tests share one machine."""

from __future__ import annotations

import socket

LOOPBACK = "127.0.0.1"

_held: list[socket.socket] = []
"""The sockets that keep the ports that were given away."""


def free_port() -> int:
    """A port where nobody listens.

    Until this process ends, the kernel gives it to nobody who asks for any port; a server that names it can listen.
    """
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # else no server could listen beside it
    holder.bind((LOOPBACK, 0))
    _held.append(holder)
    port: int = holder.getsockname()[1]
    return port

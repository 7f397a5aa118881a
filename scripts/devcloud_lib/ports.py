"""Free TCP ports on loopback."""

from __future__ import annotations

import random
import socket
from collections.abc import Collection

from devcloud_lib.errors import CloudError

HOST = "127.0.0.1"

# Below the range from which kernels take the local ports of outgoing connections (from 32768 on Linux): a port
# of that range could be lost to some passing client while the server that owns it restarts.
CANDIDATES = range(20000, 32000)

_held: list[socket.socket] = []
"""The sockets that keep the chosen ports until this process ends; by then the servers listen there."""


def is_free(port: int) -> bool:
    """Whether a server could listen on that port of loopback now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def choose(taken: Collection[int]) -> int:
    """A random free port that is not one of `taken`.

    No other process can choose it while this one lives: two clouds may start at the same moment.

    :raises CloudError: there is none.
    """
    for port in random.sample(CANDIDATES, len(CANDIDATES)):
        if port not in taken and _hold(port):
            return port
    raise CloudError(f"no free port on {HOST} between {CANDIDATES.start} and {CANDIDATES.stop}")


def _hold(port: int) -> bool:
    """Keep a free port from others that choose one.

    :returns: whether it is free.
    """
    holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        holder.bind((HOST, port))  # this fails, too, where another process holds it
    except OSError:
        holder.close()
        return False
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # from now on a server can listen beside it
    _held.append(holder)
    return True

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

    Random, so that two clouds that start at the same moment do not choose the same ones.

    :raises CloudError: there is none.
    """
    for port in random.sample(CANDIDATES, len(CANDIDATES)):
        if port not in taken and is_free(port):
            return port
    raise CloudError(f"no free port on {HOST} between {CANDIDATES.start} and {CANDIDATES.stop}")

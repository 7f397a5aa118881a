"""The addresses that a server is bound to, and how they are printed when it serves."""

from __future__ import annotations

import ipaddress
import os
import shlex
from collections.abc import Sequence
from typing import Any

from ..base.text import printable
from ..base.version import __version__

BoundAddress = str | tuple[str, int]
"""The path of a unix socket, or an IP address or host name with a port."""


def bound_addresses(arbiter: Any) -> list[BoundAddress]:
    """The addresses that Gunicorn is bound to.

    :param arbiter: Gunicorn's own object
    """
    return [_bound_address(listener.sock.getsockname()) for listener in arbiter.LISTENERS]


def report_lines(kind: str, rows: Sequence[tuple[str, str]]) -> list[str]:
    """The lines of the report of a server that serves.

    :param kind: what serves
    :param rows: names and texts
    """
    width = max(len(name) for name, _ in rows) + 1
    texts = [f"GlanceSync {__version__}, {kind}", *(f"  {name + ':':<{width}} {text}" for name, text in rows)]
    return list(map(printable, texts))


def address_text(bound: BoundAddress, path: str = "") -> str:
    """An address as users can use it.

    :param path: below it, for an address that is used by itself
    """
    if isinstance(bound, str):
        return f"unix:{bound} (curl --unix-socket {shlex.quote(bound)} http://localhost/{path})"
    host, port = bound
    if not is_wildcard(host):
        return url_of(host, port) + path
    others = "address" if ":" in host else "IPv4 address"
    return f"{url_of(loopback_of(host), port)}{path} and port {port} of every other {others} of this machine"


def url_of(host: str, port: int) -> str:
    """The URL of an address."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def is_wildcard(host: str) -> bool:
    """Whether an address stands for all of a machine."""
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def loopback_of(wildcard: str) -> str:
    """The address of loopback that an address for all of a machine includes."""
    return "::1" if ":" in wildcard else "127.0.0.1"


def _bound_address(name: Any) -> BoundAddress:
    """An address as sockets have it: a path, or a tuple that begins with host and port."""
    return os.fsdecode(name) if isinstance(name, str | bytes) else (name[0], name[1])

"""Addresses to listen at, and whether a server can; found out before anything is started."""

from __future__ import annotations

import errno
import re
import socket
from dataclasses import dataclass

from .start_error import StartError
from .unix_socket import check_socket, socket_path

MAX_PORT = 65535

_ADDRESS = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.%]+)\]|(?P<host>[^\s:\[\]/]+)):(?P<port>[0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """An address to listen at.

    :param host: name or address, or ``unix:PATH``
    :param port: None for a unix socket
    """

    host: str
    port: int | None = None

    @property
    def for_gunicorn(self) -> str:
        """The address as Gunicorn takes it."""
        path = socket_path(self.host)
        return f"unix:{path}" if path else f"{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class ListenOptions:
    """The options of a command that name its address, for messages."""

    host: str
    port: str


def read_listen_address(text: str) -> ListenAddress:
    """Read ``HOST:PORT``, ``[ADDRESS]:PORT`` or ``unix:PATH``.

    :raises ValueError: it has another form
    """
    if socket_path(text):
        return ListenAddress(text)
    found = _ADDRESS.fullmatch(text)
    if found is None or not 0 < int(found["port"]) <= MAX_PORT:
        raise ValueError(text)
    return ListenAddress(found["six"] or found["host"], int(found["port"]))


def check_listen_address(address: ListenAddress, options: ListenOptions) -> None:
    """Check that an address can be listened at.

    :param options: the options of the command that name it
    :raises StartError: it cannot; the text says why
    """
    if address.port is None:
        check_socket(socket_path(address.host))
    else:
        check_address(address.host, address.port, options)


def check_address(host: str, port: int, options: ListenOptions) -> None:
    """Check that a host and port can be listened at.

    :param host: name or address
    :param options: the options of the command that name them
    :raises StartError: it cannot; the text says why
    """
    shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (socket.gaierror, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no host name"
        text = f"The server cannot listen at {shown}: the host name cannot be resolved ({reason})."
        raise StartError([f"{text} Please name another with {options.host}."]) from error
    except OSError as error:
        raise StartError([f"The server cannot listen at {shown}: {_reason(error, port, options)}"]) from error


def _reason(error: OSError, port: int, options: ListenOptions) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"another program uses port {port}. Please stop it, or choose another port with {options.port}."
    if error.errno == errno.EACCES:
        return f"this user may not use port {port}. Please choose one above 1023 with {options.port}."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"this machine does not have the address. Please name another with {options.host}."
    return f"{error.strerror}."

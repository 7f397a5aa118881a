"""Whether the server can listen at an address; found out before anything is started."""

from __future__ import annotations

import errno
import socket

from .server_settings import StartError


def check_address(host: str, port: int, host_option: str) -> None:
    """Check that an address can be listened at.

    :param host: name or address
    :param host_option: the option of the command that names it
    :raises StartError: it cannot; the text says why
    """
    shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except socket.gaierror as error:
        text = f"The server cannot listen at {shown}: the host name cannot be resolved ({error.strerror})."
        raise StartError([f"{text} Please name another with {host_option}."]) from error
    except OSError as error:
        raise StartError([f"The server cannot listen at {shown}: {_reason(error, port, host_option)}"]) from error


def _reason(error: OSError, port: int, host_option: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"another program uses port {port}. Please stop it, or choose another port with -p."
    if error.errno == errno.EACCES:
        return f"this user may not use port {port}. Please choose one above 1023 with -p."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"this machine does not have the address. Please name another with {host_option}."
    return f"{error.strerror}."

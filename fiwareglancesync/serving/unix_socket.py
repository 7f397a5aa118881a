"""Unix sockets as addresses of the server: ``unix:PATH`` (sync 5.4)."""

from __future__ import annotations

import os
import stat

from .start_error import StartError

MAX_PATH_BYTES = 107
"""Bytes of the path of a unix socket that Linux takes."""


def socket_path(host: str) -> str:
    """The path of a unix socket that is named as an address, ``unix:PATH``; "" for another address.

    :param host: address to bind to
    """
    kind, _, path = host.partition(":")
    return os.path.abspath(path.removeprefix("//")) if kind == "unix" and path else ""


def check_socket(path: str) -> None:
    """Check that a unix socket can be made; one that an ended server has left is replaced.

    :param path: its path
    :raises StartError: it cannot; the text says why
    """
    problem = _problem(path)
    if problem:
        raise StartError([f"The server cannot listen at unix:{path}: {problem}. Please name another path."])


def _problem(path: str) -> str:
    folder = os.path.dirname(path)
    if len(os.fsencode(path)) > MAX_PATH_BYTES:
        return f"the path is longer than {MAX_PATH_BYTES} bytes"
    if not os.path.isdir(folder):
        return f"there is no folder {folder}"
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"the folder {folder} cannot be written"
    if os.path.lexists(path) and not stat.S_ISSOCK(os.lstat(path).st_mode):
        return "something else has this path"
    return ""

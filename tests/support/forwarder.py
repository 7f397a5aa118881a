"""A second address of a service on loopback: a TCP forwarder that passes on every byte as it is."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

OTHER_HOST = "127.0.0.2"
"""Another address of this machine, which nothing else in the tests listens on."""

_PIECE = 2**16


@contextmanager
def forwarded(port: int, host: str = OTHER_HOST) -> Iterator[str]:
    """Forward connections to a port of 127.0.0.1 meanwhile.

    :param port: where the service listens
    :param host: where the forwarder does
    :return: the second address of the service
    """
    with socket.create_server((host, 0)) as listener:
        threading.Thread(target=_accept, args=(listener, port), name="forwarder", daemon=True).start()
        try:
            yield f"http://{host}:{listener.getsockname()[1]}"
        finally:
            # Closing alone does not end an accept that is under way.
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, port: int) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        try:
            service = socket.create_connection(("127.0.0.1", port))
        except OSError:
            client.close()
            continue
        for source, sink in ((client, service), (service, client)):
            threading.Thread(target=_pass_on, args=(source, sink), name="forwarder", daemon=True).start()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    """Pass on the bytes of one direction until they end."""
    with suppress(OSError):
        while piece := source.recv(_PIECE):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)

"""As much of AMQP 0-9-1 as is needed to ask RabbitMQ who takes messages from a queue."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager

from devcloud_lib.ports import HOST

TIMEOUT_SECONDS = 5.0
HEADER = b"AMQP\x00\x00\x09\x01"
METHOD_FRAME, FRAME_END = 1, 0xCE
EMPTY_TABLE = struct.pack(">I", 0)
PASSIVE = 1

# Class and method of what is sent and of what is answered.
START, START_OK, TUNE, TUNE_OK, OPEN, OPEN_OK = (10, 10), (10, 11), (10, 30), (10, 31), (10, 40), (10, 41)
CHANNEL_OPEN, CHANNEL_OPEN_OK = (20, 10), (20, 11)
QUEUE_DECLARE, QUEUE_DECLARE_OK = (50, 10), (50, 11)

Method = tuple[int, int]


def is_ready(port: int) -> bool:
    """Whether a server on that port speaks AMQP."""
    try:
        with _connection(port):
            return True
    except (OSError, EOFError):
        return False


def consumers(port: int, user: str, password: str, queue: str) -> int:
    """How many processes take messages from a queue; 0 when there is no such queue, or no server.

    :param port: RabbitMQ's.
    """
    try:
        with _connection(port) as connection:
            return _consumers(connection, user, password, queue)
    except (OSError, EOFError):
        return 0


def _consumers(connection: socket.socket, user: str, password: str, queue: str) -> int:
    response = f"\0{user}\0{password}".encode()
    _send(connection, 0, START_OK, EMPTY_TABLE + _short("PLAIN") + _long(response) + _short("en_US"))
    method, arguments = _receive(connection)
    if method != TUNE:
        raise EOFError
    _send(connection, 0, TUNE_OK, arguments[:6] + struct.pack(">H", 0))
    _send(connection, 0, OPEN, _short("/") + _short("") + b"\0")
    _send(connection, 1, CHANNEL_OPEN, _short(""))
    _send(connection, 1, QUEUE_DECLARE, struct.pack(">H", 0) + _short(queue) + bytes([PASSIVE]) + EMPTY_TABLE)
    while method not in (QUEUE_DECLARE_OK,):
        method, arguments = _receive(connection)
        if method not in (OPEN_OK, CHANNEL_OPEN_OK, QUEUE_DECLARE_OK):
            return 0  # the channel is closed: there is no such queue
    count: int = struct.unpack(">I", arguments[-4:])[0]
    return count


@contextmanager
def _connection(port: int) -> Iterator[socket.socket]:
    """A connection on which the server has begun to speak.

    :raises OSError: nobody listens.
    :raises EOFError: the server does not speak AMQP.
    """
    with closing(socket.create_connection((HOST, port), timeout=TIMEOUT_SECONDS)) as connection:
        connection.sendall(HEADER)
        if _receive(connection)[0] != START:
            raise EOFError
        yield connection


def _send(connection: socket.socket, channel: int, method: Method, arguments: bytes) -> None:
    payload = struct.pack(">HH", *method) + arguments
    connection.sendall(struct.pack(">BHI", METHOD_FRAME, channel, len(payload)) + payload + bytes([FRAME_END]))


def _receive(connection: socket.socket) -> tuple[Method, bytes]:
    kind, _channel, length = struct.unpack(">BHI", _read(connection, 7))
    payload = _read(connection, length + 1)
    if kind != METHOD_FRAME or payload[-1] != FRAME_END:
        raise EOFError
    class_id, method_id = struct.unpack(">HH", payload[:4])
    return (class_id, method_id), payload[4:-1]


def _read(connection: socket.socket, length: int) -> bytes:
    """Exactly so many bytes.

    :raises EOFError: the server has closed the connection.
    """
    data = b""
    while len(data) < length:
        more = connection.recv(length - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def _short(text: str) -> bytes:
    return bytes([len(text)]) + text.encode()


def _long(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data

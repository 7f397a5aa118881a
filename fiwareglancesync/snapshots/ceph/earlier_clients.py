"""Clients of this program that may have left locks on images, because they were killed (snapshots 5.3).

A client of Ceph has a number that no other one ever gets. Those that have the lock of the cluster are noted on its
object, until they give the lock back. Whoever has the lock knows that the others on the list do no work any more.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterable
from typing import Any, TypeAlias

from .lock_holder import HEAD, NUMBER

ATTRIBUTE = "clients"
"""Of the object of the lock."""

MOST_NOTED = 500
"""The latest are kept; a client is only left on the list when it was killed or lost its connection."""

IMAGE_LOCK = "rbd_lock"
"""How librbd calls the lock of an image."""

CLIENT = struct.Struct("<Bq")
CLIENT_TYPE = 8

Locker: TypeAlias = tuple[str, str, str]
"""Client, cookie and address of the holder of a lock."""


def read_clients(context: Any, name: str, missing: tuple[type[Exception], ...]) -> list[int]:
    """The clients that are noted, the earliest first.

    :param context: of the pool
    :param name: of the lock
    :param missing: what the bindings raise when nothing is noted
    """
    try:
        text = context.get_xattr(name, ATTRIBUTE).decode("ascii", "replace")
    except missing:
        return []
    return [int(word) for word in text.split() if word.isdecimal()]


def write_clients(context: Any, name: str, clients: Iterable[int]) -> None:
    """Note clients.

    :param name: of the lock, which this client has
    """
    context.set_xattr(name, ATTRIBUTE, " ".join(map(str, [*clients][-MOST_NOTED:])).encode("ascii"))


def are_earlier(lockers: Collection[Locker], earlier: Collection[int], own: int) -> bool:
    """Whether only earlier clients of this program hold a lock.

    :param lockers: all holders
    :param earlier: numbers of clients
    :param own: number of the present client
    """
    numbers = {client.removeprefix("client.") for client, _, _ in lockers}
    return bool(numbers) and numbers <= {str(number) for number in earlier if number != own}


def break_question(client: str, cookie: str) -> bytes:
    """The argument of the method ``break_lock`` of RADOS' class ``lock``, for the lock of an image.

    librbd's own call would blocklist the holder, for which this program has no rights, and which is not needed here.
    """
    number = int(client.removeprefix("client."))
    body = _text(IMAGE_LOCK) + CLIENT.pack(CLIENT_TYPE, number) + _text(cookie)
    return HEAD.pack(1, 1, len(body)) + body


def _text(text: str) -> bytes:
    encoded = text.encode()
    return NUMBER.pack(len(encoded)) + encoded

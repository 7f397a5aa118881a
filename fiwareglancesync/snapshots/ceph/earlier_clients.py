"""Clients of this program that may have left locks on images, because they were killed (snapshots 5.3).

A client of Ceph has a number that no other one gets as long as the monitors keep their data, and a nonce by chance, the
end of its address. Those that have the lock of the cluster are noted with both on its object, until they give the lock
back. Whoever has the lock knows that the others on the list do no work any more.
"""

from __future__ import annotations

import re
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

NOTED = re.compile(r"[0-9]+/[0-9]+")
"""A client as it is noted: number and nonce."""

CLIENT = struct.Struct("<Bq")
CLIENT_TYPE = 8

Locker: TypeAlias = tuple[str, str, str]
"""Client, cookie and address of the holder of a lock."""


def noted_client(number: int | str, address: str) -> str:
    """A client as it is noted.

    :param address: of the client; if it has several, all end with the same nonce
    """
    return f"{number}/{address.rstrip(']').rpartition('/')[2]}"


def read_clients(context: Any, name: str, missing: tuple[type[Exception], ...]) -> list[str]:
    """The clients that are noted, the earliest first.

    :param context: of the pool
    :param name: of the lock
    :param missing: what the bindings raise when nothing is noted
    """
    try:
        text = context.get_xattr(name, ATTRIBUTE).decode("ascii", "replace")
    except missing:
        return []
    return [word for word in text.split() if NOTED.fullmatch(word)]


def write_clients(context: Any, name: str, clients: Iterable[str]) -> None:
    """Note clients.

    :param name: of the lock, which this client has
    """
    context.set_xattr(name, ATTRIBUTE, " ".join([*clients][-MOST_NOTED:]).encode("ascii"))


def are_earlier(lockers: Collection[Locker], earlier: Collection[str], own: str) -> bool:
    """Whether only earlier clients of this program hold a lock.

    :param lockers: all holders
    :param earlier: clients as they are noted
    :param own: the present client
    """
    holders = {noted_client(client.removeprefix("client."), address) for client, _, address in lockers}
    return bool(holders) and holders <= {each for each in earlier if each != own}


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

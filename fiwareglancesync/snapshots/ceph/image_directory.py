"""Reads the images of a pool from the objects that have them, for names that the bindings cannot read (snapshots 5.3).

The bindings read all names as UTF-8, and end the listing of a pool at the first other one. Somebody else's image may
have such a name; the others have to be found nevertheless.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

PAGE = 1000
"""Images of one answer."""

PREFIX = "id_"
"""How the keys with ids of images begin, in both objects."""


class Directory(NamedTuple):
    """An object with images.

    :param skipped: bytes of a value before the name, which begins with its length
    """

    name: str
    skipped: int


LIVE = Directory("rbd_directory", 0)
TRASH = Directory("rbd_trash", 7)
"""A value begins with versions and length of the structure, and with who moved the image."""


def read_directory(rados: Any, context: Any, directory: Directory) -> Iterator[tuple[str, str]]:
    """The id and the name of each image; bytes that are not UTF-8 are escaped.

    :param rados: the module of the bindings
    :param context: the open pool
    """
    last, is_more = "", True
    while is_more:
        with rados.ReadOpCtx() as operation:
            pairs, _ = context.get_omap_vals(operation, last, PREFIX, PAGE)
            try:
                context.operate_read_op(operation, directory.name)
            except rados.ObjectNotFound:  # the pool never had an image of the kind
                return
            found = list(pairs)
        for key, value in found:
            yield key.removeprefix(PREFIX), _name(value[directory.skipped :])
        is_more = len(found) == PAGE
        last = found[-1][0] if found else ""


def _name(value: bytes) -> str:
    length = int.from_bytes(value[:4], "little")
    return value[4 : 4 + length].decode("utf-8", "backslashreplace")

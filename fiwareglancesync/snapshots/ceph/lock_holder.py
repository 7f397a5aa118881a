"""Who holds a lock of RADOS, by the method ``get_info`` of its class ``lock``; the bindings have no call for it. Pure.

A structure begins with its version, the oldest version that can read it, and its length; texts begin with their length.
"""

from __future__ import annotations

import struct

HEAD = struct.Struct("<BBI")
NUMBER = struct.Struct("<I")
EXPIRATION_BYTES = 8
MARKER_BYTES = 1
"""Before the structure of an address."""


def lock_question(name: str) -> bytes:
    """The argument of ``get_info``.

    :param name: of the lock
    """
    text = name.encode()
    return HEAD.pack(1, 1, NUMBER.size + len(text)) + NUMBER.pack(len(text)) + text


def read_holder(answer: bytes) -> str:
    """The description that the first holder gave of itself, "" when there is none, or the answer has another form.

    :param answer: of ``get_info``
    """
    try:
        (count,) = NUMBER.unpack_from(answer, HEAD.size)
        if not count:
            return ""
        locker = _end(answer, HEAD.size + NUMBER.size)
        address = locker + HEAD.size + EXPIRATION_BYTES + MARKER_BYTES
        start = _end(answer, address)
        (length,) = NUMBER.unpack_from(answer, start)
        text = answer[start + NUMBER.size : start + NUMBER.size + length]
        return text.decode(errors="replace") if len(text) == length else ""
    except struct.error:
        return ""


def _end(answer: bytes, offset: int) -> int:
    """Where the structure ends that begins somewhere."""
    _, _, length = HEAD.unpack_from(answer, offset)
    return offset + HEAD.size + int(length)

"""The bytes of images, named by short labels."""

from __future__ import annotations

import hashlib
import random
import re

KIB = 1024
DEFAULT_SIZE = 4
"""KiB of a content whose label states no size."""

_labels: dict[bytes, str] = {}


def content(label: str) -> bytes:
    """The bytes that a label stands for.

    :param label: any text; ``text/64K`` has 64 KiB, ``text/0K`` none, without a size 4 KiB
    """
    stated = re.fullmatch(r".*/([0-9]+)K", label)
    size = int(stated[1]) if stated else DEFAULT_SIZE
    data = random.Random(label).randbytes(size * KIB)
    _labels.setdefault(data, label)
    return data


def label(data: bytes) -> str:
    """The label of bytes, whole and exact; unknown ones are described.

    :param data: what a region holds
    """
    return _labels.get(data) or f"{len(data)} unknown bytes, MD5 {hashlib.md5(data).hexdigest()}"


def digest(text: str, algorithm: str) -> str:
    """The checksum of a content.

    :param text: the content's label
    :param algorithm: ``md5`` or ``sha512``
    """
    return hashlib.new(algorithm, content(text)).hexdigest()

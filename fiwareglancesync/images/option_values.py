"""The kinds of values that only options of images have; the others are in ``config.values``."""

from __future__ import annotations

from ..config.values import Kind, split_list
from .condition import CompiledCondition
from .model import SYNC_FIELDS, normal_uuid

WAYS = ("auto", "file", "stream", "spool", "server")
"""The values of ``transfer``."""


def _checksums(text: str) -> frozenset[str]:
    return frozenset(entry.lower() for entry in split_list(text))


def _uuids(text: str) -> frozenset[str]:
    return frozenset(normal_uuid(entry).lower() for entry in split_list(text))


def _fields(text: str) -> frozenset[str]:
    fields = frozenset(entry.lower() for entry in split_list(text))
    if not fields <= frozenset(SYNC_FIELDS):
        raise ValueError(text)
    return fields


def _way(text: str) -> str:
    word = text.lower()
    if word not in WAYS:
        raise ValueError(text)
    return word


CHECKSUMS = Kind("a comma separated list of checksums, or any", _checksums)
UUIDS = Kind("a comma separated list of UUIDs", _uuids)
FIELDS = Kind("some of " + ", ".join(SYNC_FIELDS), _fields)
WAY = Kind("one of " + ", ".join(WAYS), _way)
CONDITION = Kind("an expression over image and metadata_set", CompiledCondition)

"""Listings as bytes, so that one process lists a region for several (volumes 8).

::

    content = pack(listing, CloudBackup)
    listing = unpack(content, CloudBackup)

The bytes are JSON lines: the rows of 1,000 items each, and last what holds for all. What many items share, such as the
id of a project, is written once.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta, timezone
from itertools import islice
from typing import Any, TypeVar

from .cloud_model import CloudBackup, Listing, Project, Server, Volume

T = TypeVar("T")

FORMAT = 2
_ROWS_IN_A_LINE = 1000
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)
_NO_METADATA: Mapping[str, str] = {}

_Row = list[Any]
_Number = Callable[[str], int]
"""The number of a text that many items share."""


class OtherFormat(ValueError):
    """The bytes are no listing of this kind, or another version of the program has made them."""


def pack(listing: Listing[T], kind: type[T]) -> bytes:
    """A listing as bytes.

    :param kind: what is listed: ``Server``, ``Volume``, ``CloudBackup`` or ``Project``
    """
    shared: dict[str, int] = {}

    def number(text: str) -> int:
        return shared.setdefault(text, len(shared))

    to_row = _CODECS[kind][0]
    packed = io.BytesIO()
    rows = (to_row(item, number) for item in listing.items)
    while part := list(islice(rows, _ROWS_IN_A_LINE)):
        packed.write(_line(part))
    packed.write(
        _line(
            {
                "format": FORMAT,
                "kind": kind.__name__,
                "is_whole": listing.is_whole,
                "reason": listing.reason,
                "begun": _microseconds(listing.begun),
                "shared": list(shared),
            }
        )
    )
    return packed.getvalue()


def unpack(content: bytes, kind: type[T]) -> Listing[T]:
    """The listing in bytes.

    :param kind: what is listed
    :raises OtherFormat: the bytes are no such listing
    """
    try:
        last = content.rstrip(b"\n").rfind(b"\n") + 1
        about = json.loads(content[last:])
        if (about["format"], about["kind"]) != (FORMAT, kind.__name__):
            raise OtherFormat(f"no listing of the kind {kind.__name__} in format {FORMAT}")
        items = list(_items(content, last, kind, about["shared"]))
        return Listing(items, about["is_whole"], about["reason"], _moment(about["begun"]))
    except (ValueError, TypeError, KeyError, IndexError, OverflowError) as error:
        raise OtherFormat(f"no listing of the kind {kind.__name__}: {error}") from error


def _items(content: bytes, end: int, kind: type[T], shared: list[str]) -> Iterable[T]:
    from_row = _CODECS[kind][1]
    lines = io.BytesIO(content)
    while lines.tell() < end:
        for row in json.loads(lines.readline()):
            yield from_row(row, shared)


def _line(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii") + b"\n"


def _server_row(server: Server, number: _Number) -> _Row:
    metadata = _metadata_row(server.metadata, number)
    return [server.id, server.name, number(server.project_id), metadata, server.volume_ids]


def _server(row: _Row, shared: list[str]) -> Server:
    return Server(row[0], row[1], shared[row[2]], _metadata(row[3], shared), tuple(row[4]))


def _volume_row(volume: Volume, number: _Number) -> _Row:
    return [
        volume.id,
        volume.name,
        number(volume.project_id),
        number(volume.status),
        volume.size,
        _metadata_row(volume.metadata, number),
        number(volume.host),
        number(volume.type),
    ]


def _volume(row: _Row, shared: list[str]) -> Volume:
    metadata = _metadata(row[5], shared)
    return Volume(row[0], row[1], shared[row[2]], shared[row[3]], row[4], metadata, shared[row[6]], type=shared[row[7]])


def _backup_row(backup: CloudBackup, number: _Number) -> _Row:
    created = _microseconds(backup.created_at)
    return [
        backup.id,
        backup.name,
        number(backup.project_id),
        number(backup.user_id),
        number(backup.volume_id),
        number(backup.status),
        backup.size,
        backup.is_incremental + 2 * backup.has_dependent_backups,
        created,
        _difference(backup.data_timestamp, created),
        backup.fail_reason,
        _metadata_row(backup.metadata, number),
        number(backup.host),
        _difference(backup.updated_at, created),
    ]


def _backup(row: _Row, shared: list[str]) -> CloudBackup:
    created = _moment(row[8])
    data = created if row[9] == 0 else _moment_after(row[8], row[9])
    return CloudBackup(
        row[0],
        row[1],
        shared[row[2]],
        shared[row[3]],
        shared[row[4]],
        shared[row[5]],
        row[6],
        bool(row[7] & 1),
        bool(row[7] & 2),
        created,
        row[10],
        _metadata(row[11], shared),
        shared[row[12]],
        data,
        _moment_after(row[8], row[13]),
    )


def _project_row(project: Project, number: _Number) -> _Row:
    return [project.id, project.name, number(project.domain_id), number(project.domain_name), project.enabled]


def _project(row: _Row, shared: list[str]) -> Project:
    return Project(row[0], row[1], shared[row[2]], shared[row[3]], row[4])


def _metadata_row(metadata: Mapping[str, str], number: _Number) -> _Row:
    """Keys and values in turn; a key is shared by many items, a value may be."""
    row: _Row = []
    for key, value in metadata.items():
        row += number(key), value
    return row


def _metadata(row: _Row, shared: list[str]) -> Mapping[str, str]:
    if not row:
        return _NO_METADATA
    return {shared[key]: value for key, value in zip(row[::2], row[1::2], strict=True)}


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _difference(moment: datetime | None, microseconds: int) -> int | None:
    return None if moment is None else _microseconds(moment) - microseconds


def _moment_after(microseconds: int, difference: int | None) -> datetime | None:
    return None if difference is None else _moment(microseconds + difference)


def _moment(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


_CODECS: dict[type, tuple[Callable[[Any, _Number], _Row], Callable[[_Row, list[str]], Any]]] = {
    Server: (_server_row, _server),
    Volume: (_volume_row, _volume),
    CloudBackup: (_backup_row, _backup),
    Project: (_project_row, _project),
}

"""Finds where a volume is mounted on this machine (vms 2)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from ..vm_errors import NotMounted

TABLE = Path("/proc/self/mountinfo")
TYPE = "fuse.glusterfs"
_ESCAPED = re.compile(r"\\([0-7]{3})")


def mounts_of(text: str, volume: str, foreign: Collection[str] = ()) -> Iterator[Path]:
    """The folders at which a volume is mounted whole, in the order of their mounts.

    :param text: of the table
    :param volume: of gluster
    :param foreign: hosts whose volumes do not count
    """
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        fields, kind = before.split(" "), after.split(" ")
        if len(fields) > 4 and len(kind) > 1 and kind[0] == TYPE:
            host, name = _source(_plain(kind[1]))
            if name == volume and host not in foreign:
                yield Path(_plain(fields[4]))


def mount_points(text: str) -> Iterator[str]:
    """All folders at which something is mounted, also where the process behind it has died.

    :param text: of the table
    """
    for line in text.splitlines():
        fields = line.split(" ")
        if len(fields) > 4:
            yield _plain(fields[4])


def find_mounts(volume: str, ours: Path, foreign: Collection[str] = (), table: Path = TABLE) -> Sequence[Path]:
    """Where the engine's hosts, of which this machine is one, have a volume mounted; at least one folder.

    :param ours: a folder below which this program mounts volumes for its runs; these mounts do not count
    :param foreign: hosts whose volume of the same name is another one, as that of a slave
    :raises NotMounted: it is not mounted here
    """
    try:
        text = table.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise NotMounted(f"the table of mounts cannot be read: {error.strerror}") from error
    found = [each for each in mounts_of(text, volume, foreign) if ours not in each.parents]
    if not found:
        raise NotMounted(
            f"the volume {volume} is not mounted on this machine; call the command on a host of the engine, or mount "
            f"it: mount -t glusterfs localhost:/{volume} FOLDER"
        )
    return found


def _source(source: str) -> tuple[str, str]:
    """Host and volume of a mount: ``HOST:/VOLUME`` or ``HOST:VOLUME``; a folder of it is not the volume."""
    host, _, name = source.rpartition(":")
    return host.strip("[]"), name.removeprefix("/")


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1], 8)), text)

"""Reads the words of the command line that name the slave (vms 1.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..base.errors import UsageError

_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]*")
_VOLUME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class SlaveAddress:
    """Where a volume is replicated to.

    :param user: the account of the session, ``root`` where none is named
    """

    host: str
    volume: str
    user: str = "root"

    def __str__(self) -> str:
        """As gluster's command takes it."""
        user = "" if self.user == "root" else f"{self.user}@"
        return f"{user}{self.host}::{self.volume}"


def read_slave(host: str, volume: str) -> SlaveAddress:
    """The slave that two words name.

    :param host: ``HOST``, ``root@HOST`` or ``USER@HOST``
    :param volume: of the slave
    :raises UsageError: a word has another form
    """
    user, at, name = host.rpartition("@")
    if not _HOST.fullmatch(name) or (at and not _USER.fullmatch(user)) or "::" in name:
        raise UsageError(f"{host!r} is no slave host; expected HOST or USER@HOST")
    demand_volume(volume)
    return SlaveAddress(name, volume, user or "root")


def demand_volume(name: str) -> None:
    """See that a word may be the name of a volume, and nothing that gluster's command takes for something else.

    :raises UsageError: it has another form
    """
    if not _VOLUME.fullmatch(name):
        raise UsageError(f"{name!r} is no name of a volume; expected a-z, A-Z, 0-9, '.', '_' and '-'")

"""What is recorded of copies: those that exist, and those that were requested; all times are aware, in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from .ceph.ceph_model import ImageRef


class JobKey(NamedTuple):
    """The identity of a job (snapshots 4.1)."""

    image: ImageRef
    set_name: str


@dataclass(frozen=True, slots=True)
class Copy:
    """A snapshot that was made, or adopted.

    :param snapshot_id: in its image; of two copies the newer one has the higher id, whatever the clock said
    :param name: when it was recorded
    :param slot: instant of its slot
    """

    image: ImageRef
    snapshot_id: int
    name: str
    set_name: str
    volume_id: str
    slot: datetime

    @property
    def job(self) -> JobKey:
        """The job that it belongs to."""
        return JobKey(self.image, self.set_name)


@dataclass(frozen=True, slots=True)
class Instance:
    """The copies of a server for one slot; it is whole when each of these volumes has one.

    :param volume_ids: all volumes that the server had then
    """

    server_id: str
    set_name: str
    slot: datetime
    volume_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Intent:
    """A snapshot that was requested and of which it is not known whether it was made (snapshots 4.3).

    :param name: exactly as requested
    :param highest_id: of the snapshots that the image listed before the request; 0 when it had none
    :param asked: when the request ended, or began as far as that is known
    """

    image: ImageRef
    set_name: str
    volume_id: str
    name: str
    slot: datetime
    highest_id: int
    asked: datetime

    @property
    def job(self) -> JobKey:
        """The job that it belongs to."""
        return JobKey(self.image, self.set_name)

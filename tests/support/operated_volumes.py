"""What users and administrators do to volumes that are backed up: attach, extend, retype, transfer, set a status."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from .cloud_operator import CloudOperator, Person

IN_USE = "in-use"


def attach(operator: CloudOperator, person: Person, server: str, volume: str) -> None:
    """Attach a volume to a server, and wait for it."""
    wanted = {"volumeAttachment": {"volumeId": volume}}
    path = f"/servers/{server}/os-volume_attachments"
    operator.ask("compute", "POST", path, wanted, person=person)
    operator.wait(lambda: server in _servers(operator, volume), True)
    operator.wait_for_volume(volume, IN_USE)


def detach(operator: CloudOperator, person: Person, server: str, volume: str) -> None:
    """Detach a volume from its only server, and wait for it."""
    operator.ask("compute", "DELETE", f"/servers/{server}/os-volume_attachments/{volume}", person=person)
    operator.wait_for_volume(volume)


def extend(operator: CloudOperator, person: Person, volume: str, size: int) -> None:
    """Extend a volume that no server has.

    :param size: the new one, in GiB
    """
    _act(operator, volume, {"os-extend": {"new_size": size}}, person)
    operator.wait(lambda: _shown(operator, volume, "size"), size)
    operator.wait_for_volume(volume)


def retype(operator: CloudOperator, person: Person, volume: str, name: str) -> None:
    """Give an attached volume another type.

    :param name: of the type
    """
    _act(operator, volume, {"os-retype": {"new_type": name, "migration_policy": "never"}}, person)
    operator.wait(lambda: _shown(operator, volume, "volume_type"), name)
    operator.wait_for_volume(volume, IN_USE)


def transfer(operator: CloudOperator, giver: Person, taker: Person, volume: str) -> None:
    """Give a volume that no server has to another project."""
    wanted = {"transfer": {"volume_id": volume}}
    made = operator.ask("block-storage", "POST", "/volume-transfers", wanted, person=giver)["transfer"]
    accepted = {"accept": {"auth_key": made["auth_key"]}}
    operator.ask("block-storage", "POST", f"/volume-transfers/{made['id']}/accept", accepted, person=taker)
    operator.wait_for_volume(volume)


def set_metadata(operator: CloudOperator, server: str, items: dict[str, str]) -> None:
    """Set items of a server's metadata."""
    operator.ask("compute", "POST", f"/servers/{server}/metadata", {"metadata": items})


@contextmanager
def in_status(operator: CloudOperator, volumes: Iterable[str], statuses: Iterable[str]) -> Iterator[None]:
    """Have attached volumes in statuses meanwhile, each in its own."""
    changed = dict(zip(volumes, statuses, strict=True))
    for volume, status in changed.items():
        _act(operator, volume, {"os-reset_status": {"status": status}})
    try:
        yield
    finally:
        for volume in changed:
            _act(operator, volume, {"os-reset_status": {"status": IN_USE}})


def _act(operator: CloudOperator, volume: str, action: dict[str, object], person: Person | None = None) -> None:
    operator.ask("block-storage", "POST", f"/volumes/{volume}/action", action, person=person)


def _shown(operator: CloudOperator, volume: str, field: str) -> object:
    return operator.ask("block-storage", "GET", f"/volumes/{volume}")["volume"][field]


def _servers(operator: CloudOperator, volume: str) -> set[str]:
    """The ids of the servers that have a volume."""
    attachments = operator.ask("block-storage", "GET", f"/volumes/{volume}")["volume"]["attachments"]
    return {str(attachment["server_id"]) for attachment in attachments}

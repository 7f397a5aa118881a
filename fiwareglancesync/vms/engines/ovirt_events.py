"""Reports to an oVirt engine, and reads what it reports itself (vms 2.8)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..vm_errors import EngineError, EngineUnreachable, EventRefused
from .engine_event import LARGEST_ID, ORIGIN, EngineEvent
from .ovirt_session import OvirtSession

TRIES = 5
LOOKED_AT = 1000
"""How many of the newest events are looked at for one that the engine has already."""

USER_CREATE_SNAPSHOT_FINISHED_FAILURE = 69
USER_CREATE_LIVE_SNAPSHOT_FINISHED_FAILURE = 170
"""The names and codes are those of the engine's ``AuditLogType.java``."""

SNAPSHOT_FAILED = frozenset({USER_CREATE_SNAPSHOT_FINISHED_FAILURE, USER_CREATE_LIVE_SNAPSHOT_FINISHED_FAILURE})
"""A snapshot has failed, or is there although the guest goes on writing to the frozen layer."""


def send_event(session: OvirtSession, event: EngineEvent) -> None:
    """Report to the engine; an event that it has already is not added again.

    :raises EventRefused: it does not take the event
    :raises EngineUnreachable: it does not answer
    """
    refusal: EngineError | None = None
    # The engine takes an id once. Another event of ours may have the same one by chance.
    for custom_id in range(event.custom_id, min(event.custom_id + TRIES, LARGEST_ID + 1)):
        try:
            _add(session, event, custom_id)
            return
        except EngineUnreachable:
            raise
        except EngineError as error:
            refusal = error
        texts = [each.description for each in _newest(session) if each.origin == ORIGIN and each.custom_id == custom_id]
        if event.text in texts:
            return
        if not texts:
            break
    raise EventRefused(f"the engine does not take the event: {refusal}") from refusal


def last_event(session: OvirtSession) -> int:
    """The index of the newest event, 0 for none."""
    with session.errors(EngineError):
        return max((int(each.id) for each in session.system.events_service().list(max=1)), default=0)


def snapshot_failures(session: OvirtSession, machine: str, since: int) -> tuple[str, ...]:
    """What the engine reports of a snapshot of a virtual machine that it could not make as it should.

    :param machine: id
    :param since: index of an event, as ``last_event`` gives it
    """
    with session.errors(EngineError):
        events = session.system.events_service().list(from_=since)
    return tuple(
        each.description or ""
        for each in events
        if each.code in SNAPSHOT_FAILED and each.vm is not None and each.vm.id == machine
    )


def _add(session: OvirtSession, event: EngineEvent, custom_id: int) -> None:
    types = session.sdk.types
    links: dict[str, Any] = {}
    if event.cluster:
        links["cluster"] = types.Cluster(id=event.cluster)
    if event.domain:
        links["storage_domain"] = types.StorageDomain(id=event.domain)
    with session.errors(EventRefused):
        severity = types.LogSeverity(event.severity.value)
        session.system.events_service().add(
            types.Event(custom_id=custom_id, description=event.text, origin=ORIGIN, severity=severity, **links)
        )


def _newest(session: OvirtSession) -> Iterator[Any]:
    with session.errors(EventRefused):
        yield from session.system.events_service().list(max=LOOKED_AT)

"""Decides how well a master volume is backed up, from the journals of its runs (vms 1.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ...base.severity import Severity, worst
from ..backup_journal import ENDED, Journal, newest_by_slave
from .vm_result import Result

AHEAD_SECONDS = 300
"""Of a backup before the clock; more is no small correction of the clock."""


@dataclass(frozen=True, slots=True)
class SlaveStatus:
    """How a slave is.

    :param state: ``consistent as of RUN`` or ``torn since TIME``
    :param run: the run that has written last to it
    :param result: how that ended, ``not ended`` before
    :param left_out: what is not consistent there, a line each
    """

    master: str
    slave: str
    state: str
    run: str
    result: str
    is_consistent: bool
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VolumeStatus:
    """How well a master volume is backed up.

    :param last: the last run, None before the first
    :param good: when the newest consistent backup was begun, None when there is none
    :param unmerged: virtual machines with a snapshot that is left
    :param dead: runs that have not ended
    """

    master: str
    slaves: tuple[SlaveStatus, ...]
    last: Journal | None
    good: datetime | None
    unmerged: tuple[str, ...]
    dead: tuple[str, ...]


def volume_status(master: str, journals: Sequence[Journal]) -> VolumeStatus:
    """How well a volume is backed up.

    :param journals: of its runs, the oldest first
    """
    newest = newest_by_slave(journals)
    good = [datetime.fromisoformat(each.started) for each in newest.values() if each.is_consistent]
    unmerged = [
        machine.name
        for each in journals
        if each.ended and not each.is_finished
        for machine in each.machines
        if machine.stage not in ENDED
    ]
    return VolumeStatus(
        master,
        tuple(_slave(each) for _, each in sorted(newest.items())),
        journals[-1] if journals else None,
        max(good, default=None),
        tuple(sorted(set(unmerged))),
        tuple(each.run for each in journals if not each.ended),
    )


def problems_of(found: VolumeStatus, now: datetime, max_age: float) -> tuple[Severity, Sequence[str]]:
    """What is wrong with the backups of a volume.

    :param max_age: seconds since the beginning of the newest consistent backup that are too many
    """
    texts: list[tuple[Severity, str]] = []
    if found.last is None:
        texts.append((Severity.CRITICAL, f"{found.master}: there has been no run"))
    elif found.good is None:
        texts.append((Severity.CRITICAL, f"{found.master}: no slave holds a consistent backup"))
    elif (now - found.good).total_seconds() > max_age:
        text = f"{found.master}: the newest consistent backup is of {found.good.isoformat()}"
        texts.append((Severity.CRITICAL, text))
    if found.good is not None and (found.good - now).total_seconds() > AHEAD_SECONDS:
        text = f"{found.master}: the newest consistent backup is of {found.good.isoformat()}, which is to come; "
        texts.append((Severity.WARNING, text + "check the clock of this machine"))
    if found.last is not None and found.last.ended and found.last.result != Result.SUCCESS.value:
        severity = Severity.WARNING if found.last.result == Result.PARTIAL.value else Severity.CRITICAL
        texts.append((severity, f"{found.master}: run {found.last.run}: {found.last.result}"))
    if found.unmerged:
        texts.append((Severity.WARNING, f"{found.master}: snapshots are left: {', '.join(found.unmerged)}"))
    if found.dead:
        texts.append((Severity.WARNING, f"{found.master}: not ended: {', '.join(found.dead)}"))
    return worst(severity for severity, _ in texts), [text for _, text in texts]


def _slave(journal: Journal) -> SlaveStatus:
    return SlaveStatus(
        journal.master, journal.slave, journal.slave_text, journal.run, journal.result or "not ended",
        journal.is_consistent, journal.left_out,
    )  # fmt: skip

"""Decides how well a master volume is backed up, from the journals of its runs (vms 1.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ...base.severity import Severity, worst
from ..backup_journal import ENDED, Journal, newest_by_slave
from .run_progress import step_text
from .vm_result import Result

AHEAD_SECONDS = 300
"""Of a backup before the clock; more is no small correction of the clock."""


@dataclass(frozen=True, slots=True)
class VolumeProcess:
    """A process that works on a master volume.

    :param name: its number and its machine
    :param since: when it began
    """

    name: str
    since: datetime


@dataclass(frozen=True, slots=True)
class SlaveStatus:
    """How a slave is.

    :param state: ``consistent as of RUN`` or ``torn since TIME``
    :param run: the run that has written last to it
    :param result: how that ended; before, ``going on`` or ``being recovered``, or ``not ended`` when no process works
        on the volume
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

    :param last: the last run but the one that goes on, None before the first
    :param good: when the newest consistent backup was begun, None when there is none; a run that goes on changes it
        only at its end
    :param unmerged: virtual machines with a snapshot that is left
    :param dead: other runs than the one that goes on that have not ended
    :param running: the run that goes on, None for none
    :param process: works on the volume, None for none
    """

    master: str
    slaves: tuple[SlaveStatus, ...]
    last: Journal | None
    good: datetime | None
    unmerged: tuple[str, ...]
    dead: tuple[str, ...]
    running: Journal | None = None
    process: VolumeProcess | None = None

    @property
    def work(self) -> str:
        """What is done with the volume, since when and by which process; "" for nothing."""
        if self.process is None:
            return ""
        if self.running is not None:
            run, step = self.running, step_text(self.running)
            return f"{self.master}: run {run.run} goes on since {run.started}: it {step} ({self.process.name})"
        by = f"{self.process.name} works on the volume since {self.process.since.isoformat()}"
        return f"{self.master}: {by}; it recovers {', '.join(self.dead)}" if self.dead else f"{self.master}: {by}"


def volume_status(master: str, journals: Sequence[Journal], process: VolumeProcess | None = None) -> VolumeStatus:
    """How well a volume is backed up.

    :param journals: of its runs, the oldest first
    :param process: works on it at this moment, None for none
    """
    running = _running(journals, process)
    newest = newest_by_slave(journals)
    former = [each for each in journals if each is not running]
    good = [datetime.fromisoformat(each.started) for each in newest_by_slave(former).values() if each.is_consistent]
    unmerged = [
        machine.name
        for each in journals
        if each.ended and not each.is_finished
        for machine in each.machines
        if machine.stage not in ENDED
    ]
    return VolumeStatus(
        master,
        tuple(_slave(each, running, process) for _, each in sorted(newest.items())),
        former[-1] if former else None,
        max(good, default=None),
        tuple(sorted(set(unmerged))),
        tuple(each.run for each in former if not each.ended),
        running,
        process,
    )


def _running(journals: Sequence[Journal], process: VolumeProcess | None) -> Journal | None:
    """The run that a process does; None while it recovers former runs, or has ended its own."""
    if process is None or not journals or journals[-1].ended:
        return None
    return journals[-1] if datetime.fromisoformat(journals[-1].started) >= process.since else None


def problems_of(found: VolumeStatus, now: datetime, max_age: float) -> tuple[Severity, Sequence[str]]:
    """What is wrong with the backups of a volume.

    :param max_age: seconds since the beginning of the newest consistent backup that are too many
    """
    texts: list[tuple[Severity, str]] = []
    running = found.running
    if running is not None and (now - datetime.fromisoformat(running.started)).total_seconds() > max_age:
        texts.append((Severity.CRITICAL, f"{found.master}: run {running.run} takes too long"))
    if found.last is None:
        if running is None:
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
    if found.dead and found.process is None:
        texts.append((Severity.WARNING, f"{found.master}: not ended: {', '.join(found.dead)}"))
    return worst(severity for severity, _ in texts), [text for _, text in texts]


def _slave(journal: Journal, running: Journal | None, process: VolumeProcess | None) -> SlaveStatus:
    unended = "not ended" if process is None else "going on" if journal is running else "being recovered"
    return SlaveStatus(
        journal.master, journal.slave, journal.slave_text, journal.run,
        journal.result or unended, journal.is_consistent, journal.left_out,
    )  # fmt: skip

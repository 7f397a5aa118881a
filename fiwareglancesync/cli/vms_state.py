"""``glancesync vms status`` and ``check`` (vms 1.4)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from ..base.severity import Severity, worst
from ..base.text import printable
from ..terminal.streams import write_line, write_warnings
from ..terminal.vm_tables import write_slaves
from ..vms.backup_config import BackupSettings
from ..vms.backup_journal import Journal
from ..vms.execution.journal_files import JournalFiles
from ..vms.execution.volume_lock import process_on
from ..vms.planning.vm_status import VolumeStatus, problems_of, volume_status
from .check_line import CheckResult, print_check
from .vms_opening import NO_VOLUME, chosen_volumes, open_settings

HOUR = 3600.0


def print_status(options: argparse.Namespace) -> int:
    """Print the state of each slave, and what is not consistent there.

    :param options: the parsed command line
    :return: the exit code
    :raises GlanceSyncError: a journal cannot be read
    """
    found = _statuses(options, open_settings(options))
    slaves = [slave for each in found for slave in each.slaves]
    write_slaves(slaves, options.format, sys.stdout)
    if not found:
        write_line(sys.stderr, f"INFO:{NO_VOLUME}")
    for status in found:
        texts = [] if status.slaves or status.last is None else [_unwritten(status.last)]
        texts += [line for slave in status.slaves for line in slave.left_out]
        if status.process is None:
            texts += [f"{status.master}: run {run} has not ended, or was killed" for run in status.dead]
        texts += [f"{status.master}: the snapshot of {name} is not merged" for name in status.unmerged]
        write_warnings(texts)
        if status.work:
            write_line(sys.stderr, f"INFO:{printable(status.work)}")
    return 0


def check(options: argparse.Namespace) -> int:
    """Print in one line how well the volumes are backed up.

    :param options: the parsed command line
    :return: the exit code of a plugin of Nagios
    """
    return print_check("VMS", lambda: _check(options))


def _check(options: argparse.Namespace) -> CheckResult:
    found = _statuses(options, open_settings(options))
    now = datetime.now(timezone.utc)
    judged = [problems_of(each, now, options.max_age * HOUR) for each in found]
    severity = worst(each for each, _ in judged) if found else Severity.UNKNOWN
    texts = [text for _, some in judged for text in some] or [_well(found)]
    texts += [each.work for each in found if each.work]
    ages = [(now - each.good).total_seconds() for each in found if each.good is not None]
    data = [f"age={max(ages):.0f}s"] if ages else []
    data.append(f"unmerged={sum(len(each.unmerged) for each in found)}")
    return CheckResult(severity, "; ".join(texts), data)


def _unwritten(last: Journal) -> str:
    """What is printed of a volume without a row."""
    result = last.result or "not ended"
    return f"{last.master}: no run has written to a slave; result of the last one, {last.run}: {result}"


def _well(found: Sequence[VolumeStatus]) -> str:
    states = [f"{slave.slave} is {slave.state}" for each in found for slave in each.slaves]
    return "; ".join(states) or ("no slave is written to yet" if found else NO_VOLUME)


def _statuses(options: argparse.Namespace, settings: BackupSettings) -> Sequence[VolumeStatus]:
    folder = Path(settings.folder)
    return [_status(volume, JournalFiles(folder, volume)) for volume in chosen_volumes(options, settings)]


def _status(volume: str, files: JournalFiles) -> VolumeStatus:
    process, journals = process_on(volume), files.all()
    if process is None and any(not each.ended for each in journals):
        process = process_on(volume)  # the run may have begun since
    return volume_status(volume, journals, process)

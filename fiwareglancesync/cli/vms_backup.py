"""``glancesync vms backup`` and ``recover`` (vms 1.3)."""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Sequence

from ..base.errors import GlanceSyncError
from ..base.messages import Message
from ..base.signals import cancellable
from ..base.text import printable
from ..terminal.streams import write_line, write_warnings
from ..vms.backup_config import BackupSettings
from ..vms.backup_journal import Journal
from ..vms.execution.backup_opening import BackupOpening, RunLimits
from ..vms.execution.run_ports import Emit
from ..vms.execution.run_preview import preview
from ..vms.planning.run_report import report_lines, summary_text
from ..vms.planning.vm_result import Result
from ..vms.planning.vm_selection import Choice, check_choice
from ..vms.slave_address import demand_volume, read_slave
from ..vms.vm_options import Verify
from .vms_opening import NO_VOLUME, chosen_volumes, line_writer, open_settings

MINUTE = 60.0


def back_up(options: argparse.Namespace) -> int:
    """Back a volume up, or print what that would do.

    :param options: the parsed command line
    :return: the exit code
    :raises GlanceSyncError: nothing could be begun
    """
    demand_volume(options.mastervolume)
    named = read_slave(options.slavehost, options.slavevolumename)
    choice = Choice(tuple(options.vm), tuple(options.exclude))
    check_choice(choice, allow_torn=options.allow_torn)
    settings = open_settings(options)
    limits = RunLimits(float(options.interval), options.timeout * MINUTE, Verify(options.verify))
    emit = line_writer(settings, timed=options.verbose)
    opening = BackupOpening(settings, options.mastervolume, limits, emit)
    if options.dry_run:
        with cancellable():
            opening.demand_free()
            slave = str(opening.slave_to_write(named))
            return _print_preview(opening, options.mastervolume, slave, choice)
    what = f"backup of volume {options.mastervolume} to {named}"
    with cancellable(), opening.reporting.failures_reported(what), opening.locked():
        slave = str(opening.slave_to_write(named))
        journal = opening.backup().back_up(slave, choice)
    emit(_closing(journal))
    if options.report:
        for line in report_lines(journal):
            write_line(sys.stdout, printable(line))
    return Result(journal.result).exit_code


def recover(options: argparse.Namespace) -> int:
    """Finish what killed runs have left.

    :param options: the parsed command line
    :return: the exit code
    :raises GlanceSyncError: it is not known what there is to recover
    """
    settings = open_settings(options)
    emit = line_writer(settings)
    volumes = chosen_volumes(options, settings)
    with cancellable():
        done = [_recover(settings, each, emit, debug=options.debug) for each in volumes]
    if not volumes:
        emit(Message.info(NO_VOLUME))
    return 0 if all(done) else 1


def _recover(settings: BackupSettings, volume: str, emit: Emit, *, debug: bool) -> bool:
    """Recover one volume; an error of it holds back no other one. Whether nothing is left of it."""
    opening = BackupOpening(settings, volume, RunLimits(), emit)
    what = f"recovery of volume {volume}"
    try:
        with opening.reporting.failures_reported(what), opening.locked():
            left = [each.run for each in opening.files.unfinished()]
            is_done = opening.backup().recover()
    except GlanceSyncError as error:
        if debug:
            traceback.print_exc()
        emit(Message.error(str(error)))
        return False
    message = recovered_message(volume, left, is_done=is_done)
    if not is_done:
        opening.reporting.report_failure(what, message.text)
    emit(message)
    return is_done


def recovered_message(volume: str, runs: Sequence[str], *, is_done: bool) -> Message:
    """What became of the runs that a recovery found.

    :param is_done: whether nothing is left of them
    """
    names = ", ".join(runs)
    if not is_done:
        text = f"{volume}: {names} cannot be recovered yet; call recover again, or let the next run do it"
        return Message.error(text)
    return Message.info(f"{volume}: recovered {names}" if runs else f"{volume}: there is nothing to recover")


def _closing(journal: Journal) -> Message:
    text = summary_text(journal)
    return Message.info(text) if journal.result == Result.SUCCESS.value else Message.error(text)


def _print_preview(opening: BackupOpening, volume: str, slave: str, choice: Choice) -> int:
    found = preview(opening.tools(slave), volume, slave, choice, opening.files.all())
    for line in found.lines:
        write_line(sys.stdout, printable(line))
    write_warnings(found.warnings)
    for problem in found.problems:
        write_line(sys.stderr, f"ERROR:{printable(problem)}")
    return 1 if found.problems else 0

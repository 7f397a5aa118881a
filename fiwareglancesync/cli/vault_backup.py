"""``glancesync vault backup`` and ``size``: the regions that the command line names, into or against one vault."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import ExitStack
from datetime import datetime

from ..base.errors import CloudError, UnknownRegion
from ..base.messages import Message
from ..events import RunFinished
from ..images.backup.backup_outcome import BackupOutcome, BackupResult
from ..images.backup.backup_run import BackupOptions
from ..images.backup.backup_session import BackupSession
from ..images.backup.vault_choice import choose_vault
from ..images.configuration import check_targets
from ..images.places.factory import open_equal_regions, read_settings
from ..images.region_job import Mode, refused
from ..images.region_names import RegionRef
from ..images.settings import MASTER, Settings, Target
from ..images.vault.vault_folder import Vault
from ..kinds import option_tables
from ..terminal.vault_tables import SizeRow, write_sizes
from .listeners import Listeners
from .log_folders import VAULT, make_parent_folder
from .output_files import keep_other_files
from .report import reported
from .vault_report import vault_report


def back_up(options: argparse.Namespace) -> int:
    """Back up regions.

    :param options: the parsed command line
    :return: the exit code (sync 1.2)
    """
    settings = _settings(options)
    keep_other_files(options, settings)
    if options.parallel and options.output_dir is not None:
        make_parent_folder(options.output_dir)
    mode = Mode.DRY_RUN if options.dry_run else Mode.SYNC
    listeners = Listeners(options, mode, settings.keep_logs, VAULT)
    command = BackupCommand(options, _session(options, settings, listeners, dry=options.dry_run), listeners)
    return command.run()


def print_size(options: argparse.Namespace) -> int:
    """Print what a backup of regions would fetch.

    :param options: the parsed command line
    :return: the exit code
    """
    listeners = Listeners(options, Mode.STATUS)
    options.report = None
    command = BackupCommand(options, _session(options, _settings(options), listeners, dry=True), listeners)
    code = command.run()
    whole = (outcome for outcome in command.outcomes if outcome.error is None)
    rows = [SizeRow(o.region, o.to_fetch, o.to_record, o.fetched_bytes) for o in whole]
    if rows or options.format != "table":
        write_sizes(rows, options.format, sys.stdout)
    return code


def _session(options: argparse.Namespace, settings: Settings, listeners: Listeners, *, dry: bool) -> BackupSession:
    chosen = choose_vault(options.vault, lambda: settings)
    how = BackupOptions(tuple(options.image), getattr(options, "rebind", False), chosen.trust_hashes)
    return BackupSession(
        settings,
        open_equal_regions(settings, os.environ),
        Vault(chosen.path),
        how,
        listeners.emit,
        shelf=options.shelf,
        dry=dry,
        wait=getattr(options, "wait", False),
    )


def _settings(options: argparse.Namespace) -> Settings:
    settings = read_settings(os.environ, option_tables(), options.conf, options.config, options.os_cloud)
    check_targets(settings, (RegionRef.parse(word).target for word in options.regions))
    return settings


class BackupCommand:
    """One call of the command.

    :param options: the parsed command line
    :param session: does what is wanted
    :param listeners: take its events
    """

    def __init__(self, options: argparse.Namespace, session: BackupSession, listeners: Listeners) -> None:
        self._options = options
        self._session = session
        self._listeners = listeners
        self.outcomes: list[BackupOutcome] = []
        self._failed = False
        self._sizes_only = options.verb == "size"

    def run(self) -> int:
        """Do what is wanted.

        :return: the exit code
        """
        session, listeners = self._session, self._listeners
        with ExitStack() as stack:
            listeners.open(stack)
            if self._options.report:
                report = reported(self._options.report, listeners.report_incomplete, self._exit_code, self._report)
                stack.enter_context(report)
            if session.dry and not self._sizes_only:
                listeners.narrate("Dry run: nothing is changed.")
            refs = session.resolve(self._options.regions, self._lose, listeners.report, self._refuse)
            session.check(refs)
            for message in (*session.settings.warnings, *session.prepare()):
                listeners.report(message)
            listeners.open_for_regions(stack, refs)
            session.do_all(refs, self._finish, parallel=self._options.parallel)
            self._report_unmatched()
            session.emit(RunFinished(sum(outcome.failed for outcome in self.outcomes)))
        return self._exit_code()

    def _report(self, started: datetime, code: int) -> str:
        """The report, with the regions that are done by now."""
        mode = "dry-run" if self._session.dry else "backup"
        return vault_report(self._session.vault.folder, mode, started, self.outcomes, code)

    def _finish(self, result: BackupResult) -> None:
        self.outcomes.append(result.outcome)
        self._listeners.narrate_end(result.ref.full, failed=result.outcome.failed)

    def _refuse(self, ref: RegionRef, error: CloudError) -> None:
        """Report at once a region that was named and cannot be done; the others go on (sync 1.3).

        :raises CloudError: without its target nothing can be done
        """
        if ref.target == MASTER and not isinstance(error, UnknownRegion):
            raise error
        refused(ref, error, self._listeners.announce)
        self.outcomes.append(BackupOutcome(ref.full, self._options.shelf or ref.full, error=str(error), cause=error))

    def _lose(self, target: Target, error: CloudError) -> None:
        """Report a target that cannot be asked for its regions; the others go on."""
        self._failed = True
        self._listeners.report_lost(target, error)

    def _report_unmatched(self) -> None:
        """Report the patterns that match no image of any region."""
        whole = [outcome for outcome in self.outcomes if outcome.error is None]
        for pattern in dict.fromkeys(self._options.image):
            if whole and all(pattern in outcome.unmatched for outcome in whole):
                self._failed = True
                self._listeners.report(Message.warning(f"--image {pattern} matches no image"))

    def _exit_code(self) -> int:
        failed = self._failed or not self._listeners.all_written or any(outcome.failed for outcome in self.outcomes)
        return 1 if failed else 0

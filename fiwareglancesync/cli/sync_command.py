"""A synchronisation, or another mode, for the regions that the command line names.

``sync_arguments`` has its parser, apart, so that ``--help`` and mistakes are answered before this is loaded.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.errors import CloudError, ConfigError, GlanceSyncError, UnknownRegion, UsageError
from ..base.messages import Message
from ..base.signals import cancellable
from ..events import RunFinished, RunStarted
from ..images.configuration import check_targets
from ..images.execution.outcome import RegionOutcome
from ..images.places import FolderBacked
from ..images.places.factory import open_federation, read_settings
from ..images.region_job import Mode, RegionResult, refused, region_error
from ..images.region_names import RegionRef
from ..images.session import Session, ignore_result
from ..images.settings import MASTER, Settings, Target
from ..images.vault_options import PREFIX as SHELF_PREFIX
from ..kinds import option_tables
from ..terminal.status_writer import StatusWriter
from ..terminal.streams import log_requests, reconfigure_output
from ..terminal.suggestions import advice, hint, misspelt_command
from ..terminal.text_tables import write_regions
from .exit_reasons import reasons
from .listeners import NARRATED, Listeners
from .log_folders import make_parent_folder
from .output_files import keep_other_files
from .report import UnfinishedRegions, exit_code_taken, report, reported
from .run_record import RunRecord

if TYPE_CHECKING:
    from .metrics_file import MetricsFile

MEASURED = (Mode.SYNC, Mode.STATUS)
"""The modes that write ``metrics_file``: those that are run regularly."""

FOUND = 3
"""The exit code that says, when it is asked for, that not all is as it should be."""

GC_THRESHOLD = 50_000
"""New objects between two searches for cycles; Python's own 700 is for programs that make many cycles."""

ONE_AT_A_TIME = "max_children is 1, so --parallel does one region at a time; [main] max_children = N does N at once"


def main(options: argparse.Namespace) -> int:
    """Carry one call out.

    :param options: the parsed command line
    :return: the exit code (sync 1.2)
    :raises GlanceSyncError: the call is wrong, or nothing can be done
    """
    reconfigure_output()
    if options.debug:
        log_requests()
    with cancellable():
        return carry_out(options)


def carry_out(options: argparse.Namespace) -> int:
    """Carry one call out; whoever calls this has prepared output and signals.

    :param options: the parsed command line
    :return: the exit code (sync 1.2)
    :raises GlanceSyncError: the call is wrong, or nothing can be done
    """
    _search_cycles_seldom()
    settings = _settings(options)
    keep_other_files(options, settings)
    _make_output_folder(options)
    listeners = Listeners(options, _mode(options), settings.keep_logs)
    run = None
    if options.source is not None:
        from .restore_options import open_restore  # only now: a synchronisation needs no vault

        run = open_restore(options, settings)
    with Session(
        run.settings if run else settings,
        run.federation if run else open_federation(settings, os.environ),
        _mode(options),
        images=options.image,
        emit=listeners.emit,
        wait=options.wait,
        ways=options.format in ("table", "json"),
        backup_folder=Path(options.output_dir or "", f"backup_glance_{datetime.now().isoformat()}"),
        run=run,
    ) as session:
        return SyncCommand(options, session, listeners).run()


class SyncCommand:
    """One call of the command.

    :param options: the parsed command line
    :param session: does what is wanted
    :param listeners: take its events
    """

    def __init__(self, options: argparse.Namespace, session: Session, listeners: Listeners) -> None:
        self._options = options
        self._session = session
        self._listeners = listeners
        self._refs: list[RegionRef] = []
        self._refused: list[RegionRef] = []
        self._outcomes: dict[RegionRef, RegionOutcome] = {}
        self._unfinished = UnfinishedRegions()
        self._record = RunRecord(session.mode, self._unfinished)
        self._metrics = self._open_metrics()

    def _open_metrics(self) -> MetricsFile | None:
        path, mode = self._session.settings.metrics_file, self._session.mode
        if path is None or mode not in MEASURED or self._options.show_regions or self._options.image:
            return None
        from .metrics_file import MetricsFile  # only now: most calls write none

        return MetricsFile(path, mode.value)

    def run(self) -> int:
        """Do what is wanted.

        :return: the exit code (sync 1.2)
        """
        try:
            code = self._run()
        except KeyboardInterrupt:
            with suppress(BrokenPipeError):
                self._summarise()
            raise
        if code == FOUND:
            self._listeners.narrate(f"Exit code {FOUND}: {'; '.join(self._reasons())}", logging.WARNING)
        self._summarise()
        return code

    def _run(self) -> int:
        session, listeners = self._session, self._listeners
        with ExitStack() as stack:
            listeners.open(stack, self._record, self._unfinished)
            if self._options.report:
                written = reported(self._options.report, listeners.report_incomplete, self._exit_code, self._report)
                stack.enter_context(written)
            if self._metrics is not None:
                stack.enter_context(exit_code_taken(self._exit_code, partial(self._write_metrics, self._metrics)))
            self._announce_harmless()
            for message in session.settings.warnings:
                listeners.report(message)
            if self._options.show_regions:
                self._show_regions()
            elif self._prepare():
                self._do_all(stack)
            session.emit(RunFinished(sum(outcome.failed for outcome in self._outcomes.values())))
        return self._exit_code()

    def _summarise(self) -> None:
        if self._record.has_regions and not self._options.show_regions:
            self._listeners.summarise(self._record.summary)

    def _announce_harmless(self) -> None:
        """Say first when regions, or OpenStack altogether, are not changed (sync 1.4)."""
        if self._options.dry_run:
            self._listeners.narrate("Dry run: nothing is changed.")
        federation = self._session.federation
        if isinstance(federation, FolderBacked):
            self._listeners.narrate(f"Embedded federation {federation.folder}: OpenStack is not contacted.")

    def _report(self, started: datetime, code: int) -> str:
        """The report, with all regions that are known by now."""
        refs = [*self._refused, *self._refs]
        outcomes = [self._outcomes.get(ref) or self._unfinished.get(ref.full) for ref in refs]
        mode = "show-regions" if self._options.show_regions else self._session.mode.value
        return report(mode, self._session.source_name, started, outcomes, code)

    def _write_metrics(self, metrics: MetricsFile, code: int) -> None:
        """Write the metrics, also of a run that was interrupted; not of one that was wrong and did nothing."""
        if code != UsageError.exit_code:
            try:
                metrics.write(code)
            except GlanceSyncError as error:
                self._listeners.report_incomplete(str(error))

    def _prepare(self) -> bool:
        """Find the regions and ask the master.

        :return: whether there is anything to do; otherwise the run ends
        """
        session, listeners = self._session, self._listeners
        master = session.source_name
        session.check_locks()
        session.check_backup_folder()
        try:
            refs = self._resolve()
            if self._refused and not refs:
                return False
            self._record.expect(len(refs))
            messages = session.prepare(refs)
        except CloudError as error:
            if not self._record.has_regions:  # those that were named are known all the same
                self._record.expect(sum(bool(RegionRef.parse(word).region) for word in self._options.regions))
            self._lose_master(error)
            return False
        session.emit(RunStarted(master))
        if session.mode in NARRATED:
            listeners.narrate(f"======Master is {master}")
            for line in session.introduction():
                listeners.narrate(line)
        for message in messages:
            listeners.report(message)
        self._refs = refs
        return True

    def _resolve(self) -> list[RegionRef]:
        return self._session.resolve(self._options.regions, self._lose, self._listeners.report, self._refuse)

    def _refuse(self, ref: RegionRef, error: CloudError) -> None:
        """Report at once a region that was named and cannot be done; the others go on (sync 1.3).

        :raises UsageError: the word is no region's name but was meant otherwise
        :raises CloudError: without its target nothing can be done
        """
        if not isinstance(error, UnknownRegion):
            if ref.target == MASTER:
                raise error
        elif ref.region in self._options.regions:
            meant = advice(ref.region, self._session.settings.targets)
            if meant is not None:
                raise UsageError(f"{ref.region}: no region has this name; {meant}")
            if error.near is None and (meant := hint(ref.region)) is not None:
                error.explain(meant)
        self._refused.append(ref)
        result = refused(ref, error, self._listeners.announce)
        self._outcomes[ref] = result.outcome
        self._record.expect(1)
        self._record.finish(result)
        self._measure(result.outcome)

    def _lose(self, target: Target, error: CloudError) -> None:
        """Report a target that cannot be asked for its regions; the others go on."""
        self._record.lose(f"target {target.name}")
        self._listeners.report_lost(target, error)
        self._keep_failure(RegionRef(target.name, ""), error)

    def _lose_master(self, error: CloudError) -> None:
        """Report that nothing can be done; of a shelf, no cloud is asked, so the target of destinations failed."""
        master = self._session.source_name
        from_shelf = master.startswith(SHELF_PREFIX)
        self._record.lose(f"target {MASTER}" if from_shelf else f"master region {master}")
        cause = f"Nothing can be restored. Cause: {error}" if from_shelf else region_error(master, error)
        self._listeners.report(Message.error(cause))
        self._keep_failure(RegionRef(MASTER, "" if from_shelf else master), error)

    def _keep_failure(self, ref: RegionRef, error: CloudError) -> None:
        """Keep, for the report and the exit code, what failed as a whole: a target (``target:``), or the master."""
        self._outcomes[ref] = RegionOutcome(ref.full or f"{ref.target}:", error=str(error))
        self._refused.append(ref)

    def _do_all(self, stack: ExitStack) -> None:
        session, options = self._session, self._options
        if options.parallel and session.settings.max_children == 1 and len(self._refs) > 1:
            self._listeners.narrate(ONE_AT_A_TIME)
        self._listeners.open_for_regions(stack, self._refs)
        writer = None
        if session.mode is Mode.STATUS:
            writer = StatusWriter(options.format or "csv", sys.stdout, only_pending=options.pending)
        in_order = writer.write if writer is not None else ignore_result
        session.do_all(self._refs, parallel=options.parallel, finished=self._finish, in_order=in_order)
        self._listeners.narrate_end_of_all()
        if writer is not None:
            writer.close()
        if session.backup_folder is not None and any(session.backup_folder.iterdir()):
            self._listeners.narrate(f"The backup is in {session.backup_folder}")

    def _finish(self, result: RegionResult) -> None:
        """Keep what the exit code needs, and a line for each region and image only for a report (design 4.6)."""
        self._unfinished.finish(result.outcome)
        line = self._record.finish(result)
        self._measure(result.outcome)
        if not self._options.report:
            result.outcome.statuses = ()
            result.outcome.differences = {}
            result.outcome.left_out = ()
        self._outcomes[result.ref] = result.outcome
        self._listeners.narrate_end(result.ref.full, line, failed=result.outcome.failed)

    def _measure(self, outcome: RegionOutcome) -> None:
        if self._metrics is not None:
            self._metrics.take(outcome)

    def _show_regions(self) -> None:
        """Print the regions of all targets, or those that a run with the same words would do."""
        session, report = self._session, self._listeners.report
        try:
            regions = session.known_regions(self._options.regions, self._lose, report, self._refuse)
        except UnknownRegion as error:
            report(Message.error(str(error)))
            self._keep_failure(RegionRef(MASTER, session.settings.master_region), error)
        except CloudError as error:
            self._lose(session.settings.master, error)
        else:
            write_regions(regions, self._options.format, sys.stdout)

    def _exit_code(self) -> int:
        failed = not self._listeners.all_written or self._session.matches_nothing
        failed = failed or self._session.incomplete
        if failed or any(outcome.failed for outcome in self._outcomes.values()):
            return 1
        if not self._options.exit_code or self._session.mode is Mode.BACKUP:
            return 0
        return FOUND if self._reasons() else 0

    def _reasons(self) -> list[str]:
        return reasons(self._session, self._outcomes.values())


def _mode(options: argparse.Namespace) -> Mode:
    if options.dry_run:
        return Mode.DRY_RUN
    if options.show_status:
        return Mode.STATUS
    return Mode.BACKUP if options.make_backups else Mode.SYNC


def _make_output_folder(options: argparse.Namespace) -> None:
    """Make the folder of ``--output-dir``, where something goes there.

    :raises UsageError: it cannot be used
    """
    mode = _mode(options)
    if options.output_dir is None or options.show_regions:
        return
    if not (mode is Mode.BACKUP or (options.parallel and mode in NARRATED)):
        return
    make_parent_folder(options.output_dir)


def _settings(options: argparse.Namespace) -> Settings:
    overrides = list(options.config)
    if options.transfer:
        overrides.append(f"main.transfer={options.transfer}")
    try:
        settings = read_settings(os.environ, option_tables(), options.conf, overrides, options.os_cloud)
        sources = [] if options.source is None else [options.source]
        check_targets(settings, (RegionRef.parse(word).target for word in (*options.regions, *sources)))
    except ConfigError as error:
        error.problems += [f"{word}: is read as the name of a region; {meant}" for word, meant in _meant(options)]
        raise
    return settings


def _meant(options: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """Suggestions for regions that look like a command: the user may have no configuration yet."""
    first = options.regions[0] if options.regions else ""
    if advice(first, ()) is None and (command := misspelt_command(first)) is not None:
        yield first, command  # the others are words of that command
        return
    for word in options.regions:
        meant = advice(word, ())
        if meant is not None:
            yield word, meant


def _search_cycles_seldom() -> None:
    """Plans are millions of small values without cycles; to search for cycles at Python's own rate takes a fifth of
    the time."""
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 20, 100)

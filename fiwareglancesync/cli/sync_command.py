"""One call of the command: the mode that is wanted, for the regions that are meant."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from traceback import format_exc

from ..base.errors import Cancelled, CloudError, UnknownRegion, UsageError
from ..base.messages import Message
from ..events import Emit, Event, MessageReported, RunFinished, RunStarted, one_at_a_time
from ..images.execution.outcome import RegionOutcome
from ..images.execution.sync_run import Run
from ..images.places import Federation, StandIn
from ..images.planning import Choice
from ..images.prefetch import prefetch
from ..images.region_job import Mode, RegionJob, RegionResult, refused, region_error
from ..images.region_names import RegionRef, all_regions, resolve_regions
from ..images.settings import MASTER, Settings, Target
from ..jobs.pool import Reported, run_jobs
from ..locks.region_lock import check_database
from ..terminal.narrative import Narrator
from ..terminal.private_files import private_file
from ..terminal.progress import progress_bars
from ..terminal.streams import write_if_possible, write_line
from ..terminal.suggestions import advice, hint
from ..terminal.text_tables import StatusWriter, write_regions
from .exit_reasons import reasons
from .region_logs import RegionLogs
from .report import EventWriter, UnfinishedRegions, report

FOUND = 3
"""The exit code that tells, when it is asked for, that not all is as it should be."""


class Command:
    """Carries one call out.

    :param options: the parsed command line
    :param settings: the configuration
    :param federation: what the configuration reaches
    """

    def __init__(self, options: argparse.Namespace, settings: Settings, federation: Federation) -> None:
        self._options = options
        self._settings = settings
        self._run = Run(settings, federation, Choice(tuple(options.image)))
        self._mode = _mode(options)
        narrates = self._mode in (Mode.SYNC, Mode.DRY_RUN)
        self._tells = narrates and not options.parallel
        level = logging.WARNING if options.quiet else logging.DEBUG if options.verbose else logging.INFO
        has_data = options.events == "-" or options.show_regions or self._mode is Mode.STATUS
        self._narrator = Narrator(level, narrate=narrates, to_stderr=has_data)
        self._listeners: list[Emit] = []
        self._refs: Sequence[RegionRef] = ()
        self._refused: list[RegionRef] = []
        self._outcomes: dict[RegionRef, RegionOutcome] = {}
        self._unfinished = UnfinishedRegions()
        self._failed = False
        self._emit = one_at_a_time(self._pass_on)
        self._run.report_waits(self._emit)

    def run(self) -> int:
        """Do what is wanted.

        :return: the exit code (sync 1.2)
        """
        with ExitStack() as stack:
            stack.callback(self._run.close)
            self._open_listeners(stack)
            if self._options.report:
                stack.enter_context(self._reported(self._options.report))
            self._warn_of_spared_images()
            for message in self._settings.warnings:
                self._report(message)
            if self._options.show_regions:
                self._show_regions()
            elif self._prepare():
                self._do_all(stack)
            self._emit(RunFinished(sum(o.failed for o in self._outcomes.values())))
        code = self._exit_code()
        if code == FOUND:
            self._narrator.write(logging.WARNING, f"Exit code {FOUND}: {'; '.join(self._reasons())}")
        return code

    def _warn_of_spared_images(self) -> None:
        """Say first when regions, or OpenStack altogether, are not touched (sync 1.4)."""
        if self._options.dry_run:
            self._narrator.write(logging.INFO, "Dry run: nothing is changed.")
        federation = self._run.federation
        if isinstance(federation, StandIn):
            text = f"Embedded federation {federation.folder}: OpenStack is not contacted."
            self._narrator.write(logging.INFO, text)

    @contextmanager
    def _reported(self, path: str) -> Iterator[None]:
        """Write the report, with the regions that are done or begun by then, however the run ends."""
        started = datetime.now(timezone.utc)
        with private_file(path, self._lose_file) as file:
            code = 1
            try:
                yield
                code = self._exit_code()
            except BaseException as error:
                code = getattr(error, "exit_code", code)
                raise
            finally:
                refs = [*self._refused, *self._refs]
                known = [self._outcomes.get(ref) or self._unfinished.get(ref.full) for ref in refs]
                outcomes = [outcome for outcome in known if outcome is not None]
                mode = "show-regions" if self._options.show_regions else self._mode.value
                file.write(report(mode, self._settings.master_region, started, outcomes, code))

    def _open_listeners(self, stack: ExitStack) -> None:
        if self._options.events == "-":
            self._listeners.append(EventWriter(self._print))
        elif self._options.events:
            file = stack.enter_context(private_file(self._options.events, self._lose_file))
            self._listeners.append(EventWriter(partial(write_line, file)))
        if self._options.report:
            self._listeners.append(self._unfinished)
        if self._tells or self._mode not in (Mode.SYNC, Mode.DRY_RUN):
            self._listeners.append(self._narrator)

    def _prepare(self) -> bool:
        """Name the regions and ask the master; whether there is anything to do, for otherwise the run ends."""
        master = self._settings.master_region
        if self._mode is Mode.SYNC:
            check_database(self._settings.database)
        try:
            refs = self._resolve()
            if self._refused and not refs and self._mode is not Mode.BACKUP:
                return False
            messages = [] if self._mode is Mode.BACKUP else self._run.prepare(refs, self._mode.purpose)
        except CloudError as error:
            self._failed = True
            self._report(Message.error(region_error(master, error)))
            return False
        self._emit(RunStarted(master))
        if self._mode in (Mode.SYNC, Mode.DRY_RUN):
            self._narrator.write(logging.INFO, f"======Master is {master}")
        for message in messages:
            self._report(message)
        self._refs = self._with_master(refs) if self._mode is Mode.BACKUP else refs
        return True

    def _resolve(self) -> list[RegionRef]:
        words, federation = self._options.regions, self._run.federation
        return resolve_regions(words, self._settings, federation, self._lost, self._report, self._refuse)

    def _refuse(self, ref: RegionRef, error: CloudError) -> None:
        """Tell at once of a region that was named and cannot be done; the others go on (sync 1.3).

        :raises UsageError: the word is no region's name but was meant otherwise
        :raises CloudError: without its target nothing can be done
        """
        if not isinstance(error, UnknownRegion):
            if ref.target == MASTER:
                raise error
        elif ref.region in self._options.regions:
            meant = advice(ref.region, self._settings.targets)
            if meant is not None:
                raise UsageError(f"{ref.region}: no region has this name; {meant}")
            if error.near is None and (meant := hint(ref.region)) is not None:
                error.explain(meant)
        self._refused.append(ref)
        self._outcomes[ref] = refused(ref, error, self._broadcast).outcome

    def _with_master(self, refs: list[RegionRef]) -> list[RegionRef]:
        """Backups always hold the master too."""
        return list(dict.fromkeys([*refs, RegionRef(self._settings.master.name, self._settings.master_region)]))

    def _do_all(self, stack: ExitStack) -> None:
        folder = Path(f"backup_glance_{datetime.now().isoformat()}") if self._mode is Mode.BACKUP else None
        detailed = self._options.format in ("table", "json")
        job = RegionJob(self._run, self._mode, self._options.wait, ways=detailed, backup_folder=folder)
        wants_bars = self._mode is Mode.SYNC and not self._options.quiet
        shown = self._options.progress if self._options.progress is not None else sys.stderr.isatty()
        if wants_bars and shown:
            bars = stack.enter_context(progress_bars())
            self._narrator.without_bars = bars.hidden
            self._listeners.append(bars)
        writer = None
        if self._mode is Mode.STATUS:
            writer = StatusWriter(self._options.format or "csv", sys.stdout)
        results = self._in_parallel(job, stack) if self._options.parallel else self._in_turn(job)
        for result in _in_order(self._refs, results):
            if writer is not None:
                writer.write(result.rows, result.left_out)
        if writer is not None:
            writer.close()
        if folder is not None and folder.is_dir():
            self._narrator.write(logging.INFO, f"The backup is in {folder}")

    def _in_turn(self, job: RegionJob) -> Iterable[RegionResult]:
        for ref, sight in prefetch(self._refs, job.look):
            try:
                result = job(ref, self._emit, sight)
            except BrokenPipeError:
                raise  # the reader of the output has gone, so there is nobody to go on for
            except Exception as error:  # noqa: BLE001 - whatever it is, the other regions go on
                result = self._died(ref, f"internal error: {type(error).__name__}: {error}", format_exc())
            self._keep(result)
            yield result

    def _in_parallel(self, job: RegionJob, stack: ExitStack) -> Iterable[RegionResult]:
        region_logs = None
        if self._mode in (Mode.SYNC, Mode.DRY_RUN):
            level = logging.DEBUG if self._options.verbose else logging.INFO
            region_logs = stack.enter_context(RegionLogs(self._refs, level, self._lose_story))

        def work(ref: RegionRef, emit: Callable[[Event], None]) -> RegionResult:
            emit = one_at_a_time(emit)
            self._run.federation.forked()
            self._run.report_waits(emit)
            return job(ref, emit)

        if region_logs is not None:
            self._listeners.append(region_logs)
        with (
            _told_what_stays() as left,
            closing(run_jobs(self._refs, work, self._settings.max_children, left, "region")) as items,
        ):
            for item in items:
                if isinstance(item, Reported):
                    self._emit(item.event)
                    continue
                ref = item.job
                result = item.result or self._died(ref, item.died or "no result", item.traceback)
                self._keep(result)
                if region_logs is not None:
                    ending = "has finished with errors" if result.outcome.failed else "has finished"
                    self._narrator.write(logging.INFO, f"Region {ref.full} {ending}")
                yield result
        if region_logs is not None:
            self._narrator.write(logging.INFO, "All is done.")

    def _keep(self, result: RegionResult) -> None:
        """Keep what the exit code needs, and a line for each region and image only for a report (design 4.6)."""
        if not self._options.report:
            result.outcome.statuses = ()
            result.outcome.differences = {}
            result.outcome.left_out = ()
        self._outcomes[result.ref] = result.outcome
        self._unfinished.remove(result.ref.full)

    def _died(self, ref: RegionRef, how: str, trace: str) -> RegionResult:
        """What comes of a region whose job failed in a way that nobody foresaw."""
        self._emit(MessageReported(ref.full, None, Message.error(f"{ref.full}: {how}")))
        logging.getLogger("glancesync").debug("%s", trace)
        return RegionResult(ref, RegionOutcome(ref.full, error=how))

    def _show_regions(self) -> None:
        """Print the regions of all targets, or those that a run with the same words would do."""
        refs = self._resolve() if self._options.regions else self._all()
        write_regions(refs, self._options.format, sys.stdout)

    def _all(self) -> list[RegionRef]:
        refs: list[RegionRef] = []
        for target in self._settings.targets.values():
            try:
                refs += all_regions(target, self._run.federation)
            except CloudError as error:
                self._lost(target, error)
        return refs

    def _lost(self, target: Target, error: CloudError) -> None:
        """Tell of a target that cannot be asked for its regions; the others go on."""
        self._failed = True
        self._report(Message.error(f"The regions of target {target.name} are unknown. Cause: {error}"))

    def _print(self, line: str) -> None:
        problem = write_if_possible(sys.stdout, line)
        if problem is not None:
            self._lose_file(problem)

    def _lose_file(self, text: str) -> None:
        """Tell of a file that is incomplete; the regions are done all the same."""
        self._failed = True
        self._report(Message.error(text))

    def _lose_story(self, text: str) -> None:
        """Tell here what the regions' files cannot take."""
        self._lose_file(f"{text}; the story is told here")
        self._listeners.append(self._narrator)

    def _exit_code(self) -> int:
        outcomes = self._outcomes.values()
        failed = self._failed or not self._narrator.is_whole
        if failed or self._run.matches_nothing or any(outcome.failed for outcome in outcomes):
            return 1
        if not self._options.exit_code or self._mode is Mode.BACKUP:
            return 0
        return FOUND if self._reasons() else 0

    def _reasons(self) -> list[str]:
        return reasons(self._run, self._outcomes.values(), writes=self._mode is Mode.SYNC)

    def _report(self, message: Message) -> None:
        self._broadcast(MessageReported("", message.image, message))

    def _broadcast(self, event: Event) -> None:
        """Tell an event here, whoever else takes the regions' own."""
        self._narrator(event)
        for listener in self._listeners:
            if listener is not self._narrator:
                listener(event)

    def _pass_on(self, event: Event) -> None:
        for listener in self._listeners:
            listener(event)


def _mode(options: argparse.Namespace) -> Mode:
    if options.dry_run:
        return Mode.DRY_RUN
    if options.show_status:
        return Mode.STATUS
    return Mode.BACKUP if options.make_backups else Mode.SYNC


@contextmanager
def _told_what_stays() -> Iterator[Callable[[RegionRef, Sequence[str] | None], None]]:
    """Collect what the processes of an interrupted run leave unfinished, and have the interruption tell it."""
    stays: list[str] = []

    def leave(ref: RegionRef, unfinished: Sequence[str] | None) -> None:
        unknown = (f"{ref.full}: whatever its process was making, which had to be killed",)
        stays.extend(unknown if unfinished is None else unfinished)

    try:
        yield leave
    except Cancelled as stopped:
        stopped.unfinished += tuple(stays)
        raise


def _in_order(refs: Sequence[RegionRef], results: Iterable[RegionResult]) -> Iterable[RegionResult]:
    """Put results that come as they are ready into the order that was asked for."""
    ready: dict[RegionRef, RegionResult] = {}
    waiting = list(reversed(refs))
    for result in results:
        ready[result.ref] = result
        while waiting and waiting[-1] in ready:
            yield ready.pop(waiting.pop())

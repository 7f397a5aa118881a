"""One call of ``glancesync remote``."""

from __future__ import annotations

import argparse
import logging
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from typing import TypeVar

from ..base.errors import Cancelled, CloudError, UsageError
from ..config.account import environment_account
from ..config.values import parse_url
from ..events import Emit, Event
from ..images.region_names import RegionRef
from ..terminal.narrative import LogWriter
from ..terminal.progress import progress_bars
from ..terminal.streams import shows_bars
from ..terminal.suggestions import is_probably_no_region
from .client import Client
from .following import Following
from .remote_arguments import SERVER, Follow
from .remote_output import write_images, write_regions, write_tasks
from .request_body import request_body
from .server_answers import FAILED, SYNCING, RegionRefused, TaskRef, WholeTask

T = TypeVar("T")

WRONG_REQUEST = 400
UNKNOWN_REGION = 410
"""HTTP status of a region that the server does not know."""


class RemoteCommand:
    """Carries one call out.

    :param options: the parsed command line
    :param prog: how the user called it, for advice
    :param environ: the environment: server and account
    :raises UsageError: no server is named, or an address that is none
    :raises ConfigError: the account of the environment is not complete
    """

    def __init__(self, options: argparse.Namespace, prog: str, environ: Mapping[str, str]) -> None:
        self._options = options
        self._prog = prog
        self._failed = False
        self._log_writer = LogWriter(narrate=_follow(options) is not Follow.TO_THE_END)
        address = server_address(options.server, environ)
        account = environment_account(environ, options.os_cloud)
        for text in account.warnings:
            self._log_writer.write(logging.WARNING, text)
        self._client = Client(address, account.credential)

    def run(self) -> int:
        """Do what is wanted.

        :return: the exit code
        :raises CloudError: the server cannot be asked, or refuses
        """
        commands: Mapping[str, Callable[[], int | None]] = {
            "regions": self._regions,
            "status": self._status,
            "sync": self._sync,
            "tasks": self._tasks,
            "watch": self._watch,
            "cancel": self._cancel,
        }
        with closing(self._client):
            return commands[self._options.command]() or (1 if self._failed or not self._log_writer.is_whole else 0)

    def _regions(self) -> None:
        regions = self._client.regions(refresh=self._options.refresh)
        write_regions(regions, self._options.format, sys.stdout)
        for region in regions:
            if region.error is not None:
                self._fail(region.id, region.error)

    def _status(self) -> None:
        options = self._options
        found = self._each(lambda region: self._client.images(region, options.image))
        write_images(found, options.format, sys.stdout)
        if options.image is not None and not self._failed and not any(f.images or f.left_out for f in found.values()):
            self._failed = True
            self._log_writer.write(logging.WARNING, f"no image to be synchronised is called {options.image}")

    def _tasks(self) -> None:
        for tasks in self._each(self._client.tasks).values():
            write_tasks(tasks, self._options.format, sys.stdout)

    def _cancel(self) -> None:
        task = self._options.task
        for region, left in self._each(lambda r: self._client.cancel(r, task)).items():
            ending = "is being cancelled" if left.status == SYNCING else f"has ended: {left.status}"
            self._log_writer.write(logging.INFO, f"{region}: Task {left.task_id} {ending}")

    def _sync(self) -> int | None:
        options = self._options
        wanted = request_body(
            dry_run=options.dry_run,
            images=options.image,
            config=options.config,
            replace_lists=options.replace_lists,
            decisions=options.decide,
        )
        if options.dry_run:
            self._log_writer.write(logging.INFO, "Dry run: nothing is changed.")
        with self._narration() as emit:
            following = Following(self._client, emit, self._refused)

            def start(region: str) -> None:
                task = self._client.synchronise(region, wanted)
                following.add(region, task)
                self._log_writer.write(logging.INFO, f"{region}: Task {task.task_id} is {task.status}")

            several = len(self._named()) > 1
            known = self._each(self._client.tasks) if several else self._named()
            with self._interruptible(following) as code:
                self._each(start, known)
                if options.follow is Follow.NOT:
                    return None
                self._follow(following)
        return code()

    def _watch(self) -> int | None:
        found = self._each(self._wanted_task)
        with self._narration() as emit:
            following = Following(self._client, emit, self._refused)
            for region, task in found.items():
                following.add(region, task)
            with self._interruptible(following) as code:
                self._follow(following)
        return code()

    def _wanted_task(self, region: str) -> TaskRef:
        if self._options.task is not None:
            return TaskRef(task_id=self._options.task, status=SYNCING)
        tasks = self._client.tasks(region)
        if not tasks:
            raise RegionRefused(f"the server has no task of this region; start one: {self._call('sync', region)}")
        return tasks[0]

    def _follow(self, following: Following) -> None:
        for region, task in following.to_the_end():
            self._report_end(region, task)

    def _report_end(self, region: str, task: WholeTask) -> None:
        if task.status == FAILED:
            self._fail(region, f"Task {task.task_id} has failed: {task.reason or 'the server does not say why'}")
        else:
            self._log_writer.write(logging.INFO, f"{region}: Task {task.task_id} is {task.status}")

    @contextmanager
    def _narration(self) -> Iterator[Emit]:
        """Yield what takes the events of tasks: the log writer, and progress bars on a terminal."""
        with ExitStack() as stack:
            listeners: list[Emit] = [self._log_writer]
            if _follow(self._options) is Follow.STEP_BY_STEP and shows_bars():
                bars = stack.enter_context(progress_bars(len(self._named()), redraw_seconds=0))
                self._log_writer.without_bars = bars.hidden
                listeners.insert(0, bars)  # so that they show what the line above them says

            def emit(event: Event) -> None:
                for listener in listeners:
                    listener(event)

            yield emit

    @contextmanager
    def _interruptible(self, following: Following) -> Iterator[Callable[[], int | None]]:
        """Report that the tasks go on when this program is interrupted or loses the server; yield the exit code."""
        stopped: list[Cancelled] = []
        try:
            yield lambda: stopped[0].exit_code if stopped else None
        except Cancelled as stop:
            stopped.append(stop)
            self._report_unfollowed(following, "goes on")
        except CloudError:
            self._report_unfollowed(following, "may be running still")
            raise

    def _report_unfollowed(self, following: Following, what: str) -> None:
        for region, task in following.running.items():
            watch = self._call("watch", region, task.task_id)
            cancel = self._call("cancel", region, task.task_id)
            text = f"{region}: Task {task.task_id} {what}; to follow it: {watch}; to end it: {cancel}"
            self._log_writer.write(logging.WARNING, text)

    def _named(self) -> list[str]:
        """Full names of the regions that are named, each once.

        :raises UsageError: a word stands for all regions of a target
        """
        for word in self._options.regions:
            if not RegionRef.parse(word).region:
                raise UsageError(f"{word}: it stands for all regions of a target; name them one by one")
        return list(dict.fromkeys(RegionRef.parse(word).full for word in self._options.regions))

    def _each(self, action: Callable[[str], T], regions: Iterable[str] | None = None) -> dict[str, T]:
        """Do something with each named region; when the server refuses one, the others are done.

        :param regions: those that are meant; None means all that are named
        :raises UsageError: a name was meant otherwise, or the request makes no sense (sync 1.2, 1.3)
        """
        done: dict[str, T] = {}
        for region in self._named() if regions is None else regions:
            try:
                done[region] = action(region)
            except RegionRefused as error:
                self._check_name(region, error)
                if error.status == WRONG_REQUEST and not done:
                    raise UsageError(f"{region}: {error.cause}") from error
                self._refused(region, error)
        return done

    def _check_name(self, region: str, error: RegionRefused) -> None:
        if error.unknown_target:
            raise UsageError(error.cause)
        if error.status == UNKNOWN_REGION and region in self._options.regions and is_probably_no_region(region):
            raise UsageError(f"{region}: no region has this name; the command comes first: see {self._prog} --help")

    def _refused(self, region: str, error: RegionRefused) -> None:
        self._fail(region, error.cause)

    def _fail(self, region: str, cause: str) -> None:
        self._failed = True
        text = cause if cause.startswith(f"{region}:") else f"{region}: {cause}"
        self._log_writer.write(logging.ERROR, text)

    def _call(self, *words: str) -> str:
        given = {"--server": self._options.server, "--os-cloud": self._options.os_cloud}
        options = [word for name, value in given.items() if value for word in (name, value)]
        return shlex.join([*self._prog.split(), words[0], *options, *words[1:]])


def server_address(stated: str | None, environ: Mapping[str, str]) -> str:
    """The address of the server, without a slash at the end.

    :param stated: what the command line says, which wins over the environment
    :param environ: the environment
    :raises UsageError: none is named, or it is no address
    """
    given = (stated if stated is not None else environ.get(SERVER, "")).strip()
    address = given.rstrip("/")
    origin = "--server" if stated is not None else SERVER
    if not address:
        raise UsageError(f"no server is named: give --server URL, or set {SERVER}")
    try:
        parse_url(address)
    except ValueError as error:
        expected = "expected an address such as http://127.0.0.1:8888"
        raise UsageError(f"{origin}: found {given!r}, {expected}") from error
    if "?" in address or "#" in address or "@" in address:
        raise UsageError(f"{origin}: the address holds more than scheme, host, port and path")
    return address


def _follow(options: argparse.Namespace) -> Follow:
    """How tasks are followed; ``watch`` is there to do it."""
    found: Follow = getattr(options, "follow", Follow.STEP_BY_STEP)
    return found

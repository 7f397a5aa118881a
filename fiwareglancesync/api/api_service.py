"""What the routes work with, one of each for an application."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import current_app

from ..base.errors import ConfigError, UnknownRegion
from ..config.ini import COMMAND_LINE
from ..images.places.factory import read_settings
from ..images.region_names import RegionRef
from ..images.status import StatusReader
from ..images.summaries import SummaryStore
from ..images.sync_job import sync_job
from ..images.sync_request import SyncRequest
from ..images.task_settings import ListsShortened, task_settings
from ..jobs.runner import Executor, ExecutorFailed
from ..jobs.store import TaskStore
from ..jobs.tasks import Task, TaskStatus
from ..kinds import option_tables
from .server_settings import ServerSettings
from .shared_federation import SharedFederation
from .statuses import Statuses

NAME = "glancesync"
"""Where the application keeps it."""


class Busy(Exception):
    """Another task runs the region, under another name or to do something else.

    :param task: the task that runs
    """

    def __init__(self, task: Task) -> None:
        super().__init__(task.id)
        self.task = task


class BadOptions(Exception):
    """The options that a request sets for its task are wrong; the text says which."""


@dataclass(frozen=True)
class ApiService:
    """What the routes work with.

    :param embedded: whether the regions are those of the embedded federation
    :param started: when the server was started, seconds since the epoch
    """

    server: ServerSettings
    cloud: SharedFederation
    store: TaskStore
    summaries: SummaryStore
    statuses: Statuses
    executor: Executor
    environ: Mapping[str, str] = field(repr=False)
    embedded: bool
    started: float

    def reader(self) -> StatusReader:
        """A reader of the statuses of regions."""
        return self.cloud.reader()

    def region(self, name: str) -> RegionRef:
        """The region that a path names.

        :raises UnknownRegion: there is none
        """
        ref = RegionRef.parse(name)
        if not ref.region:
            raise UnknownRegion(f"{name}: it stands for all regions of a target; name them one by one")
        return ref

    def synchronise(self, ref: RegionRef, request: SyncRequest, asked_by: str | None) -> Task:
        """Make a task that synchronises a region and hand it over, unless the same task waits or runs already.

        :raises UnknownRegion: there is no such region
        :raises BadOptions: an option of the request is wrong
        :raises ConfigError: the configuration itself cannot be used
        :raises Busy: another task works on the region
        :raises ExecutorFailed: what carries the tasks out cannot be reached
        """
        place = self.reader().check(ref)
        self._check_options(ref, request)
        job = sync_job(ref, request, place.identity)
        task, made = self.store.create(job, asked_by)
        if not made:
            if (task.kind, task.subject, task.request) != (job.kind, job.subject, job.request):
                raise Busy(task)
            return task
        try:
            self.executor.start(task.id)
        except ExecutorFailed as error:
            self.store.finish(task.id, TaskStatus.FAILED, str(error))
            raise
        return task

    def _check_options(self, ref: RegionRef, request: SyncRequest) -> None:
        try:
            task_settings(request, ref, self.environ, option_tables())
        except ListsShortened as error:
            raise BadOptions(str(error)) from error
        except ConfigError as error:
            read_settings(self.environ, option_tables())  # when this fails too, it is not the request
            problems = [problem.removeprefix(f"{COMMAND_LINE}: ") for problem in error.problems]
            raise BadOptions("; ".join(problems)) from error


def api_service() -> ApiService:
    """What the present request works with."""
    found: ApiService = current_app.extensions[NAME]
    return found

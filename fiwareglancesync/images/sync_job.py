"""Jobs of the kind ``sync``: the synchronisation of one region, asked for through the server (sync 5.3)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from sqlalchemy.exc import SQLAlchemyError

from ..base.errors import CloudError, GlanceSyncError
from ..config.ini import COMMAND_LINE
from ..config.option_tables import OptionTables
from ..jobs.job import Job, Outcome
from ..jobs.store import TaskStore
from ..jobs.task_writer import TaskWriter
from ..jobs.tasks import Task
from .federation_name import federation_of
from .places import PlaceIdentity
from .places.factory import open_federation, read_settings
from .region_job import region_error
from .region_names import RegionRef
from .session import Session
from .settings import Settings
from .status import StatusReader, summary_of
from .summaries import SummaryStore
from .sync_request import SyncRequest
from .task_recorder import TaskRecorder
from .task_settings import task_settings

SYNC = "sync"
"""The kind of these jobs."""


def sync_job(ref: RegionRef, request: SyncRequest, identity: PlaceIdentity) -> Job:
    """The job that synchronises a region.

    :param ref: the region
    :param request: how it is to be done
    :param identity: of the region; whatever its names, one task works on it
    """
    return Job(SYNC, ref.full, request.text(), identity.task_key)


def carry_out_sync(store: TaskStore, task: Task, environ: Mapping[str, str], tables: OptionTables) -> Outcome:
    """Do what a task of this kind asks for.

    :param store: where the task is
    :param task: the task
    :param environ: the environment, which leads to the configuration
    :param tables: the options of every kind of section of the configuration
    :raises GlanceSyncError: the configuration cannot be used, or the database belongs to another federation
    """
    ref = RegionRef.parse(task.subject)
    request = SyncRequest.parse(task.request)
    settings = task_settings(request, ref, environ, tables)
    store.refuse_another(federation_of(settings, environ))  # the configuration may have been changed meanwhile
    failure = _synchronise(settings, ref, request, environ, TaskWriter(store, task.id))
    if failure is None:
        with suppress(GlanceSyncError, OSError, SQLAlchemyError):  # the next status of the region is saved too
            _save_summary(ref, read_settings(environ, tables), environ, SummaryStore(store.engine))
    return Outcome(failure)


def _synchronise(
    settings: Settings, ref: RegionRef, request: SyncRequest, environ: Mapping[str, str], writer: TaskWriter
) -> str | None:
    """Synchronise a region; why this failed, None when it did not."""
    federation, recorder = open_federation(settings, environ), TaskRecorder(writer)
    with Session(settings, federation, request.mode, images=request.images, emit=recorder) as session:
        try:
            warnings = session.prepare([ref])
        except CloudError as error:
            return region_error(settings.master_region, error)
        of_request = [message for message in settings.warnings if message.text.startswith(f"{COMMAND_LINE}: ")]
        for message in [*of_request, *warnings]:
            writer.write_message(message)
        outcome = session.do(ref).outcome
        if outcome.error is not None:
            return outcome.error
        if outcome.failures:
            return f"{outcome.failures} of the images failed"
        if session.matches_nothing:
            return "a pattern in images matches no image to be synchronised"
    return None


def _save_summary(ref: RegionRef, settings: Settings, environ: Mapping[str, str], summaries: SummaryStore) -> None:
    """List the region once more, by the configuration without the options of the task, and save the summary."""
    rows = StatusReader(settings, open_federation(settings, environ)).status(ref).rows
    summaries.save([summary_of(ref.full, rows)])

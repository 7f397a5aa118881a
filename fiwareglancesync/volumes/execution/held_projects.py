"""The projects that one process works on, each under a lease, as long as it has them (volumes 4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import Engine

from ...base.errors import LeaseLost
from ..state.project_leases import ProjectLeases
from ..state.volume_changes import WrongState
from ..volume_events import EmitVolume, Problem
from .project_work import ProjectWork


class HeldProjects:
    """Takes leases of projects, and ends the work on those that it loses.

    :param engine: the database, its tables in place
    :param leases: of this process
    :param request_seconds: after which a request has ended in any case
    :param emit: takes what happens
    """

    names: Mapping[str, str] = MappingProxyType({})
    """``domain/name`` of the projects, by id, for messages."""

    def __init__(self, engine: Engine, leases: ProjectLeases, request_seconds: float, emit: EmitVolume) -> None:
        self._engine = engine
        self._leases = leases
        self._request_seconds = request_seconds
        self._emit = emit
        self._works: dict[str, ProjectWork] = {}
        self._elsewhere: set[str] = set()

    def take(self, projects: Iterable[str]) -> bool:
        """Take leases, except of projects that another conductor had when they were last tried.

        :param projects: ids
        :return: whether a new one was taken
        :raises DatabaseUnavailable: the database cannot be used
        """
        self._works = {id: work for id, work in self._works.items() if not work.lease.is_lost}
        before = len(self._works)
        for project_id in sorted(set(projects) - set(self._works) - self._elsewhere):
            lease = self._leases.take(project_id)
            if lease is None:
                self._elsewhere.add(project_id)
            else:
                self._works[project_id] = ProjectWork(self._engine, lease, self._request_seconds)
        return len(self._works) > before

    def take_over(self) -> bool:
        """Take the projects that another conductor had and has left.

        :return: whether there was one
        :raises DatabaseUnavailable: the database cannot be used
        """
        elsewhere, self._elsewhere = self._elsewhere, set()
        return self.take(elsewhere)

    def newest_lease(self) -> datetime | None:
        """When the newest lease was taken, by the database's clock; None without any."""
        return max((work.taken for work in self._works.values()), default=None)

    def each(self) -> list[ProjectWork]:
        """The projects that this process has."""
        return [work for work in self._works.values() if not work.lease.is_lost]

    def get(self, project_id: str) -> ProjectWork | None:
        """A project, None when this process does not have it, or not any more."""
        return self._works.get(project_id)

    def name(self, project_id: str) -> str:
        """``domain/name`` of a project, its id when that is not known."""
        return self.names.get(project_id, project_id)

    @contextmanager
    def losing(self, work: ProjectWork) -> Iterator[None]:
        """Let the loss of a project end the work on it, and nothing else (volumes 4)."""
        try:
            yield
        except LeaseLost as error:
            self._works.pop(work.project_id, None)
            self._emit(Problem(self.name(work.project_id), str(error), is_failure=False))
        except WrongState as error:  # this process does not know what the database has; the next cycle reads it again
            self._emit(Problem(self.name(work.project_id), str(error)))

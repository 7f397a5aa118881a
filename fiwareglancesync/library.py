"""The program for programs: what the command does, as a class."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType

from .base.errors import CloudError
from .base.parser import refuse_options
from .events import Emit, MessageReported
from .images.execution.outcome import RegionOutcome
from .images.places.factory import open_federation, read_settings
from .images.region_job import Mode, RegionResult, StatusRow, refused
from .images.region_names import RegionRef, all_regions
from .images.session import Session, ignore_event
from .images.settings import Decision
from .kinds import option_tables


class GlanceSync:
    """The regions that a configuration describes; a context manager that removes at its end what it needed meanwhile.

    :param conf: the configuration file; None means the one that the command would read (sync 2)
    :param overrides: ``section.key=value``, as with ``--config``
    :param environ: the environment; None means that of the process
    :param os_cloud: an entry of ``clouds.yaml``, as with ``--os-cloud``
    :raises ConfigError: the configuration is wrong
    """

    def __init__(
        self,
        conf: str | None = None,
        overrides: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
        os_cloud: str | None = None,
    ) -> None:
        variables = os.environ if environ is None else environ
        self.settings = read_settings(variables, option_tables(), conf, overrides, os_cloud)
        self._federation = open_federation(self.settings, variables)
        self._sessions: list[Session] = []

    def __enter__(self) -> GlanceSync:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove what the calls needed meanwhile."""
        while self._sessions:
            self._sessions.pop().close()

    def regions(self) -> list[str]:
        """Full names of all regions of all targets (sync 1.4, ``--show-regions``).

        :raises CloudError: the regions of a target cannot be listed
        """
        return [ref.full for ref in all_regions(self.settings, self._federation)]

    def status(self, *regions: str, images: Sequence[str] = ()) -> list[StatusRow]:
        """The status of each image in each region (sync 3.4).

        :param regions: as on the command line; none means all of ``master``
        :param images: patterns, as with ``--image``
        :raises UsageError: a name has an unknown target
        :raises CloudError: the master or a region cannot be asked, or a region is unknown
        """
        rows: list[StatusRow] = []
        for result in self._do(Mode.STATUS, regions, images, ignore_event):
            if result.outcome.error is not None:
                raise result.cause if isinstance(result.cause, CloudError) else CloudError(result.outcome.error)
            rows += result.rows
        return rows

    def synchronise(
        self,
        *regions: str,
        images: Sequence[str] = (),
        dry_run: bool = False,
        decisions: Mapping[str, Decision | Sequence[Decision]] | None = None,
        emit: Emit = ignore_event,
    ) -> list[RegionOutcome]:
        """Bring regions to the state of the master, one after the other.

        :param regions: as on the command line; none means all of ``master``
        :param images: patterns, as with ``--image``
        :param dry_run: only report what would be done
        :param decisions: how single conflicts are settled this once, by name of the image; the regions may hold it with
            different checksums
        :param emit: takes the events
        :return: what came of each region, of unknown ones first; failures of regions and images are in there
        :raises UsageError: a name has an unknown target; nothing has been done
        :raises CloudError: the master cannot be asked
        """
        mode = Mode.DRY_RUN if dry_run else Mode.SYNC
        decided = {
            name: (decision,) if isinstance(decision, Decision) else tuple(decision)
            for name, decision in (decisions or {}).items()
        }
        return [result.outcome for result in self._do(mode, regions, images, emit, decided)]

    def _do(
        self,
        mode: Mode,
        regions: Sequence[str],
        images: Sequence[str],
        emit: Emit,
        decisions: Mapping[str, tuple[Decision, ...]] | None = None,
    ) -> Iterator[RegionResult]:
        settings = self.settings.decided(decisions or {})
        session = Session(settings, self._federation, mode, images=images, emit=emit, ways=True)
        unknown: list[RegionResult] = []

        def refuse(ref: RegionRef, error: CloudError) -> None:
            unknown.append(refused(ref, error, session.emit))

        refuse_options(regions)
        refs = session.resolve(
            regions, report=lambda message: session.emit(MessageReported("", None, message)), refuse=refuse
        )
        yield from unknown
        if unknown and not refs:
            return
        self._sessions.append(session)
        session.prepare(refs)
        yield from map(session.do, refs)

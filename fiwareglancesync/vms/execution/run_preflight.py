"""PREFLIGHT: what has to hold before any snapshot (vms 2)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from ..backup_journal import Journal, SlaveState, newest_by_slave, slave_volume
from ..planning.preflight_checks import rsync_problem, session_problems, space_problems, touched, volume_problems
from ..replication.replication_port import Replication
from ..vm_errors import NoSession, PreflightFailed
from ..vm_options import BUILTIN, Keep
from .run_journal import RunJournal
from .run_ports import RunTools
from .session_rest import bring_all_to_rest

NO_SCHEDULER = (
    "gluster's own script ends the session before its checkpoint can be read, so it cannot be used; "
    f"leave the key out, or set it to {BUILTIN}"
)


@dataclass(frozen=True, slots=True)
class SlaveFindings:
    """What a look at the slave has found.

    :param problems: why a run would not begin
    :param foreign: what shows that something else has written to the backup there; "" for nothing
    """

    problems: tuple[str, ...] = ()
    foreign: str = ""


class RunPreflight:
    """Looks at both volumes and their session.

    :param former: the journals of the master volume, the oldest first
    """

    def __init__(self, tools: RunTools, former: Sequence[Journal]) -> None:
        self._tools = tools
        self._former = former

    def problems(self) -> Sequence[str]:
        """What keeps a run from beginning, as far as it shows without changing anything.

        :raises GlusterError: gluster does not answer, or there is no session
        """
        replication = self._tools.replication
        method = replication.method()
        versions = self._tools.files.rsync_versions()
        scheduler = self._tools.settings.scheduler
        return (
            *([] if scheduler == BUILTIN else [f"[replication] scheduler = {scheduler}: {NO_SCHEDULER}"]),
            *volume_problems(replication.master(), replication.slave(), method),
            *session_problems(replication.session()),
            *(problem for where, text in versions.items() if (problem := rsync_problem(text, where, method))),
            *space_problems([self._tools.files.master_space()], self._tools.settings.min_free_master),
        )

    def foreign_writes(self, slave: str) -> str:
        """What shows that something else has written to the slave since the last backup; "" for nothing.

        :param slave: as journals name it
        """
        return self._touched(self._tools.replication, newest_by_slave(self._former).get(slave_volume(slave)))

    def foreign_writes_elsewhere(self) -> Mapping[str, str]:
        """What shows that something else has written to good backups on other slaves, by the slave."""
        newest = newest_by_slave(self._former)
        found: dict[str, str] = {}
        for slave, replication in self._tools.others.items():
            last = newest.get(slave_volume(slave))
            if last is not None and last.is_consistent:
                with suppress(NoSession):
                    found[slave] = self._touched(replication, last)
        return {slave: foreign for slave, foreign in found.items() if foreign}

    def _touched(self, replication: Replication, last: Journal | None) -> str:
        ended = None if last is None or not last.ended else datetime.fromisoformat(last.ended).timestamp()
        return touched(replication.session(), ended, self._tools.zone)

    def last_good(self, journal: RunJournal) -> str:
        """The run whose backup the slave holds, "" when it holds none that is consistent.

        :param journal: of the run that begins; it says so when the slave was overwritten
        """
        return "" if journal.now.slave_state is SlaveState.TORN else self._good_run(journal.now.slave)

    def keep_problem(self, slave: str, elsewhere: Collection[str]) -> str:
        """Why a run would destroy the only good backup that is left; "" when it would not.

        :param slave: the run's, which nothing else has written to
        :param elsewhere: other slaves whose backups were overwritten
        """
        if not elsewhere or self._tools.settings.method.keep is not Keep.ALTERNATE or not self._good_run(slave):
            return ""
        return (
            f"the slave {slave} has the only good backup that is left, so it is not overwritten; the next run writes "
            f"{', '.join(elsewhere)}"
        )

    def _good_run(self, slave: str) -> str:
        last = newest_by_slave(self._former).get(slave_volume(slave))
        return last.run if last is not None and last.is_consistent else ""

    def pass_with(self, journal: RunJournal) -> None:
        """Bring the sessions to rest, and try the slave.

        :raises PreflightFailed: the run cannot begin
        :raises StillActive: a session could not be seen at rest
        """
        problems = self.problems()
        if problems:
            raise PreflightFailed("; ".join(problems))
        self._note_writes(journal, self.foreign_writes(journal.now.slave))
        elsewhere = self.foreign_writes_elsewhere()
        bring_all_to_rest(self._tools)
        self._note_writes_elsewhere(journal, elsewhere)
        self._tools.files.mount()
        try:
            space = self._tools.files.try_slave(journal.now.run)
            self._note_writes(journal, self._written_layers(journal))
        finally:
            self._tools.files.unmount()
        problems = space_problems([space], self._tools.settings.min_free_master)
        if problems:
            raise PreflightFailed("; ".join(problems))

    def slave_findings(self, slave: str) -> SlaveFindings:
        """What of the slave would keep a run from beginning, without changing anything there.

        :param slave: as journals name it
        :raises GlusterError: it cannot be mounted
        """
        last = self._good_run(slave)
        look = self._tools.files.look_at_slave(last)
        space = space_problems([look.space], self._tools.settings.min_free_master)
        return SlaveFindings((*([look.problem] if look.problem else []), *space), _written_text(last, look.changes))

    def _written_layers(self, journal: RunJournal) -> str:
        """Which layers of the last good backup are not as it was compared; "" for none."""
        last = self.last_good(journal)
        return _written_text(last, self._tools.files.slave_changes(last) if last else ())

    def _note_writes(self, journal: RunJournal, foreign: str) -> None:
        """Call the slave torn when something else has written to it."""
        if foreign:
            journal.set(slave_state=SlaveState.TORN, since=self._tools.stamp())
            journal.alert_and_go_on(overwritten_text(journal.now.slave, foreign))

    def _note_writes_elsewhere(self, journal: RunJournal, found: Mapping[str, str]) -> None:
        """Call other slaves torn.

        :raises PreflightFailed: this run would overwrite the only good backup that is left
        """
        newest = newest_by_slave(self._former)
        for slave, foreign in found.items():
            journal.overwritten(newest[slave_volume(slave)], self._tools.stamp())
            journal.alert_and_go_on(overwritten_text(slave, foreign))
        problem = self.keep_problem(journal.now.slave, found) if self.last_good(journal) else ""
        if problem:
            raise PreflightFailed(problem)


def _written_text(run: str, changed: Sequence[PurePosixPath]) -> str:
    """What is said of layers that have been written since a run compared them; "" for none."""
    return f"written since run {run}: {', '.join(map(str, changed))}" if changed else ""


def overwritten_text(slave: str, foreign: str) -> str:
    """What is said when something else than a run has written to a backup."""
    return f"The backup on the slave {slave} was overwritten: {foreign}"

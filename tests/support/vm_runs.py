"""Runs of backups at a site in memory, whole ones and ones that are killed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timezone

from fiwareglancesync.base.messages import Message
from fiwareglancesync.vms.backup_config import BackupSettings
from fiwareglancesync.vms.backup_journal import Journal, newest_by_slave
from fiwareglancesync.vms.execution.run_ports import RunTools
from fiwareglancesync.vms.execution.volume_backup import VolumeBackup
from fiwareglancesync.vms.planning.generation_plan import volume_to_write
from fiwareglancesync.vms.planning.vm_selection import Choice
from fiwareglancesync.vms.vm_options import Keep, KeepMethod

from .kill_points import Killed, killed_at
from .vm_site import (
    MASTER,
    SLAVES,
    MemoryJournals,
    NoKeeper,
    Site,
    SiteClock,
    SiteFiles,
    SiteMachines,
    SiteReplication,
)

POINTS = (
    (SiteMachines, ("machines", "snapshot", "chain", "merge", "update_store")),
    (SiteReplication, ("set_checkpoint", "start", "stop", "pause", "session")),
    (SiteFiles, ("touch_master", "keep", "mount", "unmount", "try_slave", "check", "strip", "put_back", "send_again")),
    (MemoryJournals, ("write",)),
)
"""Each outside call of a run, and each write of its journal."""

ALTERNATE = KeepMethod(Keep.ALTERNATE)


@dataclass
class Operator:
    """Calls the program at a site.

    :param lines: what it printed
    """

    site: Site
    settings: BackupSettings = field(default_factory=lambda: BackupSettings(method=ALTERNATE, merge_parallel=1))
    journals: MemoryJournals = field(default_factory=MemoryJournals)
    lines: list[Message] = field(default_factory=list)
    engine: SiteMachines | None = None
    timeout: float = 0.0

    def back_up(self, choice: Choice | None = None) -> Journal:
        """One run."""
        return self._backup().back_up(self.next_slave(), choice or Choice())

    def recover(self) -> bool:
        """One recovery."""
        return self._backup().recover()

    def killed(self, number: int, *, recovers: bool = False) -> bool:
        """A run, or a recovery, that is killed at a point; whether it has that many."""
        try:
            with killed_at(number, POINTS):
                self.recover() if recovers else self.back_up()
        except Killed:
            return True
        return False

    def next_slave(self) -> str:
        """The slave that a run writes."""
        if self.settings.method.keep is not Keep.ALTERNATE:
            return SLAVES[0]
        good = {slave: each.run for slave, each in self.newest.items() if each.is_consistent}
        return volume_to_write(*SLAVES, good)

    @property
    def newest(self) -> dict[str, Journal]:
        """The run that has written last to each slave."""
        return newest_by_slave(self.journals.all())

    @property
    def good(self) -> Sequence[Journal]:
        """The runs whose backup a slave holds, and says so."""
        return [each for each in self.newest.values() if each.is_consistent]

    def tools(self, slave: str) -> RunTools:
        """What a run to a slave works with."""
        site = self.site
        others = {name: SiteReplication(site, name) for name in SLAVES if name != slave}
        return RunTools(
            self.engine or SiteMachines(site), SiteReplication(site, slave), SiteFiles(site, slave), NoKeeper(),
            self.settings, self.lines.append, SiteClock(site), timezone.utc, others, timeout=self.timeout,
        )  # fmt: skip

    def _backup(self) -> VolumeBackup:
        site = self.site
        return VolumeBackup(MASTER, self.journals, self.tools, lambda: None, self.lines.append, SiteClock(site))

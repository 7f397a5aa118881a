"""Opens what runs work with, from the settings of a backup (vms 1, 3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from ...base.errors import RegionLocked, UsageError
from ...locks.region_lock import lock
from ..backup_config import BackupSettings
from ..backup_journal import newest_by_slave, slave_volume
from ..engines.domain_xml import VolumePlace
from ..engines.libvirt_machines import LibvirtMachines
from ..engines.machines_port import VirtualMachines
from ..engines.ovirt_machines import OvirtMachines
from ..planning.generation_plan import volume_to_write
from ..replication.generation_keeper import keeper_of
from ..replication.gluster_replication import GlusterReplication
from ..replication.mount_table import find_mounts
from ..replication.replication_port import Replication
from ..slave_address import SlaveAddress, read_slave
from ..vm_errors import VolumeBusy
from ..vm_options import Keep, Verify
from .journal_files import JournalFiles
from .machines_on_demand import MachinesOnDemand
from .mounted_volumes import MountedVolumes, VolumePlaces
from .run_ports import Clock, Emit, RunTools, SystemClock
from .run_reporting import RunReporting
from .volume_backup import VolumeBackup
from .volume_lock import volume_key


@dataclass(frozen=True)
class RunLimits:
    """What the command line says of a run.

    :param interval: seconds between two looks at replication
    :param timeout: seconds that replication may take, 0 for any
    """

    interval: float = 10.0
    timeout: float = 0.0
    verify: Verify = Verify.FULL


class BackupOpening:
    """Opens what the runs of one master volume work with.

    :param volume: the master volume
    """

    def __init__(self, settings: BackupSettings, volume: str, limits: RunLimits, emit: Emit) -> None:
        self.files = JournalFiles(Path(settings.folder), volume)
        self._settings = settings
        self._volume = volume
        self._limits = limits
        self._emit = emit
        self._clock: Clock = SystemClock()
        self._slave_hosts: set[str] = set()
        self._engine = MachinesOnDemand(self._connect, self._clock, emit, has_events=settings.ovirt is not None)
        self.reporting = RunReporting(self.files, self._engine, settings.notify, emit, self._clock)

    def backup(self) -> VolumeBackup:
        """All that can be done with the volume."""
        return VolumeBackup(self._volume, self.files, self.tools, self.reporting.report_all, self._emit, self._clock)

    def tools(self, slave: str) -> RunTools:
        """What a run to a slave works with.

        :param slave: as journals name it
        :raises NotMounted: the master volume is not mounted here
        :raises UsageError: the slave is none
        """
        address = address_of(slave)
        self._slave_hosts.add(address.host)
        replication = GlusterReplication(self._volume, address)
        places = VolumePlaces(self._volume, address, self._mounts(), self.files.volume_folder, self._settings.ssh)
        return RunTools(
            self._engine, replication, MountedVolumes(replication, places, self._clock),
            keeper_of(self._settings, address), self._settings, self._emit, self._clock,
            None, self._others(address), self._limits.interval,
            self._limits.timeout, self._limits.verify,
        )  # fmt: skip

    def slave_to_write(self, named: SlaveAddress) -> SlaveAddress:
        """The slave that the next run writes: with the method ``alternate``, the one without the newest good backup.

        :param named: on the command line
        :raises JournalUnreadable: it is not known which one that is
        :raises UsageError: both volumes are the same one
        """
        if self._settings.method.keep is not Keep.ALTERNATE:
            return named
        if named.volume == self._settings.alternate:
            raise UsageError(
                f"[generations] alternate = {named.volume}: this is the slave volume of the command line, too; "
                "expected a second volume, which keeps the older backup"
            )
        newest = newest_by_slave(self.files.all())
        slaves = {name: SlaveAddress(named.host, name, named.user) for name in (named.volume, self._settings.alternate)}
        good = {
            name: found.run
            for name, address in slaves.items()
            if (found := newest.get(slave_volume(str(address)))) is not None and found.is_consistent
        }
        return slaves[volume_to_write(named.volume, self._settings.alternate, good)]

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Work on the volume alone; the kernel ends the lock when this process ends.

        :raises VolumeBusy: another process works on it
        """
        try:
            with lock((volume_key(self._volume),), self._volume_run()):
                yield
        except RegionLocked as error:
            raise VolumeBusy(f"another run works on the volume {self._volume}: {error.process}") from error

    def demand_free(self) -> None:
        """See that no other process works on the volume at this moment, and keep none from it.

        :raises VolumeBusy: one does
        """
        with self.locked():
            pass

    def _volume_run(self) -> str:
        """What identifies this process in the file of the lock: never that of another one."""
        return f"{self._volume}-{self._clock.now().isoformat()}"

    def _connect(self) -> VirtualMachines:
        if self._settings.ovirt is not None:
            return OvirtMachines(self._settings.ovirt, self._settings.wait_timeout, self._slave_hosts)
        mounts = tuple(map(PurePosixPath, self._mounts()))
        place = VolumePlace(self._volume, mounts)
        return LibvirtMachines(self._settings.libvirt, place, self._settings.wait_timeout)

    def _mounts(self) -> tuple[Path, ...]:
        return tuple(find_mounts(self._volume, Path(self._settings.folder).resolve(), self._slave_hosts))

    def _others(self, address: SlaveAddress) -> Mapping[str, Replication]:
        """The sessions to other slaves, of former runs and of the next one, which must be at rest too."""
        known = {each.slave for each in self.files.all()}
        if self._settings.method.keep is Keep.ALTERNATE:
            known.add(str(replace(address, volume=self._settings.alternate)))
        slaves = {each for each in known if slave_volume(each) != slave_volume(str(address))}
        return {slave: GlusterReplication(self._volume, address_of(slave)) for slave in sorted(slaves)}


def address_of(slave: str) -> SlaveAddress:
    """The slave that a journal names.

    :raises UsageError: it is none
    """
    host, _, volume = slave.rpartition("::")
    return read_slave(host, volume)

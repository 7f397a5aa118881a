"""The files of both volumes through mounts of this machine (vms 2)."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..backup_journal import JournalDisk, JournalMachine, KeptFile, slave_volume
from ..engines.machines_port import StoreLayer
from ..layers.check_records import CheckRecords
from ..layers.domain_files import keep_files, read_meta
from ..layers.layer_check import LayerCheck, MachineCheck, slave_changes
from ..layers.slave_files import MountedFiles, VolumeFiles
from ..layers.slave_over_ssh import slave_over_ssh
from ..layers.slave_strip import put_back, strip_machine
from ..layers.volume_probe import probe_writing, space_of, writing_problem
from ..planning.overlay_names import ENDINGS
from ..planning.preflight_checks import Space
from ..replication.replication_port import Replication
from ..slave_address import SlaveAddress
from ..vm_errors import VolumeFilesError
from ..vm_options import Verify
from .journal_files import KEPT_FILES
from .run_ports import Clock, SlaveLook

TRIGGER = "glusterfs.geo-rep.trigger-sync"
"""An attribute that has geo-replication send a file again."""

VERSION_SECONDS = 30.0


@dataclass(frozen=True)
class VolumePlaces:
    """Where a run finds both volumes.

    :param master: the master volume's name
    :param slave: where it is replicated to
    :param mounts: where the engine's hosts have the master volume mounted, one at least
    :param folder: of the state of this master volume
    :param ssh: where hashes of the slave's files are computed, "" for here
    """

    master: str
    slave: SlaveAddress
    mounts: tuple[Path, ...]
    folder: Path
    ssh: str = ""

    @property
    def mount(self) -> Path:
        """The mount through which the program reads and writes."""
        return self.mounts[0]


class MountedVolumes:
    """Both volumes, mounted below the folder of the state while they are needed."""

    def __init__(self, replication: Replication, places: VolumePlaces, clock: Clock) -> None:
        self._replication = replication
        self._places = places
        self._clock = clock
        self._master = places.folder / "mounts" / "master"
        self._slave = places.folder / "mounts" / "slave"
        self._slave_to_read = places.folder / "mounts" / "slave-to-read"

    def touch_master(self) -> None:
        """Write to the root of the master volume."""
        try:
            os.utime(self._places.mount)
        except OSError as error:
            raise VolumeFilesError(f"the volume {self._places.master} cannot be written: {error.strerror}") from error

    def master_space(self) -> Space:
        """The room on the master volume."""
        return space_of(self._places.mount, f"the master volume {self._places.master}")

    def layer_bytes(self, disk: JournalDisk) -> int:
        """The bytes that the layer below an overlay takes on the master volume."""
        try:
            return os.stat(self._image_folder(disk) / disk.frozen).st_blocks * 512
        except OSError:
            return 0

    def rsync_versions(self) -> Mapping[str, str]:
        """What rsync says of its version at both ends; the slave's is known only with ssh."""
        found = {"the master": _output("rsync", "--version")}
        if self._places.ssh:
            found[self._places.ssh] = _output("ssh", "-o", "BatchMode=yes", "--", self._places.ssh, "rsync --version")
        return found

    def meta(self, domain: str, disk: str, layer: str) -> str:
        """The metadata of a layer on the master volume."""
        return read_meta(self._places.mount, domain, disk, layer)

    def keep(self, run: str, domain: str, layers: Sequence[StoreLayer]) -> tuple[KeptFile, ...]:
        """Keep files of the storage domain as they are before the snapshots."""
        return keep_files(self._places.mount, self._kept(run), domain, layers)

    def send_again(self, disk: JournalDisk) -> None:
        """Have geo-replication send an overlay again."""
        for ending in ENDINGS:
            file = self._image_folder(disk) / (disk.overlay + ending)
            try:
                if file.is_file():
                    os.setxattr(file, TRIGGER, b"1")
            except OSError as error:
                raise VolumeFilesError(f"{file} cannot be marked to be sent again: {error.strerror}") from error

    def mount(self) -> None:
        """Mount both volumes."""
        self.unmount()
        try:
            for folder in self._mounts():
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise VolumeFilesError(f"{error.filename} cannot be made: {error.strerror}") from error
        self._replication.mount_master(str(self._master))
        self._replication.mount_slave(str(self._slave))
        self._replication.mount_slave_for_reading(str(self._slave_to_read))

    def unmount(self) -> None:
        """Unmount both."""
        for folder in self._mounts():
            self._replication.unmount(str(folder))

    def try_slave(self, run: str) -> Space:
        """Make a file on the mounted slave and remove it; the room there."""
        problem = probe_writing(self._slave, run)
        if problem:
            raise VolumeFilesError(f"the slave volume {self._places.slave.volume}: {problem}")
        return space_of(self._slave, f"the slave volume {self._places.slave.volume}")

    def look_at_slave(self, run: str) -> SlaveLook:
        """What shows on the slave without changing it."""
        name = self._places.slave.volume
        # Never removed with what is in it: that would be the slave's files if it could not be unmounted.
        folder = Path(tempfile.mkdtemp(prefix="glancesync-vms-"))
        to_write, to_read = folder / "slave", folder / "slave-to-read"
        with ExitStack() as stack:
            stack.callback(_remove_empty, folder)
            for each in (to_write, to_read):
                each.mkdir()
                stack.callback(_remove_empty, each)
                stack.callback(self._replication.unmount, str(each))
            self._replication.mount_slave(str(to_write))
            self._replication.mount_slave_for_reading(str(to_read))
            space = space_of(to_write, f"the slave volume {name}")
            problem = writing_problem(to_write)
            changes = slave_changes(self._records(run), MountedFiles(to_read), run) if run else ()
        return SlaveLook(space, problem and f"the slave volume {name}: {problem}", changes)

    def check(self, machine: JournalMachine, run: str, verify: Verify) -> MachineCheck:
        """Compare the layers below the overlays of a virtual machine on both mounts."""
        places, records = self._places, self._records(run)
        with ExitStack() as stack:
            slave: VolumeFiles = MountedFiles(self._slave_to_read)
            if places.ssh:
                slave = stack.enter_context(slave_over_ssh(places.ssh, places.slave))
            master = self._replication.master()
            check = LayerCheck(
                self._master, slave, records, verify, master.shard_bytes, run,
                tuple(map(PurePosixPath, places.mounts)),
                master.keeps_times,
            )  # fmt: skip
            found = check.check(machine)
        records.save()
        return found

    def slave_changes(self, run: str) -> Sequence[PurePosixPath]:
        """Which layers of the mounted slave have been written since a run compared them."""
        return slave_changes(self._records(run), MountedFiles(self._slave_to_read), run)

    def _records(self, run: str) -> CheckRecords:
        now = self._clock.now().isoformat(timespec="seconds")
        return CheckRecords(self._places.folder, slave_volume(str(self._places.slave)), now, run)

    def strip(self, machine: JournalMachine, chains: Mapping[str, Collection[str]]) -> None:
        """Remove the overlays of a virtual machine from the mounted slave."""
        strip_machine(self._slave, machine, chains)

    def put_back(self, run: str, kept: Sequence[KeptFile]) -> None:
        """Write files to the mounted slave as they were kept."""
        put_back(self._slave, self._kept(run), kept)

    def _mounts(self) -> tuple[Path, ...]:
        return (self._master, self._slave, self._slave_to_read)

    def _kept(self, run: str) -> Path:
        return self._places.folder / KEPT_FILES / run

    def _image_folder(self, disk: JournalDisk) -> Path:
        return self._places.mount / disk.domain / "images" / disk.id


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def _output(*words: str) -> str:
    """What a program prints; "" when it cannot be called."""
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL,
            timeout=VERSION_SECONDS, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout

"""Compares the layers below the overlays of a virtual machine with the slave (vms 2.5)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ...base.errors import system_error
from ...base.waiting import awaited
from ..backup_journal import JournalMachine
from ..vm_errors import ChainUnreadable
from ..vm_options import Verify
from .check_records import CheckRecords
from .layer_chain import IMAGES, Layer, read_chain
from .sample_places import sample_places
from .slave_files import Content, MountedFiles, VolumeFiles, Wanted
from .volume_files import SAMPLE, open_file


@dataclass(frozen=True, slots=True)
class Difference:
    """A layer that is not the same at the slave, or cannot be read.

    :param path: relative to the volume
    """

    path: PurePosixPath
    reason: str

    @property
    def text(self) -> str:
        """A line for reports."""
        return f"{self.path}: {self.reason}"


@dataclass(frozen=True, slots=True)
class MachineCheck:
    """What came of the comparison of a virtual machine. With a difference nothing of it is removed from the slave.

    :param chains: the layers below the overlay by the id of the disk
    :param skipped: how many layers were not read: they have not changed since they were compared whole
    :param bytes: compared at the master
    """

    chains: Mapping[str, tuple[Layer, ...]]
    differences: tuple[Difference, ...] = ()
    skipped: int = 0
    bytes: int = 0

    @property
    def is_same(self) -> bool:
        """Whether the whole chain below each overlay is the same at the slave."""
        return not self.differences

    @property
    def layer_ids(self) -> Mapping[str, frozenset[str]]:
        """The ids of the layers below the overlay by the id of the disk, for ``strip_machine``."""
        return {disk: frozenset(layer.id for layer in chain) for disk, chain in self.chains.items()}


@dataclass(frozen=True, slots=True)
class LayerCheck:
    """How the layers of a run are compared.

    :param master: where the master volume is mounted
    :param slave: the files of the slave volume
    :param records: of earlier comparisons; what is compared whole is added, and the caller saves them
    :param verify: whole, or samples
    :param shard_bytes: size of a shard, 0 for a volume without shards
    :param run: id of the run, which decides where samples are taken
    :param engine_mounts: as in ``read_chain``
    :param keeps_times: whether the times of a file say that it has not changed (``Volume.keeps_times``)
    """

    master: Path
    slave: VolumeFiles
    records: CheckRecords
    verify: Verify
    shard_bytes: int
    run: str
    engine_mounts: tuple[PurePosixPath, ...] = ()
    keeps_times: bool = True

    def check(self, machine: JournalMachine) -> MachineCheck:
        """Compare the whole chain below each overlay of a virtual machine; every error is a difference."""
        chains: dict[str, tuple[Layer, ...]] = {}
        differences: list[Difference] = []
        for disk in machine.disks:
            try:
                chains[disk.id] = read_chain(self.master, disk, self.engine_mounts)
            except ChainUnreadable as error:
                differences.append(Difference(PurePosixPath(disk.domain, IMAGES, disk.id), str(error)))
        paths = sorted({layer.path for chain in chains.values() for layer in chain})
        changed = self._changed(paths)
        wanted: list[Wanted] = []
        for path in changed:
            try:
                wanted.append(Wanted(path, self._places(path)))
            except (OSError, ValueError) as error:
                differences.append(Difference(path, f"it cannot be read on the master: {_reason(error)}"))
        found, read = self._compare(wanted)
        return MachineCheck(chains, (*differences, *found), len(paths) - len(changed), read)

    def _changed(self, paths: Sequence[PurePosixPath]) -> list[PurePosixPath]:
        """Which layers have to be read."""
        wanted = [Wanted(path, is_read=False) for path in paths]
        master, slave = MountedFiles(self.master).contents(wanted), self.slave.contents(wanted)
        return [
            path
            for path, here, there in zip(paths, master, slave, strict=True)
            if not self.keeps_times or not self.records.is_unchanged(path, here.identity, there.identity)
        ]

    def _places(self, path: PurePosixPath) -> tuple[int, ...] | None:
        """Where the samples of a layer begin; None when it is compared whole."""
        if self.verify is Verify.FULL:
            return None
        file = open_file(str(self.master), path.parts)
        try:
            return sample_places(file, self.shard_bytes, f"{self.run} {path}")
        finally:
            os.close(file)

    def _compare(self, wanted: Sequence[Wanted]) -> tuple[list[Difference], int]:
        """Compare layers; both sides are read at the same time.

        :returns: the differences, and how many bytes were read on the master
        """
        with ThreadPoolExecutor(1, thread_name_prefix="slave") as thread:
            reading = thread.submit(self.slave.contents, wanted)
            try:
                master = MountedFiles(self.master).contents(wanted)
                slave = awaited(reading)
            except BaseException:
                self.slave.stop()
                raise
        differences: list[Difference] = []
        for each, here, there in zip(wanted, master, slave, strict=True):
            reason = difference(here, there)
            if reason:
                self.records.remove(each.path)
                differences.append(Difference(each.path, reason))
            else:
                self.records.add(each.path, here.identity, there.identity, whole=each.offsets is None)
        return differences, sum(_bytes_read(each, here) for each, here in zip(wanted, master, strict=True))


def slave_changes(records: CheckRecords, slave: VolumeFiles, run: str) -> tuple[PurePosixPath, ...]:
    """Which layers of the slave have been written since a run compared them, or are gone.

    Gluster does not report what a session at rest has copied, but geo-replication sets the time of modification of each
    file that it writes.

    :param run: id of the run whose backup the slave holds
    """
    identities = records.of_run(run)
    found = slave.contents([Wanted(path, is_read=False) for path in identities])
    now = {path: _modified(each.identity) for path, each in zip(identities, found, strict=True)}
    return tuple(path for path in identities if now[path] != _modified(identities[path]))


def _modified(identity: str) -> str:
    """An identity without the time of change, which is another one on each brick of some volumes."""
    return identity.rpartition(" ")[0]


def difference(master: Content, slave: Content) -> str:
    """In what a file of the slave is not the master's; "" when it is the same."""
    if master.problem:
        return f"it cannot be read on the master: {master.problem}"
    if slave.problem:
        return f"it cannot be read on the slave: {slave.problem}"
    if master.size != slave.size:
        return f"it has {master.size} bytes on the master, and {slave.size} on the slave"
    return "" if master.digest and master.digest == slave.digest else "its content is not the same on the slave"


def _bytes_read(wanted: Wanted, content: Content) -> int:
    return content.size if wanted.offsets is None else len(wanted.offsets) * SAMPLE


def _reason(error: Exception) -> str:
    return system_error(error) if isinstance(error, OSError) else str(error)

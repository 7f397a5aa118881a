"""What a run works with: the engine, geo-replication, the files of both volumes, the clock (vms 3)."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone, tzinfo
from pathlib import PurePosixPath
from typing import Protocol

from ...base.messages import Message
from ..backup_config import BackupSettings
from ..backup_journal import JournalDisk, JournalMachine, KeptFile
from ..engines.machines_port import StoreLayer, VirtualMachines
from ..layers.layer_check import MachineCheck
from ..planning.preflight_checks import Space
from ..replication.generation_keeper import Keeper
from ..replication.replication_port import Replication
from ..vm_options import Verify

Emit = Callable[[Message], None]
"""Takes what the user reads of a run."""


class Clock(Protocol):
    """The time, and waiting."""

    def now(self) -> datetime:
        """The present moment, aware."""

    def seconds(self) -> float:
        """Seconds of a clock that never goes back."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """The present moment, in UTC."""
        return datetime.now(timezone.utc)

    def seconds(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class SlaveLook:
    """What shows on a slave volume without changing it.

    :param space: its room
    :param problem: why files cannot be made there, as far as that shows; "" for nothing
    :param changes: layers that have been written since they were compared, or are gone
    """

    space: Space
    problem: str = ""
    changes: tuple[PurePosixPath, ...] = ()


class RunFiles(Protocol):
    """The files of both volumes. Every call raises ``GlanceSyncError`` when a volume does not answer."""

    def touch_master(self) -> None:
        """Write to the root of the master volume: an idle volume never completes a checkpoint."""

    def master_space(self) -> Space:
        """The room on the master volume."""

    def layer_bytes(self, disk: JournalDisk) -> int:
        """The bytes that the layer below an overlay takes on the master volume; 0 when it is not there."""

    def rsync_versions(self) -> Mapping[str, str]:
        """What ``rsync --version`` prints at both ends, as far as that is known, by the name of the end."""

    def meta(self, domain: str, disk: str, layer: str) -> str:
        """The metadata of a layer on the master volume, "" where there are none."""

    def keep(self, run: str, domain: str, layers: Sequence[StoreLayer]) -> tuple[KeptFile, ...]:
        """Keep files of the storage domain as they are before the snapshots.

        :param run: id
        :param domain: id of the storage domain
        """

    def send_again(self, disk: JournalDisk) -> None:
        """Have geo-replication send an overlay again, for it does not notice that files were removed at the slave."""

    def mount(self) -> None:
        """Mount both volumes for this run; what an earlier process has mounted there is unmounted first."""

    def unmount(self) -> None:
        """Unmount both; without mounts nothing happens."""

    def try_slave(self, run: str) -> Space:
        """Make a file on the mounted slave and remove it; the room there.

        :param run: id
        """

    def look_at_slave(self, run: str) -> SlaveLook:
        """What shows on the slave without changing it. It is mounted elsewhere than for a run, and unmounted again.

        :param run: id of the run whose backup the slave holds, "" when it holds none
        """

    def slave_changes(self, run: str) -> Sequence[PurePosixPath]:
        """Which layers of the mounted slave have been written since a run compared them, or are gone.

        :param run: id of the run whose backup the slave holds
        """

    def check(self, machine: JournalMachine, run: str, verify: Verify) -> MachineCheck:
        """Compare the layers below the overlays of a virtual machine on both mounts; no error but a difference."""

    def strip(self, machine: JournalMachine, chains: Mapping[str, Collection[str]]) -> None:
        """Remove the overlays of a virtual machine from the mounted slave, by their exact names.

        :param chains: ids of the layers below the overlay, by the id of the disk
        :raises StripRefused: something there is not what the run has made
        """

    def put_back(self, run: str, kept: Sequence[KeptFile]) -> None:
        """Write files to the mounted slave as ``keep`` has kept them."""


@dataclass(frozen=True)
class RunTools:
    """What a run works with.

    :param others: sessions of the master volume to other slaves of ours, by the slaves as journals name them
    :param interval: seconds between two looks at replication
    :param timeout: seconds that replication may take, 0 for any
    :param zone: of the node's local time, in which gluster shows times; None for that of this machine, which knows
        when the clocks change
    """

    engine: VirtualMachines
    replication: Replication
    files: RunFiles
    keeper: Keeper
    settings: BackupSettings
    emit: Emit
    clock: Clock
    zone: tzinfo | None
    others: Mapping[str, Replication] = field(default_factory=dict)
    interval: float = 10.0
    timeout: float = 0.0
    verify: Verify = Verify.FULL

    def stamp(self) -> str:
        """The present moment, ISO 8601."""
        return self.clock.now().isoformat(timespec="seconds")

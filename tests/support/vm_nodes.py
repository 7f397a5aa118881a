"""The two nodes of the development cloud, on which backups of the guests are made as a user makes them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from devcloud_lib.gluster import counter_program, gluster_world, node_commands
from devcloud_lib.gluster.gluster_world import MASTER, NODES, SLAVE, GlusterWorld, Node
from devcloud_lib.gluster.guest_seed import GUESTS, Guest, disk_file, seed_guests, virsh
from devcloud_lib.waiting import wait_for

from fiwareglancesync.vms.backup_journal import Journal
from fiwareglancesync.vms.execution.journal_files import JournalFiles

from .cloud import missing, running_cloud
from .server import ROOT

RUN_SECONDS = 900.0
BOOT_SECONDS = 300.0
COUNT_SECONDS = 120.0
BEGINS = "Replication begins"
SETTINGS: Mapping[str, Mapping[str, str]] = {
    "libvirt": {"uri": "qemu:///system"},
    # A session that is started reads everything that has changed; one that is resumed may first copy nothing here.
    "replication": {"end": "stop", "stall": "180"},
}


def running_gluster(root: Path) -> GlusterWorld:
    """The gluster of the development cloud; a test without it is skipped, or in CI has failed.

    :param root: the checkout
    """
    folder = running_cloud(root).parent
    if not gluster_world.exists(folder) or not all(map(gluster_world.load(folder).is_running, NODES)):
        missing("the development cloud has no gluster; start it with: scripts/devcloud up --with gluster")
    return gluster_world.load(folder)


def children_in_node(process: subprocess.Popen[str]) -> list[int]:
    """The pid of what runs in a node; none before it has begun.

    :param process: of ``nsenter``, whose only child it is
    """
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()
    return [int(child) for child in children]


@dataclass
class VmNodes:
    """Two nodes with running guests, and a folder for the state of the program.

    :param folder: an empty one
    :param volume: the master volume that is backed up
    :param slave: the slave volume that the command names
    :param settings: of the file of the backup, by section, which come to ``SETTINGS``
    """

    world: GlusterWorld
    folder: Path
    volume: str = "sharded"
    slave: str = "sharded-copy"
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        seed_guests(self.world.folder.parent, print, self.volume)

    @property
    def guests(self) -> list[Guest]:
        """Those whose disks are in the volume."""
        return [guest for guest in GUESTS if guest.volume == self.volume]

    def start(self, *words: str, point: str = "", sent: str = "KILL") -> subprocess.Popen[str]:
        """Call ``glancesync vms`` on the master.

        :param point: where the process gets a signal, "" for nowhere
        :param sent: the signal, ``KILL``, ``TERM`` or ``STOP``
        """
        config = self.folder / "backup.cfg"
        config.write_text(self._file(), encoding="utf-8")
        script = [ROOT / "tests" / "support" / "killed_vms.py", sent, point or "never"]
        command = [sys.executable, *script, "vms", *words, "-c", config]
        # Locks are in the temporary folder, which the nodes of all clouds of this machine have in common.
        environment = node_commands.environment(self.world, MASTER) | {"TMPDIR": str(self.folder)}
        return subprocess.Popen(
            node_commands.entered(self.world, MASTER, command), env=environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def call(self, *words: str, point: str = "", sent: str = "KILL") -> tuple[int, str]:
        """The exit code of a call, and what it printed."""
        process = self.start(*words, point=point, sent=sent)
        printed, _ = process.communicate(timeout=RUN_SECONDS)
        return process.returncode, printed

    def backup_words(self, *words: str) -> Sequence[str]:
        """The words of a backup."""
        return ("backup", self.volume, SLAVE.host, self.slave, "-i", "1", *words)

    def back_up(self, *words: str, point: str = "", sent: str = "KILL") -> tuple[int, str]:
        """The exit code of a backup, and what it printed."""
        return self.call(*self.backup_words(*words), point=point, sent=sent)

    def back_up_watched(self, *words: str, point: str = "", sent: str = "KILL") -> tuple[int, str, dict[str, bytes]]:
        """The exit code of a backup, what it printed, and by guest what the snapshots hold.

        They are read when replication begins, which takes seconds, and cannot change before the merge.
        """
        process = self.start(*self.backup_words(*words), point=point, sent=sent)
        assert process.stdout is not None
        printed, held = [], {}
        for line in process.stdout:
            printed.append(line)
            if BEGINS in line:
                held = self.all_frozen()
        return process.wait(), "".join(printed), held

    def journals(self) -> list[Journal]:
        """Of all runs, the oldest first."""
        return list(JournalFiles(self.folder / "state", self.volume).all())

    def chain(self, guest: Guest) -> list[str]:
        """The names of a guest's layers, the one that it writes to first."""
        shown = node_commands.run(
            self.world, MASTER, "qemu-img", "info", "-U", "--backing-chain", "--output=json", self.written(guest)
        )
        return [Path(layer["filename"]).name for layer in json.loads(shown)]

    def written(self, guest: Guest) -> Path:
        """The file that a guest writes to."""
        listed = virsh(self.world, "domblklist", guest.name)
        [path] = [word for word in listed.split() if word.startswith("/")]
        return Path(path)

    def counter_of(self, guest: Guest) -> int:
        """What a guest has counted to by now."""
        return counter_program.counter(self.content(MASTER, self.written(guest)))

    def counts(self, guest: Guest) -> bool:
        """Whether a guest goes on counting."""
        before = self.counter_of(guest)
        return bool(wait_for(lambda: self.counter_of(guest) > before, COUNT_SECONDS))

    def frozen(self, guest: Guest) -> bytes:
        """What the first layer of a guest's disk holds on the master."""
        return self.content(MASTER, disk_file(self.world, guest))

    def all_frozen(self) -> dict[str, bytes]:
        """What the first layers hold, by guest."""
        return {guest.name: self.frozen(guest) for guest in self.guests}

    def restored(self, guest: Guest, slave: str = "") -> bytes:
        """What the backup of a guest's disk holds.

        :param slave: the volume, "" for the one that the command names
        """
        return self.content(SLAVE, self.backup_file(guest, slave))

    def all_restored(self, slave: str = "") -> dict[str, bytes]:
        """What the backups hold, by guest."""
        return {guest.name: self.restored(guest, slave) for guest in self.guests}

    def backup_file(self, guest: Guest, slave: str = "") -> Path:
        """The backup of a guest's disk, as the slave sees it."""
        return self.world.mount(SLAVE, slave or self.slave) / guest.folder / guest.layer

    def names_on_slave(self, guest: Guest, slave: str = "") -> set[str]:
        """The names in the folder of a guest's disk on the slave."""
        return set(node_commands.run(self.world, SLAVE, "ls", self.backup_file(guest, slave).parent).split())

    def counts_after_boot(self, guest: Guest, slave: str = "") -> bool:
        """Whether a guest that is started from a copy of its backup goes on counting from what that holds."""
        copy = self.world.home(SLAVE) / "restored.qcow2"
        node_commands.run(
            self.world, SLAVE, "qemu-img", "convert", "-O", "qcow2", self.backup_file(guest, slave), copy
        )
        return self.boots(copy)

    def boots(self, disk: Path) -> bool:
        """Whether a guest that is started on the slave from a disk goes on counting from what that holds."""
        before = counter_program.counter(self.content(SLAVE, disk))
        machine = ["qemu-system-x86_64", "-m", "32", "-display", "none", "-drive", f"file={disk},if=virtio"]
        process = subprocess.Popen(
            node_commands.entered(self.world, SLAVE, machine),
            env=node_commands.environment(self.world, SLAVE), stdin=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        try:
            return bool(
                wait_for(lambda: counter_program.counter(self.content(SLAVE, disk)) > before, BOOT_SECONDS)
            )
        finally:
            for pid in children_in_node(process):
                os.kill(pid, signal.SIGKILL)
            process.wait()

    def content(self, node: Node, file: Path) -> bytes:
        """The first bytes of a disk, as its guest sees them."""
        raw = self.world.home(node) / "disk.raw"
        node_commands.run(self.world, node, "qemu-img", "convert", "-U", "-O", "raw", file, raw)
        with raw.open("rb") as opened:
            return opened.read(counter_program.READ_BYTES)

    def _file(self) -> str:
        sections = {**SETTINGS, "state": {"folder": str(self.folder / "state")}}
        lines: list[str] = []
        for name in {**sections, **self.settings}:
            keys = {**sections.get(name, {}), **self.settings.get(name, {})}
            lines += [f"[{name}]", *(f"{key} = {value}" for key, value in keys.items())]
        return "\n".join(lines) + "\n"

"""Makes the guests: virtual machines without an operating system, whose disks lie in the volumes as oVirt's do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from workbench.progress import Say, progress

from devcloud_lib.errors import CloudError
from devcloud_lib.gluster.counter_program import boot_sector
from devcloud_lib.gluster.gluster_world import MASTER, NODES, GlusterWorld, exists, load
from devcloud_lib.gluster.node_commands import run, succeeds

LIBVIRT = "qemu:///system"
SIZE = "64M"


@dataclass(frozen=True)
class Guest:
    """A virtual machine.

    :param volume: of gluster, that its disk is in
    :param id: UUID
    :param image: UUID of its disk, the name of the disk's folder
    :param layer: UUID of the disk's first layer, a file
    """

    name: str
    volume: str
    id: str
    image: str
    layer: str

    @property
    def folder(self) -> Path:
        """The folder of the disk, relative to the volume."""
        return Path(DOMAINS[self.volume], "images", self.image)


DOMAINS = {
    "plain": "0d0c1d52-7a57-4c1f-9a31-4b7be2f0a001",
    "sharded": "0d0c1d52-7a57-4c1f-9a31-4b7be2f0a002",
}
"""The storage domain of each volume: the folder that has everything of it."""


def _guest(number: int, name: str, volume: str) -> Guest:
    return Guest(
        name,
        volume,
        f"1a000000-0000-4000-8000-{number:012}",
        f"2b000000-0000-4000-8000-{number:012}",
        f"3c000000-0000-4000-8000-{number:012}",
    )


GUESTS = (
    _guest(1, "web", "sharded"),
    _guest(2, "db", "sharded"),
    _guest(3, "mail", "sharded"),
    _guest(4, "plain-web", "plain"),
)

DOMAIN = """\
<domain type='qemu'>
  <name>{name}</name><uuid>{id}</uuid><memory unit='MiB'>32</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type><boot dev='hd'/></os>
  <devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' cache='none' error_policy='stop'/>
      <source file='{file}'/><target dev='vda' bus='virtio'/>
    </disk>
    <serial type='null'/><memballoon model='none'/>
  </devices>
</domain>
"""

META = """\
CAP=67108864
DISKTYPE=DATA
DOMAIN={domain}
FORMAT=COW
IMAGE={image}
LEGALITY=LEGAL
PUUID=00000000-0000-0000-0000-000000000000
TYPE=SPARSE
VOLTYPE=LEAF
EOF
"""


def seed_guests(folder: Path, say: Say, volume: str = "") -> None:
    """Make the guests that are missing, and start those that do not run.

    :param folder: of the development cloud
    :param volume: of gluster, whose guests are meant, "" for all
    :raises CloudError: there is no gluster, or it does not run
    """
    if not exists(folder) or not all(map(load(folder).is_running, NODES)):
        raise CloudError("gluster does not run; start it with: scripts/devcloud up --with gluster")
    world = load(folder)
    with progress("Making the guests", say):
        defined = set(virsh(world, "list", "--all", "--name").split())
        running = set(virsh(world, "list", "--name").split())
        for guest in (each for each in GUESTS if volume in ("", each.volume)):
            if guest.name not in defined:
                _make(world, guest)
            if guest.name not in running:
                virsh(world, "start", guest.name)


def virsh(world: GlusterWorld, *words: object) -> str:
    """Call virsh in the master.

    :raises CloudError: it failed
    """
    return run(world, MASTER, "virsh", "-q", "-c", LIBVIRT, *words)


def disk_file(world: GlusterWorld, guest: Guest) -> Path:
    """The first layer of a guest's disk, as the master sees it."""
    return world.mount(MASTER, guest.volume) / guest.folder / guest.layer


def _make(world: GlusterWorld, guest: Guest) -> None:
    file = disk_file(world, guest)
    work = world.home(MASTER) / "guests"
    work.mkdir(exist_ok=True)
    sector, meta, domain = (work / f"{guest.name}.{ending}" for ending in ("boot", "meta", "xml"))
    sector.write_bytes(boot_sector())
    meta.write_text(META.format(domain=DOMAINS[guest.volume], image=guest.image), encoding="ascii")
    domain.write_text(DOMAIN.format(name=guest.name, id=guest.id, file=file), encoding="ascii")
    if not succeeds(world, MASTER, "test", "-e", f"{file}.meta"):
        run(world, MASTER, "mkdir", "-p", file.parent)
        run(world, MASTER, "qemu-img", "create", "-q", "-f", "qcow2", file, SIZE)
        run(world, MASTER, "qemu-io", "-f", "qcow2", "-c", f"write -q -s {sector} 0 512", file)
        run(world, MASTER, "touch", f"{file}.lease")
        run(world, MASTER, "cp", meta, f"{file}.meta")
    virsh(world, "define", domain)

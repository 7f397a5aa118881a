"""The files of a node: its first process, its accounts, and the configuration of its servers."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from workbench import debian

from devcloud_lib.errors import CloudError
from devcloud_lib.gluster.gluster_world import MASTER, NODES, SLAVE, SSH_PORT, GlusterWorld, Node
from devcloud_lib.state import write_private

PROGRAMS = "/usr/sbin:/usr/bin:/sbin:/bin"
HIDDEN = ("/var/lib", "/var/log", "/var/cache")
"""Folders of the machine in whose place a node has its own: gluster and libvirt of the machine are not seen."""

GLUSTER_FOLDER = Path("/var/lib/glusterd")
BROKEN_RSYNC = "3.5.0"
"""Under geo-replication this version copies nothing, and reports success."""

GOOD_RSYNC = "rsync=3.2.7-1+deb12u6"

INIT = """\
#!/bin/bash
# The first process of the node {host}: when it ends, the kernel ends everything in the node.
set -e
hostname {host}
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/sshd /run/gluster /run/lock /run/libvirt
for each in lib log cache; do mount --bind {home}/var/$each /var/$each; done
for each in passwd group hosts; do mount --bind {home}/etc/$each /etc/$each; done
mount --bind {home}/etc/libvirt /etc/libvirt
{rsync}ip link set lo up
# Its own address stays when the other node is switched off, and their link with it.
ip addr add {address}/32 dev lo
touch {home}/ready
trap : CHLD
while :; do sleep 3600 & wait; done
"""

SSHD = """\
Port {port}
ListenAddress {address}
HostKey {home}/hostkey
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
UseDNS no
StrictModes no
PidFile /run/sshd.pid
MaxStartups 100
MaxSessions 100
Subsystem sftp /usr/lib/openssh/sftp-server
"""

SSH = """\
Host {host} {address}
Port {port}
StrictHostKeyChecking no
UserKnownHostsFile {home}/root/.ssh/known_hosts
LogLevel ERROR
"""

LIBVIRTD = """\
listen_tls=0
listen_tcp=0
auth_unix_rw="none"
log_outputs="3:file:/var/log/libvirt/libvirtd.log"
"""

QEMU = """\
user="root"
group="root"
dynamic_ownership=0
remember_owner=0
security_driver="none"
cgroup_controllers=[]
namespaces=[]
stdio_handler="file"
"""

ENTER = ("-m", "-n", "-u", "-p", "-i", "-r", "-W", "/")
"""Options of nsenter. The root folder of a node is that of this process, which may be below the machine's."""

ON = """\
#!/bin/bash
# on m|s COMMAND: run a command in a node
case $1 in {cases} *) echo "usage: on m|s COMMAND" >&2; exit 2;; esac
shift
pid=$(cat /proc/$unshare/task/$unshare/children 2>/dev/null) || {{ echo "the node is down" >&2; exit 1; }}
exec env HOME="$home" PATH={programs} LC_ALL=C.UTF-8 nsenter -t ${{pid%% *}} {enter} -- "$@"
"""


def make_files(world: GlusterWorld) -> None:
    """Make what is missing of the folders and files of both nodes."""
    rsync = _good_rsync(world)
    for node in NODES.values():
        _make_folders(world, node)
        _make_keys(world, node)
        _make_accounts(world, node)
        home = world.home(node)
        bind = f"mount --bind {rsync} /usr/bin/rsync\n" if rsync else ""
        _write_script(home / "init", INIT.format(host=node.host, address=node.address, home=home, rsync=bind))
        write_private(home / "sshd_config", SSHD.format(port=SSH_PORT, address=node.address, home=home))
    write_private(
        world.home(MASTER) / "root" / ".ssh" / "config",
        SSH.format(host=SLAVE.host, address=SLAVE.address, port=SSH_PORT, home=world.home(MASTER)),
    )
    _trust(world)


def write_on(world: GlusterWorld) -> None:
    """Write the script that runs a command in a node that runs now."""
    cases = " ".join(
        f"{node.short}) unshare={process.pid}; home={world.home(node)}/root;;"
        for node in NODES.values()
        if (process := world.processes.get(node.name)) is not None
    )
    _write_script(world.script, ON.format(cases=cases, programs=PROGRAMS, enter=" ".join(ENTER)))


def _make_folders(world: GlusterWorld, node: Node) -> None:
    home = world.home(node)
    for name in (
        "bricks", "mnt", "root/.ssh", "etc/libvirt", "var/lib/misc/gluster", "var/lib/glusterd", "var/lib/libvirt",
        "var/log/glusterfs", "var/log/libvirt", "var/cache/libvirt",
    ):
        (home / name).mkdir(parents=True, exist_ok=True)
    for name in ("hooks", "groups"):
        if (GLUSTER_FOLDER / name).is_dir() and not (home / "var/lib/glusterd" / name).exists():
            shutil.copytree(GLUSTER_FOLDER / name, home / "var/lib/glusterd" / name, symlinks=True)


def _make_keys(world: GlusterWorld, node: Node) -> None:
    home = world.home(node)
    for key in (home / "hostkey", home / "root/.ssh/id_ed25519"):
        if not key.exists():
            _call(debian.find("ssh-keygen") or "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))


def _make_accounts(world: GlusterWorld, node: Node) -> None:
    """Give the node the machine's accounts; root's home is in the node, and the one that libvirt demands is there."""
    etc = world.home(node) / "etc"
    rows = [line.split(":") for line in Path("/etc/passwd").read_text(encoding="utf-8").splitlines()]
    for row in rows:
        if row[0] == "root":
            row[5] = str(world.home(node) / "root")
    lines = [":".join(row) for row in rows if row[0] != "libvirt-qemu"]
    _write(etc / "passwd", [*lines, "libvirt-qemu:x:64055:64055::/:/usr/sbin/nologin"])
    groups = Path("/etc/group").read_text(encoding="utf-8").splitlines()
    others = [line for line in groups if line.partition(":")[0] not in ("libvirt-qemu", "kvm")]
    _write(etc / "group", [*others, "libvirt-qemu:x:64055:", "kvm:x:64056:"])
    _write(etc / "hosts", ["127.0.0.1 localhost", *(f"{each.address} {each.host}" for each in NODES.values())])
    write_private(etc / "libvirt" / "libvirtd.conf", LIBVIRTD)
    write_private(etc / "libvirt" / "qemu.conf", QEMU)


def _trust(world: GlusterWorld) -> None:
    """Let root of the master sign in as root of the slave. Geo-replication adds lines of its own to the file."""
    public = (world.home(MASTER) / "root/.ssh/id_ed25519.pub").read_text(encoding="ascii")
    file = world.home(SLAVE) / "root/.ssh/authorized_keys"
    present = file.read_text(encoding="ascii") if file.exists() else ""
    if public not in present:
        write_private(file, present + public)


def _good_rsync(world: GlusterWorld) -> Path | None:
    """A version of rsync that copies, where the machine has one that does not; None when the machine's is good.

    :raises CloudError: it cannot be had
    """
    version = _call(debian.find("rsync") or "rsync", "--version").split()[2]
    if version != BROKEN_RSYNC:
        return None
    program = world.folder / "rsync" / "usr" / "bin" / "rsync"
    if not program.exists():
        program.parents[2].mkdir(parents=True, exist_ok=True)
        _call("apt-get", "download", GOOD_RSYNC, folder=program.parents[2])
        [archive] = program.parents[2].glob("rsync_*.deb")
        _call("dpkg-deb", "-x", str(archive), str(program.parents[2]))
        archive.unlink()
    return program


def _call(*command: str, folder: Path | None = None) -> str:
    """Call a program; what it printed.

    :raises CloudError: it failed
    """
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise CloudError(f"{' '.join(command)} failed (status {done.returncode})", done.stderr.strip())
    return done.stdout


def _write(path: Path, lines: list[str]) -> None:
    # Written in place: while a node runs, the file itself is mounted in it.
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    path.chmod(0o644)


def _write_script(path: Path, text: str) -> None:
    write_private(path, text)
    path.chmod(0o700)

"""``scripts/try --vms``: backups of running guests by gluster's geo-replication between two nodes, one interrupted.

Called as a program, it runs in a node what the trial shows: ``vm_trial.py glancesync WORD…``, ``vm_trial.py killed``,
``vm_trial.py counters master|slave``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from devcloud_lib.gluster import counter_program, gluster_world, node_commands
from devcloud_lib.gluster.gluster_world import MASTER, SLAVE, GlusterWorld, Node
from devcloud_lib.gluster.guest_seed import GUESTS

from workbench.cloud import CHECKOUT, FOLDER_VARIABLE

FOLDER = CHECKOUT / ".try" / "vms"
"""The file of the backup, and the state of the program."""

CONFIGURATION = FOLDER / "backup.cfg"
VOLUME, SLAVES = "sharded", ("sharded-copy", "sharded-other")
BACKUP = ("vms", "backup", VOLUME, SLAVE.host, SLAVES[0], "-c", str(CONFIGURATION), "-i", "2")
BEGUN = "Replication goes on"
BOOT_SECONDS = 15

VARIABLES = {"PYTHONPATH": str(CHECKOUT), "TMPDIR": str(FOLDER)}
"""Locks are in the temporary folder, which the nodes of all clouds of a machine have in common."""

FILE = """\
[libvirt]
uri = qemu:///system
[generations]
method = alternate
alternate = {other}
[replication]
end = stop
stall = 1min
[state]
folder = {folder}
"""


def write_file() -> None:
    """Write the file of the backup: two slave volumes take turns."""
    FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
    CONFIGURATION.write_text(FILE.format(other=SLAVES[1], folder=FOLDER / "state"), encoding="utf-8")
    CONFIGURATION.chmod(0o600)


def command(*words: str) -> Sequence[str]:
    """The command of the trial that does something in a node."""
    return ("python", "scripts/workbench/vm_trial.py", *words)


def _call(world: GlusterWorld, *words: str) -> int:
    """Call the program on the master; its exit code."""
    program = [sys.executable, "-m", "fiwareglancesync.sync", *words]
    environment = node_commands.environment(world, MASTER) | VARIABLES
    return subprocess.run(node_commands.entered(world, MASTER, program), env=environment, check=False).returncode


def _killed(world: GlusterWorld) -> int:
    """Call a backup, and kill it while it replicates."""
    program = [sys.executable, "-m", "fiwareglancesync.sync", *BACKUP]
    script = ["sh", "-c", 'echo $$ > "$0"; exec "$@"', str(FOLDER / "pid"), *program]
    environment = node_commands.environment(world, MASTER) | VARIABLES
    process = subprocess.Popen(
        node_commands.entered(world, MASTER, script), env=environment, stdout=subprocess.PIPE, text=True
    )
    for line in process.stdout or ():
        print(line, end="", flush=True)
        if BEGUN in line:
            time.sleep(3)
            pid = (FOLDER / "pid").read_text(encoding="ascii").strip()
            node_commands.run(world, MASTER, "kill", "-9", pid)
            break
    process.wait()
    print("Killed while it replicates", flush=True)
    return 0


def _counters(world: GlusterWorld, place: str) -> int:
    """Print what each guest has counted to: on the master now, or in its newest backup, before and after a start."""
    for guest in (each for each in GUESTS if each.volume == VOLUME):
        if place == "master":
            print(f"{guest.name} has counted to {_counter(world, MASTER, _written(world, guest.name))}", flush=True)
            continue
        backup = world.mount(SLAVE, place) / guest.folder / guest.layer
        copy = world.home(SLAVE) / "restored.qcow2"
        node_commands.run(world, SLAVE, "qemu-img", "convert", "-O", "qcow2", backup, copy)
        held = _counter(world, SLAVE, copy)
        machine = ["qemu-system-x86_64", "-m", "32", "-display", "none", "-drive", f"file={copy},if=virtio"]
        node_commands.attempt(world, SLAVE, "timeout", str(BOOT_SECONDS), *machine)
        text = f"{guest.name}: the count in the backup is {held}"
        print(f"{text}; a guest started from it has counted to {_counter(world, SLAVE, copy)}", flush=True)
    return 0


def _written(world: GlusterWorld, name: str) -> Path:
    """The layer that a guest writes to."""
    listed = node_commands.run(world, MASTER, "virsh", "-q", "-c", "qemu:///system", "domblklist", name)
    return Path(next(word for word in listed.split() if word.startswith("/")))


def _counter(world: GlusterWorld, node: Node, file: Path) -> int:
    raw = world.home(node) / "disk.raw"
    node_commands.run(world, node, "qemu-img", "convert", "-U", "-O", "raw", file, raw)
    with raw.open("rb") as opened:
        return counter_program.counter(opened.read(counter_program.READ_BYTES))


def _main(words: Sequence[str]) -> int:
    world = gluster_world.load(Path(os.environ.get(FOLDER_VARIABLE) or CHECKOUT / ".devcloud"))
    match words:
        case ["glancesync", *others]:
            return _call(world, *others)
        case ["killed"]:
            return _killed(world)
        case ["counters", place]:
            return _counters(world, place)
    raise SystemExit("usage: vm_trial.py glancesync WORD... | killed | counters master|SLAVEVOLUME")


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))

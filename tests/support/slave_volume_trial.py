"""Runs in a node of the development cloud: what the program does with files of the mounted slave volume (vms 2.5).

``slave_volume_trial.py digests MOUNT HOST VOLUME NAME...`` prints what is in files of a host's volume, read through a
mount and on the slave by ssh.
``slave_volume_trial.py strip MOUNT`` makes a virtual machine of a run in the volume, and removes its overlays.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path, PurePosixPath

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "scripts")]

from fiwareglancesync.vms.layers.slave_files import MountedFiles, Wanted  # noqa: E402
from fiwareglancesync.vms.layers.slave_over_ssh import slave_over_ssh  # noqa: E402
from fiwareglancesync.vms.layers.slave_strip import strip_machine  # noqa: E402
from fiwareglancesync.vms.slave_address import SlaveAddress  # noqa: E402 - the path has to be set first
from tests.support.layer_files import snapshotted  # noqa: E402

SLAVE = "gs"
"""The host that reads."""


def digests(mount: str, host: str, volume: str, *names: str) -> object:
    """What is in some files, read in both ways."""
    wanted = [Wanted(PurePosixPath(name)) for name in names]
    wanted += [Wanted(PurePosixPath(name), (0, 65536)) for name in names]
    wanted += [Wanted(PurePosixPath(name), is_read=False) for name in names]
    with slave_over_ssh(f"root@{SLAVE}", SlaveAddress(host, volume)) as files:
        by_ssh = files.contents(wanted)
    both = (MountedFiles(Path(mount)).contents(wanted), by_ssh)
    # Two clients may see other times of a sharded file.
    return [[asdict(replace(each, identity="")) for each in found] for found in both]


def strip(mount: str) -> object:
    """What is removed, what stays, and what is removed the second time."""
    machine = snapshotted(Path(mount), 77)
    [disk] = machine.disks
    chains = {disk.id: {disk.frozen}}
    removed = strip_machine(Path(mount), machine, chains)
    folder = Path(mount, disk.domain, "images", disk.id)
    again = strip_machine(Path(mount), machine, chains)
    stay = sorted(path.name for path in folder.iterdir())
    return [sorted(path.name for path in removed), stay, list(map(str, again))]


if __name__ == "__main__":
    print(json.dumps(digests(*sys.argv[2:]) if sys.argv[1] == "digests" else strip(*sys.argv[2:])))

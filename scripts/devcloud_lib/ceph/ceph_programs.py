"""Calls the programs of Ceph."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from workbench import debian

from devcloud_lib.ceph.ceph_cluster import CephCluster
from devcloud_lib.errors import CloudError

COMMAND_SECONDS = 60.0


def environment() -> dict[str, str]:
    """The environment of Ceph's programs: /usr/bin/ceph runs under Debian's Python, so no other one's path is there."""
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": os.environ.get("HOME", "/"), "LC_ALL": "C.UTF-8"}


def program(name: str) -> str:
    """Where a program is.

    :raises CloudError: it is not there
    """
    path = debian.find(name)
    if path is None:
        raise CloudError(f"{name} is missing; {debian.remedy([debian.holder(name)])}")
    return path


def run(cluster: CephCluster, name: str, *words: object, timeout: float = COMMAND_SECONDS) -> str:
    """Call a program of Ceph for a cluster.

    :param name: of the program
    :returns: what it printed
    :raises CloudError: it failed, or did not end in time
    """
    done = attempt(cluster, name, *words, timeout=timeout)
    if done is None:
        raise CloudError(f"{name} {' '.join(map(str, words))} does not end; the logs are in {cluster.folder / 'log'}")
    if done.returncode:
        details = (done.stdout + done.stderr).strip()
        raise CloudError(f"{name} {' '.join(map(str, words))} failed (status {done.returncode})", details)
    return done.stdout


def attempt(
    cluster: CephCluster, name: str, *words: object, timeout: float = COMMAND_SECONDS
) -> subprocess.CompletedProcess[str] | None:
    """Call a program of Ceph that may fail.

    :returns: None when it did not end in time
    """
    command = [program(name), "-c", str(cluster.config_file), *map(str, words)]
    try:
        return subprocess.run(
            command, capture_output=True, text=True, env=environment(), stdin=subprocess.DEVNULL, timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None


def make_key(keyring: Path, entity: str, **capabilities: str) -> None:
    """Write a fresh key into a new file.

    :param entity: whose
    :param capabilities: its rights, by service
    :raises CloudError: it failed
    """
    caps = [word for service, right in capabilities.items() for word in ("--cap", service, right)]
    authtool(keyring, "--create-keyring", "--gen-key", "--name", entity, *caps)


def authtool(keyring: Path, *words: str) -> None:
    """Call ``ceph-authtool`` on a file.

    :raises CloudError: it failed
    """
    command = [program("ceph-authtool"), str(keyring), *words]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
    if done.returncode:
        raise CloudError(f"ceph-authtool {keyring} failed", done.stderr.strip())

"""Debian packages that a test or the set-up needs: installed where that is allowed, else named."""

from __future__ import annotations

import os
import shutil
import subprocess

PROGRAMS = {"git": "git", "redis-server": "redis-server"}
"""Programs that tests call, and the Debian packages that hold them."""


def install_package(package: str) -> bool:
    """Install a Debian package, if this is Debian and we are root.

    :returns: whether it is installed now
    """
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    commands = (
        ["apt-get", "-q", "update"],
        ["apt-get", "-q", "install", "--yes", "--no-install-recommends", package],
    )
    return all(
        subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=environment, check=False
        ).returncode
        == 0
        for command in commands
    )


def provide_programs() -> list[str]:
    """Install what is missing of ``PROGRAMS``.

    :returns: a line for each one that stays missing
    """
    return [
        f"{program} is missing, tests that need it are skipped; as root: apt-get install {package}"
        for program, package in PROGRAMS.items()
        if shutil.which(program) is None and not install_package(package)
    ]

"""The Debian packages that tests and set-ups need: one table, from which what is missing is installed in one go."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from glob import glob
from pathlib import Path

from workbench.folders import exclusive
from workbench.progress import Say, progress


class Part(Enum):
    """What of ours needs a package."""

    SETUP = "a virtual environment"
    UNIT = "scripts/test --unit"
    TEST = "scripts/test"
    LONG = "scripts/test --long"
    BENCHMARKS = "benchmarks/run"
    VOLUMES = "scripts/devcloud up --with volumes"
    CEPH = "scripts/devcloud up --with ceph"
    GLUSTER = "scripts/devcloud up --with gluster"


@dataclass(frozen=True)
class Package:
    """A Debian package.

    :param name: its name
    :param gives: what we use of it: programs by their names, or files by their paths, with ``*`` for a version
    :param parts: what of ours needs it
    """

    name: str
    gives: tuple[str, ...]
    parts: frozenset[Part]


def _package(name: str, gives: Sequence[str], *parts: Part) -> Package:
    return Package(name, tuple(gives), frozenset(parts))


PACKAGES = (
    _package("attr", ["getfattr"], Part.GLUSTER),
    _package("ceph-common", ["ceph", "ceph-authtool", "rados", "rbd"], Part.CEPH),
    _package("ceph-mgr", ["ceph-mgr"], Part.CEPH),
    _package("ceph-mgr-modules-core", ["/usr/share/ceph/mgr/mgr_module.py"], Part.CEPH),
    _package("ceph-mon", ["ceph-mon", "monmaptool"], Part.CEPH),
    _package("ceph-osd", ["ceph-osd"], Part.CEPH),
    _package("chromium", ["chromium"], Part.TEST),
    _package("curl", ["curl"], Part.UNIT, Part.BENCHMARKS),
    _package("erlang-base", ["epmd"], Part.VOLUMES),
    _package("gcc", ["gcc"], Part.TEST),
    _package("git", ["git"], Part.UNIT, Part.BENCHMARKS),
    _package("glusterfs-client", ["glusterfs", "/usr/sbin/mount.glusterfs"], Part.GLUSTER),
    _package("glusterfs-server", ["glusterd"], Part.GLUSTER),
    _package("iproute2", ["ip"], Part.GLUSTER),
    _package("libvirt-clients", ["virsh"], Part.GLUSTER),
    _package("libvirt-daemon", ["libvirtd"], Part.GLUSTER),
    _package(
        "libvirt-daemon-driver-qemu",
        ["/usr/lib/*/libvirt/connection-driver/libvirt_driver_qemu.so"],
        Part.GLUSTER,
    ),
    _package("libxml2-dev", ["/usr/include/libxml2/libxml/xmlreader.h"], Part.TEST),
    _package("mariadb-client-core", ["mariadb"], Part.LONG, Part.VOLUMES),
    _package("mariadb-server-core", ["mariadbd", "mariadb-install-db"], Part.LONG, Part.VOLUMES),
    _package("mount", ["mount", "umount"], Part.GLUSTER),
    _package("openssh-client", ["ssh-keygen"], Part.GLUSTER),
    _package("openssh-server", ["sshd"], Part.GLUSTER),
    _package("openssl", ["openssl"], Part.UNIT),
    _package("postgresql", [f"/usr/lib/postgresql/*/bin/{name}" for name in ("initdb", "pg_ctl")], Part.TEST),
    _package("python3-libvirt", ["/usr/lib/python3/dist-packages/libvirt.py"], Part.GLUSTER),
    _package("python3-rados", ["/usr/lib/python3/dist-packages/rados.cpython-*.so"], Part.CEPH),
    _package("python3-rbd", ["/usr/lib/python3/dist-packages/rbd.cpython-*.so"], Part.CEPH),
    _package(
        f"python{sysconfig.get_python_version()}-dev", [f"{sysconfig.get_path('include')}/Python.h"], Part.TEST
    ),
    _package(
        f"python{sysconfig.get_python_version()}-venv",
        [f"{sysconfig.get_path('stdlib')}/ensurepip/__init__.py"],
        Part.SETUP,
    ),
    _package("qemu-system-x86", ["qemu-system-x86_64"], Part.GLUSTER),
    _package("qemu-utils", ["qemu-img", "qemu-io"], Part.TEST, Part.VOLUMES, Part.GLUSTER),
    _package("rabbitmq-server", ["/usr/lib/rabbitmq/bin/rabbitmq-server"], Part.VOLUMES),
    _package("redis-server", ["redis-server"], Part.TEST),
    _package("rsync", ["rsync"], Part.GLUSTER),
    _package("seabios", ["/usr/share/seabios/bios.bin"], Part.GLUSTER),
    _package("systemd", ["systemd-analyze"], Part.UNIT),
    _package("util-linux", ["nsenter", "unshare"], Part.GLUSTER),
    _package("wrk", ["wrk"], Part.BENCHMARKS),
    _package("zsh", ["zsh"], Part.UNIT),
)
"""What a Debian with nothing but Python lacks. A part that is new adds itself to ``Part`` and its packages here."""

ESSENTIAL = frozenset(
    ("basename", "bash", "cat", "cp", "dirname", "grep", "head", "ls", "mkdir", "mktemp", "rm", "sed", "sh",
     "sha512sum", "sleep", "sync", "tail", "wc")
)
"""Programs that we use of the packages without which there is no Debian."""

SYSTEM_PROGRAMS = ("/usr/sbin", "/sbin")
"""Folders of servers' programs, which the PATH of an ordinary user need not name."""

APT_OPTIONS = ("-q", "-o", "Acquire::Retries=3", "-o", "DPkg::Lock::Timeout=300")
INSTALL = ("install", "--yes", "--no-install-recommends")
DPKG = Path("/var/lib/dpkg")
POLICY = Path("/usr/sbin/policy-rc.d")
STAY_DOWN = "#!/bin/sh\nexit 101\n"
"""A policy that forbids packages to start their servers (``invoke-rc.d(8)``)."""


def find(name: str) -> str | None:
    """Where a program or file of the table is, the newest when there are several; None when it is missing.

    :param name: its name without a folder
    :raises LookupError: the table does not have it
    """
    return _path(next(given for given in holder(name).gives if Path(given).name == name))


def holder(name: str) -> Package:
    """The package that gives a program or file.

    :param name: its name without a folder
    :raises LookupError: the table does not have it
    """
    for package in PACKAGES:
        if name in {Path(given).name for given in package.gives}:
            return package
    raise LookupError(f"{name} is not in the table of {__name__}")


def missing(parts: Iterable[Part]) -> list[Package]:
    """The packages that some parts need and that are not there."""
    wanted = set(parts)
    return [package for package in PACKAGES if package.parts & wanted and not all(map(_path, package.gives))]


def provide(*parts: Part, say: Say) -> list[Package]:
    """Install what is missing, if this is Debian and we are root.

    :param say: takes a line of progress
    :returns: what stays missing
    """
    absent = missing(parts)
    if not absent or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return absent
    with exclusive(DPKG):
        names = [package.name for package in missing(parts)]
        if names:
            with progress(f"Installing the Debian packages {' '.join(names)}", say) as note:
                problem = _install(names, note)
            if problem:
                say(f"apt-get failed: {problem}")
    return missing(parts)


def advice(packages: Iterable[Package]) -> str:
    """What is missing and how to install it, in one line."""
    absent = list(packages)
    given = [Path(each).name if "*" in each else each for package in absent for each in package.gives]
    return f"missing: {', '.join(given)}; {remedy(absent)}"


def remedy(packages: Iterable[Package]) -> str:
    """How to install packages, in one line."""
    return f"as root: apt-get install --no-install-recommends {' '.join(package.name for package in packages)}"


def _path(given: str) -> str | None:
    if "/" in given:
        return max(glob(given), key=_versions, default=None)
    return shutil.which(given, path=os.pathsep.join([os.environ.get("PATH", os.defpath), *SYSTEM_PROGRAMS]))


def _versions(path: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", path)]


def _install(names: Sequence[str], note: Say) -> str:
    """Install packages without starting any server; a package that cannot be had does not keep the others away.

    :param note: takes what is being done
    :returns: what apt-get complained about, in one line, "" for nothing
    """
    with _servers_stay_down():
        note("apt-get update")
        problem = _apt("update")
        if not problem:
            note("apt-get install")
            problem = _apt(*INSTALL, *names)
        for name in names if problem and len(names) > 1 else ():
            note(f"apt-get install {name}")
            _apt(*INSTALL, name)
    return problem


def _apt(*words: str) -> str:
    """Call apt-get; what it complains about when it fails, in one line, else nothing."""
    done = subprocess.run(
        ["apt-get", *APT_OPTIONS, *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"},
        check=False,
    )
    if done.returncode == 0:
        return ""
    complaints = [line for line in done.stderr.splitlines() if line.startswith("E: ")]
    return " ".join(complaints) or f"exit code {done.returncode}"


@contextmanager
def _servers_stay_down() -> Iterator[None]:
    """Keep packages from starting servers, whose ports and folders other programs may use."""
    try:
        with POLICY.open("x", encoding="ascii") as file:
            file.write(STAY_DOWN)
    except FileExistsError:  # the machine's own
        yield
        return
    try:
        POLICY.chmod(0o755)
        yield
    finally:
        POLICY.unlink(missing_ok=True)

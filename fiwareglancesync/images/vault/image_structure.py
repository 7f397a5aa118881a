"""Looks at the structure of images with ``qemu-img``, within limits of time and memory (vault 2.3).

Whoever uploaded an image has written every byte of it. ``qemu-img`` is therefore given the format that Glance states,
so that it does not choose one by the content. It checks no image that names another file.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ...base.errors import UsageError

QEMU_FORMATS = {"qcow2": "qcow2", "vmdk": "vmdk", "vdi": "vdi", "vhd": "vpc", "vhdx": "vhdx", "ploop": "parallels"}
"""Glance's name of each format that has a structure → that of QEMU. The others are bytes alone."""

MEMORY_BYTES = 2**31
INFO_SECONDS, CHECK_SECONDS = 30, 3600

LEAKED, UNSUPPORTED = 3, 63
"""Exit codes of ``qemu-img check`` that are no fault: only space is wasted; the format cannot be checked."""

_LIMITED = """\
import os, resource, sys
seconds, memory = int(sys.argv[1]), int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Runs a program with limits; a function between fork and exec would not be safe beside threads."""


def find_qemu_img() -> str:
    """The program.

    :raises UsageError: it is not installed
    """
    found = shutil.which("qemu-img")
    if found is None:
        raise UsageError("--level structure needs the program qemu-img, which is not installed (Debian: qemu-utils)")
    return found


def structure_fault(program: str, path: Path, disk_format: str) -> str | None:
    """What is wrong with the structure of an image; None when nothing is.

    :param program: ``qemu-img``
    :param path: the content, which has the right hash
    :param disk_format: of Glance
    """
    form = QEMU_FORMATS.get(disk_format)
    if form is None:
        return None
    code, output = _run([program, "info", "--output=json", "-f", form, str(path)], INFO_SECONDS)
    if code != 0:
        return f"it is no {disk_format} image that qemu-img can read: {output}"
    try:
        others = sorted(set(_other_files(json.loads(output), path)))
    except (ValueError, AttributeError, TypeError):
        return f"the answer of qemu-img info cannot be read: {output[:200]}"
    if others:
        return f"it needs other files: {', '.join(others)}"
    code, output = _run([program, "check", "-f", form, str(path)], CHECK_SECONDS)
    return None if code in (0, LEAKED, UNSUPPORTED) else f"qemu-img check: {output}"


def _other_files(info: dict[str, Any], path: Path) -> Iterator[str]:
    """The files that an image names beside itself."""
    for key in ("backing-filename", "full-backing-filename"):
        if info.get(key):
            yield f"the backing file {info[key]}"
    specific = (info.get("format-specific") or {}).get("data") or {}
    if specific.get("data-file"):
        yield f"the data file {specific['data-file']}"
    for extent in specific.get("extents") or ():
        if extent.get("filename") not in (None, str(path)):
            yield f"the extent {extent['filename']}"


def _run(command: Sequence[str], seconds: int) -> tuple[int, str]:
    """Run a program with limits.

    :return: exit code, and what it printed on success, or its first line of complaint
    """
    limits = [sys.executable, "-I", "-S", "-c", _LIMITED, str(seconds), str(MEMORY_BYTES)]
    try:
        done = subprocess.run(
            [*limits, *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=False,
            env={"LC_ALL": "C", "PATH": os.defpath},
        )
    except subprocess.TimeoutExpired:
        return -1, f"it did not end within {seconds} s"
    if done.returncode == 0:
        return 0, done.stdout.decode(errors="replace")
    lines = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines() or ["it was ended by its limits"]
    return done.returncode, lines[0][:500]

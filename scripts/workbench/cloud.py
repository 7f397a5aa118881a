"""The development cloud as a step of something bigger."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent.parent
FOLDER_VARIABLE = "GLANCESYNC_DEVCLOUD_DIR"
VENV_VARIABLE = "GLANCESYNC_DEVCLOUD_VENV"
KEPT_VARIABLES = (VENV_VARIABLE, "GLANCESYNC_DEVCLOUD_PYTHON")
"""Variables of the caller that say how to make a cloud, not which one to use."""


def command(*words: str) -> Sequence[str]:
    """The command line of ``scripts/devcloud`` with this interpreter."""
    return [sys.executable, str(CHECKOUT / "scripts" / "devcloud"), *words]


def without_cloud(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment that leads to no cloud of the caller's, neither a real one nor an embedded one."""
    return {
        name: value
        for name, value in environ.items()
        if name in KEPT_VARIABLES or not name.startswith(("OS_", "GLANCESYNC_", "GLANCESYNCAPP_"))
    }


def exported(environ: Mapping[str, str], *options: str) -> dict[str, str]:
    """The variables that ``scripts/devcloud env`` exports.

    :param options: of that command
    :raises subprocess.CalledProcessError: there is no such cloud
    """
    text = subprocess.run(
        command("env", *options), env=dict(environ), capture_output=True, text=True, check=True
    ).stdout
    words = [word for word in shlex.split(text) if "=" in word]
    return dict(word.split("=", 1) for word in words)


def venv_beside(name: str, environ: Mapping[str, str]) -> Path:
    """Where a virtual environment of tests is: beside that of the development cloud.

    :param name: ends its name
    """
    venv = Path(environ.get(VENV_VARIABLE) or CHECKOUT / ".devcloud" / "venv").expanduser().resolve()
    return venv.with_name(f"{venv.name}-{name}")

"""A server over an embedded federation, for tests of the API."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import requests

from fiwareglancesync.images.model import Image
from fiwareglancesync.images.places.embedded.backup_files import write_backup
from tests.support.conditions import PATIENCE, wait_for

ROOT = Path(__file__).resolve().parents[2]
LOOPBACK = "127.0.0.1"


def embedded_environment(folder: Path, regions: Mapping[str, list[Image]] | None = None) -> dict[str, str]:
    """An embedded federation of a test's own, the example's when no regions are given, and an environment for it."""
    example = ROOT / "examples" / "embedded"
    backup = example
    if regions is not None:
        backup = folder / "backup"
        backup.mkdir()
        for name, images in regions.items():
            write_backup(backup, name, images)
        (backup / "glancesync.conf").write_text("[main]\nmaster_region = Spain\n[master]\ntenant = ours\n")
    script = str(ROOT / "fiwareglancesync" / "glancesync_serverfacade_mock.py")
    command = [sys.executable, script, "--path", str(folder / "federation"), str(backup)]
    subprocess.run(command, check=True, capture_output=True)
    shutil.copy(backup / "glancesync.conf", folder / "glancesync.conf")
    (folder / "run").mkdir(mode=0o700)
    return environment_of(folder)


def environment_of(folder: Path) -> dict[str, str]:
    """The environment for what ``embedded_environment`` made in a folder."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder / "run"),
        "GLANCESYNC_MOCKPERSISTENT_PATH": str(folder / "federation"),
        "GLANCESYNC_CONFIG": str(folder / "glancesync.conf"),
        "GLANCESYNCAPP_DATABASE_PATH": str(folder / "database"),
    }


def database_in(folder: Path) -> str:
    """The URL of the only database in the folder of an environment's databases."""
    (file,) = (folder / "database").glob("glancesync*.db")
    return f"sqlite:///{file}"


@contextmanager
def serving(
    command: Sequence[str], environ: Mapping[str, str], output: Path, is_ready: Callable[[], bool]
) -> Iterator[None]:
    """A server that runs in the background; it ends by SIGTERM.

    :param command: what starts it, in the folder of its output
    :param output: a file that takes what it prints
    :param is_ready: whether it serves by now
    """
    with output.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=output.parent, env=dict(environ), stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
    try:
        wait_for(lambda: process.poll() is not None or is_ready(), "the server")
        assert process.poll() is None, output.read_text()
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)


@contextmanager
def gunicorn(
    environ: Mapping[str, str], folder: Path, port: int, workers: int = 2, words: Sequence[str] = ()
) -> Iterator[str]:
    """``run.py gunicornserver``; its address.

    :param words: further words of its command line
    """
    command = [sys.executable, str(ROOT / "fiwareglancesync" / "run.py"), "gunicornserver"]
    command += ["-p", str(port), "-w", str(workers), *words]
    address = f"http://{LOOPBACK}:{port}"
    with serving(command, environ, folder / "server.out", lambda: answers(address)):
        yield address


def answers(address: str) -> bool:
    """Whether a server of the API can be asked there."""
    try:
        return requests.get(address, timeout=5).ok
    except (requests.ConnectionError, requests.Timeout):
        return False

"""Removes what killed runs left in ``pins`` and ``incoming`` (vault 1.2)."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

from ...base.machine import is_running, this_machine
from . import vault_files
from .strict_json import read_document
from .vault_errors import VaultError
from .vault_folder import Vault
from .vault_writer import WRITER

_RUN = re.compile("[0-9a-f]{32}")
_LOCK = re.compile(r"[0-9a-f]{128}\.lock")


def remove_dead_writers(vault: Vault, age_seconds: float) -> None:
    """Remove pins and unfinished files of runs that do not exist any more.

    Should one of them still run, it fails or fetches again: a record never rests on a pin alone.

    :param age_seconds: how long nothing may have changed in a folder of another machine, or of an unknown one
    """
    now = time.time()
    for lock in old_locks(vault, age_seconds, now):
        vault_files.remove(lock)
    for folder in dead_writers(vault, age_seconds, now):
        vault_files.remove_folder(folder)


def dead_writers(vault: Vault, age_seconds: float, now: float) -> list[Path]:
    """The folders of runs that do not exist any more; the pins of a run come before what it wrote.

    :param age_seconds: how long nothing may have changed in a folder of another machine, or of an unknown one
    :param now: the present time, as seconds of the clock of files
    """
    found: list[Path] = []
    alive: set[str] = set()
    dead: set[str] = set()
    for folder in _folders(vault.paths.incoming):
        host, _, run = folder.name.rpartition("-")
        if not host or not _RUN.fullmatch(run):
            continue
        if _is_dead(folder, age_seconds, now):
            dead.add(run)
            found += [vault.paths.pin_folder(run), folder]
        else:
            alive.add(run)
    for folder in _folders(vault.paths.pins):
        if _RUN.fullmatch(folder.name) and folder.name not in alive | dead and _age(folder, now) > age_seconds:
            found.append(folder)
    return found


def old_locks(vault: Vault, age_seconds: float, now: float) -> list[Path]:
    """The locks of contents that nobody fetches any more; they only save work.

    :param age_seconds: how old they are at least
    :param now: the present time, as seconds of the clock of files
    """
    paths = (vault.paths.incoming / name for name in _listed(vault.paths.incoming) if _LOCK.fullmatch(name))
    return [path for path in paths if _age(path, now) > age_seconds and not path.is_dir()]


def _is_dead(folder: Path, age_seconds: float, now: float) -> bool:
    try:
        who = read_document(vault_files.read(folder / WRITER), "writer", str(folder / WRITER))
        machine, process = who.text("machine"), who.whole("process")
    except VaultError:
        return _age(folder, now) > age_seconds
    if machine == this_machine():
        return not is_running(process)
    return _age(folder, now) > age_seconds


def _age(folder: Path, now: float) -> float:
    """Seconds since something in a folder changed."""
    newest = 0.0
    for path in (folder, *(folder / name for name in _listed(folder))):
        try:
            newest = max(newest, path.lstat().st_mtime)
        except OSError:
            continue
    return now - newest


def _folders(folder: Path) -> list[Path]:
    """The folders in a folder, without links to others."""
    paths = (folder / name for name in _listed(folder))
    return [path for path in paths if path.is_dir() and not path.is_symlink()]


def _listed(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []

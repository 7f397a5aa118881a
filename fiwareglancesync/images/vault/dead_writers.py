"""Removes what killed runs left in ``pins`` and ``incoming`` (vault 1.2)."""

from __future__ import annotations

import os
import time
from pathlib import Path

from ...base.machine import is_running, this_machine
from . import vault_files
from .strict_json import read_document
from .vault_errors import VaultError
from .vault_folder import Vault
from .vault_writer import WRITER


def remove_dead_writers(vault: Vault, age_seconds: float) -> None:
    """Remove pins and unfinished files of runs that do not exist any more.

    Should one of them still run, it fails or fetches again: a record never rests on a pin alone.

    :param age_seconds: how long nothing may have changed in a folder of another machine, or of an unknown one
    """
    runs: set[str] = set()
    for folder in _folders(vault.paths.incoming):
        run = folder.name.rpartition("-")[2]
        if _is_dead(folder, age_seconds):
            vault_files.remove_folder(vault.paths.pin_folder(run))
            vault_files.remove_folder(folder)
        else:
            runs.add(run)
    for lock in vault.paths.incoming.glob("*.lock"):
        if _age(lock) > age_seconds:
            vault_files.remove(lock)
    for folder in _folders(vault.paths.pins):
        if folder.name not in runs and _age(folder) > age_seconds:
            vault_files.remove_folder(folder)


def _is_dead(folder: Path, age_seconds: float) -> bool:
    try:
        who = read_document(vault_files.read(folder / WRITER), "writer", str(folder / WRITER))
        machine, process = who.text("machine"), who.whole("process")
    except VaultError:
        return _age(folder) > age_seconds
    if machine == this_machine():
        return not is_running(process)
    return _age(folder) > age_seconds


def _age(folder: Path) -> float:
    """Seconds since something in a folder changed, by the clock of this machine."""
    newest = 0.0
    for path in (folder, *(folder / name for name in _listed(folder))):
        try:
            newest = max(newest, path.lstat().st_mtime)
        except OSError:
            continue
    return time.time() - newest


def _folders(folder: Path) -> list[Path]:
    return [folder / name for name in _listed(folder) if (folder / name).is_dir()]


def _listed(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []

"""What a killed run left is removed by the next one (vault 1.2)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fiwareglancesync.base.machine import this_machine
from fiwareglancesync.images.vault.dead_writers import remove_dead_writers
from fiwareglancesync.images.vault.strict_json import document
from fiwareglancesync.images.vault.vault_folder import Vault, init_vault
from fiwareglancesync.images.vault.vault_writer import WRITER, VaultWriter
from tests.support.vaults import sha512

DAY = 86_400.0


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return init_vault(tmp_path / "vault")


def killed(vault: Vault, machine: str, process: int, *, age: float = 0) -> None:
    """Leave what a killed run leaves."""
    writer = VaultWriter(vault).__enter__()
    writer.pin((sha512(b"one"),))
    folder = vault.paths.incoming_folder(writer.host, writer.run)
    (folder / "part").write_bytes(b"on")
    who = {"machine": machine, "process": process, "started": "2026-03-01T12:00:00.000000Z"}
    (folder / WRITER).write_bytes(document("writer", who))
    for path in (*folder.iterdir(), folder, *vault.paths.pins.glob("*/*"), *vault.paths.pins.iterdir()):
        os.utime(path, (path.stat().st_atime - age, path.stat().st_mtime - age))


def left(vault: Vault) -> int:
    return len([*vault.paths.pins.iterdir(), *vault.paths.incoming.iterdir()])


def test_a_run_whose_process_is_gone_is_removed(vault: Vault) -> None:
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    killed(vault, this_machine(), int(gone.stdout))
    remove_dead_writers(vault, DAY)
    assert left(vault) == 0


def test_a_run_that_is_still_running_stays(vault: Vault) -> None:
    killed(vault, this_machine(), os.getpid(), age=2 * DAY)
    remove_dead_writers(vault, DAY)
    assert left(vault) == 2


@pytest.mark.parametrize(("age", "stays"), [(0.0, 2), (2 * DAY, 0)])
def test_a_run_of_another_machine_is_removed_by_its_age(vault: Vault, age: float, stays: int) -> None:
    killed(vault, "elsewhere", os.getpid(), age=age)
    remove_dead_writers(vault, DAY)
    assert left(vault) == stays


@pytest.mark.parametrize(("age", "stays"), [(0.0, 1), (2 * DAY, 0)])
def test_pins_without_a_run_are_removed_by_their_age(vault: Vault, age: float, stays: int) -> None:
    folder = vault.paths.pin_folder("0" * 32)
    folder.mkdir()
    os.utime(folder, (folder.stat().st_atime - age, folder.stat().st_mtime - age))
    remove_dead_writers(vault, DAY)
    assert left(vault) == stays


def test_files_beside_the_folders_of_runs_stay(vault: Vault) -> None:
    (vault.paths.incoming / "notes").write_text("mine")
    (vault.paths.pins / "notes").write_text("mine")
    remove_dead_writers(vault, 0)
    assert left(vault) == 2


@pytest.mark.parametrize(("age", "stays"), [(0.0, 1), (2 * DAY, 0)])
def test_locks_are_removed_by_their_age(vault: Vault, age: float, stays: int) -> None:
    lock = vault.paths.incoming / f"{sha512(b'one')}.lock"
    lock.touch()
    os.utime(lock, (lock.stat().st_atime - age, lock.stat().st_mtime - age))
    remove_dead_writers(vault, DAY)
    assert left(vault) == stays

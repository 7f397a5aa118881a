"""``glancesync vault prune``, ended by the system at each of its changes (vault 2.4)."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from fiwareglancesync.images.vault.vault_folder import Vault, init_vault
from tests.support.vaults import back_up, faults

pytestmark = pytest.mark.outside

KILLED = 137
WEEKS = 20 * 86_400

PROGRAM = """\
import os, sys
from fiwareglancesync.main import main
from tests.support.failing_disk import observed_disk
last, count = int(sys.argv[1]), 0
def before(name, arguments):
    global count
    count += 1
    if count == last:
        os._exit(137)
with observed_disk(before):
    code = main(sys.argv[2:])
print("changes:", count)
sys.exit(code)
"""


def prune(vault: Vault, last: int) -> subprocess.CompletedProcess[str]:
    """Prune, and end the process before its n-th change; 0 for never."""
    words = [sys.executable, "-c", PROGRAM, str(last), "vault", "prune", "--force", "--vault", str(vault.folder)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def prepared(folder: Path) -> Vault:
    """A vault of which some is to be moved, some to be deleted, and some to be moved back."""
    vault = init_vault(folder)
    shelf = vault.shelf("Burgos")
    first = back_up(vault, shelf, {1: b"one", 2: b"two", 3: b"three"})
    back_up(vault, shelf, {2: b"two"}, 1)
    shelf.paths.run(first.listed).unlink()
    age(vault)
    assert prune(vault, 0).returncode == 0
    day = (datetime.now(timezone.utc) - timedelta(days=9)).date().isoformat()
    (moved,) = vault.paths.unreferenced.iterdir()
    moved.rename(vault.paths.unreferenced / day)
    shelf.paths.run(first.listed).write_bytes(first.as_document())
    back_up(vault, shelf, {4: b"four"}, 2)
    shelf.paths.run(shelf.run_times()[1]).unlink()
    age(vault)
    return vault


def age(vault: Vault) -> None:
    """Let all files be three weeks old."""
    for path in vault.folder.rglob("*"):
        os.utime(path, (time.time() - WEEKS,) * 2)


def test_a_prune_that_is_killed_at_any_change_loses_nothing(tmp_path: Path) -> None:
    whole = prepared(tmp_path / "0")
    done = prune(whole, 0)
    assert done.returncode == 0, done.stderr
    changes = int(done.stdout.rpartition(":")[2])
    assert changes > 5
    for last in range(1, changes + 1):
        vault = prepared(tmp_path / str(last))
        assert prune(vault, last).returncode == KILLED
        assert faults(vault) == [], last
        assert prune(vault, 0).returncode == 0
        assert faults(vault) == [], last

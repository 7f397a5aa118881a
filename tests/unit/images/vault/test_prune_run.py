"""A prune of a folder: what is moved, brought back and deleted, and what stays whatever happens (vault 2.4)."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from fiwareglancesync.images.vault import prune_inventory, vault_files
from fiwareglancesync.images.vault.prune_run import plan_removal, prune
from fiwareglancesync.images.vault.vault_errors import PruneRefused, VaultFailed
from fiwareglancesync.images.vault.vault_folder import Shelf, Vault, init_vault
from fiwareglancesync.images.vault.vault_model import BackupRun, ContentKey, KeptImage
from fiwareglancesync.images.vault.vault_writer import VaultWriter
from tests.support.failing_disk import Kill, Killed, Refuse, observed_disk
from tests.support.vaults import back_up, faults, run_of, sha512, uuid_of

DAY = 86_400.0
START = datetime.now(timezone.utc)
ONE, TWO = (ContentKey(sha512(content), len(content)) for content in (b"one", b"two"))


def pruned(vault: Vault, days: float, *, force: bool = True) -> None:
    """Prune a vault some days from now."""
    now = START + timedelta(days=days)
    prune(vault, plan_removal(vault, DAY, now, force=force))


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """A vault whose first run is dropped: the content "one" is not needed, "two" is."""
    vault = init_vault(tmp_path / "vault")
    shelf = vault.shelf("Burgos")
    first = back_up(vault, shelf, {1: b"one", 2: b"two"})
    back_up(vault, shelf, {2: b"two"}, 1)
    vault_files.remove(shelf.paths.run(first.listed))
    return vault


@pytest.fixture
def shelf(vault: Vault) -> Shelf:
    return vault.shelf("Burgos")


def files(vault: Vault) -> dict[str, bytes]:
    """All files of a vault."""
    paths = (path for path in vault.folder.rglob("*") if path.is_file())
    return {str(path.relative_to(vault.folder)): path.read_bytes() for path in paths}


def test_what_nothing_needs_is_moved_then_deleted_a_week_later(vault: Vault, shelf: Shelf) -> None:
    pruned(vault, 1)
    assert vault.find(ONE) == vault.paths.content_file(ONE.sha512)
    pruned(vault, 8)
    day = (START + timedelta(days=8)).date().isoformat()
    assert vault.find(ONE) == vault.paths.unreferenced / day / ONE.sha512
    moved = vault.paths.unreferenced / day / "records" / "Burgos" / uuid_of(1) / "1.json"
    assert shelf.record_path(uuid_of(1), 1) == moved
    assert faults(vault) == []
    pruned(vault, 15)
    assert vault.find(ONE) is not None
    pruned(vault, 16)
    assert vault.find(ONE) is None
    assert shelf.record_path(uuid_of(1), 1) is None
    assert list(vault.paths.unreferenced.iterdir()) == []
    assert vault.find(TWO) == vault.paths.content_file(TWO.sha512)
    assert faults(vault) == []


def test_damaged_files_are_deleted_when_they_are_of_no_use(vault: Vault) -> None:
    useless = vault.paths.damaged_file(TWO.sha512, START)
    useless.write_bytes(b"twp")
    needed = vault.paths.damaged_file(sha512(b"lost"), START)
    needed.write_bytes(b"lots")
    with VaultWriter(vault) as writer:
        writer.pin((sha512(b"lost"),))
        pruned(vault, 6)
        assert useless.exists()
        pruned(vault, 9)
    assert [path.name for path in vault.paths.damaged.iterdir()] == [needed.name]
    needed.unlink()
    vault.paths.damaged.rmdir()
    pruned(vault, 10)


def test_what_is_needed_again_is_moved_back(vault: Vault, shelf: Shelf) -> None:
    pruned(vault, 8)
    record = shelf.record(uuid_of(1), 1)
    with VaultWriter(vault) as writer:
        # A run that was written without a look at its content, as by a backup on another machine that was suspended.
        writer.add_run(shelf, run_with(shelf, 1, ONE))
    pruned(vault, 30)
    assert vault.find(ONE) == vault.paths.content_file(ONE.sha512)
    assert shelf.paths.record(uuid_of(1), 1).exists()
    assert shelf.record(uuid_of(1), 1) == record
    assert faults(vault) == []


def run_with(shelf: Shelf, number: int, content: ContentKey) -> BackupRun:
    return run_of((KeptImage(uuid_of(number), "image", 1, content),), 5)


def test_a_new_record_never_gets_the_number_of_one_that_waits_to_be_deleted(vault: Vault, shelf: Shelf) -> None:
    pruned(vault, 8)
    run = back_up(vault, shelf, {1: b"new"}, 2)
    assert [image.record for image in run.images] == [2]


def test_content_that_is_pinned_stays(vault: Vault) -> None:
    with VaultWriter(vault) as writer:
        writer.pin((ONE.sha512,))
        pruned(vault, 8)
        assert vault.find(ONE) == vault.paths.content_file(ONE.sha512)


def test_pins_of_a_killed_backup_do_not_count_and_are_removed(vault: Vault) -> None:
    writer = VaultWriter(vault).__enter__()
    writer.pin((ONE.sha512,))
    folder = vault.paths.incoming_folder(writer.host, writer.run)
    (folder / "writer.json").unlink()
    lock = vault.paths.incoming / f"{ONE.sha512}.lock"
    lock.touch()
    pruned(vault, 8)
    assert vault.find(ONE) != vault.paths.content_file(ONE.sha512)
    assert [*vault.paths.pins.iterdir(), *vault.paths.incoming.iterdir()] == []


def test_over_half_of_the_bytes_are_refused_without_force(vault: Vault, shelf: Shelf) -> None:
    vault_files.remove(shelf.paths.run(shelf.run_times()[0]))
    before = files(vault)
    with pytest.raises(PruneRefused, match="over half of the vault would go: 1 of 1 MB; use --force") as refused:
        pruned(vault, 8, force=False)
    assert refused.value.exit_code == 2
    assert files(vault) == before
    pruned(vault, 8)
    assert files(vault) != before


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def _newer(path: Path) -> None:
    path.write_text(path.read_text().replace('"format": 1', '"format": 2'))


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _dangling(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


@pytest.mark.parametrize("spoil", [_cut, _newer, _folder, _pipe, _dangling])
@pytest.mark.parametrize("kind", ["run", "record", "record that was moved", "mark"])
def test_nothing_is_removed_while_a_document_cannot_be_read(
    vault: Vault, shelf: Shelf, kind: str, spoil: Callable[[Path], None]
) -> None:
    if kind == "record that was moved":
        pruned(vault, 8)
    paths = {
        "run": shelf.paths.run(shelf.run_times()[0]),
        "record": shelf.paths.record(uuid_of(2), 1),
        "record that was moved": shelf.record_path(uuid_of(1), 1) or Path(),
        "mark": vault.paths.mark,
    }
    if kind == "mark" and spoil in (_pipe, _dangling):
        return
    spoil(paths[kind])
    before = files(vault)
    with pytest.raises(PruneRefused, match="nothing is removed, as not all is known") as refused:
        pruned(vault, 30)
    assert str(paths[kind]) in str(refused.value)
    assert refused.value.exit_code == 2
    assert files(vault) == before


@pytest.mark.parametrize("part", ["", "runs", "records"])
def test_nothing_is_removed_while_a_shelf_is_missing(vault: Vault, shelf: Shelf, part: str) -> None:
    (shelf.paths.folder / part).rename(vault.folder.parent / "elsewhere")
    with pytest.raises(PruneRefused, match=r"shelf Burgos is in vault\.json, and .* is missing"):
        pruned(vault, 30)


@pytest.mark.parametrize("part", ["pins", "content/sha512", "unreferenced", "shelves/Burgos/runs"])
def test_nothing_is_removed_while_a_folder_cannot_be_listed(
    vault: Vault, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = os.scandir

    def failing(path: Path) -> object:
        if Path(path) == vault.folder / part:
            raise OSError(errno.EIO, "Input/output error", str(path))
        return scan(path)

    before = files(vault)
    monkeypatch.setattr(os, "scandir", failing)
    with pytest.raises(PruneRefused, match="Input/output error"):
        pruned(vault, 30)
    monkeypatch.undo()
    assert files(vault) == before


def test_links_foreign_files_and_special_files_survive(vault: Vault, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / ("f" * 128)).write_text("mine")
    moved = vault.paths.unreferenced / "2020-01-01"
    moved.mkdir()
    content = vault.paths.content
    strange = [
        content / "README",
        content / "zz" / ("z" * 128),
        content / "ab" / ("cd" * 64),
        content / "ab" / f"{'ab' * 64}.part",
        moved / "notes.txt",
        moved / "records" / "Burgos" / "no uuid" / "1.json",
        moved / "records" / "Burgos" / uuid_of(1) / "01.json",
        vault.paths.unreferenced / "2020-13-01" / ("e" * 128),
        vault.paths.unreferenced / "old" / ("e" * 128),
        vault.paths.damaged / f"{'e' * 128}.2020",
        vault.paths.incoming / "notes" / "text",
        vault.paths.incoming / f"notes-{'x' * 32}" / "text",
        vault.paths.pins / "notes" / "text",
        vault.paths.shelves / "README",
    ]
    for path in strange:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
    links = [moved / ("a" * 128), content / "ab" / ("ab" * 64), content / "ff", vault.paths.unreferenced / "2020-02-02"]
    for link in links:
        link.symlink_to(mine if len(link.name) < 100 else mine / ("f" * 128))
    (moved / ("b" * 128)).mkdir()
    os.mkfifo(moved / ("c" * 128))
    for path in (*strange, *(link.parent for link in links)):
        os.utime(path, (0, 0))
    pruned(vault, 30)
    assert [path for path in strange if path.read_text() != "mine"] == []
    assert all(link.is_symlink() for link in links)
    assert (mine / ("f" * 128)).read_text() == "mine"
    assert (moved / ("b" * 128)).is_dir()
    assert (moved / ("c" * 128)).is_fifo()


def test_a_shelf_that_is_a_link_is_read_and_stays(vault: Vault, shelf: Shelf, tmp_path: Path) -> None:
    shelf.paths.folder.rename(tmp_path / "elsewhere")
    shelf.paths.folder.symlink_to(tmp_path / "elsewhere")
    pruned(vault, 8)
    pruned(vault, 30)
    assert faults(vault) == []
    assert vault.find(ONE) is not None


def test_a_killed_prune_loses_nothing_and_the_next_one_does_the_rest(tmp_path: Path) -> None:
    def made(name: str) -> Vault:
        vault = init_vault(tmp_path / name)
        shelf = vault.shelf("Burgos")
        runs = [back_up(vault, shelf, {1: b"one", 2: b"two", 3: b"three"}), back_up(vault, shelf, {2: b"two"}, 1)]
        vault_files.remove(shelf.paths.run(runs[0].listed))
        pruned(vault, 8)
        # One of what was moved is needed again, one is deleted, and one more is moved.
        with VaultWriter(vault) as writer:
            writer.add_run(shelf, run_with(shelf, 1, ONE))
        back_up(vault, shelf, {4: b"four"}, 6)
        vault_files.remove(shelf.paths.run(runs[1].listed))
        return vault

    def result(vault: Vault) -> dict[str, bytes]:
        return {name: content for name, content in files(vault).items() if ".json" not in name or "1.json" in name}

    counted = Kill()
    whole = made("whole")
    with observed_disk(counted):
        pruned(whole, 20)
    assert counted.count > 10
    for at in range(1, counted.count + 1):
        vault = made(str(at))
        with observed_disk(Kill(at)), pytest.raises(Killed):
            pruned(vault, 20)
        assert faults(vault) == [], at
        pruned(vault, 20)
        assert faults(vault) == [], at
        assert sorted(result(vault)) == sorted(result(whole)), at


@pytest.mark.parametrize("number", [errno.EROFS, errno.EIO, errno.ENOSPC])
def test_a_disk_that_refuses_ends_the_prune(vault: Vault, number: int) -> None:
    for at in range(1, 6):
        with observed_disk(Refuse(number, at)), pytest.raises(Exception, match=os.strerror(number)) as ended:
            pruned(vault, 8)
        assert isinstance(ended.value, VaultFailed) == (number != errno.EIO)
        assert faults(vault) == []


@pytest.mark.parametrize("time", [2**38, -(2**40)])
def test_content_with_a_time_that_no_calendar_has_stays(
    vault: Vault, time: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = os.stat_result((stat.S_IFREG, 1, 1, 1, 0, 0, 3, time, time, time))
    monkeypatch.setattr(prune_inventory, "_status", lambda entry: odd)
    assert plan_removal(vault, DAY, START + timedelta(days=8)).plan.moved_contents == ()

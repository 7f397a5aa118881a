"""A vault as it is read (vault 1)."""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from fiwareglancesync.images.vault import vault_files
from fiwareglancesync.images.vault.prune_inventory import read_inventory
from fiwareglancesync.images.vault.vault_errors import (
    NewerFormat,
    NoVault,
    OtherSource,
    PruneRefused,
    UnreadableDocument,
    VaultError,
)
from fiwareglancesync.images.vault.vault_folder import Vault, init_vault
from fiwareglancesync.images.vault.vault_model import ContentKey, ShelfSource, VaultMark
from fiwareglancesync.images.vault.vault_writer import VaultWriter
from tests.support.failing_disk import Refuse, observed_disk
from tests.support.vaults import LISTED, SOURCE, back_up, faults, run_of, sha512, uuid_of


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return init_vault(tmp_path / "vault")


def test_a_new_vault_has_a_mark_and_its_folders(vault: Vault) -> None:
    assert Vault(vault.folder).id == vault.id
    assert vault.shelf_names() == []
    assert sorted(path.name for path in vault.folder.iterdir()) == [
        *("content", "damaged", "incoming", "pins", "shelves", "unreferenced", "vault.json")
    ]


def test_a_folder_that_holds_anything_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NoVault, match="is not empty, it has file") as refused:
        init_vault(tmp_path)
    assert refused.value.exit_code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("name", "number", "text"),
    [
        ("link", errno.EPERM, "its file system has no hard links: .*Operation not permitted"),
        ("link", errno.ENOSPC, "No space left on device"),
        ("pwrite", errno.ENOSPC, "No space left on device"),
        ("mkdir", errno.EROFS, "Read-only file system"),
    ],
)
def test_a_vault_that_cannot_be_made_leaves_nothing(tmp_path: Path, name: str, number: int, text: str) -> None:
    with (
        observed_disk(Refuse(number, name=name)),
        pytest.raises(NoVault, match=f"vault cannot be made a vault: .*{text}"),
    ):
        init_vault(tmp_path / "vault")
    assert list((tmp_path / "vault").iterdir()) == []
    init_vault(tmp_path / "vault")


def test_of_two_processes_that_make_a_vault_one_makes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = vault_files.link_new

    def late(part: Path, path: Path) -> None:
        monkeypatch.undo()
        path.write_bytes(VaultMark("11111111-2222-4333-8444-555555555555", LISTED).as_document())
        link(part, path)

    monkeypatch.setattr(vault_files, "link_new", late)
    with pytest.raises(NoVault, match="cannot be made a vault: it is one by now"):
        init_vault(tmp_path / "vault")
    made = Vault(tmp_path / "vault")
    assert all(folder.is_dir() for folder in made.paths.folders)
    assert list(made.paths.incoming.iterdir()) == []


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir(), lambda path: path.touch()])
def test_a_folder_without_a_mark_is_no_vault(tmp_path: Path, make: object) -> None:
    assert callable(make)
    make(tmp_path / "disk")
    with pytest.raises(NoVault, match=r"is no vault: it has no vault\.json; is its disk mounted") as refused:
        Vault(tmp_path / "disk")
    assert refused.value.exit_code == 2


def test_a_vault_of_a_newer_program_is_refused(vault: Vault) -> None:
    fields = json.loads(vault.paths.mark.read_bytes())
    vault.paths.mark.write_text(json.dumps({**fields, "format": 2}))
    with pytest.raises(NewerFormat) as refused:
        Vault(vault.folder)
    assert refused.value.exit_code == 2


def test_a_mark_that_is_cut_off_is_refused(vault: Vault) -> None:
    vault.paths.mark.write_bytes(vault.paths.mark.read_bytes()[:20])
    with pytest.raises(UnreadableDocument):
        Vault(vault.folder)


def test_only_the_user_can_read_a_vault(vault: Vault) -> None:
    back_up(vault, vault.shelf("Burgos"), {1: b"one"})
    for path in vault.folder.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_a_backup_can_be_read(vault: Vault) -> None:
    shelf = vault.shelf("west:Región/1")
    run = back_up(vault, shelf, {1: b"one", 2: b""})
    again = Vault(vault.folder)
    assert again.shelf_names() == ["west:Región/1"]
    assert again.shelf("west:Región/1").newest_complete() == run
    record = again.shelf("west:Región/1").record(uuid_of(1), 1)
    assert record.content == ContentKey(sha512(b"one"), 3)
    found = again.find(record.content)
    assert found is not None
    assert found.read_bytes() == b"one"
    assert faults(again) == []


def test_files_that_the_program_does_not_know_are_left_alone(vault: Vault) -> None:
    shelf = vault.shelf("Burgos")
    back_up(vault, shelf, {1: b"one"})
    strange = [
        shelf.paths.runs / "notes.txt",
        shelf.paths.runs / "20260301T120000Z.json",
        shelf.paths.record_folder(uuid_of(1)) / "01.json",
        shelf.paths.record_folder(uuid_of(1)) / "2.json.part",
        vault.paths.unreferenced / "notes",
        vault.paths.folder / "README",
    ]
    for path in strange:
        path.write_text("mine")
    run = back_up(vault, shelf, {1: b"two"}, 1)
    assert shelf.run_times() == [run.listed, LISTED]
    assert shelf.record_numbers(uuid_of(1)) == [1, 2]
    assert [path.read_text() for path in strange] == ["mine"] * len(strange)


def test_the_newest_complete_run_may_be_asked_for_at_a_time(vault: Vault) -> None:
    shelf = vault.shelf("Burgos")
    first = back_up(vault, shelf, {1: b"one"})
    with VaultWriter(vault) as writer:
        second = writer.add_run(shelf, run_of((), 1))
        writer.add_run(shelf, run_of((), 2, complete=False))
    assert shelf.newest_complete() == second
    assert shelf.newest_complete(second.listed) == second
    assert shelf.newest_complete(first.listed) == first
    assert vault.shelf("Caceres").newest_complete() is None


def test_a_run_that_is_cut_off_is_refused(vault: Vault) -> None:
    shelf = vault.shelf("Burgos")
    run = back_up(vault, shelf, {1: b"one"})
    path = shelf.paths.run(run.listed)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(UnreadableDocument, match=str(path)):
        shelf.newest_complete()


def test_content_that_is_shorter_than_it_should_be_is_not_there(vault: Vault) -> None:
    back_up(vault, vault.shelf("Burgos"), {1: b"one"})
    key = ContentKey(sha512(b"one"), 3)
    found = vault.find(key)
    assert found is not None
    found.write_bytes(b"on")
    assert vault.find(key) is None


@pytest.mark.parametrize(
    ("other", "named"),
    [
        (ShelfSource(SOURCE.region, "http://other", SOURCE.project), "Glance http://burgos.example.org:9292"),
        (ShelfSource(SOURCE.region, SOURCE.glance, "p2"), r"project p1 \(now p2\)"),
        (ShelfSource("Spain", SOURCE.glance, SOURCE.project), r"region Burgos \(now Spain\)"),
    ],
)
def test_a_shelf_of_another_source_is_refused(vault: Vault, other: ShelfSource, named: str) -> None:
    shelf = vault.shelf("Burgos")
    back_up(vault, shelf, {1: b"one"})
    with pytest.raises(OtherSource, match=named) as refused:
        shelf.check_source(other)
    assert refused.value.exit_code == 2
    with VaultWriter(vault) as writer, pytest.raises(OtherSource):
        writer.bind(shelf, other)
    with VaultWriter(vault) as writer:
        writer.bind(shelf, other, rebind=True)
    shelf.check_source(other)


@pytest.mark.parametrize("name", ["", "x" * 256, "ñ" * 50])
def test_a_name_that_no_folder_can_have_is_refused(vault: Vault, name: str) -> None:
    with pytest.raises(VaultError, match="the name of a shelf"):
        vault.shelf(name)


@pytest.mark.parametrize("name", ["..", ".", "a/b", "/etc", "\x00", "-x"])
def test_a_name_is_one_folder_whatever_it_is(vault: Vault, name: str) -> None:
    back_up(vault, vault.shelf(name), {1: b"one"})
    assert vault.shelf_names() == [name]
    assert len(list(vault.paths.shelves.iterdir())) == 1


def test_a_pipe_in_place_of_the_mark_is_refused_at_once(vault: Vault) -> None:
    vault.paths.mark.unlink()
    os.mkfifo(vault.paths.mark)
    with pytest.raises(NoVault, match=r"vault\.json is no file"):
        Vault(vault.folder)


@pytest.mark.parametrize("name", [".DS_Store", "a b", "notes.txt"])
@pytest.mark.parametrize("make", [Path.mkdir, Path.touch])
def test_what_others_put_beside_the_shelves_is_no_shelf(vault: Vault, name: str, make: Callable[[Path], None]) -> None:
    back_up(vault, vault.shelf("west:Spain"), {1: b"one"})
    make(vault.paths.shelves / name)
    is_folder_of_shelf = (name, make) == ("notes.txt", Path.mkdir)
    assert vault.shelf_names() == (["notes.txt", "west:Spain"] if is_folder_of_shelf else ["west:Spain"])


def test_a_document_that_is_a_link_to_nothing_is_unreadable_and_not_absent(vault: Vault, tmp_path: Path) -> None:
    shelf = vault.shelf("Burgos")
    back_up(vault, shelf, {1: b"one"})
    (run,) = shelf.paths.runs.iterdir()
    for path in (run, shelf.paths.binding):
        path.unlink()
        path.symlink_to(tmp_path / "not mounted")
    with pytest.raises(VaultError, match="is a link to a file that is missing"):
        shelf.binding()
    with pytest.raises(PruneRefused, match="is a link to a file that is missing"):
        read_inventory(vault)

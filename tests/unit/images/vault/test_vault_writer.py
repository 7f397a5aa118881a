"""The order in which a vault is written keeps it whole (vault 1.2)."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from fiwareglancesync.images.vault.vault_errors import VaultError, VaultFailed, WrongContent
from fiwareglancesync.images.vault.vault_folder import Vault, init_vault
from fiwareglancesync.images.vault.vault_model import ContentKey, Record
from fiwareglancesync.images.vault.vault_writer import VaultWriter
from tests.support.failing_disk import Kill, Killed, Refuse, observed_disk
from tests.support.vaults import LISTED, SOURCE, back_up, faults, run_of, sha512, state_of, store, uuid_of

CONTENTS = {1: b"one" * 40_000, 2: b"", 3: b"one" * 40_000}
KEY = ContentKey(sha512(b"one"), 3)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return init_vault(tmp_path / "vault")


def changes(vault: Vault) -> int:
    """How many changes a backup makes."""
    count = Kill()
    with observed_disk(count):
        back_up(vault, vault.shelf("Burgos"), CONTENTS)
    return count.count


def test_a_backup_that_is_killed_at_any_change_leaves_no_record_without_its_bytes(tmp_path: Path) -> None:
    total = changes(init_vault(tmp_path / "all"))
    assert total > 50
    for at in range(1, total + 1):
        vault = init_vault(tmp_path / str(at))
        shelf = vault.shelf("Burgos")
        with pytest.raises(Killed), observed_disk(Kill(at)):
            back_up(vault, shelf, CONTENTS)
        assert faults(vault) == [], at
        run = back_up(vault, shelf, CONTENTS, 1)
        assert faults(vault) == [], at
        assert shelf.newest_complete() == run
        assert vault.mark().shelves == ("Burgos",)


def test_a_disk_that_is_full_at_any_change_leaves_no_record_without_its_bytes(tmp_path: Path) -> None:
    total = changes(init_vault(tmp_path / "all"))
    for at in range(1, total + 1):
        vault = init_vault(tmp_path / str(at))
        full = Refuse(errno.ENOSPC, at)
        with pytest.raises(VaultFailed, match=r"^/.*: No space left"), observed_disk(full):
            back_up(vault, vault.shelf("Burgos"), CONTENTS)
        assert faults(vault) == [], at


@pytest.mark.parametrize("at", [1, 2, 3, 4, 5, 6, 7])
def test_a_run_that_cannot_begin_leaves_nothing(vault: Vault, at: int) -> None:
    with observed_disk(Refuse(errno.ENOSPC, at, once=True)), pytest.raises(VaultFailed):
        VaultWriter(vault).__enter__()
    assert [*vault.paths.pins.iterdir(), *vault.paths.incoming.iterdir()] == []


@pytest.mark.parametrize("number", [errno.EROFS, errno.ESTALE, errno.EDQUOT, errno.ENODEV, errno.ENOENT, errno.EACCES])
def test_a_disk_that_is_gone_ends_everything(vault: Vault, number: int) -> None:
    with VaultWriter(vault) as writer, observed_disk(Refuse(number)), pytest.raises(VaultFailed):
        store(writer, b"one")


def test_an_error_of_one_file_concerns_one_image(vault: Vault) -> None:
    with VaultWriter(vault) as writer:
        with observed_disk(Refuse(errno.EIO, name="pwrite")), pytest.raises(VaultError) as failed:
            store(writer, b"one")
        assert not isinstance(failed.value, VaultFailed)
        assert store(writer, b"one") == KEY


def test_a_backup_that_has_ended_leaves_no_pin_and_no_unfinished_file(vault: Vault) -> None:
    back_up(vault, vault.shelf("Burgos"), CONTENTS)
    with VaultWriter(vault) as writer:
        writer.pin((KEY.sha512,))
    assert [*vault.paths.pins.iterdir(), *vault.paths.incoming.iterdir()] == []


def test_a_content_is_pinned_before_it_appears(vault: Vault) -> None:
    pinned: list[bool] = []

    def look(name: str, arguments: tuple[object, ...]) -> None:
        if name == "replace":
            pinned.append(vault.paths.pin(writer.run, KEY.sha512).exists())

    with VaultWriter(vault) as writer, observed_disk(look):
        store(writer, b"one")
    assert pinned == [True]


def test_wrong_content_is_not_kept(vault: Vault) -> None:
    with VaultWriter(vault) as writer:
        with pytest.raises(WrongContent, match="the sha512 of the bytes"):
            store(writer, b"two", {"sha512": KEY.sha512})
        with pytest.raises(WrongContent, match="the md5 of the bytes"):
            store(writer, b"two", {"md5": "0" * 32})
        with writer.incoming(4, {}) as incoming:
            incoming.write([b"one"])
            with pytest.raises(WrongContent, match="3 bytes were read, the image has 4"):
                writer.keep(incoming)
    assert list(vault.paths.content.rglob("*/*")) == []


def test_content_is_there_once(vault: Vault) -> None:
    with VaultWriter(vault) as writer:
        store(writer, b"one")
        inode = vault.paths.content_file(KEY.sha512).stat().st_ino
        store(writer, b"one")
    assert vault.paths.content_file(KEY.sha512).stat().st_ino == inode


def test_content_of_a_wrong_length_is_replaced_and_kept_apart(vault: Vault) -> None:
    with VaultWriter(vault) as writer:
        store(writer, b"one")
        vault.paths.content_file(KEY.sha512).write_bytes(b"on")
        assert not writer.hold(KEY)
        store(writer, b"one")
        assert writer.hold(KEY)
    (damaged,) = vault.paths.damaged.iterdir()
    assert damaged.name.startswith(f"{KEY.sha512}.")
    assert damaged.read_bytes() == b"on"


def test_content_that_is_about_to_be_deleted_is_moved_back(vault: Vault) -> None:
    with VaultWriter(vault) as writer:
        store(writer, b"one")
        usual = vault.paths.content_file(KEY.sha512)
        removed = vault.paths.unreferenced / "2026-01-01" / KEY.sha512
        removed.parent.mkdir()
        usual.rename(removed)
        assert vault.find(KEY) == removed
        assert writer.hold(KEY)
        assert (usual.exists(), removed.exists()) == (True, False)


def test_a_record_that_is_about_to_be_deleted_is_read_and_moved_back(vault: Vault) -> None:
    shelf = vault.shelf("Burgos")
    back_up(vault, shelf, {1: b"one"})
    usual = shelf.paths.record(uuid_of(1), 1)
    removed = vault.paths.unreferenced / "2026-01-01" / "records" / "Burgos" / uuid_of(1) / "1.json"
    removed.parent.mkdir(parents=True)
    usual.rename(removed)
    assert shelf.record(uuid_of(1), 1).content == KEY
    with VaultWriter(vault) as writer:
        assert writer.hold_record(shelf, uuid_of(1), 1)
        assert not writer.hold_record(shelf, uuid_of(1), 2)
    assert usual.exists()


def test_a_record_without_its_content_is_refused(vault: Vault) -> None:
    shelf = vault.shelf("Burgos")
    with VaultWriter(vault) as writer:
        writer.bind(shelf, SOURCE)
        with pytest.raises(VaultError, match="is not there"):
            writer.add_record(shelf, Record(state_of(1, b"one"), LISTED, KEY))
    assert shelf.record_numbers(uuid_of(1)) == []


def test_a_number_or_a_time_that_another_writer_took_meanwhile_is_not_overwritten(vault: Vault) -> None:
    shelf = vault.shelf("Burgos")
    first = back_up(vault, shelf, {1: b"one"})

    def other(name: str, arguments: tuple[object, ...]) -> None:
        path = Path(str(arguments[-1]))
        if name == "link" and path.name == "2.json" and not path.exists():
            path.write_bytes(shelf.paths.record(uuid_of(1), 1).read_bytes())

    with VaultWriter(vault) as writer, observed_disk(other):
        store(writer, b"two")
        state = state_of(1, b"two")
        number = writer.add_record(shelf, Record(state, LISTED, ContentKey(sha512(b"two"), 3)))
        second = writer.add_run(shelf, run_of(()))
    assert number == 3
    assert shelf.record(uuid_of(1), 2).content == KEY
    assert second.listed > first.listed
    assert shelf.run(first.listed) == first


def test_a_lost_answer_to_a_link_is_recognised(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link

    def lost(part: Path, path: Path) -> None:
        link(part, path)
        raise FileExistsError(errno.EEXIST, "File exists", str(part), None, str(path))

    shelf = vault.shelf("Burgos")
    monkeypatch.setattr(os, "link", lost)
    run = back_up(vault, shelf, {1: b"one"})
    assert (shelf.record_numbers(uuid_of(1)), shelf.run_times()) == ([1], [run.listed])


def test_what_does_not_fit_is_refused_before_it_is_begun(vault: Vault) -> None:
    with VaultWriter(vault) as writer:
        writer.check_room(1)
        with pytest.raises(VaultError, match="10 % to spare are needed"):
            writer.check_room(2**60)


@pytest.mark.parametrize("problem", ["is no vault", "another vault"])
def test_a_vault_that_is_gone_meanwhile_gets_no_record(vault: Vault, problem: str, tmp_path: Path) -> None:
    shelf = vault.shelf("Burgos")
    with VaultWriter(vault) as writer:
        writer.bind(shelf, SOURCE)
        store(writer, b"one")
        init_vault(tmp_path / "other").paths.mark.replace(vault.paths.mark)
        if problem == "is no vault":
            vault.paths.mark.unlink()
        with pytest.raises(VaultFailed, match=problem):
            writer.add_record(shelf, Record(state_of(1, b"one"), LISTED, KEY))
    assert shelf.record_numbers(uuid_of(1)) == []


def test_a_shelf_that_the_mark_lost_is_added_again(vault: Vault) -> None:
    shelf = vault.shelf("Burgos")
    mark = vault.paths.mark.read_bytes()
    back_up(vault, shelf, {1: b"one"})
    vault.paths.mark.write_bytes(mark)
    assert Vault(vault.folder).shelf_names() == ["Burgos"]
    back_up(vault, shelf, {1: b"one"}, 1)
    assert vault.mark().shelves == ("Burgos",)

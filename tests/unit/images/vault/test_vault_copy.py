"""Shelves are copied into another vault (vault 2.7)."""

from __future__ import annotations

import errno
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fiwareglancesync.images.vault.vault_copy import CopyListeners, CopyResult, copy_shelves
from fiwareglancesync.images.vault.vault_errors import NewerFormat, OtherSource, VaultFailed
from fiwareglancesync.images.vault.vault_folder import Vault, init_vault
from fiwareglancesync.images.vault.vault_model import ShelfSource
from fiwareglancesync.images.vault.vault_writer import VaultWriter
from tests.support.failing_disk import Kill, Killed, Refuse, observed_disk
from tests.support.vaults import LISTED, back_up, faults, run_of, sha512, uuid_of


@dataclass
class Heard:
    """What a copy said."""

    totals: list[int] = field(default_factory=list)
    progress: list[int] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    vault = init_vault(tmp_path / "vault")
    back_up(vault, vault.shelf("Burgos"), {1: b"one", 2: b"two"})
    back_up(vault, vault.shelf("Burgos"), {1: b"new", 2: b"two"}, 1)
    back_up(vault, vault.shelf("Spain"), {3: b"one", 4: b""})
    with VaultWriter(vault) as writer:
        writer.add_run(vault.shelf("Spain"), run_of((), 2, complete=False))
    return vault


@pytest.fixture
def other(tmp_path: Path) -> Vault:
    return init_vault(tmp_path / "other")


@pytest.fixture
def heard() -> Heard:
    return Heard()


def copied(vault: Vault, to: Vault, heard: Heard, *names: str) -> CopyResult:
    shelves = [vault.shelf(name) for name in names or vault.shelf_names()]
    return copy_shelves(shelves, to, CopyListeners(heard.totals.append, heard.progress.append, heard.failures.append))


def test_everything_is_copied_once(vault: Vault, other: Vault, heard: Heard) -> None:
    assert copied(vault, other, heard) == CopyResult(runs=4, present=0, contents=4, bytes=9, failures=0)
    assert (heard.totals, sum(heard.progress)) == ([9], 9)
    assert copied(vault, other, heard) == CopyResult(runs=0, present=4)
    assert faults(other) == []
    assert other.mark().shelves == vault.mark().shelves
    for name in vault.shelf_names():
        here, there = vault.shelf(name), other.shelf(name)
        assert there.run_times() == here.run_times()
        for time in there.run_times():
            images = [(image.id, image.content) for image in there.run(time).images]
            assert images == [(image.id, image.content) for image in here.run(time).images]
        binding, copy = here.binding(), there.binding()
        assert binding is not None
        assert copy is not None
        assert copy.source == binding.source
    assert other.shelf("Burgos").record(uuid_of(1), 2) == vault.shelf("Burgos").record(uuid_of(1), 2)
    assert [*other.paths.incoming.iterdir(), *other.paths.pins.iterdir()] == []


def test_one_shelf_is_copied_into_a_vault_that_has_other_runs_of_it(vault: Vault, other: Vault, heard: Heard) -> None:
    back_up(other, other.shelf("Burgos"), {1: b"else"})
    assert copied(vault, other, heard, "Burgos").runs == 2
    assert faults(other) == []
    assert other.shelf_names() == ["Burgos"]
    shelf = other.shelf("Burgos")
    newest = shelf.run(shelf.run_times()[0])
    assert [shelf.record(image.id, image.record).content for image in newest.images] == [
        image.content for image in newest.images
    ]
    # The run that was there at the same time stays, and the copied one, which is a moment later, is not copied again.
    assert [image.id for image in shelf.run(LISTED).images] == [uuid_of(1)]
    assert copied(vault, other, heard, "Burgos") == CopyResult(runs=0, present=2)


def test_damaged_content_is_not_copied_and_the_other_runs_are(vault: Vault, other: Vault, heard: Heard) -> None:
    vault.paths.content_file(sha512(b"new")).write_bytes(b"nev")
    done = copied(vault, other, heard)
    assert (done.runs, done.failures) == (3, 1)
    assert "shelf Burgos: the run of 2026-03-01T13:00:00Z is not copied: the sha512 of the bytes" in heard.failures[0]
    assert faults(other) == []
    vault.paths.content_file(sha512(b"new")).write_bytes(b"new")
    assert copied(vault, other, heard).runs == 1


def test_a_run_that_cannot_be_read_is_not_copied_and_the_others_are(vault: Vault, other: Vault, heard: Heard) -> None:
    path = vault.shelf("Burgos").paths.run(LISTED)
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    done = copied(vault, other, heard)
    assert (done.runs, done.failures) == (3, 1)
    (failure,) = heard.failures
    assert failure.startswith("shelf Burgos: the run of 2026-03-01T12:00:00Z is not copied: ")
    assert "it is no complete JSON document" in failure
    path.write_bytes(whole.replace(b'"format": 1', b'"format": 2'))
    with pytest.raises(NewerFormat):
        copied(vault, other, heard)
    path.write_bytes(whole)
    assert copied(vault, other, heard).runs == 1


def test_a_shelf_of_another_source_is_refused_before_anything_is_written(
    vault: Vault, other: Vault, heard: Heard
) -> None:
    with VaultWriter(other) as writer:
        writer.bind(other.shelf("Spain"), ShelfSource("Spain", "http://other", "p"))
    with pytest.raises(OtherSource, match="; copy into another vault, or the other shelves with --shelf"):
        copied(vault, other, heard)
    assert other.shelf_names() == ["Spain"]


def test_a_killed_copy_leaves_a_whole_vault_and_is_finished_by_the_next(
    vault: Vault, tmp_path: Path, heard: Heard
) -> None:
    count, counted = Kill(), init_vault(tmp_path / "counted")
    with observed_disk(count):
        copied(vault, counted, heard)
    for at in range(1, count.count + 1):
        other = init_vault(tmp_path / str(at))
        with observed_disk(Kill(at)), pytest.raises(Killed):
            copied(vault, other, heard)
        assert faults(other) == [], at
        copied(vault, other, heard)
        assert faults(other) == [], at
        assert [len(other.shelf(name).run_times()) for name in ("Burgos", "Spain")] == [2, 2]


def test_a_full_disk_ends_the_copy(vault: Vault, other: Vault, heard: Heard) -> None:
    with observed_disk(Refuse(errno.ENOSPC, 30)), pytest.raises(VaultFailed, match="No space left on device"):
        copied(vault, other, heard)
    assert faults(other) == []

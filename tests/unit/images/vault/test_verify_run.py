"""What a verification finds, what it sets aside, and what it remembers (vault 2.3)."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from fiwareglancesync.base.errors import UsageError
from fiwareglancesync.images.vault import content_check, verify_run
from fiwareglancesync.images.vault.vault_errors import NewerFormat, VaultFailed
from fiwareglancesync.images.vault.vault_folder import Vault, init_vault
from fiwareglancesync.images.vault.vault_model import ContentKey
from fiwareglancesync.images.vault.vault_references import needs
from fiwareglancesync.images.vault.vault_writer import VaultWriter
from fiwareglancesync.images.vault.verified_contents import Verified, read_verified, remember
from fiwareglancesync.images.vault.verify_run import (
    Fault,
    Finding,
    Level,
    Verification,
    VerifyListeners,
    VerifyOptions,
    verify,
)
from tests.support.failing_disk import Refuse, observed_disk
from tests.support.vaults import back_up, faults, sha512, uuid_of

ONE, TWO = (ContentKey(sha512(content), len(content)) for content in (b"one", b"two"))


@dataclass
class Heard:
    """What a verification said."""

    found: list[Finding] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    totals: list[int] = field(default_factory=list)
    progress: list[int] = field(default_factory=list)

    @property
    def listeners(self) -> VerifyListeners:
        """Those that write it down."""
        return VerifyListeners(
            self.found.append, self.complaints.append, self.warnings.append, self.totals.append, self.progress.append
        )


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    vault = init_vault(tmp_path / "vault")
    back_up(vault, vault.shelf("Burgos"), {1: b"one", 2: b"two"})
    back_up(vault, vault.shelf("Spain"), {3: b"one"})
    return vault


@pytest.fixture
def heard() -> Heard:
    return Heard()


def verified(
    vault: Vault, heard: Heard, level: Level = Level.HASH, *, days: float = 0, older: int | None = None
) -> Verification:
    """Verify a vault some days from now."""
    return verify(vault, VerifyOptions(level, older), heard.listeners, lambda: clock() + timedelta(days=days))


def clock() -> datetime:
    return datetime.now(timezone.utc)


def spoil(vault: Vault, content: bytes = b"onf") -> Path:
    path = vault.paths.content_file(ONE.sha512)
    path.write_bytes(content)
    return path


def test_a_whole_vault_has_no_fault(vault: Vault, heard: Heard) -> None:
    for level, count in ((Level.QUICK, 0), (Level.HASH, 6)):
        done = verified(vault, heard, level)
        assert (done.failed, done.verified, done.bytes_read) == (False, 2, count)
    assert heard.totals == [0, 6]
    assert sum(heard.progress) == 6
    assert [*vault.paths.incoming.iterdir(), *vault.paths.pins.iterdir()] == []


@pytest.mark.parametrize("level", [Level.HASH, Level.QUICK])
@pytest.mark.parametrize("content", [b"onf", b"on", b"more", b""])
def test_damaged_content_is_set_aside_and_the_next_backup_brings_it_back(
    vault: Vault, heard: Heard, level: Level, content: bytes
) -> None:
    spoil(vault, content)
    done = verified(vault, heard, level)
    if level is Level.QUICK and len(content) == 3:
        assert not done.failed
        return
    assert [(finding.sha512, finding.fault) for finding in heard.found] == [(ONE.sha512, Fault.DAMAGED)]
    (damaged,) = vault.paths.damaged.iterdir()
    assert damaged.read_bytes() == content
    assert f"it is damaged/{damaged.name} now" in heard.found[0].text
    assert vault.find(ONE) is None
    back_up(vault, vault.shelf("Burgos"), {1: b"one", 2: b"two"}, 1)
    assert faults(vault) == []
    assert not verified(vault, Heard(), level).failed


def test_the_folder_for_damaged_content_may_have_been_removed(vault: Vault, heard: Heard) -> None:
    spoil(vault)
    vault.paths.damaged.rmdir()
    assert verified(vault, heard).failed
    assert len(list(vault.paths.damaged.iterdir())) == 1


def test_each_image_that_needs_a_content_is_named(vault: Vault) -> None:
    back_up(vault, vault.shelf("Burgos"), {1: b"one"}, 1)
    found = needs(vault, {ONE.sha512})[ONE.sha512]
    assert [(need.shelf, need.id, need.name, need.runs) for need in found] == [
        ("Burgos", uuid_of(1), "image1", 2),
        ("Spain", uuid_of(3), "image3", 1),
    ]


@pytest.mark.parametrize("level", [Level.QUICK, Level.HASH])
def test_missing_content_is_found(vault: Vault, heard: Heard, level: Level) -> None:
    vault.paths.content_file(ONE.sha512).unlink()
    assert verified(vault, heard, level).failed
    assert [(finding.sha512, finding.fault) for finding in heard.found] == [(ONE.sha512, Fault.MISSING)]


def test_content_that_waits_to_be_deleted_is_verified_too(vault: Vault, heard: Heard) -> None:
    moved = vault.paths.unreferenced / "2026-01-01" / TWO.sha512
    moved.parent.mkdir()
    vault.paths.content_file(TWO.sha512).rename(moved)
    assert verified(vault, heard).verified == 2
    moved.write_bytes(b"twp")
    assert verified(vault, heard).failed
    assert not moved.exists()


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_what_is_no_file_is_set_aside(vault: Vault, heard: Heard, make: Callable[[Path], None]) -> None:
    path = vault.paths.content_file(ONE.sha512)
    path.unlink()
    make(path)
    assert verified(vault, heard).failed
    (damaged,) = vault.paths.damaged.iterdir()
    assert not stat.S_ISREG(damaged.stat().st_mode)


class MisreadingOs:
    """The module ``os``, whose reading fails or returns other bytes.

    :param readings: what each reading of the spoilt content does
    """

    def __init__(self, readings: list[Any]) -> None:
        self._readings = readings
        self.dropped = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def readv(self, descriptor: int, buffers: list[bytearray]) -> int:
        count = os.readv(descriptor, buffers)
        if bytes(buffers[0][:3]) == b"one" and count == 3 and self._readings:
            reading = self._readings.pop(0)
            if isinstance(reading, OSError):
                raise reading
            buffers[0][:3] = reading
        return count

    def posix_fadvise(self, descriptor: int, offset: int, length: int, advice: int) -> None:
        self.dropped += advice == os.POSIX_FADV_DONTNEED


def test_a_mismatch_is_read_again_past_the_page_cache(vault: Vault, heard: Heard) -> None:
    fake = MisreadingOs([b"bad", b"one"])
    with mock.patch.object(content_check, "os", fake):
        done = verified(vault, heard)
    assert (done.failed, done.verified, fake.dropped) == (False, 2, 1)
    assert "was read wrongly once" in heard.warnings[0]
    assert vault.find(ONE) is not None


def test_a_file_that_cannot_be_read_twice_is_set_aside(vault: Vault, heard: Heard) -> None:
    with mock.patch.object(content_check, "os", MisreadingOs([OSError(errno.EIO, os.strerror(errno.EIO))] * 2)):
        assert verified(vault, heard).failed
    assert "it cannot be read: Input/output error; it is damaged/" in heard.found[0].text
    assert vault.find(ONE) is None


def test_a_file_of_another_user_stays_where_it_is_and_the_others_are_verified(vault: Vault, heard: Heard) -> None:
    refused = OSError(errno.EACCES, os.strerror(errno.EACCES))
    with mock.patch.object(content_check, "os", MisreadingOs([refused] * 2)):
        done = verified(vault, heard)
    assert (done.failed, done.verified) == (True, 1)
    assert heard.found[0].text == "it cannot be read: Permission denied; it stays where it is"
    assert vault.find(ONE) is not None
    assert vault.find(TWO) is not None


def test_a_disk_that_is_gone_ends_the_verification_and_sets_nothing_aside(vault: Vault, heard: Heard) -> None:
    gone = MisreadingOs([OSError(errno.ESTALE, os.strerror(errno.ESTALE))])
    with mock.patch.object(content_check, "os", gone), pytest.raises(VaultFailed, match="Stale file handle"):
        verified(vault, heard)
    assert list(vault.paths.damaged.iterdir()) == []


def test_contents_that_are_all_gone_are_reported_in_one_line(vault: Vault, heard: Heard) -> None:
    vault.paths.content.rename(vault.folder / "elsewhere")
    with pytest.raises(VaultFailed, match="sha512 is missing; is its disk mounted"):
        verified(vault, heard)
    assert heard.found == []


def test_right_content_that_takes_the_place_of_a_damaged_one_meanwhile_stays(vault: Vault, heard: Heard) -> None:
    path = spoil(vault)

    def replaced(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "replace" and Path(arguments[0]) == path:
            new = path.with_name("new")
            new.write_bytes(b"one")
            new.rename(path)

    with observed_disk(replaced):
        verified(vault, heard)
    assert "another file is in its place by now" in heard.found[0].text
    assert list(vault.paths.damaged.iterdir()) == []
    assert faults(vault) == []


@pytest.mark.parametrize("spoilt", ["cut", "gone", "size"])
@pytest.mark.parametrize("kind", ["record", "run"])
def test_documents_that_are_wrong_are_reported_and_the_rest_is_verified(
    vault: Vault, heard: Heard, kind: str, spoilt: str
) -> None:
    shelf = vault.shelf("Burgos")
    path = shelf.paths.record(uuid_of(1), 1) if kind == "record" else shelf.paths.run(shelf.run_times()[0])
    if spoilt == "gone":
        path.unlink()
    elif spoilt == "cut":
        path.write_bytes(path.read_bytes()[:-5])
    else:
        path.write_text(path.read_text().replace('"size": 3', '"size": 4'))
    done = verified(vault, heard)
    assert done.verified == 2
    assert done.failed == (kind == "record" or spoilt != "gone")  # a run that is gone was dropped
    assert not heard.found
    assert faults_of_size(vault) == []


def faults_of_size(vault: Vault) -> list[str]:
    """The contents that are not in their usual place."""
    return [key.sha512 for key in (ONE, TWO) if vault.find(key) != vault.paths.content_file(key.sha512)]


def test_a_document_of_a_newer_program_is_refused(vault: Vault, heard: Heard) -> None:
    path = vault.shelf("Burgos").paths.record(uuid_of(1), 1)
    path.write_text(path.read_text().replace('"format": 1', '"format": 2'))
    with pytest.raises(NewerFormat):
        verified(vault, heard)


def test_what_was_verified_not_long_ago_is_not_read_again(vault: Vault, heard: Heard) -> None:
    week = 7 * 86_400
    assert verified(vault, heard, older=week).verified == 2
    done = verified(vault, heard, days=6, older=week)
    assert (done.verified, done.skipped, done.bytes_read) == (0, 2, 0)
    assert verified(vault, heard, days=8, older=week).verified == 2
    # Without --older-than everything is read; content that is newer than its verification is read too.
    assert verified(vault, heard, days=8).verified == 2
    os.utime(vault.paths.content_file(ONE.sha512), (2**31, 2**31))
    assert verified(vault, heard, days=9, older=week).verified == 1


def test_content_that_was_cut_off_is_read_although_it_was_verified_not_long_ago(vault: Vault, heard: Heard) -> None:
    verified(vault, heard)
    path = vault.paths.content_file(ONE.sha512)
    written = path.stat().st_mtime_ns
    os.truncate(path, 2)
    os.utime(path, ns=(written, written))
    assert verified(vault, heard, older=86_400).failed
    assert [(finding.sha512, finding.fault) for finding in heard.found] == [(ONE.sha512, Fault.DAMAGED)]


def test_damaged_content_is_not_remembered(vault: Vault, heard: Heard) -> None:
    verified(vault, heard)
    assert ONE.sha512 in read_verified(vault, ONE.sha512[:2])
    spoil(vault)
    verified(vault, heard)
    assert ONE.sha512 not in read_verified(vault, ONE.sha512[:2])


def test_an_interrupted_verification_remembers_what_it_has_read(vault: Vault) -> None:
    heard = Heard()
    calls: Iterator[int] = iter(range(2))

    def interrupted(count: int) -> None:
        if next(calls) == 1:
            raise KeyboardInterrupt

    listeners = VerifyListeners(heard.found.append, heard.complaints.append, print, print, interrupted)
    with pytest.raises(KeyboardInterrupt):
        verify(vault, VerifyOptions(), listeners, clock)
    assert verified(vault, heard, older=3600).skipped == 1


@pytest.mark.parametrize("content", [b"", b"{", b'{"format": 1, "kind": "verified"}'])
def test_what_is_remembered_may_be_lost(vault: Vault, heard: Heard, content: bytes) -> None:
    verified(vault, heard)
    for path in vault.paths.verified.iterdir():
        path.write_bytes(content)
    assert verified(vault, heard, older=3600).verified == 2
    assert verified(vault, heard, older=3600).skipped == 2


def test_a_vault_that_cannot_be_written_to_is_verified(vault: Vault, heard: Heard) -> None:
    spoil(vault)
    with observed_disk(Refuse(errno.EROFS)):
        done = verified(vault, heard)
    assert (done.failed, done.verified) == (True, 1)
    assert "Read-only file system" in heard.warnings[0]
    assert "it cannot be moved away" in heard.found[0].text
    assert "Read-only file system" in heard.found[0].text


def test_two_verifications_at_once_keep_what_both_remember(vault: Vault, heard: Heard) -> None:
    verified(vault, heard)
    beginning = ONE.sha512[:2]
    before = read_verified(vault, beginning)[ONE.sha512]
    later = Verified(before.verified_at + timedelta(days=1))
    with VaultWriter(vault) as writer:
        remember(writer, beginning, {ONE.sha512: later}, ())
        remember(writer, beginning, {ONE.sha512: before}, ())
    assert read_verified(vault, beginning)[ONE.sha512] == later


def test_structure_without_qemu_img_is_refused_before_anything_is_read(
    vault: Vault, heard: Heard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="needs the program qemu-img, which is not installed"):
        verified(vault, heard, Level.STRUCTURE)
    assert heard.progress == []


def test_content_with_a_faulty_structure_stays_and_is_not_remembered_as_sound(
    vault: Vault, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = vault.shelf("Burgos").paths.record(uuid_of(1), 1)
    path.write_text(path.read_text().replace('"name": "image1"', '"name": "image1", "disk_format": "qcow2"'))
    asked: list[tuple[Path, str]] = []

    def fault(program: str, file: Path, disk_format: str) -> str | None:
        asked.append((file, disk_format))
        return "it needs other files" if len(asked) == 1 else None

    monkeypatch.setattr(verify_run, "find_qemu_img", lambda: "qemu-img")
    monkeypatch.setattr(verify_run, "structure_fault", fault)
    assert verified(vault, heard, Level.STRUCTURE, older=3600).failed
    assert [(finding.sha512, finding.fault) for finding in heard.found] == [(ONE.sha512, Fault.STRUCTURE)]
    assert vault.find(ONE) is not None
    assert not verified(vault, heard, Level.STRUCTURE, older=3600).failed
    assert asked == [(vault.paths.content_file(ONE.sha512), "qcow2")] * 2
    assert verified(vault, heard, Level.STRUCTURE, older=3600).skipped == 2

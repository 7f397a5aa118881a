"""Content comes from the first source that has it (vault 1.3, 3)."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Any, cast

import pytest

from fiwareglancesync.base.throttle import Throttle
from fiwareglancesync.events import Event
from fiwareglancesync.images.backup.backup_plan import PlannedImage, Step
from fiwareglancesync.images.backup.content_fetch import ContentFetcher
from fiwareglancesync.images.execution.recorder import Attempt, Recorder
from fiwareglancesync.images.places import Place
from fiwareglancesync.images.places.glance.image_documents import image_of
from fiwareglancesync.images.transfer.sources import FileSource, StreamSource
from fiwareglancesync.images.vault import vault_files
from fiwareglancesync.images.vault.vault_errors import VaultError
from fiwareglancesync.images.vault.vault_folder import Vault
from fiwareglancesync.images.vault.vault_model import ContentKey, ImageState
from fiwareglancesync.images.vault.vault_writer import VaultWriter
from tests.support.described_place import DescribedPlace
from tests.support.vaults import is_whole, sha512, uuid_of

CONTENT = b"content" * 50_000


class Fetches:
    """Fetches of one image."""

    def __init__(self, vault: Vault, place: DescribedPlace, events: list[Event], folder: Path) -> None:
        self.vault, self.place, self.folder = vault, place, folder
        self.attempt = Attempt()
        self.recorder = Recorder("Burgos", events.append)

    def planned(self, *, known: bool = True) -> PlannedImage:
        uuid = self.place.add(1, CONTENT)
        document = self.place.documents[uuid]
        content = ContentKey(sha512(CONTENT), len(CONTENT)) if known else None
        return PlannedImage(image_of(document, "Burgos"), Step.FETCH, ImageState(uuid, document), content)

    def fetch(self, planned: PlannedImage, throttles: Any = (), **options: Any) -> ContentKey:
        from fiwareglancesync.events import Action

        move = self.recorder.progress(Action.BACKUP, "image1", self.attempt, planned.size)
        with VaultWriter(self.vault) as writer:
            sources = (FileSource(self.folder), StreamSource(cast("Place", self.place)))
            content = ContentFetcher(writer, sources, throttles).fetch(planned, move, **options)
            assert is_whole(self.vault.find(content), content)
            return content


@pytest.fixture
def fetches(vault: Vault, place: DescribedPlace, events: list[Event], tmp_path: Path) -> Fetches:
    (tmp_path / "images").mkdir()
    return Fetches(vault, place, events, tmp_path / "images")


def test_the_file_of_a_glance_here_is_preferred(fetches: Fetches) -> None:
    (fetches.folder / uuid_of(1)).write_bytes(CONTENT)
    fetches.fetch(fetches.planned())
    assert (fetches.attempt.way, fetches.attempt.size, fetches.place.downloads) == ("file", len(CONTENT), [])


def test_a_file_is_copied_and_never_linked(fetches: Fetches) -> None:
    file = fetches.folder / uuid_of(1)
    file.write_bytes(CONTENT)
    path = fetches.vault.find(fetches.fetch(fetches.planned()))
    assert path is not None
    assert (path.stat().st_nlink, path.stat().st_ino == file.stat().st_ino) == (1, False)


def test_a_clone_is_hashed(fetches: Fetches, monkeypatch: pytest.MonkeyPatch) -> None:
    def clone(source: int, descriptor: int) -> bool:
        os.pwrite(descriptor, Path(f"/proc/self/fd/{source}").read_bytes(), 0)
        return True

    monkeypatch.setattr(vault_files, "clone", clone)
    (fetches.folder / uuid_of(1)).write_bytes(CONTENT)
    fetches.fetch(fetches.planned())
    assert fetches.attempt.way == "file"
    wrong = fetches.planned(known=False)
    (fetches.folder / uuid_of(1)).write_bytes(CONTENT[::-1])
    fetches.fetch(wrong)
    assert fetches.attempt.way == "stream"


@pytest.mark.parametrize("content", [CONTENT[::-1], CONTENT[1:]])
def test_a_wrong_file_is_not_used(fetches: Fetches, content: bytes) -> None:
    (fetches.folder / uuid_of(1)).write_bytes(content)
    fetches.fetch(fetches.planned())
    assert fetches.attempt.way == "stream"


def test_content_that_is_there_is_not_read(fetches: Fetches) -> None:
    fetches.fetch(fetches.planned())
    fetches.attempt = Attempt()
    fetches.fetch(fetches.planned())
    assert (fetches.attempt.way, len(fetches.place.downloads)) == (None, 1)
    fetches.fetch(fetches.planned(), trust_hashes=False)
    assert len(fetches.place.downloads) == 2


def test_another_process_that_fetches_it_is_waited_for(fetches: Fetches, monkeypatch: pytest.MonkeyPatch) -> None:
    planned = fetches.planned()
    path = fetches.vault.paths.incoming / f"{sha512(CONTENT)}.lock"
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)

        def pause(seconds: float, alive: Any) -> None:
            fcntl.flock(file, fcntl.LOCK_UN)
            waited.append(seconds)

        waited: list[float] = []
        monkeypatch.setattr("fiwareglancesync.images.backup.content_fetch.pause", pause)
        fetches.fetch(planned)
    assert len(waited) == 1
    assert not path.exists()


def test_without_locks_of_files_it_is_fetched_all_the_same(
    fetches: Fetches, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: Any) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    fetches.fetch(fetches.planned())
    assert len(fetches.place.downloads) == 1


def test_what_does_not_fit_is_not_begun(fetches: Fetches, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vault_files, "free_bytes", lambda path: len(CONTENT))
    with pytest.raises(VaultError, match="there is no room"):
        fetches.fetch(fetches.planned())
    assert fetches.place.downloads == []


def test_the_bandwidth_is_kept(fetches: Fetches, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    monkeypatch.setattr(Throttle, "take", lambda self, count: taken.append(count))
    fetches.fetch(fetches.planned(), [Throttle(100_000)])
    assert sum(taken) == len(CONTENT)
    assert max(taken) <= 10_000

"""Small images are backed up several at the same time, and the order of vault 1.2 holds for each of them."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from fiwareglancesync.events import Event
from fiwareglancesync.images.backup import backup_run, backup_threads
from fiwareglancesync.images.backup.backup_plan import PlannedImage
from fiwareglancesync.images.backup.backup_run import back_up
from fiwareglancesync.images.vault import vault_files
from fiwareglancesync.images.vault.incoming_content import IncomingContent
from fiwareglancesync.images.vault.vault_errors import VaultFailed
from fiwareglancesync.images.vault.vault_folder import Vault, init_vault
from tests.support.described_place import DescribedPlace
from tests.support.failing_disk import Kill, Killed, Refuse, observed_disk
from tests.support.turns import Turns, at_once
from tests.support.vaults import faults, uuid_of

from .conftest import given

SECONDS = 60
"""For which a test waits for what has to happen."""


@pytest.fixture
def images(place: DescribedPlace) -> DescribedPlace:
    """A region with three images, two of which have the same content."""
    for number, content in enumerate((b"one", b"the same", b"the same")):
        place.add(number, content)
    return place


def observe_downloads(
    place: DescribedPlace, monkeypatch: pytest.MonkeyPatch, observe: Callable[[str], None]
) -> None:
    """Have something done before each download."""
    download = place.download

    def observed(image_id: str, start: int = 0) -> Any:
        observe(image_id)
        return download(image_id, start)

    monkeypatch.setattr(place, "download", observed)


def test_small_images_are_read_at_the_same_time(
    vault: Vault, place: DescribedPlace, events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        place.add(number, b"content %d" % number)
    all_begun = threading.Barrier(3, timeout=SECONDS)

    def observe(image_id: str) -> None:
        all_begun.wait()

    observe_downloads(place, monkeypatch, observe)
    outcome = back_up(given(vault, place, events, at_once=3))
    assert (outcome.failed, outcome.bytes_read, len(outcome.images)) == (False, 27, 3)
    assert faults(vault) == []


def test_large_images_are_read_one_after_the_other_and_last(
    vault: Vault, place: DescribedPlace, events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup_threads, "SMALL_BYTES", 5)
    place.add(1, b"large one")
    place.add(2, b"larger one")
    place.add(3, b"small")
    readers: list[tuple[str, bool]] = []
    main = threading.current_thread()
    observe_downloads(place, monkeypatch, lambda uuid: readers.append((uuid, threading.current_thread() is main)))
    back_up(given(vault, place, events, at_once=3))
    assert readers == [(uuid_of(3), False), (uuid_of(1), True), (uuid_of(2), True)]


def test_content_of_several_images_is_read_once(vault: Vault, images: DescribedPlace, events: list[Event]) -> None:
    assert not back_up(given(vault, images, events, at_once=3)).failed
    assert len(images.downloads) == 2
    assert faults(vault) == []


def test_a_backup_with_threads_that_is_killed_at_any_change_leaves_a_whole_vault(
    vault: Vault, images: DescribedPlace, events: list[Event]
) -> None:
    at, ended = 0, False
    while not ended:
        at += 1
        images.add(0, b"one %d" % at)
        images.add(1, b"the same %d" % at)
        images.add(2, b"the same %d" % at, name=f"n{at}")
        try:
            with observed_disk(Kill(at)):
                back_up(given(vault, images, events, at_once=3))
            ended = True
        except Killed:
            assert faults(vault) == [], at
    assert at > 30
    assert not back_up(given(vault, images, events, at_once=3)).failed
    assert faults(vault) == []


def test_the_images_of_a_backup_in_any_order_of_steps_leave_a_whole_vault(
    tmp_path: Path, images: DescribedPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(15):
        vault, turns = init_vault(tmp_path / str(seed)), Turns(seed, kill=0)

        def in_turns(planned: Sequence[PlannedImage], number: int, make: Any, stop: Any, turns: Turns = turns) -> None:
            assert at_once([partial(make, each) for each in planned], turns) == []

        def before(name: str, arguments: tuple[Any, ...], turns: Turns = turns) -> None:
            if threading.current_thread() is not threading.main_thread():
                turns(name, arguments)
            assert faults(vault) == [], seed  # noqa: B023 - called in this round only

        monkeypatch.setattr(backup_run, "make_together", in_turns)
        monkeypatch.setattr("fiwareglancesync.images.backup.content_fetch._is_free", lambda stack, path: True)
        with observed_disk(before):
            assert not back_up(given(vault, images, [])).failed, seed
        assert faults(vault) == [], seed


def test_a_full_disk_ends_the_backup_of_all_images(vault: Vault, place: DescribedPlace, events: list[Event]) -> None:
    for number in range(20):
        place.add(number, b"content %d" % number)
    with observed_disk(Refuse(errno.ENOSPC, name="pwrite", at=7)), pytest.raises(VaultFailed, match="No space left"):
        back_up(given(vault, place, events, at_once=3))
    assert vault.shelf(place.name).run_times() == []
    assert list(vault.paths.incoming.iterdir()) == []
    assert faults(vault) == []
    assert len(place.downloads) < 20


def test_an_interruption_ends_what_is_being_read(
    vault: Vault, place: DescribedPlace, events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        place.add(number, b"content %d" % number)
    begun, interrupted = threading.Event(), threading.Event()

    def observe(image_id: str) -> None:
        begun.set()
        assert interrupted.wait(SECONDS)

    def interrupted_wait(*arguments: Any) -> Any:
        assert begun.wait(SECONDS)
        interrupted.set()
        monkeypatch.undo()
        raise KeyboardInterrupt

    observe_downloads(place, monkeypatch, observe)
    monkeypatch.setattr(backup_threads, "wait", interrupted_wait)
    with pytest.raises(KeyboardInterrupt):
        back_up(given(vault, place, events, at_once=2))
    assert vault.shelf(place.name).run_times() == []
    assert len(place.downloads) <= 2
    assert faults(vault) == []


def test_an_image_that_does_not_fit_beside_another_one_waits_for_that(
    vault: Vault, place: DescribedPlace, events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    place.add(1, b"1" * 100)
    place.add(2, b"2" * 100)
    place.add(3, b"3" * 200)
    reading, most, together = [0], [0], threading.Event()
    monkeypatch.setattr(vault_files, "free_bytes", lambda path: 150)
    write = IncomingContent.write

    def counted(content: IncomingContent, pieces: Any) -> None:
        reading[0] += 1
        most[0] = max(most[0], reading[0])
        if reading[0] > 1:
            together.set()
        together.wait(0.05)
        write(content, pieces)
        reading[0] -= 1

    monkeypatch.setattr(IncomingContent, "write", counted)
    outcome = back_up(given(vault, place, events, at_once=3))
    assert most == [1]
    assert {image.name for image in outcome.images if image.error is None} == {"image1", "image2"}
    (failed,) = [str(image.error) for image in outcome.images if image.error]
    assert "there is no room" in failed

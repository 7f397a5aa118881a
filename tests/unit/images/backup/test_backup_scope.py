"""A backup that is about some images of a region, and lets others stay on the shelf (vault 5.3)."""

from __future__ import annotations

import pytest

from fiwareglancesync.events import Event
from fiwareglancesync.images.backup.backup_plan import BackupScope, Step
from fiwareglancesync.images.backup.backup_run import BackupOptions, outcome_of_plan, plan_only
from fiwareglancesync.images.vault.vault_folder import Shelf, Vault
from fiwareglancesync.images.vault.vault_model import BackupRun
from tests.support.described_place import DescribedPlace
from tests.support.vaults import faults, sha512, uuid_of

from .conftest import BackUp, given


@pytest.fixture
def shelf(vault: Vault, run: BackUp, place: DescribedPlace) -> Shelf:
    """The shelf with the images 1, 2 and 3, of which the region has 1 alone by now, and 4 besides."""
    for number in (1, 2, 3):
        place.add(number, b"content %d" % number)
    run()
    for number in (2, 3):
        del place.documents[uuid_of(number)]
    place.add(4, b"content 4")
    return vault.shelf("Burgos")


def scope(images: tuple[int, ...], leaving: tuple[int, ...] = ()) -> BackupScope:
    return BackupScope(frozenset(map(uuid_of, images)), frozenset(map(uuid_of, leaving)))


def newest(shelf: Shelf) -> BackupRun:
    return shelf.run(shelf.run_times()[0])


def names(run: BackupRun) -> list[str]:
    return sorted(image.name for image in run.images)


def test_what_is_to_stay_is_in_the_run_and_the_run_is_complete(
    run: BackUp, place: DescribedPlace, shelf: Shelf
) -> None:
    outcome = run(scope=scope((4,), (3,)))
    assert (outcome.failed, newest(shelf).complete) == (False, True)
    assert names(newest(shelf)) == ["image1", "image2", "image4"]
    assert faults(shelf.vault) == []


def test_an_image_that_is_not_meant_is_not_read_and_keeps_its_record(
    run: BackUp, place: DescribedPlace, shelf: Shelf
) -> None:
    place.add(1, b"content 1", tags=["new"])
    place.downloads.clear()
    run(scope=scope(()))
    assert names(newest(shelf)) == ["image1", "image2", "image3"]
    assert (place.downloads, shelf.record_numbers(uuid_of(1))) == ([], [1])


def test_an_image_that_is_back_in_the_region_is_kept_as_it_is_there(
    run: BackUp, place: DescribedPlace, shelf: Shelf
) -> None:
    place.add(2, b"content 2", tags=["new"])
    run(scope=scope((2,)))
    assert shelf.record_numbers(uuid_of(2)) == [1, 2]
    assert [image.record for image in newest(shelf).images if image.id == uuid_of(2)] == [2]


def test_what_has_vanished_from_the_vault_is_not_taken_for_kept(run: BackUp, shelf: Shelf) -> None:
    shelf.vault.paths.content_file(sha512(b"content 2")).unlink()
    outcome = run(scope=scope(()))
    assert (outcome.failures, newest(shelf).complete, names(newest(shelf))) == (1, False, ["image1", "image3"])


def test_a_dry_run_reads_nothing_of_what_stays(
    vault: Vault, place: DescribedPlace, shelf: Shelf, events: list[Event]
) -> None:
    of_backup = given(vault, place, events, BackupOptions(scope=scope((4,), (3,))))
    plan = plan_only(of_backup)
    assert [(p.image.name, p.step) for p in plan.images] == [
        ("image1", Step.KEEP),
        ("image4", Step.FETCH),
        ("image2", Step.STAY),
    ]
    assert outcome_of_plan(plan, of_backup).to_fetch == 1


class TestNamesakes:
    """An image of the region that has the name of one of the shelf, and another UUID."""

    def test_one_that_is_backed_up_takes_its_place(self, run: BackUp, place: DescribedPlace, shelf: Shelf) -> None:
        place.add(5, b"content 5", name="image2")
        run(scope=scope((5,)))
        assert uuids(newest(shelf)) == [uuid_of(1), uuid_of(3), uuid_of(5)]

    @pytest.mark.parametrize("status", ["queued", "saving"])
    def test_one_that_is_not_complete_does_not(
        self, run: BackUp, place: DescribedPlace, shelf: Shelf, status: str
    ) -> None:
        place.add(5, b"", name="image2", status=status)
        run(scope=scope((5,)))
        assert uuids(newest(shelf)) == [uuid_of(1), uuid_of(2), uuid_of(3)]

    def test_one_that_the_backup_is_not_about_does_not(self, run: BackUp, place: DescribedPlace, shelf: Shelf) -> None:
        place.add(5, b"content 5", name="image2")
        run(scope=scope((4,)))
        assert uuids(newest(shelf)) == [uuid_of(1), uuid_of(2), uuid_of(3), uuid_of(4)]

    def test_one_that_is_deleted_before_the_backup_does_not(self, run: BackUp, shelf: Shelf) -> None:
        run(scope=scope((5,)))
        assert uuids(newest(shelf)) == [uuid_of(1), uuid_of(2), uuid_of(3)]


def uuids(run: BackupRun) -> list[str]:
    return sorted(image.id for image in run.images)

"""A backup keeps each image in the order of vault 1.2."""

from __future__ import annotations

import errno
from dataclasses import replace
from typing import Any

import pytest

from fiwareglancesync.base.errors import (
    CloudError,
    Forbidden,
    NotFound,
    Scope,
    SourceBroke,
    TimedOut,
    Unreachable,
)
from fiwareglancesync.events import Action, Done, Event, Failed, MessageReported, Pending
from fiwareglancesync.images.backup.backup_run import outcome_of_plan, plan_only
from fiwareglancesync.images.vault.vault_errors import OtherSource, VaultFailed
from fiwareglancesync.images.vault.vault_folder import Shelf, Vault
from fiwareglancesync.images.vault.vault_model import BackupRun, ContentKey
from tests.support.described_place import DescribedPlace
from tests.support.failing_disk import Kill, Killed, Refuse, observed_disk
from tests.support.vaults import faults, sha512, uuid_of

from .conftest import BackUp, given


@pytest.fixture
def shelf(vault: Vault) -> Shelf:
    return vault.shelf("Burgos")


def newest(shelf: Shelf) -> BackupRun:
    return shelf.run(shelf.run_times()[0])


def warnings(events: list[Event]) -> list[str]:
    return [event.message.text for event in events if isinstance(event, MessageReported)]


def test_an_image_is_kept_with_its_bytes(run: BackUp, place: DescribedPlace, shelf: Shelf) -> None:
    uuid = place.add(1, b"one", tags=["a"], visibility="shared")
    place.shared[uuid] = frozenset({"p2", "p1"})
    outcome = run()
    record = shelf.record(uuid, 1)
    assert record.state.document == place.documents[uuid]
    assert record.state.members == ("p1", "p2")
    assert record.content == ContentKey(sha512(b"one"), 3)
    assert (outcome.complete, outcome.failed, outcome.run) == (True, False, newest(shelf).listed)
    assert faults(shelf.vault) == []


def test_an_image_that_has_not_changed_keeps_its_record(run: BackUp, place: DescribedPlace, shelf: Shelf) -> None:
    place.add(1, b"one", tags=["a", "b"])
    run()
    place.documents[uuid_of(1)]["tags"] = ["b", "a"]
    run()
    assert place.downloads == [uuid_of(1)]
    assert shelf.record_numbers(uuid_of(1)) == [1]
    assert len(shelf.run_times()) == 2


@pytest.mark.parametrize("change", [{"name": "other"}, {"visibility": "public"}, {"p": "v"}, {"status": "deactivated"}])
def test_other_metadata_makes_a_new_record(
    run: BackUp, place: DescribedPlace, shelf: Shelf, change: dict[str, Any]
) -> None:
    place.add(1, b"one")
    run()
    place.add(1, b"one", **change)
    run()
    assert place.downloads == [uuid_of(1)]
    assert shelf.record_numbers(uuid_of(1)) == [1, 2]
    assert [image.record for image in newest(shelf).images] == [2]


def test_other_content_is_fetched(run: BackUp, place: DescribedPlace, shelf: Shelf) -> None:
    place.add(1, b"one")
    run()
    place.add(1, b"two")
    run()
    assert [image.content for image in newest(shelf).images] == [ContentKey(sha512(b"two"), 3)]


def test_the_same_content_is_fetched_once(run: BackUp, place: DescribedPlace) -> None:
    place.add(1, b"one")
    place.add(2, b"one", name="namesake")
    outcome = run()
    assert len(place.downloads) == 1
    assert outcome.bytes_read == 3


@pytest.mark.parametrize("more", [{"os_hash_algo": None, "os_hash_value": None}, {"os_hash_algo": "sha256"}])
def test_content_without_a_stated_sha512_is_kept_and_not_read_twice(
    run: BackUp, place: DescribedPlace, shelf: Shelf, more: dict[str, Any]
) -> None:
    if "os_hash_value" not in more:
        more = {**more, "os_hash_value": "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"}
    place.add(1, b"one", **more)
    run()
    run()
    assert len(place.downloads) == 1
    assert [image.content for image in newest(shelf).images] == [ContentKey(sha512(b"one"), 3)]


def test_images_without_bytes_get_a_record_without_content(
    run: BackUp, place: DescribedPlace, shelf: Shelf, events: list[Event]
) -> None:
    nothing = {"size": 0, "checksum": None, "os_hash_algo": None, "os_hash_value": None}
    place.add(1, b"", **nothing, block_device_mapping="[]")
    outcome = run()
    assert (outcome.failed, outcome.complete, place.downloads) == (False, True, [])
    assert shelf.record(uuid_of(1), 1).missing == "it has no bytes"
    assert warnings(events) == [f"Burgos: Image image1 (UUID {uuid_of(1)}) has no content: it has no bytes"]
    run()
    assert shelf.record_numbers(uuid_of(1)) == [1]


def test_an_empty_image_has_content_of_no_byte(run: BackUp, place: DescribedPlace, shelf: Shelf) -> None:
    place.add(1, b"")
    run()
    assert place.downloads == []
    assert [image.content for image in newest(shelf).images] == [ContentKey(sha512(b""), 0)]


def test_refused_bytes_are_reported_each_time_and_recorded_once(
    run: BackUp, place: DescribedPlace, shelf: Shelf
) -> None:
    place.add(1, b"one", status="deactivated")
    for cause in ("first", "second"):
        place.fails[uuid_of(1)] = [Forbidden(cause)]
        outcome = run()
        assert (outcome.failed, outcome.refused, outcome.complete) == (True, 1, True)
    assert shelf.record_numbers(uuid_of(1)) == [1]
    run()
    assert [image.content for image in newest(shelf).images] == [ContentKey(sha512(b"one"), 3)]


@pytest.mark.parametrize("status", ["queued", "saving", "importing", "uploading"])
def test_unfinished_images_are_skipped_and_keep_their_former_record(
    run: BackUp, place: DescribedPlace, shelf: Shelf, status: str
) -> None:
    place.add(1, b"one")
    run()
    place.add(1, b"", status=status, size=None)
    place.add(2, b"", status=status, size=None)
    outcome = run()
    assert (outcome.skipped, outcome.failed, outcome.complete) == (2, False, True)
    assert [(image.id, image.record) for image in newest(shelf).images] == [(uuid_of(1), 1)]
    assert [each.status for each in newest(shelf).skipped] == [status, status]


def test_images_of_others_are_counted(run: BackUp, place: DescribedPlace, shelf: Shelf) -> None:
    place.add(1, b"one", owner="other", visibility="public")
    outcome = run()
    assert (outcome.others, newest(shelf).others, newest(shelf).images) == (1, 1, ())


def test_an_image_that_fails_keeps_its_former_record(
    run: BackUp, place: DescribedPlace, shelf: Shelf, events: list[Event]
) -> None:
    place.add(1, b"one")
    run()
    place.add(1, b"two")
    place.contents[uuid_of(1)] = b"bad"
    outcome = run()
    assert (outcome.failures, outcome.complete) == (1, False)
    assert [image.content for image in newest(shelf).images] == [ContentKey(sha512(b"one"), 3)]
    assert [failed.id for failed in newest(shelf).failures] == [uuid_of(1)]
    assert any(isinstance(event, Failed) and "sha512" in event.message.text for event in events)


def test_a_download_that_breaks_off_is_tried_again(run: BackUp, place: DescribedPlace, shelf: Shelf) -> None:
    place.add(1, b"one")
    place.breaks[uuid_of(1)] = [SourceBroke("cut"), SourceBroke("cut")]
    assert not run().failed
    assert len(place.downloads) == 3
    assert faults(shelf.vault) == []


def test_an_image_that_is_deleted_meanwhile_fails_alone(run: BackUp, place: DescribedPlace) -> None:
    place.add(1, b"one")
    place.add(2, b"two")
    listed = place.described_images()
    place.described_images = lambda: listed  # type: ignore[method-assign]
    del place.documents[uuid_of(1)]
    place.fails[uuid_of(1)] = [NotFound("gone")]
    outcome = run()
    assert [(image.id, image.error) for image in outcome.images if image.error] == [(uuid_of(1), "no such image")]


def test_a_region_that_stops_answering_keeps_what_it_had(run: BackUp, place: DescribedPlace, shelf: Shelf) -> None:
    place.add(1, b"1")
    place.add(2, b"22")
    place.add(3, b"333")
    run(patterns=("image1", "image3"))
    place.add(3, b"4444")
    place.fails[uuid_of(2)] = [Unreachable("no answer", retryable=False)]
    outcome = run()
    assert place.downloads == [uuid_of(1), uuid_of(3), uuid_of(2)]
    assert {image.name: image.error for image in outcome.images if image.error} == {
        "image2": "no answer",
        "image3": "not attempted: no answer",
    }
    assert {image.id for image in newest(shelf).images} == {uuid_of(1), uuid_of(3)}
    assert not newest(shelf).complete


def test_a_region_that_cannot_be_listed_gets_no_run(run: BackUp, place: DescribedPlace, vault: Vault) -> None:
    def fail() -> Any:
        raise TimedOut("too long")

    place.described_images = fail  # type: ignore[method-assign]
    with pytest.raises(TimedOut):
        run()
    assert vault.shelf_names() == []


def test_an_id_that_is_no_uuid_is_refused(run: BackUp, place: DescribedPlace) -> None:
    place.documents["../x"] = {**place.documents.get("", {}), "id": "../x", "name": "odd", "status": "active",
                               "size": 3, "owner": place.project}  # fmt: skip
    assert [image.error for image in run().images] == ["its id is no UUID"]


def test_images_that_are_not_chosen_keep_their_record(run: BackUp, place: DescribedPlace, shelf: Shelf) -> None:
    place.add(1, b"one")
    place.add(2, b"two")
    run()
    place.add(1, b"111")
    place.add(2, b"222")
    outcome = run(patterns=("image2", "none"))
    assert {image.id: image.record for image in newest(shelf).images} == {uuid_of(1): 1, uuid_of(2): 2}
    assert (newest(shelf).complete, newest(shelf).patterns) == (False, ("image2", "none"))
    assert outcome.unmatched == ("none",)


def test_hashes_that_are_not_trusted_are_compared_with_the_bytes(run: BackUp, place: DescribedPlace) -> None:
    place.add(1, b"one")
    run()
    run(trust_hashes=False)
    assert len(place.downloads) == 2
    place.contents[uuid_of(1)] = b"bad"
    assert run(trust_hashes=False).failures == 1


@pytest.mark.parametrize("what", ["content", "record"])
def test_what_vanishes_meanwhile_is_made_anew_before_the_run_is_written(
    run: BackUp, place: DescribedPlace, shelf: Shelf, what: str
) -> None:
    place.add(1, b"one")
    place.add(2, b"other")
    path = {
        "content": shelf.vault.paths.content_file(sha512(b"one")),
        "record": shelf.paths.record(uuid_of(1), 1),
    }[what]
    removed: list[bool] = []

    def remove_once(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "link" and uuid_of(2) in str(arguments[1]) and not removed:
            path.unlink()
            removed.append(True)

    with observed_disk(remove_once):
        outcome = run()
    assert (removed, outcome.failed) == ([True], False)
    assert faults(shelf.vault) == []


def test_what_stays_away_is_not_in_the_run(run: BackUp, place: DescribedPlace, shelf: Shelf) -> None:
    place.add(1, b"one")
    run()
    place.add(1, b"", status="queued", size=None)
    shelf.vault.paths.content_file(sha512(b"one")).unlink()
    outcome = run()
    assert (newest(shelf).images, outcome.failures) == ((), 1)
    assert [failed.error for failed in newest(shelf).failures] == ["its content is not in the vault any more"]


def test_a_run_or_a_record_that_is_cut_off_is_not_used(
    run: BackUp, place: DescribedPlace, shelf: Shelf, events: list[Event]
) -> None:
    place.add(1, b"one")
    run()
    record = shelf.paths.record(uuid_of(1), 1)
    record.write_bytes(record.read_bytes()[:-5])
    run()
    assert [image.record for image in newest(shelf).images] == [2]
    path = shelf.paths.run(shelf.run_times()[0])
    path.write_bytes(path.read_bytes()[:-5])
    run()
    assert [image.record for image in newest(shelf).images] == [3]
    assert [str(record), str(path)] == [text.split(" ")[0] for text in warnings(events)][:2]
    assert len(place.downloads) == 1


def test_another_source_is_refused_before_anything_is_read(
    run: BackUp, place: DescribedPlace, shelf: Shelf
) -> None:
    place.add(1, b"one")
    run()
    place.identity = replace(place.identity, address="http://other")
    with pytest.raises(OtherSource):
        run()
    run(rebind=True)
    binding = shelf.binding()
    assert binding is not None
    assert binding.source.glance == "http://other"


def test_a_full_disk_ends_the_backup_without_a_run(
    run: BackUp, place: DescribedPlace, shelf: Shelf, events: list[Event]
) -> None:
    place.add(1, b"one")
    with observed_disk(Refuse(errno.ENOSPC, name="pwrite", at=4)), pytest.raises(VaultFailed, match="No space left"):
        run()
    assert shelf.run_times() == []
    assert list(shelf.vault.paths.incoming.iterdir()) == []
    assert faults(shelf.vault) == []
    assert not [event for event in events if isinstance(event, Failed)]  # it is reported for the whole vault


def test_an_error_of_one_file_fails_one_image(run: BackUp, place: DescribedPlace, shelf: Shelf) -> None:
    place.add(1, b"first")
    place.add(2, b"second image")

    def refuse(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "pwrite" and bytes(arguments[1]) == b"fi":
            raise OSError(errno.EIO, "Input/output error")

    with observed_disk(refuse):
        outcome = run()
    assert [image.name for image in outcome.images if image.error] == ["image1"]
    assert [image.id for image in newest(shelf).images] == [uuid_of(2)]


def test_a_dry_run_says_what_a_backup_does(
    run: BackUp, place: DescribedPlace, vault: Vault, events: list[Event]
) -> None:
    place.add(1, b"one")
    run()
    place.add(1, b"one", name="renamed")
    place.add(2, b"second")
    place.add(3, b"second", name="namesake")
    events.clear()
    before = sorted(vault.folder.rglob("*"))
    data = given(vault, place, events)
    outcome = outcome_of_plan(plan_only(data), data)
    assert sorted(vault.folder.rglob("*")) == before
    shown = [(event.action, event.image, event.size) for event in events if isinstance(event, Pending)]
    assert shown == [(Action.RECORD, "renamed", 0), (Action.BACKUP, "image2", 6), (Action.BACKUP, "namesake", 6)]
    assert (outcome.to_record, outcome.to_fetch, outcome.fetched_bytes) == (1, 2, 6)
    run()
    done = [event.image for event in events if isinstance(event, Done)]
    assert done == ["renamed", "image2", "namesake"]


def test_a_backup_that_is_killed_at_any_change_leaves_a_whole_vault(
    run: BackUp, place: DescribedPlace, vault: Vault, shelf: Shelf
) -> None:
    place.add(1, b"one")
    place.add(2, b"second")
    run()
    at = 0
    ended = False
    while not ended:
        at += 1
        place.add(1, b"one %d" % at)
        place.add(2, b"second", name=f"n{at}")
        try:
            with observed_disk(Kill(at)):
                run()
            ended = True
        except Killed:
            assert faults(vault) == [], at
    assert at > 30
    assert not run().failed
    assert faults(vault) == []
    assert [image.name for image in newest(shelf).images] == ["image1", f"n{at}"]


def test_an_error_for_all_requests_is_not_the_error_of_one_image(run: BackUp, place: DescribedPlace) -> None:
    place.add(1, b"1")
    place.add(2, b"22")
    place.fails[uuid_of(1)] = [CloudError("refused", scope=Scope.REGION)]
    assert run().failures == 2
    assert len(place.downloads) == 1

"""Contents that several regions have count once in a dry run (vault 3)."""

from __future__ import annotations

import multiprocessing
from collections.abc import Collection

from fiwareglancesync.images.backup.backup_plan import BackupPlan, Inventory, Step, plan_backup
from fiwareglancesync.images.backup.planned_contents import PlannedContents, fetched_once
from fiwareglancesync.images.vault.vault_model import ContentKey
from tests.support.described_place import DescribedPlace
from tests.support.vaults import sha512

ONE, TWO, THREE = (ContentKey(sha512(content), len(content)) for content in (b"one", b"two", b"three"))


def plan_of(*contents: bytes) -> BackupPlan:
    """The plan of a region with images of these contents."""
    place = DescribedPlace()
    for number, content in enumerate(contents, 1):
        place.add(number, content)
    return plan_backup(Inventory(tuple(place.described_images())))


def claim_all(contents: Collection[ContentKey]) -> frozenset[ContentKey]:
    return frozenset(contents)


def test_a_content_is_claimed_once() -> None:
    planned = PlannedContents()
    assert planned.claim([ONE, TWO]) == {ONE, TWO}
    assert planned.claim([TWO, THREE]) == {THREE}
    assert planned.claim([]) == frozenset()


def test_of_several_processes_one_claims_a_content() -> None:
    planned = PlannedContents()
    fork = multiprocessing.get_context("fork")
    claimed = fork.Queue()

    def claim() -> None:
        claimed.put(sorted(key.size for key in planned.claim([ONE, THREE])))

    processes = [fork.Process(target=claim) for _ in range(8)]
    for process in processes:
        process.start()
    found = [claimed.get(timeout=300) for _ in processes]
    for process in processes:
        process.join()
    assert sorted(found) == [[]] * 7 + [[3, 5]]
    assert planned.claim([ONE]) == frozenset()


def test_the_first_image_of_a_content_fetches_it_and_the_others_get_a_record() -> None:
    plan = fetched_once(plan_of(b"one", b"one", b"two"), claim_all)
    assert [image.step for image in plan.images] == [Step.FETCH, Step.RECORD, Step.FETCH]
    assert plan.images[1].reason == "its content is fetched for another image"
    assert plan.fetched_bytes == 6


def test_a_content_that_another_region_fetches_is_not_fetched() -> None:
    plan = fetched_once(plan_of(b"one", b"two"), lambda contents: frozenset({TWO}))
    assert [image.step for image in plan.images] == [Step.RECORD, Step.FETCH]

"""What others do while an image is being removed keeps it; a clock that is wrong removes none (vault 5.3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from fiwareglancesync.base.errors import CloudError
from fiwareglancesync.images.healing.healing_errors import HealingRefused
from fiwareglancesync.images.healing.removal_plan import ImageUses
from fiwareglancesync.images.vault.content_check import check_content
from fiwareglancesync.images.vault.healing_ledger import HealingLedger, read_ledger
from fiwareglancesync.images.vault.vault_model import KeptImage
from tests.support.vaults import faults, sha512, uuid_of

from .conftest import Healed

NEEDED = ("a", "b")


@pytest.fixture(autouse=True)
def region(healed: Healed) -> None:
    """A region with two needed images, and one that was hidden some time ago."""
    healed.place.add(1, b"one", name="a")
    healed.place.add(2, b"two", name="b")
    healed.place.add(3, b"three", name="old", visibility="public")
    assert healed.heal(*NEEDED)
    assert healed.heal(*NEEDED, days=7)
    assert old(healed)["os_hidden"]


def old(healed: Healed) -> dict[str, Any]:
    return healed.place.documents[uuid_of(3)]


def meanwhile(act: Callable[[], object]) -> Callable[[], ImageUses]:
    """What asks what uses images, and lets something happen after the first answer."""
    acts = [act]

    def uses() -> ImageUses:
        if acts:
            acts.pop()()
        return ImageUses()

    return uses


def test_a_server_that_is_started_during_the_backup_keeps_the_image(healed: Healed) -> None:
    answers = [ImageUses(), ImageUses({uuid_of(3): "server web"})]
    assert healed.heal(*NEEDED, days=7, uses=lambda: answers.pop(0))
    assert uuid_of(3) in healed.place.documents
    assert "Image old is not removed: server web uses it" in healed.said


@pytest.mark.parametrize("change", [{"tags": ["mine"]}, {"protected": True}, {"os_hidden": False}, {"os_distro": "x"}])
def test_a_change_during_the_backup_keeps_the_image(healed: Healed, change: dict[str, Any]) -> None:
    healed.heal(*NEEDED, days=7, uses=meanwhile(lambda: old(healed).update(change)))
    assert uuid_of(3) in healed.place.documents


def test_an_image_that_comes_to_link_to_it_keeps_it(healed: Healed) -> None:
    healed.heal(*NEEDED, days=7, uses=meanwhile(lambda: healed.place.add(4, b"4", name="c", kernel_id=uuid_of(3))))
    assert uuid_of(3) in healed.place.documents
    assert "Image old is not removed: image c links to it" in healed.said


@pytest.mark.parametrize("change", [{"tags": ["mine"]}, {"protected": True}, {"name": "new"}])
def test_a_change_after_the_last_listing_keeps_the_image(
    healed: Healed, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    listed = healed.place.listing()
    old(healed).update(change)
    monkeypatch.setattr(healed.place, "listing", lambda: listed)
    assert not healed.heal(*NEEDED, days=7)
    assert uuid_of(3) in healed.place.documents


def test_another_image_than_the_one_that_was_judged_is_not_deleted(
    healed: Healed, monkeypatch: pytest.MonkeyPatch
) -> None:
    get = healed.place.get
    monkeypatch.setattr(healed.place, "get", lambda uuid: replace(get(uuid), id=uuid_of(1)))
    assert not healed.heal(*NEEDED, days=7)
    assert {uuid_of(1), uuid_of(3)} <= set(healed.place.documents)


def test_a_run_that_is_forgotten_while_the_backup_is_read_keeps_the_image(
    healed: Healed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forgetting(*given: Any) -> Any:
        checked = check_content(*given)
        for time in healed.shelf.run_times():
            healed.shelf.paths.run(time).unlink()
        return checked

    monkeypatch.setattr("fiwareglancesync.images.healing.removal_run.check_content", forgetting)
    assert not healed.heal(*NEEDED, days=7)
    assert uuid_of(3) in healed.place.documents


def test_a_backup_of_other_bytes_keeps_the_image(healed: Healed) -> None:
    old(healed)["os_hash_value"] = sha512(b"THREE")
    assert not healed.heal(*NEEDED, days=7)
    assert uuid_of(3) in healed.place.documents
    assert any("has other bytes than the region" in text for text in healed.said)


def test_an_image_that_the_shelf_has_lost_is_backed_up_again_before_it_is_deleted(healed: Healed) -> None:
    for time in healed.shelf.run_times()[:1]:
        healed.shelf.paths.run(time).unlink()
    healed.vault.paths.content_file(sha512(b"three")).unlink()
    assert [image.name for image in newest(healed)] == ["a", "b"]
    assert healed.heal(*NEEDED, days=7)
    assert uuid_of(3) not in healed.place.documents
    assert [image.name for image in newest(healed)] == ["a", "b", "old"]
    assert faults(healed.vault) == []


def newest(healed: Healed) -> Sequence[KeptImage]:
    """The images of the newest complete run."""
    run = healed.shelf.newest_complete()
    return sorted(run.images, key=lambda image: image.name) if run else []


def test_two_healings_at_once_do_not_remove_by_what_only_one_of_them_knows(healed: Healed) -> None:
    other = Healed(healed.vault, healed.place, healed.now)
    with pytest.raises(HealingRefused, match=r"another run has changed .*healing\.json meanwhile"):
        healed.heal(*NEEDED, days=7, uses=meanwhile(lambda: other.heal(*NEEDED, "old", days=1)))
    assert not old(healed)["os_hidden"]


def test_a_healing_that_needs_it_during_the_backup_keeps_the_image(healed: Healed) -> None:
    other = Healed(healed.vault, healed.place, healed.now)
    calls = [lambda: None, lambda: other.heal(*NEEDED, "old", days=1)]

    def uses() -> ImageUses:
        calls.pop(0)()
        return ImageUses()

    assert not healed.heal(*NEEDED, days=7, uses=uses)
    assert not old(healed)["os_hidden"]


def test_a_region_that_cannot_be_listed_again_keeps_the_image(healed: Healed, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> Any:
        raise CloudError("no answer")

    assert not healed.heal(*NEEDED, days=7, uses=meanwhile(lambda: monkeypatch.setattr(healed.place, "listing", fail)))
    assert uuid_of(3) in healed.place.documents
    assert "Burgos: nothing is removed. Cause: no answer" in healed.said


class TestClock:
    def test_a_clock_that_is_behind_removes_nothing_and_counts_no_time(self, healed: Healed) -> None:
        healed.place.add(5, b"five", name="new")
        assert healed.heal(*NEEDED)
        before = read_ledger(healed.shelf)
        assert not healed.heal(*NEEDED, days=-30)
        assert read_ledger(healed.shelf) == before
        assert any("has a time of the future" in text for text in healed.said)
        assert healed.heal(*NEEDED, days=30 + 6)
        assert not healed.place.documents[uuid_of(5)].get("os_hidden")

    def test_without_delete_a_clock_that_is_behind_is_no_error(self, healed: Healed) -> None:
        assert healed.heal(*NEEDED, days=-30, delete=False)

    def test_a_ledger_without_times_is_never_of_the_future(self) -> None:
        assert HealingLedger(3).latest is None

"""Removal in two steps, with the clock moved; each guard keeps an image that would be lost (vault 5.3)."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from fiwareglancesync.base.errors import Forbidden, TransferError, UsageError
from fiwareglancesync.images.healing.healing_errors import HealingRefused
from fiwareglancesync.images.healing.removal_plan import ImageUses
from fiwareglancesync.images.healing.removal_run import shelves_with, undelete
from fiwareglancesync.images.model import Image, Patch
from fiwareglancesync.images.removal_mark import REMOVAL
from fiwareglancesync.images.vault.healing_ledger import read_ledger
from fiwareglancesync.images.vault.vault_errors import UnreadableDocument
from tests.support.comparing import statuses
from tests.support.failing_disk import Kill, Killed, observed_disk
from tests.support.vaults import faults, sha512, uuid_of

from .conftest import Healed

NEEDED = ("a", "b")


@pytest.fixture(autouse=True)
def region(healed: Healed) -> None:
    """A region with two needed images and one that nobody needs."""
    healed.place.add(1, b"one", name="a")
    healed.place.add(2, b"two", name="b")
    healed.place.add(3, b"three", name="old", visibility="public")


def old(healed: Healed) -> dict[str, Any]:
    return healed.place.documents[uuid_of(3)]


def kept(healed: Healed) -> list[str]:
    run = healed.shelf.newest_complete()
    return sorted(image.name for image in run.images) if run else []


def hide(healed: Healed) -> None:
    """Heal until the image is hidden."""
    assert healed.heal(*NEEDED)
    assert healed.heal(*NEEDED, days=7)
    assert old(healed)["os_hidden"]


def test_an_unneeded_image_is_backed_up_hidden_deleted_and_leaves_the_shelf(healed: Healed) -> None:
    assert healed.heal(*NEEDED)
    assert (kept(healed), healed.place.changes) == (["a", "b"], [])
    assert healed.heal(*NEEDED, days=6)
    assert healed.place.changes == []
    assert healed.heal(*NEEDED, days=1)
    assert kept(healed) == ["a", "b", "old"]
    assert healed.place.changes == [("update", "old")]
    assert (old(healed)["visibility"], old(healed)["os_hidden"], uuid_of(3) in old(healed)[REMOVAL]) == (
        "private", True, True,
    )  # fmt: skip
    assert healed.heal(*NEEDED, days=6)
    assert len(healed.place.changes) == 1
    assert healed.heal(*NEEDED, days=1)
    assert healed.place.changes[1:] == [("delete", "old")]
    assert kept(healed) == ["a", "b", "old"]
    assert healed.heal(*NEEDED)
    assert kept(healed) == ["a", "b"]
    assert faults(healed.vault) == []
    assert healed.heal(*NEEDED)
    before = [healed.shelf.run_times(), healed.shelf.paths.healing.read_bytes()]
    assert healed.heal(*NEEDED)
    assert [healed.shelf.run_times(), healed.shelf.paths.healing.read_bytes()] == before


def test_without_delete_nothing_is_removed_and_the_time_counts(healed: Healed) -> None:
    for days in (0, 5, 5):
        assert healed.heal(*NEEDED, days=days, delete=False)
    assert healed.place.changes == []
    assert healed.heal(*NEEDED)
    assert healed.place.changes == [("update", "old")]


def test_without_a_shelf_it_is_reported_that_no_time_counts(healed: Healed) -> None:
    text = "Shelf Burgos is not there yet: from its first backup on, it is remembered what is not needed"
    assert healed.heal()
    assert healed.said == [text]
    assert healed.heal(delete=False)
    assert healed.said == []
    assert healed.heal(*NEEDED)
    assert text not in healed.said


def test_a_dry_run_reports_what_would_be_removed_and_writes_nothing(healed: Healed) -> None:
    healed.heal(*NEEDED)
    before = {path: path.read_bytes() for path in healed.vault.folder.rglob("*") if path.is_file()}
    assert healed.heal(*NEEDED, days=8, dry=True)
    assert f"Burgos: Image pending to be hidden: old (UUID {uuid_of(3)})" in healed.said
    assert (healed.place.changes, {p: p.read_bytes() for p in before}) == ([], before)
    assert {path for path in healed.vault.folder.rglob("*") if path.is_file()} == set(before)


class TestGuards:
    @pytest.fixture(
        params=[
            {"mentioned": ["old"]},
            {"unresolved": True},
            {"uses": lambda: ImageUses({uuid_of(3): "server web"})},
            {"uses": lambda: ImageUses(unknown="Cinder does not answer")},
            {"rules": {"patterns": ("ol",)}},
            {"rules": {"max_deletions": 0}},
        ]
    )
    def guard(self, request: pytest.FixtureRequest) -> dict[str, Any]:
        """What keeps the image."""
        return dict(request.param)

    def test_an_image_is_not_hidden(self, healed: Healed, guard: dict[str, Any]) -> None:
        healed.heal(*NEEDED)
        healed.heal(*NEEDED, days=7, **guard)
        assert healed.place.changes == []

    def test_a_hidden_image_is_not_deleted(self, healed: Healed, guard: dict[str, Any]) -> None:
        hide(healed)
        healed.heal(*NEEDED, days=7, **guard)
        assert uuid_of(3) in healed.place.documents

    def test_an_image_that_takes_the_name_of_an_unneeded_one_waits(self, healed: Healed) -> None:
        healed.place.add(9, b"app", name="app")
        healed.heal(*NEEDED, "app")
        del healed.place.documents[uuid_of(3)]
        healed.place.documents[uuid_of(9)]["name"] = "old"
        healed.place.add(10, b"the next app", name="app")
        healed.heal(*NEEDED, "app", days=8)
        assert healed.place.changes == []
        healed.heal(*NEEDED, "app", days=7)
        assert healed.place.changes == [("update", "old")]

    def test_names_that_rotate_are_not_ambiguous_on_the_shelf(self, healed: Healed) -> None:
        healed.place.add(9, b"app", name="app")
        healed.heal(*NEEDED, "app", delete=False)
        healed.place.documents[uuid_of(9)]["name"] = "app-1"
        healed.place.add(10, b"the next app", name="app")
        assert healed.heal(*NEEDED, "app", delete=False)
        assert statuses(healed.look(*NEEDED, "app").comparison)["app"] == "ALLGOOD"
        assert kept(healed) == ["a", "app", "app-1", "b"]

    def test_a_single_run_that_needs_it_restarts_the_time(self, healed: Healed) -> None:
        healed.heal(*NEEDED)
        healed.heal(*NEEDED, "old", days=5)
        healed.heal(*NEEDED, days=5)
        healed.heal(*NEEDED, days=6)
        assert healed.place.changes == []
        healed.heal(*NEEDED, days=1)
        assert healed.place.changes == [("update", "old")]

    def test_half_a_checkout_is_refused(self, healed: Healed) -> None:
        healed.heal(*NEEDED, files=10)
        before = healed.shelf.paths.healing.read_bytes()
        with pytest.raises(HealingRefused, match="there are 7 templates, and there were 10 the last time"):
            healed.heal("a", days=30, files=7)
        assert (healed.place.changes, healed.shelf.paths.healing.read_bytes()) == ([], before)
        assert healed.heal(*NEEDED, files=8)
        assert healed.heal(*NEEDED, files=1, fewer_templates=True)

    @pytest.mark.parametrize("content", [b"{", b"", b'{"format": 1, "kind": "run"}'])
    def test_a_ledger_that_is_damaged_is_refused(self, healed: Healed, content: bytes) -> None:
        hide(healed)
        healed.shelf.paths.healing.write_bytes(content)
        with pytest.raises(UnreadableDocument, match="; if it is damaged, delete it: the times of all images begin"):
            healed.heal(*NEEDED, days=30)
        assert uuid_of(3) in healed.place.documents
        healed.shelf.paths.healing.unlink()
        assert healed.heal(*NEEDED)
        assert uuid_of(3) in healed.place.documents

    def test_any_number_of_templates_can_be_compared(self, healed: Healed) -> None:
        healed.heal(*NEEDED)
        path = healed.shelf.paths.healing
        path.write_text(path.read_text().replace('"files": 10', f'"files": {10**400}'))
        with pytest.raises(HealingRefused):
            healed.heal(*NEEDED)

    def test_a_backup_that_is_damaged_keeps_the_image(self, healed: Healed) -> None:
        hide(healed)
        content = healed.vault.paths.content_file(sha512(b"three"))
        content.write_bytes(b"thrEE")
        assert not healed.heal(*NEEDED, days=7)
        assert uuid_of(3) in healed.place.documents
        assert any("is damaged" in text for text in healed.said)

    def test_a_failed_backup_keeps_the_image(self, healed: Healed) -> None:
        healed.heal(*NEEDED)
        healed.place.fails[uuid_of(3)] = [Forbidden("no")] * 3
        assert not healed.heal(*NEEDED, days=7)
        assert healed.place.changes == []

    def test_a_failed_backup_of_another_image_keeps_it_too(self, healed: Healed) -> None:
        hide(healed)
        healed.place.add(4, b"new", name="new")
        healed.place.fails[uuid_of(4)] = [TransferError("cut off")] * 9
        assert not healed.heal(*NEEDED, "new", days=7)
        assert uuid_of(3) in healed.place.documents

    def test_the_image_is_looked_up_again_before_it_is_deleted(
        self, healed: Healed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hide(healed)
        listed = healed.place.listing()
        old(healed)["os_hidden"] = False
        monkeypatch.setattr(healed.place, "listing", lambda: listed)
        assert not healed.heal(*NEEDED, days=7)
        assert uuid_of(3) in healed.place.documents

    def test_the_image_is_looked_up_again_before_it_is_hidden(
        self, healed: Healed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        healed.heal(*NEEDED)
        healed.back_up()
        listed = healed.place.listing()
        old(healed)["protected"] = True
        monkeypatch.setattr(healed.place, "listing", lambda: listed)
        assert not healed.heal(*NEEDED, days=7)
        assert healed.place.changes == []

    def test_a_user_who_makes_it_visible_keeps_it(self, healed: Healed) -> None:
        hide(healed)
        old(healed).update(os_hidden=False)
        healed.heal(*NEEDED, days=8)
        assert uuid_of(3) in healed.place.documents


def test_a_hidden_image_that_is_needed_again_is_visible_again(healed: Healed) -> None:
    hide(healed)
    assert healed.heal(*NEEDED, "old", days=20)
    assert (old(healed)["visibility"], old(healed)["os_hidden"], REMOVAL in old(healed)) == ("public", False, False)


class TestLinks:
    """A needed image of the region that links to a kernel which has come back with another UUID."""

    @pytest.fixture(autouse=True)
    def kernel(self, healed: Healed) -> None:
        """The shelf has the former kernel, the region a new one."""
        healed.place.add(8, b"kernel", name="kernel")
        healed.place.add(9, b"machine", name="machine", kernel_id=uuid_of(8))
        healed.heal("machine")
        del healed.place.documents[uuid_of(8)]
        healed.place.add(10, b"kernel", name="kernel")

    def test_it_gets_the_new_one(self, healed: Healed) -> None:
        assert healed.heal("machine", dry=True, delete=False)
        assert any(f"pending to get kernel_id {uuid_of(10)} (kernel)" in text for text in healed.said)
        assert healed.place.changes == []
        assert healed.heal("machine", delete=False)
        assert healed.place.documents[uuid_of(9)]["kernel_id"] == uuid_of(10)
        assert healed.heal("machine", delete=False)
        assert healed.place.changes == [("update", "machine")]

    def test_a_link_that_somebody_changes_meanwhile_stays(
        self, healed: Healed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        listed = healed.place.listing()
        healed.place.documents[uuid_of(9)]["kernel_id"] = uuid_of(1)
        monkeypatch.setattr(healed.place, "listing", lambda: listed)
        assert healed.heal("machine", delete=False)
        assert healed.place.changes == []


class TestUndelete:
    def test_a_hidden_image_is_what_it_was_and_its_time_begins_anew(self, healed: Healed) -> None:
        before = dict(old(healed))
        hide(healed)
        ((shelf, removal),) = shelves_with(healed.vault, uuid_of(3))
        place: Any = healed.place
        undelete(place, shelf, removal, healed.tools, wait=False)
        assert {**old(healed)} == {**before, "os_hidden": False}
        assert shelves_with(healed.vault, uuid_of(3)) == []
        assert healed.heal(*NEEDED, days=6)
        assert healed.place.changes[2:] == []

    def test_one_that_is_killed_before_its_end_is_not_hidden_by_the_next_healing(
        self, healed: Healed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hide(healed)
        ((shelf, removal),) = shelves_with(healed.vault, uuid_of(3))
        place: Any = healed.place
        change = healed.place.update

        def killed(image: Image, patch: Patch) -> None:
            change(image, patch)
            raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(healed.place, "update", killed)
            with pytest.raises(Killed):
                undelete(place, shelf, removal, healed.tools, wait=False)
        assert healed.heal(*NEEDED)
        assert not old(healed)["os_hidden"]
        undelete(place, shelf, removal, healed.tools, wait=False)
        assert healed.said[-1] == f"Burgos: Image old (UUID {uuid_of(3)}) is not hidden"
        assert shelves_with(healed.vault, uuid_of(3)) == []

    def test_what_is_deleted_is_restored_instead(self, healed: Healed) -> None:
        hide(healed)
        del healed.place.documents[uuid_of(3)]
        ((shelf, removal),) = shelves_with(healed.vault, uuid_of(3))
        place: Any = healed.place
        with pytest.raises(UsageError, match=f"vault restore Burgos Burgos --uuid {uuid_of(3)} --at 2"):
            undelete(place, shelf, removal, healed.tools, wait=False)

    def test_a_ledger_that_is_damaged_on_another_shelf_does_not_matter(self, healed: Healed) -> None:
        hide(healed)
        self.write_other_ledger(healed, b"{")
        assert [shelf.name for shelf, _ in shelves_with(healed.vault, uuid_of(3))] == ["Burgos"]

    def test_one_that_is_damaged_is_reported_if_no_other_has_the_image(self, healed: Healed) -> None:
        self.write_other_ledger(healed, b"{")
        with pytest.raises(UnreadableDocument, match=r"healing\.json cannot be read"):
            shelves_with(healed.vault, uuid_of(3))

    def test_of_several_shelves_the_one_that_hid_it_last_comes_first(self, healed: Healed) -> None:
        hide(healed)
        text = healed.shelf.paths.healing.read_text().replace(f"{healed.now:%Y}-", f"{healed.now.year - 1}-")
        self.write_other_ledger(healed, text.encode())
        assert [shelf.name for shelf, _ in shelves_with(healed.vault, uuid_of(3))] == ["Burgos", "Aaa"]

    @staticmethod
    def write_other_ledger(healed: Healed, content: bytes) -> None:
        """Have another shelf, which comes first."""
        healed.back_up()
        folder = healed.vault.shelf("Aaa").paths.healing.parent
        shutil.copytree(healed.shelf.paths.healing.parent, folder)
        healed.vault.shelf("Aaa").paths.healing.write_bytes(content)

    def test_what_is_not_hidden_is_left_alone(self, healed: Healed) -> None:
        hide(healed)
        del old(healed)[REMOVAL]
        ((shelf, removal),) = shelves_with(healed.vault, uuid_of(3))
        place: Any = healed.place
        with pytest.raises(UsageError, match="is not hidden to be deleted"):
            undelete(place, shelf, removal, healed.tools, wait=False)


def test_healing_that_is_killed_at_any_change_of_the_vault_loses_nothing(healed: Healed) -> None:
    healed.heal(*NEEDED)
    last, ended = 0, False
    while not ended:
        last += 1
        again = Healed(healed.vault, healed.place, healed.now)
        try:
            with observed_disk(Kill(last)):
                again.heal(*NEEDED, days=7)
            ended = True
        except Killed:
            ledger = read_ledger(healed.shelf)
            assert (set(ledger.unneeded), ledger.files) == ({"old", uuid_of(3)}, 10)
            assert faults(healed.vault) == []
            if old(healed).get("os_hidden"):
                assert "old" in kept(healed)
                assert shelves_with(healed.vault, uuid_of(3))
        healed.place.documents[uuid_of(3)].update(os_hidden=False, visibility="public")
        healed.place.documents[uuid_of(3)].pop(REMOVAL, None)
    assert last > 3

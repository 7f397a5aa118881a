"""Each cell of the table, and each state that is shown apart (vault 5.2)."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from fiwareglancesync.images.model import JOURNAL, Image
from fiwareglancesync.images.removal_mark import hiding
from tests.support.builders import THEIRS, image
from tests.support.comparing import compared, kept, only, statuses

NOW = datetime(2026, 3, 1, tzinfo=timezone.utc)
UUID, OTHER_UUID, KERNEL = (f"{digit * 8}-0000-4000-8000-000000000000" for digit in "abc")


def hidden(**fields: Any) -> Image:
    """The image "a", hidden before its deletion."""
    whole = image("a", id=UUID, **fields)
    return hiding(whole, NOW).apply(whole)


@pytest.mark.parametrize(
    ("needed", "region", "shelf", "status"),
    [
        (True, False, False, "ALERT"),
        (True, True, False, "bkpMissing"),
        (True, False, True, "imageMissing"),
        (True, True, True, "ALLGOOD"),
        (False, True, False, "DeleteImage"),
        (False, False, True, "DeleteImage"),
        (False, True, True, "DeleteImage"),
    ],
)
def test_the_three_places_decide(needed: bool, region: bool, shelf: bool, status: str) -> None:
    row = only(compared(["a"] * needed, [image("a")] * region, [kept("a")] * shelf))
    assert (row.status.value, row.needed, row.on_region, row.on_shelf) == (status, needed, region, shelf)


def test_the_worst_comes_first_and_namesakes_of_a_status_are_sorted() -> None:
    found = compared(["c", "b", "x", "y"], [image("x"), image("z")], [kept("x")])
    assert list(statuses(found)) == ["b", "c", "y", "z", "x"]


def test_a_name_that_merely_contains_another_is_another_image() -> None:
    found = compared(["ubuntu"], [image("ubuntu-20"), image("Ubuntu")], [kept("my ubuntu")])
    assert statuses(found) == {
        "ubuntu": "ALERT",
        "Ubuntu": "DeleteImage",
        "my ubuntu": "DeleteImage",
        "ubuntu-20": "DeleteImage",
    }


class TestRegion:
    def test_an_image_without_a_hash_is_there_and_its_uuid_decides_whether_it_is_the_same(self) -> None:
        one = image("a", None, id=UUID)
        assert only(compared(["a"], [one], [kept("a", "B", id=UUID)])).status.value == "ALLGOOD"
        assert only(compared(["a"], [one], [kept("a", "B", id=OTHER_UUID)])).status.value == "Differs"

    def test_an_image_that_was_made_anew_from_the_same_bytes_is_the_same(self) -> None:
        assert only(compared(["a"], [image("a", id=UUID)], [kept("a", id=OTHER_UUID)])).status.value == "ALLGOOD"

    def test_other_bytes_differ(self) -> None:
        assert only(compared(["a"], [image("a", "B")], [kept("a", "A")])).status.value == "Differs"

    def test_hashes_of_different_algorithms_are_not_compared(self) -> None:
        one = image("a", None, id=UUID, hash_algo="sha256", hash_value="1")
        two = kept("a", None, id=UUID, hash_algo="sha512", hash_value="2")
        assert only(compared(["a"], [one], [two])).status.value == "ALLGOOD"

    @pytest.mark.parametrize("status", ["queued", "saving", "importing", "uploading", "pending_delete"])
    @pytest.mark.parametrize("needed", [True, False])
    def test_an_unfinished_image_is_busy(self, status: str, needed: bool) -> None:
        row = only(compared(["a"] * needed, [image("a", status=status)], [kept("a")]))
        assert (row.status.value, row.on_region) == ("busy", False)
        assert status in row.reason

    @pytest.mark.parametrize("needed", [True, False])
    def test_a_deactivated_image_is_shown_apart(self, needed: bool) -> None:
        row = only(compared(["a"] * needed, [image("a", status="deactivated")], []))
        assert (row.status.value, row.on_region) == ("deactivated", False)

    def test_what_an_interrupted_restore_left_is_not_there(self) -> None:
        left = image("a", None, status="queued", properties={JOURNAL: "{}"})
        assert only(compared(["a"], [left], [kept("a")])).status.value == "imageMissing"

    def test_an_image_of_another_project_is_elsewhere(self) -> None:
        theirs = image("a", owner=THEIRS)
        assert only(compared(["a"], [theirs], [])).status.value == "elsewhere"
        assert only(compared(["a"], [theirs], [kept("a")])).status.value == "elsewhere"

    def test_an_unfinished_image_of_another_project_does_not_count(self) -> None:
        assert only(compared(["a"], [image("a", owner=THEIRS, status="queued")], [])).status.value == "ALERT"

    def test_images_of_other_projects_that_nobody_needs_are_not_shown(self) -> None:
        assert compared([], [image("a", owner=THEIRS)], []).rows == ()

    def test_an_own_image_counts_before_that_of_another_project(self) -> None:
        both = [image("a"), image("a", owner=THEIRS, id="t")]
        assert only(compared(["a"], both, [kept("a")])).status.value == "ALLGOOD"

    @pytest.mark.parametrize("needed", [True, False])
    def test_namesakes_are_ambiguous_on_each_side(self, needed: bool) -> None:
        region, shelf = [image("a", id=UUID), image("a", id=OTHER_UUID)], [kept("a")]
        row = only(compared(["a"] * needed, region, shelf))
        assert row.status.value == "Ambiguous"
        assert f"{UUID}, {OTHER_UUID}" in row.reason
        assert only(compared(["a"] * needed, shelf, region)).status.value == "Ambiguous"


class TestShelf:
    def test_lost_content_is_not_there_and_the_reason_is_given(self) -> None:
        row = only(compared(["a"], [image("a")], [kept("a")], missing={"r-a": "the vault has lost its content"}))
        assert (row.status.value, row.on_shelf) == ("bkpMissing", False)
        assert "lost" in row.reason

    def test_an_image_without_bytes_needs_no_content(self) -> None:
        snapshot = image("a", None, size=0)
        assert only(compared(["a"], [snapshot], [snapshot], missing={"r-a": "it has no bytes"})).on_shelf

    def test_an_unneeded_image_whose_content_is_lost_is_in_no_place(self) -> None:
        assert compared([], [], [kept("a")], missing={"r-a": "lost"}).rows == ()


class TestUuids:
    def test_a_uuid_stands_for_the_image_that_has_it(self) -> None:
        whole = image("a", id=UUID)
        assert statuses(compared([UUID.upper()], [whole], [kept("a", id=UUID)])) == {"a": "ALLGOOD"}
        assert statuses(compared([UUID.replace("-", "")], [], [kept("a", id=UUID)])) == {"a": "imageMissing"}

    def test_a_uuid_that_no_image_has_is_an_alert_under_the_uuid(self) -> None:
        assert statuses(compared([UUID], [image("a")], [])) == {UUID: "ALERT", "a": "DeleteImage"}

    def test_an_image_without_a_name_is_shown_by_its_uuid(self) -> None:
        assert statuses(compared([], [image("", id=UUID)], [])) == {UUID: "DeleteImage"}

    def test_the_uuid_of_an_image_of_another_project_is_elsewhere(self) -> None:
        assert statuses(compared([UUID], [image("a", id=UUID, owner=THEIRS)], [])) == {"a": "elsewhere"}


class TestLinks:
    def linked(self, **fields: Any) -> Image:
        return image("machine", properties={"kernel_id": KERNEL}, **fields)

    def test_a_kernel_of_a_needed_image_is_needed(self) -> None:
        found = compared(["machine"], [self.linked(), image("kernel", id=KERNEL)], [])
        assert statuses(found) == {"kernel": "bkpMissing", "machine": "bkpMissing"}
        assert found.by_name["kernel"].reason == "image machine links to it"

    def test_a_ramdisk_that_only_the_shelf_has_is_missing_in_the_region(self) -> None:
        machine = image("machine", properties={"ramdisk_id": KERNEL})
        found = compared(["machine"], [machine], [machine, kept("ramdisk", id=KERNEL)])
        assert statuses(found) == {"ramdisk": "imageMissing", "machine": "ALLGOOD"}

    def test_a_kernel_that_no_place_has_is_an_alert(self) -> None:
        assert statuses(compared(["machine"], [self.linked()], [])) == {KERNEL: "ALERT", "machine": "bkpMissing"}

    def test_a_link_on_the_shelf_does_not_count_where_the_region_has_another_kernel(self) -> None:
        region = [self.linked(), image("kernel", id=KERNEL)]
        shelf = [kept("machine", properties={"kernel_id": OTHER_UUID}), kept("kernel", id=UUID)]
        assert statuses(compared(["machine"], region, shelf)) == {"kernel": "ALLGOOD", "machine": "ALLGOOD"}

    def test_the_kernel_of_an_unneeded_image_is_not_needed(self) -> None:
        assert statuses(compared([], [image("kernel", id=KERNEL), self.linked()], []))["kernel"] == "DeleteImage"

    def test_a_link_in_a_circle_ends(self) -> None:
        circle = [image("a", id=UUID, properties={"kernel_id": UUID})]
        assert statuses(compared(["a"], circle, [])) == {"a": "bkpMissing"}


class TestMentioned:
    def test_the_row_of_a_mentioned_image_says_that_it_stays(self) -> None:
        region = [image("a", properties={"kernel_id": UUID}), image("k", id=UUID), image("b")]
        rows = compared([], region, [], mentioned=["a"]).by_name
        assert [(name, rows[name].status.value, rows[name].reason) for name in ("a", "k", "b")] == [
            ("a", "DeleteImage", "it stays, as templates/stack.yaml:3 mentions it"),
            ("k", "DeleteImage", "it stays, as image a links to it"),
            ("b", "DeleteImage", ""),
        ]

    def test_a_mentioned_image_is_no_alert(self) -> None:
        assert compared([], [], [], mentioned=["a"]).rows == ()

    def test_it_is_not_needed_and_so_is_its_kernel(self) -> None:
        region = [image("a", properties={"kernel_id": KERNEL}), image("kernel", id=KERNEL)]
        rows = compared([], region, [], mentioned=["a"]).by_name
        assert [(row.status.value, row.needed, row.mentioned) for row in rows.values()] == [
            ("DeleteImage", False, True),
            ("DeleteImage", False, True),
        ]


class TestTag:
    def test_only_names_that_contain_it_stay_in_any_case_and_on_all_sides(self) -> None:
        found = compared(["LAB-a", "b"], [image("my Lab"), image("c")], [kept("lab"), kept("d")], tag="lab")
        assert statuses(found) == {"LAB-a": "ALERT", "lab": "DeleteImage", "my Lab": "DeleteImage"}

    def test_the_kernel_of_a_tagged_image_stays(self) -> None:
        region = [image("lab", properties={"kernel_id": KERNEL}), image("kernel", id=KERNEL)]
        assert statuses(compared(["lab"], region, [], tag="LAB")) == {"kernel": "bkpMissing", "lab": "bkpMissing"}

    def test_a_tagged_kernel_of_an_untagged_image_is_needed_all_the_same(self) -> None:
        region = [image("machine", properties={"kernel_id": KERNEL}), image("kernel-lab", id=KERNEL)]
        assert statuses(compared(["machine"], region, [], tag="lab")) == {"kernel-lab": "bkpMissing"}

    def test_a_uuid_that_no_image_has_is_not_left_out(self) -> None:
        assert statuses(compared([UUID], [], [], tag="lab")) == {UUID: "ALERT"}


class TestHidden:
    def test_an_unneeded_image_stays_unneeded(self) -> None:
        row = only(compared([], [hidden()], [kept("a", id=UUID)]))
        assert (row.status.value, row.on_region, [each.id for each in row.hidden]) == ("DeleteImage", True, [UUID])

    def test_an_image_that_is_needed_again_is_missing(self) -> None:
        row = only(compared(["a"], [hidden()], [kept("a", id=UUID)]))
        assert (row.status.value, row.on_region) == ("imageMissing", False)
        assert "templates need it again" in row.reason

    def test_the_row_of_a_mentioned_image_says_that_it_is_not_deleted(self) -> None:
        row = only(compared([], [hidden()], [kept("a", id=UUID)], mentioned=["a"]))
        words = "it is hidden, and not deleted, as templates/stack.yaml:3 mentions it"
        assert row.reason == f"{words}; vault undelete {UUID} shows it"

    def test_it_is_no_namesake_of_the_image_in_its_place(self) -> None:
        found = compared(["a"], [hidden(), image("a", id=OTHER_UUID)], [kept("a", id=OTHER_UUID)])
        assert statuses(found) == {"a": "ALLGOOD"}

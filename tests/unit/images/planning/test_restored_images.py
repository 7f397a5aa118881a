"""Which of the region's images stand for those of a restore's source, and where links lead (vault 4)."""

from __future__ import annotations

from typing import Any

import pytest

from fiwareglancesync.images.planning import PlanEntry
from tests.support.builders import THEIRS, image, master_image, statuses, texts
from tests.support.restoring import restore_plan


def only(sources: object, images: object = (), *chosen: str, **rules: object) -> PlanEntry:
    (found,) = restore_plan(sources, images, *chosen, **rules).entries  # type: ignore[arg-type]
    return found


class TestMatching:
    def test_an_image_of_the_same_name_and_content_is_ok(self) -> None:
        assert only([master_image("a")], [image("a")]).status == "ok"

    def test_one_with_the_original_uuid_is_preferred(self) -> None:
        images = [image("a", id="r1", created_at="1"), image("a", id="m-a", created_at="2")]
        found = only([master_image("a")], images).region_image
        assert found is not None
        assert found.id == "m-a"

    def test_an_image_of_another_project_does_not_stand_for_one(self) -> None:
        assert only([master_image("a")], [image("a", owner=THEIRS)], only_tenant_images=False).status == (
            "pending_upload"
        )

    def test_a_restored_namesake_does_not_stand_for_another_one(self) -> None:
        sources = [master_image("a", id="1"), master_image("a", "B", id="2")]
        assert only(sources, [image("a", id="1")], "2").status == "pending_upload"
        assert only(sources, [image("a", id="new")], "2").status == "pending_upload"
        assert only(sources, [image("a", id="1"), image("a", "B", id="2")], "2").status == "ok"

    def test_a_third_image_of_that_name_is_a_conflict(self) -> None:
        sources = [master_image("a", id="1"), master_image("a", "B", id="2")]
        assert only(sources, [image("a", "C", id="3")], "2").status == "error_checksum"

    def test_namesakes_of_the_same_content_differ_by_their_uuids(self) -> None:
        sources = [master_image("a", id="1"), master_image("a", id="2")]
        assert only(sources, [image("a", id="1")], "2").status == "pending_upload"

    def test_an_image_without_a_name_stands_for_one_of_the_same_uuid_or_content(self) -> None:
        source = master_image("", id="1")
        assert only([source], [image("", "B", id="other")]).status == "pending_upload"
        assert only([source], [image("", id="other")]).status == "ok"
        assert only([source], [image("", "B", id="1")]).status == "error_checksum"

    def test_hidden_or_not_it_stands_for_the_same(self) -> None:
        found = only([master_image("a", hidden=True)], [image("a")])
        assert (found.status, found.patch.hidden) == ("pending_metadata", True)

    def test_all_fields_of_an_image_of_equal_content_are_brought_in_line(self) -> None:
        fields: dict[str, Any] = {"protected": True, "min_disk": 2, "min_ram": 3, "tags": ("t",)}
        fields["visibility"] = "community"
        patch = only([master_image("a", **fields)], [image("a")]).patch
        assert {**patch.fields, "tags": patch.tags} == fields

    def test_one_that_is_deactivated_in_the_region_stays_so_and_is_reported(self) -> None:
        plan = restore_plan([master_image("a")], [image("a", status="deactivated")])
        assert plan.entries[0].status == "ok"
        assert texts(plan) == ["Burgos: image a (UUID r-a) is deactivated there, and stays so; reactivate it there"]
        both = restore_plan([master_image("a", status="deactivated")], [image("a", status="deactivated")])
        assert (both.entries[0].status, texts(both)) == ("ok", [])


class TestLinks:
    AMI = master_image("ami", properties={"kernel_id": "m-k"})

    def test_the_same_uuid_is_linked_where_it_is_there(self) -> None:
        made = restore_plan([self.AMI], [image("whatever", id="m-k", owner=THEIRS)])
        assert made.entries[0].properties == {"kernel_id": "m-k"}
        assert made.messages == ()

    def test_an_image_that_is_made_in_this_run_is_linked_by_name(self) -> None:
        made = restore_plan([self.AMI, master_image("k", size=2**30)])
        assert [found.name for found in made.moves] == ["k", "ami"]
        assert made.moves[1].links == {"kernel_id": "k"}
        assert "kernel_id" not in made.moves[1].properties

    def test_else_the_image_of_that_name_is_linked(self) -> None:
        made = restore_plan([self.AMI, master_image("k")], [image("k")])
        assert made.moves[0].properties == {"kernel_id": "r-k"}

    def test_also_one_whose_original_is_left_out(self) -> None:
        sources = [self.AMI, master_image("k"), master_image("k", "B", id="other")]
        made = restore_plan(sources, [image("k", owner=THEIRS)])
        assert made.moves[0].properties == {"kernel_id": "r-k"}

    def test_also_one_of_that_name_that_is_made_in_this_run(self) -> None:
        theirs = master_image("k", id="m-k", owner=THEIRS)
        made = restore_plan([self.AMI, theirs, master_image("k", id="ours", size=2**30)])
        assert [(found.name, dict(found.links)) for found in made.moves] == [("k", {}), ("ami", {"kernel_id": "k"})]

    def test_else_the_link_is_kept_and_reported(self) -> None:
        made = restore_plan([self.AMI])
        assert made.moves[0].properties == {"kernel_id": "m-k"}
        assert texts(made) == [
            "Burgos: kernel_id of image ami stays as it is: there is no image m-k in the region"
        ]

    def test_a_link_of_an_image_that_is_there_is_mended(self) -> None:
        images = [image("ami", properties={"kernel_id": "elsewhere"}), image("k", id="m-k")]
        (found,) = restore_plan([self.AMI], images).entries
        assert found.patch.set == {"kernel_id": "m-k"}

    def test_a_link_that_the_source_does_not_have_is_removed(self) -> None:
        made = restore_plan([master_image("ami")], [image("ami", properties={"ramdisk_id": "x"})])
        assert made.entries[0].patch.remove == ("ramdisk_id",)

    def test_an_image_that_is_replaced_is_not_linked(self) -> None:
        images = [image("k", "B", id="m-k"), image("ami", properties={"kernel_id": "m-k"})]
        made = restore_plan([self.AMI, master_image("k")], images, replace=["any"])
        assert statuses(made) == {"ami": "pending_ami", "k": "pending_replace"}
        assert made.relinks[0].links == {"kernel_id": "k"}

    @pytest.mark.parametrize("key", ["kernel_id", "ramdisk_id"])
    def test_links_in_a_circle_stay_as_they_are(self, key: str) -> None:
        sources = [master_image("a", properties={key: "m-b"}), master_image("b", properties={key: "m-a"})]
        made = restore_plan(sources)
        assert [found.status for found in made.entries] == ["pending_upload"] * 2

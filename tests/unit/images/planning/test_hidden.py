"""Hidden images and other namesakes on both sides (sync 3.1, 3.3, 3.8)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fiwareglancesync.images.condition import CompiledCondition
from fiwareglancesync.images.model import Image, Patch
from fiwareglancesync.images.planning import PlanEntry
from tests.support.builders import THEIRS, entry, image, master_image, plan, selection, statuses, texts

OLD = master_image("a", "A", id="m-old", hidden=True)
NEW = master_image("a", "B", id="m-new")


def chosen(*masters: Image, **rules: Any) -> list[str]:
    """UUIDs of the selected images, in their order."""
    return [selected.image.id for selected in selection(masters, **rules).images]


class TestMaster:
    @pytest.mark.parametrize(
        "namesake",
        [
            pytest.param(master_image("a", "X", id="m2", hidden=True), id="hidden"),
            pytest.param(master_image("a", "X", id="m2", visibility="community"), id="community"),
            pytest.param(master_image("a", "X", id="m2", visibility="private"), id="private"),
            pytest.param(master_image("a", "X", id="m2", visibility="shared"), id="shared"),
            pytest.param(master_image("a", "X", id="m2", size=None), id="left out"),
        ],
    )
    def test_a_namesake_that_is_not_selected_does_no_harm(self, namesake: Image) -> None:
        for masters in ([NEW, namesake], [namesake, NEW]):
            made = selection(masters)
            assert [selected.image.id for selected in made.images] == ["m-new"]
            assert not [text for text in texts(made) if "Duplicated" in text]

    def test_a_namesake_without_the_property_does_no_harm(self) -> None:
        published = master_image("a", "B", id="m-new", properties={"nid": "1"})
        assert chosen(published, master_image("a"), metadata_set=["nid"]) == ["m-new"]

    def test_namesakes_that_are_both_selected_are_both_dropped(self) -> None:
        made = selection([NEW, OLD, master_image("b")], forcesyncs=["m-old"])
        assert [selected.image.name for selected in made.images] == ["b"]
        assert texts(made) == ["Duplicated images with name a will be ignored"]

    def test_a_hidden_image_is_not_selected_and_counted_as_hidden(self) -> None:
        made = selection([OLD])
        assert (made.images, made.not_selected) == ((), {"hidden": 1})

    @pytest.mark.parametrize(
        ("rules", "selected"),
        [
            ({"forcesyncs": ["m-old"]}, True),
            ({"metadata_condition": CompiledCondition("image.is_public")}, False),
            ({"metadata_condition": CompiledCondition("image.is_public and image.hidden")}, True),
            ({"metadata_condition": CompiledCondition("image.os_hidden or True")}, True),
            ({"metadata_condition": CompiledCondition("not image.hidden")}, False),
        ],
    )
    def test_what_selects_a_hidden_image(self, rules: dict[str, Any], selected: bool) -> None:
        assert chosen(OLD, **rules) == (["m-old"] if selected else [])

    def test_a_hidden_kernel_is_selected_for_the_image_that_needs_it_and_its_own_ramdisk_too(self) -> None:
        ramdisk = master_image("ramdisk", hidden=True)
        kernel = master_image("kernel", hidden=True, properties={"ramdisk_id": "m-ramdisk"})
        ami = master_image("ami", properties={"kernel_id": "m-kernel"})
        assert sorted(chosen(ramdisk, kernel, ami)) == ["m-ami", "m-kernel", "m-ramdisk"]
        assert chosen(ramdisk, kernel) == []

    def test_a_hidden_kernel_that_would_not_be_selected_anyway_is_not(self) -> None:
        ami = master_image("ami", properties={"kernel_id": "m-kernel"})
        private = master_image("kernel", hidden=True, visibility="private")
        assert chosen(private, ami) == ["m-ami"]
        assert statuses(plan([private, ami])) == {"ami": "error_ami"}

    def test_a_hidden_kernel_does_not_push_out_the_new_one_of_its_name(self) -> None:
        old = master_image("kernel", "A", id="m-k1", hidden=True)
        new = master_image("kernel", "B", id="m-k2")
        amis = [master_image(f"ami{n}", properties={"kernel_id": f"m-k{n}"}) for n in (1, 2)]
        made = plan([old, new, *amis])
        assert statuses(made) == {"kernel": "pending_upload", "ami1": "error_ami", "ami2": "pending_upload"}
        assert made.entries[2].image.id == "m-k2"

    def test_the_reasons_are_counted(self) -> None:
        made = selection(
            [
                master_image("a"),
                master_image("b", visibility="private"),
                master_image("c", properties={"nid": "1"}, visibility="community"),
                master_image("d", owner=THEIRS),
                master_image("e", status="queued"),
                master_image("f_obsolete"),
                master_image("", id="m"),
                master_image("h", hidden=True, properties={"nid": "1"}),
                master_image("i", size=None, properties={"nid": "1"}),
            ],
            metadata_set=["nid"],
        )
        assert made.images == ()
        assert made.not_selected == {
            "without a property of metadata_set": 1,
            "not public": 2,
            "owned by another project": 1,
            "not active": 1,
            "obsolete": 1,
            "without a name": 1,
            "hidden": 1,
            "left out": 1,
        }


def found(*images: Image, masters: tuple[Image, ...] = (NEW,), **rules: Any) -> PlanEntry:
    """The only entry of the plan."""
    return entry(masters, images, **rules)


class TestRegion:
    def test_a_hidden_image_with_other_content_stays_and_the_visible_one_is_replaced(self) -> None:
        kept = image("a", "A", id="kept", hidden=True, created_at="1")
        outdated = image("a", "X", id="outdated", created_at="2")
        made = plan([NEW], [kept, outdated], replace=["any"])
        (only,) = made.entries
        assert (only.status.value, only.old and only.old.id) == ("pending_replace", "outdated")
        assert texts(made) == []

    @pytest.mark.parametrize("rules", [{}, {"replace": ["any"]}, {"rename": ["any"]}])
    def test_a_hidden_image_with_other_content_alone_counts_as_absent(self, rules: dict[str, Any]) -> None:
        made = found(image("a", "A", hidden=True), **rules)
        assert (made.status.value, made.region_image, made.old) == ("pending_upload", None, None)

    def test_a_hidden_image_with_the_content_stands_for_it(self) -> None:
        made = found(image("a", "B", hidden=True))
        assert (made.status.value, made.patch) == ("ok", Patch())
        assert made.notes == ("hidden is True, in the master False",)

    def test_a_protected_hidden_image_stands_for_it(self) -> None:
        made = found(image("a", "A", hidden=True), dontupdate=["A"], replace=["any"])
        assert made.status.value == "ok_stalled_checksum"

    def test_hidden_like_the_master_comes_before_the_content(self) -> None:
        same = image("a", "B", id="same", hidden=True, created_at="1")
        other = image("a", "X", id="other", created_at="2")
        made = found(same, other)
        assert (made.status.value, made.region_image and made.region_image.id) == ("error_checksum", "other")

    def test_a_visible_image_is_not_replaced_by_a_hidden_one_of_the_master(self) -> None:
        made = found(image("a", "X"), masters=(OLD,), forcesyncs=["m-old"], replace=["any"])
        assert (made.status.value, made.old) == ("pending_upload", None)

    def test_several_visible_ones_are_reported_and_hidden_ones_are_not(self) -> None:
        images = [image("a", "B", id=f"r{n}", hidden=n > 1, created_at=str(n)) for n in range(4)]
        made = plan([NEW], images)
        assert texts(made) == ["Burgos: image name a is duplicated. UUIDs: r0 r1"]

    def test_another_owners_image_counts_when_the_own_hidden_one_does_not(self) -> None:
        made = found(image("a", "A", hidden=True), image("a", "B", id="theirs", owner=THEIRS), only_tenant_images=False)
        assert (made.status.value, made.region_image and made.region_image.id) == ("ok", "theirs")


SYNCED: dict[str, Any] = {"sync_fields": ["hidden"]}


class TestInStep:
    def test_hidden_is_brought_in_line_only_when_it_is_asked_for(self) -> None:
        assert found(image("a", "B", hidden=True), **SYNCED).patch == Patch(hidden=False)
        assert found(image("a", "B", hidden=True)).status.value == "ok"

    def test_an_image_that_the_master_has_hidden_is_hidden(self) -> None:
        made = plan([OLD], [image("a", "A")], **SYNCED)
        assert [(c.name, c.image.id, c.patch) for c in made.obsolete] == [("a", "r-a", Patch(hidden=True))]
        assert (made.entries, made.in_step) == ((), False)

    @pytest.mark.parametrize(
        "other",
        [
            pytest.param(image("a", "X"), id="other content"),
            pytest.param(image("a", "A", owner=THEIRS), id="other owner"),
            pytest.param(image("b", "A"), id="other name"),
            pytest.param(image("a", "A", hidden=True), id="hidden already"),
            pytest.param(image("a", "A", unstated=frozenset({"hidden"})), id="a region that cannot hide"),
            pytest.param(image("a", "A", status="deactivated"), id="deactivated"),
        ],
    )
    def test_nothing_else_is_hidden(self, other: Image) -> None:
        assert plan([OLD], [other], **SYNCED).obsolete == ()

    def test_nothing_is_hidden_unless_it_is_asked_for(self) -> None:
        assert plan([OLD], [image("a", "A")]).obsolete == ()

    def test_nothing_is_hidden_for_an_image_that_would_not_be_selected(self) -> None:
        private = master_image("a", "A", hidden=True, visibility="private")
        assert plan([private], [image("a", "A")], **SYNCED).obsolete == ()

    def test_what_a_selected_image_needs_is_not_hidden(self) -> None:
        assert plan([OLD, master_image("a", "A", id="m2")], [image("a", "A")], **SYNCED).obsolete == ()

    def test_what_another_target_may_offer_is_not_hidden(self) -> None:
        twin = master_image("a", "A", id="m2")
        hidden = replace(OLD, user_properties={"nid": "1"})
        assert plan([hidden, twin], [image("a", "A")], metadata_set=["nid"], **SYNCED).obsolete == ()

    def test_it_is_said_what_differs(self) -> None:
        (change,) = plan([OLD], [image("a", "A")], **SYNCED).obsolete
        assert change.differences == ("hidden False → True",)

    def test_rotation_hides_the_old_one_and_uploads_the_new_one(self) -> None:
        made = plan([OLD, NEW], [image("a", "A")], replace=["any"], **SYNCED)
        assert [change.patch for change in made.obsolete] == [Patch(hidden=True)]
        (only,) = made.entries
        assert (only.status.value, only.old) == ("pending_upload", None)

    def test_a_hidden_obsolete_image_is_renamed_and_hidden_at_once(self) -> None:
        gone = master_image("a_obsolete", "A", hidden=True)
        (change,) = plan([gone], [image("a", "A")], **SYNCED).obsolete
        assert change.patch == Patch(name="a_obsolete", hidden=True)

    def test_one_image_is_changed_once_though_two_of_the_master_concern_it(self) -> None:
        made = plan([OLD, master_image("a_obsolete", "A")], [image("a", "A")], **SYNCED)
        assert [change.patch for change in made.obsolete] == [Patch(name="a_obsolete")]



def test_an_obsolete_duplicate_that_is_hidden_is_not_reported() -> None:
    visible, hidden = image("a_obsolete"), image("a_obsolete", id="r2", hidden=True)
    assert texts(plan([master_image("a_obsolete")], [visible, hidden])) == []
    assert len(texts(plan([master_image("a_obsolete")], [visible, image("a_obsolete", id="r2")]))) == 1

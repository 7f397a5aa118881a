"""AMI links: by UUID in an image, by name between regions (sync 3.6)."""

from __future__ import annotations

from typing import Any

import pytest

from fiwareglancesync.images.condition import CompiledCondition
from fiwareglancesync.images.model import Image, Patch
from tests.support.builders import THEIRS, image, master_image, plan, selection, statuses, texts

KERNEL = master_image("kernel", size=1)


def ami(name: str = "ami", kernel: str | None = "m-kernel", **fields: Any) -> Image:
    """A master image with a kernel."""
    return master_image(name, properties={} if kernel is None else {"kernel_id": kernel}, **fields)


def here(kernel: str | None = "r-kernel", content: str = "A", **fields: Any) -> Image:
    """The region's image of that name."""
    return image("ami", content, properties={} if kernel is None else {"kernel_id": kernel}, **fields)


def not_found(what: str, key: str = "kernel_id") -> str:
    return f"Burgos: Not found {what} on region. It should be {key} of image ami"


def test_links_correspond_by_name() -> None:
    assert statuses(plan([KERNEL, ami()], [image("kernel"), here()])) == {"kernel": "ok", "ami": "ok"}


@pytest.mark.parametrize("link", ["r-other", None, "", "m-kernel"])
def test_a_link_that_leads_elsewhere_is_mended(link: str | None) -> None:
    made = plan([KERNEL, ami()], [image("kernel"), image("other"), here(link)])
    assert statuses(made)["ami"] == "pending_metadata"
    assert made.entries[1].patch == Patch(set={"kernel_id": "r-kernel"})


def test_a_link_that_the_master_lacks_is_removed() -> None:
    made = plan([master_image("ami")], [here("anything")])
    assert made.entries[0].patch == Patch(remove=("kernel_id",))


def test_an_empty_link_counts_as_none_on_both_sides() -> None:
    assert statuses(plan([ami(kernel="")], [here("")])) == {"ami": "ok"}
    assert statuses(plan([ami(kernel="")], [here(None)])) == {"ami": "ok"}
    assert statuses(plan([ami(kernel=None)], [here("")])) == {"ami": "ok"}


@pytest.mark.parametrize(
    ("images", "rules", "kernel"),
    [
        ([], {}, "pending_upload"),
        ([image("kernel", "X")], {"replace": ["X"]}, "pending_replace"),
        ([image("kernel", "X")], {"rename": ["X"]}, "pending_rename"),
    ],
)
def test_an_image_whose_kernel_is_made_in_this_run_is_relinked(
    images: list[Image], rules: dict[str, Any], kernel: str
) -> None:
    made = plan([KERNEL, ami()], [*images, here()], **rules)
    assert statuses(made) == {"kernel": kernel, "ami": "pending_ami"}
    assert made.entries[1].links == {"kernel_id": "kernel"}
    assert made.relinks == (made.entries[1],)


def test_all_other_differences_go_with_the_relinking() -> None:
    made = plan([KERNEL, ami()], [here(visibility="private")])
    assert made.entries[1].patch == Patch(visibility="public")
    assert made.updates == ()


def test_a_kernel_with_a_conflict_that_awaits_a_decision_is_still_the_kernel() -> None:
    assert statuses(plan([KERNEL, ami()], [image("kernel", "X"), here()])) == {"kernel": "error_checksum", "ami": "ok"}


@pytest.mark.parametrize(
    ("masters", "what"),
    [
        ([ami()], "m-kernel"),
        ([master_image("kernel", visibility="private"), ami()], "kernel"),
        ([master_image("kernel", owner=THEIRS), ami()], "kernel"),
        ([master_image("kernel", properties={"cinder_encryption_key_id": "k"}), ami()], "kernel"),
    ],
    ids=["gone", "not selected", "of another owner", "left out"],
)
@pytest.mark.parametrize("images", [[], [here()], [here(content="X")]], ids=["absent", "present", "other content"])
def test_a_link_that_cannot_be_resolved_is_an_error(masters: list[Image], what: str, images: list[Image]) -> None:
    made = plan(masters, images, replace=["any"])
    assert statuses(made)["ami"] == "error_ami"
    assert not_found(what) in texts(made)
    assert not made.moves
    assert not made.updates


def test_a_kernel_that_cannot_be_made_here_is_an_error_too() -> None:
    made = plan([master_image("kernel", properties={"ramdisk_id": "gone"}), ami()])
    assert statuses(made) == {"kernel": "error_ami", "ami": "error_ami"}
    assert not_found("kernel") in texts(made)


def test_a_dangling_link_concerns_that_image_alone() -> None:
    kernel = master_image("kernel", properties={"ramdisk_id": "gone"})
    made = plan([kernel, ami()], [image("kernel"), here(), image("x")])
    assert statuses(made) == {"kernel": "error_ami", "ami": "ok"}


def test_a_kernel_of_another_owner_is_none_unless_configured() -> None:
    images = [image("kernel", owner=THEIRS), here()]
    assert statuses(plan([KERNEL, ami()], images)) == {"kernel": "pending_upload", "ami": "pending_ami"}
    assert statuses(plan([KERNEL, ami()], images, only_tenant_images=False)) == {"kernel": "ok", "ami": "ok"}


def test_each_lost_link_is_reported() -> None:
    master = master_image("ami", properties={"kernel_id": "k", "ramdisk_id": "r"})
    made = plan([master])
    assert texts(made) == [not_found("k"), not_found("r", "ramdisk_id")]
    assert made.entries[0].reason == "; ".join(texts(made))


@pytest.mark.parametrize("length", [1, 2, 3])
def test_images_of_a_cycle_are_errors_and_those_that_only_lead_there_too(length: int) -> None:
    names = [f"c{number}" for number in range(length)]
    ring = [ami(name, f"m-{names[(number + 1) % length]}") for number, name in enumerate(names)]
    made = plan([*ring, ami("outside", "m-c0"), master_image("free")])
    assert statuses(made) == {**dict.fromkeys([*names, "outside"], "error_ami"), "free": "pending_upload"}


def test_a_cycle_is_an_error_even_if_the_region_has_it_already() -> None:
    masters = [ami("a", "m-b"), ami("b", "m-a")]
    ring = [image(name, properties={"kernel_id": f"r-{other}"}) for name, other in ("ab", "ba")]
    made = plan(masters, ring)
    assert statuses(made) == {"a": "error_ami", "b": "error_ami"}
    assert made.in_step


def test_a_stalled_checksum_comes_before_a_lost_link() -> None:
    assert statuses(plan([ami()], [here(content="X")], dontupdate=["X"])) == {"ami": "ok_stalled_checksum"}


def test_linked_images_go_first_whatever_their_size() -> None:
    masters = [ami("a", "m-b", size=1), ami("b", "m-c", size=2), ami("c", None, size=9), ami("z", None, size=3)]
    made = plan(masters)
    assert [entry.name for entry in made.moves] == ["c", "b", "a", "z"]
    assert [entry.name for entry in made.entries] == ["a", "b", "z", "c"]


def test_a_long_chain_of_links_is_followed_to_its_end() -> None:
    masters = [ami(f"i{number}", f"m-i{number + 1}", size=number) for number in range(3000)]
    made = plan([*masters, ami("i3000", None, size=0)])
    assert made.building_order[0] == "i3000"
    assert made.building_order[-1] == "i0"


def test_links_are_synchronised_whatever_metadata_set_says() -> None:
    made = plan(
        [KERNEL, ami()], [image("kernel"), here(None)], metadata_condition=lambda *_: True, metadata_set=["nid"]
    )
    assert made.entries[1].patch == Patch(set={"kernel_id": "r-kernel"})


def test_in_forcesyncs_or_not_the_kernel_must_be_selected_itself() -> None:
    assert statuses(plan([master_image("kernel", visibility="private"), ami()], forcesyncs=["m-kernel"])) == {
        "kernel": "pending_upload",
        "ami": "pending_upload",
    }


@pytest.mark.parametrize(
    ("kernel", "rules", "why"),
    [
        ({"visibility": "private"}, {}, "is private in the master region; make it public there"),
        ({"visibility": "shared"}, {}, "is shared in the master region; make it public there"),
        ({}, {"metadata_set": ["nid"]}, "has no property of metadata_set; give it one"),
        (
            {},
            {"metadata_condition": CompiledCondition("image.name == 'ami'")},
            "does not fulfil metadata_condition; change the condition",
        ),
    ],
)
def test_a_kernel_that_the_rules_do_not_select_is_reported_once_with_what_to_do(
    kernel: dict[str, Any], rules: dict[str, Any], why: str
) -> None:
    masters = [master_image("kernel", **kernel), master_image("ami", properties={"kernel_id": "m-kernel", "nid": "1"})]
    advice = (
        "Image ami cannot be synchronised: its kernel_id, kernel, is not selected because it "
        f"{why}, or add its UUID m-kernel to forcesyncs"
    )
    assert [message.text for message in selection(masters, **rules).messages] == [advice]
    made = plan(masters, **rules)
    assert texts(made) == [not_found("kernel")]
    assert made.entries[0].reason == f"{not_found('kernel')}; {advice}"


def test_of_a_kernel_that_the_master_does_not_have_there_is_nothing_to_advise() -> None:
    assert selection([ami()]).messages == ()
    assert plan([ami()]).entries[0].reason == not_found("m-kernel")

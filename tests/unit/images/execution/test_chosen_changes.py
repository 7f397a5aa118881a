"""What a run leaves out, refuses before it tries, or does beside the chosen images."""

from __future__ import annotations

import pytest

from fiwareglancesync.base.errors import (
    PropertyRefused,
)
from fiwareglancesync.images.model import JOURNAL, MAX_NAME, Patch
from fiwareglancesync.images.places import Place
from tests.support.builders import RegionSetup, errors, image, journal, master_image
from tests.support.region_writes import refuse, through, watched


def test_more_replacements_than_allowed_are_all_refused_and_uploads_done() -> None:
    masters = [master_image(name) for name in ("a", "b", "c")]
    setup = RegionSetup(masters, [image("a", "old"), image("b", "old")], replace=["any"], max_replacements=1)
    outcome = setup.sync()
    assert setup.did() == [("upload", "c")]
    assert sorted(errors(outcome)) == ["a", "b"]
    assert setup.reported()[0] == (
        "Burgos: 2 images would be replaced or renamed, max_replacements allows 1: none is; "
        "raise max_replacements if that is what you want"
    )


@pytest.mark.parametrize(("chosen", "reported"), [("c", 0), ("b", 1), ("[ab]", 1)])
def test_too_many_replacements_are_reported_once_and_only_if_one_of_them_is_chosen(chosen: str, reported: int) -> None:
    masters = [master_image(name) for name in ("a", "b", "c")]
    setup = RegionSetup(masters, [image("a", "old"), image("b", "old")], replace=["any"], max_replacements=1)
    outcome = setup.sync(chosen)
    assert ([text.partition(" ")[0] for text in setup.reported()], outcome.failed) == (
        ["Burgos:"] * reported,
        reported > 0,
    )


def test_as_many_replacements_as_allowed_are_made() -> None:
    setup = RegionSetup([master_image("a")], [image("a", "old")], replace=["any"], max_replacements=1)
    assert not setup.sync().failed
    assert setup.named("a").checksum == "A"


def test_a_name_that_would_be_too_long_is_found_before_anything_is_done() -> None:
    name = "n" * (MAX_NAME - 3)
    setup = RegionSetup([master_image(name)], [image(name, "old")], rename=["any"])
    place = watched(setup)
    outcome = setup.sync(**through(place))
    assert place.writes == []
    assert f"more than {MAX_NAME} characters" in errors(outcome)[name]


def refused_properties(*names: str, too_many: bool = False) -> PropertyRefused:
    """What a region answers that does not accept properties."""
    error = PropertyRefused("Attribute is reserved.", status=403)
    error.properties, error.too_many = names, too_many
    return error


@pytest.mark.parametrize(
    "error",
    [
        refused_properties(JOURNAL),
        refused_properties("a_longer_name_than_that", JOURNAL),
        refused_properties("reserved", too_many=True),
    ],
)
def test_a_refused_journal_is_explained(error: PropertyRefused) -> None:
    setup = RegionSetup([master_image("a")])
    outcome = setup.sync(**through(refuse(setup, error, "create")))
    assert JOURNAL in errors(outcome)["a"]
    assert "allow it, and room for it" in errors(outcome)["a"]
    assert setup.images == []


@pytest.mark.parametrize("error", [refused_properties("secret_level"), refused_properties()])
def test_another_property_that_is_refused_is_not_the_journals_affair(error: PropertyRefused) -> None:
    setup = RegionSetup([master_image("a")])
    outcome = setup.sync(**through(refuse(setup, error, "create")))
    assert errors(outcome) == {"a": "Attribute is reserved."}


def test_an_image_that_is_chosen_brings_along_what_it_links_to() -> None:
    setup = RegionSetup(
        [master_image("kernel"), master_image("ami", properties={"kernel_id": "m-kernel"}), master_image("x")]
    )
    setup.sync("am?")
    assert setup.names() == ["ami", "kernel"]


def test_a_kernel_is_not_chosen_without_the_images_that_are_relinked_to_it() -> None:
    setup = RegionSetup(
        [master_image("kernel"), master_image("ami", properties={"kernel_id": "m-kernel"})],
        [image("kernel", "old"), image("ami", properties={"kernel_id": "r-kernel"})],
        replace=["any"],
    )
    setup.sync("kernel")
    assert setup.did() == [("replace", "kernel"), ("relink", "ami"), ("settle", "kernel")]


def test_an_image_that_is_relinked_to_a_chosen_kernel_waits_for_a_ramdisk_that_is_not_chosen() -> None:
    links = {"kernel_id": "m-kernel", "ramdisk_id": "m-ramdisk"}
    masters = [master_image("kernel", "new"), master_image("ramdisk"), master_image("ami", properties=links)]
    images = [image("kernel", "old"), image("ami", properties={"kernel_id": "r-kernel"})]
    setup = RegionSetup(masters, images, replace=["old"])
    assert not setup.sync("kernel").failed
    assert setup.names() == ["ami", "kernel"]
    assert setup.named("ami").user_properties == {"kernel_id": setup.named("kernel").id}
    setup.sync()
    assert setup.named("ami").user_properties["ramdisk_id"] == setup.named("ramdisk").id


def test_an_obsolete_change_is_one_patch_and_needs_the_name_to_be_chosen() -> None:
    master = master_image("a_obsolete", visibility="private", properties={"nid": "1"})
    setup = RegionSetup([master], [image("a")], obsolete_syncprops=["nid"])
    place = watched(setup)
    setup.sync("b", **through(place))
    assert place.writes == []
    setup.sync("a", **through(place))
    assert [w.patch for w in place.writes] == [Patch(name="a_obsolete", visibility="private", set={"nid": "1"})]


def test_a_run_reports_nothing_of_journals_that_are_gone() -> None:
    setup = RegionSetup(
        [master_image("a")], [image("a", properties={JOURNAL: journal("r-a", step="published").text()})]
    )
    place: Place = setup.place
    setup.sync()
    assert dict(place.get("r-a").user_properties) == {}
    assert setup.reported() == []

"""What a run does to a region, in which order, and what it leaves alone (sync 3.5 to 3.8)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fiwareglancesync.base import attempts
from fiwareglancesync.base.errors import (
    CloudError,
    Conflict,
    Forbidden,
    NotFound,
    PropertyRefused,
    QuotaExceeded,
    Rejected,
    Scope,
    ServiceFailure,
    Unreachable,
)
from fiwareglancesync.base.units import MIB
from fiwareglancesync.events import Action, Failed
from fiwareglancesync.images.model import JOURNAL, MAX_NAME, Patch
from fiwareglancesync.images.places import Place
from tests.support.builders import REGION, THEIRS, World, errors, image, journal, master_image
from tests.support.events import of_type
from tests.support.watched import Hook, WatchedPlace, Write, refusing

STAYS = "the unfinished image a (UUID {}) stays for the next run to remove: no delete"


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """What may pass is tried again at once."""
    monkeypatch.setattr(attempts, "FIRST_WAIT_SECONDS", 0.0)


def watched(world: World, before: Hook | None = None) -> WatchedPlace:
    """The region, watched."""
    return WatchedPlace(world.place, before) if before else WatchedPlace(world.place)


def refuse(world: World, error: BaseException, kind: str, *uuids: str) -> WatchedPlace:
    """The region, which refuses writes of one kind to some images."""
    return watched(world, refusing(error, lambda write: write.kind == kind and write.image in (uuids or [write.image])))


def through(place: WatchedPlace) -> dict[str, Any]:
    return {"through": lambda _: place}


def test_the_order_is_obsolete_metadata_moves_relinking_settling() -> None:
    world = World(
        [
            master_image("old_obsolete", "O"),
            master_image("metadata", properties={"nid": "1"}),
            master_image("ami", size=1, properties={"kernel_id": "m-kernel"}),
            master_image("kernel", "new", size=2),
            master_image("large", size=9),
            master_image("small", size=3),
        ],
        [
            image("old", "O"),
            image("metadata"),
            image("ami", size=1, properties={"kernel_id": "r-kernel"}),
            image("kernel", "old"),
        ],
        replace=["old"],
    )
    world.sync()
    assert world.did() == [
        ("obsolete", "old_obsolete"),
        ("metadata", "metadata"),
        ("replace", "kernel"),
        ("upload", "small"),
        ("upload", "large"),
        ("relink", "ami"),
        ("settle", "kernel"),
    ]


def test_a_new_image_is_private_until_it_is_verified_and_published_by_one_patch() -> None:
    world = World([master_image("a", protected=True, tags=("t",), min_disk=3, properties={"nid": "1"})])
    place = watched(world)
    seen = []

    def before(write: Write) -> None:
        seen.append([(i.visibility, i.protected, i.status) for i in world.images])

    place = watched(world, before)
    world.sync(**through(place))
    assert [write.kind for write in place.writes] == ["create", "adopt", "update"]
    assert seen == [[], [("private", False, "queued")], [("private", False, "active")]]
    assert place.writes[-1].patch == Patch(visibility="public", protected=True, remove=(JOURNAL,))
    made = world.named("a")
    assert (made.tags, made.min_disk, dict(made.user_properties)) == (("t",), 3, {"nid": "1"})


def test_the_journal_names_its_carrier_the_action_and_the_old_image() -> None:
    world = World([master_image("a")], [image("a", "old")], replace=["old"])
    found: list[dict[str, Any]] = []

    def before(write: Write) -> None:
        found.extend(json.loads(i.user_properties[JOURNAL]) for i in world.images if JOURNAL in i.user_properties)

    world.sync(**through(watched(world, before)))
    assert {(f["v"], f["self"], f["action"], f["old"], f["host"], f["run"]) for f in found} == {
        (1, "1$a", "replace", "r-a", "this-host", "1-b")
    }
    assert list(dict.fromkeys(f["step"] for f in found)) == ["new", "published"]
    assert JOURNAL not in world.named("a").user_properties


def test_a_renamed_image_becomes_private_and_keeps_the_rest() -> None:
    kept = {"local": "1", "kernel_id": "r-k"}
    world = World([master_image("a")], [image("a", "old", properties=kept), image("k"), image("a.old")], rename=["old"])
    world.sync()
    old = world.named("a.old.2")
    assert (old.id, old.visibility, dict(old.user_properties)) == ("r-a", "private", kept)
    assert world.named("a").checksum == "A"


def test_a_replaced_image_is_made_private_renamed_and_unprotected_at_once_before_it_goes() -> None:
    world = World([master_image("a")], [image("a", "old", protected=True)], replace=["old"])
    place = watched(world)
    world.sync(**through(place))
    assert [write.patch for write in place.writes if write.image == "r-a"] == [
        Patch(name="a.old", visibility="private", protected=False),
        Patch(),
    ]
    assert [write.kind for write in place.writes if write.image == "r-a"] == ["update", "delete"]
    assert world.names() == ["a"]


def test_only_what_differs_is_sent() -> None:
    world = World(
        [master_image("a", visibility="private", properties={"nid": "1", "type": "x"})],
        [image("a", properties={"nid": "1", "gone": "1", "local": "1"})],
        forcesyncs=["m-a"],
        metadata_set=["nid", "type", "gone"],
    )
    place = watched(world)
    world.sync(**through(place))
    assert [write.patch for write in place.writes] == [Patch(visibility="private", set={"type": "x"}, remove=("gone",))]


def test_an_image_of_another_owner_stays_and_ours_is_made_beside_it() -> None:
    theirs = image("a", "other", owner=THEIRS)
    world = World([master_image("a")], [theirs], replace=["any"], only_tenant_images=False)
    before = world.images
    world.sync()
    assert before[0] in world.images
    assert [(i.owner, i.checksum) for i in world.images] == [(THEIRS, "other"), ("ours", "A")]
    assert world.plan().in_step


def test_a_failed_upload_is_undone_and_the_others_go_on() -> None:
    world = World([master_image("a", size=1), master_image("b", size=2)], [image("a", "old")], replace=["old"])
    before = world.named("a")
    place = refuse(world, Rejected("no such format here", status=415), "adopt", "1$a")
    outcome = world.sync(**through(place))
    assert errors(outcome) == {"a": "no such format here"}
    assert world.named("a") == before
    assert world.names() == ["a", "b"]
    assert (outcome.failures, outcome.error, outcome.bytes_moved) == (1, None, 2)


def test_an_image_that_cannot_be_published_is_removed_and_the_old_one_stays() -> None:
    world = World([master_image("a")], [image("a", "old")], rename=["old"])
    before = world.images
    outcome = world.sync(**through(refuse(world, Forbidden("public is not for you", status=403), "update", "1$a")))
    assert errors(outcome) == {"a": "public is not for you"}
    assert world.images == before


def test_a_new_image_that_cannot_be_removed_is_named_and_the_next_run_removes_it() -> None:
    world = World([master_image("a")])

    def fails(write: Write) -> None:
        if write.kind in ("adopt", "delete"):
            raise Conflict(f"no {write.kind}", status=409)

    outcome = world.sync(**through(watched(world, fails)))
    assert errors(outcome) == {"a": "no adopt"}
    assert world.reported() == [f"{REGION}: {STAYS.format('1$a')}", "no adopt"]
    assert not world.sync().failed
    assert [(i.name, i.status) for i in world.images] == [("a", "active")]


def test_the_new_images_of_all_attempts_are_named_when_they_cannot_be_removed() -> None:
    world = World([master_image("a")])

    def fails(write: Write) -> None:
        if write.kind in ("adopt", "delete"):
            raise ServiceFailure(f"no {write.kind}", status=500)

    outcome = world.sync(**through(watched(world, fails)))
    assert errors(outcome) == {"a": "no adopt"}
    assert world.reported() == [*(f"{REGION}: {STAYS.format(f'{number}$a')}" for number in (1, 2, 3)), "no adopt"]
    assert not world.sync().failed
    assert [(i.name, i.status) for i in world.images] == [("a", "active")]


@pytest.mark.parametrize(
    ("lie", "why"),
    [
        ({"size": MIB - 1}, f"after the upload it has {MIB - 1} bytes, in the master {MIB}"),
        ({"content": "broken"}, "after the upload its checksum is broken, in the master A"),
        ({"content": None}, "after the upload its checksum is None, in the master A"),
    ],
)
def test_no_upload_is_believed(lie: dict[str, object], why: str) -> None:
    world = World([master_image("a")], [image("a", "old")], replace=["any"])
    before = world.images

    class Liar(WatchedPlace):
        def adopt(self, image_id: str, master: object) -> None:
            super().adopt(image_id, master_image("a", **lie))  # type: ignore[arg-type]

    outcome = world.sync(through=lambda place: Liar(place))
    assert errors(outcome)["a"].endswith(why)
    assert world.images == before


def test_images_that_link_to_a_failed_one_are_not_attempted() -> None:
    world = World(
        [
            master_image("kernel", "new", size=1),
            master_image("new-ami", properties={"kernel_id": "m-kernel"}),
            master_image("present-ami", properties={"kernel_id": "m-kernel"}),
        ],
        [image("kernel", "old"), image("present-ami", properties={"kernel_id": "r-kernel"})],
        replace=["old"],
    )
    before = world.images
    outcome = world.sync(**through(refuse(world, Rejected("no", status=400), "adopt", "1$kernel")))
    cause = "it links to kernel, which failed"
    assert errors(outcome) == {"kernel": "no", "new-ami": cause, "present-ami": cause}
    assert world.images == before
    assert world.failed() == [("replace", "kernel"), ("upload", "new-ami"), ("relink", "present-ami")]


@pytest.mark.parametrize(
    "error",
    [QuotaExceeded("storage is full", status=413), Forbidden("no images for you", status=403, scope=Scope.UPLOADS)],
    ids=["quota", "right"],
)
def test_when_nothing_more_can_be_uploaded_the_rest_is_still_done(error: CloudError) -> None:
    world = World(
        [
            master_image("gone_obsolete", "O"),
            master_image("kernel", "new", size=1),
            master_image("ami", size=1, properties={"kernel_id": "m-kernel"}),
            master_image("b", size=2),
            master_image("c", size=3),
            master_image("metadata", properties={"nid": "1"}),
        ],
        [
            image("gone", "O"),
            image("kernel", "old"),
            image("ami", size=1, properties={"kernel_id": "r-kernel"}),
            image("metadata"),
        ],
        replace=["old"],
    )
    outcome = world.sync(**through(refuse(world, error, "create", "1$b")))
    assert world.did() == [
        ("obsolete", "gone_obsolete"),
        ("metadata", "metadata"),
        ("replace", "kernel"),
        ("relink", "ami"),
        ("settle", "kernel"),
    ]
    assert errors(outcome) == {"b": str(error), "c": f"not attempted: {error}"}
    assert world.reported() == [
        str(error),
        f"Burgos: Nothing more is uploaded to this region. Cause: {error}",
    ]
    assert outcome.error is None


def test_a_region_that_is_gone_ends_everything_there() -> None:
    world = World([master_image("a", size=1), master_image("b", size=2)])
    place = refuse(world, Unreachable("connection refused"), "create")
    outcome = world.sync(**through(place))
    assert outcome.error == "connection refused"
    assert {write.image for write in place.writes} == {"1$a"}
    assert "Burgos: Nothing more is done in this region. Cause: connection refused" in world.reported()


def test_what_may_pass_is_tried_again_with_a_fresh_image() -> None:
    world = World([master_image("a")])
    failures = iter([Unreachable("broken pipe"), Unreachable("broken pipe")])

    def sometimes(write: Write) -> None:
        if write.kind == "adopt":
            for failure in failures:
                raise failure

    place = watched(world, sometimes)
    assert not world.sync(**through(place)).failed
    assert [write.kind for write in place.writes] == [*["create", "adopt", "delete"] * 2, "create", "adopt", "update"]


def test_an_image_that_vanishes_meanwhile_is_that_images_failure() -> None:
    masters = [master_image(name, properties={"nid": "1"}) for name in ("a", "b")]
    world = World(masters, [image("a"), image("b")])
    outcome = world.sync(**through(refuse(world, NotFound("No image found", status=404), "update", "r-a")))
    assert errors(outcome) == {"a": "No image found"}
    assert world.did() == [("metadata", "b")]


def test_an_old_image_that_somebody_has_removed_meanwhile_is_settled() -> None:
    world = World([master_image("a")], [image("a", "old")], replace=["old"])

    def vanish(write: Write) -> None:
        if write.image == "r-a":
            world.place.delete("r-a")

    assert not world.sync(**through(watched(world, vanish))).failed
    assert [dict(i.user_properties) for i in world.images] == [{}]


def test_a_deletion_that_is_refused_is_tried_again_by_every_later_run() -> None:
    world = World([master_image("a")], [image("a", "old")], replace=["old"])
    for _ in range(2):
        outcome = world.sync(**through(refuse(world, Conflict("image is in use", status=409), "delete")))
        assert (errors(outcome), outcome.failed) == ({"a": "image is in use"}, True)
        failed = of_type(Failed, world.events)
        assert [(event.action, event.uuid) for event in failed] == [(Action.SETTLE, "r-a")]
        assert [(i.name, i.visibility, i.checksum) for i in world.images] == [
            ("a.old", "private", "old"),
            ("a", "public", "A"),
        ]
        (entry,) = world.plan().entries
        assert (entry.status.value, entry.reason) == (
            "ok",
            "the image that it took the place of (UUID r-a) is still to be removed or renamed",
        )
    assert not world.sync().failed
    assert [(i.name, dict(i.user_properties)) for i in world.images] == [("a", {})]


def test_a_replaced_kernel_that_a_stranger_needs_is_kept_and_a_warning_names_him() -> None:
    world = World(
        [master_image("kernel"), master_image("ami", properties={"kernel_id": "m-kernel"})],
        [
            image("kernel", "old"),
            image("ami", properties={"kernel_id": "r-kernel"}),
            image("local", properties={"ramdisk_id": "r-kernel"}),
        ],
        replace=["old"],
    )
    outcome = world.sync()
    assert (world.named("kernel.old").id, world.named("kernel.old").visibility) == ("r-kernel", "private")
    assert world.named("ami").user_properties == {"kernel_id": world.named("kernel").id}
    assert world.named("local").user_properties == {"ramdisk_id": "r-kernel"}
    assert world.reported() == [
        "Burgos: the old image kernel (UUID r-kernel) is kept as kernel.old: used by local (UUID r-local)"
    ]
    assert not outcome.failed


def test_when_kernel_ramdisk_and_ami_are_all_replaced_nothing_is_kept() -> None:
    links = ("kernel", "ramdisk")
    world = World(
        [
            master_image("kernel", size=3),
            master_image("ramdisk", size=2),
            master_image("ami", size=1, properties={f"{link}_id": f"m-{link}" for link in links}),
        ],
        [
            image("kernel", "old"),
            image("ramdisk", "old"),
            image("ami", "old", properties={f"{link}_id": f"r-{link}" for link in links}),
        ],
        replace=["old"],
    )
    world.sync()
    assert world.names() == ["ami", "kernel", "ramdisk"]
    assert world.named("ami").user_properties == {f"{link}_id": world.named(link).id for link in links}


@pytest.mark.parametrize("sizes", [(1, 2, 3), (3, 2, 1), (2, 3, 1)])
def test_an_ami_is_uploaded_with_its_final_links_whatever_the_sizes(sizes: tuple[int, int, int]) -> None:
    kernel, ramdisk, ami = sizes
    world = World(
        [
            master_image("ami", size=ami, properties={"kernel_id": "m-kernel", "ramdisk_id": "m-ramdisk"}),
            master_image("kernel", size=kernel),
            master_image("ramdisk", size=ramdisk),
        ]
    )
    world.sync()
    assert [image for _, image in world.did()][-1] == "ami"
    assert world.named("ami").user_properties == {
        "kernel_id": world.named("kernel").id,
        "ramdisk_id": world.named("ramdisk").id,
    }


def test_more_replacements_than_allowed_are_all_refused_and_uploads_done() -> None:
    masters = [master_image(name) for name in ("a", "b", "c")]
    world = World(masters, [image("a", "old"), image("b", "old")], replace=["any"], max_replacements=1)
    outcome = world.sync()
    assert world.did() == [("upload", "c")]
    assert sorted(errors(outcome)) == ["a", "b"]
    assert world.reported()[0] == (
        "Burgos: 2 images would be replaced or renamed, max_replacements allows 1: none is; "
        "raise max_replacements if that is what you want"
    )


@pytest.mark.parametrize(("chosen", "reported"), [("c", 0), ("b", 1), ("[ab]", 1)])
def test_too_many_replacements_are_told_once_and_only_if_one_of_them_is_chosen(chosen: str, reported: int) -> None:
    masters = [master_image(name) for name in ("a", "b", "c")]
    world = World(masters, [image("a", "old"), image("b", "old")], replace=["any"], max_replacements=1)
    outcome = world.sync(chosen)
    assert ([text.partition(" ")[0] for text in world.reported()], outcome.failed) == (
        ["Burgos:"] * reported,
        reported > 0,
    )


def test_as_many_replacements_as_allowed_are_made() -> None:
    world = World([master_image("a")], [image("a", "old")], replace=["any"], max_replacements=1)
    assert not world.sync().failed
    assert world.named("a").checksum == "A"


def test_a_name_that_would_be_too_long_is_found_before_anything_is_done() -> None:
    name = "n" * (MAX_NAME - 3)
    world = World([master_image(name)], [image(name, "old")], rename=["any"])
    place = watched(world)
    outcome = world.sync(**through(place))
    assert place.writes == []
    assert f"more than {MAX_NAME} characters" in errors(outcome)[name]


def refused_property(name: str | None) -> PropertyRefused:
    """What a region answers that does not accept a property."""
    error = PropertyRefused("Attribute is reserved.", status=403)
    error.property = name
    return error


@pytest.mark.parametrize("name", [JOURNAL, None])
def test_a_refused_journal_is_explained(name: str | None) -> None:
    world = World([master_image("a")])
    outcome = world.sync(**through(refuse(world, refused_property(name), "create")))
    assert JOURNAL in errors(outcome)["a"]
    assert "allow it, and room for it" in errors(outcome)["a"]
    assert world.images == []


def test_another_property_that_is_refused_is_not_the_journals_affair() -> None:
    world = World([master_image("a")])
    outcome = world.sync(**through(refuse(world, refused_property("secret_level"), "create")))
    assert errors(outcome) == {"a": "Attribute is reserved."}


def test_an_image_that_is_chosen_brings_along_what_it_links_to() -> None:
    world = World(
        [master_image("kernel"), master_image("ami", properties={"kernel_id": "m-kernel"}), master_image("x")]
    )
    world.sync("am?")
    assert world.names() == ["ami", "kernel"]


def test_a_kernel_is_not_chosen_without_the_images_that_are_relinked_to_it() -> None:
    world = World(
        [master_image("kernel"), master_image("ami", properties={"kernel_id": "m-kernel"})],
        [image("kernel", "old"), image("ami", properties={"kernel_id": "r-kernel"})],
        replace=["any"],
    )
    world.sync("kernel")
    assert world.did() == [("replace", "kernel"), ("relink", "ami"), ("settle", "kernel")]


def test_an_image_that_is_relinked_to_a_chosen_kernel_waits_for_a_ramdisk_that_is_not_chosen() -> None:
    links = {"kernel_id": "m-kernel", "ramdisk_id": "m-ramdisk"}
    masters = [master_image("kernel", "new"), master_image("ramdisk"), master_image("ami", properties=links)]
    images = [image("kernel", "old"), image("ami", properties={"kernel_id": "r-kernel"})]
    world = World(masters, images, replace=["old"])
    assert not world.sync("kernel").failed
    assert world.names() == ["ami", "kernel"]
    assert world.named("ami").user_properties == {"kernel_id": world.named("kernel").id}
    world.sync()
    assert world.named("ami").user_properties["ramdisk_id"] == world.named("ramdisk").id


def test_an_obsolete_change_is_one_patch_and_needs_the_name_to_be_chosen() -> None:
    master = master_image("a_obsolete", visibility="private", properties={"nid": "1"})
    world = World([master], [image("a")], obsolete_syncprops=["nid"])
    place = watched(world)
    world.sync("b", **through(place))
    assert place.writes == []
    world.sync("a", **through(place))
    assert [w.patch for w in place.writes] == [Patch(name="a_obsolete", visibility="private", set={"nid": "1"})]


def test_a_run_tells_nothing_of_journals_that_are_gone() -> None:
    world = World([master_image("a")], [image("a", properties={JOURNAL: journal("r-a", step="published").text()})])
    place: Place = world.place
    world.sync()
    assert dict(place.get("r-a").user_properties) == {}
    assert world.reported() == []

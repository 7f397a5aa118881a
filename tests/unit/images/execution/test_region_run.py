"""What a run does to a region, in which order, and what it leaves alone (sync 3.5 to 3.8)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fiwareglancesync.base.errors import (
    CloudError,
    Conflict,
    Forbidden,
    NotFound,
    QuotaExceeded,
    Rejected,
    Scope,
    ServiceFailure,
    Unreachable,
)
from fiwareglancesync.base.units import MIB
from fiwareglancesync.events import Action, Failed
from fiwareglancesync.images.model import JOURNAL, Patch
from tests.support.builders import REGION, THEIRS, RegionSetup, errors, image, master_image
from tests.support.events import of_type
from tests.support.region_writes import refuse, through, watched
from tests.support.watched import WatchedPlace, Write

STAYS = "the unfinished image a (UUID {}) stays for the next run to remove: no delete"


def test_the_order_is_obsolete_metadata_moves_relinking_settling() -> None:
    setup = RegionSetup(
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
    setup.sync()
    assert setup.did() == [
        ("obsolete", "old_obsolete"),
        ("metadata", "metadata"),
        ("replace", "kernel"),
        ("upload", "small"),
        ("upload", "large"),
        ("relink", "ami"),
        ("settle", "kernel"),
    ]


def test_a_new_image_is_private_until_it_is_verified_and_published_by_one_patch() -> None:
    setup = RegionSetup([master_image("a", protected=True, tags=("t",), min_disk=3, properties={"nid": "1"})])
    place = watched(setup)
    seen = []

    def before(write: Write) -> None:
        seen.append([(i.visibility, i.protected, i.status) for i in setup.images])

    place = watched(setup, before)
    setup.sync(**through(place))
    assert [write.kind for write in place.writes] == ["create", "adopt", "update"]
    assert seen == [[], [("private", False, "queued")], [("private", False, "active")]]
    assert place.writes[-1].patch == Patch(visibility="public", protected=True, remove=(JOURNAL,))
    made = setup.named("a")
    assert (made.tags, made.min_disk, dict(made.user_properties)) == (("t",), 3, {"nid": "1"})


def test_the_journal_names_its_image_the_action_and_the_old_image() -> None:
    setup = RegionSetup([master_image("a")], [image("a", "old")], replace=["old"])
    found: list[dict[str, Any]] = []

    def before(write: Write) -> None:
        found.extend(json.loads(i.user_properties[JOURNAL]) for i in setup.images if JOURNAL in i.user_properties)

    setup.sync(**through(watched(setup, before)))
    assert {(f["v"], f["self"], f["action"], f["old"], f["host"], f["run"]) for f in found} == {
        (1, "1$a", "replace", "r-a", "this-host", "1-b")
    }
    assert list(dict.fromkeys(f["step"] for f in found)) == ["new", "published"]
    assert JOURNAL not in setup.named("a").user_properties


def test_a_renamed_image_becomes_private_and_keeps_the_rest() -> None:
    kept = {"local": "1", "kernel_id": "r-k"}
    setup = RegionSetup(
        [master_image("a")], [image("a", "old", properties=kept), image("k"), image("a.old")], rename=["old"]
    )
    setup.sync()
    old = setup.named("a.old.2")
    assert (old.id, old.visibility, dict(old.user_properties)) == ("r-a", "private", kept)
    assert setup.named("a").checksum == "A"


def test_a_replaced_image_is_made_private_renamed_and_unprotected_at_once_before_it_goes() -> None:
    setup = RegionSetup([master_image("a")], [image("a", "old", protected=True)], replace=["old"])
    place = watched(setup)
    setup.sync(**through(place))
    assert [write.patch for write in place.writes if write.image == "r-a"] == [
        Patch(name="a.old", visibility="private", protected=False),
        Patch(),
    ]
    assert [write.kind for write in place.writes if write.image == "r-a"] == ["update", "delete"]
    assert setup.names() == ["a"]


def test_only_what_differs_is_sent() -> None:
    setup = RegionSetup(
        [master_image("a", visibility="private", properties={"nid": "1", "type": "x"})],
        [image("a", properties={"nid": "1", "gone": "1", "local": "1"})],
        forcesyncs=["m-a"],
        metadata_set=["nid", "type", "gone"],
    )
    place = watched(setup)
    setup.sync(**through(place))
    assert [write.patch for write in place.writes] == [Patch(visibility="private", set={"type": "x"}, remove=("gone",))]


def test_an_image_of_another_owner_stays_and_ours_is_made_beside_it() -> None:
    theirs = image("a", "other", owner=THEIRS)
    setup = RegionSetup([master_image("a")], [theirs], replace=["any"], only_tenant_images=False)
    before = setup.images
    setup.sync()
    assert before[0] in setup.images
    assert [(i.owner, i.checksum) for i in setup.images] == [(THEIRS, "other"), ("ours", "A")]
    assert setup.plan().in_step


def test_a_failed_upload_is_undone_and_the_others_go_on() -> None:
    setup = RegionSetup([master_image("a", size=1), master_image("b", size=2)], [image("a", "old")], replace=["old"])
    before = setup.named("a")
    place = refuse(setup, Rejected("no such format here", status=415), "adopt", "1$a")
    outcome = setup.sync(**through(place))
    assert errors(outcome) == {"a": "no such format here"}
    assert setup.named("a") == before
    assert setup.names() == ["a", "b"]
    assert (outcome.failures, outcome.error, outcome.bytes_moved) == (1, None, 2)


def test_an_image_that_cannot_be_published_is_removed_and_the_old_one_stays() -> None:
    setup = RegionSetup([master_image("a")], [image("a", "old")], rename=["old"])
    before = setup.images
    outcome = setup.sync(**through(refuse(setup, Forbidden("public is not for you", status=403), "update", "1$a")))
    assert errors(outcome) == {"a": "public is not for you"}
    assert setup.images == before


def test_a_new_image_that_cannot_be_removed_is_named_and_the_next_run_removes_it() -> None:
    setup = RegionSetup([master_image("a")])

    def fails(write: Write) -> None:
        if write.kind in ("adopt", "delete"):
            raise Conflict(f"no {write.kind}", status=409)

    outcome = setup.sync(**through(watched(setup, fails)))
    assert errors(outcome) == {"a": "no adopt"}
    assert setup.reported() == [f"{REGION}: {STAYS.format('1$a')}", "no adopt"]
    assert not setup.sync().failed
    assert [(i.name, i.status) for i in setup.images] == [("a", "active")]


def test_the_new_images_of_all_attempts_are_named_when_they_cannot_be_removed() -> None:
    setup = RegionSetup([master_image("a")])

    def fails(write: Write) -> None:
        if write.kind in ("adopt", "delete"):
            raise ServiceFailure(f"no {write.kind}", status=500)

    outcome = setup.sync(**through(watched(setup, fails)))
    assert errors(outcome) == {"a": "no adopt"}
    assert setup.reported() == [*(f"{REGION}: {STAYS.format(f'{number}$a')}" for number in (1, 2, 3)), "no adopt"]
    assert not setup.sync().failed
    assert [(i.name, i.status) for i in setup.images] == [("a", "active")]


@pytest.mark.parametrize(
    ("lie", "why"),
    [
        ({"size": MIB - 1}, f"after the upload it has {MIB - 1} bytes, in the master {MIB}"),
        ({"content": "broken"}, "after the upload its checksum is broken, in the master A"),
        ({"content": None}, "after the upload its checksum is None, in the master A"),
    ],
)
def test_no_upload_is_believed(lie: dict[str, object], why: str) -> None:
    setup = RegionSetup([master_image("a")], [image("a", "old")], replace=["any"])
    before = setup.images

    class Liar(WatchedPlace):
        def adopt(self, image_id: str, master: object) -> None:
            super().adopt(image_id, master_image("a", **lie))  # type: ignore[arg-type]

    outcome = setup.sync(through=lambda place: Liar(place))
    assert errors(outcome)["a"].endswith(why)
    assert setup.images == before


def test_images_that_link_to_a_failed_one_are_not_attempted() -> None:
    setup = RegionSetup(
        [
            master_image("kernel", "new", size=1),
            master_image("new-ami", properties={"kernel_id": "m-kernel"}),
            master_image("present-ami", properties={"kernel_id": "m-kernel"}),
        ],
        [image("kernel", "old"), image("present-ami", properties={"kernel_id": "r-kernel"})],
        replace=["old"],
    )
    before = setup.images
    outcome = setup.sync(**through(refuse(setup, Rejected("no", status=400), "adopt", "1$kernel")))
    cause = "it links to kernel, which failed"
    assert errors(outcome) == {"kernel": "no", "new-ami": cause, "present-ami": cause}
    assert setup.images == before
    assert setup.failed() == [("replace", "kernel"), ("upload", "new-ami"), ("relink", "present-ami")]


@pytest.mark.parametrize(
    "error",
    [QuotaExceeded("storage is full", status=413), Forbidden("no images for you", status=403, scope=Scope.UPLOADS)],
    ids=["quota", "right"],
)
def test_when_nothing_more_can_be_uploaded_the_rest_is_still_done(error: CloudError) -> None:
    setup = RegionSetup(
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
    outcome = setup.sync(**through(refuse(setup, error, "create", "1$b")))
    assert setup.did() == [
        ("obsolete", "gone_obsolete"),
        ("metadata", "metadata"),
        ("replace", "kernel"),
        ("relink", "ami"),
        ("settle", "kernel"),
    ]
    assert errors(outcome) == {"b": str(error), "c": f"not attempted: {error}"}
    assert setup.reported() == [
        str(error),
        f"Burgos: Nothing more is uploaded to this region. Cause: {error}",
    ]
    assert outcome.error is None


def test_a_region_that_is_gone_ends_everything_there() -> None:
    setup = RegionSetup([master_image("a", size=1), master_image("b", size=2)])
    place = refuse(setup, Unreachable("connection refused"), "create")
    outcome = setup.sync(**through(place))
    assert outcome.error == "connection refused"
    assert {write.image for write in place.writes} == {"1$a"}
    assert "Burgos: Nothing more is done in this region. Cause: connection refused" in setup.reported()


def test_what_may_pass_is_tried_again_with_a_fresh_image() -> None:
    setup = RegionSetup([master_image("a")])
    failures = iter([Unreachable("broken pipe"), Unreachable("broken pipe")])

    def sometimes(write: Write) -> None:
        if write.kind == "adopt":
            for failure in failures:
                raise failure

    place = watched(setup, sometimes)
    assert not setup.sync(**through(place)).failed
    assert [write.kind for write in place.writes] == [*["create", "adopt", "delete"] * 2, "create", "adopt", "update"]


def test_an_image_that_vanishes_meanwhile_is_that_images_failure() -> None:
    masters = [master_image(name, properties={"nid": "1"}) for name in ("a", "b")]
    setup = RegionSetup(masters, [image("a"), image("b")])
    outcome = setup.sync(**through(refuse(setup, NotFound("No image found", status=404), "update", "r-a")))
    assert errors(outcome) == {"a": "No image found"}
    assert setup.did() == [("metadata", "b")]


def test_an_old_image_that_somebody_has_removed_meanwhile_is_settled() -> None:
    setup = RegionSetup([master_image("a")], [image("a", "old")], replace=["old"])

    def vanish(write: Write) -> None:
        if write.image == "r-a":
            setup.place.delete("r-a")

    assert not setup.sync(**through(watched(setup, vanish))).failed
    assert [dict(i.user_properties) for i in setup.images] == [{}]


def test_a_deletion_that_is_refused_is_tried_again_by_every_later_run() -> None:
    setup = RegionSetup([master_image("a")], [image("a", "old")], replace=["old"])
    for _ in range(2):
        outcome = setup.sync(**through(refuse(setup, Conflict("image is in use", status=409), "delete")))
        assert (errors(outcome), outcome.failed) == ({"a": "image is in use"}, True)
        failed = of_type(Failed, setup.events)
        assert [(event.action, event.uuid) for event in failed] == [(Action.SETTLE, "r-a")]
        assert [(i.name, i.visibility, i.checksum) for i in setup.images] == [
            ("a.old", "private", "old"),
            ("a", "public", "A"),
        ]
        (entry,) = setup.plan().entries
        assert (entry.status.value, entry.reason) == (
            "ok",
            "the image that it took the place of (UUID r-a) is still to be removed or renamed",
        )
    assert not setup.sync().failed
    assert [(i.name, dict(i.user_properties)) for i in setup.images] == [("a", {})]


def test_a_replaced_kernel_that_a_stranger_needs_is_kept_and_a_warning_names_him() -> None:
    setup = RegionSetup(
        [master_image("kernel"), master_image("ami", properties={"kernel_id": "m-kernel"})],
        [
            image("kernel", "old"),
            image("ami", properties={"kernel_id": "r-kernel"}),
            image("local", properties={"ramdisk_id": "r-kernel"}),
        ],
        replace=["old"],
    )
    outcome = setup.sync()
    assert (setup.named("kernel.old").id, setup.named("kernel.old").visibility) == ("r-kernel", "private")
    assert setup.named("ami").user_properties == {"kernel_id": setup.named("kernel").id}
    assert setup.named("local").user_properties == {"ramdisk_id": "r-kernel"}
    assert setup.reported() == [
        "Burgos: the old image kernel (UUID r-kernel) is kept as kernel.old: used by local (UUID r-local)"
    ]
    assert not outcome.failed


def test_when_kernel_ramdisk_and_ami_are_all_replaced_nothing_is_kept() -> None:
    links = ("kernel", "ramdisk")
    setup = RegionSetup(
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
    setup.sync()
    assert setup.names() == ["ami", "kernel", "ramdisk"]
    assert setup.named("ami").user_properties == {f"{link}_id": setup.named(link).id for link in links}


@pytest.mark.parametrize("sizes", [(1, 2, 3), (3, 2, 1), (2, 3, 1)])
def test_an_ami_is_uploaded_with_its_final_links_whatever_the_sizes(sizes: tuple[int, int, int]) -> None:
    kernel, ramdisk, ami = sizes
    setup = RegionSetup(
        [
            master_image("ami", size=ami, properties={"kernel_id": "m-kernel", "ramdisk_id": "m-ramdisk"}),
            master_image("kernel", size=kernel),
            master_image("ramdisk", size=ramdisk),
        ]
    )
    setup.sync()
    assert [image for _, image in setup.did()][-1] == "ami"
    assert setup.named("ami").user_properties == {
        "kernel_id": setup.named("kernel").id,
        "ramdisk_id": setup.named("ramdisk").id,
    }

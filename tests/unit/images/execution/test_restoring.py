"""Images are restored under their original UUIDs, and these survive failures and kills (vault 4)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.base.errors import Conflict, Forbidden, PublicationRefused, Unreachable
from fiwareglancesync.images.model import JOURNAL, LINKS, SYNC_FIELDS, Image
from fiwareglancesync.images.places import Place
from fiwareglancesync.images.places.embedded.embedded_federation import EmbeddedPlace
from tests.strategies import LAW, PLAIN_FEDERATIONS, Federation
from tests.support.builders import THEIRS, carrying, errors, image, master_image
from tests.support.region_writes import through
from tests.support.restoring import RestoreSetup
from tests.support.watched import Hook, Killed, WatchedPlace, Write, killed_after

SOURCES = (
    master_image("a", visibility="private", hidden=True, tags=("t",), min_disk=1, min_ram=2, properties={"nid": "1"}),
    master_image("k", size=2),
    master_image("ami", size=3, properties={"kernel_id": "m-k", "ramdisk_id": "gone"}),
    master_image("replaced", protected=True),
    master_image("old_obsolete", "O"),
    master_image("signed", properties={"img_signature": "s"}),
    master_image("other metadata", visibility="community"),
    master_image("", id="unnamed"),
)
IMAGES = (
    image("replaced", "old"),
    image("other metadata", properties={"local": "stays"}),
    image("theirs", "T", id="m-signed", owner=THEIRS),
)


def uuid_of(setup: RestoreSetup, name: str) -> str:
    return setup.named(name).id


class OnceOnly:
    """A region that gives no original UUID twice, not even that of a deleted image, as Glance does not."""

    def __init__(self) -> None:
        self.used: set[str] = set()

    def __call__(self, hooks: tuple[Hook, Hook] | None = None) -> Callable[[EmbeddedPlace], Place]:
        before_write, after_write = hooks or (lambda _: None, lambda _: None)

        def before(write: Write) -> None:
            before_write(write)
            if write.kind == "create" and write.image in self.used:
                raise Conflict(f"Image ID {write.image} already exists!", status=409)

        def after(write: Write) -> None:
            if write.kind == "create" and "$" not in write.image:
                self.used.add(write.image)
            after_write(write)

        return lambda place: WatchedPlace(place, before, after)


class TestUuids:
    def test_a_new_image_gets_its_original_uuid(self) -> None:
        setup = RestoreSetup([master_image("a")])
        assert not setup.sync().failed
        assert (uuid_of(setup, "a"), setup.reported()) == ("m-a", [])

    def test_one_that_another_image_has_is_not_given(self) -> None:
        setup = RestoreSetup([master_image("a")], [image("b", id="m-a", owner=THEIRS, visibility="private")])
        assert not setup.sync().failed
        assert uuid_of(setup, "a") == "1$a"
        assert setup.reported() == [
            "Burgos: image a gets the UUID 1$a: m-a is not free"
            " (Glance gives no UUID twice, not even that of a deleted image)"
        ]

    def test_one_that_is_listed_is_not_tried(self) -> None:
        setup = RestoreSetup([master_image("a")], [image("b", id="m-a")])
        place = WatchedPlace(setup.place)
        setup.sync(through=lambda _: place)
        assert [write.image for write in place.writes if write.kind == "create"] == ["1$a"]
        assert setup.named("b") == image("b", id="m-a", created_at=setup.named("b").created_at)

    def test_a_failed_attempt_does_not_lose_it(self) -> None:
        setup = RestoreSetup([master_image("a")])
        once = OnceOnly()
        outcome = setup.sync(through=once((failing("adopt", Forbidden("no")), lambda _: None)))
        assert errors(outcome) == {"a": "no"}
        assert "stays for the next restore" in setup.reported()[-2]
        assert setup.named("a").status == "queued"
        assert setup.plan().entries[0].status == "pending_upload"
        assert not setup.sync(through=once()).failed
        assert (uuid_of(setup, "a"), setup.named("a").status) == ("m-a", "active")
        assert JOURNAL not in setup.named("a").user_properties

    def test_an_image_that_was_filled_after_all_is_published(self) -> None:
        setup = RestoreSetup([master_image("a")])
        once, failures = OnceOnly(), [Unreachable("no answer")]

        def after(write: Write) -> None:
            if write.kind == "adopt" and failures:
                error = failures.pop()
                error.retryable = True
                raise error

        assert not setup.sync(through=once((lambda _: None, after))).failed
        assert (uuid_of(setup, "a"), setup.named("a").visibility) == ("m-a", "public")
        assert JOURNAL not in setup.named("a").user_properties

    def test_an_image_without_a_name_is_reported_by_its_uuid(self) -> None:
        setup = RestoreSetup([master_image("", id="unnamed")])
        outcome = setup.sync()
        assert [done.image for done in outcome.images] == ["unnamed"]
        assert [name for name, _ in outcome.statuses] == ["unnamed"]

    def test_a_leftover_with_another_form_is_removed(self) -> None:
        left = carrying(image("a", None, id="m-a", status="queued", size=None, min_disk=7))
        setup = RestoreSetup([master_image("a")], [left])
        assert not setup.sync().failed
        assert setup.named("a").min_disk == 0

    def test_an_image_that_was_refused_is_not_made(self) -> None:
        setup = RestoreSetup([master_image("a", properties={f"p{number}": "" for number in range(128)})])
        outcome = setup.sync()
        assert setup.images == []
        assert "a new image carries the property glancesync_pending until it is done" in errors(outcome)["a"]

    def test_namesakes_are_restored_one_by_one(self) -> None:
        setup = RestoreSetup([master_image("a", id="1"), master_image("a", "B", id="2"), master_image("a", id="3")])
        for chosen in "123":
            setup.chosen = (chosen,)
            assert not setup.sync().failed
        assert sorted((found.id, found.checksum) for found in setup.images) == [("1", "A"), ("2", "B"), ("3", "A")]
        setup.chosen = ("2",)
        assert setup.plan().in_step


class TestVisibility:
    def test_a_refused_one_leaves_the_image_private_and_complete(self) -> None:
        setup = RestoreSetup([master_image("a", properties={"nid": "1"}), master_image("b")])
        outcome = setup.sync(**through(refuse_visibility(setup)))
        assert (outcome.failed, outcome.failures, outcome.kept_private) == (True, 0, 2)
        for name in "ab":
            assert setup.named(name).visibility == "private"
            assert JOURNAL not in setup.named(name).user_properties
        assert setup.named("a").user_properties == {"nid": "1"}
        assert "Burgos: image a (UUID m-a) is complete, but does not become public: forbidden" in setup.reported()
        assert {done.notes for done in outcome.images} == {("is complete, but does not become public: forbidden",)}

    def test_also_that_of_an_image_that_is_there(self) -> None:
        setup = RestoreSetup([master_image("a", properties={"nid": "2"})], [image("a", visibility="private")])
        outcome = setup.sync(**through(refuse_visibility(setup)))
        assert (outcome.failed, outcome.failures) == (True, 0)
        assert (setup.named("a").visibility, setup.named("a").user_properties) == ("private", {"nid": "2"})


def failing(kind: str, error: BaseException) -> Hook:
    def before(write: Write) -> None:
        if write.kind == kind:
            raise error

    return before


def refuse_visibility(setup: RestoreSetup) -> WatchedPlace:
    def before(write: Write) -> None:
        if write.patch.visibility == "public":
            raise PublicationRefused("forbidden", status=403)

    return WatchedPlace(setup.place, before)


def restored(sources: tuple[Image, ...], images: list[Image]) -> list[str]:
    """What differs between the images of a source and the restored ones."""
    found = {other.id: other for other in images if other.owner != THEIRS}
    wrong = []
    for source in sources:
        other = found.get(source.id)
        if other is None:
            wrong.append(f"{source.id} is missing")
            continue
        fields = ("name", "visibility", "checksum", "size", "status", *SYNC_FIELDS)
        wrong += [f"{source.id}: {each}" for each in fields if getattr(source, each) != getattr(other, each)]
        if source.user_properties != other.user_properties:
            wrong.append(f"{source.id}: {other.user_properties}")
    return wrong


def test_everything_of_the_images_comes_back() -> None:
    setup = RestoreSetup(SOURCES)
    assert not setup.sync().failed
    assert restored(SOURCES, setup.images) == []
    assert setup.plan().in_step


def writes() -> int:
    setup = RestoreSetup(SOURCES, IMAGES, replace=["any"])
    place = WatchedPlace(setup.place)
    assert not setup.sync(through=lambda _: place).failed
    return len(place.writes)


@pytest.mark.parametrize("again", [None, 1, 2, 3], ids=lambda again: f"then {again}")
def test_killed_after_each_write_in_turn_the_uuids_are_not_lost(again: int | None) -> None:
    there = {"m-signed", "m-other metadata"}  # one is another image's, one has the content under another UUID
    for number in range(1, writes() + 1):
        setup = RestoreSetup(SOURCES, IMAGES, replace=["any"])
        once = OnceOnly()
        for kill in filter(None, (number, again)):
            with contextlib.suppress(Killed):
                setup.sync(through=once(killed_after(kill)))
        outcome = setup.sync(through=once())
        assert not outcome.failed, f"after write {number}: {setup.reported()}"
        expected = tuple(source for source in SOURCES if source.id not in there)
        assert restored(expected, setup.images) == [], f"after write {number}"
        assert setup.named("signed").user_properties == {"img_signature": "s"}
        assert setup.plan().in_step
        assert not any(JOURNAL in found.user_properties for found in setup.images)


def test_a_connection_that_breaks_does_not_lose_the_uuid() -> None:
    setup = RestoreSetup([master_image("a")])
    once, failures = OnceOnly(), [Unreachable("gone")]

    def before(write: Write) -> None:
        if write.kind == "adopt" and failures:
            error = failures.pop()
            error.retryable = True
            raise error

    assert not setup.sync(through=once((before, lambda _: None))).failed
    assert uuid_of(setup, "a") == "m-a"
    assert not any("stays" in text for text in setup.reported())


@LAW
@given(PLAIN_FEDERATIONS)
def test_a_second_restore_finds_nothing_to_do(federation: Federation) -> None:
    rules = {**federation.rules, "max_replacements": 0}
    setup = RestoreSetup(federation.masters, federation.images, **rules)
    before = {found.id: found for found in setup.images if found.owner == THEIRS}
    outcome = setup.sync()
    assert not outcome.failures
    plan = setup.plan()
    assert not [entry.name for entry in plan.entries if entry.status.pending and not entry.blocked]
    assert {found.id: found for found in setup.images if found.owner == THEIRS} == before


@LAW
@given(PLAIN_FEDERATIONS)
def test_into_an_empty_region_all_comes_back_under_its_uuid(federation: Federation) -> None:
    setup = RestoreSetup(federation.masters)
    meant = [selected.image for selected in setup.selection().images]
    assert not setup.sync().failed
    by_id = {found.id: found for found in setup.images}
    assert set(by_id) == {found.id for found in meant}
    for found in meant:
        for key in LINKS:
            link = found.user_properties.get(key)
            if link in by_id:
                assert by_id[found.id].user_properties[key] == link


@LAW
@given(PLAIN_FEDERATIONS, st.data())
def test_what_selects_has_no_bearing(federation: Federation, data: Any) -> None:
    conflicts = {key: value for key, value in federation.rules.items() if key in ("replace", "rename", "dontupdate")}
    limits = {key: value for key, value in federation.rules.items() if key == "max_replacements"}
    one = RestoreSetup(federation.masters, federation.images, **federation.rules).plan()
    other = RestoreSetup(federation.masters, federation.images, **conflicts, **limits).plan()
    assert [(each.name, each.status) for each in one.entries] == [(each.name, each.status) for each in other.entries]



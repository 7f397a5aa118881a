"""What a place answers, whichever it is. Where the two differ, real Glance is right."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fiwareglancesync.base.errors import Conflict, Forbidden, NotFound, PropertyRefused, Rejected
from fiwareglancesync.images.model import NewImage, Patch
from fiwareglancesync.images.places import Place

from .place_setups import REGION, PlaceSetup

HOSTILE_TEXTS = {
    "comma": "a,b",
    "quotes": 'it\'s "so"',
    "newline": "two\nlines",
    "carriage return": "two\r\nlines",
    "control characters": "\x01\x1b[31m\x7f\t",
    "unicode": "Cáceres ñ 中文",
    "right to left": "\u202eabc",
    "leading dash": "--config",
    "path": "../../etc/passwd",
    "spaces around": "  x  ",
    "backslash": "C:\\x \\n",
    "percent and dollar": "%s $HOME ${x} `id`",
    "markup": "<b>&amp;</b>",
    "json": '{"a": [1]}',
}
hostile = pytest.mark.parametrize("text", HOSTILE_TEXTS.values(), ids=HOSTILE_TEXTS.keys())
visibilities = pytest.mark.parametrize("visibility", ["public", "private", "shared", "community"])


class TestCreating:
    def test_a_new_image_is_queued_private_and_unprotected(self, setup: PlaceSetup, place: Place) -> None:
        image = setup.new("fresh", min_disk=3, min_ram=64, properties={"nid": "12"})
        assert (image.status, image.visibility, image.protected) == ("queued", "private", False)
        assert (image.size, image.checksum, image.hash_value, image.hidden) == (None, None, None, False)
        assert (image.min_disk, image.min_ram, image.user_properties) == (3, 64, {"nid": "12"})
        assert (image.disk_format, image.container_format) == ("raw", "bare")
        assert (image.name, image.region, image.owner) == ("fresh", REGION, place.project)

    def test_it_is_found_as_it_was_answered(self, setup: PlaceSetup, place: Place) -> None:
        image = setup.new(properties={"a": "b"}, tags=("x",))
        assert place.get(image.id) == image
        assert setup.seen() == {image.id: image}

    def test_it_may_be_hidden_from_the_beginning(self, setup: PlaceSetup, place: Place) -> None:
        image = setup.new(hidden=True, tags=("t",))
        assert image.hidden
        assert place.get(image.id) == image
        assert setup.seen() == {image.id: image}

    def test_it_has_the_id_that_was_chosen(self, setup: PlaceSetup, place: Place) -> None:
        chosen = place.new_id("mine")
        setup.made.append((place, chosen))
        assert place.create(NewImage(chosen, "mine", "raw", "bare")).id == chosen

    def test_a_new_id_is_free(self, setup: PlaceSetup, place: Place) -> None:
        image = setup.new("twice")
        assert place.new_id("twice") != image.id

    def test_names_may_occur_twice(self, setup: PlaceSetup) -> None:
        first, second = setup.new("twice"), setup.new("twice")
        assert first.id != second.id
        assert set(setup.seen()) == {first.id, second.id}

    def test_an_id_is_given_once(self, setup: PlaceSetup, place: Place) -> None:
        image = setup.new("first")
        with pytest.raises(Conflict) as refused:
            place.create(NewImage(image.id, "second", "raw", "bare"))
        assert refused.value.status == 409
        assert place.get(image.id).name == "first"

    def test_128_tags_are_the_most(self, setup: PlaceSetup) -> None:
        most = tuple(f"tag {n}" for n in range(128))
        assert sorted(setup.new(tags=most).tags) == sorted(most)
        with pytest.raises(PropertyRefused) as refused:
            setup.new(tags=(*most, "one more"))
        assert refused.value.status == 413

    @pytest.mark.parametrize("fields", [{"tags": ("t" * 256,)}, {"properties": {"k" * 256: "v"}}], ids=["tag", "key"])
    def test_tags_and_keys_have_255_characters_at_most(self, setup: PlaceSetup, fields: dict[str, Any]) -> None:
        with pytest.raises(Rejected) as refused:
            setup.new(**fields)
        assert refused.value.status == 400

    @pytest.mark.parametrize("field", ["min_disk", "min_ram"])
    def test_numbers_have_bounds(self, setup: PlaceSetup, field: str) -> None:
        most: dict[str, Any] = {field: 2**31 - 1}
        assert getattr(setup.new(**most), field) == 2**31 - 1
        for beyond in (-1, 2**31):
            fields: dict[str, Any] = {field: beyond}
            with pytest.raises(Rejected):
                setup.new(**fields)

    def test_tags_are_a_set(self, setup: PlaceSetup) -> None:
        assert sorted(setup.new(tags=("b", "a", "b")).tags) == ["a", "b"]

    def test_an_image_needs_no_name(self, setup: PlaceSetup, place: Place) -> None:
        assert place.get(setup.new("").id).name == ""

    def test_formats_may_come_later(self, setup: PlaceSetup) -> None:
        image = setup.new(disk_format=None, container_format=None)
        assert (image.disk_format, image.container_format) == (None, None)

    def test_the_longest_name_is_255_characters(self, setup: PlaceSetup, place: Place) -> None:
        longest = "é" * 255
        assert place.get(setup.new(longest).id).name == longest
        with pytest.raises(Rejected):
            setup.new("n" * 256)

    def test_128_properties_are_the_most(self, setup: PlaceSetup) -> None:
        most = {f"key{n}": "value" for n in range(128)}
        assert setup.new(properties=most).user_properties == most
        with pytest.raises(PropertyRefused) as refused:
            setup.new(properties=most | {"one more": "value"})
        assert refused.value.status == 413

    @hostile
    def test_names_survive(self, setup: PlaceSetup, place: Place, text: str) -> None:
        image = setup.new(text)
        assert place.get(image.id).name == text
        assert setup.seen()[image.id].name == text

    @hostile
    def test_values_of_properties_survive(self, setup: PlaceSetup, place: Place, text: str) -> None:
        assert place.get(setup.new(properties={"key": text}).id).user_properties == {"key": text}

    @pytest.mark.parametrize("key", ["", "a/b", "a~b", "a~1b", "a b", "é", '"', "a,b", "a:b", "-", "0"])
    def test_names_of_properties_survive(self, setup: PlaceSetup, place: Place, key: str) -> None:
        image = setup.new()
        changed = place.update(image, Patch(set={key: "one"}))
        assert changed.user_properties == {key: "one"}
        assert place.update(changed, Patch(set={key: "two"})).user_properties == {key: "two"}
        assert place.update(changed, Patch(remove=(key,))).user_properties == {}

    def test_an_empty_value_is_a_value(self, setup: PlaceSetup, place: Place) -> None:
        assert place.get(setup.new(properties={"empty": ""}).id).user_properties == {"empty": ""}

    def test_characters_beyond_the_basic_plane_are_refused(self, setup: PlaceSetup, place: Place) -> None:
        image = setup.new()
        with pytest.raises(Rejected):
            setup.new("\U0001f600")
        with pytest.raises(Rejected):
            setup.new(properties={"face": "\U0001f600"})
        with pytest.raises(Rejected):
            setup.new(tags=("\U0001f600",))
        with pytest.raises(Rejected):
            place.update(image, Patch(name="\U0001f600"))
        with pytest.raises(Rejected):
            place.update(image, Patch(set={"\U0001f600": "face"}))


class TestUpdating:
    def test_properties_are_added_replaced_and_removed_at_once(self, setup: PlaceSetup, place: Place) -> None:
        image = setup.new(properties={"stays": "1", "changes": "2", "goes": "3"})
        changed = place.update(image, Patch(set={"changes": "4", "comes": "5"}, remove=("goes",)))
        assert changed.user_properties == {"stays": "1", "changes": "4", "comes": "5"}
        assert place.get(image.id) == changed

    def test_a_property_is_renamed(self, setup: PlaceSetup, place: Place) -> None:
        image = setup.new(properties={"old": "value"})
        changed = place.update(image, Patch(set={"new": "value"}, remove=("old",)))
        assert changed.user_properties == {"new": "value"}

    def test_everything_changes_in_one_step(self, setup: PlaceSetup, place: Place) -> None:
        image = setup.active("before", properties={"gone": "1"})
        patch = Patch("after", "public", True, {"come": "2"}, ("gone",))
        changed = place.update(image, patch)
        assert (changed.name, changed.visibility, changed.protected) == ("after", "public", True)
        assert changed.user_properties == {"come": "2"}
        assert place.get(image.id) == changed

    def test_content_and_age_stay(self, setup: PlaceSetup, place: Place) -> None:
        image = setup.active()
        changed = place.update(image, Patch(name="another"))
        assert changed == replace(image, name="another")

    def test_a_property_that_is_not_there_cannot_be_removed(self, setup: PlaceSetup, place: Place) -> None:
        image = setup.new("before", properties={"a": "1"})
        with pytest.raises(Conflict):
            place.update(image, Patch(name="after", set={"b": "2"}, remove=("missing",)))
        assert place.get(image.id) == image

    def test_what_others_changed_meanwhile_stays(self, setup: PlaceSetup, place: Place) -> None:
        image = setup.new("before", properties={"a": "1"})
        place.update(image, Patch(set={"theirs": "2"}))
        changed = place.update(image, Patch(set={"ours": "3"}))
        assert changed.user_properties == {"a": "1", "theirs": "2", "ours": "3"}

    def test_a_missing_image_cannot_be_changed(self, setup: PlaceSetup, place: Place) -> None:
        image = setup.new()
        place.delete(image.id)
        with pytest.raises(NotFound) as refused:
            place.update(image, Patch(name="after"))
        assert refused.value.status == 404

    @visibilities
    def test_every_visibility_can_be_had(self, setup: PlaceSetup, place: Place, visibility: str) -> None:
        image = setup.active()
        changed = place.update(image, Patch(visibility=visibility))
        assert (changed.visibility, changed.exact_visibility) == (visibility, True)
        assert setup.seen()[image.id].visibility == visibility

    def test_no_other_visibility_can_be_had(self, setup: PlaceSetup, place: Place) -> None:
        with pytest.raises(Rejected):
            place.update(setup.new(), Patch(visibility="open"))

    def test_a_name_cannot_become_too_long(self, setup: PlaceSetup, place: Place) -> None:
        image = setup.new("short")
        assert place.update(image, Patch(name="n" * 255)).name == "n" * 255
        with pytest.raises(Rejected):
            place.update(image, Patch(name="n" * 256))

    def test_a_129th_property_is_refused(self, setup: PlaceSetup, place: Place) -> None:
        image = setup.new(properties={f"key{n}": "value" for n in range(128)})
        with pytest.raises(PropertyRefused) as refused:
            place.update(image, Patch(set={"one more": "value"}))
        assert refused.value.status == 413
        assert len(place.update(image, Patch(set={"one more": "x"}, remove=("key0",))).user_properties) == 128

    @pytest.mark.parametrize("patch", [Patch(name="after"), Patch(visibility="public"), Patch(protected=True)])
    def test_an_image_without_content_can_be_changed(self, setup: PlaceSetup, place: Place, patch: Patch) -> None:
        image = setup.new("before")
        assert place.update(image, patch) == patch.apply(image)

    def test_a_deactivated_image_can_be_changed(self, setup: PlaceSetup, place: Place) -> None:
        image = setup.active()
        setup.operator.deactivate(image)
        assert place.update(image, Patch(name="after", set={"a": "1"})).status == "deactivated"

    def test_a_protected_image_can_be_changed(self, setup: PlaceSetup, place: Place) -> None:
        image = place.update(setup.active(), Patch(protected=True))
        assert place.update(image, Patch(name="after")).name == "after"

    @pytest.mark.parametrize(
        "patch",
        [
            Patch(hidden=True),
            Patch(min_disk=3),
            Patch(min_ram=64),
            Patch(tags=("b",)),
            Patch("after", "public", True, {"come": "2"}, (), True, 3, 64, ("b", "c")),
        ],
        ids=["hidden", "min_disk", "min_ram", "tags", "all at once"],
    )
    def test_every_field_can_be_changed(self, setup: PlaceSetup, place: Place, patch: Patch) -> None:
        image = setup.active("before", tags=("a",))
        changed = place.update(image, patch)
        assert changed == patch.apply(image)
        assert place.get(image.id) == changed
        assert setup.seen()[image.id] == changed

    def test_an_image_is_shown_again(self, setup: PlaceSetup, place: Place) -> None:
        image = place.update(setup.active(), Patch(hidden=True))
        assert not place.update(image, Patch(hidden=False)).hidden

    def test_tags_of_others_stay(self, setup: PlaceSetup, place: Place) -> None:
        image = setup.new(tags=("ours",))
        place.update(image, Patch(tags=("theirs",)))
        assert place.update(image, Patch(tags=("new",))).tags == ("new", "ours", "theirs")
        assert place.get(image.id).tags == ("new", "ours", "theirs")

    @hostile
    def test_tags_survive(self, setup: PlaceSetup, place: Place, text: str) -> None:
        image = setup.new()
        assert place.update(image, Patch(tags=(text,))).tags == (text,)
        assert place.get(image.id).tags == (text,)

    @pytest.mark.parametrize("tag", [".", "..", "a/b", "a?b#c", "%2F"])
    def test_tags_that_look_like_paths_survive(self, setup: PlaceSetup, place: Place, tag: str) -> None:
        image = setup.new(properties={"a": "1"})
        assert place.update(image, Patch(tags=(tag,))).tags == (tag,)
        assert place.get(image.id) == replace(image, tags=(tag,))

    def test_a_tag_that_is_there_already_is_as_good(self, setup: PlaceSetup, place: Place) -> None:
        assert place.update(setup.new(tags=("a",)), Patch(tags=("a",))).tags == ("a",)

    def test_a_129th_tag_is_refused(self, setup: PlaceSetup, place: Place) -> None:
        image = setup.new(tags=tuple(f"tag {n}" for n in range(128)))
        with pytest.raises(PropertyRefused) as refused:
            place.update(image, Patch(tags=("one more",)))
        assert refused.value.status == 413

    def test_a_hidden_image_stays_hidden(self, setup: PlaceSetup, place: Place) -> None:
        image = setup.active()
        setup.operator.hide(image)
        assert place.update(image, Patch(name="after")).hidden


class TestDeleting:
    def test_a_deleted_image_is_gone(self, setup: PlaceSetup, place: Place) -> None:
        image = setup.active()
        place.delete(image.id)
        assert setup.seen() == {}
        with pytest.raises(NotFound):
            place.get(image.id)

    def test_a_missing_image_is_as_good_as_deleted(self, setup: PlaceSetup, place: Place) -> None:
        image = setup.new()
        place.delete(image.id)
        place.delete(image.id)

    def test_a_protected_image_is_not_deleted(self, setup: PlaceSetup, place: Place) -> None:
        image = place.update(setup.active(), Patch(protected=True))
        with pytest.raises(Forbidden) as refused:
            place.delete(image.id)
        assert refused.value.status == 403
        assert place.get(image.id) == image

    def test_an_image_without_content_is_deleted(self, setup: PlaceSetup, place: Place) -> None:
        place.delete(setup.new().id)
        assert setup.seen() == {}

    def test_a_deactivated_image_is_deleted(self, setup: PlaceSetup, place: Place) -> None:
        image = setup.active()
        setup.operator.deactivate(image)
        place.delete(image.id)
        assert setup.seen() == {}

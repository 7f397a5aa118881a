"""What both kinds of places give: content, listings, rights."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fiwareglancesync.base.errors import Conflict, Forbidden, NotFound, UnknownRegion
from fiwareglancesync.images.model import Patch
from fiwareglancesync.images.places import InstantCopy, Place, is_same_place, is_same_region

from .place_setups import CONTENT, MASTER, MASTER_IMAGE, REGION, PlaceSetup, fill


class TestContent:
    def test_an_image_with_content_is_active(self, setup: PlaceSetup) -> None:
        image = setup.active()
        assert (image.status, image.size) == ("active", len(CONTENT))
        assert image.has_content_hash

    def test_content_is_given_once(self, setup: PlaceSetup, place: Place) -> None:
        image = setup.active()
        with pytest.raises(Conflict) as refused:
            fill(place, image.id, b"other")
        assert refused.value.status == 409
        assert place.get(image.id) == image

    def test_a_missing_image_gets_no_content(self, setup: PlaceSetup, place: Place) -> None:
        image = setup.new()
        place.delete(image.id)
        with pytest.raises(NotFound):
            fill(place, image.id)

    def test_content_changes_nothing_else(self, setup: PlaceSetup, place: Place) -> None:
        image = setup.new("named", properties={"a": "1"}, tags=("t",), min_disk=1, min_ram=2)
        fill(place, image.id)
        filled = place.get(image.id)
        assert filled == replace(
            image,
            status="active",
            size=len(CONTENT),
            checksum=filled.checksum,
            hash_algo=filled.hash_algo,
            hash_value=filled.hash_value,
        )

    def test_content_comes_back_as_it_was(self, setup: PlaceSetup, place: Place) -> None:
        if isinstance(place, InstantCopy):
            fill(place, setup.new().id)
            assert next(iter(setup.seen().values())).checksum == MASTER_IMAGE.checksum
            return
        with place.download(setup.active().id) as body:
            assert body.size == len(CONTENT)
            assert b"".join(body.pieces()) == CONTENT


class TestListing:
    def test_images_of_every_status_are_listed(self, setup: PlaceSetup) -> None:
        queued, active, inactive = setup.new(), setup.active(), setup.active()
        setup.operator.deactivate(inactive)
        statuses = {image_id: image.status for image_id, image in setup.seen().items()}
        assert statuses == {queued.id: "queued", active.id: "active", inactive.id: "deactivated"}

    def test_hidden_images_of_ours_are_listed(self, setup: PlaceSetup) -> None:
        image = setup.active()
        setup.operator.hide(image)
        assert setup.seen()[image.id].hidden

    def test_no_image_is_listed_twice(self, setup: PlaceSetup, place: Place) -> None:
        for visibility in ("public", "community", "shared", "private"):
            place.update(setup.active(), Patch(visibility=visibility))
        ids = [image.id for image in place.listing().images]
        assert len(ids) == len(set(ids))
        assert len(setup.seen()) == 4

    def test_images_are_listed_by_age(self, setup: PlaceSetup, place: Place) -> None:
        for number in range(5):
            setup.new(f"image {number}")
        orders = [image.order for image in place.listing().images]
        assert orders == sorted(orders)
        assert all(created for created, _ in orders)

    @pytest.mark.parametrize(
        ("visibility", "listed"), [("public", True), ("community", True), ("shared", False), ("private", False)]
    )
    def test_of_others_only_what_they_show_to_all(
        self, setup: PlaceSetup, place: Place, visibility: str, listed: bool
    ) -> None:
        image = setup.active("theirs", at=setup.foreign)
        setup.foreign.update(image, Patch(visibility=visibility))
        assert (image.id in setup.seen()) == listed
        assert not place.listing().owns(image)
        assert image.id in setup.seen(setup.foreign)

    def test_hidden_images_of_others_are_not_listed(self, setup: PlaceSetup) -> None:
        image = setup.active("theirs", at=setup.foreign)
        setup.foreign.update(image, Patch(visibility="public"))
        setup.operator.hide(image)
        assert setup.seen() == {}
        assert setup.seen(setup.foreign)[image.id].hidden

    def test_of_the_master_only_ours(self, setup: PlaceSetup) -> None:
        ours = setup.federation.place(setup.target, MASTER)
        image = setup.active("in the master", at=ours)
        theirs = setup.federation.place(setup.foreign_target, MASTER)
        published = setup.active("theirs", at=theirs)
        theirs.update(published, Patch(visibility="public"))
        assert ours.get(published.id).is_public
        assert setup.seen(ours) == {image.id: image}

    def test_it_says_whose_and_where(self, setup: PlaceSetup, place: Place) -> None:
        setup.new()
        listing = place.listing()
        assert (listing.region, listing.project) == (REGION, place.project)
        assert {image.region for image in listing.images} == {REGION}


class TestRights:
    """What a user who is no administrator may do with images of others."""

    def test_a_public_image_can_be_seen_but_not_changed(self, setup: PlaceSetup) -> None:
        image = setup.active("theirs", at=setup.foreign)
        image = setup.foreign.update(image, Patch(visibility="public"))
        assert replace(setup.ordinary.get(image.id), region=image.region) == image
        with pytest.raises(Forbidden):
            setup.ordinary.update(image, Patch(name="ours"))
        with pytest.raises(Forbidden):
            setup.ordinary.delete(image.id)
        assert setup.foreign.get(image.id) == image

    def test_a_private_image_cannot_be_seen(self, setup: PlaceSetup) -> None:
        image = setup.active("theirs", at=setup.foreign)
        with pytest.raises(NotFound):
            setup.ordinary.get(image.id)
        with pytest.raises(NotFound):
            setup.ordinary.update(image, Patch(name="ours"))
        setup.ordinary.delete(image.id)
        assert setup.foreign.get(image.id) == image


class TestPlace:
    def test_it_names_its_target(self, setup: PlaceSetup) -> None:
        assert setup.place.target == setup.target.name == "master"


class TestFederation:
    def test_regions_are_sorted(self, setup: PlaceSetup) -> None:
        regions = list(setup.federation.regions(setup.target))
        assert regions == sorted(regions)
        assert {MASTER, REGION} <= set(regions)
        assert not any(":" in region for region in regions)

    def test_an_unknown_region_is_said_to_be_unknown(self, setup: PlaceSetup) -> None:
        with pytest.raises(UnknownRegion) as refused:
            setup.federation.place(setup.target, "Atlantis")
        assert str(refused.value).startswith("Atlantis: unknown region")
        assert REGION in str(refused.value)

    def test_places_are_reported_apart(self, setup: PlaceSetup, place: Place) -> None:
        same = setup.federation.place(setup.target, REGION)
        other = setup.federation.place(setup.target, MASTER)
        assert same.identity == place.identity
        assert not is_same_place(other.identity, place.identity)
        assert place.name == REGION

    def test_a_place_is_the_same_for_every_project_and_is_locked_for_each_alone(
        self, setup: PlaceSetup, place: Place
    ) -> None:
        foreign = setup.foreign.identity
        assert is_same_place(foreign, place.identity)
        assert is_same_region(foreign, place.identity)
        assert (place.identity.project, foreign.project) == (place.project, setup.foreign.project)
        assert not set(foreign.lock_keys) & set(place.identity.lock_keys)
        assert foreign.task_key != place.identity.task_key

    def test_the_keys_of_a_place_are_sorted_and_its_own(self, setup: PlaceSetup, place: Place) -> None:
        keys = place.identity.lock_keys
        assert sorted(set(keys)) == list(keys)
        assert place.identity.task_key in keys
        master = setup.federation.place(setup.target, MASTER).identity
        assert not set(keys) & set(master.lock_keys)

"""The facade against real Keystone and Glance: signing in, refusals in their words, bodies that are cut."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fiwareglancesync.base.errors import (
    CloudError,
    Conflict,
    Forbidden,
    NotFound,
    PropertyRefused,
    PublicationRefused,
    QuotaExceeded,
    Rejected,
    Scope,
    TransferError,
    Unauthorized,
    Unreachable,
)
from fiwareglancesync.base.units import MIB
from fiwareglancesync.images.model import JOURNAL, NewImage, Patch
from fiwareglancesync.images.places import Body
from fiwareglancesync.images.places.glance import OpenStackFederation, Tuning
from fiwareglancesync.images.places.glance.glance_place import OpenStackPlace
from fiwareglancesync.images.settings import Settings, Target
from fiwareglancesync.openstack.credential import Credential
from tests.support.conditions import wait_for
from tests.support.development_cloud import DevelopmentCloud, development_cloud

pytestmark = pytest.mark.integration

REGION = "Caceres"


@pytest.fixture(scope="module")
def cloud() -> DevelopmentCloud:
    return development_cloud()


def at(cloud: DevelopmentCloud, region: str = REGION, tuning: Tuning | None = None) -> OpenStackPlace:
    target = cloud.target()
    return OpenStackFederation(Settings("Spain", {"master": target}), tuning).place(target, region)


@pytest.fixture
def place(cloud: DevelopmentCloud) -> OpenStackPlace:
    return at(cloud)


@pytest.fixture
def made() -> Iterator[list[tuple[OpenStackPlace, str]]]:
    """What a test makes, which is removed afterwards."""
    images: list[tuple[OpenStackPlace, str]] = []
    yield images
    for where, image_id in images:
        where.delete(image_id)


Made = list[tuple[OpenStackPlace, str]]


def new(place: OpenStackPlace, made: Made, **fields: Any) -> str:
    """Make an image with a journal, as the executor does."""
    plain: dict[str, Any] = {"disk_format": "raw", "container_format": "bare", "properties": {JOURNAL: "{}"}}
    image_id = place.new_id("facade")
    made.append((place, image_id))
    return place.create(NewImage(image_id, "facade", **{**plain, **fields})).id


def zeros(size: int, *, given: int | None = None) -> Body:
    """A body of zeros that may end before its time."""
    last = size if given is None else given
    return Body(size, lambda: (bytes(min(MIB, last - done)) for done in range(0, last, MIB)))


class TestSigningIn:
    @pytest.mark.parametrize("end", ["", "/", "/v3", "/v3/", "/v2.0"])
    def test_any_form_of_the_address_works(self, cloud: DevelopmentCloud, end: str) -> None:
        root = cloud.keystone()["url"].removesuffix("/v3")
        target = Target("master", cloud.credential(url=root + end))
        federation = OpenStackFederation(Settings("Spain", {"master": target}))
        assert federation.regions(target) == ["Burgos", "Caceres", "Spain"]

    def test_another_keystone_has_its_own_regions(self, cloud: DevelopmentCloud) -> None:
        target = Target("federation2", cloud.credential(keystone="keystone-b"))
        federation = OpenStackFederation(Settings("Spain", {"federation2": target}))
        assert federation.regions(target) == ["Madrid"]
        assert federation.place(target, "Madrid").name == "federation2:Madrid"

    def test_an_application_credential_works(self, cloud: DevelopmentCloud) -> None:
        known = cloud.keystone()["application_credential"]
        given = Credential(
            auth_url=cloud.keystone()["url"],
            application_credential_id=known["id"],
            application_credential_secret=known["secret"],
        )
        target = Target("master", given)
        place = OpenStackFederation(Settings("Spain", {"master": target})).place(target, REGION)
        assert place.project == cloud.keystone()["accounts"]["glancesync"]["project_id"]
        assert place.listing().region == REGION

    @pytest.mark.parametrize(
        "wrong",
        [
            {"password": "wr0ng"},
            {"username": "nobody"},
            {"project_name": "nothing"},
            {"user_domain_name": "x"},
        ],
    )
    def test_a_wrong_credential_is_reported(self, cloud: DevelopmentCloud, wrong: dict[str, Any]) -> None:
        target = Target("master", replace(cloud.credential(), **wrong))
        with pytest.raises(
            Unauthorized, match=r"^target master: Keystone at \S+ refused the credential of user "
        ):
            OpenStackFederation(Settings("Spain", {"master": target})).regions(target)

    def test_a_status_run_signs_in_once_and_lists(
        self, cloud: DevelopmentCloud, caplog: pytest.LogCaptureFixture
    ) -> None:
        target = cloud.target()
        other = replace(target, name="other")
        federation = OpenStackFederation(Settings("Spain", {"master": target, "other": other}))
        with caplog.at_level(logging.DEBUG, "glancesync.http"):
            federation.regions(target)
            federation.place(target, "Spain").listing()
            federation.place(target, "Burgos").listing()
            federation.place(other, "Caceres").listing()
        lines = [record.getMessage() for record in caplog.records if record.name == "glancesync.http"]
        assert sum("/auth/tokens: 201" in line for line in lines) == 1
        assert sum("/v2/images?" in line for line in lines) == 2 + 4 + 4
        assert len(lines) == 11


class TestTokens:
    """A token that is not taken any more, at every moment."""

    def spoil(self, place: OpenStackPlace) -> None:
        sign_in = place._service._sign_in
        sign_in._access = replace(sign_in.access(), token="spoilt")

    def test_control_calls_sign_in_anew(self, place: OpenStackPlace, made: Made) -> None:
        self.spoil(place)
        image_id = new(place, made)
        self.spoil(place)
        assert place.get(image_id).status == "queued"

    def test_an_upload_is_refused_once_and_the_next_one_is_whole(
        self, place: OpenStackPlace, made: Made
    ) -> None:
        image_id = new(place, made)
        self.spoil(place)
        with pytest.raises(Unauthorized):
            place.upload(image_id, zeros(32 * MIB))
        assert place.get(image_id).status == "queued"
        place.upload(image_id, zeros(32 * MIB))
        assert (place.get(image_id).status, place.get(image_id).size) == ("active", 32 * MIB)


class TestRefusals:
    def test_a_spent_storage_quota_is_the_regions(self, cloud: DevelopmentCloud, made: Made) -> None:
        with cloud.changed(REGION, "DEFAULT.user_storage_quota=1000000"):
            place = at(cloud)
            image_id = new(place, made)
            with pytest.raises(QuotaExceeded, match="will exceed the limit") as caught:
                place.upload(image_id, zeros(64 * MIB))
            assert (caught.value.scope, caught.value.status) == (Scope.UPLOADS, 413)
            assert place.get(image_id).status == "queued"

    def test_an_image_over_the_size_cap_is_its_own_error(self, cloud: DevelopmentCloud, made: Made) -> None:
        with cloud.changed(REGION, "DEFAULT.image_size_cap=1000000"):
            place = at(cloud)
            image_id = new(place, made)
            with pytest.raises(Rejected, match="too large") as caught:
                place.upload(image_id, zeros(64 * MIB))
            assert caught.value.scope is Scope.IMAGE

    def test_too_many_properties_are_the_images_error(self, place: OpenStackPlace, made: Made) -> None:
        many = {f"key{number}": "value" for number in range(128)}
        with pytest.raises(PropertyRefused, match="number of allowed image properties") as caught:
            new(place, made, properties={JOURNAL: "{}", **many})
        assert (caught.value.scope, caught.value.status, caught.value.too_many) == (Scope.IMAGE, 413, True)
        image_id = new(place, made)
        with pytest.raises(PropertyRefused, match="number of allowed image properties"):
            place.update(place.get(image_id), Patch(set=many))

    def test_too_many_tags_are_the_images_error_and_not_about_properties(
        self, place: OpenStackPlace, made: Made
    ) -> None:
        with pytest.raises(PropertyRefused, match="number of allowed image tags") as caught:
            new(place, made, tags=tuple(f"tag{number}" for number in range(129)))
        assert (caught.value.scope, caught.value.too_many) == (Scope.IMAGE, False)

    def test_a_protected_property_is_named_and_the_images_error(
        self, cloud: DevelopmentCloud, made: Made, tmp_path: Path
    ) -> None:
        everything = "create = @\nread = @\nupdate = @\ndelete = @\n"
        rules = tmp_path / "protections.conf"
        rules.write_text(
            f"[^glancesync_.*]\n{everything.replace('create = @', 'create = !')}[.*]\n{everything}"
        )
        with cloud.changed(REGION, f"DEFAULT.property_protection_file={rules}"):
            with pytest.raises(PropertyRefused, match=JOURNAL) as caught:
                new(at(cloud), made)
            assert (caught.value.scope, caught.value.properties) == (Scope.IMAGE, (JOURNAL,))

    def test_who_may_not_create_or_list_at_all_fails_the_region(
        self, cloud: DevelopmentCloud, made: Made, tmp_path: Path
    ) -> None:
        policy = tmp_path / "policy.yaml"
        policy.write_text('"add_image": "!"\n"get_images": "!"\n')
        with cloud.changed(REGION, f"oslo_policy.policy_file={policy}"):
            place = at(cloud)
            with pytest.raises(Forbidden, match="add_image") as caught:
                new(place, made)
            assert caught.value.scope is Scope.UPLOADS
            with pytest.raises(Forbidden, match="get_images") as caught:
                place.listing()
            assert caught.value.scope is Scope.REGION

    def test_who_may_not_publish_is_refused_the_visibility_alone(
        self, cloud: DevelopmentCloud, made: Made, tmp_path: Path
    ) -> None:
        policy = tmp_path / "policy.yaml"
        policy.write_text('"publicize_image": "!"\n')
        with cloud.changed(REGION, f"oslo_policy.policy_file={policy}"):
            place = at(cloud)
            image = place.get(new(place, made))
            with pytest.raises(PublicationRefused, match="publicize_image") as caught:
                place.update(image, Patch(visibility="public"))
            assert caught.value.scope is Scope.IMAGE
            assert place.update(image, Patch(name="new")).name == "new"

    def test_a_qcow2_that_is_none_is_the_images_error(self, place: OpenStackPlace, made: Made) -> None:
        image_id = new(place, made, disk_format="qcow2")
        with pytest.raises(Rejected, match="qcow2") as caught:
            place.upload(image_id, zeros(3 * MIB))
        assert (caught.value.scope, caught.value.status) == (Scope.IMAGE, 415)
        assert place.get(image_id).status == "queued"

    def test_an_unknown_store_is_reported(
        self, cloud: DevelopmentCloud, place: OpenStackPlace, made: Made
    ) -> None:
        image_id = new(place, made)
        target = replace(cloud.target(), store="nowhere")
        elsewhere = OpenStackFederation(Settings("Spain", {"master": target})).place(target, REGION)
        with pytest.raises(CloudError, match="nowhere"):
            elsewhere.upload(image_id, zeros(MIB))
        assert place.get(image_id).status == "queued"

    def test_a_protected_image_is_not_removed(self, place: OpenStackPlace, made: Made) -> None:
        image_id = new(place, made)
        place.update(place.get(image_id), Patch(protected=True))
        with pytest.raises(Forbidden, match="is protected") as caught:
            place.delete(image_id)
        assert caught.value.scope is Scope.IMAGE
        place.update(place.get(image_id), Patch(protected=False))

    def test_content_is_given_once(self, place: OpenStackPlace, made: Made) -> None:
        image_id = new(place, made)
        place.upload(image_id, zeros(MIB))
        with pytest.raises(Conflict, match="active to saving"):
            place.upload(image_id, zeros(MIB))

    def test_an_image_that_went_meanwhile_is_not_found(self, place: OpenStackPlace, made: Made) -> None:
        image_id = new(place, made)
        image = place.get(image_id)
        place.delete(image_id)
        place.delete(image_id)
        with pytest.raises(NotFound):
            place.upload(image_id, zeros(MIB))
        with pytest.raises(NotFound):
            place.update(image, Patch(name="gone"))
        with pytest.raises(NotFound), place.download(image_id):
            pass


class TestBodies:
    def test_an_upload_that_is_cut_falls_back_and_can_be_repeated(
        self, place: OpenStackPlace, made: Made
    ) -> None:
        image_id = new(place, made)
        with pytest.raises(TransferError, match=f"ended after {2 * MIB} of {64 * MIB} bytes"):
            place.upload(image_id, zeros(64 * MIB, given=2 * MIB))
        wait_for(lambda: place.get(image_id).status == "queued" and _quiet(place, image_id), "a queued image")
        place.upload(image_id, zeros(4 * MIB))
        image = place.get(image_id)
        assert (image.status, image.size) == ("active", 4 * MIB)

    def test_an_empty_image_is_one(self, place: OpenStackPlace, made: Made) -> None:
        image_id = new(place, made)
        place.upload(image_id, zeros(0))
        assert (place.get(image_id).status, place.get(image_id).size) == ("active", 0)
        with place.download(image_id) as body:
            assert (body.size, list(body.pieces())) == (0, [])

    def test_an_image_without_content_cannot_be_opened(self, place: OpenStackPlace, made: Made) -> None:
        image_id = new(place, made)
        with pytest.raises(NotFound, match="no content"), place.download(image_id):
            pass

    def test_relayed_bytes_arrive_as_they_were(
        self, cloud: DevelopmentCloud, place: OpenStackPlace, made: Made
    ) -> None:
        burgos = at(cloud, "Burgos")
        content = b"".join(number.to_bytes(4, "big") for number in range(2 * MIB)) + b"odd"
        first, second = new(place, made), new(burgos, made)
        place.upload(first, Body(len(content), lambda: iter([content[:MIB], content[MIB:]])))
        with place.download(first) as body:
            burgos.upload(second, body)
        one, other = place.get(first), burgos.get(second)
        assert other.size == len(content)
        assert (one.hash_algo, one.hash_value) == (other.hash_algo, other.hash_value)
        assert independent(cloud, "Burgos", second) == content


class TestListing:
    def test_many_pages_are_one_list(self, cloud: DevelopmentCloud, made: Made) -> None:
        place = at(cloud, tuning=Tuning(page=2))
        wanted = {new(place, made) for _ in range(5)}
        listed = [image.id for image in place.listing().images]
        assert wanted <= set(listed)
        assert len(listed) == len(set(listed))

    def test_a_region_that_is_down_is_unreachable(self, cloud: DevelopmentCloud) -> None:
        place = at(cloud, tuning=Tuning(first_wait=0.01))
        with cloud.stopped(REGION), pytest.raises(Unreachable, match="connection refused") as caught:
            place.listing()
        assert caught.value.scope is Scope.REGION


def _quiet(place: OpenStackPlace, image_id: str) -> bool:
    """Whether the service has noticed that an upload was cut: it shows ``saving`` before it falls back."""
    return all(place.get(image_id).status == "queued" for _ in range(20))


def independent(cloud: DevelopmentCloud, region: str, image_id: str) -> bytes:
    """An image's content as another client reads it."""
    from glanceclient import Client
    from keystoneauth1.identity import V3Password
    from keystoneauth1.session import Session

    given = cloud.credential()
    auth = V3Password(
        given.auth_url,
        username=given.username,
        password=given.password,
        project_name=given.project_name,
        user_domain_name="Default",
        project_domain_name="Default",
    )
    client = Client("2", session=Session(auth), region_name=region)
    return b"".join(client.images.data(image_id))

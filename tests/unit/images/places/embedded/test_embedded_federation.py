"""What the embedded federation has of its own; what it shares with real ones is in the conformance suite."""

from __future__ import annotations

import pickle
import sqlite3
from contextlib import closing
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest
from hypothesis import given

from fiwareglancesync.base.errors import CloudError, ConfigError, Conflict, ServiceFailure, UnknownRegion
from fiwareglancesync.images.model import Image, NewImage, Patch
from fiwareglancesync.images.places import Body, FolderBacked, InstantCopy
from fiwareglancesync.images.places.embedded import sqlite_file
from fiwareglancesync.images.places.embedded.embedded_federation import EmbeddedFederation, EmbeddedPlace
from fiwareglancesync.images.places.embedded.sqlite_file import SCHEMA_VERSION, create
from fiwareglancesync.images.places.glance import OpenStackFederation
from fiwareglancesync.images.settings import Settings, Target
from fiwareglancesync.openstack.credential import Credential

from .strategies import ALL_FIELDS, ANY_TEXT, images

TARGET = Target("master", tenant_id="ours")
OTHER = Target("other", Credential(project_name="tenant"))
SETTINGS = Settings("Spain", {"master": TARGET, "other": OTHER})


@pytest.fixture
def federation() -> EmbeddedFederation:
    made = EmbeddedFederation(None, SETTINGS)
    for region in ("Spain", "Burgos", "Avila", "other:Madrid", "other:a:b"):
        made.add_region(region)
    return made


@pytest.fixture
def place(federation: EmbeddedFederation) -> EmbeddedPlace:
    return federation.place(TARGET, "Burgos")


def new(place: EmbeddedPlace, name: str) -> Image:
    return place.create(NewImage(place.new_id(name), name, "raw", "bare"))


def test_regions_belong_to_the_target_of_their_prefix(federation: EmbeddedFederation) -> None:
    assert federation.regions(TARGET) == ["Avila", "Burgos", "Spain"]
    assert federation.regions(OTHER) == ["Madrid", "a:b"]
    assert federation.regions(Target("nobody")) == []


def test_a_place_has_its_full_name_and_its_targets_project(federation: EmbeddedFederation) -> None:
    place = federation.place(OTHER, "Madrid")
    assert (place.name, place.project) == ("other:Madrid", "tenantid")
    assert federation.place(TARGET, "Burgos").project == "ours"
    assert isinstance(place, InstantCopy)


@pytest.mark.parametrize(
    ("target", "region", "text"),
    [
        (TARGET, "Madrid", "Madrid: unknown region; the regions of target master are: Avila, Burgos, Spain"),
        (OTHER, "Burgos", "other:Burgos: unknown region; the regions of target other are: Madrid, a:b"),
        (Target("x"), "y", "x:y: unknown region; the regions of target x are: none"),
    ],
)
def test_an_unknown_region_is_reported_with_the_known_ones(
    federation: EmbeddedFederation, target: Target, region: str, text: str
) -> None:
    with pytest.raises(UnknownRegion) as refused:
        federation.place(target, region)
    assert str(refused.value) == text


def test_a_uuid_is_the_first_free_number_and_the_name(place: EmbeddedPlace) -> None:
    assert new(place, "a").id == "1$a"
    assert new(place, "a").id == "2$a"
    assert new(place, "b").id == "1$b"
    place.delete("1$a")
    assert new(place, "a").id == "1$a"


def test_uuids_are_counted_for_each_region(federation: EmbeddedFederation, place: EmbeddedPlace) -> None:
    new(place, "a")
    assert federation.place(TARGET, "Avila").new_id("a") == "1$a"


def test_a_new_image_is_the_youngest(federation: EmbeddedFederation) -> None:
    federation.add_region("Lugo", [Image("z", "old", "Lugo"), Image("a", "older?", "Lugo")])
    place = federation.place(TARGET, "Lugo")
    new(place, "new")
    assert [(i.id, i.created_at) for i in place.listing().images] == [
        ("z", "000000000001"),
        ("a", "000000000002"),
        ("1$new", "000000000003"),
    ]


def test_an_update_keeps_the_age(federation: EmbeddedFederation, place: EmbeddedPlace) -> None:
    first, _ = new(place, "first"), new(place, "second")
    place.update(first, Patch(name="renamed"))
    federation.put(replace(first, status="deactivated"))
    assert [image.id for image in place.listing().images] == ["1$first", "1$second"]


def test_the_content_is_the_masters(place: EmbeddedPlace) -> None:
    image = new(place, "a")
    place.adopt(image.id, Image("m", "a", "Spain", size=7, checksum="c", hash_algo="sha512", hash_value="h"))
    filled = place.get(image.id)
    assert (filled.status, filled.size, filled.checksum) == ("active", 7, "c")
    assert (filled.hash_algo, filled.hash_value) == ("sha512", "h")


def test_a_csv_image_without_formats_can_be_filled(place: EmbeddedPlace) -> None:
    image = place.create(NewImage("i", "n", None, None))
    place.adopt(image.id, Image("m", "n", "Spain", size=1, checksum="c"))
    with pytest.raises(Conflict):
        place.adopt(image.id, Image("m", "n", "Spain", size=2, checksum="d"))


def test_there_are_no_bytes(place: EmbeddedPlace) -> None:
    image = new(place, "a")
    with pytest.raises(CloudError, match="takes no bytes"):
        place.upload(image.id, Body(1, lambda: iter([b"x"])))
    with pytest.raises(CloudError, match="has no bytes"):
        place.download(image.id)


def test_an_image_without_owner_is_the_projects_own(federation: EmbeddedFederation) -> None:
    federation.add_region("Lugo", [Image("i", "n", "Lugo", owner="")])
    place = federation.place(TARGET, "Lugo")
    assert [image.id for image in place.listing().images] == ["i"]
    assert place.update(place.get("i"), Patch(name="m")).name == "m"


def test_owners_are_compared_padded_with_zeros(federation: EmbeddedFederation) -> None:
    federation.add_region("Lugo", [Image("i", "n", "Lugo", owner="ours".rjust(32, "0"))])
    assert len(federation.place(TARGET, "Lugo").listing().images) == 1


def test_lone_surrogates_make_the_service_stumble(place: EmbeddedPlace) -> None:
    with pytest.raises(ServiceFailure) as refused:
        new(place, "\ud800")
    assert refused.value.status == 500


@given(images(ALL_FIELDS), ANY_TEXT.filter(lambda name: ":" not in name))
def test_every_image_that_was_loaded_is_seen_exactly(some: list[Image], name: str) -> None:
    federation = EmbeddedFederation(None, SETTINGS)
    federation.add_region(name, some)
    seen = federation.images(name)
    assert [replace(image, created_at="") for image in seen] == [
        replace(image, region=name, created_at="") for image in some
    ]
    assert [image.order for image in seen] == sorted(image.order for image in seen)
    assert len({image.created_at for image in seen}) == len(some)
    assert federation.regions(TARGET) == [name]
    for image in seen:
        federation.put(image)
    assert federation.images(name) == seen


def test_images_are_what_the_model_promises(place: EmbeddedPlace) -> None:
    image = new(place, "a")
    (listed,) = place.listing().images
    assert type(listed) is Image
    assert listed == image
    assert pickle.loads(pickle.dumps(listed)) == image  # noqa: S301 (our own)
    with pytest.raises(FrozenInstanceError):
        listed.name = "b"  # type: ignore[misc]


def test_what_is_no_federation_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(ConfigError) as refused:
            EmbeddedFederation(path, SETTINGS)
        assert str(refused.value).startswith(f"{path} holds no embedded federation")
    assert list(tmp_path.iterdir()) == []


def test_one_whose_disk_is_full_is_not_called_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = create(tmp_path / "federation")
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    EmbeddedFederation(file.parent, SETTINGS)

    def on_a_full_disk(_file: Path | None) -> sqlite3.Connection:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(sqlite_file, "_connect", on_a_full_disk)
    with pytest.raises(ConfigError, match="cannot be used: database or disk is full; its folder has to be writable"):
        EmbeddedFederation(file.parent, SETTINGS)


def test_two_federations_in_memory_are_reported_apart() -> None:
    places = []
    for _ in range(2):
        federation = EmbeddedFederation(None, SETTINGS)
        federation.add_region("Burgos")
        places.append(federation.place(TARGET, "Burgos"))
    assert places[0].identity != places[1].identity


def test_it_stands_in_for_openstack_and_says_where_it_is(federation: EmbeddedFederation) -> None:
    assert isinstance(federation, FolderBacked)
    assert federation.folder.startswith("memory:")
    assert not isinstance(OpenStackFederation(SETTINGS), FolderBacked)

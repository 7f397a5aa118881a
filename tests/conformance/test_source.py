"""What every place gives that is read, a shelf of a vault among them (vault 4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from fiwareglancesync.base.errors import NotFound
from fiwareglancesync.images.places import InstantCopy, ReadablePlace, is_same_place
from fiwareglancesync.images.places.vault.vault_place import VaultPlace
from fiwareglancesync.images.vault.vault_folder import init_vault
from tests.support.cloud import running_cloud
from tests.support.vaults import back_up

from .place_setups import CONTENT, PlaceSetup, embedded_setup, openstack_setup

UNKNOWN = "00000000-0000-4000-8000-0000000000ff"


@dataclass(frozen=True)
class Source:
    """A place with images.

    :param contents: UUID → bytes
    """

    place: ReadablePlace
    contents: Mapping[str, bytes]


def filled(setup: PlaceSetup) -> Source:
    return Source(setup.place, {setup.active(f"image {number}").id: CONTENT for number in range(2)})


def shelf(folder: Path) -> Source:
    vault = init_vault(folder / "vault")
    contents = {1: CONTENT, 2: b""}
    run = back_up(vault, vault.shelf("Burgos"), contents)
    ids = [image.id for image in run.images]
    return Source(VaultPlace(vault.shelf("Burgos"), run), dict(zip(ids, contents.values(), strict=True)))


@pytest.fixture(params=["embedded", pytest.param("openstack", marks=pytest.mark.integration), "vault"])
def source(request: pytest.FixtureRequest, root: Path, tmp_path: Path) -> Iterator[Source]:
    if request.param == "vault":
        yield shelf(tmp_path)
    elif request.param == "embedded":
        with embedded_setup(None) as setup:
            yield filled(setup)
    else:
        with openstack_setup(running_cloud(root)) as setup:
            yield filled(setup)


def test_it_lists_its_images(source: Source) -> None:
    listing = source.place.listing()
    found = {image.id: image for image in listing.images if image.id in source.contents}
    assert set(found) == set(source.contents)
    assert all(listing.owns(image) and image.is_active and image.has_content_hash for image in found.values())
    assert {image.region for image in found.values()} == {listing.region} == {source.place.name}
    assert listing.project == source.place.project
    assert listing.missing == {}


def test_images_are_listed_by_age(source: Source) -> None:
    orders = [image.order for image in source.place.listing().images]
    assert orders == sorted(orders)


def test_one_image_is_as_the_listing_says(source: Source) -> None:
    for image in source.place.listing().images:
        if image.id in source.contents:
            assert source.place.get(image.id) == image


def test_an_image_that_is_not_there_is_not_found(source: Source) -> None:
    with pytest.raises(NotFound):
        source.place.get(UNKNOWN)


def test_content_comes_as_it_is(source: Source) -> None:
    if isinstance(source.place, InstantCopy):
        pytest.skip("it has no bytes")
    for uuid, content in source.contents.items():
        with source.place.download(uuid) as body:
            assert (body.size, b"".join(body.pieces())) == (len(content), content)


def test_it_is_the_same_place_as_itself_alone(source: Source, tmp_path: Path) -> None:
    assert is_same_place(source.place.identity, source.place.identity)
    (tmp_path / "other").mkdir()
    other = shelf(tmp_path / "other").place.identity
    assert not is_same_place(source.place.identity, other)
    assert not is_same_place(other, source.place.identity)

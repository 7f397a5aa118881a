"""A backup of a shelf is read as a place; what is damaged or lost of it concerns single images (vault 4)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fiwareglancesync.images.model import Image
from fiwareglancesync.images.places.vault.vault_place import LOST, VaultPlace
from fiwareglancesync.images.removal_mark import REMOVAL, hiding
from fiwareglancesync.images.vault.vault_errors import NewerFormat, VaultError, WrongContent
from fiwareglancesync.images.vault.vault_folder import Shelf, init_vault
from fiwareglancesync.images.vault.vault_model import ImageState, KeptImage, Record
from fiwareglancesync.images.vault.vault_writer import VaultWriter
from tests.support.vaults import LISTED, SOURCE, back_up, document_of, run_of, sha512, store, uuid_of

CONTENT = b"content" * 300_000


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return init_vault(tmp_path / "vault").shelf("Burgos")


@pytest.fixture
def place(shelf: Shelf) -> VaultPlace:
    return VaultPlace(shelf, back_up(shelf.vault, shelf, {1: CONTENT, 2: b"two"}))


def content_file(shelf: Shelf, content: bytes) -> Path:
    return shelf.vault.paths.content_file(sha512(content))


def read(place: VaultPlace, number: int) -> bytes:
    with place.download(uuid_of(number)) as body:
        return b"".join(piece if isinstance(piece, bytes) else piece.read() for piece in body.pieces())


def test_it_has_the_name_of_its_shelf_and_the_project_of_its_source(place: VaultPlace) -> None:
    assert (place.name, place.project, place.listing().project) == ("vault:Burgos", SOURCE.project, SOURCE.project)


def test_images_state_the_hash_that_the_vault_computed(shelf: Shelf) -> None:
    with VaultWriter(shelf.vault) as writer:
        writer.bind(shelf, SOURCE)
        key = store(writer, b"unhashed")
        document = document_of(1, b"unhashed", checksum=None, os_hash_algo=None, os_hash_value=None, owner="p1")
        record = writer.add_record(shelf, Record(ImageState(uuid_of(1), document, ("p2",)), LISTED, key))
        run = writer.add_run(shelf, run_of((KeptImage(uuid_of(1), "image1", record, key),)))
    place = VaultPlace(shelf, run)
    (image,) = place.listing().images
    assert (image.checksum, image.hash_algo, image.hash_value) == (None, "sha512", sha512(b"unhashed"))
    assert place.members(uuid_of(1)) == {"p2"}


def test_an_image_that_was_hidden_before_its_deletion_is_what_it_was(shelf: Shelf) -> None:
    before = Image(uuid_of(1), "image1", "Burgos", visibility="public")
    mark = hiding(before, LISTED).set[REMOVAL]
    with VaultWriter(shelf.vault) as writer:
        writer.bind(shelf, SOURCE)
        key = store(writer, b"one")
        document = document_of(1, b"one", os_hidden=True, **{REMOVAL: mark})
        record = writer.add_record(shelf, Record(ImageState(uuid_of(1), document), LISTED, key))
        run = writer.add_run(shelf, run_of((KeptImage(uuid_of(1), "image1", record, key),)))
    (image,) = VaultPlace(shelf, run).listing().images
    assert (image.hidden, image.visibility, dict(image.user_properties)) == (False, "public", {})


def test_content_is_read_in_pieces(place: VaultPlace) -> None:
    with place.download(uuid_of(1)) as body:
        pieces = list(body.pieces())
    assert (len(pieces) > 1, b"".join(pieces)) == (True, CONTENT)


@pytest.mark.parametrize("damaged", [b"contenT" * 300_000, CONTENT[:-1], CONTENT + b"x", b""])
def test_damaged_content_is_found_while_it_is_read(place: VaultPlace, shelf: Shelf, damaged: bytes) -> None:
    path = content_file(shelf, CONTENT)
    with place.download(uuid_of(1)) as body:
        path.write_bytes(damaged)
        with pytest.raises(WrongContent, match="damaged"):
            list(body.pieces())


def test_lost_content_is_named(place: VaultPlace, shelf: Shelf) -> None:
    content_file(shelf, CONTENT).unlink()
    assert place.listing().missing == {uuid_of(1): LOST}
    with pytest.raises(VaultError, match="lost"):
        read(place, 1)
    assert read(place, 2) == b"two"


def test_content_that_is_about_to_be_deleted_is_still_read(place: VaultPlace, shelf: Shelf) -> None:
    folder = shelf.vault.paths.unreferenced / "2026-11-28"
    folder.mkdir()
    content_file(shelf, CONTENT).rename(folder / sha512(CONTENT))
    assert place.listing().missing == {}
    assert read(place, 1) == CONTENT


def test_a_record_without_content_says_why(shelf: Shelf) -> None:
    with VaultWriter(shelf.vault) as writer:
        writer.bind(shelf, SOURCE)
        state = ImageState(uuid_of(1), document_of(1, b"refused"))
        record = writer.add_record(shelf, Record(state, LISTED, None, "the region refuses its bytes"))
        run = writer.add_run(shelf, run_of((KeptImage(uuid_of(1), "image1", record, None),)))
    missing = VaultPlace(shelf, run).listing().missing
    assert missing == {uuid_of(1): "the vault has no content of it: the region refuses its bytes"}


def test_an_unreadable_record_concerns_its_image_alone(place: VaultPlace, shelf: Shelf) -> None:
    path = shelf.paths.record(uuid_of(1), 1)
    path.write_bytes(path.read_bytes()[:-10])
    listing = place.listing()
    assert [image.name for image in listing.images] == ["image1", "image2"]
    assert list(listing.missing) == [uuid_of(1)]
    assert "no complete JSON document" in listing.missing[uuid_of(1)]


def test_a_record_of_a_newer_program_is_refused(place: VaultPlace, shelf: Shelf) -> None:
    path = shelf.paths.record(uuid_of(1), 1)
    path.write_text(path.read_text().replace('"format": 1', '"format": 2'))
    with pytest.raises(NewerFormat):
        place.listing()


def test_a_shelf_without_binding_is_no_place(place: VaultPlace, shelf: Shelf) -> None:
    shelf.paths.binding.unlink()
    with pytest.raises(VaultError, match="is missing"):
        VaultPlace(shelf, replace(place.run))

"""Which way an image goes when the preferred one fails, and what is reported about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from fiwareglancesync.images.execution.outcome import RegionOutcome
from fiwareglancesync.images.transfer import Mover
from fiwareglancesync.images.transfer.sources import FileSource, Source, StreamSource
from fiwareglancesync.images.transfer.spool import SpoolSource
from fiwareglancesync.images.transfer.spool_entry import SpoolEntry
from fiwareglancesync.images.transfer.upload_way import upload_ways
from tests.support.builders import MASTER, RegionSetup, master_image
from tests.support.bytes_place import BytesPlace, md5

CONTENT, WRONG = b"content", b"tnetnoc"
IMAGE = replace(master_image("a", md5(CONTENT)), size=len(CONTENT))


class Scenario:
    """A region that lacks an image, and a master that sends its bytes."""

    def __init__(self) -> None:
        self.setup = RegionSetup([IMAGE])
        self.master = BytesPlace(self.setup.federation.place(self.setup.target, MASTER), {IMAGE.id: CONTENT})

    def sync(self, *sources: Source) -> RegionOutcome:
        """Synchronise by these ways."""
        return self.setup.sync(through=BytesPlace, mover=Mover(upload_ways(*sources)))

    def present(self) -> Sequence[str | None]:
        """The checksums of the region's images."""
        return [image.checksum for image in self.setup.images]


@pytest.fixture
def scenario() -> Scenario:
    return Scenario()


def test_a_way_that_brought_something_wrong_is_reported_when_the_next_is_tried(
    scenario: Scenario, tmp_path: Path
) -> None:
    (tmp_path / IMAGE.id).write_bytes(WRONG)
    assert not scenario.sync(FileSource(tmp_path), StreamSource(scenario.master)).failed
    assert scenario.present() == [IMAGE.checksum]
    found = f"after the upload its checksum is {md5(WRONG)}, in the master {IMAGE.checksum}"
    assert scenario.setup.reported() == [f"Burgos: a is not copied with way file: {found}"]


def test_the_last_way_that_fails_is_an_error_and_nothing_besides(scenario: Scenario, tmp_path: Path) -> None:
    (tmp_path / IMAGE.id).write_bytes(WRONG)
    assert scenario.sync(FileSource(tmp_path)).failed
    assert scenario.present() == []
    (text,) = scenario.setup.reported()
    assert text.startswith("file: after the upload its checksum is ")


def test_a_file_that_is_not_there_is_nothing_to_be_reported(scenario: Scenario, tmp_path: Path) -> None:
    assert not scenario.sync(FileSource(tmp_path), StreamSource(scenario.master)).failed
    assert scenario.setup.reported() == []


def test_a_spool_without_room_is_reported(scenario: Scenario, tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    assert not scenario.sync(SpoolSource(scenario.master, folder, 1), StreamSource(scenario.master)).failed
    assert scenario.present() == [IMAGE.checksum]
    (text,) = scenario.setup.reported()
    assert text.startswith(f"Burgos: a is not copied with way spool: no room in {folder}: ")


def test_a_way_that_cannot_be_taken_is_no_warning_when_there_is_no_other(scenario: Scenario, tmp_path: Path) -> None:
    assert scenario.sync(SpoolSource(scenario.master, tmp_path / "spool", 1)).failed
    (text,) = scenario.setup.reported()
    assert text.startswith("spool: no room in ")


def test_a_wrong_copy_in_the_spool_is_dropped_and_made_anew(scenario: Scenario, tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    folder.mkdir(mode=0o700)
    entry = SpoolEntry.of(IMAGE, folder)
    entry.make(len(WRONG))
    entry.data.write_bytes(WRONG)
    assert not scenario.sync(SpoolSource(scenario.master, folder)).failed
    assert scenario.present() == [IMAGE.checksum]
    assert scenario.master.downloads == [IMAGE.id]
    assert scenario.setup.reported() == []


def test_a_master_whose_bytes_are_wrong_is_asked_twice_and_no_more(scenario: Scenario, tmp_path: Path) -> None:
    scenario.master = BytesPlace(scenario.setup.place, {IMAGE.id: WRONG})
    assert scenario.sync(SpoolSource(scenario.master, tmp_path / "spool")).failed
    assert scenario.present() == []
    assert scenario.master.downloads == [IMAGE.id] * 2

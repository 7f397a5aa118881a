"""Which way is taken, and the next one when it fails (design 4.3; design 6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fiwareglancesync.base.attempts import ATTEMPTS
from fiwareglancesync.base.errors import (
    CloudError,
    NotFound,
    Rejected,
    SourceBroke,
    TimedOut,
    TransferError,
    Unreachable,
)
from fiwareglancesync.base.throttle import PORTIONS_PER_SECOND, Throttle
from fiwareglancesync.events import Done, Progress
from fiwareglancesync.images.execution.outcome import RegionOutcome
from fiwareglancesync.images.places.embedded.embedded_federation import EmbeddedPlace
from fiwareglancesync.images.transfer import Mover
from fiwareglancesync.images.transfer.sources import FileSource, StreamSource
from fiwareglancesync.images.transfer.spool import SpoolSource
from fiwareglancesync.images.transfer.upload_way import upload_ways
from tests.support.builders import MASTER, RegionSetup, errors, image, master_image
from tests.support.bytes_place import BytesPlace, md5
from tests.support.events import of_type

CONTENT = b"the master's bytes"


class MoverSetup:
    """A master with bytes, a folder that may hold its file, and a region that reads what it gets."""

    def __init__(
        self,
        folder: Path,
        *,
        forced: str = "auto",
        fails: Callable[[bytes], None] | None = None,
        content: bytes = CONTENT,
    ) -> None:
        master = replace(master_image("a", md5(content)), id="m-a", size=len(content))
        self.folder = folder
        self.setup = RegionSetup([master], [image("a", "old")], replace=["any"])
        inner = self.setup.federation.place(self.setup.target, MASTER)
        self.master = BytesPlace(inner, {"m-a": content})
        self.mover = Mover(upload_ways(FileSource(folder), StreamSource(self.master)), forced)
        self._fails = fails or (lambda piece: None)

    def file(self, content: bytes) -> None:
        """Put the image's file there."""
        (self.folder / "m-a").write_bytes(content)

    def sync(self) -> RegionOutcome:
        """Synchronise the region."""
        return self.setup.sync(through=self._through, mover=self.mover)

    def _through(self, place: object) -> BytesPlace:
        assert isinstance(place, EmbeddedPlace)
        return BytesPlace(place, fails=self._fails)

    def ways(self) -> list[str | None]:
        """The ways that were taken to the end."""
        return [event.way for event in of_type(Done, self.setup.events) if event.way]

    def contents(self) -> list[tuple[str, str | None]]:
        """Name and checksum of the region's images."""
        return [(found.name, found.checksum) for found in self.setup.images]


def test_the_file_is_preferred(tmp_path: Path) -> None:
    mover_setup = MoverSetup(tmp_path)
    mover_setup.file(CONTENT)
    assert mover_setup.sync().bytes_moved == len(CONTENT)
    assert (mover_setup.ways(), mover_setup.master.downloads) == (["file"], [])
    assert mover_setup.contents() == [("a", md5(CONTENT))]


def test_without_a_file_the_master_is_streamed_and_it_is_noted_why(tmp_path: Path) -> None:
    mover_setup = MoverSetup(tmp_path)
    outcome = mover_setup.sync()
    assert (mover_setup.ways(), mover_setup.master.downloads) == (["stream"], ["m-a"])
    notes = next(done.notes for done in outcome.images if done.way)
    assert notes == (f"file: {tmp_path / 'm-a'}: No such file or directory",)


def test_a_corrupted_file_is_detected_and_the_next_way_tried(tmp_path: Path) -> None:
    mover_setup = MoverSetup(tmp_path)
    mover_setup.file(CONTENT[::-1])
    outcome = mover_setup.sync()
    assert (mover_setup.ways(), outcome.failed) == (["stream"], False)
    assert mover_setup.contents() == [("a", md5(CONTENT))]
    notes = next(done.notes for done in outcome.images if done.way)
    assert notes[0].startswith("file: after the upload its checksum is ")


def test_why_a_less_preferred_way_could_not_be_taken_is_not_noted(tmp_path: Path) -> None:
    mover_setup = MoverSetup(tmp_path)
    mover_setup.mover = Mover(upload_ways(StreamSource(mover_setup.master), FileSource(tmp_path)))
    outcome = mover_setup.sync()
    assert mover_setup.ways() == ["stream"]
    assert next(done.notes for done in outcome.images if done.way) == ()


def test_a_truncated_file_is_not_even_begun(tmp_path: Path) -> None:
    mover_setup = MoverSetup(tmp_path)
    mover_setup.file(CONTENT[:-1])
    mover_setup.sync()
    assert mover_setup.ways() == ["stream"]


def test_when_every_way_fails_the_old_image_stays_and_all_reasons_are_reported(tmp_path: Path) -> None:
    mover_setup = MoverSetup(tmp_path)
    before = mover_setup.setup.images
    mover_setup.file(CONTENT[::-1])
    mover_setup.master.download = _refuse  # type: ignore[assignment]
    cause = errors(mover_setup.sync())["a"]
    assert cause.startswith("file: after the upload its checksum is ")
    assert cause.endswith("; stream: the master cannot be read: No image found")
    assert mover_setup.setup.images == before


def _refuse(image_id: str) -> None:
    raise NotFound("No image found", status=404)


class TestMasterThatDoesNotAnswer:
    @pytest.fixture(params=[Unreachable, TimedOut])
    def mover_setup(self, tmp_path: Path, request: pytest.FixtureRequest) -> MoverSetup:
        """A master that does not answer to downloads, with a spool as well."""
        mover_setup = MoverSetup(tmp_path)
        self.asked = 0

        def ask(image_id: str, start: int = 0) -> None:
            self.asked += 1
            raise request.param("Glance does not answer")

        mover_setup.master.download = ask  # type: ignore[assignment]
        spool = SpoolSource(mover_setup.master, tmp_path / "spool")
        mover_setup.mover = Mover(upload_ways(FileSource(tmp_path), spool, StreamSource(mover_setup.master)))
        return mover_setup

    def test_it_is_asked_once_in_a_run(self, mover_setup: MoverSetup) -> None:
        cause = "the master cannot be read: Glance does not answer"
        for _ in range(2):
            reported = errors(mover_setup.sync())["a"].split("; ")
            assert [line.partition(": ")[0] for line in reported] == ["file", "spool", "stream"]
            assert reported[2] == f"stream: {cause} (not asked again in this run)"
        assert self.asked == 1

    def test_what_does_not_need_it_is_still_read(self, mover_setup: MoverSetup) -> None:
        mover_setup.sync()
        mover_setup.file(CONTENT)
        assert not mover_setup.sync().failed
        assert mover_setup.ways() == ["file"]

    def test_a_complete_copy_in_the_spool_is_still_read(self, mover_setup: MoverSetup, tmp_path: Path) -> None:
        mover_setup.sync()
        (copy,) = (tmp_path / "spool").glob("*.data")
        copy.write_bytes(CONTENT)
        assert not mover_setup.sync().failed
        assert mover_setup.ways() == ["spool"]
        assert self.asked == 1


def test_a_region_that_does_not_answer_says_nothing_about_the_master(
    tmp_path: Path,
) -> None:
    gone = True

    def fail(piece: bytes) -> None:
        if gone:
            raise Unreachable("the region does not answer")

    mover_setup = MoverSetup(tmp_path, fails=fail)
    assert mover_setup.sync().failed
    gone = False
    assert not mover_setup.sync().failed


def breaking(times: int) -> Callable[[bytes], None]:
    """Have the master break off some times when a piece has come."""
    left = [None] * times

    def break_off(piece: bytes) -> None:
        if left:
            left.pop()
            raise SourceBroke("the master broke off")

    return break_off


def test_a_source_that_breaks_off_is_read_afresh_into_a_fresh_image(
    tmp_path: Path,
) -> None:
    mover_setup = MoverSetup(tmp_path, fails=breaking(2))
    outcome = mover_setup.sync()
    assert (mover_setup.ways(), outcome.failed) == (["stream"], False)
    assert mover_setup.master.downloads == ["m-a"] * 3
    assert mover_setup.contents() == [("a", md5(CONTENT))]


def test_a_source_that_breaks_off_again_and_again_is_reported_and_nothing_is_left(
    tmp_path: Path,
) -> None:
    mover_setup = MoverSetup(tmp_path, forced="stream", fails=breaking(ATTEMPTS))
    before = mover_setup.setup.images
    assert errors(mover_setup.sync()) == {"a": "stream: the master broke off"}
    assert mover_setup.master.downloads == ["m-a"] * ATTEMPTS
    assert mover_setup.setup.images == before


@pytest.mark.parametrize("forced", ["file", "stream"])
def test_a_forced_way_is_the_only_one(tmp_path: Path, forced: str) -> None:
    mover_setup = MoverSetup(tmp_path, forced=forced)
    mover_setup.file(CONTENT)
    mover_setup.sync()
    assert mover_setup.ways() == [forced]


def test_a_forced_way_that_cannot_be_taken_is_the_images_failure(tmp_path: Path) -> None:
    mover_setup = MoverSetup(tmp_path, forced="file")
    before = mover_setup.setup.images
    assert errors(mover_setup.sync()) == {"a": f"file: {tmp_path / 'm-a'}: No such file or directory"}
    assert (mover_setup.setup.images, mover_setup.master.downloads) == (before, [])


def test_a_region_that_refuses_the_image_is_not_offered_it_again(tmp_path: Path) -> None:
    def refuse(piece: bytes) -> None:
        raise Rejected("this is no qcow2", status=415)

    mover_setup = MoverSetup(tmp_path, fails=refuse)
    mover_setup.file(CONTENT)
    assert errors(mover_setup.sync()) == {"a": "this is no qcow2"}
    assert mover_setup.master.downloads == []


def test_progress_is_reported_in_bytes_that_have_been_taken(tmp_path: Path) -> None:
    mover_setup = MoverSetup(tmp_path)
    mover_setup.sync()
    reported = [(event.way, event.done, event.size) for event in of_type(Progress, mover_setup.setup.events)]
    assert reported[0] == ("stream", 0, len(CONTENT))
    assert reported[-1] == ("stream", len(CONTENT), len(CONTENT))


def test_a_source_that_offers_another_size_is_not_sent(tmp_path: Path) -> None:
    mover_setup = MoverSetup(tmp_path)
    short = Mover(upload_ways(StreamSource(BytesPlace(mover_setup.setup.place, {"m-a": CONTENT[:-1]}))))
    master = mover_setup.setup.selection().images[0].image
    target = BytesPlace(mover_setup.setup.place)
    with pytest.raises(TransferError, match=f"stream offers {len(CONTENT) - 1} bytes, the image has {len(CONTENT)}"):
        short.move("stream", master, target, "r-a", lambda done: None)


def test_the_embedded_federation_needs_no_bytes(tmp_path: Path) -> None:
    setup = RegionSetup([master_image("a")])
    mover = Mover(upload_ways(FileSource(tmp_path)))
    assert list(mover.ways(master_image("a"), setup.place)) == [("embedded", None)]
    with pytest.raises(CloudError):
        mover.move("embedded", master_image("a"), setup.place, "unknown", lambda done: None)


class _Unhurried(Throttle):
    """Takes note of what is taken, without waiting."""

    def __init__(self, rate: int) -> None:
        super().__init__(rate)
        self.taken: list[int] = []

    def take(self, count: int) -> None:
        self.taken.append(count)


@pytest.mark.parametrize("is_file", [True, False])
def test_what_is_throttled_goes_in_portions_that_flow(tmp_path: Path, is_file: bool) -> None:
    content = bytes(range(256)) * 35
    mover_setup = MoverSetup(tmp_path, content=content)
    mover_setup.master.piece = len(content)
    if is_file:
        mover_setup.file(content)
    slow, fast = _Unhurried(PORTIONS_PER_SECOND * 4000), _Unhurried(PORTIONS_PER_SECOND * 10**6)
    ways = upload_ways(FileSource(tmp_path), StreamSource(mover_setup.master), throttles=lambda _: [fast, slow])
    mover_setup.mover = Mover(ways)
    mover_setup.sync()
    assert mover_setup.contents() == [("a", md5(content))]
    assert slow.taken == fast.taken == [4096, 4096, 768]

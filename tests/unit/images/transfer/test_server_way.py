"""The way ``server``: who may take it, what becomes of a failure, and when it is not trusted any more."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from fiwareglancesync.base.errors import TransferError, VerificationError
from fiwareglancesync.events import Progress
from fiwareglancesync.images.execution.outcome import RegionOutcome
from fiwareglancesync.images.model import JOURNAL, Image, Listing, NewImage, Patch
from fiwareglancesync.images.places import PIECE_BYTES, Body, Download, InstantCopy, Place, PlaceIdentity, ServerImport
from fiwareglancesync.images.settings import Settings, Target
from fiwareglancesync.images.transfer import Mover
from fiwareglancesync.images.transfer.server_way import ServerWay
from fiwareglancesync.images.transfer.sources import StreamSource
from fiwareglancesync.images.transfer.upload_way import upload_ways
from fiwareglancesync.images.transfer.way import Way
from fiwareglancesync.images.transfer.ways import Purpose, open_ways
from tests.support.builders import MASTER, REGION, RegionSetup, errors, master_image
from tests.support.events import of_type

Fetch = Callable[[Image, Image], Image]
"""Given the master's image and the filled one of the region, what the region makes of it."""


class Region:
    """A region of the embedded federation that has its images uploaded, as any other place."""

    def __init__(self, inner: Place) -> None:
        self._inner = inner
        self.uploads = 0
        self.created: list[str] = []
        self.masters: dict[str, Image] = {}

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def target(self) -> str:
        return self._inner.target

    @property
    def project(self) -> str:
        return self._inner.project

    @property
    def identity(self) -> PlaceIdentity:
        return self._inner.identity

    def listing(self) -> Listing:
        return self._inner.listing()

    def get(self, image_id: str) -> Image:
        return self._inner.get(image_id)

    def new_id(self, name: str) -> str:
        return self._inner.new_id(name)

    def create(self, image: NewImage) -> Image:
        self.created.append(image.id)
        return self._inner.create(image)

    def update(self, image: Image, patch: Patch) -> Image:
        return self._inner.update(image, patch)

    def delete(self, image_id: str) -> None:
        self._inner.delete(image_id)

    def download(self, image_id: str, start: int = 0) -> AbstractContextManager[Download]:
        return self._inner.download(image_id, start)

    def upload(self, image_id: str, body: Body) -> None:
        for _ in body.pieces():
            continue
        self.uploads += 1
        self.fill(image_id, self.masters[self.get(image_id).name])

    def fill(self, image_id: str, master: Image) -> None:
        assert isinstance(self._inner, InstantCopy)
        self._inner.adopt(image_id, master)


class FetchingRegion(Region):
    """A region that fetches by itself."""

    def __init__(self, inner: Place) -> None:
        super().__init__(inner)
        self.refusal: str | None = None
        self.fetched: list[str] = []
        self.asked = 0
        self.stuck: set[str] = set()
        self.makes: Fetch = lambda master, filled: filled

    def why_unable_to_import(self, master: Place) -> str | None:
        self.asked += 1
        return self.refusal

    def import_from(self, image_id: str, master: Place, image: Image, progress: Callable[[int], None]) -> Image:
        self.fetched.append(image.name)
        progress(0)
        made = self.makes(image, replace(image, id=image_id))
        self.fill(image_id, made)
        changes = {key: value for key, value in made.user_properties.items() if key not in image.user_properties}
        filled = self.update(self.get(image_id), Patch(set=changes))
        return replace(filled, disk_format=made.disk_format, container_format=made.container_format)

    def is_importing(self, image_id: str) -> bool:
        return image_id in self.stuck

    def await_import(self, image_id: str, size: int, alive: Callable[[], None]) -> bool:
        return not self.is_importing(image_id)


class MasterWithBytes:
    """What the way ``stream`` needs of a master."""

    def __init__(self, *images: Image) -> None:
        self._images = {image.id: image for image in images}

    def download(self, image_id: str, start: int = 0) -> AbstractContextManager[Download]:
        size = self._images[image_id].size or 0
        return nullcontext(Download(size, lambda: iter([bytes(PIECE_BYTES)] * (size // PIECE_BYTES))))


class Scenario:
    """A region that lacks some images of the master."""

    def __init__(self, *images: Image, fetching: bool = True) -> None:
        self.setup = RegionSetup(images)
        self.master = MasterWithBytes(*images)
        made = FetchingRegion if fetching else Region
        self.region = made(self.setup.place)
        self.region.masters = {image.name: image for image in images}

    def sync(self, forced: str = "auto") -> RegionOutcome:
        """Synchronise with the ways ``server`` and ``stream``, in this order."""
        master = cast(Place, self.master)
        ways: list[Way] = [ServerWay(master), *upload_ways(StreamSource(master))]
        return self.setup.sync(through=lambda place: self.region, mover=Mover(ways, forced))

    @property
    def fetching(self) -> FetchingRegion:
        """The region, which fetches."""
        assert isinstance(self.region, FetchingRegion)
        return self.region


ONE, TWO = master_image("one"), master_image("two", "B", size=2 * PIECE_BYTES)


def ways(outcome: RegionOutcome) -> dict[str, str | None]:
    return {done.image: done.way for done in outcome.images}


def notes(outcome: RegionOutcome) -> dict[str, tuple[str, ...]]:
    return {done.image: done.notes for done in outcome.images}


class TestTheFake:
    """The regions of these tests are what the program takes them for."""

    def test_capabilities(self) -> None:
        inner = RegionSetup().place
        assert not isinstance(Region(inner), InstantCopy | ServerImport)
        assert isinstance(FetchingRegion(inner), ServerImport)
        assert not isinstance(FetchingRegion(inner), InstantCopy)


class TestTakingTheWay:
    def test_a_region_that_can_fetches_and_no_byte_passes_here(self) -> None:
        scenario = Scenario(ONE, TWO)
        outcome = scenario.sync()
        assert errors(outcome) == {}
        assert ways(outcome) == {"one": "server", "two": "server"}
        assert notes(outcome) == {"one": (), "two": ()}
        assert (scenario.fetching.fetched, scenario.region.uploads) == (["one", "two"], 0)
        assert outcome.bytes_moved == 3 * PIECE_BYTES

    def test_progress_claims_nothing_before_the_end(self) -> None:
        scenario = Scenario(TWO)
        scenario.sync()
        reported = [event.done for event in of_type(Progress, scenario.setup.events)]
        assert set(reported) == {0, TWO.size}
        assert reported == sorted(reported)

    def test_a_region_that_cannot_at_all_is_filled_another_way(self) -> None:
        outcome = Scenario(ONE, fetching=False).sync()
        assert ways(outcome) == {"one": "stream"}
        assert notes(outcome) == {"one": ("server: the region cannot fetch images by itself",)}

    def test_a_region_that_refuses_is_filled_another_way_and_the_report_says_why(self) -> None:
        scenario = Scenario(ONE)
        scenario.fetching.refusal = "not offered"
        outcome = scenario.sync()
        assert ways(outcome) == {"one": "stream"}
        assert notes(outcome) == {"one": ("server: not offered",)}
        assert scenario.fetching.fetched == []

    @pytest.mark.parametrize("fetching", [True, False])
    def test_forced_a_refusal_is_the_images_error(self, fetching: bool) -> None:
        scenario = Scenario(ONE, TWO, fetching=fetching)
        if fetching:
            scenario.fetching.refusal = "the region cannot fetch images by itself"
        cause = "server: the region cannot fetch images by itself"
        assert errors(scenario.sync("server")) == {"one": cause, "two": cause}
        assert scenario.setup.names() == []

    def test_nothing_to_move_asks_nothing(self) -> None:
        scenario = Scenario(ONE)
        scenario.sync()
        asked = scenario.fetching.asked
        scenario.sync()
        assert scenario.fetching.asked == asked

    def test_a_region_that_cannot_is_not_pulled_into(self) -> None:
        with pytest.raises(TransferError, match="cannot fetch images by itself"):
            ServerWay(RegionSetup().place).move(ONE, Region(RegionSetup().place), "id", print)


class TestFailing:
    def test_a_failed_fetch_goes_on_with_the_next_way_on_a_fresh_image(self) -> None:
        scenario = Scenario(ONE, TWO)
        tried: list[str] = []

        def fail_one(master: Image, filled: Image) -> Image:
            tried.append(filled.id)
            if master.name == "one":
                raise TransferError("the region failed to fetch it: no luck")
            return filled

        scenario.fetching.makes = fail_one
        outcome = scenario.sync()
        assert errors(outcome) == {}
        assert ways(outcome) == {"one": "stream", "two": "server"}
        assert notes(outcome)["one"] == ("server: the region failed to fetch it: no luck",)
        assert scenario.setup.names() == ["one", "two"]
        # Once in vain, once streamed, and the other one; each way was tried once.
        assert len(scenario.region.created) == 3
        assert tried == [scenario.region.created[0], scenario.region.created[2]]

    def test_an_image_that_the_region_is_still_fetching_stays_while_the_next_way_is_taken(self) -> None:
        scenario = Scenario(ONE)

        def stick(master: Image, filled: Image) -> Image:
            scenario.fetching.stuck.add(filled.id)
            raise TransferError("the region is stuck")

        scenario.fetching.makes = stick
        outcome = scenario.sync()
        assert errors(outcome) == {}
        assert ways(outcome) == {"one": "stream"}
        first, second = scenario.region.created
        assert notes(outcome)["one"] == ("server: the region is stuck",)
        stays = f"the unfinished image one (UUID {first}) stays for the next run to remove"
        assert scenario.setup.reported() == [
            f"{REGION}: {stays}: the region is still fetching its content",
            f"{REGION}: one is not copied with way server: the region is stuck",
        ]
        assert [(i.id, i.visibility) for i in scenario.setup.images] == [(first, "private"), (second, "public")]
        scenario.fetching.stuck.clear()
        assert errors(scenario.sync()) == {}
        assert [i.id for i in scenario.setup.images] == [second]

    def test_forced_a_failure_is_the_images_error_and_nothing_is_left(self) -> None:
        scenario = Scenario(ONE, TWO)

        def fail_one(master: Image, filled: Image) -> Image:
            if master.name == "one":
                raise TransferError("no luck")
            return filled

        scenario.fetching.makes = fail_one
        outcome = scenario.sync("server")
        assert errors(outcome) == {"one": "server: no luck"}
        assert scenario.setup.names() == ["two"]


class TestRejectedContent:
    def test_another_content_turns_the_way_off_for_the_region(self) -> None:
        scenario = Scenario(ONE, TWO)
        scenario.fetching.makes = lambda master, filled: replace(filled, checksum="converted")
        outcome = scenario.sync()
        assert errors(outcome) == {}
        assert ways(outcome) == {"one": "stream", "two": "stream"}
        assert scenario.fetching.fetched == ["one"]
        assert notes(outcome) == {
            "one": ("server: after the upload its checksum is converted, in the master A",),
            "two": ("server: the region changes what it fetches",),
        }
        assert scenario.setup.named("one").checksum == "A"

    def test_another_format_is_another_content(self) -> None:
        scenario = Scenario(replace(ONE, disk_format="qcow2", container_format="bare"), TWO)
        scenario.fetching.makes = lambda master, filled: replace(filled, disk_format="raw")
        outcome = scenario.sync()
        assert ways(outcome) == {"one": "stream", "two": "stream"}
        assert scenario.fetching.fetched == ["one"]
        assert notes(outcome)["one"] == ("server: the region made it raw/bare, in the master it is qcow2/bare",)

    def test_added_properties_are_removed_and_turn_the_way_off(self) -> None:
        scenario = Scenario(ONE, TWO)
        scenario.fetching.makes = lambda master, filled: replace(
            filled, user_properties={**filled.user_properties, "hw_injected": "yes", "also": "1"}
        )
        outcome = scenario.sync()
        assert errors(outcome) == {}
        assert ways(outcome) == {"one": "server", "two": "stream"}
        assert notes(outcome) == {
            "one": (),
            "two": ("server: the region adds properties to what it fetches (also, hw_injected)",),
        }
        assert scenario.setup.named("one").user_properties == {}

    def test_forced_there_is_no_other_way_then(self) -> None:
        scenario = Scenario(ONE, TWO)
        scenario.fetching.makes = lambda master, filled: replace(filled, checksum="converted")
        assert errors(scenario.sync("server")) == {
            "one": "server: after the upload its checksum is converted, in the master A",
            "two": "server: the region changes what it fetches",
        }
        assert scenario.setup.names() == []

    def test_the_masters_own_properties_links_and_the_journal_are_no_additions(self) -> None:
        kernel = master_image("kernel", "K")
        image = master_image("ami", properties={"hw_disk_bus": "virtio", "kernel_id": kernel.id})
        scenario = Scenario(kernel, image, TWO)
        outcome = scenario.sync()
        assert set(ways(outcome).values()) == {"server"}
        found = scenario.setup.named("ami").user_properties
        assert found == {"hw_disk_bus": "virtio", "kernel_id": scenario.setup.named("kernel").id}
        assert JOURNAL not in found

    def test_one_region_says_nothing_about_another(self) -> None:
        way = ServerWay(RegionSetup().place)
        here, there = FetchingRegion(RegionSetup().place), FetchingRegion(RegionSetup().place)
        there._inner = RegionSetup().federation.place(Target("master", tenant_id="other"), MASTER)
        way.reject_content(ONE, here)
        assert way.why_unusable(ONE, here) == "the region changes what it fetches"
        assert here.identity != there.identity
        assert way.why_unusable(ONE, there) is None

    def test_a_mover_passes_it_on(self) -> None:
        region = FetchingRegion(RegionSetup().place)
        master = cast(Place, MasterWithBytes(ONE))
        mover = Mover([ServerWay(master), *upload_ways(StreamSource(master))])
        mover.reject_content("stream", ONE, region)
        assert list(mover.ways(ONE, region)) == [("server", None), ("stream", None)]
        mover.reject_content("server", ONE, region)
        assert list(mover.ways(ONE, region)) == [("server", "the region changes what it fetches"), ("stream", None)]

    def test_a_changed_format_is_an_error_of_verification(self) -> None:
        scenario = Scenario(replace(ONE, disk_format="qcow2", container_format="bare"))
        scenario.fetching.makes = lambda master, filled: replace(filled, container_format="ova")
        made = scenario.region.create(NewImage("1$one", "one", "qcow2", "bare"))
        way = ServerWay(scenario.setup.place)
        with pytest.raises(VerificationError, match="qcow2/ova"):
            way.move(scenario.region.masters["one"], scenario.region, made.id, lambda done: None)


def test_the_order_of_the_ways(tmp_path: Path) -> None:
    """Design 6: from a file, else by the region itself, else read once for all, else streamed."""
    content = tmp_path / ONE.id
    content.write_bytes(bytes(ONE.size or 0))
    settings = Settings(MASTER, {"master": Target("master")}, images_dir=tmp_path, spool_dir=tmp_path / "spool")
    setup = RegionSetup([ONE])
    region = FetchingRegion(setup.place)
    with open_ways(settings, setup.place, Purpose.MOVE, several=True) as mover:
        assert list(mover.ways(ONE, region)) == [(way, None) for way in ("file", "server", "spool", "stream")]
    with open_ways(replace(settings, transfer="server"), setup.place, Purpose.MOVE, several=True) as mover:
        assert list(mover.ways(ONE, region)) == [("server", None)]
    assert region.name == REGION

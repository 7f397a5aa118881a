"""What an interrupted run does in the moment that it has, and what it says that it leaves."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

import pytest

from fiwareglancesync.base.errors import Cancelled, Conflict, NotFound
from fiwareglancesync.images.execution import interruption, moving
from fiwareglancesync.images.model import Image, NewImage
from fiwareglancesync.images.places import Body
from fiwareglancesync.images.transfer import Mover
from fiwareglancesync.images.transfer.sources import StreamSource
from fiwareglancesync.images.transfer.upload_way import upload_ways
from tests.support.builders import MASTER, RegionSetup, carrying, image, master_image
from tests.support.bytes_place import BytesPlace
from tests.support.watched import FetchingPlace, WatchedPlace, Write, refusing


def interrupted(setup: RegionSetup, place: WatchedPlace) -> tuple[str, ...]:
    """Synchronise until that is interrupted; what is said to be unfinished."""
    with pytest.raises(Cancelled) as caught:
        setup.sync(through=lambda _: place)
    return caught.value.unfinished


def at(kind: str, also: Callable[[Write], None] = lambda write: None) -> Callable[[Write], None]:
    """A hook that interrupts the run before a write of one kind."""

    def before(write: Write) -> None:
        also(write)
        if write.kind == kind:
            raise Cancelled(signal.SIGTERM)

    return before


def test_what_was_being_made_is_removed_and_nothing_is_unfinished() -> None:
    setup = RegionSetup([master_image("a")])
    assert interrupted(setup, WatchedPlace(setup.place, at("adopt"))) == ()
    assert setup.images == []


def test_what_the_region_is_still_fetching_stays_and_is_named() -> None:
    setup = RegionSetup([master_image("a")])
    place = FetchingPlace(setup.place, {"1$a": None}, at("adopt"))
    assert interrupted(setup, place) == ("Burgos: a (UUID 1$a)",)
    assert setup.names() == ["a"]


def test_what_the_region_does_not_let_go_stays_and_is_named() -> None:
    setup = RegionSetup([master_image("a")])
    refuses = refusing(Conflict("in use", status=409), lambda write: write.kind == "delete")
    assert interrupted(setup, WatchedPlace(setup.place, at("adopt", refuses))) == ("Burgos: a (UUID 1$a)",)
    assert not setup.sync().failed


def test_a_region_that_does_not_answer_any_more_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interruption, "CLEANUP_SECONDS", 0.01)
    setup = RegionSetup([master_image("a")])
    ended = threading.Event()

    def hangs(write: Write) -> None:
        if write.kind == "delete":
            ended.wait()

    try:
        assert interrupted(setup, WatchedPlace(setup.place, at("adopt", hangs))) == ("Burgos: a (UUID 1$a)",)
    finally:
        ended.set()


def test_a_move_that_waits_for_an_answer_loses_its_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving, "STOP_SECONDS", 0.01)
    setup = RegionSetup([master_image("a", size=1), master_image("b", size=2)], uploads_per_region=2)
    waits, answered = threading.Event(), threading.Event()

    class Region(BytesPlace):
        def upload(self, image_id: str, body: Body) -> None:
            if image_id == "1$a":
                waits.set()
                answered.wait()
                raise NotFound("it was removed", status=404)
            waits.wait()
            raise Cancelled(signal.SIGTERM)

    source = BytesPlace(setup.federation.place(setup.target, MASTER), {"m-a": b"a", "m-b": b"bb"})
    try:
        with pytest.raises(Cancelled) as caught:
            setup.sync(through=lambda place: Region(place), mover=Mover(upload_ways(StreamSource(source))))
        assert (caught.value.unfinished, setup.images) == ((), [])
    finally:
        answered.set()


def test_a_published_image_whose_old_one_is_still_there_is_named_and_not_touched() -> None:
    setup = RegionSetup([master_image("a")], [image("a", "old")], replace=["old"])
    place = WatchedPlace(setup.place, at("delete"))
    assert interrupted(setup, place) == ("Burgos: a (UUID 1$a)",)
    assert [(i.id, i.visibility) for i in setup.images] == [("r-a", "private"), ("1$a", "public")]
    assert not setup.sync().failed
    assert [i.id for i in setup.images] == ["1$a"]


def test_another_hosts_image_is_none_of_this_run() -> None:
    theirs = carrying(
        image("b", id="made", visibility="private"), host="elsewhere", started=RegionSetup().context.now()
    )
    setup = RegionSetup([master_image("a"), master_image("b")], [theirs])
    assert interrupted(setup, WatchedPlace(setup.place, at("adopt"))) == ()
    assert [i.id for i in setup.images] == ["made"]


class _SlowPlace(WatchedPlace):
    """Makes an image only after it has been looked for; a signal came while that was waited for."""

    late: NewImage | None = None

    def create(self, image: NewImage) -> Image:
        self.late = image
        raise Cancelled(signal.SIGTERM)

    def get(self, image_id: str) -> Image:
        if self.late is not None and f"get {image_id}" in self.read:
            self._place.create(self.late)
            self.late = None
        return super().get(image_id)


def test_an_image_is_removed_even_when_it_is_made_only_after_the_interruption() -> None:
    setup = RegionSetup([master_image("a")])
    place = _SlowPlace(setup.place)
    assert interrupted(setup, place) == ()
    assert (place.late, setup.images) == (None, [])
    assert place.read.count("get 1$a") == 2


def test_an_image_that_was_never_made_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interruption, "LATE_CREATION_SECONDS", 0.0)
    setup = RegionSetup([master_image("a")])
    assert interrupted(setup, WatchedPlace(setup.place, at("create"))) == ()
    assert setup.images == []

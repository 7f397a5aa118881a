"""What the region refuses for now goes into the same image later, fewer at once where that is the matter."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from fiwareglancesync.base.errors import CloudError, Scope, Throttled, TooManyUploads
from fiwareglancesync.base.units import MIB
from fiwareglancesync.events import Waiting
from fiwareglancesync.images.execution import new_image, upload_queue
from fiwareglancesync.images.execution.outcome import RegionOutcome
from fiwareglancesync.images.model import Image, NewImage
from fiwareglancesync.images.places import Body
from fiwareglancesync.images.places.embedded.embedded_federation import EmbeddedPlace
from fiwareglancesync.images.transfer import Mover
from fiwareglancesync.images.transfer.sources import StreamSource
from fiwareglancesync.images.transfer.upload_way import upload_ways
from tests.support.builders import MASTER, RegionSetup, errors, image, master_image
from tests.support.bytes_place import BytesPlace, md5
from tests.support.conditions import wait_for
from tests.support.events import of_type

CONTENTS = {name: f"content of {name}".encode() for name in ("a", "b", "c", "d")}
IMAGES = [replace(master_image(name, md5(content)), size=len(content)) for name, content in CONTENTS.items()]


def slow_down(seconds: float | None = 30.0) -> Throttled:
    return Throttled("Slow down. (HTTP 429)", status=429, retry_after=seconds)


def crowded() -> TooManyUploads:
    return TooManyUploads("over limit: image_count_uploading (HTTP 413)", status=413)


class Refusing(BytesPlace):
    """A region that refuses uploads.

    :param refuses: called with each upload's number, from 1; raises what the region answers
    """

    def __init__(self, place: EmbeddedPlace, refuses: Callable[[int], None]) -> None:
        super().__init__(place)
        self._refuses = refuses
        self._lock = threading.Lock()
        self.created: list[str] = []
        self.sent = 0
        self.status = "queued"

    def create(self, image: NewImage) -> Image:
        self.created.append(image.name)
        return super().create(image)

    def get(self, image_id: str) -> Image:
        found = super().get(image_id)
        return replace(found, status=self.status) if found.status == "queued" else found

    def upload(self, image_id: str, body: Body) -> None:
        with self._lock:
            self.sent += 1
            number = self.sent
        pieces = b"".join(bytes(piece) for piece in body.pieces())  # type: ignore[arg-type]
        self._refuses(number)
        super().upload(image_id, Body(len(pieces), lambda: iter([pieces])))


class Scenario:
    """A region that lacks some images and refuses uploads."""

    def __init__(
        self,
        refuses: Callable[[int], None],
        masters: Sequence[Image] = IMAGES[:1],
        there: Sequence[Image] = (),
        **rules: int,
    ) -> None:
        self.setup = RegionSetup(masters, there, **rules)
        contents = {each.id: CONTENTS[each.name] for each in masters if each.name in CONTENTS}
        self.master = BytesPlace(self.setup.federation.place(self.setup.target, MASTER), contents)
        self.place = Refusing(self.setup.place, refuses)

    def sync(self) -> RegionOutcome:
        """Synchronise."""
        return self.setup.sync(through=lambda _: self.place, mover=Mover(upload_ways(StreamSource(self.master))))


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited, in no time."""
    made: list[float] = []
    monkeypatch.setattr(upload_queue, "pause", lambda seconds, alive: made.append(seconds))
    return made


def first(count: int, error: Callable[[], CloudError]) -> Callable[[int], None]:
    """Refuse the first uploads."""

    def refuse(number: int) -> None:
        if number <= count:
            raise error()

    return refuse


def test_the_same_image_is_filled_after_the_wait_with_a_fresh_reading(pauses: list[float]) -> None:
    scenario = Scenario(first(2, slow_down))
    assert not scenario.sync().failed
    assert [found.checksum for found in scenario.setup.images] == [md5(CONTENTS["a"])]
    assert (scenario.place.created, scenario.place.sent, len(scenario.master.downloads)) == (["a"], 3, 3)
    assert pauses == [30.0, 30.0]
    waits = of_type(Waiting, scenario.setup.events)
    text = "Burgos: Upload of a is refused for now: Slow down. (HTTP 429); waiting 30s, as it asks"
    assert [(wait.region, wait.image, wait.seconds, wait.message.text) for wait in waits] == [
        ("Burgos", "a", 30.0, text)
    ] * 2


def test_an_image_that_is_without_content_no_more_is_made_anew(
    pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    again: list[float] = []
    monkeypatch.setattr(new_image, "pause", lambda seconds, alive: again.append(seconds))
    scenario = Scenario(first(1, slow_down))
    scenario.setup.context = replace(scenario.setup.context, first_wait=1.0)
    scenario.place.status = "saving"
    assert not scenario.sync().failed
    assert scenario.place.created == ["a", "a"]
    assert pauses == [30.0]
    assert again == [pytest.approx(1.5, abs=0.5)]
    assert scenario.setup.names() == ["a"]


def test_a_region_that_asks_for_hours_is_not_waited_for(pauses: list[float]) -> None:
    scenario = Scenario(first(99, lambda: slow_down(10800.0)), IMAGES[:2], retry_timeout=300)
    outcome = scenario.sync()
    assert (pauses, scenario.place.sent, scenario.setup.images) == ([], 1, [])
    assert outcome.error == "Slow down. (HTTP 429); it asks to wait 3h, retry_timeout allows 5min"


@pytest.mark.parametrize(("asked", "bound"), [(50.0, 60), (20.0, 60), (300.0, 300), (None, 60)])
def test_it_is_tried_again_for_as_long_as_is_configured(pauses: list[float], asked: float | None, bound: int) -> None:
    scenario = Scenario(first(99, lambda: slow_down(asked)), retry_timeout=bound)
    assert scenario.sync().failed
    assert bound <= sum(pauses) < 2 * bound
    assert scenario.place.sent == len(pauses) + 1


@pytest.mark.parametrize("at_once", [2, 3, 4])
def test_a_region_that_takes_one_upload_at_a_time_gets_them_all(pauses: list[float], at_once: int) -> None:
    busy = threading.Lock()

    def one_at_a_time(number: int) -> None:
        if not busy.acquire(blocking=False):
            raise crowded()
        wait_for(lambda: fewer in scenario.setup.reported(), "uploads that are refused meanwhile")
        busy.release()

    cause = "over limit: image_count_uploading (HTTP 413)"
    fewer = f"Burgos: Images are uploaded at most 1 at a time from now on. Cause: {cause}"
    scenario = Scenario(one_at_a_time, IMAGES, uploads_per_region=at_once)
    assert not scenario.sync().failed
    assert scenario.setup.names() == sorted(CONTENTS)
    assert sorted(scenario.place.created) == sorted(CONTENTS)


def test_one_that_is_refused_while_no_other_is_under_way_is_tried_again_for_a_while(pauses: list[float]) -> None:
    scenario = Scenario(first(3, crowded))
    assert not scenario.sync().failed
    assert len(pauses) == 3
    assert scenario.place.created == ["a"]


def test_only_one_is_tried_again_while_none_is_taken(pauses: list[float]) -> None:
    scenario = Scenario(first(999, crowded), IMAGES, uploads_per_region=3, retry_timeout=60)
    outcome = scenario.sync()
    assert errors(outcome).keys() == set(CONTENTS)
    assert 60 <= sum(pauses) < 120
    assert len({event.image for event in of_type(Waiting, scenario.setup.events)}) == 1
    assert scenario.setup.images == []


def test_then_nothing_more_is_uploaded_and_the_rest_goes_on(pauses: list[float]) -> None:
    old = image("e", "E", size=MIB)
    masters = [*IMAGES[:2], master_image("e", "E", properties={"nid": "7"})]
    scenario = Scenario(first(99, crowded), masters, [old], retry_timeout=60)
    outcome = scenario.sync()
    assert outcome.error is None
    assert errors(outcome)["a"].startswith("over limit: image_count_uploading (HTTP 413); refused for ")
    assert errors(outcome)["b"].startswith("not attempted: ")
    assert scenario.setup.named("e").user_properties == {"nid": "7"}
    assert scenario.setup.names() == ["e"]


def test_a_refusal_that_was_waited_for_already_is_not_waited_for_again(pauses: list[float]) -> None:
    scenario = Scenario(first(99, lambda: slow_down().given_up("it asks to wait 3h")))
    assert scenario.sync().failed
    assert (pauses, scenario.place.sent) == ([], 1)


def test_other_failures_are_no_refusals_for_now(pauses: list[float]) -> None:
    scenario = Scenario(first(99, lambda: CloudError("no", status=400, scope=Scope.IMAGE)))
    assert scenario.sync().failed
    assert (pauses, scenario.place.sent) == ([], 1)

"""What a run does first with what an interrupted one left (sync 3.9, design 4.2)."""

from __future__ import annotations

import pytest

from fiwareglancesync.base.errors import Conflict
from fiwareglancesync.images.execution.recovery import STILL_FETCHED
from fiwareglancesync.images.model import JOURNAL, Image
from fiwareglancesync.images.planning import Tidying
from tests.support.builders import OURS, THEIRS, RegionSetup, carrying, errors, image, journal, master_image
from tests.support.watched import FetchingPlace, WatchedPlace, refusing

LONG_AGO = "2001-01-01T00:00:00+00:00"


def new(content: str = "A", **fields: object) -> Image:
    """What was being made for ``a``, full but not published."""
    return image("a", content, **{"id": "made", "visibility": "private", **fields})


def synchronised(setup: RegionSetup) -> list[str]:
    """Synchronise; the kinds of writes that were made."""
    place = WatchedPlace(setup.place)
    assert not setup.sync(through=lambda _: place).failed, setup.reported()
    return [write.kind for write in place.writes]


def tidyings(setup: RegionSetup) -> list[Tidying]:
    return [left.tidying for left in setup.plan().leftovers]


def test_an_image_that_is_full_and_still_wanted_is_published_without_another_upload() -> None:
    setup = RegionSetup([master_image("a", properties={"nid": "1"})], [carrying(new())])
    assert tidyings(setup) == [Tidying.FINISH]
    assert synchronised(setup) == ["update"]
    made = setup.named("a")
    assert (made.id, made.visibility, dict(made.user_properties)) == ("made", "public", {"nid": "1"})


def test_a_replacement_that_is_full_and_still_wanted_is_brought_to_its_end() -> None:
    made = carrying(new(), action="replace", old="r-a")
    setup = RegionSetup([master_image("a")], [image("a", "old"), made], replace=["old"])
    assert tidyings(setup) == [Tidying.FINISH]
    assert "adopt" not in synchronised(setup)
    assert [(i.id, i.name, dict(i.user_properties)) for i in setup.images] == [("made", "a", {})]


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(carrying(new(status="queued", size=None), action="replace", old="r-a"), id="not full"),
        pytest.param(carrying(new("B"), action="replace", old="r-a"), id="other content than the master's now"),
        pytest.param(carrying(new(size=1), action="replace", old="r-a"), id="other size"),
        pytest.param(carrying(new(), action="rename", old="r-a"), id="another action than the plan's now"),
        pytest.param(carrying(new(), action="replace", old=None), id="another old image"),
    ],
)
def test_an_unfinished_image_that_is_of_no_use_is_removed_and_the_old_one_not_touched(made: Image) -> None:
    setup = RegionSetup([master_image("a")], [image("a", "old"), made], replace=["old"])
    assert tidyings(setup) == [Tidying.REMOVE]
    before = setup.images[0]
    setup.sync("nothing else")
    assert setup.images == [before]
    synchronised(setup)
    assert [(i.name, i.checksum) for i in setup.images] == [("a", "A")]


def test_an_unfinished_image_of_a_name_that_is_not_wanted_any_more_is_removed() -> None:
    setup = RegionSetup([], [carrying(new())])
    assert synchronised(setup) == ["delete"]
    assert setup.images == []


def test_of_two_that_could_be_finished_one_is() -> None:
    setup = RegionSetup([master_image("a")], [carrying(new()), carrying(new(id="made2"))])
    assert tidyings(setup) == [Tidying.FINISH, Tidying.REMOVE]
    synchronised(setup)
    assert [i.id for i in setup.images] == ["made"]


def test_an_unfinished_image_counts_for_no_status_and_no_warning() -> None:
    setup = RegionSetup([master_image("a")], [carrying(new("B")), carrying(new(id="made2", status="queued"))])
    made = setup.plan()
    assert ([entry.status.value for entry in made.entries], made.messages) == (["pending_upload"], ())


def test_another_hosts_unfinished_image_is_waited_for() -> None:
    now = RegionSetup().context.now()
    setup = RegionSetup([master_image("a"), master_image("b")], [carrying(new(), host="elsewhere", started=now)])
    before = setup.images
    outcome = setup.sync()
    assert errors(outcome) == {"a": f"in progress at elsewhere since {now}"}
    assert setup.images[:1] == before
    assert setup.did() == [("upload", "b")]


@pytest.mark.parametrize("started", [LONG_AGO, "no time"])
def test_another_hosts_unfinished_image_is_not_waited_for_for_ever(started: str) -> None:
    setup = RegionSetup([master_image("a")], [carrying(new("B"), host="elsewhere", started=started)])
    assert tidyings(setup) == [Tidying.REMOVE]


def test_another_hosts_published_image_is_settled() -> None:
    now = RegionSetup().context.now()
    pending = carrying(image("a"), step="published", host="elsewhere", started=now)
    setup = RegionSetup([master_image("a")], [pending])
    assert synchronised(setup) == ["update"]
    assert JOURNAL not in setup.named("a").user_properties


@pytest.mark.parametrize(
    "masters", [[], [master_image("a", "newer")], [master_image("a")]], ids=["gone", "newer", "same"]
)
def test_a_published_image_is_never_removed_whatever_the_master_is_now(masters: list[Image]) -> None:
    published = carrying(image("a", id="made"), step="published", action="replace", old="r-a")
    setup = RegionSetup(masters, [image("a", "old"), published])
    synchronised(setup)
    assert [(i.id, i.name, dict(i.user_properties)) for i in setup.images] == [("made", "a", {})]


def test_the_old_image_of_a_published_one_is_renamed_if_that_was_asked_for() -> None:
    published = carrying(image("a", id="made"), step="published", action="rename", old="r-a")
    setup = RegionSetup([master_image("a")], [image("a", "old"), image("a.old"), published])
    synchronised(setup)
    old = next(i for i in setup.images if i.id == "r-a")
    assert (old.name, old.visibility) == ("a.old.2", "private")


def test_an_old_image_that_has_its_new_name_already_keeps_it() -> None:
    published = carrying(image("a", id="made"), step="published", action="rename", old="r-a.old")
    setup = RegionSetup([master_image("a")], [image("a.old", "old"), published])
    synchronised(setup)
    assert setup.names() == ["a", "a.old"]


def test_links_lead_away_from_an_old_image_before_it_goes() -> None:
    published = carrying(image("kernel", id="made"), step="published", action="replace", old="r-kernel")
    ami = image("ami", properties={"kernel_id": "r-kernel"})
    setup = RegionSetup(
        [master_image("kernel"), master_image("ami", properties={"kernel_id": "m-kernel"})],
        [image("kernel", "old"), published, ami],
    )
    place = WatchedPlace(setup.place)
    setup.sync(through=lambda _: place)
    changed = [write.image for write in place.writes]
    assert changed.index("r-ami") < changed.index("r-kernel")
    assert setup.named("ami").user_properties == {"kernel_id": "made"}
    assert setup.names() == ["ami", "kernel"]


def test_a_published_image_that_is_anothers_old_one_is_settled_first() -> None:
    middle = carrying(image("a", "B", id="middle"), step="published", action="replace", old="r-a.old")
    last = carrying(image("a", id="last"), step="published", action="replace", old="middle")
    setup = RegionSetup([master_image("a")], [image("a.old", "C"), middle, last])
    synchronised(setup)
    assert [(i.id, i.name) for i in setup.images] == [("last", "a")]


def test_one_that_waits_for_a_change_of_this_run_has_its_successor_wait_too() -> None:
    first = image("a.old", "1", id="first")
    second = carrying(image("a.old.2", "2", id="second"), step="published", action="replace", old="first")
    third = carrying(image("a", id="third"), step="published", action="replace", old="second")
    user = image("user", properties={"kernel_id": "first"})
    setup = RegionSetup([master_image("a"), master_image("user")], [first, second, third, user])
    synchronised(setup)
    assert [(i.id, dict(i.user_properties)) for i in setup.images] == [("third", {}), ("r-user", {})]


def in_use(setup: RegionSetup, *uuids: str) -> WatchedPlace:
    """The region, where some images cannot be deleted."""
    refusal = refusing(Conflict("in use", status=409), lambda write: write.kind == "delete" and write.image in uuids)
    return WatchedPlace(setup.place, refusal)


def test_no_image_is_forgotten_when_the_one_that_took_its_place_is_replaced_too() -> None:
    setup = RegionSetup([master_image("a", "2")], [image("a", "1")], replace=["any"])
    setup.sync(through=lambda _: in_use(setup, "r-a"))
    setup.federation.put(master_image("a", "3"))
    place = in_use(setup, "r-a")
    assert setup.sync(through=lambda _: place).failed
    assert [i.name for i in setup.images if i.visibility == "public"] == ["a"]
    assert sorted((i.name, i.checksum) for i in setup.images) == [("a", "3"), ("a.old", "1"), ("a.old.2", "2")]
    synchronised(setup)
    assert [(i.name, i.checksum, dict(i.user_properties)) for i in setup.images] == [("a", "3", {})]


def test_two_images_that_claim_to_have_taken_each_others_place_do_not_wait_for_each_other() -> None:
    pending = [
        carrying(image("a", id=mine), step="published", action="replace", old=other)
        for mine, other in (("one", "two"), ("two", "one"))
    ]
    setup = RegionSetup([master_image("a")], pending)
    synchronised(setup)
    assert [(i.name, i.visibility, dict(i.user_properties)) for i in setup.images] == [("a", "public", {})]


def test_an_old_image_is_not_forgotten_when_its_successor_becomes_obsolete() -> None:
    setup = RegionSetup([master_image("a", "2")], [image("a", "1")], replace=["any"])
    setup.sync(through=lambda _: in_use(setup, "r-a"))
    setup.federation.put(master_image("a_obsolete", "2", id="m-a"))
    setup.sync(through=lambda _: in_use(setup, "r-a"))
    assert setup.names() == ["a.old", "a_obsolete"]
    synchronised(setup)
    assert [(i.name, dict(i.user_properties)) for i in setup.images] == [("a_obsolete", {})]
    assert setup.reported() == []


def test_an_old_image_that_is_kept_is_reported_of_by_the_name_that_it_has() -> None:
    published = carrying(image("kernel", id="made"), step="published", action="replace", old="r-kernel.old")
    user = image("user", owner=THEIRS, properties={"kernel_id": "r-kernel.old"})
    setup = RegionSetup([master_image("kernel")], [image("kernel.old", "old"), published, user])
    synchronised(setup)
    (text,) = setup.reported()
    assert "(UUID r-kernel.old) is kept as kernel.old: used by user" in text


def test_old_images_of_one_name_get_different_names() -> None:
    olds = [image("a", content, id=f"old{content}") for content in "XY"]
    made = [
        carrying(image("a", id=f"new{content}"), step="published", action="rename", old=f"old{content}")
        for content in "XY"
    ]
    setup = RegionSetup([master_image("a")], [*olds, *made])
    synchronised(setup)
    assert sorted(i.name for i in setup.images if i.id.startswith("old")) == ["a.old", "a.old.2"]


def test_old_images_go_even_if_what_links_to_them_is_not_chosen() -> None:
    published = carrying(image("kernel", id="made"), step="published", action="replace", old="r-kernel")
    ami = image("ami", properties={"kernel_id": "r-kernel"})
    masters = [master_image("kernel"), master_image("ami", properties={"kernel_id": "m-kernel", "nid": "1"})]
    setup = RegionSetup(masters, [image("kernel", "old"), published, ami])
    setup.sync("nothing else")
    assert setup.names() == ["ami", "kernel"]
    assert setup.named("ami").user_properties == {"kernel_id": "made"}
    assert setup.plan().leftovers == ()


def test_an_image_whose_kernel_is_still_to_be_made_is_made_again_with_its_final_link() -> None:
    masters = [master_image("kernel"), master_image("a", properties={"kernel_id": "m-kernel"})]
    setup = RegionSetup(masters, [carrying(new(properties={"kernel_id": "gone"}))])
    assert tidyings(setup) == [Tidying.REMOVE]
    synchronised(setup)
    assert setup.named("a").user_properties == {"kernel_id": setup.named("kernel").id}


FORGED = {
    "a snapshot's copy": image("a", "S", properties={JOURNAL: journal("r-other").text()}),
    "a stranger's": carrying(image("a", "S", owner=THEIRS)),
    "one that wants a stranger's image removed": carrying(image("a", "S"), action="replace", old="r-theirs"),
    "one that wants another image of ours removed": carrying(image("a", "S"), action="replace", old="r-bystander"),
    "one that wants itself removed": carrying(image("a", "S"), action="replace", old="r-a"),
    "no JSON": image("a", "S", properties={JOURNAL: "{"}),
    "no object": image("a", "S", properties={JOURNAL: "[]"}),
    "no step": carrying(image("a", "S"), step="finished"),
    "no action": carrying(image("a", "S"), action="delete"),
}


@pytest.mark.parametrize("step", ["new", "published"])
@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
def test_a_journal_of_another_image_changes_nothing(forged: Image, step: str) -> None:
    pending = forged
    text = forged.user_properties[JOURNAL]
    if '"step":"new"' in text:
        pending = image("a", "S", owner=forged.owner, properties={JOURNAL: text.replace('"new"', f'"{step}"')})
    setup = RegionSetup(
        [], [pending, image("bystander"), image("theirs", owner=THEIRS)], replace=["any"], rename=["any"]
    )
    before = setup.images
    assert synchronised(setup) == []
    assert setup.images == before
    assert setup.reported() == [
        "Burgos: image a (UUID r-a) carries a glancesync_pending that is not its own; it is treated as a local image "
        "and left alone. Remove the property to have it considered."
    ]


def test_beside_a_forged_journal_ours_is_made() -> None:
    setup = RegionSetup([master_image("a")], [FORGED["a snapshot's copy"]], replace=["any"])
    synchronised(setup)
    assert [(i.owner, i.checksum) for i in setup.images] == [(OURS, "S"), (OURS, "A")]


def queued() -> Image:
    """What was being made for ``a``, which the region was asked to fetch."""
    return carrying(new(status="queued", size=None, checksum=None))


class TestWhatTheRegionIsStillFetching:
    def test_is_waited_for_and_published_when_it_is_full_then(self) -> None:
        setup = RegionSetup([master_image("a")], [queued()])
        place = FetchingPlace(setup.place, {"made": lambda uuid: setup.place.adopt(uuid, master_image("a"))})
        assert not setup.sync(through=lambda _: place).failed, setup.reported()
        assert [write.kind for write in place.writes] == ["update"]
        assert (setup.named("a").id, setup.named("a").visibility) == ("made", "public")

    def test_is_waited_for_and_removed_when_nothing_came_of_it(self) -> None:
        setup = RegionSetup([master_image("a")], [queued()])
        place = FetchingPlace(setup.place, {"made": lambda uuid: None})
        assert not setup.sync(through=lambda _: place).failed, setup.reported()
        assert [write.kind for write in place.writes] == ["delete", "create", "adopt", "update"]

    def test_may_be_removed_meanwhile(self) -> None:
        setup = RegionSetup([master_image("a")], [queued()])
        place = FetchingPlace(setup.place, {"made": setup.place.delete})
        assert not setup.sync(through=lambda _: place).failed, setup.reported()
        assert [write.kind for write in place.writes] == ["create", "adopt", "update"]

    def test_is_left_alone_when_that_takes_too_long_and_so_is_its_name(self) -> None:
        setup = RegionSetup([master_image("a"), master_image("b")], [queued()])
        outcome = setup.sync(through=lambda inner: FetchingPlace(inner, {"made": None}))
        assert setup.reported()[0] == STILL_FETCHED
        assert f"in progress by the region itself since {journal('made').started}" in setup.reported()
        assert setup.names() == ["a", "b"]
        assert (setup.named("a").id, outcome.failures) == ("made", 1)

    def test_is_published_once_when_another_one_is_full_too(self) -> None:
        setup = RegionSetup([master_image("a")], [queued(), carrying(new(id="made2"))])
        place = FetchingPlace(setup.place, {"made": lambda uuid: setup.place.adopt(uuid, master_image("a"))})
        assert not setup.sync(through=lambda _: place).failed, setup.reported()
        assert [i.id for i in setup.images] == ["made"]

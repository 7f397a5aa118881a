"""Each guard keeps an image that would be removed without it (vault 5.3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from fiwareglancesync.images.healing.removal_plan import (
    ImageUses,
    RemovalPlan,
    RemovalRules,
    plan_removals,
    unneeded_images,
)
from fiwareglancesync.images.heat.image_comparison import Comparison
from fiwareglancesync.images.model import JOURNAL, Image
from fiwareglancesync.images.removal_mark import hiding
from fiwareglancesync.images.vault.healing_ledger import HealingLedger, Removal, RemovalStep
from tests.support.builders import THEIRS, image
from tests.support.comparing import compared, kept, templates

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=timezone.utc)
DAY = timedelta(days=1)
UUID, SERVER = "aaaaaaaa-0000-4000-8000-000000000000", "bbbbbbbb-0000-4000-8000-000000000000"
ALL = RemovalRules(patterns=("*",))
OLD = dict.fromkeys(("old", "older", "kernel", "old-2", "machine"), NOW - 8 * DAY)


def old(**fields: Any) -> Image:
    return image("old", **{"id": UUID, **fields})


def hidden(days: int) -> Image:
    """The image, hidden some days ago."""
    return hiding(old(), NOW - days * DAY).apply(old())


def plan(
    region: Iterable[Image] = (),
    shelf: Iterable[Image] = (),
    needed: Iterable[str] = (),
    mentioned: Iterable[str] = (),
    ledger: HealingLedger = HealingLedger(10, OLD),  # noqa: B008 - it is never changed
    rules: RemovalRules = ALL,
    uses: ImageUses = ImageUses(),  # noqa: B008 - it is never changed
    **more: Any,
) -> RemovalPlan:
    """The plan, where the region has ten further images that are needed, and so has the shelf."""
    others = [image(f"needed{number}") for number in range(10)]
    names = [*needed, *(each.name for each in others)]
    found = compared(names, [*region, *others], [*shelf, *others], mentioned)
    if more:
        found = replace(found, templates=templates(names, mentioned, **more))
    return plan_removals(found, ledger, rules, uses, NOW)


def names_of(found: Comparison) -> list[str]:
    """The names of the images that are not needed."""
    unneeded = unneeded_images(found)
    return [row.name for row in found.rows if row.name in unneeded]


def removed(found: RemovalPlan) -> dict[str, list[str]]:
    steps = {"hide": found.hide, "delete": found.delete, "leave": found.leave}
    return {step: [each.name for each in images] for step, images in steps.items() if images}


def test_an_image_that_was_not_needed_for_so_long_is_hidden() -> None:
    assert removed(plan([old()])) == {"hide": ["old"]}


@pytest.mark.parametrize("days", [6.9, -1, -400])
def test_an_image_that_was_uploaded_since_is_another_one_and_is_kept(days: float) -> None:
    created = (NOW - days * DAY).strftime("%Y-%m-%dT%H:%M:%SZ")
    found = plan([old(created_at=created)])
    assert removed(found) == {}
    assert found.kept == {"old": f"it was made at {created}, and quarantine has not passed since"}


@pytest.mark.parametrize("created", ["2026-03-13T12:00:00Z", "2020-01-01T00:00:00+01:00", ""])
def test_one_that_is_older_is_hidden(created: str) -> None:
    assert removed(plan([old(created_at=created)])) == {"hide": ["old"]}


def test_an_image_that_was_hidden_for_so_long_is_deleted() -> None:
    assert removed(plan([hidden(7)])) == {"delete": ["old"]}
    found = plan([hidden(6)])
    assert removed(found) == {}
    assert found.waiting["old"].startswith("it is hidden since 2026-")


def test_until_when_an_image_waits_is_named() -> None:
    found = plan([old()], ledger=HealingLedger(10, {"old": NOW - 6 * DAY}))
    assert removed(found) == {}
    day = (NOW - 6 * DAY).strftime("%Y-%m-%d")
    assert found.waiting["old"].startswith(f"it is not needed since {day}T")


@pytest.mark.parametrize(("region", "shelf"), [([old()], []), ([hidden(8)], []), ([], [kept("old", id=UUID)])])
def test_an_image_that_was_needed_under_another_name_waits(region: list[Image], shelf: list[Image]) -> None:
    ledger = HealingLedger(10, {**OLD, UUID: NOW - 6 * DAY})
    found = plan(region, shelf, ledger=ledger)
    assert (removed(found), list(found.waiting)) == ({}, ["old"])
    assert removed(plan(region, shelf, ledger=replace(ledger, unneeded={**OLD, UUID: NOW - 7 * DAY})))


def test_an_image_that_only_the_shelf_has_leaves_it() -> None:
    assert removed(plan([], [kept("old")])) == {"leave": ["old"]}
    assert removed(plan([hidden(1)], [kept("old")])) == {}


@pytest.mark.parametrize(
    ("about", "given"),
    [
        ("needed", {"needed": ["old"]}),
        ("only mentioned", {"mentioned": ["old"]}),
        ("an unresolved expression", {"unresolved": True}),
        ("not unneeded for long enough", {"ledger": HealingLedger(10, {"old": NOW - 6 * DAY})}),
        ("unneeded for the first time", {"ledger": HealingLedger(10, {})}),
        ("another name that contains it", {"ledger": HealingLedger(10, {"old-2": NOW - 9 * DAY})}),
        ("not in the scope", {"rules": RemovalRules(patterns=("ol", "*x*"))}),
        ("without the tag", {"rules": RemovalRules(tag="lab")}),
        ("without any scope", {"rules": RemovalRules()}),
        ("in use by a server or a volume", {"uses": ImageUses({UUID: "server web"})}),
        ("perhaps in use", {"uses": ImageUses(unknown="Nova does not answer")}),
        ("more than are allowed in a week", {"rules": replace(ALL, max_deletions=0)}),
    ],
)
@pytest.mark.parametrize("step", ["hide", "delete", "leave"])
def test_what_keeps_every_image(about: str, given: dict[str, Any], step: str) -> None:
    places: dict[str, Any] = {
        "hide": {"region": [old()]},
        "delete": {"region": [hidden(8)]},
        "leave": {"shelf": [kept("old", id=UUID)]},
    }
    assert removed(plan(**places[step])) == {step: ["old"]}
    assert removed(plan(**places[step], **given)) == {}, about


@pytest.mark.parametrize(
    "fields",
    [
        {"protected": True},
        {"tags": ("keep",)},
        {"owner": THEIRS},
        {"status": "deactivated"},
        {"status": "queued"},
        {"properties": {JOURNAL: "{}"}},
    ],
)
def test_what_keeps_an_image_of_the_region(fields: dict[str, Any]) -> None:
    assert removed(plan([old(**fields)])) == {}


def test_an_image_with_tags_is_removed_where_that_is_asked_for() -> None:
    assert removed(plan([old(tags=("a",))], rules=replace(ALL, tagged=True))) == {"hide": ["old"]}


def test_a_protected_image_of_the_shelf_stays() -> None:
    assert removed(plan([], [kept("old", protected=True)])) == {}


def test_namesakes_are_kept() -> None:
    assert removed(plan([old(), old(id=SERVER)])) == {}


def test_an_image_is_not_hidden_while_another_of_its_name_is() -> None:
    assert removed(plan([hidden(1), old(id=SERVER)])) == {}


def test_a_hidden_image_that_a_user_has_made_visible_is_not_deleted() -> None:
    assert removed(plan([replace(hidden(20), hidden=False)])) == {"hide": ["old"]}
    assert removed(plan([replace(hidden(20), visibility="public")], ledger=HealingLedger(10, {}))) == {}


def test_a_mark_of_the_future_or_of_another_image_deletes_nothing() -> None:
    assert "delete" not in removed(plan([hidden(-1)]))
    assert "delete" not in removed(plan([replace(hidden(20), id=SERVER)]))


class TestLinks:
    def test_a_kernel_of_a_needed_image_is_kept(self) -> None:
        region = [image("machine", properties={"kernel_id": UUID}), image("kernel", id=UUID)]
        assert removed(plan(region, needed=["machine"])) == {}

    @pytest.mark.parametrize("owner", ["ours", THEIRS])
    def test_a_kernel_of_any_image_that_stays_is_kept(self, owner: str) -> None:
        machine = image("machine", properties={"ramdisk_id": UUID.upper()}, owner=owner, protected=True)
        found = plan([machine, image("kernel", id=UUID)])
        assert removed(found) == {}
        assert found.kept["kernel"] == "image machine links to it"


def test_a_snapshot_of_a_server_that_is_there_is_kept() -> None:
    snapshot = old(properties={"instance_uuid": SERVER})
    assert removed(plan([snapshot], uses=ImageUses(servers=frozenset({SERVER})))) == {}
    assert removed(plan([snapshot])) == {"hide": ["old"]}


class TestLimits:
    def many(self, count: int, **given: Any) -> RemovalPlan:
        names = [f"old{number}" for number in range(count)]
        ledger = given.pop("ledger", HealingLedger(10, dict.fromkeys(names, NOW - 9 * DAY)))
        return plan([image(name) for name in names], ledger=ledger, **given)

    def test_a_fifth_of_a_side_is_removed_in_one_run_and_no_more(self) -> None:
        assert len(self.many(2).hide) == 2  # of 12
        assert removed(self.many(4)) == {}  # of 14: two are a fifth
        assert "4 of 14 images of the region would be hidden" in self.many(4).refusal

    def test_one_image_is_always_allowed(self) -> None:
        found = compared([], [old()], [])
        assert removed(plan_removals(found, HealingLedger(1, OLD), ALL, ImageUses(), NOW)) == {"hide": ["old"]}

    def test_those_of_the_last_week_count(self) -> None:
        before = tuple(Removal(str(n), "x", RemovalStep.HIDDEN, NOW - n * DAY) for n in range(1, 10))
        ledger = HealingLedger(10, {**OLD, "old0": NOW - 9 * DAY}, before)
        rules = replace(ALL, max_deletions=7)
        assert "after 6 in 7 days; max_deletions is 6" in self.many(1, ledger=ledger, rules=replace(
            rules, max_deletions=6)).refusal  # fmt: skip
        assert removed(self.many(1, ledger=ledger, rules=rules)) == {"hide": ["old0"]}


    def test_an_image_with_which_a_killed_healing_had_begun_does_not_count_twice(self) -> None:
        before = (Removal("r-old0", "old0", RemovalStep.HIDDEN, NOW - DAY),)
        ledger = HealingLedger(10, {"old0": NOW - 9 * DAY}, before)
        rules = replace(ALL, max_deletions=1)
        assert removed(self.many(1, ledger=ledger, rules=rules)) == {"hide": ["old0"]}


class TestUnneeded:
    def test_it_has_the_uuids_of_these_images_too(self) -> None:
        found = compared([], [old(), hidden(1)], [kept("older", id=SERVER)])
        assert unneeded_images(found) == ["old", "older", UUID, SERVER]

    def test_it_is_what_nothing_needs_or_mentions(self) -> None:
        found = compared(["a"], [image("a"), image("b"), image("c")], [kept("d")], mentioned=["c"])
        assert names_of(found) == ["b", "d"]

    def test_the_kernel_of_a_mentioned_image_is_none_of_them(self) -> None:
        region = [image("c", properties={"kernel_id": UUID}), image("kernel", id=UUID), image("b")]
        assert names_of(compared([], region, [], mentioned=["c"])) == ["b"]

    def test_nothing_is_known_to_be_unneeded_while_anything_is_unresolved(self) -> None:
        found = compared(["a"], [image("b")], [])
        assert names_of(replace(found, templates=templates(["a"], unresolved=True))) == []


@pytest.mark.parametrize("given", ["OLD", " old ", "o\u0301ld", "\uff4fld"])
def test_a_name_that_differs_only_in_what_databases_ignore_is_kept(given: str) -> None:
    for found in (plan([old()], needed=[given]), plan([old()], mentioned=[given])):
        assert removed(found) == {}
        assert found.kept == {"old": f"templates name {given}, which Glance may take for the same name"}
    assert names_of(compared([given], [old()])) == []


@pytest.mark.parametrize("given", [UUID, UUID.upper(), UUID.replace("-", "")])
def test_an_image_whose_uuid_templates_name_stays_on_the_shelf_under_another_name(given: str) -> None:
    theirs = image("renamed", id=UUID, owner=THEIRS)
    found = plan([theirs], [kept("old", id=UUID)], needed=[given])
    assert (removed(found), found.kept) == ({}, {"old": "templates name its UUID"})
    assert names_of(compared([given], [theirs], [kept("old", id=UUID)])) == []


def test_a_name_that_contains_one_of_templates_is_removed_all_the_same() -> None:
    assert removed(plan([old()], needed=["ol", "older", "o ld"])) == {"hide": ["old"]}

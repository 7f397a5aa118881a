"""What is restored, what is backed up, and what stays on the shelf (vault 5.3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

import pytest

from fiwareglancesync.images.healing.healing_plan import HealingPlan, plan_healing, scope_of
from fiwareglancesync.images.removal_mark import hiding
from tests.support.builders import THEIRS, carrying, image
from tests.support.comparing import compared, kept

UUID = "aaaaaaaa-0000-4000-8000-000000000000"


def names(plan: HealingPlan) -> dict[str, list[str]]:
    steps = ("reverts", "restores", "unfinished", "relinks", "backups")
    found = {step: getattr(plan, step) for step in steps}
    return {what: [row.name for row in rows] for what, rows in found.items() if rows}


def test_what_is_missing_in_one_place_comes_from_the_other() -> None:
    found = compared(["lost", "new", "both", "gone"], [image("new"), image("both")], [kept("lost"), kept("both")])
    assert names(plan_healing(found)) == {"restores": ["lost"], "backups": ["new"]}


def test_where_bytes_differ_the_region_is_backed_up_and_never_the_other_way() -> None:
    assert names(plan_healing(compared(["a"], [image("a", "B")], [kept("a")]))) == {"backups": ["a"]}


def test_nothing_is_done_about_what_is_shown_apart() -> None:
    region = [
        image("two", id="1"), image("two", id="2"), image("off", status="deactivated"), image("busy", status="saving"),
        image("theirs", owner=THEIRS), image("old"),
    ]  # fmt: skip
    shelf = [kept(name) for name in ("two", "off", "busy", "theirs", "older")]
    assert plan_healing(compared(["two", "off", "busy", "theirs", "gone"], region, shelf)).is_empty


def test_what_is_hidden_and_needed_again_is_made_visible_and_not_uploaded() -> None:
    whole = image("a", id=UUID)
    hidden = hiding(whole, datetime.now(timezone.utc)).apply(whole)
    assert names(plan_healing(compared(["a"], [hidden], [kept("a", id=UUID)]))) == {"reverts": ["a"]}
    assert names(plan_healing(compared(["a"], [hidden], []))) == {"reverts": ["a"]}


@pytest.mark.parametrize(
    ("step", "expected"), [("new", {"restores": ["a"]}), ("published", {"unfinished": ["a"]})]
)
def test_what_an_interrupted_restore_has_left_is_finished(step: str, expected: dict[str, list[str]]) -> None:
    left = carrying(image("a", id=UUID), step=step)
    assert names(plan_healing(compared(["a"], [left], [kept("a")]))) == expected
    copied = replace(left, id=UUID.replace("a", "b"))
    assert plan_healing(compared(["a"], [copied], [kept("a")])).is_empty


class TestScope:
    def test_a_backup_is_about_needed_images_alone(self) -> None:
        found = compared(["a", "b"], [image("a"), image("b", status="queued"), image("c")], [])
        assert scope_of(found).images == {"r-a"}

    def test_what_is_made_visible_again_is_backed_up_and_no_namesake_that_stays_hidden(self) -> None:
        whole, older = image("a", id=UUID, created_at="2"), image("a", id=UUID.replace("a", "b"), created_at="1")
        hidden = [hiding(each, datetime.now(timezone.utc)).apply(each) for each in (older, whole)]
        assert scope_of(compared(["a"], hidden, [])).images == {UUID}

    def test_an_image_that_is_hidden_and_not_needed_is_not_backed_up(self) -> None:
        whole = image("a", id=UUID)
        hidden = hiding(whole, datetime.now(timezone.utc)).apply(whole)
        assert scope_of(compared([], [hidden], [])).images == frozenset()

    def test_an_image_whose_former_name_a_needed_one_has_by_now_gets_a_new_record(self) -> None:
        former, present = (f"{digit * 8}-0000-4000-8000-000000000000" for digit in "12")
        region, renamed = [image("app", "B", id=present)], image("app-1", id=former)
        shelf = [kept("app", id=former), kept("app", "B", id=present)]
        plan = plan_healing(compared(["app"], [*region, renamed], shelf))
        assert (plan.backs_up, plan.scope.images) == (True, frozenset({former, present}))
        plan = plan_healing(compared(["app"], [renamed], shelf[:1]))
        assert (plan.backs_up, plan.scope.images) == (False, frozenset())

    def test_only_what_is_to_leave_leaves(self) -> None:
        found = compared(["a", "b"], [image("a")], [kept("a"), kept("b"), kept("c")])
        assert scope_of(found).leaving == frozenset()
        assert scope_of(found, frozenset({"r-c"})).leaving == {"r-c"}

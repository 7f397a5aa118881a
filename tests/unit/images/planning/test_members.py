"""Whom images are shared with (sync 3.5, ``sync_members``)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.images.model import MEMBERS, NO_PROPERTIES, Image, Patch
from fiwareglancesync.images.planning import PlanEntry, add_members, plan_region, record_patch, shared_images
from fiwareglancesync.images.planning.members import (
    MemberChange,
    WantedMembers,
    added_members,
    member_change,
    wanted_members,
)
from tests.support.builders import HERE, OURS, image, listing, master_image, selection, target

SHARED = master_image("a", visibility="shared")
RULES = {"forcesyncs": ["m-a"], "sync_members": True}


def entry(
    wanted: set[str], there: Image | None, present: set[str], *, same_keystone: bool = True, **rules: object
) -> PlanEntry:
    """The plan's only entry, when the master's image is shared with some projects and the region's with others."""
    chosen = selection([SHARED], **{**RULES, **rules})
    chosen = add_members(chosen, {"m-a": frozenset(wanted)}, same_keystone=same_keystone)
    images = [] if there is None else [there]
    members = {found.id: frozenset(present) for found in images}
    (made,) = plan_region(chosen, replace(listing(*images), members=members), HERE).entries
    return made


def recorded(*projects: str, **fields: Any) -> Image:
    """The region's image, which records that we added these projects."""
    properties = {MEMBERS: json.dumps({"master": list(projects)})} if projects else {}
    return image("a", properties=properties, **{"visibility": "shared", **fields})


def said(*projects: str) -> str:
    """The record of these projects."""
    return json.dumps({"master": list(projects)}, separators=(",", ":"))


def test_missing_members_are_added_and_recorded_before() -> None:
    made = entry({"p", "q"}, recorded(), {"q", "r"})
    assert (made.status.value, made.patch) == ("pending_metadata", Patch(set={MEMBERS: said("p")}))
    assert (made.members.add, made.members.remove) == (("p",), ())
    assert made.differences == ("member (none) → p",)


def test_only_members_that_we_added_are_removed() -> None:
    made = entry(set(), recorded("p", "q"), {"p", "by-hand"})
    assert (made.members.add, made.members.remove, made.members.settled) == ((), ("p",), None)
    assert made.differences == ("member p → (none)",)


def test_the_record_of_another_target_stays() -> None:
    there = replace(recorded(), user_properties={MEMBERS: json.dumps({"other": ["p"]})})
    made = entry(set(), there, {"p"})
    assert made.status.value == "ok"
    made = entry({"q"}, there, {"p"})
    assert json.loads(made.patch.set[MEMBERS]) == {"master": ["q"], "other": ["p"]}


@pytest.mark.parametrize("visibility", ["public", "community", "private"])
def test_where_the_master_is_not_shared_members_do_not_count(visibility: str) -> None:
    chosen = selection([replace(SHARED, visibility=visibility)], **RULES)
    assert shared_images(chosen) == []


def test_an_image_that_becomes_shared_gets_its_members_in_the_same_run() -> None:
    made = entry({"p"}, recorded(visibility="private"), set())
    assert (made.patch.visibility, made.members.add) == ("shared", ("p",))


def test_a_new_image_gets_them_once_it_is_published() -> None:
    made = entry({"p", OURS}, None, set())
    assert (made.status.value, made.members.add, made.members.record) == ("pending_upload", ("p",), said("p"))


def test_without_sync_members_nothing_is_compared() -> None:
    assert shared_images(selection([SHARED], forcesyncs=["m-a"])) == []
    made = plan_region(selection([SHARED], forcesyncs=["m-a"]), listing(recorded()), HERE)
    assert made.in_step


def test_across_keystones_projects_are_mapped_and_others_noted() -> None:
    made = entry({"p", "q"}, recorded(), set(), same_keystone=False, member_map=(("p", "P"),))
    assert made.members.add == ("P",)
    assert made.notes == ("member q of the master has no project here (member_map)",)


def test_within_one_keystone_projects_are_the_same_unless_they_are_mapped() -> None:
    mapped = target(member_map=(("p", "P"),))
    assert wanted_members({"p", "q"}, mapped, same_keystone=True) == WantedMembers(frozenset({"P", "q"}))


@pytest.mark.parametrize("text", ["", "{", "[]", "1", '{"master": "p"}', '{"master": [1]}'])
def test_a_record_that_somebody_else_wrote_removes_nobody(text: str) -> None:
    there = replace(recorded(), user_properties={MEMBERS: text})
    assert entry(set(), there, {"p"}).members.remove == ()


PROJECTS = st.frozensets(st.sampled_from("pqrs"))


@given(PROJECTS, PROJECTS, PROJECTS)
def test_afterwards_the_wanted_ones_are_there_and_nobody_elses_has_gone(
    wanted: frozenset[str], present: frozenset[str], ours: frozenset[str]
) -> None:
    here = recorded(*sorted(ours))
    change = member_change(WantedMembers(wanted), here, present, OURS, target())
    after = (present | set(change.add)) - set(change.remove)
    assert wanted <= after
    assert present - ours <= after
    assert after - wanted <= present - ours
    patched = record_patch(here, change.settled).apply(here)
    again = member_change(WantedMembers(wanted), patched, after, OURS, target())
    assert not again


@given(PROJECTS, PROJECTS, PROJECTS)
def test_interrupted_anywhere_the_next_run_ends_the_same(
    wanted: frozenset[str], present: frozenset[str], ours: frozenset[str]
) -> None:
    here = recorded(*sorted(ours))
    change = member_change(WantedMembers(wanted), here, present, OURS, target())
    whole = (present | set(change.add)) - set(change.remove)
    marked = record_patch(here, change.record).apply(here)
    reached = present
    for project in (None, *change.add, *change.remove):
        reached = reached if project is None else reached ^ {project}
        rest = member_change(WantedMembers(wanted), marked, reached, OURS, target())
        assert (reached | set(rest.add)) - set(rest.remove) == whole


def test_no_record_is_no_property() -> None:
    assert record_patch(recorded("p"), None) == Patch(remove=(MEMBERS,))
    assert record_patch(image("a", properties=NO_PROPERTIES), None) == Patch()


def test_a_restore_adds_members_and_neither_removes_nor_records_any() -> None:
    wanted = WantedMembers(frozenset({"p1", "p2", OURS}))
    assert added_members(wanted, None, frozenset(), OURS) == MemberChange(("p1", "p2"))
    recorded = image("a", visibility="shared", properties={MEMBERS: '{"other":["p3"]}'})
    change = added_members(wanted, recorded, frozenset({"p1", "p3"}), OURS)
    assert (change.add, change.remove) == (("p2",), ())
    assert change.record == change.settled == recorded.user_properties[MEMBERS]

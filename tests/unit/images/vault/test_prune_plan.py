"""What a prune moves and deletes (vault 2.4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from fiwareglancesync.images.vault.prune_plan import (
    DamagedFile,
    PruneInventory,
    PrunePlan,
    RecordKey,
    RemovedFolder,
    StoredContent,
    StoredRecord,
    plan_prune,
)
from fiwareglancesync.images.vault.vault_model import ContentKey

NOW = datetime(2026, 3, 31, 12, 0, tzinfo=timezone.utc)
HASHES = [character * 128 for character in "abcd"]
KEYS = [RecordKey(shelf, "1", number) for shelf in ("Burgos", "Spain") for number in (1, 2)]

ages = st.integers(0, 20).map(lambda days: NOW - timedelta(days=days))
contents = st.builds(ContentKey, st.sampled_from(HASHES), st.just(10))
stored_contents = st.lists(
    st.builds(StoredContent, st.sampled_from(HASHES), st.sampled_from([10, 5]), ages),
    unique_by=lambda each: each.sha512,
    max_size=4,
).map(tuple)
stored_records = st.lists(
    st.builds(StoredRecord, st.sampled_from(KEYS), st.none() | contents, ages),
    unique_by=lambda each: each.key,
    max_size=4,
).map(tuple)
folders = st.lists(
    st.builds(RemovedFolder, ages.map(datetime.date), stored_contents, stored_records),
    unique_by=lambda each: each.date,
    max_size=3,
).map(tuple)
damaged = st.lists(
    st.sampled_from(HASHES).flatmap(lambda h: ages.map(lambda time: DamagedFile(f"{h}.{time}", h, 10, time))),
    max_size=2,
).map(tuple)
inventories = st.builds(
    PruneInventory,
    st.frozensets(contents, max_size=2),
    st.frozensets(st.sampled_from(HASHES), max_size=1),
    st.frozensets(st.sampled_from(KEYS), max_size=2),
    stored_contents,
    stored_records,
    st.frozensets(contents, max_size=1),
    folders,
    damaged,
)


def carried_out(inventory: PruneInventory, plan: PrunePlan) -> PruneInventory:
    """The vault after a plan has been carried out."""
    usual = {content.sha512: content for content in inventory.contents}
    records = {record.key: record for record in inventory.records}
    removed = {f.date: ({c.sha512: c for c in f.contents}, {r.key: r for r in f.records}) for f in inventory.removed}
    today = removed.setdefault(NOW.date(), ({}, {}))
    for day, content in plan.returned_contents:
        usual[content.sha512] = removed[day][0].pop(content.sha512)
    for day, record in plan.returned_records:
        records.setdefault(record.key, removed[day][1].pop(record.key))
    for day, record in plan.deleted_records:
        del removed[day][1][record.key]
    for day, content in plan.deleted_contents:
        del removed[day][0][content.sha512]
    for record in plan.moved_records:
        today[1].setdefault(record.key, records.pop(record.key))
    for content in plan.moved_contents:
        today[0].setdefault(content.sha512, usual.pop(content.sha512))
    left = (RemovedFolder(day, tuple(c.values()), tuple(r.values())) for day, (c, r) in removed.items())
    return replace(inventory, contents=tuple(usual.values()), records=tuple(records.values()), removed=tuple(left))


def present(inventory: PruneInventory) -> Iterator[ContentKey]:
    for content in (*inventory.contents, *(each for folder in inventory.removed for each in folder.contents)):
        yield content.key


def references(inventory: PruneInventory) -> Iterator[ContentKey]:
    yield from inventory.needed
    yield from inventory.fixed
    for record in (*inventory.records, *(each for folder in inventory.removed for each in folder.records)):
        if record.content is not None:
            yield record.content


@given(inventories)
def test_no_run_record_or_pin_loses_its_content(inventory: PruneInventory) -> None:
    after = carried_out(inventory, plan_prune(inventory, NOW))
    before = set(present(inventory))
    for content in references(after):
        assert content not in before or content in set(present(after))
    hashes = {content.sha512 for content in present(after)}
    assert all(pin in hashes for pin in inventory.pinned if pin in {content.sha512 for content in before})


@given(inventories)
def test_what_is_needed_is_in_its_usual_place_afterwards(inventory: PruneInventory) -> None:
    after = carried_out(inventory, plan_prune(inventory, NOW))
    usual = {content.key for content in after.contents}
    assert all(content in usual for content in inventory.needed & set(present(inventory)))
    known = {record.key for record in (*inventory.records, *(r for f in inventory.removed for r in f.records))}
    assert inventory.needed_records & known <= {record.key for record in after.records}


@given(inventories)
def test_nothing_is_deleted_that_was_not_moved_away_seven_days_before(inventory: PruneInventory) -> None:
    plan = plan_prune(inventory, NOW)
    limit = date(2026, 3, 23)  # its end was at least seven days ago
    assert all(day <= limit for day, _ in (*plan.deleted_contents, *plan.deleted_records))
    old = NOW - timedelta(days=7)
    assert all(content.changed < old for content in plan.moved_contents)
    assert all(record.changed < old for record in plan.moved_records)
    assert all(each.found < old for each in plan.deleted_damaged)


@given(inventories)
def test_what_runs_refer_to_stays(inventory: PruneInventory) -> None:
    plan = plan_prune(inventory, NOW)
    leaving = {each.sha512 for each in (*plan.moved_contents, *(c for _, c in plan.deleted_contents))}
    assert not leaving & {*(content.sha512 for content in inventory.needed), *inventory.pinned}
    assert not {r.key for r in (*plan.moved_records, *(r for _, r in plan.deleted_records))} & inventory.needed_records


@given(inventories)
def test_a_second_prune_at_once_finds_nothing_to_do(inventory: PruneInventory) -> None:
    plan = plan_prune(inventory, NOW)
    again = plan_prune(replace(carried_out(inventory, plan), damaged=()), NOW)
    assert again == PrunePlan(all_bytes=again.all_bytes)


def content(name: str, days: int, size: int = 10) -> StoredContent:
    return StoredContent(name * 128, size, NOW - timedelta(days=days))


def test_what_nothing_refers_to_is_moved_when_it_is_older_than_seven_days() -> None:
    plan = plan_prune(PruneInventory(contents=(content("a", 8), content("b", 6), content("c", 7))), NOW)
    assert plan.moved_contents == (content("a", 8),)


def test_a_record_that_no_run_has_leaves_with_its_content_and_keeps_it_until_it_is_deleted() -> None:
    old = NOW - timedelta(days=30)
    record = StoredRecord(KEYS[0], content("a", 30).key, old)
    plan = plan_prune(PruneInventory(contents=(content("a", 30),), records=(record,)), NOW)
    assert (plan.moved_records, plan.moved_contents) == ((record,), (content("a", 30),))
    # A record that was moved later keeps a content that was moved earlier.
    earlier = RemovedFolder(date(2026, 3, 1), (content("a", 30),))
    later = RemovedFolder(date(2026, 3, 24), (), (record,))
    assert plan_prune(PruneInventory(removed=(earlier, later)), NOW).deleted_contents == ()
    due = replace(later, date=date(2026, 3, 23))
    plan = plan_prune(PruneInventory(removed=(earlier, due)), NOW)
    assert (len(plan.deleted_contents), len(plan.deleted_records)) == (1, 1)


def test_a_young_record_keeps_its_content_without_a_run() -> None:
    record = StoredRecord(KEYS[0], content("a", 30).key, NOW)
    assert plan_prune(PruneInventory(contents=(content("a", 30),), records=(record,)), NOW).moved_contents == ()


def test_a_right_copy_replaces_one_that_is_cut_off() -> None:
    removed = RemovedFolder(date(2026, 3, 1), (content("a", 30),))
    needed = frozenset({content("a", 0).key})
    inventory = PruneInventory(needed=needed, contents=(content("a", 30, size=3),), removed=(removed,))
    assert plan_prune(inventory, NOW).returned_contents == ((removed.date, removed.contents[0]),)
    whole = replace(inventory, contents=(content("a", 30),))
    assert plan_prune(whole, NOW).returned_contents == ()


def test_damaged_files_are_deleted_when_their_content_is_there_again_or_nothing_needs_it() -> None:
    old = NOW - timedelta(days=8)
    files = tuple(DamagedFile(f"{name}.t", name * 128, 10, old) for name in "abc")
    needed = frozenset({content("a", 0).key, content("b", 0).key})
    inventory = PruneInventory(needed=needed, contents=(content("a", 1),), damaged=files)
    assert [file.sha512[0] for file in plan_prune(inventory, NOW).deleted_damaged] == ["a", "c"]


def test_over_half_is_too_much() -> None:
    kept, gone = content("a", 30, size=50), content("b", 30, size=50)
    inventory = PruneInventory(needed=frozenset({kept.key}), contents=(kept, gone))
    assert not plan_prune(inventory, NOW).takes_over_half
    assert plan_prune(replace(inventory, needed=frozenset()), NOW).takes_over_half
    assert not plan_prune(PruneInventory(), NOW).takes_over_half

"""Copies over years, with failures and with people who interfere: what must stay stays (snapshots 4)."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fiwareglancesync.snapshots.ceph.ceph_model import ImageState, Namespace, SeenSnapshot
from fiwareglancesync.snapshots.planning.copy_retention import newest_first
from fiwareglancesync.snapshots.planning.excess_plan import RemovalLimits
from fiwareglancesync.snapshots.schedule.server_list import ListedServer
from tests.strategies import LONG
from tests.support.snapshot_world import Image, World

SERVERS = [
    ListedServer("a", "p", "web", ("v1", "v2")),
    ListedServer("b", "p", "db", ("v3", "v4", "v5")),
    ListedServer("c", "p", "other", ("v6",)),
    ListedServer("d", "p", "node", ("v3", "v7")),
]
SCHEDULES = [
    "web: ['4@0,6,12,18', 2@sun]\ndb: 3\nnode: '5@sat,sun'\n",
    "web: 4@sun\ndb: ['2', '3@6,18']\n",
    "web: 0\ndb: 1\nnode: 1@-\n",
    "web: ['9', '2@3,9,15']\ndb: 6\nnode: 3\n",
]
HOURS = timedelta(hours=6)


def interfere(world: World, foreign: dict[int, tuple[Image, SeenSnapshot]]) -> None:
    """Somebody does something to an image, a volume or the schedule."""
    chance = world.chance
    image = chance.choice(list(world.images.values()))
    snapshots = list(image.snapshots.values())
    act = chance.randrange(12)
    if act < 4:
        name = chance.choice(["hourly_20200101T000000Z", "snapshot-1", "daily_x", "general"])
        namespace = chance.choice(list(Namespace))
        found = world.add(image, name, namespace)
        foreign[found.id] = image, found
    elif act < 6 and snapshots:
        image.protected.add(chance.choice(snapshots).id)
    elif act == 6 and snapshots:
        image.cloned.add(chance.choice(snapshots).id)
    elif act == 7 and snapshots:
        before = chance.choice(snapshots)
        after = SeenSnapshot(before.id, f"kept-{before.id}", before.namespace)
        image.snapshots[before.id] = after
        foreign[before.id] = image, after
    elif act == 8:
        world.schedule = chance.choice(SCHEDULES)
    elif act == 9:
        server = chance.randrange(len(world.servers))
        world.servers[server] = ListedServer(
            SERVERS[server].id, "p", SERVERS[server].name, tuple(sorted(_some(chance, world, server)))
        )
    elif act == 10 and len(world.volume_ids) > 3:
        gone = chance.choice(sorted(world.volume_ids))
        world.volume_ids.discard(gone)
        world.images[gone].state = chance.choice([ImageState.DELETED, ImageState.TRASHED])
        world.servers = [
            ListedServer(each.id, each.project, each.name, tuple(id for id in each.volume_ids if id != gone))
            for each in world.servers
        ]


def _some(chance: random.Random, world: World, server: int) -> list[str]:
    """Some of the volumes that a server may have, of those that are there."""
    there = [id for id in SERVERS[server].volume_ids if id in world.volume_ids]
    return there if chance.random() < 0.6 else there[:1]


@pytest.mark.parametrize("trouble", [0.0, 0.05, 0.4])
@given(seed=st.integers(0, 2**32))
@settings(max_examples=300 if LONG else 12, deadline=None)
def test_whatever_happens_nothing_goes_that_must_stay(trouble: float, seed: int) -> None:
    world = World(random.Random(seed), SCHEDULES[0], list(SERVERS), trouble, limits=RemovalLimits(most=20))
    foreign: dict[int, tuple[Image, SeenSnapshot]] = {}
    for number in range(4 * 30):
        before = {id: image.snapshots.copy() for id, image in world.images.items()}
        removed = len(world.removed)
        world.tick(HOURS + timedelta(minutes=world.chance.randrange(3)))
        if number % 3 == 0:
            world.keep_house()
        for each in world.removed[removed:]:
            assert world.ours.get(each.snapshot.id) == each.snapshot.name
            assert each.snapshot.id not in foreign
            assert not each.was_protected
            assert not each.was_cloned
            assert each.snapshot.namespace is Namespace.USER
        _newest_copies_stay(world, before)
        if world.chance.random() < 0.15:
            interfere(world, foreign)
    assert all(image.snapshots.get(id) == snapshot for id, (image, snapshot) in foreign.items())
    assert world.most_at_once <= world.limits.most
    assert world.most_after_creation <= 2


def _newest_copies_stay(world: World, before: dict[str, dict[int, SeenSnapshot]]) -> None:
    """The newest copy of a volume that is not deleted never goes."""
    for volume_id, snapshots in before.items():
        image = world.images[volume_id]
        ours = [id for id, snapshot in snapshots.items() if world.ours.get(id) == snapshot.name]
        if ours and image.state is ImageState.LIVE:
            assert any(id in image.snapshots for id in ours if id >= max(ours)) or any(
                id > max(ours) for id in image.snapshots if id in world.ours
            )


def test_in_a_quiet_year_each_set_has_exactly_its_count() -> None:
    world = World(random.Random(1), SCHEDULES[0], list(SERVERS), 0.0)
    for number in range(4 * 365):
        world.tick(HOURS)
        if number % 20 == 0:
            world.keep_house()
    counts = {key: sum(copy.job == key for copy in world.copies.values()) for key in world.jobs().by_key}
    shared = world.images["v3"].ref  # its other server is whole on two days a week: that copy stays besides
    for key, job in world.jobs().by_key.items():
        assert job.count <= counts[key] <= job.count + (key.image == shared)
    shown = sum(len(image.snapshots) for image in world.images.values())
    assert shown == sum(counts.values())


def test_the_newest_whole_copy_of_a_server_stays_while_one_of_its_volumes_fails() -> None:
    world = World(random.Random(1), "web: '3@0,6,12,18'\n", [SERVERS[0]], 0.0)
    for _ in range(8):
        world.tick(HOURS)
    [whole] = {copy.slot for copy in newest_first(world.copies.values())[:2]}
    world.servers = [ListedServer("a", "p", "web", ("v1", "v2", "v9"))]  # v9 has no image that is known
    world.images["v9"] = Image(world.images["v1"].ref._replace(id="image-v9"), ImageState.LIVE)
    for _ in range(20):
        world.tick(HOURS)
        world.keep_house()
    left = {volume: [c.slot for c in world.copies.values() if c.volume_id == volume] for volume in ("v1", "v2")}
    assert all(whole in slots and len(slots) == 4 for slots in left.values())


def test_what_a_lowered_count_leaves_over_goes_the_oldest_first() -> None:
    world = World(random.Random(1), "web: '9@0,6,12,18'\n", [SERVERS[0]], 0.0)
    for _ in range(12):
        world.tick(HOURS)
    world.schedule = "web: '2@0,6,12,18'\n"
    world.keep_house()
    slots = sorted({copy.slot for copy in world.copies.values()})
    assert slots == [world.now - HOURS, world.now]
    removed = [each.snapshot.id for each in world.removed[-14:]]
    assert removed == sorted(removed)


def test_an_edit_that_makes_too_much_excess_waits() -> None:
    world = World(random.Random(1), "web: '9@0,6,12,18'\n", [SERVERS[0]], 0.0, limits=RemovalLimits(most=13))
    for _ in range(12):
        world.tick(HOURS)
    world.schedule = "web: '2@0,6,12,18'\n"
    before = len(world.removed)
    world.keep_house()
    assert len(world.removed) == before


def test_the_space_of_a_deleted_volume_comes_back_after_a_day() -> None:
    world = World(random.Random(1), "web: '9@0,6,12,18'\n", [SERVERS[0]], 0.0)
    for _ in range(6):
        world.tick(HOURS)
    world.volume_ids.discard("v1")
    world.servers = [ListedServer("a", "p", "web", ("v2",))]
    world.images["v1"].state = ImageState.TRASHED
    made = set(world.images["v1"].snapshots)
    world.keep_house()
    for _ in range(3):
        world.tick(HOURS)
        world.keep_house()
        assert set(world.images["v1"].snapshots) == made
    world.tick(HOURS)
    world.keep_house()
    assert world.images["v1"].snapshots == {}
    assert len(world.images["v2"].snapshots) == 9


def test_orphans_are_kept_a_month_and_the_newest_for_ever() -> None:
    world = World(random.Random(1), "web: '4@0,6,12,18'\n", [SERVERS[0]], 0.0)
    for _ in range(6):
        world.tick(HOURS)
    world.servers = [ListedServer("a", "p", "web", ("v2",))]
    made = set(world.images["v1"].snapshots)
    for day in range(40):
        world.now += timedelta(days=1)
        world.keep_house()
        expected = made if day < 30 else {max(made)}
        assert set(world.images["v1"].snapshots) == expected, day

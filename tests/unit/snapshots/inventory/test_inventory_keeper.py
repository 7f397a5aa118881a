"""The list of servers is replaced by a complete inventory, and by nothing else (snapshots 3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from fiwareglancesync.base.errors import Unreachable
from fiwareglancesync.snapshots.inventory.inventory_keeper import OWN_PROJECT, InventoryKeeper, InventoryOutcome
from fiwareglancesync.snapshots.inventory.server_inventory import InventoryRecord, ServerInventory, VolumeLocation
from fiwareglancesync.snapshots.schedule.server_list import ListedServer, read_servers
from fiwareglancesync.snapshots.snapshot_events import SnapshotEvent, SnapshotWarning
from fiwareglancesync.snapshots.snapshot_model import JobKey
from fiwareglancesync.snapshots.state.snapshot_changes import NO_IMAGE, SnapshotChanges
from fiwareglancesync.snapshots.state.snapshot_store import INVENTORY, SnapshotStore
from tests.support.snapshot_records import HOUR, NOW
from tests.support.snapshot_runs import DB, WEB

CLUSTER = "c"
VOLUMES = {volume: VolumeLocation("node@ceph#ceph", "") for volume in ("v1", "v2", "v3")}


def inventory(*servers: ListedServer, covers_all: bool = True, volumes: bool = True) -> ServerInventory:
    ids = frozenset(each.id for each in servers)
    return ServerInventory(servers, InventoryRecord(NOW, covers_all, VOLUMES if volumes else {}, ids))


@dataclass
class Bench:
    """A cloud in memory, and what is kept of it.

    :param found: what the next inventory finds; an error is raised
    """

    engine: Engine
    path: Path
    found: ServerInventory | Exception = field(default_factory=lambda: inventory(WEB, DB))
    now: datetime = NOW
    events: list[SnapshotEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = SnapshotStore(self.engine, CLUSTER)
        changes = SnapshotChanges(self.engine, CLUSTER)
        self.keeper = InventoryKeeper(
            self, self.store, changes, str(self.path), self.events.append, lambda: self.now
        )

    def read(self) -> ServerInventory:
        """Stands for the cloud."""
        if isinstance(self.found, Exception):
            raise self.found
        return self.found

    def refresh(self, found: ServerInventory | Exception) -> InventoryOutcome:
        """A further inventory, an hour later."""
        self.found = found
        self.now += HOUR
        return self.keeper.refresh()

    def state(self) -> tuple[datetime | None, str, datetime | None]:
        """When the last inventory was used, and since when it is not, and why."""
        job = self.store.read().jobs[JobKey(NO_IMAGE, INVENTORY)]
        return job.state.last, job.problem, job.problem_since


@pytest.fixture
def bench(engine: Engine, tmp_path: Path) -> Bench:
    """After one inventory of two servers."""
    made = Bench(engine, tmp_path / "server_list.txt")
    assert made.keeper.refresh() == InventoryOutcome(is_changed=True)
    return made


def test_the_list_and_the_record_are_those_of_the_inventory(bench: Bench) -> None:
    assert read_servers(bench.path.read_text()) == [WEB, DB]
    assert bench.store.inventory() == inventory(WEB, DB).record
    assert bench.state() == (NOW, "", None)
    assert bench.events == []


def test_a_list_that_would_be_the_same_is_not_written_again(bench: Bench) -> None:
    before = bench.path.stat().st_ino
    assert not bench.refresh(inventory(DB, WEB)).is_changed
    assert bench.path.stat().st_ino == before
    assert bench.refresh(inventory(WEB)).is_changed
    assert list(bench.path.parent.glob(".*")) == []


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (Unreachable("Spain: no answer"), "no answer"),
        (inventory(), "Nova lists no server"),
        (inventory(WEB, DB, volumes=False), "Cinder lists no volume"),
        (inventory(WEB, covers_all=False), "its own project"),
    ],
)
def test_what_fails_or_is_suddenly_empty_changes_nothing_and_is_recorded(
    bench: Bench, found: ServerInventory | Exception, why: str
) -> None:
    for _ in range(2):
        assert why in bench.refresh(found).problem
    assert read_servers(bench.path.read_text()) == [WEB, DB]
    assert bench.store.inventory() == inventory(WEB, DB).record
    last, problem, since = bench.state()
    assert (last, since) == (NOW, NOW + HOUR)
    assert why in problem
    assert bench.refresh(inventory(WEB, DB)).problem == ""
    assert bench.state() == (NOW + 3 * HOUR, "", None)


def test_an_inventory_is_due_when_it_is_old_or_the_list_is_gone(bench: Bench) -> None:
    bench.found = inventory(WEB)
    bench.now = NOW + HOUR
    assert not bench.keeper.refresh_if_due(2 * HOUR).is_changed
    assert bench.keeper.refresh_if_due(HOUR).is_changed
    bench.path.unlink()
    assert bench.keeper.refresh_if_due(24 * HOUR).is_changed
    bench.now = NOW - HOUR  # the clock was set back
    bench.found = inventory(DB)
    assert bench.keeper.refresh_if_due(24 * HOUR).is_changed


def test_an_empty_cloud_is_believed_when_the_list_was_removed(bench: Bench) -> None:
    bench.path.unlink()
    assert bench.refresh(inventory(volumes=False)) == InventoryOutcome(is_changed=True)
    assert bench.path.read_text() == ""


def test_a_list_that_an_edit_broke_is_mended_but_not_emptied(bench: Bench) -> None:
    bench.path.write_text("nonsense\n")
    assert "before there were 2" in bench.refresh(inventory()).problem
    assert bench.path.read_text() == "nonsense\n"
    assert bench.refresh(inventory(WEB)).is_changed
    assert read_servers(bench.path.read_text()) == [WEB]


def test_a_list_that_cannot_be_written_is_a_problem_and_the_record_stays(bench: Bench) -> None:
    bench.path.unlink()
    bench.path.mkdir()
    bench.path.joinpath("file").touch()
    assert f"{bench.path} cannot be" in bench.refresh(inventory(WEB)).problem
    assert bench.store.inventory() == inventory(WEB, DB).record


def test_that_only_one_project_is_covered_is_reported_once(engine: Engine, tmp_path: Path) -> None:
    bench = Bench(engine, tmp_path / "list")
    for _ in range(2):
        bench.refresh(inventory(WEB, covers_all=False))
    assert bench.events == [SnapshotWarning(OWN_PROJECT)]

"""``glancesync snapshots run`` as a user calls it (snapshots 1.3)."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fiwareglancesync.cli import snapshots_list, snapshots_run
from fiwareglancesync.main import main
from fiwareglancesync.snapshots.ceph.ceph_errors import NoAnswer
from fiwareglancesync.snapshots.ceph.ceph_model import ImageRef
from fiwareglancesync.snapshots.planning.creation_limits import SLOW_TRIMMING
from tests.support.snapshot_runs import FOREIGN, POOL, image_of
from tests.support.stand_ins.ceph_stand_in import CephStandIn, StoredCluster, StoredImage
from tests.support.stand_ins.cloud_stand_in import PASSWORD, CloudStandIn, cloud_stand_in

WEB, DB = "6f9a3a52-6e2b-4d7f-9d4c-0d9a4a1f2b3c", "7f9a3a52-6e2b-4d7f-9d4c-0d9a4a1f2b3c"
SERVERS = f"{WEB}\tacme\tweb\tv1,v2\n{DB}\tacme\tdb\tv3\n"

Call = Callable[..., tuple[int, list[dict[str, Any]]]]


@pytest.fixture
def cluster() -> StoredCluster:
    """A cluster with three volumes, and what strangers have there."""
    made = StoredCluster()
    for volume_id in ("v1", "v2", "v3"):
        made.images[image_of(volume_id)] = StoredImage(f"volume-{volume_id}")
        for name, namespace in FOREIGN:
            made.add(image_of(volume_id), name, namespace)
    return made


@pytest.fixture
def schedule(tmp_path: Path) -> Path:
    """The schedule file."""
    path = tmp_path / "sched.yml"
    path.write_text("web: 1@2\ndb: [2@2, '2@-@1,2']\n")
    return path


@pytest.fixture
def call(
    cluster: StoredCluster,
    schedule: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Call:
    """Calls ``run``; the exit code and the rows."""
    for name in list(os.environ):
        if name.startswith(("OS_", "GLANCESYNC")):
            monkeypatch.delenv(name)
    monkeypatch.setattr(snapshots_run, "CephCluster", lambda *_: CephStandIn(cluster))
    monkeypatch.setattr(snapshots_list, "CephCluster", lambda *_: CephStandIn(cluster))
    servers, conf = tmp_path / "servers.txt", tmp_path / "glancesync.conf"
    servers.write_text(SERVERS)
    conf.write_text(
        f"[main]\ndatabase = sqlite:///{tmp_path}/new/state.db\n"
        f"[snapshots]\nschedule_file = {schedule}\nserver_list = {servers}\n"
    )

    def run(*words: str) -> tuple[int, list[dict[str, Any]]]:
        capsys.readouterr()
        code = main(["snapshots", "run", "--format", "json", "--conf", str(conf), *words])
        printed = capsys.readouterr().out
        return code, json.loads(printed) if printed else []

    return run


def done(rows: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """What was done with which set of which volume."""
    return sorted((row["action"], row["set"], row["volume_id"]) for row in rows)


def test_each_job_gets_a_copy_and_what_is_beyond_the_count_goes(call: Call, cluster: StoredCluster) -> None:
    made = [("made", "daily", "v1"), ("made", "daily", "v2"), ("made", "daily", "v3"), ("made", "hourly", "v3")]
    code, rows = call()
    assert (code, done(rows)) == (0, made)
    code, rows = call()
    assert (code, done(rows)) == (0, [*made, ("removed", "daily", "v1"), ("removed", "daily", "v2")])
    assert len(cluster.images[image_of("v1")].snapshots) == len(FOREIGN) + 1


def test_each_row_names_the_servers_that_have_the_volume(call: Call, tmp_path: Path) -> None:
    third = "8f9a3a52-6e2b-4d7f-9d4c-0d9a4a1f2b3c"
    (tmp_path / "servers.txt").write_text(f"{SERVERS}{third}\tacme\t\tv2\n")
    _, rows = call("--set", "daily")
    servers = {row["volume_id"]: row["server"] for row in rows}
    assert servers == {"v1": "acme/web", "v2": f"acme/{third}, acme/web", "v3": "acme/db"}


def test_a_run_with_nothing_to_do_says_so(call: Call, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, line in ((["--prune"], "nothing was made or removed"), (["--orphans"], "nothing was made or removed"),
                        (["--prune", "--dry-run"], "there is nothing to make or remove")):  # fmt: skip
        assert main(["snapshots", "run", "--conf", str(tmp_path / "glancesync.conf"), *words]) == 0
        assert capsys.readouterr().err == f"INFO:{line}\n"


def test_only_what_is_named_is_made(call: Call) -> None:
    assert done(call("--server", "acme/db", "--set", "hourly")[1]) == [("made", "hourly", "v3")]
    assert done(call("--server", WEB.upper())[1]) == [("made", "daily", "v1"), ("made", "daily", "v2")]


def test_a_dry_run_prints_what_a_run_then_does(call: Call, cluster: StoredCluster) -> None:
    call()
    before = {ref: dict(image.snapshots) for ref, image in cluster.images.items()}
    code, planned = call("--dry-run")
    assert code == 0
    assert {ref: dict(image.snapshots) for ref, image in cluster.images.items()} == before
    renamed = [(f"{action}d" if action == "remove" else "made", *rest) for action, *rest in done(planned)]
    assert sorted(renamed) == done(call()[1])


def test_a_dry_run_counts_only_what_images_list(call: Call, schedule: Path, cluster: StoredCluster) -> None:
    schedule.write_text("web: 4@2\n")
    for _ in range(4):
        call()
    schedule.write_text("web: 2@2\n")
    there = cluster.images[image_of("v1")].snapshots
    for snapshot_id in sorted(there)[-2:]:
        del there[snapshot_id]
    for words in (["--dry-run"], []):
        removed = [row for row in call("--prune", *words)[1] if row["action"].startswith("remove")]
        assert [row["volume_id"] for row in removed] == ["v2"]  # the newest whole instance is kept


def test_a_dry_run_says_why_nothing_would_be_done(
    call: Call, cluster: StoredCluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call()
    cluster.health = replace(cluster.health, checks=frozenset({"POOL_FULL", SLOW_TRIMMING}))
    assert main(["snapshots", "run", "--conf", str(tmp_path / "glancesync.conf"), "--dry-run"]) == 0
    assert capsys.readouterr().err.splitlines() == [
        "WARNING:nothing is made in pool volumes: the cluster reports POOL_FULL",
        f"WARNING:nothing is removed: the cluster reports {SLOW_TRIMMING}",
    ]


def test_pruning_makes_nothing_and_removes_what_waits(
    call: Call, schedule: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    schedule.write_text("web: 6@2\n")
    for _ in range(6):
        call()
    schedule.write_text("web: 1@2\n")
    code, rows = call("--prune", "--config", "snapshots.max_deletions=3", "--dry-run")
    assert len(rows) == 10
    code, rows = call("--prune", "--config", "snapshots.max_deletions=3")
    assert (code, [row["action"] for row in rows]) == (0, ["removed"] * 3)


def test_more_excess_than_a_run_may_remove_is_a_warning(
    call: Call, schedule: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    schedule.write_text("web: 6@2\n")
    for _ in range(6):
        call()
    schedule.write_text("web: 1@2\n")
    conf = str(tmp_path / "glancesync.conf")
    assert main(["snapshots", "run", "--conf", conf, "--config", "snapshots.max_deletions=3"]) == 0
    assert capsys.readouterr().err == (
        "WARNING:8 copies are excess, more than max_deletions (3), and none was removed; to remove them: glancesync "
        "snapshots run --prune\n"
    )


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("mail\tv3", "the schedule file, {schedule}, has no spec for it"),
        ("idle\t", "it has no volumes in the list of servers, {servers}"),
        ("off\tv3", "its count is 0"),
    ],
)
def test_a_named_server_of_which_nothing_can_be_made_is_an_error(
    call: Call, schedule: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, why: str
) -> None:
    servers, name = tmp_path / "servers.txt", line.split("\t")[0]
    servers.write_text(f"{WEB}\tacme\t{line}\n")
    schedule.write_text("idle: 1\noff: 0\n")
    assert main(["snapshots", "run", "--conf", str(tmp_path / "glancesync.conf"), "--server", name]) == 2
    why = why.format(schedule=schedule, servers=servers)
    assert f"ERROR:nothing is made of the server {name}: {why}\n" in capsys.readouterr().err


def test_a_run_without_any_job_says_so(
    call: Call, schedule: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    conf = str(tmp_path / "glancesync.conf")
    schedule.write_text("{}\n")
    assert main(["snapshots", "run", "--conf", conf]) == 0
    assert capsys.readouterr().err == "WARNING:nothing is made: no server with volumes has a spec with a count\n"
    (tmp_path / "servers.txt").write_text("")
    assert main(["snapshots", "run", "--dry-run", "--conf", conf]) == 0
    assert capsys.readouterr().err.endswith(f"the list of servers, {tmp_path}/servers.txt, is empty\n")


def test_what_fails_is_a_row_and_exit_code_1(
    call: Call, monkeypatch: pytest.MonkeyPatch, cluster: StoredCluster
) -> None:
    create = CephStandIn.create

    def failing(self: CephStandIn, image: ImageRef, name: str) -> None:
        if image == image_of("v2"):
            raise NoAnswer("image-v2: no answer")
        create(self, image, name)

    monkeypatch.setattr(CephStandIn, "create", failing)
    code, rows = call("--server", "web")
    assert (code, done(rows)) == (1, [("made", "daily", "v1"), ("unknown", "daily", "v2")])
    assert [row["remark"] for row in rows if row["action"] == "unknown"] == ["image-v2: no answer"]


def test_a_volume_whose_image_is_another_one_or_missing_is_left_out(
    call: Call, cluster: StoredCluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call()
    cluster.images[ImageRef("volumes", "other")] = cluster.images.pop(image_of("v1"))
    del cluster.images[image_of("v2")]
    assert main(["snapshots", "run", "--conf", str(tmp_path / "glancesync.conf"), "--server", "web"]) == 0
    assert capsys.readouterr().err.splitlines() == [
        "WARNING:volume v1 had the image image-v1, and now volume-v1 is another one, other: it is left out",
        "WARNING:volume v2 has no image volume-v2 in pool volumes: it is left out",
    ]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--server", "wob"], "has no server wob; did you mean web?"),
        (["--set", "weekly-ones"], "no server has the set weekly-ones; there is daily, hourly"),
        (["--prune", "--set", "daily"], "--prune is for all servers and sets"),
        (["--config", "snapshots.stop_ratio=1.1"], "expected a part such as 0.85, more than 0 and at most 1"),
        (["--config", "snapshots.server_list=/none/s.txt"], "there is no list of servers, /none/s.txt; write a line"),
    ],
)
def test_a_wrong_call_is_one_line_and_nothing_is_made(
    call: Call, cluster: StoredCluster, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    assert main(["snapshots", "run", "--conf", str(tmp_path / "glancesync.conf"), *words]) == 2
    printed = capsys.readouterr()
    assert says in printed.err
    assert (printed.err.count("\n"), printed.out) == (1, "")
    assert {len(image.snapshots) for image in cluster.images.values()} == {len(FOREIGN)}


def test_the_list_shows_ours_with_set_and_time_and_those_of_others(
    call: Call, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, rows = call("--server", "web")
    made = {row["snapshot"] for row in rows}
    conf = str(tmp_path / "glancesync.conf")
    assert main(["snapshots", "list", "--conf", conf, "--format", "json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [row["image"] for row in listed] == sorted(row["image"] for row in listed)
    assert len(listed) == 3 * len(FOREIGN) + 2
    ours = [row for row in listed if row["set"]]
    assert ({row["snapshot"] for row in ours}, {row["set"] for row in ours}) == (made, {"daily"})
    assert all(row["time"].endswith("+00:00") for row in ours)
    assert main(["snapshots", "list", "--conf", conf, "--format", "csv"]) == 0
    assert capsys.readouterr().out.startswith("image,snapshot,set,time,namespace")


def test_sizes_are_listed_where_an_image_says_them_quickly(
    call: Call, cluster: StoredCluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster.images[image_of("v2")].has_fast_diff = False
    conf = str(tmp_path / "glancesync.conf")
    assert main(["snapshots", "list", "--size", "--conf", conf, "--format", "json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    sizes = {(row["image"], row["size"]) for row in listed if row["namespace"] == "user"}
    assert sizes == {("volume-v1", 4194304), ("volume-v2", None), ("volume-v3", 4194304)}
    assert {row["pool"] for row in listed} == {POOL}
    assert main(["snapshots", "list", "--size", "--conf", conf]) == 0
    assert "4.0 MiB" in capsys.readouterr().out


class TestInventory:
    """Calls with an account of OpenStack."""

    @pytest.fixture
    def cloud(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, call: Call) -> Iterator[CloudStandIn]:
        """A cloud with one server, whose volume has an image."""
        with cloud_stand_in() as made:
            for name, value in {
                "OS_AUTH_URL": made.auth_url,
                "OS_USERNAME": "backups",
                "OS_PASSWORD": PASSWORD,
                "OS_PROJECT_NAME": "backups",
            }.items():
                monkeypatch.setenv(name, value)
            (tmp_path / "servers.txt").unlink()
            yield made

    def test_servers_are_listed_first(self, call: Call, cluster: StoredCluster, cloud: CloudStandIn) -> None:
        volume = cloud.add_volume()
        cloud.add_server("web", volume)
        cluster.images[ImageRef(POOL, "new")] = StoredImage(f"volume-{volume}")
        code, rows = call()
        assert (code, done(rows)) == (0, [("made", "daily", volume)])

    def test_a_deleted_volume_loses_its_copies_in_time(
        self, call: Call, cluster: StoredCluster, cloud: CloudStandIn
    ) -> None:
        volume, kept = cloud.add_volume(), cloud.add_volume()
        server = cloud.add_server("web", volume, kept)
        image = ImageRef(POOL, "new")
        for ref, id in ((image, volume), (ImageRef(POOL, "kept"), kept)):
            cluster.images[ref] = StoredImage(f"volume-{id}")
        cluster.add(image, "daily_20200101T000000Z")  # a stranger's, with a name as ours
        soon = ("--config", "snapshots.inventory_period=1s", "--config", "snapshots.deleted_keep=1s")
        call(*soon)
        cloud.state.servers[server].volume_ids.remove(volume)
        del cloud.state.volumes[volume]
        cluster.images[image].is_trashed = True
        rows: list[dict[str, Any]] = []
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline and not any(row["volume_id"] == volume for row in rows):
            code, rows = call(*soon)
            assert code == 0
        assert [(row["action"], row["remark"]) for row in rows if row["volume_id"] == volume] == [
            ("removed", "its volume was deleted")
        ]
        assert [each.name for each in cluster.images[image].snapshots.values()] == ["daily_20200101T000000Z"]

    def test_an_inventory_that_fails_leaves_the_list_as_it_was(
        self, call: Call, cloud: CloudStandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / "servers.txt").write_text(SERVERS)
        cloud.fail("/volumes/detail", 403, times=9)
        code, rows = call("--server", "web")
        assert (code, done(rows)) == (0, [("made", "daily", "v1"), ("made", "daily", "v2")])
        assert (tmp_path / "servers.txt").read_text() == SERVERS


def test_orphans_go_on_request_but_for_the_newest_of_a_volume(call: Call, schedule: Path) -> None:
    for _ in range(2):
        assert call("--server", "db", "--set", "daily")[0] == 0
    schedule.write_text("web: 1@2\n")
    assert done(call("--orphans", "--dry-run")[1]) == [("remove", "daily", "v3")]
    code, rows = call("--orphans")
    assert (code, done(rows)) == (0, [("removed", "daily", "v3")])
    assert rows[0]["remark"] == "no job covers it any more"
    assert call("--orphans") == (0, [])


@pytest.mark.parametrize(
    "words", [("--orphans", "--server", "web"), ("--orphans", "--set", "daily"), ("--orphans", "--prune")]
)
def test_orphans_are_those_of_all(call: Call, words: tuple[str, ...]) -> None:
    assert call(*words)[0] == 2


def test_validate_says_what_an_edit_does_to_existing_copies(
    call: Call, schedule: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    schedule.write_text("web: 2@2\ndb: 2@2\n")
    for _ in range(2):
        assert call()[0] == 0
    edited = tmp_path / "edited.yml"
    edited.write_text("web: 1@2\n")
    assert main(["snapshots", "validate", str(edited), "--conf", str(tmp_path / "glancesync.conf")]) == 0
    assert capsys.readouterr().err.splitlines() == [
        "WARNING:no spec covers the set daily of db any more: its copies (2) are kept for 30 days (orphan_keep)",
        "WARNING:copies in excess of their counts: 2; the next run removes them",
    ]


def test_validate_needs_no_database(call: Call, tmp_path: Path) -> None:
    assert main(["snapshots", "validate", "--conf", str(tmp_path / "glancesync.conf")]) == 0
    assert not (tmp_path / "new").exists()

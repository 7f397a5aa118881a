"""``glancesync snapshots adopt`` as a user calls it (snapshots 1.8)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from fiwareglancesync.cli import snapshots_adopt, snapshots_run
from fiwareglancesync.main import main
from fiwareglancesync.snapshots.ceph.ceph_errors import NoAnswer
from fiwareglancesync.snapshots.ceph.ceph_model import ImageRef, Namespace
from tests.support.snapshot_commands import cluster_with, ready_for_commands
from tests.support.snapshot_runs import image_of
from tests.support.stand_ins.ceph_stand_in import CephStandIn, StoredCluster

WEB, DB = "6f9a3a52-6e2b-4d7f-9d4c-0d9a4a1f2b3c", "7f9a3a52-6e2b-4d7f-9d4c-0d9a4a1f2b3c"
OF_CINDER = f"snapshot-{WEB}"

Call = Callable[..., tuple[int, list[tuple[str, str, str, str]]]]


@pytest.fixture
def cluster() -> StoredCluster:
    """A cluster with the snapshots of the original program and others."""
    made = cluster_with("v1", "v2")
    for volume_id in ("v1", "v2"):
        for number in range(3):
            made.add(image_of(volume_id), f"daily_{number}")
    made.add(image_of("v1"), OF_CINDER)
    made.add(image_of("v1"), "daily_group", Namespace.GROUP)
    return made


@pytest.fixture
def call(
    cluster: StoredCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Call:
    """Calls a verb; the exit code and what was done."""
    servers = f"{WEB}\tacme\tweb\tv1\n{DB}\tacme\tdb\tv2\n"
    modules = (snapshots_run, snapshots_adopt)
    conf = ready_for_commands(cluster, tmp_path, monkeypatch, modules, schedule="web: 2@2\n", servers=servers)

    def run(verb: str, *words: str) -> tuple[int, list[tuple[str, str, str, str]]]:
        capsys.readouterr()
        code = main(["snapshots", verb, "--conf", str(conf), "--format", "json", *words])
        printed = capsys.readouterr().out
        rows = json.loads(printed) if printed else []
        return code, [(row["action"], row["volume_id"], row["snapshot"], row["remark"]) for row in rows]

    return run


def test_snapshots_become_copies_and_those_beyond_the_count_go(call: Call, cluster: StoredCluster) -> None:
    beyond = "excess: it is beyond the count of its set"
    planned = call("adopt", "daily", "daily_*", "--dry-run")
    assert planned == (
        0,
        [
            ("adopt", "v1", "daily_0", beyond),
            ("adopt", "v1", "daily_1", ""),
            ("adopt", "v1", "daily_2", ""),
            ("left", "v1", "daily_group", "it is in the namespace group"),
        ],
    )
    assert [row[0] for row in call("adopt", "daily", "daily_*")[1]] == ["adopted"] * 3 + ["left"]
    assert {row[3] for row in call("adopt", "daily", "daily_?")[1]} == {"it is a copy already"}
    assert call("run", "--prune") == (0, [("removed", "v1", "daily_0", "beyond the count of its set")])
    assert len(cluster.images[image_of("v2")].snapshots) == 3  # no job covers them


def test_what_cinder_made_is_left(call: Call) -> None:
    assert call("adopt", "daily", "*", "--dry-run")[1][3] == ("left", "v1", OF_CINDER, "Cinder made it, and needs it")


def test_what_an_open_request_made_is_its_copy(
    call: Call, cluster: StoredCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = CephStandIn.create

    def unanswered(self: CephStandIn, image: ImageRef, name: str) -> None:
        create(self, image, name)
        raise NoAnswer("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(CephStandIn, "create", unanswered)
        assert call("run")[0] == 1
    [why] = [row[3] for row in call("adopt", "daily", "daily_2*Z", "--dry-run")[1]]
    assert why.startswith("a request for a snapshot of this name is open")
    [row] = call("adopt", "daily", "daily_2*Z")[1]
    assert (row[0], row[3]) == ("left", "it is a copy already")
    assert call("run")[0] == 0


def test_an_image_whose_snapshots_cannot_be_listed_blocks_no_other(
    call: Call, cluster: StoredCluster, tmp_path: Path
) -> None:
    (tmp_path / "sched.yml").write_text("'*': 2@2\n")
    cluster.images[image_of("v1")].is_unreadable = True
    code, rows = call("adopt", "daily", "daily_*")
    assert (code, {volume_id for _, volume_id, _, _ in rows}, len(rows)) == (0, {"v2"}, 3)


def test_a_set_or_a_pattern_that_fits_nothing_is_an_error(call: Call) -> None:
    assert call("adopt", "hourly", "*") == (2, [])
    assert call("adopt", "daily", "none*") == (2, [])

"""Rights and keys of the user that are taken away and given back, on a real cluster (snapshots 5.2)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from devcloud_lib.ceph import ceph_programs
from devcloud_lib.ceph.ceph_cluster import SNAPSHOTS, CephCluster

from fiwareglancesync.snapshots.ceph.ceph_cluster_port import CephCluster as ClusterPort
from fiwareglancesync.snapshots.ceph.ceph_model import ImageRef
from tests.support.ceph_troubles import end_sessions, set_rights
from tests.support.departing_volumes import STRANGERS, Departing

pytestmark = [pytest.mark.integration, pytest.mark.ceph]

READ_ONLY = "profile rbd-read-only"


@pytest.fixture
def world(cluster: CephCluster, tmp_path: Path) -> Iterator[Departing]:
    """A server with a volume; afterwards what strangers have is as it was, and exactly ours is recorded."""
    made = Departing(cluster, tmp_path, timeout=5)
    made.add_volume(*STRANGERS)
    yield made
    made.check_strangers()
    assert made.recorded() == made.listed()
    made.close()


def test_another_key_is_one_line_and_the_old_one_works_again(
    world: Departing, cluster: CephCluster, capsys: pytest.CaptureFixture[str]
) -> None:
    assert world.command("run") == 0
    keyring = cluster.keyring(SNAPSHOTS)
    right = keyring.read_bytes()
    keyring.unlink()
    ceph_programs.make_key(keyring, f"client.{SNAPSHOTS}")
    try:
        capsys.readouterr()
        assert world.command("run") == world.command("list") == 1
        lines = capsys.readouterr().err.splitlines()
        assert [line.partition(";")[0] for line in lines] == [
            f"ERROR:no connection to Ceph by {cluster.config_file} as client.{SNAPSHOTS}"
        ] * 2
    finally:
        keyring.write_bytes(right)
    assert world.command("run") == 0


@pytest.mark.slow
@pytest.mark.parametrize("request_name", ["create", "remove"])
def test_rights_that_are_taken_away_in_the_middle_of_a_run_are_named(
    world: Departing, cluster: CephCluster, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    request_name: str,
) -> None:  # fmt: skip
    (world.folder / "sched.yml").write_text("web: 1@2\n")
    assert world.command("run") == 0
    method = getattr(ClusterPort, request_name)

    def refused(self: ClusterPort, image: ImageRef, what: object) -> None:
        set_rights(cluster, READ_ONLY)
        end_sessions(cluster)
        method(self, image, what)

    capsys.readouterr()
    try:
        with monkeypatch.context() as patch:
            patch.setattr(ClusterPort, request_name, refused)
            assert world.command("run", "--format", "json") == 1
        rows = json.loads(capsys.readouterr().out)
        remarks = [row["remark"] for row in rows if row["action"] in ("unknown", "kept")]
        assert f"client.{SNAPSHOTS} lacks rights" in remarks[0]
        assert world.command("run") == 1
        [line] = capsys.readouterr().err.splitlines()
        assert f"client.{SNAPSHOTS} lacks rights" in line
    finally:
        set_rights(cluster)
        end_sessions(cluster)
    world.command("run")
    assert world.recorded() == world.listed()

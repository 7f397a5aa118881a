"""``glancesync snapshots status`` and ``check`` as a user calls them (snapshots 1.7)."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from fiwareglancesync.cli import snapshots_run, snapshots_state
from fiwareglancesync.main import main
from tests.support.snapshot_commands import cluster_with, ready_for_commands
from tests.support.snapshot_runs import image_of
from tests.support.stand_ins.ceph_stand_in import StoredCluster

WEB, DB = "6f9a3a52-6e2b-4d7f-9d4c-0d9a4a1f2b3c", "7f9a3a52-6e2b-4d7f-9d4c-0d9a4a1f2b3c"

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cluster() -> StoredCluster:
    """A cluster with three volumes."""
    return cluster_with("v1", "v2", "v3")


@pytest.fixture
def call(
    cluster: StoredCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Call:
    """Calls a verb; the exit code, and both outputs."""
    servers = f"{WEB}\tacme\tweb\tv1,v2\n{DB}\tacme\tdb\tv3\n"
    modules = (snapshots_run, snapshots_state)
    conf = ready_for_commands(cluster, tmp_path, monkeypatch, modules, schedule="web: 1@2\n", servers=servers)

    def run(verb: str, *words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(["snapshots", verb, "--conf", str(conf), *words])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def states(printed: str) -> list[tuple[str, str, str]]:
    return [(row["server"], row["set"], row["state"]) for row in json.loads(printed)]


def test_before_anything_has_run_both_say_so_and_make_no_database(call: Call, tmp_path: Path) -> None:
    code, printed, error = call("status")
    assert (code, printed) == (0, "")
    assert error.startswith("INFO:nothing has run yet")
    assert call("status", "--exit-code")[0] == 1
    code, printed, _ = call("check")
    assert code == 3
    assert printed.startswith("SNAPSHOTS UNKNOWN - nothing has run yet")
    assert not (tmp_path / "new").exists()


def test_each_server_has_a_row_for_each_set(call: Call, cluster: StoredCluster) -> None:
    assert call("run")[0] == 0
    code, printed, _ = call("status", "--format", "json", "--exit-code")
    assert states(printed) == [("db", "", "unprotected"), ("web", "daily", "ok")]
    assert code == 0
    code, printed, _ = call("check")
    assert (code, printed[:37]) == (0, "SNAPSHOTS OK - 1 ok, 1 unprotected | ")


def test_what_is_gone_from_the_cluster_is_no_copy(call: Call, cluster: StoredCluster) -> None:
    call("run")
    cluster.images[image_of("v2")].snapshots.clear()
    assert states(call("status", "--format", "json")[1])[1] == ("web", "daily", "never")


def test_what_fails_is_critical(call: Call, cluster: StoredCluster) -> None:
    call("run")
    del cluster.images[image_of("v2")]
    code, printed, _ = call("check")
    assert (code, printed.partition(" - ")[0]) == (2, "SNAPSHOTS CRITICAL")
    assert "v2: its image is not known" in call("status", "--format", "json")[1]
    assert call("status", "--exit-code")[0] == 1


def test_copies_without_a_job_have_a_row(call: Call, tmp_path: Path) -> None:
    call("run")
    (tmp_path / "sched.yml").write_text("db: 1@2\n")
    rows = states(call("status", "--format", "json")[1])
    assert ("volume v1", "daily", "orphan") in rows
    assert ("web", "", "unprotected") in rows


@pytest.mark.parametrize("content", ["web: 1@99\n", None])
def test_of_a_file_that_cannot_be_used_the_copy_in_force_counts(
    call: Call, tmp_path: Path, content: str | None
) -> None:
    call("run")
    for name in ("sched.yml", "servers.txt"):  # as the daemon does it
        (tmp_path / f"{name}-").write_bytes((tmp_path / name).read_bytes())
    (tmp_path / "sched.yml").unlink()
    if content is not None:
        (tmp_path / "sched.yml").write_text(content)
    code, printed, error = call("status", "--format", "json", "--exit-code")
    assert (code, states(printed)) == (1, [("db", "", "unprotected"), ("web", "daily", "ok")])
    assert f"in force are {tmp_path}/sched.yml- and {tmp_path}/servers.txt" in error
    code, printed, _ = call("check")
    assert (code, printed.partition(" - ")[0]) == (1, "SNAPSHOTS WARNING")
    (tmp_path / "sched.yml-").unlink()
    assert call("status")[0] == 2
    assert call("check")[0] == 3


def test_a_cluster_that_does_not_answer_is_unknown(call: Call, cluster: StoredCluster) -> None:
    call("run")
    cluster.is_silent = True
    code, printed, _ = call("check")
    assert (code, printed) == (3, "SNAPSHOTS UNKNOWN - the cluster does not answer\n")


def test_tables_of_another_version_are_named_as_such(call: Call, tmp_path: Path) -> None:
    call("run")
    with closing(sqlite3.connect(tmp_path / "new" / "state.db")) as database, database:
        database.execute("drop table snapshot_inventories")
        database.execute("update alembic_version set version_num = '0006'")
    code, printed, _ = call("check")
    assert (code, printed.partition("revision 0006")[0]) == (
        3,
        "SNAPSHOTS UNKNOWN - The tables of the database are at ",
    )
    assert call("status")[0] == 1
    call("run")  # it upgrades them
    assert call("check")[0] == 0


def test_the_same_is_written_as_metrics(call: Call, cluster: StoredCluster, tmp_path: Path) -> None:
    call("run")
    file = tmp_path / "snapshots.prom"
    assert call("check", "--metrics-file", str(file))[0] == 0
    assert f'glancesync_snapshots{{cluster="{cluster.fsid}",state="ok"}} 1.0' in file.read_text()
    assert call("check", "--metrics-file", str(tmp_path / "x"))[0] == 3

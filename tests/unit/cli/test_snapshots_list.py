"""``list``, ``status`` and a dry run beside an image whose snapshots cannot be listed (snapshots 1.4)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fiwareglancesync.cli import snapshots_list, snapshots_run, snapshots_state
from fiwareglancesync.main import main
from tests.support.snapshot_commands import cluster_with, ready_for_commands
from tests.support.snapshot_runs import image_of

SERVERS = "6f9a3a52-6e2b-4d7f-9d4c-0d9a4a1f2b3c\tacme\tweb\tv1,v2,v3\n"
MODULES = (snapshots_list, snapshots_run, snapshots_state)


@pytest.fixture
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """The configuration; each of three volumes has a copy, and a snapshot of the second one has a name of odd bytes."""
    cluster = cluster_with("v1", "v2", "v3")
    made = ready_for_commands(cluster, tmp_path, monkeypatch, MODULES, schedule="web: 1@2\n", servers=SERVERS)
    assert main(["snapshots", "run", "--conf", str(made)]) == 0
    cluster.images[image_of("v2")].is_unreadable = True
    capsys.readouterr()
    return str(made)


def test_the_list_goes_on_and_an_error_names_the_image(conf: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["snapshots", "list", "--conf", conf, "--format", "json"]) == 1
    printed = capsys.readouterr()
    assert [row["image"] for row in json.loads(printed.out)] == ["volume-v1", "volume-v3"]
    assert printed.err == f"ERROR:image {image_of('v2').id} in pool volumes: a name there is not UTF-8; rename it\n"


def test_a_list_makes_no_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = cluster_with("v1")
    cluster.add(image_of("v1"), "theirs")
    made = ready_for_commands(cluster, tmp_path, monkeypatch, MODULES, schedule="web: 1@2\n", servers=SERVERS)
    assert main(["snapshots", "list", "--conf", str(made), "--format", "json"]) == 0
    assert [row["snapshot"] for row in json.loads(capsys.readouterr().out)] == ["theirs"]
    assert not (tmp_path / "new").exists()


def test_the_status_is_printed_and_a_warning_names_the_image(conf: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["snapshots", "status", "--conf", conf, "--exit-code"]) == 1
    printed = capsys.readouterr()
    assert "web" in printed.out
    assert "a name there is not UTF-8; rename it" in printed.err


def test_a_dry_run_goes_on_and_a_warning_names_the_image(conf: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["snapshots", "run", "--dry-run", "--conf", conf, "--format", "json"]) == 0
    printed = capsys.readouterr()
    removed = [row["volume_id"] for row in json.loads(printed.out) if row["action"] == "remove"]
    assert removed == ["v1", "v3"]
    assert "a name there is not UTF-8; rename it" in printed.err


def test_a_database_whose_place_depends_on_the_folder_is_refused(
    conf: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for verb in ("run", "list", "status"):
        assert main(["snapshots", verb, "--conf", conf, "--config", "main.database=sqlite:///state.db"]) == 2
        assert capsys.readouterr().err == (
            "ERROR:[main] database: state.db is another file in each folder; write its whole path, as in "
            "sqlite:////var/lib/snapmanager/state.db\n"
        )
    assert not (tmp_path / "state.db").exists()

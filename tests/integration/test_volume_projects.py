"""Projects of a real cloud in which not everything can be done: a quota, disabled, deleted (volumes 1.2 and 4.3)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.volume_clouds import VolumeCloud, real_volume_cloud
from tests.support.volume_crashes import CrashBench

ENOUGH = {"backups": 100, "backup_gigabytes": 1000}

pytestmark = [pytest.mark.integration, pytest.mark.volumes, pytest.mark.slow]


@pytest.fixture(scope="module")
def world(root: Path) -> Iterator[VolumeCloud]:
    """A cloud with a tenant and an account."""
    with real_volume_cloud(root) as made:
        yield made


@pytest.fixture(scope="module")
def bench(world: VolumeCloud, tmp_path_factory: pytest.TempPathFactory) -> CrashBench:
    """Two volumes without a backup."""
    folder = tmp_path_factory.mktemp("projects")
    made = CrashBench(world, folder, f"sqlite:///{folder}/volumes.db")
    made.add_volumes("one", "two")
    return made


def run(bench: CrashBench, *words: str) -> tuple[int, list[str]]:
    """Do a cycle; the exit code, and the lines that are no information."""
    done = bench.run(*words)
    return done.returncode, [line for line in done.stderr.splitlines() if not line.startswith("INFO:")]


def forced(bench: CrashBench) -> list[str]:
    return [word for volume in bench.volumes for word in ("--now", volume)]


def reasons(bench: CrashBench) -> list[tuple[str, str]]:
    """What the status says of each volume: verdict and reason."""
    done = bench.call("status", "--format", "csv")
    rows = csv.DictReader(io.StringIO(done.stdout))
    return sorted((row["verdict"], row["why"]) for row in rows if row["volume"])


def set_quota(bench: CrashBench, quota: dict[str, int]) -> None:
    path = f"/os-quota-sets/{bench.world.tenant}"
    bench.world.operator.ask("block-storage", "PUT", path, {"quota_set": quota})


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        ("backups", "Maximum number of backups allowed (1) exceeded"),
        ("backup_gigabytes", "Requested backup exceeds allowed Backup gigabytes quota."),
    ],
)
def test_a_quota_that_is_reached_is_one_line_and_with_room_the_next_cycle_is_right(
    bench: CrashBench, resource: str, reason: str
) -> None:
    set_quota(bench, {**ENOUGH, resource: len(bench.backups()) + 1})  # of 1 GiB each
    code, (line,) = run(bench, *forced(bench))
    assert code == 1
    assert line.startswith("ERROR:Default/")
    assert ": no backup. Cause: " in line
    assert reason in line
    (failing, why), good = reasons(bench)
    assert (failing, good) == ("failing", ("ok", ""))
    assert reason in why
    assert reason in bench.call("report").stdout
    set_quota(bench, ENOUGH)
    assert run(bench, *forced(bench)) == (0, [])
    assert reasons(bench) == [("ok", "")] * 2
    bench.check()


def test_a_project_that_is_disabled_for_a_while_is_named_and_then_backed_up_again(bench: CrashBench) -> None:
    operator, tenant = bench.world.operator, bench.world.tenant
    stay = sum(bool(record.backup_id) for record in bench.records())
    operator.enable_project(tenant, enabled=False)
    code, (line,) = run(bench)
    assert code == 0
    assert line.endswith(
        f": the project is disabled: nothing is backed up or removed there; backups that stay: {stay}"
    )
    assert reasons(bench) == [("ok", "the project is disabled")] * 2
    assert "the project is disabled" in bench.call("report").stdout
    operator.enable_project(tenant, enabled=True)
    assert run(bench, *forced(bench)) == (0, [])
    bench.check()


def test_the_backups_of_a_project_that_is_deleted_stay_until_they_are_purged(bench: CrashBench) -> None:
    backups = bench.backups().keys()
    bench.world.operator.ask("identity", "DELETE", f"/projects/{bench.world.tenant}")
    code, (line,) = run(bench)
    assert code == 0
    assert ": the project does not exist any more: nothing is backed up or removed there; " in line
    assert reasons(bench) == [("ok", "the project does not exist any more")] * 2
    assert bench.backups().keys() == backups
    purged = bench.call("purge", bench.world.tenant, "--yes")
    assert purged.returncode == 0, purged.stderr
    assert bench.backups() == {}

"""A conductor goes on while what it needs is killed or restarted: no backup is unrecorded, doubled or lost."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from datetime import datetime, timezone
from pathlib import Path

import pytest
from devcloud_lib import servers, state

from fiwareglancesync.volumes.volume_model import BackupType, RecordState
from tests.support.cloud import running_cloud
from tests.support.conditions import wait_for
from tests.support.development_cloud import DevelopmentCloud
from tests.support.mariadb import own_mariadb, running_mariadb
from tests.support.postgresql import running_postgresql
from tests.support.volume_clouds import real_volume_cloud
from tests.support.volume_crashes import Conductor, CrashBench, line_of

WAIT_SECONDS = 300.0
SETTINGS = {
    "cycle": "5s", "settle": "20s", "min_interval": "30s", "backup_interval": "40s", "backup_timeout": "2min"
}  # fmt: skip
SLOW_DRIVER = "DEFAULT.backup_driver=cinder.backup.drivers.posix.PosixBackupDriver"
"""Has a backup last for seconds, in which something can be killed: it reads the holes of volumes."""

REPORTED = re.compile(r"(INFO|WARNING|ERROR):.*\S")
"""What a line of a conductor looks like."""

pytestmark = [pytest.mark.integration, pytest.mark.volumes, pytest.mark.slow]


@pytest.fixture
def cloud(root: Path) -> DevelopmentCloud:
    """The cloud, of which servers are ended."""
    return DevelopmentCloud(running_cloud(root).parent)


@pytest.fixture
def bench(root: Path, cloud: DevelopmentCloud, tmp_path: Path) -> Iterator[CrashBench]:
    """Two volumes that are backed up all the time."""
    with real_volume_cloud(root) as world:
        made = CrashBench(world, tmp_path, f"sqlite:///{tmp_path}/volumes.db", SETTINGS)
        made.add_volumes("one", "two")
        try:
            yield made
        finally:
            cloud.command("up", "--with", "volumes")


@pytest.fixture
def slow_backups(cloud: DevelopmentCloud) -> Iterator[None]:
    """Backups that last for seconds."""
    cloud.command("restart", "cinder-backup", "--set", SLOW_DRIVER)
    yield
    cloud.command("restart", "cinder-backup")


def kill(cloud: DevelopmentCloud, name: str) -> None:
    """Kill a server at once."""
    servers.kill([state.load(cloud.folder).services[name]])


def database_of(kind: str, folder: Path) -> AbstractContextManager[str]:
    """A new database; its URL."""
    if kind == "sqlite":
        return nullcontext(f"sqlite:///{folder}/volumes.db")
    return running_postgresql(folder) if kind == "postgresql" else running_mariadb(folder)


def wait_while(conductor: Conductor, is_done: Callable[[], bool], what: str) -> None:
    """Wait until a condition holds; the conductor goes on meanwhile."""

    def is_over() -> bool:
        return is_done() or not conductor.is_running

    wait_for(is_over, f"{what}:\n{conductor.log}", WAIT_SECONDS)
    assert conductor.is_running, conductor.lines


def wait_for_content(bench: CrashBench, conductor: Conductor, cloud: DevelopmentCloud) -> None:
    """Wait until Cinder has written a part of a backup."""
    folder = state.load(cloud.folder).backups

    def is_begun() -> bool:
        being_made = [id for id, backup in bench.backups().items() if backup["status"] == "creating"]
        return any(id in str(path) for path in folder.rglob("*-00001") for id in being_made)

    wait_while(conductor, is_begun, "a part of a backup")


def begun(conductor: Conductor) -> list[str]:
    """The lines of a conductor about backups that it has requested."""
    return [line for line in conductor.lines if " backup of 1 GiB begun: " in line]


def wait_for_next(bench: CrashBench, conductor: Conductor) -> None:
    """Wait until each volume has another good backup that was due after now."""
    now = datetime.now(timezone.utc)

    def is_done() -> bool:
        return all(any(record.due > now for record in bench.good(volume)) for volume in bench.volumes)

    wait_while(conductor, is_done, "the next backups")


def goes_on(bench: CrashBench, conductor: Conductor) -> None:
    """Wait for the next backups; end the conductor and check."""
    wait_for_next(bench, conductor)
    conductor.end()
    wait_for(lambda: not bench.unfinished(bench.run()), "the outcomes", WAIT_SECONDS)
    bench.check()
    assert [line for line in conductor.lines if not REPORTED.fullmatch(line)] == []


@pytest.mark.usefixtures("slow_backups")
def test_the_backup_service_is_killed_while_it_makes_a_backup(bench: CrashBench, cloud: DevelopmentCloud) -> None:
    with bench.conductor() as conductor:
        wait_for_content(bench, conductor, cloud)
        kill(cloud, "cinder-backup")
        cloud.command("start", "cinder-backup")
        goes_on(bench, conductor)
    failed = [record for record in bench.records() if record.state is RecordState.FAILED]
    assert failed
    errors = [line for line in conductor.lines if line.startswith("ERROR:Default/")]
    assert sorted(errors) == sorted(map(line_of, failed))
    for record in failed:
        following = next(each for each in bench.good(record.volume_id) if each.due > record.due)
        assert following.type is BackupType.FULL, "what the failed one has left may be anything"
        assert record.backup_id not in bench.backups(), "what it has left is removed"


@pytest.mark.usefixtures("slow_backups")
@pytest.mark.parametrize("name", ["mariadb", "rabbitmq"])
def test_what_cinder_needs_is_restarted(bench: CrashBench, cloud: DevelopmentCloud, name: str) -> None:
    with bench.conductor() as conductor:
        wait_for_content(bench, conductor, cloud)
        cloud.command("restart", name)
        goes_on(bench, conductor)


@pytest.mark.usefixtures("slow_backups")
def test_the_database_of_the_conductor_is_killed_and_started_again(
    bench: CrashBench, cloud: DevelopmentCloud, tmp_path: Path
) -> None:
    with own_mariadb(tmp_path) as mariadb:
        bench.use(mariadb.url)
        with bench.conductor() as conductor:
            wait_for_content(bench, conductor, cloud)
            mariadb.kill()
            wait_while(conductor, lambda: any(line.startswith("ERROR:") for line in conductor.lines), "an error")
            mariadb.start()
            goes_on(bench, conductor)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_conductors_whose_clocks_are_five_minutes_apart(bench: CrashBench, tmp_path: Path, kind: str) -> None:
    with database_of(kind, tmp_path) as url, ExitStack() as running:
        bench.use(url)
        working = running.enter_context(bench.conductor(ahead=300.0))
        wait_while(working, lambda: bool(begun(working)), "the first backups")  # the project is its own
        for ahead in (0.0, 300.0):
            waiting = running.enter_context(bench.conductor(ahead))
            wait_for_next(bench, working)
            assert not begun(waiting), "it has taken a project that another conductor has"
            working.end(signal.SIGKILL)
            wait_for_next(bench, waiting)
            working = waiting
        goes_on(bench, working)

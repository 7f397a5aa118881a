"""How long backups are kept in real Cinder, how they go, and when they do not (volumes 3)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from fiwareglancesync.base.database import open_engine
from fiwareglancesync.volumes.state.volume_tables import backups as backup_table
from fiwareglancesync.volumes.volume_model import DAY, BackupRecord, BackupType
from tests.support.cloud import running_cloud
from tests.support.conditions import wait_for
from tests.support.development_cloud import DevelopmentCloud
from tests.support.operated_volumes import set_metadata
from tests.support.volume_clouds import real_volume_cloud
from tests.support.volume_crashes import CrashBench

AT_ONCE = {"retention": "1s", "min_retention": "1s", "retention_may_shrink": "true", "keep_at_least": "0"}
"""Settings with which all backups expire as soon as they are made."""

NOBODY = '"backup:delete": "!"\n'
"""A policy of Cinder with which nobody deletes backups."""

REFUSAL = "Policy doesn't allow backup:delete to be performed."
VOLUMES, ROUNDS = 8, 7
"""Volumes, and backups of each of them: together more than may be removed at once."""

MOST = 50
"""Removals in one cycle of a project with few volumes."""

pytestmark = [pytest.mark.integration, pytest.mark.volumes, pytest.mark.slow]


@pytest.fixture
def bench(root: Path, tmp_path: Path) -> Iterator[CrashBench]:
    """Nothing has been backed up yet."""
    with real_volume_cloud(root) as world:
        yield CrashBench(world, tmp_path, f"sqlite:///{tmp_path}/volumes.db")


def run(bench: CrashBench, *words: str) -> list[str]:
    """Do a cycle in which nothing fails; what it has written."""
    done = bench.run(*words)
    assert done.returncode == 0, done.stderr
    return done.stderr.splitlines()


def kept_days(record: BackupRecord) -> float:
    """The days from the end of a backup to its expiry."""
    assert record.expires is not None
    assert record.finished is not None
    return round((record.expires - record.finished).total_seconds()) / DAY


def removed(lines: list[str], backups: list[str]) -> list[str]:
    """The backups whose removal some lines name, in their order."""
    return [backup for line in lines for backup in backups if f": removing backup {backup} " in line]


def make_a_day_older(bench: CrashBench) -> None:
    """Have it be a day since removals were requested."""
    engine = open_engine(bench.database)
    with engine.begin() as connection:
        connection.execute(update(backup_table).values(removal_asked=backup_table.c.removal_asked - DAY))
    engine.dispose()


def test_a_server_lengthens_the_time_of_its_backups_and_shortens_it_only_if_that_is_allowed(bench: CrashBench) -> None:
    operator, alice = bench.world.operator, bench.world.alice
    volume = operator.new_volume(alice)
    server = operator.new_server(alice, volume, **{bench.mark: "true"})
    run(bench)
    assert kept_days(bench.good(volume)[0]) == 14
    for text, may_shrink, days, warning in (
        ("3w", "false", 21, ""),
        ("8d", "false", 21, ""),
        ("8d", "true", 8, ""),
        ("1d", "true", 7, "backup-retention is '1d'; the shortest time that is allowed, 7d, is used"),
        ("9y", "true", 365, "backup-retention is '9y'; the longest time that is allowed, 365d, is used"),
        ("soon\n", "true", 14, "backup-retention is 'soon\\x0a'; expected "),
    ):
        set_metadata(operator, server, {"backup-retention": text})
        bench.settings["retention_may_shrink"] = may_shrink
        warnings = [line for line in run(bench) if line.startswith("WARNING:")]
        assert kept_days(bench.good(volume)[0]) == days
        assert len(warnings) == bool(warning), warnings
        assert all(f"({server}): {warning}" in line and line.isprintable() for line in warnings)
    set_metadata(operator, server, {"backup-retention": "3w", bench.mark: "false"})
    run(bench)
    assert kept_days(bench.good(volume)[0]) == 14, "its volume is not backed up any more"


def test_the_configuration_lengthens_the_time_of_backups_and_shortens_it_only_if_that_is_allowed(
    bench: CrashBench,
) -> None:
    (volume,) = bench.add_volumes("data")
    bench.settings["full_backup_depth"] = "1"
    run(bench)
    run(bench, "--now", volume)
    for retention, may_shrink, days in (("3w", "false", 21), ("8d", "false", 21), ("8d", "true", 8)):
        bench.settings |= {"retention": retention, "retention_may_shrink": may_shrink}
        run(bench)
        assert [kept_days(record) for record in bench.good(volume)] == [days, days]
    bench.settings |= AT_ONCE | {"keep_at_least": "1"}
    run(bench)
    full, incremental = (str(record.backup_id) for record in bench.good(volume))
    assert set(bench.backups()) == {full, incremental}, "the last good one stays, and what it builds on"
    lines = run(bench, "--now", volume)
    newest = str(bench.good(volume)[-1].backup_id)

    def is_alone() -> bool:
        lines.extend(run(bench))
        return [record.backup_id for record in bench.good(volume)] == [newest]

    wait_for(is_alone, "the chain to go")
    assert removed(lines, [full, incremental]) == [incremental, full]
    assert set(bench.backups()) == {newest}
    bench.check()


def test_a_removal_that_cinder_refuses_five_times_is_tried_once_a_day_until_an_operator_wants_it(
    bench: CrashBench, root: Path, tmp_path: Path
) -> None:
    cloud = DevelopmentCloud(running_cloud(root).parent)
    policy = tmp_path / "nobody.yaml"
    policy.write_text(NOBODY)
    (volume,) = bench.add_volumes("data")
    run(bench)
    bench.settings |= AT_ONCE
    (made,) = bench.good(volume)
    backup = str(made.backup_id)
    assert bench.call("retry", backup).returncode == 2, "nothing was refused"
    cloud.command("restart", "cinder-api", "--policy", str(policy))
    try:
        for number in range(1, 6):
            refused = [line for line in run(bench) if f"backup {backup} is not removed. Cause: {REFUSAL}" in line]
            assert (len(refused), bench.good(volume)[0].refusals) == (1, number)
        assert not [line for line in run(bench) if backup in line], "it is not asked for again"
        stuck = f"has expired and stays: Cinder refused 5 times to delete it: {REFUSAL}"
        assert stuck in bench.call("report").stdout
        make_a_day_older(bench)
        run(bench)
        assert bench.good(volume)[0].refusals == 6
    finally:
        cloud.command("restart", "cinder-api")
    run(bench)
    assert set(bench.backups()) == {backup}, "it is tried again in a day"
    assert bench.call("retry", backup).returncode == 0
    assert removed(run(bench), [backup]) == [backup]
    wait_for(lambda: run(bench) and not bench.records(), "the backup to go")
    assert bench.backups() == {}


def test_more_removals_than_usual_are_made_only_if_an_operator_allows_them(bench: CrashBench) -> None:
    bench.settings["full_backup_depth"] = "3"
    bench.add_volumes(*(f"volume-{number}" for number in range(VOLUMES)))
    run(bench)
    for _ in range(ROUNDS - 1):
        run(bench, *(word for volume in bench.volumes for word in ("--now", volume)))
    made = set(bench.backups())
    assert len(made) == VOLUMES * ROUNDS > MOST
    bench.settings |= AT_ONCE
    tenant = bench.world.tenant
    for words, most in (((), MOST), (("--allow-deletions", str(len(made) - 1), tenant), len(made) - 1)):
        done = bench.run(*words)
        (line,) = [line for line in done.stderr.splitlines() if line.startswith("ERROR:")]
        assert f"{len(made)} backups would be removed at once, more than {most}; " in line
        assert line.endswith(f"run glancesync volumes run --allow-deletions {len(made)} {tenant}")
        assert done.returncode == 1
        assert set(bench.backups()) == made
    run(bench, "--allow-deletions", str(len(made)), tenant)
    wait_for(lambda: run(bench) and not bench.records(), "the backups to go")
    assert bench.backups() == {}


def test_what_an_operator_holds_and_what_somebody_else_builds_on_stays(bench: CrashBench) -> None:
    operator, alice = bench.world.operator, bench.world.alice
    (volume,) = bench.add_volumes("data")
    run(bench)
    held = str(bench.good(volume)[0].backup_id)
    assert bench.call("hold", held).returncode == 0
    bench.settings |= AT_ONCE
    run(bench)
    assert set(bench.backups()) == {held}
    theirs = operator.new_backup(alice, volume, incremental=True, force=True)
    assert bench.call("release", held).returncode == 0
    run(bench, "--now", volume)
    assert bench.good(volume)[-1].type is BackupType.FULL, "the newest backup is not ours"
    pinned = f"has expired and stays: backup {theirs}, which is not one of ours, builds on it."
    wait_for(lambda: run(bench) and set(bench.backups()) == {held}, "the backup that nothing builds on to go")
    assert pinned in bench.call("report").stdout
    operator.ask("block-storage", "DELETE", f"/backups/{theirs}", person=alice)
    operator.wait_until_gone(f"/backups/{theirs}")
    wait_for(lambda: run(bench) and not bench.records(), "the backup to go")
    assert bench.backups() == {}


def test_the_last_good_backup_of_a_volume_that_is_gone_is_kept_for_longer(bench: CrashBench) -> None:
    operator, alice = bench.world.operator, bench.world.alice
    volume = operator.new_volume(alice)
    server = operator.new_server(alice, volume, **{bench.mark: "true"})
    bench.settings |= AT_ONCE | {"keep_at_least": "1", "full_backup_depth": "0"}
    run(bench)
    run(bench, "--now", volume)
    last = str(bench.good(volume)[-1].backup_id)
    operator.ask("compute", "DELETE", f"/servers/{server}", person=alice)
    operator.wait_for_volume(volume)
    operator.ask("block-storage", "DELETE", f"/volumes/{volume}", person=alice)
    operator.wait_until_gone(f"/volumes/{volume}")
    wait_for(lambda: run(bench) and set(bench.backups()) == {last}, "the older backup to go")
    run(bench)
    assert set(bench.backups()) == {last}
    bench.settings["keep_after_deletion"] = "1s"
    wait_for(lambda: run(bench) and not bench.records(), "the last backup to go")
    assert bench.backups() == {}


def test_an_account_that_has_lost_its_right_removes_nothing(bench: CrashBench) -> None:
    operator, account = bench.world.operator, bench.world.account
    (volume,) = bench.add_volumes("data")
    run(bench)
    made = list(bench.backups())
    bench.settings |= AT_ONCE
    operator.demote(account)
    done = bench.run()
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("ERROR:")]
    assert f": backup {made[0]} is not removed: Keystone at " in line
    assert line.endswith("it is disabled or deleted, or the account has no role in it")
    assert list(bench.backups()) == made
    assert [record.refusals for record in bench.good(volume)] == [0], "Cinder was not asked"
    operator.make_administrator(account)
    wait_for(lambda: run(bench) and not bench.records(), "the backup to go")
    assert bench.backups() == {}


def test_a_backup_in_error_is_no_good_one_and_what_a_user_changed_stays(bench: CrashBench) -> None:
    operator, alice = bench.world.operator, bench.world.alice
    (volume,) = bench.add_volumes("data")
    bench.settings["full_backup_depth"] = "0"
    run(bench)
    run(bench, "--now", volume)
    older, newer = (str(record.backup_id) for record in bench.good(volume))
    operator.ask("block-storage", "POST", f"/backups/{newer}/action", {"os-reset_status": {"status": "error"}})
    bench.settings |= AT_ONCE | {"keep_at_least": "1"}
    wait_for(lambda: run(bench) and len(bench.records()) == 1, "the backup in error to go")
    assert set(bench.backups()) == {older}, "the last good one stays"
    forged = {"backup": {"metadata": {"glancesync_task": "forged"}}}
    operator.ask("block-storage", "PUT", f"/backups/{older}", forged, person=alice)
    bench.settings["keep_at_least"] = "0"
    run(bench)
    assert set(bench.backups()) == {older}
    assert "has expired and stays: its glancesync_task was changed to 'forged'." in bench.call("report").stdout
    operator.ask("block-storage", "PUT", f"/backups/{older}", {"backup": {"metadata": {}}}, person=alice)
    wait_for(lambda: run(bench) and not bench.records(), "the backup to go")
    assert bench.backups() == {}


def test_the_record_of_a_backup_that_somebody_removed_goes_in_the_second_cycle(bench: CrashBench) -> None:
    operator = bench.world.operator
    (volume,) = bench.add_volumes("data")
    run(bench)
    (made,) = bench.good(volume)
    operator.ask("block-storage", "DELETE", f"/backups/{made.backup_id}")
    operator.wait_until_gone(f"/backups/{made.backup_id}")
    run(bench)
    (missing,) = bench.good(volume)
    assert missing.missing_since is not None
    assert bench.call("status", "--exit-code").returncode == 1
    run(bench)
    assert bench.records() == []
    run(bench, "--now", volume)
    assert bench.good(volume)[0].type is BackupType.FULL
    bench.check()

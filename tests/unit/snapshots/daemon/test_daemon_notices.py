"""One mail when something begins to be wrong, reminders, one when it is over, also over restarts (snapshots 4.9)."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import pytest
from sqlalchemy import Engine

from fiwareglancesync.base.errors import DatabaseUnavailable
from fiwareglancesync.notify.database_outbox import DatabaseOutbox
from fiwareglancesync.notify.mail_settings import MailSettings
from fiwareglancesync.snapshots.daemon.daemon_notices import DaemonNotices
from fiwareglancesync.snapshots.daemon.daemon_states import FailingJobs
from fiwareglancesync.snapshots.planning.service_state import State
from fiwareglancesync.snapshots.snapshot_events import CopyFailed, CopyMade
from fiwareglancesync.snapshots.state.snapshot_changes import SnapshotChanges
from fiwareglancesync.snapshots.state.snapshot_store import SnapshotStore
from tests.support.mail_server import mail_server
from tests.support.snapshot_daemons import InlineExecutor, TestClock
from tests.support.snapshot_records import copy, job
from tests.support.snapshot_runs import WEB

CLUSTER = "c1"
CANNOT_BE_USED = "the cluster or the database cannot be used"


class Bench:
    """Notices of one daemon after the other."""

    def __init__(self, engine: Engine, mail: MailSettings | None = None) -> None:
        self.engine = engine
        self.clock = TestClock()
        self.executor = InlineExecutor()
        self.executor.is_delayed = mail is None  # nothing is sent
        self.mail = mail or MailSettings()
        self.cluster = CLUSTER
        self.restart()

    def restart(self) -> None:
        """Have another daemon begin."""
        self.notices = DaemonNotices(
            self.engine, self.mail, lambda: self.cluster, "expected", self.clock, lambda _: [], self.executor
        )

    def report(self, state: State, problem: str, others: Mapping[State, str] | None = None) -> None:
        self.clock.seconds += 60
        self.notices.report({**(others or {}), state: problem})

    def subjects(self) -> list[str]:
        return [mail.subject for mail in DatabaseOutbox(self.engine).due(self.clock.now())]


def rename(engine: Engine, table: str, name: str) -> None:
    """Give a table another name, so that it cannot be used."""
    with engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO {name}")


def test_one_mail_at_the_beginning_and_one_at_the_end(engine: Engine) -> None:
    bench = Bench(engine)
    bench.report(State.CLUSTER, "")
    assert bench.subjects() == []
    bench.report(State.CLUSTER, "the cluster does not answer")
    bench.report(State.CLUSTER, "the lock is held")
    bench.restart()
    bench.report(State.CLUSTER, "the lock is held")
    assert bench.subjects() == [f"Snapshots: {CANNOT_BE_USED}"]
    bench.report(State.CLUSTER, "")
    bench.report(State.CLUSTER, "")
    assert bench.subjects()[1:] == [f"Snapshots, solved: {CANNOT_BE_USED}"]


def test_a_problem_that_goes_on_is_mailed_again_each_day_also_over_restarts(engine: Engine) -> None:
    bench = Bench(engine)
    for _ in range(48):
        bench.report(State.CLUSTER, "the cluster does not answer")
        bench.clock.seconds += 3600
        bench.restart()
    assert bench.subjects() == [f"Snapshots: {CANNOT_BE_USED}", f"Snapshots, still: {CANNOT_BE_USED}"]


def test_what_the_inventory_records_itself_takes_no_mail_away(engine: Engine) -> None:
    bench = Bench(engine)
    changes = SnapshotChanges(engine, CLUSTER)
    changes.service_ran("inventory", bench.clock.now(), "Nova does not answer")  # and the daemon was killed then
    bench.report(State.INVENTORY, "Nova does not answer")
    changes.service_ran("inventory", bench.clock.now())
    bench.restart()
    bench.report(State.INVENTORY, "")
    title = "the servers cannot be listed"
    assert bench.subjects() == [f"Snapshots: {title}", f"Snapshots, solved: {title}"]


def test_a_cluster_that_is_not_known_yet_is_reported_and_its_problems_go_on_when_it_is(engine: Engine) -> None:
    bench = Bench(engine)
    bench.cluster = ""
    broken = {State.SCHEDULE: "sched.yml:1:1: a mistake"}
    bench.report(State.CLUSTER, "the cluster does not answer", broken)
    bench.cluster = CLUSTER
    bench.report(State.CLUSTER, "", broken)
    bench.restart()
    bench.report(State.CLUSTER, "", broken)
    schedule = "the schedule file or the list of servers cannot be used"
    assert bench.subjects() == [
        f"Snapshots: {schedule}", f"Snapshots: {CANNOT_BE_USED}", f"Snapshots, solved: {CANNOT_BE_USED}",
    ]  # fmt: skip


def test_a_mail_that_has_to_wait_longer_each_time_is_sent_in_the_end(engine: Engine) -> None:
    with mail_server() as server:
        server.answers["ops@example.org"] = ["451 Greylisted"] * 4
        bench = Bench(engine, server.settings(receivers=("ops@example.org",)))
        bench.report(State.CLUSTER, "the cluster does not answer")
        for _ in range(30):
            bench.notices.send()
            bench.clock.seconds += 60
        assert server.receivers == ["ops@example.org"]


def test_a_database_that_cannot_record_is_mailed_all_the_same_and_its_end_too(engine: Engine) -> None:
    with mail_server() as server:
        bench = Bench(engine, server.settings(receivers=("ops@example.org",)))
        rename(engine, "problems", "away")
        for minute in range(30):
            with pytest.raises(DatabaseUnavailable):
                bench.report(State.CLUSTER, "the database cannot be used")
            bench.notices.send()
            assert bool(server.received) is (minute >= 5), minute
        rename(engine, "away", "problems")
        for _ in range(3):
            bench.report(State.CLUSTER, "")
            bench.notices.send()
        assert [mail.message["Subject"] for mail in server.received] == [
            f"Snapshots: {CANNOT_BE_USED}", f"Snapshots, solved: {CANNOT_BE_USED}",
        ]  # fmt: skip


def test_a_receiver_who_is_refused_holds_back_no_mail_that_is_recorded_later(engine: Engine) -> None:
    with mail_server() as server:
        server.answers["gone@example.org"] = ["550 5.1.1 No such user"] * 100
        bench = Bench(engine, server.settings(receivers=("ops@example.org", "gone@example.org")))
        rename(engine, "problems", "away")
        for _ in range(10):
            with pytest.raises(DatabaseUnavailable):
                bench.report(State.CLUSTER, "the database cannot be used")
            bench.notices.send()
        rename(engine, "away", "problems")
        for _ in range(5):
            bench.report(State.CLUSTER, "")
            bench.notices.send()
        assert [mail.message["Subject"] for mail in server.received] == [
            f"Snapshots: {CANNOT_BE_USED}", f"Snapshots, solved: {CANNOT_BE_USED}",
        ]  # fmt: skip
        asked = 100 - len(server.answers["gone@example.org"])
        assert asked == 2  # once for each mail: the next attempt is a day later


def test_a_database_that_is_away_for_moments_is_not_mailed(engine: Engine) -> None:
    bench = Bench(engine)
    rename(engine, "problems", "away")
    with pytest.raises(DatabaseUnavailable):
        bench.report(State.CLUSTER, "the database cannot be used")
    rename(engine, "away", "problems")
    bench.report(State.CLUSTER, "")
    assert bench.subjects() == []


def test_a_database_that_is_away_is_logged_once_while_mails_wait(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    bench = Bench(engine)
    bench.executor.is_delayed = False
    rename(engine, "mails", "away")
    with caplog.at_level(logging.WARNING, "glancesync"):
        for _ in range(3):
            bench.notices.send()
            bench.clock.seconds += 60
    rename(engine, "away", "mails")
    assert [text.partition(":")[0] for text in caplog.messages] == ["mails wait"]


def test_the_state_is_recorded_since_its_beginning(engine: Engine) -> None:
    bench = Bench(engine)
    bench.report(State.SCHEDULE, "sched.yml:1:1: a mistake")
    (job,) = SnapshotStore(engine, CLUSTER).read().jobs.values()
    assert (job.key.set_name, job.problem, job.problem_since) == (
        "schedule_file", "sched.yml:1:1: a mistake", bench.clock.now()
    )  # fmt: skip


def test_the_text_of_a_problem_that_goes_on_is_recorded_as_it_is_now(engine: Engine) -> None:
    bench = Bench(engine)
    bench.report(State.SCHEDULE, "sched.yml:1:1: a mistake")
    begun = bench.clock.now()
    bench.report(State.SCHEDULE, "sched.yml:2:2: another mistake")
    (job,) = SnapshotStore(engine, CLUSTER).read().jobs.values()
    assert (job.problem, job.problem_since) == ("sched.yml:2:2: another mistake", begun)


def test_jobs_fail_from_an_attempt_that_failed_to_one_that_did_not() -> None:
    failing = FailingJobs({})
    made = copy(1)
    jobs = {made.job: job("2@2", servers=(WEB.id, "gone"))}
    assert failing.problem(jobs, [WEB]) == ""
    failing(CopyFailed(made.job, "v1", "no room"))
    assert failing.problem(jobs, [WEB]) == "1 fail: acme/web, gone, volume v1, daily: no room"
    assert failing.problem({}, [WEB]) == ""  # its job is gone
    failing(CopyMade(made))
    assert failing.problem(jobs, [WEB]) == ""

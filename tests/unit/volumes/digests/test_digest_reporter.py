"""One of all conductors makes digests when a period has ended, and sends mails (volumes 6)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, delete, update

from fiwareglancesync.base.errors import DatabaseUnavailable, LeaseLost, Scope, Unreachable
from fiwareglancesync.locks.lease_group import HeldLease
from fiwareglancesync.notify.database_outbox import DatabaseOutbox
from fiwareglancesync.notify.mail_settings import MailSettings
from fiwareglancesync.notify.outbox import OutgoingMail
from fiwareglancesync.openstack.cloud_model import BackupQuota, Limit
from fiwareglancesync.volumes.digests.digest_model import ProjectDigest
from fiwareglancesync.volumes.digests.digest_reporter import NO_CYCLE, DigestReporter, digest_of, with_quotas
from fiwareglancesync.volumes.digests.digest_summary import summary_json
from fiwareglancesync.volumes.state.project_leases import ProjectLeases
from fiwareglancesync.volumes.state.volume_changes import VolumeChanges
from fiwareglancesync.volumes.state.volume_rows import ProjectState
from fiwareglancesync.volumes.state.volume_store import VolumeStore
from fiwareglancesync.volumes.state.volume_tables import backups
from fiwareglancesync.volumes.volume_events import Problem, VolumeEvent
from fiwareglancesync.volumes.volume_model import VolumeSettings
from tests.support.mail_server import MailServer, mail_server
from tests.support.volume_records import NEVER, PROJECT, REGION, planned, taken

SETTINGS = VolumeSettings(timezone="Europe/Madrid")


@pytest.fixture
def server() -> Iterator[MailServer]:
    """A mail server."""
    with mail_server() as running:
        yield running


class Reporting:
    """A region whose first period has just begun, with one project that has a good backup since; and its reporter."""

    def __init__(self, engine: Engine, mail: MailSettings) -> None:
        self.engine = engine
        self.mail = mail
        self.events: list[VolumeEvent] = []
        self.members_can_be_read = True
        self.began = VolumeStore(engine, REGION).now() - timedelta(seconds=1)
        self.reporter = self.another()
        self.after(0)
        self._back_up()

    def another(self, run: str = "run") -> DigestReporter:
        """Another reporter, as after a restart."""
        leases = ProjectLeases(self.engine, REGION, run, NEVER)
        return DigestReporter(
            self.engine, REGION, leases, SETTINGS, self.mail, self._members, self._quota, "account", self.events.append
        )

    def after(self, hours: float) -> None:
        """Report so many hours after the period began."""
        self.reporter(self.began + timedelta(hours=hours))

    def problems(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Problem)]

    def _members(self, project_id: str) -> list[str]:
        if not self.members_can_be_read:
            raise Unreachable("Keystone does not answer")
        return ["ana@example.org"]

    def _quota(self, project_id: str) -> BackupQuota:
        if not self.members_can_be_read:
            raise Unreachable("Cinder does not answer")
        return BackupQuota(Limit(10, 9), Limit(None, 40))

    def _back_up(self) -> None:
        """Record a good backup, and what a cycle found."""
        lease, record = taken(self.engine), planned(project_name="default/sales")
        changes, now = VolumeChanges(self.engine, lease), VolumeStore(self.engine, REGION).now()
        changes.plan(record)
        changes.creating(record.id, now)
        changes.running(record.id, "backup")
        changes.good(record.id, now, None, now + timedelta(days=14))
        found = ProjectDigest(PROJECT, "default/sales", unprotected=("bastion",))
        changes.cycle_ended(ProjectState(PROJECT, "default/sales", last_cycle=now, summary=summary_json(found)))
        lease.give_back()


@pytest.fixture
def reporting(engine: Engine, server: MailServer) -> Reporting:
    """It, with the server."""
    return Reporting(engine, server.settings(receivers=("ops@example.org",)))


def subjects(server: MailServer) -> list[str]:
    return [mail.message["Subject"] for mail in server.received]


def test_when_a_period_has_ended_its_digests_are_sent_once(reporting: Reporting, server: MailServer) -> None:
    reporting.after(23.9)
    assert server.receivers == []
    reporting.after(24.1)
    reporting.after(24.2)
    assert sorted(server.receivers) == ["ana@example.org", "ops@example.org"]
    counts = "0 failed, 0 late, 0 skipped, 1 unprotected, 1 good, 0 expired"
    assert sorted(subjects(server)) == [
        f"Volume backups in Spain: {counts}", f"Volume backups of default/sales in Spain: {counts}"
    ]  # fmt: skip
    assert "Backups: 9 of 10 in use, 0 reserved: 90 % (high)" in server.received[0].body("plain")
    assert reporting.problems() == []


def test_the_next_period_begins_where_the_last_one_ended_and_says_when_nothing_was_done(
    reporting: Reporting, server: MailServer
) -> None:
    reporting.after(24.1)
    reporting.after(47.9)
    assert len(server.received) == 2
    reporting.after(48.1)
    assert [subject.endswith("1 unprotected, 0 good, 0 expired") for subject in subjects(server)[2:]] == [True, True]


def test_what_is_recorded_after_a_clock_was_ahead_for_hours_is_reported(
    reporting: Reporting, server: MailServer
) -> None:
    reporting.after(24.1 + 12)  # the period has not really ended: it is made of what there is now
    with reporting.engine.begin() as connection:
        connection.execute(update(backups).values(recorded=(reporting.began + timedelta(hours=12)).timestamp()))
    reporting.after(12.1)
    server.received.clear()
    reporting.after(12.1 + 24)
    counts = "0 failed, 0 late, 0 skipped, 1 unprotected, 1 good, 0 expired"
    assert f"Volume backups in Spain: {counts}" in subjects(server)


def test_after_a_clock_that_was_a_year_ahead_there_is_a_digest_after_a_period(
    reporting: Reporting, server: MailServer
) -> None:
    reporting.after(24 * 365)
    del server.received[:]
    reporting.after(25)
    reporting.after(48)
    assert server.received == []
    reporting.after(49.1)
    assert len(server.received) == 2


def test_periods_that_were_missed_are_one(reporting: Reporting, server: MailServer) -> None:
    reporting.after(24 * 5 + 1)
    assert len(server.received) == 2
    first = reporting.began.astimezone(ZoneInfo("Europe/Madrid"))
    last = (reporting.began + timedelta(days=5)).astimezone(ZoneInfo("Europe/Madrid"))
    assert server.received[0].body("plain").splitlines()[2] == (
        f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} (Europe/Madrid)"
    )


def test_another_conductor_that_reports_now_does_it_alone(reporting: Reporting, server: MailServer) -> None:
    other = ProjectLeases(reporting.engine, REGION, "other", NEVER)
    held = other.take_digest()
    assert held is not None
    reporting.after(24.1)
    assert server.receivers == []
    held.give_back()
    reporting.after(24.1)
    assert len(server.received) == 2


def test_a_project_whose_members_could_not_be_read_gets_its_digest_from_a_later_process(
    reporting: Reporting, server: MailServer
) -> None:
    reporting.members_can_be_read = False
    reporting.after(24.1)
    assert server.receivers == ["ops@example.org"]
    assert "* default/sales: The quotas cannot be read: Cinder does not answer" in server.received[0].body("plain")
    assert reporting.problems() == [
        "Mails to members of projects wait: the members of projects cannot be read: Keystone does not answer"
    ]
    reporting.members_can_be_read = True
    reporting.reporter = reporting.another("after a restart")
    reporting.after(24.2)
    reporting.after(24.3)
    assert server.receivers == ["ops@example.org", "ana@example.org"]
    assert subjects(server)[1].startswith("Volume backups of default/sales in Spain: ")


def test_a_mail_that_cannot_be_sent_is_reported_and_sent_by_the_next_process(
    reporting: Reporting, server: MailServer
) -> None:
    server.answers["ops@example.org"] = ["451 Greylisted"]
    reporting.after(24.1)
    (problem,) = reporting.problems()
    assert problem.startswith("Mail not sent, tried again after ")
    reporting.another("run2")(reporting.began + timedelta(hours=24.2))
    assert sorted(server.receivers) == ["ana@example.org", "ops@example.org"]


def test_what_was_interrupted_before_the_end_makes_no_second_mail(
    reporting: Reporting, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    added: list[str] = []

    def add(outbox: DatabaseOutbox, mail: OutgoingMail) -> None:
        original(outbox, mail)
        added.append(mail.message_id)
        if len(added) == 2:
            raise DatabaseUnavailable("the database went away")

    original = DatabaseOutbox.add
    monkeypatch.setattr(DatabaseOutbox, "add", add)
    with pytest.raises(DatabaseUnavailable):
        reporting.after(24.1)
    assert server.receivers == []
    reporting.after(25)
    assert (len(added), len(set(added))) == (4, 2)
    assert sorted(server.receivers) == ["ana@example.org", "ops@example.org"]


def test_a_lease_that_is_lost_ends_the_report_without_an_error(
    reporting: Reporting, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object) -> None:
        raise LeaseLost("another process has taken over")

    with monkeypatch.context() as patch:
        patch.setattr(HeldLease, "guard", lost)
        reporting.after(24.1)
    assert server.receivers == []
    reporting.after(24.2)
    assert len(server.received) == 2


def test_without_a_sender_the_digest_of_all_projects_goes_to_the_log(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    reporting = Reporting(engine, MailSettings())
    with caplog.at_level(logging.INFO, "glancesync"):
        reporting.after(24.1)
    (text,) = [message for message in caplog.messages if message.startswith("Mail '")]
    assert text.splitlines()[1] == "Volume backups of all projects"


def test_the_digest_of_any_time_is_in_the_database(reporting: Reporting) -> None:
    begin = reporting.began
    (project,) = digest_of(reporting.engine, REGION, SETTINGS, begin, begin + timedelta(days=1)).projects
    assert (len(project.good), project.unprotected) == (1, ("bastion",))
    (project,) = digest_of(reporting.engine, REGION, SETTINGS, begin - timedelta(days=1), begin).projects
    assert (len(project.good), project.unprotected) == (0, ("bastion",))


def test_a_project_without_a_cycle_says_so_and_is_left_out_when_it_has_no_backups(reporting: Reporting) -> None:
    begin, end = reporting.began + timedelta(days=1), reporting.began + timedelta(days=2)
    (project,) = digest_of(reporting.engine, REGION, SETTINGS, begin, end).projects
    assert (project.good, project.warnings) == ((), (NO_CYCLE,))
    with reporting.engine.begin() as connection:
        connection.execute(delete(backups))
    assert digest_of(reporting.engine, REGION, SETTINGS, begin, end).projects == ()


def test_a_cloud_that_is_away_is_asked_for_one_quota(reporting: Reporting) -> None:
    asked: list[str] = []

    def quota(project_id: str) -> BackupQuota:
        asked.append(project_id)
        raise Unreachable("Cinder does not answer", scope=Scope.REGION)

    projects = tuple(ProjectDigest(f"{number}", "default/sales") for number in range(3))
    digest = replace(digest_of(reporting.engine, REGION, SETTINGS, reporting.began, reporting.began), projects=projects)
    found = with_quotas(digest, quota).projects
    assert asked == ["0"]
    assert [each.warnings for each in found] == [("The quotas cannot be read: Cinder does not answer",)] * 3

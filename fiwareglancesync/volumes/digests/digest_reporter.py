"""Makes the digests of a region when a period has ended, and sends the mails that wait (volumes 6)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select, update

from ...base.database import database_errors, key_of
from ...base.errors import CloudError, LeaseLost, Scope
from ...base.messages import Message
from ...locks.lease_group import HeldLease
from ...notify.database_outbox import DatabaseOutbox
from ...notify.delivery import send_due
from ...notify.mail_addresses import Members
from ...notify.mail_settings import MailSettings
from ...openstack.cloud_model import BackupQuota
from ..state.drill_store import DrillStore
from ..state.project_leases import ProjectLeases
from ..state.volume_rows import NEW_REGION, make_row, moment, seconds
from ..state.volume_store import VolumeStore
from ..state.volume_tables import regions
from ..volume_events import EmitVolume, Problem
from ..volume_model import VolumeSettings
from .digest_mail import project_mails, whole_mail
from .digest_model import Digest
from .digest_outcomes import with_drills, with_outcomes
from .digest_summary import read_summary

MARGIN = timedelta(minutes=1)
"""From the end of a period until its digest is made: what was written at the last moment is visible then."""

SINCE_SET_BACK = timedelta(hours=1)
"""How long ago a clock may have been set back when that is noticed, which is after each cycle."""

ReadQuota = Callable[[str], BackupQuota]
"""Reads the quotas of a project, by its id; raises ``CloudError``."""

NO_CYCLE = "No cycle of this project has ended in this period: what is said of its volumes is older."


def digest_of(engine: Engine, region: str, settings: VolumeSettings, begin: datetime, end: datetime) -> Digest:
    """What there is to report of a period, from the database alone.

    :param engine: the database, its tables in place
    :param region: full name of the region
    :param begin: by the database's clock
    :param end: not included
    :raises DatabaseUnavailable: the database cannot be used
    """
    store = VolumeStore(engine, region)
    recorded = store.recorded_projects()
    projects = []
    for state in store.projects().values():
        found = read_summary(state.project_id, state.project_name, state.summary)
        if state.last_cycle is not None and state.last_cycle >= begin:
            projects.append(found)
        elif state.project_id in recorded:
            projects.append(replace(found, warnings=(*found.warnings, NO_CYCLE)))
    reported = with_outcomes(projects, store.outcomes(begin, end), begin, end)
    reported = with_drills(reported, DrillStore(engine, region).ended(begin, end))
    return Digest(begin, end, tuple(reported), region, zone=ZoneInfo(settings.timezone))


def with_quotas(digest: Digest, quota: ReadQuota) -> Digest:
    """A digest with the quotas of its projects at present; one that cannot be read is a warning of its project.

    A cloud that does not answer is not asked again for each further project.

    :param quota: reads the quotas of a project
    """
    away: CloudError | None = None
    projects = []
    for project in digest.projects:
        try:
            if away is not None:
                raise away
            projects.append(replace(project, quota=quota(project.project_id)))
        except CloudError as error:
            away = error if error.scope in (Scope.REGION, Scope.TARGET) else None
            text = f"The quotas cannot be read: {error}"
            projects.append(replace(project, warnings=(*project.warnings, text)))
    return replace(digest, projects=tuple(projects))


class DigestReporter:
    """Called by a conductor after each cycle: one of all conductors makes digests and sends mails.

    :param engine: the database, its tables in place
    :param region: full name of the region
    :param leases: of the conductor
    :param mail: where mails go
    :param members: the addresses of a project's members
    :param quota: the quotas of a project, by its id
    :param account_id: id of the account that makes the backups
    :param emit: takes what somebody has to know
    """

    def __init__(
        self,
        engine: Engine,
        region: str,
        leases: ProjectLeases,
        settings: VolumeSettings,
        mail: MailSettings,
        members: Members,
        quota: ReadQuota,
        account_id: str,
        emit: EmitVolume,
    ) -> None:
        self._engine = engine
        self._region = region
        self._leases = leases
        self._settings = settings
        self._mail = mail
        self._members = members
        self._quota = quota
        self._account_id = account_id
        self._emit = emit
        self._outbox = DatabaseOutbox(engine)

    def __call__(self, now: datetime) -> None:
        """Make digests of a period that has ended, and send what is due.

        :param now: the moment by the database's clock
        :raises DatabaseUnavailable: the database cannot be used; nothing is lost
        """
        lease = self._leases.take_digest()
        if lease is None:
            return
        try:
            self._add_digests(now, lease)
            report = send_due(self._outbox, self._mail, self._members, now)
        except LeaseLost:  # another conductor goes on
            return
        finally:
            lease.give_back()
        for message in report.messages:
            self._report(message)

    def _add_digests(self, now: datetime, lease: HeldLease) -> None:
        """Put the mails of a period that has ended into the outbox; they have the same ids if this is done again."""
        period = timedelta(seconds=self._settings.report_period)
        begin = self._reported_until(now)
        if begin > now:  # the clock has been set back, and what was recorded since then is in no digest
            self._write_reported_until(now - min(SINCE_SET_BACK, period / 2), lease)
            return
        end = begin + (now - MARGIN - begin) // period * period
        if end <= begin:
            return
        digest = digest_of(self._engine, self._region, self._settings, begin, end)
        digest = with_quotas(digest, self._quota)
        self._outbox.add(whole_mail(digest, self._mail, self._account_id, now))
        warnings: list[str] = []
        for mail in project_mails(digest, self._mail, self._account_id, now, warnings):
            self._outbox.add(mail)
        for warning in warnings:
            self._report(Message.warning(warning))
        self._write_reported_until(end, lease)

    def _reported_until(self, now: datetime) -> datetime:
        make_row(self._engine, regions, self._key, {**NEW_REGION, "reported_until": seconds(now)})
        query = select(regions.c.reported_until).filter_by(**self._key)
        with database_errors(), self._engine.connect() as connection:
            return moment(connection.execute(query).scalar_one())

    def _write_reported_until(self, end: datetime, lease: HeldLease) -> None:
        with database_errors(), self._engine.begin() as connection:
            lease.guard(connection)
            connection.execute(update(regions).filter_by(**self._key).values(reported_until=seconds(end)))

    @property
    def _key(self) -> dict[str, str]:
        return {"region_key": key_of(self._region)}

    def _report(self, message: Message) -> None:
        self._emit(Problem("", message.text, is_failure=message.level >= logging.ERROR))

"""Makes the mails of a digest: one about all projects, and each project's own (volumes 6)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ...notify.mail_addresses import project_receiver
from ...notify.mail_message import message_id
from ...notify.mail_settings import MailSettings
from ...notify.outbox import MembersOf, OutgoingMail, new_mail
from .digest import DigestPage, project_page, whole_page
from .digest_html import digest_html
from .digest_model import Digest
from .digest_text import digest_text

KIND = "volumes"
"""How the Message-IDs of these mails begin."""

LOCAL_DOMAIN = "localhost"
"""The domain of Message-IDs of mails that are not sent, as there is no sender."""


def whole_mail(digest: Digest, settings: MailSettings, account_id: str, now: datetime) -> OutgoingMail:
    """The mail about all projects; without receivers it is written to the log.

    :param digest: what there is to report
    :param settings: whose receivers get it
    :param account_id: id of the account that makes the backups: other installations have other ones
    :param now: the moment, aware
    """
    return _mail(whole_page(digest), settings.receivers, digest, settings, (account_id,), now)


def project_mails(
    digest: Digest, settings: MailSettings, account_id: str, now: datetime, warnings: list[str]
) -> Iterator[OutgoingMail]:
    """The mail of each project that has receivers, one at a time; nothing when no mail is sent.

    :param digest: what there is to report
    :param settings: where projects have their addresses; without that their members get the mails
    :param account_id: id of the account that makes the backups
    :param now: the moment, aware
    :param warnings: what is wrong with receivers is added here, a line each
    """
    if settings.sender is None:
        return
    for project in digest.projects:
        receivers: tuple[str, ...] | MembersOf = MembersOf(project.project_id, project.project_name)
        if settings.project_receiver_domain:
            found = project_receiver(project.project_id, project.short_name, settings.project_receiver_domain)
            warnings += found.warnings
            receivers = found.addresses
        if receivers:
            page = project_page(digest, project)
            yield _mail(page, receivers, digest, settings, (account_id, project.project_id), now)


def _mail(
    page: DigestPage,
    receivers: tuple[str, ...] | MembersOf,
    digest: Digest,
    settings: MailSettings,
    owner: tuple[str, ...],
    now: datetime,
) -> OutgoingMail:
    """The mail of a page.

    :param owner: what makes its Message-ID different from others of the same period
    """
    domain = LOCAL_DOMAIN if settings.sender is None else settings.sender.domain
    identity = message_id(KIND, digest.end.isoformat(), *owner, domain=domain)
    return new_mail(identity, receivers, page.subject, digest_text(page), digest_html(page), now)

"""Makes the mails of a digest: one about all projects, and each project's own (volumes 6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from ..base.errors import CloudError
from ..base.text import show
from ..notify.mail_addresses import Members, project_receivers
from ..notify.mail_message import message_id
from ..notify.mail_settings import MailSettings
from ..notify.outbox import OutgoingMail, new_mail
from .digest import DigestPage, project_page, whole_page
from .digest_html import digest_html
from .digest_model import Digest
from .digest_text import digest_text

KIND = "volumes"
"""How the Message-IDs of these mails begin."""

LOCAL_DOMAIN = "localhost"
"""The domain of Message-IDs of mails that are not sent, as there is no sender."""


@dataclass
class DigestProblems:
    """What was wrong with receivers.

    :param warnings: a line each
    :param unread_projects: ids of projects that have no mail yet, because their members cannot be read now; ``only`` of
        another call makes them
    """

    warnings: list[str] = field(default_factory=list)
    unread_projects: list[str] = field(default_factory=list)


def whole_mail(digest: Digest, settings: MailSettings, account_id: str, now: datetime) -> OutgoingMail:
    """The mail about all projects; without receivers it is written to the log.

    :param digest: what there is to report
    :param settings: whose receivers get it
    :param account_id: id of the account that makes the backups: other installations have other ones
    :param now: the moment, aware
    """
    return _mail(whole_page(digest), settings.receivers, digest, settings, (account_id,), now)


def project_mails(
    digest: Digest,
    settings: MailSettings,
    members: Members,
    account_id: str,
    now: datetime,
    problems: DigestProblems,
    only: frozenset[str] | None = None,
) -> Iterator[OutgoingMail]:
    """The mail of each project that has receivers, one at a time; nothing when no mail is sent.

    :param digest: what there is to report
    :param settings: where projects have their addresses
    :param members: the addresses of a project's members; a ``CloudError`` of it concerns that project alone
    :param account_id: id of the account that makes the backups
    :param now: the moment, aware
    :param problems: what is wrong with receivers is added here
    :param only: ids of the projects that are meant, None for all
    """
    if settings.sender is None:
        return
    for project in digest.projects:
        if only is not None and project.project_id not in only:
            continue
        try:
            found = project_receivers(project.project_id, project.short_name, settings.project_receiver_domain, members)
        except CloudError as error:
            problems.unread_projects.append(project.project_id)
            who = f"project {show(project.project_name)} ({project.project_id})"
            problems.warnings.append(f"{who}: its members cannot be read, so its mail waits: {error}")
            continue
        problems.warnings += found.warnings
        if found.addresses:
            page = project_page(digest, project)
            yield _mail(page, found.addresses, digest, settings, (account_id, project.project_id), now)


def _mail(
    page: DigestPage,
    receivers: tuple[str, ...],
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
